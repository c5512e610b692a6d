"""What is known of how the daemon is: told by its parts, read by `/healthz`, `/metrics` and the ping."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime

BEAT_LIMIT = 60.0
"""After how many seconds without a beat the daemon counts as stuck."""

ISSUE = "issue"


@dataclass(slots=True)
class JobState:
    """Hold what became of the runs of one job since the daemon began."""

    runs: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    running_since: datetime | None = None
    ended_at: datetime | None = None
    last_state: str = ""
    last_success: datetime | None = None
    next_due: datetime | None = None


@dataclass(slots=True)
class State:
    """Hold how the daemon is at one moment; `beat_age` is in seconds, and None is not known yet."""

    started_at: datetime
    beat_age: float = 0.0
    schedule_fault: str = ""
    jobs: dict[str, JobState] = field(default_factory=dict)
    built_at: datetime | None = None
    notes_published: int | None = None
    notes_held: int | None = None
    issues_waiting: int = 0
    open_faults: int = 0
    watch_events: int = 0
    watch_scans: int = 0

    @property
    def is_stuck(self) -> bool:
        """Tell whether the loop has stopped turning, which only a restart can mend."""
        return self.beat_age > BEAT_LIMIT

    @property
    def troubles(self) -> list[str]:
        """List in words what is not well."""
        said = []
        if self.is_stuck:
            said.append(f"the loop has not turned for {self.beat_age:.0f} seconds; restart the daemon")
        if self.schedule_fault:
            said.append("schedule.yaml is broken, and what it said before is in force; see feedmaker check")
        if self.open_faults:
            said.append(f"open faults: {self.open_faults}; see feedmaker status")
        return said


class Vitals:
    """Keep the state of the daemon, for any thread.

    `clock` returns the time, zoned; `monotonic` seconds that never jump.
    """

    def __init__(
        self, clock: Callable[[], datetime], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._state = State(clock())
        self._beat = monotonic()

    def state(self) -> State:
        """Return a copy of the state as it is now."""
        with self._lock:
            self._state.beat_age = self._monotonic() - self._beat
            return deepcopy(self._state)

    def beat(self) -> None:
        """Say that the loop turns; to be called much more often than `BEAT_LIMIT`, also while a run works."""
        with self._lock:
            self._beat = self._monotonic()

    def schedule(self, fault: str = "") -> None:
        """Say that `schedule.yaml` was read, or why it could not be."""
        with self._changing() as state:
            state.schedule_fault = fault

    def plan(self, next_due: Mapping[str, datetime | None]) -> None:
        """Say which jobs there are and when each is due next; all others are forgotten."""
        with self._changing() as state:
            kept = {*next_due, ISSUE}
            state.jobs = {name: job for name, job in state.jobs.items() if name in kept}
            for name, due in next_due.items():
                self._job(name).next_due = due

    def remember(self, job: str, succeeded_at: datetime) -> None:
        """Say when a job did well last, before the daemon began."""
        with self._changing():
            self._job(job).last_success = succeeded_at

    def began(self, job: str) -> None:
        """Say that a run of a job begins."""
        with self._changing():
            self._job(job).running_since = self._clock()

    def ended(self, job: str, state: str, seconds: float) -> None:
        """Say how a run ended, such as done, failed or skipped, and how long it took."""
        with self._changing():
            found = self._job(job)
            found.running_since = None
            found.runs[state] = found.runs.get(state, 0) + 1
            found.seconds += seconds
            found.last_state = state
            found.ended_at = self._clock()
            if state == "done":
                found.last_success = found.ended_at

    def built(self, published: int, held: int) -> None:
        """Say that a build was done, and how many notes are out and how many are held back by faults."""
        with self._changing() as state:
            state.built_at = self._clock()
            state.notes_published, state.notes_held = published, held

    def count(self, *, open_faults: int, issues_waiting: int) -> None:
        """Say how many faults are open now and how many issues wait for review."""
        with self._changing() as state:
            state.open_faults, state.issues_waiting = open_faults, issues_waiting

    def watched(self, events: int, scans: int) -> None:
        """Say how many file events have arrived and how many full scans were made, since the beginning."""
        with self._changing() as state:
            state.watch_events, state.watch_scans = events, scans

    @contextmanager
    def _changing(self) -> Iterator[State]:
        with self._lock:
            yield self._state

    def _job(self, name: str) -> JobState:
        # Runs called after issues, such as "issue 2026-11-27", count as one job, or there were ever more.
        return self._state.jobs.setdefault(name.partition(" ")[0], JobState())
