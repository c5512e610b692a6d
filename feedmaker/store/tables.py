"""The tables as the queries see them; `migrations/` makes them, and a test compares the two."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeDecorator

from feedmaker.text import utc


class Moment(TypeDecorator[datetime]):
    """A zoned time, kept as RFC 3339 text in UTC with whole seconds, which sorts as it should."""

    impl = String(20)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Write a time; a naive one is a programming error."""
        if value is not None and value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return None if value is None else utc(value.replace(microsecond=0))

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Read a time in UTC."""
        return None if value is None else datetime.fromisoformat(value).astimezone(UTC)


metadata = MetaData()

subscribers = Table(
    "subscribers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("address", String(254), nullable=False),
    Column("token", String(70), nullable=False),
    Column("added_at", Moment, nullable=False),
    UniqueConstraint("address", name="subscribers_address_key"),
    UniqueConstraint("token", name="subscribers_token_key"),
    sqlite_autoincrement=True,
)

issues = Table(
    "issues",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("slug", String(40), nullable=False),
    Column("subject", Text, nullable=False),
    Column("preheader", Text, nullable=False),
    Column("html", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("page", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("cuts", JSON, nullable=False),
    Column("contents", JSON, nullable=False),
    Column("wording", JSON, nullable=False),
    Column("state", String(10), nullable=False),
    Column("drafted_at", Moment, nullable=False),
    Column("due_at", Moment),
    Column("sent_at", Moment),
    UniqueConstraint("slug", name="issues_slug_key"),
    CheckConstraint(
        "state IN ('draft', 'approved', 'sending', 'sent', 'skipped')", name="issues_state_check"
    ),
    sqlite_autoincrement=True,
)

# The primary key is what keeps an episode from being mailed twice.
carried = Table(
    "carried",
    metadata,
    Column("episode_id", Text, primary_key=True),
    Column("issue_id", Integer, ForeignKey("issues.id", name="carried_issue_id_fkey"), nullable=False),
)

# A correction is mailed once; `digest` is a hash of its words.
corrected = Table(
    "corrected",
    metadata,
    Column("episode_id", Text, primary_key=True),
    Column("digest", String(32), primary_key=True),
    Column("issue_id", Integer, ForeignKey("issues.id", name="corrected_issue_id_fkey"), nullable=False),
)

# subscriber_id becomes empty when that person leaves; the address stays, for the record of what was sent.
deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("issue_id", Integer, ForeignKey("issues.id", name="deliveries_issue_id_fkey"), nullable=False),
    Column(
        "subscriber_id",
        Integer,
        ForeignKey("subscribers.id", name="deliveries_subscriber_id_fkey", ondelete="SET NULL"),
    ),
    Column("address", String(254), nullable=False),
    Column("token", String(70), nullable=False),
    Column("message_id", Text, nullable=False),
    Column("dated_at", Moment, nullable=False),
    Column("state", String(10), nullable=False),
    Column("reply", Text),
    UniqueConstraint("issue_id", "subscriber_id", name="deliveries_subscriber_key"),
    UniqueConstraint("issue_id", "address", name="deliveries_address_key"),
    CheckConstraint(
        "state IN ('queued', 'sending', 'sent', 'failed', 'unknown')", name="deliveries_state_check"
    ),
    Index("deliveries_state_index", "issue_id", "state"),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("job", String(41), nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("state", String(10), nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("summary", Text),
    Column("seconds", Float),
    Column("changes", JSON, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("owner", Text, nullable=False),
    Column("lease_until", Moment, nullable=False),
    UniqueConstraint("job", "due_at", name="runs_job_key"),
    CheckConstraint("state IN ('running', 'done', 'failed', 'skipped')", name="runs_state_check"),
    Index("runs_started_index", "started_at"),
)

faults = Table(
    "faults",
    metadata,
    Column("job", String(41), primary_key=True),
    Column("cause", Text, primary_key=True),
    Column("text", Text, nullable=False),
    Column("since", Moment, nullable=False),
    Column("told_at", Moment),
    Column("mended_at", Moment),
    Column("tried_at", Moment),
    Column("told", JSON, nullable=False),
)
