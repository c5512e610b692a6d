"""When jobs are due: APScheduler's triggers, made from lines of `schedule.yaml`. Reads no clock.

A job is due at the times that its trigger names; after any downtime only the last of them counts. Calendar
triggers see wall time only and never a zone, because APScheduler 3.11 loops for ever, or fires twice, in the
hour that clocks repeat. What a wall time means is decided here: one that happens twice counts the first
time, one that does not exist counts when the clock has jumped over it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from feedmaker.config import Job
from feedmaker.cron import Cron, parse_cron

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STEP = timedelta(microseconds=1)
_MINUTE = timedelta(minutes=1)
# How far to look back for the last due time, in growing steps; no calendar trigger is rarer than the last.
_WINDOWS = tuple(timedelta(days=days) for days in (0.05, 1, 8, 32, 366, 366 * 4 + 1, 366 * 28))


class Timing(BaseTrigger):  # type: ignore[misc]  # APScheduler has no annotations
    """Tell when one job is due; all times are zoned. It is a trigger of APScheduler itself."""

    def __init__(self, job: Job, zone: ZoneInfo) -> None:
        self.job = job
        self.zone = zone
        self._trigger = _trigger(job)

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        """Return the due time after the previous one, or the first from `now`, for APScheduler."""
        return self.next(previous_fire_time or now - _STEP)

    def last(self, now: datetime, after: datetime) -> datetime | None:
        """Return the last due time after `after` and not after `now`."""
        if self.job.minutes:
            interval = timedelta(minutes=self.job.minutes)
            due = _EPOCH + (now - _EPOCH) // interval * interval
            return due if due > after else None
        for window in _WINDOWS:
            start = max(after, now - window)
            found = self._last_between(start, now)
            if found is not None or start == after:
                return found
        return None

    def next(self, now: datetime) -> datetime | None:
        """Return the first due time after `now`; None where there is none any more."""
        wall = now.astimezone(UTC if self.job.minutes else self.zone).replace(tzinfo=UTC)
        while True:
            wall = self._trigger.get_next_fire_time(None, wall + _STEP)
            if wall is None:
                return None
            due = wall if self.job.minutes else _moment(wall.replace(tzinfo=None), self.zone)
            if due > now:
                return due

    def first(self, written: datetime, now: datetime) -> datetime:
        """Return the moment after which a job that never ran may be due.

        An interval is due at once. A calendar time counts from when the schedule was written, so that a new
        job does not make up for times before it existed; a schedule tried out at an earlier time counts as a
        week old.
        """
        if self.job.minutes:
            return now - timedelta(minutes=self.job.minutes)
        return written - timedelta(minutes=1) if written <= now else now - timedelta(days=8)

    def _last_between(self, start: datetime, now: datetime) -> datetime | None:
        last = None
        due = self.next(start)
        while due is not None and due <= now:
            last = due
            due = self.next(due)
        return last


def _moment(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment at which the clocks of a zone first show a wall time, or have jumped over it."""
    moment = wall.replace(tzinfo=zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment
    # In the gap the offset from before it gives a moment after the jump; step back to the jump itself.
    while (moment - _MINUTE).astimezone(zone).replace(tzinfo=None) > wall:
        moment -= _MINUTE
    return moment


def _trigger(job: Job) -> Any:
    if job.minutes:
        return IntervalTrigger(minutes=job.minutes, start_date=_EPOCH, timezone=UTC)
    if job.cron is not None:
        return _cron_trigger(parse_cron(job.cron))
    assert job.at is not None  # noqa: S101 - `Job` has exactly one trigger
    days = ",".join(day[:3] for day in job.on) if job.on else "*"
    return CronTrigger(day_of_week=days, hour=job.at.hour, minute=job.at.minute, timezone=UTC)


def _cron_trigger(cron: Cron) -> Any:
    """Make a trigger with cron's own meaning: of two restricted day fields either may match."""
    shared = {
        "month": _listed(cron.months),
        "hour": _listed(cron.hours),
        "minute": _listed(cron.minutes),
        "timezone": UTC,
    }
    days = CronTrigger(day=_listed(cron.days), day_of_week="*", **shared)
    weekdays = CronTrigger(day="*", day_of_week=_listed(cron.weekdays), **shared)
    if cron.any_weekday:
        return days
    return weekdays if cron.any_day else OrTrigger([days, weekdays])


def _listed(numbers: frozenset[int]) -> str:
    return ",".join(map(str, sorted(numbers)))
