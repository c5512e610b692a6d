"""The words of the design as values: what a note says, and what readers know it by.

Everything here is frozen and free of I/O. `Episode` is what a note says; `Publication` adds what
`feedmaker.lock` remembers of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

Kind = Literal["recommended", "own"]
EpisodeType = Literal["full", "trailer", "bonus"]


@dataclass(frozen=True, slots=True)
class Span:
    """Hold a run of text with one set of markings; `href` is an absolute http, https or mailto address."""

    text: str
    strong: bool = False
    emphasis: bool = False
    code: bool = False
    href: str | None = None


Prose = tuple[Span, ...]
"""A paragraph. Neighbouring spans differ in their markings, and none is empty."""


def plain(prose: Prose) -> str:
    """Return the words of a paragraph without its markings."""
    return "".join(span.text for span in prose)


def prose(text: str) -> Prose:
    """Make a paragraph without markings; an empty text makes an empty one."""
    return (Span(text),) if text else ()


@dataclass(frozen=True, slots=True)
class Guest:
    """Name a guest or a host; `bio` is plain text, `url` and `image` are absolute addresses."""

    name: str
    bio: str | None = None
    url: str | None = None
    image: str | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """Keep words as spoken, verbatim; paragraphs are parted by one empty line. `at` counts seconds."""

    text: str
    speaker: str | None = None
    at: int | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """Point at where a recommendation can be had.

    `target` is a web address, or `merchant:search words`, or `merchant:product/ID` with a merchant of
    `schedule.yaml`. `label` is None where the merchant's own words ("Find it on Amazon") do.
    """

    target: str
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Recommendation:
    """Describe something endorsed in an episode; `medium` is a lower-case word such as book or product.

    `same_as` and `not_same_as` are names under which other notes speak of the same thing, or of another.
    """

    kind: Kind
    medium: str
    name: str
    creator: str | None = None
    creator_inferred: bool = False
    quote: Quote | None = None
    link: Link | None = None
    same_as: tuple[str, ...] = ()
    not_same_as: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Media:
    """Point at a recording or a transcript; `length` counts bytes, `type` is a media type."""

    url: str
    type: str
    length: int | None = None


@dataclass(frozen=True, slots=True)
class Chapter:
    """Mark where a part of a recording begins; `at` counts seconds, `url` and `image` are absolute."""

    at: int
    title: str
    url: str | None = None
    image: str | None = None


@dataclass(frozen=True, slots=True)
class Soundbite:
    """Mark a part of a recording that stands for it; `at` and `duration` count seconds."""

    at: int
    duration: int
    title: str


@dataclass(frozen=True, slots=True)
class Episode:
    """Hold what one valid note says.

    `aired` is the day the episode first ran and `duration` its length in seconds. `highlights` are the
    positions (from 0) of the reveals that lead the newsletter. `season`, `number`, `type`, `explicit`,
    `hosts`, `chapters` and `soundbites` are for podcast programs; `explicit` is None where the note leaves
    it to the podcast. `corrections` tell, in Markdown, what was wrong in a note that readers have got.
    `updated`, `published`, `id` and `slug` are set only where the front matter sets them; `feedmaker.lock`
    knows the rest.
    """

    show: str
    title: str
    aired: date
    duration: int | None = None
    dek: Prose = ()
    guests: tuple[Guest, ...] = ()
    gist: tuple[Prose, ...] = ()
    reveals: tuple[Prose, ...] = ()
    takeaways: tuple[Prose, ...] = ()
    recommendations: tuple[Recommendation, ...] = ()
    tags: tuple[str, ...] = ()
    highlights: tuple[int, ...] = ()
    language: str | None = None
    url: str | None = None
    image: str | None = None
    video: str | None = None
    audio: Media | None = None
    transcripts: tuple[Media, ...] = ()
    season: int | None = None
    number: int | None = None
    type: EpisodeType | None = None
    explicit: bool | None = None
    hosts: tuple[Guest, ...] = ()
    chapters: tuple[Chapter, ...] = ()
    soundbites: tuple[Soundbite, ...] = ()
    corrections: tuple[str, ...] = ()
    id: str | None = None
    slug: str | None = None
    published: date | datetime | None = None
    updated: date | datetime | None = None
    draft: bool = False


@dataclass(frozen=True, slots=True)
class Publication:
    """Join an episode with what readers know it by.

    `id` never changes once set; `url` is the absolute address of the page; both times are in UTC,
    `published` in whole seconds.
    """

    id: str
    slug: str
    url: str
    published: datetime
    updated: datetime
    episode: Episode


@dataclass(frozen=True, slots=True)
class Artifact:
    """Hold one output file: its path below the output folder, with forward slashes, and its bytes."""

    path: str
    data: bytes
