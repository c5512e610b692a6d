"""The version of the database, and the way to the newest one.

Alembic does the work, but only where there is work: importing it takes longer than most runs.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect

from feedmaker.errors import StoreError

HEAD = "0007"
"""The newest revision in `migrations/versions`. Revisions are numbered, so that they can be compared."""

MIGRATIONS = Path(__file__).parent / "migrations"


def is_current(connection: Connection) -> bool:
    """Tell whether the tables are the ones that this program knows.

    Read-only. Raises `StoreError` for a database that a newer program has changed.
    """
    version = _version(connection)
    if version > HEAD:
        raise StoreError(
            f"the state database belongs to a newer feedmaker (its tables are at {version}, "
            f"this program knows {HEAD}); update feedmaker"
        )
    return version == HEAD


def upgrade(connection: Connection) -> None:
    """Bring the tables to `HEAD` inside the caller's transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _version(connection: Connection) -> str:
    """Return the revision of the tables, or an empty text, which comes before all, where there are none."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() or ""
