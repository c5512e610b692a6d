"""JSON Feed 1.1 (jsonfeed.org/version/1.1). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import chain

from feedmaker.lint import common
from feedmaker.lint.dates import date_problems, read_rfc3339
from feedmaker.lint.findings import Path, Problem, Problems, parse_rules, shown
from feedmaker.lint.html import html_problems
from feedmaker.text import nearest

RULES = parse_rules(
    """
    json-version error 8 JSON Feed 1.1, version
        The version is the address of a version of JSON Feed.
        write https://jsonfeed.org/version/1.1
    json-version-old warning 8 JSON Feed 1.1, version
        A feed is of version 1.1, which has authors and languages.
        write https://jsonfeed.org/version/1.1, and authors instead of author
    json-member-missing error 8 JSON Feed 1.1
        A feed has title and items, an item an id, an attachment url and mime_type, a hub type and url.
        add the member
    json-address-missing warning 8 JSON Feed 1.1, home_page_url, url
        A feed names its page, and each item its own, even where that is the id.
        add home_page_url to the feed, url to the item
    json-member-type error 8 JSON Feed 1.1
        A member has the type that the format gives it.
        correct the value
    json-number-as-text error 8,9 JSON Feed 1.1, attachments
        Sizes and durations are numbers.
        take the quotation marks away
    json-empty error 8 JSON Feed 1.1, id
        Ids, addresses and titles are not empty.
        write the value, or leave out the member where it is optional
    json-old-author warning 8,13 JSON Feed 1.1, authors
        Authors are a list named authors; author belongs to version 1.0.
        write authors, a list of objects
    json-content-missing error 8,10 JSON Feed 1.1, content_html and content_text
        An item has content_html or content_text.
        add content_html
    json-unknown-member warning 8 JSON Feed 1.1; SchemaStore
        A member is one that the format has, or an extension whose name begins with an underscore.
        correct its name, or begin it with an underscore
    json-extension error 8 JSON Feed 1.1, extensions
        An extension is an object, named by an underscore and a letter, with no full stop in any name.
        correct the name, or put its values into an object
    json-next-url error 21 JSON Feed 1.1, next_url
        The next address is not that of the feed itself.
        leave next_url out where there are no more items
    """
)
VERSION = "https://jsonfeed.org/version/1.1"
_OLD_VERSIONS = frozenset({"https://jsonfeed.org/version/1", "https://jsonfeed.org/version/1.0"})
_TEXT, _ADDRESS, _DATE, _NUMBER, _FLAG, _LIST, _TEXTS = (
    "text",
    "address",
    "date",
    "number",
    "flag",
    "list",
    "texts",
)
_FEED = {
    **dict.fromkeys(("version", "title", "description", "user_comment", "language"), _TEXT),
    **dict.fromkeys(("home_page_url", "feed_url", "next_url", "icon", "favicon"), _ADDRESS),
    "expired": _FLAG,
    "authors": _LIST,
    "hubs": _LIST,
    "items": _LIST,
}
_ITEM = {
    **dict.fromkeys(("id", "title", "content_html", "content_text", "summary", "language"), _TEXT),
    **dict.fromkeys(("url", "external_url", "image", "banner_image"), _ADDRESS),
    **dict.fromkeys(("date_published", "date_modified"), _DATE),
    "authors": _LIST,
    "tags": _TEXTS,
    "attachments": _LIST,
}
_AUTHOR = {"name": _TEXT, "url": _ADDRESS, "avatar": _ADDRESS}
_HUB = {"type": _TEXT, "url": _ADDRESS}
_ATTACHMENT = {
    "url": _ADDRESS,
    "mime_type": _TEXT,
    "title": _TEXT,
    "size_in_bytes": _NUMBER,
    "duration_in_seconds": _NUMBER,
}
_NOT_EMPTY = frozenset({"id", "title", "version", "mime_type", "type", "name"})
_EXTENSION = re.compile(r"_[A-Za-z][^.]*")
Object = Mapping[str, object]


def problems(feed: Object, url: str | None, now: datetime | None) -> Problems:
    """Report what is wrong with a JSON Feed; places are paths of members."""
    yield from _version_problems(feed)
    yield from _members((), feed, _FEED, ("title", "items"))
    yield from _feed_addresses(feed, url)
    language = feed.get("language")
    if language is None:
        yield Problem("language-missing", "the feed has no language", ())
    elif isinstance(language, str):
        yield from common.language_problems(language, ("language",))
    yield from _old_author((), feed)
    for path, author in _objects((), feed, "authors"):
        yield from _author_problems(path, author)
    for path, hub in _objects((), feed, "hubs"):
        yield from _members(path, hub, _HUB, ("type", "url"))
    items = list(_objects((), feed, "items"))
    yield from common.repeated_ids(
        (identity, (*path, "id")) for path, item in items if isinstance(identity := item.get("id"), str)
    )
    for path, item in items:
        yield from _item_problems(path, item, now)
    yield from _extension_problems((), feed)


def _version_problems(feed: Object) -> Problems:
    version = feed.get("version")
    if isinstance(version, str) and version in _OLD_VERSIONS:
        yield Problem("json-version-old", f"the version is {shown(version)}", ("version",))
    elif version != VERSION:
        yield Problem("json-version", f"the version is {shown(version or '')}", ("version",))


def _feed_addresses(feed: Object, url: str | None) -> Problems:
    own, home, following = (feed.get(name) for name in ("feed_url", "home_page_url", "next_url"))
    if home is None:
        yield Problem("json-address-missing", "the feed has no home_page_url", ())
    if own is None:
        yield Problem("self-link-missing", "the feed has no feed_url", ())
    elif isinstance(own, str):
        yield from common.self_problems(own, url, ("feed_url",))
    if home is not None and home in (own, url):
        yield Problem(
            "home-is-feed", f"the feed's page is {shown(home)}, the feed itself", ("home_page_url",)
        )
    if following is not None and following in (own, url):
        yield Problem("json-next-url", "next_url leads to the feed itself", ("next_url",))


def _members(path: Path, parent: Object, known: Mapping[str, str], required: tuple[str, ...]) -> Problems:
    """Report members that are missing, unknown or of another type than the format's."""
    for name in required:
        if name not in parent:
            yield Problem("json-member-missing", f"there is no {name}", path)
    for name, value in parent.items():
        kind = known.get(name)
        if kind is not None:
            yield from _member_problems((*path, name), name, value, kind)
        elif name not in ("author", *_extensions(name)):
            what = f"there is no member {shown(name)} ({nearest(name, known)})"
            yield Problem("json-unknown-member", what, (*path, name))


