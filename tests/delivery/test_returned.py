"""What comes back changes the list: once, with proof, and never so much that the list is empty."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feedmaker.bounces.report import LOCAL_LIMIT, Kind, Report
from feedmaker.config.delivery import RETURN_LIMIT
from feedmaker.delivery.returned import Judge, Tally
from feedmaker.delivery.transports import Envelope, Receipt
from feedmaker.errors import DeliveryError
from feedmaker.store import Delivery, Store, open_store
from feedmaker.tokens import Tokens
from tests.delivery.sending import LATER, NOW, Carrier, config, draft, send


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Open an empty store."""
    with open_store(tmp_path / "state.db") as opened:
        yield opened


class Noting(Carrier):
    """Take all messages, and note the senders on their envelopes."""

    def __init__(self) -> None:
        self.senders: list[str] = []

    def send(self, message: bytes, envelope: Envelope) -> Receipt:
        """Take a message."""
        self.senders.append(envelope.sender)
        return super().send(message, envelope)


def sent(store: Store, readers: int, episode: str = "tag:one") -> list[Delivery]:
    """Send an issue to so many people, and return its deliveries."""
    issue = draft(store, readers, episode)
    send(store, Carrier(), issue)
    return list(store.deliveries(issue.id))


def report(kind: Kind, row: Delivery, *, by_id: bool = False) -> Report:
    """Say that something came back of a delivery, to its return path, or with its Message-ID."""
    key, message_id = (None, row.message_id) if by_id else (row.key, None)
    return Report(kind, row.address, key, message_id, "550 5.1.1 no such user")


def take(store: Store, *reports: Report) -> Tally:
    """Judge reports that come in together."""
    judge = Judge(store, LATER)
    judge.take(reports)
    judge.finish()
    return judge.tally


def status(store: Store, row: Delivery) -> tuple[str, str]:
    """Return what somebody is now, and why."""
    person = store.subscriber(row.address)
    assert person
    return person.status, person.reason


@pytest.mark.parametrize("by_id", [False, True])
def test_hard_bounce_takes_its_person_off_the_list(store: Store, by_id: bool) -> None:
    """Return path or Message-ID prove whose it is; the record says which issue and what the server said."""
    ann, bob = sent(store, 2)

    tally = take(store, report("hard", ann, by_id=by_id))

    assert status(store, ann) == ("bounced", "2026-11-23: 550 5.1.1 no such user")
    assert status(store, bob)[0] == "active"
    assert dict(tally.people) == {"bounced": 1}


def test_report_counts_once(store: Store) -> None:
    """The same message read again changes nothing, not even for somebody who was taken on again since."""
    (ann,) = sent(store, 1)
    take(store, report("hard", ann))
    store.set_status(1, "active", "asked again", LATER)

    tally = take(store, report("hard", ann))

    assert status(store, ann) == ("active", "asked again")
    assert not tally.people


@pytest.mark.parametrize("kind", ["hard", "soft", "outage", "delivered"])
def test_report_without_proof_changes_nobody(store: Store, kind: Kind) -> None:
    """Whoever writes a bounce with somebody's address alone has no say."""
    (ann,) = sent(store, 1)

    tally = take(store, Report(kind, ann.address, "k" * 26, "<2026-11-23.kkk@notes.example.org>", "550"))

    assert status(store, ann)[0] == "active"
    assert tally.strangers == 1


def test_bounce_of_somebody_with_another_address_now_is_nobodys(store: Store) -> None:
    """A delivery whose person was erased takes nobody off the list, though the address is there again."""
    (ann,) = sent(store, 1)
    store.erase_subscriber(ann.address, LATER)
    store.add_subscriber(ann.address, LATER)

    take(store, report("hard", ann))

    assert status(store, ann)[0] == "active"


def test_complaint_is_final(store: Store) -> None:
    """Who called a mail spam gets no more, and no bounce makes that less."""
    ann, bob = sent(store, 2)

    take(store, report("complaint", ann), report("hard", ann))
    take(store, report("outage", bob))

    assert status(store, ann)[0] == "complained"
    assert status(store, bob)[0] == "active"


def test_complaint_without_a_key_is_known_by_the_readers_own_link(store: Store) -> None:
    """Receivers cut out most of a message, and leave the address for leaving."""
    ann, _ = sent(store, 2)
    person = store.subscriber(ann.address)
    assert person
    token = Tokens(store.keys()).sign("reader", person.token)
    link = f"https://notes.example.org/leave?token={token}&x=1"

    take(store, Report("complaint", None, None, None, "abuse", unsubscribe=link))

    assert status(store, ann)[0] == "complained"


