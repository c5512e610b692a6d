"""Dates as RSS (RFC 822 with four-digit years) and Atom and JSON Feed (RFC 3339) have them. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, NamedTuple

from feedmaker.lint.findings import Problem, Problems, parse_rules, shown

if TYPE_CHECKING:
    from feedmaker.lint.findings import At

RULES = parse_rules(
    """
    date-not-rfc-822 error 5 RSS 2.0, pubDate; RFC 822, 5
        A date of RSS or OPML has the form of RFC 822.
        write it as in Mon, 02 Nov 2026 08:00:00 GMT
    date-not-rfc-3339 error 5 RFC 4287, 3.3; JSON Feed 1.1; RFC 3339, 5.6
        A date of Atom or JSON Feed has the form of RFC 3339, with capital T and Z.
        write it as in 2026-11-02T08:00:00Z
    date-impossible error 5 RFC 822, 5; RFC 3339, 5.7
        A date names a day and a time that exist.
        correct the day, the month or the time
    date-without-zone error 5 RFC 822, 5; RFC 3339, 5.6
        A date names its time zone.
        add it: GMT or +0100 in RSS, Z or +01:00 in Atom and JSON Feed
    date-zone-name warning 5 RSS Profile, 4; RFC 2822, 4.3
        A date of RSS names its zone as GMT or as a number, since readers misread other names.
        write GMT, or the zone as a number such as -0500
    date-two-digit-year warning 5 RSS 2.0, pubDate; RSS Profile
        A date of RSS has a year of four digits.
        write the year in full
    date-weekday error 5 RFC 822, 5.2
        The weekday of a date is that of its day.
        correct the weekday, or leave it out
    date-future warning 5 known readers
        An item was published at a time that has passed; some readers hide it until then, others do not.
        publish the item when its time has come, or correct the date
    """
)
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_RFC822 = re.compile(
    rf"(?:(?P<weekday>{'|'.join(_WEEKDAYS)}),\s*)?(?P<day>\d\d?)\s+(?P<month>{'|'.join(_MONTHS)})\s+"
    r"(?P<year>\d{4}|\d\d)\s+(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d))?"
    r"(?:\s+(?P<zone>[A-Z]{1,4}|[+-]\d{4}))?",
    re.ASCII,
)
_RFC3339 = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)T(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
    r"(?:\.\d+)?(?P<zone>Z|[+-]\d\d:\d\d)?",
    re.ASCII,
)
_ZONE_HOURS = {
    "GMT": 0,
    "UT": 0,
    "UTC": 0,
    "Z": 0,
    "EST": -5,
    "EDT": -4,
    "CST": -6,
    "CDT": -5,
    "MST": -7,
    "MDT": -6,
    "PST": -8,
    "PDT": -7,
}
_CLOCK_ERROR = timedelta(minutes=10)


class Read(NamedTuple):
    """Hold what a date says, where it says anything, and the codes of the rules that it breaks."""

    moment: datetime | None
    codes: tuple[str, ...] = ()


def read_rfc822(text: str) -> Read:
    """Read a date of RSS or OPML."""
    found = _RFC822.fullmatch(text)
    zone = found["zone"] if found else None
    if not found or (zone and zone.isalpha() and zone not in _ZONE_HOURS):
        return Read(None, ("date-not-rfc-822",))
    month = _MONTHS.index(found["month"]) + 1
    moment = _moment(found, _century(found["year"]), month, _offset822(zone))
    if moment is None:
        return Read(None, ("date-impossible",))
    faults = {
        "date-two-digit-year": len(found["year"]) == 2,
        "date-weekday": found["weekday"] not in (None, _WEEKDAYS[moment.weekday()]),
        "date-without-zone": zone is None,
        "date-zone-name": zone is not None and zone.isalpha() and zone != "GMT",
    }
    return Read(moment, tuple(code for code, broken in faults.items() if broken))


def read_rfc3339(text: str) -> Read:
    """Read a date of Atom or JSON Feed."""
    found = _RFC3339.fullmatch(text)
    if not found:
        return Read(None, ("date-not-rfc-3339",))
    moment = _moment(found, int(found["year"]), int(found["month"]), _offset3339(found["zone"]))
    if moment is None:
        return Read(None, ("date-impossible",))
    return Read(moment, () if found["zone"] else ("date-without-zone",))


def date_problems(read: Read, text: str, at: At, now: datetime | None = None) -> Problems:
    """Report what is wrong with a date that was read; with `now`, also that it lies in the future."""
    for code in read.codes:
        yield Problem(code, f"the date {shown(text)} {_WHAT[code]}", at)
    if now and read.moment and read.moment > now + _CLOCK_ERROR:
        yield Problem("date-future", f"the date {shown(text)} has not come yet", at)


_WHAT = {
    "date-not-rfc-822": "is not in the form of RFC 822",
    "date-not-rfc-3339": "is not in the form of RFC 3339",
    "date-impossible": "does not exist",
    "date-without-zone": "has no time zone",
    "date-zone-name": "has a zone that readers may not know",
    "date-two-digit-year": "has a year of two digits",
    "date-weekday": "has the wrong weekday",
}


def _century(year: str) -> int:
    return int(year) if len(year) == 4 else int(year) + (2000 if int(year) < 50 else 1900)


def _offset822(zone: str | None) -> timedelta:
    if zone is None or zone in _ZONE_HOURS:
        return timedelta(hours=_ZONE_HOURS[zone or "GMT"])
    return _offset3339(f"{zone[:3]}:{zone[3:]}")


def _offset3339(zone: str | None) -> timedelta:
    if zone is None or zone == "Z":
        return timedelta()
    offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6]))
    return -offset if zone.startswith("-") else offset


def _moment(found: re.Match[str], year: int, month: int, offset: timedelta) -> datetime | None:
    # A leap second is a time; the datetime before it is near enough.
    second = min(int(found["second"] or 0), 59) if found["second"] in (None, "60") else int(found["second"])
    try:
        zone = timezone(offset) if offset else UTC
        moment = datetime(
            year, month, int(found["day"]), int(found["hour"]), int(found["minute"]), second, tzinfo=zone
        )
        moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment
