"""An import that is killed leaves whole batches, and the same command does the rest."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from feedmaker.store import open_store
from tests.conftest import Cli
from tests.projects import ROOT, ProjectFolder

ROWS, BATCH = 47, 10
# Dies before a batch, after it was written and before that is committed, or right after.
PROGRAM = """
import os, signal, sys
from feedmaker.app import people_files
from feedmaker.cli import run
from feedmaker.store import Store, takeover

point, number, *arguments = sys.argv[1:]
owner, name = (takeover._Batch, "write") if point == "inside" else (Store, "take_over")
real, calls = getattr(owner, name), 0

def mortal(self, *given):
    global calls
    calls += 1
    if calls == int(number) and point == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    result = real(self, *given)
    if calls == int(number):
        os.kill(os.getpid(), signal.SIGKILL)
    return result

people_files.BATCH = 10
setattr(owner, name, mortal)
run(arguments)
"""


def listed(project: ProjectFolder) -> list[tuple[str, str]]:
    """Return everybody with their status, in the order in which they came."""
    with open_store(project.root / ".feedmaker" / "state.db") as store:
        return [(person.address, person.status) for person in store.subscribers()]


@pytest.mark.parametrize(
    ("point", "number", "there"),
    [
        ("before", 1, 0),
        ("inside", 1, 0),
        ("after", 1, 1),
        ("inside", 3, 2),
        ("after", 4, 4),
        ("inside", 5, 4),
    ],
)
def test_killed_import_goes_on_from_there(
    project: ProjectFolder, cli: Cli, tmp_path: Path, point: str, number: int, there: int
) -> None:
    """What was committed is there, nothing else, and calling again adds each of the others once."""
    everybody = [
        (f"reader-{row}@example.org", "unsubscribed" if row % 7 == 3 else "active") for row in range(ROWS)
    ]
    file = tmp_path / "people.csv"
    file.write_text(
        "email,status\n" + "".join(f"{address},{status}\n" for address, status in everybody), "utf-8"
    )
    command = ["-C", str(project.root), "subscribers", "import", str(file), "--confirmed"]

    killed = subprocess.run(
        [sys.executable, "-c", PROGRAM, point, str(number), *command],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=60,
        check=False,
    )
    left = listed(project)
    again = cli(*command)

    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert left == everybody[: there * BATCH]
    assert listed(project) == everybody
    known = f"; {len(left)} known already" if left else ""
    assert (again.code, again.out) == (0, f"{ROWS - len(left)} subscribers added{known}\n")
