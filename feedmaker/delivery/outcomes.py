"""What becomes of a delivery once its transport has spoken, and when sending should stop. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Literal

from feedmaker.delivery.transports.base import Receipt
from feedmaker.errors import DeliveryError
from feedmaker.store.records import SKIPPED, Counts, Delivery, Issue, Sending, Settlement

WAITS = (5, 30, 120, 600, 1800, 3600, 7200, 14_400, 14_400, 28_800, 28_800, 43_200)
"""Seconds from one attempt of a deferred delivery to the next; after the last of them it has failed.

RFC 5321, 4.5.4.1 asks for half an hour at least, of servers; the short ones at the beginning are for a server
that is busy for a moment.
"""
Awaited = Literal["sending", "deferred", "unknown"]
"""The states of deliveries for whose time a sender may wait."""
_AWAITED: Mapping[Awaited, tuple[str, str]] = {
    "sending": (
        "1 attempt of another process may still be on its way",
        "{:,} attempts of another process may still be on their way",
    ),
    "deferred": ("1 message was put off by its server", "{:,} messages were put off by their servers"),
    "unknown": (
        "nobody can say yet whether 1 message went out",
        "nobody can say yet whether {:,} messages went out",
    ),
}
WINDOW = 100
ENOUGH = 50
"""How many outcomes are looked at for a surge, and how many it takes to call it one."""


def settle(delivery: Delivery, receipt: Receipt, now: datetime) -> Settlement:
    """Decide what becomes of a delivery by what its transport said of it.

    A deferred one is tried again later, and has failed once it was deferred too often.
    """
    said = receipt.reply
    if receipt.outcome != "deferred":
        return Settlement(delivery.id, delivery.attempts, receipt.outcome, said, receipt.outcome == "failed")
    if delivery.deferrals >= len(WAITS):
        return Settlement(delivery.id, delivery.attempts, "failed", f"given up: {said}", excused=True)
    wait = max(timedelta(seconds=WAITS[delivery.deferrals]), receipt.wait or timedelta())
    return Settlement(delivery.id, delivery.attempts, "deferred", said, excused=True, next_at=now + wait)


def untouched(delivery: Delivery, why: str) -> Settlement:
    """Queue a delivery again whose message could not be handed over at all."""
    return Settlement(delivery.id, delivery.attempts, "queued", why, excused=True)


def overdrawn(delivery: Delivery) -> str:
    """Say why a delivery must not be handed over, though the ledger gave it out; empty if it may be.

    Every attempt but one has to be excused, or decided on: what is not would be a second copy.
    """
    if delivery.attempts == 1 + delivery.excused + delivery.repeats:
        return ""
    return (
        f"{delivery.address} would get a copy that nobody decided on (attempt {delivery.attempts}, "
        f"{delivery.excused} excused, {delivery.repeats} repeated)"
    )


def awaited(state: Awaited, count: int) -> str:
    """Say why so many deliveries that are in a state are waited for."""
    one, many = _AWAITED[state]
    return one if count == 1 else many.format(count)


def unbalanced(counts: Counts, sending: Sending) -> str:
    """Say why the counts of an issue cannot be right; empty where they are."""
    if counts.total == sending.audience:
        return ""
    return f"the ledger holds {counts.total} deliveries for an audience of {sending.audience}"


def stopped(issue: Issue, why: str) -> DeliveryError:
    """Make the error that an issue was stopped, and which command lets it go on."""
    if why == SKIPPED:
        return DeliveryError(f"issue {issue.slug} goes to nobody any more: {why}")
    way = f"`feedmaker newsletter send {issue.slug}` goes on"
    return DeliveryError(f"issue {issue.slug} was stopped: {why}; {way}")


class Surge:
    """Notice when too many of the last messages were refused or deferred, or nobody can say."""

    def __init__(self, percent: int) -> None:
        self._percent = percent
        self._last: deque[bool] = deque(maxlen=WINDOW)

    def saw(self, receipts: Iterable[Receipt]) -> None:
        """Take outcomes into account."""
        self._last.extend(one.outcome != "sent" for one in receipts)

    def found(self) -> str:
        """Say what is wrong, or nothing."""
        bad = sum(self._last)
        if len(self._last) < ENOUGH or bad * 100 < self._percent * len(self._last):
            return ""
        return f"{bad} of the last {len(self._last)} messages were refused, deferred or unknown"
