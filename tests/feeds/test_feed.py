"""Feeds and their items as values."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from feedmaker.config import AMAZON
from feedmaker.feeds.data import ABOUT
from feedmaker.feeds.feed import Tombstone, atom_id, make_feed
from feedmaker.feeds.items import episode_item, recommendation_items
from feedmaker.feeds.outline import Outline
from feedmaker.feeds.podcast import make_channel
from feedmaker.model import Link, Media, Quote, Recommendation, prose
from tests.feeds.samples import (
    FIRST,
    FREE,
    HEARD,
    HUB,
    RECOMMENDED,
    SET_UP,
    bare_episode,
    earlier_mention,
    feed_of,
    make_config,
    make_episode,
    make_item,
    make_publication,
    make_recommendations,
    rendered,
    sample_feed,
    sample_items,
)

# --- a feed -----------------------------------------------------------------------------------------------


def test_items_stand_in_the_order_in_which_they_are_given() -> None:
    """Who makes a feed decides its order."""
    items = [make_item(2), make_item(3), make_item(1)]

    assert feed_of(items).items == tuple(items)


def test_feed_was_updated_when_its_last_item_was() -> None:
    """An edit of an old episode moves the time of the feed, whatever its place."""
    old = make_item(1)
    edited = old.published + timedelta(days=90)

    assert feed_of([make_item(2), replace(old, updated=edited)]).updated == edited


def test_feed_was_updated_when_its_last_item_was_taken_back() -> None:
    """Readers of tombstones hear of a removal only where the feed has a later time."""
    later = FIRST + timedelta(days=30)

    assert feed_of([make_item(1)], tombstones=(Tombstone("x:1", later),)).updated == later


def test_empty_feed_was_updated_when_the_project_was_set_up() -> None:
    """Without items the time comes from the lock and not from the clock."""
    assert (feed_of([]).items, feed_of([]).updated) == ((), SET_UP)


def test_addresses_stand_below_the_site() -> None:
    """The documents and the page of a feed have absolute addresses."""
    config = make_config(address="https://example.org/a/b")

    feed = make_feed(config, RECOMMENDED, [], since=SET_UP)

    assert feed.home == "https://example.org/a/b/recommendations/"
    assert feed.addresses == {
        "rss": "https://example.org/a/b/recommendations.xml",
        "atom": "https://example.org/a/b/recommendations.atom",
        "json": "https://example.org/a/b/recommendations.json",
    }


@pytest.mark.parametrize(
    ("name", "volume", "paths"),
    [
        ("", None, ["feed.xml", "atom.xml", "feed.json"]),
        ("", 3, ["archive/3.xml", "archive/3.atom", "archive/3.json"]),
        ("tags/ai", None, ["tags/ai.xml", "tags/ai.atom", "tags/ai.json"]),
        ("tags/ai", 12, ["archive/tags/ai/12.xml", "archive/tags/ai/12.atom", "archive/tags/ai/12.json"]),
    ],
)
def test_paths_follow_from_name_and_volume(name: str, volume: int | None, paths: list[str]) -> None:
    """The main feed has the names that people expect, and each volume of a feed a number."""
    found = Outline(name, "T", "D").paths(volume)

    assert list(found) == ["rss", "atom", "json"]
    assert list(found.values()) == paths


def test_current_feed_points_to_the_volume_before() -> None:
    """The document to subscribe to names its hubs and its archive, and has no other document above it."""
    feed = feed_of([], make_config({"hubs": HUB}), previous=4)

    assert feed.hubs == (HUB,)
    assert feed.current is None
    assert feed.previous == {
        "rss": "https://example.org/notes/archive/4.xml",
        "atom": "https://example.org/notes/archive/4.atom",
        "json": "https://example.org/notes/archive/4.json",
    }


def test_volume_points_to_the_feed_and_to_the_volume_before() -> None:
    """An archived document names the feed it belongs to, and no hub, for nobody subscribes to it."""
    feed = feed_of([], make_config({"hubs": HUB}), volume=4, previous=2)

    assert feed.hubs == ()
    assert feed.addresses["rss"] == "https://example.org/notes/archive/4.xml"
    assert feed.current == feed_of([]).addresses
    assert feed.previous == feed_of([], volume=2).addresses


def test_first_volume_has_none_before() -> None:
    """The chain of volumes ends."""
    assert feed_of([], volume=1).previous is None


def test_id_is_that_of_the_feed_in_every_volume() -> None:
    """All documents of a feed have the id of the feed (RFC 5005 speaks of one logical feed)."""
    assert feed_of([], volume=4).id == feed_of([]).id == "https://example.org/notes/atom.xml"


def test_id_stays_when_the_site_moves() -> None:
    """The id is the address that the feed had at the very first."""
    moved = ["https://first.example/", "https://second.example/notes/"]

    feed = feed_of([], make_config(moved_from=moved))

    assert (feed.id, feed.has_moved) == ("https://first.example/atom.xml", True)
    assert feed.addresses["atom"] == "https://example.org/notes/atom.xml"
    assert not feed_of([]).has_moved


def test_picture_of_a_podcast_is_its_artwork() -> None:
    """A podcast feed shows its own artwork where the other feeds show the site's picture."""
    config = make_config(image="https://example.org/icon.png")
    channel = make_channel(config, "x", "https://example.org/art.jpg")

    heard = make_feed(config, HEARD, [], since=SET_UP, channel=channel)

    assert (heard.image, feed_of([], config).image, feed_of([]).image) == (
        "https://example.org/art.jpg",
        "https://example.org/icon.png",
        None,
    )


