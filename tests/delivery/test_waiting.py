"""Who waits says for what: a sender to whoever called it, a command in a line or below its bar."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from feedmaker.app.drafting import draft as draft_issue
from feedmaker.app.people import add_subscribers
from feedmaker.config import Config
from feedmaker.delivery.deliver import begin, deliver
from feedmaker.delivery.outcomes import WAITS
from feedmaker.delivery.sender import Manner
from feedmaker.delivery.transports import Envelope, Receipt
from feedmaker.store import Counts, Issue, Lease, Store, open_store
from tests.conftest import Cli
from tests.delivery.sending import CONFIG, NOW, Carrier, Clock, config, draft
from tests.projects import FIRST, ROOT, ProjectFolder

MINUTE = timedelta(minutes=1)
ON_ITS_WAY = "1 attempt of another process may still be on its way"
SEVERAL = "2 attempts of another process may still be on their way"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Open an empty store."""
    with open_store(tmp_path / "state.db") as opened:
        yield opened


class Scripted(Carrier):
    """Answer each message with the next outcome that is written down, or else take it."""

    def __init__(self, *outcomes: Any) -> None:
        self.outcomes = list(outcomes)

    def send(self, message: bytes, envelope: Envelope) -> Receipt:
        """Answer as written down."""
        return Receipt(self.outcomes.pop(0) if self.outcomes else "sent", "as scripted")


def waits(
    store: Store, issue: Issue, transport: Carrier, patience: timedelta, settings: Config = CONFIG
) -> tuple[list[tuple[str, str, float]], Counts]:
    """Send an issue, and return what was waited for and how its deliveries stand then."""
    clock, told = Clock(), []
    assert begin(store, issue, settings, NOW, NOW)
    manner = Manner(patience, clock=clock, pause=clock.pause, on_wait=lambda *wait: told.append(wait))
    return told, deliver(store, transport, issue, settings, NOW, manner)


def claim(store: Store, issue: Issue, number: int, until: datetime, now: datetime = NOW) -> None:
    """Claim deliveries as a process does that dies over them."""
    assert begin(store, issue, CONFIG, now, now)
    assert len(store.claim_deliveries(issue.id, Lease("dead", now, until), now, number)) == number


# What a sender says


def test_claim_of_a_dead_process_is_told_at_once_and_once(store: Store) -> None:
    """What is free goes out first; then it is said how many are in other hands, and for how long."""
    issue = draft(store, 5)
    claim(store, issue, 2, NOW + MINUTE)

    told, counts = waits(store, issue, Scripted(), MINUTE)

    assert told == [("sending", SEVERAL, 60.0)]
    assert counts == Counts(sent=3, unknown=2)


def test_claims_that_end_at_other_times_are_told_apart(store: Store) -> None:
    """When the first one is over, what is left is told again with its own time."""
    issue = draft(store, 2)
    claim(store, issue, 1, NOW + MINUTE / 2)
    claim(store, issue, 1, NOW + MINUTE)

    told, _ = waits(store, issue, Scripted(), MINUTE)

    assert told == [("sending", SEVERAL, 30.0), ("sending", ON_ITS_WAY, 30.0)]


def test_who_does_not_wait_says_nothing(store: Store) -> None:
    """Without the patience for a claim it is left alone."""
    issue = draft(store, 1)
    claim(store, issue, 1, NOW + MINUTE)

    assert waits(store, issue, Scripted(), MINUTE / 2) == ([], Counts(sending=1))


def test_what_is_put_off_is_told_for_each_attempt(store: Store) -> None:
    """Between two attempts there is nothing to see, so each wait is said."""
    told, counts = waits(store, draft(store, 1), Scripted("deferred", "deferred"), MINUTE)

    said = "1 message was put off by its server"
    assert told == [("deferred", said, float(WAITS[0])), ("deferred", said, float(WAITS[1]))]
    assert counts == Counts(sent=1)


