"""Lists of subscribers as CSV (RFC 4180): ours, which is read back without loss, and those of others. Pure.

A cell that a spreadsheet would take for a formula is written with an apostrophe in front, which reading takes
away again.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from typing import cast, get_args

from feedmaker.addresses import normalise
from feedmaker.errors import FeedmakerError, UsageError
from feedmaker.store.records import GONE, Cadence, Consent, Person, Status, Wishes
from feedmaker.text import utc
from feedmaker.wishes import parse_language, parse_topic

COLUMNS = (
    "address",
    "status",
    "status_at",
    "reason",
    "source",
    "consent",
    "added_at",
    "asked_at",
    "confirmed_at",
    "cadence",
    "topics",
    "language",
)

_QUOTE = "close each quotation mark, and write one that is text twice"
_GUARD = "'"
_GUARDED = tuple("=+-@\t\r\n＝＋－＠'")  # the last one, so that a guard can be told from an apostrophe
_MOST_SHOWN = 60
_MOST_NAMED = 20
_SEPARATOR = re.compile(r'"?sep=.?"?[\r\n]*', re.IGNORECASE)  # a line that Excel puts in front
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")
_TIME = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)(?:[T ](?P<clock>\d\d:\d\d(?::\d\d)?)(?:[.,]\d+)?)?"
    r"\s*(?P<zone>Z|UTC|[+-]\d\d:?\d\d)?(?:\s+\S+)?"
)


# Writing


def written(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Write rows as lines of CSV, with CRLF, no cell of which a spreadsheet would run."""
    target = StringIO(newline="")
    writer = csv.writer(target)
    for row in rows:
        writer.writerow([_GUARD + cell if cell.startswith(_GUARDED) else cell for cell in row])
        yield target.getvalue()
        target.seek(0)
        target.truncate()


def cells_of(person: Person) -> list[str]:
    """Return what stands in the columns for a person."""
    return [
        person.address,
        person.status,
        utc(person.status_at),
        person.reason,
        person.consent.source,
        person.consent.text or "",
        utc(person.added_at),
        utc(person.asked_at) if person.asked_at else "",
        utc(person.confirmed_at) if person.confirmed_at else "",
        person.wishes.cadence,
        _topic_cell(person.wishes.topics),
        person.wishes.language or "",
    ]


def _topic_cell(topics: Sequence[str]) -> str:
    """Write topics with semicolons between them, and quotation marks around one that has its own."""
    if not topics:
        return ""
    target = StringIO(newline="")
    csv.writer(target, delimiter=";").writerow(topics)
    return target.getvalue().removesuffix("\r\n")


# Reading


@dataclass(frozen=True, slots=True)
class Row:
    """Hold the cells of a row, or why they cannot be read; `line` is where it begins, the first being 1.

    What makes no cells, or too many, stands in one, as it came.
    """

    line: int
    cells: Sequence[str]
    fault: str = ""


class Table:
    """Read the rows of a CSV with a header, with the delimiter that the first line tells.

    The lines come one by one, with their ends; bytes that are no UTF-8 stand in them as surrogates (PEP 383).
    Raises `UsageError` where no column has addresses.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = _RowLines(lines)
        first = next(self._lines, "").removeprefix("\ufeff")
        if _SEPARATOR.fullmatch(first):
            first = next(self._lines, "")
        self._delimiter, self.columns = _header(first)
        self._lines.take()

    def rows(self) -> Iterator[Row]:
        """Yield the rows that hold anything; after a line that cannot be read, go on with the next one."""
        reader = csv.reader(self._lines, delimiter=self._delimiter, strict=True)
        while True:
            line = self._lines.taken + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Row(line, [self._lines.take_first()], f"this is no CSV: {error}; {_QUOTE}")
                continue
            text = self._lines.take()
            if any(cells):
                yield self._row(line, text, cells)

    def _row(self, line: int, text: Sequence[str], cells: Sequence[str]) -> Row:
        whole = ["".join(text).rstrip("\r\n")]
        width = len(self.columns)
        if any(cells[width:]):
            return Row(
                line,
                whole,
                f"there are {len(cells)} cells, but {width} columns; put quotation marks around each cell",
            )
        if any(map(self._is_row, text[1:])):
            return Row(line, whole, f"a cell holds what look like other rows; {_QUOTE}")
        fault = "" if all(map(_is_unicode, cells)) else "this is not UTF-8; save the file as UTF-8"
        return Row(line, [_unguarded(cell) for cell in cells], fault)

    def _is_row(self, line: str) -> bool:
        """Tell whether a line of a cell looks like a row that a stray quotation mark has swallowed."""
        cells = _split(line, self._delimiter)
        named = zip(self.columns, cells, strict=False)
        return len(cells) == len(self.columns) and any(
            _plain(name) in _NAMES["address"] and _ADDRESS.fullmatch(cell.strip()) for name, cell in named
        )


class _RowLines:
    """Give lines to a reader of CSV, and know those that the row has which it reads.

    Those after the first can be read again. What ends the file too early is raised where a row begins, so
    that the rows before it are read.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self.taken = 0
        self._lines = iter(lines)
        self._again: deque[str] = deque()
        self._row: list[str] = []
        self._fault: FeedmakerError | None = None

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._next()
        self._row.append(line)
        return line

    def _next(self) -> str:
        if self._fault is None:
            try:
                return next(self._lines)
            except FeedmakerError as error:
                self._fault = error
        if self._row:
            raise StopIteration
        raise self._fault

    def take(self) -> list[str]:
        """Return the lines of the row; the next one begins after them."""
        row, self._row = self._row, []
        self.taken += len(row)
        return row

    def take_first(self) -> str:
        """Return the first line of the row, without its end; the next row begins right after it."""
        self._again.extendleft(reversed(self._row[1:]))
        del self._row[1:]
        return self.take()[0].rstrip("\r\n")


