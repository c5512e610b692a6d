"""The three formats: what exactly stands in them, and that all readers get the same out of each."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedmaker.feeds import gate
from feedmaker.feeds.feed import Feed, Item, Tombstone, atom_id
from feedmaker.feeds.items import episode_item
from feedmaker.feeds.outline import Format
from feedmaker.model import Guest, Media, Quote, Recommendation, Soundbite, prose
from tests.feeds.json_feed_schema import JSON_FEED
from tests.feeds.samples import (
    FIRST,
    HOSTILE,
    XML_TEXT,
    all_feeds,
    archived_feed,
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

ATOM = "{http://www.w3.org/2005/Atom}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
THUMBNAIL = "{http://search.yahoo.com/mrss/}thumbnail"
ARCHIVE = "{http://purl.org/syndication/history/1.0}archive"
DELETED = "{http://purl.org/atompub/tombstones/1.0}deleted-entry"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"

XML: tuple[Format, ...] = ("rss", "atom")


def test_rss_holds_these_elements_and_no_others() -> None:
    """Channel and items have what the RSS profile asks for, and nothing that a validator wonders about."""
    root = ElementTree.fromstring(written(sample_feed())["rss"])
    (channel,) = root
    items = channel.findall("item")

    assert (root.tag, root.attrib) == ("rss", {"version": "2.0"})
    assert [child.tag for child in channel if child.tag != "item"] == [
        "title",
        "link",
        "description",
        f"{ATOM}link",
        "generator",
        "image",
        "language",
        "lastBuildDate",
        f"{ATOM}link",
        f"{ATOM}link",
    ]
    start = ["title", "link", "description", CONTENT, "author", "guid"]
    assert [[child.tag for child in item] for item in items] == [
        [*start, "category", "category", "enclosure", THUMBNAIL, "pubDate"],
        [*start, "pubDate"],
        [*start, "category", "category", "enclosure", THUMBNAIL, "pubDate"],
    ]
    assert [item.attrib for item in items] == [{}, {}, {LANG: "de"}]


def test_atom_holds_these_elements_and_no_others() -> None:
    """Feed and entries have what RFC 4287 asks for, and one alternate each."""
    root = ElementTree.fromstring(written(sample_feed())["atom"])
    entries = root.findall(f"{ATOM}entry")

    assert (root.tag, root.attrib) == (f"{ATOM}feed", {LANG: "en"})
    assert [child.tag.removeprefix(ATOM) for child in root if child not in entries] == [
        "id",
        "title",
        "updated",
        "author",
        "link",
        "link",
        "generator",
        "icon",
        "logo",
        "subtitle",
        "link",
        "link",
        DELETED,
        DELETED,
    ]
    start = ["id", "title", "updated", "author", "content", "summary"]
    assert [[child.tag.removeprefix(ATOM) for child in entry] for entry in entries] == [
        [*start, "category", "category", "published", "link", "link", THUMBNAIL],
        [*start, "published", "link"],
        [*start, "category", "category", "published", "link", "link", THUMBNAIL],
    ]
    assert [entry.attrib for entry in entries] == [{}, {}, {LANG: "de"}]


def test_xml_begins_with_its_declaration() -> None:
    """Nothing stands before the declaration, and the file ends with a line end."""
    for kind in XML:
        data = written(sample_feed())[kind]
        assert data.startswith(b"<?xml version='1.0' encoding='UTF-8'?>\n")
        assert data.endswith(b">\n")


def test_json_feed_keeps_to_version_1_1() -> None:
    """Every member is one that JSON Feed 1.1 or our documentation names, and has the right form."""
    jane = feed_of([], make_config(author="Jane"))
    feeds = [feed for feed in all_feeds().values() if "json" in feed.addresses]

    for feed in (*feeds, jane, sample_feed(season=1, number=2, explicit=True, video="https://youtu.be/x")):
        data = written(feed)["json"]
        jsonschema.validate(json.loads(data), JSON_FEED, jsonschema.Draft202012Validator)
        assert data.endswith(b"}\n")


@pytest.mark.parametrize(
    "plant",
    [
        lambda document: document.pop("title"),
        lambda document: document.update(version="https://jsonfeed.org/version/1"),
        lambda document: document["items"][0].update(id=7),
        lambda document: document["items"][0].update(image=None),
        lambda document: document["items"][0].update(author={"name": "Jane"}),
        lambda document: document["items"][0]["_episode_notes"].update(_secret=1),
        lambda document: document["items"][0].pop("_episode_notes"),
        lambda document: document["items"][0].update(_recommendation=document["items"][0]["_episode_notes"]),
        lambda document: document["items"][0]["_episode_notes"].update(guests=[]),
        lambda document: document["items"][0]["_episode_notes"]["recommendations"][0].pop("paid"),
        lambda document: document["items"][0]["_episode_notes"].update(aired="14 March 2015"),
        lambda document: document.update(hubs=[{"url": "https://hub.example/"}]),
        lambda document: document.update(next_url="archive/7.json"),
        lambda document: document.update(icon=""),
        lambda document: document.update(_feedmaker={}),
        lambda document: document["items"][0]["attachments"][0].update(size_in_bytes="12"),
    ],
    ids=[
        "no title",
        "version",
        "id",
        "null",
        "author",
        "member of extension",
        "no facts",
        "facts under a wrong name",
        "empty list",
        "address without paid",
        "day",
        "hub without type",
        "relative address",
        "empty address",
        "unknown extension",
        "text for number",
    ],
)
def test_schema_of_json_feed_finds_planted_faults(plant: Any) -> None:
    """The rules that the test above holds the feed to do refuse something."""
    document = json.loads(written(sample_feed())["json"])
    plant(document)

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, JSON_FEED, jsonschema.Draft202012Validator)


def test_json_feed_is_readable_as_it_stands() -> None:
    """Letters stand for themselves, and only facts that differ or exist are written."""
    data = written(sample_feed())["json"]
    first, sparse, foreign = json.loads(data)["items"]

    assert "Übersicht".encode() in data
    assert first["attachments"] == [
        {
            "url": "https://media.example/a.mp3?x=1&y=2",
            "mime_type": "audio/mpeg",
            "size_in_bytes": 61_234_567,
            "duration_in_seconds": 5100,
        }
    ]
    assert first["date_published"] == "2026-11-05T08:00:00Z"
    assert first["image"] == "https://media.example/a.jpg"
    assert "language" not in first
    assert not {"tags", "attachments", "image", "language"} & set(sparse)
    assert foreign["language"] == "de"
    assert foreign["attachments"] == [
        {"url": "https://media.example/b.mp3", "mime_type": "audio/mpeg", "duration_in_seconds": 5100}
    ]


def test_unknown_length_is_zero_in_rss_and_absent_elsewhere() -> None:
    """RSS requires a length, and its profile asks for 0 where it is not known."""
    for length in (None, 0):
        feed = sample_feed(audio=Media("https://media.example/a.mp3", "audio/mpeg", length))
        files = written(feed)

        assert b'<enclosure url="https://media.example/a.mp3" length="0" type="audio/mpeg"/>' in files["rss"]
        assert b'href="https://media.example/a.mp3"/>' in files["atom"]
        assert "size_in_bytes" not in json.loads(files["json"])["items"][0]["attachments"][0]
        gate.check(feed, files)


def test_rss_description_is_html_with_no_needless_references() -> None:
    """The summary is escaped for HTML and for XML, and quotation marks stay as they are for plain readers."""
    feed = sample_feed(dek=prose('It\'s "1 < 2" & more'))

    assert b'<description>It\'s "1 &#x26;lt; 2" &#x26;amp; more</description>' in written(feed)["rss"]


def test_guid_is_a_permalink_only_where_it_is_the_address() -> None:
    """An id that is the page's address says so; any other says that it is none."""
    publication = make_publication(make_episode())
    permanent = episode_item(make_config().site, *rendered(replace(publication, id=publication.url)))
    feed = feed_of([make_item(2), permanent])

    guids = ElementTree.fromstring(written(feed)["rss"]).findall("channel/item/guid")

    assert [(guid.text, guid.get("isPermaLink")) for guid in guids] == [
        ("tag:example.org,2026:e2", "false"),
        ("https://example.org/notes/episodes/e1/", "true"),
    ]


