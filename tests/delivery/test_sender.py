"""The sender and its ledger: put off, unknown, stopped, shared by several, ended in order."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from feedmaker.delivery.deliver import begin, deliver
from feedmaker.delivery.outcomes import ENOUGH, WAITS
from feedmaker.delivery.sender import Manner
from feedmaker.delivery.transports import Envelope, Receipt
from feedmaker.errors import DeliveryError, StoreError
from feedmaker.store import Counts, Delivery, Lease, Store, open_store
from tests.delivery.sending import CONFIG, LATER, NOW, Carrier, Clock, config, draft, leave, send

MINUTE = timedelta(minutes=1)
RETRY = config(on_unknown="retry-once", grace="0")


class Scripted(Carrier):
    """Answer each message with the next receipt that is written down, or else take it."""

    def __init__(self, *receipts: Receipt, width: int = 1) -> None:
        self.receipts = list(receipts)
        self.width = width
        self.seen: list[tuple[str, bytes]] = []

    def send(self, message: bytes, envelope: Envelope) -> Receipt:
        """Answer as written down."""
        self.seen.append((envelope.recipient, message))
        return self.receipts.pop(0) if self.receipts else Receipt("sent", "250 ok")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Open an empty store."""
    with open_store(tmp_path / "state.db") as opened:
        yield opened


def only(store: Store) -> Delivery:
    """Return the one delivery that there is."""
    (row,) = store.deliveries(1)
    return row


DEFERRED = Receipt("deferred", "451 later")
UNKNOWN = Receipt("unknown", "the connection broke")


def test_deferred_message_is_tried_again_when_its_time_has_come(store: Store) -> None:
    """What is put off waits for the next attempt, which the ledger knows; then it goes out."""
    issue, server = draft(store, 1), Scripted(DEFERRED)

    assert send(store, server, issue) == Counts(deferred=1)
    row = only(store)
    assert (row.reply, row.excused, row.next_at) == ("451 later", 1, NOW + timedelta(seconds=WAITS[0]))
    assert store.issues()[0].state == "sending"
    assert send(store, server, issue, NOW + timedelta(seconds=WAITS[0] - 1)) == Counts(deferred=1)
    assert send(store, server, issue, NOW + timedelta(seconds=WAITS[0])) == Counts(sent=1)

    assert store.issues()[0].state == "sent"
    assert server.seen[0] == server.seen[1]


def test_who_is_patient_waits_for_what_is_put_off(store: Store) -> None:
    """One call does it all where the next attempt is near, and leaves the rest where it is not."""
    issue, server = draft(store, 1), Scripted(DEFERRED, DEFERRED, DEFERRED)

    assert send(store, server, issue, patience=MINUTE) == Counts(deferred=1)

    assert len(server.seen) == 3
    assert WAITS[2] > MINUTE.total_seconds() >= WAITS[1]


def test_transport_may_ask_for_a_longer_wait(store: Store) -> None:
    """What the server says counts where it is more than we would wait by ourselves."""
    issue = draft(store, 1)

    send(store, Scripted(Receipt("deferred", "429", wait=timedelta(hours=3))), issue)

    assert only(store).next_at == NOW + timedelta(hours=3)


def test_message_that_is_put_off_for_ever_has_failed(store: Store) -> None:
    """After the last attempt it is given up, with the server's words."""
    issue, moment = draft(store, 1), NOW
    for _ in range(len(WAITS) + 1):
        send(store, Scripted(DEFERRED), issue, moment)
        moment = only(store).next_at or moment

    assert (only(store).state, only(store).reply) == ("failed", "given up: 451 later")
    assert only(store).attempts == len(WAITS) + 1
    assert store.issues()[0].state == "sent"


def test_transport_that_was_down_uses_up_no_attempt(store: Store) -> None:
    """However often nothing could be handed over, what is put off then has all its attempts."""
    issue, moment = draft(store, 1), NOW

    class Down(Carrier):
        def send(self, message: bytes, envelope: Envelope) -> Receipt:
            raise DeliveryError("no server")

    for _ in range(len(WAITS) + 1):
        with pytest.raises(DeliveryError, match="no server"):
            send(store, Down(), issue, moment)
    send(store, Scripted(DEFERRED), issue, moment)

    assert (only(store).state, only(store).next_at) == ("deferred", NOW + timedelta(seconds=WAITS[0]))


