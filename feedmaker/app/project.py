"""A project folder: its parts, and building and checking it.

Imports of the stages stand inside the methods that need them: an unchanged build and an idle tick, which a
cron line pays for every minute, import none of them.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from feedmaker import __version__
from feedmaker.errors import ConfigError, Diagnostic, LockError, UsageError
from feedmaker.index import DamagedIndexError, Index, input_digest, look
from feedmaker.listing import (
    EPISODES,
    ISSUE_SUFFIXES,
    ISSUES,
    LOCK,
    SCHEDULE,
    STATE,
    TEMPLATES,
    WAKE,
    State,
    is_fresh,
    nearest_project,
)
from feedmaker.listing import look as look_at
from feedmaker.notes.folder import NoteFile, scan
from feedmaker.template_files import template_files
from feedmaker.worklock import PATIENCE, exclusive

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from feedmaker.build.build import Build, Built
    from feedmaker.config import Config
    from feedmaker.delivery.transports import Transport
    from feedmaker.lock import Lock, Resolution
    from feedmaker.reading import Progress, Reading
    from feedmaker.templating import Templates


def silent(_what: str, _done: int, _total: int) -> None:
    """Show no progress."""


@dataclass(frozen=True, slots=True)
class Held:
    """Say why a note is not published, or not in its present form."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class BuildReport:
    """Tell what a build did; `current` means that nothing had changed since the last one.

    `unfed` counts the recordings that stand in no podcast feed, because none is configured. `writing` names
    the notes that another program was still writing, and `next_due` is when the next note is to be published
    that waits for its time.
    """

    published: int
    current: bool = False
    new: Sequence[str] = ()
    changed: Sequence[str] = ()
    removed: Sequence[str] = ()
    written: Sequence[str] = ()
    held: Sequence[Held] = ()
    diagnostics: Sequence[Diagnostic] = ()
    unfed: int = 0
    writing: Sequence[str] = ()
    next_due: datetime | None = None

    @property
    def summary(self) -> str:
        """Say in a line what a build did."""
        if self.current:
            return f"{self.published} published, nothing changed"
        parts = [
            f"{len(paths)} {word}"
            for word, paths in (("new", self.new), ("changed", self.changed), ("removed", self.removed))
            if paths
        ]
        errors = sorted({diagnostic.path for diagnostic in self.diagnostics if diagnostic.is_error})
        if errors:
            parts.append(f"{len(errors)} with errors ({', '.join(errors[:5])})")
        if not parts:
            return f"{self.published} published, {'no note' if self.written else 'nothing'} changed"
        return f"{self.published} published: {', '.join(parts)}"

    @property
    def failed(self) -> bool:
        """Tell whether a note is held back by an error."""
        return any(diagnostic.is_error for diagnostic in self.diagnostics)


@dataclass(frozen=True, slots=True)
class Inputs:
    """Hold what the file system says of all that a build reads.

    That is notes; issues that went out; settings and templates; what the settings name besides; and the lock.
    """

    notes: Sequence[NoteFile]
    issues: Sequence[NoteFile]
    others: Sequence[NoteFile]
    named: Sequence[NoteFile]
    lock: NoteFile

    def digest(self) -> str:
        """Fingerprint all of it."""
        return input_digest(__version__, (*self._edited, self.lock))

    def settled(self, now_ns: int) -> bool:
        """Tell whether every later change to what people edit will show."""
        return not any(is_fresh(file, now_ns) for file in self._edited)

    @property
    def _edited(self) -> Sequence[NoteFile]:
        return (*self.notes, *self.issues, *self.others, *self.named)


@dataclass(frozen=True, slots=True)
class Seen:
    """Hold what a build reads, and from before which time in nanoseconds that is known."""

    when: int
    inputs: Inputs


def find_project(start: Path) -> Path:
    """Return the nearest folder from `start` upwards with a `schedule.yaml`; raise `UsageError` if none."""
    folder = nearest_project(str(start))
    if folder is not None:
        return Path(folder)
    hint = "run `feedmaker init DIR` to make a folder, or name one with -C DIR"
    raise UsageError(f"no {SCHEDULE} in {start} or any folder above; {hint}")


