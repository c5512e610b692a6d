"""What a transport is: it takes messages, several at a time if it can, and says what became of each.

Knows nothing of issues and subscribers beyond what stands on the envelope.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, Protocol

Outcome = Literal["sent", "deferred", "failed", "unknown"]


@dataclass(frozen=True, slots=True)
class Envelope:
    """Say where a message comes from and goes to, and which issue it carries.

    `sender` is the address to which bounces return (RFC 5321, MAIL FROM). `key` is the same for a message and
    its repeats, and for nothing else.
    """

    sender: str
    recipient: str
    issue: str
    key: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """Tell what became of a message, and how whoever took or refused it put that.

    *sent* means that somebody else has taken it over. *deferred* means that it certainly was not taken, and
    may be later, after `wait` if that is said; *failed*, that it certainly was not and never will be.
    *unknown* means that nobody here can say whether it was taken, as where a connection breaks between the
    end of a message and the reply to it (RFC 1047).
    """

    outcome: Outcome
    reply: str
    wait: timedelta | None = None

    @property
    def accepted(self) -> bool:
        """Tell whether somebody else has taken the message over."""
        return self.outcome == "sent"


class Transport(Protocol):
    """Carry messages somewhere."""

    @property
    def width(self) -> int:
        """Return how many messages may be under way at once, each handed over by a thread of its own."""

    @property
    def remembers(self) -> timedelta | None:
        """Return for how long a repeat under the same key changes nothing; None if it may arrive twice."""

    def send(self, message: bytes, envelope: Envelope) -> Receipt:
        """Hand over one message, with CRLF, and wait for what is said of it.

        Raises `DeliveryError` where nothing can be handed over, whoever the recipient is, as where the server
        cannot be reached or refuses the sender; then this message certainly was not taken.
        """

    def close(self) -> None:
        """Let go of connections; no message is under way any more."""
