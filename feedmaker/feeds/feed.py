"""A feed as a value: which items it holds, in which order, and what each of them says.

The writers get all they write from here, so that they cannot differ. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from feedmaker.config import Author, Config, Site
from feedmaker.feeds.data import EndorsementData, EpisodeData
from feedmaker.feeds.outline import FEED_STYLE_PATH, Format, Outline
from feedmaker.feeds.podcast import Broadcast, Channel
from feedmaker.merchants import BuyLink
from feedmaker.model import Media
from feedmaker.uri import is_iri


@dataclass(frozen=True, slots=True)
class Item:
    """Hold what a feed says of one episode or recommendation.

    `title` and `summary` are plain text, `html` is the full content; times are zoned. `duration` is that of
    the enclosure, in seconds. `links` are the buy links that `html` shows. An episode has `data` and a
    recommendation its `endorsement`; `broadcast` is for podcast feeds.
    """

    id: str
    url: str
    title: str
    summary: str
    html: str
    published: datetime
    updated: datetime
    authors: tuple[Author, ...]
    tags: tuple[str, ...]
    language: str
    image: str | None
    enclosure: Media | None
    duration: int | None
    links: tuple[BuyLink | None, ...]
    data: EpisodeData | None = None
    endorsement: EndorsementData | None = None
    broadcast: Broadcast | None = None


@dataclass(frozen=True, slots=True)
class Tombstone:
    """Tell that the item of an id was taken back (RFC 6721)."""

    id: str
    when: datetime


@dataclass(frozen=True, slots=True)
class Feed:
    """Hold one feed document: an ordered list of items and what the feed says of itself.

    `addresses` has the absolute address of this document in each format. `previous` has those of the volume
    of the archive that comes before, and `current` is set in an archived volume only: those of the feed to
    subscribe to (RFC 5005). `channel` is set in a podcast feed only, and `has_moved` where the site has.
    """

    id: str
    title: str
    home: str
    description: str
    language: str
    author: Author
    items: tuple[Item, ...]
    updated: datetime
    addresses: Mapping[Format, str]
    stylesheet: str
    image: str | None = None
    hubs: tuple[str, ...] = ()
    previous: Mapping[Format, str] | None = None
    current: Mapping[Format, str] | None = None
    tombstones: tuple[Tombstone, ...] = ()
    channel: Channel | None = None
    has_moved: bool = False


def make_feed(
    config: Config,
    outline: Outline,
    items: Iterable[Item],
    *,
    since: datetime,
    volume: int | None = None,
    previous: int | None = None,
    tombstones: tuple[Tombstone, ...] = (),
    channel: Channel | None = None,
) -> Feed:
    """Make a document of a feed from its items, which stand in their order.

    `volume` numbers an archived document and `previous` the one before it. The feed was updated when the
    last of its items was, or was taken back; without any of them at `since`, when the project was set up.
    """
    site, items = config.site, tuple(items)
    times = (*(item.updated for item in items), *(stone.when for stone in tombstones))
    return Feed(
        id=_identity(site, outline),
        title=outline.title,
        home=site.address + outline.page,
        description=outline.description,
        language=site.language,
        author=site.author,
        items=items,
        updated=max(times, default=since),
        addresses=_addresses(site, outline, volume),
        stylesheet=_stylesheet(outline, volume),
        image=channel.image if channel else site.image,
        hubs=config.push.hubs if volume is None else (),
        previous=_addresses(site, outline, previous) if previous else None,
        current=_addresses(site, outline) if volume else None,
        tombstones=tombstones,
        channel=channel,
        has_moved=bool(site.moved_from),
    )


def atom_id(identity: str) -> str:
    """Return an id as Atom has it: as it is where it is an IRI, or else as a URN (RFC 4287, 4.2.6).

    Only ids that came from another system can be none; the other formats carry them as they are.
    """
    return identity if is_iri(identity) else f"urn:feedmaker:{quote(identity, safe='')}"


def _identity(site: Site, outline: Outline) -> str:
    """Return the feed's id, which stays when the site moves: the address that it had at first."""
    paths = outline.paths()
    return (site.moved_from or (site.address,))[0] + paths.get("atom", paths["rss"])


def _stylesheet(outline: Outline, volume: int | None) -> str:
    """Lead from a document to its stylesheet, also where the site is looked at on disk or elsewhere."""
    return "../" * outline.paths(volume)["rss"].count("/") + FEED_STYLE_PATH


def _addresses(site: Site, outline: Outline, volume: int | None = None) -> dict[Format, str]:
    return {kind: site.address + path for kind, path in outline.paths(volume).items()}
