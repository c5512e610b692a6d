"""A JSON Feed, version 1.0 or 1.1 (jsonfeed.org), as a foreign feed. Pure."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from feedmaker.errors import FeedmakerError
from feedmaker.importing.foreign import (
    BAD_DATES,
    MOST_ITEMS,
    Collected,
    ForeignFeed,
    ForeignItem,
    Markup,
    distinct,
)
from feedmaker.importing.mending import charset
from feedmaker.model import Media
from feedmaker.notes.lines import one_line

OWN_DATA = "_episode_notes"
_KNOWN = {
    *("id", "url", "title", "content_html", "content_text", "summary", "image", "date_published"),
    *("date_modified", "author", "authors", "tags", "language", "attachments", OWN_DATA),
}
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d(?::\d\d)?)(?:[.,]\d+)?\s*([Zz]|[+-]\d\d:?\d\d)?")


def is_json(data: bytes) -> bool:
    """Tell JSON from XML and HTML by the first sign that is not blank."""
    start = data[:1000].replace(b"\0", b"").removeprefix(codecs.BOM_UTF8)
    return start.lstrip(b"\xff\xfe \t\r\n").startswith(b"{")


def read_json_feed(data: bytes, content_type: str, base: str) -> ForeignFeed | None:
    """Read a JSON Feed; None where the bytes are another kind of JSON. Raises `FeedmakerError` for none."""
    try:
        feed = json.loads(_decoded(data, content_type).lstrip("\ufeff"), strict=False)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise FeedmakerError(f"this JSON is damaged at {where}; mend it, or fetch it again") from error
    if not isinstance(feed, dict) or not isinstance(feed.get("items"), list):
        return None
    items = [item for item in feed["items"][:MOST_ITEMS] if isinstance(item, dict)]
    collected = Collected(base)
    if len(items) < len(feed["items"]):
        collected.lose("items beyond the limit, or that are none", len(feed["items"]) - len(items))
    return ForeignFeed(
        title=_text(feed, "title"),
        home=Collected(base).address(feed.get("home_page_url"), ""),
        authors=_authors(feed),
        language=_text(feed, "language") or None,
        items=tuple(_item(item, base) for item in items),
        more=Collected(base).address(feed.get("next_url"), ""),
        lost=tuple(collected.lost),
    )


def _decoded(data: bytes, content_type: str) -> str:
    """Decode JSON, which is UTF-8, UTF-16 or UTF-32 unless somebody has got it wrong."""
    tried = (json.detect_encoding(data), charset(content_type), "cp1252")
    for encoding in filter(None, tried):
        try:
            return data.decode(encoding)
        except (LookupError, ValueError):
            continue
    return data.decode("utf-8", "replace")


def _item(item: Mapping[str, Any], base: str) -> ForeignItem:
    collected = Collected(base)
    html, plain = item.get("content_html"), item.get("content_text")
    link = collected.address(item.get("url"), "addresses of pages")
    published = _moment(item, "date_published", collected)
    updated = _moment(item, "date_modified", collected)
    own = item.get(OWN_DATA)
    media, duration = _attachments(item, collected)
    for key in sorted(item.keys() - _KNOWN):
        collected.lose(f"`{one_line(key)[:40]}`")
    return ForeignItem(
        id=_identity(item.get("id")),
        link=link,
        title=Markup(_text(item, "title"), is_html=False),
        published=published,
        updated=updated,
        written_date=_text(item, "date_published"),
        authors=_authors(item),
        tags=distinct(item.get("tags")),
        summary=Markup(_text(item, "summary"), is_html=False, base=base),
        content=Markup(html, base=base) if isinstance(html, str) else _plain(plain, base),
        media=media,
        image=collected.address(item.get("image"), "images"),
        language=_text(item, "language") or None,
        duration=duration,
        data=own if isinstance(own, dict) else None,
        lost=tuple(collected.lost),
    )


def _plain(value: object, base: str) -> Markup:
    return Markup(value if isinstance(value, str) else "", is_html=False, base=base)


def _identity(value: object) -> str:
    """Return an id as text; numbers become what they were written as."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""


def _authors(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the authors; version 1.0 had but one."""
    authors = data.get("authors")
    found = authors if isinstance(authors, list) else [data.get("author")]
    return distinct([author.get("name") for author in found if isinstance(author, dict)])


def _moment(item: Mapping[str, Any], key: str, collected: Collected) -> datetime | None:
    written = _text(item, key).strip()
    found = _MOMENT.fullmatch(written)
    try:
        moment = datetime.fromisoformat(f"{found[1]}T{found[2]}") if found else None
        zone = (found[3] or "Z").upper() if found else "Z"
        zoned = datetime.fromisoformat(f"{moment.isoformat()}{zone}").astimezone(UTC) if moment else None
    except (OverflowError, ValueError):
        zoned = None
    if zoned is None and item.get(key) not in (None, ""):
        collected.lose(BAD_DATES, written or item.get(key))
    return zoned


def _attachments(item: Mapping[str, Any], collected: Collected) -> tuple[tuple[Media, ...], int | None]:
    """Return the files of an item and the length of the first that has one."""
    given = item.get("attachments")
    attachments = [each for each in given if isinstance(each, dict)] if isinstance(given, list) else []
    found = [
        collected.media(each.get("url"), each.get("mime_type"), each.get("size_in_bytes"))
        for each in attachments
    ]
    lengths = (each.get("duration_in_seconds") for each in attachments)
    duration = next((collected.duration(length) for length in lengths if length), None)
    return tuple(media for media in found if media), duration