def test_feed_without_atom_is_known_by_its_rss() -> None:
    """A podcast feed is RSS alone."""
    feed = make_feed(make_config(), HEARD, [], since=SET_UP)

    assert feed.id == "https://example.org/notes/podcast.xml"
    assert list(feed.addresses) == ["rss"]


@pytest.mark.parametrize(
    ("identity", "written"),
    [
        ("tag:example.org,2026:e1", "tag:example.org,2026:e1"),
        ("https://example.org/ü?x=1", "https://example.org/ü?x=1"),
        ("two words", "urn:feedmaker:two%20words"),
        ("4711", "urn:feedmaker:4711"),
        ("a:b c", "urn:feedmaker:a%3Ab%20c"),
    ],
)
def test_ids_of_atom_are_iris(identity: str, written: str) -> None:
    """An id that came from another system and is no IRI becomes a URN."""
    assert atom_id(identity) == written


# --- the items of episodes --------------------------------------------------------------------------------


def test_html_begins_with_the_facts() -> None:
    """The line of facts stands before the content, escaped."""
    publication, content = rendered(make_publication(make_episode(show="Q&A <live>")))

    item = episode_item(make_config().site, publication, content)

    assert item.html == f"<p>Q&amp;A &lt;live&gt; · 14 March 2015 · 1h 25m</p>\n{content.html}"


def test_language_is_that_of_the_site_unless_the_note_says_otherwise() -> None:
    """Every item has a language."""
    assert [item.language for item in sample_feed().items] == ["en", "en", "de"]


def test_episode_notes_state_every_fact_of_the_note() -> None:
    """The data object has the members of the documentation, and the resolved buy link."""
    data = make_item(
        season=2,
        number=11,
        explicit=False,
        video="https://youtu.be/x",
        transcripts=(Media("https://media.example/a.vtt", "text/vtt"),),
    ).data

    assert data == {
        "about": ABOUT,
        "show": "Small Machines",
        "aired": "2015-03-14",
        "duration_in_seconds": 5100,
        "guests": [{"name": "Noor Halloran", "bio": "Engineer at <Liftwork>"}, {"name": "Zoë"}],
        "gist": "First paragraph.\n\nSecond & last.",
        "reveals": ["ResNets can be shallower.", "See this"],
        "takeaways": ["Spectrograms are 2D arrays."],
        "recommendations": [
            {
                "kind": "recommended",
                "medium": "product",
                "name": "Liftlib",
                "creator": "Liftlib",
                "creator_inferred": True,
                "quote": {
                    "text": "Nine of ten lifts …",
                    "speaker": "Noor Halloran",
                    "at_in_seconds": 3743,
                },
                "url": "https://www.amazon.com/s?k=Liftlib&tag=notes-20",
                "paid": True,
            },
            {"kind": "own", "medium": "book", "name": "Software 2.0"},
        ],
        "season": 2,
        "episode": 11,
        "explicit": False,
        "video": "https://youtu.be/x",
        "transcripts": [{"url": "https://media.example/a.vtt", "type": "text/vtt"}],
    }


