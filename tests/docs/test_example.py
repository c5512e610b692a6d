"""The repository is an example project that builds, twice, without leaving a trace in version control."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from feedmaker.app.project import Project
from feedmaker.app.starting import schema_text
from feedmaker.notes.note import parse_note
from tests.docs.documents import ROOT

PARTS = ("Makefile", ".gitignore", "schedule.yaml", "schedule.schema.json", "feedmaker.lock")


def run(*words: str | Path, folder: Path) -> str:
    """Run a program in a folder and return what it printed."""
    done = subprocess.run(
        [str(word) for word in words],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, f"{words}:\n{done.stdout}"
    return done.stdout


def git(*words: str, folder: Path) -> str:
    """Run git in a folder, without the settings of whoever runs the tests."""
    return run("git", "-c", "user.name=A", "-c", "user.email=a@example.org", *words, folder=folder)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a repository with the example project in it, as it is after a clone."""
    folder = tmp_path / "clone"
    shutil.copytree(ROOT / "episodes", folder / "episodes")
    for part in PARTS:
        shutil.copy(ROOT / part, folder / part)
    git("init", "--quiet", folder=folder)
    git("add", "--all", folder=folder)
    git("commit", "--quiet", "--message", "all", folder=folder)
    return folder


def demo(folder: Path) -> str:
    """Run `make demo` with this environment in place of its own."""
    venv = Path(sys.prefix)
    return run("make", "demo", f"VENV={venv}", "-o", venv / "installed", folder=folder)


def test_demo_works_twice_and_leaves_no_trace(clone: Path) -> None:
    """The first demo drafts an issue, the second finds nothing new, and git sees no change."""
    first = demo(clone)
    built = {path: path.read_bytes() for path in (clone / "public").rglob("*") if path.is_file()}
    second = demo(clone)

    assert "drafted issue" in first
    assert "nothing to draft: no episode is new" in second
    assert git("status", "--porcelain", folder=clone) == ""
    assert built == {path: path.read_bytes() for path in built}
    assert len(list((clone / "public" / "episodes").glob("*/index.html"))) == 5


def test_demo_says_where_to_look(clone: Path) -> None:
    """Every file that the demo names exists when it has ended."""
    said = demo(clone)
    named = [word.rstrip(",") for word in said.split() if word.startswith("public/")]

    assert {"public/index.html", "public/feed.xml"} <= set(named)
    assert all((clone / name).is_file() for name in named)


def test_issue_of_the_demo_shows_paid_links_with_their_disclosure(clone: Path) -> None:
    """The issue that a newcomer sees carries a paid link, marked, after its disclosure."""
    demo(clone)
    said = run(Path(sys.executable).with_name("feedmaker"), "newsletter", "show", "latest", folder=clone)
    config = Project(clone, {}).config()

    assert said.index(config.merchants["lanternfish"].disclosure[:40]) < said.index("(paid link)\n")


def test_schema_beside_the_schedule_is_current() -> None:
    """schedule.schema.json is what `feedmaker schema` prints."""
    assert (ROOT / "schedule.schema.json").read_text("utf-8") == schema_text()


@pytest.mark.parametrize("path", sorted((ROOT / "episodes").glob("*.[mt]*")), ids=lambda path: path.name)
def test_example_notes_are_without_fault(path: Path) -> None:
    """Every example note is valid and gives no warning."""
    note = parse_note(path.name, path.read_bytes())

    assert note.episode is not None
    assert note.diagnostics == ()
