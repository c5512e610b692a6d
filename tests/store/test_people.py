"""Subscribers in the state database: consent, status, wishes, erasure, keys, and what is counted of them."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feedmaker.store import (
    GONE,
    Addressed,
    Consent,
    Counts,
    Ending,
    Fault,
    Frozen,
    Issue,
    Lease,
    Mailed,
    Month,
    Person,
    Settlement,
    Status,
    Store,
    Subscriber,
    Taken,
    Wishes,
    open_store,
)

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
EARLIER = NOW - timedelta(days=9)
LEASE = Lease("me", NOW, NOW + timedelta(minutes=1))
FROZEN = Frozen("S", "P", "<p>H</p>", "T", "A", 1, [], [], {})
FORM = Consent("form", "Yes, mail me.")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name the file of a state database."""
    return tmp_path / "state.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    """Open an empty store."""
    with open_store(path) as opened:
        yield opened


def person(name: str = "ann", status: Status = "active", at: datetime = NOW) -> Person:
    """Make somebody as an import has them."""
    return Person(f"{name}@example.org", status, at, "said the file", FORM, EARLIER)


def of(store: Store, name: str) -> Subscriber:
    """Find a subscriber by the name in the address."""
    found = store.subscriber(f"{name}@example.org")
    assert found
    return found


def add(store: Store, *names: str) -> None:
    """Add people by hand."""
    for name in names:
        assert store.add_subscriber(f"{name}@example.org", NOW)


def send(store: Store, *names: str) -> Issue:
    """Queue an issue for people, and record the first message as sent."""
    issue = store.add_issue(store.free_slug(NOW.date()), FROZEN, [], NOW)
    rows = [
        Addressed(found.id, found.address, found.token, f"{issue.slug}-{found.id}", f"<{found.id}@a.example>")
        for found in (of(store, name) for name in names)
    ]
    store.open_sending(issue.id, rows, NOW, NOW)
    (first,) = store.claim_deliveries(issue.id, LEASE, NOW, 1)
    reply = f"250 <{first.address}> taken"
    store.settle_deliveries(issue.id, "me", [Settlement(first.id, 1, "sent", reply)], LATER)
    store.mark_issue(issue.id, "sending", NOW)
    return issue


# Coming and going


def test_subscriber_is_added_once(store: Store) -> None:
    """By hand means active at once; a second time changes nothing and says so."""
    assert store.add_subscriber("ann@example.org", NOW)
    assert not store.add_subscriber("ann@example.org", LATER, FORM)

    (ann,) = store.subscribers()
    assert ann == Subscriber(
        "ann@example.org",
        "active",
        NOW,
        "added by hand",
        Consent("added by hand"),
        NOW,
        confirmed_at=NOW,
        id=1,
        token=ann.token,
    )


def test_every_subscriber_has_a_token(store: Store) -> None:
    """It is 128 bits that nobody can guess, no two are equal, and no command takes one for an option."""
    store.take_over([person(f"reader-{number}") for number in range(300)], 0)

    tokens = [found.token for found in store.subscribers()]

    assert len(set(tokens)) == 300
    assert all(re.fullmatch("[A-Za-z0-9_][A-Za-z0-9_-]{21}", token) for token in tokens)


def test_token_tells_whose_it_is(store: Store) -> None:
    """Only an exact token does, whatever became of that person."""
    add(store, "ann")
    ann = of(store, "ann")

    assert store.subscriber_of(ann.token) == ann
    assert store.subscriber_of(ann.token.swapcase()) is None
    assert store.subscriber_of("") is None
    store.set_status(ann.id, "unsubscribed", "clicked", LATER)
    assert store.subscriber_of(ann.token) == of(store, "ann")


def test_status_has_its_reason_and_time(store: Store) -> None:
    """Who leaves stays on record, with everything else as it was, and nobody else changes."""
    add(store, "ann", "bob")
    before = of(store, "ann")

    store.set_status(before.id, "bounced", "550 no such mailbox", LATER)

    assert of(store, "ann") == replace(
        before, status="bounced", reason="550 no such mailbox", status_at=LATER
    )
    assert of(store, "bob").status == "active"


def test_who_comes_back_agreed_anew(store: Store) -> None:
    """What counts from then on is the new consent; when they first came stays."""
    store.take_over([person("ann", "unsubscribed")], 0)

    store.readmit_subscriber(of(store, "ann").id, LATER)

    ann = of(store, "ann")
    assert (ann.status, ann.status_at, ann.reason) == ("active", LATER, "added by hand")
    assert (ann.consent, ann.added_at, ann.confirmed_at) == (Consent("added by hand"), EARLIER, LATER)


def test_anybody_can_be_suppressed(store: Store) -> None:
    """A subscriber keeps their record, a stranger gets one, and a second time changes nothing."""
    add(store, "ann")

    assert store.suppress_subscriber("ann@example.org", "asked by letter", LATER)
    assert store.suppress_subscriber("bob@example.org", "asked by letter", LATER)
    assert not store.suppress_subscriber("bob@example.org", "again", NOW)

    ann, bob = store.subscribers("suppressed")
    assert (ann.added_at, ann.confirmed_at, ann.reason) == (NOW, NOW, "asked by letter")
    assert (bob.added_at, bob.confirmed_at, bob.status_at) == (LATER, None, LATER)
    assert not store.has_subscribers("each")


def test_wishes_are_kept(store: Store) -> None:
    """All of them come back as they were set."""
    add(store, "ann")
    wishes = Wishes("digest", ("show:Keepers; and more", "tag:fog"), "pt-BR")

    store.set_wishes(1, wishes)

    assert of(store, "ann").wishes == wishes


def test_words_of_a_consent_are_kept_once(path: Path, store: Store) -> None:
    """However many agreed to the same words, they are stored once, and each has them."""
    store.take_over([person("ann"), person("bob")], 0)
    store.add_subscriber("cy@example.org", NOW, FORM)

    with closing(sqlite3.connect(path)) as other:
        kept = other.execute("SELECT text FROM consents").fetchall()

    assert kept == [(FORM.text,)]
    assert [found.consent for found in store.subscribers()] == [FORM] * 3


def test_subscribers_are_gone_through_by_status_and_page(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them come, the oldest first, those of the wanted statuses only, and each once."""
    monkeypatch.setattr("feedmaker.store.people.PAGE", 3)
    statuses: list[Status] = ["active", "unsubscribed", "pending"]
    store.take_over([person(f"r{number}", statuses[number % 3]) for number in range(10)], 0)

    assert [found.id for found in store.subscribers()] == list(range(1, 11))
    assert [found.id for found in store.subscribers("pending", "unsubscribed")] == [2, 3, 5, 6, 8, 9]


