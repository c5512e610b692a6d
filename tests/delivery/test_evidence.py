"""The relay's log as evidence: what it proves, and what it cannot."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from feedmaker.delivery.deliver import begin
from feedmaker.delivery.evidence import taken_by
from feedmaker.delivery.resolving import Resolved, resolve
from feedmaker.errors import DeliveryError
from feedmaker.store import Delivery, Issue, Lease, Settlement, Store, open_store
from tests.delivery.sending import NOW, Carrier, config, draft

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def came_in(message_id: str, queue_id: str = "4Xq1") -> str:
    """Write the line of a message that begins to come in."""
    return f"Nov 23 08:00:01 mx postfix/cleanup[71]: {queue_id}: message-id={message_id}"


def was_taken(queue_id: str = "4Xq1") -> str:
    """Write the line of a message that the relay answers for."""
    return (
        f"Nov 23 08:00:02 mx postfix/qmgr[72]: {queue_id}: from=<a@b.example>, size=9, nrcpt=1 (queue active)"
    )


def test_message_that_only_began_was_not_taken() -> None:
    """It takes both lines, and a queue id that is used again is another message's."""
    lines = [
        came_in("<a@x>", "1"),
        came_in("<b@x>", "2"),
        was_taken("1"),
        came_in("<c@x>", "2"),
        was_taken("2"),
        was_taken("2"),
        was_taken("3"),
    ]

    assert taken_by(lines, {"<a@x>", "<b@x>", "<c@x>"}) == {"<a@x>", "<c@x>"}
    assert taken_by(lines, {"<b@x>"}) == set()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Open an empty store."""
    with open_store(tmp_path / "state.db") as opened:
        yield opened


class Relay:
    """Be an issue of which the first message is in doubt, and the log of the relay that had it."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store, self.log = store, folder / "mail.log"
        self.log.touch()
        self.issue: Issue = draft(store, 3)
        self.settings = config(relay_log=str(self.log), grace="0").delivery
        assert begin(store, self.issue, config(), NOW, NOW)
        (self.doubt,) = self.claim("dead", NOW)

    def claim(self, owner: str, now: datetime) -> list[Delivery]:
        """Begin with the next message."""
        return self.store.claim_deliveries(self.issue.id, Lease(owner, now, now + MINUTE), now, 1)

    def send(self, now: datetime) -> Delivery:
        """Have the next message taken."""
        (row,) = self.claim("me", now)
        self.store.settle_deliveries(self.issue.id, "me", [Settlement(row.id, 1, "sent", "ok")], now)
        return row

    def writes(self, row: Delivery) -> None:
        """Have the log say that a message was taken."""
        with self.log.open("a") as log:
            log.write(f"{came_in(row.message_id)}\n{was_taken()}\n")

    def resolve(self, now: datetime) -> Resolved:
        """Find out about the message in doubt."""
        self.store.expire_deliveries(self.issue.id, Lease("me", now, now + MINUTE))
        return resolve(self.store, Carrier(), self.issue, self.settings, now)

    @property
    def found(self) -> Delivery:
        """Return what became of it."""
        return next(self.store.deliveries(self.issue.id))


@pytest.fixture
def relay(store: Store, tmp_path: Path) -> Relay:
    """Begin to send an issue, and die."""
    return Relay(store, tmp_path)


def test_message_in_the_log_was_sent(relay: Relay) -> None:
    """Nobody else has to speak for it."""
    relay.writes(relay.doubt)

    assert relay.resolve(NOW + 3 * MINUTE) == Resolved(sent=1)
    assert (relay.found.state, relay.found.reply) == ("sent", "taken, as the relay's log says")


def test_message_that_the_log_lacks_goes_out_again(relay: Relay) -> None:
    """Where another one stands there that was sent by then, this one certainly was not taken."""
    relay.writes(relay.send(NOW))

    assert relay.resolve(NOW + 3 * MINUTE) == Resolved(again=1)
    found = relay.found
    assert (found.state, found.excused, found.repeats, found.handed_at) == ("queued", 1, 0, None)
    assert relay.store.issues()[0].state == "sending"


def test_log_without_a_witness_proves_nothing(relay: Relay) -> None:
    """It may be another server's, or begin later."""
    relay.send(NOW)

    assert relay.resolve(NOW + 3 * MINUTE) == Resolved(left=1)
    assert relay.found.state == "unknown"


@pytest.mark.parametrize("owner", ["nobody yet", "somebody then"])
def test_witness_that_is_younger_than_the_doubt_proves_nothing(relay: Relay, owner: str) -> None:
    """The log's older part may be gone since; a message of today says nothing of yesterday's."""
    if owner == "somebody then":
        relay.send(NOW)
    relay.writes(relay.send(NOW + DAY))

    assert relay.resolve(NOW + DAY) == Resolved(left=1)
    assert relay.found.state == "unknown"


def test_part_of_the_log_that_was_put_aside_counts(relay: Relay) -> None:
    """It is read, too."""
    relay.writes(relay.doubt)
    relay.log.rename(relay.log.with_name("mail.log.1"))
    relay.log.touch()

    assert relay.resolve(NOW + 3 * MINUTE) == Resolved(sent=1)


def test_log_that_cannot_be_read_changes_nothing(relay: Relay) -> None:
    """The error names the setting and the file."""
    relay.log.unlink()

    with pytest.raises(DeliveryError, match=r"delivery.relay_log: cannot read .*mail.log: No such file"):
        relay.resolve(NOW + 3 * MINUTE)

    assert relay.found.state == "unknown"
