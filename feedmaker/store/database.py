"""The database file: opening it, transactions, and the texts of its errors.

Knows no table. SQLite's own rules apply: `transaction` is the only place that begins and commits, it takes
the write lock at once (BEGIN IMMEDIATE), and a commit is on disk when it returns (WAL, synchronous=FULL),
unless the database is opened as one that need not be durable.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from stat import S_IMODE, S_IRWXG, S_IRWXO
from tempfile import mkstemp
from typing import Any

from sqlalchemy import Connection, UpdateBase, create_engine, event
from sqlalchemy.dialects.sqlite import dialect
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from feedmaker.disk import name_new
from feedmaker.errors import StoreError

BUSY_SECONDS = 5.0
"""How long to wait for another process before giving up."""

_OTHERS = S_IRWXG | S_IRWXO
_creating = threading.Lock()
_ADVICE = {
    sqlite3.SQLITE_BUSY: "another program holds it; try again when that is done",
    sqlite3.SQLITE_LOCKED: "another program holds it; try again when that is done",
    sqlite3.SQLITE_CORRUPT: "it is damaged; put back a copy, for only it knows who got which issue",
    sqlite3.SQLITE_NOTADB: "it is no SQLite database; put back a copy, for only it knows who got which issue",
    sqlite3.SQLITE_READONLY: "it cannot be written; check the permissions of the file and its folder",
    sqlite3.SQLITE_PERM: "it cannot be opened; check the permissions of the file and its folder",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; check that its folder exists and may be written",
    sqlite3.SQLITE_FULL: "the disk is full; make room and run the command again",
    sqlite3.SQLITE_IOERR: "the disk is full or has failed; make room or check it, and try again",
}


class Database:
    """Hold the connection to one SQLite file; not to be shared by threads."""

    def __init__(self, path: Path, *, durable: bool = True) -> None:
        self.path = path
        url = URL.create("sqlite", database=str(path))
        self._engine = create_engine(url, connect_args={"isolation_level": None, "timeout": BUSY_SECONDS})
        self._open: Connection | None = None
        event.listen(self._engine, "connect", _prepare)
        if not durable:
            event.listen(self._engine, "connect", _hurry)
        _create_private(path)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Commit everything inside, or nothing; inside another transaction, become part of it."""
        if self._open is not None:
            yield self._open
            return
        with self._errors(), self._engine.connect() as connection, connection.begin():
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            self._open = connection
            try:
                yield connection
            finally:
                self._open = None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Lend the open transaction, or else a connection that sees what is committed."""
        if self._open is not None:
            yield self._open
            return
        with self._errors(), self._engine.connect() as connection:
            yield connection

    def empty_log(self) -> bool:
        """Write the whole log of changes into the file; return False where somebody reads what was so before.

        See the SQLite documentation on `PRAGMA wal_checkpoint(TRUNCATE)`. Not for inside a transaction.
        """
        with self._errors(), self._engine.connect() as connection:
            is_busy, *_ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
            return not is_busy

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn every error of the database into a `StoreError` that says what to do; the only such place."""
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise StoreError(f"{self.path}: {_advice(error)}") from error


class Prepared:
    """Hold a statement that runs many times in a second: written once, and given to SQLite as it is.

    Values go in and come out as the database keeps them.
    """

    def __init__(self, statement: UpdateBase) -> None:
        written = statement.compile(dialect=dialect(paramstyle="named"))
        self._text = str(written)
        self._usual = dict(written.params)

    def run(self, connection: Connection, values: Mapping[str, Any]) -> list[Sequence[Any]]:
        """Run it with these values, and return the rows."""
        found: list[Sequence[Any]] = (
            _raw(connection).execute(self._text, {**self._usual, **values}).fetchall()
        )
        return found

    def run_all(self, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        """Run it for each of some rows of values."""
        _raw(connection).executemany(self._text, [{**self._usual, **row} for row in rows])


def _raw(connection: Connection) -> sqlite3.Connection:
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)  # noqa: S101 - there is no other kind behind it
    return raw