# Erasure


def test_no_record_shows_the_token_that_acts_for_its_reader(store: Store) -> None:
    """Wherever a record is printed, its token is not."""
    store.add_subscriber("ann@example.org", NOW)
    (ann,) = store.subscribers()
    to_ann = Addressed(ann.id, ann.address, "signed-for-ann", "key", "<key@example.org>")
    issue = store.add_issue("2026-11-23", FROZEN, [], NOW)
    store.open_sending(issue.id, [to_ann], NOW, NOW)
    (row,) = store.deliveries(issue.id)

    assert (row.token, row.address in repr(row)) == ("signed-for-ann", True)
    assert ann.token not in repr(ann)
    assert "signed-for-ann" not in repr(to_ann) + repr(row)


def test_who_is_erased_is_nowhere_in_the_files(path: Path) -> None:
    """Neither the database nor what stands beside it holds the address, however many others there are."""
    with open_store(path) as store:
        store.take_over([person(f"reader-{number}") for number in range(3000)], 0)
        issue = send(store, "reader-1500", "reader-1501")
        (delivery, _) = store.deliveries(issue.id)
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            said = "550 <reader-1500@example.org> is full"
            other.execute(
                "INSERT INTO bounces VALUES (?, 'soft', ?, ?)", (delivery.id, said, "2026-11-23T09:00:00Z")
            )

        assert store.erase_subscriber("reader-1500@example.org", LATER)
        assert not store.erase_subscriber("reader-1500@example.org", LATER)

    held = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert b"reader-1501@example.org" in held
    assert b"reader-1500@example.org" not in held


