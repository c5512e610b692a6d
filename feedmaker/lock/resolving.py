"""Which notes are published, as which entries, and which are held back. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from feedmaker.config import Site
from feedmaker.lock.entries import Entry, Lock
from feedmaker.lock.minting import Minter, base_slug
from feedmaker.model import Episode, Publication
from feedmaker.notes.note import Facts


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
    ready, clashes = _without_taken_ids(ready, old)
    found = _match(ready, old, broken | held | {clash.path for clash in clashes})
    ready, twins = _without_twins(ready, found)
    news = [note.path for note in ready if _is_news(note, found.get(note.path))]
    moments = dict(zip(news, _moments(old, now, len(news)), strict=True))
    asked = {note.id for note in ready if note.id}
    minter = Minter(old, asked, site, moments, first=lock is None)
    published, others = _publish(ready, found, old, minter)
    entries = dict(old.entries)
    for path, entry in published.items():
        if path in found and found[path].id != entry.id:
            del entries[found[path].id]
    entries |= {entry.id: entry for entry in published.values()}
    clashes += [*twins, *others]
    _bury(entries, published, broken | {clash.path for clash in clashes}, now)
    return Resolution(replace(old, entries=entries), published, drafts, waiting, clashes)


def _bury(
    entries: dict[str, Entry], published: Mapping[str, Entry], held: AbstractSet[str], now: datetime
) -> None:
    """Note when what was published was taken back; what an error holds is not."""
    live = {entry.id for entry in published.values()}
    for name, entry in entries.items():
        if entry.gone is None and name not in live and entry.source not in held:
            entries[name] = replace(entry, gone=now)


def _publish(
    notes: list[Facts], found: Mapping[str, Entry], old: Lock, minter: Minter
) -> tuple[dict[str, Entry], list[Clash]]:
    """Make the entries of notes, holding back those whose id or slug another has."""
    published: dict[str, Entry] = {}
    clashes: list[Clash] = []
    slugs: dict[str, str] = {}
    for note in sorted(notes, key=lambda note: _claim(note, found.get(note.path))):
        before = found.get(note.path)
        named = old.entries.get(note.id) if note.id else None
        if named is not None and named != before:
            clashes.append(_same_id(note, named.source))
            continue
        entry = minter.entry(note, before)
        if entry.slug in slugs:
            other = slugs[entry.slug]
            message = f'slug "{entry.slug}" is also that of {other}; give one of them another `slug:`'
            clashes.append(Clash(note.path, "duplicate-slug", "slug", message))
            continue
        slugs[entry.slug] = note.path
        published[note.path] = entry
    return published, clashes


def _same_id(note: Facts, owner: str) -> Clash:
    message = f'id "{note.id}" is also that of {owner}; an id belongs to one note'
    return Clash(note.path, "duplicate-id", "id", message)


def _due(note: Facts, site: Site) -> datetime | None:
    return site.at_publishing_time(note.published).astimezone(UTC) if note.published else None


def _moments(lock: Lock, now: datetime, number: int) -> list[datetime]:
    """Return times for what is new or edited in one build: a second apart, the last of them now.

    Readers sort by time, and validators warn of entries that share one. As far as the seconds since the last
    build go, all are later than what was published before.
    """
    second = timedelta(seconds=1)
    latest = max((entry.updated for entry in lock.entries.values() if entry.updated <= now), default=now)
    after = (min(now, latest + index * second) for index in range(1, number + 1))
    before = (now - index * second for index in reversed(range(number)))
    return [max(pair) if latest < now else pair[1] for pair in zip(after, before, strict=True)]


def _claim(note: Facts, before: Entry | None) -> int:
    """Rank who may keep a slug: who has it, who was published, who asks for it, and last who would get it."""
    if before is not None:
        return 0 if note.slug in (None, before.slug) else 1
    return 2 if note.slug else 3


def _without_taken_ids(notes: list[Facts], lock: Lock) -> tuple[list[Facts], list[Clash]]:
    """Hold back notes that claim the id of one that is as it was published, or of one that comes first."""
    if not any(note.id for note in notes):
        return notes, []
    unchanged = {(entry.source, entry.digest): entry.id for entry in lock.entries.values()}
    implied = ((unchanged.get((note.path, note.digest)), note.path) for note in notes if note.id is None)
    owners = {name: path for name, path in implied if name}
    for note in sorted(notes, key=lambda note: (_source(lock, note.id) != note.path, note.path)):
        if note.id:
            owners.setdefault(note.id, note.path)
    clashes = [_same_id(note, owner) for note in notes if note.id and (owner := owners[note.id]) != note.path]
    taken = {clash.path for clash in clashes}
    return [note for note in notes if note.path not in taken], clashes


def _source(lock: Lock, name: str | None) -> str | None:
    entry = lock.entries.get(name) if name else None
    return entry.source if entry else None


def _without_twins(notes: list[Facts], found: Mapping[str, Entry]) -> tuple[list[Facts], list[Clash]]:
    """Hold back notes that are another's twin: what is as it was published stays, then what was published."""
    if len(set(map(_twin, notes))) == len(notes):
        return notes, []
    first: dict[tuple[str, str, date], str] = {}
    for note in sorted(notes, key=lambda note: (_novelty(note, found.get(note.path)), note.path)):
        first.setdefault(_twin(note), note.path)
    kept, clashes = [], []
    for note in notes:
        other = first[_twin(note)]
        if other == note.path:
            kept.append(note)
        else:
            message = f"the same show, title and date as {other}; remove one of the two files"
            clashes.append(Clash(note.path, "duplicate-episode", "title", message))
    return kept, clashes


