"""What is done about messages of which nobody can say whether they went out.

Evidence comes first: what the relay's log says, or that a repeat changes nothing where the transport knows
one from a new message. Without any, the settings decide: hold, or send the same bytes once more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from feedmaker.config import Delivery as Settings
from feedmaker.delivery.evidence import look_into_relay_log
from feedmaker.delivery.transports.base import Transport
from feedmaker.store import Delivery, Issue, Store

MOST_REPEATS = 5
"""How often a message is repeated where that changes nothing."""
_MARGIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Resolved:
    """Count what became of unknown deliveries: known to be sent, sent again, or left as they are."""

    sent: int = 0
    again: int = 0
    left: int = 0


def resolve(store: Store, transport: Transport, issue: Issue, settings: Settings, now: datetime) -> Resolved:
    """Decide about the unknown deliveries of an issue whose grace is over.

    One of which any are sent again is *sending*. Raises `DeliveryError` where the relay's log cannot be read.
    """
    unknown = list(store.deliveries(issue.id, "unknown", until=now - _grace(transport, settings)))
    if not unknown:
        return Resolved()
    evidence = _relay_evidence(store, issue, settings, unknown)
    sent = again = 0
    # The log is read by now: it may be long, and nobody else could write meanwhile.
    with store.transaction():
        for delivery in unknown:
            is_taken = evidence.get(delivery.id)
            if is_taken:
                sent += store.resolve_delivery(delivery, "sent", "taken, as the relay's log says", now)
            elif is_taken is not None:
                said = "not taken, as the relay's log says"
                again += store.resolve_delivery(delivery, "queued", said, now, excused=True)
            elif _may_repeat(delivery, transport, settings, now):
                again += store.resolve_delivery(delivery, "queued", "sent again with the same bytes", now)
        if again:
            store.mark_issue(issue.id, "sending", now)
    return Resolved(sent, again, len(unknown) - sent - again)


def next_resolution(
    store: Store, transport: Transport, issue: Issue, settings: Settings, now: datetime
) -> datetime | None:
    """Return when the grace of the next unknown delivery is over that may not be held; None for none."""
    waits = _grace(transport, settings)
    moments = [
        delivery.state_at + waits
        for delivery in store.deliveries(issue.id, "unknown")
        if delivery.state_at and (settings.relay_log or _may_repeat(delivery, transport, settings, now))
    ]
    return min((moment for moment in moments if moment > now), default=None)


def _grace(transport: Transport, settings: Settings) -> timedelta:
    return timedelta() if transport.remembers else settings.grace_time


def _relay_evidence(
    store: Store, issue: Issue, settings: Settings, unknown: Sequence[Delivery]
) -> Mapping[int, bool]:
    """Say by id which deliveries the relay has taken, by its log, and which it has not.

    A log that lacks a message proves nothing unless it goes back to when that was under way, so it has to
    hold another one that was sent by then. It could be another server's, or the older part be gone.
    """
    if settings.relay_log is None:
        return {}
    moments = {delivery.state_at for delivery in unknown if delivery.state_at}
    witnesses = {moment: store.last_sent(issue.id, moment) for moment in moments}
    wanted = {delivery.message_id for delivery in unknown} | set(filter(None, witnesses.values()))
    taken = look_into_relay_log(Path(settings.relay_log), wanted)
    return {
        delivery.id: delivery.message_id in taken
        for delivery in unknown
        if delivery.message_id in taken or (delivery.state_at and witnesses[delivery.state_at] in taken)
    }


def _may_repeat(delivery: Delivery, transport: Transport, settings: Settings, now: datetime) -> bool:
    """Tell whether the settings let a message go out again, or the transport makes that harmless."""
    if transport.remembers is not None:
        since = delivery.handed_at or delivery.state_at or now
        if delivery.repeats < MOST_REPEATS and now - since + _MARGIN < transport.remembers:
            return True
    return settings.on_unknown == "retry-once" and delivery.repeats < 1
