"""Confirmation mails that are owed: all go out, in their order, and whatever happens to one is said."""

from __future__ import annotations

import io
import queue
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from feedmaker.app.posting import LEASE, PAUSES, Post
from feedmaker.app.signup import ROOM, Asking, SignupDesk
from feedmaker.config import Newsletter
from feedmaker.delivery.confirm import Confirmation, write_confirmation
from feedmaker.delivery.transports import Envelope, Receipt
from feedmaker.errors import BusyError, DeliveryError, GateError, StoreError, TemplateError
from feedmaker.signs.log import Log
from feedmaker.signup.rules import VALID
from feedmaker.store import Consent, Store, open_store
from tests.projects import ProjectFolder
from tests.signup.conftest import DAY, NOW, PATIENCE, SIGNUP, Clock

LETTER = Newsletter.model_validate(
    {"title": "T", "from": {"name": "Orla Finch", "email": "o@lamp.example.org"}, "postal_address": "P"}
)
SENT = Receipt("sent", "ok")
LATER = Receipt("deferred", "451 later")
SECOND = timedelta(seconds=1)


@dataclass
class Server:
    """Answer messages to ann by what a test says, in turn; take all others, and in the end hers too."""

    answers: list[Receipt | Exception] = field(default_factory=list)
    taken: queue.Queue[str] = field(default_factory=queue.Queue)
    bytes_: list[bytes] = field(default_factory=list)
    closed: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    width: int = 1
    remembers: timedelta | None = None

    def send(self, message: bytes, envelope: Envelope) -> Receipt:
        """Answer a message."""
        self.bytes_.append(message)
        name = envelope.recipient.partition("@")[0]
        answer = self.answers.pop(0) if self.answers and name == "ann" else SENT
        if isinstance(answer, Exception):
            raise answer
        if answer.accepted:
            self.taken.put(name)
        return answer

    def close(self) -> None:
        """Tell the test that nobody holds the line."""
        self.closed.release()

    def next(self) -> str:
        """Wait for the next message that is taken."""
        return self.taken.get(timeout=PATIENCE)


@dataclass
class Office:
    """Hold a project whose mails go to a server, the clock it goes by, and what it says."""

    desk: SignupDesk
    server: Server
    clock: Clock
    said: io.BytesIO

    @contextmanager
    def open(self) -> Iterator[Post]:
        """Send what is owed, as long as the test likes; all that is due is out in the end."""
        post = Post(self.desk, Log(self.said, self.clock))
        try:
            yield post
        finally:
            post.close(PATIENCE)

    def send(self) -> int:
        """Send what is due at this moment, and return how many mails are owed then."""
        return Post(self.desk, Log(self.said, self.clock)).close(PATIENCE)

    def ask(self, *names: str) -> None:
        """Have people ask to sign up."""
        for number, name in enumerate(names):
            assert self.desk.ask(Asking(f"{name}@example.org", f"10.1.{number}.1", "form")) is None

    @contextmanager
    def store(self) -> Iterator[Store]:
        """Open the state database."""
        with open_store(self.desk.project.store_path) as store:
            yield store

    def count(self) -> int:
        """Count the mails that are owed."""
        with self.store() as store:
            return store.count_owed()

    @property
    def sent(self) -> list[str]:
        """Return to whom mails went so far."""
        return list(self.server.taken.queue)

    @property
    def log(self) -> str:
        """Return what was said."""
        return self.said.getvalue().decode()


Begin = Callable[..., Office]


@pytest.fixture
def office(project: ProjectFolder, empty_database: Path) -> Begin:
    """Make a project whose server answers like that."""

    def begin(*answers: Receipt | Exception, server: Server | None = None) -> Office:
        project.schedule(SIGNUP.format(address="http://127.0.0.1:1/", more=""))
        opened = project.open()
        opened.state.mkdir()
        shutil.copy(empty_database, opened.store_path)
        opened.transport = server or Server(list(answers))
        clock = Clock()
        desk = SignupDesk(opened, clock)
        opened.transport.closed.acquire(timeout=PATIENCE)
        return Office(desk, opened.transport, clock, io.BytesIO())

    return begin


