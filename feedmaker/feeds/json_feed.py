"""A feed as JSON Feed 1.1 (jsonfeed.org/version/1.1). Pure."""

from __future__ import annotations

import json
from typing import NotRequired, TypedDict

from feedmaker.config import Author
from feedmaker.feeds import mends
from feedmaker.feeds.data import EndorsementData, EpisodeData
from feedmaker.feeds.feed import Feed, Item
from feedmaker.model import Media
from feedmaker.text import utc

VERSION = "https://jsonfeed.org/version/1.1"


class JsonAuthor(TypedDict):
    """Name an author."""

    name: str
    url: NotRequired[str]


class JsonAttachment(TypedDict):
    """Point at a recording."""

    url: str
    mime_type: str
    size_in_bytes: NotRequired[int]
    duration_in_seconds: NotRequired[int]


class JsonHub(TypedDict):
    """Point at a hub that tells of changes."""

    type: str
    url: str


class JsonItem(TypedDict):
    """Hold one episode or recommendation; times are RFC 3339 in UTC."""

    id: str
    url: str
    title: str
    summary: str
    content_html: str
    date_published: str
    date_modified: str
    authors: list[JsonAuthor]
    tags: NotRequired[list[str]]
    language: NotRequired[str]
    image: NotRequired[str]
    attachments: NotRequired[list[JsonAttachment]]
    _episode_notes: NotRequired[EpisodeData]
    _recommendation: NotRequired[EndorsementData]


class JsonFeed(TypedDict):
    """Hold a whole feed."""

    version: str
    title: str
    home_page_url: str
    feed_url: str
    description: str
    language: str
    authors: list[JsonAuthor]
    icon: NotRequired[str]
    next_url: NotRequired[str]
    hubs: NotRequired[list[JsonHub]]
    items: list[JsonItem]


def to_bytes(feed: Feed) -> bytes:
    """Write a feed as a JSON document in UTF-8; raise `GateError` where that is not possible."""
    with mends.naming_faults(feed):
        text = json.dumps(_json_feed(feed), ensure_ascii=False, separators=(",", ":"))
        return f"{text}\n".encode()


def _json_feed(feed: Feed) -> JsonFeed:
    written: JsonFeed = {
        "version": VERSION,
        "title": feed.title,
        "home_page_url": feed.home,
        "feed_url": feed.addresses["json"],
        "description": feed.description,
        "language": feed.language,
        "authors": [_json_author(feed.author)],
        "items": [_json_item(item, feed.language) for item in feed.items],
    }
    if feed.image:
        written["icon"] = feed.image
    if feed.previous:
        written["next_url"] = feed.previous["json"]
    if feed.hubs:
        written["hubs"] = [{"type": "WebSub", "url": hub} for hub in feed.hubs]
    return written


def _json_item(item: Item, language: str) -> JsonItem:
    written: JsonItem = {
        "id": item.id,
        "url": item.url,
        "title": item.title,
        "summary": item.summary,
        "content_html": item.html,
        "date_published": utc(item.published),
        "date_modified": utc(item.updated),
        "authors": [_json_author(author) for author in item.authors],
    }
    if item.data:
        written["_episode_notes"] = item.data
    if item.endorsement:
        written["_recommendation"] = item.endorsement
    if item.tags:
        written["tags"] = list(item.tags)
    if item.language != language:
        written["language"] = item.language
    if item.image:
        written["image"] = item.image
    if item.enclosure:
        written["attachments"] = [_json_attachment(item.enclosure, item.duration)]
    return written


def _json_author(author: Author) -> JsonAuthor:
    written: JsonAuthor = {"name": author.name}
    if author.url:
        written["url"] = author.url
    return written


def _json_attachment(media: Media, duration: int | None) -> JsonAttachment:
    written: JsonAttachment = {"url": media.url, "mime_type": media.type}
    if media.length:
        written["size_in_bytes"] = media.length
    if duration:
        written["duration_in_seconds"] = duration
    return written