def test_documents_point_to_each_other_in_json_too() -> None:
    """A JSON Feed names its hubs, and the volume before it as its next page."""
    document = json.loads(written(sample_feed())["json"])
    archived = json.loads(written(archived_feed())["json"])
    first = json.loads(written(feed_of([], volume=1))["json"])

    assert document["hubs"] == [{"type": "WebSub", "url": "https://hub.example/?a=1&b=2"}]
    assert document["next_url"] == "https://example.org/notes/archive/7.json"
    assert document["icon"] == "https://example.org/notes/i.png?a=1&b=2"
    assert archived["next_url"] == "https://example.org/notes/archive/6.json"
    assert not {"hubs", "next_url", "icon"} & set(first)


def test_volumes_are_marked_as_archived() -> None:
    """Feed readers that follow RFC 5005 know a volume from the feed to subscribe to."""
    for kind in XML:
        marks = {
            name: [mark.attrib for mark in ElementTree.fromstring(written(feed)[kind]).iter(ARCHIVE)]
            for name, feed in (("current", sample_feed()), ("volume", archived_feed()))
        }
        assert marks == {"current": [], "volume": [{}]}


def test_tombstones_stand_in_atom_alone() -> None:
    """What was taken back is named by the id that its entry had, and when (RFC 6721)."""
    files = written(sample_feed())
    stones = [stone.attrib for stone in ElementTree.fromstring(files["atom"]).iter(DELETED)]

    assert stones == [
        {"ref": "tag:example.org,2026:gone", "when": "2026-11-02T08:00:00Z"},
        {"ref": "urn:feedmaker:two%20words", "when": "2026-11-02T08:00:00Z"},
    ]
    assert b"2026:gone" not in files["rss"] + files["json"]


