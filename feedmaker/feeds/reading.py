"""The three feed formats read back from their bytes, by nothing that wrote them. Pure.

A reader returns what the file says of the feed and of each item, as facts under the same names for all
formats. What is missing, repeated or malformed is None, which no item's fact is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from html import unescape

from lxml import etree

Facts = dict[str, object]
Children = Mapping[str, Sequence[etree._Element]]
"""The elements in another, by their names; asking lxml for one name after the other costs more."""

_ATOM = "{http://www.w3.org/2005/Atom}"
_CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
_TEXTS = ("description", _CONTENT)
_CREATOR = "{http://purl.org/dc/elements/1.1/}creator"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_ARCHIVE = "{http://purl.org/syndication/history/1.0}archive"
_THUMBNAIL = "{http://search.yahoo.com/mrss/}thumbnail"
_DELETED = "{http://purl.org/atompub/tombstones/1.0}deleted-entry"
_ITUNES = "{http://www.itunes.com/dtds/podcast-1.0.dtd}"
_PODCAST = "{https://podcastindex.org/namespace/1.0}"
_NO_PICTURE = ""
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_RFC822 = re.compile(
    rf"[A-Z][a-z]{{2}}, (\d\d) ({'|'.join(_MONTHS)}) (\d{{4}}) (\d\d):(\d\d):(\d\d) (GMT|[+-]\d{{4}})"
)
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_RSS_AUTHOR = re.compile(r"[^\s@()]+@[^\s@()]+ \((.+)\)")


class UnreadableError(Exception):
    """A file is not what it is said to be; the text says why."""


def read_rss(data: bytes) -> tuple[Facts, list[Facts]]:
    """Read an RSS 2.0 document; raise `UnreadableError` where it is none."""
    root = _xml(data)
    channel = root.find("channel")
    if root.tag != "rss" or channel is None:
        raise UnreadableError("is no RSS")
    said = _children(channel)
    language = _text(said, "language")
    is_podcast = _ITUNES[1:-1] in root.nsmap.values()
    head: Facts = {
        "version": root.get("version"),
        "title": _text(said, "title"),
        "home": _text(said, "link"),
        "link to itself": _links(said, "self"),
        **_history(said),
        "picture": _rss_picture(said),
        "description": _text(said, "description"),
        "language": language,
        "time of the last change": _rfc822(_text(said, "lastBuildDate")),
        "is a podcast": is_podcast,
        **(_read_show(said) if is_podcast else {}),
    }
    return head, [_read_rss_item(item, language, is_podcast) for item in said.get("item", ())]


def _read_rss_item(item: etree._Element, language: str | None, is_podcast: bool) -> Facts:
    said = _children(item)
    guid, description = said.get("guid"), _text(said, "description")
    named = (_RSS_AUTHOR.fullmatch(author.text or "") for author in said.get("author", ()))
    return {
        "id": _text(said, "guid"),
        "id is a permalink": guid is not None and guid[0].get("isPermaLink") != "false",
        "url": _text(said, "link"),
        "title": _text(said, "title"),
        "time of publishing": _rfc822(_text(said, "pubDate")),
        "summary": None if description is None else unescape(description),
        "content": _text(said, _CONTENT),
        "description before content": next(filter(_TEXTS.__contains__, said), None) == "description",
        "tags": [category.text or "" for category in said.get("category", ())],
        "authors": [found and found[1] for found in named] + [name.text for name in said.get(_CREATOR, ())],
        "language": item.get(_LANG, language),
        "image": _thumbnail(said),
        "recordings": [
            (media.get("url"), media.get("type"), _size(media.get("length", "")))
            for media in said.get("enclosure", ())
        ],
        **(_read_broadcast(said) if is_podcast else {}),
    }


def _read_show(channel: Children) -> Facts:
    """Read what a podcast feed says of itself."""
    category = f"{_ITUNES}category"
    return {
        "artwork": _elements(channel, f"{_ITUNES}image", "href"),
        "categories": [
            [each.get("text") for each in top.iter(category)] for top in channel.get(category, ())
        ],
        "explicit": _elements(channel, f"{_ITUNES}explicit"),
        "kind of podcast": _elements(channel, f"{_ITUNES}type"),
        "podcast:guid": _elements(channel, f"{_PODCAST}guid"),
        "owner": [
            (_text(owner, f"{_ITUNES}name"), _text(owner, f"{_ITUNES}email"))
            for owner in map(_children, channel.get(f"{_ITUNES}owner", ()))
        ],
        "podcast:locked": _elements(channel, f"{_PODCAST}locked", "owner"),
        "podcast:medium": _elements(channel, f"{_PODCAST}medium"),
    }


def _read_broadcast(item: Children) -> Facts:
    """Read what a podcast feed says of an episode besides."""
    return {
        "artwork": _elements(item, f"{_ITUNES}image", "href"),
        "explicit": _elements(item, f"{_ITUNES}explicit"),
        "kind of episode": _elements(item, f"{_ITUNES}episodeType"),
        "season": _elements(item, f"{_ITUNES}season"),
        "number": _elements(item, f"{_ITUNES}episode"),
        "people": _elements(item, f"{_PODCAST}person", "role"),
        "length": _elements(item, f"{_ITUNES}duration"),
        "transcripts": _elements(item, f"{_PODCAST}transcript", "url", "type"),
        "chapters": _elements(item, f"{_PODCAST}chapters", "url", "type"),
        "soundbites": _elements(item, f"{_PODCAST}soundbite", "startTime", "duration"),
    }


def read_atom(data: bytes) -> tuple[Facts, list[Facts]]:
    """Read an Atom document; raise `UnreadableError` where it is none."""
    root = _xml(data)
    if root.tag != f"{_ATOM}feed":
        raise UnreadableError("is no Atom")
    said, language = _children(root), root.get(_LANG)
    head: Facts = {
        "id": _text(said, f"{_ATOM}id"),
        "title": _text(said, f"{_ATOM}title"),
        "link to itself": _links(said, "self"),
        "link to the site": _links(said, "alternate"),
        **_history(said),
        "picture": _atom_picture(said),
        "taken back": [(stone.get("ref"), _rfc3339(stone.get("when"))) for stone in said.get(_DELETED, ())],
        "description": _text(said, f"{_ATOM}subtitle"),
        "language": language,
        "time of the last change": _rfc3339(_text(said, f"{_ATOM}updated")),
        "authors": _atom_authors(said),
    }
    return head, [_read_entry(entry, language) for entry in said.get(f"{_ATOM}entry", ())]


def _read_entry(entry: etree._Element, language: str | None) -> Facts:
    said = _children(entry)
    links = said.get(f"{_ATOM}link", ())
    typed = [said.get(f"{_ATOM}{name}") for name in ("title", "summary", "content")]
    return {
        "id": _text(said, f"{_ATOM}id"),
        "link to the page": _links(said, "alternate"),
        "title": _text(said, f"{_ATOM}title"),
        "time of publishing": _rfc3339(_text(said, f"{_ATOM}published")),
        "time of the last change": _rfc3339(_text(said, f"{_ATOM}updated")),
        "summary": _text(said, f"{_ATOM}summary"),
        "content": _text(said, f"{_ATOM}content"),
        "types of title, summary and content": [each and each[0].get("type", "text") for each in typed],
        "tags": [category.get("term") for category in said.get(f"{_ATOM}category", ())],
        "authors": _atom_authors(said),
        "language": entry.get(_LANG, language),
        "image": _thumbnail(said),
        "recordings": [
            (link.get("href"), link.get("type"), _size(link.get("length")))
            for link in links
            if link.get("rel") == "enclosure"
        ],
    }


def _atom_authors(parent: Children) -> list[tuple[str | None, ...]]:
    people = map(_children, parent.get(f"{_ATOM}author", ()))
    return [
        tuple([_text(person, f"{_ATOM}{name}") for name in ("name", "email", "uri")]) for person in people
    ]


def read_json(data: bytes) -> tuple[Facts, list[Facts]]:
    """Read a JSON Feed; raise `UnreadableError` where it is none."""
    try:
        document = json.loads(data.decode(), parse_constant=_refuse_constant)
    except ValueError as error:
        raise UnreadableError(f"is no JSON in UTF-8: {error}") from error
    if not isinstance(document, dict):
        raise UnreadableError("is no JSON object")
    if "items" not in document:
        raise UnreadableError("has no items")
    head: Facts = {
        "version": document.get("version"),
        "title": document.get("title"),
        "home": document.get("home_page_url"),
        "feed_url": document.get("feed_url"),
        "description": document.get("description"),
        "language": document.get("language"),
        "authors": _json_authors(document),
        "picture": document.get("icon", _NO_PICTURE),
        "hubs": [hub.get("url") for hub in _objects(document, "hubs") if hub.get("type") == "WebSub"],
        "next_url": document.get("next_url", ""),
        "members that no JSON Feed has": _strange_members(document),
    }
    return head, [_read_json_item(item, document.get("language")) for item in _objects(document, "items")]


def _read_json_item(item: dict[str, object], language: object) -> Facts:
    attachments = _objects(item, "attachments")
    return {
        "id": item.get("id"),
        "url": item.get("url"),
        "title": item.get("title"),
        "time of publishing": _rfc3339(item.get("date_published")),
        "time of the last change": _rfc3339(item.get("date_modified")),
        "summary": item.get("summary"),
        "content": item.get("content_html"),
        "tags": item.get("tags", []),
        "authors": _json_authors(item),
        "language": item.get("language", language),
        "image": item.get("image"),
        "recordings": [(a.get("url"), a.get("mime_type"), a.get("size_in_bytes")) for a in attachments],
        "duration": [attachment.get("duration_in_seconds") for attachment in attachments],
        "_episode_notes": item.get("_episode_notes"),
        "_recommendation": item.get("_recommendation"),
    }


def _json_authors(parent: dict[str, object]) -> list[tuple[object, object]]:
    return [(author.get("name"), author.get("url")) for author in _objects(parent, "authors")]


def _history(parent: Children) -> Facts:
    """Read what a document says of its hubs and of the feed's other documents (RFC 5005)."""
    return {
        "hubs": [address for address, _ in _links(parent, "hub")],
        "volume before": _links(parent, "prev-archive"),
        "feed to subscribe to": _links(parent, "current"),
        "is archived": _ARCHIVE in parent,
    }


