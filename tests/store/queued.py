"""Issues that are queued for subscribers, for the tests of the store."""

from __future__ import annotations

from datetime import UTC, datetime

from feedmaker.store import Addressed, Issue, Store, Subscriber

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


def queue(store: Store, issue: Issue, *names: str) -> list[Subscriber]:
    """Add subscribers, and queue an issue for all that there are."""
    for name in names:
        store.add_subscriber(f"{name}@example.org", NOW)
    people = list(store.subscribers())
    rows = (
        Addressed(
            person.id, person.address, person.token, f"k{issue.id}-{person.id}", f"<{person.id}@a.example>"
        )
        for person in people
    )
    store.open_sending(issue.id, rows, NOW, NOW)
    return people
