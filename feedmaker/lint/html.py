"""HTML inside of feeds: what readers keep, drop or run. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lxml import etree

from feedmaker.lint.addresses import is_absolute
from feedmaker.lint.findings import Problem, Problems, parse_rules, shown, words

if TYPE_CHECKING:
    from feedmaker.lint.findings import At

RULES = parse_rules(
    """
    html-script warning 12 W3C feed validator, SecurityRisk
        The content of a feed runs nothing: no script, no on… attribute, no javascript: address.
        take it out; readers drop it at best
    html-dropped-element warning 12 known readers
        The content holds no style, iframe, form, object or embed, which readers drop.
        say it in text, or link to the page
    html-uncommon-element warning 12 known readers
        The content holds only elements that all readers keep.
        use a common element, such as p, ul, blockquote, h2 or img
    html-style-attribute warning 12 W3C feed validator, DangerousStyleAttr
        The content has no style attributes, which readers drop.
        let the text read well without them
    html-relative-url warning 12 RSS Profile, 4; W3C feed validator, ContainsRelRef
        Addresses in the content are absolute, for a feed is read far from its page.
        write the address in full
    html-fragment-link warning 12 W3C feed validator, SameDocumentReference
        The content links to no place in itself, for its ids do not survive.
        link to the place on the page, or drop the link
    html-data-url warning 12 known readers
        The content embeds no data: pictures, which readers drop.
        put the picture on the site and link to it
    html-image-alt warning 12 HTML, 4.8.4.4
        Every picture has a text that stands for it.
        add alt, empty where the picture only decorates
    html-unescaped warning 11 RSS 2.0, description; W3C feed validator, NotHtml
        Where a feed holds HTML, a less-than that is meant as text is escaped twice.
        escape the text for HTML first and for XML then
    """
)
COMMON = words("""
    a abbr aside audio b blockquote br caption cite code dd del dfn dl dt em figcaption figure h1 h2 h3 h4 h5
    h6 hr i img ins kbd li ol p pre q rp rt ruby s samp small source strong sub sup table tbody td tfoot th
    thead time tr u ul var video
    """)
_KNOWN = COMMON | words("""
    address area article base bdi bdo big button canvas center col colgroup data datalist details dialog dir
    div fieldset font footer header hgroup legend link main map mark math menu meta meter nav noscript
    optgroup option output p param picture progress search section select slot span strike summary svg
    template textarea title track tt wbr
    """)
_RUN = frozenset({"script", "noscript"})
_DROPPED = frozenset({"style", "iframe", "form", "object", "embed", "applet", "frame", "frameset", "input"})
_ADDRESSES = ("href", "src", "poster")
_NO_TAG = re.compile(r"<(?![A-Za-z/!?])")
_LESS_NOISE = 20
# libxml2 adds the head and body that a fragment does not have.
_FRAME = frozenset({"html", "head", "body"})


def html_problems(html: str, at: At, base: str | None = None) -> Problems:
    """Report what is wrong with a piece of HTML; `at` is the part of the feed that holds it.

    With `base`, an xml:base, relative addresses have a meaning.
    """
    root = _parse(html)
    elements = [] if root is None else [each for each in root.iter("*") if each.tag not in _FRAME]
    seen: set[Problem] = set()
    for problem in _all_problems(html, elements, at, base):
        if problem not in seen and len(seen) < _LESS_NOISE:
            seen.add(problem)
            yield problem


def _all_problems(html: str, elements: list[etree._Element], at: At, base: str | None) -> Problems:
    found = _NO_TAG.search(html)
    if found and not any(element.tag in _RUN | _DROPPED for element in elements):
        text = shown(html[found.start() : found.start() + 30])
        yield Problem("html-unescaped", f"a less-than is no tag of HTML: {text}", at)
    for element in elements:
        yield from _element_problems(str(element.tag), element, at)
        yield from _attribute_problems(element, at, base)


def _parse(html: str) -> etree._Element | None:
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, recover=True, huge_tree=False)
    page = f"<html><body>{html}</body></html>".encode("utf-8", "replace")
    try:
        return etree.fromstring(page, parser)
    except etree.LxmlError:
        return None


def _element_problems(tag: str, element: etree._Element, at: At) -> Problems:
    shown_tag = f"<{shown(tag)[1:-1]}>"
    if tag in _RUN:
        yield Problem("html-script", f"the content holds {shown_tag}", at)
    elif tag in _DROPPED:
        yield Problem("html-dropped-element", f"the content holds {shown_tag}", at)
    elif tag in _KNOWN - COMMON or "-" in tag:
        yield Problem("html-uncommon-element", f"the content holds {shown_tag}", at)
    elif tag not in COMMON and not _in_drawing(element):
        yield Problem("html-unescaped", f"{shown_tag} is no element of HTML and vanishes", at)
    if tag == "img" and element.get("alt") is None:
        yield Problem("html-image-alt", f"the picture {shown(element.get('src', ''))} has no alt", at)


def _in_drawing(element: etree._Element) -> bool:
    return any(around.tag in ("svg", "math") for around in element.iterancestors())


def _attribute_problems(element: etree._Element, at: At, base: str | None) -> Problems:
    for name, value in element.items():
        if str(name).startswith("on"):
            yield Problem("html-script", f"the content holds the attribute {shown(name)}", at)
        elif name == "style":
            yield Problem("html-style-attribute", f"the content holds style={shown(value)}", at)
        elif name in _ADDRESSES or name == "srcset":
            for address in _addresses(str(name), value):
                yield from _address_problems(address, at, base)


def _addresses(name: str, value: str) -> Iterator[str]:
    if name != "srcset":
        yield value.strip()
    elif "data:" not in value:
        yield from (part.split()[0] for part in value.split(",") if part.strip())


def _address_problems(address: str, at: At, base: str | None) -> Problems:
    scheme = re.sub(r"[\x00-\x20]", "", address[:40]).partition(":")[0].lower()
    if scheme in ("javascript", "vbscript"):
        yield Problem("html-script", f"the content links to {shown(address)}", at)
    elif scheme == "data":
        yield Problem("html-data-url", f"the content embeds {shown(address)}", at)
    elif address.startswith("#"):
        yield Problem("html-fragment-link", f"the content links to {shown(address)}", at)
    elif not is_absolute(address) and base is None:
        yield Problem("html-relative-url", f"the content has the address {shown(address)}", at)
