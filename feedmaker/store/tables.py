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
    text,
)
from sqlalchemy.types import TypeDecorator

from feedmaker.text import utc


def as_kept(moment: datetime) -> str:
    """Write a time as it is stored; raise `ValueError` for one without a zone."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone cannot be stored")
    return utc(moment.replace(microsecond=0))


def as_meant(text: str) -> datetime:
    """Read a stored time, in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


class Moment(TypeDecorator[datetime]):
    """A zoned time, kept as RFC 3339 text in UTC with whole seconds, which sorts as it should."""

    impl = String(20)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Write a time; a naive one is a programming error."""
        return None if value is None else as_kept(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Read a time in UTC."""
        return None if value is None else as_meant(value)


metadata = MetaData()

# Keys that links are signed with, of which the newest signs and all are recognised, and the one that the
# addresses of erased people are hashed with.
keys = Table(
    "keys",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("use", String(10), nullable=False),
    Column("secret", String(64), nullable=False),
    Column("made_at", Moment, nullable=False),
    CheckConstraint("use IN ('links', 'addresses')", name="keys_use_check"),
)

# What people were shown when they agreed, each text once.
consents = Table(
    "consents",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("text", Text, nullable=False),
    UniqueConstraint("text", name="consents_text_key"),
)

# `asked_at` is when a confirmation was last asked for, `status_at` when the status last changed and why.
# `owed_at` is when the confirmation mail that is owed is tried next, and `attempts` how often it was.
subscribers = Table(
    "subscribers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("address", String(254), nullable=False),
    Column("token", String(70), nullable=False),
    Column("status", String(12), nullable=False),
    Column("status_at", Moment, nullable=False),
    Column("reason", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("consent_id", Integer, ForeignKey("consents.id", name="subscribers_consent_id_fkey")),
    Column("added_at", Moment, nullable=False),
    Column("asked_at", Moment),
    Column("confirmed_at", Moment),
    Column("cadence", String(10), nullable=False),
    Column("topics", JSON, nullable=False),
    Column("language", String(35)),
    Column("owed_at", Moment),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    UniqueConstraint("address", name="subscribers_address_key"),
    UniqueConstraint("token", name="subscribers_token_key"),
    CheckConstraint(
        "status IN ('pending', 'active', 'unsubscribed', 'bounced', 'complained', 'suppressed')",
        name="subscribers_status_check",
    ),
    CheckConstraint("cadence IN ('each', 'digest')", name="subscribers_cadence_check"),
    Index("subscribers_status_index", "status"),
    Index("subscribers_owed_index", "owed_at", sqlite_where=text("owed_at IS NOT NULL")),
    sqlite_autoincrement=True,
)

# Tokens that stand unsigned in the mail of earlier programs, and whose they are.
old_tokens = Table(
    "old_tokens",
    metadata,
    Column("token", String(70), primary_key=True),
    Column(
        "subscriber_id",
        Integer,
        ForeignKey("subscribers.id", name="old_tokens_subscriber_id_fkey", ondelete="CASCADE"),
        nullable=False,
    ),
)

# Keyed hashes of addresses whose people had themselves erased, so that no import brings them back.
erased = Table(
    "erased",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("erased_at", Moment, nullable=False),
)

# Who asked to sign up of late, to keep floods off: by address and by network.
signups = Table(
    "signups",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("address", String(64), nullable=False),
    Column("network", String(64), nullable=False),
    Index("signups_address_index", "address", "at"),
    Index("signups_network_index", "network", "at"),
    Index("signups_at_index", "at"),
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
    Column("cadence", String(10), nullable=False),
    Column("state", String(10), nullable=False),
    Column("drafted_at", Moment, nullable=False),
    Column("due_at", Moment),
    Column("sent_at", Moment),
    UniqueConstraint("slug", name="issues_slug_key"),
    CheckConstraint(
        "state IN ('draft', 'approved', 'sending', 'sent', 'skipped')", name="issues_state_check"
    ),
    CheckConstraint("cadence IN ('each', 'digest')", name="issues_cadence_check"),
    sqlite_autoincrement=True,
)

# The primary key is what keeps an episode from being mailed twice to people of one cadence.
carried = Table(
    "carried",
    metadata,
    Column("episode_id", Text, primary_key=True),
    Column("cadence", String(10), primary_key=True),
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

# How far an issue has got on its way: how many people were to get it, and why it stopped, if it did.
sendings = Table(
    "sendings",
    metadata,
    Column("issue_id", Integer, ForeignKey("issues.id", name="sendings_issue_id_fkey"), primary_key=True),
    Column("audience", Integer, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("worked_at", Moment, nullable=False),
    Column("stopped", Text),
)

# subscriber_id becomes empty when that person is erased. `key` is drawn by lot and stands in the Message-ID
# and in the address to which bounces return. Of `attempts` hand-overs, `excused` certainly came to nothing
# and `repeats` were decided on; `deferrals` counts how often running it was put off.
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
    Column("key", String(32), nullable=False),
    Column("message_id", Text, nullable=False),
    Column("dated_at", Moment, nullable=False),
    Column("state", String(10), nullable=False),
    Column("reply", Text),
    Column("owner", Text),
    Column("lease_until", Moment),
    Column("attempts", Integer, nullable=False),
    Column("excused", Integer, nullable=False),
    Column("repeats", Integer, nullable=False),
    Column("next_at", Moment),
    Column("state_at", Moment),
    Column("deferrals", Integer, nullable=False, server_default=text("0")),
    Column("handed_at", Moment),
    UniqueConstraint("issue_id", "subscriber_id", name="deliveries_subscriber_key"),
    UniqueConstraint("issue_id", "address", name="deliveries_address_key"),
    UniqueConstraint("key", name="deliveries_key_key"),
    CheckConstraint(
        "state IN ('queued', 'sending', 'sent', 'deferred', 'failed', 'suppressed', 'unknown')",
        name="deliveries_state_check",
    ),
    Index("deliveries_state_index", "issue_id", "state"),
)

# What came back of a delivery, each kind once.
bounces = Table(
    "bounces",
    metadata,
    Column(
        "delivery_id",
        Integer,
        ForeignKey("deliveries.id", name="bounces_delivery_id_fkey"),
        primary_key=True,
    ),
    Column("kind", String(10), primary_key=True),
    Column("diagnosis", Text, nullable=False),
    Column("at", Moment, nullable=False),
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
