"""Sending an issue: the ledger's rules, one at a time."""

from __future__ import annotations

import email
import email.policy
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from feedmaker.delivery.deliver import begin, deliver
from feedmaker.delivery.sender import Manner
from feedmaker.delivery.transports import Envelope, Receipt
from feedmaker.errors import DeliveryError, GateError, StoreError, UsageError
from feedmaker.store import Counts, Store, open_store
from feedmaker.tokens import Tokens
from tests.delivery.sending import CONFIG, LATER, NOW, Carrier, Clock, draft, leave, send


class Recorder(Carrier):
    """Stand for a mail server: keep messages, refuse some people, break down at some message."""

    def __init__(self, *, refused: str = "", breaks_at: int | None = None) -> None:
        self.refused, self.breaks_at = refused, breaks_at
        self.sent: list[tuple[Envelope, bytes]] = []

    def send(self, message: bytes, envelope: Envelope) -> Receipt:
        """Keep a message."""
        if len(self.sent) == self.breaks_at:
            raise DeliveryError("the server is gone")
        if envelope.recipient == self.refused:
            return Receipt("failed", "550 no such mailbox")
        self.sent.append((envelope, message))
        return Receipt("sent", "250 ok")

    @property
    def recipients(self) -> list[str]:
        """List who got a message, in order."""
        return [envelope.recipient for envelope, _ in self.sent]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Open an empty store."""
    with open_store(tmp_path / "state.db") as opened:
        yield opened


def test_every_subscriber_gets_the_issue_once(store: Store) -> None:
    """All are sent to, the oldest subscriber first, and the issue is sent at the time that was given."""
    issue, server = draft(store, 3), Recorder()

    counts = send(store, server, issue)

    assert counts == Counts(sent=3)
    assert server.recipients == [f"reader-{number}@example.org" for number in range(3)]
    assert [(kept.state, kept.sent_at) for kept in store.issues()] == [("sent", NOW)]
    assert {row.reply for row in store.deliveries(issue.id)} == {"250 ok"}


def test_message_is_addressed_as_the_ledger_says(store: Store) -> None:
    """Recipient, Message-ID and Date are those of the row; the envelope names sender and issue."""
    issue, server = draft(store, 2), Recorder()

    send(store, server, issue)

    rows = list(store.deliveries(issue.id))
    for row, (envelope, data) in zip(rows, server.sent, strict=True):
        message = email.message_from_bytes(data, policy=email.policy.default)
        assert (message["To"], message["Message-ID"]) == (row.address, row.message_id)
        assert message["Date"].datetime == row.dated_at == NOW
        assert envelope == Envelope("letter@notes.example.org", row.address, "2026-11-23", row.message_id)


def test_message_ids_are_unique_and_hold_no_address(store: Store) -> None:
    """Issue and subscriber make the id, which stands on the sender's domain and names nobody."""
    first, second, server = draft(store, 3, "one"), draft(store, 0, "two"), Recorder()

    send(store, server, first)
    send(store, server, second)

    ids = [row.message_id for issue in (first, second) for row in store.deliveries(issue.id)]
    assert len(set(ids)) == 6
    assert all(message_id.endswith("@notes.example.org>") for message_id in ids)
    assert not any("reader" in message_id for message_id in ids)


def test_sent_issue_is_left_alone(store: Store) -> None:
    """A second call sends nothing, not even to new subscribers, and keeps the time of sending."""
    issue, server = draft(store, 2), Recorder()
    send(store, server, issue)
    store.add_subscriber("late@example.org", LATER)

    counts = send(store, server, issue, LATER)

    assert counts == Counts(sent=2)
    assert len(server.sent) == 2
    assert store.issues()[0].sent_at == NOW


def test_draft_without_subscribers_stays_a_draft(store: Store) -> None:
    """The first subscriber still gets it."""
    issue, server = draft(store, 0), Recorder()

    assert send(store, server, issue) == Counts()
    assert store.issues()[0].state == "draft"

    store.add_subscriber("ann@example.org", NOW)
    assert send(store, server, issue) == Counts(sent=1)


def test_broken_transport_leaves_the_rest_for_later(store: Store) -> None:
    """Who got the issue is recorded, the error comes through, and a later call sends only what is left."""
    issue = draft(store, 4)
    broken = Recorder(breaks_at=2)

    with pytest.raises(DeliveryError, match="the server is gone"):
        send(store, broken, issue)

    assert store.counts(issue.id) == Counts(queued=2, sent=2)
    assert store.issues()[0].state == "sending"
    whole = Recorder()
    assert send(store, whole, issue, LATER) == Counts(sent=4)
    assert broken.recipients + whole.recipients == [f"reader-{number}@example.org" for number in range(4)]
    assert {row.dated_at for row in store.deliveries(issue.id)} == {NOW}
    assert store.issues()[0].sent_at == LATER


def test_newcomer_gets_the_next_issue(store: Store) -> None:
    """Who subscribes while an issue is being sent is not in its audience."""
    issue = draft(store, 2)
    with pytest.raises(DeliveryError):
        send(store, Recorder(breaks_at=1), issue)
    store.add_subscriber("late@example.org", LATER)
    server = Recorder()

    send(store, server, issue, LATER)

    assert server.recipients == ["reader-1@example.org"]


