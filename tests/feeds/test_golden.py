"""Six documents of one small sample, byte by byte as they were last looked at.

Every other test says what must hold; these show what it comes to, and any change of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pytest

from feedmaker.config import Config
from feedmaker.feeds import atom, json_feed, rss
from feedmaker.feeds.feed import Feed, Tombstone, make_feed
from feedmaker.feeds.items import episode_item, recommendation_items
from feedmaker.feeds.podcast import make_broadcast, make_channel, new_guid
from feedmaker.model import (
    Chapter,
    Episode,
    Guest,
    Link,
    Media,
    Publication,
    Quote,
    Recommendation,
    Soundbite,
    Span,
    prose,
)
from tests.feeds.samples import (
    FIRST,
    HEARD,
    MAIN,
    RECOMMENDED,
    SET_UP,
    earlier_mention,
    make_config,
    make_publication,
    rendered,
)

FOLDER = Path(__file__).parent / "golden"

FULL = Episode(
    show="Tide Talk",
    title="Bells & <buoys>",
    aired=date(2024, 3, 1),
    duration=3723,
    dek=(Span("Why a buoy rings, in "), Span("three & a half", emphasis=True), Span(" parts.")),
    guests=(Guest("Ada Moss", "Engineer at <Seamark>"), Guest("Bo Reed", url="https://reed.example/")),
    gist=(prose("Bells need no power."),),
    reveals=(prose("A bell is heard before a light is seen."), prose("Waves do the ringing.")),
    takeaways=((Span("See "), Span("the chart", href="https://charts.example/?a=1&b=2")),),
    recommendations=(
        Recommendation(
            kind="recommended",
            medium="book",
            name="Low Water",
            creator="Ida Kerr",
            quote=Quote("It's “the” book —\n\nread it; 1 < 2.", "Ada Moss", 95),
            link=Link("amazon:Low Water"),
        ),
        Recommendation(
            kind="own", medium="product", name="Seamark", creator="Ada Moss", creator_inferred=True
        ),
    ),
    tags=("sea", "R&D"),
    image="https://media.example/bells.jpg",
    audio=Media("https://media.example/bells.mp3", "audio/mpeg", 59_000_001),
    transcripts=(Media("https://media.example/bells.vtt", "text/vtt"),),
    season=2,
    number=11,
    chapters=(Chapter(0, "Hello"), Chapter(1800, "The ringing")),
    soundbites=(Soundbite(61, 20, "Heard before seen"),),
)
PLAIN = Episode(
    show="Tide Talk", title="潮汐", aired=date(2024, 2, 1), language="zh", dek=prose("潮起潮落。")
)


def config() -> Config:
    """Make the configuration of the sample."""
    push = {"hubs": "https://hub.example/", "podping": True}
    podcast = {"owner": {"name": "Jane Doe", "email": "jane@example.org"}, "license": "cc-by-4.0"}
    return make_config(push, podcast, image="https://example.org/notes/icon.png")


def notes() -> tuple[Publication, Publication]:
    """Publish both episodes, the newest first."""
    return make_publication(FULL, 2), make_publication(PLAIN, 1)


def current() -> Feed:
    """Make the feed of both episodes."""
    items = [episode_item(config().site, *rendered(publication)) for publication in notes()]
    stones = (Tombstone("tag:example.org,2026:gone", FIRST),)
    return make_feed(config(), MAIN, items, since=SET_UP, previous=1, tombstones=stones)


def archived() -> Feed:
    """Make the first volume of the archive, which holds the older episode."""
    items = [episode_item(config().site, *rendered(notes()[1]))]
    return make_feed(config(), MAIN, items, since=SET_UP, volume=1)


def recommendations() -> Feed:
    """Make the feed of what the first episode recommends, of which one was recommended before."""
    publication, content = rendered(notes()[0])
    keys, earlier = ("low-water", "seamark"), ((earlier_mention(),), ())
    items = recommendation_items(config().site, publication, content, keys, earlier, None)
    return make_feed(config(), RECOMMENDED, items, since=SET_UP)


def podcast() -> Feed:
    """Make the podcast feed, which holds the episode with a recording."""
    publication, content = rendered(notes()[0])
    broadcast = make_broadcast(config(), publication, content, ("low-water", "seamark"))
    channel = make_channel(
        config(), new_guid("https://example.org/notes/podcast.xml"), "https://example.org/a.jpg"
    )
    item = episode_item(config().site, publication, content, broadcast)
    return make_feed(config(), HEARD, [item], since=SET_UP, channel=channel)


DOCUMENTS: Mapping[str, Callable[[], bytes]] = {
    "feed.xml": lambda: rss.to_bytes(current()),
    "atom.xml": lambda: atom.to_bytes(current()),
    "feed.json": lambda: json_feed.to_bytes(current()),
    "podcast.xml": lambda: rss.to_bytes(podcast()),
    "recommendations.xml": lambda: rss.to_bytes(recommendations()),
    "archive-1.xml": lambda: rss.to_bytes(archived()),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_document_is_as_it_was_last_looked_at(name: str) -> None:
    """A document is, byte by byte, the one that stands beside this test.

    A change that is meant is made by removing the file: the test writes it anew, and fails once so that
    somebody looks at it.
    """
    path, made = FOLDER / name, DOCUMENTS[name]()
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(made)
        pytest.fail(f"{path} was missing and is written now; look at it, and keep it if it is right")

    assert made.decode() == path.read_bytes().decode()


def test_every_document_is_compared() -> None:
    """No file is left of a document that is made no longer."""
    assert {path.name for path in FOLDER.iterdir()} == set(DOCUMENTS)
