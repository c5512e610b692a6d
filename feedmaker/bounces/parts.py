"""A returned message, taken apart as far as reports need it, whatever bytes it is made of. Pure.

Returned messages come from anybody, so nothing of them is trusted: a piece of limited size is read, what
cannot be read is missing, and nothing raises.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser

SIZE_LIMIT = 256 * 1024
"""How many bytes of a message are read: reports stand before the message that they return."""

_PART_LIMIT = 50
_NESTING_LIMIT = 30
_VALUE_LIMIT = 2000
_BLOCK_LIMIT = 100
_FIELD_LIMIT = 500
_BLANK_LINE = re.compile(rb"\r?\n[ \t]*\r?\n")

Fields = Mapping[str, Sequence[str]]
"""The fields of a header by their names in small letters, each with its values, unfolded and cut."""


@dataclass(frozen=True, slots=True)
class Part:
    """Hold one part that has no parts: its media type and its content, decoded."""

    media_type: str
    content: bytes

    @property
    def text(self) -> str:
        """Return the content as text; what is not UTF-8 is shown by U+FFFD."""
        return self.content.decode("utf-8", "replace")

    def blocks(self) -> list[Fields]:
        """Return the groups of fields that blank lines set apart (RFC 3464, 2.1)."""
        found = _BLANK_LINE.split(self.content.strip(), maxsplit=_BLOCK_LIMIT)
        return [fields_of(block) for block in found[:_BLOCK_LIMIT]]


@dataclass(frozen=True, slots=True)
class Pieces:
    """Hold a message: its header, and its parts in their order, without those that only hold others."""

    fields: Fields
    parts: Sequence[Part]

    def part(self, *media_types: str) -> Part | None:
        """Return the first part of one of these types."""
        return next((part for part in self.parts if part.media_type in media_types), None)


def take_apart(data: bytes) -> Pieces:
    """Read a message; a message inside it stays as it came."""
    data = data[:SIZE_LIMIT].replace(b"\0", b"")
    if data.lower().count(b"multipart/") > _NESTING_LIMIT:
        return Pieces({}, ())  # the parser reads each line once for each part that it stands in
    root = BytesParser(_Flat).parsebytes(data)
    return Pieces(_fields(root), tuple(_parts(root)))


def fields_of(data: bytes) -> Fields:
    """Read the fields of a header, up to the first blank line."""
    return _fields(BytesHeaderParser().parsebytes(_BLANK_LINE.split(data.lstrip(), maxsplit=1)[0]))


def first(fields: Fields, name: str) -> str:
    """Return the first value of a field, or an empty text."""
    return next(iter(fields.get(name, ())), "")


class _Flat(Message):
    """A message whose reports and returned messages are plain text to the parser, which would open them."""

    def get_content_type(self) -> str:
        kind = self.media_type()
        return kind if kind.startswith("multipart/") else "text/plain"

    def media_type(self) -> str:
        """Return the type that the part says it has."""
        return super().get_content_type()


def _parts(root: _Flat) -> Iterator[Part]:
    leaves = (part for part in root.walk() if not part.is_multipart())
    for _, part in zip(range(_PART_LIMIT), leaves, strict=False):
        content = part.get_payload(decode=True)
        yield Part(part.media_type(), content if isinstance(content, bytes) else b"")


def _fields(message: Message) -> Fields:
    found: dict[str, list[str]] = {}
    for _, (name, value) in zip(range(_FIELD_LIMIT), message.raw_items(), strict=False):
        found.setdefault(name.lower(), []).append(_line(value))
    return found


def _line(value: object) -> str:
    """Return a value on one line; bytes outside ASCII are UTF-8 (RFC 6532)."""
    raw = str(value)[:_VALUE_LIMIT].encode("utf-8", "surrogateescape")
    return " ".join(raw.decode("utf-8", "replace").split())
