"""Due times of cron expressions, compared with those of another implementation of cron, in all time zones.

cronsim does what Debian's cron does, which differs from feedmaker's rule where clocks change, and only for
jobs with a star in their hour or minute: those it runs in real time, so that an hour that comes twice has
them twice, and nothing makes up for what fell into a gap. feedmaker runs every wall time once, whatever the
expression looks like: the first time, or when clocks have jumped over it. So for these jobs repeated wall
times are taken out of what cronsim says, and the end of a gap that holds a due time is put in. It steps
from hour to hour and from midnight to midnight, and so misses times, or never ends, in years in which clocks
are not put from one full hour to another, or jump over a midnight. For these jobs such years are left to
test_clock_changes.py, which goes minute by minute.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from feedmaker.config import Job
from feedmaker.cron import parse_cron
from feedmaker.timing import Timing
from tests.scheduling.clocks import changes, changes_of_year, places, wall

SECOND = timedelta(seconds=1)


def field(least: int, greatest: int, *names: str) -> st.SearchStrategy[str]:
    """Make texts of a field: lists of numbers, names, ranges and steps, without stars."""
    numbers = st.integers(least, greatest)
    spans = st.lists(numbers, min_size=2, max_size=2, unique=True).map(sorted)
    steps = st.integers(1, greatest - least)
    part = st.one_of(
        numbers.map(str),
        spans.map("{0[0]}-{0[1]}".format),
        st.builds("{0[0]}-{0[1]}/{1}".format, spans, steps),
        *([st.sampled_from(names)] if names else []),
    )
    return st.lists(part, min_size=1, max_size=3).map(",".join)


def open_field(least: int, greatest: int) -> st.SearchStrategy[str]:
    """Make texts of a field that begin with a star."""
    return st.just("*") | st.integers(1, greatest - least).map("*/{}".format)


def is_understood(text: str) -> bool:
    """Tell whether feedmaker takes an expression, which it does not where crons differ."""
    try:
        parse_cron(text)
    except ValueError:
        return False
    return True


MINUTES, HOURS = field(0, 59), field(0, 23)
ANY_MINUTE, ANY_HOUR = open_field(0, 59), open_field(0, 23)
OFTEN = st.just("*")
DAYS = OFTEN | OFTEN | open_field(1, 31) | field(1, 31)
MONTHS = OFTEN | OFTEN | OFTEN | field(1, 12, "jan", "MAR", "oct")
WEEKDAYS = OFTEN | OFTEN | open_field(0, 6) | field(0, 7, "mon", "Sun", "FRI", "mon-fri", "sun-tue")
FIXED = st.tuples(MINUTES, HOURS, DAYS, MONTHS, WEEKDAYS).map(" ".join).filter(is_understood)
IN_REAL_TIME = (
    (
        st.tuples(ANY_MINUTE, HOURS | ANY_HOUR, DAYS, OFTEN, WEEKDAYS)
        | st.tuples(MINUTES, ANY_HOUR, DAYS, OFTEN, WEEKDAYS)
    )
    .map(" ".join)
    .filter(is_understood)
)


def ours(text: str, zone: ZoneInfo, start: datetime, until: datetime) -> list[datetime]:
    """Return the due times of a job with this expression, after the start and up to the end."""
    job = Job.model_validate({"name": "job", "run": "build", "cron": text})
    return list(Timing(job, zone).between(start, until))


def theirs(text: str, zone: ZoneInfo, start: datetime, until: datetime) -> list[datetime]:
    """Return when cronsim would run it."""
    found = []
    for due in CronSim(text, start.astimezone(zone)):
        if due.astimezone(UTC) > until:
            break
        found.append(due.astimezone(UTC))
    return found


def is_regular(zone: ZoneInfo, year: int) -> bool:
    """Tell whether all changes of a year are from one full hour to another, and none skips a midnight."""
    return not any(
        change.before.minute
        or change.after.minute
        or change.before <= change.after.replace(hour=0) < change.after
        for change in changes_of_year(zone.key, year)
    )


@settings(max_examples=300, deadline=None)
@given(FIXED, places())
def test_fixed_times_are_those_of_another_cron(text: str, place: tuple[ZoneInfo, datetime, datetime]) -> None:
    """Jobs at fixed times are due exactly when another cron runs them, through every change of clocks."""
    zone, start, until = place

    assert ours(text, zone, start, until) == theirs(text, zone, start, until)


@settings(max_examples=300, deadline=None)
@given(IN_REAL_TIME, places())
def test_stars_are_those_of_another_cron_but_once(
    text: str, place: tuple[ZoneInfo, datetime, datetime]
) -> None:
    """Jobs with stars are due as elsewhere, but once where an hour comes twice, and once after a gap."""
    zone, start, until = place
    assume(is_regular(zone, start.year) and is_regular(zone, start.year + 1))
    expected: dict[datetime, datetime] = {}
    for due in theirs(text, zone, start, until):
        expected.setdefault(wall(due, zone), due)
    for change in changes(zone, start, until):
        # A naive cronsim knows no changes, so it also tells what is due within the gap.
        within = next(CronSim(text, change.before - SECOND)) < change.after
        if change.before < change.after and within and change.at <= until:
            expected[change.after] = change.at

    assert ours(text, zone, start, until) == sorted(expected.values())


@settings(max_examples=50, deadline=None)
@given(FIXED | IN_REAL_TIME, st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1)))  # noqa: DTZ001
def test_long_spans_are_those_of_another_cron(text: str, start: datetime) -> None:
    """Without changes of clocks the next due times are the same, however far away."""
    start = start.replace(second=0, microsecond=0, tzinfo=UTC)
    expected = theirs(text, ZoneInfo("UTC"), start, start + timedelta(days=40))

    assert ours(text, ZoneInfo("UTC"), start, start + timedelta(days=40)) == expected
