"""HTML → the lines that a page export has: what a browser shows, each paragraph on a line of its own. Pure.

Scripts, forms, navigation and what is hidden are left out. Each line remembers where it stands in the page,
so that a fault of a note can be named by the line of its original.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

_LEFT_OUT = frozenset(
    (
        *("aside", "audio", "button", "canvas", "datalist", "dialog", "embed", "head", "iframe"),
        *("input", "map", "math", "menu", "nav", "noscript", "object", "option", "picture"),
        *("script", "select", "style", "svg", "template", "textarea", "title", "video"),
    )
)
_PARTED = frozenset(
    (
        *("article", "blockquote", "dl", "fieldset", "figure", "footer", "form", "h1", "h2", "h3"),
        *("h4", "h5", "h6", "header", "hr", "main", "ol", "p", "pre", "section", "table", "ul"),
    )
)
_LINES = _PARTED | frozenset(
    (
        *("address", "body", "caption", "center", "dd", "details", "div", "dt", "figcaption"),
        *("hgroup", "html", "legend", "li", "search", "summary", "tbody", "tfoot", "thead", "tr"),
    )
)
_OF_A_CARD = ("h1", "h2", "h3", "h4", "h5", "h6", "blockquote")
_BLANK = re.compile(r"[ \t\n\r\f]+")
_FACTS = re.compile(r"[^·]{1,200} · [^·]{0,20}\d{4}[^·]{0,20}( · [^·]{1,40})?")
_UNSEEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_PERMALINKS = frozenset("#¶§🔗")
_BULLET = "  • "
_LOOKED_AT = 100
"""How many elements of an item are looked at; items in items would else be looked at again and again."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Hold the text of a page, and for each of its lines the line of the page that it begins on."""

    text: str
    places: tuple[int, ...]

    def place(self, line: int) -> int:
        """Return the line of the page for a line of the text; both count from 1."""
        return self.places[line - 1] if 0 < line <= len(self.places) else 1


def read_lines(html: str) -> Iterator[Lines]:
    """Read the part of a page that is most likely its article, then larger ones, as far as there are any."""
    from lxml import etree

    # The parser would take a zero for the end of the text; a lone surrogate is no text at all.
    data = html.replace("\0", "\ufffd").encode("utf-8", "replace")
    parser = etree.HTMLParser(
        encoding="utf-8", no_network=True, huge_tree=True, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data, parser) if data.strip() else None
    except etree.XMLSyntaxError:
        root = None
    if root is None:
        return
    _put_title_below_facts(root)
    seen: set[str] = set()
    for path in ("//main | //*[@role='main']", "//article", "//body"):
        element = next(iter(root.xpath(path)), None)
        lines = _Writer().written(element) if element is not None else None
        if lines and lines.text.strip() and lines.text not in seen:
            seen.add(lines.text)
            yield lines


def _put_title_below_facts(root: Any) -> None:
    """Put a heading that stands above the line of show, date and duration where page exports have it."""
    title = next(root.iter("h1"), None)
    facts = title.getnext() if title is not None else None
    if facts is not None and _FACTS.fullmatch(_BLANK.sub(" ", "".join(facts.itertext())).strip()):
        facts.addnext(title)


class _Writer:
    """Write the lines of an element."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._places: list[int] = []
        self._words: list[str] = []
        self._place = 1
        self._line = 1
        self._bullet = ""
        self._depth = 0
        self._kept = 0
        self._quoted = 0

    def written(self, root: Any) -> Lines:
        """Write all of an element, however deep it is."""
        from lxml import etree

        walk = etree.iterwalk(root, events=("start", "end"))
        for event, element in walk:
            if event == "start":
                self._line = element.sourceline or self._line
                if element is not root and self._is_left_out(element):
                    walk.skip_subtree()
                else:
                    self._start(element)
            else:
                self._end(element, is_root=element is root)
        self._flush()
        while self._lines and not self._lines[-1]:
            self._lines.pop()
        return Lines("\n".join(self._lines) + "\n", tuple(self._places[: len(self._lines)]))

    def _is_left_out(self, element: Any) -> bool:
        tag = element.tag
        if not isinstance(tag, str) or tag in _LEFT_OUT or _is_hidden(element):
            return True
        if tag == "footer":
            return not self._quoted
        return tag == "a" and "".join(islice(element.itertext(), 3)).strip() in _PERMALINKS

    def _start(self, element: Any) -> None:
        tag = element.tag
        self._break(tag)
        if tag in ("ul", "ol"):
            self._depth += 1
        if tag == "li":
            self._bullet = "" if _is_card(element) else _BULLET
        self._kept += tag == "pre"
        self._quoted += tag in ("blockquote", "figure")
        self._text(element.text)

    def _end(self, element: Any, *, is_root: bool) -> None:
        tag = element.tag
        self._line = max(self._line, element.sourceline or 1)
        if isinstance(tag, str) and (is_root or not self._is_left_out(element)):
            if tag != "br":
                self._break(tag)
            self._depth -= tag in ("ul", "ol")
            self._kept -= tag == "pre"
            self._quoted -= tag in ("blockquote", "figure")
            if tag == "li":
                self._bullet = ""
        if not is_root:
            self._text(element.tail)

    def _break(self, tag: str) -> None:
        if tag == "br":
            if not self._flush():
                self._part()
        elif tag in _LINES:
            self._flush()
            if tag in _PARTED:
                self._part()
        elif tag in ("td", "th"):
            self._words.append(" ")

    def _text(self, text: str | None) -> None:
        if not text:
            return
        if self._kept:
            first, *rest = text.split("\n")
            self._word(first)
            for line in rest:
                self._flush()
                self._line += 1
                self._word(line)
            return
        before = text[: len(text) - len(text.lstrip())].count("\n")
        self._line += before
        self._word(_BLANK.sub(" ", text))
        self._line += text.count("\n") - before

    def _word(self, text: str) -> None:
        if not any(self._words) and text.strip():
            self._place = self._line
        self._words.append(text)

    def _flush(self) -> bool:
        """End the line; tell whether there was one."""
        text = "".join(self._words)
        text = text.strip() if self._kept else _BLANK.sub(" ", text).strip(" ")
        self._words.clear()
        if not text:
            return False
        indent = self._bullet or (" " * len(_BULLET) if self._depth else "")
        self._bullet = ""
        self._lines.append(indent + text)
        self._places.append(self._place)
        return True

    def _part(self) -> None:
        """Leave a line empty, unless one is or a bullet waits for its words."""
        if self._lines and self._lines[-1] and not self._bullet:
            self._lines.append("")
            self._places.append(self._line)


def _is_card(item: Any) -> bool:
    """Tell an item with a heading or a quote of its own, which is no bullet."""
    return any(each.tag in _OF_A_CARD for each in islice(item.iter(), _LOOKED_AT))


def _is_hidden(element: Any) -> bool:
    """Tell what browsers do not show; `aria-hidden` is shown, and often holds the dots of a line of facts."""
    return element.get("hidden") is not None or _UNSEEN.search(element.get("style", "")) is not None
