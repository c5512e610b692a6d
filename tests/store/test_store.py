"""What the store keeps: issues, deliveries and runs; `test_people` has the subscribers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Literal

import pytest

from feedmaker.errors import StoreError
from feedmaker.store import (
    Ending,
    Fault,
    Frozen,
    Issue,
    Lease,
    Run,
    Store,
    Wishes,
    open_store,
)
from feedmaker.store.runs import RUNS_KEPT
from tests.store.queued import queue

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
MINUTE = timedelta(minutes=1)
MINE = Lease("me", NOW, NOW + MINUTE)
THEIRS = Lease("they", NOW, NOW + MINUTE)
ENDING = Ending("done", "3 files", 0.5)
DAY = date(2026, 11, 23)
FROZEN = Frozen(
    subject="S",
    preheader="P",
    html="<p>é</p>",
    text="é\r\n",
    page="<!DOCTYPE html>",
    size=8,
    cuts=["the gist of “One”"],
    contents=[{"title": "One", "url": "https://a.example/one/", "reveals": ["É"]}],
    wording={"subject": "S", "preheader": "", "intro": ""},
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Open an empty store."""
    with open_store(tmp_path / "state.db") as opened:
        yield opened


def draft(store: Store, *episodes: str, day: date = DAY) -> Issue:
    """Freeze an issue of some episodes."""
    return store.add_issue(store.free_slug(day), FROZEN, episodes, NOW)


def test_issue_is_kept_as_it_was_drafted(store: Store) -> None:
    """Every field comes back character by character."""
    issue = draft(store, "one")

    assert issue == Issue(
        **asdict(FROZEN),
        id=1,
        slug="2026-11-23",
        cadence="each",
        state="draft",
        drafted_at=NOW,
        due_at=None,
        sent_at=None,
    )
    assert store.issue("2026-11-23") == issue
    assert store.issue("2026-11-24") is None


def test_slugs_are_days_and_collide_with_nothing(store: Store) -> None:
    """A second issue of a day has a number; another day begins anew."""
    slugs = [draft(store).slug for _ in range(11)]

    assert slugs == ["2026-11-23", *(f"2026-11-23-{number}" for number in range(2, 12))]
    assert draft(store, day=date(2026, 11, 2)).slug == "2026-11-02"
    assert store.slugs() == [*slugs, "2026-11-02"]


def test_episodes_are_mailed_once_their_issue_is_sent(store: Store) -> None:
    """What waits, or was skipped, has reached nobody."""
    sent, skipped = draft(store, "tag:one", "tag:two"), draft(store, "tag:three")
    draft(store, "tag:four")
    store.mark_issue(skipped.id, "skipped", NOW)
    assert store.mailed_episodes() == set()

    store.mark_issue(sent.id, "sent", NOW)

    assert store.mailed_episodes() == {"tag:one", "tag:two"}


def test_digest_carries_what_issues_carry(store: Store) -> None:
    """An episode is once in an issue and once in a digest; only what issues mailed is told of corrections."""
    issue = draft(store, "one")
    digest = store.add_issue("d", FROZEN, ["one", "two"], LATER, cadence="digest")
    store.mark_issue(digest.id, "sent", LATER)

    assert store.carried_episodes() == {"one": issue.slug}
    assert store.carried_episodes("digest") == {"one": "d", "two": "d"}
    assert store.mailed_episodes() == set()
    with pytest.raises(StoreError, match='"two" is in issue d already'):
        store.add_issue("e", FROZEN, ["two"], LATER, cadence="digest")


def test_first_issue_of_a_cadence_is_known_by_its_time(store: Store) -> None:
    """Those of the other one do not count, nor do later ones."""
    draft(store)
    assert store.first_drafted("digest") is None
    for slug, moment in (("b", LATER), ("a", NOW + MINUTE)):
        store.add_issue(slug, FROZEN, [], moment, cadence="digest")

    assert (store.first_drafted("each"), store.first_drafted("digest")) == (NOW, NOW + MINUTE)


def test_issue_that_was_sent_is_known_by_time_and_cadence(store: Store) -> None:
    """A digest that was due at the same time is another; what was sent before its time is none."""
    digest = store.add_issue("d", FROZEN, [], NOW, LATER, "digest")
    store.mark_issue(digest.id, "sent", LATER)
    early = store.add_issue("e", FROZEN, [], NOW, LATER)
    store.mark_issue(early.id, "sent", NOW)

    assert store.sent_issue(LATER, "each") is None
    found = store.sent_issue(LATER, "digest")
    assert found
    assert found.id == digest.id


