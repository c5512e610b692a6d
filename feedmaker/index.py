"""The index: what the last build has read and written, so that unchanged input costs nothing.

A cache in `.feedmaker/index.db` and nothing more: without it a build does everything again and writes the
same bytes. It keeps the last good text of every note, so that a broken one does not vanish from the feeds.
Imported on every start, so it imports little: sqlite3 and the folder scan.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from feedmaker.errors import OutputError
from feedmaker.notes.folder import NoteFile

SCHEMA_VERSION = 1
# A file saved twice within one step of its file system's clock can keep its time stamp. Kernels step by some
# milliseconds; file systems that keep whole seconds only, by up to two.
_FINE_STEP_NS = 20_000_000
_COARSE_STEP_NS = 2_000_000_000
_TABLES = """
    CREATE TABLE notes (
        path TEXT PRIMARY KEY, size INTEGER, mtime_ns INTEGER, inode INTEGER,
        raw TEXT, facts TEXT, data BLOB) WITHOUT ROWID;
    CREATE TABLE outputs (path TEXT PRIMARY KEY, key TEXT, size INTEGER, mtime_ns INTEGER) WITHOUT ROWID;
    CREATE TABLE stamp (digest TEXT, valid_until TEXT, summary TEXT);
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """Hold what is known of a note's last good text: its place on disk, a hash of its bytes, its facts."""

    file: NoteFile
    raw: str
    facts: str


@dataclass(frozen=True, slots=True)
class Written:
    """Hold what is known of an output: the key it was made from, and the file as it was left."""

    key: str
    size: int
    mtime_ns: int


class Index:
    """Read and write the index; a damaged one is begun anew."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[Self]:
        """Open the index at `path`, making or renewing it where needed."""
        try:
            connection = _connect_or_renew(path)
        except (sqlite3.Error, OSError) as error:
            raise OutputError(
                f"{path}: {error}; grant write permission to its folder, or free some space"
            ) from error
        try:
            yield cls(connection)
        except sqlite3.Error as error:
            raise OutputError(
                f"{path}: {error}; is the disk full? The folder .feedmaker/ may be removed"
            ) from error
        finally:
            connection.close()

    def notes(self) -> dict[str, Seen]:
        """Return what is known of every note, by path."""
        rows = self._connection.execute("SELECT path, size, mtime_ns, inode, raw, facts FROM notes")
        return {row[0]: Seen(NoteFile(*row[:4]), row[4], row[5]) for row in rows}

    def text(self, path: str) -> bytes:
        """Return the last good bytes of a note."""
        row = self._connection.execute("SELECT data FROM notes WHERE path = ?", (path,)).fetchone()
        return bytes(row[0])

    def outputs(self) -> dict[str, Written]:
        """Return what is known of every output, by its path below the output folder."""
        rows = self._connection.execute("SELECT path, key, size, mtime_ns FROM outputs")
        return {row[0]: Written(*row[1:]) for row in rows}

    def forget_stamp(self) -> None:
        """Make the next build look at everything, whatever happens to this one."""
        with self._connection:
            self._connection.execute("DELETE FROM stamp")

    def record(
        self,
        read: Mapping[str, tuple[Seen, bytes]],
        gone: Iterable[str],
        outputs: Mapping[str, Written],
        dropped: Iterable[str],
    ) -> None:
        """Remember what a build has read and written."""
        with self._connection as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO notes VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    (
                        seen.file.path,
                        seen.file.size,
                        seen.file.mtime_ns,
                        seen.file.inode,
                        seen.raw,
                        seen.facts,
                        data,
                    )
                    for seen, data in read.values()
                ),
            )
            connection.executemany("DELETE FROM notes WHERE path = ?", ((path,) for path in gone))
            connection.executemany(
                "INSERT OR REPLACE INTO outputs VALUES (?, ?, ?, ?)",
                ((path, item.key, item.size, item.mtime_ns) for path, item in outputs.items()),
            )
            connection.executemany("DELETE FROM outputs WHERE path = ?", ((path,) for path in dropped))

    def stamp(self, digest: str, valid_until: datetime | None, summary: Mapping[str, int]) -> None:
        """Declare the outputs current for input of this digest, until `valid_until` where that is set."""
        row = (digest, valid_until.isoformat() if valid_until else None, json.dumps(dict(summary)))
        with self._connection as connection:
            connection.execute("DELETE FROM stamp")
            connection.execute("INSERT INTO stamp VALUES (?, ?, ?)", row)

    def current(self, digest: str, output: Path, now: datetime) -> dict[str, int] | None:
        """Return the last summary if nothing has changed since, neither input nor output; else None."""
        row = self._connection.execute("SELECT digest, valid_until, summary FROM stamp").fetchone()
        if row is None or row[0] != digest or (row[1] and datetime.fromisoformat(row[1]) <= now):
            return None
        place = str(output) + os.sep
        for path, size, mtime_ns in self._connection.execute("SELECT path, size, mtime_ns FROM outputs"):
            try:
                status = os.stat(place + path)  # noqa: PTH116 - ten thousand of them; a Path object doubles the time
            except OSError:
                return None
            if status.st_size != size or status.st_mtime_ns != mtime_ns:
                return None
        return dict(json.loads(row[2]))


def is_fresh(file: NoteFile, now_ns: int) -> bool:
    """Tell whether a file may be saved again without its time stamp showing it."""
    step = _FINE_STEP_NS if file.mtime_ns % 1_000_000_000 else _COARSE_STEP_NS
    return now_ns - file.mtime_ns < step


def input_digest(version: str, notes: Iterable[NoteFile], others: Iterable[Path]) -> str:
    """Fingerprint everything that a build reads, by what the file system says of it."""
    total = hashlib.blake2b(version.encode(), digest_size=16)
    for note in notes:
        total.update(
            f"{note.path}\0{note.size}\0{note.mtime_ns}\0{note.inode}\n".encode("utf-8", "surrogateescape")
        )
    for path in others:
        try:
            status = path.stat()
        except OSError:
            total.update(f"{path}\0-\n".encode("utf-8", "surrogateescape"))
        else:
            total.update(
                f"{path}\0{status.st_size}\0{status.st_mtime_ns}\0{status.st_ino}\n".encode(
                    "utf-8", "surrogateescape"
                )
            )
    return total.hexdigest()


def _connect_or_renew(path: Path) -> sqlite3.Connection:
    """Connect, beginning anew where the file is damaged (but not where it is merely locked)."""
    try:
        return _connect(path)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        path.unlink(missing_ok=True)
        return _connect(path)


def _connect(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    try:
        # A lost index costs a rebuild, so it need not survive a power cut.
        connection.execute("PRAGMA synchronous = OFF")
        if connection.execute("PRAGMA user_version").fetchone()[0] != SCHEMA_VERSION:
            for table in ("notes", "outputs", "stamp"):
                connection.execute(f"DROP TABLE IF EXISTS {table}")
            connection.executescript(_TABLES)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("SELECT count(*) FROM stamp")
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection
