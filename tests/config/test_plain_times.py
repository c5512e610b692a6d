"""Times in plain English are read as people mean them, or refused with what would be right."""

from __future__ import annotations

from datetime import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedmaker.due import Calendar, Interval
from feedmaker.plain_times import EXAMPLES, parse_when

NINE = (time(9),)
WEEKDAYS = frozenset(range(5))


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("every 15 minutes", 15),
        ("Each 15 min", 15),
        ("every minute", 1),
        ("every 2 hours", 120),
        ("every hour", 60),
        ("hourly", 60),
        ("every 2 days", 2880),
    ],
)
def test_interval_is_read(text: str, minutes: int) -> None:
    """A number of minutes, hours or days is an interval."""
    assert parse_when(text) == Interval(minutes)


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("07:05", time(7, 5)),
        ("7:05", time(7, 5)),
        ("9am", time(9)),
        ("9 AM", time(9)),
        ("8:30 pm", time(20, 30)),
        ("12am", time(0)),
        ("12pm", time(12)),
        ("noon", time(12)),
        ("midnight", time(0)),
    ],
)
def test_time_of_day_is_read(text: str, clock: time) -> None:
    """Hours and minutes, halves of the day, noon, and midnight, with which a day begins."""
    assert parse_when(f"daily at {text}") == Calendar((clock,))


@pytest.mark.parametrize(
    ("text", "calendar"),
    [
        ("every day at 09:00", Calendar(NINE)),
        ("fridays at 09:00", Calendar(NINE, weekdays=frozenset({4}))),
        ("Friday, 9:00", Calendar(NINE, weekdays=frozenset({4}))),
        ("at 9am on fri", Calendar(NINE, weekdays=frozenset({4}))),
        ("monday, wednesday and friday at 09:00", Calendar(NINE, weekdays=frozenset({0, 2, 4}))),
        ("on Mondays and on Thursdays at 9am", Calendar(NINE, weekdays=frozenset({0, 3}))),
        ("each weekday at 09:00", Calendar(NINE, weekdays=WEEKDAYS)),
        ("monday-friday at 09:00", Calendar(NINE, weekdays=WEEKDAYS)),
        ("sat to mon at 09:00", Calendar(NINE, weekdays=frozenset({5, 6, 0}))),
        ("weekends and wednesday at 09:00", Calendar(NINE, weekdays=frozenset({2, 5, 6}))),
        ("daily at 19:30, 09:00 and at 19:30", Calendar((time(9), time(19, 30)))),
        (
            "every first Monday of each month at 9am",
            Calendar(NINE, days=frozenset(range(1, 8)), weekdays=frozenset({0})),
        ),
        (
            "every month on the 4th tuesday at 9am",
            Calendar(NINE, days=frozenset(range(22, 29)), weekdays=frozenset({1})),
        ),
        (
            "last friday of the month at 9am",
            Calendar(NINE, days=frozenset(range(-7, 0)), weekdays=frozenset({4})),
        ),
        (
            "first and third sunday of the month at 9am",
            Calendar(NINE, days=frozenset({*range(1, 8), *range(15, 22)}), weekdays=frozenset({6})),
        ),
        ("on the 1st of the month at 9am", Calendar(NINE, days=frozenset({1}))),
        ("the 1st and 15th of the month at 9am", Calendar(NINE, days=frozenset({1, 15}))),
        ("1st, 15th and last day of every month at 9am", Calendar(NINE, days=frozenset({1, 15, -1}))),
        ("monthly on the 28th at 9am", Calendar(NINE, days=frozenset({28}))),
    ],
)
def test_days_are_read(text: str, calendar: Calendar) -> None:
    """Letter case, commas and words that only join do not matter, and neither does what comes first."""
    assert parse_when(text) == calendar


@pytest.mark.parametrize("text", EXAMPLES)
def test_examples_are_understood(text: str) -> None:
    """What messages propose is right."""
    assert parse_when(text) is not None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it names no day"),
        ("at 09:00", 'it names no day; write it for example as "daily at 09:00"'),
        ("fridays", 'it names no time of day; write it for example as "fridays at 09:00"'),
        ("every day", "it names no time of day"),
        ("fridys at 09:00", '"fridys" is no day and no time of day; did you mean "fridays at 09:00"?'),
        ("every 15 minuts", 'did you mean "every 15 minutes"?'),
        ("fridays at 25:00", '"25:00" is no day and no time of day'),
        ("fridays at 9", '"9" is no day and no time of day'),
        ("fridays at 0:30pm", '"0:30pm" is no day'),
        ("every 0 minutes", '"0" is no day'),
        ("every 2 weeks", '"2" is no day'),
        ("every other friday at 09:00", '"other" is no day'),
        ("every second friday at 09:00", '"second" goes with "of the month"'),
        ("every second month on the first friday at 09:00", '"second" goes with "of the month"'),
        ("1st of every second month at 09:00", '"1st" goes with "of the month"'),
        ("every second day of the month at 09:00", '"second day" of a month is no day'),
        ("first weekday of the month at 09:00", '"first weekday" of a month is no day'),
        ("first monday and friday of the month at 09:00", "it names no day of the month"),
        ("40th of the month at 09:00", "it names no day of the month such as first, last or 15th"),
        ("of the month at 09:00", "it names no day of the month"),
        ("29th of the month at 09:00", "not every month has a day 29, as each has a last day"),
        ("31st of the month at 09:00", 'or "last day of the month at 18:00"'),
        ("fifth friday of the month at 09:00", "not every month has five of a weekday"),
        ("monday at 09:00 and thursday at 10:00", "days with times of their own are jobs of their own"),
        ("never on friday at 09:00", '"never" is no day'),
        ("0 9 * * fri", 'five fields as in crontab stand under the key "cron"'),
        ("@daily", 'five fields as in crontab stand under the key "cron"'),
        ("fridays at ٠٩:٠٠", "is no day and no time of day"),
    ],
)
def test_what_is_not_understood_is_said(text: str, message: str) -> None:
    """What is unknown, or means different things to different people, is refused with what would be right."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is looked at below
        parse_when(text)

    assert f'"{text}" is not understood: ' in str(caught.value)
    assert message in str(caught.value)


_WORDS = st.sampled_from(
    [*" ".join(EXAMPLES).split(), "31st", "fifth", "month", "to", "monthly", "noon", "9", "pm", "-", ",", "x"]
)


@settings(max_examples=500)
@given(st.lists(_WORDS, max_size=9).map(" ".join) | st.text(max_size=30))
def test_any_text_is_a_time_or_a_fault(text: str) -> None:
    """Any text is refused with a sentence, or is due at times of day, on days of which each month has one."""
    try:
        read = parse_when(text)
    except ValueError as error:
        assert " is not understood: " in str(error)  # noqa: PT017 - most texts are no time, not all
        return
    if isinstance(read, Interval):
        assert read.minutes > 0
    else:
        assert read.clocks == tuple(sorted(set(read.clocks)))
        assert read.clocks
        assert read.weekdays
        assert any(-28 <= day <= 28 for day in read.days)
