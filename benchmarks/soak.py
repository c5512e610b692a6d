"""A simulated year of the daemon's work in one process: whether memory, files and threads stay as they were.

    python -m benchmarks.soak --days 365

The work is that of `feedmaker run`: what APScheduler would wake it up for, in threads, the sweep after it, a
build where a note was saved. A new note comes each day, others change, a letter goes to some readers each
week. Time is virtual and moves on to the next due time. Prints a table, or JSON.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.notes import markdown

if TYPE_CHECKING:
    from feedmaker.app.project import Project

START = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 365
NOTES = 200
READERS = 5
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1e6
_SCHEDULE = """\
site:
  title: Measured notes
  address: https://bench.example.org/
  author: Nobody
  timezone: Europe/Berlin
newsletter:
  title: Measured notes by mail
  from: {name: Nobody, email: letter@bench.example.org}
  postal_address: Nobody, 1 Bench, 1000 Nowhere
  review: false
jobs:
  - {name: publish, run: build, every: 6 hours}
  - {name: nightly, run: build, cron: "30 3 * * *"}
  - {name: letter, run: newsletter send, on: friday, at: "09:00"}
"""


@dataclass(frozen=True, slots=True)
class Moment:
    """Hold what a process holds at one time; memory is what is resident, in MB."""

    day: int
    runs: int
    seconds: float
    memory_mb: float
    files: int
    threads: int


class Clock:
    """Tell the time of the simulation."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="benchmarks.soak", description=__doc__.partition("\n")[0])
    parser.add_argument("--days", type=int, default=DAYS, help="how many days to simulate")
    parser.add_argument("--notes", type=int, default=NOTES, help="how many notes there are at first")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="feedmaker-soak-") as name:
        moments = list(soak(Path(name), arguments.days, arguments.notes))
    print(json.dumps([asdict(moment) for moment in moments]) if arguments.json else table(moments))


def soak_apart(days: int) -> list[Moment]:
    """Simulate so many days in a process of its own, which holds nothing else."""
    command = [sys.executable, "-m", __spec__.name, "--days", str(days), "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return [Moment(**facts) for facts in json.loads(done.stdout)]


def soak(folder: Path, days: int, notes: int = NOTES) -> Iterator[Moment]:
    """Simulate so many days in an empty folder; yield what is held after each quarter of them."""
    from feedmaker.app.people import add_subscribers
    from feedmaker.app.project import Project
    from feedmaker.scheduler.tick import next_runs

    project, clock = _prepared(Project(folder, {}), notes), Clock()
    config = project.config()
    project.build(START - timedelta(days=1))
    add_subscribers(project, [f"reader-{number}@example.org" for number in range(READERS)], START)
    begun, runs, day = time.perf_counter(), 0, 0
    quarters = [days * part // 4 for part in range(1, 5)]
    while clock.now < START + timedelta(days=days):
        if clock.now >= START + timedelta(days=day):
            _edit(project, notes, day)
            day += 1
        due = [job for job, at in next_runs(config, clock.now - timedelta(seconds=1)) if at <= clock.now]
        runs += _woken(project, [job.name for job in due], clock)
        clock.now = min(at for _, at in next_runs(config, clock.now))
        passed = (clock.now - START).days
        while quarters and passed >= quarters[0]:
            yield _held(quarters.pop(0), runs, time.perf_counter() - begun)
    while quarters:
        yield _held(quarters.pop(0), runs, time.perf_counter() - begun)


def table(moments: Sequence[Moment]) -> str:
    """Write what was measured."""
    lines = ["| days | runs | time | memory | to the first quarter | open files | threads |"]
    lines.append("| --: | --: | --: | --: | --: | --: | --: |")
    first = moments[0]
    lines += [
        f"| {one.day} | {one.runs:,} | {one.seconds:.0f} s | {one.memory_mb:.1f} MB "
        f"| {one.memory_mb / first.memory_mb:.3f} | {one.files} | {one.threads} |"
        for one in moments
    ]
    return "\n".join(lines)


def _prepared(project: Project, notes: int) -> Project:
    (project.folder / "episodes").mkdir()
    project.schedule.write_text(_SCHEDULE, "utf-8")
    for number in range(notes):
        _save(project, number, markdown(number))
    os.utime(project.schedule, (0, (START - timedelta(minutes=1)).timestamp()))
    return project


def _edit(project: Project, notes: int, day: int) -> None:
    """Save a new note, change another, and remove one, so that there are always as many."""
    _save(project, notes + day, markdown(notes + day))
    _save(project, day + 1, markdown(day + 1).replace("## The gist\n\n", "## The gist\n\nMore. ", 1))
    (project.folder / "episodes" / f"{day:05}.md").unlink()


def _save(project: Project, number: int, text: str) -> None:
    """Save a note that looks as if it had come to rest."""
    path = project.folder / "episodes" / f"{number:05}.md"
    path.write_text(text, "utf-8")
    moment = time.time() - 60
    os.utime(path, (moment, moment))


def _woken(project: Project, jobs: Sequence[str], clock: Clock) -> int:
    """Do what the daemon does when jobs are due; return how many runs there were."""
    from feedmaker.errors import BusyError
    from feedmaker.scheduler.runs import Terms
    from feedmaker.scheduler.tick import publish, run_job, tick

    done = []

    def attend(job: str) -> None:
        # Where another thread is at it, the sweep finds what is left.
        with suppress(BusyError):
            done.extend(run_job(project, job, clock(), Terms(clock, 5.0)))

    threads = [threading.Thread(target=attend, args=[job]) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    outcomes, _ = publish(project, clock(), Terms(clock, 5.0))
    done += outcomes
    done += tick(project, clock(), Terms(clock, 5.0))
    if failed := [outcome for outcome in done if outcome.failed]:
        raise SystemExit(f"{failed[0].job} failed: {failed[0].summary}")
    return len(done)


def _held(day: int, runs: int, seconds: float) -> Moment:
    gc.collect()
    resident = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    files = sum(1 for _ in Path("/proc/self/fd").iterdir()) - 1
    return Moment(day, runs, seconds, resident * _PAGE_MB, files, threading.active_count())


if __name__ == "__main__":
    main()
