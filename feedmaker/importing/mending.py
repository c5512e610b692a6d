"""XML that no parser takes → XML that says what is left of it. Pure."""

from __future__ import annotations

import codecs
import re
from email.message import Message
from html.entities import html5

from feedmaker.notes.lines import visible

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE = (
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})""")
_PROLOGUE = re.compile(
    r"<\?xml[^>]{0,1000}\?>|<!DOCTYPE[^>\[]{0,1000}(?:\[[^\]]{0,100000}\]\s*)?>", re.IGNORECASE
)
_REFERENCE = re.compile(
    r"&(?:#(?P<number>x[0-9A-Fa-f]{1,8}|[0-9]{1,10})|(?P<name>[A-Za-z][A-Za-z0-9]{0,31}));"
)
_OF_XML = frozenset({"amp", "lt", "gt", "quot", "apos"})


def mended(data: bytes, content_type: str) -> bytes | None:
    """Make well-formed XML in UTF-8 of what can be read; None where there is no element in it."""
    from lxml import etree

    text = _PROLOGUE.sub("", decoded(data, content_type))
    text = visible(_REFERENCE.sub(_sign, text))
    start = text.find("<")
    if start < 0:
        return None
    parser = etree.XMLParser(recover=True, no_network=True, resolve_entities=False, encoding="utf-8")
    root = etree.fromstring(text[start:].encode("utf-8", "replace"), parser)
    # The stubs promise an element; where nothing could be recovered there is none.
    found: object = root
    return None if found is None else etree.tostring(root, encoding="utf-8")


def decoded(data: bytes, content_type: str) -> str:
    """Decode by the mark at the beginning, by zeros, by header or declaration, and by trial."""
    mark, marked = next(((mark, name) for mark, name in _MARKS if data.startswith(mark)), (b"", ""))
    data = data[len(mark) :]
    start = data[:1000].lstrip(b" \t\r\n")
    wide = next((name for sign, name in _WIDE if start.startswith(sign)), "")
    declared = _DECLARED.search(data[:1000])
    # Tags in a wide encoding are full of zeros, so what has none is called wide by mistake.
    narrow = b"\0" not in data[:1000]
    tried = (marked, wide, charset(content_type), declared[1].decode() if declared else "", "utf-8")
    for encoding in tried:
        if not encoding or (narrow and encoding.lower().startswith(("utf-16", "utf-32", "utf16", "utf32"))):
            continue
        try:
            return data.decode(encoding)
        except (LookupError, ValueError):
            continue
    return data.decode("cp1252", "replace")


def charset(content_type: str) -> str:
    """Return the encoding that a header names."""
    header = Message()
    header["content-type"] = " ".join(content_type.split())
    found = header.get_param("charset", "")
    return found if isinstance(found, str) and found.isascii() and "\0" not in found else ""


def _sign(found: re.Match[str]) -> str:
    """Return the sign of a reference that XML does not know, or U+FFFD where there is none."""
    if found["name"]:
        known = found["name"] in _OF_XML
        return found[0] if known else html5.get(f"{found['name']};", f"&amp;{found['name']};")
    number = found["number"].lower()
    code = int(number[1:], 16) if number.startswith("x") else int(number)
    return found[0] if code in range(32, 0xD800) or code in range(0xE000, 0x110000) else "\ufffd"