def test_subscribers_are_looked_for_by_cadence(store: Store) -> None:
    """Who is active counts for the one that they have chosen."""
    store.add_subscriber("ann@example.org", NOW)
    (ann,) = store.subscribers()
    assert (store.has_subscribers("each"), store.has_subscribers("digest")) == (True, False)

    store.set_wishes(ann.id, Wishes("digest"))
    assert (store.has_subscribers("each"), store.has_subscribers("digest")) == (False, True)

    store.set_status(ann.id, "unsubscribed", "asked to", NOW)
    assert not store.has_subscribers("digest")


def test_issues_are_listed_by_state_the_oldest_first(store: Store) -> None:
    """Without states all of them are listed."""
    first, second, third = draft(store), draft(store), draft(store)
    store.mark_issue(second.id, "sending", NOW)
    store.mark_issue(third.id, "sent", LATER)

    assert [issue.id for issue in store.issues()] == [first.id, second.id, third.id]
    assert [issue.id for issue in store.issues("sending", "draft")] == [first.id, second.id]
    assert [(issue.id, issue.sent_at) for issue in store.issues("sent")] == [(third.id, LATER)]
    assert store.issues("sending")[0].sent_at is None


def test_episode_is_in_at_most_one_issue(store: Store) -> None:
    """A second issue with it is refused whole, and the text names episode and issue."""
    draft(store, "one", "two")

    with pytest.raises(StoreError, match=r'episode "two" is in issue 2026-11-23 already; .* only once'):
        draft(store, "three", "two")

    assert set(store.carried_episodes()) == {"one", "two"}
    assert len(store.issues()) == 1


def test_issue_has_the_time_at_which_it_is_due(store: Store) -> None:
    """The time comes back, and is none where nobody said one."""
    due = store.add_issue("2026-11-23", FROZEN, [], NOW, LATER)

    assert (due.due_at, draft(store).due_at) == (LATER, None)
    assert store.issue(due.slug) == due


def test_issue_is_written_anew_as_a_draft(store: Store) -> None:
    """Texts, episodes and time are the new ones; slug and day stay, and what it no longer has is free."""
    issue = draft(store, "one", "two")
    store.add_corrections(issue.id, [("old", "5ac4")])
    store.approve_issue(issue.id, NOW)
    again = replace(FROZEN, subject="Mended", cuts=[])

    store.rewrite_issue(issue.id, again, ["two", "three"], LATER)

    (kept,) = store.issues()
    facts = {"state": "draft", "due_at": LATER, "subject": "Mended", "cuts": []}
    assert kept == replace(issue, **facts)  # type: ignore[arg-type]
    assert sorted(store.episodes_of(issue.id)) == ["three", "two"]
    assert store.carried_corrections() == set()
    assert draft(store, "one").state == "draft"


def test_issue_is_not_written_anew_with_what_another_carries(store: Store) -> None:
    """It is refused whole: the issue stays what it was."""
    issue, _ = draft(store, "one"), draft(store, "two")

    with pytest.raises(StoreError, match=r'episode "two" is in issue 2026-11-23-2 already'):
        store.rewrite_issue(issue.id, replace(FROZEN, subject="Mended"), ["two"], None)

    assert store.issue(issue.slug) == issue
    assert store.episodes_of(issue.id) == ["one"]


def test_approved_issue_has_its_time(store: Store) -> None:
    """An issue is approved for a time, or for sending by hand; others stay as they are."""
    first, second = draft(store), draft(store)

    store.approve_issue(first.id, LATER)

    assert [(issue.state, issue.due_at) for issue in store.issues()] == [("approved", LATER), ("draft", None)]
    store.approve_issue(second.id, None)
    assert [issue.due_at for issue in store.issues("approved")] == [LATER, None]


def test_corrections_are_known_by_episode_and_words(store: Store) -> None:
    """What issues carry is told, on demand without that of one of them, and can be dropped."""
    first, second = draft(store), draft(store)
    store.add_corrections(first.id, [("one", "5ac4"), ("one", "77d0")])
    store.add_corrections(second.id, [("two", "5ac4")])
    store.add_corrections(second.id, [])

    assert store.carried_corrections() == {("one", "5ac4"), ("one", "77d0"), ("two", "5ac4")}
    assert store.carried_corrections(but_of=first.id) == {("two", "5ac4")}
    store.drop_corrections(first.id)
    assert store.carried_corrections() == {("two", "5ac4")}


def test_episodes_of_an_issue_are_its_own(store: Store) -> None:
    """Those of other issues are not named."""
    first, second = draft(store, "one", "two"), draft(store, "three")

    assert sorted(store.episodes_of(first.id)) == ["one", "two"]
    assert store.episodes_of(second.id) == ["three"]
    assert store.carried_episodes() == {"one": first.slug, "two": first.slug, "three": second.slug}