def test_message_that_is_queued_by_hand_has_all_its_attempts(store: Store) -> None:
    """One that was given up is put off again, if need be, as if it were new."""
    issue, moment = draft(store, 1), NOW
    for _ in range(len(WAITS) + 1):
        send(store, Scripted(DEFERRED), issue, moment)
        moment = only(store).next_at or moment
    store.requeue_failed(issue.id, "by hand", moment)
    store.mark_issue(issue.id, "sending", moment)

    send(store, Scripted(DEFERRED), issue, moment)

    assert (only(store).state, only(store).next_at) == ("deferred", moment + timedelta(seconds=WAITS[0]))


def test_unknown_message_is_held(store: Store) -> None:
    """Without evidence nobody gets a second copy; the issue is over, and says what is not known."""
    issue, server = draft(store, 2), Scripted(UNKNOWN)

    assert send(store, server, issue) == Counts(sent=1, unknown=1)
    assert send(store, server, issue, LATER) == Counts(sent=1, unknown=1)

    assert len(server.seen) == 2
    assert store.issues()[0].state == "sent"


def test_unknown_message_is_repeated_once_where_settings_say_so(store: Store) -> None:
    """The repeat has the same bytes; a second unknown is held."""
    issue, server = draft(store, 1), Scripted(UNKNOWN, UNKNOWN)

    assert send(store, server, issue, settings=RETRY) == Counts(unknown=1)

    assert len(server.seen) == 2
    assert server.seen[0] == server.seen[1]
    assert only(store).repeats == 1
    assert store.issues()[0].state == "sent"


def test_repeat_waits_for_the_grace(store: Store) -> None:
    """Until it is over, evidence may come; the issue is not over meanwhile."""
    issue, server = draft(store, 1), Scripted(UNKNOWN)
    patient = config(on_unknown="retry-once", grace="2 minutes")

    assert send(store, server, issue, settings=patient) == Counts(unknown=1)
    assert store.issues()[0].state == "sending"
    assert send(store, server, issue, NOW + 2 * MINUTE, settings=patient) == Counts(sent=1)

    assert len(server.seen) == 2


def test_transport_that_knows_a_repeat_gets_one(store: Store) -> None:
    """Where a second copy changes nothing, an unknown message is repeated at once, but not for ever."""

    class Remembering(Scripted):
        remembers = timedelta(hours=24)

    issue, server = draft(store, 1), Remembering(*[UNKNOWN] * 20)

    assert send(store, server, issue) == Counts(unknown=1)

    assert len(server.seen) == 6
    assert len(set(server.seen)) == 1


class Forgetful(Scripted):
    """Know a repeat from a new message for a day."""

    remembers = timedelta(hours=24)


@pytest.mark.parametrize(("hours", "sent"), [(23, 1), (24, 0), (72, 0)])
def test_transport_that_has_forgotten_gets_no_repeat(store: Store, hours: int, sent: int) -> None:
    """Its memory counts from the hand-over, not from when somebody notices that the sender had died."""
    issue, server = draft(store, 1), Forgetful()
    assert begin(store, issue, CONFIG, NOW, NOW)
    store.claim_deliveries(issue.id, Lease("dead", NOW, NOW + MINUTE), NOW, 1)

    counts = send(store, server, issue, NOW + timedelta(hours=hours))

    assert counts == Counts(sent=sent, unknown=1 - sent)
    assert len(server.seen) == sent


def test_settings_decide_once_the_transport_has_forgotten(store: Store) -> None:
    """Where they allow one repeat, there is one."""
    issue, server = draft(store, 1), Forgetful(UNKNOWN)
    assert begin(store, issue, RETRY, NOW, NOW)
    store.claim_deliveries(issue.id, Lease("dead", NOW, NOW + MINUTE), NOW, 1)

    assert send(store, server, issue, NOW + timedelta(hours=24), settings=RETRY) == Counts(unknown=1)
    assert len(server.seen) == 1


def test_memory_of_a_transport_counts_from_the_first_attempt(store: Store) -> None:
    """A repeat of which nobody can say either makes it no longer."""
    issue, server = draft(store, 1), Forgetful(UNKNOWN)
    assert begin(store, issue, CONFIG, NOW, NOW)
    store.claim_deliveries(issue.id, Lease("dead", NOW, NOW + MINUTE), NOW, 1)
    assert begin(store, issue, CONFIG, NOW, NOW)
    day = NOW + timedelta(hours=23)
    store.expire_deliveries(issue.id, Lease("me", day, day + MINUTE))
    store.resolve_delivery(only(store), "queued", "again", day)
    store.claim_deliveries(issue.id, Lease("dead too", day, day + MINUTE), day, 1)

    assert send(store, server, issue, day + timedelta(hours=3)) == Counts(unknown=1)
    assert server.seen == []


