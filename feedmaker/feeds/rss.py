"""A feed as RSS 2.0, by the specification and the Best Practices Profile of the RSS Advisory Board. Pure."""

from __future__ import annotations

from typing import Any

from feedmaker.config import Author
from feedmaker.feeds import mends
from feedmaker.feeds.feed import Feed, Item
from feedmaker.text import escape

MEDIA_TYPE = "application/rss+xml"


def to_bytes(feed: Feed) -> bytes:
    """Write a feed as an RSS document in UTF-8; raise `GateError` where that is not possible."""
    with mends.naming_faults(feed):
        generator = mends.new_generator(feed, feed.rss_url, MEDIA_TYPE)
        generator.load_extension("dc", atom=False)
        generator.mends.add("lastBuildDate", mends.rfc822(feed.updated))
        for item in feed.items:
            _fill(generator.add_entry(order="append"), item, feed.language)
        return mends.serialise(generator.rss_str)


def _fill(entry: Any, item: Item, language: str) -> None:
    entry.title(item.title)
    entry.link(href=item.url, rel="alternate")
    # Readers take a description for HTML, so plain text is escaped once for them and once more for XML.
    entry.description(escape(item.summary))
    entry.content(item.html)
    entry.guid(item.id, permalink=item.id == item.url)
    entry.category([{"term": tag} for tag in item.tags])
    _add_authors(entry, item.authors)
    if item.enclosure:
        # The length is required; 0 is what the profile asks for where it is not known.
        entry.enclosure(item.enclosure.url, item.enclosure.length or 0, item.enclosure.type)
    entry.mends.add("pubDate", mends.rfc822(item.published))
    entry.mends.language = item.language if item.language != language else None


def _add_authors(entry: Any, authors: tuple[Author, ...]) -> None:
    """Name the authors; RSS has room for one, with an e-mail address and its name in brackets behind it."""
    first = authors[0]
    if len(authors) == 1 and first.email and not set(first.email + first.name) & set("()\\"):
        entry.author({"name": first.name, "email": first.email})
    else:
        entry.dc.dc_creator([author.name for author in authors])
