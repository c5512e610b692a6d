"""The store: everything that is read from and written to the state database, one short method each.

Each method is a transaction of its own, or part of the caller's where one is open. All of them raise
`StoreError` where the database is locked, damaged, full or cannot be written. Times are zoned and kept with
whole seconds.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Self

from feedmaker.store import schema
from feedmaker.store.database import Database
from feedmaker.store.figures import Figures
from feedmaker.store.issues import Issues
from feedmaker.store.ledger import Ledger
from feedmaker.store.people import People
from feedmaker.store.returns import Returns
from feedmaker.store.runs import Faults, Runs
from feedmaker.store.signups import Signups
from feedmaker.store.takeover import Takeovers


def open_store(path: Path, *, durable: bool = True) -> Store:
    """Open the state database at a path; make or upgrade it where needed.

    One that is not `durable` may be lost in a power cut, and is faster.

    Raises `StoreError` where it cannot be used or belongs to a newer program.
    """
    database = Database(path, durable=durable)
    try:
        with database.reading() as connection:
            current = schema.is_current(connection)
        if not current:
            _upgrade(database)
    except BaseException:
        database.close()
        raise
    return Store(database)


def _upgrade(database: Database) -> None:
    with database.transaction() as connection:
        # Another process may have done it while this one waited for the lock.
        if not schema.is_current(connection):
            schema.upgrade(connection)


class Store(People, Signups, Takeovers, Figures, Issues, Ledger, Returns, Runs, Faults):
    """Read and write the state database; a context manager that closes it. One thread at a time."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def transaction(self) -> AbstractContextManager[object]:
        """Make one transaction of everything that is called inside: all of it is committed, or nothing."""
        return self._database.transaction()