def test_what_a_dead_sender_claimed_is_unknown_after_its_lease(store: Store) -> None:
    """As long as the lease counts it is left alone; somebody patient waits for its end."""
    issue = draft(store, 1)
    assert begin(store, issue, CONFIG, NOW, NOW)
    store.claim_deliveries(issue.id, Lease("dead", NOW, NOW + MINUTE), NOW, 1)

    assert send(store, Scripted(), issue, NOW + 0.5 * MINUTE) == Counts(sending=1)
    assert store.issues()[0].state == "sending"
    assert send(store, Scripted(), issue, NOW + 0.5 * MINUTE, patience=MINUTE) == Counts(unknown=1)


def test_lease_from_before_the_clock_was_set_back_does_not_count(store: Store) -> None:
    """One that reaches further than any can is over."""
    issue = draft(store, 1)
    assert begin(store, issue, CONFIG, NOW, NOW)
    store.claim_deliveries(issue.id, Lease("dead", LATER, LATER + MINUTE), LATER, 1)

    assert send(store, Scripted(), issue) == Counts(unknown=1)


def test_owner_who_comes_back_brings_the_evidence(store: Store) -> None:
    """A sender that was frozen beyond its lease says what became of its message, unless it was repeated."""
    issue = draft(store, 1)
    assert begin(store, issue, CONFIG, NOW, NOW)

    class Frozen(Carrier):
        def send(self, message: bytes, envelope: Envelope) -> Receipt:
            assert store.expire_deliveries(issue.id, Lease("other", LATER, LATER + MINUTE)) == 1
            return Receipt("sent", "250 at last")

    assert deliver(store, Frozen(), issue, CONFIG, NOW, Manner(timedelta(), clock=Clock())) == Counts(sent=1)
    assert only(store).reply == "250 at last"


def test_owner_who_comes_back_after_a_repeat_writes_nothing(store: Store) -> None:
    """The attempt of somebody else is theirs to record."""
    issue, clock = draft(store, 1), Clock()
    assert begin(store, issue, CONFIG, NOW, NOW)

    class Frozen(Carrier):
        def send(self, message: bytes, envelope: Envelope) -> Receipt:
            clock.now += 2 * MINUTE
            lease = Lease("other", clock.now, clock.now + MINUTE)
            store.expire_deliveries(issue.id, lease)
            assert store.resolve_delivery(only(store), "queued", "again", clock.now)
            store.claim_deliveries(issue.id, lease, clock.now, 1)
            return Receipt("failed", "550 too late")

    deliver(store, Frozen(), issue, CONFIG, NOW, Manner(timedelta(), clock=clock))

    assert (only(store).state, only(store).owner) == ("sending", "other")


def test_surge_of_refusals_stops_everybody(store: Store) -> None:
    """Half of the last messages refused ends it, with the reason on record; what is left stays queued."""
    issue = draft(store, 2 * ENOUGH)
    server = Scripted(*[Receipt("sent", "ok"), Receipt("failed", "550 blocked")] * ENOUGH)

    with pytest.raises(DeliveryError, match="was stopped: 25 of the last 50 messages were refused"):
        send(store, server, issue)

    assert store.counts(issue.id) == Counts(queued=ENOUGH, sent=25, failed=25)
    sending = store.sending(issue.id)
    assert sending
    assert "25 of the last 50" in (sending.stopped or "")


class Busy:
    """Be a store whose outcomes cannot be recorded for a while."""

    def __init__(self, store: Store, failures: int) -> None:
        self.store, self.failures = store, failures

    def settle_deliveries(self, *args: Any) -> None:
        """Record outcomes, at last."""
        if self.failures:
            self.failures -= 1
            raise StoreError("another program holds it")
        self.store.settle_deliveries(*args)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


def test_outcome_that_is_recorded_late_counts_once(store: Store) -> None:
    """However often a busy database is asked, one refusal is one; between two askings there is a pause."""
    issue, clock = draft(store, 1), Clock()
    assert begin(store, issue, CONFIG, NOW, NOW)
    busy: Any = Busy(store, 2 * ENOUGH)
    manner = Manner(timedelta(), clock=clock, pause=clock.pause)

    with pytest.raises(StoreError, match="another program holds it"):
        deliver(busy, Scripted(Receipt("failed", "550 no")), issue, CONFIG, NOW, manner)

    sending = store.sending(issue.id)
    assert (only(store).state, busy.failures, sending and sending.stopped) == ("failed", 0, None)
    assert clock.now - NOW >= timedelta(seconds=0.5 * (2 * ENOUGH - 1))


