"""Jobs run once, at their due times, whatever happens in between."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feedmaker.app.drafting import draft
from feedmaker.app.newsletters import issues, stored
from feedmaker.app.people import add_subscribers
from feedmaker.app.project import Project
from feedmaker.app.status import status
from feedmaker.cli import run
from feedmaker.errors import BusyError, ConfigError
from feedmaker.scheduler.tick import Outcome, next_runs
from feedmaker.store import Lease
from tests.scheduling.ticking import tick

FRIDAY = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
SCHEDULE = """\
site:
  title: Notes from the quarry
  address: https://quarry.example.org/
  author: Ines Falk
newsletter:
  title: Quarry letter
  from: {name: Ines Falk, email: letter@quarry.example.org}
  postal_address: Ines Falk, 3 Stone Lane, Basalt
  review: false
jobs:
  - {name: publish, run: build, every: 15 minutes}
  - {name: letter, run: newsletter send, on: friday, at: "09:00"}
"""
NOTE = """\
---
show: Quarry Talk
title: %s
date: 2026-11-20
---

What the stones say.

## Big reveals

- Granite hums when it cools.
"""


def write_note(folder: Path, title: str, *, age: float = 60) -> Path:
    """Write a note that was saved some seconds ago."""
    path = folder / "episodes" / f"{title.lower().replace(' ', '-')}.md"
    path.parent.mkdir(exist_ok=True)
    path.write_text(NOTE % title, "utf-8")
    saved = path.stat().st_mtime - age
    os.utime(path, (saved, saved))
    return path


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Make a project with a back catalogue of one note, built once, and one subscriber."""
    (tmp_path / "schedule.yaml").write_text(SCHEDULE, "utf-8")
    write_note(tmp_path, "Old stones")
    made = Project(tmp_path, {})
    made.build(FRIDAY - timedelta(days=3))
    add_subscribers(made, ["reader@example.org"], FRIDAY - timedelta(days=3))
    os.utime(tmp_path / "schedule.yaml", (0, (FRIDAY - timedelta(days=4)).timestamp()))
    return made


def names(outcomes: list[Outcome]) -> list[str]:
    """List which jobs ran."""
    return [outcome.job for outcome in outcomes]


def test_jobs_run_when_they_are_due(project: Project) -> None:
    """A tick runs what is due, builds first, and the newsletter carries what was saved just before."""
    write_note(project.folder, "New stones")

    outcomes = tick(project, FRIDAY)

    assert names(outcomes) == ["publish", "letter"]
    assert [outcome.failed for outcome in outcomes] == [False, False]
    assert "New stones" in (project.public / "feed.xml").read_text("utf-8")
    assert len(list((project.folder / "outbox").rglob("*.eml"))) == 1
    assert [issue.state for issue in issues(project)] == ["sent"]


def test_due_time_runs_once(project: Project) -> None:
    """A second tick within the same interval runs nothing, and the next interval runs again."""
    assert names(tick(project, FRIDAY)) == ["publish", "letter"]

    assert tick(project, FRIDAY + timedelta(minutes=14)) == []
    assert names(tick(project, FRIDAY + timedelta(minutes=15))) == ["publish"]


def test_downtime_is_made_up_for_once(project: Project) -> None:
    """After three weeks without a tick each job runs once, under its last due time."""
    tick(project, FRIDAY)

    outcomes = tick(project, FRIDAY + timedelta(days=22))

    assert names(outcomes) == ["publish", "letter"]
    assert outcomes[1].due_at == FRIDAY + timedelta(days=21)


def test_letter_without_news_says_so(project: Project) -> None:
    """A newsletter job with nothing new drafts nothing and has not failed."""
    letter = tick(project, FRIDAY)[1]

    assert letter.summary.startswith("nothing to send: no episode is new: 1 back catalogue")
    assert not letter.failed
    assert issues(project) == []


def test_episode_is_mailed_in_one_issue_only(project: Project) -> None:
    """An episode that one issue has carried is in no later one, edited or not."""
    path = write_note(project.folder, "New stones")
    tick(project, FRIDAY)
    path.write_text(path.read_text("utf-8").replace("Granite", "Gneiss"), "utf-8")
    os.utime(path, (1, 1))

    letter = tick(project, FRIDAY + timedelta(days=7))[1]

    assert letter.summary.startswith("nothing to send: no episode is new: 1 in an issue already")


def test_killed_run_is_done_again(project: Project) -> None:
    """A run whose lease is over, though it has not ended, was killed and runs again."""
    with stored(project) as store:
        store.claim_run("letter", FRIDAY, FRIDAY, Lease("dead", FRIDAY, FRIDAY + timedelta(minutes=1)))
    write_note(project.folder, "New stones")

    outcomes = tick(project, FRIDAY + timedelta(minutes=5))

    assert [(outcome.job, outcome.due_at) for outcome in outcomes if outcome.job == "letter"] == [
        ("letter", FRIDAY)
    ]
    assert [issue.state for issue in issues(project)] == ["sent"]


def test_half_sent_issue_is_sent_to_its_end(project: Project) -> None:
    """A draft that waits is sent by the job in place of a new one."""
    write_note(project.folder, "New stones")
    drafted = draft(project, FRIDAY - timedelta(days=1)).issue
    assert drafted is not None

    tick(project, FRIDAY)

    assert [(issue.slug, issue.state) for issue in issues(project)] == [(drafted.slug, "sent")]