# The message


def mail(name: str) -> Confirmation:
    """Write a mail to somebody."""
    return write_confirmation(
        LETTER, f"{name}@example.org", subject="S", text="T\n", token=name, date=NOW.replace(microsecond=5)
    )


def test_message_is_fixed() -> None:
    """It has the sender's domain, no address in its id, and is the same whenever it is written."""
    one = mail("ann")

    assert one == mail("ann")
    assert one.envelope.key != mail("bo").envelope.key
    assert one.envelope == Envelope("o@lamp.example.org", "ann@example.org", "confirm", one.envelope.key)
    assert one.envelope.key.endswith("@lamp.example.org>")
    assert "ann" not in one.envelope.key
    assert f"Message-ID: {one.envelope.key}\r\n".encode() in one.message


@pytest.mark.parametrize("recipient", ["ann@example.org\r\nBcc: x@example.org", "a b@example.org", ""])
def test_recipient_cannot_add_a_header(recipient: str) -> None:
    """What is no plain address is refused before anything is sent."""
    with pytest.raises(GateError):
        write_confirmation(LETTER, recipient, subject="S", text="T", token="x", date=NOW)


# Sending


def test_mails_go_out_in_order(office: Begin) -> None:
    """The first that is asked for is the first that is sent, and each is owed no more."""
    one = office()
    one.ask(*"abcdef")

    assert one.send() == 0
    assert one.sent == list("abcdef")
    assert one.log.count("a confirmation mail is on its way") == 6


def test_asking_wakes_who_sleeps(office: Begin) -> None:
    """Who is owed a mail gets it at once; when nothing is left the connection is closed."""
    one = office()
    with one.open() as post:
        for name in "ab":
            one.ask(name)
            post.wake()
            assert one.server.next() == name
            assert one.server.closed.acquire(timeout=PATIENCE)


