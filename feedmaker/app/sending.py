"""Sending an issue: to everybody once, or to one person who wants to see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from feedmaker.app.judging import refuse_faulty
from feedmaker.app.newsletters import find, find_issue, stored, transport_of
from feedmaker.app.project import Project, silent
from feedmaker.config import Config
from feedmaker.delivery.addresses import normalise
from feedmaker.delivery.deliver import deliver, send_copy
from feedmaker.errors import DeliveryError, UsageError
from feedmaker.newsletter.issue import newsletter_of
from feedmaker.sent import sent_issue
from feedmaker.sent_files import keep
from feedmaker.store import Issue, Store


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
    project: Project, slug: str, now: datetime, progress: Callable[[str, int, int], None] = silent
) -> Sending:
    """Send an issue to every subscriber, each once, however often this is called.

    Who names an issue to be sent has approved it. Raises `UsageError` where it was skipped, and `GateError`
    where the checks find an error in it before anybody has got it.
    """
    with project.working():
        return send_within(project, slug, now, progress)


def send_within(
    project: Project, slug: str, now: datetime, progress: Callable[[str, int, int], None] = silent
) -> Sending:
    """Do what `send` does, for a caller that holds the work lock."""
    config = project.config()
    transport = transport_of(project, config.delivery.transport)
    with stored(project) as store:
        issue = find(store, slug)
        if issue.state == "skipped":
            raise UsageError(
                f"issue {issue.slug} is skipped; `feedmaker newsletter edit {issue.slug}` takes it up again"
            )
        if issue.state in ("draft", "approved"):
            refuse_faulty(project, issue)
        _publish(project, config, store, issue, now)
        counts = deliver(
            store, transport, issue, config, now, lambda done, total: progress("sending", done, total)
        )
        failed = (one for one in store.deliveries(issue.id) if one.state == "failed") if counts.failed else ()
        refused = [(one.address, one.reply or "no reason given") for one in failed]
        return Sending(find(store, issue.slug), issue.state == "sent", asdict(counts), refused)


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
    transport = transport_of(project, config.delivery.transport)
    receipt = send_copy(find_issue(project, slug), newsletter_of(config), transport, recipient, now)
    if not receipt.accepted:
        raise DeliveryError(f"not sent to {recipient}: {receipt.reply}")
    return receipt.reply
