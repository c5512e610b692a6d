"""`feedmaker.lock`: what has been published, so that readers are never told twice. Pure.

The file is JSON with one note to a line, so that version control shows and merges it well. Entries are never
removed: an id is never used again, and a note that comes back comes back under its own. Only a note that is
given another `id:` takes its entry along.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
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
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_SLUGS = re.compile(rf"{_SLUG.pattern}(?: {_SLUG.pattern})*")
_MERGE = re.compile(r"^(?:<{7}|={7}|>{7})", re.MULTILINE)
_ENCODER = json.JSONEncoder(ensure_ascii=False)
_TEXTS = ("id", "slug", "source", "digest")
_END = ["]}", ""]
_RESTORE = "bring back the last good one from version control, or mend this line"


@dataclass(frozen=True, slots=True)
class Entry:
    """Remember one published note.

    `source` is where the note was last seen. `backlog` marks what the first build ever found: published,
    but no news. `issue` names the issue of the newsletter that carried it, `archive` the volume of the feeds'
    archive that holds it for good, and `gone` is when it was taken back. `recommendations` has the key by
    which readers know each of its recommendations, beside the one that its present name would get. `line` is
    how the file has it; an entry that was replaced has none.
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
    archive: int | None = None
    gone: datetime | None = None
    recommendations: tuple[tuple[str, str], ...] = ()
    line: str = field(default="", init=False, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Lock:
    """Hold all entries, by id; `since` is when the first build ran.

    `podcast` is the podcast:guid, which stays when the feed moves.
    """

    since: datetime
    entries: Mapping[str, Entry]
    podcast: str | None = None


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
    """Read a lock file; raise `LockError` where it is damaged: guessing would publish everything anew."""
    try:
        data = json.loads(text)
    except (RecursionError, ValueError) as error:
        raise _unreadable(text, error) from error
    if not isinstance(data, dict) or not isinstance(data.get("notes"), list):
        raise _damaged(1, 1, "this is no lock file")
    if data.get("version") != VERSION:
        wrong = f"version {data.get('version')!r}, and this feedmaker reads {VERSION}"
        raise _damaged(1, 1, wrong, "update feedmaker")
    since = _moment(data.get("since"))
    if since is None:
        raise _damaged(1, 1, '"since" is not a time with a zone')
    entries: dict[str, Entry] = {}
    lines = text.split("\n")
    for line, note in enumerate(data["notes"], 2):
        entry = _entry(note, min(line, len(lines)))
        before = entries.get(entry.id)
        entries[entry.id] = _merged(before, entry) if before else entry
    if len(entries) == len(data["notes"]) == len(lines) - 3 and lines[-2:] == _END:
        _keep_lines(entries.values(), lines[1:-2])
    podcast = data.get("podcast")
    return Lock(since, entries, podcast if isinstance(podcast, str) else None)


def _unreadable(text: str, error: RecursionError | ValueError) -> LockError:
    """Say why a file is no JSON; the marks of a merge never are."""
    merge = _MERGE.search(text)
    if merge:
        hint = "keep the lines of both sides without these marks, with a comma after each line but the last"
        return _damaged(text.count("\n", 0, merge.start()) + 1, 1, "a merge left its marks here", hint)
    if isinstance(error, json.JSONDecodeError):
        return _damaged(error.lineno, error.colno, error.msg)
    return _damaged(1, 1, "this is no lock file")


def _keep_lines(entries: Collection[Entry], lines: Sequence[str]) -> None:
    """Keep the lines of as many entries, which need not be made again as long as they stay what they are.

    Where each line begins with its own entry, it holds that and no other.
    """
    if all(map(_is_of, lines, entries)):
        for entry, line in zip(entries, lines, strict=True):
            object.__setattr__(entry, "line", line.removesuffix(","))


def _is_of(line: str, entry: Entry) -> bool:
    """Tell whether a line begins and ends as `dump_lock` writes that of an entry."""
    begins = line.startswith(f'{{"id": {_ENCODER.encode(entry.id)}, "slug": "{entry.slug}", ')
    return begins and line.endswith(("}", "},"))


def _damaged(line: int, column: int, wrong: str, hint: str = _RESTORE) -> LockError:
    return LockError(f"{LOCK_NAME}:{line}:{column}: error: {wrong}; {hint}")


def _merged(one: Entry, other: Entry) -> Entry:
    """Choose between two entries of one id, as a merge of two branches leaves them: the later knows more."""
    newer = max(one, other, key=lambda entry: (entry.updated, entry.digest))
    return replace(
        newer,
        issue=one.issue or other.issue,
        backlog=one.backlog and other.backlog,
        archive=one.archive or other.archive,
    )


def dump_lock(lock: Lock) -> str:
    """Write a lock file, one note to a line, in the order of publishing."""
    ordered = sorted(lock.entries.values(), key=lambda entry: (entry.published, entry.id))
    lines = ",\n".join([entry.line or _ENCODER.encode(_data(entry)) for entry in ordered])
    notes = f"[\n{lines}\n]" if lines else "[]"
    podcast = f'"podcast": {json.dumps(lock.podcast)}, ' if lock.podcast else ""
    return f'{{"version": {VERSION}, "since": "{utc(lock.since)}", {podcast}"notes": {notes}}}\n'


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
    minter = _Minter(old, asked, site, moments, first=lock is None)
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
    notes: list[Facts], found: Mapping[str, Entry], old: Lock, minter: _Minter
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
            lambda note: _undated(note.slug or _base_slug(note.title), note.aired),
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


class _Minter:
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
        base = _base_slug(note.title)
        slugs = chain((base,), _numbered(f"{base}-{note.aired.isoformat()}"))
        return next(slug for slug in slugs if slug not in self.slugs)


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


def _base_slug(title: str) -> str:
    return slug_of(title) or "episode"


def slug_of(title: str) -> str:
    """Make the ASCII form of a title for addresses, cut at a word; empty where nothing is left."""
    from slugify import slugify

    return slugify(title, max_length=_LONGEST_SLUG, word_boundary=True)


def _entry(data: Any, line: int) -> Entry:
    """Read one entry; what it holds becomes addresses and paths, so nothing is taken on trust."""
    if not isinstance(data, dict):
        raise _damaged(line, 1, "this is no entry of a note")
    for name in _TEXTS:
        value = data.get(name)
        if not value or not isinstance(value, str):
            raise _damaged(line, 1, f'"{name}" of this note is not a text')
    if not _SLUG.fullmatch(data["slug"]):
        raise _damaged(line, 1, '"slug" of this note cannot stand in an address')
    published, updated = _moment(data.get("published")), _moment(data.get("updated"))
    aired = _day(data.get("aired"))
    if published is None or updated is None or aired is None:
        raise _damaged(line, 1, '"aired", "published" or "updated" of this note is not a date')
    issue, archive = data.get("issue"), data.get("archive")
    if not isinstance(issue, str | None) or not isinstance(archive, int | None):
        raise _damaged(line, 1, '"issue" of this note is not a text, or "archive" not a number')
    return Entry(
        data["id"],
        data["slug"],
        data["source"],
        aired,
        published,
        updated,
        data["digest"],
        backlog=data.get("backlog") is True,
        issue=issue,
        archive=archive,
        gone=_moment(data["gone"]) if "gone" in data else None,
        recommendations=_key_pairs(data.get("recommendations", ()), line),
    )


def _key_pairs(data: Any, line: int) -> tuple[tuple[str, str], ...]:
    """Read keys; one that is what its name makes stands alone, another beside that."""
    try:
        # Nearly all stand alone, and asking once for all of them is three times as fast.
        joined = " ".join(data)
        if _SLUGS.fullmatch(joined) and joined.count(" ") == len(data) - 1:
            return tuple(zip(data, data, strict=True))
    except TypeError:
        pass
    pairs = [tuple(item) if isinstance(item, list) else (item, item) for item in data or ()]
    texts = [text for pair in pairs for text in pair]
    sound = all(isinstance(text, str) and _SLUG.fullmatch(text) for text in texts)
    if not sound or any(len(pair) != 2 for pair in pairs):
        raise _damaged(line, 1, '"recommendations" of this note are not keys')
    return tuple((key, made) for key, made in pairs)


def _moment(value: Any) -> datetime | None:
    """Read a time with a zone, as UTC."""
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is UTC:
            return moment
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (OverflowError, TypeError, ValueError):
        return None


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        return None


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
    if entry.archive:
        data["archive"] = entry.archive
    if entry.gone:
        data["gone"] = utc(entry.gone)
    if entry.recommendations:
        data["recommendations"] = [key if key == made else [key, made] for key, made in entry.recommendations]
    return data
