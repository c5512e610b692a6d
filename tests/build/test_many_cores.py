"""Notes read and outputs made by several processes: the same bytes, and the same errors, as by one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from tests.build.documents import fill
from tests.projects import FIRST, ROOT, ProjectFolder, Ran

# However few cores there are, and however little to make; the last line tells how many processes helped.
PROGRAM = """
import os, sys
from feedmaker import cores
from feedmaker.cli import run

os.sched_getaffinity = lambda process: {0, 1, 2}
cores.WORTH_IT = cores._LEAST = 3
helpers = []
os.register_at_fork(after_in_parent=lambda: helpers.append(1))
code = run(sys.argv[1:])
print(f"{len(helpers)} helpers")
sys.exit(code)
"""


def build_with_helpers(project: ProjectFolder) -> Ran:
    """Build in a process that makes outputs with three others."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "-C", str(project.root), "build"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def alone(project: ProjectFolder) -> ProjectFolder:
    """Build a project that has all that a build can write, with one process."""
    fill(project)
    assert not project.build(FIRST).failed
    return project


def test_helpers_write_the_same_bytes(alone: ProjectFolder) -> None:
    """What is thrown away and made again by several processes is what one made."""
    files, lock = alone.files(), alone.lock()
    shutil.rmtree(alone.public)
    shutil.rmtree(alone.root / ".feedmaker")

    done = build_with_helpers(alone)

    assert done.code == 0, done.err
    assert done.out.endswith("\n6 helpers\n")
    assert (alone.files(), alone.lock()) == (files, lock)
    assert not list(alone.public.glob(".*"))


def test_fault_in_a_helper_is_told_once_and_changes_nothing(alone: ProjectFolder) -> None:
    """A template that fails for one note is an error with its place, and all files stay."""
    alone.write("templates/site/episode.html", "\n{% if episode.title == 'Horns' %}{{ 1 / 0 }}{% endif %}")
    before = alone.stamps(), alone.lock()

    done = build_with_helpers(alone)

    assert done.code == 1
    assert done.out == "3 helpers\n"
    assert done.err.startswith("templates/site/episode.html:2:1: error: ")
    assert done.err.count("\n") == 1
    assert (alone.stamps(), alone.lock()) == before
