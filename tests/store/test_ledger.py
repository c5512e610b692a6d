"""The ledger: claims, leases and outcomes, as other programs see them in the file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest

from feedmaker.errors import StoreError
from feedmaker.store import (
    Addressed,
    Counts,
    Delivery,
    DeliveryState,
    Frozen,
    Issue,
    Lease,
    Sending,
    Settlement,
    Store,
    open_store,
)
from feedmaker.store.ledger import PAGE
from tests.store.queued import NOW, queue

MINUTE = timedelta(minutes=1)
LATER = NOW + 10 * MINUTE
FROZEN = Frozen("S", "P", "H", "T", "A", 1, [], [], {})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Open an empty store."""
    with open_store(tmp_path / "state.db") as opened:
        yield opened


def draft(store: Store, episode: str = "one") -> Issue:
    """Freeze an issue."""
    return store.add_issue(store.free_slug(date(2026, 11, 23)), FROZEN, [episode], NOW)


def lease(owner: str = "me") -> Lease:
    """Make a lease of a minute."""
    return Lease(owner, NOW, NOW + MINUTE)


def claim(store: Store, issue: Issue, limit: int = 1, owner: str = "me") -> list[Delivery]:
    """Claim deliveries at the usual time."""
    return store.claim_deliveries(issue.id, lease(owner), NOW, limit)


def settle(store: Store, row: Delivery, state: DeliveryState = "sent", owner: str = "me") -> None:
    """Record the outcome of an attempt."""
    store.settle_deliveries(row.issue_id, owner, [Settlement(row.id, row.attempts, state, "said")], NOW)


def states(store: Store, issue: Issue) -> dict[str, str]:
    """Return the state of each delivery by the name in its address."""
    return {row.address.partition("@")[0]: row.state for row in store.deliveries(issue.id)}


def test_claimed_delivery_is_whole(store: Store) -> None:
    """A claim returns all that the ledger knows, with its owner and the lease."""
    issue = draft(store)
    (ann,) = queue(store, issue, "ann")

    assert claim(store, issue) == [
        Delivery(
            id=1,
            issue_id=issue.id,
            subscriber_id=ann.id,
            address=ann.address,
            token=ann.token,
            key=f"k{issue.id}-{ann.id}",
            message_id=f"<{ann.id}@a.example>",
            dated_at=NOW,
            state="sending",
            reply=None,
            owner="me",
            lease_until=NOW + MINUTE,
            attempts=1,
            excused=0,
            repeats=0,
            deferrals=0,
            next_at=None,
            state_at=NOW,
            handed_at=NOW,
        )
    ]


def test_deliveries_are_claimed_once_in_order(store: Store) -> None:
    """Whoever claims gets the next ones, as many as asked for, and nobody gets them again."""
    issue = draft(store)
    queue(store, issue, "ann", "bob", "cat", "dan")

    first, second = claim(store, issue, 3), claim(store, issue, 3, "they")

    assert [row.address[:3] for row in first] == ["ann", "bob", "cat"]
    assert [row.address[:3] for row in second] == ["dan"]
    assert claim(store, issue, 3) == []


def test_claim_is_committed_before_it_is_returned(store: Store, tmp_path: Path) -> None:
    """Another program sees that a message is on its way before the message is."""
    issue = draft(store)
    queue(store, issue, "ann")

    claim(store, issue)

    with closing(sqlite3.connect(tmp_path / "state.db")) as other:
        assert other.execute("SELECT state, owner FROM deliveries").fetchall() == [("sending", "me")]


@pytest.mark.parametrize("status", ["pending", "unsubscribed", "bounced", "complained", "suppressed"])
def test_only_active_people_are_claimed(store: Store, status: str) -> None:
    """Whoever is anything else at the moment of the claim is suppressed by it, and no attempt is counted."""
    issue = draft(store)
    ann, _ = queue(store, issue, "ann", "bob")
    store.set_status(ann.id, status, "a reason", NOW)  # type: ignore[arg-type]

    rows = claim(store, issue, 2)

    assert [(row.address[:3], row.state, row.attempts) for row in rows] == [
        ("ann", "suppressed", 0),
        ("bob", "sending", 1),
    ]


