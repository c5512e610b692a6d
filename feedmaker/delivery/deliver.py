"""Deliver an issue: to everybody who is a subscriber when it begins, once each, whatever is killed when.

The ledger is the store's. A delivery is committed as *sending* before the transport sees the message, and its
outcome after; what is left in between by a sender that died is *unknown*, and nobody gets a second copy of it
but by evidence, or a decision.
"""

from __future__ import annotations

from datetime import datetime

from feedmaker.bounces.report import return_address
from feedmaker.config import Config
from feedmaker.delivery.audience import open_ledger
from feedmaker.delivery.outcomes import unbalanced
from feedmaker.delivery.resolving import next_resolution
from feedmaker.delivery.sender import Manner, Sender
from feedmaker.delivery.transports.base import Envelope, Transport
from feedmaker.errors import StoreError
from feedmaker.newsletter.issue import newsletter_of
from feedmaker.newsletter.message import Letter
from feedmaker.store import Counts, Delivery, Issue, Sending, Store


def begin(store: Store, issue: Issue, config: Config, dated_at: datetime, now: datetime) -> bool:
    """Write down who gets an issue; tell whether there is anything left to send.

    Messages have the date `dated_at`. A draft stays one as long as nobody gets issues of its cadence. Raises
    `GateError` where no message can be written, and `StoreError` where the issue is gone or the ledger cannot
    be written.
    """
    # Written first, so that a sender who cannot stand in a message leaves the draft a draft.
    _letter(issue, config)
    return open_ledger(store, issue, newsletter_of(config).sender.email, dated_at, now)


def deliver(
    store: Store, transport: Transport, issue: Issue, config: Config, now: datetime, manner: Manner
) -> Counts:
    """Send an issue that was begun, or the rest of it, and return how its deliveries stand.

    What is sent stays as it is. Raises `DeliveryError` where the transport takes nothing or sending was
    stopped, `StoreError` where the outcome cannot be recorded, and `GateError` where no message can be
    written; calling again goes on from there.
    """
    letter, sender = _letter(issue, config), newsletter_of(config).sender.email
    base = config.delivery.return_path

    def compose(delivery: Delivery) -> tuple[bytes, Envelope]:
        message = letter.addressed(delivery.address, delivery.message_id, delivery.dated_at, delivery.token)
        returning = return_address(base, delivery.key) if base else sender
        return message, Envelope(returning, delivery.address, issue.slug, delivery.message_id)

    Sender(store, transport, issue, config.delivery, manner, compose).send()
    with store.transaction():
        counts, sending = store.counts(issue.id), store.sending(issue.id)
        _refuse_unbalanced(issue, counts, sending)
        unsure = next_resolution(store, transport, issue, config.delivery, manner.clock())
        if not counts.pending and unsure is None:
            store.mark_issue(issue.id, "sent", now)
        elif counts.pending and not (sending and sending.stopped):
            # What nobody could say, and was let be, may have been put off after all.
            store.mark_issue(issue.id, "sending", now)
    return counts


def _letter(issue: Issue, config: Config) -> Letter:
    return Letter(newsletter_of(config), subject=issue.subject, html=issue.html, text=issue.text)


def _refuse_unbalanced(issue: Issue, counts: Counts, sending: Sending | None) -> None:
    """Stop where the ledger holds more people, or fewer, than were written into it."""
    said = unbalanced(counts, sending) if sending else ""
    if said:
        raise StoreError(f"issue {issue.slug}: {said}; put back a copy of the state database")
