"""The keys of a mapping in front matter: each value read by its kind, each fault where it stands. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from feedmaker.marked_yaml import Document, Mark, Path
from feedmaker.notes.faults import Faults
from feedmaker.notes.lines import one_line
from feedmaker.notes.speech import bad_time
from feedmaker.notes.values import parse_clock
from feedmaker.text import nearest, shorten
from feedmaker.uri import web_address

T = TypeVar("T")
_NUMBER = re.compile(r"0*[1-9][0-9]{0,8}")
_FLAGS = {"true": True, "yes": True, "false": False, "no": False}


class Keys:
    """Read the values of one mapping of a YAML document, of which only the known keys may be there.

    `path` leads to the mapping; what is said about a mapping inside another begins with its first key. An
    absent or empty value is None, and so is one that was reported.
    """

    def __init__(
        self, value: Any, path: Path, known: Sequence[str], document: Document, faults: Faults
    ) -> None:
        self.path = path
        self.document = document
        self.faults = faults
        self.is_mapping = isinstance(value, dict)
        self.values: dict[str, Any] = value if self.is_mapping else {}
        if not self.is_mapping:
            prefix = f"{path[0]}: " if path else ""
            self.fault("bad-value", f"{prefix}expected keys and values such as `{known[0]}: …`")
        for key in self.values:
            if key not in known and not faults.full:
                message = f'unknown key "{shorten(key, 60)}"; {nearest(key, known)}'
                faults.error(document.where_key((*path, key)), "unknown-key", message)

    def text(self, key: str) -> str | None:
        """Read one line of text; line breaks inside become spaces."""
        return self.read(key, lambda value: one_line(value) or None, "expected text")

    def address(self, key: str) -> str | None:
        """Read a web address."""
        expected = "expected a web address such as https://example.org/a.jpg"
        return self.read(key, lambda value: or_none(web_address, value), expected)

    def number(self, key: str) -> int | None:
        """Read a whole number from 1."""
        expected = "expected a whole number from 1"
        return self.read(key, lambda value: int(value) if _NUMBER.fullmatch(value) else None, expected)

    def flag(self, key: str) -> bool | None:
        """Read true or false."""
        return self.read(key, lambda value: _FLAGS.get(value.lower()), "expected true or false")

    def clock(self, key: str) -> int | None:
        """Read a time in a recording, in seconds."""
        return self.read(key, parse_clock, bad_time("{}"), "bad-time")

    def items(self, key: str) -> list[Any]:
        """Return the values of a list; a lone one may stand without brackets."""
        value = self.values.get(key)
        if isinstance(value, dict):
            self.fault("bad-value", f"{key}: expected a list", key)
            return []
        return value if isinstance(value, list) else [] if value is None else [value]

    def words(self, key: str) -> tuple[str, ...]:
        """Read a list of single words or names, each once."""
        found = (self._word(key, index, value) for index, value in enumerate(self.items(key)))
        return tuple(dict.fromkeys(word for word in found if word))

    def _word(self, key: str, index: int, value: Any) -> str | None:
        if value is None or isinstance(value, str):
            return one_line(value or "") or None
        self.fault("bad-value", f"{key}: expected text", key, index)
        return None

    def is_absent(self, key: str) -> bool:
        """Tell whether a key is not there or has no value."""
        value = self.values.get(key)
        return value is None or (isinstance(value, str) and not one_line(value))

    def where(self, *path: str | int) -> Mark:
        """Return the place of a value below this mapping."""
        return self.document.where((*self.path, *path))

    def fault(self, code: str, message: str, *path: str | int) -> None:
        """Report what is wrong with a value below this mapping."""
        self.faults.error(self.where(*path), code, message)

    def read(
        self, key: str, parse: Callable[[str], T | None], expected: str, code: str = "bad-value"
    ) -> T | None:
        """Read a value with `parse`, for which None is a fault; `{}` in the message stands for the value."""
        if self.is_absent(key):
            return None
        value = self.values[key]
        found = parse(one_line(value)) if isinstance(value, str) else None
        if found is None:
            prefix = "" if "{}" in expected else f"{self.path[0] if self.path else key}: "
            shown = shorten(value, 60) if isinstance(value, str) else "…"
            self.fault(code, prefix + expected.replace("{}", shown), key)
        return found


def or_none(parse: Callable[[str], T], value: str) -> T | None:
    """Parse a value; None where that raises ValueError."""
    try:
        return parse(value)
    except ValueError:
        return None
