"""A sender that is killed: whoever goes on misses nobody, and mails nobody twice but by decision."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from feedmaker.store import Counts, open_store
from tests.delivery import sending
from tests.delivery.sending import LATER, Witness, config, draft

ROOT = Path(__file__).parent.parent.parent
READERS = 6
POINTS = [
    ("before open_sending", 1, None),
    ("after open_sending", 1, None),
    ("before mark_issue", 1, None),
    ("after mark_issue", 1, None),
    ("before claim_deliveries", 1, None),
    ("before claim_deliveries", 3, True),
    ("after claim_deliveries", 3, True),
    ("before send", 3, False),
    ("after send", 1, True),
    ("after send", READERS, True),
    ("before settle_deliveries", 3, True),
    ("after settle_deliveries", 3, True),
    ("after settle_deliveries", READERS, True),
    ("before mark_issue", 2, None),
    ("after mark_issue", 2, None),
]
"""Where to die, at which call, and whether the message that is unknown then was handed over; None without."""


def send_and_die(folder: Path, point: str, number: int) -> None:
    """Run the sender in a process of its own until it kills itself."""
    command = [sys.executable, "-m", sending.__name__, str(folder), point, str(number)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == -9, done.stderr


@pytest.mark.parametrize(("point", "number", "was_handed_over"), POINTS)
def test_held_message_is_never_repeated(
    tmp_path: Path, point: str, number: int, was_handed_over: bool | None
) -> None:
    """Wherever the kill falls, all but the one in between get the issue once; that one is held."""
    with open_store(tmp_path / "state.db") as store:
        draft(store, READERS)

    send_and_die(tmp_path, point, number)

    with open_store(tmp_path / "state.db") as store:
        issue = store.issues()[0]
        counts = sending.send(store, Witness(tmp_path), issue, LATER)
        unknown = int(was_handed_over is not None)
        assert counts == Counts(sent=READERS - unknown, unknown=unknown)
        assert store.issues()[0].state == "sent"
    handed_over = Counter(
        line.split()[0] for line in (tmp_path / "witness.log").read_text("utf-8").splitlines()
    )
    assert set(handed_over.values()) == {1}
    assert handed_over.total() == READERS - (was_handed_over is False)


@pytest.mark.parametrize(("point", "number", "was_handed_over"), POINTS)
def test_repeated_message_is_repeated_once(
    tmp_path: Path, point: str, number: int, was_handed_over: bool | None
) -> None:
    """With retry-once everybody gets the issue, and at most the one in between twice, with the same bytes."""
    with open_store(tmp_path / "state.db") as store:
        draft(store, READERS)

    send_and_die(tmp_path, point, number)

    with open_store(tmp_path / "state.db") as store:
        issue = store.issues()[0]
        settings = config(on_unknown="retry-once", grace="0")
        assert sending.send(store, Witness(tmp_path), issue, LATER, settings=settings) == Counts(sent=READERS)
        assert store.issues()[0].state == "sent"
        assert sum(row.repeats for row in store.deliveries(issue.id)) == int(was_handed_over is not None)
    handed_over = Counter((tmp_path / "witness.log").read_text("utf-8").splitlines())
    assert len(handed_over) == READERS, "a repeat had other bytes"
    assert handed_over.total() == READERS + bool(was_handed_over)


def test_killed_audience_is_made_anew(tmp_path: Path) -> None:
    """Whoever subscribes before the audience is made whole gets the issue; half an audience never counts."""
    with open_store(tmp_path / "state.db") as store:
        draft(store, READERS)

    send_and_die(tmp_path, "after open_sending", 1)

    with open_store(tmp_path / "state.db") as store:
        assert store.issues()[0].state == "draft"
        assert store.counts(1).total == 0
        store.add_subscriber("late@example.org", LATER)
        assert sending.send(store, Witness(tmp_path), store.issues()[0], LATER).sent == READERS + 1
