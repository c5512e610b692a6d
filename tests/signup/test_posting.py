"""The queue of confirmation mails: all go out, in their order, and whatever happens to one is said."""

from __future__ import annotations

import io
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from feedmaker.app.posting import Post
from feedmaker.config import Newsletter
from feedmaker.delivery.confirm import Confirmation, write_confirmation
from feedmaker.delivery.transports import Envelope, Receipt
from feedmaker.errors import BusyError, DeliveryError, GateError, TemplateError
from feedmaker.signs.log import Log
from tests.signup.conftest import NOW, PATIENCE

LETTER = Newsletter.model_validate(
    {"title": "T", "from": {"name": "Orla Finch", "email": "o@lamp.example.org"}, "postal_address": "P"}
)
SENT = Receipt("sent", "ok")


def mail(name: str) -> Confirmation:
    """Write a mail to somebody."""
    return write_confirmation(
        LETTER, f"{name}@example.org", subject="S", text="T\n", token=name, date=NOW.replace(microsecond=5)
    )


@dataclass
class Server:
    """Answer messages to ann by what a test says, in turn; take all others, and in the end hers too."""

    answers: list[Receipt | Exception] = field(default_factory=list)
    taken: queue.Queue[str] = field(default_factory=queue.Queue)
    bytes_: list[bytes] = field(default_factory=list)
    opened: int = 0
    closed: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    width: int = 1
    remembers: timedelta | None = None

    def open(self) -> Server:
        """Count how often a connection is made."""
        self.opened += 1
        return self

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
    """Hold a queue, its server, and what it says."""

    post: Post
    server: Server
    said: io.BytesIO

    def put(self, name: str, make: Callable[[], Confirmation | None] | None = None) -> None:
        """Have a mail sent to somebody."""
        with self.post.place() as place:
            place.put(make or partial(mail, name))

    @property
    def log(self) -> str:
        """Return what was said."""
        return self.said.getvalue().decode()


@contextmanager
def office(
    *answers: Receipt | Exception, pauses: tuple[float, ...] = (0, 0), room: int = 9
) -> Iterator[Office]:
    """Open a queue whose server answers like that."""
    said = io.BytesIO()
    server = Server(list(answers))
    post = Post(server.open, Log(said, lambda: NOW), pauses=pauses, room=room)
    try:
        yield Office(post, server, said)
    finally:
        post.close(PATIENCE)


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


def test_mails_go_out_in_order() -> None:
    """The first that is asked for is the first that is sent."""
    with office() as one:
        for name in "abcdef":
            one.put(name)

        assert [one.server.next() for _ in "abcdef"] == list("abcdef")
        assert one.log.count("a confirmation mail is on its way") >= 5


def test_line_is_not_held_for_nothing() -> None:
    """When nothing is left to be sent the connection is closed, and the next mail makes another."""
    with office() as one:
        for name in "ab":
            one.put(name)
            assert one.server.next() == name
            assert one.server.closed.acquire(timeout=PATIENCE)

        assert one.server.opened == 2


@pytest.mark.parametrize(
    "trouble",
    [
        DeliveryError("the server cannot be reached"),
        Receipt("deferred", "451 greylisted"),
        Receipt("deferred", "451 later", timedelta(0)),
    ],
)
def test_what_is_not_taken_is_tried_again(trouble: Receipt | Exception) -> None:
    """The same bytes go once more, and that they have to wait is said."""
    with office(trouble, trouble) as one:
        one.put("ann")

        assert one.server.next() == "ann"
        assert len(set(one.server.bytes_)) == 1
        assert len(one.server.bytes_) == 3
        assert one.log.count("warning: a confirmation mail waits to be tried again: ") == 2


def test_one_that_waits_does_not_hold_up_others() -> None:
    """What is to be tried again much later lets all behind it pass."""
    with office(DeliveryError("no"), pauses=(3600,)) as one:
        one.put("ann")
        one.put("bo")

        assert one.server.next() == "bo"


def test_tries_come_to_an_end() -> None:
    """After the last of them the mail is given up, and that is said."""
    with office(*[DeliveryError("no")] * 3) as one:
        one.put("ann")
        one.put("bo")

        assert one.server.next() == "bo"
    assert len(one.server.bytes_) == 4
    assert "warning: a confirmation mail was not sent: no" in one.log


@pytest.mark.parametrize("outcome", ["failed", "unknown"])
def test_what_is_final_is_not_tried_again(outcome: str) -> None:
    """A refusal is one, and what may have arrived is not sent twice; no address stands in the log."""
    said = Receipt(outcome, "550 <Ann@Example.org> is nobody here")  # type: ignore[arg-type]
    with office(said) as one:
        one.put("ann")
        one.put("bo")
        assert one.server.next() == "bo"

    assert "was not sent: 550 <a…@e….org> is nobody here" in one.log
    assert len(one.server.bytes_) == 2


@pytest.mark.parametrize("error", [ValueError("a fault"), TemplateError([])])
def test_mail_that_cannot_be_written_holds_up_nobody(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong with one, the next is sent; a fault of ours is kept for a report."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def fail() -> Confirmation:
        raise error

    with office() as one:
        one.put("ann", fail)
        one.put("bo")

        assert one.server.next() == "bo"
    assert len(list(tmp_path.glob("feedmaker-*.log"))) == isinstance(error, ValueError)


def test_mail_that_nobody_waits_for_is_not_sent() -> None:
    """Who has confirmed or gone meanwhile gets none."""
    with office() as one:
        one.put("ann", lambda: None)
        one.put("bo")

        assert one.server.next() == "bo"
    assert len(one.server.bytes_) == 1


def test_queue_has_an_end() -> None:
    """Where no room is left that is told before anything is done; a place that was not used is free again."""
    with office(DeliveryError("no"), pauses=(3600,), room=2) as one:
        one.put("ann")
        with one.post.place():
            pass
        with suppress(KeyError), one.post.place() as place:
            place.put(lambda: mail("bo"))
            raise KeyError
        with one.post.place(), pytest.raises(BusyError, match="too many"), one.post.place():
            pass
        with one.post.place():
            pass

    assert set(one.server.taken.queue) <= {"ann"}


def test_closing_sends_what_waits() -> None:
    """At the end all that waits is sent at once, that too which was to be tried again much later."""
    with office(DeliveryError("no"), pauses=(3600,)) as one:
        one.put("ann")
        for name in "abc":
            one.put(name)
            assert one.server.next() == name

        assert one.post.close(PATIENCE) == 0
        assert one.server.next() == "ann"
        assert one.server.closed.acquire(timeout=PATIENCE)


def test_closing_waits_only_so_long() -> None:
    """A transport that hangs keeps nobody from the end; what it holds counts as left."""
    go_on = threading.Event()
    entered = threading.Event()

    class Stuck(Server):
        def send(self, message: bytes, envelope: Envelope) -> Receipt:
            entered.set()
            go_on.wait(PATIENCE)
            return SENT

    post = Post(Stuck().open, Log(None, lambda: NOW))
    for name in "ab":
        with post.place() as place:
            place.put(partial(mail, name))
    assert entered.wait(PATIENCE)

    assert post.close(0.01) == 2
    go_on.set()
    assert post.close(PATIENCE) == 0