def test_complaint_about_old_mail_is_known_by_its_link(store: Store, tmp_path: Path) -> None:
    """An earlier program did not sign the token that stands there; unsigned, a new one is nobody's."""
    ann, bob = sent(store, 2)
    (state,) = tmp_path.rglob("state.db")
    with closing(sqlite3.connect(state)) as other, other:
        other.execute("INSERT INTO old_tokens VALUES ('0ld', ?)", (ann.subscriber_id,))
    person = store.subscriber(bob.address)
    assert person

    for token in ("0ld", person.token):
        link = f"https://notes.example.org/leave/{token}"
        take(store, Report("complaint", None, None, None, "abuse", unsubscribe=link))

    assert (status(store, ann)[0], status(store, bob)[0]) == ("complained", "active")


def test_mail_that_asks_to_leave_is_known_by_its_token(store: Store) -> None:
    """The reader leaves whose token it shows, whoever it says that it is from."""
    ann, bob = sent(store, 2)
    person = store.subscriber(ann.address)
    assert person
    token = Tokens(store.keys()).sign("reader", person.token)

    tally = take(store, Report("leave", bob.address, None, None, "", unsubscribe=token))

    assert status(store, ann) == ("unsubscribed", "asked to leave by mail")
    assert status(store, bob)[0] == "active"
    assert not tally.asking


@pytest.mark.parametrize("by_id", [False, True])
def test_answer_that_asks_to_leave_is_obeyed(store: Store, by_id: bool) -> None:
    """Whoever has the message can answer to it, which proves enough."""
    ann, bob = sent(store, 2)

    take(store, report("leave", ann, by_id=by_id))

    assert (status(store, ann)[0], status(store, bob)[0]) == ("unsubscribed", "active")


def test_mail_without_proof_that_asks_to_leave_is_only_told(store: Store) -> None:
    """Nobody empties the list with forged senders; whoever gets mail and is said to leave is named, once."""
    rows = sent(store, 3)
    left, *others = rows
    take(store, report("leave", left))
    forged = [Report("leave", row.address.upper(), None, None, "") for row in (*rows, *rows)]
    guessed = Report("leave", others[0].address, "k" * 26, "<a.kkk@b.example>", "", unsubscribe="a.b")

    tally = take(store, *forged, guessed, Report("leave", "x@y.example", None, None, ""))

    assert [status(store, row)[0] for row in others] == ["active", "active"]
    assert tally.asking == [row.address for row in others]
    assert (dict(tally.people), tally.strangers) == ({}, 8)


def test_soft_bounces_count_in_a_row(store: Store) -> None:
    """Five issues over two weeks take somebody off the list; one that arrives begins the row anew."""
    for number in range(6):
        for one in ("ann@example.org", "bob@example.org"):
            store.add_subscriber(one, NOW)
        issue = draft(store, 0, f"tag:{number}")
        send(store, Carrier(), issue, NOW + timedelta(days=4 * number))
        ann, bob = store.deliveries(issue.id)
        take(store, report("soft", ann), *([report("soft", bob)] if number != 2 else []))
        expected = "bounced" if number >= 4 else "active"
        assert status(store, ann)[0] == expected
        if expected == "bounced":
            break

    assert status(store, bob)[0] == "active"


def test_without_a_return_path_it_is_the_sender(store: Store) -> None:
    """Nobody says that the sender's address takes anything else; the Message-ID has the key, too."""
    senders = []

    class Listening(Carrier):
        def send(self, message: bytes, envelope: Envelope) -> Receipt:
            senders.append(envelope.sender)
            return Receipt("sent", "ok")

    send(store, Listening(), draft(store, 2))

    assert senders == ["letter@notes.example.org"] * 2


@pytest.mark.parametrize(("hours", "last"), [(24, 15), (8, 43)])
def test_soft_bounces_of_frequent_issues_count_by_time(store: Store, hours: int, last: int) -> None:
    """Of issues that come daily, or three times a day, it takes as many as two weeks have."""
    store.add_subscriber("ann@example.org", NOW)
    for number in range(1, last + 1):
        moment = NOW + timedelta(hours=hours * (number - 1))
        issue = draft(store, 0, f"tag:{number}")
        send(store, Carrier(), issue, moment)
        (ann,) = store.deliveries(issue.id)
        assert status(store, ann)[0] == "active"
        take(store, report("soft", ann))

    assert status(store, ann)[0] == "bounced"


def test_refusal_while_sending_is_a_bounce(store: Store) -> None:
    """A server that knows no such mailbox says so at once, in words or by its code."""

    class Refusing(Carrier):
        def send(self, message: bytes, envelope: Envelope) -> Receipt:
            said = {
                "reader-0@example.org": "550 5.1.1 User unknown",
                "reader-1@example.org": "554 5.7.1 blocked by our list",
            }.get(envelope.recipient)
            return Receipt("failed", said) if said else Receipt("sent", "ok")

    issue = draft(store, 3)
    send(store, Refusing(), issue)
    judge = Judge(store, LATER)
    judge.take_refusals(issue)
    judge.finish()

    rows = list(store.deliveries(issue.id))
    assert [status(store, row)[0] for row in rows] == ["bounced", "active", "active"]


