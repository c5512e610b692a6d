"""What the state database keeps of those who ask: each step once, and none across another."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from feedmaker.store import Consent, Owed, Status, Store, Subscriber, Wishes, open_store
from tests.signup.conftest import ANN, DAY, NOW

FORM = Consent("form", "I want it.")
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Open an empty store."""
    with open_store(tmp_path / "state.db") as opened:
        yield opened


def ask(store: Store, at: datetime = NOW, consent: Consent = FORM) -> Subscriber:
    """Let Ann ask, and return her as she is then."""
    store.ask_subscriber(ANN, consent, at)
    return ann(store)


def ann(store: Store) -> Subscriber:
    """Return Ann."""
    person = store.subscriber(ANN)
    assert person
    return person


def test_unknown_address_becomes_pending(store: Store) -> None:
    """All that is known is kept: the words that were shown, where, and when."""
    person = ask(store)

    assert person == Subscriber(
        ANN, "pending", NOW, "asked", FORM, NOW, NOW, None, Wishes(), id=1, token=person.token
    )


def test_known_address_keeps_what_is_its_own(store: Store) -> None:
    """Asking again changes consent and times; token, wishes and the first day stay."""
    store.add_subscriber(ANN, NOW)
    store.set_wishes(1, Wishes("digest", ("tag:a",), "de"))
    store.set_status(1, "unsubscribed", "enough", NOW)
    before = ann(store)
    later, again = NOW + DAY, Consent("JSON", "Other words.")

    person = ask(store, later, again)

    assert person == replace(
        before,
        status="pending",
        status_at=later,
        reason="asked, before that unsubscribed",
        consent=again,
        asked_at=later,
    )
    assert ask(store, later + DAY, FORM).reason == "asked, before that unsubscribed"


def test_who_may_not_be_asked_is_left_alone(store: Store) -> None:
    """The same work is done for them and taken back: nobody is added, nobody changes, no words are kept."""
    store.add_subscriber("bo@example.org", NOW)
    before = list(store.subscribers())

    for address in (ANN, "bo@example.org"):
        store.ask_subscriber(address, Consent("form", "Other words."), NOW + DAY, may_be_asked=False)

    assert list(store.subscribers()) == before
    store.ask_subscriber(ANN, FORM, NOW)
    assert ann(store).consent == FORM


def test_who_asks_is_owed_a_mail(store: Store) -> None:
    """What is due longest is claimed first, once at a time; who may not be asked is owed nothing."""
    assert (store.next_owed(), store.claim_owed(NOW, NOW)) == (None, None)
    store.ask_subscriber("bo@example.org", FORM, NOW)
    store.ask_subscriber("cat@example.org", FORM, NOW, may_be_asked=False)
    ask(store, NOW - HOUR)
    assert (store.count_owed(), store.next_owed()) == (2, NOW - HOUR)

    claimed = [store.claim_owed(NOW, NOW + HOUR) for _ in range(3)]

    assert claimed == [Owed(2, ANN, 1, NOW + HOUR), Owed(1, "bo@example.org", 1, NOW + HOUR), None]
    assert (store.count_owed(), store.next_owed()) == (2, NOW + HOUR)
    assert store.claim_owed(NOW + HOUR, NOW + DAY) == Owed(1, "bo@example.org", 2, NOW + DAY)


def test_claim_ends_by_its_owner_or_by_its_time(store: Store) -> None:
    """Only who has claimed a mail last says what became of it; no claim and no pause is cut short."""
    ask(store)
    first = store.claim_owed(NOW, NOW + timedelta(microseconds=1))
    second = store.claim_owed(NOW + SECOND, NOW + HOUR)
    assert first
    assert second
    assert (first.owed_at, second.attempts) == (NOW + SECOND, 2)

    store.settle_owed(first, None)
    assert store.next_owed() == NOW + HOUR
    store.settle_owed(second, NOW + DAY - timedelta(microseconds=1))
    assert store.next_owed() == NOW + DAY
    store.settle_owed(second, None)
    assert store.next_owed() == NOW + DAY


def test_asking_again_is_owed_anew(store: Store) -> None:
    """What becomes of an earlier mail counts no more: the next one has all tries before it."""
    ask(store)
    claimed = store.claim_owed(NOW, NOW + HOUR)
    assert claimed
    ask(store, NOW + DAY)

    store.settle_owed(claimed, None)

    assert store.claim_owed(NOW + DAY, NOW + 2 * DAY) == Owed(1, ANN, 1, NOW + 2 * DAY)


def test_owed_mails_are_found_by_index(store: Store) -> None:
    """To look what is due, to count it and to claim it costs the same, however many subscribers there are."""
    plans: list[str] = []

    def explain(
        connection: Connection, cursor: sqlite3.Cursor, statement: str, values: Any, *_: object
    ) -> None:
        if statement.startswith(("SELECT", "UPDATE")):
            rows = cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
            plans.extend(row[3] for row in rows)

    ask(store)
    event.listen(Engine, "before_cursor_execute", explain)
    try:
        store.next_owed()
        store.count_owed()
        store.claim_owed(NOW, NOW)
    finally:
        event.remove(Engine, "before_cursor_execute", explain)

    index = "SEARCH subscribers USING COVERING INDEX subscribers_owed_index"
    assert plans == [
        f"{index} (owed_at>?)",
        f"{index} (owed_at>?)",
        "SEARCH subscribers USING INTEGER PRIMARY KEY (rowid=?)",
        "SCALAR SUBQUERY 1",
        f"{index} (owed_at<?)",
    ]