class Part:
    """Be a part of the store: methods on some of the tables, in the store's transactions."""

    def __init__(self, database: Database) -> None:
        self._database = database


def add_function(connection: Connection, name: str, function: Callable[[str], str]) -> None:
    """Let statements on a connection call a function of one text."""
    _raw(connection).create_function(name, 1, function, deterministic=True)


def just_after(moment: datetime) -> datetime:
    """Return the first stored time that is later: a lease that ends now is over."""
    return moment + timedelta(seconds=1)


def rounded_up(moment: datetime) -> datetime:
    """Return the first stored time that is not earlier, so that no lease is cut short."""
    return moment + timedelta(microseconds=999_999)


def copy_database(source: Path, target: Path) -> None:
    """Copy a database, as it is at one moment, to a new file; other programs may go on with it meanwhile.

    It is opened to be written, for SQLite removes its side files only then, but is not.
    """
    _refuse_empty(source)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(target, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise StoreError(f"{target}: {error.strerror}; check the permissions of its folder") from error
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=rw", uri=True)) as known,
            closing(sqlite3.connect(target)) as copy,
        ):
            known.backup(copy)
    except sqlite3.Error as error:
        raise StoreError(f"{source}: {_advice(error)}") from error


def check_database(path: Path) -> None:
    """Read a database that nobody else has open, all of it; raise `StoreError` where a part does not fit.

    One without tables is no copy of anything.
    """
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as found:
            faults = [row[0] for row in found.execute("PRAGMA integrity_check(1)")]
            is_empty = found.execute("SELECT 1 FROM sqlite_master").fetchone() is None
    except sqlite3.Error as error:
        raise StoreError(f"{path}: {_advice(error)}") from error
    if faults != ["ok"]:
        raise StoreError(f"{path}: it is damaged: {faults[0]}")
    if is_empty:
        raise StoreError(f"{path}: it is a copy of nothing; look at the state database, and put back a copy")


def _create_private(path: Path) -> None:
    """Make the file so that nobody else can read the addresses in it; SQLite's side files follow its mode.

    It gets its name only when it is a database, so one without a byte was emptied: it is refused, for SQLite
    would begin a new one in it, and throw away the log of changes. One that others may use, such as a copy
    that was put back, becomes private. It is not opened: to close it would take the locks of fcntl(2) from
    all connections that other threads have, and the next process could remove the log of changes from under
    them.
    """
    try:
        with _creating:
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                # Where another process is quicker, the file is its own.
                with suppress(FileExistsError):
                    _create_whole(path.resolve())
            _refuse_empty(path)
            if (mode := S_IMODE(path.stat().st_mode)) & _OTHERS:
                path.chmod(mode & ~_OTHERS)
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}; check the permissions of its folder") from error
    except sqlite3.Error as error:
        raise StoreError(f"{path}: {_advice(error)}") from error


def _create_whole(path: Path) -> None:
    """Make a database without tables; raise `FileExistsError` where there is a file already."""
    file, name = mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(file)
    try:
        with closing(sqlite3.connect(name)) as made:
            made.execute("PRAGMA journal_mode=WAL").close()
        name_new(Path(name), path)
    finally:
        Path(name).unlink(missing_ok=True)


def _refuse_empty(path: Path) -> None:
    if path.exists() and path.stat().st_size == 0:
        raise StoreError(
            f"{path}: it is empty, so something has emptied it; put back a copy, for only it knows who got "
            "which issue, or remove the file if nobody was ever in it"
        )


def _prepare(connection: Any, record: Any) -> None:  # noqa: ARG001
    # Without the last one, what was erased stays in the file until something is written over it.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _hurry(connection: Any, record: Any) -> None:  # noqa: ARG001
    connection.execute("PRAGMA synchronous=OFF").close()


def _advice(error: BaseException) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    return _ADVICE.get(code) or str(cause or error)
