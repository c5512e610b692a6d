"""What is done about messages of which nobody can say whether they went out.

Evidence comes first: what the relay's log says, or that a repeat changes nothing where the transport knows
one from a new message. Without any, the settings decide: hold, or send the same bytes once more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from feedmaker.config import Delivery as Settings
from feedmaker.delivery.evidence import RelayLog, look_into_relay_log
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

    Raises `DeliveryError` where the relay's log cannot be read.
    """
    unknown = list(store.deliveries(issue.id, "unknown", until=now - _grace(transport, settings)))
    if not unknown:
        return Resolved()
    log = _relay_log(store, issue, settings, unknown)
    sent = again = 0
    for delivery in unknown:
        finding = log.finding(delivery.message_id) if log else None
        if finding == "taken":
            sent += store.resolve_delivery(delivery, "sent", "taken, as the relay's log says", now)
        elif finding == "not taken":
            again += store.excuse_delivery(delivery, "not taken, as the relay's log says", now)
        elif _may_repeat(delivery, transport, settings, now):
            again += store.resolve_delivery(delivery, "queued", "sent again with the same bytes", now)
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


def _relay_log(store: Store, issue: Issue, settings: Settings, unknown: list[Delivery]) -> RelayLog | None:
    if settings.relay_log is None:
        return None
    wanted = {delivery.message_id for delivery in unknown}
    return look_into_relay_log(Path(settings.relay_log), wanted, store.first_sent(issue.id))


def _may_repeat(delivery: Delivery, transport: Transport, settings: Settings, now: datetime) -> bool:
    """Tell whether the settings let a message go out again, or the transport makes that harmless."""
    if transport.remembers is not None:
        since = delivery.state_at or now
        in_time = now - since + _MARGIN < transport.remembers
        return delivery.repeats < MOST_REPEATS and in_time
    return settings.on_unknown == "retry-once" and delivery.repeats < 1