def test_outage_at_a_receiver_empties_no_list(store: Store) -> None:
    """When a tenth of a domain bounces, those are held, and whom the first ones took off is put back."""
    rows = sent(store, 100)

    first = take(store, *(report("hard", row) for row in rows[:4]))
    later = take(store, *(report("hard", row) for row in rows[4:60]))

    assert dict(first.people) == {"bounced": 4}
    assert later.put_back >= 4
    assert {status(store, row)[0] for row in rows} == {"active"}
    sending = store.sending(rows[0].issue_id)
    assert sending
    assert sending.stopped == "60 of 100 messages bounced"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bounced=st.integers(0, 60), batch=st.integers(1, 60))
def test_no_outage_takes_more_than_a_few(
    tmp_path_factory: pytest.TempPathFactory, bounced: int, batch: int
) -> None:
    """However many come back, and in whichever portions, fewer people leave the list than make an outage."""
    with open_store(tmp_path_factory.mktemp("outage") / "state.db", durable=False) as store:
        rows = sent(store, 60)
        for begin in range(0, bounced, batch):
            take(store, *(report("hard", row) for row in rows[begin : min(begin + batch, bounced)]))

        gone = sum(status(store, row)[0] == "bounced" for row in rows)

    assert gone == (bounced if bounced < 10 else 0)


def test_what_was_left_of_an_outage_is_put_right_by_the_next_report(store: Store) -> None:
    """Whom a program took off that did not get to judge the outage is back with any bounce of that issue."""
    rows = sent(store, 100)
    Judge(store, LATER).take(report("hard", row) for row in rows[:40])
    assert len(list(store.subscribers("bounced"))) == 9

    tally = take(store, report("soft", rows[50]))

    assert (tally.put_back, len(list(store.subscribers("bounced")))) == (9, 0)


@pytest.mark.parametrize(
    ("bounced", "left"),
    [
        ([*range(200, 209)], 9),
        ([*range(200, 212)], 0),
        ([*range(6), *range(120, 124), *range(200, 202)], 12),
        ([*range(6), *range(120, 124), *range(200, 203)], 0),
        ([*range(4), *range(200, 208)], 12),
        ([*range(200, 212), *range(4)], 0),
    ],
    ids=["too few", "a domain", "few everywhere", "all", "few at each", "a domain, then all"],
)
def test_outage_is_judged_with_each_message(tmp_path: Path, bounced: list[int], left: int) -> None:
    """As soon as it shows, at a domain or of all, those whom it took off are back; nobody else is.

    There are 120 readers at one domain, 80 at another and 40 at a third one.
    """
    with open_store(tmp_path / "state.db", durable=False) as store:
        for number in range(240):
            domain = "abc"[(number >= 120) + (number >= 200)]
            store.add_subscriber(f"reader-{number}@{domain}.example.org", NOW)
        issue = draft(store, 0)
        send(store, Carrier(), issue)
        rows = list(store.deliveries(issue.id))
        judge = Judge(store, LATER)
        for number in bounced:
            with store.transaction():
                judge.take([report("hard", rows[number])])
                judge.finish()

        assert len(list(store.subscribers("bounced"))) == left


def test_issue_that_bounces_is_stopped_for_all(store: Store) -> None:
    """Bounces that come in while an issue goes out keep everybody from claiming more."""
    issue, taken = draft(store, 40), []

    class Bouncing(Carrier):
        def send(self, message: bytes, envelope: Envelope) -> Receipt:
            taken.append(envelope)
            return Receipt("sent", "ok")

    def told(done: int, total: int) -> None:
        if done == 20:
            rows = [row for row in store.deliveries(issue.id) if row.state == "sent"]
            take(store, *(report("hard", row) for row in rows[:15]))

    with pytest.raises(DeliveryError, match=r"was stopped: 15 of 2[01] messages bounced"):
        send(store, Bouncing(), issue, on_progress=told)

    assert 20 <= len(taken) <= 22


def test_longest_return_path_takes_the_key_of_a_delivery(store: Store) -> None:
    """The settings let pass what is, with a key, as long as servers take; and that goes out."""
    issue, transport = draft(store, 1), Noting()

    send(store, transport, issue, settings=config(return_path=f"{'x' * RETURN_LIMIT}@notes.example.org"))

    (returning,) = transport.senders
    assert returning.index("@") == LOCAL_LIMIT


def test_return_path_of_each_delivery_is_its_own(store: Store) -> None:
    """With a return path set, the envelope names the delivery's key; without one it is the sender."""
    issue, transport = draft(store, 2), Noting()

    send(store, transport, issue, settings=config(return_path="back@notes.example.org"))

    rows = list(store.deliveries(issue.id))
    assert transport.senders == [f"back+{row.key}@notes.example.org" for row in rows]
