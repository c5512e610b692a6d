"""The small conversions, at their edges."""

from __future__ import annotations

import html
from datetime import UTC, date, datetime, timedelta, timezone
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmaker.notes.values import LONGEST, parse_clock, parse_duration
from feedmaker.text import (
    clock,
    escape,
    escape_attribute,
    long_date,
    plain_line,
    shorten,
    spoken_duration,
    utc,
)
from tests.content.episodes import hostile_text

WORDS = st.lists(st.text("abc,.—-", min_size=1, max_size=9), max_size=30).map(" ".join)


@given(hostile_text())
def test_escaped_text_reads_back_in_html_and_xml(text: str) -> None:
    """What is escaped comes back equal, in content and in an attribute, and holds no sign of markup."""
    content, value = escape(text), escape_attribute(text)

    assert html.unescape(content) == html.unescape(value) == text
    assert not set("<>") & set(content)
    assert not set('<>"') & set(value)
    element = ET.fromstring(f'<a b="{value}">{content}</a>')
    assert (element.get("b"), element.text) == (text, text)


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0, "00:00:00"), (59, "00:00:59"), (3600, "01:00:00"), (86_399, "23:59:59"), (360_000, "100:00:00")],
)
def test_clock_has_hours_minutes_and_seconds(seconds: int, written: str) -> None:
    """A time always has all three parts, and its hours go on after a day."""
    assert clock(seconds) == written


@given(st.integers(0, LONGEST))
def test_clock_is_read_back(seconds: int) -> None:
    """What we write as a time, a note may say."""
    assert parse_clock(clock(seconds)) == seconds


@pytest.mark.parametrize(
    ("seconds", "spoken"),
    [
        (0, "0s"),
        (59, "59s"),
        (60, "1m"),
        (3601, "1h 1s"),
        (5100, "1h 25m"),
        (3723, "1h 2m 3s"),
        (90_000, "25h"),
    ],
)
def test_duration_names_the_parts_that_it_has(seconds: int, spoken: str) -> None:
    """A length leaves out what is zero, is never empty, and counts hours past a day."""
    assert spoken_duration(seconds) == spoken


@given(st.integers(1, LONGEST))
def test_spoken_duration_is_read_back(seconds: int) -> None:
    """What we write as a length, a note may say."""
    assert parse_duration(spoken_duration(seconds)) == seconds


def test_utc_moves_the_zone() -> None:
    """A time in any zone is written in UTC."""
    east = timezone(timedelta(hours=5, minutes=30))

    assert utc(datetime(2024, 1, 1, 2, 0, 9, tzinfo=east)) == "2023-12-31T20:30:09Z"


@pytest.mark.parametrize(
    ("microseconds", "written"),
    [
        (0, "2024-01-01T02:00:09Z"),
        (1_000, "2024-01-01T02:00:09.001Z"),
        (999_999, "2024-01-01T02:00:09.999999Z"),
    ],
)
def test_utc_has_fractions_where_there_are_any(microseconds: int, written: str) -> None:
    """Whole seconds stay whole, and fractions are as short as they can be: milliseconds or microseconds."""
    assert utc(datetime(2024, 1, 1, 2, 0, 9, microseconds, tzinfo=UTC)) == written


def test_long_date_spells_the_month() -> None:
    """A date has its month as a word and no leading zero."""
    assert long_date(date(2016, 9, 7)) == "7 September 2016"
    assert {long_date(date(2020, month, 1)).split()[1] for month in (1, 12)} == {"January", "December"}


@pytest.mark.parametrize(
    ("text", "limit", "short"),
    [
        ("", 10, ""),
        ("  one\n\ttwo  ", 10, "one two"),
        ("ten chars!", 10, "ten chars!"),
        ("the tide comes in", 13, "the tide…"),
        ("the tide comes in", 15, "the tide comes…"),
        ("the tide, comes in", 12, "the tide…"),
        ("onelongwordthatgoeson", 10, "onelongwo…"),
        ("a onelongwordthatgoeson", 10, "a onelong…"),
        ("--------------------", 10, "…"),
    ],
)
def test_shorten_ends_at_a_word(text: str, limit: int, short: str) -> None:
    """Text is cut between words, after no comma; only a word that fills the line is cut itself."""
    assert shorten(text, limit) == short


@given(WORDS, st.integers(2, 120))
def test_shortened_text_fits_and_is_a_beginning(text: str, limit: int) -> None:
    """The result has at most `limit` characters and is the whole text or its beginning and an ellipsis."""
    whole = " ".join(text.split())
    short = shorten(text, limit)

    assert len(short) <= limit
    assert short == whole if len(whole) <= limit else whole.startswith(short.removesuffix("…"))
    assert short.endswith("…") or short == whole


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("250 taken", "250 taken"),
        ("  250  taken ", "250  taken"),
        ("\x1b[31m550\r\nno\u2028such\u202euser\x00", "[31m550  no such user"),
        ("Grüße, 日本", "Grüße, 日本"),
    ],
)
def test_plain_line_harms_nobody(said: str, line: str) -> None:
    """What cannot be shown becomes a space, and what stands at the ends goes."""
    assert plain_line(said) == line


@given(st.text())
def test_any_text_becomes_one_line(said: str) -> None:
    """Whatever a program says, all of it can be shown on one line."""
    line = plain_line(said)

    assert line.isprintable()
    assert line == line.strip()