def _is_news(note: Facts, before: Entry | None) -> bool:
    """Tell what is new, edited or back; what comes back has to be younger than its tombstone (RFC 6721)."""
    return _novelty(note, before) > 0 or (before is not None and before.gone is not None)


def _novelty(note: Facts, before: Entry | None) -> int:
    return 2 if before is None else int(note.digest != before.digest)


def _twin(note: Facts) -> tuple[str, str, date]:
    return note.show, note.title, note.aired


def _match(notes: list[Facts], lock: Lock, taken: AbstractSet[str]) -> dict[str, Entry]:
    """Find the entry of each note: by id, by content and path, by content, by path, by title and date.

    Entries of the notes at the paths `taken` are theirs alone. Of several that fit, the oldest is found.
    """
    newest_first = sorted(lock.entries.values(), key=_age, reverse=True)
    free = {entry.id: entry for entry in newest_first if entry.source not in taken}
    found: dict[str, Entry] = {}
    episodes = {note.path: _twin(note) for note in notes}

    def is_no_copy(note: Facts, entry: Entry) -> bool:
        """Tell a note that was moved from the old text of another that was edited."""
        return episodes.get(entry.source) != _twin(note)

    keys: tuple[
        tuple[Callable[[Facts], Any], Callable[[Entry], Any], Callable[[Facts, Entry], bool]], ...
    ] = (
        (lambda note: note.id, lambda entry: entry.id, _always),
        (lambda note: (note.path, note.digest), lambda entry: (entry.source, entry.digest), _always),
        (lambda note: note.digest, lambda entry: entry.digest, is_no_copy),
        (lambda note: note.path, lambda entry: entry.source, _always),
        (
            lambda note: _undated(note.slug or base_slug(note.title), note.aired),
            lambda entry: _undated(entry.slug, entry.aired),
            _always,
        ),
    )
    for of_note, of_entry, fits in keys:
        rest = [note for note in notes if note.path not in found]
        if not rest or not free:
            break
        known = {of_entry(entry): entry for entry in free.values()}
        for note in rest:
            entry = known.get(of_note(note))
            if entry is not None and entry.id in free and fits(note, entry):
                found[note.path] = free.pop(entry.id)
    return found


def _always(note: Facts, entry: Entry) -> bool:  # noqa: ARG001 - as the other predicate
    return True


def _undated(slug: str, aired: date) -> tuple[str, date]:
    """Return a slug without the date that a second episode of the same title has in it, and the date."""
    return slug.removesuffix(f"-{aired.isoformat()}"), aired


def _age(entry: Entry) -> tuple[datetime, str]:
    return entry.published, entry.id