def test_mail_of_another_process_is_found(office: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody told of is found by looking now and then, for who left it may be dead."""
    monkeypatch.setattr("feedmaker.app.posting._LOOK", 0.01)
    one = office(Receipt("deferred", "451 later", DAY))
    one.ask("ann")
    with one.open():
        assert one.server.closed.acquire(timeout=PATIENCE)
        for name in ("bo", "cat"):
            one.ask(name)
            assert one.server.next() == name


def test_one_that_is_due_later_is_slept_for(office: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread wakes by itself when the next mail is due."""
    one = office(LATER)
    one.ask("ann")
    one.send()
    one.clock.now += PAUSES[0] - timedelta(microseconds=1)
    read = threading.Event()

    def clock() -> datetime:
        now = one.clock.now
        read.set()
        return now

    monkeypatch.setattr(one.desk, "clock", clock)
    with one.open():
        assert read.wait(PATIENCE)
        one.clock.now += SECOND
        assert one.server.next() == "ann"


@pytest.mark.parametrize(
    ("trouble", "pause"),
    [
        (DeliveryError("the server cannot be reached"), PAUSES[0]),
        (Receipt("deferred", "451 greylisted"), PAUSES[0]),
        (Receipt("deferred", "451 later", timedelta(0)), PAUSES[0]),
        (
            Receipt("deferred", "429 slowly", timedelta(hours=3, milliseconds=5)),
            timedelta(hours=3, seconds=1),
        ),
    ],
)
def test_what_is_not_taken_is_tried_again(
    office: Begin, trouble: Receipt | Exception, pause: timedelta
) -> None:
    """The same bytes go once more after a pause, not before, and that they have to wait is said."""
    one = office(trouble)
    one.ask("ann")
    assert one.send() == 1
    one.clock.now += pause - SECOND
    assert one.send() == 1
    assert len(one.server.bytes_) == 1
    one.clock.now += SECOND

    assert one.send() == 0
    assert one.sent == ["ann"]
    assert len(one.server.bytes_) == 2
    assert len(set(one.server.bytes_)) == 1
    assert one.log.count("warning: a confirmation mail waits to be tried again: ") == 1


def test_one_that_waits_does_not_hold_up_others(office: Begin) -> None:
    """What is to be tried again later lets all behind it pass."""
    one = office(DeliveryError("no"))
    one.ask("ann", "bo")

    assert one.send() == 1
    assert one.sent == ["bo"]


def test_tries_go_on_for_a_day_and_come_to_an_end(office: Begin) -> None:
    """With pauses that grow a mail is tried for nearly a day; then it is given up, and that is said."""
    one = office(*[DeliveryError("no")] * 99)
    one.ask("ann")
    for pause in PAUSES:
        assert one.send() == 1
        one.clock.now += pause

    assert one.send() == 0
    assert list(PAUSES) == sorted(PAUSES)
    assert timedelta(hours=20) < one.clock.now - NOW < DAY
    assert len(one.server.bytes_) == len(PAUSES) + 1
    assert one.log.count("tried again") == len(PAUSES)
    assert one.log.count("warning: a confirmation mail was not sent: no") == 1


@pytest.mark.parametrize("outcome", ["failed", "unknown"])
def test_what_is_final_is_not_tried_again(office: Begin, outcome: str) -> None:
    """A refusal is one, and what may have arrived is not sent twice; no address stands in the log."""
    said = Receipt(outcome, "550 <Ann@Example.org> is nobody here")  # type: ignore[arg-type]
    one = office(said)
    one.ask("ann", "bo")

    assert one.send() == 0
    assert one.sent == ["bo"]
    assert "was not sent: 550 <a…@e….org> is nobody here" in one.log


def test_trouble_names_nobody(office: Begin) -> None:
    """Whatever names the recipient, and be it the file that cannot be written, the log does not."""
    one = office(DeliveryError("outbox/confirm/ann@example.org.eml: Permission denied"))
    one.ask("ann")
    one.send()

    assert "tried again: outbox/confirm/a…@e….org.eml: Permission denied" in one.log


@pytest.mark.parametrize("error", [ValueError("a fault, of ann@example.org"), TemplateError([])])
def test_mail_that_cannot_be_written_holds_up_nobody(
    office: Begin, error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong with one, the next is sent; a fault of ours is kept, and may be mended in time."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    one = office()
    one.ask("ann", "bo")
    write = one.desk.mail

    def fail(store: Store, address: str) -> Confirmation | None:
        if address == "ann@example.org":
            raise error
        return write(store, address)

    with monkeypatch.context() as planted:
        planted.setattr(one.desk, "mail", fail)
        assert one.send() == 1
    assert one.sent == ["bo"]
    assert len(list(tmp_path.glob("feedmaker-*.log"))) == isinstance(error, ValueError)
    assert "ann@" not in one.log
    one.clock.now += PAUSES[0]
    assert one.send() == 0
    assert one.sent == ["bo", "ann"]


# Who is owed nothing any more


def confirm(store: Store) -> None:
    """Confirm, as by the link of a mail that arrived although it was not known to."""
    person = store.subscriber("ann@example.org")
    assert person
    assert person.asked_at
    assert store.confirm_subscriber(person.token, person.asked_at, NOW)


def leave(store: Store) -> None:
    """Leave."""
    person = store.subscriber("ann@example.org")
    assert person
    assert store.leave(person.token, "left", NOW)


@pytest.mark.parametrize(
    "happens",
    [
        confirm,
        leave,
        lambda store: store.erase_subscriber("ann@example.org", NOW),
        lambda store: store.suppress_subscriber("ann@example.org", "by hand", NOW),
    ],
    ids=["confirmed", "left", "erased", "suppressed"],
)
def test_mail_that_nobody_waits_for_is_not_sent(office: Begin, happens: Callable[[Store], object]) -> None:
    """Who has confirmed or gone meanwhile gets none, and is owed none."""
    one = office()
    one.ask("ann", "bo")
    with one.store() as store:
        happens(store)

    assert one.send() == 0
    assert one.sent == ["bo"]
    assert len(one.server.bytes_) == 1


def test_mail_whose_link_is_too_old_is_not_sent(office: Begin) -> None:
    """After a week without a process to send it, a mail is dropped; a second before it is not."""
    one = office()
    one.ask("ann")
    one.clock.now += SECOND
    one.ask("bo")
    one.clock.now = NOW + VALID

    assert one.send() == 0
    assert one.sent == ["bo"]


def test_asking_anew_is_owed_anew(office: Begin) -> None:
    """Whoever asks again after a day has all tries before them, and another link."""
    one = office(*[LATER] * (len(PAUSES) + 2))
    one.ask("ann")
    for pause in PAUSES:
        one.send()
        one.clock.now += pause
    assert one.send() == 0
    one.clock.now = NOW + DAY
    one.ask("ann")

    assert one.send() == 1
    one.clock.now += PAUSES[0]
    assert one.send() == 0
    assert one.sent == ["ann"]
    assert len(set(one.server.bytes_)) == 2


# Ends


def test_queue_has_an_end(office: Begin) -> None:
    """Where no room is left that is told to everybody before anything is done, until mails are out."""
    one = office()
    with one.store() as store, store.transaction():
        for number in range(ROOM - 1):
            store.ask_subscriber(f"p{number}@example.org", Consent("form"), NOW)
        store.suppress_subscriber("cat@example.org", "by hand", NOW)
    one.ask("ann")
    with one.store() as store:
        before = list(store.subscribers())

    for name in ("ann", "bo", "cat", "p1"):
        with pytest.raises(BusyError, match="too many"):
            one.ask(name)

    with one.store() as store:
        assert list(store.subscribers()) == before
        assert store.count_signups("bo@example.org", "", NOW - DAY, NOW - DAY)[::2] == [0, 1]
    one.send()
    one.ask("bo")


def test_what_is_put_off_takes_no_room(office: Begin) -> None:
    """A server that defers, or people whose servers do, keep nobody else from signing up."""
    one = office()
    with one.store() as store, store.transaction():
        for number in range(ROOM):
            store.ask_subscriber(f"p{number}@example.org", Consent("form"), NOW)
        while owed := store.claim_owed(NOW, NOW + DAY):
            assert owed.attempts == 1

    one.ask("ann")

    with one.store() as store:
        assert (store.count_owed(), store.count_owed(NOW)) == (ROOM + 1, 1)


def test_closing_sends_what_is_due(office: Begin) -> None:
    """At the end all that is due is sent; what is to be tried later stays owed."""
    one = office(LATER)
    one.ask(*"abc", "ann")

    assert one.send() == 1
    assert one.sent == list("abc")
    assert one.server.closed.acquire(timeout=PATIENCE)


def test_closing_overlooks_nobody(office: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks after the thread has looked, and just before it is closed, gets their mail."""
    one = office()
    looked, closing = threading.Event(), threading.Event()
    next_owed, wake = Store.next_owed, Post.wake

    def look(store: Store) -> datetime | None:
        found = next_owed(store)
        if not looked.is_set():
            looked.set()
            assert closing.wait(PATIENCE)
        return found

    def close(post: Post) -> None:
        wake(post)
        closing.set()

    monkeypatch.setattr(Store, "next_owed", look)
    monkeypatch.setattr(Post, "wake", close)
    post = Post(one.desk, Log(None, one.clock))
    assert looked.wait(PATIENCE)
    one.ask("ann")

    assert post.close(PATIENCE) == 0
    assert one.sent == ["ann"]


@dataclass
class Stuck(Server):
    """Say nothing to any message until the test lets go."""

    go_on: threading.Event = field(default_factory=threading.Event)
    entered: threading.Event = field(default_factory=threading.Event)

    def send(self, message: bytes, envelope: Envelope) -> Receipt:
        """Wait."""
        self.entered.set()
        self.go_on.wait(PATIENCE)
        return super().send(message, envelope)


@pytest.fixture
def stuck() -> Iterator[Stuck]:
    """Return a server that is stuck until the test is over."""
    server = Stuck()
    yield server
    server.go_on.set()


def test_closing_waits_only_so_long(office: Begin, stuck: Stuck) -> None:
    """A transport that hangs keeps nobody from the end; what it holds, and all behind it, is owed."""
    one = office(server=stuck)
    one.ask(*"ab")
    post = Post(one.desk, Log(None, one.clock))
    assert stuck.entered.wait(PATIENCE)

    assert post.close(0.01) == 2
    stuck.go_on.set()
    assert post.close(PATIENCE) == 0


# More than one process, and its end


def test_mail_in_hand_is_left_to_who_has_it(office: Begin, stuck: Stuck) -> None:
    """Another one sends all but what the first has in hand; that is counted as tried before it is sent."""
    one = office(server=stuck)
    one.ask("ann", "bo", "cat")
    first = Post(one.desk, Log(one.said, one.clock))
    assert stuck.entered.wait(PATIENCE)
    one.desk.project.transport = other = Server()
    one.clock.now += LEASE - SECOND

    assert one.send() == 1

    assert list(other.taken.queue) == ["bo", "cat"]
    stuck.go_on.set()
    assert first.close(PATIENCE) == 0
    assert one.sent == ["ann"]


def test_mail_of_a_process_that_died_is_tried_again(office: Begin) -> None:
    """When the claim has ended another one sends it; before, nobody does."""
    one = office()
    one.ask("ann")
    with one.store() as store:
        assert store.claim_owed(NOW, NOW + LEASE)
    assert one.send() == 1
    one.clock.now += LEASE - SECOND
    assert one.send() == 1
    one.clock.now += SECOND

    assert one.send() == 0
    assert one.sent == ["ann"]


def test_mail_that_ends_each_process_does_not_do_so_for_ever(office: Begin) -> None:
    """After as many deaths as there are tries it is given up without being touched."""
    one = office()
    one.ask("ann", "bo")
    with one.store() as store:
        for _ in range(len(PAUSES) + 1):
            claimed = store.claim_owed(one.clock.now, one.clock.now + LEASE)
            assert claimed
            assert claimed.address == "ann@example.org"
            one.clock.now += LEASE
            with store.transaction():
                store.ask_subscriber("bo@example.org", Consent("form"), one.clock.now)

    assert one.send() == 0
    assert one.sent == ["bo"]
    assert "a confirmation mail was not sent: whoever tried it last did not live to tell" in one.log


def test_what_became_of_a_mail_is_written_down_in_the_end(
    office: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the database is busy just when a mail was sent, that is noted later, and nobody gets two."""
    monkeypatch.setattr("feedmaker.app.posting._LOOK", 0.01)
    one = office()
    one.ask("ann", "bo")
    settle, troubles = Store.settle_owed, [StoreError("busy"), StoreError("busy"), ValueError("odd")]

    def fail(*arguments: object) -> None:
        if troubles:
            raise troubles.pop(0)
        settle(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Store, "settle_owed", fail)
    monkeypatch.setattr("feedmaker.app.posting.keep", lambda error: f"kept: {error}")
    with one.open():
        assert [one.server.next(), one.server.next()] == ["ann", "bo"]

    assert one.count() == 0
    assert one.sent == []
    assert one.log.count("error: busy") == 2
    assert one.log.count("kept: odd") == 1
