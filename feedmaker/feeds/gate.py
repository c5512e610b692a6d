"""The gate before publishing: a feed is read back from its bytes, and one that is wrong stays out.

What the files say is held against the feed, fact by fact, so they also agree with each other; and the feed
against what readers need. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from lxml import etree

from feedmaker.disclosure import disclosure_faults
from feedmaker.errors import GateError
from feedmaker.feeds import atom, json_feed, rss
from feedmaker.feeds.feed import Feed, Item
from feedmaker.feeds.reading import Facts, UnreadableError, new_parser, read_atom, read_json, read_rss
from feedmaker.text import shorten
from feedmaker.uri import is_iri, safe_link

# What feedparser, miniflux and SimplePie all keep; the rest would lose its meaning on the way, or may run.
_ELEMENTS = frozenset(
    """
    a abbr aside audio b blockquote br caption cite code dd del dfn dl dt em figcaption figure h1 h2 h3 h4 h5
    h6 hr i img ins kbd li ol p pre q rp rt ruby s samp small source strong sub sup table td tfoot th thead
    time tr u ul var video
    """.split()  # noqa: SIM905 - a list of 59 strings is no easier to read
)
_ATTRIBUTES = frozenset(
    {"alt", "colspan", "datetime", "height", "href", "rel", "rowspan", "src", "title", "width"}
)


def check(feed: Feed, files: Mapping[str, bytes]) -> None:
    """Read the files of a feed back and hold them against it.

    `files` has the bytes of each file by its path below the site's address. Raises `GateError` with every
    fault and the item it is in.
    """
    faults = [
        *_feed_faults(feed),
        *_file_faults(feed, feed.rss_url, files, read_rss),
        *_file_faults(feed, feed.atom_url, files, read_atom),
        *_file_faults(feed, feed.json_url, files, read_json),
    ]
    if faults:
        first = "the feeds stay as they were, for the new ones would be wrong:"
        last = "mend the notes that are named here; if nothing is wrong with them, report this"
        raise GateError("\n".join([first, *faults, last]))


def _feed_faults(feed: Feed) -> Iterator[str]:
    for url in (feed.home, feed.rss_url, feed.atom_url, feed.json_url):
        yield from _address_faults("the feed", url)
    for identity, count in Counter(item.id for item in feed.items).items():
        if count > 1:
            yield f"{count} items have the id {identity!r}, and readers would show one of them"
    for item in feed.items:
        yield from (f"{_name(item)}: {fault}" for fault in _item_faults(item))


def _item_faults(item: Item) -> Iterator[str]:
    if not is_iri(item.id):
        yield f"the id {item.id!r} is no IRI (RFC 4287, 4.2.6); expected for example tag:example.org,2026:a"
    for fact in ("title", "summary", "html", "authors"):
        if not getattr(item, fact):
            yield f"{fact} is missing"
    for fact in ("published", "updated"):
        if getattr(item, fact).tzinfo is None:
            yield f"{fact} has no time zone"
    yield from _address_faults("the page", item.url)
    if item.image:
        yield from _address_faults("the image", item.image)
    if item.enclosure:
        yield from _address_faults("the recording", item.enclosure.url)
    yield from _html_faults(item.html)
    yield from disclosure_faults(item.html, item.links)


def _address_faults(what: str, url: str) -> Iterator[str]:
    if not url.startswith(("http://", "https://")) or safe_link(url) != url:
        yield f"{what} has the address {url!r}; expected an absolute http or https address in ASCII"


def _html_faults(html: str) -> Iterator[str]:
    """Find what readers drop, run or misread. HTML that is XML too means the same to every parser."""
    if "<!" in html or "<?" in html:
        yield "the content holds a comment or a declaration"
    try:
        root = etree.fromstring(f"<div>{html}</div>".encode(), new_parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        yield f"the content is not well-formed: {error}"
        return
    for element in root.iterdescendants(etree.Element):
        tag = str(element.tag)
        if tag not in _ELEMENTS:
            yield f"the content holds <{tag}>, which readers do not keep"
        if tag == "img" and element.get("alt") is None:
            yield "the content holds an image without alt"
        for name, value in element.items():
            yield from _attribute_faults(name, value)


def _attribute_faults(name: str, value: str) -> Iterator[str]:
    if name not in _ATTRIBUTES:
        yield f"the content holds the attribute {name}, which readers do not keep"
    elif name == "src":
        yield from _address_faults("something in the content", value)
    elif name == "href" and safe_link(value) != value:
        yield f"the content links to {value!r}; expected an absolute address"


def _file_faults(
    feed: Feed,
    url: str,
    files: Mapping[str, bytes],
    read: Callable[[bytes], tuple[Facts, list[Facts]]],
) -> Iterator[str]:
    path = url.removeprefix(feed.home)
    if path not in files:
        yield f"{path} is missing"
        return
    try:
        head, items = read(files[path])
    except UnreadableError as error:
        yield f"{path}: {error}"
        return
    yield from _differences(path, head, _head(feed, url))
    if len(items) != len(feed.items):
        yield f"{path}: there are {len(items)} items, expected {len(feed.items)}"
    for facts, item in zip(items, feed.items, strict=False):
        yield from _differences(f"{path}: {_name(item)}", facts, _facts(item))


def _head(feed: Feed, url: str) -> Facts:
    media_types = {
        feed.rss_url: rss.MEDIA_TYPE,
        feed.atom_url: atom.MEDIA_TYPE,
        feed.json_url: json_feed.MEDIA_TYPE,
    }
    return {
        "id": url,
        "feed_url": url,
        "version": {feed.rss_url: "2.0", feed.json_url: json_feed.VERSION}.get(url),
        "title": feed.title,
        "home": feed.home,
        "link to itself": [(url, media_types[url])],
        "link to the site": [(feed.home, "text/html")],
        "description": feed.description,
        "language": feed.language,
        "time of the last change": feed.updated,
        "authors": [feed.author.name],
        "members that no JSON Feed has": [],
    }


def _facts(item: Item) -> Facts:
    media = item.enclosure
    return {
        "id": item.id,
        "id is a permalink": item.id == item.url,
        "url": item.url,
        "link to the page": [(item.url, "text/html")],
        "title": item.title,
        "time of publishing": item.published,
        "time of the last change": item.updated,
        "summary": item.summary,
        "content": item.html,
        "types of title, summary and content": ["text", "text", "html"],
        "description before content": True,
        "tags": list(item.tags),
        "authors": [author.name for author in item.authors],
        "language": item.language,
        "image": item.image,
        "recordings": [(media.url, media.type, media.length or None)] if media else [],
        "duration": [item.duration or None] if media else [],
        "_episode_notes": item.data,
    }


def _differences(where: str, found: Facts, wanted: Facts) -> Iterator[str]:
    for name, value in found.items():
        if value != wanted[name]:
            yield f"{where}: {name}: found {_shown(value)}, expected {_shown(wanted[name])}"


def _shown(value: object) -> str:
    if value is None:
        return "nothing, or nothing that can be read"
    return shorten(str(value), 100)


def _name(item: Item) -> str:
    return f'"{shorten(item.title, 60)}" ({item.id})'