@pytest.mark.parametrize(
    ("table", "others"),
    [
        ("corrected", {}),
        ("carried", {}),
        ("deliveries", {"key": "'k'", "address": "'new@example.org'"}),
        ("deliveries", {"key": "'k'", "subscriber_id": "NULL"}),
        ("deliveries", {"address": "'new@example.org'", "subscriber_id": "NULL"}),
        ("sendings", {}),
        ("runs", {"id": "9"}),
        ("issues", {"id": "9"}),
        ("subscribers", {"token": "'T0ken'"}),
        ("subscribers", {"address": "'new@example.org'"}),
    ],
    ids=str,
)
def test_database_itself_refuses_doubles(
    store: Store, tmp_path: Path, table: str, others: dict[str, str]
) -> None:
    """What must be unique stays so, whatever a program tries: a row like one that is there, but for some."""
    issue = draft(store, "one")
    queue(store, issue, "ann")
    store.add_corrections(issue.id, [("one", "5ac4")])
    store.claim_run("build", NOW, NOW, MINE)

    with closing(sqlite3.connect(tmp_path / "state.db")) as other:
        names = [row[1] for row in other.execute(f"PRAGMA table_info({table})")]
        values = ["9" if name == "id" else others.get(name, name) for name in names]
        with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
            other.execute(f"INSERT INTO {table} SELECT {', '.join(values)} FROM {table}")


@pytest.mark.parametrize("table", ["issues", "deliveries", "runs"])
def test_database_itself_refuses_unknown_states(store: Store, tmp_path: Path, table: str) -> None:
    """A state is one of the words of the design."""
    queue(store, draft(store, "one"), "ann")
    store.claim_run("build", NOW, NOW, MINE)

    with (
        closing(sqlite3.connect(tmp_path / "state.db")) as other,
        pytest.raises(sqlite3.IntegrityError, match="CHECK"),
    ):
        other.execute(f"UPDATE {table} SET state = 'lost'")


def is_mine(run: Run, lease: Lease = MINE) -> bool:
    """Tell whether a claim was granted."""
    return run.state == "running" and run.owner == lease.owner


def test_run_is_claimed_once_per_due_time(store: Store) -> None:
    """However many schedulers there are, one of them begins; another due time or job is another run."""
    assert is_mine(store.claim_run("build", NOW, NOW, MINE))
    assert not is_mine(store.claim_run("build", NOW, NOW, THEIRS), THEIRS)
    assert store.finish_run("build", NOW, MINE.owner, LATER, ENDING)
    assert store.claim_run("build", NOW, LATER, THEIRS).state == "done"
    assert is_mine(store.claim_run("build", LATER, LATER, MINE))
    assert is_mine(store.claim_run("letter", NOW, NOW, MINE))


def test_due_time_is_the_same_in_every_zone(store: Store) -> None:
    """A run is known by the moment, not by how it is written."""
    store.claim_run("build", NOW, NOW, MINE)
    store.finish_run("build", NOW, MINE.owner, LATER, ENDING)

    assert store.claim_run("build", NOW.astimezone(timezone(timedelta(hours=9))), NOW, MINE).state == "done"


def test_run_of_the_dead_is_taken_over(store: Store) -> None:
    """When the lease is over another begins the run again, and who lost it writes nothing any more."""
    store.claim_run("build", NOW, NOW, MINE)
    after = replace(THEIRS, since=MINE.until, until=MINE.until + MINUTE)

    taken = store.claim_run("build", NOW, LATER, after)

    assert is_mine(taken, after)
    assert (taken.started_at, taken.attempts) == (LATER, 2)
    assert not store.renew_run("build", NOW, MINE)
    assert not store.finish_run("build", NOW, MINE.owner, LATER, ENDING)
    assert store.finish_run("build", NOW, after.owner, LATER, ENDING)


def test_sign_of_life_keeps_a_run(store: Store) -> None:
    """A lease that is renewed outlasts its first end."""
    store.claim_run("build", NOW, NOW, MINE)
    assert store.renew_run("build", NOW, replace(MINE, until=MINE.until + MINUTE))
    later = Lease("they", MINE.until, MINE.until + MINUTE)

    assert not is_mine(store.claim_run("build", NOW, NOW, later), later)


def test_lease_from_a_later_clock_keeps_nobody_out(store: Store) -> None:
    """A clock that was set back leaves a lease that reaches further than any can; it counts for nothing."""
    tomorrow = NOW + timedelta(days=1)
    store.claim_run("build", NOW, NOW, Lease("dead", tomorrow, tomorrow + MINUTE))

    assert is_mine(store.claim_run("build", NOW, NOW, MINE))


def test_run_that_is_given_back_begins_anew(store: Store) -> None:
    """It can be claimed at once, and does not count as begun."""
    store.claim_run("build", NOW, NOW, MINE)
    store.give_back_run("build", NOW, MINE.owner)

    taken = store.claim_run("build", NOW, NOW, THEIRS)

    assert is_mine(taken, THEIRS)
    assert taken.attempts == 1


