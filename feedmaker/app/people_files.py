"""Lists of subscribers in files: taking them over and writing ours, row by row, however long they are."""

from __future__ import annotations

import json
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from io import BufferedReader, RawIOBase, TextIOWrapper
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from feedmaker.app.newsletters import stored
from feedmaker.app.outcome import Progress
from feedmaker.app.project import Project, silent
from feedmaker.disk import replacing
from feedmaker.errors import FeedmakerError, UsageError
from feedmaker.store import Person, Status, Taken
from feedmaker.subscriber_csv import COLUMNS, Columns, Defaults, Row, Table, cells_of, written

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BATCH = 5000
"""How many people are taken over in one transaction."""
MOST_TOPICS = 1000
"""How many topics of a list are remembered, to say which of them no note has."""
LINE_LIMIT = 1_000_000
"""How many characters a line has at most; what is longer is no list of subscribers."""
_PRIVATE = 0o600


# Taking over


@dataclass(frozen=True, slots=True)
class Rejected:
    """Say why a row was not taken over; `line` is where it begins, the first line being 1."""

    line: int
    reason: str


class Rejects:
    """Keep what was rejected: how many rows, the first of them, and all in a file if there is one.

    The file has the rows as they came, as CSV to be mended and imported again, or as a JSON array of objects.
    What could not be cut into cells stands whole in the first column.
    """

    SHOWN = 20

    def __init__(self, file: BinaryIO | None = None, *, as_json: bool = False) -> None:
        self.count = 0
        self.first: list[Rejected] = []
        self._file = file
        self._as_json = as_json
        self._columns: Sequence[str] = ()

    def begin(self, columns: Sequence[str]) -> None:
        """Write what comes before the rows of a file with these columns."""
        self._columns = columns
        self._write("[" if self._as_json else next(written([[*columns, "line", "why"]])))

    def add(self, row: Row, reason: str) -> None:
        """Keep a row."""
        self.count += 1
        if self.count <= self.SHOWN:
            self.first.append(Rejected(row.line, reason))
        if self._file is None:
            return
        cells = [*row.cells, *[""] * (len(self._columns) - len(row.cells))]
        if self._as_json:
            found = {"line": row.line, "why": reason, "row": dict(zip(self._columns, cells, strict=False))}
            self._write(("\n" if self.count == 1 else ",\n") + json.dumps(found))
        else:
            plain = cells[: len(self._columns)]
            self._write(next(written([[*plain, str(row.line), reason]])))

    def end(self) -> None:
        """Write what comes after the rows."""
        if self._as_json:
            self._write("\n]\n")

    def _write(self, text: str) -> None:
        if self._file is not None:
            # What was no UTF-8 is given back as it came.
            self._file.write(text.encode("utf-8", "surrogateescape"))


@contextmanager
def rejects_in(path: Path | None, *, as_json: bool = False) -> Iterator[Rejects]:
    """Keep what is rejected, in a file too if one is named, which only its owner may read.

    Raises `UsageError` for a name that is not that of a file.
    """
    if path is None:
        yield Rejects()
        return
    with replacing(_replaceable(path), _PRIVATE) as file:
        rejects = Rejects(file, as_json=as_json)
        yield rejects
        rejects.end()


@dataclass(frozen=True, slots=True)
class ForeignList:
    """Hold a list from elsewhere, a CSV file of `size` bytes, 0 if unknown, and what it may leave unsaid.

    That is where people agreed, and to which words. A `status` holds for all, whatever the file says.
    """

    file: BinaryIO
    size: int
    source: str
    consent: str | None = None
    status: Status | None = None


