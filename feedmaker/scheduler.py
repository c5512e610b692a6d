"""Running jobs when they are due: once from cron (`tick`), or as a daemon (`run`).

Holds no rule about notes or mail. Each run is recorded under the time it was due, and only by who holds the
work lock, so however many ticks and daemons there are, a due time runs once; and a run that is still marked
as running belonged to a process that was killed, and is done again.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from feedmaker.app.project import EPISODES, Project
from feedmaker.app.pushing import lines_of_ping
from feedmaker.crash import keep, told_by_disk
from feedmaker.disk import write_durably
from feedmaker.errors import BusyError, ConfigError, FeedmakerError
from feedmaker.notes.folder import NoteFile, scan
from feedmaker.worklock import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

    from feedmaker.config import Config, Job

SETTLED_SECONDS = 1.0
LONGEST_SETTLING = 20.0
POLL_SECONDS = 1.0
SWEEP_SECONDS = 60.0

Say = Callable[[str], None]
Work = Callable[[], str | tuple[str, bool]]
"""What a run does; it returns what it did in a line, and, where it can fail quietly, whether it did."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Tell what one run did."""

    job: str
    due_at: datetime
    summary: str
    failed: bool = False


def tick(project: Project, now: datetime, patience: float = 0.0) -> list[Outcome]:
    """Run every job that is due, once each; nothing is imported or opened where none is.

    Raises `BusyError` where another process holds the work, and `ConfigError`.
    """
    idle = _IdleNote(project)
    if idle.covers(now):
        return []
    with project.working(patience):
        config = project.config()
        jobs: list[tuple[str, datetime, Work]] = [
            (job.name, due, partial(_do, project, job, due, now))
            for job, due in _due_jobs(project, config, now)
        ]
        runs = (
            _run(project, name, due, now, work) for name, due, work in chain(jobs, _released(project, now))
        )
        outcomes = [outcome for outcome in runs if outcome is not None]
        idle.write(now, _next_due(project, config, now))
    return outcomes


def next_runs(config: Config, now: datetime) -> Iterator[tuple[Job, datetime]]:
    """Name each job with the next time it is due, after `now`."""
    from feedmaker.timing import Timing

    for job in config.jobs:
        due = Timing(job, config.site.zone).next(now)
        if due is not None:
            yield job, due


def _next_due(project: Project, config: Config, now: datetime) -> datetime | None:
    from feedmaker.app.newsletters import stored

    with stored(project) as store:
        released = [issue.due_at for issue in store.issues("approved") if issue.due_at]
    coming = (due for due in released if due > now)
    return min((*(due for _, due in next_runs(config, now)), *coming), default=None)


def _released(project: Project, now: datetime) -> Iterator[tuple[str, datetime, Work]]:
    """Name the approved issues whose time has come; each is tried once, under a name that no job can have."""
    from feedmaker.app.reviewing import due_issues, send_in_time

    for issue, due in due_issues(project, now):
        yield f"issue {issue.slug}", due, partial(send_in_time, project, issue.slug, now)


def _due_jobs(project: Project, config: Config, now: datetime) -> list[tuple[Job, datetime]]:
    """List the jobs that are due, builds before newsletters, else in the order of their due times."""
    from feedmaker.app.newsletters import stored
    from feedmaker.timing import Timing

    written = datetime.fromtimestamp(project.schedule.stat().st_mtime, UTC)
    due_jobs = []
    with stored(project) as store:
        for job in config.jobs:
            timing = Timing(job, config.site.zone)
            last = store.last_run(job.name, now)
            if last is not None and last.state == "running":
                due: datetime | None = last.due_at
            else:
                due = timing.last(now, last.due_at if last else timing.first(written, now))
            if due is not None:
                due_jobs.append((job, due))
    return sorted(due_jobs, key=lambda item: (item[0].run != "build", item[1]))


def _run(project: Project, name: str, due: datetime, now: datetime, work: Work) -> Outcome | None:
    """Do a piece of work under its due time and record what became of it; None where it is done already."""
    from feedmaker.app.newsletters import stored

    with stored(project) as store:
        if not store.claim_run(name, due, now):
            return None
        began = time.monotonic()
        settle(project)
        summary, failed = _outcome(work)
        ended = now + timedelta(seconds=time.monotonic() - began)
        store.finish_run(name, due, ended, "failed" if failed else "done", summary)
    return Outcome(name, due, summary, failed)


def _outcome(work: Work) -> tuple[str, bool]:
    """Do a piece of work; return what it said, or what went wrong, and whether it failed."""
    try:
        done = work()
    except FeedmakerError as error:
        return str(error), True
    except OSError as error:
        return told_by_disk(error), True
    except Exception as error:  # noqa: BLE001 - recorded like any other failure, or the job would begin again
        return keep(error), True
    return done if isinstance(done, tuple) else (done, False)


def _do(project: Project, job: Job, due: datetime, now: datetime) -> tuple[str, bool]:
    """Do what a job is for."""
    from feedmaker.app.reviewing import SEND, run_newsletter

    if job.run == "build":
        with project.built(now) as (report, _):
            return report.summary, report.failed
    if job.run == "collect":
        from feedmaker.app.collecting import collect_within

        collected = collect_within(project, now)
        return collected.summary, collected.failed
    return run_newsletter(project, now, due, and_send=job.run == SEND), False


