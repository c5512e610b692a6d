"""Count how often a delivery was put off, and note when the first attempt began that may have arrived.

Frozen: this stays what it was on the day it was released, whatever becomes of `feedmaker.store.tables`.

An earlier program counted what was put off together with what could not be handed over at all.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the columns, with what is known of deliveries that are under way."""
    deferrals = sa.Column("deferrals", sa.Integer, nullable=False, server_default=sa.text("0"))
    op.add_column("deliveries", deferrals)
    op.add_column("deliveries", sa.Column("handed_at", sa.String(20)))
    op.execute("UPDATE deliveries SET deferrals = excused WHERE state = 'deferred'")
    op.execute("UPDATE deliveries SET handed_at = state_at WHERE state IN ('sending', 'unknown')")