def test_times_of_recommendations_differ_by_microseconds() -> None:
    """Atom and JSON Feed keep what tells them apart, and RSS has whole seconds alone."""
    files = written(recommendation_feed())
    entries = ElementTree.fromstring(files["atom"]).iter(f"{ATOM}entry")

    assert [entry.findtext(f"{ATOM}updated") for entry in entries][:2] == [
        "2026-11-05T09:00:00+00:00",
        "2026-11-05T09:00:00.000001+00:00",
    ]
    assert [item["date_modified"] for item in json.loads(files["json"])["items"]][:2] == [
        "2026-11-05T09:00:00Z",
        "2026-11-05T09:00:00.000001Z",
    ]
    assert b"<lastBuildDate>Thu, 05 Nov 2026 09:00:00 GMT</lastBuildDate>" in files["rss"]


# What another parser than ours reads. The one of the standard library is expat, not lxml.


def read_rss(data: bytes) -> list[dict[str, object]]:
    """Read the items of an RSS file."""
    return [
        {
            "id": item.findtext("guid"),
            "url": item.findtext("link"),
            "title": item.findtext("title"),
            "summary": unescape(item.findtext("description") or ""),
            "html": item.findtext(CONTENT),
            "tags": [category.text for category in item.findall("category")],
        }
        for item in ElementTree.fromstring(data).findall("channel/item")
    ]


def read_atom(data: bytes) -> list[dict[str, object]]:
    """Read the entries of an Atom file."""
    return [
        {
            "id": entry.findtext(f"{ATOM}id"),
            "url": entry.find(f"{ATOM}link[@rel='alternate']").get("href"),  # type: ignore[union-attr]
            "title": entry.findtext(f"{ATOM}title"),
            "summary": entry.findtext(f"{ATOM}summary"),
            "html": entry.findtext(f"{ATOM}content"),
            "tags": [category.get("term") for category in entry.findall(f"{ATOM}category")],
        }
        for entry in ElementTree.fromstring(data).findall(f"{ATOM}entry")
    ]


def read_json(data: bytes) -> list[dict[str, object]]:
    """Read the items of a JSON Feed."""
    return [
        {
            "id": item["id"],
            "url": item["url"],
            "title": item["title"],
            "summary": item["summary"],
            "html": item["content_html"],
            "tags": item.get("tags", []),
        }
        for item in json.loads(data)["items"]
    ]


def said(feed: Feed) -> list[dict[str, object]]:
    """Return what the files of a feed should say."""
    names = ("id", "url", "title", "summary", "html")
    return [{name: getattr(item, name) for name in names} | {"tags": list(item.tags)} for item in feed.items]


def assert_all_formats_say(feed: Feed) -> None:
    """Assert that each file says the same, to other parsers and to the gate."""
    files = written(feed)
    assert read_rss(files["rss"]) == said(feed)
    assert read_atom(files["atom"]) == [{**facts, "id": atom_id(str(facts["id"]))} for facts in said(feed)]
    assert read_json(files["json"]) == said(feed)
    jsonschema.validate(json.loads(files["json"]), JSON_FEED, jsonschema.Draft202012Validator)
    gate.check(feed, files)


