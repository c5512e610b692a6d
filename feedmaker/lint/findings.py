"""What the lint says: rules, the problems that break them, and the findings that people read. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, NamedTuple, get_args

from feedmaker.errors import Severity
from feedmaker.text import shorten

if TYPE_CHECKING:
    from typing import TypeAlias

    from lxml import etree

    At: TypeAlias = etree._Element | tuple[str | int, ...] | "Spot"

_SHOWN = 80
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Rule:
    """Hold one rule for feeds.

    `requirements` are the numbers of docs/feed-rules.md that it belongs to, `source` is where the rule is
    written, `meaning` the rule as a sentence, and `cure` the end of a message: what to do.
    """

    code: str
    severity: Severity
    requirements: tuple[int, ...]
    source: str
    meaning: str
    cure: str


def parse_rules(text: str) -> tuple[Rule, ...]:
    """Read a table of rules; each has three lines.

    The first holds code, severity, numbers of requirements (with commas) and source, the second the meaning,
    the third the cure.
    """
    lines = [line.strip() for line in text.strip().split("\n")]
    heads, meanings, cures = (lines[begin::3] for begin in range(3))
    return tuple(_rule(*each) for each in zip(heads, meanings, cures, strict=True))


def _rule(head: str, meaning: str, cure: str) -> Rule:
    code, written, numbers, source = head.split(maxsplit=3)
    severity = next(each for each in get_args(Severity) if each == written)
    return Rule(code, severity, tuple(map(int, numbers.split(","))), source, meaning, cure)


class Spot(NamedTuple):
    """Point into a document; both numbers count from 1, the column in characters."""

    line: int
    column: int


Path = tuple[str | int, ...]
"""The way to a value of a JSON document: names of members and numbers of elements, from 0."""
START = Spot(1, 1)


class Problem(NamedTuple):
    """Say which rule is broken, how, and by which part of a document."""

    code: str
    what: str
    at: At


Problems = Iterator[Problem]


@dataclass(frozen=True, slots=True)
class Finding:
    """Say what is wrong at one place of a feed document, and by which rule.

    `line` and `column` count from 1, the column in characters; `source` is where the rule is written, `where`
    the title or id of the item, or None outside of items.
    """

    code: str
    severity: Severity
    message: str
    line: int
    column: int
    source: str
    where: str | None = None

    def text(self, path: str) -> str:
        """Write the finding as one line that begins with the path or address of the document."""
        item = f"{shown(self.where)}: " if self.where else ""
        place = f"{path}:{self.line}:{self.column}"
        return f"{place}: {self.severity}: {item}{self.message} [{self.code}; {self.source}]"

    def to_data(self) -> dict[str, str | int | None]:
        """Return the members that `--format json` prints."""
        return asdict(self)

    @property
    def is_error(self) -> bool:
        """Tell errors, which break what a format demands, from warnings, which break good practice."""
        return self.severity == "error"


def printable(text: str) -> str:
    """Replace the characters that a terminal or an encoder would trip over."""
    return _UNPRINTABLE.sub("\ufffd", text)


def shown(value: object) -> str:
    """Write a value of a document for a message: short, on one line, in quotation marks."""
    # A shortened value need not be read to its end.
    return f'"{printable(shorten(str(value)[: 20 * _SHOWN], _SHOWN))}"'


def spot_at(text: str, offset: int) -> Spot:
    """Return the place of a character in a text."""
    return Spot(text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))


def words(text: str) -> frozenset[str]:
    """Return the words of a text; a list of fifty strings is no easier to read."""
    return frozenset(text.split())
