"""A feed as Atom 1.0 (RFC 4287). Pure."""

from __future__ import annotations

from typing import Any

from feedmaker.config import Author
from feedmaker.feeds import mends
from feedmaker.feeds.feed import Feed, Item

MEDIA_TYPE = "application/atom+xml"


def to_bytes(feed: Feed) -> bytes:
    """Write a feed as an Atom document in UTF-8; raise `GateError` where that is not possible."""
    with mends.naming_faults(feed):
        generator = mends.new_generator(feed, feed.atom_url, MEDIA_TYPE)
        generator.id(feed.atom_url)
        generator.updated(feed.updated)
        generator.author(_person(feed.author))
        for item in feed.items:
            _fill(generator.add_entry(order="append"), item, feed.language)
        return mends.serialise(generator.atom_str)


def _fill(entry: Any, item: Item, language: str) -> None:
    entry.id(item.id)
    entry.title(item.title)
    entry.summary(item.summary, type="text")
    entry.content(item.html, type="html")
    entry.published(item.published)
    entry.updated(item.updated)
    # Few readers look for an author above the entry.
    entry.author([_person(author) for author in item.authors])
    entry.category([{"term": tag} for tag in item.tags])
    entry.mends.add("link", rel="alternate", type="text/html", href=item.url)
    if item.enclosure:
        media = item.enclosure
        length = str(media.length) if media.length else None
        entry.mends.add("link", rel="enclosure", type=media.type, href=media.url, length=length)
    entry.mends.language = item.language if item.language != language else None


def _person(author: Author) -> dict[str, str]:
    facts = {"name": author.name, "email": author.email, "uri": author.url}
    return {name: fact for name, fact in facts.items() if fact}
