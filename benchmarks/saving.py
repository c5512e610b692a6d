"""From a saved note to the published feed, with the daemon running; beside it, a build in a warm process.

    python -m benchmarks.saving --notes 10000 --runs 10

Each time the newest note is saved with another title, and the clock stops when the feed has it.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.notes import write_folder

RUNS = 10
_PATIENCE = 300.0
_PAUSE = 0.005


@dataclass(frozen=True, slots=True)
class Delay:
    """Hold how long it took until a saved note was published, in seconds; `to_build` relates medians."""

    notes: int
    what: str
    median: float
    fastest: float
    slowest: float
    to_build: float = 1.0


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="benchmarks.saving", description=__doc__.partition("\n")[0])
    parser.add_argument("--notes", type=int, nargs="+", default=[10_000], metavar="N", help="how many notes")
    parser.add_argument("--runs", type=int, default=RUNS, help="how often a note is saved")
    beside = str(Path(sys.executable).with_name("feedmaker"))
    parser.add_argument("--feedmaker", default=beside, metavar="PROGRAM", help="what to measure")
    arguments = parser.parse_args()
    delays = []
    for count in arguments.notes:
        with tempfile.TemporaryDirectory(prefix="feedmaker-bench-") as name:
            delays += measure_saving(Path(name), Path(arguments.feedmaker), count, arguments.runs)
    print(table(delays))


def measure_saving(folder: Path, feedmaker: Path, notes: int, runs: int) -> list[Delay]:
    """Save a note so often in a new folder of notes, first in front of the daemon, then of builds in here."""
    from feedmaker.app.project import Project

    write_folder(folder, notes)
    subprocess.run([feedmaker, "-C", folder, "build"], stdout=subprocess.DEVNULL, check=True)
    with subprocess.Popen([feedmaker, "-C", folder, "run"], stdout=subprocess.DEVNULL) as daemon:
        try:
            seen = [_timed(folder, f"Seen {number}", _nothing) for number in range(runs + 1)][1:]
        finally:
            daemon.terminate()
    project = Project(folder, dict(os.environ))

    def build() -> None:
        project.build(datetime.now(UTC))

    built = [_timed(folder, f"Built {number}", build) for number in range(runs + 1)][1:]
    base = statistics.median(built)
    return [_delay(notes, "saved, the daemon runs", seen, base), _delay(notes, "a build, warm", built, base)]


def table(delays: Sequence[Delay]) -> str:
    """Write what was measured."""
    lines = ["| notes | from saved to published | median | fastest | slowest | to a build |"]
    lines.append("| --: | --- | --: | --: | --: | --: |")
    lines += [
        f"| {one.notes:,} | {one.what} | {one.median:.2f} s | {one.fastest:.2f} s | {one.slowest:.2f} s "
        f"| {one.to_build:.2f} |"
        for one in delays
    ]
    return "\n".join(lines)


def _timed(folder: Path, title: str, build: Callable[[], None]) -> float:
    """Save the newest note with a title, build, and return how long it takes until the feed has it."""
    note = max((folder / "episodes").rglob("*.md"))
    lines = note.read_text("utf-8").split("\n")
    lines[2] = f"title: {title}"
    begun = time.perf_counter()
    note.write_text("\n".join(lines), "utf-8")
    build()
    feed, wanted = folder / "public" / "feed.xml", f"<title>{title}</title>".encode()
    while wanted not in feed.read_bytes():
        if time.perf_counter() > begun + _PATIENCE:
            raise SystemExit(f"{title} was not published")
        time.sleep(_PAUSE)
    return time.perf_counter() - begun


def _nothing() -> None:
    """Leave the build to the daemon."""


def _delay(notes: int, what: str, seconds: Sequence[float], base: float) -> Delay:
    median = statistics.median(seconds)
    return Delay(notes, what, median, min(seconds), max(seconds), median / base)


if __name__ == "__main__":
    main()
