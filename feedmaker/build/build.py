"""One build: notes → lock → feeds and pages, doing only what has changed.

Each output has a key, a hash of all that it is made from; what has the same key and lies untouched on disk
is not made again. The order is what makes a build safe to fail and to kill: the index hears what was read and
what is coming; everything is made, passes its gate and is written beside its place; the lock is saved; pages
are moved into place, and after them the feeds that link to them; old files go; and last the index hears that
it is done.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from feedmaker import __version__
from feedmaker.config import Config
from feedmaker.content import Content, render
from feedmaker.disclosure import check_disclosure
from feedmaker.disk import write_durably
from feedmaker.errors import Diagnostic
from feedmaker.feeds import atom, gate, json_feed, rss
from feedmaker.feeds.feed import ATOM_FILE, JSON_FILE, RSS_FILE, make_feed
from feedmaker.index import DamagedIndexError, Index, Written
from feedmaker.lock import Entry, Lock, Resolution, dump_lock, page_address, publication, resolve
from feedmaker.merchants import without_shop_links
from feedmaker.model import Artifact, Episode, Publication
from feedmaker.notes.note import parse_note
from feedmaker.pages import (
    ARCHIVE_PATH,
    INDEX_PATH,
    STYLE_PATH,
    ArchiveRow,
    archive_page,
    episode_page,
    episode_path,
    index_page,
    stylesheet,
)
from feedmaker.publish import Output
from feedmaker.reading import Progress, Reading, clash_diagnostics
from feedmaker.templating import Templates

FEED_PATHS = (RSS_FILE, ATOM_FILE, JSON_FILE)
_UNWRITTEN = Written("", -1, -1)


@dataclass(frozen=True, slots=True)
class Planned:
    """Name an output, the key of what it is made from, and how it is made."""

    path: str
    key: str
    make: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Built:
    """Tell what a build has done."""

    resolution: Resolution
    diagnostics: Sequence[Diagnostic]
    broken: Sequence[str]
    new: Sequence[str]
    changed: Sequence[str]
    removed: Sequence[str]
    written: Sequence[str]
    lock_saved: bool


class Build:
    """Carry one build from what was read to what is written."""

    def __init__(
        self,
        folder: Path,
        config: Config,
        templates: Templates,
        index: Index,
        reading: Reading,
        lock: Lock | None,
        now: datetime,
    ) -> None:
        self.folder = folder
        self.config = config
        self.templates = templates
        self.index = index
        self.reading = reading
        self.before = lock
        self.resolution = resolve(lock, reading.facts.values(), reading.unknown, config.site, now)
        self.entries = sorted(self.resolution.published.items(), key=lambda item: _age(item[1]))
        self._newest = [path for path, _ in self.entries[: config.feeds.entries]]
        shown = config.model_dump_json(include={"site", "merchants"})
        self._environment = _key(__version__, shown, templates.digest())
        self._contents: dict[str, tuple[Publication, Content]] = {}
        self._feed_files: dict[str, bytes] = {}

    def run(self, lock_path: Path, output: Output, progress: Progress) -> Built:
        """Write what has changed.

        Raises `GateError`, `TemplateError` or `OutputError`. Until all is made and staged nothing changes;
        a disk that fails later, between two moves, leaves each file old or new for the next build.
        """
        known, reading = self.index.outputs(), self.reading
        planned = [*self._pages(), *self._feeds()]
        self.index.record_notes(reading.read, reading.broken, reading.gone, reading.rules)
        self.index.announce({item.path for item in planned} - known.keys())
        outputs = self._stage(planned, output, known, progress)
        self._save_lock(lock_path)
        outputs |= output.commit()
        dropped = sorted(set(known) - set(outputs))
        for path in dropped:
            output.remove(path)
        changed = {path: item for path, item in outputs.items() if known.get(path) != item}
        self.index.record_outputs(changed, dropped)
        return self._told(output)

    def publications(self, paths: Sequence[str]) -> list[tuple[Publication, Content]]:
        """Return the publication and content of notes by their paths, in that order."""
        return [self._rendered(path) for path in paths]

    def _feeds(self) -> Iterator[Planned]:
        """Plan the feeds."""
        since = self.resolution.lock.since.isoformat()
        key = _key("feeds", self._environment, since, *map(self._entry_key, self._newest))
        for path in FEED_PATHS:
            yield Planned(path, key, partial(self._feed, path))

    def _feed(self, path: str) -> bytes:
        """Return one of the feeds, which are made together and pass the gate together."""
        if not self._feed_files:
            entries = self.publications(self._newest)
            feed = make_feed(self.config.site, entries, since=self.resolution.lock.since)
            writers = (rss.to_bytes, atom.to_bytes, json_feed.to_bytes)
            files = {name: write(feed) for name, write in zip(FEED_PATHS, writers, strict=True)}
            gate.check(feed, files)
            self._feed_files = files
        return self._feed_files[path]

    def _pages(self) -> Iterator[Planned]:
        """Plan the site."""
        site, templates = self.config.site, self.templates
        for path, entry in self.entries:
            if not self.reading.facts[path].url:
                key = _key("page", self._environment, self._entry_key(path))
                yield Planned(episode_path(entry.slug), key, partial(self._page, path))
        key = _key("index", self._environment, *map(self._entry_key, self._newest))
        yield Planned(INDEX_PATH, key, lambda: index_page(templates, site, self.publications(self._newest)))
        rows = [self._row(path, entry) for path, entry in self.entries]
        key = _key("archive", self._environment, *(repr(row) for row in rows))
        yield Planned(ARCHIVE_PATH, key, lambda: archive_page(templates, site, rows))
        yield Planned(STYLE_PATH, _key("style", self._environment), lambda: stylesheet(templates, site))

    def _page(self, path: str) -> bytes:
        """Write the page of a note and see that it tells of paid links."""
        published, content = self._rendered(path)
        data = episode_page(self.templates, self.config.site, published, content)
        check_disclosure(f"the page of {path}", data.decode(), content.links)
        return data

    def _stage(
        self, planned: Sequence[Planned], output: Output, known: Mapping[str, Written], progress: Progress
    ) -> dict[str, Written]:
        """Make what is not there yet, beside its place; return the outputs that are to stand, in order."""
        outputs: dict[str, Written] = {}
        todo = []
        for item in planned:
            before = known.get(item.path)
            outputs[item.path] = before or _UNWRITTEN
            if not output.is_as(item.path, before, item.key):
                todo.append(item)
        for number, item in enumerate(todo):
            progress("writing", number, len(todo))
            output.stage(Artifact(item.path, item.make()), item.key)
        progress("writing", len(todo), len(todo))
        return outputs

    def _row(self, path: str, entry: Entry) -> ArchiveRow:
        facts = self.reading.facts[path]
        return ArchiveRow(
            facts.url or page_address(self.config.site, entry.slug), facts.title, facts.show, facts.aired
        )

    def _entry_key(self, path: str) -> str:
        entry = self.resolution.published[path]
        dates = entry.published.isoformat(), entry.updated.isoformat()
        return _key(self.reading.raw[path], entry.id, entry.slug, *dates)

    def _rendered(self, path: str) -> tuple[Publication, Content]:
        """Return publication and content of a note; rendered once, where several outputs hold it."""
        found = self._contents.get(path)
        if found is None:
            episode = without_shop_links(self._episode(path), self.config.merchants)
            entry = self.resolution.published[path]
            found = publication(entry, episode, self.config.site), render(episode, self.config.merchants)
            if path in self._newest:
                self._contents[path] = found
        return found

    def _episode(self, path: str) -> Episode:
        """Return the episode of a note, from this build's reading or from the last good text."""
        found = self.reading.episodes.pop(path, None)
        if found is None:
            found = parse_note(path, self.index.text(path)).episode
        if found is None:
            raise DamagedIndexError(f"the index holds no valid text of {path}; it may be removed")
        return found

    def _save_lock(self, path: Path) -> None:
        lock = self.resolution.lock
        if self.before != lock:
            write_durably(path, dump_lock(lock).encode())

    def _told(self, output: Output) -> Built:
        before = self.before.entries if self.before else {}
        after = self.resolution.published
        live = {entry.id for entry in after.values()}
        gone = [
            entry.source
            for entry in before.values()
            if entry.id not in live and entry.source in self.reading.gone
        ]
        return Built(
            self.resolution,
            sorted((*self.reading.diagnostics, *clash_diagnostics(self.folder, self.resolution))),
            sorted(self.reading.broken),
            sorted(path for path, entry in after.items() if entry.id not in before),
            sorted(
                path
                for path, entry in after.items()
                if entry.id in before and before[entry.id].digest != entry.digest
            ),
            sorted(gone),
            output.written,
            self.before != self.resolution.lock,
        )


def _age(entry: Entry) -> tuple[float, int, str]:
    """Sort the newest first, as the feeds do."""
    return -entry.published.timestamp(), -entry.aired.toordinal(), entry.id


def _key(*parts: str) -> str:
    total = hashlib.blake2b(digest_size=16)
    for part in parts:
        total.update(part.encode("utf-8", "surrogateescape"))
        total.update(b"\0")
    return total.hexdigest()
