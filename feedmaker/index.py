"""The index: what the last build has read and written, so that unchanged input costs nothing.

A cache in `.feedmaker/index.db` and nothing more: without it a build does everything again and writes the
same bytes. It keeps the last good text of every note and of every issue that went out, so that a broken one
does not vanish from the feeds.
Imported on every start, so it imports little: sqlite3 and the folder scan.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Self, TypeVar

from feedmaker import listing
from feedmaker.errors import BusyError, FeedmakerError, OutputError
from feedmaker.listing import UNTRUSTED
from feedmaker.notes.folder import NoteFile

T = TypeVar("T")
SCHEMA_VERSION = 5
PATIENCE = 5.0
_TABLES = """
    DROP TABLE IF EXISTS notes;
    DROP TABLE IF EXISTS texts;
    DROP TABLE IF EXISTS outputs;
    DROP TABLE IF EXISTS reader;
    DROP TABLE IF EXISTS stamp;
    CREATE TABLE notes (
        path TEXT PRIMARY KEY, size INTEGER, mtime_ns INTEGER, inode INTEGER,
        raw TEXT, facts TEXT) WITHOUT ROWID;
    CREATE TABLE texts (path TEXT PRIMARY KEY, data BLOB) WITHOUT ROWID;
    CREATE TABLE outputs (path TEXT PRIMARY KEY, key TEXT, size INTEGER, mtime_ns INTEGER) WITHOUT ROWID;
    CREATE TABLE reader (key TEXT);
    CREATE TABLE stamp (digest TEXT, valid_until TEXT, summary TEXT, named TEXT);
    PRAGMA user_version = %d;