def test_who_waits_for_the_rates_looks_around_in_pauses(store: Store) -> None:
    """What is put off, and due, waits for its turn like everything else; nobody turns round meanwhile."""
    slow = config(rate="6 per minute")
    issue, server, clock = draft(store, 2), Scripted(DEFERRED), Clock()
    assert begin(store, issue, slow, NOW, NOW)
    looks: list[int] = []
    manner = Manner(MINUTE, lambda done, _total: looks.append(done), clock, clock.pause)

    assert deliver(store, server, issue, slow, NOW, manner) == Counts(sent=2)

    assert clock.now - NOW >= timedelta(seconds=20)
    assert len(looks) < 100


def test_what_is_put_off_is_left_where_the_rates_are_slow(store: Store) -> None:
    """Beyond all patience it is for whoever comes next."""
    slow = config(rate="6 per hour")
    issue, server, clock = draft(store, 1), Scripted(DEFERRED), Clock()
    assert begin(store, issue, slow, NOW, NOW)

    counts = deliver(store, server, issue, slow, NOW, Manner(MINUTE, clock=clock, pause=clock.pause))

    assert counts == Counts(deferred=1)
    assert clock.now - NOW < MINUTE


def test_server_that_swallows_everything_stops_everybody(store: Store) -> None:
    """Where nobody can say of one message after the other, the rest of the audience is spared."""
    issue = draft(store, 2 * ENOUGH)

    with pytest.raises(
        DeliveryError, match="was stopped: 50 of the last 50 messages were refused, deferred or"
    ):
        send(store, Scripted(*[UNKNOWN] * 2 * ENOUGH), issue)

    assert store.counts(issue.id) == Counts(queued=ENOUGH, unknown=ENOUGH)


def test_what_is_decided_twice_goes_out(store: Store) -> None:
    """A message that somebody called failed, and then queued again, is one that was decided on."""
    issue, server = draft(store, 2), Scripted(UNKNOWN)
    send(store, server, issue)
    row = next(store.deliveries(issue.id, "unknown"))
    store.resolve_delivery(row, "failed", "by hand", NOW)
    assert store.requeue_failed(issue.id, "by hand", NOW) == 1
    store.mark_issue(issue.id, "sending", NOW)

    assert send(store, server, issue) == Counts(sent=2)


def test_sender_that_finds_a_fault_in_the_ledger_gives_back_what_it_claimed(store: Store) -> None:
    """Others who were claimed with it are not called unknown for that: nothing was handed over."""
    issue, server = draft(store, 4), Scripted(width=4)
    assert begin(store, issue, CONFIG, NOW, NOW)
    with store.transaction() as connection:
        connection.exec_driver_sql("UPDATE deliveries SET attempts = 1 WHERE id = 2")  # type: ignore[attr-defined]

    with pytest.raises(DeliveryError, match="would get a copy that nobody decided on"):
        send(store, server, issue)

    assert (server.seen, store.counts(issue.id)) == ([], Counts(queued=4))
    assert [row.attempts - row.excused for row in store.deliveries(issue.id)] == [0, 1, 0, 0]


