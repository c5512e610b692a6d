"""Word to systemd, heard on real sockets."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from feedmaker.signs.systemd import notify, watchdog_seconds


@pytest.fixture(params=["path", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, dict[str, str]]]:
    """Listen as systemd does, at a path or at a name without one; also return the environment for it."""
    address = str(tmp_path / "notify") if request.param == "path" else f"@feedmaker-test-{os.getpid()}"
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as listening:
        listening.bind(address.replace("@", "\0", 1) if request.param == "abstract" else address)
        listening.settimeout(5)
        yield listening, {"NOTIFY_SOCKET": address}


def test_variables_arrive_in_one_message(systemd: tuple[socket.socket, dict[str, str]]) -> None:
    """What is told at once arrives at once, a variable to a line."""
    listening, environ = systemd

    assert notify(environ, READY=1, STATUS="2 jobs, next publish")
    assert listening.recv(4096) == b"READY=1\nSTATUS=2 jobs, next publish"


@pytest.mark.parametrize(
    ("name", "value", "heard"),
    [
        ("STOPPING", 1, b"STOPPING=1"),
        ("WATCHDOG", 1, b"WATCHDOG=1"),
        ("EXTEND_TIMEOUT_USEC", 5_000_000, b"EXTEND_TIMEOUT_USEC=5000000"),
    ],
)
def test_every_word_arrives(
    systemd: tuple[socket.socket, dict[str, str]], name: str, value: int, heard: bytes
) -> None:
    """Stopping, being alive and asking for time are words like any other."""
    listening, environ = systemd

    assert notify(environ, **{name: value})
    assert listening.recv(4096) == heard


def test_reload_tells_when_it_began(systemd: tuple[socket.socket, dict[str, str]]) -> None:
    """Type=notify-reload needs the time of the system's monotonic clock, in microseconds."""
    listening, environ = systemd
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    notify(environ, RELOADING=1)
    after = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000

    reloading, moment = listening.recv(4096).decode().split("\n")
    assert reloading == "RELOADING=1"
    assert before <= int(moment.removeprefix("MONOTONIC_USEC=")) <= after


def test_status_cannot_say_anything_else(systemd: tuple[socket.socket, dict[str, str]]) -> None:
    """A status is one line without control characters and not too long, whatever a message holds."""
    listening, environ = systemd

    assert notify(environ, STATUS="a\nSTOPPING=1\r\x1b[2J b\udcff " + "long " * 100_000)
    heard = listening.recv(65536).decode()
    assert heard.startswith(r"STATUS=a STOPPING=1 \x1b[2J b\udcff long")
    assert "\n" not in heard
    assert len(heard) < 400


@pytest.mark.parametrize(
    "address", ["", "relative", "vsock:2:1", "/no/such/socket", "/" + "x" * 300, "@" + "x" * 300]
)
def test_systemd_that_does_not_listen_is_no_fault(address: str) -> None:
    """Without a socket, or with one that is gone or was never one, nothing is told and nothing fails."""
    assert not notify({"NOTIFY_SOCKET": address}, READY=1)
    assert not notify({}, READY=1)


def test_systemd_that_is_too_busy_does_not_hold_up(systemd: tuple[socket.socket, dict[str, str]]) -> None:
    """Where nobody takes messages up, telling one ends after a while."""
    _, environ = systemd

    while notify(environ, WATCHDOG=1):
        pass


def test_watchdog_is_told_twice_as_often_as_asked() -> None:
    """Half of what systemd waits is the time between two signs of life."""
    own = str(os.getpid())

    assert watchdog_seconds({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": own}) == 15
    assert watchdog_seconds({"WATCHDOG_USEC": "500000"}) == 0.25


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "-1"},
        {"WATCHDOG_USEC": "soon"},
        {"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": ""},
    ],
    ids=str,
)
def test_watchdog_that_was_not_asked_for(environ: dict[str, str]) -> None:
    """Where systemd does not watch this very process, there is nothing to tell."""
    assert watchdog_seconds(environ) is None


def test_systemd_s_own_program_says_the_same(systemd: tuple[socket.socket, dict[str, str]]) -> None:
    """What is told is what systemd-notify tells, apart from who it says is talking."""
    program = shutil.which("systemd-notify")
    if program is None:
        pytest.skip("systemd-notify is not installed, so it was NOT COMPARED")
    listening, environ = systemd
    subprocess.run([program, "--no-block", "--ready", "--status=2 jobs"], env=environ, check=True)
    theirs = listening.recv(4096).decode().split("\n")
    notify(environ, READY=1, STATUS="2 jobs")
    ours = listening.recv(4096).decode().split("\n")

    assert sorted(line for line in theirs if line and not line.startswith("MAINPID=")) == sorted(ours)