"""
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


class DamagedIndexError(OutputError):
    """The index does not hold what an index holds; nothing is lost by beginning a new one."""


# A build makes ten thousand of these two, and a plain tuple is made several times as fast as a frozen
# dataclass.
class Seen(NamedTuple):
    """Hold what is known of the last good text of a note or issue: its file then, a hash of it, its facts."""

    path: str
    size: int
    mtime_ns: int
    inode: int
    raw: str
    facts: str

    def is_of(self, file: NoteFile) -> bool:
        """Tell whether a file is as it was when its text was read."""
        state = (file.path, file.size, file.mtime_ns, file.inode)
        return file.regular and self[:4] == state


class Written(NamedTuple):
    """Hold what is known of an output: the key it was made from, and the file as it was left."""

    key: str
    size: int
    mtime_ns: int


class Index:
    """Read and write the index.

    Every method raises `DamagedIndexError` where the file is not sound, `BusyError` where another program
    keeps it locked, and `OutputError` where the disk is in the way.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = self._connect_or_renew()

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[Self]:
        """Open the index at `path`; make it where it is missing, and anew where it is none of ours."""
        index = cls(path)
        try:
            yield index
        finally:
            index._connection.close()

    def reconnect(self) -> None:
        """Connect anew, in a process that began as a copy: SQLite connections cannot be carried over."""
        self._inherited = self._connection
        self._connection = self._connected()

    def mending(self, work: Callable[[], T]) -> T:
        """Do `work`, and where it finds the index damaged, do it once more with a new one."""
        try:
            return work()
        except DamagedIndexError:
            self._connection.close()
            self._connection = self._renewed()
            return work()

    def notes(self) -> dict[str, Seen]:
        """Return what is known of every note, by path."""
        return self._seen("episodes/*")

    def issues(self) -> dict[str, Seen]:
        """Return what is known of every issue that went out, by path."""
        return self._seen("issues/*")

    def text(self, path: str) -> bytes:
        """Return the last good bytes of a note or issue."""
        with self._errors():
            row = self._connection.execute("SELECT data FROM texts WHERE path = ?", (path,)).fetchone()
            return bytes(row[0])

    def reader(self) -> str | None:
        """Return the key of the rules by which the notes were read; None before any was."""
        with self._errors():
            row = self._connection.execute("SELECT key FROM reader").fetchone()
            return row[0] if row else None

    def outputs(self) -> dict[str, Written]:
        """Return what is known of every output, by its path below the output folder."""
        with self._errors():
            rows = self._connection.execute("SELECT path, key, size, mtime_ns FROM outputs")
            return {path: Written(key, size, mtime_ns) for path, key, size, mtime_ns in rows}

    def announce(self, paths: Iterable[str]) -> None:
        """Remember which outputs are about to appear, so that the next build knows what a killed one left."""
        with self._errors(), self._connection as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO outputs VALUES (?, '', -1, -1)", ((path,) for path in paths)
            )

    def record_notes(
        self, read: Mapping[str, tuple[Seen, bytes]], broken: Iterable[str], gone: Iterable[str], reader: str
    ) -> None:
        """Remember the notes and issues that a build has read; what is broken keeps its last good text."""
        rows = (seen for seen, _ in read.values())
        texts = ((path, data) for path, (_, data) in read.items())
        with self._errors(), self._connection as connection:
            connection.executemany("INSERT OR REPLACE INTO notes VALUES (?, ?, ?, ?, ?, ?)", rows)
            connection.executemany("INSERT OR REPLACE INTO texts VALUES (?, ?)", texts)
            connection.executemany(
                "UPDATE notes SET size = ?, mtime_ns = ?, inode = ? WHERE path = ?",
                ((UNTRUSTED, UNTRUSTED, UNTRUSTED, path) for path in broken),
            )
            paths = [(path,) for path in gone]
            connection.executemany("DELETE FROM notes WHERE path = ?", paths)
            connection.executemany("DELETE FROM texts WHERE path = ?", paths)
            connection.execute("DELETE FROM reader")
            connection.execute("INSERT INTO reader VALUES (?)", (reader,))

    def record_outputs(self, outputs: Mapping[str, Written], dropped: Iterable[str]) -> None:
        """Remember the files that a build has written, and forget those that it has removed."""
        rows = ((path, item.key, item.size, item.mtime_ns) for path, item in outputs.items())
        with self._errors(), self._connection as connection:
            connection.executemany("INSERT OR REPLACE INTO outputs VALUES (?, ?, ?, ?)", rows)
            connection.executemany("DELETE FROM outputs WHERE path = ?", ((path,) for path in dropped))

    def stamp(
        self, digest: str, valid_until: datetime | None, summary: Mapping[str, Any], named: Sequence[str]
    ) -> None:
        """Declare the outputs current for input of this digest, until `valid_until` where that is set.

        `named` are the files that the settings name besides notes and templates.
        """
        until = valid_until.isoformat() if valid_until else None
        row = (digest, until, json.dumps(dict(summary)), json.dumps(list(named)))
        with self._errors(), self._connection as connection:
            connection.execute("DELETE FROM stamp")
            connection.execute("INSERT INTO stamp VALUES (?, ?, ?, ?)", row)

    def named(self) -> list[str]:
        """Return the files that the settings named when the outputs were declared current."""
        with self._errors():
            row = self._connection.execute("SELECT named FROM stamp").fetchone()
            return [str(name) for name in json.loads(row[0])] if row else []

    def current(self, digest: str, output: Path, now: datetime) -> dict[str, Any] | None:
        """Return the last summary if nothing has changed since, neither input nor output; else None."""
        with self._errors():
            row = self._connection.execute("SELECT digest, valid_until, summary FROM stamp").fetchone()
            if row is None or row[0] != digest or (row[1] and datetime.fromisoformat(row[1]) <= now):
                return None
            place = str(output) + os.sep
            for path, size, mtime_ns in self._connection.execute("SELECT path, size, mtime_ns FROM outputs"):
                try:
                    status = os.stat(place + path)  # noqa: PTH116 - ten thousand; a Path doubles the time
                except OSError:
                    return None
                if status.st_size != size or status.st_mtime_ns != mtime_ns:
                    return None
            return dict(json.loads(row[2]))

    def _seen(self, paths: str) -> dict[str, Seen]:
        query = "SELECT path, size, mtime_ns, inode, raw, facts FROM notes WHERE path GLOB ?"
        with self._errors():
            return {row[0]: Seen._make(row) for row in self._connection.execute(query, (paths,))}

    def _connect_or_renew(self) -> sqlite3.Connection:
        try:
            return self._connected()
        except DamagedIndexError:
            return self._renewed()

    def _renewed(self) -> sqlite3.Connection:
        with self._errors():
            for path in (self._path, self._path.with_name(f"{self._path.name}-journal")):
                path.unlink(missing_ok=True)
        return self._connected()

    def _connected(self) -> sqlite3.Connection:
        with self._errors():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self._path, timeout=PATIENCE)
            try:
                # A lost index costs a rebuild, so it need not survive a power cut.
                connection.execute("PRAGMA synchronous = OFF")
                if not _is_ready(connection):
                    # Two first starts at once: who comes second finds the tables of the first.
                    connection.execute("BEGIN IMMEDIATE")
                    if not _is_ready(connection):
                        for statement in (_TABLES % SCHEMA_VERSION).split(";"):
                            connection.execute(statement)
                    connection.commit()
            except sqlite3.Error:
                connection.close()
                raise
            return connection

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn what SQLite and the disk say into errors of ours; the only such place."""
        try:
            yield
        except sqlite3.Error as error:
            raise self._explained(error) from error
        except OSError as error:
            raise OutputError(f"{self._path}: {error.strerror}; mend that and try again") from error
        except (TypeError, ValueError) as error:
            raise DamagedIndexError(f"{self._path}: damaged ({error}); it may be removed") from error

    def _explained(self, error: sqlite3.Error) -> FeedmakerError:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _BUSY:
            return BusyError(f"{self._path}: another program keeps it locked; try again when it is done")
        if code in _DAMAGE:
            return DamagedIndexError(f"{self._path}: damaged ({error}); it may be removed")
        hint = "free some space, or grant write permission to its folder, and try again"
        return OutputError(f"{self._path}: {error}; {hint}")


def _is_ready(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION)


def copy_index(source: Path, target: Path) -> None:
    """Make an index that knows what another does; where that fails, `target` is missing or as it was."""
    if not source.exists():
        return
    try:
        target.unlink(missing_ok=True)
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as known,
            closing(sqlite3.connect(target)) as copy,
        ):
            known.backup(copy)
    except (sqlite3.Error, OSError):
        with suppress(OSError):
            target.unlink(missing_ok=True)


def look(path: Path) -> NoteFile:
    """Return what the file system says of a file that is no note; a missing one is not regular."""
    return NoteFile(*listing.look(str(path), str(path.absolute())))


def input_digest(version: str, files: Iterable[NoteFile]) -> str:
    """Fingerprint everything that a build reads, by what the file system says of it."""
    total = hashlib.blake2b(version.encode(), digest_size=16)
    for file in files:
        line = f"{file.path}\0{file.size}\0{file.mtime_ns}\0{file.inode}\0{file.regular}\n"
        total.update(line.encode("utf-8", "surrogateescape"))
    return total.hexdigest()
