"""Pages that were fetched → their notes and originals on disk, and their entries in the lock.

Held against what a person has done meanwhile: a note that was edited or removed here stays as it is.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import count
from operator import itemgetter
from pathlib import Path
from typing import Literal

from feedmaker.app.project import Project
from feedmaker.config import Site
from feedmaker.disk import explained, write_durably
from feedmaker.errors import Diagnostic
from feedmaker.listing import EPISODES
from feedmaker.lock import Entry, Lock, dump_lock, free_slug
from feedmaker.notes.note import Facts
from feedmaker.source_memory import KnownPage
from feedmaker.sources.naming import slug_from
from feedmaker.sources.pages import Made, Page, ending_of, make_note

ORIGINALS = "originals"
State = Literal["new", "changed", "unchanged", "gone", "skipped", "failed"]
_SECOND = timedelta(seconds=1)
_ENDINGS = {".html": "text/html", ".txt": "text/plain"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """Tell what became of a page: its address, the path of its note, why it is not as one would expect.

    `diagnostics` are about the page as it came; `cause` is what a failure is one of, where that is known.
    """

    state: State
    address: str
    path: str = ""
    reason: str = ""
    diagnostics: Sequence[Diagnostic] = ()
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Fresh:
    """Hold a page that came with other bytes than before; `folder` is that of its source's notes."""

    known: KnownPage
    folder: str
    data: bytes
    content_type: str
    url: str


@dataclass(slots=True)
class _Plan:
    """Say what is to be done for one page."""

    known: KnownPage
    outcome: Outcome
    note: tuple[str, bytes] | None = None
    original: tuple[str, bytes] | None = None
    made: Made = field(default_factory=Made)


