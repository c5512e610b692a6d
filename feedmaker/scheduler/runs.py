"""Doing a piece of work under its due time, once: claimed with a lease, recorded by whoever holds it.

However many ticks and daemons there are, the state database lets one of them claim a run. While it works, a
thread shows signs of life; where they end, because the process has died or lost its machine, the lease runs
out and the next one takes the run over. Only the holder writes down how it ended.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from secrets import token_hex

from feedmaker.app.newsletters import stored
from feedmaker.app.outcome import (
    Cause,
    Done,
    Progress,
    bounded,
    cause_of,
    constant,
    done_by_build,
    reasons,
)
from feedmaker.app.project import Project
from feedmaker.crash import keep, told_by_disk
from feedmaker.errors import BusyError, FeedmakerError, StoreError
from feedmaker.signs.log import Event, Level
from feedmaker.store import Ending, Lease, Run

Clock = Callable[[], datetime]
Work = Callable[[Progress], Done]
MOST_ATTEMPTS = 5
_MOST_CHANGES = 100


class Flag:
    """Tell all threads that something is wanted.

    The handler of a signal may set it wherever it interrupts its thread, even this class; with
    `threading.Event`, which takes a lock, the thread could wait for itself.
    """

    def __init__(self) -> None:
        self._is_set = False

    def set(self) -> None:
        """Want it."""
        self._is_set = True

    def clear(self) -> None:
        """Want it no more."""
        self._is_set = False

    def is_set(self) -> bool:
        """Tell whether it is wanted."""
        return self._is_set


class Interrupted(Exception):  # noqa: N818 - nothing is wrong; the work is for somebody else to finish
    """The work is to end here, because the program is told to stop or has lost its claim."""


def _nobody(*_: object) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Hold how a process does runs.

    `clock` is the one on the wall, whatever time a run is done for; `patience` is how many seconds to wait
    for a folder that is taken. `stopping` ends what runs at the next occasion. `begun` is told what begins,
    and `alive` is called as it goes on. `told` hears what the publisher was told, or could not be: an event
    of the log, a message, and a level.
    """

    clock: Clock
    patience: float = 0.0
    stopping: Flag = field(default_factory=Flag)
    begun: Callable[[str], None] = _nobody
    alive: Callable[[], None] = _nobody
    told: Callable[[Event, str, Level], object] = _nobody


class Runner:
    """Do runs on behalf of one process."""

    def __init__(self, project: Project, lease: timedelta, terms: Terms) -> None:
        self.project = project
        self.lease = lease
        self.terms = terms
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{token_hex(4)}"

    def run(self, name: str, due: datetime, now: datetime, work: Work, note: str = "") -> Done | None:
        """Do a run that was due at a time, and record how it ended; None where somebody else has.

        `note` is added to what the record says. Raises `BusyError` where somebody else is at it or keeps the
        folder, and `Interrupted`; the run is given back then.
        """
        if self.terms.stopping.is_set():
            raise Interrupted
        with stored(self.project) as store:
            run = store.claim_run(name, due, now, self._lease())
        if run.state != "running":
            return None
        if run.owner != self.owner:
            raise BusyError(self._said_of_other(run))
        self.terms.begun(name)
        began = time.monotonic()
        with self._given_back(name, due), self._alive(name, due) as progress:
            done = _done(work, progress) if run.attempts <= MOST_ATTEMPTS else _given_up(name)
        if note:
            done = replace(done, summary=f"{done.summary} ({note})")
        seconds = round(time.monotonic() - began, 3)
        ending = Ending(done.state, _said(done), seconds, bounded(done.changes, _MOST_CHANGES))
        with stored(self.project) as store:
            is_mine = store.finish_run(name, due, self.owner, now + timedelta(seconds=seconds), ending)
        return replace(done, seconds=seconds) if is_mine else None

    def publish(self, name: str, now: datetime, is_news: Callable[[Done], bool]) -> Done:
        """Build what notes call for, and record that as a run where it is news.

        Nothing is claimed: a build that nobody needs any more does nothing. Raises `BusyError` and
        `Interrupted`.
        """
        began = time.monotonic()

        def build(progress: Progress) -> Done:
            return done_by_build(self.project.build(now, progress, self.terms.patience))

        done = replace(_done(build, self._progress), seconds=round(time.monotonic() - began, 3))
        if is_news(done):
            ending = Ending(done.state, _said(done), done.seconds, bounded(done.changes, _MOST_CHANGES))
            with stored(self.project) as store:
                store.record_run(name, now, self.owner, ending)
        return done

    def _said_of_other(self, run: Run) -> str:
        until = run.lease_until.astimezone(self.project.config().site.zone)
        return (
            f"another feedmaker is at work on {run.job} and will say what came of it; "
            f"should it have died, the first tick after {until:%H:%M:%S} takes over"
        )

    def _lease(self) -> Lease:
        now = self.terms.clock()
        return Lease(self.owner, now, now + self.lease)

    @contextmanager
    def _given_back(self, name: str, due: datetime) -> Iterator[None]:
        """Let the next one begin the run at once, where this one ends before its time."""
        try:
            yield
        except (BusyError, Interrupted):
            with stored(self.project) as store:
                store.give_back_run(name, due, self.owner)
            raise

    @contextmanager
    def _alive(self, name: str, due: datetime) -> Iterator[Progress]:
        """Renew the lease meanwhile, and hand out what the work is to call where it may be interrupted."""
        over, lost = threading.Event(), threading.Event()

        def live() -> None:
            while not over.wait(self.lease.total_seconds() / 3):
                with suppress(StoreError), stored(self.project) as store:
                    if not store.renew_run(name, due, self._lease()):
                        lost.set()

        def progress(what: str, done: int, total: int) -> None:
            if lost.is_set():
                raise Interrupted
            self._progress(what, done, total)

        thread = threading.Thread(target=live, name=f"lease of {name}", daemon=True)
        thread.start()
        try:
            yield progress
        finally:
            over.set()
            thread.join()

    def _progress(self, _what: str, _done: int, _total: int) -> None:
        self.terms.alive()
        if self.terms.stopping.is_set():
            raise Interrupted


def _done(work: Work, progress: Progress) -> Done:
    """Do a piece of work; what goes wrong is part of what it did, but for what makes it somebody else's."""
    try:
        return work(progress)
    except (BusyError, Interrupted):
        raise
    except FeedmakerError as error:
        return _failed(cause_of(error))
    except OSError as error:
        return _failed(Cause(constant(told_by_disk(error)), told_by_disk(error)))
    except Exception as error:  # noqa: BLE001 - recorded like any other failure, or the job would begin again
        return _failed(Cause(type(error).__name__, keep(error)))


def _said(done: Done) -> str:
    """Return what the log keeps of a run in words: what it did, and below that why it failed."""
    return "\n".join([done.summary, *reasons(done.summary, done.causes)])


def _failed(cause: Cause) -> Done:
    return Done(cause.text, "failed", causes=[cause], whole=False)


def _given_up(name: str) -> Done:
    """End a run that has ended every process that began it."""
    said = (
        f"{name} was begun {MOST_ATTEMPTS} times, and each time the program was killed before the end; "
        "it is left alone now, and the next due time tries again"
    )
    return _failed(Cause("killed", said))
