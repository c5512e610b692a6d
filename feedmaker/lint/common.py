"""Rules that hold for feeds of every format: addresses, ids, times, languages, size. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from feedmaker.lint.addresses import is_absolute
from feedmaker.lint.findings import START, Problem, Problems, parse_rules, shown
from feedmaker.text import LANGUAGE_TAG

if TYPE_CHECKING:
    from feedmaker.lint.findings import At

RULES = parse_rules(
    """
    unknown-format error 2 RSS 2.0; RFC 4287; JSON Feed 1.1; OPML 2.0
        A feed is RSS 2.0, Atom 1.0 or JSON Feed; a list of feeds is OPML.
        check that the address is that of a feed
    old-format warning 2 RSS 2.0
        A feed is in a format of today; older ones lack ids, dates and recordings.
        write RSS 2.0, Atom 1.0 or JSON Feed 1.1; nothing more of this document was checked
    feed-too-large warning 21 JSON Feed 1.1; known readers
        A feed has less than 1 MB, ideally 100 to 250 kB.
        keep fewer entries in it and put the older ones into archives (RFC 5005)
    not-checked error 21 known readers
        A feed is small enough to be read at all.
        keep fewer entries in it; nothing of this document was checked
    more-findings warning 2 feedmaker
        A document has at most 200 findings.
        mend what is listed here and check again
    url-not-absolute error 12 RSS 2.0, link; JSON Feed 1.1; OPML 2.0
        Addresses are absolute, with a scheme, and have no spaces.
        write the address in full, as in https://example.org/notes/
    language-missing warning 6,7 RSS Profile, language; RFC 4287, 2; Apple, podcast requirements
        A feed names its language.
        add it, such as en or pt-BR
    language-form error 6 RSS 2.0, language; RFC 5646, 2.1
        A language is named by its tag.
        write a tag such as en or pt-BR
    id-repeated error 3 RSS 2.0, guid; RFC 4287, 4.2.6; JSON Feed 1.1, id
        No two items of a feed have one id, for readers show one of them.
        give each item an id of its own, and never change it
    self-link-missing warning 6,7,22 RSS Profile, atom:link; RFC 4287, 4.1.1; JSON Feed 1.1, feed_url
        A feed names its own address.
        add the address: atom:link rel="self" in RSS, link rel="self" in Atom, feed_url in JSON Feed
    self-link-wrong warning 6,22 RSS Profile, atom:link; WebSub, 4
        The address that a feed names as its own is the one that it is read from.
        correct the address, or publish the feed there
    home-is-feed error 6 RSS 2.0, link; RSS Profile, link; JSON Feed 1.1, home_page_url
        The link of a feed is the web page that it belongs to, not the feed.
        link to the page
    author-missing warning 13 RSS Profile, author; known readers
        Every item names its author, since most readers show none otherwise.
        name the author in the item
    author-empty error 13 RFC 4287, 3.2.1; JSON Feed 1.1, authors
        An author has a name; in JSON Feed an address or a picture will do.
        add the name
    full-content-missing warning 10 RSS Profile, content:encoded; known readers
        Every item has its full content, since many readers want no less.
        add it: content:encoded in RSS, content in Atom, content_html in JSON Feed
    summary-missing warning 10 RSS Profile, description; known readers
        Every item has a plain summary beside its content, since many readers want no more.
        add it: description in RSS, summary in Atom and JSON Feed
    date-missing warning 4,5 RSS Profile, pubDate; RFC 4287, 4.2.9; JSON Feed 1.1, date_published
        Every item says when it was published; without it readers take the time they saw it.
        add it: pubDate in RSS, published in Atom, date_published in JSON Feed
    feed-updated-old warning 4 RFC 4287, 4.2.15; RSS 2.0, lastBuildDate
        The time of a feed's last change is not before that of its newest item.
        set it to the newest time of all items
    updated-before-published warning 4 RFC 4287, 4.2.15
        Nothing is changed before it is published.
        correct one of the two times
    enclosure-length-form error 9 RSS 2.0, enclosure; RFC 4287, 4.2.7.6
        The length of a recording is its number of bytes, in digits alone.
        write the number of bytes, such as 61234567
    enclosure-type error 9 RSS 2.0, enclosure; RFC 4287, 4.2.7.3; JSON Feed 1.1, mime_type
        The type of a recording is a media type.
        write a type such as audio/mpeg
    enclosure-url-characters warning 9 Apple, podcast requirements
        The address of a recording is ASCII.
        write other characters as percent codes, or rename the file
    enclosure-repeated warning 9 Apple, podcast requirements
        No two items have one recording; Apple ignores the second.
        give each item a recording of its own
    """
)
_LARGE = 1_000_000
MAX_BYTES = 8_000_000
"""What is larger than this is not read at all."""
_LANGUAGE = re.compile(LANGUAGE_TAG)
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9][\w.+-]*/[A-Za-z0-9][\w.+-]*(\s*;.*)?", re.ASCII)


def size_problems(data: bytes) -> Problems:
    """Report a document that is a burden, unless it was not read for its size."""
    if _LARGE < len(data) <= MAX_BYTES:
        yield Problem("feed-too-large", f"the document has {len(data):,} bytes", START)


def address_problems(value: str, what: str, at: At) -> Problems:
    """Report an address that is not absolute; `what` is what a message calls it."""
    if not is_absolute(value):
        yield Problem("url-not-absolute", f"{what} is {shown(value)}", at)


def language_problems(value: str, at: At) -> Problems:
    """Report a language that is no tag of RFC 5646, as far as we look."""
    if not _LANGUAGE.fullmatch(value):
        yield Problem("language-form", f"the language is {shown(value)}", at)


def repeated_ids(ids: Iterable[tuple[str, At]]) -> Problems:
    """Report ids that an earlier item has."""
    seen: set[str] = set()
    for value, at in ids:
        if value in seen:
            yield Problem("id-repeated", f"the id {shown(value)} stands on an earlier item", at)
        seen.add(value)


def repeated_recordings(urls: Iterable[tuple[str, At]]) -> Problems:
    """Report recordings that an earlier item has."""
    seen: set[str] = set()
    for value, at in urls:
        if value in seen:
            yield Problem("enclosure-repeated", f"{shown(value)} is the recording of an earlier item", at)
        seen.add(value)


def characters_problems(url: str, at: At) -> Problems:
    """Report a recording whose address is not ASCII."""
    if not url.isascii():
        yield Problem("enclosure-url-characters", f"the address of the recording is {shown(url)}", at)


def media_type_problems(value: str, at: At) -> Problems:
    """Report a media type that is none."""
    if not _MEDIA_TYPE.fullmatch(value):
        yield Problem("enclosure-type", f"the type is {shown(value)}", at)


def self_problems(own: str, url: str | None, at: At) -> Problems:
    """Report an own address that is not the one the document was read from."""
    if url and own != url.partition("#")[0]:
        yield Problem(
            "self-link-wrong", f"the feed calls itself {shown(own)} and was read from {shown(url)}", at
        )


def order_problems(changed: datetime | None, newest: Iterable[datetime | None], at: At) -> Problems:
    """Report a feed that was changed before the newest of its items."""
    last = max(filter(None, newest), default=None)
    if changed and last and changed < last:
        yield Problem("feed-updated-old", f"the feed says {changed}, its newest item {last}", at)
