"""Kill collections at seeded steps on their way to the disk; a program of its own.

    python -m tests.sources.killing PROJECT WORK KILLS SEED

For each kill it leaves a copy of PROJECT in WORK, and prints its name and where the kill came. It imports all
that a collection needs and then forks, so that a kill costs a collection and not a start of Python.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable
from pathlib import Path

from feedmaker.app import collected_notes
from feedmaker.app.collecting import collect
from tests.build.killing import Killer, Teller, say, was_killed
from tests.projects import LATER, ProjectFolder

LOADED = (collected_notes,)


def collect_in_child(project: ProjectFolder, before: Callable[[], None]) -> int:
    """Fork a process that collects; return its id."""
    child = os.fork()
    if child == 0:
        before()
        collect(project.open(), LATER)
        os._exit(0)
    return child


def main(source: ProjectFolder, work: Path, kills: int, seed: int) -> None:
    """Collect once undisturbed, counting the steps, then kill others at chosen ones."""
    listening, notebook = os.pipe()
    child = collect_in_child(source.copy(work / "whole"), Teller(notebook).install)
    os.close(notebook)
    with os.fdopen(listening) as told:
        steps = len(told.read().splitlines())
    was_killed(child)
    chance = random.Random(seed)
    for number, step in enumerate(sorted(chance.sample(range(1, steps + 1), min(kills, steps)))):
        copy = source.copy(work / f"{number:03}")
        say(f"{copy.root.name} ")
        if not was_killed(collect_in_child(copy, Killer(step).install)):
            say("not killed\n")


if __name__ == "__main__":
    folder, place, count, given = sys.argv[1:]
    main(ProjectFolder(Path(folder)), Path(place), int(count), int(given))
