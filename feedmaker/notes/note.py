"""One source file → a note: its episode, what is wrong with it, and the facts that identify it. Pure."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, NamedTuple

from feedmaker.errors import Diagnostic
from feedmaker.marked_yaml import Mark, load
from feedmaker.model import Chapter, Episode, Guest, Kind, Link, Media, Quote, Recommendation, Soundbite, Span
from feedmaker.notes.decoding import decode
from feedmaker.notes.faults import Faults
from feedmaker.notes.markdown import front_matter_text, has_front_matter, parse_markdown
from feedmaker.notes.page_export import parse_page_export

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True)
_NOT_CONTENT = frozenset({"id", "slug", "published", "updated", "draft", "highlights", "corrections"})


# A build reads tens of thousands of these from the index; a plain tuple is made several times as fast as a
# frozen dataclass.
class Named(NamedTuple):
    """Hold what a note recommends, so that notes which speak of one thing find each other.

    `speaker` said the words of the quote; where none is named, it is the only guest.
    """

    name: str
    medium: str
    creator: str | None = None
    creator_inferred: bool = False
    same_as: tuple[str, ...] = ()
    not_same_as: tuple[str, ...] = ()
    speaker: str | None = None
    kind: Kind = "recommended"


@dataclass(frozen=True, slots=True)
class Facts:
    """Hold what tells a note from others, without its texts, and by what it is found among them.

    `digest` is a hash of everything that readers see of the note; it stays the same when a page export is
    converted, a file renamed, or a note saved without a change. `audio` is the address of the recording.
    """

    path: str
    digest: str
    show: str
    title: str
    aired: date
    id: str | None = None
    slug: str | None = None
    published: date | datetime | None = None
    updated: date | datetime | None = None
    draft: bool = False
    url: str | None = None
    recommendations: tuple[Named, ...] = ()
    tags: tuple[str, ...] = ()
    audio: str | None = None
    moments: bool = False
    corrections: tuple[str, ...] = ()

    @property
    def topics(self) -> tuple[str, ...]:
        """Return what a subscriber may choose this note by."""
        return (f"show:{self.show}", *(f"tag:{tag}" for tag in self.tags))


@dataclass(frozen=True, slots=True)
class Note:
    """Hold what was read from one file; `episode` is None where `diagnostics` holds an error."""

    path: str
    episode: Episode | None
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def facts(self) -> Facts:
        """Return the facts of a valid note."""
        if self.episode is None:
            raise ValueError(f"{self.path} is not valid")
        return facts_of(self.path, self.episode)


def parse_note(path: str, data: bytes) -> Note:
    """Read the bytes of the note at `path` (relative to the project folder), in whichever form they are."""
    faults = Faults(path)
    text = decode(data, faults)
    episode = None
    if text is not None:
        markdown = path.lower().endswith(".md") or has_front_matter(text)
        episode = (parse_markdown if markdown else parse_page_export)(text, faults)
    return Note(path, None if faults.fatal else episode, tuple(faults.found))


def facts_of(path: str, episode: Episode) -> Facts:
    """Return the facts of an episode read from `path`."""
    return Facts(
        path,
        content_digest(episode),
        episode.show,
        episode.title,
        episode.aired,
        episode.id,
        episode.slug,
        episode.published,
        episode.updated,
        episode.draft,
        episode.url,
        tuple(_named(item, episode.guests) for item in episode.recommendations),
        episode.tags,
        episode.audio.url if episode.audio else None,
        _has_moments(episode),
        episode.corrections,
    )


def _has_moments(episode: Episode) -> bool:
    """Tell whether the note names moments of its recording, of which chapters can be made."""
    quotes = (item.quote for item in episode.recommendations)
    times = [*(chapter.at for chapter in episode.chapters), *(quote.at for quote in quotes if quote)]
    return any(at is not None and (episode.duration is None or at < episode.duration) for at in times)


def _named(item: Recommendation, guests: tuple[Guest, ...]) -> Named:
    speaker = item.quote.speaker if item.quote else None
    if speaker is None and len(guests) == 1:
        speaker = guests[0].name
    return Named(
        item.name,
        item.medium,
        item.creator,
        item.creator_inferred,
        item.same_as,
        item.not_same_as,
        speaker,
        item.kind,
    )


def content_digest(episode: Episode) -> str:
    """Hash what readers see of an episode.

    Absent facts do not count, so that a later version of the program can add fields without making every
    published episode look edited.
    """
    content = {name: value for name, value in _plain(episode).items() if name not in _NOT_CONTENT}
    return hashlib.blake2b(
        _ENCODER.encode(content).encode("utf-8", "surrogatepass"), digest_size=16
    ).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    members = _MEMBERS.get(type(value))
    if members is None:
        return value.isoformat() if isinstance(value, date) else value
    found = {}
    for name, absent in members:
        item = getattr(value, name)
        if item != absent:
            # Nearly all of a note is text, which is plain as it is.
            found[name] = item if isinstance(item, str) else _plain(item)
    return found


# A fact that is what it is without being written says nothing: no text, no list, a flag that is not set.
_MEMBERS = {
    kind: tuple((field.name, field.default) for field in fields(kind))
    for kind in (Chapter, Episode, Guest, Link, Media, Quote, Recommendation, Soundbite, Span)
}


def key_mark(data: bytes, key: str) -> Mark:
    """Find the value of a front matter key in the bytes of a note, or the note's beginning."""
    text = decode(data, Faults(""))
    matter = front_matter_text(text) if text else None
    document = load(matter, 2) if matter else None
    return document.where((key,)) if document and (key,) in document.values else Mark(1, 1)
