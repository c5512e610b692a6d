"""Sending an issue: to everybody once, or to one person who wants to see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial

from feedmaker.app.judging import refuse_faulty
from feedmaker.app.newsletters import find, find_issue, stored, transport_of
from feedmaker.app.project import Project, silent
from feedmaker.config import Config
from feedmaker.delivery.addresses import normalise
from feedmaker.delivery.deliver import begin, deliver, send_copy
from feedmaker.errors import BusyError, DeliveryError, UsageError
from feedmaker.newsletter.issue import newsletter_of
from feedmaker.sent import sent_issue
from feedmaker.sent_files import keep
from feedmaker.store import Issue, Store
from feedmaker.worklock import PATIENCE, exclusive


@dataclass(frozen=True, slots=True)
class Sending:
    """Tell what became of sending; `already` where all of it had been sent before.

    `refused` names whom the transport did not take a message for, and what it said.
    """

    issue: Issue
    already: bool
    counts: Mapping[str, int]
    refused: Sequence[tuple[str, str]] = ()

    @property
    def failed(self) -> int:
        """Count the messages that did not go out for good."""
        return self.counts.get("failed", 0) + self.counts.get("unknown", 0)


def send(
    project: Project,
    slug: str,
    now: datetime,
    progress: Callable[[str, int, int], None] = silent,
    patience: float = PATIENCE,
    seen: Issue | None = None,
) -> Sending:
    """Send an issue to every subscriber, each once, however often this is called.

    The work lock is held until its page is published and its audience written down, and not while messages go
    out. Who names an issue to be sent has approved it; one that is no more as it was `seen` is left alone.
    Raises `UsageError` where it was skipped, `GateError` where the checks find an error in it before anybody
    has got it, and `BusyError`.
    """
    with exclusive(project.state / "send.lock", patience), stored(project) as store:
        with project.working(patience):
            config = project.config()
            transport = transport_of(project, config.delivery)
            issue = _sendable(store, slug, seen)
            if issue.state in ("draft", "approved"):
                refuse_faulty(project, issue)
            _publish(project, config, store, issue, now)
            may_go = begin(store, issue, config, now)
        if may_go:
            deliver(store, transport, issue, config, now, partial(progress, "sending"))
        counts = store.counts(issue.id)
        failed = (one for one in store.deliveries(issue.id) if one.state == "failed") if counts.failed else ()
        refused = [(one.address, one.reply or "no reason given") for one in failed]
        return Sending(find(store, issue.slug), issue.state == "sent", asdict(counts), refused)


def _sendable(store: Store, slug: str, seen: Issue | None) -> Issue:
    issue = find(store, slug)
    if issue.state == "skipped":
        raise UsageError(
            f"issue {issue.slug} is skipped; `feedmaker newsletter edit {issue.slug}` takes it up again"
        )
    if seen is not None and issue.state not in ("sent", "sending") and issue != seen:
        raise BusyError(f"issue {issue.slug} was changed by another feedmaker; the next tick looks at it")
    return issue


def _publish(project: Project, config: Config, store: Store, issue: Issue, now: datetime) -> None:
    """Put the issue's page onto the site before the first message leads there."""
    letter = config.newsletter
    goes_out = issue.state in ("draft", "approved") and store.has_subscribers()
    if letter and letter.archive and goes_out and issue.page:
        keep(project.folder, sent_issue(config, issue, now))
        with project.built(now):
            pass


def send_test(project: Project, slug: str, address: str, now: datetime) -> str:
    """Send an issue to one person, marked as a test, and return what the transport said.

    Nothing is recorded. Raises `UsageError` where there is no such issue or address, and `DeliveryError`
    where the transport does not take the message.
    """
    config = project.config()
    recipient = normalise(address)
    transport = transport_of(project, config.delivery)
    receipt = send_copy(find_issue(project, slug), newsletter_of(config), transport, recipient, now)
    if not receipt.accepted:
        raise DeliveryError(f"not sent to {recipient}: {receipt.reply}")
    return receipt.reply
