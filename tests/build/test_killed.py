"""A build that is killed: each file is the old one or the new one, and the next build mends the rest."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from feedmaker.lock import parse_lock
from tests.build import killing
from tests.issues import save_issue
from tests.projects import FIRST, LATER, MUCH_LATER, PAID, ROOT, ProjectFolder

WORKSHOP = ".feedmaker-new/"


def killed(*arguments: str | Path) -> dict[str, str]:
    """Kill builds and return where each kill came, by the name of the copy that it left."""
    done = subprocess.run(
        [sys.executable, "-m", killing.__name__, *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(line.split(" ", 1) for line in done.stdout.splitlines() if line[:3].isdigit())


def first_build(project: ProjectFolder) -> None:
    """Leave two notes that have never been built."""
    project.note("bells")
    project.note("fog")


def next_build(project: ProjectFolder) -> None:
    """Leave a project whose next build writes, adds and removes pages."""
    first_build(project)
    project.note("gulls")
    save_issue(project)
    project.build(FIRST)
    save_issue(project, "2026-10-31")
    project.note("fog", word="Sea fog")
    project.note("storm")
    (project.root / "episodes" / "gulls.md").unlink()


def outputs(project: ProjectFolder) -> dict[str, bytes]:
    """Read the output files, without what a build has not moved to its place yet."""
    return {path: data for path, data in project.files().items() if not path.startswith(WORKSHOP)}


def check_and_mend(copy: ProjectFolder, old: ProjectFolder, new: ProjectFolder) -> None:
    """Hold what a kill has left against the files before and after, then build on and compare."""
    old_files, new_files = outputs(old), outputs(new)
    for path, data in outputs(copy).items():
        assert data in (old_files.get(path), new_files.get(path)), f"{path} is neither old nor new"
    assert set(outputs(copy)) >= set(old_files) & set(new_files), "a file that stays was away"
    published = _saved_lock(copy) == new.lock()
    if not published:
        assert _saved_lock(copy) == _saved_lock(old), "the lock is neither old nor new"
        assert outputs(copy) == old_files, "something went out that the lock does not know"

    # Once the lock knows an episode, no later build may give it another id or time.
    copy.build(MUCH_LATER if published else LATER)

    assert (copy.files(), copy.lock()) == (new_files, new.lock())


def _saved_lock(project: ProjectFolder) -> bytes | None:
    path = project.root / "feedmaker.lock"
    if not path.exists():
        return None
    parse_lock(path.read_text("utf-8"))
    return path.read_bytes()


@pytest.mark.parametrize(("prepare", "every"), [(first_build, 24), (next_build, 8)])
def test_build_killed_at_any_step(
    project: ProjectFolder, tmp_path: Path, prepare: Callable[[ProjectFolder], None], every: int
) -> None:
    """Whichever file, folder or statement the kill comes before, nothing is torn and nothing is lost.

    Tried are the first step of each kind, for each file and table, and some of the others.
    """
    project.schedule(PAID)
    prepare(project)
    new = project.copy(tmp_path / "new")
    new.build(LATER)

    places = killed("steps", project.root, tmp_path / "killed", str(every))

    for name, place in places.items():
        copy = ProjectFolder(tmp_path / "killed" / name)
        try:
            check_and_mend(copy, project, new)
        except AssertionError as error:
            raise AssertionError(f"killed at step {name}, {place}: {error}") from error
    assert list(places.values()).count("not killed") == 1
    wanted = ("half of ", "public/feed.xml'", "/feedmaker.lock'", "INTO notes", "INTO outputs", "INTO stamp")
    for place in wanted:
        assert any(place in line for line in places.values()), f"no kill came at {place}"


def test_build_killed_at_any_moment(project: ProjectFolder, tmp_path: Path) -> None:
    """Kills by the clock, wherever they fall, are mended as well."""
    project.schedule(PAID)
    for number in range(30):
        project.note(f"day-{number:02}", date=f"2019-{number % 12 + 1:02}-11")
    project.build(FIRST)
    project.schedule(PAID + "feeds: {entries: 30}\n")
    project.write("templates/site/base.html", _new_look())
    new = project.copy(tmp_path / "new")
    new.build(LATER)

    ends = killed("moments", project.root, tmp_path / "killed", "20261123")

    assert len(ends) == killing.RANDOM_KILLS
    assert "killed" in ends.values()
    for name in ends:
        check_and_mend(ProjectFolder(tmp_path / "killed" / name), project, new)


def _new_look() -> str:
    packaged = (ROOT / "templates" / "site" / "base.html").read_text("utf-8")
    return packaged.replace("Follow along", "Keep in touch")


@pytest.mark.parametrize("delay", [0.05, 0.2, 0.3])
def test_command_killed_from_outside(project: ProjectFolder, tmp_path: Path, delay: float) -> None:
    """`kill -9` of the real command, early or late, is mended by the next one."""
    next_build(project)
    new = project.copy(tmp_path / "new")
    new.build(LATER)
    copy = project.copy(tmp_path / "copy")
    command = [sys.executable, "-m", "feedmaker", "-C", str(copy.root), "build"]

    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        time.sleep(delay)
        os.kill(process.pid, signal.SIGKILL)

    copy.build(LATER)
    assert set(copy.files()) == set(new.files())
    assert copy.entries()["episodes/bells.md"] == new.entries()["episodes/bells.md"]
    assert copy.entries()["episodes/storm.md"]["id"].endswith(":storm")
    assert copy.build(MUCH_LATER).current
