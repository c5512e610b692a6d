"""The ping to a dead man's switch, against real servers that answer, refuse, hang and fail."""

from __future__ import annotations

import io
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from feedmaker.secrets import Secret
from feedmaker.signs.dead_man import DeadMan
from feedmaker.signs.log import Log
from tests.test_fetch import Server, Talk, answer, saying, serving

KEY = "c0ffee00-0000-4000-8000-00000000cafe"


@dataclass
class Watched:
    """Hold a dead man's switch with the time and the log that it was given."""

    address: str
    now: float = 1000.0
    stream: io.BytesIO = field(default_factory=io.BytesIO)

    def __post_init__(self) -> None:
        log = Log(self.stream, lambda: datetime.now(UTC), as_json=True)
        self.switch = DeadMan(Secret(self.address), log, lambda: self.now)

    def beat(self, later: float = 0.0) -> None:
        """Let time pass, say that all is well, and wait until a ping that this began has ended."""
        self.now += later
        self.switch.beat()
        until(lambda: not pinging())

    def events(self) -> list[dict[str, Any]]:
        """Return what was logged."""
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]


def pinging() -> list[threading.Thread]:
    """List the pings in flight."""
    return [thread for thread in threading.enumerate() if thread.name == "dead man's switch"]


def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so, for twenty seconds at most."""
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@contextmanager
def watched(talk: Talk) -> Iterator[tuple[Watched, Server]]:
    """Make a switch at a service that answers by `talk`."""
    with serving(talk) as server:
        yield Watched(f"{server.address}ping/{KEY}"), server


def test_address_is_asked_at_most_once_a_minute() -> None:
    """The first beat pings, and others do only when a minute has passed, however many there are."""
    with watched(saying(answer(b"OK"))) as (switch, server):
        for later in (0, 0, 59, 0.9, 0.1, 30, 30):
            switch.beat(later)

    assert [asked.split("\r\n")[0] for asked in server.asked] == [f"GET /ping/{KEY} HTTP/1.1"] * 3
    assert switch.events() == []


def test_failure_is_told_once_and_so_is_its_end() -> None:
    """A service that fails is a warning, not one for each ping, and its return is told."""
    answers = [answer(b"", "500 Oops"), answer(b"", "500 Oops"), answer(b"OK"), answer(b"OK")]

    def talk(connection: socket.socket, _request: str) -> None:
        connection.sendall(answers.pop(0))

    with watched(talk) as (switch, _):
        for _ in range(4):
            switch.beat(600)

    failed, mended = switch.events()
    assert (failed["event"], failed["level"], failed["host"]) == ("ping.failed", "warning", "127.0.0.1")
    assert "500 Internal Server Error" in failed["message"]
    assert (mended["event"], mended["level"]) == ("ping.mended", "info")


def test_service_that_fails_is_asked_less_often() -> None:
    """After one failure two minutes pass, then four, then five for as long as it lasts."""
    with watched(saying(answer(b"", "503 Down"))) as (switch, server):
        asked_at = []
        for _ in range(25 * 6):
            before = len(server.asked)
            switch.beat(10)
            if len(server.asked) > before:
                asked_at.append(switch.now)

    pauses = [later - earlier for earlier, later in pairwise(asked_at)]
    assert pauses == [120, 240, 300, 300, 300]


def test_key_never_shows() -> None:
    """Neither the log nor the switch itself show more than the host, also where the service redirects."""
    talks = [
        saying(answer(b"", "404 Not Found")),
        saying(answer(b"", "302 Found", f"Location: /elsewhere/{KEY}?key={KEY}")),
        saying(b"nonsense"),
        saying(b""),
    ]
    for talk in talks:
        with watched(talk) as (switch, _):
            switch.beat()
        (event,) = switch.events()
        shown = json.dumps(event) + repr(switch.switch) + str(switch.switch)
        assert event["event"] == "ping.failed"
        assert KEY not in shown
        assert "127.0.0.1" in shown


@pytest.mark.parametrize(
    "address",
    ["", "hunter2", f"ftp://example.org/{KEY}", f"http://[{KEY}", f"http://{KEY}\x00/", "http:///x"],
)
def test_unsound_address_is_a_failure_like_any_other(address: str) -> None:
    """What is no web address is told, without being shown, and nothing is raised."""
    switch = Watched(address)
    switch.beat()

    (event,) = switch.events()
    assert event["event"] == "ping.failed"
    assert "hunter2" not in json.dumps(event)
    assert f"/{KEY}" not in json.dumps(event)


def test_service_that_refuses_is_a_failure() -> None:
    """A port where nobody listens is told as what it is."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        switch = Watched(f"http://127.0.0.1:{unused.getsockname()[1]}/{KEY}")
        switch.beat()

    (event,) = switch.events()
    assert "cannot be reached" in event["message"]


def test_service_that_hangs_holds_nothing_up() -> None:
    """While a ping waits for its answer, beats return at once and no second ping begins."""
    release = threading.Event()

    def talk(connection: socket.socket, _request: str) -> None:
        release.wait(20)
        connection.sendall(answer(b"OK"))

    with watched(talk) as (switch, server):
        began = time.monotonic()
        for _ in range(100):
            switch.now += 3600
            switch.switch.beat()
        assert time.monotonic() - began < 10
        until(lambda: len(server.asked) == 1)
        assert len(pinging()) == 1
        release.set()
        until(lambda: not pinging())

    assert len(server.asked) == 1
    assert switch.events() == []
