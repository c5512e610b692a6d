"""Make the tables for subscribers, issues, deliveries and runs.

Frozen: this stays what it was on the day it was released, whatever becomes of `feedmaker.store.tables`.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make all tables of the first release."""
    op.create_table(
        "subscribers",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("added_at", sa.String(20), nullable=False),
        sa.UniqueConstraint("address", name="subscribers_address_key"),
        sqlite_autoincrement=True,
    )
    _make_issues()
    _make_deliveries()
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("job", sa.String(41), nullable=False),
        sa.Column("due_at", sa.String(20), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("started_at", sa.String(20), nullable=False),
        sa.Column("finished_at", sa.String(20)),
        sa.Column("summary", sa.Text),
        sa.UniqueConstraint("job", "due_at", name="runs_job_key"),
        sa.CheckConstraint("state IN ('running', 'done', 'failed')", name="runs_state_check"),
    )


def _make_issues() -> None:
    op.create_table(
        "issues",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("slug", sa.String(40), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("preheader", sa.Text, nullable=False),
        sa.Column("html", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("drafted_at", sa.String(20), nullable=False),
        sa.Column("sent_at", sa.String(20)),
        sa.UniqueConstraint("slug", name="issues_slug_key"),
        sa.CheckConstraint("state IN ('draft', 'sending', 'sent')", name="issues_state_check"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "carried",
        sa.Column("episode_id", sa.Text, primary_key=True),
        sa.Column(
            "issue_id", sa.Integer, sa.ForeignKey("issues.id", name="carried_issue_id_fkey"), nullable=False
        ),
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
    op.create_index("deliveries_state_index", "deliveries", ["issue_id", "state"])
