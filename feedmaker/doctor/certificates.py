"""Certificates of servers. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

_SOON = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Certificate:
    """Hold until when a server's certificate is valid, or the fault for which it is not."""

    until: datetime | None = None
    fault: str = ""

    def ends_soon(self, now: datetime) -> bool:
        """Tell whether it is time to renew it."""
        return self.until is not None and self.until - now < _SOON

    @property
    def term(self) -> str:
        """Say until when it is valid, if it is."""
        return f"valid until {self.until:%Y-%m-%d}" if self.until else ""
