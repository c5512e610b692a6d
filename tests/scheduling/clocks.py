"""Where the clocks of time zones change, found by looking at them: nothing here is shared with feedmaker."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import strategies as st

ZONES = sorted(name for name in available_timezones() if name[0].isupper() and name != "Factory")
ODD = (
    "Africa/Cairo",
    "Africa/Casablanca",
    "Africa/El_Aaiun",
    "America/New_York",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Antarctica/Troll",
    "Asia/Beirut",
    "Asia/Pyongyang",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Europe/Dublin",
    "Pacific/Apia",
)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Change:
    """Tell at which moment clocks are put, and what they would have shown and do show then."""

    at: datetime
    before: datetime
    after: datetime


def wall(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return what a clock on the wall shows."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def changes(zone: ZoneInfo, start: datetime, until: datetime) -> Iterator[Change]:
    """Yield the changes of a span, to the minute, looking at the clocks each hour."""
    while start < until:
        end = start + HOUR
        if wall(end, zone) - wall(start, zone) != HOUR:
            at = next(
                moment
                for moment in (start + n * MINUTE for n in range(1, 61))
                if wall(moment, zone) - wall(moment - MINUTE, zone) != MINUTE
            )
            yield Change(at, wall(at - MINUTE, zone) + MINUTE, wall(at, zone))
        start = end


@cache
def changes_of_year(name: str, year: int) -> tuple[Change, ...]:
    """Return the changes of a zone's year."""
    start = datetime(year, 1, 1, tzinfo=UTC)
    return tuple(changes(ZoneInfo(name), start, start.replace(year=year + 1)))


@st.composite
def places(draw: st.DrawFn) -> tuple[ZoneInfo, datetime, datetime]:
    """Draw a zone and some days between 1990 and 2037, mostly round a change of clocks."""
    name = draw(st.sampled_from(ODD) | st.sampled_from(ZONES))
    start = datetime(draw(st.integers(1990, 2037)), 1, 3, tzinfo=UTC)
    found = changes_of_year(name, start.year)
    near_change = draw(st.integers(0, 3)) > 0
    if found and near_change:
        start = draw(st.sampled_from(found)).at - draw(st.integers(24 * 60, 36 * 60)) * MINUTE
    else:
        start += draw(st.integers(0, 355 * 24 * 60)) * MINUTE
    return ZoneInfo(name), start, start + draw(st.integers(24 * 60, 4 * 24 * 60)) * MINUTE
