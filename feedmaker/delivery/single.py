"""Messages to one person: a copy of an issue to look at, and word to the publisher. Nothing is recorded."""

from __future__ import annotations

from datetime import datetime

from feedmaker.config import Config, Newsletter
from feedmaker.delivery.message_ids import made_id
from feedmaker.delivery.transports import Envelope, Receipt, Transport
from feedmaker.newsletter.checks import find
from feedmaker.newsletter.issue import newsletter_of
from feedmaker.newsletter.leaving import for_nobody
from feedmaker.newsletter.message import Letter, plain_message
from feedmaker.newsletter.notice import notice_text
from feedmaker.store import Issue
from feedmaker.text import utc


def send_copy(
    issue: Issue, letter: Newsletter, transport: Transport, recipient: str, now: datetime
) -> Receipt:
    """Send an issue to one person who wants to see it, marked as a test; its token unsubscribes nobody.

    Raises `GateError` where no message can be written, as to an address that it cannot hold, and
    `DeliveryError` where the transport takes nothing.
    """
    sender = letter.sender.email
    written = Letter(letter, subject=f"[Test] {issue.subject}", html=issue.html, text=issue.text)
    message_id = made_id(sender, issue.slug, "test", recipient, utc(now))
    message = written.addressed(recipient, message_id, now, "test")
    return transport.send(message, Envelope(sender, recipient, f"{issue.slug}-test", message_id))


def send_notice(issue: Issue, config: Config, transport: Transport, now: datetime) -> Receipt:
    """Tell the reviewer, or else the sender, that an issue waits, and what the checks find in it.

    Raises `UsageError` where there is no newsletter, `GateError` where no message can be written, and
    `DeliveryError` where the transport takes nothing.
    """
    letter = newsletter_of(config)
    recipient = letter.reviewer or letter.sender.email
    kind = "Digest" if issue.cadence == "digest" else "Issue"
    text = notice_text(
        kind,
        issue.slug,
        issue.subject,
        issue.preheader,
        for_nobody(issue.text),
        issue.size,
        issue.cuts,
        find(issue, config),
    )
    message_id = made_id(letter.sender.email, issue.slug, "review", recipient, utc(now))
    subject = f"{kind} {issue.slug} waits for your review"
    message = plain_message(letter, recipient, subject=subject, text=text, message_id=message_id, date=now)
    return transport.send(
        message, Envelope(letter.sender.email, recipient, f"{issue.slug}-review", message_id)
    )


def send_word(
    letter: Newsletter, transport: Transport, name: str, subject: str, text: str, now: datetime
) -> Receipt:
    """Tell the reviewer, or else the sender, something in plain text; `name` is another one for each word.

    Raises `GateError` where no message can be written, and `DeliveryError` where the transport takes nothing.
    """
    recipient = letter.reviewer or letter.sender.email
    message_id = made_id(letter.sender.email, name, recipient)
    message = plain_message(letter, recipient, subject=subject, text=text, message_id=message_id, date=now)
    return transport.send(message, Envelope(letter.sender.email, recipient, name, message_id))