def test_deferred_delivery_is_claimed_when_it_is_due(store: Store) -> None:
    """Before its time it is nobody's; those that are queued come first."""
    issue = draft(store)
    queue(store, issue, "ann", "bob")
    (row,) = claim(store, issue)
    put_off = Settlement(row.id, 1, "deferred", "451", excused=True, next_at=NOW + MINUTE)
    store.settle_deliveries(issue.id, "me", [put_off], NOW)

    assert store.next_attempt(issue.id) == NOW + MINUTE
    assert [one.address[:3] for one in claim(store, issue, 2)] == ["bob"]
    (again,) = store.claim_deliveries(issue.id, lease(), NOW + MINUTE, 2)
    assert (again.address[:3], again.attempts, again.excused, again.next_at) == ("ann", 2, 1, None)
    assert store.next_attempt(issue.id) is None


def test_claims_keep_to_their_issue(store: Store) -> None:
    """A message of another issue is not taken up."""
    first, second = draft(store, "one"), draft(store, "two")
    queue(store, second, "ann")

    assert claim(store, first) == []


def test_claims_find_their_rows_by_index(store: Store, tmp_path: Path) -> None:
    """A long list is not read through for every message."""
    query = "SELECT id FROM deliveries WHERE issue_id = 1 AND state = 'queued' ORDER BY id LIMIT 1"
    with closing(sqlite3.connect(tmp_path / "state.db")) as other:
        plan = other.execute(f"EXPLAIN QUERY PLAN {query}").fetchall()

    assert [row[3] for row in plan] == [
        "SEARCH deliveries USING COVERING INDEX deliveries_state_index (issue_id=? AND state=?)"
    ]


def test_outcome_is_written_by_its_owner_alone(store: Store) -> None:
    """Who does not own a delivery changes nothing by what they say of it."""
    issue = draft(store)
    queue(store, issue, "ann")
    (row,) = claim(store, issue)

    settle(store, row, "failed", owner="they")
    assert states(store, issue) == {"ann": "sending"}
    settle(store, row)
    assert states(store, issue) == {"ann": "sent"}
    settle(store, row, "failed")
    assert states(store, issue) == {"ann": "sent"}


def test_several_outcomes_are_written_at_once(store: Store) -> None:
    """Each delivery gets its own."""
    issue = draft(store)
    queue(store, issue, "ann", "bob", "cat")
    ann, bob, cat = claim(store, issue, 3)

    settlements = [
        Settlement(ann.id, 1, "sent", "250 ok"),
        Settlement(bob.id, 1, "failed", "550 no", excused=True),
        Settlement(cat.id, 1, "unknown", "lost"),
    ]
    store.settle_deliveries(issue.id, "me", settlements, LATER)

    assert [(row.state, row.reply, row.excused, row.state_at) for row in store.deliveries(issue.id)] == [
        ("sent", "250 ok", 0, LATER),
        ("failed", "550 no", 1, LATER),
        ("unknown", "lost", 0, LATER),
    ]


def test_sign_of_life_renews_what_is_mine(store: Store) -> None:
    """The lease of its owner is longer then, and nobody else's."""
    issue = draft(store)
    queue(store, issue, "ann", "bob")
    claim(store, issue)
    claim(store, issue, owner="they")

    store.renew_deliveries(issue.id, Lease("me", NOW, LATER))

    assert [row.lease_until for row in store.deliveries(issue.id)] == [LATER, NOW + MINUTE]
    assert store.next_expiry(issue.id) == NOW + MINUTE


