"""YAML with places: plain values, and where each of them stands in its file.

Scalars stay the text that was written (or None), so that `language: no`, `title: 1984` and
`duration: 1:25:00` mean what a person meant; whoever reads a value gives it its type. Built from libyaml's
events without recursion, so that hostile input (aliases that explode, object tags, towers of brackets) is
a fault with a place and nothing else. Reads no files.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import yaml
from yaml.cyaml import CParser  # type: ignore[attr-defined] # the stubs do not export it

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


class _Places:
    """Turn offsets into places; YAML's own lines also end at U+0085 and U+2028, those of editors do not."""

    def __init__(self, text: str, first_line: int) -> None:
        self.text = text
        self.first_line = first_line

    @cached_property
    def starts(self) -> list[int]:
        # Only faults have places, and most texts have none.
        return [0, *(found.end() for found in _LINE_FEED.finditer(self.text))]

    def at(self, offset: int) -> Mark:
        line = bisect_right(self.starts, offset) - 1
        return Mark(self.first_line + line, offset - self.starts[line] + 1)

    def at_byte(self, offset: int) -> Mark:
        return self.at(len(self.text.encode()[:offset].decode(errors="ignore")))


@dataclass(slots=True)
class Document:
    """Hold the values of a YAML text, the offset of each value and key, and what is wrong with it.

    Where reading had to stop, `complete` is False and `value` holds what was read until then.
    """

    places: _Places
    value: Value = None
    values: dict[Path, int] = field(default_factory=dict)
    keys: dict[Path, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    complete: bool = True

    def where(self, path: Path) -> Mark:
        """Return the place of the value at `path`, or of the nearest parent that was written."""
        while path and path not in self.values:
            path = path[:-1]
        return self.places.at(self.values[path]) if path in self.values else Mark(1, 1)

    def where_key(self, path: Path) -> Mark:
        """Return the place of the key that leads to `path`."""
        return self.places.at(self.keys[path]) if path in self.keys else self.where(path)


def load(text: str, first_line: int = 1) -> Document:
    """Read one YAML document; `first_line` is the line of the file at which `text` begins."""
    places = _Places(text, first_line)
    document = Document(places)
    try:
        _Builder(document).build(CParser(text))
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

    def __init__(self, document: Document) -> None:
        self.document = document
        self.parents: list[tuple[dict[str, Value] | list[Value], Path]] = []
        self.key: tuple[str, int] | None = None
        self.documents = 0

    def build(self, parser: Any) -> None:
        try:
            # After the last event the parser returns None.
            for event in iter(parser.get_event, None):
                take = _TAKING.get(type(event))
                if take:
                    take(self, event)
        except _Refused:
            self.document.complete = False

    def take_document(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            self._refuse(event, "yaml-syntax", "not YAML: a second document begins here")

    def take_alias(self, event: Any) -> None:
        self._report(event, "yaml-alias", "aliases (*name) are not supported; write the value out")
        self._scalar(event, None)

    def take_scalar(self, event: Any) -> None:
        self._check(event)
        null = not event.style and event.value in _NULLS
        self._scalar(event, None if null else event.value)

    def take_mapping(self, event: Any) -> None:
        self._open(event, {})

    def take_sequence(self, event: Any) -> None:
        self._open(event, [])

    def take_end(self, event: Any) -> None:  # noqa: ARG002 - as the others
        self.parents.pop()

    def _check(self, event: Any) -> None:
        if event.anchor:
            self._report(event, "yaml-alias", "anchors (&name) are not supported; write the value out")
        if event.tag and event.tag != "!":
            self._report(event, "yaml-tag", f"the tag {event.tag[:60]} is not supported; write plain values")

    def _report(self, event: Any, code: str, message: str) -> None:
        self._fault(Fault(self.document.places.at(event.start_mark.index), code, message))

    def _refuse(self, event: Any, code: str, message: str) -> None:
        self._report(event, code, message)
        raise _Refused

    def _fault(self, fault: Fault) -> None:
        self.document.faults.append(fault)
        if len(self.document.faults) >= MAX_FAULTS:
            raise _Refused

    def _awaits_key(self) -> bool:
        return self.key is None and bool(self.parents) and isinstance(self.parents[-1][0], dict)

    def _scalar(self, event: Any, value: str | None) -> None:
        if self._awaits_key():
            self.key = ("" if value is None else value, event.start_mark.index)
        else:
            self._place(event, value)

    def _open(self, event: Any, container: dict[str, Value] | list[Value]) -> None:
        self._check(event)
        if self._awaits_key():
            self._refuse(event, "yaml-syntax", "a list or mapping cannot be a key")
        if len(self.parents) >= MAX_DEPTH:
            self._refuse(event, "yaml-depth", f"nested more than {MAX_DEPTH} levels deep")
        self.parents.append((container, self._place(event, container)))

    def _place(self, event: Any, value: Value) -> Path:
        """Put a value where it belongs and return the path to it."""
        path: Path = ()
        if not self.parents:
            self.document.value = value
        else:
            parent, path = self.parents[-1]
            if isinstance(parent, list):
                path = (*path, len(parent))
                parent.append(value)
            else:
                path = self._place_under_key(parent, path, value)
        self.document.values[path] = event.start_mark.index
        return path

    def _place_under_key(self, parent: dict[str, Value], path: Path, value: Value) -> Path:
        assert self.key is not None  # noqa: S101 - `_awaits_key` has seen to it
        name, offset = self.key
        self.key = None
        path = (*path, name)
        if name in parent:
            first = self.document.where_key(path)
            shown = " ".join(name[:60].split())
            message = f'the key "{shown}" stands here a second time; the first is in line {first.line}'
            self._fault(Fault(self.document.places.at(offset), "yaml-duplicate-key", message))
        self.document.keys[path] = offset
        parent[name] = value
        return path


_TAKING: dict[type, Callable[[_Builder, Any], None]] = {
    yaml.DocumentStartEvent: _Builder.take_document,
    yaml.AliasEvent: _Builder.take_alias,
    yaml.ScalarEvent: _Builder.take_scalar,
    yaml.MappingStartEvent: _Builder.take_mapping,
    yaml.SequenceStartEvent: _Builder.take_sequence,
    yaml.MappingEndEvent: _Builder.take_end,
    yaml.SequenceEndEvent: _Builder.take_end,
}
