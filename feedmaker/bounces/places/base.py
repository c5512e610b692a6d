"""What a place hands out: a message that came back, and a way to mark it as handled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Returned:
    """Hold a message that came back: its beginning, as far as reports need it, and how to mark it as handled.

    Call `done` once what it says is safely written down, before the next message is asked for. It raises
    `MailboxError` where the place cannot mark it; then it is handed out again another time.
    """

    data: bytes
    done: Callable[[], None]