@pytest.mark.parametrize(("seconds", "expired"), [(0, 0), (59, 0), (60, 1), (3600, 1), (-120, 1)], ids=str)
def test_lease_ends_when_it_says(store: Store, seconds: int, expired: int) -> None:
    """A claim is unknown from the end of its lease on, and where the clock was set back to long before it."""
    issue = draft(store)
    queue(store, issue, "ann")
    claim(store, issue)
    now = NOW + timedelta(seconds=seconds)

    assert store.expire_deliveries(issue.id, Lease("they", now, now + MINUTE)) == expired
    assert states(store, issue) == {"ann": "unknown" if expired else "sending"}


def test_unknown_delivery_is_resolved_once(store: Store) -> None:
    """What was decided on is not decided on again; a repeat is counted, and an excuse too."""
    issue = draft(store)
    queue(store, issue, "ann", "bob", "cat")
    for row in claim(store, issue, 3):
        settle(store, row, "unknown")
    ann, bob, cat = store.deliveries(issue.id)

    assert store.resolve_delivery(ann, "queued", "again", LATER)
    assert not store.resolve_delivery(ann, "queued", "again", LATER)
    assert store.resolve_delivery(bob, "queued", "not taken", LATER, excused=True)
    assert not store.resolve_delivery(bob, "queued", "not taken", LATER, excused=True)
    assert store.resolve_delivery(cat, "sent", "taken", LATER)

    assert [(row.state, row.repeats, row.excused) for row in store.deliveries(issue.id)] == [
        ("queued", 1, 0),
        ("queued", 0, 1),
        ("sent", 0, 0),
    ]


def test_sending_is_opened_for_an_audience(store: Store) -> None:
    """It knows how many there were; without anybody there is none."""
    issue, empty = draft(store, "one"), draft(store, "two")
    queue(store, issue, "ann", "bob")

    assert store.open_sending(empty.id, [], NOW, NOW) == 0
    assert store.sending(empty.id) is None
    assert store.sending(issue.id) == Sending(issue.id, 2, NOW, NOW, None)


def test_sending_is_stopped_and_goes_on(store: Store) -> None:
    """The reason stands there until somebody lets it go on; work on it leaves its time."""
    issue = draft(store)
    queue(store, issue, "ann")
    (row,) = claim(store, issue)

    store.stop_sending(issue.id, "too many")
    store.settle_deliveries(issue.id, "me", [Settlement(row.id, 1, "sent", "ok")], LATER)

    assert store.sending(issue.id) == Sending(issue.id, 1, NOW, LATER, "too many")
    store.resume_sending(issue.id)
    assert store.sending(issue.id) == Sending(issue.id, 1, NOW, LATER, None)


def test_audience_is_written_whole_or_not_at_all(store: Store) -> None:
    """One address that stands there twice leaves nobody queued."""
    issue = draft(store)
    store.add_subscriber("ann@example.org", NOW)
    twice = [Addressed(1, "ann@example.org", "t", f"k{number}", "<1@a>") for number in range(2)]

    with pytest.raises(StoreError, match="UNIQUE"):
        store.open_sending(issue.id, twice, NOW, NOW)

    assert store.counts(issue.id) == Counts()


def test_long_lists_come_in_pages(store: Store) -> None:
    """However many deliveries there are, each comes once and in order."""
    issue = draft(store)
    queue(store, issue, *(f"reader-{number}" for number in range(2 * PAGE)))

    ids = [row.id for row in store.deliveries(issue.id)]

    assert ids == list(range(1, 2 * PAGE + 1))


def test_deliveries_are_listed_by_state_and_age(store: Store) -> None:
    """Some states, or those that have been so for a while."""
    issue = draft(store)
    queue(store, issue, "ann", "bob", "cat")
    ann, bob = claim(store, issue, 2)
    store.settle_deliveries(issue.id, "me", [Settlement(ann.id, 1, "unknown", "")], NOW)
    store.settle_deliveries(issue.id, "me", [Settlement(bob.id, 1, "unknown", "")], LATER)

    assert [row.id for row in store.deliveries(issue.id, "queued", "unknown")] == [1, 2, 3]
    assert [row.id for row in store.deliveries(issue.id, "unknown", until=NOW)] == [1]


