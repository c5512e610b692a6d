"""A feed as a value: which episodes it holds, in which order, and what each of them says.

The three writers get all they write from here, so that they cannot differ. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NotRequired, TypedDict

from feedmaker.config import Author, Site
from feedmaker.content import Content
from feedmaker.merchants import BuyLink
from feedmaker.model import Episode, Guest, Kind, Media, Publication, Quote, Recommendation, plain
from feedmaker.text import escape

RSS_FILE = "feed.xml"
ATOM_FILE = "atom.xml"
JSON_FILE = "feed.json"
ABOUT = "The facts of these episode notes as data, written by feedmaker; its docs/feeds.md names each member."


class GuestData(TypedDict):
    """Name a guest; `bio` is plain text."""

    name: str
    bio: NotRequired[str]


class QuoteData(TypedDict):
    """Keep words as spoken; paragraphs are parted by one empty line."""

    text: str
    speaker: NotRequired[str]
    at_in_seconds: NotRequired[int]


class RecommendationData(TypedDict):
    """Describe something endorsed; `creator_inferred` goes with `creator`, and `paid` with `url`."""

    kind: Kind
    medium: str
    name: str
    creator: NotRequired[str]
    creator_inferred: NotRequired[bool]
    quote: NotRequired[QuoteData]
    url: NotRequired[str]
    paid: NotRequired[bool]


class EpisodeData(TypedDict):
    """Hold the facts of a note as plain text; a fact that the note does not state is absent."""

    about: str
    show: str
    aired: str
    duration_in_seconds: NotRequired[int]
    guests: NotRequired[list[GuestData]]
    gist: NotRequired[str]
    reveals: NotRequired[list[str]]
    takeaways: NotRequired[list[str]]
    recommendations: NotRequired[list[RecommendationData]]


@dataclass(frozen=True, slots=True)
class Item:
    """Hold what a feed says of one episode.

    `title` and `summary` are plain text, `html` is the whole note with its line of facts; times are zoned.
    `duration` is that of the enclosure, in seconds. `links` are the buy links that `html` shows.
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
    data: EpisodeData


@dataclass(frozen=True, slots=True)
class Feed:
    """Hold an ordered list of items, and the absolute addresses of the site and of the feed's three files."""

    title: str
    home: str
    rss_url: str
    atom_url: str
    json_url: str
    description: str
    language: str
    author: Author
    items: tuple[Item, ...]
    updated: datetime


def make_feed(site: Site, entries: Iterable[tuple[Publication, Content]], *, since: datetime) -> Feed:
    """Make the feed of the given episodes, the newest first.

    Of episodes published at one time the one aired last comes first. The feed was updated when the last of
    its items was; a feed without items was at `since`, the time the project was set up.
    """
    newest_first = sorted(entries, key=lambda entry: _age(entry[0]))
    items = tuple(_item(site, publication, content) for publication, content in newest_first)
    return Feed(
        title=site.title,
        home=site.address,
        rss_url=site.address + RSS_FILE,
        atom_url=site.address + ATOM_FILE,
        json_url=site.address + JSON_FILE,
        description=site.description,
        language=site.language,
        author=site.author,
        items=items,
        updated=max((item.updated for item in items), default=since.astimezone(UTC).replace(microsecond=0)),
    )


def _age(publication: Publication) -> tuple[float, int, str]:
    aired = publication.episode.aired.toordinal()
    return -publication.published.timestamp(), -aired, publication.id


def _item(site: Site, publication: Publication, content: Content) -> Item:
    episode = publication.episode
    return Item(
        id=publication.id,
        url=publication.url,
        title=episode.title,
        summary=content.summary,
        html="\n".join(filter(None, (f"<p>{escape(content.facts)}</p>", content.html))),
        published=publication.published,
        updated=publication.updated,
        authors=(site.author,),
        tags=episode.tags,
        language=episode.language or site.language,
        image=episode.image,
        enclosure=episode.audio,
        duration=episode.duration,
        links=content.links,
        data=_episode_data(episode, content.links),
    )


def _episode_data(episode: Episode, links: tuple[BuyLink | None, ...]) -> EpisodeData:
    data: EpisodeData = {"about": ABOUT, "show": episode.show, "aired": episode.aired.isoformat()}
    if episode.duration:
        data["duration_in_seconds"] = episode.duration
    if episode.guests:
        data["guests"] = [_guest_data(guest) for guest in episode.guests]
    if episode.gist:
        data["gist"] = "\n\n".join(map(plain, episode.gist))
    if episode.reveals:
        data["reveals"] = [plain(reveal) for reveal in episode.reveals]
    if episode.takeaways:
        data["takeaways"] = [plain(takeaway) for takeaway in episode.takeaways]
    if episode.recommendations:
        pairs = zip(episode.recommendations, links, strict=True)
        data["recommendations"] = [_recommendation_data(item, link) for item, link in pairs]
    return data


def _guest_data(guest: Guest) -> GuestData:
    data: GuestData = {"name": guest.name}
    if guest.bio:
        data["bio"] = guest.bio
    return data


def _recommendation_data(item: Recommendation, link: BuyLink | None) -> RecommendationData:
    data: RecommendationData = {"kind": item.kind, "medium": item.medium, "name": item.name}
    if item.creator:
        data["creator"] = item.creator
        data["creator_inferred"] = item.creator_inferred
    if item.quote:
        data["quote"] = _quote_data(item.quote)
    if link:
        data["url"] = link.url
        data["paid"] = link.paid
    return data


def _quote_data(quote: Quote) -> QuoteData:
    data: QuoteData = {"text": quote.text}
    if quote.speaker:
        data["speaker"] = quote.speaker
    if quote.at is not None:
        data["at_in_seconds"] = quote.at
    return data
