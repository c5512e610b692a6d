"""What independent readers get out of the feeds.

Four readers that share no code with feedmaker or with each other: feedparser, fastfeedparser, podcastparser,
and feedparser-rs, which is written in Rust. Where one of them does not give what the feed says, a quirk of
its own is named below; anything else is a fault of ours.
"""

from __future__ import annotations

import io
import re
from calendar import timegm
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape, unescape
from typing import Any

import fastfeedparser  # type: ignore[import-untyped]  # ships no annotations
import feedparser
import feedparser_rs
import podcastparser  # type: ignore[import-untyped]  # ships no annotations
import pytest

from feedmaker.feeds.feed import Feed, Item
from feedmaker.feeds.items import episode_item
from feedmaker.feeds.outline import Format
from feedmaker.model import Guest, Media, Quote, Recommendation, prose
from tests.feeds.samples import (
    HOSTILE,
    archived_feed,
    bare_episode,
    feed_of,
    make_config,
    make_episode,
    make_item,
    make_publication,
    make_recommendations,
    podcast_feed,
    recommendation_feed,
    rendered,
    sample_feed,
    written,
)

Facts = dict[str, object]

AWKWARD = (
    "<b>bold</b> & <i>more</i>",
    "&amp; stays &lt;as it is&gt;",
    "AT&T",
    "the end: ]]> and --> too",
    "🎧 emoji, e\u0301 and a no-break\u00a0space",
    "مرحبا بالعالم",
    "深度学习：从零开始",
    "\"quoted\" and 'quoted'",
    "1 < 2 > 0; {{ 7 * 7 }}",
)


def awkward_episodes() -> list[dict[str, Any]]:
    """Make notes with titles that readers are known to stumble over, every other one with a recording."""
    return [
        {
            "title": title,
            "dek": prose(f"About {title}."),
            "guests": tuple(Guest(f"{name} {title}", title) for name in ("Ann", "Bo", "Cy")[: number % 4]),
            "tags": (title, "R&D")[: number % 3],
            "audio": Media(f"https://media.example/{number}.mp3?a=1&b=2", "audio/mpeg", 1000 + number)
            if number % 2
            else None,
            "recommendations": (
                Recommendation("own", "book", title, title, quote=Quote(f"{title} (01:02:03)", title, 61)),
            ),
        }
        for number, title in enumerate(AWKWARD)
    ]


FEEDS: Mapping[str, Callable[[], Feed]] = {
    "awkward": lambda: feed_of(make_item(-n, **facts) for n, facts in enumerate(awkward_episodes())),
    "current": sample_feed,
    "archived": archived_feed,
    "recommendations": recommendation_feed,
    "awkward recommendations": lambda: feed_of(
        item
        for number, facts in enumerate(awkward_episodes())
        for item in make_recommendations(make_episode(**facts), -number)
    ),
    "podcast": podcast_feed,
    "awkward podcast": lambda: podcast_feed(
        *(make_episode(**facts) for facts in awkward_episodes() if facts["audio"])
    ),
}


# --- the readers ------------------------------------------------------------------------------------------


def read_with_feedparser(data: bytes, *, cleaning: bool = True) -> list[Facts]:
    """Read with feedparser, as most programs do with all that it mends in HTML."""
    parsed = feedparser.parse(data, sanitize_html=cleaning, resolve_relative_uris=cleaning)
    assert not parsed.bozo
    return [
        {
            "id": entry.id,
            "url": entry.link,
            "title": entry.title,
            "summary": entry.summary,
            "html": entry.content[0].value,
            "published": timegm(entry.published_parsed),
            "author": entry.author_detail.name,
            "tags": [tag.term for tag in entry.get("tags", [])],
            "recordings": [(media.href, media.type) for media in entry.enclosures],
            "language": entry.content[0].language,
        }
        for entry in parsed.entries
    ]


def read_with_fastfeedparser(data: bytes) -> list[Facts]:
    """Read with fastfeedparser."""
    return [
        {
            "id": entry["id"],
            "url": entry["link"],
            "title": entry["title"],
            "summary": entry["description"],
            "html": entry["content"][0]["value"],
            "published": datetime.fromisoformat(entry["published"]).timestamp(),
            "author": entry["author"],
            "tags": [tag["term"] for tag in entry.get("tags", [])],
            "recordings": [(media["url"], media["type"]) for media in entry.get("enclosures", [])],
        }
        for entry in fastfeedparser.parse(data).entries
    ]


def read_with_podcastparser(data: bytes) -> list[Facts]:
    """Read with podcastparser, which gPodder uses."""
    parsed = podcastparser.parse("https://example.org/notes/podcast.xml", io.BytesIO(data))
    return [
        {
            "id": episode["guid"],
            "url": episode["link"],
            "title": episode["title"],
            "html": episode.get("description_html", episode["description"]),
            "published": episode["published"],
            "recordings": [(media["url"], media["mime_type"]) for media in episode["enclosures"]],
        }
        for episode in parsed["episodes"]
    ]