def test_erased_are_not_named_where_others_are_told_of(path: Path) -> None:
    """Runs, faults, and what servers said of others hold the address no more, in any letters."""
    said = "550 <Ann@Example.ORG> (ann@example.org), bob@example.org"
    with open_store(path) as store:
        add(store, "ann", "bob")
        issue = send(store, "bob")
        (row,) = store.deliveries(issue.id)
        store.add_bounce(row.id, "soft", said, NOW)
        store.stop_sending(issue.id, said)
        store.set_status(of(store, "bob").id, "bounced", said, NOW)
        store.claim_run("letter", NOW, NOW, LEASE)
        store.record_run("letter", NOW, "me", Ending("failed", said, 0.5))
        for cause in (said, said.upper()):
            store.save_fault(Fault("letter", cause, said, NOW, None, None))
        with closing(sqlite3.connect(path)) as other, other:
            other.execute("UPDATE deliveries SET reply = ?", (said,))

        store.erase_subscriber("ann@example.org", LATER)

        blanked = "550 <(erased)> ((erased)), bob@example.org"
        (row,) = store.deliveries(issue.id)
        (run,) = store.recent_runs(1)
        assert {row.reply, run.summary, of(store, "bob").reason} == {blanked}
        assert {fault.text for fault in store.faults()} == {blanked}
    held = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert b"ann@example.org" not in held.lower()


def test_what_went_to_the_erased_is_on_record_as_to_nobody(store: Store) -> None:
    """Counts stay what they are, and what was still to go does not."""
    add(store, "ann", "bob")
    issue = send(store, "ann", "bob")

    for name in ("ann", "bob"):
        store.erase_subscriber(f"{name}@example.org", LATER)

    assert store.counts(issue.id) == Counts(sent=1, suppressed=1)
    rows = list(store.deliveries(issue.id))
    assert [row.address for row in rows] == ["erased-1@invalid", "erased-2@invalid"]
    assert {(row.subscriber_id, row.token, row.reply) for row in rows} == {(None, "erased", None)}


def test_erased_come_back_by_their_own_wish_only(store: Store) -> None:
    """No import brings them back, whoever they were; who asks anew is like a stranger."""
    store.erase_subscriber("ann@example.org", NOW)

    assert store.take_over([person("ann")], 0) == Taken(kept_out=1)
    assert store.count_erased() == 1
    assert store.subscriber("ann@example.org") is None
    assert store.add_subscriber("ann@example.org", LATER)
    assert store.count_erased() == 0
    assert store.take_over([person("ann")], 1) == Taken(known=1)


def test_id_of_a_subscriber_is_never_given_again(store: Store) -> None:
    """A newcomer is not taken for somebody who was erased."""
    add(store, "ann")
    store.erase_subscriber("ann@example.org", NOW)

    add(store, "bob")

    assert [found.id for found in store.subscribers()] == [2]


# Taking over


def test_people_are_taken_over_as_they_are(store: Store) -> None:
    """Everything that is known of them is there afterwards."""
    ann = replace(
        person("ann", "pending"),
        asked_at=NOW,
        wishes=Wishes("digest", ("tag:fog",), "de"),
    )
    bob = replace(person("bob", "complained"), consent=Consent("fair"), confirmed_at=EARLIER)

    assert store.take_over([ann, bob], store.newest_subscriber()) == Taken(added=2)

    for number, (known, found) in enumerate(zip((ann, bob), store.subscribers(), strict=True), 1):
        facts = {name: getattr(known, name) for name in Person.__slots__}
        assert found == Subscriber(**facts, id=number, token=found.token)


