"""The lines of a page export: paragraphs, bullets, and what is the page's furniture. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from feedmaker.marked_yaml import Mark
from feedmaker.notes.faults import Faults
from feedmaker.notes.lines import BLANKS, trimmed
from feedmaker.text import shorten

_BULLET = re.compile(r"(?P<indent>\s*)(?P<sign>[•‣◦▪●]|[·*–-]|\d{1,2}[.)])(?:\s+|(?<=[•‣◦▪●])|$)(?P<text>.*)")
_ROUND = "•‣◦▪●"
_FURNITURE = re.compile(
    r"(?:Books|Products|Media|Things)\b.*\bendorsed\b.*[.!]|"
    r"(?:Affiliate|Paid|Sponsored) links?\b.*\bcommissions?\b.*[.!]|"
    r"(?:We|Some links|These links)\b.*\bearns?\b.*\bcommissions?\b.*[.!]|"
    r"As an? .*\b(?:associate|affiliate|partner)\b.*\bearns?\b.*[.!]",
    re.IGNORECASE,
)
WRAPPED_AT_LEAST = 50
"""A line of at least this length may have been broken off; a shorter one ends where its text does."""

_FURNITURE_LINES = 5
_LONGEST_FURNITURE = 300


@dataclass(frozen=True, slots=True)
class Line:
    """Hold one line, and where it stands."""

    number: int
    raw: str

    @property
    def text(self) -> str:
        """Return the line without what is blank at both ends."""
        return self.raw.strip(BLANKS)

    @property
    def indent(self) -> int:
        """Count the blank characters before the text."""
        return len(self.raw) - len(self.raw.lstrip(BLANKS))

    @property
    def mark(self) -> Mark:
        """Return the place of the text."""
        return Mark(self.number, self.indent + 1)


def paragraphs(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Cut lines at empty ones."""
    for written, part in groupby(lines, lambda line: bool(line.text)):
        if written:
            yield list(part)


def joined(lines: Iterable[Line]) -> str:
    """Join the lines of a paragraph."""
    return trimmed("\n".join(line.text for line in lines))


@dataclass(slots=True)
class Leftovers:
    """Report what has no place in an episode; what belongs to the page itself is dropped in silence.

    `breadcrumbs` are the lines above the facts, which some pages repeat at their foot.
    """

    faults: Faults
    breadcrumbs: frozenset[str] = field(default=frozenset())

    def report(self, lines: Iterable[Line]) -> None:
        """Report each paragraph that is not furniture."""
        for part in self.without_furniture(lines):
            self.faults.warn(part[0].mark, "unread-text", left_out(joined(part)))

    def without_furniture(self, lines: Iterable[Line]) -> Iterator[list[Line]]:
        """Cut lines into paragraphs without those of the page itself."""
        for part in paragraphs(lines):
            while length := self._furniture_length(part):
                del part[:length]
            if part:
                yield part

    def _furniture_length(self, part: Sequence[Line]) -> int:
        """Count the lines of the furniture with which a paragraph begins; its sentence may be wrapped."""
        if part and part[0].text in self.breadcrumbs:
            return 1
        lengths = range(1, min(len(part), _FURNITURE_LINES) + 1)
        return next((length for length in lengths if _is_furniture(joined(part[:length]))), 0)


def _is_furniture(text: str) -> bool:
    return len(text) <= _LONGEST_FURNITURE and _FURNITURE.fullmatch(" ".join(text.split())) is not None


def left_out(text: str) -> str:
    """Write the message about text that has no place."""
    return f'"{shorten(text, 40)}" has no place here and is left out'


def unbulleted(line: Line) -> str:
    """Return the text of a line without the sign of a bullet."""
    found = _BULLET.fullmatch(line.raw)
    return trimmed(found["text"] if found else line.text)


def is_bullet(line: Line) -> bool:
    """Tell whether a line begins with the sign of a bullet."""
    return _BULLET.fullmatch(line.raw) is not None


def read_bullets(lines: Sequence[Line], leftovers: Leftovers) -> Iterator[str]:
    """Read bullets, wrapped or not; without any sign each paragraph is one."""
    first = next(filter(None, map(_sign, lines)), None)
    if first is None:
        yield from map(joined, leftovers.without_furniture(lines))
        return
    bullets: list[list[Line]] = []
    strays: list[Line] = []
    current = strays
    for line in lines:
        sign = _sign(line)
        before = current[-1].text if current else ""
        if sign and sign.begins_bullet(first, before):
            strays.append(Line(line.number, ""))
            current = [Line(line.number, sign.text)]
            bullets.append(current)
            continue
        if line.text and _ends_bullet(line, current, first):
            current = strays
        current.append(line)
    leftovers.report(strays)
    yield from filter(None, (joined(part) for part in bullets))


@dataclass(frozen=True, slots=True)
class _Sign:
    """Hold how a line begins a bullet, and its text."""

    sign: str
    indent: int
    text: str

    def begins_bullet(self, first: _Sign, before: str) -> bool:
        """Tell a new bullet from a wrapped line that happens to begin with a dash or number.

        `before` is the line before: one that is long may go on with any sign.
        """
        alike = self.sign == first.sign or (self.sign[0].isdigit() and first.sign[0].isdigit())
        if alike:
            return self.sign in _ROUND or self.indent <= first.indent
        return self.indent == first.indent and len(before) < WRAPPED_AT_LEAST


def _sign(line: Line) -> _Sign | None:
    found = _BULLET.fullmatch(line.raw)
    return _Sign(found["sign"], len(found["indent"]), found["text"]) if found else None


def _ends_bullet(line: Line, current: list[Line], first: _Sign) -> bool:
    """Tell text after a bullet from its own: it stands after an empty line and no deeper than the sign."""
    has_text = any(part.text for part in current)
    return bool(current) and has_text and not current[-1].text and line.indent <= first.indent
