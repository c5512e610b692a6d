"""Times in plain English, as in "fridays at 09:00". Pure.

The grammar is small: an interval, or days and times of day. Words that only join others are left out first;
any other word has to be known, so that one which changes the meaning ("every other friday") is refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import time
from difflib import get_close_matches

from feedmaker.cron import parse_cron
from feedmaker.due import EVERY_DAY, EVERY_WEEKDAY, Calendar, Interval, Times, in_order

EXAMPLES = (
    "every 15 minutes",
    "every 2 hours",
    "hourly",
    "daily at 09:00",
    "every day at 09:00",
    "fridays at 09:00",
    "every monday at 09:00",
    "mondays and thursdays at 08:30",
    "weekdays at 07:00 and 19:00",
    "weekends at 10:00",
    "first monday of the month at 08:30",
    "last friday of the month at 17:00",
    "1st and 15th of the month at 06:00",
    "last day of the month at 18:00",
)
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ONE_WEEKDAY = {
    word: number for number, name in enumerate(_WEEKDAYS) for word in (name, f"{name}s", name[:3])
}
_SEVERAL_WEEKDAYS = {
    "weekday": frozenset(range(5)),
    "weekend": frozenset({5, 6}),
    "weekdays": frozenset(range(5)),
    "weekends": frozenset({5, 6}),
    "day": EVERY_WEEKDAY,
    "daily": EVERY_WEEKDAY,
}
_DAY_WORDS = {word: frozenset({number}) for word, number in _ONE_WEEKDAY.items()} | _SEVERAL_WEEKDAYS
_LAST = -1
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "last": _LAST}
_FILLERS = {"on", "at", "the", "and", "each", "every"}
_ALONE = {"minute": 1, "hour": 60}
_UNITS = {"m": 1, "h": 60, "d": 1440}
_SPELLINGS = (*_DAY_WORDS, *_ORDINALS, "hourly", "minutes", "hours", "month", "noon", "midnight")
INTERVAL = re.compile(r"([0-9]{1,5})\s*(m|mins?|minutes?|h|hours?|d|days?)")
_NUMBERED = re.compile(r"([0-9]{1,2})(st|nd|rd|th)")
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_HALF_DAY = re.compile(r"(1[0-2]|0?[1-9])(?::([0-5][0-9]))?(am|pm)")
_APART = re.compile(r"(?<=[0-9]) +(?=[ap]m\b)")


def minutes_of(text: str) -> int | None:
    """Read an interval such as 15 minutes; None where it is none."""
    found = INTERVAL.fullmatch(text.strip().lower())
    return int(found[1]) * _UNITS[found[2][0]] if found else None


def parse_when(text: str) -> Times:
    """Read an interval, or days and times of day, in plain English.

    Raises `ValueError` with a sentence that says what is not understood, and a form that would be.
    """
    spaced = " ".join(text.lower().replace(",", " ").replace("-", " to ").split())
    words = _APART.sub("", spaced).split()
    try:
        return _read(words)
    except ValueError as error:
        raise ValueError(f'"{text.strip()}" is not understood: {error}; {_advice(text, words)}') from None


def _read(words: Sequence[str]) -> Times:
    minutes = _interval(words)
    return Interval(minutes) if minutes else _calendar([word for word in words if word not in _FILLERS])


def _interval(words: Sequence[str]) -> int | None:
    if words == ["hourly"]:
        return 60
    if words[:1] not in (["every"], ["each"]):
        return None
    rest = " ".join(words[1:])
    return _ALONE.get(rest) or minutes_of(rest)


def _calendar(words: Sequence[str]) -> Calendar:
    """Read days and times of day, whichever comes first."""
    read = [_clock(word) for word in words]
    clocks = in_order(clock for clock in read if clock)
    days = [word for word, clock in zip(words, read, strict=True) if clock is None]
    numbers, weekdays = _days(days)
    if not clocks:
        raise ValueError("it names no time of day")
    if days not in (words[: len(days)], words[-len(days) :]):
        raise ValueError("days with times of their own are jobs of their own")
    return Calendar(clocks, days=numbers, weekdays=weekdays)


def _clock(word: str) -> time | None:
    if word in ("noon", "midnight"):
        return time(12 if word == "noon" else 0)
    if found := _CLOCK.fullmatch(word):
        return time(int(found[1]), int(found[2]))
    if found := _HALF_DAY.fullmatch(word):
        return time(int(found[1]) % 12 + 12 * (found[3] == "pm"), int(found[2] or 0))
    return None


def _days(words: Sequence[str]) -> tuple[frozenset[int], frozenset[int]]:
    """Return the days of the month and the weekdays that words name."""
    if not words:
        raise ValueError("it names no day")
    if words[-2:] == ["of", "month"]:
        return _days_of_month(words[:-2])
    if words[0] in ("month", "monthly"):
        return _days_of_month(words[1:])
    if len(words) == 3 and words[1] == "to" and words[0] in _ONE_WEEKDAY and words[2] in _ONE_WEEKDAY:
        first, last = _ONE_WEEKDAY[words[0]], _ONE_WEEKDAY[words[2]]
        return EVERY_DAY, frozenset((first + day) % 7 for day in range((last - first) % 7 + 1))
    for word in words:
        if _ordinal(word):
            raise ValueError(f'"{word}" goes with "of the month"')
        if word not in _DAY_WORDS:
            raise ValueError(f'"{word}" is no day and no time of day')
    return EVERY_DAY, frozenset().union(*(_DAY_WORDS[word] for word in words))


def _days_of_month(words: Sequence[str]) -> tuple[frozenset[int], frozenset[int]]:
    """Read ordinals, with "day", one weekday or nothing after them."""
    noun = words[-1] if words and not _ordinal(words[-1]) else ""
    numbers = [_ordinal(word) for word in (words[:-1] if noun else words)]
    if not numbers or 0 in numbers:
        raise ValueError("it names no day of the month such as first, last or 15th")
    if noun in _ONE_WEEKDAY:
        return frozenset().union(*map(_week, numbers)), frozenset({_ONE_WEEKDAY[noun]})
    if noun and (noun != "day" or numbers[-1] not in (1, _LAST)):
        # "Every second day of the month" is every other day to some and the 2nd to others.
        raise ValueError(f'"{words[-2]} {noun}" of a month is no day')
    if max(numbers) > 28:
        raise ValueError(f"not every month has a day {max(numbers)}, as each has a last day")
    return frozenset(numbers), EVERY_WEEKDAY


def _week(number: int) -> range:
    """Return the seven days of a month on which a weekday comes for the first, second or last time."""
    if number > 4:
        raise ValueError("not every month has five of a weekday, as each has a last one")
    return range(-7, 0) if number == _LAST else range(7 * number - 6, 7 * number + 1)


def _ordinal(word: str) -> int:
    """Read the place of a day in its month; 0 where a word names none."""
    found = _NUMBERED.fullmatch(word)
    number = int(found[1]) if found else _ORDINALS.get(word, 0)
    return number if number <= 31 else 0


def _advice(text: str, words: Sequence[str]) -> str:
    """Name what may have been meant: the same with words spelt right, or else the nearest forms."""
    if _is_cron(text):
        return 'five fields as in crontab stand under the key "cron"'
    mended = [_spelt(word) for word in words]
    if _is_understood(mended):
        return f'did you mean "{" ".join(mended)}"?'
    near = get_close_matches(" ".join(words), EXAMPLES, n=2, cutoff=0)
    return "write it for example as " + " or ".join(f'"{example}"' for example in near)


def _is_cron(text: str) -> bool:
    try:
        parse_cron(text)
    except ValueError:
        return False
    return True


def _spelt(word: str) -> str:
    known = word[0].isdigit() or word in _FILLERS
    near = [] if known else get_close_matches(word, _SPELLINGS, n=1, cutoff=0.6)
    return near[0] if near else word


def _is_understood(words: Sequence[str]) -> bool:
    try:
        _read(words)
    except ValueError:
        return False
    return True
