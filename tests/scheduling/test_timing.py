"""When jobs are due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedmaker.config import Job
from feedmaker.timing import Timing

BERLIN = ZoneInfo("Europe/Berlin")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def timing(zone: ZoneInfo = BERLIN, **trigger: Any) -> Timing:
    """Make the timing of a job with the given trigger."""
    return Timing(Job.model_validate({"name": "job", "run": "build", **trigger}), zone)


def berlin(text: str) -> datetime:
    """Read a local time of Berlin."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("trigger", "now", "expected"),
    [
        ({"on": "friday", "at": "09:00"}, "2026-11-23T12:00", "2026-11-27T09:00"),
        ({"on": ["monday", "friday"], "at": "09:00"}, "2026-11-27T09:00", "2026-11-30T09:00"),
        ({"at": "07:30"}, "2026-11-23T07:29:59", "2026-11-23T07:30"),
        ({"cron": "0 9 * * 1"}, "2026-11-24T00:00", "2026-11-30T09:00"),
        ({"cron": "0 9 * * 0"}, "2026-11-23T00:00", "2026-11-29T09:00"),
        ({"cron": "0 9 * * 7"}, "2026-11-23T00:00", "2026-11-29T09:00"),
        ({"cron": "0 9 13 * fri"}, "2026-11-08T00:00", "2026-11-13T09:00"),
        ({"cron": "0 9 15 * fri"}, "2026-11-13T09:00", "2026-11-15T09:00"),
        ({"cron": "*/20 8-9 * * *"}, "2026-11-23T09:40", "2026-11-24T08:00"),
        ({"cron": "0 0 29 2 *"}, "2026-11-23T00:00", "2028-02-29T00:00"),
    ],
)
def test_next_means_what_people_mean(trigger: dict[str, Any], now: str, expected: str) -> None:
    """Weekdays, times and cron fields have the meaning that people and cron give them, in the site's zone."""
    assert timing(**trigger).next(berlin(now)) == berlin(expected)


def test_interval_is_the_same_for_every_process() -> None:
    """An interval falls on fixed times, not on times counted from the start of a process."""
    every = timing(every="15 minutes")

    assert every.next(datetime(2026, 11, 23, 12, 7, tzinfo=UTC)) == datetime(2026, 11, 23, 12, 15, tzinfo=UTC)
    assert every.last(datetime(2026, 11, 23, 12, 7, tzinfo=UTC), LONG_AGO) == datetime(
        2026, 11, 23, 12, tzinfo=UTC
    )


def test_last_is_one_time_however_long_the_downtime() -> None:
    """After years of downtime only the last due time counts."""
    daily = timing(at="09:00")

    assert daily.last(berlin("2026-11-23T12:00"), LONG_AGO) == berlin("2026-11-23T09:00")


def test_last_finds_rare_times() -> None:
    """A time that comes every four years is found as well."""
    leap = timing(cron="0 0 29 2 *")

    assert leap.last(berlin("2027-11-23T12:00"), LONG_AGO) == berlin("2024-02-29T00:00")


def test_last_is_nothing_within_what_has_run() -> None:
    """A due time that has run is not due again, and the moment itself counts as due."""
    daily = timing(at="09:00")
    due = berlin("2026-11-23T09:00")

    assert daily.last(due + timedelta(hours=5), due) is None
    assert daily.last(due, due - timedelta(days=1)) == due
    assert daily.last(due - timedelta(seconds=1), due - timedelta(days=1)) is None


def test_hour_that_happens_twice_counts_once() -> None:
    """When clocks go back, a job in the repeated hour is due at its first time only."""
    night = timing(at="02:30")
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)

    assert night.next(datetime(2026, 10, 24, 12, tzinfo=UTC)) == first
    assert night.next(first) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)
    assert night.last(datetime(2026, 10, 25, 12, tzinfo=UTC), first) is None


def test_hour_that_does_not_exist_counts_once() -> None:
    """When clocks go forward, a job in the missing hour is due once, when the clock has jumped."""
    night = timing(at="02:30")
    jump = datetime(2026, 3, 29, 1, tzinfo=UTC)

    assert night.next(datetime(2026, 3, 28, 12, tzinfo=UTC)) == jump
    assert night.next(jump) == datetime(2026, 3, 30, 0, 30, tzinfo=UTC)


@settings(max_examples=300)
@given(
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "UTC"]),
    st.integers(0, 23),
    st.integers(0, 59),
    st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_daily_job_is_due_once_a_day(zone: str, hour: int, minute: int, now: datetime) -> None:
    """In any zone and at any time of the year a daily job is due exactly once on each local day."""
    daily = timing(ZoneInfo(zone), at=f"{hour:02}:{minute:02}")
    days = []
    for _ in range(4):
        due = daily.next(now)
        assert due is not None
        assert due > now
        days.append(due.astimezone(ZoneInfo(zone)).date())
        now = due

    assert [(day - days[0]).days for day in days] == [0, 1, 2, 3]


def test_new_calendar_job_does_not_make_up_for_the_past() -> None:
    """A job added after its hour waits for the next one; an interval is due at once."""
    now = berlin("2026-11-27T15:05")
    written = berlin("2026-11-27T15:00")
    weekly, often = timing(on="friday", at="09:00"), timing(every="15 minutes")

    assert weekly.last(now, weekly.first(written, now)) is None
    assert often.last(now, often.first(written, now)) == berlin("2026-11-27T15:00")


def test_schedule_can_be_tried_out_at_an_earlier_time() -> None:
    """A time before the schedule was written counts as if the schedule had been there for a week."""
    now = berlin("2026-01-09T10:00")
    weekly = timing(on="friday", at="09:00")

    assert weekly.last(now, weekly.first(berlin("2026-11-23T12:00"), now)) == berlin("2026-01-09T09:00")