def test_who_is_told_to_stop_before_the_first_message_sends_none(store: Store) -> None:
    """Nothing is claimed then, either."""
    issue, server = draft(store, 2), Scripted()

    def stop(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        send(store, server, issue, on_progress=stop)

    assert (server.seen, store.counts(issue.id)) == ([], Counts(queued=2))


def test_few_refusals_stop_nobody(store: Store) -> None:
    """A short list may have many dead addresses."""
    issue = draft(store, ENOUGH - 1)

    counts = send(store, Scripted(*[Receipt("failed", "550 no")] * ENOUGH), issue)

    assert counts == Counts(failed=ENOUGH - 1)


def test_attempt_that_nobody_decided_on_stops_everybody(store: Store) -> None:
    """Whatever has gone wrong in the ledger, an attempt too many is not made."""
    issue, server = draft(store, 1), Scripted()
    assert begin(store, issue, CONFIG, NOW, NOW)
    store.claim_deliveries(issue.id, Lease("a", NOW, NOW + MINUTE), NOW, 1)
    with store.transaction() as connection:
        connection.exec_driver_sql("UPDATE deliveries SET state = 'queued'")  # type: ignore[attr-defined]

    with pytest.raises(DeliveryError, match="would get a copy that nobody decided on"):
        send(store, server, issue)

    assert server.seen == []


def test_audience_that_has_grown_ends_nothing(store: Store) -> None:
    """An issue is over only if the ledger holds as many people as were written into it."""
    issue = draft(store, 2)
    assert begin(store, issue, CONFIG, NOW, NOW)
    with store.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM deliveries WHERE id = 2")  # type: ignore[attr-defined]

    with pytest.raises(StoreError, match="the ledger holds 1 deliveries for an audience of 2"):
        send(store, Scripted(), issue)

    assert store.issues()[0].state == "sending"


def test_two_senders_share_an_issue(tmp_path: Path) -> None:
    """Whoever claims a message sends it; together they send each once, and both hear that all is done."""
    path, readers = tmp_path / "state.db", 60
    with open_store(path) as store:
        issue = draft(store, readers)
        assert begin(store, issue, CONFIG, NOW, NOW)
    taken: list[str] = []
    met = threading.Barrier(2)

    class Meeting(Carrier):
        def __init__(self) -> None:
            self.has_met = False

        def send(self, message: bytes, envelope: Envelope) -> Receipt:
            if not self.has_met:
                met.wait(60)
                self.has_met = True
            taken.append(envelope.recipient)
            return Receipt("sent", "ok")

    def work() -> None:
        with open_store(path) as mine:
            deliver(mine, Meeting(), issue, CONFIG, NOW, Manner(MINUTE))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Counter(taken) == Counter(f"reader-{number}@example.org" for number in range(readers))
    with open_store(path) as store:
        assert store.counts(issue.id) == Counts(sent=readers)
        assert {row.attempts for row in store.deliveries(issue.id)} == {1}


def test_messages_go_out_side_by_side(store: Store) -> None:
    """As many hands as the transport has are busy at once, and never more."""
    issue, width = draft(store, 12), 4
    together = threading.Barrier(width)

    class Wide(Carrier):
        def send(self, message: bytes, envelope: Envelope) -> Receipt:
            together.wait(60)
            return Receipt("sent", "ok")

    transport = Wide()
    transport.width = width

    assert send(store, transport, issue) == Counts(sent=12)


def test_interrupted_sender_ends_in_order(store: Store) -> None:
    """Whoever is told to stop claims nothing more, and records what is under way."""
    issue, server = draft(store, 5), Scripted()

    def told(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        send(store, server, issue, on_progress=told)

    counts = store.counts(issue.id)
    assert (counts.sending, counts.unknown) == (0, 0)
    assert counts.sent == len(server.seen)
    assert send(store, server, issue, LATER) == Counts(sent=5)


def test_fault_of_ours_leaves_its_message_unknown(store: Store) -> None:
    """What nobody expected comes through, and says nothing about whether the message went out."""
    issue = draft(store, 2)

    class Broken(Carrier):
        def send(self, message: bytes, envelope: Envelope) -> Receipt:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        send(store, Broken(), issue)

    assert store.counts(issue.id) == Counts(queued=1, sending=1)


def test_claim_of_somebody_who_has_left_is_none(store: Store) -> None:
    """Leaving is seen by the claim itself, between two messages."""
    issue = draft(store, 3)

    class Leaving(Carrier):
        def send(self, message: bytes, envelope: Envelope) -> Receipt:
            leave(store, "reader-1@example.org") if envelope.recipient.startswith("reader-0") else None
            return Receipt("sent", "ok")

    assert send(store, Leaving(), issue) == Counts(sent=2, suppressed=1)


def test_messages_keep_apart_as_the_rates_say(store: Store) -> None:
    """All together and each domain by itself; whoever waits is not claimed yet, and others go before."""
    for address in ("a@one.example", "b@one.example", "c@two.example", "d@one.example"):
        store.add_subscriber(address, NOW)
    issue, clock = draft(store, 0), Clock()
    slow = config(rate="30 per minute", domain_rate="10 per minute")
    went: list[tuple[float, str]] = []

    class Timed(Carrier):
        def send(self, message: bytes, envelope: Envelope) -> Receipt:
            went.append(((clock.now - NOW).total_seconds(), envelope.recipient[0]))
            return Receipt("sent", "ok")

    assert begin(store, issue, slow, NOW, NOW)
    counts = deliver(store, Timed(), issue, slow, NOW, Manner(timedelta(), clock=clock, pause=clock.pause))

    assert counts == Counts(sent=4)
    assert [(round(at), who) for at, who in went] == [(0, "a"), (2, "c"), (6, "b"), (12, "d")]


def test_outcome_is_kept_until_it_can_be_recorded(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that is busy when a message has gone out gets its outcome later; nothing becomes unknown."""
    issue, whole, failures = draft(store, 3), store.settle_deliveries, iter([True, True])

    def busy(*values: Any) -> None:
        if next(failures, False):
            raise StoreError("another program holds it")
        whole(*values)

    monkeypatch.setattr(store, "settle_deliveries", busy)
    with pytest.raises(StoreError):
        send(store, Scripted(), issue)

    assert store.counts(issue.id) == Counts(queued=2, sent=1)
