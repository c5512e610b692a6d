"""Sending over SMTP, seen from outside: senders are killed, connections cut, people refused and put off."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Literal

import pytest

from feedmaker.app.drafting import draft
from feedmaker.app.people import add_subscribers
from feedmaker.store import Delivery, open_store
from tests.delivery import mortal
from tests.delivery.evil_sink import Evil, sink
from tests.delivery.postfix import DOMAIN, postfix
from tests.projects import FIRST, ROOT, ProjectFolder

KILLS = int(os.environ.get("FEEDMAKER_TEST_KILLS", "60"))
SEED = int(os.environ.get("FEEDMAKER_TEST_SEED", "20261130"))
READERS = 12 * KILLS
CONNECTIONS = 4
STOPS = 12
Policy = Literal["hold", "retry-once"]


class Senders:
    """Run commands in copies of a process that has all it needs, and say how they ended."""

    def __init__(self, project: ProjectFolder, process: subprocess.Popen[str]) -> None:
        self.project, self._process = project, process

    def begin(self, *arguments: object) -> int:
        """Begin a command on the project, and return its process id."""
        command = ["-C", str(self.project.root), "newsletter", *map(str, arguments)]
        assert self._process.stdin
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return self._number()

    def end(self) -> int:
        """Wait for the command, and return its exit code, or -9."""
        return self._number()

    def _number(self) -> int:
        assert self._process.stdout
        return int(self._process.stdout.readline())


@contextmanager
def senders(project: ProjectFolder) -> Iterator[Senders]:
    """Start what sends."""
    command = [sys.executable, "-m", mortal.__name__]
    with subprocess.Popen(command, cwd=ROOT, stdin=-1, stdout=-1, text=True) as process:
        yield Senders(project, process)
        assert process.stdin
        process.stdin.close()


def prepared(project: ProjectFolder, readers: list[str], **delivery: Any) -> str:
    """Draft an issue for these readers, and return its slug."""
    settings = {"lease": "2 s", "grace": "0", "connections": CONNECTIONS, "stop_at": 100} | delivery
    project.schedule(f"delivery: {json.dumps(settings)}\n")
    project.note("fog")
    project.build(FIRST)
    add_subscribers(project.open(), readers, FIRST)
    made = draft(project.open(), datetime.now(UTC), backlog=1)
    assert made.issue
    return made.issue.slug


def ledger(project: ProjectFolder) -> list[Delivery]:
    """Return all deliveries."""
    with open_store(project.root / ".feedmaker" / "state.db") as store:
        return list(store.deliveries(1))


def send_until_done(sending: Senders, evil: Evil, port: int, slug: str, kills: int) -> int:
    """Send again and again until it is done; after so many kills there are no more."""
    for _ in range(20 * kills + 20):
        if sum(times for what, times in evil.did.items() if what.startswith("kill")) >= kills:
            evil.kill = 0.0
        evil.victim = sending.begin("send", slug, "--transport", f"smtp://127.0.0.1:{port}")
        code = sending.end()
        evil.victim = None
        if code in (0, 1) and not any(row.state in UNDONE for row in ledger(sending.project)):
            return code
    raise AssertionError(f"seed {SEED}: it does not come to an end: {evil.did}")


UNDONE = ("queued", "sending", "deferred")


@pytest.mark.parametrize("policy", ["hold", "retry-once"])
def test_nobody_is_missed_and_nobody_gets_two(project: ProjectFolder, policy: Policy) -> None:
    """Whatever happens at whichever point, the ledger tells the truth, and second copies are decided on.

    FEEDMAKER_TEST_KILLS and FEEDMAKER_TEST_SEED choose more kills and others.
    """
    readers = [f"reader-{number}@example.org" for number in range(READERS)]
    slug = prepared(project, readers, on_unknown=policy)
    evil = Evil(SEED, kill=0.02, drop=0.01, refuse=0.01, defer=0.02)

    with senders(project) as sending, sink(evil) as port:
        send_until_done(sending, evil, port, slug, KILLS)

    kills = sum(times for what, times in evil.did.items() if what.startswith("kill"))
    assert kills >= KILLS, f"only {kills} kills: {evil.did}"
    rows = {row.address: row for row in ledger(project)}
    assert sorted(rows) == sorted(readers)
    assert len({what.partition(" at ")[2] for what in evil.did}) == 9, f"few points were met: {evil.did}"
    for address, row in rows.items():
        copies = evil.taken.get(address, [])
        assert len(set(copies)) <= 1, f"a repeat had other bytes: {row}"
        assert len(copies) <= 1 + row.repeats, f"more copies than were decided on: {row}"
        assert row.repeats == 0 or policy == "retry-once"
        if row.state == "sent":
            assert copies, f"sent, but nobody has it: {row}"
        elif row.state == "failed":
            assert address in evil.refused
            assert len(copies) <= row.repeats
        else:
            assert row.state == "unknown"
            assert row.repeats == int(policy == "retry-once"), f"a repeat was left out: {row}"
    unknown = sum(row.state == "unknown" for row in rows.values())
    lost = sum(times for what, times in evil.did.items() if what.startswith(("kill", "drop")))
    assert unknown <= lost * CONNECTIONS


def test_two_senders_are_killed_together(project: ProjectFolder) -> None:
    """Two that send at once, one of which is killed again and again, send each message once."""
    readers = [f"reader-{number}@example.org" for number in range(READERS)]
    slug = prepared(project, readers)
    evil = Evil(SEED, kill=0.01)
    quiet = Evil(SEED, taken=evil.taken)

    with senders(project) as mortals, senders(project) as others, sink(evil) as port, sink(quiet) as calm:
        others.begin("send", slug, "--transport", f"smtp://127.0.0.1:{calm}")
        for _ in range(KILLS):
            evil.victim = mortals.begin("send", slug, "--transport", f"smtp://127.0.0.1:{port}")
            mortals.end()
        others.end()
        evil.kill = 0.0
        mortals.begin("send", slug, "--transport", f"smtp://127.0.0.1:{port}")
        mortals.end()

    rows = ledger(project)
    assert len(rows) == READERS
    assert {row.state for row in rows} <= {"sent", "unknown"}
    assert {len(copies) for copies in evil.taken.values()} == {1}
    assert all(row.address in evil.taken for row in rows if row.state == "sent")


def test_log_of_the_relay_is_the_evidence(project: ProjectFolder) -> None:
    """With the log of a real Postfix everybody gets one copy, whoever was killed, and none is held."""
    names = [f"reader-{number}" for number in range(120)]
    with postfix(names) as relay, senders(project) as sending:
        address = f"smtp://127.0.0.1:{relay.port}"
        people = [f"{name}@{DOMAIN}" for name in names]
        slug = prepared(project, people, relay_log=str(relay.log), grace="1 s")

        def delivered() -> int:
            return sum(relay.delivered(names).values())

        for _ in range(KILLS // 3):
            goal = min(delivered() + 3, len(names))
            victim = sending.begin("send", slug, "--transport", address)
            wait_until(lambda goal=goal: delivered() >= goal)  # type: ignore[misc]
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
            sending.end()
        codes = iter(lambda: (sending.begin("send", slug, "--transport", address), sending.end())[1], 0)
        assert len(list(islice(codes, 20))) < 20
        wait_until(lambda: delivered() >= len(names))
        assert set(relay.delivered(names).values()) == {1}
    assert {row.state for row in ledger(project)} == {"sent"}


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name
)
def test_who_is_told_to_stop_leaves_nothing_in_doubt(project: ProjectFolder, number: signal.Signals) -> None:
    """At whichever moment it comes, what is under way is finished and recorded, and soon that is the end."""
    readers = [f"reader-{one}@example.org" for one in range(STOPS * 50)]
    slug = prepared(project, readers)
    chance, quiet = random.Random(SEED + number), Evil(SEED)

    with senders(project) as sending, sink(quiet) as port:
        for _ in range(STOPS):
            goal = len(quiet.taken) + chance.randint(1, 30)
            victim = sending.begin("send", slug, "--transport", f"smtp://127.0.0.1:{port}")
            wait_until(lambda goal=goal: len(quiet.taken) >= goal)  # type: ignore[misc]
            time.sleep(chance.random() * 0.01)
            os.kill(victim, number)
            assert sending.end() == 130
            rows = ledger(project)
            assert {row.state for row in rows} <= {"queued", "sent"}
            assert {row.address for row in rows if row.state == "sent"} == set(quiet.taken)
        sending.begin("send", slug, "--transport", f"smtp://127.0.0.1:{port}")
        assert sending.end() == 0

    assert {len(copies) for copies in quiet.taken.values()} == {1}


def wait_until(is_so: Callable[[], bool]) -> None:
    """Look again and again until something is so, for a minute at the most."""
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline, "it does not come to that"
        time.sleep(0.005)
