"""Cron expressions mean what crontab(5) says, and nothing that crons disagree about."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedmaker.cron import parse_cron
from feedmaker.due import EVERY_DAY, EVERY_MONTH, EVERY_WEEKDAY, Calendar


def numbers_of(calendar: Calendar, field: str) -> set[int]:
    """Return the numbers of one field of cron; weekdays count from Monday = 0."""
    if field in ("minute", "hour"):
        return {getattr(clock, field) for clock in calendar.clocks}
    return set(getattr(calendar, field))


def local(text: str) -> datetime:
    """Read a wall time."""
    return datetime.fromisoformat(text)


def test_stars_mean_always() -> None:
    """Five stars are every minute of every day."""
    clocks = tuple(time(hour, minute) for hour in range(24) for minute in range(60))

    assert parse_cron("* * * * *") == Calendar(clocks)


@pytest.mark.parametrize(
    ("text", "field", "numbers"),
    [
        ("5 * * * *", "minute", {5}),
        ("*/15 * * * *", "minute", {0, 15, 30, 45}),
        ("5-59/20 * * * *", "minute", {5, 25, 45}),
        ("1,2,50-52 * * * *", "minute", {1, 2, 50, 51, 52}),
        ("* 0-23/8 * * *", "hour", {0, 8, 16}),
        ("* * 1,15,31 * *", "days", {1, 15, 31}),
        ("* * * jan,Feb,DEC *", "months", {1, 2, 12}),
        ("* * * mar-MAY *", "months", {3, 4, 5}),
        ("* * * * 0", "weekdays", {6}),
        ("* * * * 7", "weekdays", {6}),
        ("* * * * 1", "weekdays", {0}),
        ("* * * * sun", "weekdays", {6}),
        ("* * * * MON-fri", "weekdays", {0, 1, 2, 3, 4}),
        ("* * * * sun-tue", "weekdays", {6, 0, 1}),
        ("* * * * 5-7", "weekdays", {4, 5, 6}),
        ("* * * * sat-sun", "weekdays", {5, 6}),
        ("* * * * 0-7", "weekdays", set(range(7))),
        ("* * * * mon-sun", "weekdays", set(range(7))),
        ("* * * * 1-7/2", "weekdays", {0, 2, 4, 6}),
        ("* * * * */7", "weekdays", {6}),
        ("* * * * */2", "weekdays", {6, 1, 3, 5}),
        ("  07\t08   * * *  ", "hour", {8}),
    ],
)
def test_field_is_read(text: str, field: str, numbers: set[int]) -> None:
    """Numbers, names in any case, lists, ranges and steps; Sunday is 0 and 7, and Monday comes out as 0."""
    assert numbers_of(parse_cron(text), field) == numbers


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("@hourly", "0 * * * *"),
        ("@daily", "0 0 * * *"),
        ("@midnight", "0 0 * * *"),
        ("@Weekly", "0 0 * * 0"),
        ("@monthly", "0 0 1 * *"),
        ("@yearly", "0 0 1 1 *"),
        (" @ANNUALLY ", "0 0 1 1 *"),
    ],
)
def test_nickname_is_known(name: str, meaning: str) -> None:
    """The nicknames of crontab(5) are known, in any case."""
    assert parse_cron(name) == parse_cron(meaning)


@pytest.mark.parametrize(
    ("text", "moments"),
    [
        ("0 9 * * 1", ["2026-11-23T09:00"]),
        ("0 9 13 * 5", ["2026-11-13T09:00", "2026-11-20T09:00", "2026-12-13T09:00"]),
        ("0 9 1-31 * mon", ["2026-11-24T09:00"]),
        ("0 9 */1 * mon", ["2026-11-23T09:00"]),
    ],
)
def test_two_restricted_day_fields_match_either(text: str, moments: list[str]) -> None:
    """A restricted day and a restricted weekday are alternatives; an open one is none."""
    assert all(local(moment) in parse_cron(text) for moment in moments)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("0 9 * * 1", "2026-11-24T09:00"),
        ("0 9 13 * *", "2026-11-20T09:00"),
        ("0 9 */1 * mon", "2026-11-24T09:00"),
    ],
)
def test_open_day_field_does_not_match_alone(text: str, moment: str) -> None:
    """A star in one day field leaves the decision to the other."""
    assert local(moment) not in parse_cron(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected five fields (minute hour day month weekday) and found 0"),
        ("* * * *", "and found 4"),
        ("0 0 9 * * 1", "and found 6"),
        ("@reboot", '"@reboot" is not known; known are @hourly, @daily'),
        ("60 * * * *", 'minute: "60" is not known; expected a number from 0 to 59'),
        ("* 24 * * *", 'hour: "24" is not known; expected a number from 0 to 23'),
        ("* * 0 * *", 'day: "0" is not known; expected a number from 1 to 31'),
        ("* * * 13 *", 'month: "13" is not known; expected a number from 1 to 12 or a name such as feb'),
        ("* * * * 8", 'weekday: "8" is not known; expected a number from 0 to 7 or a name such as mon'),
        ("* * * * monday", 'weekday: "monday" is not known'),
        ("mon * * * *", 'minute: "mon" is not known'),
        ("-5 * * * *", 'minute: "" is not known'),
        ("5- * * * *", 'minute: "" is not known'),
        ("1,,2 * * * *", 'minute: "" is not known'),
        ("1-2-3 * * * *", 'minute: "2-3" is not known'),
        ("*5 * * * *", 'minute: "*5" is not known'),
        ("٥ * * * *", 'minute: "٥" is not known'),
        ("1.5 * * * *", 'minute: "1.5" is not known'),
        ("5/10 * * * *", 'minute: "5/10" needs a range, as in "5-59/10"'),
        ("*/0 * * * *", 'minute: "/0" is no step; expected a number from 1 to 59'),
        ("*/x * * * *", 'minute: "/x" is no step'),
        ("*/ * * * *", 'minute: "/" is no step'),
        ("*/90 * * * *", 'minute: "/90" is no step'),
        ("50-10 * * * *", 'minute: "50-10" goes backwards; write it as two ranges, with a comma'),
        ("* * * * fri-mon", 'weekday: "fri-mon" goes backwards'),
        ("0 0 31 2 *", 'day: "31" is in no month of "2", so it would never be due'),
        ("0 0 30,31 feb *", 'day: "30,31" is in no month of "feb"'),
        ("0 0 31 4,6,9,11 *", "so it would never be due"),
        ("0 0 */2 * mon", 'day: "*/2" beside "mon" means different things to different crons'),
        ("0 0 5,* * mon", 'day: "5,*" beside "mon" means different things to different crons'),
        ("0 0 1 * */2", 'weekday: "*/2" beside "1" means different things to different crons'),
    ],
)
def test_fault_names_its_field(text: str, message: str) -> None:
    """What is wrong is said in a sentence that names the field and what would be right."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is looked at below
        parse_cron(text)

    assert message in str(caught.value)


