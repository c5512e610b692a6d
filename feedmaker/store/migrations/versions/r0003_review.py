"""Let issues wait for review, and keep their pages; note which corrections were mailed.

Frozen: this stays what it was on the day it was released, whatever becomes of `feedmaker.store.tables`.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table of issues anew, for SQLite cannot change what a column may hold."""
    # Deliveries point at issues, which are gone for a moment; all is well again when this is committed.
    op.execute("PRAGMA defer_foreign_keys = ON")
    op.execute("CREATE TEMPORARY TABLE old_issues AS SELECT * FROM issues")
    op.drop_table("issues")
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
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("drafted_at", sa.String(20), nullable=False),
        sa.Column("due_at", sa.String(20)),
        sa.Column("sent_at", sa.String(20)),
        sa.UniqueConstraint("slug", name="issues_slug_key"),
        sa.CheckConstraint(
            "state IN ('draft', 'approved', 'sending', 'sent', 'skipped')", name="issues_state_check"
        ),
        sqlite_autoincrement=True,
    )
    op.execute(
        "INSERT INTO issues SELECT id, slug, subject, preheader, html, text, '', length(html),"
        " '[]', '[]', '{}', state, drafted_at, NULL, sent_at FROM old_issues"
    )
    op.execute("DROP TABLE old_issues")
    op.create_table(
        "corrected",
        sa.Column("episode_id", sa.Text, primary_key=True),
        sa.Column("digest", sa.String(32), primary_key=True),
        sa.Column(
            "issue_id", sa.Integer, sa.ForeignKey("issues.id", name="corrected_issue_id_fkey"), nullable=False
        ),
    )