def _rss_picture(channel: Children) -> object:
    """Read the address of the channel's picture; None where its title or link is not the channel's."""
    if "image" not in channel:
        return _NO_PICTURE
    image = _children(channel["image"][0])
    same = all(_text(image, name) == _text(channel, name) for name in ("title", "link"))
    return _text(image, "url") if same else None


def _atom_picture(root: Children) -> object:
    """Read the address of the feed's picture; None where icon and logo differ."""
    icon, logo = f"{_ATOM}icon", f"{_ATOM}logo"
    if icon not in root and logo not in root:
        return _NO_PICTURE
    address = _text(root, logo)
    return address if address == _text(root, icon) else None


def _thumbnail(item: Children) -> object:
    """Read the address of an item's picture, which not every item has; several are none that a feed has."""
    found = [picture.get("url") for picture in item.get(_THUMBNAIL, ())]
    return found[0] if len(found) == 1 else found or None


def _strange_members(value: dict[str, object] | list[object], inside: bool = False) -> list[str]:
    """Find null, the `author` of version 1.0, and names that extensions must not have."""
    found: list[str] = []
    if isinstance(value, list):
        for element in value:
            if isinstance(element, (dict, list)):
                found += _strange_members(element, inside)
        return found
    for name, member in value.items():
        extends = name.startswith("_")
        if member is None or "." in name or (extends and (inside or not name[1:2].isalpha())):
            found.append(name)
        if name == "author" and not inside:
            found.append(name)
        if isinstance(member, (dict, list)):
            found += _strange_members(member, inside or extends)
    return found


