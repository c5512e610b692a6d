"""Cron expressions, with cron's own meaning (crontab(5)). Pure.

Sunday is 0 or 7 and Monday 1; where both the day of the month and the weekday are restricted, either may
match. What crons disagree about is refused, because a newsletter on the wrong day cannot be taken back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from itertools import product

from feedmaker.due import Calendar, in_order

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_LONGEST_MONTHS = dict(zip(range(1, 13), (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31), strict=True))
_NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_SUNDAY = 7


@dataclass(frozen=True, slots=True)
class _Field:
    """Describe one of the five fields: the least and greatest number, and names for numbers."""

    name: str
    least: int
    greatest: int
    names: tuple[str, ...] = ()


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("weekday", 0, _SUNDAY, _WEEKDAYS),
)


def parse_cron(text: str) -> Calendar:
    """Read five fields as in crontab(5), or one of its nicknames such as @daily.

    Raises `ValueError` with a sentence that names the field and says what would be right.
    """
    words = text.split()
    if len(words) == 1 and words[0].startswith("@"):
        words = _nickname(words[0]).split()
    if len(words) != len(_FIELDS):
        raise ValueError(
            f"expected five fields (minute hour day month weekday) and found {len(words)}; "
            'for example "30 7 * * mon-fri"'
        )
    minutes, hours, days, months, weekdays = map(_numbers, _FIELDS, words)
    any_day, any_weekday = _is_open(words[2], days, _FIELDS[2]), _is_open(words[4], weekdays, _FIELDS[4])
    _refuse_half_open(words[2], words[4], any_day, any_weekday)
    if any_weekday and not any(day <= _LONGEST_MONTHS[month] for day, month in product(days, months)):
        raise ValueError(f'day: "{words[2]}" is in no month of "{words[3]}", so it would never be due')
    from_monday = frozenset((day - 1) % 7 for day in weekdays)
    clocks = in_order(time(hour, minute) for hour, minute in product(hours, minutes))
    return Calendar(clocks, months, days, from_monday, either=not (any_day or any_weekday))


def _nickname(word: str) -> str:
    try:
        return _NICKNAMES[word.lower()]
    except KeyError:
        known = ", ".join(_NICKNAMES)
        raise ValueError(f'"{word}" is not known; known are {known}') from None


def _numbers(field: _Field, text: str) -> frozenset[int]:
    return frozenset(number for part in text.split(",") for number in _part(field, part))


def _part(field: _Field, text: str) -> range:
    """Read one part of a list: `*`, a number or a range, the first and last with a step or without."""
    span, slash, step = text.partition("/")
    size = _step(field, step) if slash else 1
    if span == "*":
        return range(field.least, field.greatest + 1, size)
    first, dash, last = span.partition("-")
    if slash and not dash:
        raise ValueError(f'{field.name}: "{text}" needs a range, as in "{span}-{field.greatest}/{step}"')
    start = _number(field, first)
    if not dash:
        return range(start, start + 1)
    end = _number(field, last)
    if field.names is _WEEKDAYS and end == 0 < start:
        end = _SUNDAY
    if end < start:
        raise ValueError(f'{field.name}: "{span}" goes backwards; write it as two ranges, with a comma')
    return range(start, end + 1, size)


def _step(field: _Field, text: str) -> int:
    size = int(text) if _is_number(text) else 0
    most = field.greatest - field.least
    if not 0 < size <= most:
        raise ValueError(f'{field.name}: "/{text}" is no step; expected a number from 1 to {most}')
    return size


def _number(field: _Field, text: str) -> int:
    if text.lower() in field.names:
        return field.names.index(text.lower()) + (field.names is _MONTHS)
    if _is_number(text) and field.least <= int(text) <= field.greatest:
        return int(text)
    expected = f"a number from {field.least} to {field.greatest}"
    names = f" or a name such as {field.names[1]}" if field.names else ""
    raise ValueError(f'{field.name}: "{text}" is not known; expected {expected}{names}')


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 3


def _is_open(text: str, numbers: frozenset[int], field: _Field) -> bool:
    return text.startswith("*") and len(numbers) == field.greatest - field.least + 1


def _refuse_half_open(day: str, weekday: str, any_day: bool, any_weekday: bool) -> None:
    """Refuse `*/2` and `5,*` beside a restricted field: to some crons both must match, to others either."""
    if not any_day and not any_weekday and "*" in day + weekday:
        field, text = ("day", day) if "*" in day else ("weekday", weekday)
        raise ValueError(
            f'{field}: "{text}" beside "{weekday if field == "day" else day}" means different things to '
            "different crons; write the numbers out"
        )
