"""Who gets an issue: those who want issues of its cadence, and on its topics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from feedmaker.delivery.audience import is_wanted
from feedmaker.delivery.deliver import begin
from feedmaker.store import Cadence, Issue, Store, Wishes, open_store
from feedmaker.tokens import SIZE
from tests.delivery.sending import CONFIG, FROZEN, LATER, NOW, Carrier, send

LAMPS = {"title": "Lamps", "topics": ["show:Keepers", "tag:Straße", "tag:oil", "tag:night fog"]}
BELLS = {"title": "Bells", "topics": ["show:Ringers"]}
BARE = {"title": "An issue of an earlier program"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Open an empty store."""
    with open_store(tmp_path / "state.db") as opened:
        yield opened


def add(store: Store, name: str, *topics: str, cadence: Cadence = "each") -> None:
    """Add a subscriber with wishes."""
    store.add_subscriber(f"{name}@example.org", NOW)
    person = store.subscriber(f"{name}@example.org")
    assert person
    store.set_wishes(person.id, Wishes(cadence, topics))


def draft(store: Store, *contents: Mapping[str, Any], cadence: Cadence = "each") -> Issue:
    """Freeze an issue with these contents."""
    slug = store.free_slug(date(2026, 11, 23))
    return store.add_issue(slug, replace(FROZEN, contents=contents), [slug], NOW, cadence=cadence)


def audience(store: Store, issue: Issue) -> list[str]:
    """Name those to whom an issue is addressed once it begins."""
    begin(store, issue, CONFIG, NOW, NOW)
    return [delivery.address.partition("@")[0] for delivery in store.deliveries(issue.id)]


def test_tokens_are_as_long_as_messages_are_measured_with(store: Store) -> None:
    """Issues are made to fit with tokens of that size in their links."""
    add(store, "ann")
    issue = draft(store, LAMPS)
    begin(store, issue, CONFIG, NOW, NOW)

    (row,) = store.deliveries(issue.id)
    assert len(row.token) == SIZE


@pytest.mark.parametrize(
    ("topics", "wanted"),
    [
        ((), True),
        (("show:Keepers",), True),
        (("SHOW:keepers",), True),
        (("tag:STRASSE",), True),
        (("tag:Oil", "tag:fog"), True),
        (("show:Ringers",), True),
        (("tag:Night-Fog",), True),
        (("tag:nightfog",), False),
        (("tag:Keepers",), False),
        (("show:Keeper",), False),
        (("tag:fog",), False),
    ],
)
def test_issue_is_wanted_for_any_of_its_topics(store: Store, topics: tuple[str, ...], wanted: bool) -> None:
    """One episode on one topic is enough, whatever its capitals and hyphens are; no topic means all."""
    add(store, "ada", *topics)
    (ada,) = store.subscribers()

    assert is_wanted(draft(store, LAMPS, BELLS), ada) is wanted


@pytest.mark.parametrize("contents", [(), (BARE,)])
def test_issue_without_topics_is_for_all(store: Store, contents: tuple[Mapping[str, Any], ...]) -> None:
    """So is one that was drafted before there were any."""
    add(store, "ada", "tag:fog")

    assert audience(store, draft(store, *contents)) == ["ada"]


def test_each_cadence_has_its_own_audience(store: Store) -> None:
    """Who has chosen the digest gets nothing else, and the other way round."""
    add(store, "ada")
    add(store, "bo", cadence="digest")
    add(store, "cy", "show:Keepers", cadence="digest")
    add(store, "di", "tag:fog", cadence="digest")

    assert audience(store, draft(store, LAMPS)) == ["ada"]
    assert audience(store, draft(store, LAMPS, cadence="digest")) == ["bo", "cy"]


def test_issue_on_nobodys_topics_is_over_at_once(store: Store) -> None:
    """It was offered to all who wanted it, so that the next one need not wait; newcomers change nothing."""
    add(store, "ada", "tag:fog")
    issue = draft(store, LAMPS)

    assert audience(store, issue) == []

    (kept,) = store.issues()
    assert (kept.state, kept.sent_at) == ("sent", NOW)
    add(store, "bo")
    assert send(store, Carrier(), issue, LATER).total == 0
    assert store.issues() == [kept]


def test_issue_waits_while_nobody_gets_its_cadence(store: Store) -> None:
    """Subscribers to the other one do not count."""
    add(store, "ada")
    issue = draft(store, LAMPS, cadence="digest")

    assert audience(store, issue) == []

    assert [one.state for one in store.issues()] == ["draft"]
