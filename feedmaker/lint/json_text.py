"""The text of a JSON document: tokens, places and what is wrong before any meaning. Pure.

Faults that can be mended are reported and mended, so that the rest of the document is looked at too.
"""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import dataclass, field

from feedmaker.lint.findings import START, Path, Problem, Spot, parse_rules, shown, spot_at

RULES = parse_rules(
    """
    json-syntax error 8 RFC 8259, 2
        A JSON Feed is JSON.
        correct the place; no reader shows a feed that is no JSON
    json-trailing-comma error 8 RFC 8259, 4
        No comma stands behind the last member or element.
        take the comma out
    json-duplicate-member error 8 RFC 8259, 4
        An object has no two members of one name, for readers keep either.
        keep one of them
    json-null error 8 JSON Feed 1.1; known readers
        A member without a value is left out, for readers stumble over null.
        leave the member out
    """
)
MAX_DEPTH = 60
_ENOUGH = 250
_TOKEN = re.compile(
    r'[ \t\r\n]*(?P<part>"(?:[^"\\\x00-\x1f]|\\.)*"|[{}\[\],:]|-?\d[\d.eE+-]*|true|false|null)', re.DOTALL
)


@dataclass(slots=True)
class _Level:
    """Hold an object or list that is open: its path, the names seen, and what comes next."""

    path: Path
    is_object: bool
    names: set[str] = field(default_factory=set)
    name: str | None = None
    count: int = 0


class JsonText:
    """Read a JSON document, noting and mending what is wrong with it.

    `value` is what it says, or None where it cannot be read; `offsets` tells where each value begins.
    """

    def __init__(self, data: bytes) -> None:
        self.problems: list[Problem] = []
        self.offsets: dict[Path, int] = {}
        self.value: object = None
        self.text = self._decode(data)
        self._levels: list[_Level] = []
        self._commas: list[int] = []
        if self._scan():
            self._load()

    def spot(self, path: Path) -> Spot:
        """Return where a value begins, or the nearest one around it."""
        while path and path not in self.offsets:
            path = path[:-1]
        return spot_at(self.text, self.offsets.get(path, 0))

    def _note(self, code: str, what: str, offset: int) -> None:
        if len(self.problems) < _ENOUGH:
            self.problems.append(Problem(code, what, spot_at(self.text, offset)))

    def _decode(self, data: bytes) -> str:
        if data.startswith(codecs.BOM_UTF8):
            self.problems.append(Problem("byte-order-mark", "the document begins with U+FEFF", START))
            data = data.removeprefix(codecs.BOM_UTF8)
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            before = data[: error.start].decode()
            what = f"the byte 0x{data[error.start]:02X} is not UTF-8"
            self.problems.append(Problem("not-utf-8", what, spot_at(before, len(before))))
            return data.decode("utf-8", "replace")

    def _scan(self) -> bool:
        """Go through the parts; return whether the text is worth loading."""
        position, comma, before = 0, 0, ""
        while found := _TOKEN.match(self.text, position):
            part, offset = found["part"], found.start("part")
            if part in "}]" and before == ",":
                self._note("json-trailing-comma", "a comma stands before the end of a list or object", comma)
                self._commas.append(comma)
            if not self._take(part, offset):
                self._note("json-syntax", f"the document is nested more than {MAX_DEPTH} deep", offset)
                return False
            if part == ",":
                comma = offset
            position, before = found.end(), part
        return True

    def _take(self, part: str, offset: int) -> bool:
        """Follow one part; return False where the document is nested too deeply."""
        level = self._levels[-1] if self._levels else None
        if part in "}]":
            self._levels[-1:] = []
        elif part == "," and level:
            level.count, level.name = level.count + 1, None
        elif level and level.is_object and level.name is None:
            self._take_name(level, part, offset)
        elif part not in ":,":
            self._take_value(level, part, offset)
        return len(self._levels) <= MAX_DEPTH

    def _take_name(self, level: _Level, part: str, offset: int) -> None:
        name = _unquoted(part)
        if name in level.names:
            self._note("json-duplicate-member", f"the member {shown(name)} stands here twice", offset)
        level.names.add(name)
        level.name = name

    def _take_value(self, level: _Level | None, part: str, offset: int) -> None:
        step: Path = () if level is None else (level.name or "",) if level.is_object else (level.count,)
        path = (*level.path, *step) if level else step
        self.offsets.setdefault(path, offset)
        if part in "{[":
            self._levels.append(_Level(path, part == "{"))
        elif part == "null":
            self._note("json-null", f"{shown(path[-1]) if path else 'the document'} is null", offset)
        elif "\\u" in part and any("\ud800" <= sign <= "\udfff" for sign in _unquoted(part)):
            self._note("bad-character", "the text holds half a character", offset)

    def _load(self) -> None:
        mended = list(self.text)
        for offset in self._commas:
            mended[offset] = " "
        try:
            self.value = json.loads("".join(mended), parse_constant=_refuse, parse_int=_whole)
        except json.JSONDecodeError as error:
            self._note("json-syntax", f"the JSON cannot be read: {shown(error.msg)}", error.pos)
        except ValueError as error:
            self._note("json-syntax", f"the JSON cannot be read: {shown(error)}", 0)


def _unquoted(part: str) -> str:
    """Return the text of a string, or the part itself where it is none."""
    try:
        return str(json.loads(part, parse_int=_whole))
    except ValueError:
        return part


def _whole(digits: str) -> int:
    """Read a whole number; nobody needs one of more than twenty digits, and long ones take time."""
    return int(digits[:20])


def _refuse(name: str) -> object:
    raise ValueError(f"{name} is no JSON")