class Project:
    """Do what a person or a schedule asks of one project folder.

    `environ` holds what the environment says; secrets come from there. `in_force` are settings that count
    whatever `schedule.yaml` says, for as long as that has the `schedule_fault`. Where `transport` is set, it
    carries all mail, whatever environment and settings name.
    """

    is_durable = True

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self.folder = folder
        self.environ = environ
        self.schedule = folder / SCHEDULE
        self.templates = folder / TEMPLATES
        self.public = folder / "public"
        self.state = folder / STATE
        self.index_path = self.state / "index.db"
        self.store_path = self.state / "state.db"
        self.lock_path = folder / LOCK
        self.in_force: Config | None = None
        self.schedule_fault = ""
        self.transport: Transport | None = None
        self._read: tuple[str, Config] | None = None

    def schedule_state(self) -> State:
        """Return what the file system says of `schedule.yaml`: what changes when it is saved."""
        return look_at(str(self.schedule), SCHEDULE)

    def wake_ticks(self) -> None:
        """Let the next tick look at what is due, though no file that people write has changed."""
        with suppress(OSError):
            (self.folder / WAKE).touch()

    def config(self) -> Config:
        """Read `schedule.yaml`; raise `ConfigError` with all of its faults."""
        if self.in_force is not None:
            return self.in_force
        from feedmaker.config import parse_config

        try:
            text = self.schedule.read_text("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ConfigError(
                [Diagnostic(SCHEDULE, 1, 1, "bad-encoding", "save the file as UTF-8")]
            ) from error
        except OSError as error:
            raise UsageError(f"{self.schedule}: {error.strerror}; see `feedmaker init --help`") from error
        if self._read is None or self._read[0] != text:
            self._read = text, parse_config(text, SCHEDULE)
        return self._read[1]

    def build(self, now: datetime, progress: Progress = silent, patience: float = PATIENCE) -> BuildReport:
        """Bring `public/` and `feedmaker.lock` up to date.

        Raises `ConfigError`, `LockError`, `TemplateError`, `GateError` or `OutputError`, and `BusyError`
        where another feedmaker keeps the folder for `patience` seconds; whatever is raised, the feeds that
        readers see stay as they are.
        """
        seen = self.seen()
        current = self._report_if_current(seen, now)
        if current is not None:
            return current
        with self.working(patience), self._building(now, progress, seen) as (report, _):
            return report

    def _report_if_current(self, seen: Seen, now: datetime) -> BuildReport | None:
        """Tell again what the last build told of the notes, if nothing has changed since."""
        with Index.open(self.index_path) as index:
            try:
                named = [look(Path(name)) for name in index.named()]
                digest = replace(seen.inputs, named=named).digest()
                summary = index.current(digest, self.public, now)
            except DamagedIndexError:
                return None  # the build begins a new one
        if summary is None:
            return None
        held = [Held(*item) for item in summary["held"]]
        diagnostics = [Diagnostic(**item) for item in summary["diagnostics"]]
        next_due = datetime.fromisoformat(summary["next_due"]) if summary["next_due"] else None
        return BuildReport(
            summary["published"], current=True, held=held, diagnostics=diagnostics, next_due=next_due
        )

    @contextmanager
    def working(self, patience: float = PATIENCE) -> Iterator[None]:
        """Keep every other feedmaker out of this folder meanwhile; raise `BusyError` if one stays in it."""
        with exclusive(self.state / "work.lock", patience):
            yield

    @contextmanager
    def built(self, now: datetime, progress: Progress = silent) -> Iterator[tuple[BuildReport, Build]]:
        """Build, with the work lock held, and hand out the build for what goes on from there."""
        with self._building(now, progress, self.seen()) as built:
            yield built

    @contextmanager
    def _building(self, now: datetime, progress: Progress, seen: Seen) -> Iterator[tuple[BuildReport, Build]]:
        if look(self.lock_path) != seen.inputs.lock:
            # Another build has published meanwhile, maybe what was not there yet.
            seen = self.seen()
        with Index.open(self.index_path) as index, without_collecting():
            yield index.mending(lambda: self._built(index, now, progress, seen))

    def _built(
        self, index: Index, now: datetime, progress: Progress, seen: Seen
    ) -> tuple[BuildReport, Build]:
        from feedmaker.publish import Output
        from feedmaker.templating import Templates

        build, inputs = self.prepared(index, now, progress, seen, Templates(self.templates))
        config = build.config
        with Output.open(self.public) as output:
            built = build.run(self.lock_path, output, progress)
        more = self._announced(build, built, config, now)
        report = _report(built, build.reading.writing, config.site.zone, more)
        if config.podcast is None:
            heard = [path for path in built.resolution.published if build.reading.facts[path].audio]
            report = replace(report, unfed=len(heard))
        is_whole = not report.failed and not report.writing and self.in_force is None
        if is_whole and inputs.settled(seen.when):
            self._stamp(index, inputs, built, report)
        return report, build

    def prepared(
        self, index: Index, now: datetime, progress: Progress, seen: Seen, templates: Templates
    ) -> tuple[Build, Inputs]:
        """Read what has changed and decide what there is to make of it, writing nothing."""
        from feedmaker.build.build import Build
        from feedmaker.podcast_faults import files_named
        from feedmaker.reading import read_notes
        from feedmaker.sent_files import read_sent

        config, lock = self.config(), self.lock()
        named = [str(self.folder / name) for name in files_named(config)]
        inputs = replace(seen.inputs, named=[look(Path(name)) for name in named])
        reading = read_notes(self.folder, inputs.notes, index, config, seen.when, progress)
        trusted = index.reader() == reading.rules
        sent = read_sent(self.folder, _archived(inputs, config), index, seen.when, trusted=trusted)
        build = Build(self.folder, config, templates, index, reading, sent, lock, now)
        return build, inputs

    def seen(self) -> Seen:
        """Look at all that a build reads, but for what the settings name besides."""
        # The lock comes first: one that is the same later was so all the time that the notes were looked at.
        when, lock = time.time_ns(), look(self.lock_path)
        notes, issues = scan(self.folder, EPISODES), scan(self.folder, ISSUES, ISSUE_SUFFIXES)
        return Seen(when, Inputs(notes, issues, self._others(), (), lock))

    def _announced(self, build: Build, built: Built, config: Config, now: datetime) -> list[Diagnostic]:
        """Write down which feeds have changed, for those who want to be told."""
        from feedmaker.app.pushing import note_changes

        written = set(built.written)
        feeds = {path: series.kind for series in build.series for path in series.outline.paths().values()}
        changed = [path for path in feeds if path in written]
        podcasts = [path for path in changed if feeds[path] == "podcast"]
        warning = note_changes(self, changed, podcasts, config, now)
        return [Diagnostic(SCHEDULE, 1, 1, "hubs-not-told", warning, "warning")] if warning else []

    def _stamp(self, index: Index, read: Inputs, built: Built, report: BuildReport) -> None:
        """Declare the outputs current, unless settings, templates or lock have changed meanwhile."""
        named = [file.path for file in read.named]
        again = [look(Path(name)) for name in named]
        now = replace(read, others=self._others(), named=again, lock=look(self.lock_path))
        if now == read or (built.lock_saved and replace(now, lock=read.lock) == read):
            summary = {
                "next_due": report.next_due.isoformat() if report.next_due else None,
                "published": report.published,
                "held": [(held.path, held.reason) for held in report.held],
                "diagnostics": [diagnostic.to_data() for diagnostic in report.diagnostics],
            }
            index.stamp(now.digest(), report.next_due, summary, named)

    def _others(self) -> list[NoteFile]:
        return [look(path) for path in (self.schedule, *template_files(self.templates))]

    def lock(self) -> Lock | None:
        """Read `feedmaker.lock`; None before the first build, `LockError` where it is damaged."""
        from feedmaker.lock import parse_lock

        try:
            return parse_lock(self.lock_path.read_text("utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise LockError(f"{self.lock_path}: cannot be read ({error}); mend that first") from error

    def check(self, paths: Sequence[Path], now: datetime) -> list[Diagnostic]:
        """Report what is wrong with configuration, notes and templates, changing nothing.

        Without `paths` the whole folder is checked; with them only those files and folders.
        """
        from feedmaker.checking import check_files, check_folder, check_templates, lock_diagnostic

        found: set[Diagnostic] = set()
        config, lock = None, None
        try:
            config = self.config()
        except ConfigError as error:
            found.update(error.diagnostics)
        try:
            lock = self.lock()
        except LockError as error:
            found.add(lock_diagnostic(error))
        if paths:
            found.update(check_files(paths, config, self.templates))
        else:
            found.update(check_folder(self.folder, EPISODES, config, lock, now))
            found.update(check_templates(self.templates, config))
        return sorted(found)

    def survey(self, now: datetime) -> tuple[Reading, Resolution]:
        """Read all notes and decide on them as a build would, changing nothing."""
        from feedmaker.lock import resolve
        from feedmaker.reading import read_notes

        config = self.config()
        began, files = time.time_ns(), scan(self.folder, EPISODES)
        with Index.open(self.index_path) as index:
            reading = index.mending(lambda: read_notes(self.folder, files, index, config, began, silent))
        return reading, resolve(self.lock(), reading.facts.values(), reading.unknown, config.site, now)


def _archived(inputs: Inputs, config: Config) -> Sequence[NoteFile]:
    """Return the files of issues that have a page; those of a newsletter that is no more keep theirs."""
    return inputs.issues if config.newsletter is None or config.newsletter.archive else ()


@contextmanager
def without_collecting() -> Iterator[None]:
    """Leave cycles alone meanwhile: a build keeps nearly all that it makes, and looking costs a fourth."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _report(
    built: Built, writing: Collection[str], zone: ZoneInfo, more: Sequence[Diagnostic]
) -> BuildReport:
    return BuildReport(
        published=len(built.resolution.published),
        new=built.new,
        changed=built.changed,
        removed=built.removed,
        written=built.written,
        held=held_notes(built.resolution, built.broken, writing, zone),
        diagnostics=[*built.diagnostics, *more],
        writing=sorted(writing),
        next_due=min(built.resolution.waiting.values(), default=None),
    )


def held_notes(
    resolution: Resolution, broken: Iterable[str], writing: Collection[str], zone: ZoneInfo
) -> list[Held]:
    """Say why notes are not published, or not in their present form."""
    held = [Held(path, "draft: true") for path in resolution.drafts]
    held += [
        Held(path, f"waits until {due.astimezone(zone):%Y-%m-%d %H:%M %Z}")
        for path, due in resolution.waiting.items()
    ]
    held += [Held(clash.path, clash.message) for clash in resolution.clashes]
    for path in broken:
        kept = "its last good version stays published" if path in resolution.published else "not published"
        why = "another program is writing it" if path in writing else "has errors"
        held.append(Held(path, f"{why}; {kept}"))
    return sorted(held, key=lambda item: item.path)
