"""Keep how people agreed to get issues and what they want; give deliveries owners with leases; note bounces.

Frozen: this stays what it was on the day it was released, whatever becomes of `feedmaker.store.tables`.

SQLite cannot change what a column may hold, so the tables are made anew. What points at them points at
nothing for a moment; all is well again when this is committed.
"""

from __future__ import annotations

from datetime import UTC, datetime
from secrets import token_bytes, token_urlsafe

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the tables, with what was in them."""
    op.execute("PRAGMA defer_foreign_keys = ON")
    op.drop_index("deliveries_state_index", "deliveries")
    for table in ("subscribers", "issues", "carried", "deliveries"):
        op.execute(f"CREATE TEMPORARY TABLE old_{table} AS SELECT * FROM {table}")  # noqa: S608
    op.execute("CREATE TEMPORARY TABLE old_sequence AS SELECT * FROM sqlite_sequence")
    for table in ("deliveries", "carried", "subscribers", "issues"):
        op.drop_table(table)
    _make_keys()
    _make_subscribers()
    _make_issues()
    _make_deliveries()
    # The numbers of those who have left are not given to others.
    op.execute("DELETE FROM sqlite_sequence")
    op.execute("INSERT INTO sqlite_sequence SELECT * FROM old_sequence")
    for table in ("subscribers", "issues", "carried", "deliveries", "sequence"):
        op.execute(f"DROP TABLE old_{table}")


def _make_keys() -> None:
    table = op.create_table(
        "keys",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("use", sa.String(10), nullable=False),
        sa.Column("secret", sa.String(64), nullable=False),
        sa.Column("made_at", sa.String(20), nullable=False),
        sa.CheckConstraint("use IN ('links', 'addresses')", name="keys_use_check"),
    )
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    uses = ("links", "addresses")
    op.bulk_insert(table, [{"use": use, "secret": token_bytes(32).hex(), "made_at": now} for use in uses])


def _make_subscribers() -> None:
    op.create_table(
        "consents",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.UniqueConstraint("text", name="consents_text_key"),
    )
    op.create_table(
        "subscribers",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("token", sa.String(70), nullable=False),
        sa.Column("status", sa.String(12), nullable=False),
        sa.Column("status_at", sa.String(20), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("consent_id", sa.Integer, sa.ForeignKey("consents.id", name="subscribers_consent_id_fkey")),
        sa.Column("added_at", sa.String(20), nullable=False),
        sa.Column("asked_at", sa.String(20)),
        sa.Column("confirmed_at", sa.String(20)),
        sa.Column("cadence", sa.String(10), nullable=False),
        sa.Column("topics", sa.JSON, nullable=False),
        sa.Column("language", sa.String(35)),
        sa.UniqueConstraint("address", name="subscribers_address_key"),
        sa.UniqueConstraint("token", name="subscribers_token_key"),
        sa.CheckConstraint(
            "status IN ('pending', 'active', 'unsubscribed', 'bounced', 'complained', 'suppressed')",
            name="subscribers_status_check",
        ),
        sa.CheckConstraint("cadence IN ('each', 'digest')", name="subscribers_cadence_check"),
        sqlite_autoincrement=True,
    )
    op.create_index("subscribers_status_index", "subscribers", ["status"])
    op.execute(
        "INSERT INTO subscribers SELECT id, address, token, 'active', added_at, 'added by hand',"
        " 'added by hand', NULL, added_at, NULL, added_at, 'each', '[]', NULL FROM old_subscribers"
    )
    _renew_tokens()
    op.create_table(
        "erased",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("erased_at", sa.String(20), nullable=False),
    )
    op.create_table(
        "signups",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.String(20), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("network", sa.String(64), nullable=False),
    )
    op.create_index("signups_address_index", "signups", ["address", "at"])
    op.create_index("signups_network_index", "signups", ["network", "at"])
    op.create_index("signups_at_index", "signups", ["at"])


def _renew_tokens() -> None:
    """Give everybody a new token; the old one, which stands in mail as it is, is kept as one that was."""
    op.create_table(
        "old_tokens",
        sa.Column("token", sa.String(70), primary_key=True),
        sa.Column(
            "subscriber_id",
            sa.Integer,
            sa.ForeignKey("subscribers.id", name="old_tokens_subscriber_id_fkey", ondelete="CASCADE"),
            nullable=False,
        ),
    )
    op.execute("INSERT INTO old_tokens SELECT token, id FROM subscribers")
    connection = op.get_bind()
    renew = sa.text("UPDATE subscribers SET token = :token WHERE id = :id")
    for number in connection.execute(sa.text("SELECT id FROM subscribers")).scalars().all():
        connection.execute(renew, {"token": _new_token(), "id": number})


def _new_token() -> str:
    """Draw 128 bits by lot; a command line would take a hyphen in front for an option."""
    while (token := token_urlsafe(16)).startswith("-"):
        pass
    return token


def _make_issues() -> None:
    op.create_table(
        "issues",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("slug", sa.String(40), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("preheader", sa.Text, nullable=False),
        sa.Column("html", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("page", sa.Text, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("cuts", sa.JSON, nullable=False),
        sa.Column("contents", sa.JSON, nullable=False),
        sa.Column("wording", sa.JSON, nullable=False),
        sa.Column("cadence", sa.String(10), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("drafted_at", sa.String(20), nullable=False),
        sa.Column("due_at", sa.String(20)),
        sa.Column("sent_at", sa.String(20)),
        sa.UniqueConstraint("slug", name="issues_slug_key"),
        sa.CheckConstraint(
            "state IN ('draft', 'approved', 'sending', 'sent', 'skipped')", name="issues_state_check"
        ),
        sa.CheckConstraint("cadence IN ('each', 'digest')", name="issues_cadence_check"),
        sqlite_autoincrement=True,
    )
    op.execute(
        "INSERT INTO issues SELECT id, slug, subject, preheader, html, text, page, size, cuts, contents,"
        " wording, 'each', state, drafted_at, due_at, sent_at FROM old_issues"
    )
    op.create_table(
        "carried",
        sa.Column("episode_id", sa.Text, primary_key=True),
        sa.Column("cadence", sa.String(10), primary_key=True),
        sa.Column(
            "issue_id", sa.Integer, sa.ForeignKey("issues.id", name="carried_issue_id_fkey"), nullable=False
        ),
    )
    op.execute("INSERT INTO carried SELECT episode_id, 'each', issue_id FROM old_carried")
    op.create_table(
        "sendings",
        sa.Column(
            "issue_id",
            sa.Integer,
            sa.ForeignKey("issues.id", name="sendings_issue_id_fkey"),
            primary_key=True,
        ),
        sa.Column("audience", sa.Integer, nullable=False),
        sa.Column("opened_at", sa.String(20), nullable=False),
        sa.Column("worked_at", sa.String(20), nullable=False),
        sa.Column("stopped", sa.Text),
    )
    op.execute(
        "INSERT INTO sendings SELECT issue_id, count(*), min(dated_at), min(dated_at), NULL"
        " FROM old_deliveries GROUP BY issue_id"
    )


def _make_deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "issue_id",
            sa.Integer,
            sa.ForeignKey("issues.id", name="deliveries_issue_id_fkey"),
            nullable=False,
        ),
        sa.Column(
            "subscriber_id",
            sa.Integer,
            sa.ForeignKey("subscribers.id", name="deliveries_subscriber_id_fkey", ondelete="SET NULL"),
        ),
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("token", sa.String(70), nullable=False),
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("dated_at", sa.String(20), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("reply", sa.Text),
        sa.Column("owner", sa.Text),
        sa.Column("lease_until", sa.String(20)),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("excused", sa.Integer, nullable=False),
        sa.Column("repeats", sa.Integer, nullable=False),
        sa.Column("next_at", sa.String(20)),
        sa.Column("state_at", sa.String(20)),
        sa.UniqueConstraint("issue_id", "subscriber_id", name="deliveries_subscriber_key"),
        sa.UniqueConstraint("issue_id", "address", name="deliveries_address_key"),
        sa.UniqueConstraint("key", name="deliveries_key_key"),
        sa.CheckConstraint(
            "state IN ('queued', 'sending', 'sent', 'deferred', 'failed', 'suppressed', 'unknown')",
            name="deliveries_state_check",
        ),
    )
    op.execute(
        "INSERT INTO deliveries SELECT id, issue_id, subscriber_id, address, token,"
        " lower(hex(randomblob(13))), message_id, dated_at, state, reply, NULL, NULL,"
        " state != 'queued', 0, 0, NULL, NULL FROM old_deliveries"
    )
    op.create_index("deliveries_state_index", "deliveries", ["issue_id", "state"])
    op.create_table(
        "bounces",
        sa.Column(
            "delivery_id",
            sa.Integer,
            sa.ForeignKey("deliveries.id", name="bounces_delivery_id_fkey"),
            primary_key=True,
        ),
        sa.Column("kind", sa.String(10), primary_key=True),
        sa.Column("diagnosis", sa.Text, nullable=False),
        sa.Column("at", sa.String(20), nullable=False),
    )
