"""Feeds to test with, made from episodes the way a build makes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from feedmaker.catalogue import Listed, Mention
from feedmaker.config import AMAZON, Config, Merchant
from feedmaker.content import Content, render
from feedmaker.feeds import atom, json_feed, rss
from feedmaker.feeds.feed import Feed, Item, Tombstone, make_feed
from feedmaker.feeds.items import episode_item, recommendation_items
from feedmaker.feeds.outline import Format, Outline
from feedmaker.feeds.podcast import make_broadcast, make_channel, new_guid
from feedmaker.model import Episode, Guest, Link, Media, Publication, Quote, Recommendation, Span, prose
from feedmaker.notes.note import Named

SET_UP = datetime(2026, 10, 1, 9, 30, 15, tzinfo=UTC)
FIRST = datetime(2026, 11, 2, 8, tzinfo=UTC)
PAYING = {"amazon": AMAZON.model_copy(update={"tag": "notes-20"})}
FREE = {"amazon": AMAZON}
HUB = "https://hub.example/?a=1&b=2"
TITLE = "Notes & <things>"
MAIN = Outline("", TITLE, "What was said & recommended")
RECOMMENDED = Outline("recommendations", f"{TITLE}: recommendations", "All of it", "recommendations/")
HEARD = Outline("podcast", "Deep & <wide>", "What can be heard", formats=("rss",))
WRITERS = {"rss": rss.to_bytes, "atom": atom.to_bytes, "json": json_feed.to_bytes}

# What a note can hold: every character of XML 1.0.
XML_TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff", min_codepoint=32)
    | st.sampled_from("\t\n\r<>&\"';]-{}%@"),
    min_size=1,
    max_size=30,
)
HOSTILE = (
    "AT&T",
    "a &amp; b &lt;i&gt;",
    "1 < 2 > 0",
    "<b>bold</b>",
    "<script>alert(1)</script>",
    "]]> and <![CDATA[ and --> and <!--",
    "{{ 7 * 7 }} {% raw %}",
    "\" onload='x' \\",
    "non-breaking\u00a0space, emoji 🎧, \u202eright to left, e\u0301",
    "&#60;&#x3c;&nbsp;&copy",
    "<?xml version='1.0'?>",
    "\ufffd replaced",
)


def make_config(
    push: Mapping[str, Any] | None = None, podcast: Mapping[str, Any] | None = None, **facts: Any
) -> Config:
    """Make a configuration with a podcast; `podcast` and `facts` of the site win over the sample's own."""
    site = {
        "title": TITLE,
        "address": "https://example.org/notes/",
        "description": "What was said & recommended",
        "author": {"name": "Jane Doe", "email": "jane@example.org", "url": "https://example.org/jane"},
    }
    heard = {"image": "https://example.org/art.jpg", "category": "Arts > Books", "hosts": ["Ada & Co"]}
    heard |= podcast or {}
    return Config.model_validate({"site": site | facts, "podcast": heard, "push": push or {}})


def make_episode(**facts: Any) -> Episode:
    """Make an episode that states everything; `facts` win over the sample's own."""
    sample: dict[str, Any] = {
        "show": "Small Machines",
        "title": "Deep Learning & <vision>",
        "aired": date(2015, 3, 14),
        "duration": 5100,
        "dek": (Span("A lecture on "), Span("1 < 2 & more", strong=True), Span(".")),
        "guests": (Guest("Noor Halloran", "Engineer at <Liftwork>"), Guest("Zoë")),
        "gist": (prose("First paragraph."), prose("Second & last.")),
        "reveals": (
            prose("ResNets can be shallower."),
            (Span("See "), Span("this", href="https://x.example/?a=1&b=2")),
        ),
        "takeaways": (prose("Spectrograms are 2D arrays."),),
        "recommendations": (
            Recommendation(
                kind="recommended",
                medium="product",
                name="Liftlib",
                creator="Liftlib",
                creator_inferred=True,
                quote=Quote("Nine of ten lifts …", "Noor Halloran", 3743),
                link=Link("amazon:Liftlib"),
            ),
            Recommendation(kind="own", medium="book", name="Software 2.0"),
        ),
        "tags": ("computer vision", "R&D"),
        "audio": Media("https://media.example/a.mp3?x=1&y=2", "audio/mpeg", 61_234_567),
        "image": "https://media.example/a.jpg",
    }
    return Episode(**sample | facts)


def bare_episode(**facts: Any) -> Episode:
    """Make an episode that states nothing but what it must; `facts` win over the sample's own."""
    sample: dict[str, Any] = {"show": "Small Machines", "title": "Sparse", "aired": date(2015, 3, 14)}
    return Episode(**sample | facts)


def make_publication(episode: Episode, number: int = 1, **facts: Any) -> Publication:
    """Publish an episode on the day of that number, and edit it an hour later."""
    published = FIRST + timedelta(days=number)
    made = Publication(
        id=f"tag:example.org,2026:e{number}",
        slug=f"e{number}",
        url=f"https://example.org/notes/episodes/e{number}/",
        published=published,
        updated=published + timedelta(hours=1),
        episode=episode,
    )
    return replace(made, **facts)


