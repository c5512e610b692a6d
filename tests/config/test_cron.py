"""Cron expressions mean what crontab(5) says, and nothing that crons disagree about."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedmaker.cron import Cron, parse_cron

EVERY_MINUTE = frozenset(range(60))
EVERY_HOUR = frozenset(range(24))
EVERY_DAY = frozenset(range(1, 32))
EVERY_MONTH = frozenset(range(1, 13))
EVERY_WEEKDAY = frozenset(range(7))


def due(cron: Cron, moment: datetime) -> bool:
    """Tell whether a moment matches, as crontab(5) has it."""
    day, weekday = moment.day in cron.days, moment.weekday() in cron.weekdays
    either = day or weekday if not (cron.any_day or cron.any_weekday) else day and weekday
    at = moment.minute in cron.minutes and moment.hour in cron.hours
    return at and moment.month in cron.months and either


def test_stars_mean_always() -> None:
    """Five stars are every minute, with both day fields open."""
    assert parse_cron("* * * * *") == Cron(
        EVERY_MINUTE, EVERY_HOUR, EVERY_DAY, EVERY_MONTH, EVERY_WEEKDAY, any_day=True, any_weekday=True
    )


@pytest.mark.parametrize(
    ("text", "field", "numbers"),
    [
        ("5 * * * *", "minutes", {5}),
        ("*/15 * * * *", "minutes", {0, 15, 30, 45}),
        ("5-59/20 * * * *", "minutes", {5, 25, 45}),
        ("1,2,50-52 * * * *", "minutes", {1, 2, 50, 51, 52}),
        ("* 0-23/8 * * *", "hours", {0, 8, 16}),
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
        ("* * * * */2", "weekdays", {6, 1, 3, 5}),
        ("  07\t08   * * *  ", "hours", {8}),
    ],
)
def test_field_is_read(text: str, field: str, numbers: set[int]) -> None:
    """Numbers, names in any case, lists, ranges and steps; Sunday is 0 and 7, and Monday comes out as 0."""
    assert getattr(parse_cron(text), field) == numbers


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
    assert all(due(parse_cron(text), datetime.fromisoformat(moment)) for moment in moments)


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
    assert not due(parse_cron(text), datetime.fromisoformat(moment))


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
    assert due(parse_cron("0 0 31 2 mon"), datetime.fromisoformat("2026-02-02T00:00"))


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
    days = (datetime(2028, 1, 1) + timedelta(days=day) for day in range(8 * 366))  # noqa: DTZ001 - local times
    minute, hour = min(cron.minutes), min(cron.hours)
    assert any(due(cron, day.replace(hour=hour, minute=minute)) for day in days)
    assert cron.weekdays <= EVERY_WEEKDAY
    assert cron.days <= EVERY_DAY
    assert cron.months <= EVERY_MONTH
    assert cron.hours <= EVERY_HOUR
    assert cron.minutes <= EVERY_MINUTE
