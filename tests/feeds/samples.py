"""Feeds to test with, made from episodes the way a build makes them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from feedmaker.config import AMAZON, Merchant, Site
from feedmaker.content import Content, render
from feedmaker.feeds import atom, json_feed, rss
from feedmaker.feeds.feed import Feed, make_feed
from feedmaker.model import Episode, Guest, Link, Media, Publication, Quote, Recommendation, Span, prose

SET_UP = datetime(2026, 10, 1, 9, 30, 15, 250_000, tzinfo=UTC)
FIRST = datetime(2026, 11, 2, 8, tzinfo=UTC)
PAYING = {"amazon": AMAZON.model_copy(update={"tag": "notes-20"})}
FREE = {"amazon": AMAZON}

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


def make_site(**facts: Any) -> Site:
    """Make a site; `facts` win over the sample's own."""
    sample = {
        "title": "Notes & <things>",
        "address": "https://example.org/notes/",
        "description": "What was said & recommended",
        "author": {"name": "Jane Doe", "email": "jane@example.org", "url": "https://example.org/jane"},
    }
    return Site.model_validate(sample | facts)


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


def make_entry(
    number: int = 1, merchants: dict[str, Merchant] | None = None, **facts: Any
) -> tuple[Publication, Content]:
    """Make what a build knows of an episode: published on the day of that number, edited an hour later."""
    episode = make_episode(**facts)
    published = FIRST + timedelta(days=number)
    publication = Publication(
        id=f"tag:example.org,2026:e{number}",
        slug=f"e{number}",
        url=f"https://example.org/notes/episodes/e{number}/",
        published=published,
        updated=published + timedelta(hours=1),
        episode=episode,
    )
    return publication, render(episode, PAYING if merchants is None else merchants)


def sample_feed(**facts: Any) -> Feed:
    """Make a feed of a full, a sparse and a foreign episode; `facts` go into the first of them."""
    bare: dict[str, Any] = dict.fromkeys(
        ("guests", "gist", "reveals", "takeaways", "recommendations", "tags"), ()
    )
    sparse = make_entry(2, title="Sparse", dek=(), duration=None, audio=None, image=None, **bare)
    foreign = make_entry(
        1, title="Übersicht", language="de", audio=Media("https://media.example/b.mp3", "audio/mpeg")
    )
    return make_feed(make_site(), [foreign, sparse, make_entry(3, **facts)], since=SET_UP)


def written(feed: Feed) -> dict[str, bytes]:
    """Write the three files of a feed."""
    return {
        "feed.xml": rss.to_bytes(feed),
        "atom.xml": atom.to_bytes(feed),
        "feed.json": json_feed.to_bytes(feed),
    }
