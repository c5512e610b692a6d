"""The HTML part as a mail program or a screen reader reads it: words, links, pictures, headings. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser

_LOADING_TAGS = frozenset({"embed", "frame", "iframe", "link", "object", "script"})
_NAMING_LINKS = frozenset({"alternate", "canonical"})
_LOADING_ATTRIBUTES = frozenset({"background", "poster", "src", "srcset"})
_SCRIPTS = ("javascript:", "vbscript:", "data:")
_LOADING_STYLE = re.compile(r"url\((?!\s*[\"']?data:)|@import", re.IGNORECASE)
_LOADING_COMMENT = re.compile(r"\ssrc\s*=|url\(", re.IGNORECASE)
_BLOCKS = frozenset(
    {"blockquote", "br", "div", "hr", "li", "ol", "p", "table", "td", "th", "tr", "ul"}
    | {f"h{level}" for level in range(1, 7)}
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_UNSEEN = frozenset({"script", "style", "title"})


@dataclass(slots=True)
class Link:
    """Hold a link: where it leads, and its words, those of its pictures among them."""

    address: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """Hold a picture; `alt` is what is read where it is not seen, None where nobody said."""

    source: str
    alt: str | None


@dataclass(slots=True)
class Heading:
    """Hold a heading; `leads` tells whether something stands under it."""

    level: int
    words: str = ""
    leads: bool = False


@dataclass(frozen=True, slots=True)
class Passage:
    """Hold words that no tag interrupts; `weighs` where they are of a heading or a quote."""

    words: str
    weighs: bool


class HtmlPart(HTMLParser):
    """Read HTML, whatever it is; `own` are beginnings of addresses that pictures may be loaded from.

    `flow` is all text, in which each address stands where its link begins, and `faults` says what is loaded
    from elsewhere.
    """

    def __init__(self, html: str, own: tuple[str, ...] = ()) -> None:
        super().__init__(convert_charrefs=True)
        self._own = ("data:", *own)
        self._pieces: list[str] = []
        self._unseen = ""
        self._link: Link | None = None
        self._heading: Heading | None = None
        self._quotes = 0
        self.language = ""
        self.faults: list[str] = []
        self.links: list[Link] = []
        self.pictures: list[Picture] = []
        self.headings: list[Heading] = []
        self.passages: list[Passage] = []
        self.feed(html)
        self.close()
        self.flow = "".join(self._pieces)

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """Pass over what begins with <![ as browsers do, where the parser would give up."""
        return self.parse_bogus_comment(i, report)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a tag begins, and whatever it loads."""
        values = {name: value or "" for name, value in attrs}
        self._unseen = tag if tag in _UNSEEN else self._unseen
        self._note_loading(tag, values)
        if tag in _BLOCKS:
            self._pieces.append(" ")
        if "href" in values:
            self._pieces.append(f" {values['href']} ")
        if tag == "html":
            self.language = values.get("lang", "")
        elif tag == "a" and "href" in values:
            self._link = Link(values["href"])
            self.links.append(self._link)
        elif tag == "img":
            self.pictures.append(Picture(values.get("src", ""), values.get("alt")))
            self._take(values.get("alt", ""))
        elif tag in _HEADINGS:
            self._open_heading(_HEADINGS[tag])
        self._quotes += tag == "blockquote"

    def handle_endtag(self, tag: str) -> None:
        """Note what a tag ends."""
        if tag == self._unseen:
            self._unseen = ""
        if tag in _BLOCKS:
            self._pieces.append(" ")
        if tag == "a":
            self._link = None
        elif tag in _HEADINGS:
            self._heading = None
        self._quotes -= tag == "blockquote" and self._quotes > 0

    def handle_data(self, data: str) -> None:
        """Take in text, and look into style sheets."""
        if not self._unseen:
            self._pieces.append(data)
            self.passages.append(Passage(data, bool(self._heading or self._quotes)))
            self._take(data)
        elif self._unseen == "style" and _LOADING_STYLE.search(data):
            self.faults.append("a style sheet loads something from elsewhere")

    def handle_comment(self, data: str) -> None:
        """Look into what only Outlook reads."""
        if _LOADING_COMMENT.search(data):
            self.faults.append("a part for Outlook loads something from elsewhere")

    def _note_loading(self, tag: str, values: Mapping[str, str]) -> None:
        loaded = [values[name] for name in _LOADING_ATTRIBUTES & values.keys()]
        loads = tag in _LOADING_TAGS and not (tag == "link" and values.get("rel") in _NAMING_LINKS)
        remote = any(not value.startswith(self._own) for value in loaded)
        if loads or remote or _LOADING_STYLE.search(values.get("style", "")):
            self.faults.append(f"<{tag}> loads something from elsewhere")
        scripted = values.get("href", "").strip().lower().startswith(_SCRIPTS)
        if scripted or any(name.startswith("on") for name in values):
            self.faults.append(f"<{tag}> runs a script, which no mail program does")

    def _take(self, words: str) -> None:
        """Give words, of text or of a picture, to the link and the heading that they stand in or under."""
        if self._link:
            self._link.words += words
        if self._heading:
            self._heading.words += words
        elif self.headings and words.strip():
            self.headings[-1].leads = True

    def _open_heading(self, level: int) -> None:
        if self.headings and self.headings[-1].level < level:
            self.headings[-1].leads = True
        self._heading = Heading(level)
        self.headings.append(self._heading)
