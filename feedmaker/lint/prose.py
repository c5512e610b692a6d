"""Plain text inside XML: how it is escaped, and what it must not hold. Pure."""

from __future__ import annotations

import re

from lxml import etree

from feedmaker.lint.documents import Document, named
from feedmaker.lint.findings import Problem, Problems, parse_rules, shown

RULES = parse_rules(
    """
    title-html warning 11 RSS Profile, 4; RFC 4287, 3.1.1
        Titles, names and categories are plain text; readers show tags in them as text, or drop them.
        take the tags out; where they are meant as text, write &#x3C; for each <
    amp-not-hexadecimal warning 11 RSS Profile, 4
        In plain text of RSS & and < are written &#x26; and &#x3C;, which no reader takes for HTML.
        write &#x26; for & and &#x3C; for <
    double-escaped warning 11 known readers
        Text is escaped once for XML and, where it is HTML, once more; never oftener.
        escape it once less
    space-around-text warning 2 Apple, podcast requirements; known readers
        No space or line break stands around a value, for many readers keep it.
        put the text right between the tags
    """
)
_TAGS = re.compile(r"(?:&lt;|<)/?[A-Za-z][^<>]{0,200}?(?:&gt;|>)")
_TWICE = re.compile(
    r"&amp;(?:amp|lt|gt|quot|apos|nbsp|[lr][sd]quo|[mn]dash|hellip|#\d{1,7}|#x[0-9A-Fa-f]{1,6});"
)
_NAMED = re.compile(r"&amp;|&lt;")
_CDATA = re.compile(r"<!\[CDATA\[(.*?)(?:\]\]>|\Z)", re.DOTALL)
_ESCAPED_BLOCK = re.compile(r"\s*&lt;(p|div|ul|ol|h[1-6]|br)\b[^<]*&gt;", re.DOTALL)


def plain_problems(document: Document, element: etree._Element, *, is_rss: bool) -> Problems:
    """Report what is wrong with an element that holds plain text.

    Text with tags is right where it says so by hexadecimal references, as the RSS Advisory Board asks.
    """
    written = document.written(element)
    inside = "".join(_CDATA.findall(written))
    if _TWICE.search(written):
        yield Problem("double-escaped", f"the text of {named(element)} is escaped twice", element)
    elif _TAGS.search(_CDATA.sub(r"\1", written)):
        yield Problem("title-html", f"{named(element)} holds HTML: {shown(element.text)}", element)
    elif is_rss and (_NAMED.search(written) or "&" in inside or "<" in inside):
        what = f"{named(element)} has & or < in a form that some readers take for HTML"
        yield Problem("amp-not-hexadecimal", what, element)


def html_escaping_problems(element: etree._Element) -> Problems:
    """Report HTML that was escaped as if it were plain text, so that readers show its tags."""
    text = element.text or ""
    if "<" not in text and _ESCAPED_BLOCK.match(text):
        yield Problem("double-escaped", f"the HTML of {named(element)} is escaped twice", element)


def space_problems(element: etree._Element) -> Problems:
    """Report white space around the text of an element."""
    text = element.text or ""
    if text != text.strip() and text.strip():
        yield Problem("space-around-text", f"the text of {named(element)} has space around it", element)
