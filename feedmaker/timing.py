"""When jobs are due: APScheduler's triggers, made from lines of `schedule.yaml`. Reads no clock.

A job is due at the times that its trigger names; after any downtime only the last of them counts. A local
time that happens twice when clocks go back counts once.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from feedmaker.config import Job
from feedmaker.cron import Cron, parse_cron

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STEP = timedelta(microseconds=1)
# How far to look back for the last due time, in growing steps; no calendar trigger is rarer than the last.
_WINDOWS = tuple(timedelta(days=days) for days in (0.05, 1, 8, 32, 366, 366 * 4 + 1, 366 * 28))


class Timing:
    """Tell when one job is due; all times are zoned."""

    def __init__(self, job: Job, zone: ZoneInfo) -> None:
        self.job = job
        self.trigger = _trigger(job, zone)

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
        due = self._fire(now + _STEP)
        while due is not None and due.fold:
            due = self._fire(due + _STEP)
        return due.astimezone(UTC) if due else None

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

    def _fire(self, at: datetime) -> Any:
        return self.trigger.get_next_fire_time(None, at)


def _trigger(job: Job, zone: ZoneInfo) -> Any:
    if job.minutes:
        return IntervalTrigger(minutes=job.minutes, start_date=_EPOCH, timezone=UTC)
    if job.cron is not None:
        return _cron_trigger(parse_cron(job.cron), zone)
    assert job.at is not None  # noqa: S101 - `Job` has exactly one trigger
    days = ",".join(day[:3] for day in job.on) if job.on else "*"
    return CronTrigger(day_of_week=days, hour=job.at.hour, minute=job.at.minute, timezone=zone)


def _cron_trigger(cron: Cron, zone: ZoneInfo) -> Any:
    """Make a trigger with cron's own meaning: of two restricted day fields either may match."""
    shared = {
        "month": _listed(cron.months),
        "hour": _listed(cron.hours),
        "minute": _listed(cron.minutes),
        "timezone": zone,
    }
    days = CronTrigger(day=_listed(cron.days), day_of_week="*", **shared)
    weekdays = CronTrigger(day="*", day_of_week=_listed(cron.weekdays), **shared)
    if cron.any_weekday:
        return days
    return weekdays if cron.any_day else OrTrigger([days, weekdays])


def _listed(numbers: frozenset[int]) -> str:
    return ",".join(map(str, sorted(numbers)))
