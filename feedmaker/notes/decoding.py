"""From the bytes of a file to clean text, or to the reason why not. Pure."""

from __future__ import annotations

import codecs
import re

from feedmaker.marked_yaml import Mark, mark_at
from feedmaker.notes.faults import Faults
from feedmaker.notes.lines import UNPRINTABLE, visible

MAX_BYTES = 1_000_000
_C0 = bytes((*range(9), 11, 12, *range(14, 32), 127))
_C1 = re.compile(b"\xc2[\x80-\x9f]")
_LAST_OF_A_PLANE = re.compile(b"[\x8f\x9f\xaf\xbf]\xbf[\xbe\xbf]")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def decode(data: bytes, faults: Faults) -> str | None:
    """Return the text of a note with line feeds only and without a byte order mark.

    Control characters become visible, with a warning. None, with an error, where the bytes are no text.
    """
    start = Mark(1, 1)
    if len(data) > MAX_BYTES:
        message = f"{len(data):,} bytes; a note has at most {MAX_BYTES:,}"
        faults.error(start, "too-large", message)
        return None
    if data.startswith(_UTF16):
        faults.error(start, "bad-encoding", "this is UTF-16; save the file as UTF-8")
        return None
    if b"\0" in data:
        message = "this is no text in UTF-8; save a text as UTF-8, and move other files elsewhere"
        faults.error(start, "binary-file", message)
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        faults.error(_mark(data, error.start), "bad-encoding", _encoding_message(data, error.start))
        return None
    if not text.strip():
        faults.error(start, "empty-note", "the file is empty; `feedmaker new TITLE` writes one to begin with")
        return None
    text = with_line_feeds(text)
    return _clean(text, faults) if _may_hold_controls(data) else text


def _may_hold_controls(data: bytes) -> bool:
    """Rule out control characters for most notes, in a fraction of the time that their text would take."""
    return (
        len(data.translate(None, _C0)) < len(data)
        or _C1.search(data) is not None
        or b"\xef" in data
        or _LAST_OF_A_PLANE.search(data) is not None
    )


def _clean(text: str, faults: Faults) -> str:
    found = UNPRINTABLE.search(text)
    if not found:
        return text
    count = len(UNPRINTABLE.findall(text))
    message = (
        f"{count} control character(s), the first is U+{ord(found[0]):04X}; shown as {visible(found[0])}"
    )
    faults.warn(mark_at(text, found.start()), "control-character", message)
    return visible(text)


def _mark(data: bytes, offset: int) -> Mark:
    before = with_line_feeds(data[:offset].decode("utf-8-sig"))
    return mark_at(before, len(before))


def with_line_feeds(text: str) -> str:
    """End every line of a text with a line feed."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _encoding_message(data: bytes, offset: int) -> str:
    guess = bytes([data[offset]]).decode("cp1252", "replace")
    hint = f' (Windows would read "{guess}")' if guess.isprintable() and guess != "\ufffd" else ""
    return f"the byte 0x{data[offset]:02X}{hint} is not UTF-8; save the file as UTF-8"
