"""One test for each fault of feedgen that concerns us.

Where it is not plain to see, the test shows on feedgen's own output that the fault is real, and so that it
would notice the mend being lost.
"""

from __future__ import annotations

import locale
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import feedgen.entry
import feedgen.feed
import pytest
from feedgen.feed import FeedGenerator

from feedmaker.errors import GateError
from feedmaker.feeds import atom, json_feed, rss
from feedmaker.feeds.feed import Feed
from feedmaker.feeds.mends import rfc822
from feedmaker.feeds.outline import Format
from tests.feeds.samples import (
    FIRST,
    HUB,
    archived_feed,
    feed_of,
    make_config,
    make_item,
    podcast_feed,
    sample_feed,
    written,
)

ATOM = "{http://www.w3.org/2005/Atom}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
CREATOR = "{http://purl.org/dc/elements/1.1/}creator"
XML: tuple[Format, ...] = ("rss", "atom")


def plain_feedgen() -> Any:
    """Use feedgen as its own documentation does."""
    generator = FeedGenerator()
    generator.id("https://example.org/")
    generator.title("Notes")
    generator.description("Notes")
    generator.link(href="https://example.org/", rel="alternate")
    entry = generator.add_entry()
    entry.id("tag:example.org,2026:a")
    entry.title("A & B")
    entry.content("<p>Hello</p>", type="CDATA")
    entry.link(href="https://example.org/a/", rel="alternate", type="text/html")
    entry.published(FIRST)
    return generator


def rss_items(feed: Feed) -> list[ElementTree.Element]:
    """Return the items of a feed as RSS."""
    return ElementTree.fromstring(rss.to_bytes(feed)).findall("channel/item")


def atom_entries(feed: Feed) -> list[ElementTree.Element]:
    """Return the entries of a feed as Atom."""
    return ElementTree.fromstring(atom.to_bytes(feed)).findall(f"{ATOM}entry")


def test_f1_links_of_entries_keep_their_attributes() -> None:
    """An enclosure is an enclosure, so no reader opens the recording in place of the page."""
    raw = ElementTree.fromstring(plain_feedgen().atom_str()).findall(f"{ATOM}entry/{ATOM}link")
    assert [link.attrib for link in raw] == [{"href": "https://example.org/a/"}]

    links = [link.attrib for link in atom_entries(sample_feed())[0].findall(f"{ATOM}link")]

    assert links == [
        {"rel": "alternate", "type": "text/html", "href": "https://example.org/notes/episodes/e3/"},
        {
            "rel": "enclosure",
            "type": "audio/mpeg",
            "href": "https://media.example/a.mp3?x=1&y=2",
            "length": "61234567",
        },
    ]


def test_f2_and_f6_atom_content_is_html() -> None:
    """Content says that it is HTML, and a summary that it is text; nothing is CDATA."""
    raw = ElementTree.fromstring(plain_feedgen().atom_str()).find(f"{ATOM}entry/{ATOM}content")
    assert raw is not None
    assert raw.get("type") == "CDATA"

    for entry in atom_entries(sample_feed()):
        types = {child.tag: child.get("type") for child in entry}
        assert (types[f"{ATOM}content"], types[f"{ATOM}summary"], types[f"{ATOM}title"]) == (
            "html",
            "text",
            None,
        )
    assert all(b"CDATA" not in data for data in written(sample_feed()).values())


def test_f3_rss_link_is_the_site() -> None:
    """The link of the channel is the page for people, never the feed."""
    generator = plain_feedgen()
    generator.link(href="https://example.org/feed.xml", rel="self")
    raw = ElementTree.fromstring(generator.rss_str())
    assert raw.findtext("channel/link") == "https://example.org/feed.xml"

    root = ElementTree.fromstring(rss.to_bytes(sample_feed()))

    assert root.findtext("channel/link") == "https://example.org/notes/"


def test_f4_each_format_links_to_itself() -> None:
    """Neither format names the other's file as itself."""
    feed = sample_feed()
    links = {
        kind: [
            link.attrib
            for link in ElementTree.fromstring(written(feed)[kind]).iter(f"{ATOM}link")
            if link.get("rel") == "self"
        ]
        for kind in XML
    }

    assert links == {
        "rss": [{"rel": "self", "type": "application/rss+xml", "href": feed.addresses["rss"]}],
        "atom": [{"rel": "self", "type": "application/atom+xml", "href": feed.addresses["atom"]}],
    }


class _AnyDatetime(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, datetime)


class _OtherClock(metaclass=_AnyDatetime):
    """A clock that stands in 1999."""

    @staticmethod
    def now(zone: object = None) -> datetime:
        return datetime(1999, 12, 31, tzinfo=UTC)


