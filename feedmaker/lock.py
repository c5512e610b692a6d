"""`feedmaker.lock`: what has been published, so that readers are never told twice. Pure.

The file is JSON with one note to a line, so that version control shows and merges it well. Entries are never
removed: an id is never used again, and a note that comes back comes back under its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import chain, count
from typing import Any
from urllib.parse import urlsplit

from feedmaker.config import Site
from feedmaker.errors import LockError
from feedmaker.model import Episode, Publication
from feedmaker.notes.note import Facts
from feedmaker.text import utc

LOCK_NAME = "feedmaker.lock"
VERSION = 1
_LONGEST_SLUG = 80


@dataclass(frozen=True, slots=True)
class Entry:
    """Remember one published note.

    `source` is where the note was last seen. `backlog` marks what the first build ever found: published,
    but no news. `issue` names the issue of the newsletter that carried it.
    """

    id: str
    slug: str
    source: str
    aired: date
    published: datetime
    updated: datetime
    digest: str
    backlog: bool = False
    issue: str | None = None


@dataclass(frozen=True, slots=True)
class Lock:
    """Hold all entries, by id; `since` is when the first build ran."""

    since: datetime
    entries: Mapping[str, Entry]


@dataclass(frozen=True, slots=True)
class Clash:
    """Say which note is held back because another has the same `key`; `message` names the other."""

    path: str
    code: str
    key: str
    message: str


@dataclass(frozen=True, slots=True)
class Resolution:
    """Hold the new lock, the entry of each published note by path, and why others are not published.

    `waiting` holds when each note with a future publishing time is due.
    """

    lock: Lock
    published: Mapping[str, Entry]
    drafts: Sequence[str]
    waiting: Mapping[str, datetime]
    clashes: Sequence[Clash]


def publication(entry: Entry, episode: Episode, site: Site) -> Publication:
    """Join an entry and its episode."""
    url = episode.url or page_address(site, entry.slug)
    return Publication(entry.id, entry.slug, url, entry.published, entry.updated, episode)


def page_address(site: Site, slug: str) -> str:
    """Return the absolute address of an episode's page."""
    return f"{site.address}episodes/{slug}/"


def parse_lock(text: str) -> Lock:
    """Read a lock file; raise `LockError` where it is damaged, because guessing would republish everything."""
    try:
        data = json.loads(text)
        if data["version"] != VERSION:
            raise LockError(
                f"{LOCK_NAME} has version {data['version']}; this feedmaker reads {VERSION}; update it"
            )
        entries = [_entry(note) for note in data["notes"]]
        return Lock(datetime.fromisoformat(data["since"]), {entry.id: entry for entry in entries})
    except json.JSONDecodeError as error:
        hint = "bring back the last good one from version control, or solve the merge by keeping both lines"
        raise LockError(f"{LOCK_NAME}:{error.lineno}:{error.colno}: error: {error.msg}; {hint}") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        hint = "bring back the last good one from version control"
        raise LockError(f"{LOCK_NAME}:1:1: error: not a lock of feedmaker ({error!r}); {hint}") from error


def dump_lock(lock: Lock) -> str:
    """Write a lock file, one note to a line, in the order of publishing."""
    ordered = sorted(lock.entries.values(), key=lambda entry: (entry.published, entry.id))
    lines = ",\n".join(json.dumps(_data(entry), ensure_ascii=False) for entry in ordered)
    notes = f"[\n{lines}\n]" if lines else "[]"
    return f'{{"version": {VERSION}, "since": "{utc(lock.since)}", "notes": {notes}}}\n'


def resolve(
    lock: Lock | None,
    notes: Iterable[Facts],
    broken: AbstractSet[str],
    site: Site,
    now: datetime,
) -> Resolution:
    """Decide what is published, under which id and with which dates.

    `lock` is None before the first build ever. `broken` holds the paths of notes that cannot be read now:
    their entries stay theirs. `now` reaches only what is new or changed.
    """
    now = now.astimezone(UTC).replace(microsecond=0)
    old = lock or Lock(now, {})
    ordered = sorted(notes, key=lambda note: (note.aired, note.path))
    drafts = [note.path for note in ordered if note.draft]
    waiting = {
        note.path: due for note in ordered if (due := _due(note, site)) and due > now and not note.draft
    }
    held = {*drafts, *waiting}
    ready = [note for note in ordered if note.path not in held]
    ready, clashes = _without_twins(ready, old)
    found = _match(ready, old, broken | held)
    minter = _Minter(old, site, now, first=lock is None)
    published: dict[str, Entry] = {}
    slugs: dict[str, str] = {}
    for note in sorted(ready, key=lambda note: note.path not in found):
        entry = minter.entry(note, found.get(note.path))
        if entry.slug in slugs:
            message = (
                f'slug "{entry.slug}" is also that of {slugs[entry.slug]}; give one of them another `slug:`'
            )
            clashes.append(Clash(note.path, "duplicate-slug", "slug", message))
            continue
        slugs[entry.slug] = note.path
        published[note.path] = entry
    entries = dict(old.entries)
    for path, before in found.items():
        if path in published and published[path].id != before.id:
            del entries[before.id]
    entries |= {entry.id: entry for entry in published.values()}
    return Resolution(Lock(old.since, entries), published, drafts, waiting, clashes)


def _due(note: Facts, site: Site) -> datetime | None:
    return site.at_publishing_time(note.published).astimezone(UTC) if note.published else None


