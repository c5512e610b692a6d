"""What all that is done with a newsletter shares: its state database, its issues, its transport."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Literal

from feedmaker.app.project import Project
from feedmaker.config import Config
from feedmaker.config import Delivery as Settings
from feedmaker.delivery.signing import Signed, signer
from feedmaker.delivery.transports import Opening, Transport, open_transport
from feedmaker.errors import UsageError
from feedmaker.newsletter.fit import LIMIT
from feedmaker.newsletter.issue import newsletter_of
from feedmaker.newsletter.leaving import for_nobody
from feedmaker.secrets import secret
from feedmaker.store import Cadence, Delivery, Issue, Store, open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

LATEST = "latest"
_SIGNING = ("resend:", "listmonk:")
"""Transports that make messages of their own, and sign them."""
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


def delivery_data(delivery: Delivery) -> dict[str, object]:
    """Return what machines are told of a delivery: everything but the token, which acts for its reader."""
    return {name: value for name, value in asdict(delivery).items() if name != "token"}


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


def transport_of(project: Project, config: Config, chosen: str | None = None) -> Transport:
    """Open the transport that is chosen, or named by environment or settings; a project's own comes first.

    It signs what it carries, where the settings say so and nobody signs behind it.
    """
    if project.transport is not None:
        return project.transport
    address = chosen or transport_address(project, config.delivery)
    opened = open_transport(address, Opening(project.folder, config.delivery, project.environ))
    if not config.delivery.dkim or address.startswith(_SIGNING):
        return opened
    return Signed(opened, signer(config.delivery, newsletter_of(config).sender.email, project.environ))


def transport_address(project: Project, delivery: Settings) -> str:
    """Return the address of the transport, which may hold a password, by environment or settings."""
    named = secret("FEEDMAKER_TRANSPORT", project.environ)
    return named.reveal() if named else delivery.transport