def read_with_feedparser_rs(data: bytes) -> list[Facts]:
    """Read with feedparser-rs."""
    parsed = feedparser_rs.parse(data)
    assert not parsed.bozo
    return [
        {
            "id": entry.id,
            "url": entry.link,
            "title": entry.title,
            "summary": entry.summary,
            "html": entry.content[0].value,
            "published": timegm(entry.published_parsed),
            "author": entry.author_detail.name,
            "tags": [tag.term for tag in entry.tags],
            "recordings": [(media.href, media.type) for media in entry.enclosures],
        }
        for entry in parsed.entries
    ]


READERS: Mapping[str, tuple[Callable[[bytes], list[Facts]], tuple[Format, ...]]] = {
    "feedparser": (read_with_feedparser, ("rss", "atom")),
    "fastfeedparser": (read_with_fastfeedparser, ("rss", "atom", "json")),
    "podcastparser": (read_with_podcastparser, ("rss",)),
    "feedparser-rs": (read_with_feedparser_rs, ("rss", "atom", "json")),
}


def said(item: Item, kind: Format) -> Facts:
    """Return what a reader should get of an item."""
    # A description in RSS is HTML, and readers hand it on as such.
    plain = item.summary if kind != "rss" else escape(item.summary, quote=False)
    return {
        "id": item.id,
        "url": item.url,
        "title": item.title,
        "summary": item.broadcast.notes if item.broadcast else plain,
        "html": item.html,
        "published": item.published.timestamp(),
        "author": item.authors[0].name,
        "tags": list(item.tags),
        "recordings": [(item.enclosure.url, item.enclosure.type)] if item.enclosure else [],
        "language": item.language,
    }


# --- what they do differently -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Quirk:
    """Say what a reader makes of a fact, in these formats: `given` turns what was said into what it gives.

    `seen` is applied to both, where the reader changes more than can be foretold.
    """

    reader: str
    kinds: tuple[Format, ...]
    fact: str
    given: Callable[[Any], object] = lambda value: value
    seen: Callable[[Any], object] = lambda value: value


def as_prose(text: str) -> str:
    """Return the words of a text that may be HTML, with markup out of it."""
    return unescape(re.sub(r"</?[A-Za-z][^>]*>", "", text))


def without_rel(html: str) -> str:
    """Return HTML without the attribute rel, and with no-break spaces as signs."""
    return re.sub(r' rel="[^"]*"', "", html).replace("&nbsp;", "\u00a0")


def as_written(text: str) -> str:
    """Write an attribute the way our Atom has it."""
    return text.translate({38: "&amp;", 60: "&lt;", 62: "&gt;", 34: "&quot;"})


QUIRKS = (
    # It tells the language of an item only where the item has one of its own.
    Quirk("feedparser", ("rss",), "language", lambda language: None if language == "en" else language),
    # It does not part the two halves of an author in RSS.
    Quirk("fastfeedparser", ("rss",), "author", lambda name: f"jane@example.org ({name})"),
    # It knows enclosures of RSS and attachments of JSON Feed, and not those of Atom.
    Quirk("fastfeedparser", ("atom",), "recordings", lambda _: []),
    # It makes plain spaces of all white space in titles.
    Quirk("podcastparser", ("rss",), "title", lambda title: " ".join(title.split())),
    # It takes titles, and in JSON Feed summaries, for HTML: & is escaped again and unknown elements go.
    Quirk("feedparser-rs", ("rss", "atom", "json"), "title", seen=as_prose),
    Quirk("feedparser-rs", ("json",), "summary", seen=as_prose),
    # Its cleaning writes no-break spaces as references, and a rel of its own at each link.
    Quirk("feedparser-rs", ("rss",), "summary", seen=without_rel),
    Quirk("feedparser-rs", ("rss", "atom", "json"), "html", seen=without_rel),
    # It leaves references in attributes of Atom as they are written.
    Quirk("feedparser-rs", ("atom",), "tags", lambda tags: [as_written(tag) for tag in tags]),
    Quirk(
        "feedparser-rs", ("atom",), "recordings", lambda media: [(escape(url), kind) for url, kind in media]
    ),
)


def expected(item: Item, kind: Format, reader: str) -> Facts:
    """Return what a reader gives of an item, quirks included."""
    facts = said(item, kind)
    for quirk in QUIRKS:
        if quirk.reader == reader and kind in quirk.kinds:
            facts[quirk.fact] = quirk.seen(quirk.given(facts[quirk.fact]))
    return facts


def seen(facts: Facts, kind: Format, reader: str) -> Facts:
    """Return what a reader gave, as far as it can be compared."""
    views = {quirk.fact: quirk.seen for quirk in QUIRKS if quirk.reader == reader and kind in quirk.kinds}
    return {name: views[name](value) if name in views else value for name, value in facts.items()}


CASES = [(reader, kind) for reader, (_, kinds) in READERS.items() for kind in kinds]
DOCUMENTS = [
    (reader, kind, name)
    for reader, kind in CASES
    for name, make in FEEDS.items()
    if kind in make().addresses  # a podcast feed is RSS alone
]