def import_subscribers(
    project: Project, found: ForeignList, now: datetime, rejects: Rejects, progress: Progress = silent
) -> tuple[Taken, set[str]]:
    """Take over the people on a list from elsewhere; count what became of them, and name their topics.

    Each batch is one transaction, so that what was done stays done, and calling again goes on from there.
    Raises `UsageError` where the file is no such CSV, and `FeedmakerError` at a line that is too long for a
    list, once those before it are taken over.
    """
    file = _Bytes(found.file)
    table = Table(_lines(file))
    rejects.begin(table.columns)
    defaults = Defaults(found.source, now, found.consent, found.status)
    people = _people(table, Columns(table.columns, defaults), rejects)
    taken, topics = Taken(), set[str]()
    try:
        with stored(project) as store:
            newest = store.newest_subscriber()
            for batch in _batches(people):
                taken += store.take_over(batch, newest)
                if len(topics) < MOST_TOPICS:
                    topics.update(topic for person in batch for topic in person.wishes.topics)
                progress("importing", file.count, found.size)
    finally:
        # An issue may have waited for somebody who gets it, and is on the list whatever comes after.
        project.wake_ticks()
    return taken, topics


def _batches(people: Iterable[Person]) -> Iterator[list[Person]]:
    """Yield people by the batch; where the file breaks off, first those before that, and then its fault."""
    batch: list[Person] = []
    fault: FeedmakerError | None = None
    try:
        for person in people:
            batch.append(person)
            if len(batch) == BATCH:
                yield batch
                batch = []
    except FeedmakerError as error:
        fault = error
    if batch:
        yield batch
    if fault:
        raise fault


def _people(table: Table, columns: Columns, rejects: Rejects) -> Iterator[Person]:
    for row in table.rows():
        try:
            yield columns.person(row)
        except UsageError as error:
            rejects.add(row, str(error))


class _Bytes(RawIOBase):
    """Read a file that is another's to close, and count its bytes."""

    def __init__(self, file: BinaryIO) -> None:
        self.count = 0
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        target = memoryview(buffer)
        found = self._file.read(len(target))
        target[: len(found)] = found
        self.count += len(found)
        return len(found)


def _lines(file: RawIOBase) -> Iterator[str]:
    """Read a file line by line, whatever ends them.

    It is UTF-8, what is none becoming surrogates (PEP 383), or UTF-16 if it begins with the mark of that.
    """
    buffered = BufferedReader(file)
    is_utf16 = buffered.peek(2)[:2] in (BOM_UTF16_LE, BOM_UTF16_BE)
    encoding, errors = ("utf-16", "replace") if is_utf16 else ("utf-8", "surrogateescape")
    text = TextIOWrapper(buffered, encoding, errors, newline="")
    number = 0
    while line := text.readline(LINE_LIMIT + 1):
        number += 1
        if len(line) > LINE_LIMIT:
            raise FeedmakerError(
                f"line {number} has more than {LINE_LIMIT:,} characters: this is no list of subscribers; "
                "the lines before it are imported, those after it are not read"
            )
        yield line


# Writing


def export_subscribers(
    project: Project, path: Path, statuses: Sequence[Status] = (), progress: Progress = silent
) -> int:
    """Write all subscribers, or those of some statuses, to a CSV file, and return how many those are.

    Only its owner may read the file; it is there whole, or stays what it was. Raises `UsageError` for a name
    that is not that of a file.
    """
    with replacing(_replaceable(path), _PRIVATE) as file:
        return write_subscribers(project, file, statuses, progress)


def write_subscribers(
    project: Project, file: BinaryIO, statuses: Sequence[Status] = (), progress: Progress = silent
) -> int:
    """Write subscribers as `export_subscribers` does, into an open file."""
    count = 0
    with stored(project) as store:
        counts = store.count_subscribers()
        total = sum(counts.get(status, 0) for status in statuses or counts)
        rows: Iterable[Sequence[str]] = map(cells_of, store.subscribers(*statuses))
        for count, line in enumerate(written(chain([COLUMNS], rows))):
            file.write(line.encode())
            if count % BATCH == 0:
                progress("exporting", count, total)
    return count


def _replaceable(path: Path) -> Path:
    if path.exists() and not path.is_file():
        raise UsageError(f"{path} is no file; name another place")
    return path