def test_last_message_that_was_sent_by_a_time_is_a_witness(store: Store) -> None:
    """Later ones are none, and the number makes no difference."""
    issue, much_later = draft(store), LATER + MINUTE
    queue(store, issue, "ann", "bob", "cat")
    ann, bob, cat = claim(store, issue, 3)
    assert store.last_sent(issue.id, LATER) is None

    store.settle_deliveries(issue.id, "me", [Settlement(cat.id, 1, "sent", "")], NOW)
    store.settle_deliveries(issue.id, "me", [Settlement(ann.id, 1, "sent", "")], LATER)
    store.settle_deliveries(issue.id, "me", [Settlement(bob.id, 1, "sent", "")], much_later)

    moments = (NOW - MINUTE, NOW, LATER, much_later)
    assert [store.last_sent(issue.id, moment) for moment in moments] == [
        None,
        cat.message_id,
        ann.message_id,
        bob.message_id,
    ]


def test_lost_claim_is_unknown_since_its_lease_ended(store: Store) -> None:
    """It makes no difference when somebody notices; a lease beyond reason has ended now."""
    issue = draft(store)
    queue(store, issue, "ann", "bob")
    claim(store, issue)
    store.expire_deliveries(issue.id, Lease("they", LATER, LATER + MINUTE))
    claim(store, issue)
    store.expire_deliveries(issue.id, Lease("they", NOW - 2 * MINUTE, NOW - MINUTE))

    assert [row.state_at for row in store.deliveries(issue.id, "unknown")] == [
        NOW + MINUTE,
        NOW - 2 * MINUTE,
    ]


def test_first_attempt_that_may_have_arrived_is_remembered(store: Store) -> None:
    """A repeat leaves its time; attempts that certainly came to nothing do not count."""
    issue = draft(store)
    queue(store, issue, "ann", "bob")
    ann, bob = claim(store, issue, 2)
    settle(store, ann, "unknown")
    store.settle_deliveries(issue.id, "me", [Settlement(bob.id, 1, "queued", "", excused=True)], NOW)
    assert [row.handed_at for row in store.deliveries(issue.id)] == [NOW, None]

    assert store.resolve_delivery(next(store.deliveries(issue.id, "unknown")), "queued", "again", NOW)
    store.claim_deliveries(issue.id, Lease("me", LATER, LATER + MINUTE), LATER, 2)

    assert [row.handed_at for row in store.deliveries(issue.id)] == [NOW, LATER]


@pytest.mark.parametrize("state", ["queued", "deferred"])
def test_what_is_put_off_of_a_skipped_issue_is_suppressed(store: Store, state: DeliveryState) -> None:
    """Whoever waits gets it no more, and what is under way is not tried again; what arrived has arrived."""
    issue = draft(store)
    queue(store, issue, "ann", "bob", "cat")
    ann, bob = claim(store, issue, 2)

    store.skip_deliveries(issue.id, NOW)
    off = Settlement(ann.id, 1, state, "451 later", excused=True, next_at=LATER)
    store.settle_deliveries(issue.id, "me", [off, Settlement(bob.id, 1, "sent", "ok")], NOW)

    assert states(store, issue) == {"ann": "suppressed", "bob": "sent", "cat": "suppressed"}
    assert store.next_attempt(issue.id) is None
    assert claim(store, issue, 3) == []


def test_counts_add_up(store: Store) -> None:
    """Every delivery is counted in one state, and those of other issues are not."""
    issue = draft(store)
    queue(store, issue, "ann", "bob", "cat", "dan", "eve")
    queue(store, draft(store, "two"))
    outcomes: tuple[DeliveryState, ...] = ("sent", "sent", "failed")
    for outcome in outcomes:
        settle(store, claim(store, issue)[0], outcome)
    claim(store, issue)

    counts = store.counts(issue.id)

    assert counts == Counts(queued=1, sending=1, sent=2, failed=1)
    assert (counts.total, counts.pending, counts.settled) == (5, 2, 3)
    assert store.counts(99) == Counts()
