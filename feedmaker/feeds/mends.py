"""What python-feedgen 1.0.0 writes wrongly, and what is written in its place.

| fault | feedgen | here |
|---|---|---|
| F1 | entry links in Atom lose rel, type and length | `Mends` writes them |
| F2, F6, F19 | Atom content of type CDATA, none or xhtml is invalid, misread or brittle | type html |
| F3, F4 | the RSS link is the last link added, whatever its rel | one generator a format, home last |
| F5 | times default to the clock | each is set, or left out and written by `Mends` |
| F7 | content without description lands in description | both are set |
| F8, F9 | bad characters and naive times raise a bare ValueError | `naming_faults` |
| F10 | entries are prepended | appended |
| F11 | an author without e-mail address is not in RSS | dc:creator |
| F18 | dates of RSS set the locale of the whole process | `rfc822` |
| F21 | dictionaries that are handed over get changed | each is made for its call |

Besides, it writes `&amp;` where the RSS profile asks for `&#x26;`, and names itself, its version and a link
to the RSS specification.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from feedgen.feed import FeedGenerator
from lxml import etree

from feedmaker.errors import GateError
from feedmaker.feeds import podcast
from feedmaker.feeds.feed import Feed, Item
from feedmaker.feeds.outline import MEDIA_TYPES, Format
from feedmaker.text import escape_attribute

GENERATOR = "feedmaker"
NAMESPACES = {
    "at": "http://purl.org/atompub/tombstones/1.0",
    "dc": "http://purl.org/dc/elements/1.1/",
    "fh": "http://purl.org/syndication/history/1.0",
    "media": "http://search.yahoo.com/mrss/",
}
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PLAIN_TEXT = re.compile(
    rb"(<(?:(?:title|subtitle|description|summary|category|author|name|copyright)\b|(?:dc|itunes|podcast):)[^>]*>)"
    # Only where there is something to spell, which is seldom; and never in attributes, whose numbers some
    # readers do not decode.
    rb"([^<&]*&[^<]*)"
)


class Mends:
    """Add to a feed or an entry what feedgen cannot write; feedgen calls it as an extension of its own."""

    def __init__(self) -> None:
        self.language: str | None = None
        self.namespaces: dict[str, str] = {}
        self._elements: list[etree._Element] = []

    def add(self, name: str, text: str | None = None, **attributes: str | None) -> None:
        """Add an element; attributes that are None are left out."""
        element = etree.Element(name)
        for key, value in attributes.items():
            if value is not None:
                element.set(key, value)
        element.text = text
        self._elements.append(element)

    def append(self, elements: Iterable[etree._Element]) -> None:
        """Add elements that are made already."""
        self._elements.extend(elements)

    def extend_ns(self) -> dict[str, str]:
        """Return the prefixes that the root declares."""
        return self.namespaces

    def extend_rss(self, element: etree._Element) -> etree._Element:
        """Append the elements to an item, or to the channel of a whole feed."""
        parent = element[0] if element.tag == "rss" else element
        if self.language:
            parent.set(XML_LANG, self.language)
        parent.extend(self._elements)
        return element

    extend_atom = extend_rss


def new_generator(feed: Feed, kind: Format) -> Any:
    """Return a generator that knows all of a feed but its time, its entries and its place in the history.

    It is good for one format. It and its entries have their `Mends` under `mends`.
    """
    generator = FeedGenerator()
    # There is no other way to leave it out, and feedgen would take it from the clock.
    generator._FeedGenerator__rss_lastBuildDate = None
    generator.register_extension("mends", Mends, Mends)
    generator.title(feed.title)
    generator.description(feed.description)
    generator.language(feed.language)
    generator.generator(GENERATOR)
    generator.docs("")
    generator.link(href=feed.addresses[kind], rel="self", type=MEDIA_TYPES[kind])
    generator.link(href=feed.home, rel="alternate", type="text/html")
    generator.mends.namespaces = _namespaces(feed, kind)
    return generator


def _namespaces(feed: Feed, kind: Format) -> dict[str, str]:
    """Return what a document declares; of a podcast feed programs expect the prefixes on the root."""
    wanted = {
        "fh": feed.current is not None,
        "at": kind == "atom" and bool(feed.tombstones),
        "media": any(item.image for item in feed.items),
    }
    found = {prefix: NAMESPACES[prefix] for prefix, is_used in wanted.items() if is_used}
    ours = {**found, **(podcast.NAMESPACES if feed.channel else {})}
    return {**ours, "dc": NAMESPACES["dc"]} if kind == "rss" else ours


def history_links(feed: Feed, kind: Format) -> Iterator[dict[str, str]]:
    """Return the links to a feed's hubs and, by RFC 5005, to its other documents."""
    for hub in feed.hubs:
        yield {"rel": "hub", "href": hub}
    for rel, addresses in (("prev-archive", feed.previous), ("current", feed.current)):
        if addresses:
            yield {"rel": rel, "href": addresses[kind], "type": MEDIA_TYPES[kind]}


def rfc822(moment: datetime) -> str:
    """Write a zoned time as RSS has it (RFC 822 with four-digit years), in GMT, whatever the locale."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def serialise(feed: Feed, write: Callable[..., bytes]) -> bytes:
    """Call feedgen's `write` and point to the stylesheet with which browsers show the document.

    In plain text `&`, `<` and `>` are spelled as the RSS Advisory Board asks.
    """
    declaration, _, rest = _PLAIN_TEXT.sub(_in_hexadecimal, write(pretty=True)).partition(b"\n")
    stylesheet = f'<?xml-stylesheet type="text/css" href="{escape_attribute(feed.stylesheet)}"?>'
    return b"\n".join((declaration, stylesheet.encode(), rest))


@contextmanager
def naming_faults(feed: Feed) -> Iterator[None]:
    """Turn what feedgen and lxml raise into a `GateError` that names the item."""
    try:
        yield
    except ValueError as error:
        found = "\n".join(filter(None, map(_bad_character, feed.items)))
        raise GateError(found or f"the feed cannot be written: {error}") from error


def _in_hexadecimal(found: re.Match[bytes]) -> bytes:
    text = found[2].replace(b"&amp;", b"&#x26;").replace(b"&lt;", b"&#x3C;").replace(b"&gt;", b"&#x3E;")
    return found[1] + text


def _bad_character(item: Item) -> str | None:
    texts = (item.title, item.summary, item.html, item.id, item.url, *item.tags)
    found = _NOT_IN_XML.search("".join(texts))
    if not found:
        return None
    sign = f"U+{ord(found[0]):04X}"
    return (
        f"{item.title!r} ({item.id}) holds the character {sign}, which no feed can; take it out of the note"
    )
