"""Two daemons and a cron line on one folder, by a clock that they share; a program of its own.

    python -m tests.scheduling.side_by_side PROJECT DAYS

Each is a process. Time is virtual: it moves on to the next due time when all three find nothing left to
do at the present one, and they all begin on it at the same moment. What a daemon is woken up for it does in
threads, as APScheduler has it: each job, a sweep, and what was saved. Prints a line of JSON for each outcome.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from feedmaker import pages, publish, reading, templating
from feedmaker.app import drafting, sending
from feedmaker.build import build
from feedmaker.errors import BusyError
from feedmaker.scheduler import tick
from feedmaker.scheduler.runs import Terms
from tests.projects import ProjectFolder

LOADED = (build, drafting, pages, publish, reading, sending, templating)
START = datetime(2026, 11, 1, tzinfo=UTC)
DAEMONS, LINES = 2, 1
ALL = DAEMONS + LINES
PATIENCE = 60.0
OVER = datetime(9000, 1, 1, tzinfo=UTC).timestamp()


class Board:
    """Show all processes what time it is, and the driver who is through with it."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 8 * (ALL + 1))

    def read(self, place: int) -> float:
        """Read the time (0), or up to when somebody is through."""
        found: float = struct.unpack_from("d", self._memory, 8 * place)[0]
        return found

    def write(self, place: int, moment: float) -> None:
        """Write the time, or up to when somebody is through."""
        struct.pack_into("d", self._memory, 8 * place, moment)


class Worker:
    """Do what one of the processes does."""

    def __init__(self, folder: Path, board: Board, number: int) -> None:
        self.project = ProjectFolder(folder).open()
        self.board = board
        self.number = number
        self.is_daemon = number <= DAEMONS

    def clock(self) -> datetime:
        """Return the time that all share."""
        return datetime.fromtimestamp(self.board.read(0), UTC)

    def work(self) -> None:
        """Be through with one moment after the other."""
        through = 0.0
        while (moment := self.board.read(0)) < OVER:
            if moment == through:
                time.sleep(0.0005)
            elif self._is_settled():
                through = moment
                self.board.write(self.number, moment)

    def _is_settled(self) -> bool:
        if not self.is_daemon:
            return self._did(lambda terms: tick.tick(self.project, self.clock(), terms), patience=0.0)
        jobs = [job.name for job in self.project.config().jobs]
        results: list[bool] = []

        def wake(job: str) -> None:
            results.append(self._did(lambda terms: tick.run_job(self.project, job, self.clock(), terms)))

        threads = [threading.Thread(target=wake, args=[job]) for job in jobs]
        for thread in threads:
            thread.start()
        results.append(self._did(lambda terms: tick.tick(self.project, self.clock(), terms)))
        results.append(self._did(lambda terms: tick.publish(self.project, self.clock(), terms)[0]))
        for thread in threads:
            thread.join()
        return all(results) and len(results) == len(jobs) + 2

    def _did(self, work: Callable[[Terms], list[tick.Outcome]], patience: float = 5.0) -> bool:
        """Do something and tell what came of it; return whether nobody else was in the way."""
        try:
            outcomes = work(Terms(self.clock, patience))
        except BusyError:
            return False
        for one in outcomes:
            facts = (self.number, one.job, one.due_at.isoformat(), one.state, one.summary)
            os.write(1, f"{json.dumps(facts)}\n".encode())
        return True


def drive(folder: Path, board: Board, days: int) -> None:
    """Move the time on from one due time to the next, with a new note each day."""
    project = ProjectFolder(folder)
    config = project.open().config()
    now, day = START, 0
    while now < START + timedelta(days=days):
        if now >= START + timedelta(days=day):
            project.note(f"day-{day:03}", word=f"Day {day}")
            day += 1
        board.write(0, now.timestamp())
        deadline = time.monotonic() + PATIENCE
        while any(board.read(place) != now.timestamp() for place in range(1, ALL + 1)):
            if time.monotonic() > deadline:
                raise SystemExit(f"{now} does not settle")
            time.sleep(0.0005)
        now = min(due for _, due in tick.next_runs(config, now))


def main() -> None:
    """Start all, and end them when the days are over."""
    folder, days = Path(sys.argv[1]), int(sys.argv[2])
    board = Board()
    board.write(0, 0.0)
    children = []
    for number in range(1, ALL + 1):
        child = os.fork()
        if child == 0:
            Worker(folder, board, number).work()
            os._exit(0)
        children.append(child)
    try:
        drive(folder, board, days)
    finally:
        board.write(0, OVER)
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    if any(codes):
        raise SystemExit(f"ended with {codes}")


if __name__ == "__main__":
    main()