# No note has a line end in a name, nor half a quote: reading takes care of both.
LINE = XML_TEXT.map(lambda text: " ".join(text.split())).filter(bool)


@settings(max_examples=80)
@given(XML_TEXT, XML_TEXT, st.integers(0, 10**6))
def test_any_text_survives_in_every_format(text: str, other: str, at: int) -> None:
    """Whatever characters XML has may stand in any field, and come out as they went in."""
    item = make_item(
        title=text,
        show=other,
        dek=prose(text),
        guests=(Guest(text, other),),
        gist=(prose(other), prose(text)),
        reveals=(prose(text),),
        takeaways=(prose(other),),
        recommendations=(Recommendation("own", "book", text, other, quote=Quote(text, other, at)),),
        tags=(text, other),
    )

    assert_all_formats_say(feed_of([item], make_config(author="Jane")))
    assert item.data is not None
    assert item.data["recommendations"][0]["quote"]["text"] == text


@settings(max_examples=80)
@given(LINE, LINE, LINE, st.none() | st.integers(0, 10**6))
def test_any_recommendation_survives_in_every_format(
    name: str, creator: str, medium: str, at: int | None
) -> None:
    """Names, creators, kinds of things and quotes are the same in the three formats, sign by sign."""
    quote = Quote(f"{name} (01:02:03)\n\n{creator}", medium, at)
    thing = Recommendation("recommended", medium, name, creator, quote=quote)
    items = make_recommendations(make_episode(title=creator, recommendations=(thing,)))

    assert_all_formats_say(feed_of(items))
    assert items[0].title == f"{name} by {creator}"
    assert items[0].endorsement is not None
    assert items[0].endorsement["recommendation"]["quote"]["text"] == quote.text


@settings(max_examples=80)
@given(XML_TEXT, XML_TEXT)
def test_any_text_survives_in_the_feed_itself(text: str, identity: str) -> None:
    """Titles, descriptions, authors and foreign ids come out as they went in."""
    item = replace(make_item(), id=identity)
    feed = replace(
        feed_of([item], tombstones=(Tombstone(f"{identity}:gone", FIRST),)), title=text, description=text
    )

    assert_all_formats_say(feed)


@settings(max_examples=40)
@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=4, unique=True), st.integers(0, 10**9))
def test_any_time_survives_in_every_format(offsets: list[int], later: int) -> None:
    """Times of publishing and change are to the second, whatever the year; a change keeps milliseconds."""

    def item(number: int, offset: int) -> Item:
        published = FIRST + timedelta(seconds=offset)
        return replace(
            make_item(number), published=published, updated=published + timedelta(milliseconds=later)
        )

    assert_all_formats_say(feed_of(item(number, offset) for number, offset in enumerate(offsets)))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_changes_nothing_but_itself(text: str) -> None:
    """Markup, templates and ends of CDATA are text like any other; the next item is untouched."""
    thing = Recommendation("own", "book", text, text, quote=Quote(f"{text} (01:02:03)", text, 61))
    hostile = make_episode(
        title=text,
        show=text,
        dek=prose(text),
        gist=(prose(text),),
        tags=(text,),
        guests=(Guest(text, text),),
        recommendations=(thing,),
    )
    config = make_config(title=text, description=text, author={"name": text, "email": "jane@example.org"})
    item = episode_item(config.site, *rendered(make_publication(hostile, 2)))
    feed = feed_of([item, make_item(1, config)], config)

    assert_all_formats_say(feed)
    assert_all_formats_say(feed_of(make_recommendations(hostile)))
    assert written(feed)["json"].endswith(written(feed_of([make_item(1, config)], config))["json"][-500:])


@settings(max_examples=40)
@given(LINE, LINE, st.integers(0, 5000), st.none() | st.integers(1, 99))
def test_any_text_survives_in_a_podcast(text: str, other: str, at: int, season: int | None) -> None:
    """Names, titles and words of a podcast come out as they went in, cut only where programs cut them."""
    episode = make_episode(
        title=text,
        show=other,
        guests=(Guest(text, other), Guest(other)),
        hosts=(Guest(other),),
        soundbites=(Soundbite(at, 20, text),),
        recommendations=(Recommendation("own", "book", other, quote=Quote(text, other, at)),),
        season=season,
    )
    feed = podcast_feed(episode)

    files = written(feed)

    assert read_rss(files["rss"])[0]["title"] == text
    assert read_rss(files["rss"])[0]["html"] == feed.items[0].html
    gate.check(feed, files)
