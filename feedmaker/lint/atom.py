"""Atom 1.0 (RFC 4287). Pure."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime
from itertools import chain

from lxml import etree

from feedmaker.lint import common, prose
from feedmaker.lint.addresses import is_absolute
from feedmaker.lint.dates import date_problems, read_rfc3339
from feedmaker.lint.documents import (
    ATOM,
    ATOM_LINK,
    XHTML,
    XML,
    Document,
    atom,
    children,
    links,
    named,
    text_of,
)
from feedmaker.lint.findings import Problem, Problems, parse_rules, shown, words
from feedmaker.lint.html import html_problems
from feedmaker.text import nearest
from feedmaker.uri import is_iri

RULES = parse_rules(
    """
    atom-element-missing error 7 RFC 4287, 4.1.1, 4.1.2
        A feed and each entry have id, title and updated.
        add it
    atom-author-missing error 7,13 RFC 4287, 4.1.1, 4.1.2
        A feed has an author unless each of its entries has one.
        add an author with a name to the entry
    atom-author-mail error 7 RFC 4287, 3.2.3
        The e-mail address of a person has an @ and no name around it.
        write the address alone
    id-not-iri error 3,7 RFC 4287, 4.2.6
        An id is an absolute IRI.
        write an address, or an id such as tag:example.org,2026:a-title
    alternate-missing warning 7 RFC 4287, 4.1.1, 4.1.2
        A feed and each entry link to their page with rel="alternate".
        add the link
    atom-no-content error 7 RFC 4287, 4.1.2
        An entry without content links to its page with rel="alternate".
        add the link or the content
    alternates-doubled error 7 RFC 4287, 4.1.1, 4.1.2
        No two alternate links have one type and language; readers would open either.
        give the recording rel="enclosure", other pages rel="related"
    link-without-href error 7 RFC 4287, 4.2.7.1
        A link has an address.
        add href
    link-without-rel warning 7 known readers
        A link names its relation, since some readers take the last one without.
        add rel="alternate"
    link-without-type warning 7 RFC 4287, 4.2.7.3; known readers
        The links self, alternate and enclosure name their media type.
        add type, such as text/html
    atom-url-relative warning 7,12 RFC 4287, 2; known readers
        Addresses are absolute, for some readers ignore xml:base.
        write the address in full
    xml-base warning 7 known readers
        Nothing rests on xml:base, which some readers ignore.
        write all addresses in full and take xml:base out
    text-type error 7 RFC 4287, 3.1.1
        The type of a text is text, html or xhtml; that of content may be a media type, but not CDATA.
        write type="html" for escaped HTML
    html-not-escaped error 7 RFC 4287, 3.1.1.2, 3.1.1.1
        Text of type text or html holds no elements.
        escape the HTML, or use type="xhtml"
    xhtml-without-div error 7 RFC 4287, 3.1.1.3
        Text of type xhtml is one div of XHTML.
        put all of it into one div with the namespace of XHTML
    html-without-type warning 7 RFC 4287, 3.1.1; known readers
        HTML says that it is: without type="html" readers show its tags.
        add type="html"
    summary-required error 7 RFC 4287, 4.1.2
        An entry whose content is elsewhere, or is no text, has a summary.
        add a summary
    category-without-term error 7 RFC 4287, 4.2.2.1
        A category has a term.
        add term
    """
)
_FEED = words("author category contributor generator icon id link logo rights subtitle title updated entry")
_ENTRY = words("author category content contributor id link published rights source summary title updated")
_MANY = frozenset({"author", "category", "contributor", "entry", "link"})
_TEXTS = ("title", "subtitle", "summary", "rights")
_TYPED = ("self", "alternate", "enclosure")
_MAIL = re.compile(r"[^\s@()<>]+@[^\s@()<>]+")
_ESCAPED_TAG = re.compile(r"(?:&lt;|<!\[CDATA\[[^\]]{0,200}?<)/?[A-Za-z]")
_PREFIX = re.compile(r"(</?)[\w.-]+:")


def problems(document: Document) -> Problems:
    """Report what is wrong with an Atom document."""
    feed = document.root
    entries = feed.findall(atom("entry"))
    yield from _parent_problems(document, feed, _FEED)
    yield from _feed_problems(document, feed, entries)
    identified = [identity for entry in entries for identity in entry.findall(atom("id"))[:1]]
    yield from common.repeated_ids(((each.text or "").strip(), each) for each in identified)
    for entry in entries:
        yield from _parent_problems(document, entry, _ENTRY)
        yield from _entry_problems(document, feed, entry)
    for element in feed.iter("*"):
        if element.get(f"{{{XML}}}base") is not None:
            yield Problem("xml-base", f"{named(element)} has an xml:base", element)


def _feed_problems(document: Document, feed: etree._Element, entries: list[etree._Element]) -> Problems:
    language = feed.get(f"{{{XML}}}lang")
    if language is None:
        yield Problem("language-missing", "the feed has no xml:lang", feed)
    else:
        yield from common.language_problems(language, feed)
    own = links(feed, "self")
    if not own and not links(feed, "hub"):
        yield Problem("self-link-missing", "the feed has no link with rel=self", feed)
    for link in own[1:]:
        yield Problem("element-repeated", "the feed links to itself twice", link)
    for link in own[:1]:
        yield from common.self_problems(link.get("href", ""), document.url, link)
        if link.get("type") not in (None, "application/atom+xml"):
            yield Problem("self-link-type", f"the type is {shown(link.get('type', ''))}", link)
    addresses = {link.get("href") for link in own}
    for link in links(feed, "alternate"):
        if link.get("href") in addresses:
            yield Problem(
                "home-is-feed", f"the feed's page is {shown(link.get('href', ''))}, the feed itself", link
            )
    if not links(feed, "alternate"):
        yield Problem("alternate-missing", "the feed has no link with rel=alternate", feed)
    updated = feed.find(atom("updated"))
    if updated is not None:
        moments = [_moment(entry, "updated") for entry in entries]
        yield from common.order_problems(_moment(feed, "updated"), moments, updated)


def _parent_problems(document: Document, parent: etree._Element, known: frozenset[str]) -> Problems:
    """Report what feeds and entries have in common."""
    for name in ("id", "title", "updated"):
        if not _has_text(parent, name):
            yield Problem("atom-element-missing", f"{named(parent)} has no {name}", parent)
    yield from _structure(parent, known)
    for element in chain(parent.findall(atom("id")), parent.findall(atom("title"))):
        yield from prose.space_problems(element)
    for identity in parent.findall(atom("id")):
        value = (identity.text or "").strip()
        if value and not is_iri(value):
            yield Problem("id-not-iri", f"the id is {shown(value)}", identity)
    for name in _TEXTS:
        for element in parent.findall(atom(name)):
            yield from _text_problems(document, element)
    for person in chain(parent.findall(atom("author")), parent.findall(atom("contributor"))):
        yield from _person_problems(person)
    for category in parent.findall(atom("category")):
        if not category.get("term"):
            yield Problem("category-without-term", "a category has no term", category)
    yield from _link_problems(parent)
    yield from _date_problems(document, parent)


def _date_problems(document: Document, parent: etree._Element) -> Problems:
    for element in chain(parent.findall(atom("updated")), parent.findall(atom("published"))):
        text = (element.text or "").strip()
        now = document.now if element.tag == atom("published") else None
        yield from date_problems(read_rfc3339(text), text, element, now)


def _has_text(parent: etree._Element, name: str) -> bool:
    element = parent.find(atom(name))
    return element is not None and (bool((element.text or "").strip()) or len(element) > 0)


def _structure(parent: etree._Element, known: frozenset[str]) -> Problems:
    counts: Counter[str] = Counter()
    for child in children(parent, ATOM):
        name = etree.QName(child).localname
        counts[name] += 1
        if name not in known:
            yield Problem(
                "unknown-element", f"Atom has no {named(child)} here ({nearest(name, known)})", child
            )
        elif counts[name] == 2 and name not in _MANY:
            yield Problem("element-repeated", f"{named(child)} stands here twice", child)


def _person_problems(person: etree._Element) -> Problems:
    if not text_of(person, atom("name")):
        yield Problem("author-empty", f"the {etree.QName(person).localname} has no name", person)
    mail = text_of(person, atom("email"))
    if mail is not None and not _MAIL.fullmatch(mail):
        yield Problem("atom-author-mail", f"the e-mail address is {shown(mail)}", person)


def _link_problems(parent: etree._Element) -> Problems:
    seen: set[tuple[str | None, str | None]] = set()
    for link in parent.findall(ATOM_LINK):
        href, rel, media_type = link.get("href"), link.get("rel"), link.get("type")
        if not href:
            yield Problem("link-without-href", "a link has no href", link)
        elif not is_absolute(href):
            yield Problem("atom-url-relative", f"the link leads to {shown(href)}", link)
        if rel is None:
            yield Problem("link-without-rel", f"the link to {shown(href or '')} has no rel", link)
        if rel in _TYPED and media_type is None:
            yield Problem("link-without-type", f"the link with rel={rel} has no type", link)
        kind = (media_type, link.get("hreflang"))
        if (rel or "alternate") == "alternate" and kind in seen:
            yield Problem(
                "alternates-doubled", "there are two alternate links of one type and language", link
            )
        if (rel or "alternate") == "alternate":
            seen.add(kind)
        if rel == "enclosure":
            yield from _enclosure_problems(link)


def _enclosure_problems(link: etree._Element) -> Problems:
    yield from common.characters_problems(link.get("href", ""), link)
    length, media_type = link.get("length"), link.get("type")
    if length is not None and not (length.isascii() and length.isdigit()):
        yield Problem("enclosure-length-form", f"the length is {shown(length)}", link)
    if media_type is not None:
        yield from common.media_type_problems(media_type, link)


def _text_problems(document: Document, element: etree._Element) -> Problems:
    """Report what is wrong with a text construct (RFC 4287, 3.1)."""
    kind = element.get("type", "text")
    if kind not in ("text", "html", "xhtml"):
        yield Problem("text-type", f"the type of {named(element)} is {shown(kind)}", element)
    elif kind == "xhtml":
        yield from _xhtml_problems(element)
    elif len(element):
        yield Problem("html-not-escaped", f"{named(element)} of type {kind} holds elements", element)
    elif kind == "html":
        yield from prose.html_escaping_problems(element)
        yield from html_problems(element.text or "", element)
    elif _ESCAPED_TAG.search(document.written(element)):
        yield Problem("html-without-type", f"{named(element)} holds HTML and has no type", element)
    else:
        yield from prose.plain_problems(document, element, is_rss=False)


def _xhtml_problems(element: etree._Element) -> Problems:
    inside = list(element.iterchildren("*"))
    if [each.tag for each in inside] != [f"{{{XHTML}}}div"]:
        yield Problem("xhtml-without-div", f"{named(element)} of type xhtml is not one div", element)
        return
    html = "".join(etree.tostring(each, encoding="unicode") for each in inside[0].iterchildren("*"))
    around = (element, *element.iterancestors())
    base = next(filter(None, (each.get(f"{{{XML}}}base") for each in around)), None)
    yield from html_problems(_PREFIX.sub(r"\1", html), element, base)


def _entry_problems(document: Document, feed: etree._Element, entry: etree._Element) -> Problems:
    if not any(each.find(atom("author")) is not None for each in (entry, feed)):
        if entry.find(f"{atom('source')}/{atom('author')}") is None:
            yield Problem("atom-author-missing", "neither the entry nor the feed has an author", entry)
    elif entry.find(atom("author")) is None:
        yield Problem("author-missing", "an entry names no author", entry)
    published, updated = _moment(entry, "published"), _moment(entry, "updated")
    if entry.find(atom("published")) is None:
        yield Problem("date-missing", "an entry has no published", entry)
    if published and updated and updated < published:
        yield Problem("updated-before-published", "an entry was updated before it was published", entry)
    content = entry.find(atom("content"))
    has_page = bool(links(entry, "alternate"))
    if content is None and not has_page:
        yield Problem("atom-no-content", "an entry has neither content nor a link with rel=alternate", entry)
    elif content is None:
        yield Problem("full-content-missing", "an entry has no content", entry)
    else:
        yield from _content_problems(content, document, entry)
        if not has_page:
            yield Problem("alternate-missing", "an entry has no link with rel=alternate", entry)
    if entry.find(atom("summary")) is None and not _needs_summary(content):
        yield Problem("summary-missing", "an entry has no summary", entry)


def _moment(parent: etree._Element, name: str) -> datetime | None:
    return read_rfc3339(text_of(parent, atom(name)) or "").moment


def _needs_summary(content: etree._Element | None) -> bool:
    if content is None:
        return False
    kind = content.get("type", "text")
    is_text = kind in ("text", "html", "xhtml") or kind.startswith("text/") or kind.endswith(("+xml", "/xml"))
    return content.get("src") is not None or ("/" in kind and not is_text)


def _content_problems(content: etree._Element, document: Document, entry: etree._Element) -> Problems:
    if _needs_summary(content) and entry.find(atom("summary")) is None:
        yield Problem(
            "summary-required", "the content is no text of its own, and there is no summary", content
        )
    if content.get("src") is None and "/" not in content.get("type", "text"):
        yield from _text_problems(document, content)
