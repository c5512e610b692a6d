"""The section `scheduler`: how jobs are carried out, and who is told how they fare. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from feedmaker.config.fields import (
    HostPort,
    Interval,
    Part,
    Span,
    Told,
    WebAddress,
    one_or_many,
    seconds_of,
)
from feedmaker.plain_times import minutes_of


class Scheduler(Part):
    """How jobs are carried out, and who is told how they fare."""

    lease: Span = Field(
        default="60 seconds",
        description="How long a run stays claimed by a program that has died; then another takes it over.",
    )
    keep: Interval = Field(default="90 days", description="How long the log keeps what ran.")
    notify: Annotated[tuple[Told, ...], one_or_many(Told)] = Field(
        default=("mail",),
        description=(
            "Who is told of failures, once each, and when they are mended: mail (the newsletter's reviewer, "
            "or else its sender), addresses that are sent JSON, or [] for nobody."
        ),
    )
    listen: HostPort | None = Field(
        default=None,
        description="Where the daemon answers /healthz and /metrics, for example 127.0.0.1:9464.",
    )
    ping: WebAddress | None = Field(
        default=None,
        description="Address that the daemon asks each minute while all is well, for a dead man's switch.",
    )

    @property
    def lease_time(self) -> timedelta:
        """Return how long a claim lasts without a sign of life."""
        return timedelta(seconds=seconds_of(self.lease))

    @property
    def keeping_time(self) -> timedelta:
        """Return how long runs stay in the log."""
        return timedelta(minutes=minutes_of(self.keep) or 0)
