"""What a schedule means once it has been read: intervals, and times of day on certain days. Pure.

An interval counts real minutes and knows no zone. A calendar knows wall time only, as people read it from a
clock; `feedmaker.timing` says which moments its wall times are.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

EVERY_MONTH = frozenset(range(1, 13))
EVERY_DAY = frozenset(range(1, 32))
EVERY_WEEKDAY = frozenset(range(7))
_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Interval:
    """Be due every so many minutes, counted from the beginning of 1970 (UTC), so for every process alike."""

    minutes: int

    def next(self, after: datetime) -> datetime:
        """Return the first moment after a moment, both zoned; raises `OverflowError` past the year 9999."""
        return self.last(after) + timedelta(minutes=self.minutes)

    def last(self, until: datetime) -> datetime:
        """Return the last moment that is not after a moment, both zoned."""
        length = timedelta(minutes=self.minutes)
        return _EPOCH + (until - _EPOCH) // length * length


@dataclass(frozen=True, slots=True)
class Calendar:
    """Be due at times of day, in ascending order, on the days that fit; all of it wall time, without a zone.

    `days` count from the beginning of the month (1 to 31) or from its end (-1 is its last day), `weekdays`
    from Monday = 0. A day fits if its number and its weekday do, or, where `either` is set, one of them.
    """

    clocks: tuple[time, ...]
    months: frozenset[int] = EVERY_MONTH
    days: frozenset[int] = EVERY_DAY
    weekdays: frozenset[int] = EVERY_WEEKDAY
    either: bool = False

    def __contains__(self, wall: datetime) -> bool:
        return self._fits(wall.date()) and wall.time() in self.clocks

    def next(self, after: datetime) -> datetime:
        """Return the first wall time after one; raises `OverflowError` past the year 9999."""
        day, index = after.date(), bisect_right(self.clocks, after.time())
        if index == len(self.clocks) or not self._fits(day):
            day, index = self._nearest(day, _DAY), 0
        return datetime.combine(day, self.clocks[index])

    def last(self, before: datetime) -> datetime:
        """Return the last wall time before one; raises `OverflowError` before the year 1."""
        day, index = before.date(), bisect_left(self.clocks, before.time())
        if index == 0 or not self._fits(day):
            day, index = self._nearest(day, -_DAY), len(self.clocks)
        return datetime.combine(day, self.clocks[index - 1])

    def _nearest(self, day: date, step: timedelta) -> date:
        """Return the next day that fits; whoever makes a calendar sees to it that there is one."""
        day += step
        while not self._fits(day):
            day += step
        return day

    def _fits(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        numbered = day.day in self.days or day.day - monthrange(day.year, day.month)[1] - 1 in self.days
        named = day.weekday() in self.weekdays
        return numbered or named if self.either else numbered and named


Times = Interval | Calendar


def in_order(clocks: Iterable[time]) -> tuple[time, ...]:
    """Return times of day as a calendar has them: ascending, each once."""
    return tuple(sorted(set(clocks)))
