"""Lists of feeds: OPML 2.0. Pure."""

from __future__ import annotations

from lxml import etree

from feedmaker.lint import common
from feedmaker.lint.dates import date_problems, read_rfc822
from feedmaker.lint.documents import Document, text_of
from feedmaker.lint.findings import Problem, Problems, parse_rules, shown

RULES = parse_rules(
    """
    opml-version error 2 OPML 2.0, opml
        The opml element has a version: 1.0, 1.1 or 2.0.
        write version="2.0"
    opml-structure error 2 OPML 2.0, opml, body
        An OPML document has one head and one body, and the body at least one outline.
        add what is missing
    opml-title-missing warning 2 OPML 2.0, head
        A list of feeds has a title.
        add title to the head
    outline-without-text error 2 OPML 2.0, outline
        Every outline has a text.
        add text, such as the name of the feed
    outline-without-address error 2 OPML 2.0, subscription lists
        An outline of the type rss has xmlUrl, the address of a feed.
        add xmlUrl
    outline-without-type warning 2 OPML 2.0, subscription lists
        An outline with a feed's address has the type rss, or programs pass it over.
        add type="rss"
    """
)
_VERSIONS = ("1.0", "1.1", "2.0")


def problems(document: Document) -> Problems:
    """Report what is wrong with an OPML document."""
    root = document.root
    if root.get("version") not in _VERSIONS:
        yield Problem("opml-version", f"the version is {shown(root.get('version', ''))}", root)
    for name in ("head", "body"):
        if len(root.findall(name)) != 1:
            yield Problem("opml-structure", f"there are {len(root.findall(name))} elements <{name}>", root)
    for body in root.findall("body"):
        if body.find("outline") is None:
            yield Problem("opml-structure", "the body has no outline", body)
    for head in root.findall("head"):
        yield from _head_problems(head)
    for outline in root.iterfind("body//outline"):
        yield from _outline_problems(outline)


def _head_problems(head: etree._Element) -> Problems:
    if not text_of(head, "title"):
        yield Problem("opml-title-missing", "the head has no title", head)
    for name in ("dateCreated", "dateModified"):
        for element in head.findall(name):
            text = (element.text or "").strip()
            yield from date_problems(read_rfc822(text), text, element)


def _outline_problems(outline: etree._Element) -> Problems:
    if not outline.get("text"):
        yield Problem("outline-without-text", "an outline has no text", outline)
    kind, address = outline.get("type"), outline.get("xmlUrl")
    if kind == "rss" and not address:
        yield Problem("outline-without-address", "an outline of the type rss has no xmlUrl", outline)
    elif address and kind is None:
        yield Problem("outline-without-type", f"the outline of {shown(address)} has no type", outline)
    for name in ("xmlUrl", "htmlUrl"):
        value = outline.get(name)
        if value:
            yield from common.address_problems(value, name, outline)
