"""The three formats: what exactly stands in them, and that all readers get the same out of each."""

from __future__ import annotations

import json
from calendar import timegm
from html import unescape
from typing import Any
from xml.etree import ElementTree

import feedparser
import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmaker.feeds import gate
from feedmaker.feeds.feed import Feed, make_feed
from feedmaker.model import Guest, Media, Quote, Recommendation, prose
from tests.feeds.json_feed_schema import JSON_FEED
from tests.feeds.samples import HOSTILE, SET_UP, XML_TEXT, make_entry, make_site, sample_feed, written

ATOM = "{http://www.w3.org/2005/Atom}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def test_rss_holds_these_elements_and_no_others() -> None:
    """Channel and items have what the RSS profile asks for, and nothing that a validator wonders about."""
    root = ElementTree.fromstring(written(sample_feed())["feed.xml"])
    (channel,) = root
    items = channel.findall("item")

    assert (root.tag, root.attrib) == ("rss", {"version": "2.0"})
    assert [child.tag for child in channel if child.tag != "item"] == [
        "title",
        "link",
        "description",
        f"{ATOM}link",
        "generator",
        "language",
        "lastBuildDate",
    ]
    start = ["title", "link", "description", CONTENT, "author", "guid"]
    assert [[child.tag for child in item] for item in items] == [
        [*start, "category", "category", "enclosure", "pubDate"],
        [*start, "pubDate"],
        [*start, "category", "category", "enclosure", "pubDate"],
    ]
    assert [item.attrib for item in items] == [{}, {}, {LANG: "de"}]


def test_atom_holds_these_elements_and_no_others() -> None:
    """Feed and entries have what RFC 4287 asks for, and one alternate each."""
    root = ElementTree.fromstring(written(sample_feed())["atom.xml"])
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
        "subtitle",
    ]
    start = ["id", "title", "updated", "author", "content", "summary"]
    assert [[child.tag.removeprefix(ATOM) for child in entry] for entry in entries] == [
        [*start, "category", "category", "published", "link", "link"],
        [*start, "published", "link"],
        [*start, "category", "category", "published", "link", "link"],
    ]
    assert [entry.attrib for entry in entries] == [{}, {}, {LANG: "de"}]


def test_xml_begins_with_its_declaration() -> None:
    """Nothing stands before the declaration, and the file ends with a line end."""
    for name in ("feed.xml", "atom.xml"):
        data = written(sample_feed())[name]
        assert data.startswith(b"<?xml version='1.0' encoding='UTF-8'?>\n")
        assert data.endswith(b">\n")


def test_json_feed_keeps_to_version_1_1() -> None:
    """Every member is one that JSON Feed 1.1 or our documentation names, and has the right form."""
    feeds = [sample_feed(), make_feed(make_site(author="Jane"), [], since=SET_UP)]

    for feed in feeds:
        data = written(feed)["feed.json"]
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
        lambda document: document["items"][0]["attachments"][0].update(size_in_bytes="12"),
    ],
    ids=["no title", "version", "id", "null", "author", "member of extension", "text for number"],
)
def test_schema_of_json_feed_finds_planted_faults(plant: Any) -> None:
    """The rules that the test above holds the feed to do refuse something."""
    document = json.loads(written(sample_feed())["feed.json"])
    plant(document)

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, JSON_FEED, jsonschema.Draft202012Validator)


def test_json_feed_is_readable_as_it_stands() -> None:
    """Letters stand for themselves, and only facts that differ or exist are written."""
    data = written(sample_feed())["feed.json"]
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

        assert (
            b'<enclosure url="https://media.example/a.mp3" length="0" type="audio/mpeg"/>'
            in files["feed.xml"]
        )
        assert b'href="https://media.example/a.mp3"/>' in files["atom.xml"]
        assert "size_in_bytes" not in json.loads(files["feed.json"])["items"][0]["attachments"][0]
        gate.check(feed, files)


def test_rss_description_is_html_with_no_needless_references() -> None:
    """The summary is escaped for HTML and for XML, and quotation marks stay as they are for plain readers."""
    feed = sample_feed(dek=prose('It\'s "1 < 2" & more'))

    assert b'<description>It\'s "1 &#x26;lt; 2" &#x26;amp; more</description>' in written(feed)["feed.xml"]


