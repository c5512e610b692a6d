"""Kill ticks again and again, and let each due time settle before the next; a program of its own.

    python -m tests.scheduling.killing PROJECT SEED KILLS

Time is virtual and stands still while a tick works. After a kill it moves on by a lease, and the next tick
takes up what is left. Every process is a copy of this one, which has imported all that a tick needs, so that
a kill costs a tick and not a start of Python. A kill comes before a step towards the disk, which may be any
statement of a database, or at any moment. What readers can see is looked at after each. Prints JSON.
"""

from __future__ import annotations

import json
import math
import os
import random
import signal
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any

from lxml import etree
from sqlalchemy import Engine, event

from feedmaker import pages, publish, reading, templating
from feedmaker.app import drafting, sending
from feedmaker.build import build
from feedmaker.errors import BusyError
from feedmaker.lock import parse_lock
from feedmaker.scheduler import tick
from feedmaker.scheduler.runs import Terms
from tests.build.killing import Killer, kind_of, say
from tests.projects import SCHEDULE, ProjectFolder

LOADED = (build, drafting, pages, publish, reading, sending, templating)
START = datetime(2026, 11, 27, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LEASE = timedelta(seconds=10)
READERS = 20
JOBS = """\
jobs:
  - {name: publish, run: build, cron: "* * * * *"}
  - {name: letter, run: newsletter send, cron: "*/3 * * * *"}
scheduler: {lease: 10 seconds}
delivery: {lease: 10 seconds}
"""
MOST_KILLS = 4
"""How often at most a due time is disturbed; after five times a run is given up."""

MOST_STEPS = 600
LONGEST_DELAY = 0.12
LETTERS = 3
BUSY = 75


def schedule() -> str:
    """Return the schedule of a project whose letters go out by themselves."""
    return SCHEDULE.replace("postal_address", "review: false\n  postal_address") + JOBS


class Witness(Killer):
    """Count what a tick does on its way to databases and disk, and end it before one of the steps."""

    def install(self) -> None:
        """Watch the state database, too, which is opened in another way."""
        super().install()

        def trace(connection: sqlite3.Connection, _record: Any) -> None:
            connection.set_trace_callback(self.step)

        event.listen(Engine, "connect", trace)


@dataclass
class Street:
    """Hold a project whose ticks are killed, what became of them, and what readers have seen."""

    project: ProjectFolder
    chance: random.Random
    now: datetime = START
    kills: int = 0
    places: Counter[str] = field(default_factory=Counter)
    mail: dict[str, str] = field(default_factory=dict)

    def tick(self, killer: Killer | None = None, delay: float | None = None) -> int:
        """Let a process tick; return its exit code, or -9."""
        listening, telling = os.pipe()
        child = os.fork()
        if child == 0:
            os.dup2(telling, 1)
            os._exit(self._looked(killer))
        os.close(telling)
        if delay is not None:
            time.sleep(delay)
            os.kill(child, signal.SIGKILL)
        with os.fdopen(listening) as told:
            place = told.read()
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        if code == -signal.SIGKILL:
            self.kills += 1
            self.places[kind_of(place) if place else "a moment"] += 1
        elif code not in (0, BUSY):
            raise SystemExit(f"a tick failed by itself at {self.now}: {place}")
        self.look()
        return code

    def _looked(self, killer: Killer | None) -> int:
        if killer is not None:
            killer.install()
        try:
            outcomes = tick.tick(self.project.open(), self.now, Terms(lambda: self.now))
        except BusyError:
            return BUSY
        except Exception as error:  # noqa: BLE001 - told by the parent
            os.write(1, repr(error).encode())
            return 1
        failed = [outcome for outcome in outcomes if outcome.failed]
        os.write(1, "".join(f"{outcome.job}: {outcome.summary}\n" for outcome in failed).encode())
        return int(bool(failed))

    def disturb(self) -> None:
        """Kill some ticks, each after the lease of the one before."""
        for _ in range(self.chance.randint(1, MOST_KILLS)):
            if self.chance.random() < 0.6:
                # Some ticks take few steps, and those that send take many.
                code = self.tick(Witness(int(MOST_STEPS ** math.sqrt(self.chance.random()))))
            else:
                code = self.tick(delay=self.chance.uniform(0, LONGEST_DELAY))
            if code != -signal.SIGKILL:
                break
            self.now += LEASE

    def settle(self) -> None:
        """Tick until nobody finds anything to do or in the way."""
        while self.tick() == BUSY:
            self.now += LEASE

    def look(self) -> None:
        """Hold what readers can see against what it has to be: whole, and never another message."""
        for name in ("feed.xml", "atom.xml"):
            path = self.project.public / name
            if path.exists():
                etree.fromstring(path.read_bytes())
        feed = self.project.public / "feed.json"
        if feed.exists():
            json.loads(feed.read_bytes())
        lock = self.project.root / "feedmaker.lock"
        if lock.exists():
            parse_lock(lock.read_text("utf-8"))
        for path in (self.project.root / "outbox").rglob("*.eml"):
            digest = blake2b(path.read_bytes()).hexdigest()
            name = path.relative_to(self.project.root).as_posix()
            if self.mail.setdefault(name, digest) != digest:
                raise SystemExit(f"{name} has become another message")


def minutes(street: Street, kills: int) -> Iterator[int]:
    """Count the minutes until there were enough kills, and on to the next letter."""
    minute = 0
    while street.kills < kills or minute % LETTERS != 1:
        yield minute
        minute += 1


def main() -> None:
    """Kill, settle and tell."""
    folder, seed, kills = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    street = Street(ProjectFolder(folder), random.Random(seed))
    minute = 0
    for minute in minutes(street, kills):
        street.now = START + minute * MINUTE
        if minute % 2 == 0:
            street.project.note(f"note-{minute:04}", word=f"Stone {minute}")
        street.disturb()
        street.settle()
        if street.now >= START + (minute + 1) * MINUTE:
            raise SystemExit("a due time took too long to settle")
    say(json.dumps({"kills": street.kills, "minutes": minute + 1, "places": street.places}))


if __name__ == "__main__":
    main()
