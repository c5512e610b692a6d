"""Give runs an owner with a lease, and note what they changed; keep the faults that the publisher was told.

Frozen: this stays what it was on the day it was released, whatever becomes of `feedmaker.store.tables`.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table of runs anew, for SQLite cannot change what a column may hold."""
    op.rename_table("runs", "runs_0003")
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("job", sa.String(41), nullable=False),
        sa.Column("due_at", sa.String(20), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("started_at", sa.String(20), nullable=False),
        sa.Column("finished_at", sa.String(20)),
        sa.Column("summary", sa.Text),
        sa.Column("seconds", sa.Float),
        sa.Column("changes", sa.JSON, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("lease_until", sa.String(20), nullable=False),
        sa.UniqueConstraint("job", "due_at", name="runs_job_key"),
        sa.CheckConstraint("state IN ('running', 'done', 'failed', 'skipped')", name="runs_state_check"),
    )
    # What is still running was left by a program that held no lease, so whoever comes next may take it over.
    op.execute(
        "INSERT INTO runs SELECT id, job, due_at, state, started_at, finished_at, summary, NULL, '[]', 1, '',"
        " started_at FROM runs_0003"
    )
    op.drop_table("runs_0003")
    op.create_index("runs_started_index", "runs", ["started_at"])
    op.create_table(
        "faults",
        sa.Column("job", sa.String(41), primary_key=True),
        sa.Column("cause", sa.Text, primary_key=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("since", sa.String(20), nullable=False),
        sa.Column("told_at", sa.String(20)),
        sa.Column("mended_at", sa.String(20)),
        sa.Column("tried_at", sa.String(20)),
        sa.Column("told", sa.JSON, nullable=False),
    )
