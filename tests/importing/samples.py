"""Feeds as other systems write them, and ways to get them wrong."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime
from pathlib import Path

from feedmaker.importing.conversion import Conversion, convert
from feedmaker.importing.notes import Terms

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
TERMS = Terms("https://lamp.example.org/notes/", "en", "Orla Finch", "Europe/Berlin", NOW)
BASE = "https://old.example.org/feeds/all.xml"

DATA = Path(__file__).parent / "data"
RSS, ATOM, RDF, JSON = (
    (DATA / name).read_text("utf-8") for name in ("rss.xml", "atom.xml", "rdf.xml", "feed.json")
)
SAMPLES = {"rss": RSS, "atom": ATOM, "rdf": RDF, "json": JSON}
_ODD = (
    *("\0", "\x01", "\x1f", "\x7f", "\x85", "\ufffe", "\ufeff", "\u2028", "\U0001f600", "\u202e", "\xa0"),
    *("&", "&amp;", "&nbsp;", "&#0;", "&#x110000;", "&#xd800;", "&bogus;", "&amp;amp;lt;", "<", ">", "<>"),
    *(
        "<![CDATA[",
        "]]>",
        "]]]]><![CDATA[>",
        "<!--",
        "-->",
        "<?x",
        "?>",
        "<!DOCTYPE x [",
        '<!ENTITY a "b">]>',
    ),
    *(
        '"',
        "'",
        "=",
        "/>",
        "</item>",
        "</entry>",
        "<item>",
        "<entry>",
        "</channel>",
        "<b>",
        "</b>",
        "<script>",
    ),
    *(
        "{",
        "}",
        "[",
        "]",
        "null",
        "1e999",
        "-0",
        "\\ud800",
        "\\u0000",
        "9" * 400,
        "http://[",
        "data:x",
        "  ",
        "",
    ),
    *("xml:base='http://[bad'", "xml:base='tag:x'", "xmlns:a=''", "rdf:about=''", "isPermaLink='false'"),
    *("2011-13-45T99:99:99Z", "0000-00-00", "Tue, 99 Foo 99999 25:61:61 +9999", "99:99:99", "-1", "１２"),
)
_ENCODINGS = ("utf-8", "utf-16", "utf-16-le", "utf-32", "latin-1", "cp1251", "shift_jis", "utf-7", "cp037")
_LABELS = ("utf-8", "utf-16", "us-ascii", "iso-8859-1", "windows-1251", "x-nonsense", "ebcdic", "utf-7", "\0")
_TYPES = (
    "",
    "text/xml",
    "text/html; charset=utf-16",
    "application/rss+xml; charset=koi8-r",
    "x" * 500,
    "a/b; charset=",
    "application/json; charset=\xff",
)


def converted(
    text: str | bytes, content_type: str = "", base: str = BASE, terms: Terms = TERMS
) -> Conversion:
    """Convert a feed as it was fetched from the old address."""
    return convert(text.encode() if isinstance(text, str) else text, content_type, base, terms)


def spoiled(seed: int) -> tuple[bytes, str]:
    """Spoil a sample in several ways, and return it with a content type that need not fit."""
    chance = random.Random(seed)
    text = chance.choice(list(SAMPLES.values()))
    for _ in range(chance.randrange(6)):
        text = chance.choice(_TEXT_FAULTS)(text, chance)
    data = text.encode(chance.choice(_ENCODINGS) if chance.random() < 0.3 else "utf-8", "xmlcharrefreplace")
    for _ in range(chance.randrange(3)):
        data = chance.choice(_BYTE_FAULTS)(data, chance)
    return data, chance.choice(_TYPES)


def _cut(text: str, chance: random.Random) -> str:
    return text[: chance.randrange(len(text) + 1)]


def _without(text: str, chance: random.Random) -> str:
    start = chance.randrange(len(text) + 1)
    return text[:start] + text[start + chance.randrange(200) :]


def _with_odd(text: str, chance: random.Random) -> str:
    for _ in range(chance.randrange(1, 8)):
        place = chance.randrange(len(text) + 1)
        text = text[:place] + chance.choice(_ODD) + text[place:]
    return text


def _twice(text: str, chance: random.Random) -> str:
    start = chance.randrange(len(text) + 1)
    piece = text[start : start + chance.randrange(400)]
    return text[:start] + piece * chance.randrange(2, 30) + text[start:]


def _swapped(text: str, chance: random.Random) -> str:
    pieces = re.split(r"(<[^>]*>)", text)
    one, other = chance.randrange(len(pieces)), chance.randrange(len(pieces))
    pieces[one], pieces[other] = pieces[other], pieces[one]
    return "".join(pieces)


def _nested(text: str, chance: random.Random) -> str:
    tag = chance.choice(
        ("<div>", "<b>", "<item>", "<x:y>", "<![CDATA[", "&amp;", "[", '{"a":', "<ul><li>", "<p")
    )
    place = chance.randrange(len(text) + 1)
    return text[:place] + tag * chance.choice((10, 300, 3000)) + text[place:]


def _labelled(text: str, chance: random.Random) -> str:
    return re.sub(r'encoding="[^"]*"', f'encoding="{chance.choice(_LABELS)}"', text, count=1)


def _escaped(text: str, chance: random.Random) -> str:
    place = chance.randrange(len(text) + 1)
    return text[:place] + text[place:].replace("<", "&lt;", chance.randrange(20))


def _in_a_page(text: str, chance: random.Random) -> str:
    return f"<!DOCTYPE html><html><body><p>{text[chance.randrange(100) :]}</body></html>"


def _with_entities(text: str, _chance: random.Random) -> str:
    entities = '<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;"><!ENTITY c SYSTEM "/etc/passwd">'
    declared = f"<!DOCTYPE x [{entities}]>"
    return text.replace("?>", f"?>{declared}", 1).replace("<title>", "<title>&b;&c;", 2)


_TEXT_FAULTS = (
    *(_cut, _without, _with_odd, _with_odd, _twice, _swapped, _nested, _labelled, _escaped, _in_a_page),
    _with_entities,
)


def _other_bytes(data: bytes, chance: random.Random) -> bytes:
    spoiled_data = bytearray(data)
    for _ in range(chance.randrange(1, 20)):
        if spoiled_data:
            spoiled_data[chance.randrange(len(spoiled_data))] = chance.randrange(256)
    return bytes(spoiled_data)


def _marked(data: bytes, chance: random.Random) -> bytes:
    marks = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\0\0", b"\0", b"\n\n", b"\x1f\x8b", b"  ")
    return chance.choice(marks) + data


def _torn(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data) + 1)] + chance.randbytes(chance.randrange(40))


_BYTE_FAULTS = (_other_bytes, _marked, _torn)
