"""What is known of pages elsewhere: how they were last time, and which notes were made of them.

A cache in `.feedmaker/sources.db`: without it every page is fetched once more. What has been published is
known to the lock and not here.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from feedmaker.crawl import HostFacts
from feedmaker.disk import explained
from feedmaker.errors import OutputError

VERSION = 1
_TABLES = f"""
    CREATE TABLE sources (name TEXT PRIMARY KEY, definition TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE lists (
        address TEXT PRIMARY KEY, etag TEXT, modified TEXT, digest TEXT, pages TEXT, lists TEXT
    ) WITHOUT ROWID;
    CREATE TABLE pages (
        address TEXT PRIMARY KEY, id TEXT, backlog INTEGER, moved_to TEXT, etag TEXT, modified TEXT,
        digest TEXT, original TEXT, path TEXT, written TEXT, faults TEXT, told INTEGER, checked TEXT
    ) WITHOUT ROWID;
    CREATE TABLE hosts (host TEXT PRIMARY KEY, rest_until TEXT, robots TEXT, robots_at TEXT) WITHOUT ROWID;
    PRAGMA user_version = {VERSION};
"""


@dataclass(frozen=True, slots=True)
class KnownPage:
    """Remember a page that a source has named, by its address there.

    `id` is that of its note, `backlog` tells that the note is none of the news, `moved_to` where the page
    has moved for good. `etag`, `modified` and `digest` are of what came last, which is kept at `original`.
    The note is at `path`; `written` is a hash of what was written there. `faults` is why there is none, as
    JSON. `told` says that its loss was told, `checked` when the page was last asked for.
    """

    address: str
    id: str
    backlog: bool
    moved_to: str = ""
    etag: str = ""
    modified: str = ""
    digest: str = ""
    original: str = ""
    path: str = ""
    written: str = ""
    faults: str = ""
    told: bool = False
    checked: str = ""


@dataclass(frozen=True, slots=True)
class KnownList:
    """Remember a feed or sitemap, and what it named."""

    address: str
    etag: str
    modified: str
    digest: str
    pages: tuple[str, ...]
    lists: tuple[str, ...]


_NAMES = [field.name for field in fields(KnownPage)]
_PAGE = ", ".join(_NAMES)
_PAGE_MARKS = ", ".join("?" for _ in _NAMES)


class Memory:
    """Read and write what is known; only for who keeps every other collection out meanwhile.

    Raises `OutputError` where the disk is in the way.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[Self]:
        """Open the memory at `path`, or begin a new one where there is none that can be read."""
        with explained(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        connection = _connected(path)
        if connection is None:
            for each in (path, path.with_name(f"{path.name}-journal")):
                with explained(each):
                    each.unlink(missing_ok=True)
            connection = _connected(path)
        if connection is None:
            raise OutputError(f"{path}: cannot be written; mend that first")
        try:
            yield cls(connection, path)
        finally:
            connection.close()

    def definition(self, source: str) -> str | None:
        """Return what a source listed when it was first read as a whole; None before that."""
        with self._errors():
            found = self._connection.execute("SELECT definition FROM sources WHERE name = ?", (source,))
            row = found.fetchone()
            return str(row[0]) if row else None

    def adopt(self, source: str, definition: str, pages: Iterable[KnownPage], *, whole: bool) -> None:
        """Add the pages of a source that are not known yet; `whole` ends its back catalogue."""
        with self._writing() as connection:
            connection.executemany(
                f"INSERT OR IGNORE INTO pages ({_PAGE}) VALUES ({_PAGE_MARKS})",  # noqa: S608 - our own names
                map(astuple, pages),
            )
            if whole:
                connection.execute("INSERT OR REPLACE INTO sources VALUES (?, ?)", (source, definition))

    def pages(self) -> dict[str, KnownPage]:
        """Return all pages by address."""
        with self._errors():
            rows = self._connection.execute(f"SELECT {_PAGE} FROM pages")  # noqa: S608 - our own names
            return {row[0]: _page(row) for row in rows}

    def keep(self, pages: Iterable[KnownPage], hosts: Mapping[str, HostFacts]) -> None:
        """Remember pages and hosts as they are now."""
        with self._writing() as connection:
            connection.executemany(
                f"INSERT OR REPLACE INTO pages ({_PAGE}) VALUES ({_PAGE_MARKS})",  # noqa: S608 - our own names
                map(astuple, pages),
            )
            connection.executemany(
                "INSERT OR REPLACE INTO hosts VALUES (?, ?, ?, ?)",
                (
                    (name, _written(facts.rest_until), facts.robots, _written(facts.robots_at))
                    for name, facts in hosts.items()
                ),
            )

    def rename(self, page: KnownPage, before: str) -> None:
        """Remember a page by another address."""
        with self._writing() as connection:
            connection.execute("DELETE FROM pages WHERE address = ?", (before,))
            connection.execute(
                f"INSERT OR REPLACE INTO pages ({_PAGE}) VALUES ({_PAGE_MARKS})",  # noqa: S608 - our own names
                astuple(page),
            )

    def list(self, address: str) -> KnownList | None:
        """Return what is known of a list."""
        with self._errors():
            row = self._connection.execute("SELECT * FROM lists WHERE address = ?", (address,)).fetchone()
        if row is None:
            return None
        address, etag, modified, digest, pages, lists = row
        return KnownList(address, etag, modified, digest, tuple(json.loads(pages)), tuple(json.loads(lists)))

    def keep_list(self, known: KnownList) -> None:
        """Remember a list as it is now."""
        values = (known.address, known.etag, known.modified, known.digest)
        with self._writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO lists VALUES (?, ?, ?, ?, ?, ?)",
                (*values, json.dumps(known.pages), json.dumps(known.lists)),
            )

    def hosts(self) -> dict[str, HostFacts]:
        """Return what hosts have said of themselves."""
        with self._errors():
            rows = self._connection.execute("SELECT host, rest_until, robots, robots_at FROM hosts")
            return {row[0]: HostFacts(_read(row[1]), row[2], _read(row[3])) for row in rows}

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Do everything inside or nothing."""
        with self._errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            hint = "remove it, and every page is fetched once more"
            raise OutputError(f"{self._path}: cannot be used ({error}); {hint}") from error


def _connected(path: Path) -> sqlite3.Connection | None:
    """Connect to the memory at `path`; None where it is none of this version."""
    connection = None
    try:
        connection = sqlite3.connect(path, isolation_level=None)
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if not tables and not version:
            connection.executescript(f"BEGIN; {_TABLES} COMMIT;")
        elif version != VERSION:
            connection.close()
            return None
    except sqlite3.Error:
        if connection is not None:
            connection.close()
        return None
    return connection


def _page(row: Sequence[Any]) -> KnownPage:
    values = dict(zip(_NAMES, row, strict=True))
    return KnownPage(**values | {"backlog": bool(values["backlog"]), "told": bool(values["told"])})


def _written(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _read(text: str | None) -> datetime | None:
    with suppress(TypeError, ValueError):
        moment = datetime.fromisoformat(text or "")
        return moment if moment.tzinfo else None
    return None
