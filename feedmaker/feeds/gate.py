"""The gate before publishing: a feed is read back from its bytes, and one that is wrong stays out.

What the files say is held against the feed, fact by fact, so they also agree with each other; and the feed
against what readers need. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from html import unescape

from lxml import etree

from feedmaker.config import Author
from feedmaker.disclosure import disclosure_faults
from feedmaker.errors import GateError
from feedmaker.feeds import chapters, json_feed, rss
from feedmaker.feeds.feed import Feed, Item, atom_id
from feedmaker.feeds.outline import MEDIA_TYPES, Format
from feedmaker.feeds.podcast import NAME_LIMIT, VALUE_LIMIT, Broadcast, Channel
from feedmaker.feeds.reading import Facts, UnreadableError, new_parser, read_atom, read_json, read_rss
from feedmaker.merchants import BuyLink
from feedmaker.text import shorten
from feedmaker.uri import safe_link

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
_PARSER = new_parser()
_READERS: Mapping[Format, Callable[[bytes], tuple[Facts, list[Facts]]]] = {
    "rss": read_rss,
    "atom": read_atom,
    "json": read_json,
}


def check(feed: Feed, files: Mapping[Format, bytes]) -> None:
    """Read the files of a feed back and hold them against it.

    `files` has the bytes of each format that the feed is written in. Raises `GateError` with every fault and
    the item it is in.
    """
    faults = list(_feed_faults(feed))
    wanted = list(map(_facts, feed.items))
    for kind in feed.addresses:
        faults += _file_faults(feed, kind, files, wanted)
    if faults:
        first = "the feeds stay as they were, for the new ones would be wrong:"
        last = "mend the notes that are named here; if nothing is wrong with them, report this"
        raise GateError("\n".join([first, *faults, last]))


def _feed_faults(feed: Feed) -> Iterator[str]:
    for url in (feed.home, *feed.addresses.values()):
        yield from _address_faults("the feed", url)
    for identity, count in Counter(item.id for item in feed.items).items():
        if count > 1:
            yield f"{count} items have the id {identity!r}, and readers would show one of them"
    for item in feed.items:
        yield from (f"{_name(item)}: {fault}" for fault in _item_faults(item))


def _item_faults(item: Item) -> Iterator[str]:
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
    yield from _content_faults(item.html, item.links)
    if item.broadcast:
        yield from _html_faults(item.broadcast.notes)


def _address_faults(what: str, url: str) -> Iterator[str]:
    if not url.startswith(("http://", "https://")) or safe_link(url) != url:
        yield f"{what} has the address {url!r}; expected an absolute http or https address in ASCII"


# An item may stand in several documents, which are made one after the other.
# The formats of a document are checked one after the other; what came before is not held for longer.
@lru_cache(maxsize=256)
def _content_faults(html: str, links: tuple[BuyLink | None, ...]) -> tuple[str, ...]:
    return (*_html_faults(html), *disclosure_faults(html, links))


def _html_faults(html: str) -> Iterator[str]:
    """Find what readers drop, run or misread. HTML that is XML too means the same to every parser."""
    if "<!" in html or "<?" in html:
        yield "the content holds a comment or a declaration"
    try:
        root = etree.fromstring(f"<div>{html}</div>".encode(), _PARSER)
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
    feed: Feed, kind: Format, files: Mapping[Format, bytes], wanted: Sequence[Facts]
) -> Iterator[str]:
    name = feed.addresses[kind]
    if kind not in files:
        yield f"{name} is missing"
        return
    try:
        head, items = _READERS[kind](files[kind])
    except UnreadableError as error:
        yield f"{name}: {error}"
        return
    yield from _differences(name, head, _head(feed, kind))
    if len(items) != len(feed.items):
        yield f"{name}: there are {len(items)} items, expected {len(feed.items)}"
    for facts, item, shared in zip(items, feed.items, wanted, strict=False):
        expected = shared | _facts_of_format(item, kind)
        # Nearly always all is as it should be; naming what is not costs more than looking.
        if list(facts.values()) != list(map(expected.get, facts)):
            yield from _differences(f"{name}: {_name(item)}", facts, expected)


def _head(feed: Feed, kind: Format) -> Facts:
    url, media_type = feed.addresses[kind], MEDIA_TYPES[kind]
    return {
        "id": feed.id,
        "feed_url": url,
        "version": {"rss": "2.0", "json": json_feed.VERSION}.get(kind),
        "title": feed.title,
        "home": feed.home,
        "link to itself": [(url, media_type)],
        "link to the site": [(feed.home, "text/html")],
        "hubs": list(feed.hubs),
        "volume before": [(feed.previous[kind], media_type)] if feed.previous else [],
        "feed to subscribe to": [(feed.current[kind], media_type)] if feed.current else [],
        "is archived": feed.current is not None,
        "next_url": feed.previous[kind] if feed.previous else "",
        "picture": (rss.picture(feed) if kind == "rss" else feed.image) or "",
        "taken back": [(atom_id(stone.id), stone.when) for stone in feed.tombstones],
        "description": feed.description,
        "language": feed.language,
        "time of the last change": feed.updated.replace(microsecond=0) if kind == "rss" else feed.updated,
        "authors": _authors([feed.author], kind),
        "members that no JSON Feed has": [],
        "is a podcast": feed.channel is not None,
        **(_show(feed.channel) if feed.channel else {}),
    }


def _facts(item: Item) -> Facts:
    """Return what every format says of an item."""
    media = item.enclosure
    return {
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
        "language": item.language,
        "image": item.image,
        "recordings": [(media.url, media.type, media.length or None)] if media else [],
        "duration": [item.duration or None] if media else [],
        "_episode_notes": item.data,
        "_recommendation": item.endorsement,
        **(_broadcast(item, item.broadcast) if item.broadcast else {}),
    }


def _facts_of_format(item: Item, kind: Format) -> Facts:
    """Return what a format says of an item in its own way."""
    facts: Facts = {
        "id": atom_id(item.id) if kind == "atom" else item.id,
        "authors": _authors(item.authors, kind),
    }
    if kind == "rss" and item.broadcast:
        facts["summary"] = unescape(item.broadcast.notes)
    return facts


def _authors(authors: Iterable[Author], kind: Format) -> list[object]:
    """Return of each author what a format has room for."""
    if kind == "rss":
        return [author.name for author in authors]
    if kind == "atom":
        return [(author.name, author.email, author.url) for author in authors]
    return [(author.name, author.url) for author in authors]


def _show(channel: Channel) -> Facts:
    """Return what a podcast feed says of itself."""
    facts, owner = channel.facts, channel.owner
    locked = "yes" if facts.locked else "no"
    return {
        "artwork": [(channel.image, "")],
        "categories": [category.split(" > ") for category in facts.categories],
        "explicit": [(_truth(facts.explicit),)],
        "kind of podcast": [(facts.type,)],
        "podcast:guid": [(channel.guid,)],
        "owner": [(shorten(owner.name, VALUE_LIMIT), owner.email)] if owner else [],
        "podcast:locked": [(owner.email if owner else None, locked)],
        "podcast:medium": [(facts.medium,)],
    }


def _broadcast(item: Item, said: Broadcast) -> Facts:
    """Return what a podcast feed says of an episode besides."""
    is_played = item.enclosure is not None and item.enclosure.type.startswith(("audio/", "video/"))
    moments = {
        "length": _texts(item.duration),
        "transcripts": [(each.url, each.type, "") for each in said.transcripts],
        "chapters": [(said.chapters_url, chapters.MEDIA_TYPE, "")] if said.chapters_url else [],
        "soundbites": [(f"{bite.at}.0", f"{bite.duration}.0", bite.title) for bite in said.soundbites],
    }
    return {
        "artwork": [(said.image, "")] if said.image else [],
        "explicit": [(_truth(said.explicit),)],
        "kind of episode": [(said.type,)],
        "season": _texts(said.season),
        "number": _texts(said.number),
        "people": [(person.role, shorten(person.name, NAME_LIMIT)) for person in said.people],
        **(moments if is_played else {name: [] for name in moments}),
    }


def _texts(number: int | None) -> list[tuple[str]]:
    return [(str(number),)] if number else []


def _truth(value: bool) -> str:
    return "true" if value else "false"


def _differences(where: str, found: Facts, wanted: Facts) -> Iterator[str]:
    for name, value in found.items():
        # A feed of notes that says it is a podcast says what nobody wanted.
        if value != wanted.get(name):
            yield f"{where}: {name}: found {_shown(value)}, expected {_shown(wanted.get(name))}"


def _shown(value: object) -> str:
    if value is None:
        return "nothing, or nothing that can be read"
    return shorten(str(value), 100)


def _name(item: Item) -> str:
    return f'"{shorten(item.title, 60)}" ({item.id})'
