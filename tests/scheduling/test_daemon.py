"""The daemon publishes what is saved, and ends when told to."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

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

    assert "episodes/broken.md:1:1: error:" in (folder / "log").read_text("utf-8")


@pytest.mark.usefixtures("daemon")
def test_changed_schedule_is_taken_up(folder: Path) -> None:
    """A job added to schedule.yaml runs without a restart; a broken schedule is said and changes nothing."""
    schedule = folder / "schedule.yaml"
    text = schedule.read_text("utf-8")
    schedule.write_text(text + "jobs: 3\n", "utf-8")
    wait_for(lambda: "expected a list" in (folder / "log").read_text("utf-8"), "the fault in the schedule")

    schedule.write_text(text + "jobs:\n  - {name: often, run: build, every: 1 minute}\n", "utf-8")

    wait_for(lambda: "jobs: often" in (folder / "log").read_text("utf-8"), "the new job")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_daemon_ends_when_told_to(daemon: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """SIGTERM and SIGINT end the daemon cleanly, with exit code 0."""
    daemon.send_signal(number)

    assert daemon.wait(PATIENCE) == 0