def test_grace_of_doubt_is_told(store: Store) -> None:
    """What may be repeated after a time is waited for, and that is said as well."""
    retry = config(on_unknown="retry-once", grace="20 s")

    told, counts = waits(store, draft(store, 2), Scripted("unknown", "unknown"), MINUTE, retry)

    assert told == [("unknown", "nobody can say yet whether 2 messages went out", 20.0)]
    assert counts == Counts(sent=2)


# What a command shows


def left_behind(project: ProjectFolder, lease: timedelta = MINUTE) -> Issue:
    """Draft an issue for two, and let a process die over one of them."""
    project.note("fog")
    project.build(FIRST)
    add_subscribers(project.open(), ["ada@example.org", "bo@example.org"], FIRST)
    now = datetime.now(UTC)
    issue = draft_issue(project.open(), now, backlog=1).issue
    assert issue
    with open_store(project.open().store_path) as store:
        claim(store, issue, 1, now + lease, now)
    return issue


def let_go(project: ProjectFolder, issue: Issue) -> None:
    """Let the claim of the dead process be over."""
    past = datetime.now(UTC) - MINUTE
    with open_store(project.open().store_path) as store:
        store.renew_deliveries(issue.id, Lease("dead", past, past))


@contextmanager
def sending(project: ProjectFolder, stderr: int, *more: str) -> Iterator[subprocess.Popen[str]]:
    """Begin to send the issue in a process of its own."""
    command = [sys.executable, "-m", "feedmaker", "-C", str(project.root), "newsletter", "send", "latest"]
    environ = os.environ | {"TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(
        [*command, *more], cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=stderr, text=True
    ) as process:
        yield process


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_command_says_in_one_line_what_it_waits_for(project: ProjectFolder, more: tuple[str, ...]) -> None:
    """Where standard error is no terminal, it has the line once, and standard output what it always has."""
    issue = left_behind(project)
    with sending(project, subprocess.PIPE, *more) as process:
        assert process.stderr
        first = process.stderr.readline()
        let_go(project, issue)
        out, err = process.communicate()

    assert re.fullmatch(rf"{ON_ITS_WAY}; waiting up to \d\d s\n", first)
    assert (err, process.returncode) == ("", 0)
    if more:
        assert json.loads(out)["counts"]["sent"] == 2
    else:
        assert out == f"issue {issue.slug}: 2 sent\n"


def test_terminal_shows_the_wait_where_the_bar_is(project: ProjectFolder) -> None:
    """The line is written anew in its place as the seconds go by, and the result stands alone."""
    issue = left_behind(project)
    screen, end = os.openpty()
    line = re.compile(rb"\x1b\[2K" + ON_ITS_WAY.encode() + rb"; waiting up to (\d\d) s")
    shown, is_held = b"", True
    with sending(project, end) as process:
        os.close(end)
        with suppress(OSError):  # which is how a terminal says that nobody writes to it any more
            while part := os.read(screen, 4096):
                shown += part
                if is_held and len(set(line.findall(shown))) > 1:
                    let_go(project, issue)
                    is_held = False
        out, _ = process.communicate()
    os.close(screen)

    assert not is_held
    assert shown.count(b"\n") <= 1
    assert (out, process.returncode) == (f"issue {issue.slug}: 2 sent\n", 0)


def test_command_that_does_not_wait_says_what_comes_next(project: ProjectFolder, cli: Cli) -> None:
    """A claim that lasts longer than anybody waits by hand is told with its end, to people and machines."""
    project.schedule('delivery: {lease: "1 hour"}\n')
    slug = left_behind(project, 30 * MINUTE).slug

    said = cli("-C", project.root, "newsletter", "send", slug)
    data = json.loads(cli("-C", project.root, "newsletter", "send", slug, "--json").out)

    assert (said.code, said.err) == (75, "")
    until = datetime.fromisoformat(data["claimed_until"])
    local = until.astimezone(project.open().config().site.zone)
    assert said.out.splitlines() == [
        f"issue {slug}: 1 sending, 1 sent",
        f"{ON_ITS_WAY}; after {local:%H:%M:%S} the next tick or `feedmaker newsletter send {slug}` finds out",
    ]
    assert data["counts"]["sending"] == 1
