"""A sender that is killed: whoever goes on misses nobody and mails nobody twice."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from feedmaker.store import Counts, open_store
from tests.delivery import sending
from tests.delivery.sending import LATER, Witness, draft

ROOT = Path(__file__).parent.parent.parent
READERS = 6


def send_and_die(folder: Path, point: str, number: int) -> None:
    """Run the sender in a process of its own until it kills itself."""
    command = [sys.executable, "-m", sending.__name__, str(folder), point, str(number)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == -9, done.stderr


@pytest.mark.parametrize(
    ("point", "number", "repeated"),
    [
        ("before add_delivery", 1, 0),
        ("after add_delivery", 4, 0),
        ("after add_delivery", READERS, 0),
        ("before mark_issue", 1, 0),
        ("after mark_issue", 1, 0),
        ("before claim_delivery", 1, 0),
        ("after claim_delivery", 3, 0),
        ("before send", 3, 0),
        ("after send", 1, 1),
        ("after send", READERS, 1),
        ("before settle_delivery", 3, 1),
        ("after settle_delivery", 3, 0),
        ("after settle_delivery", READERS, 0),
        ("before mark_issue", 2, 0),
        ("after mark_issue", 2, 0),
    ],
)
def test_nobody_is_missed_or_doubled(tmp_path: Path, point: str, number: int, repeated: int) -> None:
    """Wherever the kill falls, all get the issue once, and at most the one in between is handed over again.

    That one is handed over with the same bytes, Message-ID and Date, so its file stays as it is.
    """
    with open_store(tmp_path / "state.db") as store:
        draft(store, READERS)

    send_and_die(tmp_path, point, number)

    with open_store(tmp_path / "state.db") as store:
        issue = store.issues()[0]
        counts = sending.send(store, Witness(tmp_path), issue, LATER)
        assert counts == Counts(sent=READERS)
        assert store.issues()[0].state == "sent"
        message_ids = {row.message_id for row in store.deliveries(issue.id)}
    handed_over = Counter((tmp_path / "witness.log").read_text("utf-8").split("\n")[:-1])
    assert len(message_ids) == READERS
    assert len(handed_over) == READERS, "a repeat had other bytes"
    assert handed_over.total() == READERS + repeated
    assert len(list((tmp_path / "outbox").rglob("*.eml"))) == READERS


@pytest.mark.parametrize("number", [1, READERS])
def test_killed_audience_is_made_anew(tmp_path: Path, number: int) -> None:
    """Whoever subscribes before the audience is made whole gets the issue; half an audience never counts."""
    with open_store(tmp_path / "state.db") as store:
        draft(store, READERS)

    send_and_die(tmp_path, "after add_delivery", number)

    with open_store(tmp_path / "state.db") as store:
        assert store.issues()[0].state == "draft"
        assert store.counts(1).total == 0
        store.add_subscriber("late@example.org", LATER)
        assert sending.send(store, Witness(tmp_path), store.issues()[0], LATER).sent == READERS + 1
