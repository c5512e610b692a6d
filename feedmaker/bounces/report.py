"""What is known of a message after somebody has taken it over. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Report:
    """Tell what became of a message later on, as well as whoever reports it knows.

    *hard* means that the address does not exist, *soft* that it did not take this message, *outage* that its
    server takes nothing from us at the moment, *complaint* that the reader called it spam. Whom it is about
    is known by the address, the token of the return path or the Message-ID, as far as these are known.
    """

    kind: Literal["hard", "soft", "outage", "complaint", "delivered"]
    address: str | None
    token: str | None
    message_id: str | None
    diagnosis: str
