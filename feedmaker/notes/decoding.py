"""From the bytes of a file to clean text, or to the reason why not. Pure."""

from __future__ import annotations

import codecs
import re

from feedmaker.marked_yaml import Mark
from feedmaker.notes.faults import Faults

MAX_BYTES = 1_000_000
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# XML 1.0 cannot hold the C0 controls and non-characters, and YAML and HTML refuse the C1 controls.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")


def decode(data: bytes, faults: Faults) -> str | None:
    """Return the text of a note with line feeds only and without a byte order mark.

    Control characters become U+FFFD, with a warning. None, with an error, where the bytes are no text.
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
        faults.error(start, "binary-file", "this is no text file; notes are text in UTF-8")
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        faults.error(_mark(data, error.start), "bad-encoding", _encoding_message(data, error.start))
        return None
    if not text.strip():
        faults.error(start, "empty-note", "the file is empty; `feedmaker new TITLE` writes one to begin with")
        return None
    return _clean(text.replace("\r\n", "\n").replace("\r", "\n"), faults)


def _clean(text: str, faults: Faults) -> str:
    found = _UNPRINTABLE.search(text)
    if not found:
        return text
    count = len(_UNPRINTABLE.findall(text))
    line = text.count("\n", 0, found.start()) + 1
    column = found.start() - text.rfind("\n", 0, found.start())
    message = f"{count} control character(s), the first is U+{ord(found[0]):04X}; shown as U+FFFD"
    faults.warn(Mark(line, column), "control-character", message)
    return _UNPRINTABLE.sub("�", text)


def _mark(data: bytes, offset: int) -> Mark:
    start = data.rfind(b"\n", 0, offset) + 1
    return Mark(data.count(b"\n", 0, offset) + 1, len(data[start:offset].decode("utf-8-sig")) + 1)


def _encoding_message(data: bytes, offset: int) -> str:
    guess = bytes([data[offset]]).decode("cp1252", "replace")
    hint = f' (Windows would read "{guess}")' if guess.isprintable() and guess != "�" else ""
    return f"the byte 0x{data[offset]:02X}{hint} is not UTF-8; save the file as UTF-8"
