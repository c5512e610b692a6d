"""Waiting until nobody saves notes any more, so that a burst of them is one build."""

from __future__ import annotations

import time
from pathlib import Path

from feedmaker.listing import EPISODES, NOTE_SUFFIXES, State, below

QUIET_SECONDS = 0.4
LONGEST_WAIT = 5.0


def wait_until_quiet(folder: Path) -> None:
    """Return when no note has been written to for a moment, or when that takes too long.

    What is still being written then is left out by the build, where the system tells.
    """
    deadline = time.monotonic() + LONGEST_WAIT
    while (left := _unrest(below(str(folder), EPISODES, NOTE_SUFFIXES))) and time.monotonic() < deadline:
        time.sleep(left)


def _unrest(notes: list[State]) -> float:
    """Return how many seconds are missing to a quiet moment; 0 where there are none."""
    newest = max((mtime_ns for _, _, mtime_ns, _, _ in notes), default=0)
    age = time.time() - newest / 1e9
    return QUIET_SECONDS - age if 0 <= age < QUIET_SECONDS else 0.0
