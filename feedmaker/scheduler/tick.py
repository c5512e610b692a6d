"""One look at what is due, and doing it: from cron (`feedmaker tick`), and by the daemon.

Holds no rule about notes or mail. What is due follows from the schedule, the record of runs and the notes;
`feedmaker.scheduler.runs` sees to it that each due time runs once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from feedmaker.app.newsletters import stored
from feedmaker.app.outcome import Cause, Done, Progress, done_by_build
from feedmaker.app.project import BuildReport, Project
from feedmaker.app.pushing import next_due as next_ping
from feedmaker.app.reviewing import SEND, due_issues, run_newsletter, send_in_time
from feedmaker.errors import BusyError
from feedmaker.idle import Sight, is_idle
from feedmaker.scheduler.quiet import wait_until_quiet
from feedmaker.scheduler.runs import Runner, Terms, Work
from feedmaker.timing import Timing

if TYPE_CHECKING:
    from feedmaker.config import Config, Job
    from feedmaker.store import Run

SAVED_NOTES = "saved notes"
"""The name of runs that notes call for, and not a job; no job can have it."""
_ISSUE = "issue "
_LONGEST_IDLENESS = timedelta(hours=1)
_MOST_MISSED = 1000


@dataclass(frozen=True, slots=True)
class Outcome:
    """Tell what became of one due time."""

    job: str
    due_at: datetime
    state: str
    summary: str
    seconds: float
    changes: Sequence[str]
    causes: Sequence[Cause]

    @property
    def failed(self) -> bool:
        """Tell whether something went wrong."""
        return self.state == "failed"


@dataclass(frozen=True, slots=True)
class _Due:
    """Name a piece of work and when it was due; `missed` counts earlier due times that it makes up for."""

    name: str
    at: datetime
    work: Work
    missed: int = 0


def tick(project: Project, now: datetime, terms: Terms) -> list[Outcome]:
    """Run all that is due, once each: jobs, issues that are approved, and notes that were saved.

    Raises `BusyError` where somebody else does all that is due, or keeps the folder; `Interrupted` where the
    `terms` say so meanwhile; and `ConfigError`.
    """
    if is_idle(str(project.folder), now.timestamp()):
        return []
    looked = _Tick(project, now, terms)
    wait_until_quiet(project.folder)
    looked.do_everything()
    return looked.result()


def run_job(project: Project, job: str, now: datetime, terms: Terms) -> list[Outcome]:
    """Run one job, if it is due; else do as `tick` does."""
    looked = _Tick(project, now, terms)
    wait_until_quiet(project.folder)
    looked.do_all(looked.due_jobs(job))
    return looked.result()


def publish(project: Project, now: datetime, terms: Terms) -> tuple[list[Outcome], BuildReport | None]:
    """Publish what was saved, due or not; return what came of it and, unless it failed, the build."""
    looked = _Tick(project, now, terms)
    looked.publish()
    return looked.result(), looked.build


def next_runs(config: Config, now: datetime) -> Iterator[tuple[Job, datetime]]:
    """Name each job with the next time it is due, after `now`."""
    for job in config.jobs:
        due = Timing(job, config.site.zone).next(now)
        if due is not None:
            yield job, due


class _Tick:
    """Hold what one tick works with, and what came of it."""

    def __init__(self, project: Project, now: datetime, terms: Terms) -> None:
        # Taken before the schedule is read: what is saved meanwhile must not pass for seen.
        self.sight = Sight(str(project.folder))
        self.project = project
        self.config = project.config()
        self.now = now
        self.patience = terms.patience
        self.runner = Runner(project, self.config.scheduler.lease_time, terms)
        self.outcomes: list[Outcome] = []
        self.build: BuildReport | None = None
        self.busy: BusyError | None = None

    def result(self) -> list[Outcome]:
        """Return what came of it; raise `BusyError` where that is nothing, because somebody else is at it."""
        if self.busy and not self.outcomes:
            raise self.busy
        return self.outcomes

    def do_everything(self) -> None:
        """Do all that is due, publish what was saved, and write down until when there is nothing to do."""
        self.do_all(self.due_jobs())
        self.do_all(self._due_issues())
        self.do_all(self._left_behind())
        if self.build is None:
            self.publish()
        self._tidy()
        if self.build is not None and not self.build.writing and not self.busy:
            self._write_idle(self.build)

    def do_all(self, all_due: Sequence[_Due]) -> None:
        """Do pieces of work, and take down what came of each; what somebody else does is left to them."""
        for due in all_due:
            late = f"{due.missed} earlier due times were missed" if due.missed else ""
            try:
                done = self.runner.run(due.name, due.at, self.now, due.work, late)
            except BusyError as error:
                self.busy = error
                continue
            if done is not None:
                self._take_down(due.name, due.at, done)

    def due_jobs(self, only: str | None = None) -> list[_Due]:
        """List the jobs that are due, builds before newsletters, else in the order of their due times."""
        written = datetime.fromtimestamp(self.project.schedule.stat().st_mtime, UTC)
        found = []
        with stored(self.project) as store:
            for job in self.config.jobs:
                if only in (None, job.name):
                    due = self._due(job, store.last_run(job.name, self.now), written)
                    if due is not None:
                        found.append((job.run != "build", due.at, due))
        return [due for *_, due in sorted(found, key=lambda item: item[:2])]

    def _due(self, job: Job, last: Run | None, written: datetime) -> _Due | None:
        """Return the last due time of a job that has not run; what was begun and not ended comes first."""
        timing = Timing(job, self.config.site.zone)
        if last is not None and last.state == "running":
            return _Due(job.name, last.due_at, self._work_of(job, last.due_at))
        after = last.due_at if last else timing.first(written, self.now)
        at = timing.last(self.now, after)
        if at is None:
            return None
        missed = len(list(islice(timing.between(after, at), _MOST_MISSED))) - 1 if last else 0
        return _Due(job.name, at, self._work_of(job, at), missed)

    def _due_issues(self) -> list[_Due]:
        """List the approved issues whose time has come, each under a name that no job can have."""
        issues = due_issues(self.project, self.now)
        return [_Due(f"{_ISSUE}{issue.slug}", at, self._sending_of(issue.slug)) for issue, at in issues]

    def _left_behind(self) -> list[_Due]:
        """List the runs that were cut off when their issue was sent, or whose job is no more."""
        jobs = {job.name for job in self.config.jobs}
        with stored(self.project) as store:
            left = [run for run in store.unfinished_runs() if run.job not in jobs]
        return [
            _Due(
                run.job,
                run.due_at,
                self._sending_of(run.job.removeprefix(_ISSUE)) if run.job.startswith(_ISSUE) else _leave,
            )
            for run in left
        ]

    def _work_of(self, job: Job, due: datetime) -> Work:
        def work(progress: Progress) -> Done:
            if job.run == "build":
                return done_by_build(self.project.build(self.now, progress, self.patience))
            with self.project.working(self.patience):
                return run_newsletter(
                    self.project, self.now, due, and_send=job.run == SEND, progress=progress
                )

        return work

    def _sending_of(self, slug: str) -> Work:
        def work(progress: Progress) -> Done:
            with self.project.working(self.patience):
                return send_in_time(self.project, slug, self.now, progress)

        return work

    def publish(self) -> None:
        """Build, whoever calls for it; it is a run where something comes of it."""
        try:
            done = self.runner.publish(SAVED_NOTES, self.now)
        except BusyError as error:
            self.busy = error
            return
        self.build = done.build
        if done.changes or done.state != "done":
            self._take_down(SAVED_NOTES, self.now, done)

    def _tidy(self) -> None:
        """Forget what ran too long ago."""
        with stored(self.project) as store:
            store.forget_runs(self.now - self.config.scheduler.keeping_time)

    def _take_down(self, name: str, due: datetime, done: Done) -> None:
        self.build = done.build or self.build
        self.outcomes.append(
            Outcome(name, due, done.state, done.summary, done.seconds, done.changes, done.causes)
        )

    def _write_idle(self, build: BuildReport) -> None:
        """Let ticks be idle until something is due, or somebody else's claim runs out."""
        from feedmaker.podcast_faults import files_named

        with stored(self.project) as store:
            issues = [issue.due_at for issue in store.issues("approved")]
            claims = [run.lease_until for run in store.unfinished_runs()]
        jobs = (due for _, due in next_runs(self.config, self.now))
        ping = next_ping(self.project) if self.config.push.automatic else None
        coming = (build.next_due, ping, *issues, *claims, *jobs, self.now + _LONGEST_IDLENESS)
        until = min(due for due in coming if due is not None and due > self.now)
        self.sight.include(files_named(self.config))
        self.sight.write_idle(self.now.timestamp(), until.timestamp())


def _leave(_progress: Progress) -> Done:
    return Done("cut off, and not in the schedule any more", "skipped")