def rendered(
    publication: Publication, merchants: Mapping[str, Merchant] | None = None
) -> tuple[Publication, Content]:
    """Render a publication with shops that pay, or with other ones."""
    return publication, render(publication.episode, PAYING if merchants is None else merchants)


def make_item(
    number: int = 1,
    /,
    config: Config | None = None,
    merchants: Mapping[str, Merchant] | None = None,
    **facts: Any,
) -> Item:
    """Make the item of an episode; `facts` are the note's."""
    publication = make_publication(make_episode(**facts), number)
    return episode_item((config or make_config()).site, *rendered(publication, merchants))


def feed_of(items: Iterable[Item], config: Config | None = None, **facts: Any) -> Feed:
    """Make the main feed, or a volume of its archive, of items."""
    return make_feed(config or make_config(), MAIN, items, since=SET_UP, **facts)


def sample_items(**facts: Any) -> list[Item]:
    """Make items of a full, a sparse and a foreign episode; `facts` go into the first of them."""
    sparse = make_publication(bare_episode(), 2)
    audio = Media("https://media.example/b.mp3", "audio/mpeg")
    return [
        make_item(3, **facts),
        episode_item(make_config().site, *rendered(sparse)),
        make_item(1, title="Übersicht", language="de", audio=audio),
    ]


def sample_feed(**facts: Any) -> Feed:
    """Make a feed with hub, picture, archive and something taken back; `facts` go into its first item."""
    config = make_config({"hubs": HUB}, image="https://example.org/notes/i.png?a=1&b=2")
    stones = (Tombstone("tag:example.org,2026:gone", FIRST), Tombstone("two words", FIRST))
    return feed_of(sample_items(**facts), config, previous=7, tombstones=stones)


def archived_feed(**facts: Any) -> Feed:
    """Make a volume of the archive that is neither the first nor the last; `facts` go into its first item."""
    config = make_config({"hubs": HUB}, image="https://example.org/notes/i.png")
    stones = (Tombstone("tag:example.org,2026:gone", FIRST),)
    return feed_of(sample_items(**facts), config, volume=7, previous=6, tombstones=stones)


def earlier_mention(**facts: Any) -> Mention:
    """Make a mention by a note that was published before."""
    address = "https://example.org/notes/episodes/e0/"
    known = {"path": "e0.md", "address": address, "title": "Early & <first>", "show": "Small Machines"}
    note = Listed(**{**known, "aired": date(2014, 1, 2), **facts})
    return Mention(note, "lift", Named("Liftlib", "product", speaker="Ann & Bob"))


def make_recommendations(episode: Episode, number: int = 1, medium: str | None = None) -> list[Item]:
    """Make the items of an episode's recommendations; the first of them was mentioned before."""
    config, publication = make_config(), make_publication(episode, number)
    keys = [f"r{index}" for index, _ in enumerate(episode.recommendations)]
    earlier = [[earlier_mention()], *[[] for _ in episode.recommendations[1:]]]
    return list(recommendation_items(config.site, *rendered(publication), keys, earlier[: len(keys)], medium))


def recommendation_feed(**facts: Any) -> Feed:
    """Make the feed of all recommendations of two episodes; `facts` go into the first of them."""
    foreign = make_episode(title="Übersicht", language="de", image=None)
    items = [*make_recommendations(make_episode(**facts), 3), *make_recommendations(foreign, 2)]
    return make_feed(make_config({"hubs": HUB}), RECOMMENDED, items, since=SET_UP, previous=2)


def podcast_feed(*episodes: Episode, config: Config | None = None) -> Feed:
    """Make the podcast feed of episodes with recordings, the newest first."""
    config = config or make_config({"hubs": HUB, "podping": True})
    made = episodes or (make_episode(), make_episode(title="Übersicht", language="de", image=None))
    guid = new_guid("https://example.org/notes/podcast.xml")
    pairs = [rendered(make_publication(each, len(made) - index)) for index, each in enumerate(made)]
    items = [episode_item(config.site, *pair, make_broadcast(config, *pair)) for pair in pairs]
    channel = make_channel(config, guid, "https://example.org/art.jpg")
    return make_feed(config, HEARD, items, since=SET_UP, channel=channel)


def all_feeds() -> dict[str, Feed]:
    """Make feeds of every kind, by what they are."""
    return {
        "current": sample_feed(),
        "archived": archived_feed(),
        "first volume": feed_of(sample_items(), volume=1),
        "empty": feed_of([]),
        "recommendations": recommendation_feed(),
        "podcast": podcast_feed(),
    }


def written(feed: Feed) -> dict[Format, bytes]:
    """Write a feed in each of its formats."""
    return {kind: WRITERS[kind](feed) for kind in feed.addresses}
