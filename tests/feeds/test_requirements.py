"""The requirements that a good feed meets, as far as they concern documents, each on bytes.

The documents are read here with expat and json alone, so that nothing of the gate is asked about itself.
What validators and programs make of them is tested in test_atom_schema, test_formats and test_readers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from html import unescape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from feedmaker.feeds import chapters, opml
from feedmaker.feeds.feed import Feed
from feedmaker.feeds.outline import Format
from feedmaker.feeds.podcast import new_guid
from feedmaker.model import Chapter, Guest, Media, Quote, Recommendation, Soundbite, prose
from tests.feeds.samples import (
    HEARD,
    HOSTILE,
    MAIN,
    SET_UP,
    all_feeds,
    archived_feed,
    feed_of,
    make_config,
    make_episode,
    make_item,
    make_publication,
    podcast_feed,
    sample_feed,
    sample_items,
    written,
)

ATOM = "{http://www.w3.org/2005/Atom}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
CREATOR = "{http://purl.org/dc/elements/1.1/}creator"
ITUNES = "{http://www.itunes.com/dtds/podcast-1.0.dtd}"
PODCAST = "{https://podcastindex.org/namespace/1.0}"
ARCHIVE = "{http://purl.org/syndication/history/1.0}archive"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
XML: tuple[Format, ...] = ("rss", "atom")


def hostile_feed() -> Feed:
    """Make a feed of notes that each say one hostile text everywhere, with a recording or without."""
    return feed_of(
        make_item(
            -number,
            title=text,
            show=text,
            dek=prose(text),
            guests=(Guest(text, text), Guest(f"Other {text}")),
            tags=(text,),
            audio=Media(f"https://media.example/{number}.mp3", "audio/mpeg", 7) if number % 2 else None,
            recommendations=(Recommendation("own", "book", text, text, quote=Quote(text, text, number)),),
        )
        for number, text in enumerate(HOSTILE)
    )


def full_podcast() -> Feed:
    """Make a podcast feed that uses all that the configuration and the notes have room for."""
    config = make_config(
        {"hubs": "https://hub.example/", "podping": True},
        {
            "category": ["Arts > Books", "Education > Self-Improvement"],
            "owner": {"name": "Jane & Co", "email": "owner@example.org"},
            "type": "serial",
            "funding": [{"url": "https://give.example/", "text": "Give & help"}],
            "license": "cc-by-4.0",
            "txt": [{"text": "abc=", "purpose": "verify"}],
            "update_frequency": {"text": "weekly", "rrule": "FREQ=WEEKLY"},
            "copyright": "© Jane & Co",
        },
        moved_from="https://old.example/",
    )
    full = make_episode(
        season=2,
        number=11,
        explicit=True,
        type="full",
        chapters=(Chapter(0, "Hello & <welcome>"), Chapter(600, "Middle")),
        soundbites=(Soundbite(60, 30, "The <best> part"),),
        transcripts=(
            Media("https://media.example/a.html", "text/html"),
            Media("https://media.example/a.vtt", "text/vtt"),
        ),
        reveals=tuple(prose(f"Reveal {number}: {'long words ' * 30}") for number in range(40)),
    )
    other = Media("https://media.example/b.m4a", "audio/x-m4a", 9)
    return podcast_feed(full, make_episode(title="Übersicht", number=12, audio=other), config=config)


@cache
def documents() -> tuple[tuple[str, Format, bytes], ...]:
    """Write feeds of every kind in every format; the first part says which feed it is."""
    feeds = {**all_feeds(), "hostile": hostile_feed(), "full podcast": full_podcast()}
    return tuple((name, kind, data) for name, feed in feeds.items() for kind, data in written(feed).items())


def xml(*kinds: Format) -> Iterator[Element]:
    """Parse the XML documents of these kinds; RSS gives its channel."""
    for _, kind, data in documents():
        if kind in kinds:
            root = ElementTree.fromstring(data)
            yield root[0] if kind == "rss" else root


def json_feeds() -> Iterator[dict[str, Any]]:
    """Parse the JSON documents."""
    return (json.loads(data) for _, kind, data in documents() if kind == "json")


def rss_items() -> list[Element]:
    """Return the items of all RSS documents."""
    return [item for channel in xml("rss") for item in channel.findall("item")]


def entries() -> list[Element]:
    """Return the entries of all Atom documents."""
    return [entry for feed in xml("atom") for entry in feed.findall(f"{ATOM}entry")]


def json_items() -> list[dict[str, Any]]:
    """Return the items of all JSON documents."""
    return [item for feed in json_feeds() for item in feed["items"]]


def contents() -> list[str]:
    """Return the whole notes of all documents, as HTML."""
    found = [item.findtext(CONTENT) or "" for item in rss_items()]
    found += [entry.findtext(f"{ATOM}content") or "" for entry in entries()]
    return found + [item["content_html"] for item in json_items()]


def podcast() -> Element:
    """Return the channel of the full podcast."""
    return ElementTree.fromstring(written(full_podcast())["rss"])[0]


# --- 1: bytes ---------------------------------------------------------------------------------------------


def test_01_xml_is_utf_8_and_begins_with_its_declaration() -> None:
    """Nothing stands before the declaration, no byte order mark either, and there is no control character."""
    for _, kind, data in documents():
        text = data.decode("utf-8", "strict")
        assert not text.startswith("\ufeff")
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", text)
        assert not re.search(r"&#(x0*1?[0-9a-f]|0*[12]?[0-9]|0*3[01]);", text, re.IGNORECASE)
        if kind != "json":
            assert text.startswith("<?xml version='1.0' encoding='UTF-8'?>\n")


# --- 3: ids -----------------------------------------------------------------------------------------------


def test_03_ids_are_the_same_in_all_formats_and_unique_in_a_feed() -> None:
    """A note is known by one id, which says of itself whether it is an address."""
    for feed in (*all_feeds().values(), hostile_feed()):
        if "json" not in feed.addresses:
            continue
        files = written(feed)
        channel, root = ElementTree.fromstring(files["rss"])[0], ElementTree.fromstring(files["atom"])
        guids = [item.findtext("guid") for item in channel.findall("item")]
        assert guids == [entry.findtext(f"{ATOM}id") for entry in root.findall(f"{ATOM}entry")]
        assert guids == [item["id"] for item in json.loads(files["json"])["items"]]
        assert len(set(guids)) == len(guids)
    for item in rss_items():
        guid = item.find("guid")
        assert guid is not None
        assert (guid.get("isPermaLink") == "true") == (guid.text == item.findtext("link"))


def test_03_ids_stay_when_title_and_address_change() -> None:
    """A new title, a new page and a new home of the site are nothing new to a reader."""
    before = make_publication(make_episode())
    after = replace(before, url="https://new.example/x/", episode=make_episode(title="Other"))

    assert before.id == after.id
    moved = make_config(address="https://new.example/", moved_from="https://example.org/notes/")
    assert feed_of([], moved).id == feed_of([]).id


# --- 4: dates that stay, and bytes ------------------------------------------------------------------------


def test_04_an_edit_moves_the_time_of_change_alone() -> None:
    """Published stays; updated moves with the edit, and the feed's with its last entry."""
    items = sample_items()
    later = items[1].updated + timedelta(days=30)
    edited = [items[0], replace(items[1], updated=later), items[2]]

    def times(data: bytes) -> tuple[list[str | None], list[str | None], str | None]:
        root = ElementTree.fromstring(data)
        found = root.findall(f"{ATOM}entry")
        return (
            [entry.findtext(f"{ATOM}published") for entry in found],
            [entry.findtext(f"{ATOM}updated") for entry in found],
            root.findtext(f"{ATOM}updated"),
        )

    before, after = times(written(feed_of(items))["atom"]), times(written(feed_of(edited))["atom"])
    rss = [re.findall(b"<pubDate>.*?</pubDate>", written(feed_of(each))["rss"]) for each in (items, edited)]
    assert after[0] == before[0]
    assert [one == other for one, other in zip(before[1], after[1], strict=True)] == [True, False, True]
    assert (before[2], after[2]) == (max(map(str, before[1])), later.isoformat())
    assert rss[0] == rss[1]