class Notes:
    """Place the notes of pages in a project; `pages` are all that are known from before."""

    def __init__(self, project: Project, site: Site, now: datetime, pages: Iterable[KnownPage]) -> None:
        self.project = project
        self.site = site
        self.now = now.astimezone(UTC).replace(microsecond=0)
        self._sources: AbstractSet[str] = frozenset()
        self._taken = {path for page in pages for path in (page.path, page.original) if path}

    def exists(self, path: str) -> bool:
        """Tell whether there is a file at a path of the project."""
        return bool(path) and os.path.lexists(self.project.folder / path)

    def renewed(self, known: KnownPage) -> KnownPage:
        """Forget how a page was where a person has removed both of its files, to have it collected anew."""
        if not known.original or self.exists(known.original) or self.exists(known.path):
            return known
        self._taken -= {known.path, known.original}
        return KnownPage(known.address, known.id, known.backlog, known.moved_to)

    def found(self, known: KnownPage) -> KnownPage:
        """Follow a note that was moved to another place."""
        if not known.path or self.exists(known.path):
            return known
        path = self._by_id.get(known.id)
        return replace(known, path=path) if path and self.exists(path) else known

    def place(self, pages: Sequence[Fresh]) -> list[tuple[KnownPage, Outcome]]:
        """Write the notes and originals of pages; for who holds the work lock.

        Killed at any moment, what is not yet remembered of a page is done again by the next collection, and
        comes to the same. Entries of the back catalogue are in the lock before their notes are there: a build
        in between would make news of them.
        """
        # A page that moved is known by its new address before a page that is new there.
        pages = sorted(pages, key=lambda page: (not page.known.path, page.known.address))
        lock = self.project.lock()
        known_ids = frozenset(lock.entries) if lock else frozenset[str]()
        self._sources = {entry.source for entry in lock.entries.values()} if lock else set()
        plans = [self._plan(page, lock, known_ids) for page in pages]
        staged = self._stage(plans)
        backlog = [
            plan
            for plan in plans
            if plan.outcome.state == "new" and plan.known.backlog and plan.known.id not in known_ids
        ]
        if backlog:
            lock = lock or self._first_lock()
            write_durably(self.project.lock_path, dump_lock(self._with_entries(lock, backlog)).encode())
        for source, path in staged:
            target = self.project.folder / path
            with explained(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                source.replace(target)
        shutil.rmtree(self._waiting, ignore_errors=True)
        for plan, page in zip(plans, pages, strict=True):
            self._drop_other(page.known.original, plan.known.original)
        return [(plan.known, plan.outcome) for plan in plans]

    def _plan(self, page: Fresh, lock: Lock | None, known_ids: AbstractSet[str]) -> _Plan:
        known = self.found(page.known)
        owner = self._by_url.get(page.url)
        if not known.path:
            known = replace(known, path=self._by_id.get(known.id, ""))
        if not known.path and owner is not None:
            reason = f"{owner} is the note of this page already"
            return _Plan(replace(known, faults=""), Outcome("skipped", known.address, owner, reason))
        had_note = bool(known.path)
        path = known.path or self._free_path(page, lock)
        self._taken.add(path)
        known = replace(known, original=self._original(known, path, page))
        shown = known.original or known.address
        made = make_note(Page(page.data, page.content_type, page.url, known.id, shown))
        is_page = bool(ending_of(page.data, page.content_type))
        original = (known.original, page.data) if is_page else None
        if not made.text:
            faults = json.dumps([each.to_data() for each in made.diagnostics])
            outcome = Outcome("failed", known.address, known.path, "", made.diagnostics)
            return _Plan(replace(known, faults=faults), outcome, original=original)
        known = replace(known, path=path, faults="", told=False)
        text = made.text.encode()
        plan = _Plan(known, Outcome("new", known.address, path, "", made.diagnostics), None, original, made)
        if self.exists(path):
            self._plan_existing(plan, text)
        elif (had_note and known.written) or (known.id in known_ids and self.exists(known.original)):
            said = f"its note was removed here; remove {known.original} too to have it again"
            plan.outcome = replace(plan.outcome, state="skipped", reason=said)
            plan.known = replace(known, told=True)
        else:
            plan.note = (path, text)
            plan.known = replace(known, written=_digest(text))
        if plan.note:
            self._by_id[known.id] = self._by_url[page.url] = path
        return plan

    def _plan_existing(self, plan: _Plan, text: bytes) -> None:
        """Decide on a note that is there: it is replaced only where nobody has touched it."""
        known = plan.known
        try:
            there = (self.project.folder / known.path).read_bytes()
        except OSError as error:
            said = f"cannot be read ({error.strerror}); mend that, and collect again"
            plan.outcome = replace(plan.outcome, state="failed", reason=f"{known.path}: {said}")
            plan.known, plan.original = replace(known, etag="", modified="", digest=""), None
            return
        if there == text:
            plan.outcome = replace(plan.outcome, state="unchanged")
        elif known.written == _digest(there) or (not known.written and self._makes(known, there)):
            plan.outcome = replace(plan.outcome, state="changed")
            plan.note = (known.path, text)
        else:
            said = f"was edited here and stays as it is; the page as it is now is {known.original}"
            plan.outcome = replace(plan.outcome, state="skipped", reason=said)
            return
        plan.known = replace(known, written=_digest(text))

    def _makes(self, known: KnownPage, there: bytes) -> bool:
        """Tell whether the original on disk makes this very note, so that nobody has edited it."""
        facts = self._facts.get(known.path)
        url = (facts.url if facts else None) or known.address
        for path, content_type in _alternatives(known.original):
            with suppress(OSError):
                data = (self.project.folder / path).read_bytes()
                return make_note(Page(data, content_type, url, known.id, path)).text.encode() == there
        return False

    def _free_path(self, page: Fresh, lock: Lock | None) -> str:
        """Find a place for a note: that of its original, where the lock saw it, or one by its address."""
        entry = lock.entries.get(page.known.id) if lock else None
        original = page.known.original
        beside = f"{EPISODES}/{_with_ending(original.removeprefix(f'{ORIGINALS}/'), '.md')}"
        for path in ([beside] if original else []) + ([entry.source] if entry else []):
            if self._is_free(path):
                return path
        numbered = _numbered(f"{EPISODES}/{page.folder}/{slug_from(page.known.address)}")
        new = (path for path in numbered if path not in self._sources)
        return next(path for path in new if self._is_free(path, *map(itemgetter(0), _alternatives(path))))

    def _is_free(self, *paths: str) -> bool:
        return not any(path in self._taken or self.exists(path) for path in paths)

    def _original(self, known: KnownPage, path: str, page: Fresh) -> str:
        """Return where the original is kept: where it was, with the ending that it has now."""
        ending = ending_of(page.data, page.content_type)
        if not ending:
            return known.original
        found = _with_ending(known.original or _original_of(path), ending)
        self._taken.add(found)
        return found

    def _drop_other(self, before: str, now: str) -> None:
        """Remove the original that had another ending."""
        if before and before != now:
            with explained(self.project.folder / before):
                (self.project.folder / before).unlink(missing_ok=True)

    def _stage(self, plans: Sequence[_Plan]) -> list[tuple[Path, str]]:
        """Write all files where nobody looks, safely, and return where each belongs: notes first."""
        shutil.rmtree(self._waiting, ignore_errors=True)
        with explained(self._waiting):
            self._waiting.mkdir(parents=True)
        files = [plan.note for plan in plans if plan.note]
        files += [plan.original for plan in plans if plan.original]
        staged = []
        for number, (path, data) in enumerate(files):
            waiting = self._waiting / str(number)
            with explained(waiting):
                waiting.write_bytes(data)
            staged.append((waiting, path))
        os.sync()
        return staged

    def _first_lock(self) -> Lock:
        """Return the lock that a first build would write, for the lock that is begun here makes it none."""
        _, resolution = self.project.survey(self.now)
        return resolution.lock

    def _with_entries(self, lock: Lock, plans: Iterable[_Plan]) -> Lock:
        """Enter notes as back catalogue, dated by their pages."""
        entries = dict(lock.entries)
        slugs = {entry.slug for entry in entries.values()}
        moments = {entry.updated for entry in entries.values()}
        for plan in plans:
            made, known = plan.made, plan.known
            published = min(self.now, self.site.at_publishing_time(made.aired).astimezone(UTC))
            while published in moments:
                published -= _SECOND
            moments.add(published)
            slug = free_slug(made.title, made.aired, slugs)
            slugs.add(slug)
            entries[known.id] = Entry(
                known.id, slug, known.path, made.aired, published, published, made.digest, backlog=True
            )
        return replace(lock, entries=entries)

    @property
    def _waiting(self) -> Path:
        return self.project.state / "collect"

    @cached_property
    def _by_id(self) -> dict[str, str]:
        return {facts.id: path for path, facts in self._facts.items() if facts.id}

    @cached_property
    def _by_url(self) -> dict[str, str]:
        return {facts.url: path for path, facts in self._facts.items() if facts.url}

    @cached_property
    def _facts(self) -> Mapping[str, Facts]:
        reading, _ = self.project.survey(self.now)
        return reading.facts


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _original_of(path: str) -> str:
    return f"{ORIGINALS}/{path.removeprefix(f'{EPISODES}/')}"


def _with_ending(path: str, ending: str) -> str:
    return f"{path.rpartition('.')[0]}{ending}"


def _alternatives(path: str) -> Iterator[tuple[str, str]]:
    """Yield where the original of a note may be, each with the type that its ending means."""
    original = path if path.startswith(f"{ORIGINALS}/") else _original_of(path)
    yield from ((_with_ending(original, ending), content_type) for ending, content_type in _ENDINGS.items())


def _numbered(base: str) -> Iterator[str]:
    yield f"{base}.md"
    yield from (f"{base}-{number}.md" for number in count(2))