@pytest.mark.parametrize("status", sorted(GONE))
def test_nobody_comes_back_by_an_import(store: Store, status: Status) -> None:
    """Who left here stays away, however sure somewhere else is, and is counted."""
    store.take_over([person("ann", status)], 0)
    back = replace(person("ann", "active", LATER), confirmed_at=LATER)

    assert store.take_over([back], 1) == Taken(kept_out=1)
    assert store.take_over([person("ann", "unsubscribed", LATER)], 1) == Taken(known=1)

    assert of(store, "ann").status == status


def test_subscribers_stay_as_they_are(store: Store) -> None:
    """What a file says of somebody who is there changes nothing, unless it says that they left."""
    add(store, "ann")
    store.take_over([person("bob", "pending")], 1)
    before = list(store.subscribers())

    assert store.take_over([person("ann", at=LATER), person("bob", at=LATER)], 2) == Taken(known=2)

    assert list(store.subscribers()) == before


def test_who_left_elsewhere_leaves_here(store: Store) -> None:
    """Somebody who has left since they confirmed is taken off; who has confirmed since stays."""
    add(store, "ann", "bob")

    taken = store.take_over([person("ann", "unsubscribed", LATER), person("bob", "bounced", EARLIER)], 2)

    assert taken == Taken(left=1, known=1)
    ann, bob = store.subscribers()
    assert (ann.status, ann.status_at, ann.reason) == ("unsubscribed", LATER, "said the file")
    assert (bob.status, bob.status_at) == ("active", NOW)


def test_day_of_an_import_is_no_consent(store: Store) -> None:
    """Who was imported may have left before that, unless a confirmation is known that came later."""
    store.take_over([person("ann"), replace(person("bob"), confirmed_at=NOW)], 0)

    taken = store.take_over([person(name, "unsubscribed", EARLIER) for name in ("ann", "bob")], 2)

    assert taken == Taken(left=1, known=1)
    assert (of(store, "ann").status, of(store, "bob").status) == ("unsubscribed", "active")


@pytest.mark.parametrize(("status", "kept"), [("unsubscribed", True), ("complained", False)])
def test_who_asks_anew_may_confirm(store: Store, status: Status, *, kept: bool) -> None:
    """An earlier departure elsewhere does not end that; nobody asks for those who are off for good."""
    store.ask_subscriber("ann@example.org", FORM, NOW)

    store.take_over([person("ann", status, EARLIER)], 1)

    assert of(store, "ann").status == ("pending" if kept else status)


@pytest.mark.parametrize("before", sorted(GONE))
@pytest.mark.parametrize("told", sorted(GONE))
def test_stronger_reason_to_be_off_wins(store: Store, before: Status, told: Status) -> None:
    """Complained and suppressed are for good, whichever was first; all others stay what they are."""
    store.take_over([person("ann", before)], 0)

    taken = store.take_over([person("ann", told, EARLIER)], 1)

    stronger = told in ("complained", "suppressed") and before in ("unsubscribed", "bounced")
    assert taken == (Taken(barred=1) if stronger else Taken(known=1))
    assert of(store, "ann").status == (told if stronger else before)


@pytest.mark.parametrize("together", [True, False])
def test_who_stands_twice_in_a_file_is_taken_over_once(store: Store, *, together: bool) -> None:
    """The first row counts, be it in the same batch or an earlier one, unless a later one says they left."""
    rows = [person("ann"), person("ann", at=EARLIER), person("ann", "unsubscribed"), person("ann")]
    batches = [rows] if together else [[row] for row in rows]

    taken = sum((store.take_over(batch, 0) for batch in batches), Taken())

    assert taken == Taken(added=1, repeated=2, left=1)
    assert of(store, "ann").status == "unsubscribed"


# Keys


def test_keys_are_rotated_and_forgotten(store: Store) -> None:
    """The newest stands last, older ones stay until they are forgotten; addresses keep their own."""
    store.erase_subscriber("ann@example.org", NOW)
    (first,) = store.keys()

    store.add_key(NOW)
    store.add_key(LATER)

    assert (len(store.keys()), store.keys()[0]) == (3, first)
    newest = store.keys()[-1]
    assert store.forget_keys() == 2
    assert store.keys() == [newest]
    assert store.forget_keys() == 0
    assert store.count_erased() == 1


