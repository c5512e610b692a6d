"""HTML of other systems → paragraphs, keeping words, emphasis, code and links. Pure.

Nothing that runs or loads survives, because nothing but text and sound links is taken. A parser that tells
of tags one by one is used, so that no depth of nesting matters.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urljoin

from feedmaker.importing.foreign import Markup
from feedmaker.model import Prose, Span, plain
from feedmaker.notes.prose import tidy
from feedmaker.uri import safe_link

Kind = Literal["paragraph", "heading", "bullet", "quote", "code"]
MOST_SIGNS = 300_000
MOST_BLOCKS = 3_000
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = {
    *("address", "article", "aside", "blockquote", "body", "center", "dd", "details", "div", "dl", "dt"),
    *(
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "header",
        "hr",
        "html",
        "li",
        "main",
        "nav",
        "ol",
    ),
    *("p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul"),
    *_HEADINGS,
}
_STRONG, _EMPHASIS, _CODE = {"b", "strong"}, {"em", "i", "cite", "dfn", "var"}, {"code", "kbd", "samp", "tt"}
_SILENT = {"link", "meta", "noscript", "template", "title"}
_LOST = {
    **dict.fromkeys(("script", "style"), "scripts and styles"),
    **dict.fromkeys(("applet", "audio", "embed", "frameset", "iframe"), "embedded pages and players"),
    **dict.fromkeys(("object", "video"), "embedded pages and players"),
    **dict.fromkeys(("canvas", "math", "svg"), "drawings and formulas"),
    **dict.fromkeys(("button", "input", "select", "textarea"), "fields of forms"),
    **dict.fromkeys(("img", "image", "map"), "images"),
}
_EMPTY = {"embed", "img", "image", "input", "link", "meta", "br", "hr", "frame", "wbr", "source", "track"}
# Elements whose words are lost with them.
_HIDING = ({*_LOST} | _SILENT) - _EMPTY
_CELLS = {"td", "th"}
_PARAGRAPH_BREAK = re.compile(r"\n[ \t\r]*\n\s*")


@dataclass(frozen=True, slots=True)
class Block:
    """Hold a paragraph and what it was; `level` is that of a heading, `small` tells fine print."""

    kind: Kind
    prose: Prose
    level: int = 0
    small: bool = False

    @property
    def text(self) -> str:
        """Return the words."""
        return plain(self.prose)


@dataclass(frozen=True, slots=True)
class Document:
    """Hold the paragraphs of a text, and how many of which things in it are lost."""

    blocks: tuple[Block, ...]
    lost: Mapping[str, int]


def read_markup(markup: Markup) -> Document:
    """Read a text, HTML or plain."""
    if markup.is_html:
        return _read_html(markup.text, markup.base)
    lost = Counter({_TOO_LONG: 1}) if len(markup.text) > MOST_SIGNS else Counter()
    texts = _PARAGRAPH_BREAK.split(markup.text[:MOST_SIGNS].replace("\r\n", "\n"))
    found = (Block("paragraph", tidy([Span(text)])) for text in texts[:MOST_BLOCKS])
    return Document(tuple(block for block in found if block.prose), lost)


def plain_text(markup: Markup) -> str:
    """Return the words of a text in one line."""
    return " ".join(block.text for block in read_markup(markup).blocks)


_TOO_LONG = "texts beyond the limit"


def _read_html(html: str, base: str) -> Document:
    from lxml import etree

    reader = _Reader(base)
    target: Any = reader  # the stubs want a base class that exists in them alone
    # The parser would take a zero for the end of the text; a lone surrogate is no text at all.
    data = html.replace("\0", "\ufffd").encode("utf-8", "replace")
    parser = etree.HTMLParser(target=target, encoding="utf-8", huge_tree=True)
    parser.feed(data)
    if data.strip():
        parser.close()
    reader.flush()
    return Document(tuple(reader.blocks), reader.lost)


class _Reader:
    """Collect paragraphs from the tags and texts that a parser tells of."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.blocks: list[Block] = []
        self.lost: Counter[str] = Counter()
        self._spans: list[Span] = []
        self._open: Counter[str] = Counter()
        self._links: list[str | None] = []
        self._bullet = False
        self._after_break = False
        self._words_outside_small = False
        self._signs = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Take a start tag."""
        if tag in _LOST and not self._hidden and not _is_pixel(tag, attributes):
            self.lost[_LOST[tag]] += 1
        if tag in _EMPTY:
            self._break(tag)
            return
        if tag in _BLOCKS:
            self._part(tag)
        if tag == "a":
            self._links.append(self._address(attributes.get("href")))
        self._open[_role(tag)] += 1

    def end(self, tag: str) -> None:
        """Take an end tag."""
        if tag in _EMPTY:
            return
        if tag in _BLOCKS - _CELLS:
            self.flush()
        if tag == "a" and self._links:
            self._links.pop()
        self._open[_role(tag)] = max(0, self._open[_role(tag)] - 1)

    def data(self, text: str) -> None:
        """Take words."""
        if self._hidden:
            return
        room = MOST_SIGNS - self._signs if len(self.blocks) < MOST_BLOCKS else 0
        if len(text) > room:
            self.lost[_TOO_LONG] = 1
            text = text[:room]
        self._signs += len(text)
        self._after_break = self._after_break and text.isspace()
        opened = self._open
        href = self._links[-1] if self._links else None
        code = bool(opened["code"] or opened["pre"])
        self._spans.append(Span(text, bool(opened["strong"]), bool(opened["emphasis"]), code, href))
        self._words_outside_small |= not opened["small"] and not text.isspace()
        if opened["pre"]:
            self._lines()

    def close(self) -> None:
        """End the text."""

    def flush(self) -> None:
        """End the paragraph."""
        prose = tidy(self._spans)
        self._spans.clear()
        if prose:
            kind, level = self._kind()
            self.blocks.append(Block(kind, prose, level, small=not self._words_outside_small))
            self._bullet = False
        self._words_outside_small = False

    @property
    def _hidden(self) -> bool:
        return bool(self._open["hiding"])

    def _kind(self) -> tuple[Kind, int]:
        level = next((level for tag, level in _HEADINGS.items() if self._open[tag]), 0)
        kinds: tuple[tuple[object, Kind], ...] = (
            (level, "heading"),
            (self._open["pre"], "code"),
            (self._bullet, "bullet"),
            (self._open["blockquote"], "quote"),
        )
        return next((kind for holds, kind in kinds if holds), "paragraph"), level

    def _part(self, tag: str) -> None:
        """Begin a paragraph; the cells of a table's row stay together."""
        if tag in _CELLS:
            self._spans.append(Span(" "))
            return
        self.flush()
        if tag == "table" and not self._hidden:
            self.lost["tables (their words are kept)"] += 1
        if tag == "li":
            self._bullet = True

    def _break(self, tag: str) -> None:
        """Take a line break, two of which part paragraphs."""
        if tag == "hr":
            self.flush()
        elif tag == "br":
            if self._after_break:
                self.flush()
            self._spans.append(Span("\n"))
            self._after_break = True

    def _lines(self) -> None:
        """Make a paragraph of each line of preformatted text."""
        last = self._spans[-1]
        first, *rest = last.text.split("\n")
        self._spans[-1] = Span(first, last.strong, last.emphasis, last.code, last.href)
        for line in rest:
            self.flush()
            self._words_outside_small = True
            self._spans.append(Span(line, last.strong, last.emphasis, last.code, last.href))

    def _address(self, href: str | None) -> str | None:
        """Return where a link leads; words stay where an address goes."""
        if not href or not href.strip() or href.startswith("#"):
            return None
        try:
            found = safe_link(urljoin(self.base, href.strip()))
        except ValueError:
            found = None
        if found is None and not self._hidden:
            self.lost["links that lead nowhere (their words are kept)"] += 1
        return found


def _role(tag: str) -> str:
    """Return what a tag does to the words in it, or the tag itself."""
    roles: Iterable[tuple[str, set[str]]] = (
        ("strong", _STRONG),
        ("emphasis", _EMPHASIS),
        ("code", _CODE),
        ("hiding", _HIDING),
    )
    return next((role for role, tags in roles if tag in tags), tag)


def _is_pixel(tag: str, attributes: Mapping[str, str]) -> bool:
    """Tell an image that nobody sees, whose loss is none."""
    return tag == "img" and attributes.get("width") in ("0", "1") and attributes.get("height") in ("0", "1")