def test_f5_no_time_comes_from_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bytes are the same whenever they are written, with items and without."""
    empty = feed_of([])
    before = [written(sample_feed()), written(empty)]
    for module in (feedgen.feed, feedgen.entry):
        monkeypatch.setattr(module, "datetime", _OtherClock)
    assert b"1999" in plain_feedgen().rss_str()
    assert b"1999" in plain_feedgen().atom_str()

    assert [written(sample_feed()), written(empty)] == before


def test_f5_time_of_the_feed_is_that_of_its_last_change() -> None:
    """LastBuildDate and updated say when an item changed."""
    feed = sample_feed()

    assert ElementTree.fromstring(rss.to_bytes(feed)).findtext("channel/lastBuildDate") == rfc822(
        feed.updated
    )
    updated = ElementTree.fromstring(atom.to_bytes(feed)).findtext(f"{ATOM}updated")
    assert updated == feed.updated.isoformat()


def test_f7_content_does_not_land_in_the_description() -> None:
    """An item has a plain summary, and the whole note in content:encoded after it."""
    raw = ElementTree.fromstring(plain_feedgen().rss_str())
    assert raw.findtext("channel/item/description") == "<p>Hello</p>"

    feed = sample_feed()
    for element, item in zip(rss_items(feed), feed.items, strict=True):
        names = [child.tag for child in element]
        assert element.findtext(CONTENT) == item.html
        assert names.index("description") + 1 == names.index(CONTENT)


@pytest.mark.parametrize("writer", [rss, atom])
@pytest.mark.parametrize("sign", ["\x00", "\x1b", "\ufffe", "\ud800"])
def test_f8_bad_character_names_the_item(writer: Any, sign: str) -> None:
    """A character that XML has not is refused with the episode that holds it, not with a bare ValueError."""
    generator = plain_feedgen()
    generator.title(f"Bad {sign}")
    with pytest.raises(ValueError, match=r"XML|surrogates"):
        generator.rss_str()

    with pytest.raises(GateError, match=rf"Bad.*tag:example\.org,2026:e3.*U\+{ord(sign):04X}"):
        writer.to_bytes(sample_feed(title=f"Bad {sign}"))


def test_f8_json_cannot_hold_half_a_character() -> None:
    """JSON has escapes for control characters, but UTF-8 has none for a lone surrogate."""
    with pytest.raises(GateError, match=r"tag:example\.org,2026:e3.*U\+D800"):
        json_feed.to_bytes(sample_feed(title="Bad \ud800"))


def test_f9_other_faults_are_gate_errors_too() -> None:
    """A time without zone, which feedgen refuses, comes out as an error of ours."""
    item = make_item()
    feed = feed_of([])
    feed = replace(feed, items=(replace(item, updated=item.updated.replace(tzinfo=None)),))

    with pytest.raises(GateError, match=r"cannot be written.*timezone"):
        atom.to_bytes(feed)


def test_f10_order_is_kept() -> None:
    """The first item of the feed is the first in every file."""
    feed = sample_feed()
    ids = [item.id for item in feed.items]

    assert [item.findtext("guid") for item in rss_items(feed)] == ids
    assert [entry.findtext(f"{ATOM}id") for entry in atom_entries(feed)] == ids


def test_f11_author_with_mail_address_is_an_rss_author() -> None:
    """Each item names the author as RSS has it: address and name."""
    for item in rss_items(sample_feed()):
        assert [author.text for author in item.findall("author")] == ["jane@example.org (Jane Doe)"]
        assert item.find(CREATOR) is None


@pytest.mark.parametrize(
    "author",
    [
        {"name": "Jane Doe"},
        {"name": "Jane (editor", "email": "jane@example.org"},
        {"name": "Jane \\ Doe", "email": "jane@example.org"},
        {"name": "Jane", "email": "ja(ne@example.org"},
    ],
    ids=["no address", "bracket", "backslash", "bracket in the address"],
)
def test_f11_other_authors_are_creators(author: dict[str, str]) -> None:
    """An author whom the form of RSS cannot name is in each item all the same."""
    config = make_config(author=author)
    feed = feed_of([make_item(1, config), make_item(2, config)], config)

    for item in rss_items(feed):
        assert [creator.text for creator in item.findall(CREATOR)] == [author["name"]]
        assert item.find("author") is None


def test_f11_every_atom_entry_has_its_author() -> None:
    """Few readers look above the entry."""
    for entry in atom_entries(sample_feed()):
        assert [(child.tag, child.text) for child in entry.findall(f"{ATOM}author/*")] == [
            (f"{ATOM}name", "Jane Doe"),
            (f"{ATOM}email", "jane@example.org"),
            (f"{ATOM}uri", "https://example.org/jane"),
        ]


def test_f18_locale_of_the_process_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dates are written without setlocale, which would change every thread of the process."""

    def refuse(*_: object) -> str:
        raise AssertionError("the locale was touched")

    monkeypatch.setattr(locale, "setlocale", refuse)
    with pytest.raises(AssertionError, match="touched"):
        plain_feedgen().rss_str()

    assert set(written(sample_feed())) == {"rss", "atom", "json"}


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        ("2026-11-03T08:00:00+00:00", "Tue, 03 Nov 2026 08:00:00 GMT"),
        ("2024-02-29T23:59:59+00:00", "Thu, 29 Feb 2024 23:59:59 GMT"),
        ("2027-01-01T00:30:00+01:00", "Thu, 31 Dec 2026 23:30:00 GMT"),
    ],
)
def test_f18_dates_of_rss(moment: str, text: str) -> None:
    """A date has the right weekday, four digits of year, and is in GMT."""
    assert rfc822(datetime.fromisoformat(moment)) == text