def test_04_the_same_input_gives_the_same_bytes() -> None:
    """A document that was made again is the same, byte by byte."""
    for feed in (*all_feeds().values(), hostile_feed(), full_podcast()):
        assert written(feed) == written(feed)


# --- 5: the form of dates ---------------------------------------------------------------------------------


def test_05_dates_have_the_form_of_their_format() -> None:
    """RSS has RFC 822 with a year of four digits, the right weekday and GMT; the others RFC 3339."""
    rfc822 = [
        *(channel.findtext("lastBuildDate") for channel in xml("rss")),
        *(item.findtext("pubDate") for item in rss_items()),
    ]
    for text in rfc822:
        assert text is not None
        assert re.fullmatch(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT", text)
        assert text.startswith(f"{parsedate_to_datetime(text):%a,}")
    rfc3339 = [
        *(element.text for root in xml("atom") for element in root.iter(f"{ATOM}updated")),
        *(element.text for root in xml("atom") for element in root.iter(f"{ATOM}published")),
        *(item[name] for item in json_items() for name in ("date_published", "date_modified")),
    ]
    for text in rfc3339:
        assert text is not None
        assert "T" in text
        assert datetime.fromisoformat(text).utcoffset() == timedelta(0)


# --- 6, 7, 8: what the formats ask for --------------------------------------------------------------------


def test_06_channel_has_what_rss_asks_for() -> None:
    """Title, page, description, language, time and address are there once; the picture repeats two."""
    for channel in xml("rss"):
        for name in ("title", "link", "description", "language", "lastBuildDate"):
            assert len(channel.findall(name)) == 1
            assert channel.findtext(name)
        (own,) = [link for link in channel.findall(f"{ATOM}link") if link.get("rel") == "self"]
        assert own.get("type") == "application/rss+xml"
        assert channel.findtext("link") != own.get("href")
        picture = channel.find("image")
        if picture is not None:
            assert picture.findtext("title") == channel.findtext("title")
            assert picture.findtext("link") == channel.findtext("link")


def test_07_feed_has_what_atom_asks_for() -> None:
    """Each feed has one id, title, time, author, self and alternate, each with its type, and a language."""
    for feed in xml("atom"):
        links = [(link.get("rel"), link.get("type")) for link in feed.findall(f"{ATOM}link")]
        assert links.count(("self", "application/atom+xml")) == 1
        assert links.count(("alternate", "text/html")) == 1
        assert feed.get(LANG)
        for name in ("id", "title", "updated", "author"):
            assert len(feed.findall(f"{ATOM}{name}")) == 1


def test_07_entry_has_what_atom_asks_for() -> None:
    """Each entry has its author, one alternate, its content as HTML and its summary and title as text."""
    for entry in entries():
        for name in ("id", "title", "updated", "published", "author", "content", "summary"):
            assert len(entry.findall(f"{ATOM}{name}")) == 1
        rels = [link.get("rel") for link in entry.findall(f"{ATOM}link")]
        assert rels.count("alternate") == 1
        assert all(link.get("type") for link in entry.findall(f"{ATOM}link"))
        types = [entry.find(f"{ATOM}{name}") for name in ("content", "summary", "title")]
        assert [element.get("type", "text") for element in types if element is not None] == [
            "html",
            "text",
            "text",
        ]


def test_08_json_feed_has_what_version_1_1_asks_for() -> None:
    """Ids are strings, authors a list, extensions objects without dots, and nothing is null."""
    for feed in json_feeds():
        assert feed["version"] == "https://jsonfeed.org/version/1.1"
        assert all(feed[name] for name in ("title", "home_page_url", "feed_url"))
    for item in json_items():
        assert isinstance(item["id"], str)
        assert item["id"]
        assert item["url"].startswith("https://")
        assert item["content_html"]
        assert "author" not in item
        assert all(isinstance(item[name], dict) for name in item if name.startswith("_"))
        assert not any("." in name for name in item)
    for _, kind, data in documents():
        if kind == "json":
            assert b":null" not in re.sub(rb'"(?:[^"\\]|\\.)*"', b"", data)


# --- 9: recordings ----------------------------------------------------------------------------------------


def test_09_recordings_say_address_type_and_size() -> None:
    """Each format has one recording of an item, in its own words; sizes are bytes in digits."""
    for item in rss_items():
        media = item.findall("enclosure")
        assert len(media) <= 1
        for each in media:
            assert set(each.attrib) == {"url", "length", "type"}
            assert each.attrib["length"].isdigit()
            assert each.attrib["url"].isascii()
    for entry in entries():
        media = [link for link in entry.findall(f"{ATOM}link") if link.get("rel") == "enclosure"]
        assert len(media) <= 1
        assert all(link.get("type") for link in media)
    sizes = [media for item in json_items() for media in item.get("attachments", [])]
    assert sizes
    for media in sizes:
        assert media["mime_type"]
        assert all(type(media.get(name, 1)) is int for name in ("size_in_bytes", "duration_in_seconds"))


# --- 10, 11: content and summary --------------------------------------------------------------------------


def test_10_content_stands_behind_a_short_description() -> None:
    """Each item has a description of at most 4,000 bytes, and behind it the whole note."""
    for item in rss_items():
        names = [child.tag for child in item]
        assert names.count("description") == names.count(CONTENT) == 1
        assert names.index("description") < names.index(CONTENT)
        assert len((item.findtext("description") or "").encode()) <= 4000
    assert all(contents())


def test_10_a_long_note_has_short_notes_in_the_podcast() -> None:
    """What programs show of a long note is cut to 4,000 bytes, and the content is whole."""
    item = podcast().find("item")
    assert item is not None

    description = item.findtext("description") or ""
    assert len(description.encode()) <= 4000
    assert "Reveal 39" not in description
    assert "Reveal 39" in (item.findtext(CONTENT) or "")


def test_11_plain_text_is_escaped_once_for_html_and_once_for_xml() -> None:
    """A description is HTML and so escaped twice; a title is text and escaped once, in hexadecimal."""
    data = written(sample_feed(title="1 < 2 & <b>", dek=prose("1 < 2 & <b>")))["rss"]

    assert b"<title>1 &#x3C; 2 &#x26; &#x3C;b&#x3E;</title>" in data
    assert b"<description>1 &#x26;lt; 2 &#x26;amp; &#x26;lt;b&#x26;gt;</description>" in data


# --- 12: HTML ---------------------------------------------------------------------------------------------

# Of what all of feedparser, miniflux and SimplePie keep, that which notes are written in.
KEPT = {"a", "blockquote", "code", "em", "h2", "h3", "li", "p", "small", "strong", "ul"}


class Markup(HTMLParser):
    """Collect the elements of HTML and their attributes."""

    def __init__(self, html: str) -> None:
        """Read HTML."""
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take down an element."""
        self.found.append((tag, dict(attrs)))


def test_12_content_is_html_that_readers_keep() -> None:
    """Only common elements stand in it, nothing that runs or styles, and all addresses are absolute."""
    elements = [element for html in contents() for element in Markup(html).found]

    assert {tag for tag, _ in elements} <= KEPT
    assert {name for _, attributes in elements for name in attributes} <= {"href", "rel"}
    addresses = [attributes["href"] for _, attributes in elements if "href" in attributes]
    assert addresses
    assert all(urlsplit(address or "").scheme in ("https", "http", "mailto") for address in addresses)
    assert all(urlsplit(address or "").netloc for address in addresses)


def test_12_notes_of_a_podcast_have_fewer_elements_still() -> None:
    """Podcast programs keep paragraphs, lists and links."""
    for item in podcast().findall("item"):
        elements = Markup(item.findtext("description") or "").found
        assert {tag for tag, _ in elements} <= {"p", "a", "ul", "li", "ol"}


# --- 13: authors ------------------------------------------------------------------------------------------


def test_13_every_entry_names_its_author() -> None:
    """Readers do not look above the entry."""
    for item in rss_items():
        author, creator = item.findtext("author"), item.findtext(CREATOR)
        assert creator or re.fullmatch(r"\S+@\S+ \(.+\)", author or "")
    assert all(entry.findtext(f"{ATOM}author/{ATOM}name") for entry in entries())
    assert all(item["authors"][0]["name"] for item in json_items())


def test_13_author_without_address_is_a_creator() -> None:
    """RSS has no room for a name without a mail address."""
    config = make_config(author="Jane")
    channel = ElementTree.fromstring(written(feed_of([make_item(1, config)], config))["rss"])[0]

    assert channel.findtext(f"item/{CREATOR}") == "Jane"
    assert channel.find("item/author") is None


# --- 14 to 18: podcasts -----------------------------------------------------------------------------------


def test_14_show_and_episodes_have_what_apple_asks_for() -> None:
    """Artwork, categories, kind and language of the show; recording, id, date and length of each episode."""
    channel = podcast()
    picture = channel.find(f"{ITUNES}image")
    categories = [
        [element.get("text") for element in category.iter(f"{ITUNES}category")]
        for category in channel.findall(f"{ITUNES}category")
    ]

    assert picture is not None
    assert picture.get("href") == "https://example.org/art.jpg"
    assert categories == [["Arts", "Books"], ["Education", "Self-Improvement"]]
    assert channel.findtext(f"{ITUNES}explicit") == "false"
    assert channel.findtext(f"{ITUNES}type") == "serial"
    assert channel.findtext(f"{ITUNES}owner/{ITUNES}email") == "owner@example.org"
    for item in channel.findall("item"):
        assert all(item.findtext(name) for name in ("title", "guid", "pubDate", "link"))
        assert item.find("enclosure") is not None
        assert re.fullmatch("[1-9][0-9]*", item.findtext(f"{ITUNES}duration") or "")
        assert re.fullmatch("[1-9][0-9]*", item.findtext(f"{ITUNES}episode") or "")
        assert item.findtext(f"{ITUNES}explicit") in ("true", "false")
        assert item.findtext(f"{ITUNES}episodeType") in ("full", "trailer", "bonus")


def test_15_show_has_what_psp_1_asks_for() -> None:
    """The root declares the prefixes; guid and lock are there, and the guid is that of the known vector."""
    data = written(full_podcast())["rss"]
    root = re.search(rb"<rss [^>]*>", data)
    assert root is not None

    for prefix in (b"atom", b"itunes", b"podcast"):
        assert b"xmlns:%s=" % prefix in root[0]
    assert podcast().findtext(f"{PODCAST}guid") == new_guid("https://example.org/notes/podcast.xml")
    assert podcast().findtext(f"{PODCAST}locked") in ("yes", "no")
    assert new_guid("https://podnews.net/rss") == "9b024349-ccf0-5f69-a609-6b82873eab3c"


def test_16_chapters_and_transcripts_say_their_type() -> None:
    """Chapters are linked as JSON, transcripts with captions first, and the file of chapters ascends."""
    item = podcast().find("item")
    assert item is not None
    linked = item.find(f"{PODCAST}chapters")
    transcripts = item.findall(f"{PODCAST}transcript")
    chapter_file = json.loads(
        chapters.chapters_json(
            make_publication(make_episode(chapters=(Chapter(600, "Middle"), Chapter(30, "Early")))), "Show"
        )
    )

    assert linked is not None
    assert linked.attrib == {
        "url": "https://example.org/notes/episodes/e2/chapters.json",
        "type": "application/json+chapters",
    }
    assert [each.get("type") for each in transcripts] == ["text/vtt", "text/html"]
    assert all((each.get("url") or "").startswith("https://") for each in transcripts)
    starts = [chapter["startTime"] for chapter in chapter_file["chapters"]]
    assert chapter_file["version"] == "1.2.0"
    assert starts == sorted(set(starts))
    assert starts[0] == 0


def test_17_people_and_soundbites_are_told_in_each_episode() -> None:
    """An item names everybody who is heard, hosts too; a soundbite has decimal times and a title."""
    item = podcast().find("item")
    assert item is not None
    people = [(person.text, person.get("role")) for person in item.findall(f"{PODCAST}person")]

    assert people == [("Ada & Co", "host"), ("Noor Halloran", "guest"), ("Zoë", "guest")]
    bites = [(bite.text, bite.attrib) for bite in item.findall(f"{PODCAST}soundbite")]
    assert ("The <best> part", {"startTime": "60.0", "duration": "30.0"}) in bites
    assert all(len(bite.text or "") <= 128 for bite in item.findall(f"{PODCAST}soundbite"))


def test_17_show_says_who_pays_and_what_may_be_done_with_it() -> None:
    """Funding has an address and words, a licence its identifier, a text for machines its purpose."""
    found = {
        name: (element.text, element.attrib)
        for name in ("funding", "license", "txt", "updateFrequency", "podping")
        if (element := podcast().find(f"{PODCAST}{name}")) is not None
    }

    assert found == {
        "funding": ("Give & help", {"url": "https://give.example/"}),
        "license": ("cc-by-4.0", {}),
        "txt": ("abc=", {"purpose": "verify"}),
        "updateFrequency": ("weekly", {"rrule": "FREQ=WEEKLY"}),
        "podping": (None, {"usesPodping": "true"}),
    }


def test_18_feeds_of_notes_claim_to_be_no_podcast() -> None:
    """Only the podcast feed has elements of podcasts, and each of its items a recording."""
    for name, kind, data in documents():
        is_podcast = "podcast" in name
        assert (b"podcastindex.org" in data) == is_podcast
        assert (b"itunes" in data) == is_podcast
        if is_podcast and kind == "rss":
            assert data.count(b"<item") == data.count(b"<enclosure")


# --- 19 to 24: types, archives, hubs, moves, browsers -----------------------------------------------------


def test_19_each_document_says_its_media_type() -> None:
    """The address of a document stands beside the type that it is served with."""
    types = {
        (kind, link.get("type"))
        for _, kind, data in documents()
        if kind != "json"
        for link in ElementTree.fromstring(data).iter(f"{ATOM}link")
        if link.get("rel") == "self"
    }

    assert types == {("rss", "application/rss+xml"), ("atom", "application/atom+xml")}
    assert opml.MEDIA_TYPE == "text/x-opml"
    assert chapters.MEDIA_TYPE == "application/json+chapters"


def test_21_archives_are_chained_and_say_what_they_are() -> None:
    """A volume says that it is archived, which feed it belongs to, and which volume comes before."""
    current, volume, first = (
        written(feed) for feed in (sample_feed(), archived_feed(), feed_of([], volume=1))
    )
    endings = {"rss": "xml", "atom": "atom"}

    for kind in XML:
        end = endings[kind]
        roots = [ElementTree.fromstring(files[kind]) for files in (current, volume, first)]
        links = [{link.get("rel"): link.get("href") for link in root.iter(f"{ATOM}link")} for root in roots]
        assert [root.find(f".//{ARCHIVE}") is not None for root in roots] == [False, True, True]
        assert [link.get("prev-archive") for link in links] == [
            f"https://example.org/notes/archive/7.{end}",
            f"https://example.org/notes/archive/6.{end}",
            None,
        ]
        assert [link.get("current") for link in links] == [None, *[links[0]["self"]] * 2]
    pages = [json.loads(files["json"]).get("next_url") for files in (current, volume, first)]
    assert pages == [
        "https://example.org/notes/archive/7.json",
        "https://example.org/notes/archive/6.json",
        None,
    ]


def test_22_feeds_name_their_hub_in_every_format() -> None:
    """A subscriber finds hub and self in the document that it has."""
    files = written(sample_feed())

    for kind in XML:
        links = [link.attrib for link in ElementTree.fromstring(files[kind]).iter(f"{ATOM}link")]
        assert [link["href"] for link in links if link["rel"] == "hub"] == ["https://hub.example/?a=1&b=2"]
        assert len([link for link in links if link["rel"] == "self"]) == 1
    assert json.loads(files["json"])["hubs"] == [{"type": "WebSub", "url": "https://hub.example/?a=1&b=2"}]


def test_23_a_podcast_that_moved_names_its_new_address() -> None:
    """Programs that still read the old address are told where the feed is; one that stayed says nothing."""
    new = f"{ITUNES}new-feed-url"
    stayed = ElementTree.fromstring(written(podcast_feed())["rss"])[0]

    assert podcast().findtext(new) == "https://example.org/notes/podcast.xml"
    assert stayed.find(new) is None


def test_24_no_document_runs_in_a_browser() -> None:
    """A stylesheet is CSS; no program and no XSLT stand in a feed."""
    for _, kind, data in documents():
        head = data.split(b"<rss" if kind == "rss" else b"<feed")[0]
        if kind != "json":
            assert re.findall(rb"<\?([a-z-]+)", head) == [b"xml", b"xml-stylesheet"]
            assert b'type="text/css"' in head
            assert b"<script" not in data
        assert b"xslt" not in data.lower()


# --- 25: all formats say the same -------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*(name for name in all_feeds() if name != "podcast"), "hostile"])
def test_25_formats_agree(name: str) -> None:
    """Ids, titles, dates, texts, recordings and tags of each item are the same in the three formats."""
    files = {kind: data for each, kind, data in documents() if each == name}
    channel, root = ElementTree.fromstring(files["rss"])[0], ElementTree.fromstring(files["atom"])

    def moment(text: str | None) -> datetime:
        assert text is not None
        return parsedate_to_datetime(text) if "," in text else datetime.fromisoformat(text)

    rss = [
        (
            item.findtext("guid"),
            item.findtext("title"),
            item.findtext("link"),
            moment(item.findtext("pubDate")),
            unescape(item.findtext("description") or ""),
            item.findtext(CONTENT),
            [category.text for category in item.findall("category")],
            [media.get("url") for media in item.findall("enclosure")],
        )
        for item in channel.findall("item")
    ]
    atom = [
        (
            entry.findtext(f"{ATOM}id"),
            entry.findtext(f"{ATOM}title"),
            next(link.get("href") for link in entry.findall(f"{ATOM}link") if link.get("rel") == "alternate"),
            moment(entry.findtext(f"{ATOM}published")),
            entry.findtext(f"{ATOM}summary"),
            entry.findtext(f"{ATOM}content"),
            [category.get("term") for category in entry.findall(f"{ATOM}category")],
            [link.get("href") for link in entry.findall(f"{ATOM}link") if link.get("rel") == "enclosure"],
        )
        for entry in root.findall(f"{ATOM}entry")
    ]
    as_json = [
        (
            item["id"],
            item["title"],
            item["url"],
            moment(item["date_published"]),
            item["summary"],
            item["content_html"],
            item.get("tags", []),
            [media["url"] for media in item.get("attachments", [])],
        )
        for item in json.loads(files["json"])["items"]
    ]
    assert rss == atom == as_json


def test_opml_lists_every_feed_with_text_type_and_address() -> None:
    """A list of subscriptions has all that programs need of a feed."""
    root = ElementTree.fromstring(opml.to_bytes(make_config().site, (MAIN, HEARD), SET_UP))

    for outline in root.iter("outline"):
        assert outline.get("text")
        assert outline.get("type") == "rss"
        assert (outline.get("xmlUrl") or "").startswith("https://")