def _header(line: str) -> tuple[str, list[str]]:
    forms = [(delimiter, _split(line, delimiter)) for delimiter in ",;\t"]
    fitting = [form for form in forms if any(_plain(cell) in _NAMES["address"] for cell in form[1])]
    if not fitting:
        seen = max((cells for _, cells in forms), key=len)
        named = ", ".join(_shown(cell) for cell in seen[:_MOST_NAMED])
        raise UsageError(
            f"no column is called address or email in the first line, which has {named or 'nothing'}; "
            "it must be CSV in UTF-8, with the names of its columns"
        )
    return max(fitting, key=lambda form: len(form[1]))


def _split(line: str, delimiter: str) -> list[str]:
    with suppress(csv.Error, StopIteration):
        return next(csv.reader([line], delimiter=delimiter, strict=True))
    return []


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith(_GUARD) and cell[1:].startswith(_GUARDED) else cell


def _is_unicode(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)


# What the columns mean

_NAMES: Mapping[str, Sequence[str]] = {
    "address": ("email address", "email", "e mail", "e mail address", "address"),
    "status": ("status", "type", "subscriber type"),
    "status_at": ("status at",),
    "reason": ("reason", "unsub reason"),
    "source": ("source",),
    "consent": ("consent",),
    "added_at": ("added at", "created at", "creation date", "optin time", "subscription date"),
    "asked_at": ("asked at",),
    "confirmed_at": ("confirmed at", "confirm time"),
    "cadence": ("cadence",),
    "topics": ("topics",),
    "language": ("language",),
    # What others have instead of a status: when somebody left, or whether.
    "unsubscribed_at": ("unsub time", "unsubscribed at", "unsubscription date", "deleted at"),
    "bounced_at": ("clean time", "undeliverability date"),
    "wanted": ("subscribed to emails",),
    "unwanted": ("email disabled", "email blacklisted"),
}
_TEXTS = frozenset({"reason", "source", "consent"})
_STATUSES: Mapping[Status, Sequence[str]] = {
    "active": (
        *("active", "subscribed", "enabled", "confirmed"),
        *("regular", "premium", "trialed", "unpaid", "gifted", "churning", "paused", "past due"),
    ),
    "pending": ("pending", "unconfirmed", "unactivated"),
    "unsubscribed": ("unsubscribed", "inactive", "cancelled", "disabled", "removed", "archived"),
    "bounced": ("bounced", "cleaned", "undeliverable"),
    "complained": ("complained",),
    "suppressed": ("suppressed", "blocklisted", "blacklisted", "blocked", "banned", "spammy"),
}
_STATUS_OF = {word: status for status, words in _STATUSES.items() for word in words}
_YES, _NO = frozenset({"true", "yes", "1"}), frozenset({"false", "no", "0", ""})


@dataclass(frozen=True, slots=True)
class Defaults:
    """Say what holds where a file does not say it: source and consent, and the time at which it is read.

    Where there is a `status`, it is that of everybody in the file, whatever the file says.
    """

    source: str
    now: datetime
    consent: str | None = None
    status: Status | None = None