def _without_twins(notes: list[Facts], lock: Lock) -> tuple[list[Facts], list[Clash]]:
    """Hold back notes that claim another's id or are another's twin; the one already published stays."""
    sources = {entry.source for entry in lock.entries.values()}
    unchanged = {(entry.source, entry.digest): entry.id for entry in lock.entries.values()}
    ids = {name: note.path for note in notes if (name := unchanged.get((note.path, note.digest)))}
    episodes: dict[tuple[str, str, date], str] = {}
    kept, clashes = [], []
    for note in sorted(notes, key=lambda note: (note.path not in sources, note.path)):
        twin = (note.show, note.title, note.aired)
        if note.id and ids.get(note.id, note.path) != note.path:
            message = f'id "{note.id}" is also that of {ids[note.id]}; an id belongs to one note'
            clashes.append(Clash(note.path, "duplicate-id", "id", message))
        elif twin in episodes:
            message = f"the same show, title and date as {episodes[twin]}; remove one of the two files"
            clashes.append(Clash(note.path, "duplicate-episode", "title", message))
        else:
            kept.append(note)
            episodes[twin] = note.path
            if note.id:
                ids[note.id] = note.path
    return sorted(kept, key=lambda note: (note.aired, note.path)), clashes


def _match(notes: list[Facts], lock: Lock, unread: AbstractSet[str]) -> dict[str, Entry]:
    """Find the entry of each note: by id, by content and path, by content, by path, by title and date."""
    free = {entry.id: entry for entry in lock.entries.values() if entry.source not in unread}
    found: dict[str, Entry] = {}
    seen = {note.path for note in notes}
    keys: tuple[tuple[Callable[[Facts], Any], Callable[[Entry], Any]], ...] = (
        (lambda note: note.id, lambda entry: entry.id),
        (lambda note: (note.path, note.digest), lambda entry: (entry.source, entry.digest)),
        (lambda note: note.digest, lambda entry: entry.digest),
        (lambda note: note.path, lambda entry: entry.source),
        (
            lambda note: (note.aired, note.slug or slug_of(note.title)),
            lambda entry: None if entry.source in seen else (entry.aired, entry.slug),
        ),
    )
    for of_note, of_entry in keys:
        rest = [note for note in notes if note.path not in found]
        if not rest or not free:
            break
        known = {key: entry for entry in free.values() if (key := of_entry(entry)) is not None}
        for note in rest:
            entry = known.pop(of_note(note), None)
            if entry is not None:
                found[note.path] = free.pop(entry.id)
    return found


class _Minter:
    """Make the entry of a note, new or from the one before."""

    def __init__(self, lock: Lock, site: Site, now: datetime, *, first: bool) -> None:
        self.site = site
        self.now = now
        self.first = first
        self.slugs = {entry.slug for entry in lock.entries.values()}
        self.host = urlsplit(site.address).hostname or "localhost"

    def entry(self, note: Facts, before: Entry | None) -> Entry:
        """Return the entry that the note has from now on."""
        return self._kept(note, before) if before else self._new(note)

    def _kept(self, note: Facts, before: Entry) -> Entry:
        published = self._moment(note.published) or before.published
        edited = self.now if note.digest != before.digest else before.updated
        return replace(
            before,
            id=note.id or before.id,
            slug=note.slug or before.slug,
            source=note.path,
            aired=note.aired,
            published=published,
            updated=max(published, self._moment(note.updated) or edited),
            digest=note.digest,
        )

    def _new(self, note: Facts) -> Entry:
        slug = note.slug or self._free_slug(note)
        self.slugs.add(slug)
        published = self._moment(note.published) or self.now
        updated = max(published, self._moment(note.updated) or published)
        name = note.id or f"tag:{self.host},{self.now:%Y-%m-%d}:{slug}"
        return Entry(name, slug, note.path, note.aired, published, updated, note.digest, self.first)

    def _moment(self, moment: date | datetime | None) -> datetime | None:
        return self.site.at_publishing_time(moment).astimezone(UTC).replace(microsecond=0) if moment else None

    def _free_slug(self, note: Facts) -> str:
        base = slug_of(note.title) or "episode"
        dated = f"{base}-{note.aired.isoformat()}"
        numbered = (f"{dated}-{number}" for number in count(2))
        return next(slug for slug in chain((base, dated), numbered) if slug not in self.slugs)


def slug_of(title: str) -> str:
    """Make the ASCII form of a title for addresses, cut at a word; empty where nothing is left."""
    from slugify import slugify  # noqa: PLC0415 - only new notes need it

    return slugify(title, max_length=_LONGEST_SLUG, word_boundary=True)


def _entry(data: Mapping[str, Any]) -> Entry:
    return Entry(
        data["id"],
        data["slug"],
        data["source"],
        date.fromisoformat(data["aired"]),
        datetime.fromisoformat(data["published"]),
        datetime.fromisoformat(data["updated"]),
        data["digest"],
        data.get("backlog", False),
        data.get("issue"),
    )


def _data(entry: Entry) -> dict[str, Any]:
    data: dict[str, Any] = {
        "id": entry.id,
        "slug": entry.slug,
        "source": entry.source,
        "aired": entry.aired.isoformat(),
        "published": utc(entry.published),
        "updated": utc(entry.updated),
        "digest": entry.digest,
    }
    if entry.backlog:
        data["backlog"] = True
    if entry.issue:
        data["issue"] = entry.issue
    return data
