"""What ties feeds together: archives (RFC 5005), hubs (WebSub), deletions (RFC 6721), stylesheets. Pure."""

from __future__ import annotations

import re

from lxml import etree

from feedmaker.lint import common
from feedmaker.lint.dates import date_problems, read_rfc3339
from feedmaker.lint.documents import ATOM, ATOM_LINK, FH, ITEMS, TOMBSTONES, Document, atom, links, named
from feedmaker.lint.findings import Problem, Problems, Spot, parse_rules, shown
from feedmaker.uri import is_iri

RULES = parse_rules(
    """
    archive-current-missing error 21 RFC 5005, 4; W3C feed validator, MissingCurrentInArchive
        An archive links to the feed that people subscribe to with rel="current".
        add the link
    complete-and-paged error 21 RFC 5005, 2
        A feed that says it is complete has no other pages or archives.
        take fh:complete or the links out
    archive-and-complete error 21 RFC 5005, 2, 4
        A document is an archive or complete, not both.
        take one of the two out
    history-in-item error 21 RFC 5005, 2; W3C feed validator, FeedHistoryRelInEntry
        Links to archives and fh: elements belong to the feed, not to its items.
        move them to the feed
    history-link-repeated error 21 RFC 5005, 3, 4
        A document has one link of each relation to other pages and archives.
        keep one
    history-unknown error 21 RFC 5005, 2, 4
        The namespace fh has complete and archive, and nothing else.
        correct its name
    hub-without-self error 22 WebSub, 4
        A feed with a hub names its own address, which is its topic.
        add a link with rel="self"
    tombstone-attribute error 4 RFC 6721, 3
        A deleted entry has ref, the id of the entry, and when.
        add the attribute
    tombstone-alive warning 3,4 RFC 6721, 4
        An entry that was deleted is not in the feed.
        take the entry out, or the tombstone
    stylesheet-xslt warning 24 Chrome, deprecating XSLT; HTML issue 11523
        No XSLT is used, since browsers remove it.
        link to a page for people, or use a stylesheet of the type text/css
    script-element error 24 W3C feed validator, MisplacedXHTMLContent; known readers
        A feed holds no script, at which readers give up.
        take it out and put a page for people beside the feed
    """
)
_PAGING = ("first", "last", "previous", "next")
_ARCHIVES = ("prev-archive", "next-archive", "current")
_XSLT = re.compile(r"type\s*=\s*[\"'](text|application)/(xml|xslt?)|\.xslt?[\"'?#]", re.IGNORECASE)
_MARKS = frozenset({"complete", "archive"})


def problems(document: Document) -> Problems:
    """Report what is wrong with the ties of an RSS or Atom document."""
    root = document.root
    head = root.find("channel") if root.tag == "rss" else root
    yield from _stylesheet_problems(root)
    if head is None:
        return
    yield from _history_problems(head)
    yield from _item_problems(root)
    hubs = links(head, "hub")
    for hub in hubs:
        yield from common.address_problems(hub.get("href", ""), "the hub", hub)
    if hubs and not links(head, "self"):
        yield Problem("hub-without-self", "the feed has a hub and no link to itself", hubs[0])
    yield from _tombstone_problems(head)


def _history_problems(head: etree._Element) -> Problems:
    complete, archive = (head.find(f"{{{FH}}}{name}") for name in ("complete", "archive"))
    ties = {rel: links(head, rel) for rel in (*_PAGING, *_ARCHIVES)}
    if complete is not None and archive is not None:
        yield Problem("archive-and-complete", "the document is an archive and complete", archive)
    elif complete is not None and any(ties.values()):
        yield Problem("complete-and-paged", "the feed is complete and links to more", complete)
    if archive is not None and not ties["current"]:
        yield Problem("archive-current-missing", "the archive has no link with rel=current", archive)
    for rel, found in ties.items():
        for link in found[1:]:
            yield Problem("history-link-repeated", f"there are two links with rel={rel}", link)
    for element in head.iterchildren(f"{{{FH}}}*"):
        if etree.QName(element).localname not in _MARKS:
            yield Problem("history-unknown", f"RFC 5005 has no {named(element)}", element)


def _item_problems(root: etree._Element) -> Problems:
    for item in root.iter(*ITEMS):
        for element in item.iterchildren(f"{{{FH}}}*"):
            yield Problem("history-in-item", f"{named(element)} stands in an item", element)
        for link in item.findall(ATOM_LINK):
            if link.get("rel") in (*_ARCHIVES, *_PAGING):
                yield Problem("history-in-item", f"an item has a link with rel={link.get('rel')}", link)


def _tombstone_problems(head: etree._Element) -> Problems:
    alive = {(each.text or "").strip() for each in head.iterfind(f"{{{ATOM}}}entry/{atom('id')}")}
    for tombstone in head.findall(f"{{{TOMBSTONES}}}deleted-entry"):
        ref, when = tombstone.get("ref"), tombstone.get("when")
        if not ref or not when:
            yield Problem("tombstone-attribute", "a deleted entry has no ref or no when", tombstone)
        if when:
            yield from date_problems(read_rfc3339(when), when, tombstone)
        if ref and not is_iri(ref):
            yield Problem("id-not-iri", f"the id of the deleted entry is {shown(ref)}", tombstone)
        if ref in alive:
            yield Problem("tombstone-alive", f"the entry {shown(ref)} is here and deleted", tombstone)


def _stylesheet_problems(root: etree._Element) -> Problems:
    for instruction in root.itersiblings(preceding=True):
        # Comments were dropped, so that before the root there is nothing but instructions.
        if not isinstance(instruction, etree._ProcessingInstruction):
            continue
        if instruction.target == "xml-stylesheet" and _XSLT.search(instruction.text or ""):
            place = Spot(instruction.sourceline or 1, 1)
            yield Problem("stylesheet-xslt", f"the stylesheet is {shown(instruction.text or '')}", place)
    for script in root.iter("{*}script", "script"):
        yield Problem("script-element", f"the document holds {named(script)}", script)
