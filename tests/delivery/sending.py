"""A small project for the tests of sending, and a program that sends and kills itself.

Called as a program with a folder, a point and a number, it sends the issue that lies there and dies at that
point of that message, by SIGKILL, as a power cut would have it.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, ClassVar

from feedmaker.config import Config
from feedmaker.delivery.deliver import begin, deliver
from feedmaker.delivery.transports import Envelope, Outbox, Receipt, Transport
from feedmaker.store import Counts, Frozen, Issue, Store, open_store

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
LATER = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
CONFIG = Config.model_validate(
    {
        "site": {"title": "Quay Notes", "address": "https://notes.example.org/", "author": "Quay Notes"},
        "newsletter": {
            "title": "The Quay Letter",
            "from": {"name": "Quay Notes", "email": "letter@notes.example.org"},
            "postal_address": "4 Ropewalk",
        },
    }
)

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


class Witness:
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


def send(
    store: Store,
    transport: Transport,
    issue: Issue,
    now: datetime = NOW,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Counts:
    """Deliver an issue with the configuration above."""
    if begin(store, issue, CONFIG, now):
        deliver(store, transport, issue, CONFIG, now, on_progress)
    return store.counts(issue.id)


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
