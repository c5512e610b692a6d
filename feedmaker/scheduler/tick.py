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
from feedmaker.app.outcome import (
    Cause,
    Done,
    Progress,
    causes_in,
    done_by_build,
    done_by_collecting,
    done_by_reading,
)
from feedmaker.app.project import BuildReport, Project
from feedmaker.app.pushing import next_due as next_ping
from feedmaker.app.reviewing import SENDING, due_issues, next_issue_steps, run_newsletter, send_in_time
from feedmaker.errors import BusyError
from feedmaker.fault_notices import ISSUE, SAVED_NOTES
from feedmaker.faults import Look
from feedmaker.idle import Sight, is_idle
from feedmaker.listing import SCHEDULE
from feedmaker.podcast_faults import files_named
from feedmaker.scheduler.notices import open_causes, settle
from feedmaker.scheduler.quiet import wait_until_quiet
from feedmaker.scheduler.runs import Runner, Terms, Work
from feedmaker.timing import Timing

if TYPE_CHECKING:
    from feedmaker.config import Config, Job
    from feedmaker.store import Run

COLLECT = "collect"
BOUNCES = "newsletter bounces"
_ORDER = {COLLECT: 0, "build": 1}
_LONGEST_IDLENESS = timedelta(hours=1)
_SOON = timedelta(seconds=1)
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
    # Taken before the schedule is read: what is saved meanwhile must not pass for seen.
    sight = Sight(str(project.folder))
    looked = _Tick(project, now, terms)
    sight.include(files_named(looked.config))
    wait_until_quiet(project.folder)
    looked.do_everything(sight)
    return looked.result()


def run_job(project: Project, job: str, now: datetime, terms: Terms) -> list[Outcome]:
    """Run one job, if it is due; else do as `tick` does."""
    looked = _Tick(project, now, terms)
    wait_until_quiet(project.folder)
    looked.do_all(looked.due_jobs(job))
    looked.settle()
    return looked.result()


