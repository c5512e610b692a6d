"""A feed as a value."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from feedmaker.config import AMAZON
from feedmaker.feeds.feed import ABOUT, make_feed
from feedmaker.model import Link, Quote, Recommendation, prose
from tests.feeds.samples import FREE, SET_UP, make_entry, make_site, sample_feed


def test_newest_published_comes_first() -> None:
    """The day of publishing orders a feed, not the order in which notes are read."""
    entries = [make_entry(2), make_entry(3), make_entry(1)]

    feed = make_feed(make_site(), entries, since=SET_UP)

    assert [item.id[-2:] for item in feed.items] == ["e3", "e2", "e1"]


def test_ties_go_by_the_day_aired_and_then_by_id() -> None:
    """Episodes published in one build stand in the order of their shows, always the same."""
    old, new, same = (make_entry(n, aired=date(2020, 1, day)) for n, day in ((5, 1), (6, 2), (4, 1)))
    moment = new[0].published
    entries = [(replace(publication, published=moment), content) for publication, content in (old, new, same)]

    feed = make_feed(make_site(), entries, since=SET_UP)

    assert [item.id[-2:] for item in feed.items] == ["e6", "e4", "e5"]


def test_feed_was_updated_when_its_last_item_was() -> None:
    """An edit of an old episode moves the time of the feed, whatever its place."""
    publication, content = make_entry(1)
    edited = publication.published + timedelta(days=90)

    feed = make_feed(
        make_site(), [make_entry(2), (replace(publication, updated=edited), content)], since=SET_UP
    )

    assert feed.updated == edited


def test_empty_feed_was_updated_when_the_project_was_set_up() -> None:
    """Without items the time comes from the lock, in UTC and whole seconds, and not from the clock."""
    tokyo = SET_UP.astimezone(datetime.strptime("+0900", "%z").tzinfo)

    feed = make_feed(make_site(), [], since=tokyo)

    assert feed.items == ()
    assert feed.updated == datetime(2026, 10, 1, 9, 30, 15, tzinfo=UTC)
    assert feed.updated.tzinfo is UTC


def test_addresses_stand_below_the_site() -> None:
    """The three files have absolute addresses."""
    feed = make_feed(make_site(address="https://example.org/a/b"), [], since=SET_UP)

    assert (feed.home, feed.rss_url, feed.atom_url, feed.json_url) == (
        "https://example.org/a/b/",
        "https://example.org/a/b/feed.xml",
        "https://example.org/a/b/atom.xml",
        "https://example.org/a/b/feed.json",
    )


def test_html_begins_with_the_facts() -> None:
    """The line of facts stands before the content, escaped."""
    publication, content = make_entry(show="Q&A <live>")

    (item,) = make_feed(make_site(), [(publication, content)], since=SET_UP).items

    assert item.html == f"<p>Q&amp;A &lt;live&gt; · 14 March 2015 · 1h 25m</p>\n{content.html}"


def test_language_is_that_of_the_site_unless_the_note_says_otherwise() -> None:
    """Every item has a language."""
    assert [item.language for item in sample_feed().items] == ["en", "en", "de"]


def test_episode_notes_state_every_fact_of_the_note() -> None:
    """The data object has the members of the documentation, and the resolved buy link."""
    data = sample_feed().items[0].data

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
    }


def test_absent_facts_are_absent_members() -> None:
    """A sparse note has no empty lists and no null in its data."""
    assert sample_feed().items[1].data == {"about": ABOUT, "show": "Small Machines", "aired": "2015-03-14"}


def test_quote_at_the_very_beginning_keeps_its_time() -> None:
    """A time of 0 seconds is a fact, as are an unpaid link and a creator who is known."""
    quote = Quote("Hello.", at=0)
    recommendation = Recommendation("own", "book", "B", "Ann", quote=quote, link=Link("amazon:B"))

    entry = make_entry(merchants=FREE, recommendations=(recommendation,))
    (item,) = make_feed(make_site(), [entry], since=SET_UP).items

    assert item.data["recommendations"] == [
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
    item = sample_feed().items[1]

    assert item.html == "<p>Small Machines · 14 March 2015</p>"
    assert item.summary == "Small Machines · 14 March 2015"


def test_gist_alone_makes_the_summary() -> None:
    """The summary is plain text from the content stage, not markup."""
    entry = make_entry(dek=(), gist=(prose("1 < 2 & 3"),))

    assert make_feed(make_site(), [entry], since=SET_UP).items[0].summary == "1 < 2 & 3"