def test_confirming_counts_once_and_for_the_last_asking(store: Store) -> None:
    """Another time, another token or a second try confirm nothing."""
    person = ask(store)

    assert not store.confirm_subscriber(person.token, NOW - HOUR, NOW)
    assert not store.confirm_subscriber("other", NOW, NOW)
    assert store.confirm_subscriber(person.token, NOW, NOW + HOUR)
    assert not store.confirm_subscriber(person.token, NOW, NOW + DAY)
    after = ann(store)
    assert (after.status, after.confirmed_at, after.status_at) == ("active", NOW + HOUR, NOW + HOUR)
    assert after.consent == FORM


def test_confirming_ends_an_erasure(store: Store) -> None:
    """The mark that keeps imports from bringing somebody back goes when they come back by themselves."""
    store.add_subscriber(ANN, NOW)
    store.erase_subscriber(ANN, NOW)
    person = ask(store)
    assert store.count_erased() == 1

    store.confirm_subscriber(person.token, NOW, NOW)

    assert store.count_erased() == 0


@pytest.mark.parametrize("status", ["unsubscribed", "bounced", "complained", "suppressed", "active"])
def test_who_does_not_wait_cannot_be_confirmed(store: Store, status: Status) -> None:
    """A status that came in between stays."""
    person = ask(store)
    store.set_status(person.id, status, "in between", NOW)

    assert not store.confirm_subscriber(person.token, NOW, NOW)
    assert ann(store).status == status


@pytest.mark.parametrize(
    ("status", "leaves"),
    [
        ("pending", True),
        ("active", True),
        ("bounced", True),
        ("unsubscribed", False),
        ("complained", False),
        ("suppressed", False),
    ],
)
def test_leaving_is_for_those_who_may_get_mail(store: Store, status: Status, leaves: bool) -> None:
    """What is stronger than leaving is not weakened by it, and the first reason to leave stays."""
    person = ask(store)
    store.set_status(person.id, status, "before", NOW)

    assert store.leave(person.token, "left", NOW + HOUR) == leaves
    assert not store.leave(person.token, "left again", NOW + DAY)
    assert (ann(store).status, ann(store).reason) == (
        ("unsubscribed", "left") if leaves else (status, "before")
    )
    assert not store.leave("other", "left", NOW)


def test_askings_are_counted_where_they_belong(store: Store) -> None:
    """By address in a day, by network and in all in an hour; what is as old as the limit is out of it."""
    for address, network, ago in (
        (ANN, "n", timedelta(0)),
        (ANN, "n", HOUR),
        (ANN, "m", DAY - HOUR),
        (ANN, "n", DAY),
        ("bo@example.org", "n", timedelta(minutes=5)),
        ("bo@example.org", "m", timedelta(minutes=5)),
    ):
        store.add_signup(address, network, NOW - ago)

    assert store.count_signups(ANN, "n", NOW - DAY, NOW - HOUR) == [3, 2, 3]
    assert store.count_signups("cat@example.org", "x", NOW - DAY, NOW - HOUR) == [0, 0, 3]


def test_addresses_of_those_who_ask_are_hashed(store: Store, tmp_path: Path) -> None:
    """Who looks into the table of askings finds no address, and the same hash for the same address."""
    for _ in range(2):
        store.add_signup(ANN, "n", NOW)

    with closing(sqlite3.connect(tmp_path / "state.db")) as database:
        rows = database.execute("SELECT address FROM signups").fetchall()
    assert len(set(rows)) == 1
    assert ANN not in str(rows)
    assert len(rows[0][0]) == 64


def test_what_is_old_is_forgotten(store: Store) -> None:
    """Askings of a day ago go; so do addresses that were new and never confirmed, and nobody else."""
    people: dict[str, Status] = {"left@example.org": "unsubscribed", "stays@example.org": "active"}
    for address, status in people.items():
        store.add_subscriber(address, NOW - 99 * DAY)
        person = store.subscriber(address)
        assert person
        store.set_status(person.id, status, "", NOW - 99 * DAY)
    store.ask_subscriber("left@example.org", FORM, NOW - 40 * DAY)
    store.ask_subscriber("old@example.org", FORM, NOW - 31 * DAY)
    store.ask_subscriber("new@example.org", FORM, NOW - 30 * DAY)
    store.add_signup(ANN, "n", NOW - 2 * DAY)
    store.add_signup(ANN, "n", NOW - HOUR)

    store.forget_signups(NOW - DAY, NOW - 30 * DAY)

    assert {one.address for one in store.subscribers()} == {
        *people,
        "new@example.org",
    }
    assert store.count_signups(ANN, "n", NOW - 9 * DAY, NOW - 9 * DAY) == [1, 1, 1]


def test_limits_find_their_rows_by_index(store: Store, tmp_path: Path) -> None:
    """A flood does not make the counting slow."""
    with closing(sqlite3.connect(tmp_path / "state.db")) as database:
        for column in ("address", "network"):
            query = f"SELECT count(*) FROM signups WHERE {column} = 'x' AND at > '2026'"
            plan = database.execute(f"EXPLAIN QUERY PLAN {query}").fetchall()
            assert f"USING COVERING INDEX signups_{column}_index ({column}=? AND at>?)" in plan[0][3]