# Figures


def test_subscribers_are_counted(store: Store) -> None:
    """By status all of them, by wishes and domain those who get issues, the most frequent first."""
    german = Wishes("digest", (), "de")
    store.take_over(
        [
            replace(person("ann"), wishes=german),
            person("bob"),
            person("cy", "pending"),
            replace(person("dan", "unsubscribed"), wishes=german),
            replace(person("eve"), address="eve@a.example.net"),
        ],
        0,
    )
    store.erase_subscriber("bob@example.org", NOW)
    add(store, "fay")

    assert store.count_subscribers() == {"active": 3, "pending": 1, "unsubscribed": 1}
    assert store.count_cadences() == {"each": 2, "digest": 1}
    assert store.count_languages() == {None: 2, "de": 1}
    assert list(store.count_domains(5).items()) == [("example.org", 2), ("a.example.net", 1)]
    assert store.count_domains(1) == {"example.org": 2}
    assert store.count_erased() == 1


def test_confirmations_are_counted(store: Store) -> None:
    """Only who was asked counts, whatever became of them."""
    asked = [replace(person(name), asked_at=NOW) for name in ("ann", "bob", "cy")]
    store.take_over([replace(asked[0], confirmed_at=LATER), *asked[1:], person("dan")], 0)

    assert store.count_asked() == (3, 1)


def test_months_have_who_joined_and_who_left(store: Store) -> None:
    """People join when they confirm, or else when they are added; who was never on the list does neither."""
    october, september = datetime(2026, 10, 31, 23, 59, 59, tzinfo=UTC), datetime(2026, 9, 1, tzinfo=UTC)
    store.take_over(
        [
            replace(person("ann"), added_at=september, confirmed_at=october),
            replace(person("bob", "unsubscribed"), added_at=september, status_at=NOW),
            replace(person("cy", "pending"), added_at=NOW),
            replace(person("dan"), added_at=september - timedelta(seconds=1)),
        ],
        0,
    )
    store.suppress_subscriber("eve@example.org", "by hand", NOW)

    assert store.count_months(september) == [
        Month("2026-09", 1, 0),
        Month("2026-10", 1, 0),
        Month("2026-11", 0, 1),
    ]


def test_issues_tell_how_far_they_got(path: Path, store: Store) -> None:
    """The newest that began to go out stands first, with its deliveries and what came back."""
    add(store, "ann", "bob")
    first, second = send(store, "ann", "bob"), send(store, "bob")
    store.add_issue("2026-12-01", FROZEN, [], NOW)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        for kind in ("soft", "complaint", "delivered"):
            other.execute("INSERT INTO bounces VALUES (1, ?, '', '2026-11-23T09:00:00Z')", (kind,))

    newest, oldest = store.reach(5)

    assert (newest.issue, newest.counts) == (second.slug, Counts(sent=1))
    assert (oldest.issue, oldest.counts) == (first.slug, Counts(sent=1, queued=1))
    assert [(one.bounced, one.complained) for one in (newest, oldest)] == [(0, 0), (1, 1)]
    assert [one.issue for one in store.reach(1)] == [second.slug]


def test_what_went_to_somebody_is_listed(path: Path, store: Store) -> None:
    """Each issue has its state, its reply, and what came back of it; what went to others is not there."""
    add(store, "ann", "bob")
    first, second = send(store, "ann", "bob"), send(store, "ann")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        for kind in ("soft", "complaint"):
            other.execute("INSERT INTO bounces VALUES (1, ?, '', '2026-11-23T09:00:00Z')", (kind,))

    reply = "250 <ann@example.org> taken"
    assert store.mailed_to(1) == [
        Mailed(first.slug, "S", NOW, "sent", LATER, reply, ("complaint", "soft")),
        Mailed(second.slug, "S", NOW, "sent", LATER, reply, ()),
    ]
    assert [one.state for one in store.mailed_to(2)] == ["queued"]
