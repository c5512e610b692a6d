"""RSS, RSS 1.0 (RDF) and Atom as a foreign feed, read by feedparser. Pure."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urljoin

from feedmaker.importing.foreign import (
    BAD_DATES,
    MOST_ITEMS,
    Collected,
    ForeignFeed,
    ForeignItem,
    Loss,
    Markup,
    distinct,
    whole_number,
)
from feedmaker.importing.html import plain_text
from feedmaker.importing.mending import mended
from feedmaker.model import Chapter, Media
from feedmaker.notes.lines import one_line

_HTML = frozenset({"text/html", "application/xhtml+xml"})
_ID_TAGS = frozenset({"guid", "id"})
_ITEM_TAGS = frozenset({"item", "entry"})
_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_KNOWN = {
    *(
        "author",
        "authors",
        "author_detail",
        "content",
        "created",
        "created_parsed",
        "description",
        "guidislink",
    ),
    *("href", "id", "image", "itunes_duration", "itunes_episode", "itunes_episodetype", "itunes_explicit"),
    *(
        "itunes_season",
        "itunes_title",
        "language",
        "link",
        "links",
        "media_thumbnail",
        "podcast_transcript",
        "psc_chapters",
    ),
    *("published", "published_parsed", "publisher", "publisher_detail", "subtitle", "subtitle_detail"),
    *("summary", "summary_detail", "tags", "title", "title_detail", "updated", "updated_parsed"),
}


def read_xml_feed(data: bytes, content_type: str, base: str) -> ForeignFeed | None:
    """Read a feed, however broken it is; None where there is none in it."""
    lost: list[Loss] = []
    try:
        parsed = _parsed(data, content_type)
        usable = _is_feed(parsed) and (parsed["entries"] or not parsed["bozo"])
    except Exception:  # noqa: BLE001 - nobody has listed what a parser may raise at bytes that are no feed
        usable = False
    if not usable:
        data = mended(data, content_type) or b""
        parsed = _parsed(data, "application/xml; charset=utf-8")
        lost = [Loss("damage to the feed (mended as far as possible)")]
    return _feed(parsed, data, base, lost) if _is_feed(parsed) else None


def _is_feed(parsed: Any) -> bool:
    return bool(parsed.get("version") or parsed["entries"])


def _feed(parsed: Any, data: bytes, base: str, lost: Sequence[Loss]) -> ForeignFeed:
    entries = parsed["entries"]
    head: Mapping[str, Any] = parsed["feed"]
    home = _get(head, "link")
    base = base or (home if isinstance(home, str) else "")
    collected = Collected(base)
    if len(entries) > MOST_ITEMS:
        collected.lose("items beyond the limit", len(entries) - MOST_ITEMS)
    ids = _written_ids(data, parsed.get("encoding") or None, len(entries))
    return ForeignFeed(
        title=plain_text(_markup(_get(head, "title_detail"), base)),
        home=Collected(base).address(home, ""),
        authors=_authors(head),
        language=_text(head, "language") or None,
        items=tuple(_item(entry, name, base) for entry, name in zip(entries[:MOST_ITEMS], ids, strict=False)),
        more=_more(head, base),
        lost=(*lost, *collected.lost),
    )


def _parsed(data: bytes, content_type: str) -> Any:
    """Parse with feedparser, which knows most ways to get a feed wrong.

    What it cleans and resolves itself is left as it is: `html` keeps nothing but text and sound links, counts
    what it drops, and knows every link's base. A stream is what it takes for data; bytes could name a file.
    """
    import feedparser

    headers = {"content-type": content_type} if content_type else None
    return feedparser.parse(
        io.BytesIO(data), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
    )


def _written_ids(data: bytes, encoding: str | None, number: int) -> Sequence[str | None]:
    """Return the ids as they are written, for feedparser takes those of RSS for relative addresses.

    All are None where the feed is not well-formed, so that nobody knows whose id is whose.
    """
    try:
        found = list(_ids(data, encoding))
    except (LookupError, SyntaxError, ValueError):
        found = []
    return found if len(found) == number else [None] * number


def _ids(data: bytes, encoding: str | None) -> Iterator[str | None]:
    from lxml import etree

    events = etree.iterparse(
        io.BytesIO(data), events=("end",), encoding=encoding, no_network=True, resolve_entities=True
    )
    for _, element in events:
        if not isinstance(element.tag, str) or etree.QName(element).localname not in _ITEM_TAGS:
            continue
        if any(etree.QName(outer).localname in _ITEM_TAGS for outer in element.iterancestors()):
            raise ValueError("an item stands in an item")
        children = (child for child in element if isinstance(child.tag, str))
        texts = [child.text or "" for child in children if etree.QName(child).localname in _ID_TAGS]
        yield (texts[-1] if texts else element.get(_ABOUT) or "").strip(" \t\r\n") or None
        element.clear()


def _item(entry: Mapping[str, Any], written_id: str | None, base: str) -> ForeignItem:
    collected = Collected(base)
    name = written_id or _text(entry, "id")
    link = _get(entry, "link")
    if isinstance(link, str) and link == _text(entry, "id") and not link.startswith(("http://", "https://")):
        link = None  # feedparser takes an id for a link where the feed does not forbid it
    return ForeignItem(
        id=name,
        link=collected.address(link, "addresses of pages"),
        title=_markup(_get(entry, "title_detail"), base),
        published=_moment(entry, "published", collected),
        updated=_moment(entry, "updated", collected),
        written_date=_text(entry, "published"),
        authors=_authors(entry),
        tags=distinct([tag.get("term") or tag.get("label") for tag in _records(entry, "tags")]),
        summary=_markup(_get(entry, "summary_detail") or _get(entry, "subtitle_detail"), base),
        content=_content(entry, base),
        media=_enclosures(entry, collected),
        transcripts=_transcripts(entry, collected),
        chapters=_chapters(entry, collected),
        image=_image(entry, collected),
        language=_language(entry),
        duration=collected.duration(_get(entry, "itunes_duration")),
        season=whole_number(_get(entry, "itunes_season")),
        number=whole_number(_get(entry, "itunes_episode")),
        type=_text(entry, "itunes_episodetype").lower() or None,
        explicit=_explicit(entry),
        lost=(*collected.lost, *_unknown(entry, base)),
    )


def _get(record: Mapping[str, Any], key: str) -> Any:
    """Return a value by its own name; feedparser's `get` guesses and warns of it."""
    return dict.get(record, key) if isinstance(record, dict) else None


