"""Dates are read as the formats have them, and every other form is told apart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmaker.lint.dates import read_rfc822, read_rfc3339

_ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
_SECONDS = st.integers(-(2**31), 253_000_000_000)
_MOMENTS = st.builds(datetime.fromtimestamp, _SECONDS, _ZONES)


@given(moment=_MOMENTS)
def test_dates_that_others_write_are_read(moment: datetime) -> None:
    """What the standard library writes is accepted, and means the same time."""
    assert read_rfc822(format_datetime(moment)) == (moment, ())
    assert read_rfc3339(moment.isoformat()) == (moment, ())
    assert read_rfc822(format_datetime(moment.astimezone(UTC), usegmt=True)) == (moment, ())


@given(text=st.text(max_size=40) | st.from_regex(r"[\d T:Z+.-]{10,30}"))
def test_any_text_is_no_accident(text: str) -> None:
    """Any text is read as a date or refused with a code, and never raises."""
    for read in (read_rfc822(text), read_rfc3339(text)):
        assert read.moment is not None or read.codes


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Mon, 02 Nov 2026 08:00:00 GMT", ()),
        ("02 Nov 2026 08:00 GMT", ()),
        ("Mon, 2 Nov 2026 08:00:60 -0500", ()),
        ("Mon, 02 Nov 2026 08:00:00 UTC", ("date-zone-name",)),
        ("Mon, 02 Nov 2026 08:00:00 CET", ("date-not-rfc-822",)),
        ("Mon, 02 Nov 26 08:00:00", ("date-two-digit-year", "date-without-zone")),
        ("Sun, 02 Nov 2026 08:00:00 GMT", ("date-weekday",)),
        ("Mon, 02 nov 2026 08:00:00 GMT", ("date-not-rfc-822",)),
        ("Mon, 32 Nov 2026 08:00:00 GMT", ("date-impossible",)),
        ("Mon, 02 Nov 2026 25:00:00 GMT", ("date-impossible",)),
        ("Mon, 02 Nov 2026 08:00:00 +9999", ("date-impossible",)),
        ("2026-11-02T08:00:00Z", ("date-not-rfc-822",)),
        ("", ("date-not-rfc-822",)),
    ],
)
def test_faults_of_rss_dates(text: str, codes: tuple[str, ...]) -> None:
    """Each fault of a date of RSS has its own code."""
    assert read_rfc822(text).codes == codes


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("2026-11-02T08:00:00Z", ()),
        ("2026-11-02T08:00:00.123456789-05:00", ()),
        ("2026-12-31T23:59:60Z", ()),
        ("2026-11-02t08:00:00z", ("date-not-rfc-3339",)),
        ("2026-11-02 08:00:00Z", ("date-not-rfc-3339",)),
        ("2026-11-02T08:00Z", ("date-not-rfc-3339",)),
        ("2026-11-02T08:00:00", ("date-without-zone",)),
        ("2026-13-02T08:00:00Z", ("date-impossible",)),
        ("0000-01-01T00:00:00Z", ("date-impossible",)),
        ("0001-01-01T00:00:00+12:00", ("date-impossible",)),
        ("Mon, 02 Nov 2026 08:00:00 GMT", ("date-not-rfc-3339",)),
    ],
)
def test_faults_of_atom_dates(text: str, codes: tuple[str, ...]) -> None:
    """Each fault of a date of Atom or JSON Feed has its own code."""
    assert read_rfc3339(text).codes == codes
