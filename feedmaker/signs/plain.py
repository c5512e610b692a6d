"""Values of any kind as text and data that harm neither a terminal nor a program that reads JSON. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Set
from datetime import datetime, timedelta

from feedmaker.text import utc

_DEEPEST = 5
_LARGEST_NUMBER = 2**63
# Control characters, what turns text round, and halves of characters, which file names can hold.
_HARMFUL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def harmless(text: str) -> str:
    """Write characters that could steer a terminal or break a line as escapes, as Python writes them."""
    return _HARMFUL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def _time(moment: datetime) -> str:
    return utc(moment.replace(microsecond=0))[:-1] + f".{moment.microsecond // 1000:03}Z"


def plain(value: object, depth: int = 0) -> object:
    """Return what JSON can hold of anything, without ever failing."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) < _LARGEST_NUMBER:
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, datetime) and value.tzinfo:
        return _time(value)
    if isinstance(value, Mapping) and depth < _DEEPEST:
        return {_text(key): plain(each, depth + 1) for key, each in value.items()}
    if isinstance(value, list | tuple | Set) and depth < _DEEPEST:
        return [plain(each, depth + 1) for each in value]
    return _text(value)


def _text(value: object) -> str:
    """Write anything as text in UTF-8, even where it cannot be written."""
    try:
        return str(value).encode("utf-8", "backslashreplace").decode()
    except Exception:  # noqa: BLE001 - a fact that cannot be told must not keep the event from being told
        return f"<{type(value).__name__}>"