class Columns:
    """Know what the columns of a file mean, by their names.

    Raises `UsageError` where two of them mean the same, for they may not say the same.
    """

    def __init__(self, names: Sequence[str], defaults: Defaults) -> None:
        self._places = {
            key: place for key, words in _NAMES.items() if (place := _place(names, words)) is not None
        }
        self._defaults = defaults

    def person(self, row: Row) -> Person:
        """Return the person of a row; raise `UsageError` saying why there is none."""
        if row.fault:
            raise UsageError(row.fault)
        cells = {key: row.cells[place] for key, place in self._places.items() if place < len(row.cells)}
        cells |= {key: cell.strip() for key, cell in cells.items() if key not in _TEXTS}
        address = normalise(cells.get("address", ""))
        status, status_at = self._status(cells)
        confirmed_at = _time(cells, "confirmed_at")
        added_at = _time(cells, "added_at") or confirmed_at or self._defaults.now
        if status_at is None:
            # Nobody knows when they left, so they have not come back since.
            status_at = self._defaults.now if status in GONE else confirmed_at or added_at
        consent = Consent(
            cells.get("source") or self._defaults.source, cells.get("consent") or self._defaults.consent
        )
        return Person(
            address=address,
            status=status,
            status_at=status_at,
            reason=cells.get("reason") or consent.source,
            consent=consent,
            added_at=added_at,
            asked_at=_time(cells, "asked_at"),
            confirmed_at=confirmed_at,
            wishes=_wishes(cells),
        )

    def _status(self, cells: Mapping[str, str]) -> tuple[Status, datetime | None]:
        """Return what somebody is, and since when if that is known. In doubt they get no mail."""
        named = self._defaults.status or _named_status(cells.get("status", ""))
        since = _time(cells, "status_at")
        left_at, left = _departure(cells)
        if named in GONE:
            return named, since or left_at
        came = (since, _time(cells, "confirmed_at"), _time(cells, "added_at"))
        if left_at and not (named and any(at and at > left_at for at in came)):
            return left, left_at
        wants = cells.get("wanted", "true").lower() in _YES and cells.get("unwanted", "").lower() in _NO
        return ("unsubscribed", None) if named != "pending" and not wants else (named or "active", since)


def _place(names: Sequence[str], words: Sequence[str]) -> int | None:
    """Find the column that one of some words names."""
    found = [place for place, name in enumerate(names) if _plain(name) in words]
    # Mailchimp has a postal address under the name that is ours.
    postal = [place for place in found if _plain(names[place]) == "address"]
    if len(postal) < len(found):
        found = [place for place in found if place not in postal]
    if len(found) > 1:
        named = " and ".join(_shown(names[place]) for place in found)
        raise UsageError(
            f"the columns {named} mean the same; keep one of them, or give the other another name"
        )
    return found[0] if found else None


def _named_status(cell: str) -> Status | None:
    if not cell:
        return None
    status = _STATUS_OF.get(_plain(cell))
    if status is None:
        raise UsageError(f"{_shown(cell)} is no status; write {', '.join(get_args(Status))}")
    return status


def _departure(cells: Mapping[str, str]) -> tuple[datetime | None, Status]:
    """Return when somebody left last, if they did, and what that made them."""
    unsubscribed_at, bounced_at = _time(cells, "unsubscribed_at"), _time(cells, "bounced_at")
    if bounced_at and not (unsubscribed_at and unsubscribed_at >= bounced_at):
        return bounced_at, "bounced"
    return unsubscribed_at, "unsubscribed"


def _wishes(cells: Mapping[str, str]) -> Wishes:
    cadence = cells.get("cadence", "").lower() or "each"
    if cadence not in get_args(Cadence):
        raise UsageError(f"{_shown(cadence)} is no cadence; write {' or '.join(get_args(Cadence))}")
    language = cells.get("language")
    return Wishes(
        cast(Cadence, cadence),
        _topics(cells.get("topics", "")),
        parse_language(language) if language else None,
    )


def _topics(cell: str) -> tuple[str, ...]:
    if not cell:
        return ()
    try:
        (found,) = csv.reader([cell], delimiter=";", skipinitialspace=True, strict=True)
    except (csv.Error, ValueError) as error:
        raise UsageError(f"{_shown(cell)} is no list of topics; write show:NAME; tag:NAME") from error
    return tuple(dict.fromkeys(parse_topic(topic) for topic in found if topic.strip()))


def _time(cells: Mapping[str, str], key: str) -> datetime | None:
    """Read a time, in UTC where no zone is named, down to the second."""
    cell = cells.get(key, "")
    if not cell:
        return None
    found = _TIME.fullmatch(cell)
    with suppress(ValueError, OverflowError):
        if found:
            zone = (found["zone"] or "Z").replace("UTC", "Z")
            return datetime.fromisoformat(f"{found['day']}T{found['clock'] or '00:00'}{zone}").astimezone(UTC)
    raise UsageError(f"{_shown(cell)} is no time; write it as 2026-11-23 or 2026-11-23T08:00:00Z")


def _plain(text: str) -> str:
    """Return what is equal for names that differ in capitals, spaces, hyphens and the like."""
    return re.sub(r"[^a-z0-9]+", " ", text.casefold()).strip()


def _shown(text: str) -> str:
    return repr(text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…")
