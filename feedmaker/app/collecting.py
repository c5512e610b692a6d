"""Collecting notes from elsewhere: what the sources list, page by page, polite and never twice.

What a source lists when it is first read is back catalogue; what it lists later is news. Pages are fetched
without the work lock, which is only taken to put what came into its place.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus

from feedmaker.app.collected_notes import Fresh, Notes, Outcome
from feedmaker.app.outcome import Cause
from feedmaker.app.project import Project, silent
from feedmaker.config import Config, Source
from feedmaker.crawl import (
    Crawler,
    DisallowedError,
    Got,
    HostError,
    PutOffError,
    TimeUpError,
    Wanted,
    host_of,
)
from feedmaker.errors import Diagnostic, FetchError, UsageError
from feedmaker.fetch import Fetched, StatusError, UnreachableError, shown_address
from feedmaker.reading import Progress
from feedmaker.source_memory import KnownList, KnownPage, Memory
from feedmaker.sources.lists import (
    LIST_LIMIT,
    MOST_PAGES,
    Listed,
    fits,
    page_address,
    read_feed_list,
    read_sitemap,
)
from feedmaker.sources.naming import note_id
from feedmaker.sources.pages import PAGE_LIMIT
from feedmaker.worklock import exclusive

SECONDS = 1800.0
"""How long one collection takes at most; the next one goes on where it stopped."""

MOST_LISTS = 1000
_BATCH = 500
_BATCH_BYTES = 20_000_000
_GONE = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)


@dataclass(frozen=True, slots=True)
class Collected:
    """Tell what a collection did.

    `outcomes` are those of all pages that did not just stay as they were, which `unchanged` counts. `left` is
    the number of pages for which there was no time. `faults` says what is wrong with sources, by name.
    """

    outcomes: Sequence[Outcome]
    unchanged: int
    left: int
    faults: Sequence[tuple[str, str]]
    causes: Sequence[Cause]

    @property
    def failed(self) -> bool:
        """Tell whether something failed."""
        return bool(self.faults) or any(outcome.state == "failed" for outcome in self.outcomes)

    @property
    def changes(self) -> list[str]:
        """Say which notes were written, a line for each."""
        written = (each for each in self.outcomes if each.state in ("new", "changed"))
        return [f"{each.state} {each.path}" for each in written]

    @property
    def summary(self) -> str:
        """Say in a line what a collection did."""
        counts: Counter[str] = Counter(outcome.state for outcome in self.outcomes)
        counts["unchanged"] += self.unchanged
        order = ("new", "changed", "unchanged", "gone", "skipped", "failed")
        parts = [f"{counts[state]} {state}" for state in order if counts[state]]
        if self.left:
            parts.append(f"{self.left} left for next time")
        if self.faults:
            parts.append(f"lists that could not be read whole: {', '.join(dict(self.faults))}")
        return ", ".join(parts) or "no pages"


def collect(
    project: Project,
    now: datetime,
    progress: Progress = silent,
    names: Sequence[str] = (),
    seconds: float = SECONDS,
) -> Collected:
    """Fetch the pages of all sources, or of those named, and write the notes that they make.

    The work lock is held only while something is written. `progress` may raise to stop: what was done until
    then stays. Raises `UsageError`, `ConfigError`, `OutputError`, and `BusyError` where another collection is
    under way.
    """
    config = project.config()
    sources = _chosen(config, names)
    with exclusive(project.state / "collect.lock", 0.0), Memory.open(project.state / "sources.db") as memory:
        crawler = Crawler(memory.hosts(), now, seconds)
        wanted, faults = _Listing(memory, crawler, progress, now).read(sources)
        notes = Notes(project, config.site, now, wanted.everything.values())
        return _Collection(memory, crawler, notes, progress, project.working).run(wanted, faults)


def _chosen(config: Config, names: Sequence[str]) -> list[Source]:
    if not config.sources:
        raise UsageError("schedule.yaml has no sources; see docs/sources.md")
    known = {source.name: source for source in config.sources}
    for name in names:
        if name not in known:
            raise UsageError(f'there is no source "{name}"; known: {", ".join(known)}')
    return [known[name] for name in dict.fromkeys(names)] if names else list(config.sources)


@dataclass(frozen=True, slots=True)
class _Pages:
    """Hold which pages are to be asked for, in order, with the source of each; and all that are known."""

    asked: Mapping[str, Source]
    everything: Mapping[str, KnownPage]


class _Listing:
    """Read what sources list."""

    def __init__(self, memory: Memory, crawler: Crawler, progress: Progress, now: datetime) -> None:
        self.memory = memory
        self.crawler = crawler
        self.progress = progress
        self.now = now

    def read(self, sources: Sequence[Source]) -> tuple[_Pages, list[tuple[str, str]]]:
        """Return the pages of all sources, each as one of the first that lists it, and what is wrong."""
        faults: list[tuple[str, str]] = []
        listed: dict[str, Source] = {}
        for number, source in enumerate(sources):
            self.progress("reading lists", number, len(sources))
            pages, said = self._listed(source)
            faults += [(source.name, each) for each in said]
            for address in pages:
                listed.setdefault(address, source)
            is_first = self.memory.definition(source.name) != source.definition
            new = (KnownPage(address, note_id(address), is_first) for address in pages)
            self.memory.adopt(source.name, source.definition, new, whole=not said)
        known = self._with_moved(listed, self.memory.pages())
        # Those that were asked for longest ago come first, and before them those that never were.
        ordered = sorted(listed, key=lambda address: known[address].checked)
        return _Pages({address: listed[address] for address in ordered}, known), faults

    def _with_moved(
        self, listed: Mapping[str, Source], known: Mapping[str, KnownPage]
    ) -> dict[str, KnownPage]:
        """Know pages by their new addresses where those are listed in place of the old ones."""
        found = dict(known)
        for page in known.values():
            is_replaced = page.moved_to in listed and page.address not in listed
            if is_replaced and page.path and not known[page.moved_to].path:
                found[page.moved_to] = replace(page, address=page.moved_to, moved_to="")
                self.memory.rename(found[page.moved_to], page.address)
        return found

    def _listed(self, source: Source) -> tuple[list[str], list[str]]:
        """Return the pages of a source, each once, and what is wrong with its lists."""
        faults: list[str] = []
        found: dict[str, None] = {}
        start = source.feed or source.sitemap
        if start is None:
            found = dict.fromkeys(filter(None, map(page_address, source.pages)))
        waiting = [start] if start else []
        seen = set(waiting)
        while waiting:
            listed = self._list(waiting.pop(0), source)
            if listed.fault:
                faults.append(listed.fault)
            found |= dict.fromkeys(page for page in listed.pages if fits(page, source.only))
            new = [address for address in dict.fromkeys(listed.lists) if address not in seen]
            if len(seen) + len(new) > MOST_LISTS:
                faults.append(f"more than {MOST_LISTS:,} sitemaps; the rest is left out")
                new = new[: MOST_LISTS - len(seen)]
            seen.update(new)
            waiting += new
        if len(found) > MOST_PAGES:
            faults.append(f"more than {MOST_PAGES:,} pages; the rest is left out")
        return list(found)[:MOST_PAGES], faults

    def _list(self, address: str, source: Source) -> Listed:
        """Read one list; where it cannot be had, what it named last time."""
        known = self.memory.list(address)
        headers = _validators(known.etag, known.modified) if known else {}
        got = self.crawler.get(
            Wanted(address, address, headers, source.private, source.pause, limit=LIST_LIMIT)
        )
        if got.answer is None:
            said = str(got.error)
            fault = said if said.startswith("http") else f"{shown_address(address)}: {said}"
            return Listed(known.pages, known.lists, fault) if known else Listed(fault=fault)
        digest = _digest(got.answer.body)
        if known and (got.answer.status == HTTPStatus.NOT_MODIFIED or digest == known.digest):
            return Listed(known.pages, known.lists)
        read = read_feed_list if source.feed else read_sitemap
        listed = read(got.answer.body, got.answer.url)
        if listed.fault:
            pages = dict.fromkeys((*listed.pages, *(known.pages if known else ())))
            return replace(listed, pages=tuple(pages), fault=f"{shown_address(address)}: {listed.fault}")
        etag, modified = _given(got.answer)
        self.memory.keep_list(KnownList(address, etag, modified, digest, listed.pages, listed.lists))
        return listed


class _Collection:
    """Ask for pages, and put what comes into its place."""

    def __init__(
        self,
        memory: Memory,
        crawler: Crawler,
        notes: Notes,
        progress: Progress,
        locked: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self.memory = memory
        self.crawler = crawler
        self.notes = notes
        self.progress = progress
        self.locked = locked
        self.outcomes: list[Outcome] = []
        self.unchanged = 0
        self.left = 0
        self.fresh: list[Fresh] = []
        self.kept: list[KnownPage] = []

    def run(self, pages: _Pages, faults: Sequence[tuple[str, str]]) -> Collected:
        """Collect all pages."""
        asked = pages.asked
        known = {address: self.notes.renewed(pages.everything[address]) for address in asked}
        wanted = [self._wanted(known[address], source) for address, source in asked.items()]
        for number, got in enumerate(self.crawler.get_all(wanted), 1):
            self._take(known[got.wanted.key], got, asked)
            if len(self.fresh) + len(self.kept) >= _BATCH or self._size() > _BATCH_BYTES:
                self._save()
            try:
                self.progress("collecting pages", number, len(asked))
            except BaseException:
                self._save()
                raise
        self._save()
        return Collected(self.outcomes, self.unchanged, self.left, faults, list(self._causes(faults)))

    def _wanted(self, page: KnownPage, source: Source) -> Wanted:
        headers = _validators(page.etag, page.modified) if page.digest else {}
        url = page.moved_to or page.address
        return Wanted(page.address, url, headers, source.private, source.pause, PAGE_LIMIT)

    def _take(self, page: KnownPage, got: Got, asked: Mapping[str, Source]) -> None:
        """Decide what an answer means for a page."""
        if isinstance(got.error, TimeUpError):
            self.left += 1
            return
        page = replace(page, checked=self.crawler.moment().astimezone(UTC).isoformat())
        if got.answer is None:
            self._take_error(page, got.error or FetchError(""))
            return
        answer = got.answer
        if answer.moved:
            page = replace(page, moved_to=page_address(answer.url) or "")
        if answer.status == HTTPStatus.NOT_MODIFIED:
            if page.digest:
                # The next collection gets the page as a whole, for its note is to lead to the new address.
                self._leave(replace(page, digest="") if answer.moved else page)
            else:
                reason = "answers that it has not changed, but was never here; tell its owner"
                self._tell(page, Outcome("failed", page.address, reason=reason))
            return
        digest = _digest(answer.body)
        is_same = digest == page.digest and not answer.moved
        etag, modified = _given(answer)
        page = replace(page, etag=etag, modified=modified, digest=digest)
        if is_same:
            self._leave(page)
        elif page.moved_to in asked and not page.path:
            reason = f"is the same page as {page.moved_to}"
            self._tell(page, Outcome("skipped", page.address, reason=reason))
        else:
            folder = asked[page.address].place
            kind = answer.headers.get("content-type", "")
            url = page.moved_to or page.address
            self.fresh.append(Fresh(page, folder, answer.body, kind, url))

    def _take_error(self, page: KnownPage, error: FetchError) -> None:
        if isinstance(error, StatusError) and error.status in _GONE:
            if page.moved_to:
                page = replace(page, moved_to="", etag="", modified="")
            reason = f"the answer was {error.status}; its note stays" if page.path else str(error)
            self._tell(page, Outcome("gone", page.address, page.path, reason))
        elif isinstance(error, HostError):
            self._tell(page, Outcome("failed", page.address, page.path, str(error), cause=error.host))
        elif isinstance(error, PutOffError | DisallowedError) or _is_busy(error):
            self._tell(page, Outcome("skipped", page.address, page.path, str(error)))
        else:
            cause = host_of(page.moved_to or page.address) if isinstance(error, UnreachableError) else ""
            self._tell(page, Outcome("failed", page.address, page.path, str(error), cause=cause))

    def _leave(self, page: KnownPage) -> None:
        """Leave a page that has not changed; what is wrong with it is told again, without reading it."""
        page = self.notes.found(page)
        if page.faults:
            found = tuple(Diagnostic(**each) for each in json.loads(page.faults))
            self._tell(page, Outcome("failed", page.address, page.path, "", found))
        elif page.path and not page.told and not self.notes.exists(page.path):
            reason = f"its note was removed here; remove {page.original} too to have it again"
            self._tell(replace(page, told=True), Outcome("skipped", page.address, page.path, reason))
        else:
            self.unchanged += 1
            self.kept.append(page)

    def _tell(self, page: KnownPage, outcome: Outcome) -> None:
        self.kept.append(page)
        self._add(outcome)

    def _add(self, outcome: Outcome) -> None:
        if outcome.state == "unchanged":
            self.unchanged += 1
        else:
            self.outcomes.append(outcome)

    def _size(self) -> int:
        return sum(len(fresh.data) for fresh in self.fresh)

    def _save(self) -> None:
        """Put what came into its place, and only then remember it."""
        if self.fresh:
            with self.locked():
                placed = self.notes.place(self.fresh)
            self.kept += [page for page, _ in placed]
            for _, outcome in placed:
                self._add(outcome)
            self.fresh.clear()
        self.memory.keep(self.kept, self.crawler.facts())
        self.kept.clear()

    def _causes(self, faults: Sequence[tuple[str, str]]) -> Iterator[Cause]:
        """Name what fails, each once: sources, hosts, and pages one by one."""
        found = {f"source {name}": f"{name}: {reason}" for name, reason in faults}
        for outcome in self.outcomes:
            if outcome.state == "failed":
                said = outcome.reason or "; ".join(map(str, outcome.diagnostics[:3]))
                key = f"host {outcome.cause}" if outcome.cause else f"page {outcome.address}"
                found.setdefault(key, said)
        yield from (Cause(key, text) for key, text in found.items())


def _is_busy(error: FetchError) -> bool:
    return isinstance(error, StatusError) and error.status == HTTPStatus.TOO_MANY_REQUESTS


def _validators(etag: str, modified: str) -> dict[str, str]:
    """Return the headers that ask whether something has changed (RFC 9110, 13.1), as its server put it."""
    headers = {"If-None-Match": etag, "If-Modified-Since": modified}
    return {name: value for name, value in headers.items() if value}


def _given(answer: Fetched) -> tuple[str, str]:
    return answer.headers.get("etag", ""), answer.headers.get("last-modified", "")


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()
