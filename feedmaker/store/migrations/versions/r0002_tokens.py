"""Give every subscriber a token of their own, and every delivery the token that its message holds.

Frozen: this stays what it was on the day it was released, whatever becomes of `feedmaker.store.tables`.

SQLite cannot add such columns to a table, so both tables are made anew. The old ones are moved out of the way
and dropped at the end, deliveries first: dropping a table of subscribers that deliveries refer to would empty
their `subscriber_id`.
"""

from __future__ import annotations

from secrets import token_urlsafe

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make both tables anew, with what was in them."""
    op.drop_index("deliveries_state_index", "deliveries")
    op.rename_table("deliveries", "deliveries_0001")
    op.rename_table("subscribers", "subscribers_0001")
    _make_subscribers()
    _make_deliveries()
    op.drop_table("deliveries_0001")
    op.drop_table("subscribers_0001")


def _make_subscribers() -> None:
    table = op.create_table(
        "subscribers",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("token", sa.String(70), nullable=False),
        sa.Column("added_at", sa.String(20), nullable=False),
        sa.UniqueConstraint("address", name="subscribers_address_key"),
        sa.UniqueConstraint("token", name="subscribers_token_key"),
        sqlite_autoincrement=True,
    )
    rows = op.get_bind().execute(sa.text("SELECT id, address, added_at FROM subscribers_0001"))
    people = [{**row, "token": _token()} for row in rows.mappings()]
    if people:
        op.bulk_insert(table, people)
    # The numbers of those who have left are not given to others.
    op.execute("DELETE FROM sqlite_sequence WHERE name = 'subscribers'")
    op.execute("UPDATE sqlite_sequence SET name = 'subscribers' WHERE name = 'subscribers_0001'")


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
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("dated_at", sa.String(20), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("reply", sa.Text),
        sa.UniqueConstraint("issue_id", "subscriber_id", name="deliveries_subscriber_key"),
        sa.UniqueConstraint("issue_id", "address", name="deliveries_address_key"),
        sa.CheckConstraint(
            "state IN ('queued', 'sending', 'sent', 'failed', 'unknown')", name="deliveries_state_check"
        ),
    )
    # A delivery to somebody who has left gets a token that is nobody's.
    op.execute(
        "INSERT INTO deliveries SELECT old.id, old.issue_id, old.subscriber_id, old.address, "
        "coalesce(subscribers.token, lower(hex(randomblob(16)))), old.message_id, old.dated_at, old.state, "
        "old.reply FROM deliveries_0001 AS old LEFT JOIN subscribers ON subscribers.id = old.subscriber_id"
    )
    op.create_index("deliveries_state_index", "deliveries", ["issue_id", "state"])


def _token() -> str:
    """Draw 128 bits by lot; a command line would take a hyphen in front for an option."""
    while (token := token_urlsafe(16)).startswith("-"):
        pass
    return token
