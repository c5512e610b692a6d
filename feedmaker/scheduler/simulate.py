"""A schedule tried out: the real tick, on a copy of the project, with a clock that jumps.

The time alone does three things: a job is due, a note that waits comes out, an approved issue goes out. So
the clock jumps from one such moment to the next. Most of them are builds that change nothing, thousands of
them. A job that did the same twice in a row, while nothing changed, would do it again until something does;
until then its runs are counted and not done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter

from feedmaker.app.newsletters import stored
from feedmaker.app.outcome import Progress
from feedmaker.app.project import Project
from feedmaker.app.rehearsal import Rehearsal, rehearsing
from feedmaker.app.reviewing import approve
from feedmaker.errors import GateError, UsageError
from feedmaker.fault_notices import SAVED_NOTES
from feedmaker.index import look
from feedmaker.scheduler.runs import Terms
from feedmaker.scheduler.tick import Outcome, tick
from feedmaker.store import Ending, Issue
from feedmaker.timing import Timing

LONGEST = timedelta(days=3653)
_HOUR = timedelta(hours=1)
_INSTANT = timedelta(microseconds=1)
_FETCHES = "would collect; a simulation fetches nothing"


@dataclass(slots=True)
class Event:
    """Tell what happened at a time, which is in the site's zone like the others here.

    Where a job that changed nothing came to the same `runs` times, these are one event, which lasts until
    `until`. `due_at` is when the job was due; `moved` tells that clocks jump over the time that it names.
    """

    time: datetime
    job: str
    state: str
    summary: str
    changes: Sequence[str]
    due_at: datetime
    moved: bool = False
    runs: int = 1
    until: datetime | None = None

    def is_like(self, other: Event) -> bool:
        """Tell whether two runs of a job changed nothing, and came to the same."""
        return not self.changes and not other.changes and self._told == other._told

    @property
    def _told(self) -> tuple[str, str, bool, bool]:
        return self.state, self.summary, self.moved, self.time == self.due_at


@dataclass(frozen=True, slots=True)
class Simulation:
    """Hold what a schedule would do: all of it in order, and in numbers.

    `published` counts notes, `drafted` and `sent` issues, `mails` the messages to readers in all of these.
    """

    events: Sequence[Event]
    builds: int
    published: int
    drafted: int
    sent: int
    mails: int

    @property
    def failed(self) -> int:
        """Count the runs that failed."""
        return sum(event.runs for event in self.events if event.state == "failed")


def simulate(project: Project, start: datetime, end: datetime, progress: Progress) -> Simulation:
    """Try out what the schedule does from `start` on and before `end`, on a copy of the project.

    Each draft that waits for review is approved at once. Raises `UsageError` for a span that is none or too
    long, and `ConfigError`, `LockError`, `OutputError` or `StoreError` where the project cannot be copied.
    """
    if end <= start:
        raise UsageError("a simulation ends after it begins; name a --to that is later than --from")
    if end - start > LONGEST:
        raise UsageError("a simulation spans ten years at most; name an earlier --to")
    with rehearsing(project) as copy:
        simulated = _Simulated(copy, project, start, end)
        simulated.run(progress)
        return simulated.told()


class _Simulated:
    """Hold a copy of a project, the virtual time there, and what has happened.

    `_open` are the events to which jobs may add that they did the same again. `_once` are the jobs that have
    run since something changed, and `_settled` those that did the same twice since then.
    """

    def __init__(self, copy: Rehearsal, original: Project, start: datetime, end: datetime) -> None:
        config = copy.config()
        self._copy = copy
        self._original = original
        self._zone = config.site.zone
        self._has_review = config.newsletter is not None and config.newsletter.review
        self._jobs = {job.name: Timing(job, self._zone) for job in config.jobs}
        self._fetching = [Timing(job, self._zone) for job in copy.fetching()]
        self._builds = {job.name for job in config.jobs if job.run == "build"}
        self._start, self._now, self._end = start, start, end
        self._terms = Terms(lambda: self._now)
        self._events: list[Event] = []
        self._open: dict[str, Event] = {}
        self._once: set[str] = set()
        self._settled: set[str] = set()
        self._coming_out: datetime | None = start
        self._published = self._note_ids()
        self._approved: set[str] = set()
        self._complaint = ""
        with stored(copy) as store:
            store.forget_runs_from(start)
            self._known = set(store.slugs())
        self._drafted = 0

    def run(self, progress: Progress) -> None:
        """Let the time pass."""
        hours = (self._end - self._start) // _HOUR
        while self._now < self._end:
            self._review()
            self._tick()
            while self._review():
                self._tick()
            stop = self._stop()
            self._fetch(stop)
            self._repeat(stop)
            self._now = stop
            progress("simulating", (stop - self._start) // _HOUR, hours)

    def told(self) -> Simulation:
        """Tell what has happened."""
        with stored(self._copy) as store:
            mails = [self._copy.mail.taken[slug] for slug in store.slugs()]
        return Simulation(
            sorted(self._events, key=attrgetter("time")),
            builds=sum(event.runs for event in self._events if event.job in self._builds),
            published=len(self._note_ids() - self._published),
            drafted=self._drafted,
            sent=sum(count > 0 for count in mails),
            mails=sum(mails),
        )

    def _tick(self) -> None:
        """Do what is due, and find out which jobs would only do the same again from now on."""
        lock = look(self._copy.lock_path)
        outcomes = [outcome for outcome in tick(self._copy, self._now, self._terms) if self._is_news(outcome)]
        changed = any(outcome.changes for outcome in outcomes) or look(self._copy.lock_path) != lock
        if changed:
            self._unsettle()
        for outcome in outcomes:
            is_same = self._take_down(self._event(outcome))
            if not changed:
                if is_same and outcome.job in self._once:
                    self._settled.add(outcome.job)
                self._once.add(outcome.job)
        if changed or (self._coming_out and self._coming_out <= self._now):
            _, resolution = self._copy.survey(self._now)
            self._coming_out = min(resolution.waiting.values(), default=None)

    def _is_news(self, outcome: Outcome) -> bool:
        """Tell whether to tell of an outcome: each tick says again what is wrong with notes."""
        if outcome.job != SAVED_NOTES or outcome.changes:
            return True
        before, self._complaint = self._complaint, outcome.summary
        return outcome.summary != before

    def _unsettle(self) -> None:
        self._open.clear()
        self._once.clear()
        self._settled.clear()

    def _review(self) -> bool:
        """Tell of new issues, and approve what waits for review, each once; return whether there was any.

        Without that a year would be one draft, and fifty weeks of waiting for somebody to look at it.
        """
        with stored(self._copy) as store:
            drafts = {issue.slug for issue in store.issues("draft")} if self._has_review else set()
            new = [slug for slug in store.slugs() if slug not in self._known]
            waiting = drafts - self._approved
            found = [issue for slug in sorted({*new, *waiting}) if (issue := store.issue(slug))]
        self._drafted += len(new)
        self._known.update(new)
        self._approved |= waiting
        for issue in found:
            self._unsettle()
            state, said = self._approve(issue) if issue.slug in waiting else (issue.state, issue.subject)
            carried = [f"carries {episode['title']}" for episode in issue.contents]
            now = self._local(self._now)
            self._take_down(Event(now, f"issue {issue.slug}", state, said, carried, now))
        return bool(waiting)

    def _approve(self, issue: Issue) -> tuple[str, str]:
        """Approve an issue; return how it stands then, and what there is to say."""
        try:
            due = approve(self._copy, issue.slug, self._now).due_at
        except GateError as error:
            return "failed", f"it cannot be approved:\n{error}"
        when = f"it goes out {self._local(due):%a %Y-%m-%d %H:%M %Z}" if due else "no job sends it"
        return "approved", f"for the simulation; {when}"

    def _stop(self) -> datetime:
        """Return the next moment at which something may happen that has not happened yet, or the end."""
        with stored(self._copy) as store:
            going_out = [issue.due_at for issue in store.issues("approved")]
        jobs = [timing.next(self._now) for name, timing in self._jobs.items() if name not in self._settled]
        moments = [self._end, self._coming_out, *going_out, *jobs]
        return min(moment for moment in moments if moment and moment > self._now)

    def _repeat(self, stop: datetime) -> None:
        """Take down that settled jobs do the same until then, and record the last time of each."""
        for name in sorted(self._settled):
            usual, timing = self._open[name], self._jobs[name]
            last = self._take_down_all(timing, usual.state, usual.summary, self._now, stop)
            if last is not None:
                with stored(self._copy) as store:
                    store.record_run(name, last, "", Ending("done", usual.summary, 0.0))

    def _fetch(self, stop: datetime) -> None:
        """Take down when something would be fetched."""
        for timing in self._fetching:
            self._take_down_all(timing, "skipped", _FETCHES, self._now - _INSTANT, stop)

    def _take_down_all(
        self, timing: Timing, state: str, summary: str, after: datetime, stop: datetime
    ) -> datetime | None:
        """Take down that a job came to the same at all of its times before `stop`; return the last time."""
        last = None
        for due in timing.between(after, stop - _INSTANT):
            last = due
            local = self._local(due)
            self._take_down(
                Event(local, timing.job.name, state, summary, (), local, moved=timing.is_moved(due))
            )
        return last

    def _take_down(self, event: Event) -> bool:
        """Take down an event; tell whether the job did the same the last time."""
        before = self._open.get(event.job)
        if before is not None and event.is_like(before):
            before.runs += 1
            before.until = event.time
            return True
        self._events.append(event)
        self._open[event.job] = event
        return False

    def _event(self, outcome: Outcome) -> Event:
        """Tell of a run as if it had been in the original."""
        timing = self._jobs.get(outcome.job)
        summary = outcome.summary.replace(str(self._copy.folder), str(self._original.folder))
        return Event(
            self._local(self._now),
            outcome.job,
            outcome.state,
            summary,
            list(outcome.changes),
            self._local(outcome.due_at),
            timing is not None and timing.is_moved(outcome.due_at),
        )

    def _local(self, moment: datetime) -> datetime:
        return moment.astimezone(self._zone)

    def _note_ids(self) -> set[str]:
        lock = self._copy.lock()
        return set(lock.entries) if lock else set()
