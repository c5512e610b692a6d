"""Feeds and sitemaps → the addresses of pages. Pure.

Nothing is taken but addresses, so a parser is used that tells of elements one by one, resolves no entities
and loads nothing. What stands before a damage is read; that it is damaged is told.
"""

from __future__ import annotations

import io
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

from feedmaker.uri import web_address

MOST_PAGES = 50_000
"""The most addresses in a sitemap (sitemaps.org), and the most pages of a source."""

LIST_LIMIT = 50_000_000
"""The most bytes of a list, unpacked (sitemaps.org)."""

_GZIP = b"\x1f\x8b"
_LONGEST = 2048


@dataclass(frozen=True, slots=True)
class Listed:
    """Hold the pages that a list names, and further lists; `fault` says what is wrong with it, or nothing."""

    pages: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    fault: str = ""


def read_feed_list(data: bytes, base: str) -> Listed:
    """Read the addresses of the pages that an RSS, Atom or JSON feed links to, in its own order."""
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        found, fault = _json_links(data)
    else:
        found, fault = _collected(_feed_links(data))
    pages = _addresses((link for _, link in found), base)
    return Listed(pages, (), fault or ("" if pages else "it names no pages; check that it is a feed"))


def read_sitemap(data: bytes, base: str) -> Listed:
    """Read a sitemap or an index of sitemaps, packed by gzip or not."""
    if data.startswith(_GZIP):
        try:
            data = _unpacked(data)
        except (EOFError, OverflowError, zlib.error):
            return Listed(fault=f"it is damaged, or has more than {LIST_LIMIT:,} bytes unpacked")
    found, fault = _collected(_locations(data))
    if not fault and len(found) > MOST_PAGES:
        fault = f"it names more than {MOST_PAGES:,} addresses; the rest is left out"
    found = found[:MOST_PAGES]
    pages = _addresses((link for kind, link in found if kind == "url"), base)
    lists = _addresses((link for kind, link in found if kind == "sitemap"), base)
    if not pages and not lists:
        fault = fault or "it names no pages; check that it is a sitemap"
    return Listed(pages, lists, fault)


def fits(address: str, only: str | None) -> bool:
    """Tell whether a page is among those that a source takes.

    `only` is the beginning of addresses, or a pattern for whole ones where it holds a *; one that begins
    with / is held against what stands behind the host.
    """
    if only is None:
        return True
    parts = urlsplit(address)
    text = parts._replace(scheme="", netloc="").geturl() if only.startswith("/") else address
    if "*" not in only:
        return text.startswith(only)
    return re.fullmatch(".*".join(map(re.escape, re.split(r"\*+", only))), text) is not None


def page_address(address: str, base: str = "") -> str | None:
    """Return the address of a page in the one form by which it is known; None where it is none."""
    try:
        found = web_address(urldefrag(urljoin(base, address.strip()))[0])
    except ValueError:
        return None
    if not urlsplit(found).path:
        found = urlsplit(found)._replace(path="/").geturl()
    return found if len(found) <= _LONGEST else None


def _addresses(found: Iterable[str], base: str) -> tuple[str, ...]:
    """Make addresses sound and absolute, each once; those that cannot be are left out."""
    return tuple(dict.fromkeys(filter(None, (page_address(each, base) for each in found))))


def _collected(found: Iterator[tuple[str, str]]) -> tuple[list[tuple[str, str]], str]:
    """Take what can be read, up to one more than there may be, and say where reading stopped."""
    kept: list[tuple[str, str]] = []
    try:
        for each in islice(found, MOST_PAGES + 1):
            kept.append(each)  # noqa: PERF402 - what came before a damage stays
    except SyntaxError as error:
        line = f"line {error.lineno}: " if error.lineno else ""
        return kept, f"it is damaged ({line}{' '.join(str(error.msg).split())[:100]})"
    return kept, ""


def _elements(data: bytes) -> Iterator[Any]:
    """Yield each element with its end; raise SyntaxError where the XML is damaged."""
    from lxml import etree

    events = etree.iterparse(
        io.BytesIO(data),
        events=("end",),
        no_network=True,
        resolve_entities=False,
        load_dtd=False,
        huge_tree=False,
    )
    for _, element in events:
        if isinstance(element.tag, str):
            yield element


def _name(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def _forget(element: Any) -> None:
    """Let go of an element and of those before it, so that a long list takes no memory."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def _locations(data: bytes) -> Iterator[tuple[str, str]]:
    for element in _elements(data):
        kind = _name(element)
        if kind in ("url", "sitemap"):
            own = (child for child in element if isinstance(child.tag, str) and _name(child) == "loc")
            link = next(own, None)
            if link is not None and link.text:
                yield kind, link.text
            _forget(element)


def _feed_links(data: bytes) -> Iterator[tuple[str, str]]:
    for element in _elements(data):
        kind = _name(element)
        if kind in ("item", "entry"):
            link = _link_of(element)
            if link:
                yield kind, link
            _forget(element)


def _link_of(element: Any) -> str | None:
    """Return where an item or entry leads: its link, or an id that says of itself that it is one."""
    guid = None
    for child in element:
        name = _name(child) if isinstance(child.tag, str) else ""
        if name == "link" and child.get("rel", "alternate") == "alternate":
            link: str | None = child.get("href") or child.text
            if link and link.strip():
                return link
        if name == "guid" and child.get("isPermaLink", "true").lower() == "true":
            guid = child.text
    return guid if guid and guid.strip().startswith(("https://", "http://")) else None


def _json_links(data: bytes) -> tuple[list[tuple[str, str]], str]:
    try:
        items = json.loads(data)["items"]
        links = [item.get("url") for item in items if isinstance(item, dict)]
    except (KeyError, RecursionError, TypeError, ValueError):
        return [], "this is no JSON Feed"
    return [("item", link) for link in links if isinstance(link, str)], ""


def _unpacked(data: bytes) -> bytes:
    """Unpack gzip; raise OverflowError where a list may not be so long, EOFError where its end is missing."""
    whole = bytearray()
    while data:
        unpacker = zlib.decompressobj(wbits=31)
        whole += unpacker.decompress(data, LIST_LIMIT + 1 - len(whole))
        if len(whole) > LIST_LIMIT:
            raise OverflowError
        if not unpacker.eof:
            raise EOFError
        data = unpacker.unused_data
    return bytes(whole)
