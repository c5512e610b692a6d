"""When jobs are due: a trigger for APScheduler, made from a line of `schedule.yaml`. Reads no clock.

A job is due at the times that its line names; after any downtime only the last of them counts. Calendars
name wall times, and what a wall time means is decided here: one that happens twice counts the first time,
one that does not exist counts when the clock has jumped over it. APScheduler's own calendar trigger is not
used: it counts weekdays from Monday, runs twice in an hour that comes twice, and cannot look back.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.triggers.base import BaseTrigger

from feedmaker.config import Job
from feedmaker.due import Calendar, Interval

_STEP = timedelta(microseconds=1)
_SECOND = timedelta(seconds=1)


class Timing(BaseTrigger):  # type: ignore[misc]  # APScheduler has no annotations
    """Tell when one job is due; all times are zoned, and due times in UTC. It is a trigger of APScheduler.

    The job's line is read once, here; whoever asks often keeps the object.
    """

    def __init__(self, job: Job, zone: ZoneInfo) -> None:
        self.job = job
        self.zone = zone
        self._times = job.times

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        """Return the due time after the previous one, or the first from `now`, for APScheduler."""
        return self.next(previous_fire_time or now - _STEP)

    def next(self, now: datetime) -> datetime | None:
        """Return the first due time after `now`; None where there is none any more."""
        try:
            if isinstance(self._times, Interval):
                return self._times.next(now)
            return self._next_of(self._times, now)
        except OverflowError:
            return None

    def last(self, now: datetime, after: datetime) -> datetime | None:
        """Return the last due time after `after` and not after `now`."""
        try:
            times = self._times
            due = times.last(now) if isinstance(times, Interval) else self._last_of(times, now)
        except OverflowError:
            return None
        return due if due > after else None

    def between(self, after: datetime, until: datetime) -> Iterator[datetime]:
        """Yield the due times after `after`, up to and including `until`."""
        due = self.next(after)
        while due is not None and due <= until:
            yield due
            due = self.next(due)

    def first(self, written: datetime, now: datetime) -> datetime:
        """Return the moment after which a job that never ran may be due.

        An interval is due at once. A calendar time counts from when the schedule was written, so that a new
        job does not make up for times before it existed; a schedule tried out at an earlier time counts as a
        week old.
        """
        if isinstance(self._times, Interval):
            return now - timedelta(minutes=self._times.minutes)
        return written - timedelta(minutes=1) if written <= now else now - timedelta(days=8)

    def is_moved(self, due: datetime) -> bool:
        """Tell whether a due time stands for a wall time that does not exist, since clocks jumped over it."""
        return isinstance(self._times, Calendar) and _wall(due, self.zone) not in self._times

    def _next_of(self, calendar: Calendar, now: datetime) -> datetime:
        wall = _wall(now, self.zone)
        while True:
            wall = calendar.next(wall)
            due = _moment(wall, self.zone)
            # In an hour that comes twice, what was due the first time is over.
            if due > now:
                return due

    def _last_of(self, calendar: Calendar, now: datetime) -> datetime:
        wall = _wall(now, self.zone)
        # In an hour that comes twice, clocks have been ahead: by the time since they first showed the same.
        wall += now - _moment(wall, self.zone) + _STEP
        while True:
            wall = calendar.last(wall)
            due = _moment(wall, self.zone)
            if due <= now:
                return due


def _wall(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def _moment(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment at which the clocks of a zone first show a wall time, or have jumped over it."""
    moment = wall.replace(tzinfo=zone).astimezone(UTC)
    if _wall(moment, zone) == wall:
        return moment
    # A wall time in a gap has two readings: by the offset before the jump, and by the one after it.
    before_jump = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    seconds = range(1 + (moment - before_jump) // _SECOND)
    return (
        before_jump
        + bisect_left(seconds, True, key=lambda passed: _wall(before_jump + passed * _SECOND, zone) > wall)
        * _SECOND
    )
