"""A feed of another system as a value, whichever format it had. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urljoin

from feedmaker.model import Chapter, Media
from feedmaker.notes.lines import one_line
from feedmaker.notes.values import LONGEST, parse_duration
from feedmaker.uri import web_address

MOST_ITEMS = 50_000
BAD_DATES = "dates that cannot be read"
_LONGEST_DETAIL = 100
_TYPE = re.compile(r"[a-z]+/[a-z0-9_.+-]+")
_TYPES = {
    "mp3": "audio/mpeg",
    "m4a": "audio/x-m4a",
    "aac": "audio/aac",
    "ogg": "audio/ogg",
    "oga": "audio/ogg",
    "opus": "audio/ogg",
    "wav": "audio/wav",
    "flac": "audio/flac",
    "mp4": "video/mp4",
    "m4v": "video/x-m4v",
    "mov": "video/quicktime",
    "webm": "video/webm",
    "vtt": "text/vtt",
    "srt": "application/x-subrip",
}
_MANY_DIGITS = 15


@dataclass(frozen=True, slots=True)
class Loss:
    """Name something that a note cannot hold: what kind of thing, and which one or why."""

    what: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Markup:
    """Hold a text as the feed has it: HTML or plain, with the address that its links are relative to."""

    text: str = ""
    is_html: bool = True
    base: str = ""


@dataclass(frozen=True, slots=True)
class ForeignItem:
    """Hold what a feed says of one item.

    `id` is the item's own, sign by sign, or empty. `title` may be empty. Times are zoned, in whole seconds.
    `media` are all recordings and files; `data` is what feedmaker itself writes into JSON Feeds.
    """

    id: str = ""
    link: str | None = None
    title: Markup = Markup(is_html=False)
    published: datetime | None = None
    updated: datetime | None = None
    written_date: str = ""
    authors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    summary: Markup = Markup()
    content: Markup = Markup()
    media: tuple[Media, ...] = ()
    transcripts: tuple[Media, ...] = ()
    chapters: tuple[Chapter, ...] = ()
    image: str | None = None
    language: str | None = None
    duration: int | None = None
    season: int | None = None
    number: int | None = None
    type: str | None = None
    explicit: bool | None = None
    data: Mapping[str, Any] | None = None
    lost: tuple[Loss, ...] = ()


@dataclass(frozen=True, slots=True)
class ForeignFeed:
    """Hold a feed: its title and authors, its items in its own order, and where older ones are."""

    title: str
    home: str | None
    authors: tuple[str, ...]
    language: str | None
    items: tuple[ForeignItem, ...]
    more: str | None = None
    lost: tuple[Loss, ...] = ()


class Collected:
    """Read the values of one item, noting those that cannot be used."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.lost: list[Loss] = []

    def lose(self, what: str, detail: object = "") -> None:
        """Note a loss."""
        self.lost.append(Loss(what, one_line(str(detail)[: _LONGEST_DETAIL * 4])[:_LONGEST_DETAIL]))

    def address(self, value: object, what: str, base: str = "") -> str | None:
        """Return an absolute web address; note as lost what is none."""
        if not isinstance(value, str) or not value.strip():
            return None
        try:
            return web_address(urljoin(base or self.base, value.strip()))
        except ValueError:
            self.lose(what, value)
            return None

    def media(self, url: object, kind: object, length: object = None, what: str = "files") -> Media | None:
        """Return a recording or file with its type, which its ending may have to tell."""
        address = self.address(url, what)
        if address is None:
            return None
        ending = address.partition("?")[0].rpartition(".")[2].lower()
        said = one_line(str(kind or "").partition(";")[0]).lower()
        found = said if _TYPE.fullmatch(said) else _TYPES.get(ending, "")
        if not found:
            self.lose(what, address)
            return None
        return Media(address, found, whole_number(length))

    def duration(self, value: object) -> int | None:
        """Return a length in seconds, from `3723`, `1:02:03` or `62 min`; note as lost what is none."""
        text = one_line(str(value or ""))
        if not text or text.strip("0:.") == "":
            return None
        number = whole_number(text.partition(".")[0]) if re.fullmatch(r"\d+(\.\d*)?", text) else None
        seconds = number if number and number <= LONGEST else None if number else parse_duration(text[:40])
        if seconds is None:
            self.lose("lengths", text)
        return seconds


def whole_number(value: object) -> int | None:
    """Return a number from 1; None for anything else."""
    text = str(value if value is not None else "").strip()
    if isinstance(value, bool) or not text.isascii() or not text.isdigit() or len(text) > _MANY_DIGITS:
        return None
    return int(text) or None


def distinct(texts: object) -> tuple[str, ...]:
    """Return the texts of a list in one line each, each once."""
    if not isinstance(texts, list | tuple):
        return ()
    return tuple(dict.fromkeys(filter(None, (one_line(text) for text in texts if isinstance(text, str)))))