@pytest.mark.parametrize(("reader", "kind", "feed"), DOCUMENTS)
def test_reader_gets_what_was_said(reader: str, kind: Format, feed: str) -> None:
    """Each reader gets each item, in order, with the same facts out of every format that it reads."""
    made = FEEDS[feed]()

    got = READERS[reader][0](written(made)[kind])

    assert len(got) == len(made.items)
    for facts, item in zip(got, made.items, strict=True):
        wanted = expected(item, kind, reader)
        assert seen(facts, kind, reader) == {name: wanted[name] for name in facts}


@pytest.mark.parametrize("quirk", QUIRKS, ids=lambda quirk: f"{quirk.reader} {quirk.kinds} {quirk.fact}")
def test_each_quirk_is_met(quirk: Quirk) -> None:
    """A quirk that a reader has no longer leaves the table above."""
    for kind in quirk.kinds:
        pairs = (
            (facts[quirk.fact], said(item, kind)[quirk.fact])
            for feed in (FEEDS["awkward"](), FEEDS["current"]())
            for facts, item in zip(READERS[quirk.reader][0](written(feed)[kind]), feed.items, strict=True)
        )
        assert any(got != wanted for got, wanted in pairs), kind


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("kind", ["rss", "atom"])
def test_feedparser_reads_hostile_text_sign_by_sign(kind: Format, text: str) -> None:
    """The reader that most programs are built on gets every fact, where it does not clean what is clean.

    Its cleaning guesses whether a title is HTML, and puts a semicolon behind what looks like a reference.
    """
    feed = feed_of([make_item(title=f"A {text} Z", dek=prose(f"A {text} Z"), tags=(text,))])

    (facts,) = read_with_feedparser(written(feed)[kind], cleaning=False)

    assert facts == expected(feed.items[0], kind, "feedparser")


def test_feedparser_knows_which_field_is_html() -> None:
    """Titles and Atom summaries are announced as text, so that readers show their < and & as they are."""
    rss = feedparser.parse(written(sample_feed())["rss"])
    atom = feedparser.parse(written(sample_feed())["atom"])

    assert rss.entries[0].title_detail.type == "text/plain"
    assert rss.entries[0].summary_detail.type == "text/html"
    assert atom.entries[0].title_detail.type == "text/plain"
    assert atom.entries[0].summary_detail.type == "text/plain"
    assert atom.entries[0].content[0].language == "en"
    assert atom.entries[2].content[0].language == "de"


@pytest.mark.parametrize("kind", ["rss", "atom"])
def test_feedparser_finds_the_other_documents(kind: Format) -> None:
    """Title, page, picture, hub and archive of a feed are where programs look for them."""
    feed = sample_feed()
    assert feed.previous is not None

    parsed = feedparser.parse(written(feed)[kind]).feed

    assert (parsed.title, parsed.link, parsed.language) == (feed.title, feed.home, "en")
    assert parsed.subtitle == feed.description
    assert parsed.image.href == feed.image if kind == "rss" else parsed.logo == feed.image
    links = {link.rel: link.href for link in parsed.links}
    assert links["self"] == feed.addresses[kind]
    assert links["hub"] == feed.hubs[0]
    assert links["prev-archive"] == feed.previous[kind]
    assert timegm(parsed.updated_parsed) == feed.updated.timestamp()


def test_feedparser_rs_gets_the_facts_as_data() -> None:
    """The extensions of JSON Feed reach programs that ask for them."""
    episodes, recommendations = sample_feed(), recommendation_feed()

    for feed, name in ((episodes, "_episode_notes"), (recommendations, "_recommendation")):
        entry = feedparser_rs.parse(written(feed)["json"]).entries[0]
        item = feed.items[0]
        assert entry.json_extensions[name] == (item.data or item.endorsement)


def test_podcastparser_gets_what_players_need() -> None:
    """A player knows artwork, kind and contents of the podcast, and length and size of each recording."""
    parsed = podcastparser.parse(
        "https://example.org/notes/podcast.xml", io.BytesIO(written(podcast_feed())["rss"])
    )

    assert parsed["cover_url"] == "https://example.org/art.jpg"
    assert (parsed["type"], parsed["itunes_categories"]) == ("episodic", [["Arts", "Books"]])
    assert [episode["total_time"] for episode in parsed["episodes"]] == [5100, 5100]
    assert [episode["enclosures"][0]["file_size"] for episode in parsed["episodes"]] == [61_234_567] * 2


def test_sparse_items_are_read_too() -> None:
    """A note that states nothing but its show is an item to each reader, with or without recording."""
    feed = feed_of([episode_item(make_config().site, *rendered(make_publication(bare_episode())))])

    for reader, kind in CASES:
        (facts,) = READERS[reader][0](written(feed)[kind])
        assert facts["title"] == "Sparse"
        assert facts["html"] == "<p>Small Machines · 14 March 2015</p>"