def _extensions(name: str) -> tuple[str, ...]:
    return (name,) if name.startswith("_") else ()


def _member_problems(path: Path, name: str, value: object, kind: str) -> Problems:
    if value is None:
        return
    if kind == _NUMBER and isinstance(value, str):
        yield Problem("json-number-as-text", f"{name} is the text {shown(value)}", path)
    elif not _has_type(value, kind):
        yield Problem(
            "json-member-type", f"{name} is {_TYPE_NAMES[type(value)]}, expected {_WANTED[kind]}", path
        )
    elif name in _NOT_EMPTY and isinstance(value, str) and not value.strip():
        yield Problem("json-empty", f"{name} is empty", path)
    elif kind == _ADDRESS:
        yield from common.address_problems(str(value), name, path)
    elif kind == _DATE:
        yield from date_problems(read_rfc3339(str(value)), str(value), path)


_TYPE_NAMES = {
    str: "a text",
    int: "a number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}
_WANTED = {
    _TEXT: "a text",
    _ADDRESS: "an address",
    _DATE: "a date",
    _NUMBER: "a number that is not negative",
    _FLAG: "true or false",
    _LIST: "a list of objects",
    _TEXTS: "a list of texts",
}


def _has_type(value: object, kind: str) -> bool:
    if kind == _FLAG:
        return isinstance(value, bool)
    if kind == _NUMBER:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0
    if kind in (_LIST, _TEXTS):
        of = dict if kind == _LIST else str
        return isinstance(value, list) and all(isinstance(each, of) for each in value)
    return isinstance(value, str)


def _objects(path: Path, parent: Object, name: str) -> Iterator[tuple[Path, Object]]:
    """Yield the objects of a list with their paths; what is no object is reported elsewhere."""
    value = parent.get(name)
    for number, each in enumerate(value if isinstance(value, list) else ()):
        if isinstance(each, dict):
            yield (*path, name, number), each


def _old_author(path: Path, parent: Object) -> Problems:
    if "author" in parent:
        yield Problem("json-old-author", "author belongs to version 1.0", (*path, "author"))


def _author_problems(path: Path, author: Object) -> Problems:
    yield from _members(path, author, _AUTHOR, ())
    if not any(author.get(name) for name in _AUTHOR):
        yield Problem("author-empty", "an author has neither name nor url nor avatar", path)


def _item_problems(path: Path, item: Object, now: datetime | None) -> Problems:
    yield from _members(path, item, _ITEM, ("id",))
    if "url" not in item:
        yield Problem("json-address-missing", "an item has no url", path)
    yield from _content_problems(path, item)
    yield from _old_author(path, item)
    if not item.get("authors") and not item.get("author"):
        yield Problem("author-missing", "an item names no author", path)
    for author_path, author in _objects(path, item, "authors"):
        yield from _author_problems(author_path, author)
    for media_path, media in _objects(path, item, "attachments"):
        yield from _members(media_path, media, _ATTACHMENT, ("url", "mime_type"))
        media_type, url = media.get("mime_type"), media.get("url")
        if isinstance(url, str):
            yield from common.characters_problems(url, (*media_path, "url"))
        if isinstance(media_type, str) and media_type:
            yield from common.media_type_problems(media_type, (*media_path, "mime_type"))
    language = item.get("language")
    if isinstance(language, str):
        yield from common.language_problems(language, (*path, "language"))
    yield from _time_problems(path, item, now)


def _content_problems(path: Path, item: Object) -> Problems:
    html = item.get("content_html")
    if html is None and item.get("content_text") is None:
        yield Problem("json-content-missing", "an item has no content", path)
    elif not item.get("summary"):
        yield Problem("summary-missing", "an item has no summary", path)
    if isinstance(html, str):
        yield from html_problems(html, (*path, "content_html"))


def _time_problems(path: Path, item: Object, now: datetime | None) -> Problems:
    published, modified = (item.get(name) for name in ("date_published", "date_modified"))
    if published is None:
        yield Problem("date-missing", "an item has no date_published", path)
        return
    before, after = (read_rfc3339(str(each or "")).moment for each in (published, modified))
    if now and before:
        read = read_rfc3339(str(published))._replace(codes=())
        yield from date_problems(read, str(published), (*path, "date_published"), now)
    if before and after and after < before:
        what = "an item was modified before it was published"
        yield Problem("updated-before-published", what, (*path, "date_modified"))


def _extension_problems(path: Path, value: object, inside: bool = False) -> Problems:
    """Report extensions with wrong names or shapes; what is inside of one may be anything else."""
    if isinstance(value, list):
        yield from chain.from_iterable(
            _extension_problems((*path, number), each, inside) for number, each in enumerate(value)
        )
    if not isinstance(value, dict):
        return
    for name, member in value.items():
        here = (*path, name)
        begins = name.startswith("_")
        if begins and not inside and not (_EXTENSION.fullmatch(name) and isinstance(member, dict)):
            yield Problem("json-extension", f"the extension {shown(name)} is named or shaped wrongly", here)
        elif inside and (begins or "." in name):
            yield Problem("json-extension", f"an extension holds the member {shown(name)}", here)
        yield from _extension_problems(here, member, inside or begins)
