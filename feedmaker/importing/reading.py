"""The bytes of any feed → a foreign feed. Pure."""

from __future__ import annotations

import re

from feedmaker.errors import FeedmakerError
from feedmaker.importing.foreign import ForeignFeed
from feedmaker.importing.json_feed import is_json, read_json_feed
from feedmaker.importing.xml_feed import read_xml_feed

_HINT = "look for the address of the feed itself"
_PAGE = re.compile(rb"<!doctype html|<html", re.IGNORECASE)
_FEED = re.compile(rb"<(?:[a-z0-9]+:)?(?:rss|feed|rdf|channel)[\s>]", re.IGNORECASE)


def read_feed(data: bytes, content_type: str = "", base: str = "") -> ForeignFeed:
    """Read RSS, RSS 1.0, Atom or JSON Feed in any encoding; raise `FeedmakerError` where it is none of them.

    `content_type` is the header that came with it, `base` the address that its links are relative to.
    """
    if _is_page(data):
        raise FeedmakerError(f"this is a web page; {_HINT}")
    try:
        read = read_json_feed if is_json(data) else read_xml_feed
        feed = read(data, content_type, base)
    except FeedmakerError:
        raise
    except Exception as error:
        # Nobody has listed what a parser may raise at bytes that were never a feed.
        raise FeedmakerError(f"it cannot be read ({type(error).__name__}); {_HINT}") from error
    if feed is None:
        raise FeedmakerError(f"this is neither RSS nor Atom nor JSON Feed; {_HINT}")
    return feed


def _is_page(data: bytes) -> bool:
    """Tell a web page, for which parsers of feeds would look through all of it."""
    return _PAGE.search(data[:2000]) is not None and _FEED.search(data) is None