def test_without_subscribers_nothing_is_drafted(tmp_path: Path) -> None:
    """News waits until somebody is there to get it."""
    (tmp_path / "schedule.yaml").write_text(SCHEDULE, "utf-8")
    project = Project(tmp_path, {})
    project.build(FRIDAY - timedelta(days=8))
    write_note(tmp_path, "New stones")

    letter = tick(project, FRIDAY)[1]

    assert letter.summary.startswith("nothing to send: there are no subscribers")
    assert issues(project) == []


def test_broken_note_fails_the_build_job_and_nothing_else(project: Project) -> None:
    """A broken note is named by the failed build job, while others are published and mailed."""
    write_note(project.folder, "New stones")
    broken = write_note(project.folder, "Broken stones")
    broken.write_text("---\ntitle: x\n---\n", "utf-8")
    os.utime(broken, (1, 1))

    publish, letter = tick(project, FRIDAY)

    assert publish.failed
    assert "episodes/broken-stones.md" in publish.summary
    assert (letter.failed, letter.summary) == (False, "sent 2026-11-27 to 1")


def test_tick_leaves_the_work_to_who_holds_it(project: Project) -> None:
    """A tick beside a feedmaker at work gives way at once, and runs nothing twice later."""
    other = Project(project.folder, {})
    with other.working(), pytest.raises(BusyError):
        tick(project, FRIDAY)

    assert names(tick(project, FRIDAY)) == ["publish", "letter"]


def test_two_ticks_at_once_run_a_job_once(project: Project) -> None:
    """Of several ticks started together each due time is run by one; the others end with 0 or 75."""
    write_note(project.folder, "New stones")
    command = [
        sys.executable,
        "-m",
        "feedmaker",
        "-C",
        str(project.folder),
        "tick",
        "--now",
        FRIDAY.isoformat(),
    ]

    ticks = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(4)]
    codes = [process.wait(60) for process in ticks]
    for process in ticks:
        process.communicate()

    assert set(codes) <= {0, 75}
    assert 0 in codes
    with stored(project) as store:
        assert sorted(run.job for run in store.recent_runs(10)) == ["letter", "publish"]
    assert len(issues(project)) == 1
    assert len(list((project.folder / "outbox").rglob("*.eml"))) == 1


def test_idle_tick_decides_without_heavy_imports(project: Project) -> None:
    """A tick with nothing due imports neither the configuration nor the database nor any writer."""
    tick(project, FRIDAY)
    tick(project, FRIDAY)
    code = (
        "import sys; from feedmaker.cli import run; "
        f"code = run(['-C', {str(project.folder)!r}, 'tick', '--now', '2026-11-27T09:05+00:00']); "
        "heavy = {'pydantic', 'sqlalchemy', 'apscheduler', 'feedgen', 'lxml', 'jinja2', 'yaml', 'rich'}; "
        "print(code, sorted(heavy & set(sys.modules)))"
    )

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert said.stdout.split("\n")[-2] == "0 []"


def test_changed_schedule_ends_idleness(project: Project) -> None:
    """A job that is added is seen by the next tick, though nothing was due until later."""
    tick(project, FRIDAY)
    schedule = project.schedule
    schedule.write_text(SCHEDULE + "  - {name: extra, run: build, every: 1 minute}\n", "utf-8")

    assert names(tick(project, FRIDAY + timedelta(minutes=2))) == ["extra"]


def test_trying_out_a_later_time_does_not_stop_the_present(project: Project) -> None:
    """After a tick as if it were next week, jobs of today still run."""
    tick(project, FRIDAY + timedelta(days=7))

    assert names(tick(project, FRIDAY + timedelta(minutes=15))) == ["publish", "letter"]


def test_broken_schedule_is_said_and_runs_nothing(project: Project) -> None:
    """A schedule with faults stops the tick with all of them."""
    project.schedule.write_text(
        SCHEDULE.replace("friday", "freitag").replace("title: Qu", "titel: Qu"), "utf-8"
    )

    with pytest.raises(ConfigError) as raised:
        tick(project, FRIDAY)

    assert {diagnostic.code for diagnostic in raised.value.diagnostics} == {
        "bad-value",
        "missing-key",
        "unknown-key",
    }


def test_status_tells_what_ran_and_what_comes(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """The status names published and held notes, runs and their results, and the next due times."""
    write_note(project.folder, "New stones")
    (project.folder / "episodes" / "later.md").write_text(
        (NOTE % "Later stones").replace("date:", "published: 2999-01-01\ndate:"), "utf-8"
    )
    tick(project, FRIDAY)

    found = status(project, FRIDAY)
    code = run(["-C", str(project.folder), "status"])
    printed = capsys.readouterr().out

    assert (found.published, found.news, found.subscribers, dict(found.issues)) == (2, 0, 1, {"sent": 1})
    assert [(held.path, held.reason) for held in found.held] == [
        ("episodes/later.md", "waits until 2999-01-01 08:00 UTC")
    ]
    assert {run.job: run.state for run in found.runs} == {"publish": "done", "letter": "done"}
    assert {job.name for job, _ in next_runs(project.config(), FRIDAY)} == {"publish", "letter"}
    assert code == 0
    assert "held back: episodes/later.md: waits until 2999-01-01 08:00 UTC" in printed
    assert "letter" in printed


def test_fault_of_the_program_is_recorded_as_a_failure(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A job that ends in an unexpected error has failed, is not begun again, and leaves a report."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("reports")))
    monkeypatch.setattr("feedmaker.feeds.gate.check", lambda *_: 1 // 0)
    write_note(project.folder, "New stones")

    publish, letter = tick(project, FRIDAY)

    assert publish.failed
    assert letter.failed
    assert "ZeroDivisionError" in Path(publish.summary.rpartition(" ")[2]).read_text("utf-8")
    assert tick(project, FRIDAY + timedelta(minutes=1)) == []
