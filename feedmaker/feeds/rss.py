"""A feed as RSS 2.0, by the specification and the Best Practices Profile of the RSS Advisory Board. Pure."""

from __future__ import annotations

from typing import Any

from feedmaker.config import Author
from feedmaker.feeds import mends, podcast
from feedmaker.feeds.feed import Feed, Item
from feedmaker.text import escape

_ATOM_LINK = "{http://www.w3.org/2005/Atom}link"
_CREATOR = f"{{{mends.NAMESPACES['dc']}}}creator"


def to_bytes(feed: Feed) -> bytes:
    """Write a feed as an RSS document in UTF-8; raise `GateError` where that is not possible."""
    with mends.naming_faults(feed):
        generator = mends.new_generator(feed, "rss")
        _fill_channel(generator, feed)
        for item in feed.items:
            _fill(generator.add_entry(order="append"), item, feed.language)
        return mends.serialise(feed, generator.rss_str)


def picture(feed: Feed) -> str | None:
    """Return the feed's picture; RSS knows GIF, JPEG and PNG, and validators complain of other endings."""
    ending = (feed.image or "").rpartition(".")[2].lower()
    is_other = ending.isalnum() and ending not in ("gif", "jpg", "jpeg", "png")
    return None if is_other else feed.image


def _fill_channel(generator: Any, feed: Feed) -> None:
    generator.mends.add("lastBuildDate", mends.rfc822(feed.updated))
    address = picture(feed)
    if address:
        # Title and link are the channel's, or validators complain.
        generator.image(address, feed.title, feed.home)
    for link in mends.history_links(feed, "rss"):
        generator.mends.add(_ATOM_LINK, **link)
    if feed.current:
        generator.mends.add(f"{{{mends.NAMESPACES['fh']}}}archive")
    if feed.channel:
        generator.mends.append(podcast.channel_elements(feed.channel, feed.addresses["rss"], feed.has_moved))


def _fill(entry: Any, item: Item, language: str) -> None:
    entry.title(item.title)
    entry.link(href=item.url, rel="alternate")
    # Readers take a description for HTML, so plain text is escaped once for them and once more for XML.
    entry.description(item.broadcast.notes if item.broadcast else escape(item.summary))
    entry.content(item.html)
    entry.guid(item.id, permalink=item.id == item.url)
    entry.category([{"term": tag} for tag in item.tags])
    if item.enclosure:
        # The length is required; 0 is what the profile asks for where it is not known.
        entry.enclosure(item.enclosure.url, item.enclosure.length or 0, item.enclosure.type)
        if item.broadcast:
            entry.mends.append(podcast.item_elements(item.broadcast, item.enclosure, item.duration))
    if item.image:
        entry.mends.add(f"{{{mends.NAMESPACES['media']}}}thumbnail", url=item.image)
    entry.mends.add("pubDate", mends.rfc822(item.published))
    _add_authors(entry, item.authors)
    entry.mends.language = item.language if item.language != language else None


def _add_authors(entry: Any, authors: tuple[Author, ...]) -> None:
    """Name the authors; RSS has room for one, with an e-mail address and its name in brackets behind it."""
    first = authors[0]
    if len(authors) == 1 and first.email and not set(first.email + first.name) & set("()\\"):
        entry.author({"name": first.name, "email": first.email})
    else:
        for author in authors:
            entry.mends.add(_CREATOR, author.name)
