"""Taking over a list of subscribers, writing it out and counting it: rows a second, and peak memory.

    python -m benchmarks.subscribers --rows 100000 1000000

Each line is a process of its own, from start to exit. The file looks like another provider's export: a tenth
has left, and a hundredth has no address that can be used.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bench import FEEDMAKER, run

ROWS = (100_000, 1_000_000)
_COLUMNS = ("email", "name", "status", "source", "created_at", "confirmed_at")


@dataclass(frozen=True, slots=True)
class Figure:
    """Hold what one command took: seconds, rows a second, peak memory in MB."""

    rows: int
    what: str
    seconds: float
    per_second: float
    peak_mb: float


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="benchmarks.subscribers", description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, nargs="+", default=ROWS, metavar="N", help="how many subscribers")
    figures: list[Figure] = []
    for rows in parser.parse_args().rows:
        with tempfile.TemporaryDirectory(prefix="feedmaker-bench-") as name:
            figures += measure(Path(name), rows)
    print(table(figures))


def measure(folder: Path, rows: int) -> Iterator[Figure]:
    """Import so many rows into a new folder, again, then look at them in all other ways."""
    feedmaker = str(FEEDMAKER)
    run([feedmaker, "init", str(folder / "site")])
    write_list(folder / "list.csv", rows)
    command = [feedmaker, "-C", str(folder / "site"), "subscribers"]
    take = [
        *command,
        "import",
        str(folder / "list.csv"),
        "--confirmed",
        "--rejects",
        str(folder / "rejects.csv"),
    ]
    yield _figure(rows, "import", take, ends_with=1)
    yield _figure(rows, "import again", take, ends_with=1)
    yield _figure(rows, "export", [*command, "export", str(folder / "out.csv")])
    yield _figure(rows, "list", [*command, "list"])
    yield _figure(rows, "stats", [*command, "stats"])


def write_list(path: Path, rows: int) -> None:
    """Write a list of so many people, always the same."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        for number in range(rows):
            address = (
                f"Reader.{number}@Mail-{number % 97}.example.org" if number % 100 else f"reader {number}"
            )
            status = "unsubscribed" if number % 10 == 1 else "active"
            day = f"20{10 + number % 15}-{1 + number % 12:02}-{1 + number % 28:02}"
            writer.writerow(
                [address, f"Reader {number}", status, "form", f"{day} 08:00:00", f"{day} 08:05:00"]
            )


def table(figures: Sequence[Figure]) -> str:
    """Write what was measured."""
    lines = ["| rows | what | time | rows a second | peak memory |", "| --: | --- | --: | --: | --: |"]
    lines += [
        f"| {one.rows:,} | {one.what} | {one.seconds:.1f} s | {one.per_second:,.0f} | {one.peak_mb:.0f} MB |"
        for one in figures
    ]
    return "\n".join(lines)


def _figure(rows: int, what: str, command: list[str], ends_with: int = 0) -> Figure:
    sample = run(command, ends_with)
    return Figure(rows, what, sample.wall, rows / sample.wall, sample.peak_mb)


if __name__ == "__main__":
    main()
