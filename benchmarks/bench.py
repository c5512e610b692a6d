"""Measure whole processes on generated notes: cold build, one changed, nothing changed, idle tick; and mail.

Every figure is of a command from start to exit, the way cron and people meet it: its wall time, and the
processor time and peak memory that the kernel counts. Its fastest run is also put in relation to a Python
that only starts and ends, since ratios travel between machines and seconds do not. `benchmarks.messages` adds
how fast the messages of an issue are made, and `benchmarks.sending` how fast they go out.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.notes import write_folder
from benchmarks.peer import write_site
from benchmarks.sending import table as table_of_sending
from benchmarks.soak import soak_apart
from benchmarks.soak import table as table_of_soak

if TYPE_CHECKING:
    from benchmarks.messages import Rate
    from benchmarks.sending import Pace

FEEDMAKER = Path(sys.executable).with_name("feedmaker")
SIZES = (100, 1_000, 10_000)
RUNS = 5
RECIPIENTS = 10_000
DAYS = 28
_BYTES_PER_MAXRSS = 1 if sys.platform == "darwin" else 1024  # Linux counts kilobytes, macOS bytes


@dataclass(frozen=True, slots=True)
class Sample:
    """Hold what one run took: wall and processor time in seconds, peak memory in MB."""

    wall: float
    cpu: float
    peak_mb: float


@dataclass(frozen=True, slots=True)
class Figure:
    """Hold what was measured of one command, in seconds and MB; `cpu` is the median, `peak_mb` the most."""

    notes: int
    what: str
    median: float
    fastest: float
    slowest: float
    cpu: float
    peak_mb: float
    to_bare: float = 1.0


def main() -> None:
    """Measure and print a table, or JSON."""
    arguments = _arguments()
    bare = _figure(0, "bare Python", [run([sys.executable, "-c", "pass"]) for _ in range(20)])
    figures = [bare]
    for count in arguments.notes:
        with tempfile.TemporaryDirectory(prefix="feedmaker-bench-") as name:
            figures += _measure(Path(name), count, arguments.runs, bare.fastest)
            figures += _measure_sources(Path(name) / "sources", count, arguments.runs, bare.fastest)
            if arguments.hugo:
                figures += _measure_hugo(Path(name), arguments.hugo, count, arguments.runs, bare.fastest)
    moments = soak_apart(arguments.days)
    rates = _measure_messages(arguments.recipients)
    paces = _measure_sending(arguments.recipients)
    if arguments.json:
        machine = {"python": platform.python_version(), "system": platform.system(), "cores": os.cpu_count()}
        measured = {
            "figures": [asdict(figure) for figure in figures],
            "messages": [asdict(rate) for rate in rates],
            "sending": [asdict(pace) for pace in paces],
            "soak": [asdict(moment) for moment in moments],
        }
        print(json.dumps({"machine": machine, **measured}, indent=2))
    else:
        print(_table(figures), _table_of_messages(rates), table_of_sending(paces), sep="\n\n", end="\n\n")
        print(table_of_soak(moments))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.bench", description=__doc__.partition("\n")[0])
    parser.add_argument("--notes", type=int, nargs="+", default=SIZES, metavar="N", help="how many notes")
    parser.add_argument("--runs", type=int, default=RUNS, help="how often each is measured")
    parser.add_argument("--recipients", type=int, default=RECIPIENTS, help="how many get an issue")
    parser.add_argument("--days", type=int, default=DAYS, help="how many days of the daemon to simulate")
    parser.add_argument("--hugo", metavar="PROGRAM", help="measure this Hugo on the same notes, too")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser.parse_args()


def _measure(folder: Path, count: int, runs: int, bare: float) -> Iterator[Figure]:
    write_folder(folder, count)
    newest = max((folder / "episodes").rglob("*.md"))
    build, tick = ([str(FEEDMAKER), "-C", str(folder), word] for word in ("build", "tick"))
    scenes: Sequence[tuple[str, Callable[[], None], list[str]]] = (
        ("cold build", lambda: _forget(folder), build),
        ("one changed", lambda: _edit(newest), build),
        ("nothing changed", lambda: None, build),
        ("idle tick", lambda: None, tick),
    )
    for what, prepare, command in scenes:
        # The run after another scene may find things to do that this one is not about, so it does not count.
        samples = []
        for _ in range(runs + 1):
            prepare()
            samples.append(run(command))
        yield _figure(count, what, samples[1:], bare)


def _measure_sources(folder: Path, count: int, runs: int, bare: float) -> Iterator[Figure]:
    """Measure collections of as many pages from a site on this machine."""
    from benchmarks.sources import scenes

    with scenes(folder, count, FEEDMAKER) as found:
        for what, prepare, command in found:
            samples = []
            for _ in range(runs):
                prepare()
                samples.append(run(command))
            yield _figure(count, what, samples, bare)


def _measure_hugo(folder: Path, program: str, count: int, runs: int, bare: float) -> Iterator[Figure]:
    """Measure Hugo on the notes of a folder; it does everything anew at each start."""
    site = folder / "hugo"
    write_site(site, folder / "episodes")
    newest = max((site / "content").rglob("*.md"))
    command = [program, "--quiet", "--source", str(site)]
    for what, prepare in (
        ("Hugo, cold", lambda: shutil.rmtree(site / "public", ignore_errors=True)),
        ("Hugo, one changed", lambda: _edit(newest)),
    ):
        samples = []
        for _ in range(runs + 1):
            prepare()
            samples.append(run(command))
        yield _figure(count, what, samples[1:], bare)


def _measure_messages(recipients: int) -> list[Rate]:
    # Imported last: the kernel counts the memory of this process as that of the ones it starts.
    from benchmarks.messages import measure_messages

    with tempfile.TemporaryDirectory(prefix="feedmaker-bench-") as name:
        return measure_messages(Path(name), FEEDMAKER, recipients)


def _measure_sending(recipients: int) -> list[Pace]:
    from benchmarks.sending import measure

    return measure([max(recipients // 10, 1), recipients], connections=10)


def _forget(folder: Path) -> None:
    """Remove everything that a build has made, the lock too."""
    for name in ("public", ".feedmaker"):
        shutil.rmtree(folder / name, ignore_errors=True)
    (folder / "feedmaker.lock").unlink(missing_ok=True)


def _edit(note: Path) -> None:
    """Change a note that the feeds, the front page and its own page show."""
    note.write_text(note.read_text("utf-8").replace("## The gist\n\n", "## The gist\n\nMore. ", 1), "utf-8")


def run(command: list[str], ends_with: int = 0) -> Sample:
    """Run a command, whose output is thrown away, to the exit code it should have; return what it took."""
    quiet = [(os.POSIX_SPAWN_OPEN, descriptor, os.devnull, os.O_WRONLY, 0) for descriptor in (1, 2)]
    begun = time.perf_counter()
    process = os.posix_spawn(command[0], command, os.environ, file_actions=quiet)
    _, status, usage = os.wait4(process, 0)
    seconds = time.perf_counter() - begun
    if (code := os.waitstatus_to_exitcode(status)) != ends_with:
        raise SystemExit(f"{' '.join(command)} ended with {code}")
    return Sample(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * _BYTES_PER_MAXRSS / 1e6)


def _figure(count: int, what: str, samples: Sequence[Sample], bare: float = 0.0) -> Figure:
    walls = [sample.wall for sample in samples]
    return Figure(
        notes=count,
        what=what,
        median=statistics.median(walls),
        fastest=min(walls),
        slowest=max(walls),
        cpu=statistics.median(sample.cpu for sample in samples),
        peak_mb=max(sample.peak_mb for sample in samples),
        to_bare=min(walls) / (bare or min(walls)),
    )


def _table(figures: Sequence[Figure]) -> str:
    lines = ["| notes | what | median | fastest | slowest | processor | peak memory | to bare Python |"]
    lines.append("| --: | --- | --: | --: | --: | --: | --: | --: |")
    for figure in figures:
        values = figure.median, figure.fastest, figure.slowest, figure.cpu
        times = " | ".join(map(_seconds, values))
        notes = f"{figure.notes:,}" if figure.notes else "–"
        lines.append(
            f"| {notes} | {figure.what} | {times} | {figure.peak_mb:.0f} MB | {figure.to_bare:.1f} |"
        )
    return "\n".join(lines)


def _table_of_messages(rates: Sequence[Rate]) -> str:
    head = ["| messages | how | size | time | messages a second | to built for each |"]
    head.append("| --: | --- | --: | --: | --: | --: |")
    lines = (
        f"| {rate.recipients:,} | {rate.what} | {rate.message_kb:.0f} KB | {_seconds(rate.seconds)} "
        f"| {rate.per_second:,.0f} | {rate.to_built_each:.0f} |"
        for rate in rates
    )
    return "\n".join([*head, *lines])


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.0f} ms"


if __name__ == "__main__":
    main()