def test_f21_nothing_handed_over_is_changed() -> None:
    """A feed can be written twice, in any order, with the same bytes."""
    feed = sample_feed()
    before = repr(feed)

    first = written(feed)

    assert written(feed) == first
    assert repr(feed) == before


def test_titles_use_the_references_of_the_rss_profile() -> None:
    """In plain text & < > are hexadecimal references, which no reader takes for markup."""
    assert b"<title>A &amp; B</title>" in plain_feedgen().rss_str()

    files = written(sample_feed(title="AT&T &lt; <b>", tags=("R&D",)))

    for kind in XML:
        assert b"<title>AT&#x26;T &#x26;lt; &#x3C;b&#x3E;</title>" in files[kind]
        assert b"<title>Notes &#x26; &#x3C;things&#x3E;</title>" in files[kind]
    assert b"<category>R&#x26;D</category>" in files["rss"]
    assert b'<category term="R&amp;D"/>' in files["atom"]


def test_prefixes_are_declared_where_they_are_used() -> None:
    """A root declares what its document holds; the podcast's prefixes are looked for on it by programs."""
    bare = written(feed_of([make_item(image=None)]))
    full, archived, heard = written(sample_feed()), written(archived_feed()), written(podcast_feed())

    def prefixes(data: bytes) -> set[str]:
        root = re.search(rb"<(rss|feed) [^>]*>", data)
        assert root is not None
        return set(re.findall(r"xmlns:(\w+)", root[0].decode()))

    assert (prefixes(bare["rss"]), prefixes(bare["atom"])) == ({"atom", "content", "dc"}, set())
    assert (prefixes(full["rss"]), prefixes(full["atom"])) == (
        {"atom", "content", "dc", "media"},
        {"at", "media"},
    )
    assert prefixes(archived["rss"]) - prefixes(full["rss"]) == {"fh"}
    assert prefixes(archived["atom"]) - prefixes(full["atom"]) == {"fh"}
    assert prefixes(heard["rss"]) == {"atom", "content", "dc", "itunes", "media", "podcast"}


def test_hubs_and_volumes_are_links() -> None:
    """Links to other documents say of which type they are; a hub has none."""
    feed = sample_feed()

    for kind in XML:
        links = [
            link.attrib
            for link in ElementTree.fromstring(written(feed)[kind]).iter(f"{ATOM}link")
            if link.get("rel") in ("hub", "prev-archive", "current")
        ]
        address = "https://example.org/notes/archive/7." + {"rss": "xml", "atom": "atom"}[kind]
        assert links == [
            {"rel": "hub", "href": HUB},
            {"rel": "prev-archive", "href": address, "type": f"application/{kind}+xml"},
        ]


def test_stylesheet_is_css() -> None:
    """Browsers show the document with a stylesheet that is no program, wherever the site is looked at."""
    current, archived = feed_of([]), feed_of([], volume=1)

    for kind in XML:
        for feed, address in ((current, b"feed.css"), (archived, b"../feed.css")):
            told = b'<?xml-stylesheet type="text/css" href="%s"?>' % address
            assert written(feed)[kind].split(b"\n")[1] == told


def test_feed_names_feedmaker_and_nothing_else() -> None:
    """The generator is our name without version, for an upgrade changes no feed."""
    assert b"rssboard" in plain_feedgen().rss_str()

    files = written(sample_feed())

    for kind in XML:
        assert b"<generator>feedmaker</generator>" in files[kind]
        assert b"feedgen" not in files[kind]
        assert b"rssboard" not in files[kind]


SCRIPT = """
import hashlib
from tests.feeds.samples import sample_feed, written
print(hashlib.sha256(repr(written(sample_feed())).encode()).hexdigest())
"""


def test_environment_changes_no_byte() -> None:
    """Zone, locale and the seed of hashes mean nothing to a feed."""
    environments = (
        {"TZ": "Asia/Tokyo", "PYTHONHASHSEED": "1", "LC_ALL": "C.UTF-8"},
        {"TZ": "America/New_York", "PYTHONHASHSEED": "2", "LC_ALL": "C"},
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            cwd=Path(__file__).parents[2],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for environment in environments
    }

    assert len(printed) == 1
