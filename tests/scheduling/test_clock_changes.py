"""Due times where clocks change: every wall time once, in every zone."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedmaker.config import Job
from feedmaker.timing import Timing
from tests.scheduling.clocks import MINUTE, places, wall

SECOND = timedelta(seconds=1)
Place = tuple[ZoneInfo, datetime, datetime]


def timing(zone: ZoneInfo, **way: Any) -> Timing:
    """Make the timing of a job that is due in one way."""
    return Timing(Job.model_validate({"name": "job", "run": "build", **way}), zone)


def utc(text: str) -> datetime:
    """Read a time of UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "clock", "after", "dues"),
    [
        # Half an hour is missing, then comes twice.
        ("Australia/Lord_Howe", "02:15", "2026-10-03T00:00", ["2026-10-03T15:30", "2026-10-04T15:15"]),
        ("Australia/Lord_Howe", "01:45", "2026-04-04T00:00", ["2026-04-04T14:45", "2026-04-05T15:15"]),
        # The clocks go back for Ramadan, and forward after it.
        ("Africa/Casablanca", "02:30", "2026-02-14T12:00", ["2026-02-15T01:30", "2026-02-16T02:30"]),
        ("Africa/Casablanca", "02:30", "2026-03-21T12:00", ["2026-03-22T02:00", "2026-03-23T01:30"]),
        ("Africa/El_Aaiun", "02:30", "2026-03-21T12:00", ["2026-03-22T02:00", "2026-03-23T01:30"]),
        # Midnight is missing.
        ("America/Sao_Paulo", "00:00", "2018-11-03T12:00", ["2018-11-04T03:00", "2018-11-05T02:00"]),
        ("Asia/Beirut", "00:00", "2026-03-28T12:00", ["2026-03-28T22:00", "2026-03-29T21:00"]),
        # A whole day is missing: 30 December.
        (
            "Pacific/Apia",
            "09:00",
            "2011-12-29T12:00",
            ["2011-12-29T19:00", "2011-12-30T10:00", "2011-12-30T19:00"],
        ),
        # Two hours.
        ("Antarctica/Troll", "02:30", "2026-03-28T12:00", ["2026-03-29T01:00", "2026-03-30T00:30"]),
        ("Antarctica/Troll", "01:30", "2026-10-24T12:00", ["2026-10-24T23:30", "2026-10-26T01:30"]),
        # Where winter time is the exception.
        ("Europe/Dublin", "01:30", "2026-03-28T12:00", ["2026-03-29T01:00", "2026-03-30T00:30"]),
        ("Europe/Dublin", "01:30", "2026-10-24T12:00", ["2026-10-25T00:30", "2026-10-26T01:30"]),
    ],
)
def test_daily_time_through_odd_changes(zone: str, clock: str, after: str, dues: list[str]) -> None:
    """A missing time is due when clocks have jumped, a repeated one the first time."""
    daily = timing(ZoneInfo(zone), at=clock)
    expected = [utc(due) for due in dues]

    assert list(daily.between(utc(after), expected[-1])) == expected
    for due in expected:
        assert daily.last(due + timedelta(minutes=3), utc("1990-01-01")) == due


def test_times_of_one_gap_are_due_once() -> None:
    """Several due times that are jumped over together make one, which is told as moved."""
    often = timing(ZoneInfo("Europe/Berlin"), when="daily at 02:05, 02:20, 02:50 and 03:10")
    dues = list(often.between(utc("2026-03-29T00:00"), utc("2026-03-29T12:00")))

    assert [(f"{due:%H:%M}", often.is_moved(due)) for due in dues] == [("01:00", True), ("01:10", False)]


def test_time_after_a_gap_is_not_moved() -> None:
    """Where the end of a gap is a due time itself, nothing was moved."""
    hourly = timing(ZoneInfo("Europe/Berlin"), cron="0 * * * *")
    dues = list(hourly.between(utc("2026-03-29T00:00"), utc("2026-03-29T02:00")))

    assert dues == [utc("2026-03-29T01:00"), utc("2026-03-29T02:00")]
    assert not any(map(hourly.is_moved, dues))


def test_interval_knows_no_clocks() -> None:
    """An interval goes on evenly while an hour is missing or comes twice, and is never moved."""
    every = timing(ZoneInfo("Europe/Berlin"), every="15 minutes")
    for day in ("2026-03-29", "2026-10-25"):
        dues = list(every.between(utc(f"{day}T00:00"), utc(f"{day}T04:00")))
        assert len(dues) == 16
        assert not any(map(every.is_moved, dues))


# In any zone

CLOCKS = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
WAYS = st.one_of(
    st.builds("daily at {}, {} and {}".format, CLOCKS, CLOCKS, CLOCKS).map(lambda text: {"when": text}),
    st.sampled_from(["*/20 * * * *", "7 * * * *", "0,30 0-3 * * *", "@daily"]).map(
        lambda text: {"cron": text}
    ),
    st.sampled_from(["7 minutes", "1 hour", "1 day"]).map(lambda text: {"every": text}),
)


