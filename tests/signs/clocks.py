"""A clock that stands still until a test moves it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar


@dataclass
class Clock:
    """Tell the time of day and seconds that never jump; `jump` moves the time of day alone."""

    BEGINNING: ClassVar[datetime] = datetime(2026, 11, 27, 9, tzinfo=UTC)
    seconds: float = 0.0
    jump: timedelta = timedelta(0)

    def now(self) -> datetime:
        """Return the time of day."""
        return self.BEGINNING + timedelta(seconds=self.seconds) + self.jump

    def monotonic(self) -> float:
        """Return the seconds since the beginning."""
        return self.seconds
