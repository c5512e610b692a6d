"""A feed as Atom 1.0 (RFC 4287), with archives (RFC 5005) and tombstones (RFC 6721). Pure."""

from __future__ import annotations

from typing import Any

from feedmaker.config import Author
from feedmaker.feeds import mends
from feedmaker.feeds.feed import Feed, Item, atom_id
from feedmaker.text import utc


def to_bytes(feed: Feed) -> bytes:
    """Write a feed as an Atom document in UTF-8; raise `GateError` where that is not possible."""
    with mends.naming_faults(feed):
        generator = mends.new_generator(feed, "atom")
        _fill_feed(generator, feed)
        for item in feed.items:
            _fill(generator.add_entry(order="append"), item, feed.language)
        return mends.serialise(feed, generator.atom_str)


def _fill_feed(generator: Any, feed: Feed) -> None:
    generator.id(feed.id)
    generator.updated(feed.updated)
    generator.author(_person(feed.author))
    if feed.image:
        generator.icon(feed.image)
        generator.logo(feed.image)
    for link in mends.history_links(feed, "atom"):
        generator.mends.add("link", **link)
    if feed.current:
        generator.mends.add(f"{{{mends.NAMESPACES['fh']}}}archive")
    for stone in feed.tombstones:
        deleted = f"{{{mends.NAMESPACES['at']}}}deleted-entry"
        generator.mends.add(deleted, ref=atom_id(stone.id), when=utc(stone.when))


def _fill(entry: Any, item: Item, language: str) -> None:
    entry.id(atom_id(item.id))
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
    if item.image:
        entry.mends.add(f"{{{mends.NAMESPACES['media']}}}thumbnail", url=item.image)
    entry.mends.language = item.language if item.language != language else None


def _person(author: Author) -> dict[str, str]:
    facts = {"name": author.name, "email": author.email, "uri": author.url}
    return {name: fact for name, fact in facts.items() if fact}
