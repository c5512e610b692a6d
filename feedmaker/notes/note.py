"""One source file → a note: its episode, what is wrong with it, and the facts that identify it. Pure."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from feedmaker.errors import Diagnostic
from feedmaker.marked_yaml import Mark, load
from feedmaker.model import Episode, Guest, Link, Media, Quote, Recommendation, Span
from feedmaker.notes.decoding import decode
from feedmaker.notes.faults import Faults
from feedmaker.notes.markdown import front_matter_text, has_front_matter, parse_markdown
from feedmaker.notes.page_export import parse_page_export

_NOT_CONTENT = frozenset({"id", "slug", "published", "updated", "draft", "highlights"})


@dataclass(frozen=True, slots=True)
class Facts:
    """Hold what tells a note from others, without its texts.

    `digest` is a hash of everything that readers see of the note; it stays the same when a page export is
    converted, a file renamed, or a note saved without a change.
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
    )


def content_digest(episode: Episode) -> str:
    """Hash what readers see of an episode.

    Absent facts do not count, so that a later version of the program can add fields without making every
    published episode look edited.
    """
    content = {name: value for name, value in _plain(episode).items() if name not in _NOT_CONTENT}
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    names = _FIELDS.get(type(value))
    if names:
        members = ((name, getattr(value, name)) for name in names)
        # An absent fact or a plain False says nothing; the second 0 does.
        return {name: _plain(item) for name, item in members if item or (item == 0 and item is not False)}
    return value.isoformat() if isinstance(value, date) else value


_FIELDS = {
    kind: tuple(field.name for field in fields(kind))
    for kind in (Episode, Guest, Link, Media, Quote, Recommendation, Span)
}


def key_mark(data: bytes, key: str) -> Mark:
    """Find the value of a front matter key in the bytes of a note, or the note's beginning."""
    text = decode(data, Faults(""))
    matter = front_matter_text(text) if text else None
    return load(matter, 2).values.get((key,), Mark(1, 1)) if matter else Mark(1, 1)
