"""The bytes of a page → its text, by whichever encoding it is in (WHATWG HTML, 13.2.3). Pure."""

from __future__ import annotations

import codecs
import re

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_IN_HEADER = re.compile(r"charset\s*=\s*[\"']?([^\s\"';,]+)", re.IGNORECASE)
_IN_META = re.compile(rb"<meta[^>]{0,400}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]+)", re.IGNORECASE)
_LOOKED_AT = 4096
# Python knows many more, some of which unpack or run through tables that no page is written in.
_KNOWN = re.compile(
    r"utf-?8|utf-?16(-?[bl]e)?|iso-?8859-?\d{1,2}|latin-?[1-9]|(us-)?ascii|(windows|cp)-?(125\d|874)|"
    r"koi8-?[ru]|mac(intosh)?|shift[_-]?jis|sjis|euc-?(jp|kr)|iso-2022-jp|gb(k|2312|18030)|big5(-hkscs)?"
)
_MEANT = {
    **dict.fromkeys(("iso-8859-1", "iso8859-1", "latin1", "latin-1", "ascii", "us-ascii"), "cp1252"),
    "macintosh": "mac-roman",
    "mac": "mac-roman",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
}


def page_text(data: bytes, content_type: str) -> str:
    """Return the text of a page; what its encoding does not know becomes U+FFFD.

    A byte order mark counts before the header, the header before what the page says of itself.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    header = _IN_HEADER.search(content_type)
    meta = _IN_META.search(data[:_LOOKED_AT])
    named = _encoding(header[1]) if header else None
    said = _encoding(meta[1].decode("ascii")) if meta else None
    if said is not None and said.startswith("utf-16"):
        said = "utf-8"  # this could be read, so it is not that
    encoding = named or said or _likely(data)
    return data.decode(encoding, "replace")


def _encoding(label: str) -> str | None:
    """Return the encoding that pages mean by a name; None for one that is none of theirs."""
    label = label.strip().lower()
    if not _KNOWN.fullmatch(label):
        return None
    label = _MEANT.get(label, label.replace("windows-", "cp").replace("windows", "cp"))
    try:
        return codecs.lookup(label).name
    except LookupError:
        return None


def _likely(data: bytes) -> str:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"