@settings(max_examples=200, deadline=None)
@given(WAYS, places())
def test_ways_to_ask_agree(way: dict[str, str], place: Place) -> None:
    """Next, last, between and APScheduler's question name the same times, each of them once."""
    zone, start, until = place
    job = timing(zone, **way)
    dues = list(job.between(start, until))

    assert all(start < due <= until for due in dues)
    assert all(earlier < later for earlier, later in pairwise(dues))
    moment = start
    while moment <= until:
        behind = bisect_right(dues, moment)
        coming = dues[behind] if behind < len(dues) else None
        if coming:
            assert job.next(moment) == job.get_next_fire_time(moment, start) == coming
            assert job.get_next_fire_time(None, coming) == coming
        assert job.last(moment, start) == (dues[behind - 1] if behind else None)
        moment += 10 * MINUTE
    for due in dues:
        assert job.last(due, due) is None
        assert job.last(due, due - SECOND) == due
        assert job.next(due - SECOND) == due
    if "every" not in way:
        shown = [wall(due, zone) for due in dues]
        assert len(set(shown)) == len(shown)


def at_seven(moment: datetime) -> bool:
    """Tell whether it is seven sharp."""
    return (moment.hour, moment.minute) == (7, 0)


def way(form: str) -> dict[str, str]:
    """Return the key under which a form stands."""
    return {"cron" if "*" in form else "when": form}


def month_of(moment: datetime, days: int) -> int:
    """Return the month that it is some days later or earlier."""
    return (moment + timedelta(days=days)).month


MEANT: dict[str, Callable[[datetime], bool]] = {
    "every day at 02:30": lambda wall: (wall.hour, wall.minute) == (2, 30),
    "daily at midnight and noon": lambda wall: wall.hour in (0, 12) and wall.minute == 0,
    "* */2 * * *": lambda wall: wall.hour % 2 == 0,
    "*/20 0,1,2 1-31/2 * *": lambda wall: wall.minute % 20 == 0 and wall.hour < 3 and wall.day % 2 == 1,
    "10-50/20 * * * *": lambda wall: wall.minute in (10, 30, 50),
    "weekdays at 07:00": lambda wall: at_seven(wall) and wall.isoweekday() <= 5,
    "weekends at 07:00": lambda wall: at_seven(wall) and wall.isoweekday() >= 6,
    "mondays and sundays at 02:15": lambda wall: f"{wall:%a %H:%M}" in ("Mon 02:15", "Sun 02:15"),
    "friday to monday at 07:00": lambda wall: at_seven(wall) and f"{wall:%a}" in ("Fri", "Sat", "Sun", "Mon"),
    "first monday of the month at 07:00": lambda wall: (
        at_seven(wall) and f"{wall:%a}" == "Mon" and month_of(wall, -7) != wall.month
    ),
    "third sunday of the month at 01:30": lambda wall: (
        f"{wall:%a %H:%M}" == "Sun 01:30"
        and month_of(wall, -14) == wall.month
        and month_of(wall, -21) != wall.month
    ),
    "last sunday of the month at 02:30": lambda wall: (
        f"{wall:%a %H:%M}" == "Sun 02:30" and month_of(wall, 7) != wall.month
    ),
    "1st and 15th of the month at 07:00": lambda wall: at_seven(wall) and wall.day in (1, 15),
    "last day of the month at 07:00": lambda wall: at_seven(wall) and month_of(wall, 1) != wall.month,
}


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(MEANT)), places())
def test_forms_are_what_a_clock_on_the_wall_shows(form: str, place: Place) -> None:
    """Minute by minute: a job is due when the clock first shows its time, or has just jumped over it."""
    zone, start, until = place
    is_meant = MEANT[form]
    expected, shown = [], wall(start - timedelta(days=2), zone)
    moment = start - timedelta(days=2)
    while moment < until:
        moment += MINUTE
        # `shown` is the latest that the clock has shown: nothing new while it shows an hour again.
        reached, due = wall(moment, zone), False
        while shown < reached:
            shown += MINUTE
            due = due or is_meant(shown)
        if due and moment > start:
            expected.append(moment)

    assert list(timing(zone, **way(form)).between(start, until)) == expected


@pytest.mark.parametrize("form", [form for form in MEANT if "07:00" in form])
def test_plain_forms_through_the_years(form: str) -> None:
    """A form names the days that it says, over leap years too."""
    start, until = utc("2023-12-31T23:59"), utc("2028-03-01T23:59")
    hours = (start + MINUTE + timedelta(hours=hour) for hour in range(24 * 1522))
    expected = [moment for moment in hours if MEANT[form](moment.replace(tzinfo=None))]

    assert list(timing(ZoneInfo("UTC"), when=form).between(start, until)) == expected
