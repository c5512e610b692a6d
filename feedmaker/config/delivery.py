"""The section `delivery`: what carries mail, how fast, and what is done about what nobody can say. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from feedmaker.config.fields import (
    Domain,
    Interval,
    Lease,
    MailAddress,
    MailPlace,
    Part,
    Rate,
    Selector,
    ShortSpan,
    Text,
    Transport,
    one_or_many,
    seconds_of,
    seconds_per_message,
)
from feedmaker.plain_times import minutes_of

RETURN_LIMIT = 37
"""How many octets of the return path stand before the @ at most.

With + and the key of a delivery, 26 letters, there are 64 (RFC 5321, 4.5.3.1.1).
"""


def _with_room(value: str) -> str:
    if len(value.partition("@")[0].encode()) > RETURN_LIMIT:
        raise ValueError(
            f"expected at most {RETURN_LIMIT} bytes before the @, where each message adds a +TOKEN of 27"
        )
    return value


class Signature(Part):
    """One DKIM signature on each message (RFC 6376); its key comes from the environment."""

    selector: Selector = Field(description="Selector: the name before ._domainkey in the DNS.")
    domain: Domain | None = Field(
        default=None, description="Domain that signs; without one, that of the newsletter's sender."
    )


class Delivery(Part):
    """What carries the newsletter, and how."""

    transport: Transport = Field(
        default="outbox:",
        description=(
            "outbox: writes .eml files to the folder outbox/, outbox:FOLDER elsewhere; smtp://HOST:PORT and "
            "smtps://HOST:PORT hand mail to a server; resend: and listmonk:ADDRESS to a provider."
        ),
    )
    connections: int = Field(default=4, ge=1, le=100, description="How many messages are under way at once.")
    rate: Rate | None = Field(
        default=None, description="Most messages in a time, for example 20 per second or 5000 per hour."
    )
    domain_rate: Rate | None = Field(
        default=None, description="Most messages in a time to addresses of one domain."
    )
    lease: Lease = Field(
        default="60 seconds",
        description="How long a message stays claimed by a program that shows no sign of life.",
    )
    grace: ShortSpan = Field(
        default="2 minutes",
        description="How long to wait for evidence of a message of which nobody can say whether it went out.",
    )
    on_unknown: Literal["hold", "retry-once"] = Field(
        default="hold",
        description=(
            "What becomes of such a message without evidence: hold leaves it to you, at most one copy; "
            "retry-once sends the same bytes once more, at most two."
        ),
    )
    relay_log: Text | None = Field(
        default=None,
        description=(
            "Log of the Postfix that takes the mail, for example /var/log/mail.log; seen from this folder."
        ),
    )
    stop_at: int = Field(
        default=50,
        ge=1,
        le=100,
        description=(
            "At how many percent of the last hundred messages refused, deferred or unknown sending stops."
        ),
    )
    resume_within: Interval = Field(
        default="12 hours", description="How long after it was cut off an issue goes on by itself."
    )
    return_path: Annotated[MailAddress, AfterValidator(_with_room)] | None = Field(
        default=None,
        description="Address to which bounces return, each to a +KEY of its own; without one, the sender.",
    )
    bounces: Annotated[tuple[MailPlace, ...], one_or_many(MailPlace)] = Field(
        default=(),
        description="Where bounces are read: maildir:FOLDER or imaps://USER@HOST/FOLDER, or a list of them.",
    )
    dkim: tuple[Signature, ...] = Field(default=(), description="Signatures on each message, or none.")

    @property
    def lease_time(self) -> timedelta:
        """Return how long a claim lasts without a sign of life."""
        return timedelta(seconds=seconds_of(self.lease))

    @property
    def grace_time(self) -> timedelta:
        """Return how long evidence is waited for."""
        return timedelta(seconds=seconds_of(self.grace))

    @property
    def resume_time(self) -> timedelta:
        """Return how long after it was cut off an issue goes on by itself."""
        return timedelta(minutes=minutes_of(self.resume_within) or 0)

    @property
    def pause(self) -> float:
        """Return how many seconds apart messages are at least."""
        return seconds_per_message(self.rate) if self.rate else 0.0

    @property
    def domain_pause(self) -> float:
        """Return how many seconds apart messages to one domain are at least."""
        return seconds_per_message(self.domain_rate) if self.domain_rate else 0.0
