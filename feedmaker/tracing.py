"""Which template wrote which character of what was rendered. Pure.

What is rendered to be sent holds no trace. Where it has a fault it is rendered once more, with marks: every
piece of plain text of a template, and every expression, begins with one. A mark is shaped like a tag, `<@7>`,
which no value can fake, for the `<` of a value is escaped.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from jinja2 import Environment
from jinja2.ext import Extension

_MARK = re.compile(r"<@(\d+)>")
_LINE = re.compile(r"\r\n|\r|\n")


class Place(NamedTuple):
    """Name the place where a template writes something.

    `is_text` tells text that is rendered as it stands from an expression, whose value may be any text.
    """

    path: str
    line: int
    column: int
    is_text: bool = True


class Marking(Extension):
    """Put the marks into templates as they are loaded, but for `.txt`, where nothing escapes a value."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.extend(places=[])

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """Return the template with its marks, on the lines on which it was."""
        if (name or "").endswith(".txt"):
            return source
        source = "\n".join(_LINE.split(source))
        return "".join(self._marked(source, name, filename))

    def _marked(self, source: str, name: str | None, filename: str | None) -> Iterator[str]:
        done = 0
        for _, kind, value in self.environment.lexer.tokeniter(source, name, filename):
            # White space that Jinja2 strips stands between the tokens.
            start = source.index(value, done)
            if kind in ("data", "variable_begin"):
                yield f"<@{self._numbered(source, start, filename or name or '', is_text=kind == 'data')}>"
            yield source[done : start + len(value)]
            done = start + len(value)
        yield source[done:]

    def _numbered(self, source: str, at: int, path: str, *, is_text: bool) -> int:
        places = places_of(self.environment)
        line, column = position(source, at)
        places.append(Place(path, line, column, is_text))
        return len(places) - 1


def places_of(environment: Environment) -> list[Place]:
    """Return the places that the marks of an environment stand for, by their numbers."""
    places: list[Place] = environment.places  # type: ignore[attr-defined]
    return places


@dataclass(frozen=True, slots=True)
class Traced:
    """Hold a rendered text and where its pieces come from; `starts` and `places` have one member for each."""

    text: str
    starts: Sequence[int]
    places: Sequence[Place]

    @classmethod
    def read(cls, marked: str, numbered: Sequence[Place], name: str) -> Traced:
        """Take the marks out of a text that the template `name` wrote."""
        pieces = _MARK.split(marked)
        texts, numbers = pieces[::2], map(int, pieces[1::2])
        starts = [0, *accumulate(map(len, texts[:-1]))]
        return cls("".join(texts), starts, [Place(name, 1, 1), *map(numbered.__getitem__, numbers)])

    def place(self, at: int) -> Place:
        """Return the place in a template that wrote the character `at`."""
        index = bisect_right(self.starts, at) - 1
        place = self.places[index]
        if not place.is_text:
            return place
        line, column = position(self.text[self.starts[index] : at], at - self.starts[index])
        column += place.column - 1 if line == 1 else 0
        return place._replace(line=place.line + line - 1, column=column)


def position(text: str, at: int) -> tuple[int, int]:
    """Return line and column, from 1 on, of the character `at`."""
    before = text[:at]
    return before.count("\n") + 1, len(before) - before.rfind("\n")
