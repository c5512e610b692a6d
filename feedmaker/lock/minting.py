"""What readers know a note by: its entry, made anew or from the one before. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import chain, count
from urllib.parse import urlsplit

from feedmaker.config import Site
from feedmaker.lock.entries import Entry, Lock
from feedmaker.notes.note import Facts

_LONGEST_SLUG = 80


class Minter:
    """Make the entry of a note, new or from the one before."""

    def __init__(
        self, lock: Lock, asked: AbstractSet[str], site: Site, moments: Mapping[str, datetime], *, first: bool
    ) -> None:
        self.site = site
        self.moments = moments
        self.first = first
        self.ids = {*lock.entries, *asked}
        self.slugs = {entry.slug for entry in lock.entries.values()}
        self.changes = {entry.updated: entry.id for entry in lock.entries.values()}
        self.host = urlsplit(site.address).hostname or "localhost"

    def entry(self, note: Facts, before: Entry | None) -> Entry:
        """Return the entry that the note has from now on."""
        if before and _is_as_published(note, before):
            return before
        entry = self._kept(note, before) if before else self._new(note)
        self.ids.add(entry.id)
        self.slugs.add(entry.slug)
        return entry

    def _kept(self, note: Facts, before: Entry) -> Entry:
        published = self._moment(note.published) or before.published
        edited = max(self.moments.get(note.path, before.updated), before.updated)
        changed = max(published, self._moment(note.updated) or edited)
        return replace(
            before,
            id=note.id or before.id,
            slug=note.slug or before.slug,
            source=note.path,
            aired=note.aired,
            published=published,
            updated=self._own_time(changed, before.id, before.updated),
            digest=note.digest,
            gone=None,
            recommendations=_keys(note, before),
        )

    def _new(self, note: Facts) -> Entry:
        slug = note.slug or self._free_slug(note)
        seen = self.moments[note.path]
        published = self._moment(note.published) or seen
        updated = max(published, self._moment(note.updated) or published)
        name = note.id or self._free_id(slug, seen)
        return Entry(
            name,
            slug,
            note.path,
            note.aired,
            published,
            self._own_time(updated, name),
            note.digest,
            backlog=self.first,
            recommendations=_keys(note),
        )

    def _moment(self, moment: date | datetime | None) -> datetime | None:
        return self.site.at_publishing_time(moment).astimezone(UTC).replace(microsecond=0) if moment else None

    def _own_time(self, changed: datetime, identity: str, before: datetime | None = None) -> datetime:
        """Return a time of change that no other note has: validators take entries that share one for one.

        Notes that name the same day in their front matter are a millisecond apart, and stay so: what is at
        most a second later `before` is still the same time.
        """
        if before is not None and changed <= before < changed + timedelta(seconds=1):
            changed = before
        while self.changes.setdefault(changed, identity) != identity:
            changed += timedelta(milliseconds=1)
        return changed

    def _free_id(self, slug: str, seen: datetime) -> str:
        """Make a tag URI (RFC 4151) that no note ever had."""
        base = f"tag:{self.host},{seen:%Y-%m-%d}:{slug}"
        return next(name for name in _numbered(base) if name not in self.ids)

    def _free_slug(self, note: Facts) -> str:
        return free_slug(note.title, note.aired, self.slugs)


def _keys(note: Facts, before: Entry | None = None) -> tuple[tuple[str, str], ...]:
    """Give each recommendation a key beside the one that its name makes; who is renamed keeps the old one.

    Where as many names are new as are gone, they are taken for each other in their order.
    """
    if (
        before is not None
        and before.digest == note.digest
        and len(before.recommendations) == len(note.recommendations)
    ):
        return before.recommendations
    wanted = _distinct(slug_of(item.name) or "item" for item in note.recommendations)
    known = {made: key for key, made in before.recommendations} if before else {}
    new = [made for made in wanted if made not in known]
    lost = [key for made, key in known.items() if made not in wanted]
    renamed = dict(zip(new, lost, strict=True)) if len(new) == len(lost) else {}
    taken = {*known.values()}
    keys = {made: known.get(made) or renamed.get(made) or _free(made, taken) for made in wanted}
    return tuple((keys[made], made) for made in wanted)


def _distinct(names: Iterable[str]) -> list[str]:
    found: dict[str, None] = {}
    for name in names:
        found[_free(name, found)] = None
    return list(found)


def _free(name: str, taken: Container[str]) -> str:
    return next(each for each in _numbered(name) if each not in taken)


def _numbered(base: str) -> Iterator[str]:
    yield base
    yield from (f"{base}-{number}" for number in count(2))


def free_slug(title: str, aired: date, taken: Container[str]) -> str:
    """Make the slug of a title that no other episode has."""
    base = base_slug(title)
    slugs = chain((base,), _numbered(f"{base}-{aired.isoformat()}"))
    return next(slug for slug in slugs if slug not in taken)


def base_slug(title: str) -> str:
    """Make the slug of a title, which is never empty."""
    return slug_of(title) or "episode"


def slug_of(title: str) -> str:
    """Make the ASCII form of a title for addresses, cut at a word; empty where nothing is left."""
    from slugify import slugify

    return slugify(title, max_length=_LONGEST_SLUG, word_boundary=True)


def _is_as_published(note: Facts, entry: Entry) -> bool:
    """Tell whether nothing that an entry holds can have changed: nearly always, so it is asked first."""
    return (
        note.digest == entry.digest
        and note.path == entry.source
        and note.aired == entry.aired
        and entry.gone is None
        and note.id in (None, entry.id)
        and note.slug in (None, entry.slug)
        and note.published is None
        and note.updated is None
        and entry.updated >= entry.published
        and len(note.recommendations) == len(entry.recommendations)
    )