def publish(project: Project, now: datetime, terms: Terms) -> tuple[list[Outcome], BuildReport | None]:
    """Publish what was saved, due or not; return what came of it and, unless it failed, the build."""
    looked = _Tick(project, now, terms)
    looked.publish()
    looked.settle()
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
        # Taken before the schedule is read, for the same reason.
        self.schedule = project.schedule_state()
        self.project = project
        self.config = project.config()
        self.now = now
        self.terms = terms
        self.runner = Runner(project, self.config.scheduler.lease_time, terms)
        self.outcomes: list[Outcome] = []
        self.looks: list[Look] = []
        self.next_notice: datetime | None = None
        self.build: BuildReport | None = None
        self.busy: BusyError | None = None

    def result(self) -> list[Outcome]:
        """Return what came of it; raise `BusyError` where that is nothing, because somebody else is at it."""
        if self.busy and not self.outcomes:
            raise self.busy
        return self.outcomes

    def do_everything(self, sight: Sight) -> None:
        """Do all that is due, publish what was saved, and write down until when there is nothing to do.

        `sight` is what there was before.
        """
        collecting = {job.name for job in self.config.jobs if job.run == COLLECT}
        try:
            self.do_all(self.due_jobs())
            self.do_all(self._due_issues())
            self.do_all(self._left_behind())
            failed = {outcome.job for outcome in self.outcomes if outcome.failed}
            if self.build is None and failed <= collecting:
                self.publish()
        finally:
            self.settle()
        self._tidy()
        if not self.busy and not (self.build and self.build.writing):
            # What has failed is not tried again before it changes or is due, or for an hour.
            self._write_idle(sight)

    def do_all(self, all_due: Sequence[_Due]) -> None:
        """Do pieces of work, and take down what came of each; what somebody else does is left to them."""
        for due in all_due:
            late = _said_missed(due.missed)
            try:
                done = self.runner.run(due.name, due.at, self.now, due.work, late)
            except BusyError as error:
                self.busy = error
                continue
            if done is not None:
                self._take_down(due.name, due.at, done)

    def due_jobs(self, only: str | None = None) -> list[_Due]:
        """List the jobs that are due, in the order of the data: what is collected is built, then mailed."""
        _, _, written_ns, _, is_there = self.schedule
        # One that is gone is still in force, and was written at some time or other.
        written = datetime.fromtimestamp(written_ns / 1e9, UTC) if is_there else self.now
        found = []
        with stored(self.project) as store:
            for job in self.config.jobs:
                if only in (None, job.name):
                    due = self._due(job, store.last_run(job.name, self.now), written)
                    if due is not None:
                        found.append((_ORDER.get(job.run, len(_ORDER)), due.at, due))
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
        """List the issues that go out now, each under a name that no job can have.

        One whose run was cut off is left to that run, whose due time is another.
        """
        with stored(self.project) as store:
            unfinished = {run.job for run in store.unfinished_runs()}
        return [
            _Due(f"{ISSUE}{issue.slug}", at, self._sending_of(issue.slug))
            for issue, at in due_issues(self.project, self.now)
            if f"{ISSUE}{issue.slug}" not in unfinished
        ]

    def _left_behind(self) -> list[_Due]:
        """List the runs that were cut off when their issue was sent, or whose job is no more."""
        jobs = {job.name for job in self.config.jobs}
        with stored(self.project) as store:
            left = [run for run in store.unfinished_runs() if run.job not in jobs]
        return [
            _Due(
                run.job,
                run.due_at,
                self._sending_of(run.job.removeprefix(ISSUE)) if run.job.startswith(ISSUE) else _leave,
            )
            for run in left
        ]

    def _work_of(self, job: Job, due: datetime) -> Work:
        def work(progress: Progress) -> Done:
            if job.run == COLLECT:
                from feedmaker.app.collecting import collect

                return done_by_collecting(collect(self.project, self.now, progress))
            if job.run == BOUNCES:
                from feedmaker.app.bounces import read_places

                return done_by_reading(read_places(self.project, (), self.now))
            if job.run == "build":
                return done_by_build(self.project.build(self.now, progress, self.terms.patience))
            return run_newsletter(
                self.project,
                self.now,
                due,
                and_send=job.run in SENDING,
                cadence=SENDING.get(job.run, "each"),
                progress=progress,
                patience=self.terms.patience,
                clock=self.terms.clock,
            )

        return work

    def _sending_of(self, slug: str) -> Work:
        def work(progress: Progress) -> Done:
            return send_in_time(self.project, slug, self.now, progress, self.terms.patience, self.terms.clock)

        return work

    def publish(self) -> None:
        """Build, whoever calls for it; it is a run where something comes of it that is not known yet."""
        known = open_causes(self.project, SAVED_NOTES)

        def is_news(done: Done) -> bool:
            return bool(done.changes) or not {cause.alike for cause in done.causes} <= known

        try:
            done = self.runner.publish(SAVED_NOTES, self.now, is_news)
        except BusyError as error:
            self.busy = error
            return
        if is_news(done):
            self._take_down(SAVED_NOTES, self.now, done)
        else:
            self._look_at(SAVED_NOTES, done)

    def settle(self) -> None:
        """Take down what fails and what is mended, and tell the publisher what is new."""

        def next_due() -> dict[str, datetime]:
            return {job.name: due for job, due in next_runs(self.config, self.now)}

        looks = [*self.looks, *self._schedule_looks()]
        self.next_notice = settle(self.project, self.config, looks, next_due, self.now, self.terms.told)

    def _schedule_looks(self) -> list[Look]:
        """Tell whether the schedule can be used; nothing if it was saved since: then others know better."""
        if self.project.schedule_state() != self.schedule:
            return []
        return [Look(SCHEDULE, {SCHEDULE: self.project.schedule_fault} if self.project.in_force else {})]

    def _tidy(self) -> None:
        """Forget what ran too long ago."""
        with stored(self.project) as store:
            store.forget_runs(self.now - self.config.scheduler.keeping_time)

    def _take_down(self, name: str, due: datetime, done: Done) -> None:
        self._look_at(name, done)
        self.outcomes.append(
            Outcome(name, due, done.state, done.summary, done.seconds, done.changes, done.causes)
        )

    def _look_at(self, name: str, done: Done) -> None:
        """Keep what a run says of causes: of those that builds meet, and of those that only it can meet."""
        builders = {SAVED_NOTES, *(job.name for job in self.config.jobs if job.run == "build")}
        if done.build is not None:
            self.build = done.build
            broken = {cause.key: cause.text for cause in causes_in(done.build)}
            self.looks.append(Look(SAVED_NOTES, broken, unsure=done.build.writing))
        if done.build is None or name not in builders:
            scope = SAVED_NOTES if name in builders else name
            own = {cause.key: cause.text for cause in done.causes if not cause.scope}
            self.looks.append(Look(scope, own, done.whole))
        self.looks += [
            Look(cause.scope, {cause.key: cause.text}, whole=False) for cause in done.causes if cause.scope
        ]

    def _write_idle(self, sight: Sight) -> None:
        """Let ticks be idle until something is due, or somebody else's claim runs out."""
        if self.project.in_force is not None:
            return  # what stands in the schedule is broken, and other ticks have to say so
        jobs = (due for _, due in next_runs(self.config, self.now))
        ping = next_ping(self.project) if self.config.push.automatic else None
        note = self.build.next_due if self.build else None
        issues = next_issue_steps(self.project)
        with stored(self.project) as store:
            claims = [run.lease_until for run in store.unfinished_runs()]
        notice = self.next_notice and max(self.next_notice, self.now + _SOON)
        coming = (note, ping, notice, *issues, *claims, *jobs, self.now + _LONGEST_IDLENESS)
        until = min(due for due in coming if due is not None and due > self.now)
        sight.write_idle(self.now.timestamp(), until.timestamp())


def _said_missed(count: int) -> str:
    """Say how many due times came before the one that makes up for them; nothing where there are none."""
    if count < 2:
        return "an earlier due time was missed" if count else ""
    return f"{count:,}{' or more' if count >= _MOST_MISSED - 1 else ''} earlier due times were missed"


def _leave(_progress: Progress) -> Done:
    return Done("cut off, and not in the schedule any more", "skipped")
