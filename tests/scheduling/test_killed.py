"""Ticks that are killed: whoever comes next does what is left, and nothing twice."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

from feedmaker.app.newsletters import stored
from feedmaker.app.people import add_subscribers
from feedmaker.store import Counts
from tests.projects import ROOT, ProjectFolder
from tests.scheduling import killing
from tests.scheduling.killing import LETTERS, MINUTE, READERS, START

KILLS = int(os.environ.get("FEEDMAKER_TEST_KILLS", "60"))
SEED = int(os.environ.get("FEEDMAKER_TEST_SEED", "20261127"))


def killed(project: ProjectFolder) -> dict[str, Any]:
    """Kill ticks of a project, and return what the program says that does it."""
    command = [sys.executable, "-m", killing.__name__, str(project.root), str(SEED), str(KILLS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"seed {SEED}: {done.stderr or done.stdout}"
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_ticks_killed_at_any_moment(project: ProjectFolder, tmp_path: Path) -> None:
    """Wherever kills fall, each due time has one result, each reader each letter once, and all is whole.

    FEEDMAKER_TEST_KILLS and FEEDMAKER_TEST_SEED choose more kills and others.
    """
    project.schedule(text=killing.schedule())
    project.build(START - timedelta(days=1))
    readers = [f"reader-{number}@example.org" for number in range(READERS)]
    add_subscribers(project.open(), readers, START - timedelta(days=1))

    told = killed(project)
    assert told["kills"] >= KILLS
    assert len(told["places"]) > 5, "the kills came at few places"
    each_run_once(project, told["minutes"])
    each_letter_once(project, readers, told["minutes"])
    nothing_half(project, tmp_path)


def each_run_once(project: ProjectFolder, minutes: int) -> None:
    """Hold the record of runs against the schedule."""
    with stored(project.open()) as store:
        runs = store.recent_runs(10_000)
    found = Counter((run.job, run.due_at) for run in runs if run.job in ("publish", "letter"))
    dues = [("publish", START + n * MINUTE) for n in range(minutes)]
    dues += [("letter", START + n * MINUTE) for n in range(0, minutes, LETTERS)]
    assert found == Counter(dues)
    states = {(run.job, run.state) for run in runs}
    assert states <= {("publish", "done"), ("letter", "done"), ("letter", "skipped"), ("saved notes", "done")}


def each_letter_once(project: ProjectFolder, readers: list[str], minutes: int) -> None:
    """Hold the outbox against the issues, and those against the notes that there were."""
    outbox = project.root / "outbox"
    with stored(project.open()) as store:
        issues = store.issues()
        carried = [episode for issue in issues for episode in store.episodes_of(issue.id)]
        counts = [store.counts(issue.id) for issue in issues]
    assert [issue.state for issue in issues] == ["sent"] * len(issues)
    assert [issue.due_at for issue in issues] == sorted({issue.due_at for issue in issues if issue.due_at})
    assert counts == [Counts(sent=READERS)] * len(issues)
    for issue in issues:
        assert sorted(path.name for path in (outbox / issue.slug).glob("*.eml")) == sorted(
            f"{reader}.eml" for reader in readers
        )
    assert sum(path.suffix == ".eml" for path in outbox.rglob("*")) == READERS * len(issues)
    assert len(carried) == len(set(carried)) == len(range(0, minutes, 2)), "a note is in no letter, or in two"


def nothing_half(project: ProjectFolder, tmp_path: Path) -> None:
    """Hold the outputs against those of a build from nothing but notes, letters and lock."""
    clean = project.copy(tmp_path / "clean")
    shutil.rmtree(clean.public)
    (clean.root / ".feedmaker" / "index.db").unlink()
    clean.build(START + timedelta(days=1))
    files = {path: data for path, data in project.files().items() if not path.startswith(".feedmaker")}
    assert (project.lock(), files) == (clean.lock(), clean.files())
