"""Kill builds of a project at every step on their way to the disk; a program of its own.

    python -m tests.build.killing steps PROJECT WORK N    at the first step of each kind and every Nth of all
    python -m tests.build.killing moments PROJECT WORK N  at moments that N decides

For each kill it leaves a copy of PROJECT in WORK, and prints its name and where the kill came. It imports all
that a build needs and then forks, so that a kill costs a build and not a start of Python.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from feedmaker import pages, publish, reading, templating
from feedmaker.build import build
from tests.projects import LATER, ProjectFolder

STEPS = frozenset({"open", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.truncate"})
LOADED = (build, pages, publish, reading, templating)
RANDOM_KILLS = 10


def say(text: str) -> None:
    """Print at once, past the buffers that a killed process takes with it."""
    os.write(1, text.encode())


class Killer:
    """Count the steps of this process towards the disk, and end it before the one with a given number."""

    def __init__(self, number: int) -> None:
        self.left = number

    def install(self) -> None:
        """Watch every file that is written, moved or removed, every half file and SQLite's statements."""
        sys.addaudithook(self._audit)
        write_bytes = Path.write_bytes

        def in_two_parts(path: Path, data: bytes) -> int:
            write_bytes(path, data[: len(data) // 2])
            self.step(f"half of {path.name}")
            return write_bytes(path, data)

        Path.write_bytes = in_two_parts  # type: ignore[assignment, method-assign]
        connect = sqlite3.connect

        def traced(*arguments: Any, **options: Any) -> sqlite3.Connection:
            connection: sqlite3.Connection = connect(*arguments, **options)
            connection.set_trace_callback(self.step)
            return connection

        sqlite3.connect = traced  # type: ignore[assignment]

    def step(self, what: str) -> None:
        """Take one step, or die."""
        if what.startswith("--"):
            return  # SQLite's own, of a statement that was counted
        self.left -= 1
        if self.left == 0:
            say(f"{what}\n")
            os.kill(os.getpid(), signal.SIGKILL)

    def _audit(self, event: str, arguments: tuple[object, ...]) -> None:
        if event in STEPS and not _only_reads(event, arguments):
            self.step(f"{event} {arguments[:2]}")


class Teller(Killer):
    """Kill nobody, and write down each step."""

    def __init__(self, notebook: int) -> None:
        super().__init__(0)
        self.notebook = notebook

    def step(self, what: str) -> None:
        """Write down one step."""
        if not what.startswith("--"):
            line = " ".join(what.split())
            os.write(self.notebook, f"{line}\n".encode())


def _only_reads(event: str, arguments: tuple[object, ...]) -> bool:
    flags = arguments[2] if event == "open" else os.O_WRONLY
    return isinstance(flags, int) and not flags & (os.O_WRONLY | os.O_RDWR)


def build_in_child(project: ProjectFolder, before: Callable[[], None]) -> int:
    """Fork a process that builds; return its id."""
    child = os.fork()
    if child == 0:
        before()
        project.build(LATER)
        os._exit(0)
    return child


def was_killed(child: int) -> bool:
    """Wait for a child and tell how it ended."""
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) != 0:
        raise RuntimeError(f"a build failed by itself: {os.WEXITSTATUS(status)}")
    return os.WIFSIGNALED(status)


def kill_at_steps(source: ProjectFolder, work: Path, every: int) -> None:
    """Kill builds at chosen steps, and let the last one get through."""
    steps = steps_of(source, work)
    seen: set[str] = set()
    for number, what in enumerate([*steps, ""], 1):
        kind = kind_of(what)
        if kind in seen and number % every:
            continue
        seen.add(kind)
        copy = source.copy(work / f"{number:03}")
        say(f"{copy.root.name} ")
        if not was_killed(build_in_child(copy, Killer(number).install)):
            say("not killed\n")


def steps_of(source: ProjectFolder, work: Path) -> list[str]:
    """Return the steps of a build that nobody disturbs."""
    listening, notebook = os.pipe()
    child = build_in_child(source.copy(work / "whole"), Teller(notebook).install)
    os.close(notebook)
    with os.fdopen(listening) as told:
        steps = told.read().splitlines()
    was_killed(child)
    shutil.rmtree(work / "whole")
    return steps


def kind_of(step: str) -> str:
    """Name what a step does, and to which file or table."""
    words = re.findall("[a-z]+", step.lower())
    of_file = step.startswith(tuple(STEPS))
    return " ".join([step.split(maxsplit=1)[0], *words[-3:]] if of_file else words[:5])


def kill_at_random(source: ProjectFolder, work: Path, seed: int) -> None:
    """Kill builds at random moments between their beginning and their usual end."""
    begun = time.perf_counter()
    was_killed(build_in_child(source.copy(work / "whole"), lambda: None))
    usual = time.perf_counter() - begun
    shutil.rmtree(work / "whole")
    chance = random.Random(seed)
    for number in range(RANDOM_KILLS):
        copy = source.copy(work / f"{number:03}")
        child = build_in_child(copy, lambda: None)
        time.sleep(chance.uniform(0, usual))
        os.kill(child, signal.SIGKILL)
        killed = was_killed(child)
        say(f"{copy.root.name} {'killed' if killed else 'not killed'}\n")


if __name__ == "__main__":
    how, folder, place, number = sys.argv[1:]
    kill = kill_at_steps if how == "steps" else kill_at_random
    kill(ProjectFolder(Path(folder)), Path(place), int(number))