def _text(record: Mapping[str, Any], key: str) -> str:
    value = _get(record, key)
    return value.strip() if isinstance(value, str) else ""


def _records(record: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    value = _get(record, key)
    return [dict(each) for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _markup(detail: Any, base: str) -> Markup:
    if not isinstance(detail, dict) or not isinstance(_get(detail, "value"), str):
        return Markup()
    is_html = _get(detail, "type") in _HTML
    return Markup(detail["value"], is_html, _joined(base, _get(detail, "base")))


def _joined(base: str, own: Any) -> str:
    try:
        return urljoin(base, own) if isinstance(own, str) else base
    except ValueError:
        return base


def _content(entry: Mapping[str, Any], base: str) -> Markup:
    """Choose the fullest of several contents."""
    found = [_markup(each, base) for each in _records(entry, "content")]
    return max(found, key=lambda markup: len(markup.text), default=Markup())


def _authors(record: Mapping[str, Any]) -> tuple[str, ...]:
    named = [author.get("name") for author in _records(record, "authors")]
    return distinct(named) or distinct([_get(record, "author")])


def _moment(entry: Mapping[str, Any], key: str, collected: Collected) -> datetime | None:
    parts, written = _get(entry, f"{key}_parsed"), _text(entry, key)
    try:
        year, month, day, hour, minute, second = parts[:6]
        moment = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except (OverflowError, TypeError, ValueError):
        moment = None
    if moment is None and written:
        collected.lose(BAD_DATES, written)
    return moment


def _enclosures(entry: Mapping[str, Any], collected: Collected) -> tuple[Media, ...]:
    links = [link for link in _records(entry, "links") if link.get("rel") == "enclosure"]
    found = (collected.media(link.get("href"), link.get("type"), link.get("length")) for link in links)
    return tuple(dict.fromkeys(media for media in found if media))


def _transcripts(entry: Mapping[str, Any], collected: Collected) -> tuple[Media, ...]:
    said = _get(entry, "podcast_transcript")
    if not isinstance(said, dict):
        return ()
    media = collected.media(_get(said, "url"), _get(said, "type"), what="transcripts")
    return (media,) if media else ()


def _chapters(entry: Mapping[str, Any], collected: Collected) -> tuple[Chapter, ...]:
    """Return the chapters of Podlove's format, which stand in the feed itself."""
    holder = _get(entry, "psc_chapters")
    found: dict[int, Chapter] = {}
    for each in _records(holder, "chapters") if isinstance(holder, dict) else []:
        start, title = each.get("start_parsed"), one_line(str(each.get("title") or ""))
        if isinstance(start, timedelta) and title and start >= timedelta(0):
            at = int(start.total_seconds())
            address = collected.address(each.get("href"), "links of chapters")
            found.setdefault(at, Chapter(at, title, address))
        else:
            collected.lose("chapters", title)
    return tuple(found[at] for at in sorted(found))


def _image(entry: Mapping[str, Any], collected: Collected) -> str | None:
    image, thumbnails = _get(entry, "image"), _records(entry, "media_thumbnail")
    said = _get(image, "href") if isinstance(image, dict) else None
    return collected.address(said or next((each.get("url") for each in thumbnails), None), "images")


def _language(entry: Mapping[str, Any]) -> str | None:
    """Return the language of an item, which Atom says at its texts."""
    detail = _get(entry, "title_detail")
    return _text(entry, "language") or (_text(detail, "language") if isinstance(detail, dict) else "") or None


def _explicit(entry: Mapping[str, Any]) -> bool | None:
    value = _get(entry, "itunes_explicit")
    return value if isinstance(value, bool) else None


def _unknown(entry: Mapping[str, Any], base: str) -> list[Any]:
    """Name the kinds of elements that notes have no place for."""
    collected = Collected(base)
    for key in sorted(set(map(str, entry)) - _KNOWN):
        if not key.endswith(("_detail", "_parsed")):
            collected.lose(f"<{one_line(key)[:40].replace('_', ':', 1)}>")
    return collected.lost


def _more(head: Mapping[str, Any], base: str) -> str | None:
    """Return where older items are (RFC 5005)."""
    links = {link.get("rel"): link.get("href") for link in _records(head, "links")}
    return Collected(base).address(links.get("prev-archive") or links.get("next"), "")
