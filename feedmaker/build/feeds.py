"""The feeds of a build: which documents there are, what each is made from, and how it is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from feedmaker.build.material import Material, Planned, key_of
from feedmaker.catalogue import Mention
from feedmaker.feeds import atom, gate, json_feed, opml, rss
from feedmaker.feeds.feed import Feed, Item, Tombstone, make_feed
from feedmaker.feeds.items import episode_item, issue_item, recommendation_id, recommendation_items
from feedmaker.feeds.outline import OPML_PATH, Format
from feedmaker.feeds.podcast import Channel, make_broadcast
from feedmaker.history import History, split, taken_back, volumes
from feedmaker.lock import Entry
from feedmaker.series import Series

_WRITERS = {"rss": rss.to_bytes, "atom": atom.to_bytes, "json": json_feed.to_bytes}
# What holds the newest notes is made last.
NEWEST = 1 << 31


@dataclass(frozen=True, slots=True)
class _Document:
    """Hold what one document of a feed is made from: its notes or issues, the newest first, and its place."""

    series: Series
    paths: Sequence[str]
    volume: int | None
    previous: int | None
    stones: tuple[Tombstone, ...]


class FeedPlans:
    """Plan the documents of all feeds."""

    def __init__(self, material: Material, series: Sequence[Series], channel: Channel | None) -> None:
        self._material = material
        self._series = series
        self._channel = channel
        self._histories = [self._history(each) for each in series]
        self._gone = [entry for entry in material.resolution.lock.entries.values() if entry.gone]
        self._made: tuple[str, Mapping[Format, bytes]] = ("", {})

    def archives(self) -> Iterator[Planned]:
        """Plan the volumes of the archives, which no new note changes."""
        for series, history in zip(self._series, self._histories, strict=True):
            for number, paths in history.volumes:
                stones = self._tombstones(series, number)
                yield from self._formats(_Document(series, paths, number, history.before(number), stones))

    def current(self) -> Iterator[Planned]:
        """Plan the documents to subscribe to."""
        for series, history in zip(self._series, self._histories, strict=True):
            stones = self._tombstones(series, None)
            yield from self._formats(_Document(series, history.current, None, history.before(), stones))

    def opml(self) -> Planned:
        """Plan the list of all feeds."""
        outlines = [series.outline for series in self._series]
        site, since = self._material.config.site, self._material.resolution.lock.since
        key = key_of("opml", self._material.environment, *map(repr, outlines))
        return Planned(OPML_PATH, key, lambda: opml.to_bytes(site, outlines, since), NEWEST)

    def _history(self, series: Series) -> History[str]:
        lock, entries = self._material.resolution.lock, self._material.entries
        if series.medium is not None or series.kind == "issues":
            return History(series.paths[: series.size], ())
        # A volume of the main feed, or of all recommendations, stays, even when all in it was taken back.
        of_all = not series.outline.name
        known = volumes(
            entry
            for entry in lock.entries.values()
            if of_all or (series.kind == "recommendations" and entry.recommendations)
        )
        return split(series.paths, series.size, lambda path: entries[path].archive, known)

    def _formats(self, document: _Document) -> Iterator[Planned]:
        series = document.series
        key = key_of(
            *("feed", self._material.environment, repr(series.outline), repr(self._channel)),
            *(repr((series.medium, document.volume, document.previous)), repr(document.stones)),
            *(self._key(document, path) for path in document.paths),
        )
        for kind, path in series.outline.paths(document.volume).items():
            make = partial(self._bytes, key, kind, document)
            yield Planned(path, key, make, document.volume or NEWEST)

    def _key(self, document: _Document, path: str) -> str:
        if document.series.kind == "issues":
            return self._material.sent.raw[path]
        key = self._material.key(path)
        return key + repr(self._earlier(document, path)) if document.series.kind == "recommendations" else key

    def _bytes(self, key: str, kind: Format, document: _Document) -> bytes:
        """Return a document in one format; all formats are made together and pass the gate together."""
        if self._made[0] != key:
            feed = make_feed(
                self._material.config,
                document.series.outline,
                (item for path in document.paths for item in self._items(document, path)),
                since=self._material.resolution.lock.since,
                volume=document.volume,
                previous=document.previous,
                tombstones=document.stones,
                channel=self._channel if document.series.kind == "podcast" else None,
            )
            self._made = key, _written(feed)
        return self._made[1][kind]

    def _items(self, document: _Document, path: str) -> Iterator[Item]:
        config, material, series = self._material.config, self._material, document.series
        if series.kind == "issues":
            yield issue_item(config.site, material.sent.issues[path])
            return
        publication, content = material.rendered(path)
        keys = material.keys(path)
        if series.kind == "recommendations":
            earlier = self._earlier(document, path)
            yield from recommendation_items(config.site, publication, content, keys, earlier, series.medium)
        else:
            is_podcast = series.kind == "podcast"
            broadcast = make_broadcast(config, publication, content, keys) if is_podcast else None
            yield episode_item(config.site, publication, content, broadcast)

    def _earlier(self, document: _Document, path: str) -> Sequence[Sequence[Mention]]:
        """Return who recommended the same before; an archive leaves it out, for notes may be corrected."""
        return self._material.earlier(path) if document.volume is None else ()

    def _tombstones(self, series: Series, volume: int | None) -> tuple[Tombstone, ...]:
        """Return what was taken back, for feeds of everything: which tags it had nobody knows any more."""
        of_all = not series.outline.name or (series.kind == "recommendations" and series.medium is None)
        gone = taken_back(self._gone, series.size, volume) if of_all else ()
        return tuple(
            Tombstone(name, entry.gone) for entry in gone if entry.gone for name in _names(entry, series)
        )


def _names(entry: Entry, series: Series) -> list[str]:
    """Return the ids under which a feed had a note, or its recommendations."""
    if series.kind == "recommendations":
        return [recommendation_id(entry.id, key) for key, _ in entry.recommendations]
    return [entry.id]


def _written(feed: Feed) -> dict[Format, bytes]:
    files = {kind: _WRITERS[kind](feed) for kind in feed.addresses}
    gate.check(feed, files)
    return files
