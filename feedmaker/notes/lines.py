"""How lines of a file become texts: what counts as blank, and how wrapped lines are joined. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

BLANKS = (
    " \t\n\x85\xa0\u1680"
    + "".join(map(chr, range(0x2000, 0x200C)))
    + "\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
)
"""White space of every width, among it none at all: what a text neither begins nor ends with."""

_NON_CHARACTERS = "\ufdd0-\ufdef" + "".join(
    chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF)
)
# XML 1.0 cannot hold the C0 controls and some non-characters, and YAML and HTML refuse them and the C1
# controls.
UNPRINTABLE = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f{_NON_CHARACTERS}]")
# Only runs that a fold changes: single spaces, by far the most, are no match.
_RUN = re.compile(r"[ \t\r\n]{2,}|[\t\r\n]")
_LINE_END = re.compile("[\r\n\x85\u2028\u2029]")
# Scripts that part no words: a line break between two of these signs is no space.
_CJK = "\u2e80-\u303f\u3041-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff01-\uff60\U00020000-\U0003ffff"
_CJK_BREAK = re.compile(f"(?<=[{_CJK}])[ \t]*\n[ \t\n]*(?=[{_CJK}])")


def fold(text: str) -> str:
    """Make one space of each run of spaces, tabs and line feeds; none of a line feed between CJK signs.

    Control characters, which YAML and HTML can also write as escapes, become visible.
    """
    if text.isprintable():
        # Then it holds neither tabs nor line ends, and mostly there is nothing to do.
        return _RUN.sub(" ", text) if "  " in text else text
    text = visible(text)
    if "\n" in text and not text.isascii():
        text = _CJK_BREAK.sub("", text)
    return _RUN.sub(" ", text)


def visible(text: str) -> str:
    """Show control characters and non-characters by signs that stand for them, such as ␇ (U+2407).

    U+FFFD would say that the bytes were misread, and validators warn of it.
    """
    return UNPRINTABLE.sub(_picture, text)


def _picture(found: re.Match[str]) -> str:
    """Return the sign of the block Control Pictures for a character, or that for a substitute."""
    code = ord(found[0])
    return "\u2421" if code == 0x7F else chr(0x2400 + code) if code < 0x20 else "\u2426"


def trimmed(text: str) -> str:
    """Fold a text and take what is blank from both ends."""
    return fold(text).strip(BLANKS)


def one_line(text: str) -> str:
    """Trim a text that must stay in one line everywhere, such as a title or a name."""
    return trimmed(text if text.isprintable() else _LINE_END.sub("\n", text))


def join_wrapped(lines: Iterable[str]) -> str:
    """Join wrapped lines to a paragraph whose words and signs are those of the lines."""
    text = "\n".join(lines)
    return _CJK_BREAK.sub("", text).replace("\n", " ") if "\n" in text else text
