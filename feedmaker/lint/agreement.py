"""Several files held against each other: the formats of one feed, and the chain of its archives. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import unescape
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from feedmaker.lint.dates import read_rfc822, read_rfc3339
from feedmaker.lint.documents import ENCODED, FH, atom, links, text_of
from feedmaker.lint.findings import START, Problem, Problems, parse_rules, shown
from feedmaker.lint.parsing import Parsed

if TYPE_CHECKING:
    from lxml import etree

    from feedmaker.lint.findings import At

RULES = parse_rules(
    """
    ids-disagree error 3,25 feedmaker; known readers
        All formats of a feed hold the same items in the same order, under the same ids.
        write all formats from the same data
    titles-disagree error 25 feedmaker; known readers
        An item has one title in all formats.
        write all formats from the same data
    dates-disagree error 4,25 feedmaker; known readers
        An item has the same times in all formats.
        write all formats from the same data
    texts-disagree error 10,25 feedmaker; known readers
        An item has the same summary and content in all formats.
        write all formats from the same data
    links-disagree error 25 feedmaker; known readers
        An item has one page in all formats.
        write all formats from the same data
    enclosures-disagree error 9,25 feedmaker; known readers
        An item has the same recordings in all formats, with the same type and length.
        write all formats from the same data
    tags-disagree error 25 feedmaker; known readers
        An item has the same tags in all formats.
        write all formats from the same data
    archive-link-broken error 21 RFC 5005, 4
        Links to archives lead to documents that are there.
        publish the archive, or take the link out
    archive-mark-missing error 21 RFC 5005, 4
        A document that is linked as an archive says that it is one.
        add fh:archive to it
    archive-current-wrong error 21 RFC 5005, 4
        The link with rel="current" leads to the feed that people subscribe to, which is no archive.
        correct the address
    archive-loop error 21 RFC 5005, 4
        The chain of archives has an end.
        correct the link with rel="prev-archive", or next_url
    page-without-feeds warning 19 RSS Autodiscovery
        A web page announces the feeds in its head.
        add <link rel="alternate" type="application/rss+xml" title="..." href="...">
    """
)
_CODES = {
    "title": "titles-disagree",
    "page": "links-disagree",
    "tags": "tags-disagree",
    "published": "dates-disagree",
    "updated": "dates-disagree",
    "summary": "texts-disagree",
    "content": "texts-disagree",
    "recordings": "enclosures-disagree",
}
_TRIO = ("atom", "rss")
# What feedmaker writes where an id of another system is no IRI, as Atom asks of ids.
_URN = "urn:feedmaker:"
_TAG = re.compile(r"<[^<>]*>")
_FEED_LINK = re.compile(rb"<link\b[^<>]*?application/(rss\+xml|atom\+xml|feed\+json)", re.IGNORECASE)
Facts = dict[str, object]


class ItemFacts(NamedTuple):
    """Hold what a file says of one item, and where."""

    id: str
    at: At
    facts: Facts


def groups_of(files: Mapping[str, Parsed]) -> list[dict[str, Parsed]]:
    """Put the formats of each feed together.

    They have one path but for the ending. A lone atom.xml or rss.xml belongs to the feed.xml or feed.json
    beside it, unless there is a feed of that format already.
    """
    groups: dict[tuple[str, str], dict[str, Parsed]] = {}
    for path, parsed in files.items():
        if parsed.kind in ("rss", "atom", "json"):
            folder, _, name = path.rpartition("/")
            groups.setdefault((folder, name.partition(".")[0]), {})[path] = parsed
    for folder, stem in list(groups):
        main, lone = groups.get((folder, "feed")), groups[folder, stem]
        if stem in _TRIO and len(lone) == 1 and main is not None and not _kinds(main) & _kinds(lone):
            main.update(groups.pop((folder, stem)))
    return list(groups.values())


def _kinds(group: Mapping[str, Parsed]) -> set[str | None]:
    return {parsed.kind for parsed in group.values()}


def agreement_problems(group: Mapping[str, Parsed]) -> Iterator[tuple[str, Problem]]:
    """Hold the formats of one feed against the first of them; yield the path of each problem."""
    read = {path: list(item_facts(parsed)) for path, parsed in group.items()}
    (first, wanted), *others = read.items()
    for path, found in others:
        ids, expected = [item.id for item in found], [item.id for item in wanted]
        if ids != expected:
            yield path, Problem("ids-disagree", _id_difference(ids, expected, first), START)
    known: dict[str, dict[str, tuple[str, object]]] = {}
    for path, items in read.items():
        for item in items:
            yield from (
                (path, problem) for problem in _differences(path, item, known.setdefault(item.id, {}))
            )


def _id_difference(ids: list[str], expected: list[str], first: str) -> str:
    missing = [each for each in expected if each not in set(ids)]
    more = [each for each in ids if each not in set(expected)]
    if missing:
        return f"there is no {shown(missing[0])}, which is in {first}"
    return (
        f"there is {shown(more[0])}, which is not in {first}" if more else f"the order is not that of {first}"
    )


def _differences(path: str, item: ItemFacts, known: dict[str, tuple[str, object]]) -> Problems:
    """Report facts that another file states otherwise, and remember those that none has stated yet."""
    for name, value in item.facts.items():
        other, expected = known.setdefault(name, (path, value))
        if value != expected:
            what = f"the {name} is {shown(value)}, in {other} {shown(expected)}"
            yield Problem(_CODES[name], what, item.at)


def item_facts(parsed: Parsed) -> Iterator[ItemFacts]:
    """Read what a file says of its items."""
    if parsed.xml is not None and parsed.kind == "rss":
        yield from map(_rss_facts, parsed.xml.root.iterfind("channel/item"))
    elif parsed.xml is not None and parsed.kind == "atom":
        yield from map(_atom_facts, parsed.xml.root.iterfind(atom("entry")))
    items = parsed.value.get("items") if parsed.kind == "json" else None
    for number, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, dict):
            yield _json_facts(number, item)


def _rss_facts(item: etree._Element) -> ItemFacts:
    facts: Facts = {
        "title": _squeezed(text_of(item, "title")),
        "page": text_of(item, "link"),
        "published": read_rfc822(text_of(item, "pubDate") or "").moment,
        "summary": _plain(text_of(item, "description")),
        "tags": [(tag.text or "").strip() for tag in item.findall("category")],
        "recordings": [
            _recording(each.get("url"), each.get("type"), each.get("length"))
            for each in item.findall("enclosure")
        ],
    }
    content = text_of(item, ENCODED)
    return ItemFacts(text_of(item, "guid") or "", item, _with(facts, "content", content))


def _atom_facts(entry: etree._Element) -> ItemFacts:
    pages = links(entry, "alternate")
    facts: Facts = {
        "title": _typed(entry, "title"),
        "page": pages[0].get("href") if pages else None,
        "published": read_rfc3339(text_of(entry, atom("published")) or "").moment,
        "updated": read_rfc3339(text_of(entry, atom("updated")) or "").moment,
        "summary": _typed(entry, "summary"),
        "tags": [tag.get("term") for tag in entry.findall(atom("category"))],
        "recordings": [
            _recording(each.get("href"), each.get("type"), each.get("length"))
            for each in links(entry, "enclosure")
        ],
    }
    content = entry.find(atom("content"))
    is_text = content is not None and content.get("type") == "html"
    text = text_of(entry, atom("content")) if is_text else None
    return ItemFacts(_common_id(text_of(entry, atom("id")) or ""), entry, _with(facts, "content", text))


def _common_id(identity: str) -> str:
    """Return an id of Atom as the other formats have it."""
    return unquote(identity.removeprefix(_URN)) if identity.startswith(_URN) else identity


def _json_facts(number: int, item: Mapping[str, object]) -> ItemFacts:
    html, attachments = item.get("content_html"), item.get("attachments")
    facts: Facts = {
        "title": _squeezed(item.get("title")),
        "page": item.get("url"),
        "summary": _squeezed(item.get("summary")),
        "published": read_rfc3339(str(item.get("date_published"))).moment,
        "updated": read_rfc3339(str(item.get("date_modified"))).moment,
        "tags": item.get("tags", []),
        "recordings": [
            _recording(each.get("url"), each.get("mime_type"), each.get("size_in_bytes"))
            for each in (attachments if isinstance(attachments, list) else ())
            if isinstance(each, dict)
        ],
    }
    text = html.strip() if isinstance(html, str) else None
    return ItemFacts(str(item.get("id", "")), ("items", number), _with(facts, "content", text))


def _with(facts: Facts, name: str, value: object) -> Facts:
    return facts if value is None else {**facts, name: value}


def _recording(url: object, media_type: object, length: object) -> tuple[object, object, str]:
    # RSS writes 0 where a length is not known, the others leave it out.
    return url, media_type, str(length or 0)


def _typed(entry: etree._Element, name: str) -> str | None:
    element = entry.find(atom(name))
    text = text_of(entry, atom(name))
    return _plain(text) if element is not None and element.get("type") == "html" else _squeezed(text)


def _plain(html: str | None) -> str | None:
    return None if html is None else _squeezed(unescape(_TAG.sub("", html)))


def _squeezed(text: object) -> str | None:
    return " ".join(text.split()) if isinstance(text, str) else None


def archive_problems(files: Mapping[str, Parsed], base: str) -> Iterator[tuple[str, Problem]]:
    """Follow the links between archives; `base` is the address that the paths are below."""
    for path, parsed in files.items():
        for rel, at, address in _ties(parsed):
            target = address.partition("#")[0].removeprefix(base)
            if not address.startswith(base):
                continue
            if target not in files:
                yield path, Problem("archive-link-broken", f"{rel} leads to {shown(address)}", at)
            elif rel == "current" and _is_archive(files[target]):
                yield path, Problem("archive-current-wrong", f"current leads to {shown(address)}", at)
            elif rel.endswith("-archive") and not _is_archive(files[target]):
                what = f"{path} links to it as an archive"
                yield target, Problem("archive-mark-missing", what, START)
    yield from _loops(files, base)


def _ties(parsed: Parsed) -> Iterator[tuple[str, At, str]]:
    """Yield relation, place and address of each link to another document of the chain."""
    following = parsed.value.get("next_url")
    if isinstance(following, str):
        yield "next_url", ("next_url",), following
    head = _head(parsed)
    for rel in ("prev-archive", "next-archive", "current"):
        yield from (
            (rel, link, link.get("href", "")) for link in (links(head, rel) if head is not None else ())
        )


def _head(parsed: Parsed) -> etree._Element | None:
    if parsed.xml is None:
        return None
    return parsed.xml.root.find("channel") if parsed.kind == "rss" else parsed.xml.root


def _is_archive(parsed: Parsed) -> bool:
    head = _head(parsed)
    return head is not None and head.find(f"{{{FH}}}archive") is not None


def _loops(files: Mapping[str, Parsed], base: str) -> Iterator[tuple[str, Problem]]:
    older = {
        path: [(at, address.removeprefix(base)) for rel, at, address in _ties(parsed) if rel in _BACKWARDS]
        for path, parsed in files.items()
    }
    done: set[str] = set()
    for start in files:
        here, trail = start, []
        while here in older and older[here] and here not in done:
            done.add(here)
            trail.append(here)
            at, following = older[here][0]
            if following in trail:
                yield here, Problem("archive-loop", f"the chain of archives comes back to {following}", at)
            here = following


_BACKWARDS = frozenset({"prev-archive", "next_url"})


def page_problems(data: bytes) -> Problems:
    """Report a web page that announces no feed."""
    if not _FEED_LINK.search(data):
        yield Problem("page-without-feeds", "the page announces no feed", START)
