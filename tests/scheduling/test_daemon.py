"""The daemon publishes what is saved, and ends when told to."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from threading import Event, Thread

import pytest
from apscheduler.triggers.date import DateTrigger

from feedmaker.app.project import Project
from feedmaker.scheduler.daemon import Daemon, background_scheduler
from feedmaker.signs.log import Log
from feedmaker.signs.vitals import Vitals
from feedmaker.worklock import exclusive
from tests.scheduling.test_tick import NOTE, SCHEDULE

PATIENCE = 60.0


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Wait until something has come true; fail after a minute."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a project folder with one note and no jobs."""
    (tmp_path / "schedule.yaml").write_text(SCHEDULE[: SCHEDULE.index("jobs:")], "utf-8")
    (tmp_path / "episodes").mkdir()
    (tmp_path / "episodes" / "old.md").write_text(NOTE % "Old stones", "utf-8")
    return tmp_path


@pytest.fixture
def daemon(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start a daemon, and end it when the test is over."""
    with (folder / "log").open("wb") as log:
        command = [sys.executable, "-u", "-m", "feedmaker", "-C", str(folder), "run"]
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        try:
            wait_for((folder / "public" / "feed.xml").exists, "the first build")
            yield process
        finally:
            process.kill()
            process.wait(PATIENCE)


def feed(folder: Path) -> str:
    """Read the feed as it stands."""
    return (folder / "public" / "feed.xml").read_text("utf-8")


@pytest.mark.usefixtures("daemon")
def test_saved_note_is_published(folder: Path) -> None:
    """A note that is saved while the daemon runs comes out without anything else being done."""
    (folder / "episodes" / "new.md").write_text(NOTE % "New stones", "utf-8")

    wait_for(lambda: "New stones" in feed(folder), "the new note")


@pytest.mark.usefixtures("daemon")
def test_note_that_still_grows_is_waited_for(folder: Path) -> None:
    """A note is taken when its file has stopped changing, not before it is whole."""
    text = (NOTE % "Slow stones").encode()
    with (folder / "episodes" / "slow.md").open("wb", buffering=0) as file:
        for start in range(0, len(text), 12):
            file.write(text[start : start + 12])
            time.sleep(0.15)

    wait_for(lambda: "Slow stones" in feed(folder), "the slow note")

    assert "error" not in (folder / "log").read_text("utf-8")


@pytest.mark.usefixtures("daemon")
def test_broken_note_is_said_and_others_go_out(folder: Path) -> None:
    """A broken note is named in the log with its place while the daemon goes on."""
    (folder / "episodes" / "broken.md").write_text("---\ntitle: x\n---\n", "utf-8")
    (folder / "episodes" / "new.md").write_text(NOTE % "New stones", "utf-8")

    wait_for(lambda: "New stones" in feed(folder), "the new note")
    wait_for(lambda: "episodes/broken.md:1:1: error:" in (folder / "log").read_text("utf-8"), "the fault")


@pytest.mark.usefixtures("daemon")
def test_changed_schedule_is_taken_up(folder: Path) -> None:
    """A job added to schedule.yaml runs without a restart; a broken schedule is said and changes nothing."""
    schedule = folder / "schedule.yaml"
    text = schedule.read_text("utf-8")
    schedule.write_text(text + "jobs: 3\n", "utf-8")
    wait_for(lambda: "expected a list" in (folder / "log").read_text("utf-8"), "the fault in the schedule")

    schedule.write_text(text + "jobs:\n  - {name: often, run: build, every: 1 minute}\n", "utf-8")

    wait_for(lambda: "new: often" in (folder / "log").read_text("utf-8"), "the new job")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_daemon_ends_when_told_to(daemon: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """SIGTERM and SIGINT end the daemon cleanly, with exit code 0."""
    daemon.send_signal(number)

    assert daemon.wait(PATIENCE) == 0


def test_scheduler_that_is_told_to_end_while_it_starts_a_job_says_nothing() -> None:
    """A job that a shutdown has taken away in the same moment is no fault of anybody's.

    What ends a thread is a warning, and warnings are errors.
    """
    scheduler = background_scheduler()
    has_begun, has_ended = Event(), Event()

    class Once(DateTrigger):  # type: ignore[misc] # it has no types
        def get_next_fire_time(self, before: datetime | None, now: datetime) -> datetime | None:
            """Say when the job is due; be overtaken by a shutdown while saying that it never is again."""
            if before is None:
                return now
            has_begun.set()
            wait_for(lambda: not scheduler.running, "the shutdown")
            has_ended.set()
            return None

    scheduler.start()
    scheduler.add_job(lambda: None, Once())
    assert has_begun.wait(PATIENCE)
    scheduler.shutdown()

    assert has_ended.is_set()


class Clock:
    """Tell a time that the test sets."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Make a clock that stands still until it is set."""
    return Clock(datetime(2026, 11, 27, 9, 0, tzinfo=UTC))


@pytest.fixture
def inside(folder: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[BytesIO]:
    """Run a daemon in a thread, with quick sweeps, and hand out its log."""
    monkeypatch.setattr("feedmaker.scheduler.daemon.SWEEP_SECONDS", 0.2)
    said = BytesIO()
    daemon = Daemon(Project(folder, {}), Log(said, clock), Vitals(clock), clock)
    thread = Thread(target=daemon.run, args=(lambda **_: None, lambda: None))
    thread.start()
    try:
        wait_for((folder / "public" / "feed.xml").exists, "the first build")
        yield said
    finally:
        daemon.stop()
        thread.join(PATIENCE)


@pytest.mark.usefixtures("inside")
def test_note_whose_time_comes_is_published(folder: Path, clock: Clock) -> None:
    """A note that waits goes out when its time has come, though no file changes and no job runs."""
    note = (NOTE % "Later stones").replace("date:", "published: 2026-11-28\ndate:", 1)
    (folder / "episodes" / "later.md").write_text(note, "utf-8")
    (folder / "episodes" / "new.md").write_text(NOTE % "New stones", "utf-8")
    wait_for(lambda: "New stones" in feed(folder), "the new note")
    assert "Later stones" not in feed(folder)

    clock.now += timedelta(days=2)

    wait_for(lambda: "Later stones" in feed(folder), "the note whose time has come")


def test_note_saved_while_another_works_is_published_later(folder: Path, inside: BytesIO) -> None:
    """Where a build finds the work taken, it is tried again until it is done."""
    with exclusive(folder / ".feedmaker" / "work.lock"):
        (folder / "episodes" / "new.md").write_text(NOTE % "New stones", "utf-8")
        wait_for(lambda: b"another feedmaker is at work" in inside.getvalue(), "the work to be taken")

    wait_for(lambda: "New stones" in feed(folder), "the new note")


def test_job_runs_in_the_daemon_when_it_is_due(folder: Path, clock: Clock, inside: BytesIO) -> None:
    """A job is run at its due time and said in the log, with what it did."""
    schedule = folder / "schedule.yaml"
    schedule.write_text(
        schedule.read_text("utf-8") + "jobs:\n  - {name: often, run: build, every: 5 minutes}\n", "utf-8"
    )
    wait_for(lambda: inside.getvalue().count(b" often done: ") == 1, "the first run")

    clock.now += timedelta(minutes=5)

    wait_for(lambda: inside.getvalue().count(b" often done: ") == 2, "the next run")
