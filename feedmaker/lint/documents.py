"""An XML document as the rules see it: elements, where they stand, and how they were written. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from xml.parsers import expat

from lxml import etree

from feedmaker.lint.findings import Spot, shown
from feedmaker.lint.xml_text import XmlText

ATOM = "http://www.w3.org/2005/Atom"
CONTENT = "http://purl.org/rss/1.0/modules/content/"
DC = "http://purl.org/dc/elements/1.1/"
FH = "http://purl.org/syndication/history/1.0"
ITUNES = "http://www.itunes.com/dtds/podcast-1.0.dtd"
PODCAST = "https://podcastindex.org/namespace/1.0"
SLASH = "http://purl.org/rss/1.0/modules/slash/"
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
XHTML = "http://www.w3.org/1999/xhtml"
XML = "http://www.w3.org/XML/1998/namespace"
ENCODED = f"{{{CONTENT}}}encoded"
ATOM_LINK = f"{{{ATOM}}}link"
ITEMS = ("item", f"{{{ATOM}}}entry")

_COMMENT = re.compile(r"<!--(?:.*?-->|.*)", re.DOTALL)
_START_TAG = re.compile(r"<[^>]*>")


class Source(NamedTuple):
    """Hold where an element stands and how it was written."""

    spot: Spot
    written: str


@dataclass(frozen=True, slots=True)
class Document:
    """Hold a parsed document, its address and the time of the check, where they are known."""

    root: etree._Element
    url: str | None = None
    now: datetime | None = None
    sources: Mapping[etree._Element, Source] = field(default_factory=dict)

    def spot(self, element: etree._Element) -> Spot:
        """Return where an element begins."""
        source = self.sources.get(element)
        return source.spot if source else Spot(element.sourceline or 1, 1)

    def written(self, element: etree._Element) -> str:
        """Return what stands between the tags of an element as it was written, references and all."""
        source = self.sources.get(element)
        return _COMMENT.sub("", _START_TAG.sub("", source.written, count=1)) if source else ""

    def where(self, element: etree._Element) -> str | None:
        """Return the title or id of the item that an element is in."""
        for item in (element, *element.iterancestors()):
            if item.tag in ITEMS:
                texts = (text_of(item, name) for name in ("title", atom("title"), "guid", atom("id")))
                return next(filter(None, texts), None)
        return None


def atom(name: str) -> str:
    """Return the full name of an element of Atom."""
    return f"{{{ATOM}}}{name}"


def itunes(name: str) -> str:
    """Return the full name of a tag of Apple's."""
    return f"{{{ITUNES}}}{name}"


def podcast(name: str) -> str:
    """Return the full name of a tag of Podcasting 2.0."""
    return f"{{{PODCAST}}}{name}"


def make_document(source: XmlText, root: etree._Element, url: str | None, now: datetime | None) -> Document:
    """Make the document of a text that was parsed."""
    data = source.text.encode()
    elements = list(root.iter("*"))
    places = _places(data)
    # expat and libxml2 agree on well-formed documents; where they should not, lines are good enough.
    if len(places) != len(elements):
        return Document(root, url, now)
    sources = {
        element: Source(Spot(line + source.lines_before, column), data[begin:end].decode())
        for element, (line, column, begin, end) in zip(elements, places, strict=True)
        if not len(element)
    }
    for element, (line, column, _, _) in zip(elements, places, strict=True):
        sources.setdefault(element, Source(Spot(line + source.lines_before, column), ""))
    return Document(root, url, now, sources)


def misspelt_namespaces(root: etree._Element) -> Iterator[tuple[str, str]]:
    """Yield the namespaces of a document that are nearly ones that readers know, each with the right one."""
    known = {_loose(address): address for address in _PREFIXES}
    inside = {str(element.tag)[1:].partition("}")[0] for element in root.iter("{*}*")}
    for address in sorted(inside | set(root.nsmap.values())):
        meant = known.get(_loose(address))
        if meant is not None and meant != address:
            yield address, meant


def _loose(address: str) -> str:
    return address.lower().removeprefix("https://").removeprefix("http://").removeprefix("www.").rstrip("/#")


def _places(data: bytes) -> list[tuple[int, int, int, int]]:
    """Return line, column, first and last byte of every element in document order; empty if unreadable."""
    places: list[list[int]] = []
    unclosed: list[int] = []
    parser = expat.ParserCreate("utf-8")

    def begin(_name: str, _attributes: object) -> None:
        unclosed.append(len(places))
        places.append([parser.CurrentLineNumber, parser.CurrentColumnNumber + 1, parser.CurrentByteIndex, 0])

    def end(_name: str) -> None:
        places[unclosed.pop()][3] = parser.CurrentByteIndex

    parser.StartElementHandler, parser.EndElementHandler = begin, end
    try:
        parser.Parse(data, True)
    except expat.ExpatError:
        return []
    return [(line, column, first, last) for line, column, first, last in places]


def text_of(parent: etree._Element, name: str) -> str | None:
    """Return the text of the first child of a name without the space around it; None where there is none."""
    child = parent.find(name)
    return None if child is None else (child.text or "").strip()


def tag_of(element: etree._Element) -> str:
    """Return the name of an element as people write it, such as itunes:image."""
    name = etree.QName(element)
    prefix = _PREFIXES.get(name.namespace or "", element.prefix)
    return f"{prefix}:{name.localname}" if prefix else name.localname


_PREFIXES = {
    ATOM: "",
    CONTENT: "content",
    DC: "dc",
    FH: "fh",
    ITUNES: "itunes",
    PODCAST: "podcast",
    SLASH: "slash",
    TOMBSTONES: "at",
    XHTML: "xhtml",
}


def named(element: etree._Element) -> str:
    """Return how a message calls an element: its tag in angle brackets."""
    return f"<{shown(tag_of(element))[1:-1]}>"


def children(parent: etree._Element, namespace: str | None = None) -> Iterator[etree._Element]:
    """Yield the child elements in a namespace, or in none."""
    for child in parent.iterchildren("*"):
        if etree.QName(child).namespace == namespace:
            yield child


def links(parent: etree._Element, rel: str) -> list[etree._Element]:
    """Return the links of Atom with a relation; one without any is an alternate (RFC 4287, 4.2.7.2)."""
    return [link for link in parent.findall(ATOM_LINK) if link.get("rel", "alternate") == rel]
