"""Collections that are killed: notes are whole, none is lost or doubled, and back catalogue stays that."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.projects import FIRST, MUCH_LATER, ROOT, ProjectFolder
from tests.sources import killing
from tests.sources.conftest import Collector
from tests.sources.elsewhere import Elsewhere, page

KILLS = 24


def killed(project: ProjectFolder, work: Path, seed: int) -> dict[str, str]:
    """Kill collections and return where each kill came, by the name of the copy that it left."""
    command = [sys.executable, "-m", killing.__name__, str(project.root), str(work), str(KILLS), str(seed)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return dict(re.findall(r"^([0-9]{3}) (.*)$", done.stdout, re.MULTILINE))


def known(collector: Collector) -> dict[str, tuple[str, bool]]:
    """Return id and backlog of every entry of the lock, by the path of its note.

    The ids of the project's own notes hold the day of their first build, so they are left out.
    """
    entries = collector.entries().items()
    return {path: (entry.id if "/pier/" in path else "", entry.backlog) for path, entry in entries}


def check(collector: Collector, work: Path, places: dict[str, str], before: dict[str, bytes]) -> None:
    """Hold what each kill has left against the notes before and after, then collect on and compare."""
    whole = replace(collector, project=ProjectFolder(work / "whole"))
    whole.project.build(MUCH_LATER)
    after = whole.files()
    assert len(places) == KILLS
    assert "not killed" not in places.values()
    for number, (name, place) in enumerate(places.items()):
        copy = replace(collector, project=ProjectFolder(work / name))
        try:
            for path, data in copy.files().items():
                assert data in (before.get(path), after.get(path)), f"{path} is half written"
            if number % 2:
                copy.project.build(MUCH_LATER)
            copy.collect(MUCH_LATER)
            copy.project.build(MUCH_LATER)
            assert copy.files() == after
            assert copy.files("originals") == whole.files("originals")
            assert known(copy) == known(whole)
            assert copy.collect(MUCH_LATER).changes == []
        except AssertionError as error:
            raise AssertionError(f"killed at step {name}, {place}: {error}") from error


@pytest.mark.parametrize("was_built", [False, True])
def test_first_collection_killed_at_any_step(
    collector: Collector, site: Elsewhere, tmp_path: Path, was_built: bool
) -> None:
    """Whatever a killed first collection has left, the next one completes it, and nothing becomes news."""
    paths = [f"/{number}" for number in range(5)]
    for path in paths:
        site.put(path, page(f"Bell {path}"))
    collector.sources({"sitemap": site.sitemap(*paths)})
    collector.project.note("own")
    if was_built:
        collector.project.build(FIRST)
    work = tmp_path / "killed"

    places = killed(collector.project, work, 20261124)

    check(collector, work, places, collector.files())


def test_later_collection_killed_at_any_step(collector: Collector, site: Elsewhere, tmp_path: Path) -> None:
    """Changed, new, edited and removed notes come out of a kill as they would have without one."""
    for name in "abcd":
        site.put(f"/{name}", page(f"Bell {name}"))
    collector.adopt("/a", "/b", "/c", "/d")
    collector.project.build(FIRST)
    collector.project.edit("episodes/pier/b.md", "from the pier", "of mine")
    (collector.project.root / "episodes/pier/c.md").unlink()
    for name in "abce":
        site.put(f"/{name}", page(f"Bell {name}", dek="Other words."))
    site.sitemap("/a", "/b", "/c", "/d", "/e")
    work = tmp_path / "killed"

    places = killed(collector.project, work, 20261125)

    check(collector, work, places, collector.files())