def settle(project: Project) -> None:
    """Wait until no note has been written to for a second, so that a half-copied one is not taken."""
    deadline = time.monotonic() + LONGEST_SETTLING
    while time.monotonic() < deadline:
        newest = max((file.mtime_ns for file in scan(project.folder, EPISODES)), default=0)
        age = time.time() - newest / 1e9
        if not 0 <= age < SETTLED_SECONDS:
            return
        time.sleep(SETTLED_SECONDS - age)


class _IdleNote:
    """Remember until when nothing is due, so that an idle tick ends without reading the schedule."""

    def __init__(self, project: Project) -> None:
        self.path = project.state / "due.json"
        # Taken before the schedule is read: one that is saved meanwhile must not pass for read.
        self.schedule = _stamp(project.schedule)

    def covers(self, now: datetime) -> bool:
        try:
            said = json.loads(self.path.read_bytes())
            return bool(said["schedule"] == self.schedule and said["from"] <= now.timestamp() < said["until"])
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def write(self, now: datetime, until: datetime | None) -> None:
        said = {
            "schedule": self.schedule,
            "from": now.timestamp(),
            "until": until.timestamp() if until else now.timestamp() + 3600,
        }
        write_durably(self.path, json.dumps(said).encode())


def _stamp(path: Path) -> list[int]:
    """Return what changes when a file is saved; nothing while an editor replaces it."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return []
    return [status.st_size, status.st_mtime_ns, status.st_ino]


class Daemon:
    """Run jobs when they are due and build when a note is saved, until told to stop.

    `clock` returns the time, zoned; `say` takes one line of the log.
    """

    def __init__(self, project: Project, say: Say, clock: Callable[[], datetime]) -> None:
        self.project = project
        self.say = say
        self.clock = clock
        self.stopping = threading.Event()

    def stop(self) -> None:
        """Ask the daemon to end after what it is doing."""
        self.stopping.set()

    def run(self) -> None:
        """Work until `stop` is called; raise `ConfigError` where the schedule cannot be read at first."""
        scheduler = _background_scheduler()
        schedule = _stamp(self.project.schedule)
        self._plan(scheduler, self.project.config())
        scheduler.start()
        try:
            self._watch(scheduler, schedule)
        finally:
            scheduler.shutdown(wait=True)

    def _watch(self, scheduler: Any, schedule: list[int]) -> None:
        """Build when notes have changed and then stood still for one look; take up a changed schedule.

        Each minute everything is looked at, changed or not: for notes whose time has come, for jobs that
        found the work taken, for outputs that somebody removed.
        """
        built: Sequence[NoteFile] | None = None
        before: Sequence[NoteFile] = ()
        sweep = 0.0
        while not self.stopping.is_set():
            files = scan(self.project.folder, EPISODES)
            still = files == before or built is None
            if still and (files != built or time.monotonic() >= sweep):
                built = files if self._guarded(self._build) and self._guarded(self._tick) else None
                sweep = time.monotonic() + SWEEP_SECONDS
            before = files
            stamp = _stamp(self.project.schedule)
            if stamp not in ([], schedule):
                schedule = stamp
                self._guarded(lambda: self._plan(scheduler, self.project.config()))
            self.stopping.wait(POLL_SECONDS)

    def _plan(self, scheduler: Any, config: Config) -> None:
        """Replace all jobs of the scheduler; each wakes a tick, which decides what is due."""
        from feedmaker.timing import Timing

        scheduler.remove_all_jobs()
        for job in config.jobs:
            scheduler.add_job(self._guarded, Timing(job, config.site.zone), [self._tick], id=job.name)
        names = ", ".join(job.name for job in config.jobs) or "none"
        self.say(f"watching {self.project.folder / EPISODES}; jobs: {names}")

    def _tick(self) -> None:
        for outcome in tick(self.project, self.clock(), PATIENCE):
            word = "failed" if outcome.failed else "done"
            self.say(f"job {outcome.job} {word}: {outcome.summary}")

    def _build(self) -> None:
        report = self.project.build(self.clock())
        if not report.current:
            for diagnostic in report.diagnostics:
                self.say(str(diagnostic))
            if report.written or report.failed:
                self.say(f"built: {report.summary}")
        for line in lines_of_ping(self.project, self.clock()):
            self.say(line)

    def _guarded(self, work: Callable[[], None]) -> bool:
        """Do a piece of work; what goes wrong is said, and the daemon goes on.

        Returns False where another process holds the work, so that it is tried again.
        """
        try:
            work()
        except BusyError as error:
            self.say(str(error))
            return False
        except ConfigError as error:
            self.say(str(error))
        except FeedmakerError as error:
            self.say(f"error: {error}")
        except OSError as error:
            self.say(f"error: {told_by_disk(error)}")
        except Exception as error:  # noqa: BLE001 - the daemon outlives a fault of its own
            self.say(f"error: {keep(error)}")
        return True


def _background_scheduler() -> Any:
    from apscheduler.executors.pool import ThreadPoolExecutor
    from apscheduler.schedulers.background import BackgroundScheduler

    # Late runs are never dropped (the default is one second's grace): the record of runs decides.
    return BackgroundScheduler(
        executors={"default": ThreadPoolExecutor(1)},
        job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        timezone=UTC,
    )
