"""Send an issue: to everybody who is a subscriber when it begins, once each, whatever is killed when.

The ledger is the store's. A delivery is committed as *sending* before the transport sees the message and as
*sent* or *failed* after, so at most the one in between can be repeated, and then with the same bytes. The
caller keeps every other sender out.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from hashlib import blake2b

from feedmaker.config import Config, Newsletter
from feedmaker.delivery.transports import Envelope, Receipt, Transport
from feedmaker.errors import StoreError
from feedmaker.newsletter.checks import find
from feedmaker.newsletter.issue import newsletter_of
from feedmaker.newsletter.leaving import for_nobody
from feedmaker.newsletter.message import Letter, plain_message
from feedmaker.newsletter.notice import notice_text
from feedmaker.store import Issue, IssueState, Store, Subscriber
from feedmaker.text import utc


def begin(store: Store, issue: Issue, config: Config, now: datetime) -> bool:
    """Write down who gets an issue; tell whether there is anything left to send.

    A draft stays one as long as there are no subscribers. Raises `GateError` where no message can be written.
    """
    # Written first, so that a sender who cannot stand in a message leaves the draft a draft.
    _letter(issue, config)
    return _open_ledger(store, issue, newsletter_of(config).sender.email, now)


def deliver(
    store: Store,
    transport: Transport,
    issue: Issue,
    config: Config,
    now: datetime,
    on_progress: Callable[[int, int], None],
) -> None:
    """Send an issue that was begun, or the rest of it; what is sent stays as it is.

    `on_progress` is told after each message how many deliveries have their outcome and how many there are.
    Raises `DeliveryError` where the transport takes nothing, `StoreError` where the outcome cannot be
    recorded, and `GateError` where no message can be written; calling again goes on from there.
    """
    sender = newsletter_of(config).sender.email
    _send_pending(store, transport, issue, _letter(issue, config), sender, on_progress)
    _close_ledger(store, issue, now)


def _letter(issue: Issue, config: Config) -> Letter:
    return Letter(newsletter_of(config), subject=issue.subject, html=issue.html, text=issue.text)


def _open_ledger(store: Store, issue: Issue, sender: str, now: datetime) -> bool:
    """Queue a draft for all who are subscribers now; tell whether anything may be left to send.

    One transaction makes the whole audience, so a later subscriber gets the next issue, not half of this one.
    """
    with store.transaction():
        state = _state(store, issue)
        audience = store.subscribers() if state in ("draft", "approved") else []
        for subscriber in audience:
            store.add_delivery(issue.id, subscriber, _message_id(issue, subscriber, sender), now)
        if audience:
            store.mark_issue(issue.id, "sending", now)
    return state == "sending" or bool(audience)


def _send_pending(
    store: Store,
    transport: Transport,
    issue: Issue,
    letter: Letter,
    sender: str,
    on_progress: Callable[[int, int], None],
) -> None:
    counts = store.counts(issue.id)
    done = counts.settled
    while delivery := store.claim_delivery(issue.id):
        message = letter.addressed(delivery.address, delivery.message_id, delivery.dated_at, delivery.token)
        receipt = transport.send(message, Envelope(sender, delivery.address, issue.slug, delivery.message_id))
        store.settle_delivery(delivery.id, "sent" if receipt.accepted else "failed", receipt.reply)
        done += 1
        on_progress(done, counts.total)


def _close_ledger(store: Store, issue: Issue, now: datetime) -> None:
    """Mark the issue as sent, if everybody in its audience has an outcome."""
    with store.transaction():
        if not store.counts(issue.id).pending:
            store.mark_issue(issue.id, "sent", now)


def _state(store: Store, issue: Issue) -> IssueState:
    """Read the state anew; the caller's copy of the issue may be older than the last call."""
    found = store.issue(issue.slug)
    if found is None:
        raise StoreError(f"issue {issue.slug} is not in the state database any more")
    return found.state


def send_copy(
    issue: Issue, letter: Newsletter, transport: Transport, recipient: str, now: datetime
) -> Receipt:
    """Send an issue to one person who wants to see it, marked as a test; its token unsubscribes nobody."""
    sender = letter.sender.email
    written = Letter(letter, subject=f"[Test] {issue.subject}", html=issue.html, text=issue.text)
    message_id = _made_id(sender, issue.slug, "test", recipient, utc(now))
    message = written.addressed(recipient, message_id, now, "test")
    return transport.send(message, Envelope(sender, recipient, f"{issue.slug}-test", message_id))


def send_notice(issue: Issue, config: Config, transport: Transport, now: datetime) -> Receipt:
    """Tell the reviewer, or else the sender, that an issue waits, and what the checks find in it."""
    letter = newsletter_of(config)
    recipient = letter.reviewer or letter.sender.email
    text = notice_text(
        issue.slug,
        issue.subject,
        issue.preheader,
        for_nobody(issue.text),
        issue.size,
        issue.cuts,
        find(issue, config),
    )
    message_id = _made_id(letter.sender.email, issue.slug, "review", recipient, utc(now))
    subject = f"Issue {issue.slug} waits for your review"
    message = plain_message(letter, recipient, subject=subject, text=text, message_id=message_id, date=now)
    return transport.send(
        message, Envelope(letter.sender.email, recipient, f"{issue.slug}-review", message_id)
    )


def send_word(
    letter: Newsletter, transport: Transport, name: str, subject: str, text: str, now: datetime
) -> Receipt:
    """Tell the reviewer, or else the sender, something in plain text; `name` is another one for each word."""
    recipient = letter.reviewer or letter.sender.email
    message_id = _made_id(letter.sender.email, name, recipient)
    message = plain_message(letter, recipient, subject=subject, text=text, message_id=message_id, date=now)
    return transport.send(message, Envelope(letter.sender.email, recipient, name, message_id))


def _message_id(issue: Issue, subscriber: Subscriber, sender: str) -> str:
    """Make an id that no other issue and no other person has, and that gives no address away."""
    return _made_id(sender, issue.slug, utc(issue.drafted_at), str(subscriber.id))


def _made_id(sender: str, slug: str, *others: str) -> str:
    facts = (slug, *others)
    digest = blake2b("\n".join(facts).encode(), digest_size=16).hexdigest()
    return f"<{slug}.{digest}@{sender.rpartition('@')[2]}>"