def test_absent_facts_are_absent_members() -> None:
    """A sparse note has no empty lists and no null in its data."""
    assert sample_items()[1].data == {"about": ABOUT, "show": "Small Machines", "aired": "2015-03-14"}


def test_quote_at_the_very_beginning_keeps_its_time() -> None:
    """A time of 0 seconds is a fact, as are an unpaid link and a creator who is known."""
    quote = Quote("Hello.", at=0)
    recommendation = Recommendation("own", "book", "B", "Ann", quote=quote, link=Link("amazon:B"))

    data = make_item(merchants=FREE, recommendations=(recommendation,)).data

    assert data is not None
    assert data["recommendations"] == [
        {
            "kind": "own",
            "medium": "book",
            "name": "B",
            "creator": "Ann",
            "creator_inferred": False,
            "quote": {"text": "Hello.", "at_in_seconds": 0},
            "url": AMAZON.search.replace("{query}", "B"),
            "paid": False,
        }
    ]


def test_item_without_content_is_its_facts() -> None:
    """A note that says nothing still has HTML and a summary."""
    item = sample_items()[1]

    assert item.html == "<p>Small Machines · 14 March 2015</p>"
    assert item.summary == "Small Machines · 14 March 2015"


def test_gist_alone_makes_the_summary() -> None:
    """The summary is plain text from the content stage, not markup."""
    assert make_item(dek=(), gist=(prose("1 < 2 & 3"),)).summary == "1 < 2 & 3"


# --- the items of recommendations -------------------------------------------------------------------------


def test_each_recommendation_is_an_item() -> None:
    """An item has its name for a title, its medium for a tag, and its place on the page for an address."""
    made = [
        (item.id, item.url, item.title, item.tags) for item in make_recommendations(make_episode(), number=3)
    ]

    assert made == [
        (
            "tag:example.org,2026:e3#r0",
            "https://example.org/notes/episodes/e3/#r0",
            "Liftlib",
            ("product",),
        ),
        (
            "tag:example.org,2026:e3#r1",
            "https://example.org/notes/episodes/e3/#r1",
            "Software 2.0",
            ("book",),
        ),
    ]


@pytest.mark.parametrize(
    ("creator", "inferred", "title"),
    [("Ann", False, "Low Water by Ann"), ("Ann", True, "Low Water"), (None, False, "Low Water")],
)
def test_title_names_a_creator_who_is_known(creator: str | None, inferred: bool, title: str) -> None:
    """A creator who was inferred stands in the content, where it says so."""
    thing = Recommendation("own", "book", "Low Water", creator, creator_inferred=inferred)

    (item,) = make_recommendations(make_episode(recommendations=(thing,)))

    assert item.title == title


def test_ids_of_recommendations_hold_one_fragment() -> None:
    """An episode that is itself known by a fragment gives its recommendations a path below it."""
    publication, content = rendered(
        make_publication(make_episode(), id="https://old.example/#e1", url="https://example.org/x/")
    )
    items = recommendation_items(make_config().site, publication, content, ["a", "b"], [[], []], None)

    assert [item.id for item in items] == ["https://old.example/#e1/a", "https://old.example/#e1/b"]


def test_feed_of_one_medium_leaves_out_the_others() -> None:
    """What stays keeps its id and its time, so that both feeds tell of one thing."""
    every = make_recommendations(make_episode())

    assert make_recommendations(make_episode(), medium="book") == [every[1]]


def test_no_two_recommendations_of_a_note_changed_at_the_same_time() -> None:
    """Validators warn of entries that share a time of change."""
    first, second = make_recommendations(make_episode())

    assert first.published == second.published
    assert second.updated - first.updated == timedelta(microseconds=1)


