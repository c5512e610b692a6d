"""A small project for the tests of sending, and a program that sends and kills itself.

Called as a program with a folder, a point, a number and what to do about unknown messages, it sends the issue
that lies there and dies at that point of that message, by SIGKILL, as a power cut would have it.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from feedmaker.config import Config
from feedmaker.delivery.deliver import begin, deliver
from feedmaker.delivery.sender import Manner
from feedmaker.delivery.transports import Envelope, Receipt, Transport
from feedmaker.delivery.transports.outbox import Outbox
from feedmaker.store import Counts, Frozen, Issue, Store, open_store

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
LATER = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
FROZEN = Frozen(
    subject="Silt",
    preheader="And willows",
    html="<p>Silt</p>",
    text="Silt\n",
    page="",
    size=11,
    cuts=[],
    contents=[],
    wording={},
)


def config(**delivery: Any) -> Config:
    """Make settings whose section `delivery` has these keys."""
    return Config.model_validate(
        {
            "site": {
                "title": "Quay Notes",
                "address": "https://notes.example.org/",
                "author": "Quay Notes",
            },
            "newsletter": {
                "title": "The Quay Letter",
                "from": {"name": "Quay Notes", "email": "letter@notes.example.org"},
                "postal_address": "4 Ropewalk",
            },
            "delivery": delivery,
        }
    )


CONFIG = config()


class Clock:
    """Stand for the clock on the wall: it stands still, but for those who wait."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=max(seconds, 0.01))


class Carrier:
    """Be a transport with one hand, of which the tests say what it does."""

    width = 1
    remembers: timedelta | None = None

    def send(self, message: bytes, envelope: Envelope) -> Receipt:
        """Take a message."""
        return Receipt("sent", "250 ok")

    def close(self) -> None:
        """Do nothing."""


class Witness(Carrier):
    """Carry messages by the outbox, and note each one on disk as it is handed over."""

    def __init__(self, folder: Path) -> None:
        self.outbox = Outbox(folder / "outbox")
        self.log = folder / "witness.log"

    def send(self, message: bytes, envelope: Envelope) -> Receipt:
        """Send a message and write its recipient and bytes into the log."""
        receipt = self.outbox.send(message, envelope)
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"{envelope.recipient} {message.hex()}\n")
        return receipt


def draft(store: Store, names: int, episode: str = "tag:one") -> Issue:
    """Freeze an issue, and add so many subscribers."""
    for number in range(names):
        store.add_subscriber(f"reader-{number}@example.org", NOW)
    slug = store.free_slug(date(2026, 11, 23))
    return store.add_issue(slug, FROZEN, [episode], NOW)


def leave(store: Store, address: str) -> None:
    """Let a subscriber leave."""
    person = store.subscriber(address)
    assert person
    store.set_status(person.id, "unsubscribed", "asked to", LATER)


def send(
    store: Store,
    transport: Transport,
    issue: Issue,
    now: datetime = NOW,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    settings: Config = CONFIG,
    patience: timedelta = timedelta(),
) -> Counts:
    """Deliver an issue at a time, with the configuration above."""
    clock = Clock(now)
    if not begin(store, issue, settings, now, now):
        return store.counts(issue.id)
    manner = Manner(patience, on_progress, clock, clock.pause)
    return deliver(store, transport, issue, settings, now, manner)


class Mortal:
    """Call a function and die before or after its call of a certain number."""

    calls: ClassVar[int] = 0

    def __init__(self, function: Callable[..., Any], *, number: int, before: bool) -> None:
        self.function, self.number, self.before = function, number, before

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Count the call; on the last one, die."""
        Mortal.calls += 1
        if Mortal.calls == self.number and self.before:
            os.kill(os.getpid(), signal.SIGKILL)
        result = self.function(*args, **options)
        if Mortal.calls == self.number:
            os.kill(os.getpid(), signal.SIGKILL)
        return result


def main() -> None:
    """Send and die."""
    folder, point, number = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    transport: Any = Witness(folder)
    with open_store(folder / "state.db") as store:
        before = point.startswith("before ")
        name = point.partition(" ")[2]
        owner = transport if name == "send" else store
        setattr(owner, name, Mortal(getattr(owner, name), number=number, before=before))
        send(store, transport, store.issues()[0])


if __name__ == "__main__":
    main()
