"""The bytes of a foreign feed → notes as text, each with the id and times of its item. Pure."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from feedmaker.importing.foreign import BAD_DATES, ForeignFeed, ForeignItem, Loss
from feedmaker.importing.html import plain_text
from feedmaker.importing.notes import Dated, Terms, make_episode
from feedmaker.importing.reading import read_feed
from feedmaker.model import Episode
from feedmaker.notes.note import content_digest, parse_note
from feedmaker.notes.values import parse_date
from feedmaker.notes.writing import write_markdown
from feedmaker.text import shorten

_SECOND = timedelta(seconds=1)
_SHOWN = 60
_UNSURE = "details that a note says otherwise"


@dataclass(frozen=True, slots=True)
class Converted:
    """Hold a note made of an item: its text, and what the lock has to know of it.

    `slug` is set where the item's page was this project's own; `digest` is that of the note as it reads back.
    """

    id: str
    title: str
    slug: str | None
    aired: date
    published: datetime
    updated: datetime
    digest: str
    text: str


@dataclass(frozen=True, slots=True)
class Report:
    """Hold one kind of thing that was lost: how often, and where it was lost first."""

    what: str
    count: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Conversion:
    """Hold all notes made of a feed, how many items were known already, and what could not be carried over.

    `failed` pairs titles with reasons; `more` is where older items are.
    """

    title: str
    home: str | None
    notes: tuple[Converted, ...]
    known: int
    failed: tuple[tuple[str, str], ...]
    lost: tuple[Report, ...]
    more: str | None


def convert(data: bytes, content_type: str, base: str, terms: Terms) -> Conversion:
    """Make notes of a feed; raise `FeedmakerError` where it is none."""
    feed = read_feed(data, content_type, base)
    ledger = _Ledger()
    for loss in feed.lost:
        ledger.add("", [loss])
    writer = _Writer(feed, terms, ledger)
    for dated in _unique(date_items(feed.items, terms.now), ledger):
        writer.write(dated)
    return Conversion(
        feed.title,
        feed.home,
        tuple(writer.notes),
        writer.known,
        tuple(writer.failed),
        ledger.reports(),
        feed.more,
    )


class _Ledger:
    """Count losses by kind, with the titles of the first few items that had them."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._examples: dict[str, dict[str, None]] = {}

    def add(self, title: str, losses: Iterable[Loss]) -> None:
        for loss in losses:
            self._counts[loss.what] += 1
            examples = self._examples.setdefault(loss.what, {})
            shown = ": ".join(filter(None, (title, loss.detail)))
            if shown and len(examples) < 3:
                examples[shown] = None

    def reports(self) -> tuple[Report, ...]:
        """Return the most frequent kind first."""
        ordered = sorted(self._counts.items(), key=lambda pair: (-pair[1], pair[0]))
        return tuple(Report(what, count, tuple(self._examples[what])) for what, count in ordered)


def date_items(items: Sequence[ForeignItem], now: datetime) -> Iterator[Dated]:
    """Give every item its id and its times.

    An item without a date stands where the feed has it: a second older than the item before it, or, at the
    beginning, a second newer than the first one that has a date.
    """
    now = now.astimezone(UTC).replace(microsecond=0)
    first = next((found for item in items if (found := _own_time(item, now))), now)
    undated = next((index for index, item in enumerate(items) if _own_time(item, now)), 0)
    before = min(now, first + (undated + 1) * _SECOND)
    for item in items:
        losses: list[Loss] = []
        written = item.published or item.updated
        own = _own_time(item, now)
        if own is None and not any(loss.what == BAD_DATES for loss in item.lost):
            losses.append(Loss("missing dates"))
        if own is not None and written is not None and written > now:
            losses.append(Loss("times in the future (taken for now)", written.isoformat()))
        published = own or before - _SECOND
        updated = min(now, max(published, item.updated or published))
        before = published
        yield Dated(item_id(item), published, updated, item, tuple(losses))


def _own_time(item: ForeignItem, now: datetime) -> datetime | None:
    """Return when an item says it was published, at most now; None where no note could say it."""
    written = item.published or item.updated
    moment = min(written.replace(microsecond=0), now) if written else None
    return moment if moment and parse_date(moment.date().isoformat()) else None


def item_id(item: ForeignItem) -> str:
    """Return the id by which readers know an item: its own, or its address, or one that never changes."""
    if item.id.strip():
        return item.id
    if item.link:
        return item.link
    files = item.media[0].url if item.media else ""
    facts = "\n".join((plain_text(item.title), item.written_date, files))
    if not facts.strip():
        facts = shorten(plain_text(item.content) or plain_text(item.summary), 1000)
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, facts)}"


def _unique(items: Iterable[Dated], ledger: _Ledger) -> Iterator[Dated]:
    """Leave out items whose id an earlier one has: to readers they are one item."""
    seen: set[str] = set()
    for dated in items:
        if dated.id in seen:
            ledger.add(_shown(dated.item), [Loss("items with the id of another", dated.id)])
        else:
            seen.add(dated.id)
            yield dated


def _shown(item: ForeignItem) -> str:
    return shorten(plain_text(item.title), _SHOWN)


class _Writer:
    """Write the note of each item that is not known yet."""

    def __init__(self, feed: ForeignFeed, terms: Terms, ledger: _Ledger) -> None:
        self.feed = feed
        self.terms = terms
        self.ledger = ledger
        self.taken = set(terms.taken)
        self.numbers: dict[tuple[str, str, date], int] = {}
        self.notes: list[Converted] = []
        self.failed: list[tuple[str, str]] = []
        self.known = 0

    def write(self, dated: Dated) -> None:
        if dated.id in self.terms.known:
            self.known += 1
            return
        episode, losses = make_episode(dated, self.feed, self.terms)
        named = self._with_own_title(episode)
        title = shorten(named.title, _SHOWN)
        if named is not episode:
            losses = (*losses, Loss("titles that another note of the day has (numbered)"))
        slug, note = named.slug, replace(named, slug=None)
        text = write_markdown(note)
        read = parse_note("note.md", text.encode())
        if read.episode is None:
            self.failed.append((title, read.diagnostics[0].message))
            return
        if read.episode != note:
            losses = (*losses, Loss(_UNSURE))
        self.taken.add((named.show, named.title, named.aired))
        self.ledger.add(title, losses)
        digest = content_digest(read.episode)
        self.notes.append(
            Converted(dated.id, named.title, slug, named.aired, dated.published, dated.updated, digest, text)
        )

    def _with_own_title(self, episode: Episode) -> Episode:
        """Add a number to a title that another note of the show and day has: it tells notes apart."""
        twin = (episode.show, episode.title, episode.aired)
        if twin not in self.taken:
            return episode
        number = self.numbers.get(twin, 1) + 1
        while (episode.show, f"{episode.title} ({number})", episode.aired) in self.taken:
            number += 1
        self.numbers[twin] = number
        return replace(episode, title=f"{episode.title} ({number})")