def test_html_of_a_recommendation_is_its_card_without_the_heading() -> None:
    """The disclosure comes first, then what was said, then where."""
    (item, _) = make_recommendations(make_episode())

    source = "https://example.org/notes/episodes/e1/#r0"
    earlier = "https://example.org/notes/episodes/e0/#lift"
    spoken = "https://media.example/a.mp3?x=1&amp;y=2#t=3743"
    shop = "https://www.amazon.com/s?k=Liftlib&amp;tag=notes-20"
    facts = "Small Machines · 14 March 2015 · 1h 25m"
    assert item.html.split("\n") == [
        f"<p><small>{AMAZON.disclosure}</small></p>",
        "<p>by Liftlib (inferred) · recommended · product</p>",
        "<blockquote><p>Nine of ten lifts …</p></blockquote>",
        f'<p>— Noor Halloran (<a href="{spoken}">01:02:23</a>)</p>',
        f'<p><a href="{shop}" rel="sponsored nofollow">Find it on Amazon</a> (paid link)</p>',
        f'<p>From <a href="{source}">Deep Learning &amp; &lt;vision&gt;</a> ({facts})</p>',
        "<p>Also recommended</p>",
        "<ul>",
        f'<li>by Ann &amp; Bob in <a href="{earlier}">Early &amp; &lt;first&gt;</a></li>',
        "</ul>",
    ]


def test_heading_of_a_card_is_left_out_whatever_the_name() -> None:
    """A name with a line end, which no note has, takes none of the card along."""
    quote = Quote("Said.", "Ann")
    items = make_recommendations(
        make_episode(recommendations=(Recommendation("own", "book", "</h3> & x", quote=quote),))
    )

    assert items[0].html.startswith("<p>the guest’s own · book</p>\n<blockquote><p>Said.</p></blockquote>")


def test_summary_of_a_recommendation_is_its_quote() -> None:
    """The summary quotes what was said and names the episode; without a quote it is the episode."""
    first, second = make_recommendations(make_episode())

    assert first.summary == "“Nine of ten lifts …” Recommended in Deep Learning & <vision>."
    assert second.summary == "Recommended in Deep Learning & <vision>."


def test_long_quotes_make_short_summaries() -> None:
    """A summary has at most 500 characters; the whole quote is in the content."""
    text = "word " * 200
    (item,) = make_recommendations(
        make_episode(recommendations=(Recommendation("own", "book", "B", quote=Quote(text.strip())),))
    )

    assert len(item.summary) <= 500
    assert item.summary.endswith("…")
    assert text.strip() in item.html


def test_recommendation_states_its_facts() -> None:
    """The data object has the thing, its episode, and earlier notes that recommend it, newest first."""
    first, second = make_recommendations(make_episode())

    assert first.data is None
    assert first.endorsement == {
        "about": ABOUT,
        "recommendation": make_item().data["recommendations"][0],  # type: ignore[index]
        "episode": {
            "url": "https://example.org/notes/episodes/e1/",
            "title": "Deep Learning & <vision>",
            "show": "Small Machines",
            "aired": "2015-03-14",
        },
        "also": [
            {
                "url": "https://example.org/notes/episodes/e0/#lift",
                "title": "Early & <first>",
                "show": "Small Machines",
                "aired": "2014-01-02",
                "speaker": "Ann & Bob",
            }
        ],
    }
    assert second.endorsement is not None
    assert "also" not in second.endorsement


def test_newest_of_the_earlier_mentions_comes_first() -> None:
    """Mentions come from the oldest on and are shown the other way round."""
    publication, content = rendered(make_publication(make_episode()))
    earlier = [earlier_mention(title="Old"), earlier_mention(title="New", aired=date(2014, 6, 1))]

    first, _ = recommendation_items(make_config().site, publication, content, ["a", "b"], [earlier, []], None)

    assert first.endorsement is not None
    assert [mention["title"] for mention in first.endorsement["also"]] == ["New", "Old"]
    assert first.html.index("New</a>") < first.html.index("Old</a>")


def test_note_without_recommendations_has_no_items() -> None:
    """A feed of recommendations says nothing of it."""
    assert make_recommendations(bare_episode()) == []
