"""`feedmaker serve` as processes that are killed, stopped and doubled: mails that are owed go out once."""

from __future__ import annotations

import asyncio
import queue
import signal
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime

import httpx
import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from feedmaker.store import Consent, open_store
from tests.delivery.smtp_servers import Mailbox, aiosmtpd
from tests.projects import ProjectFolder
from tests.signup.conftest import PATIENCE, SIGNUP
from tests.signup.test_command import started

NAMES = ("ann", "bo", "cat")


class Relay(Mailbox):
    """Take messages, and answer each unless it is told to be silent."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self.is_silent = False

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a message whole, and answer it or not."""
        assert isinstance(envelope.original_content, bytes)
        self.taken.put((envelope.rcpt_tos[0], envelope.original_content))
        if self.is_silent:
            await asyncio.Event().wait()
        return "250 OK"

    def next(self) -> tuple[str, bytes]:
        """Wait for the next message, and return to whom it goes and what it is."""
        return self.taken.get(timeout=PATIENCE)


@pytest.fixture
def relay() -> Iterator[tuple[Relay, str]]:
    """Run a mail server, and return it with its address."""
    mailbox = Relay()
    with aiosmtpd(mailbox) as port:
        yield mailbox, f"smtp://127.0.0.1:{port}"


@pytest.fixture
def ready(project: ProjectFolder) -> ProjectFolder:
    """Make a project with the pages."""
    project.schedule(SIGNUP.format(address="http://127.0.0.1:1/", more=""))
    return project


@contextmanager
def serving(project: ProjectFolder) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Serve the pages of a project at a free port."""
    with started(project, "--listen", "127.0.0.1:0") as both:
        yield both


def ask(address: str) -> None:
    """Have people ask to sign up."""
    for name in NAMES:
        answer = httpx.post(f"{address}subscribe", data={"email": f"{name}@example.org"}, timeout=PATIENCE)
        assert answer.status_code == 200


def stop(process: subprocess.Popen[str]) -> str:
    """End a process in order, and return what it said."""
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=60)[0]
    assert process.returncode == 0
    return said


def owed(project: ProjectFolder) -> list[tuple[str, int]]:
    """Return who is owed a mail, with how often it was tried."""
    with closing(sqlite3.connect(project.open().store_path)) as database:
        query = "SELECT address, attempts FROM subscribers WHERE owed_at IS NOT NULL ORDER BY id"
        return database.execute(query).fetchall()


def end_claims(project: ProjectFolder) -> None:
    """Let the time pass after which a mail is tried again that somebody has claimed."""
    with closing(sqlite3.connect(project.open().store_path)) as database, database:
        database.execute("UPDATE subscribers SET owed_at = asked_at WHERE owed_at IS NOT NULL")


def test_killed_process_leaves_no_mail_unsent(
    ready: ProjectFolder, relay: tuple[Relay, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits behind a relay that does not answer is sent by the next process, and all is the same bytes.

    The mail that was in hand waits until the claim of the dead one has ended.
    """
    mailbox, address = relay
    monkeypatch.setenv("FEEDMAKER_TRANSPORT", address)
    mailbox.is_silent = True
    with serving(ready) as (process, pages):
        ask(pages)
        in_hand = mailbox.next()
        process.kill()
        process.wait(60)
    assert owed(ready) == [("ann@example.org", 1), ("bo@example.org", 0), ("cat@example.org", 0)]

    mailbox.is_silent = False
    with serving(ready) as (process, _):
        others = [mailbox.next()[0], mailbox.next()[0]]
        stop(process)
    assert owed(ready) == [("ann@example.org", 1)]
    end_claims(ready)
    with serving(ready) as (process, _):
        said = stop(process)

    assert others == ["bo@example.org", "cat@example.org"]
    assert mailbox.next() == in_hand
    assert mailbox.taken.empty()
    assert owed(ready) == []
    assert said.count("a confirmation mail is on its way") == 1


def test_two_processes_send_each_mail_once(
    ready: ProjectFolder, relay: tuple[Relay, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both find the same mails owed at the same moment; each is sent by one of them."""
    mailbox, address = relay
    monkeypatch.setenv("FEEDMAKER_TRANSPORT", address)
    readers = [f"reader-{number}@example.org" for number in range(40)]
    with serving(ready) as (one, _), serving(ready) as (other, _):
        with open_store(ready.open().store_path) as store, store.transaction():
            for reader in readers:
                store.ask_subscriber(reader, Consent("form", "I want it."), datetime.now(UTC))
        for process in (one, other):
            process.send_signal(signal.SIGTERM)
        for process in (one, other):
            process.communicate(timeout=60)

    assert sorted(to for to, _ in mailbox.taken.queue) == sorted(readers)
    assert owed(ready) == []


def test_what_is_owed_at_the_end_is_said(ready: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the relay is down SIGTERM ends it all the same, and the log says what is still to be sent."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("FEEDMAKER_TRANSPORT", f"smtp://127.0.0.1:{free.getsockname()[1]}")
        with serving(ready) as (process, pages):
            ask(pages)
            said = stop(process)

    assert said.splitlines()[-1].endswith("stopped; 3 confirmation mails to be sent when it runs again")
    assert owed(ready) == [(f"{name}@example.org", 1) for name in NAMES]
    assert said.count("waits to be tried again") == 3
