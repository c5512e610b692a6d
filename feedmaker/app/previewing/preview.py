"""The preview of a project: looks at its files, and makes what is asked for of what they say now.

All methods but `warm` belong to one thread, for the index does.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

from feedmaker.app.previewing.faults import Fault, explained
from feedmaker.app.previewing.feeds import FeedView, feed_view
from feedmaker.app.previewing.issues import (
    NEXT,
    IssueView,
    Kept,
    kept_issues,
    next_issue,
    waiting_issue,
)
from feedmaker.app.previewing.notes import NoteView, troubled_notes
from feedmaker.app.project import Inputs, Project, Seen, silent
from feedmaker.build.build import Build
from feedmaker.build.material import Planned, key_of
from feedmaker.config import Config
from feedmaker.errors import Diagnostic, FeedmakerError, UsageError
from feedmaker.feeds.outline import Format
from feedmaker.index import Index, copy_index, look
from feedmaker.notes.folder import NoteFile
from feedmaker.pages import ARCHIVE_PATH, INDEX_PATH, RECOMMENDATIONS_PATH, TAGS_PATH, episode_path
from feedmaker.reading import Progress
from feedmaker.series import Series
from feedmaker.template_faults import template_faults
from feedmaker.templating import Templates

T = TypeVar("T")
_KEPT = 200
_LISTS = {
    INDEX_PATH: "Front page",
    ARCHIVE_PATH: "All episodes",
    RECOMMENDATIONS_PATH: "Recommendations",
    TAGS_PATH: "Tags",
}


@dataclass(frozen=True, slots=True)
class Shown(Generic[T]):
    """Hold what is to be shown; with a fault, it is the last one that was good, if there was any."""

    value: T | None
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class PageLink:
    """Name a page: where it stands, what it is called, and for an episode its show and day."""

    path: str
    title: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class FeedLink:
    """Name a feed, which may be called nothing, and what it calls itself."""

    name: str
    title: str


@dataclass(frozen=True, slots=True)
class State:
    """Hold what is known of the project as a whole; `fault` keeps all of it from being looked at anew."""

    folder: str
    title: str
    address: str
    changed: str
    fault: Fault | None
    issues: tuple[tuple[str, str], ...]
    notes: int
    errors: int
    warnings: int
    held: int


@dataclass(frozen=True, slots=True)
class _Site:
    """Hold everything that was made of the files at one moment; `planning` goes on where `outputs` ends."""

    build: Build
    kept: Kept
    diagnostics: tuple[Diagnostic, ...]
    now: datetime
    outputs: dict[str, Planned]
    planning: Iterator[Planned]

    def planned(self, path: str) -> Planned | None:
        """Plan outputs until there is the one at a path; None where there is none."""
        while path not in self.outputs and (item := next(self.planning, None)):
            self.outputs[item.path] = item
        return self.outputs.get(path)

    def paths(self) -> Collection[str]:
        """Plan all outputs."""
        self.planned("")
        return self.outputs.keys()


class Preview:
    """Show what a project would publish and send now."""

    def __init__(self, project: Project, clock: Callable[[], datetime]) -> None:
        self._project = project
        self._clock = clock
        self._index_path = project.state / "preview.db"
        self._index: Index | None = None
        self._closing = ExitStack()
        self._site: _Site | None = None
        self._fault: Fault | None = None
        # A reader of the database sees what is written ahead of it, too.
        self._state_files = [project.state / name for name in ("state.db", "state.db-wal")]
        self._named: list[Path] = []
        self._files: tuple[Inputs, list[NoteFile]] | None = None
        self._templates = Templates(project.templates)
        self._digest = ""
        self._tried: tuple[str, list[Diagnostic]] = ("", [])
        self._due: datetime | None = None
        self._changed = clock()
        self._made: OrderedDict[str, bytes] = OrderedDict()
        self._good: OrderedDict[str, object] = OrderedDict()

    def warm(self, progress: Progress) -> None:
        """Read all notes once, before there are threads: only then can every core help.

        What is wrong with the project is left for the page to tell.
        """
        project = self._project
        copy_index(project.index_path, self._index_path)
        with suppress(FeedmakerError), Index.open(self._index_path) as index:
            self._prepare(index, self._clock(), progress, project.seen())

    def close(self) -> None:
        """Let go of the index."""
        self._closing.close()

    def refresh(self) -> bool:
        """Look at the files, and where one has changed or a note is due, at what they say; tell if so."""
        now, seen = self._clock().replace(second=0, microsecond=0), self._project.seen()
        files = seen.inputs, [look(path) for path in (*self._state_files, *self._named)]
        if files == self._files and not (self._due and self._due <= now):
            return False
        self._due = None
        self._files = files if seen.inputs.settled(seen.when) else None
        try:
            self._site, self._fault = self._read_all(now, seen), None
        except Exception as error:  # noqa: BLE001 - shown to the publisher; what was good stays
            self._fault = explained(error, self._project.folder)
        self._changed = self._clock()
        return True

    def state(self) -> State:
        """Return what is known of the project as a whole."""
        site, folder = self._site, self._project.folder
        if site is None:
            return State(folder.name, folder.name, "", self._clock_text(None), self._fault, (), 0, 0, 0, 0)
        build, errors = site.build, sum(each.is_error for each in site.diagnostics)
        resolution = build.resolution
        return State(
            folder.name,
            build.config.site.title,
            build.config.site.address,
            self._clock_text(build.config),
            self._fault,
            tuple(self._choices(site)),
            len(resolution.published),
            errors,
            len(site.diagnostics) - errors,
            len(resolution.drafts)
            + len(resolution.waiting)
            + len(resolution.clashes)
            + len(build.reading.broken),
        )

    def issue(self, name: str) -> Shown[IssueView]:
        """Show an issue: the next one, or one that is drafted, by its slug."""
        return self._keeping(f"issue {name}", partial(self._issue, name))

    def pages(self) -> list[PageLink]:
        """List all pages: the episodes, the newest first, and then the lists."""
        if self._site is None:
            return []
        material, paths = self._site.build.material, self._site.paths()
        notes = {episode_path(material.entries[note].slug): note for note in material.newest_first}
        episodes = [
            PageLink(path, facts.title, f"{facts.show} · {facts.aired.isoformat()}")
            for path, note in notes.items()
            for facts in (material.facts[note],)
            if path in paths
        ]
        others = [path for path in paths if path.endswith(".html") and path not in notes]
        known = [path for path in _LISTS if path in others]
        lists = [*known, *sorted(set(others) - set(known))]
        return [*episodes, *(PageLink(path, _list_name(path)) for path in lists)]

    def page(self, path: str) -> Shown[str]:
        """Name the present state of a page: the name changes when the page or its looks change."""
        shown = self.output(path)
        if shown.value is None or self._site is None:
            return Shown(None, shown.fault)
        environment = self._site.build.material.environment
        return Shown(key_of(environment, shown.value.decode()), shown.fault)

    def output(self, path: str) -> Shown[bytes]:
        """Return a file as a build would write it, by its path below public/."""
        return self._keeping(f"output {path}", partial(self._output, path))

    def feeds(self) -> list[FeedLink]:
        """List all feeds, the main one first."""
        return [FeedLink(each.outline.name, each.outline.title) for each in self._series()]

    def feed(self, name: str) -> Shown[FeedView]:
        """Show a feed in all its formats."""
        return self._keeping(f"feed {name}", partial(self._feed, name))

    def notes(self) -> list[NoteView]:
        """List the notes that something is to be said of."""
        site = self._site
        return troubled_notes(self._project.folder, site.build, site.diagnostics) if site else []

    # What the files say

    def _read_all(self, now: datetime, seen: Seen) -> _Site:
        if self._index is None:
            self._index = self._closing.enter_context(Index.open(self._index_path))
        build, inputs = self._prepare(self._index, now, silent, seen)
        self._named = [Path(file.path) for file in inputs.named]
        self._due = min(build.resolution.waiting.values(), default=None)
        kept = kept_issues(self._project, build, now)
        diagnostics = (*build.diagnostics(), *self._template_faults(build))
        return _Site(build, kept, diagnostics, now, {}, build.planned())

    def _prepare(self, index: Index, now: datetime, progress: Progress, seen: Seen) -> tuple[Build, Inputs]:
        """Read what has changed, and remember it; templates that are the same need not be compiled again."""
        fresh = Templates(self._project.templates)
        digest = fresh.digest()
        if digest != self._digest:
            self._templates, self._digest = fresh, digest
        templates = self._templates

        def prepare() -> tuple[Build, Inputs]:
            build, inputs = self._project.prepared(index, now, progress, seen, templates)
            build.remember()
            return build, inputs

        return index.mending(prepare)

    def _template_faults(self, build: Build) -> list[Diagnostic]:
        """Try the templates, where they or the settings have changed."""
        key = key_of(self._digest, build.config.model_dump_json())
        if self._tried[0] != key:
            self._tried = key, sorted(set(template_faults(self._project.templates, build.config)))
        return self._tried[1]

    # What is made of it

    def _keeping(self, name: str, make: Callable[[], T]) -> Shown[T]:
        """Make something, and where that fails, show what was good last, and why it is not new."""
        try:
            value = make()
        except Exception as error:  # noqa: BLE001 - shown to the publisher; what was good stays
            last: T | None = self._good.get(name)  # type: ignore[assignment] # of the same name, so of its kind
            return Shown(last, explained(error, self._project.folder))
        _remember(self._good, name, value)
        return Shown(value)

    def _choices(self, site: _Site) -> list[tuple[str, str]]:
        """Name the issues that can be shown; what is drafted goes out before what is not."""
        waiting = [(issue.slug, f"{issue.slug}, {issue.state}") for issue in site.kept.waiting]
        return [*waiting, (NEXT, "Next issue, as of now")]

    def _issue(self, name: str) -> IssueView:
        site = self._looked_at()
        if name == NEXT:
            return next_issue(site.build, site.kept, site.now)
        for issue in site.kept.waiting:
            if issue.slug == name:
                return waiting_issue(issue, site.build.config, site.now)
        raise UsageError(f'no issue "{name}" waits any more')

    def _output(self, path: str) -> bytes:
        planned = self._looked_at().planned(path)
        if planned is None:
            raise UsageError(f"a build would write no {path}")
        known = f"{path} {planned.key}"
        data = self._made.pop(known, None) or planned.make()
        _remember(self._made, known, data)
        return data

    def _feed(self, name: str) -> FeedView:
        site = self._looked_at()
        series = next((each for each in self._series() if each.outline.name == name), None)
        if series is None:
            raise UsageError(f'there is no feed "{name}" any more')
        files: Mapping[Format, tuple[str, bytes]] = {
            kind: (path, self._output(path)) for kind, path in series.outline.paths().items()
        }
        return feed_view(name, files, site.build.config.site.zone)

    def _series(self) -> list[Series]:
        return self._site.build.series if self._site else []

    def _looked_at(self) -> _Site:
        if self._site is None:
            raise UsageError("Nothing could be read yet; mend what is wrong with the project first.")
        return self._site

    def _clock_text(self, config: Config | None) -> str:
        return f"{self._changed.astimezone(config.site.zone if config else None):%H:%M:%S}"


def _remember(kept: OrderedDict[str, T], name: str, value: T) -> None:
    """Keep a value as the newest of a few hundred."""
    kept.pop(name, None)
    kept[name] = value
    if len(kept) > _KEPT:
        kept.popitem(last=False)


def _list_name(path: str) -> str:
    return _LISTS.get(path, path.removesuffix("/index.html").replace("/", " / "))
