"""What all that is done with a newsletter shares: its state database, its issues, its subscribers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from feedmaker.app.project import Project
from feedmaker.config import Delivery
from feedmaker.delivery.addresses import normalise
from feedmaker.delivery.transports import Opening, Transport, open_transport
from feedmaker.errors import UsageError
from feedmaker.newsletter.fit import LIMIT
from feedmaker.newsletter.leaving import for_nobody
from feedmaker.secrets import secret
from feedmaker.store import Cadence, Issue, Store, open_store
from feedmaker.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

LATEST = "latest"
NOBODY: Mapping[Cadence, str] = {
    "each": "there are no subscribers who get each issue; `feedmaker subscribers add ADDRESS` adds one",
    "digest": "there are no subscribers who get the digest",
}
"""Why issues of a cadence go to nobody."""

_LONG = frozenset({"id", "html", "text", "page"})


@contextmanager
def stored(project: Project) -> Iterator[Store]:
    """Open the project's state database."""
    with open_store(project.store_path, durable=project.is_durable) as store:
        yield store


def issues(project: Project) -> list[Issue]:
    """List all issues, the oldest first."""
    with stored(project) as store:
        return store.issues()


def issue_data(issue: Issue) -> dict[str, object]:
    """Return what machines are told of an issue: everything but its parts and its page."""
    return {name: value for name, value in asdict(issue).items() if name not in _LONG}


def part_of(issue: Issue, kind: Literal["html", "text"]) -> str:
    """Return a part of an issue to be looked at."""
    return for_nobody(issue.html if kind == "html" else issue.text)


def size_of(issue: Issue) -> str:
    """Say how much of the room that mail programs give an issue needs."""
    return f"{issue.size:,} of {LIMIT:,} bytes"


def find_issue(project: Project, slug: str) -> Issue:
    """Return an issue by its slug, or the latest; raise `UsageError` naming those there are."""
    with stored(project) as store:
        return find(store, slug)


def find(store: Store, slug: str) -> Issue:
    """Do what `find_issue` does, in an open database."""
    known = store.slugs()
    if not known:
        raise UsageError("there is no issue yet; `feedmaker newsletter draft` makes one")
    found = store.issue(known[-1] if slug == LATEST else slug)
    if found is None:
        raise UsageError(f'there is no issue "{slug}"; there are {", ".join(known[-5:])}')
    return found


def transport_of(project: Project, delivery: Delivery, chosen: str | None = None) -> Transport:
    """Open the transport that is chosen, or named by environment or settings; a project's own comes first."""
    if project.transport is not None:
        return project.transport
    named = secret("FEEDMAKER_TRANSPORT", project.environ)
    address = chosen or (named.reveal() if named else delivery.transport)
    return open_transport(address, Opening(project.folder, delivery, project.environ))


def add_subscribers(project: Project, addresses: Sequence[str], now: datetime) -> list[str]:
    """Add addresses and return those that are new; raise `UsageError`, adding none, if one is no address."""
    normal = [normalise(address) for address in addresses]
    with stored(project) as store:
        added = [address for address in normal if store.add_subscriber(address, now)]
    # An issue may have waited for somebody who gets it.
    project.wake_ticks()
    return added


def remove_subscribers(project: Project, people: Sequence[str]) -> list[str]:
    """Remove people, each known by address or token, and return those, as they were named, that were there.

    Raises `UsageError`, removing nobody, if one of them has an @ and is no address.
    """
    now = datetime.now(UTC)
    with stored(project) as store:
        tokens = Tokens(store.keys())
        found = {}
        for who in people:
            word = tokens.word("reader", who) or ""
            found[who] = store.subscriber(normalise(who)) if "@" in who else store.subscriber_of(word)
        for person in filter(None, found.values()):
            store.set_status(person.id, "unsubscribed", "removed by hand", now)
        return [who for who, person in found.items() if person]


def subscribers(project: Project) -> list[str]:
    """List the addresses of all subscribers in the order in which they came."""
    with stored(project) as store:
        return [subscriber.address for subscriber in store.subscribers("active")]
