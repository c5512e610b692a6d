"""The small values of a note: dates, durations and times in a recording. Pure."""

from __future__ import annotations

import re
from datetime import date, datetime

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2})?(Z|z|[+-]\d{2}:\d{2})?")
# Nothing was recorded before, and feeds and time zones cannot reckon much later.
_YEARS = range(1850, 9999)
_UNITS = re.compile(
    r"(?:(?P<h>\d{1,3})\s*(?:h|hr|hrs|hours?))?[\s,]*"
    r"(?:(?P<m>\d{1,4})\s*(?:m|min|mins|minutes?))?[\s,]*"
    r"(?:(?P<s>\d{1,6})\s*(?:s|sec|secs|seconds?))?",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"(?:(\d{1,3}):([0-5]?\d)|(\d{1,3})):([0-5]\d)")
LONGEST = 100 * 3600


def parse_date(text: str) -> date | None:
    """Read YYYY-MM-DD; return None for anything else and for days that do not exist."""
    if not _DATE.fullmatch(text):
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year in _YEARS else None


def parse_moment(text: str) -> date | datetime | None:
    """Read a date, or a date and time with or without a zone (RFC 3339); None where it is neither."""
    if not _MOMENT.fullmatch(text):
        return parse_date(text)
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError:
        return None
    return moment if moment.year in _YEARS else None


def parse_duration(text: str) -> int | None:
    """Read a length such as 1h 25m, 3h 5m, 45m, 90 min or 1:25:00 as seconds; None where it is none."""
    text = " ".join(text.split())
    seconds = parse_clock(text)
    if seconds is None:
        found = _UNITS.fullmatch(text)
        if not found or not any(found.groups()):
            return None
        hours, minutes, rest = (int(part or 0) for part in found.group("h", "m", "s"))
        if (hours and minutes > 59) or ((hours or minutes) and rest > 59):
            return None
        seconds = hours * 3600 + minutes * 60 + rest
    return seconds if 0 < seconds <= LONGEST else None


def parse_clock(text: str) -> int | None:
    """Read a time in a recording such as 1:02:03, 00:26:09 or 75:10 as seconds; None where it is none."""
    found = _CLOCK.fullmatch(text)
    if not found:
        return None
    hours, minutes, only_minutes, seconds = (int(part or 0) for part in found.groups())
    return hours * 3600 + (minutes + only_minutes) * 60 + seconds