def test_who_left_gets_nothing_more(store: Store) -> None:
    """Leaving counts until the last moment, also for an audience that is made already."""
    issue = draft(store, 3)
    with pytest.raises(DeliveryError):
        send(store, Recorder(breaks_at=1), issue)
    leave(store, "reader-2@example.org")
    server = Recorder()

    counts = send(store, server, issue, LATER)

    assert server.recipients == ["reader-1@example.org"]
    assert counts == Counts(sent=2, suppressed=1)
    assert store.issues()[0].state == "sent"


def test_audience_that_left_whole_ends_the_issue(store: Store) -> None:
    """With nobody left, the issue is over; newcomers do not become its audience."""
    issue = draft(store, 1)
    with pytest.raises(DeliveryError):
        send(store, Recorder(breaks_at=0), issue)
    leave(store, "reader-0@example.org")
    store.add_subscriber("late@example.org", LATER)

    counts = send(store, Recorder(), issue, LATER)

    assert counts == Counts(suppressed=1)
    assert store.issues()[0].state == "sent"


def test_refused_recipient_is_recorded_and_not_tried_again(store: Store) -> None:
    """One refusal stops nobody else, and the transport's words are kept."""
    issue, server = draft(store, 3), Recorder(refused="reader-1@example.org")

    counts = send(store, server, issue)

    assert counts == Counts(sent=2, failed=1)
    assert list(store.deliveries(issue.id))[1].reply == "550 no such mailbox"
    assert store.issues()[0].state == "sent"


def test_progress_counts_what_has_its_outcome(store: Store) -> None:
    """The count goes on where an earlier call ended."""
    issue = draft(store, 3)
    told: list[tuple[int, int]] = []
    with pytest.raises(DeliveryError):
        send(store, Recorder(breaks_at=1), issue, on_progress=lambda done, total: told.append((done, total)))

    send(store, Recorder(), issue, on_progress=lambda done, total: told.append((done, total)))

    assert list(dict.fromkeys(told)) == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_delivery_is_on_record_before_the_transport_sees_it(store: Store, tmp_path: Path) -> None:
    """While a message is handed over, another program sees it as being sent, and the others as they are."""
    issue = draft(store, 3)
    seen: list[list[str]] = []

    class Onlooker(Recorder):
        def send(self, message: bytes, envelope: Envelope) -> Receipt:
            with closing(sqlite3.connect(tmp_path / "state.db")) as other:
                seen.append([row[0] for row in other.execute("SELECT state FROM deliveries ORDER BY id")])
            return super().send(message, envelope)

    send(store, Onlooker(), issue)

    assert seen == [
        ["sending", "queued", "queued"],
        ["sent", "sending", "queued"],
        ["sent", "sent", "sending"],
    ]


def test_message_holds_the_token_that_it_was_queued_with(store: Store) -> None:
    """Each reader gets a way out of their own, and a repeat is equal byte by byte."""
    issue, letter = draft(store, 2), CONFIG.newsletter
    assert letter
    page = letter.model_copy(update={"unsubscribe": "https://notes.example.org/leave"})
    settings = CONFIG.model_copy(update={"newsletter": page})

    class Dying(Recorder):
        def send(self, message: bytes, envelope: Envelope) -> Receipt:
            super().send(message, envelope)
            raise DeliveryError("the server is gone")

    first, second = Dying(), Recorder()
    assert begin(store, issue, settings, NOW, NOW)
    with pytest.raises(DeliveryError):
        deliver(store, first, issue, settings, NOW, Manner(timedelta(), clock=Clock()))
    deliver(store, second, issue, settings, LATER, Manner(timedelta(), clock=Clock(LATER)))

    assert first.sent == second.sent[:1]
    tokens = Tokens(store.keys())
    for reader, row, (_, message) in zip(
        store.subscribers(), store.deliveries(issue.id), second.sent, strict=True
    ):
        assert tokens.word("reader", row.token) == reader.token
        parsed = email.message_from_bytes(message, policy=email.policy.default)
        assert parsed["List-Unsubscribe"] == f"<https://notes.example.org/leave?token={row.token}>"


def test_newsletter_must_be_configured(store: Store) -> None:
    """Without a sender there is nothing to send; the text names the section that is missing."""
    bare = CONFIG.model_copy(update={"newsletter": None})

    with pytest.raises(UsageError, match='no "newsletter" section'):
        begin(store, draft(store, 1), bare, NOW, NOW)


def test_sender_who_cannot_send_leaves_the_draft(store: Store) -> None:
    """What is wrong with every message is found before the audience is made."""
    assert CONFIG.newsletter
    sender = CONFIG.newsletter.sender.model_copy(update={"email": "jörg@example.org"})
    letter = CONFIG.newsletter.model_copy(update={"sender": sender})
    wrong = CONFIG.model_copy(update={"newsletter": letter})

    with pytest.raises(GateError, match="is no address for mail"):
        begin(store, draft(store, 1), wrong, NOW, NOW)

    assert store.issues()[0].state == "draft"


def test_issue_of_another_database_is_refused(store: Store, tmp_path: Path) -> None:
    """An issue that is not in the database cannot be sent from it."""
    with open_store(tmp_path / "other.db") as other:
        issue = draft(other, 1)

    with pytest.raises(StoreError, match="issue 2026-11-23 is not in the state database"):
        send(store, Recorder(), issue)