@pytest.mark.parametrize("state", ["done", "failed", "skipped"])
def test_finished_run_cannot_be_taken_over(store: Store, state: Literal["done", "failed", "skipped"]) -> None:
    """What has run, well or not, does not run again, and says what it did."""
    store.claim_run("build", NOW, NOW, MINE)
    store.finish_run("build", NOW, MINE.owner, LATER, Ending(state, "3 files", 1.25, ["new a.md"]))

    run = store.claim_run("build", NOW, LATER + MINUTE, THEIRS)

    assert (run.state, run.started_at, run.finished_at, run.summary) == (state, NOW, LATER, "3 files")
    assert (run.seconds, run.changes, run.owner) == (1.25, ["new a.md"], MINE.owner)


def test_recorded_run_stands_beside_the_claimed(store: Store) -> None:
    """What nothing was due for is recorded as it ended, each under a second of its own."""
    store.record_run("saved notes", NOW, "me", Ending("failed", "1 with errors", 0.1))
    store.record_run("saved notes", NOW, "me", Ending("done", "1 new", 0.1))

    found = [(run.due_at, run.state, run.summary) for run in store.recent_runs(9)]
    assert found == [(NOW + timedelta(seconds=1), "done", "1 new"), (NOW, "failed", "1 with errors")]


def test_unfinished_runs_are_listed(store: Store) -> None:
    """Those that somebody works on, or died over, the one due first in front."""
    for job, due in (("letter", LATER), ("build", NOW), ("ended", NOW)):
        store.claim_run(job, due, due, MINE)
    store.finish_run("ended", NOW, MINE.owner, LATER, ENDING)

    assert [run.job for run in store.unfinished_runs()] == ["build", "letter"]
    assert [run.is_held(MINE.since, MINUTE) for run in store.unfinished_runs()] == [True, True]
    assert [run.is_held(MINE.until, MINUTE) for run in store.unfinished_runs()] == [False, False]


def test_old_runs_are_forgotten_but_for_the_last_of_each_job(store: Store) -> None:
    """What ended before a time goes; the last runs of a job stay, however long ago, and so does what runs."""
    for days in range(RUNS_KEPT + 3):
        due = NOW - timedelta(days=days)
        store.claim_run("build", due, due, MINE)
        store.finish_run("build", due, MINE.owner, due, ENDING)
    old = NOW - timedelta(days=300)
    store.claim_run("letter", old, old, MINE)
    store.finish_run("letter", old, MINE.owner, old, ENDING)
    store.claim_run("stuck", old, old, MINE)

    assert store.forget_runs(NOW - timedelta(days=RUNS_KEPT, hours=12)) == 2

    left = store.recent_runs(99)
    assert [run.due_at for run in left if run.job == "build"] == [
        NOW - timedelta(days=days) for days in range(RUNS_KEPT + 1)
    ]
    assert {run.job for run in left} == {"build", "letter", "stuck"}


def test_fault_is_kept_until_it_is_dropped(store: Store) -> None:
    """A fault is known by its job and cause; saving it again replaces it."""
    fault = Fault("notes", "episodes/a.md", "a.md:1:1: error", NOW, None, None)
    store.save_fault(fault)
    store.save_fault(replace(fault, told_at=LATER))
    store.save_fault(replace(fault, cause="episodes/b.md"))

    assert store.faults() == [replace(fault, told_at=LATER), replace(fault, cause="episodes/b.md")]
    store.drop_fault(fault)
    assert [found.cause for found in store.faults()] == ["episodes/b.md"]


def test_last_run_is_the_one_due_last(store: Store) -> None:
    """A run that was caught up later is not the last for that."""
    store.claim_run("build", LATER, NOW, MINE)
    store.claim_run("build", NOW, LATER, MINE)
    store.claim_run("letter", LATER + timedelta(days=1), LATER, MINE)

    run = store.last_run("build", LATER)
    before = store.last_run("build", NOW)

    assert run
    assert before
    assert (run.due_at, before.due_at) == (LATER, NOW)
    assert store.last_run("nothing", LATER) is None


def test_recent_runs_are_those_that_began_last(store: Store) -> None:
    """The newest stands first, and the list is as long as it is asked to be."""
    for hours in range(4):
        store.claim_run("build", NOW - timedelta(days=hours), NOW + timedelta(hours=hours), MINE)

    assert [run.started_at for run in store.recent_runs(2)] == [
        NOW + timedelta(hours=3),
        NOW + timedelta(hours=2),
    ]


def test_naive_time_is_refused(store: Store) -> None:
    """A time without a zone would be another moment on another machine."""
    with pytest.raises(StoreError, match="a time without a zone cannot be stored"):
        store.claim_run("build", NOW.replace(tzinfo=None), NOW, MINE)