def _objects(parent: dict[str, object], name: str) -> list[dict[str, object]]:
    found = parent.get(name, [])
    if not isinstance(found, list) or not all(isinstance(element, dict) for element in found):
        raise UnreadableError(f"{name} is no list of objects")
    return found


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


def new_parser() -> etree.XMLParser:
    """Return an XML parser that fetches nothing, expands nothing and gives up on huge trees."""
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


def _xml(data: bytes) -> etree._Element:
    if not data.startswith(b"<?xml "):
        raise UnreadableError("does not begin with an XML declaration")
    try:
        data.decode()
        root = etree.fromstring(data, new_parser())
    except (UnicodeDecodeError, etree.XMLSyntaxError) as error:
        raise UnreadableError(f"is no XML in UTF-8: {error}") from error
    document = root.getroottree().docinfo
    if document.doctype or (document.encoding or "").upper() != "UTF-8":
        raise UnreadableError("has a document type, or does not say that it is UTF-8")
    return root


def _children(parent: etree._Element) -> Children:
    found: dict[str, list[etree._Element]] = {}
    for child in parent:
        found.setdefault(str(child.tag), []).append(child)
    return found


def _text(parent: Children, tag: str) -> str | None:
    """Return the text of the one child of that name; None where it is missing, repeated or has elements."""
    found = parent.get(tag, ())
    return (found[0].text or "") if len(found) == 1 and len(found[0]) == 0 else None


def _links(parent: Children, rel: str) -> list[tuple[str | None, str | None]]:
    # Of links without rel, which means alternate, some readers take the last, so none is written.
    links = parent.get(f"{_ATOM}link", ())
    return [(link.get("href"), link.get("type")) for link in links if link.get("rel") == rel]


def _elements(parent: Children, tag: str, *names: str) -> list[tuple[str | None, ...]]:
    """Return the attributes of these names, and behind them the text, of each child of a name."""
    return [(*(each.get(name) for name in names), each.text or "") for each in parent.get(tag, ())]


def _size(length: str | None) -> int | str | None:
    """Read a length in bytes; RSS writes 0 where it is not known."""
    return (int(length) or None) if length and length.isascii() and length.isdigit() else length


def _rfc822(text: str | None) -> datetime | None:
    """Read a date of RSS; None where a digit, the zone or the right weekday is missing."""
    found = _RFC822.fullmatch(text) if text else None
    if not text or not found:
        return None
    try:
        moment = _in_gmt(*found.groups()) if text.endswith("GMT") else parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if text.startswith(_WEEKDAYS[moment.weekday()]) else None


def _in_gmt(day: str, month: str, year: str, hour: str, minute: str, second: str, _: str) -> datetime:
    """Make a time of its parts, several times as fast as the standard library reads it."""
    date = int(year), _MONTHS.index(month) + 1, int(day)
    return datetime(*date, int(hour), int(minute), int(second), tzinfo=UTC)


def _rfc3339(text: object) -> datetime | None:
    """Read a date of Atom or JSON Feed; None where it is no date, or has no zone."""
    if not isinstance(text, str) or not _RFC3339.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