def test_guid_is_a_permalink_only_where_it_is_the_address() -> None:
    """An id that is the page's address says so; any other says that it is none."""
    publication, content = make_entry(1)
    object.__setattr__(publication, "id", publication.url)
    feed = make_feed(make_site(), [(publication, content), make_entry(2)], since=SET_UP)

    guids = ElementTree.fromstring(written(feed)["feed.xml"]).findall("channel/item/guid")

    assert [(guid.text, guid.get("isPermaLink")) for guid in guids] == [
        ("tag:example.org,2026:e2", "false"),
        ("https://example.org/notes/episodes/e1/", "true"),
    ]


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
    assert read_rss(files["feed.xml"]) == said(feed)
    assert read_atom(files["atom.xml"]) == said(feed)
    assert read_json(files["feed.json"]) == said(feed)
    gate.check(feed, files)


@given(st.data())
def test_any_text_survives_in_every_format(data: st.DataObject) -> None:
    """Whatever characters XML has may stand in any field, and come out as they went in."""
    text = data.draw(XML_TEXT, "text")
    other = data.draw(XML_TEXT, "other")
    quote = Quote(text, other, 61)
    entry = make_entry(
        title=text,
        show=other,
        dek=prose(text),
        guests=(Guest(text, other),),
        gist=(prose(other), prose(text)),
        reveals=(prose(text),),
        takeaways=(prose(other),),
        recommendations=(Recommendation("own", "book", text, other, quote=quote),),
        tags=(text, other),
    )
    site = make_site(title="T", author={"name": "Jane"})
    feed = make_feed(site, [entry], since=SET_UP)

    assert_all_formats_say(feed)
    assert feed.items[0].data["recommendations"][0]["quote"]["text"] == text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_changes_nothing_but_itself(text: str) -> None:
    """Markup, templates and ends of CDATA are text like any other; the next item is untouched."""
    hostile = make_entry(
        2,
        title=text,
        show=text,
        dek=prose(text),
        gist=(prose(text),),
        tags=(text,),
        guests=(Guest(text, text),),
    )
    site = make_site(title=text, description=text, author={"name": text, "email": "jane@example.org"})
    feed = make_feed(site, [hostile, make_entry(1)], since=SET_UP)

    assert_all_formats_say(feed)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("name", ["feed.xml", "atom.xml"])
def test_feedparser_reads_what_was_said(name: str, text: str) -> None:
    """A reader that many programs are built on gets every fact of every item."""
    feed = sample_feed(title=f"A {text} Z", dek=prose(f"A {text} Z"))

    parsed = feedparser.parse(written(feed)[name], sanitize_html=False, resolve_relative_uris=False)

    assert not parsed.bozo
    assert (parsed.feed.title, parsed.feed.link) == ("Notes & <things>", "https://example.org/notes/")
    assert parsed.feed.language == "en"
    for entry, item in zip(parsed.entries, feed.items, strict=True):
        assert (entry.id, entry.link, entry.title) == (item.id, item.url, item.title)
        assert entry.content[0].value == item.html
        assert entry.content[0].type == "text/html"
        assert (unescape(entry.summary) if name == "feed.xml" else entry.summary) == item.summary
        assert entry.author_detail.name == "Jane Doe"
        assert [tag.term for tag in entry.get("tags", [])] == list(item.tags)
        assert timegm(entry.published_parsed) == item.published.timestamp()
        assert [(media.href, media.type) for media in entry.enclosures] == (
            [(item.enclosure.url, item.enclosure.type)] if item.enclosure else []
        )


def test_feedparser_knows_which_field_is_html() -> None:
    """Titles and Atom summaries are announced as text, so that readers show their < and & as they are."""
    rss = feedparser.parse(written(sample_feed())["feed.xml"])
    atom = feedparser.parse(written(sample_feed())["atom.xml"])

    assert rss.entries[0].title_detail.type == "text/plain"
    assert rss.entries[0].summary_detail.type == "text/html"
    assert atom.entries[0].title_detail.type == "text/plain"
    assert atom.entries[0].summary_detail.type == "text/plain"
    assert atom.entries[0].content[0].language == "en"
    assert atom.entries[2].content[0].language == "de"
