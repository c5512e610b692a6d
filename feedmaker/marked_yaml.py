"""YAML with places: plain values, and where each of them stands in its file.

Scalars stay the text that was written (or None), so that `language: no`, `title: 1984` and
`duration: 1:25:00` mean what a person meant; whoever reads a value gives it its type. Built from libyaml's
events without recursion, so that hostile input (aliases that explode, object tags, towers of brackets) is
a fault with a place and nothing else. Reads no files.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

MAX_DEPTH = 20
MAX_FAULTS = 100
Path = tuple[str | int, ...]
Value = Any  # dict[str, Value] | list[Value] | str | None; recursive types defeat pydantic and mypy here
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_LINE_FEED = re.compile("\n")


@dataclass(frozen=True, slots=True)
class Mark:
    """Point into a file; both numbers count from 1."""

    line: int
    column: int


def mark_at(text: str, offset: int) -> Mark:
    """Return the place of a character in a text whose lines end with line feeds."""
    return Mark(text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))


@dataclass(frozen=True, slots=True)
class Fault:
    """Say what is wrong with the YAML itself; `code` is a diagnostic code."""

    mark: Mark
    code: str
    message: str


@dataclass(slots=True)
class Document:
    """Hold the values of a YAML text, the place of each value and key, and what is wrong with it.

    Where reading had to stop, `complete` is False and `value` holds what was read until then.
    """

    value: Value = None
    values: dict[Path, Mark] = field(default_factory=dict)
    keys: dict[Path, Mark] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    complete: bool = True

    def where(self, path: Path) -> Mark:
        """Return the place of the value at `path`, or of the nearest parent that was written."""
        while path and path not in self.values:
            path = path[:-1]
        return self.values.get(path, Mark(1, 1))

    def where_key(self, path: Path) -> Mark:
        """Return the place of the key that leads to `path`."""
        return self.keys.get(path) or self.where(path)


class _Places:
    """Turn offsets into places; YAML's own lines also end at U+0085 and U+2028, those of editors do not."""

    def __init__(self, text: str, first_line: int) -> None:
        self.text = text
        self.first_line = first_line
        self.starts = [0, *(found.end() for found in _LINE_FEED.finditer(text))]

    def at(self, offset: int) -> Mark:
        line = bisect_right(self.starts, offset) - 1
        return Mark(self.first_line + line, offset - self.starts[line] + 1)

    def at_byte(self, offset: int) -> Mark:
        return self.at(len(self.text.encode()[:offset].decode(errors="ignore")))


def load(text: str, first_line: int = 1) -> Document:
    """Read one YAML document; `first_line` is the line of the file at which `text` begins."""
    document = Document()
    places = _Places(text, first_line)
    try:
        _Builder(document, places).build(yaml.parse(text, Loader=yaml.CSafeLoader))
    except yaml.MarkedYAMLError as error:
        document.complete = False
        document.faults.append(_syntax_fault(error, places))
    except yaml.reader.ReaderError as error:
        document.complete = False
        message = "not YAML: a character that YAML does not allow; write it as an escape in double quotes"
        document.faults.append(Fault(places.at_byte(error.position), "yaml-syntax", message))
    return document


def _syntax_fault(error: yaml.MarkedYAMLError, places: _Places) -> Fault:
    """Say what libyaml found; what never ends is reported where it begins."""
    mark = error.problem_mark or error.context_mark
    offset = mark.index if mark else 0
    if error.context_mark and offset >= len(places.text.rstrip()):
        offset = error.context_mark.index
    problem = (error.problem or "it cannot be read").removeprefix("did not find ")
    hint = "a value that holds ': ' or ' #' or starts with a sign needs quotes"
    if "tab character" in problem or places.text[offset : offset + 1] == "\t":
        problem, hint = "a tab stands where only spaces may", "indent with spaces"
    return Fault(places.at(offset), "yaml-syntax", f"not YAML: {problem}; {hint}")


class _Refused(Exception):  # noqa: N818 - it ends the reading, it is not an error of its own
    """Stop at what may not be read any further."""


class _Builder:
    """Turn parse events into values, keeping an explicit stack in place of recursion."""

    def __init__(self, document: Document, places: _Places) -> None:
        self.document = document
        self.places = places
        self.path: list[str | int] = []
        self.parents: list[dict[str, Value] | list[Value]] = []
        self.key: tuple[str, Mark] | None = None

    def build(self, events: Iterator[Any]) -> None:
        try:
            documents = 0
            for event in events:
                if isinstance(event, yaml.DocumentStartEvent):
                    documents += 1
                    if documents > 1:
                        self._refuse(event, "yaml-syntax", "not YAML: a second document begins here")
                self._take(event)
        except _Refused:
            self.document.complete = False

    def _take(self, event: Any) -> None:
        if isinstance(event, yaml.AliasEvent):
            self._report(event, "yaml-alias", "aliases (*name) are not supported; write the value out")
            self._scalar(event, None)
        elif isinstance(event, yaml.ScalarEvent):
            self._check(event)
            null = not event.style and event.value in _NULLS
            self._scalar(event, None if null else event.value)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._check(event)
            self._open(event, {} if isinstance(event, yaml.MappingStartEvent) else [])
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self.parents.pop()
            if self.path:
                self.path.pop()

    def _check(self, event: Any) -> None:
        if event.anchor:
            self._report(event, "yaml-alias", "anchors (&name) are not supported; write the value out")
        if event.tag and event.tag != "!":
            self._report(event, "yaml-tag", f"the tag {event.tag[:60]} is not supported; write plain values")

    def _report(self, event: Any, code: str, message: str) -> None:
        self._fault(Fault(self._mark(event), code, message))

    def _refuse(self, event: Any, code: str, message: str) -> None:
        self._report(event, code, message)
        raise _Refused

    def _fault(self, fault: Fault) -> None:
        self.document.faults.append(fault)
        if len(self.document.faults) >= MAX_FAULTS:
            raise _Refused

    def _mark(self, event: Any) -> Mark:
        return self.places.at(event.start_mark.index)

    def _awaits_key(self) -> bool:
        return bool(self.parents) and isinstance(self.parents[-1], dict) and self.key is None

    def _scalar(self, event: Any, value: str | None) -> None:
        if self._awaits_key():
            self.key = ("" if value is None else value, self._mark(event))
            return
        self._place(event, value)
        if self.path:
            self.path.pop()

    def _open(self, event: Any, container: dict[str, Value] | list[Value]) -> None:
        if self._awaits_key():
            self._refuse(event, "yaml-syntax", "a list or mapping cannot be a key")
        if len(self.parents) >= MAX_DEPTH:
            self._refuse(event, "yaml-depth", f"nested more than {MAX_DEPTH} levels deep")
        self._place(event, container)
        self.parents.append(container)

    def _place(self, event: Any, value: Value) -> None:
        """Put a value where it belongs and leave its path on the stack."""
        if not self.parents:
            self.document.value = value
            self.document.values[()] = self._mark(event)
            return
        parent = self.parents[-1]
        if isinstance(parent, list):
            self.path.append(len(parent))
            parent.append(value)
        else:
            assert self.key is not None  # noqa: S101 - `_awaits_key` has seen to it
            name, mark = self.key
            self.key = None
            self.path.append(name)
            if name in parent:
                first = self.document.keys[tuple(self.path)]
                shown = " ".join(name[:60].split())
                message = f'the key "{shown}" stands here a second time; the first is in line {first.line}'
                self._fault(Fault(mark, "yaml-duplicate-key", message))
            self.document.keys[tuple(self.path)] = mark
            parent[name] = value
        self.document.values[tuple(self.path)] = self._mark(event)
