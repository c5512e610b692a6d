"""Small conversions of text that several stages share. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from difflib import get_close_matches
from functools import lru_cache
from typing import Literal
from unicodedata import bidirectional, normalize

_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_LONGEST_WORD = 60
LANGUAGE_TAG = r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*"
"""The form of a language tag such as en or pt-BR (RFC 5646), as far as we look."""

_FROM_RIGHT = frozenset(
    {"ar", "ckb", "dv", "fa", "he", "iw", "ks", "nqo", "ps", "sd", "syr", "ug", "ur", "yi"}
)
_SCRIPTS_FROM_RIGHT = frozenset({"adlm", "arab", "hebr", "nkoo", "rohg", "syrc", "thaa"})

# Other white space, such as a no-break space, is somebody's choice.
_BREAKS = re.compile(r"[ \t\r\n]+")


@lru_cache(maxsize=8192)
def alike(tag: str) -> str:
    """Return what is equal for tags that are one: capitals, white space and hyphens make no difference."""
    return " ".join(normalize("NFKC", tag).casefold().replace("-", " ").split()) or tag


def escape(text: str) -> str:
    """Escape text for the content of HTML and XML elements; quotation marks stay what they are."""
    # Three passes in C are several times as fast as one with str.translate.
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def escape_attribute(text: str) -> str:
    """Escape text for an attribute value in double quotation marks."""
    return escape(text).replace('"', "&quot;")


def clock(seconds: int) -> str:
    """Write a time in a recording as HH:MM:SS, the form that podcast apps turn into links."""
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def spoken_duration(seconds: int) -> str:
    """Write a length the way notes do: 1h 25m, 45m, 1h 2m 3s; and 0s, so that no length is empty."""
    parts = ((seconds // 3600, "h"), (seconds // 60 % 60, "m"), (seconds % 60, "s"))
    return " ".join(f"{number}{unit}" for number, unit in parts if number) or "0s"


def utc(moment: datetime) -> str:
    """Write a zoned time as RFC 3339 in UTC: 2026-11-23T08:00:00Z, with fractions where it has any."""
    moment = moment.astimezone(UTC).replace(tzinfo=None)
    is_in_milliseconds = moment.microsecond and moment.microsecond % 1000 == 0
    return f"{moment.isoformat(timespec='milliseconds' if is_in_milliseconds else 'auto')}Z"


def long_date(day: date) -> str:
    """Write a date that nobody can misread: 27 September 2016."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def direction(language: str) -> Literal["ltr", "rtl"]:
    """Return the direction in which a language, such as en or ar-EG, is written."""
    first, *others = language.lower().split("-")
    script = next((part for part in others if len(part) == 4 and part.isalpha()), None)
    from_right = script in _SCRIPTS_FROM_RIGHT if script else first in _FROM_RIGHT
    return "rtl" if from_right else "ltr"


def isolated(text: str) -> str:
    """Keep a text that is written from the right from turning round what stands beside it (UAX 9)."""
    is_from_right = not text.isascii() and any(bidirectional(sign) in ("R", "AL") for sign in text)
    return f"\u2068{text}\u2069" if is_from_right else text


def shorten(text: str, limit: int) -> str:
    """Cut text at a word so that it and an ellipsis have at most `limit` characters."""
    text = " ".join(filter(None, _BREAKS.split(text)))
    if len(text) <= limit:
        return text
    head = text[:limit]
    cut = head.rsplit(" ", 1)[0] if " " in head[limit // 2 :] else head[:-1]
    return cut.rstrip(" ,;:.-–—") + "…"


def plain_line(text: str) -> str:
    """Write what a program elsewhere said so that it cannot steer a terminal or break a line.

    Signs that cannot be shown become spaces, and white space at both ends goes.
    """
    shown = text if text.isprintable() else "".join(sign if sign.isprintable() else " " for sign in text)
    return shown.strip()


def nearest(word: str, known: Iterable[str]) -> str:
    """Write the hint that ends a message about an unknown word."""
    known = list(known)
    return meant(word, known) or "known here: " + ", ".join(known)


def meant(word: str, known: Iterable[str]) -> str:
    """Ask whether an unknown word is meant for the nearest that is known; nothing where none is near."""
    near = get_close_matches(word[:_LONGEST_WORD], known, n=1, cutoff=0.5)
    return f'did you mean "{near[0]}"?' if near else ""
