"""Whether readers are told of paid links before they meet one (16 CFR 255.5). Pure.

What is read alone is checked alone: each feed item, each page, both parts of each mail.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import cast

from lxml import etree

from feedmaker.errors import GateError
from feedmaker.merchants import PAID_MARK, PAID_REL, BuyLink

_SEEN = "text()[not(parent::script or parent::style or parent::title)]"
_BEFORE = etree.XPath(f"preceding::{_SEEN}", smart_strings=False)
_BEHIND = etree.XPath(f"following::{_SEEN}[normalize-space()][1]", smart_strings=False)


def check_disclosure(name: str, html: str, links: Iterable[BuyLink | None]) -> None:
    """Check the paid links of an HTML page, mail or feed item; `links` are all buy links it may show.

    Each has `rel="sponsored nofollow"`, the mark in it or right behind it, and its disclosure in the text
    before it. Raises `GateError`, naming the output, where one has not.
    """
    _refuse(name, disclosure_faults(html, links))


def disclosure_faults(html: str, links: Iterable[BuyLink | None]) -> Iterator[str]:
    """Say what is wrong with each paid link."""
    paid = _paid(links)
    if not paid and "sponsored" not in html:
        return
    told: set[str] = set()
    for anchor in _parse(html).iter("a"):
        url = anchor.get("href", "")
        rel = set(anchor.get("rel", "").lower().split())
        if url in paid:
            yield from _anchor_faults(anchor, url, paid[url], told)
            if not rel.issuperset(PAID_REL.split()):
                yield f'the paid link {url} has no rel="{PAID_REL}"'
        elif "sponsored" in rel:
            yield f"{url} is marked as a paid link, and is none"


def _anchor_faults(anchor: etree._Element, url: str, sentence: str, told: set[str]) -> Iterator[str]:
    """Look for sentence and mark; `told` has the sentences that were found before an earlier link."""
    if sentence not in told and _folded(sentence) in _folded("".join(cast(list[str], _BEFORE(anchor)))):
        told.add(sentence)
    if sentence not in told:
        yield _untold(url, sentence)
    behind = "".join(cast(list[str], _BEHIND(anchor))).lstrip()
    if PAID_MARK not in "".join(anchor.itertext()) and not behind.startswith(PAID_MARK):
        yield _unmarked(url)


def text_disclosure_faults(text: str, links: Iterable[BuyLink | None]) -> Iterator[str]:
    """Say what is wrong with each paid address of a plain text, whose mark stands in its paragraph."""
    for url, sentence in _paid(links).items():
        for found in re.finditer(re.escape(url), text):
            begin, end = text.rfind("\n\n", 0, found.start()), text.find("\n\n", found.end())
            if _folded(sentence) not in _folded(text[: found.start()]):
                yield _untold(url, sentence)
            if PAID_MARK not in _folded(text[max(begin, 0) : end if end >= 0 else None]):
                yield _unmarked(url)


def _untold(url: str, sentence: str) -> str:
    return f"the paid link {url} has no disclosure before it: {sentence}"


def _unmarked(url: str) -> str:
    return f"the paid link {url} has no {PAID_MARK} beside it"


def _refuse(name: str, faults: Iterable[str]) -> None:
    found = "\n".join(faults)
    if found:
        raise GateError(f"{name} stays as it was, for readers must be told of paid links:\n{found}")


def _paid(links: Iterable[BuyLink | None]) -> dict[str, str]:
    return {link.url: link.disclosure for link in links if link and link.disclosure}


def _parse(html: str) -> etree._Element:
    parser = etree.HTMLParser(encoding="utf-8", no_network=True)
    # A document with nothing in it is an error to lxml, and one that is all comment is None.
    root: etree._Element | None = etree.fromstring(html.encode(errors="replace") + b"<p></p>", parser)
    return etree.Element("html") if root is None else root


def _folded(text: str) -> str:
    return " ".join(text.split())
