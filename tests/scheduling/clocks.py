"""Where the clocks of time zones change, found by looking at them: nothing here is shared with feedmaker."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import strategies as st

ZONES = sorted(name for name in available_timezones() if name[0].isupper() and name != "Factory")
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
def places(draw: st.DrawFn, most_days: int = 4) -> tuple[ZoneInfo, datetime, datetime]:
    """Draw a zone and a span of some days between 1990 and 2037, round a change of clocks where there is one."""
    name = draw(st.sampled_from(ZONES))
    year = draw(st.integers(1990, 2037))
    moments = st.datetimes(
        datetime(year, 1, 3),
        datetime(year, 12, 28),
        timezones=st.just(UTC),  # noqa: DTZ001
    )
    found = changes_of_year(name, year)
    if found:
        before = st.timedeltas(timedelta(days=1), timedelta(days=2))
        moments |= st.builds(lambda change, away: change.at - away, st.sampled_from(found), before)
    start = draw(moments).replace(second=0, microsecond=0)
    return ZoneInfo(name), start, start + draw(st.timedeltas(timedelta(hours=1), timedelta(days=most_days)))