def test_leap_day_is_due_some_day() -> None:
    """29 February is a day, and 31 on any weekday of February is that weekday."""
    assert parse_cron("0 0 29 2 *").days == {29}
    assert local("2026-02-02T00:00") in parse_cron("0 0 31 2 mon")


_NUMBERS = st.integers(0, 75)
_PARTS = st.one_of(
    st.just("*"),
    _NUMBERS.map(str),
    st.builds("{}-{}".format, _NUMBERS, _NUMBERS),
    st.builds("*/{}".format, _NUMBERS),
    st.builds("{}-{}/{}".format, _NUMBERS, _NUMBERS, _NUMBERS),
    st.sampled_from(["mon", "sun", "jan", "mon-fri", "", "?", "L", "#", "x"]),
)
_FIELD = st.lists(_PARTS, min_size=1, max_size=3).map(",".join)


@settings(max_examples=400)
@given(st.lists(_FIELD, min_size=4, max_size=6).map(" ".join) | st.text(max_size=12))
def test_any_text_is_a_schedule_or_a_fault(text: str) -> None:
    """Any text is refused with a sentence, or is due within the eight years that hold every leap day."""
    try:
        cron = parse_cron(text)
    except ValueError as error:
        assert str(error)  # noqa: PT017 - most texts are no schedule, not all
        return
    start = datetime(2028, 1, 1)  # noqa: DTZ001 - a wall time
    wall = cron.next(start)
    assert wall in cron
    assert wall - start < timedelta(days=8 * 366)
    assert cron.weekdays <= EVERY_WEEKDAY
    assert cron.days <= EVERY_DAY
    assert cron.months <= EVERY_MONTH
