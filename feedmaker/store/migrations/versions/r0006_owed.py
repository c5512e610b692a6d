"""Note who is owed a confirmation mail, when it is tried next, and how often it was.

Frozen: this stays what it was on the day it was released, whatever becomes of `feedmaker.store.tables`.

An earlier program kept in memory what it had to send, so whoever is pending already is owed nothing.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the columns, and an index of those few who are owed a mail."""
    op.add_column("subscribers", sa.Column("owed_at", sa.String(20)))
    attempts = sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("0"))
    op.add_column("subscribers", attempts)
    is_owed = sa.text("owed_at IS NOT NULL")
    op.create_index("subscribers_owed_index", "subscribers", ["owed_at"], sqlite_where=is_owed)
