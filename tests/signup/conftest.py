"""The pages of a project, served in this process over real HTTP, and the mails that they bring about."""

from __future__ import annotations

import io
import queue
import re
import shutil
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from itertools import count
from pathlib import Path

import httpx
import pytest

from feedmaker.app.posting import Post
from feedmaker.app.project import Project
from feedmaker.app.signup import SignupDesk
from feedmaker.bounces.webhooks import SECRET
from feedmaker.delivery.transports import Envelope, Receipt
from feedmaker.signs.log import Log
from feedmaker.store import Status, Store, Subscriber, open_store
from feedmaker.tokens import Tokens
from feedmaker.web.entrance import Bounds
from feedmaker.web.signup import listen, serve
from tests.projects import ProjectFolder

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
DAY = timedelta(days=1)
ANN = "ann@example.org"
ONE_CLICK = "List-Unsubscribe=One-Click"
ELSEWHERE = "https://blog.example.net"
SIGNUP = """\
signup:
  address: {address}
  privacy: https://lamp.example.org/privacy
{more}"""
BLOG = f"  origins: {ELSEWHERE}\n"
CHOICES = """\
  digest: true
  topics: ["show:Keepers", "tag:bells", "tag:fog & <lamps>"]
  languages: {de: Deutsch, pt-BR: Português}
"""
PATIENCE = 30.0
KEY = b"a key that nobody knows!"
"""What the provider signs its events with."""


@dataclass
class Clock:
    """Tell the time that a test sets."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now


@dataclass
class Mailbox:
    """Take messages in place of a mail server, and hand them to the test in their order."""

    taken: queue.Queue[tuple[Envelope, bytes]] = field(default_factory=queue.Queue)
    width: int = 1
    remembers: timedelta | None = None

    def send(self, message: bytes, envelope: Envelope) -> Receipt:
        """Take a message."""
        self.taken.put((envelope, message))
        return Receipt("sent", "taken")

    def close(self) -> None:
        """Do nothing."""

    def next(self) -> EmailMessage:
        """Wait for the next message."""
        _, message = self.taken.get(timeout=PATIENCE)
        return message_from_bytes(message, policy=policy.default)


@dataclass
class Served:
    """Hold what is served: at which port and address, by which clock, what it says, and what it sends."""

    folder: ProjectFolder
    project: Project
    desk: SignupDesk
    port: int
    address: str
    clock: Clock
    mailbox: Mailbox
    said: io.BytesIO
    client: httpx.Client
    numbers: Iterator[int] = field(default_factory=count)

    @property
    def log(self) -> str:
        """Return what was logged so far."""
        return self.said.getvalue().decode()

    def get(self, path: str, **options: object) -> httpx.Response:
        """Ask for a page."""
        return self.client.get(self.address + path, **options)  # type: ignore[arg-type]

    def post(self, path: str, *fields: str, **options: object) -> httpx.Response:
        """Send a form whose fields are written as NAME=VALUE."""
        data: dict[str, list[str]] = {}
        for each in fields:
            name, _, value = each.partition("=")
            data.setdefault(name, []).append(value)
        return self.client.post(self.address + path, data=data, **options)  # type: ignore[arg-type]

    def ask(self, address: str, **options: object) -> httpx.Response:
        """Send the form with an address."""
        return self.post("subscribe", f"email={address}", **options)

    @contextmanager
    def store(self) -> Iterator[Store]:
        """Open the state database beside the server."""
        with open_store(self.project.store_path) as store:
            yield store

    def person(self, address: str) -> Subscriber | None:
        """Look somebody up."""
        with self.store() as store:
            return store.subscriber(address)

    def add(self, address: str, status: Status = "active", since: datetime = NOW - 9 * DAY) -> Subscriber:
        """Add somebody with a status that they have had for some days."""
        with self.store() as store:
            assert store.add_subscriber(address, since)
            person = store.subscriber(address)
            assert person
            store.set_status(person.id, status, "for a test", since)
            person = store.subscriber(address)
            assert person
            return person

    def reader_token(self, person: Subscriber) -> str:
        """Return the token that stands in somebody's issues."""
        with self.store() as store:
            return Tokens(store.keys()).sign("reader", person.token)

    def mails(self) -> list[EmailMessage]:
        """Return all mails so far: those that come before the mail to somebody who asks just now."""
        last = f"last-{next(self.numbers)}@example.org"
        assert self.ask(last, headers={"X-Forwarded-For": "203.0.113.99"}).status_code == 200
        found = []
        while (mail := self.mailbox.next())["To"] != last:
            found.append(mail)
        return found

    def confirm_link(self, address: str) -> str:
        """Ask to sign up and return the link in the mail that comes, as a path below the pages' address."""
        assert self.ask(address).status_code == 200
        mail = self.mailbox.next()
        assert mail["To"] == address
        return link_of(mail, self.address)

    def rows(self) -> list[tuple[object, ...]]:
        """Return everything that the state database holds once what became of all mails is written down."""
        import sqlite3
        from contextlib import closing

        last = time.monotonic() + PATIENCE
        with self.store() as store:
            while store.count_owed():
                assert time.monotonic() < last
        with closing(sqlite3.connect(self.project.store_path)) as database:
            tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
            return [
                (table, *row)
                for (table,) in tables.fetchall()
                for row in database.execute(f"SELECT * FROM {table}")
            ]


def link_of(mail: EmailMessage, address: str) -> str:
    """Return the one link below an address that a mail holds, without that beginning."""
    (found,) = re.findall(rf"^{re.escape(address)}(\S+)", mail.get_content(), re.MULTILINE)
    return str(found)


Serve = Callable[..., Served]


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the state database once, for making its tables takes longer than most tests."""
    path = tmp_path_factory.mktemp("store") / "state.db"
    with open_store(path) as store:
        store.keys()
    return path


@pytest.fixture
def serve_pages(project: ProjectFolder, empty_database: Path) -> Iterator[Serve]:
    """Serve the pages of a project with some more settings, until the test is over.

    At another address than their own they can be reached only through what a test puts in front of them.
    """
    stops: list[tuple[threading.Event, threading.Thread]] = []

    def begin(more: str = "", bounds: Bounds | None = None, address: str = "") -> Served:
        listening = listen("127.0.0.1:0", "a test")
        port = listening.getsockname()[1]
        address = address or f"http://127.0.0.1:{port}/letter/"
        project.schedule(SIGNUP.format(address=address, more=more))
        opened = project.open()
        opened.state.mkdir(exist_ok=True)
        shutil.copy(empty_database, opened.store_path)
        mailbox, clock, said = Mailbox(), Clock(), io.BytesIO()
        opened.transport = mailbox
        desk, log = SignupDesk(opened, clock), Log(said, clock)
        post, stop = Post(desk, log), threading.Event()
        thread = threading.Thread(target=serve, args=(desk, post, log, listening, stop, bounds))
        thread.start()
        stops.append((stop, thread))
        return Served(project, opened, desk, port, address, clock, mailbox, said, client)

    with httpx.Client(timeout=PATIENCE) as client:
        yield begin
    for stop, thread in stops:
        stop.set()
        thread.join(PATIENCE)
        assert not thread.is_alive()


@pytest.fixture
def provider_secret(project: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let who opens the project know the secret of the provider."""
    environ = {SECRET: f"whsec_{b64encode(KEY).decode()}"}
    monkeypatch.setattr(project, "open", lambda: Project(project.root, environ))


@pytest.fixture
def served(serve_pages: Serve) -> Served:
    """Serve the pages of a project with everything that people may choose."""
    return serve_pages(BLOG + CHOICES)
