"""The gate: each rule is shown by a fault planted in bytes or in a feed that are good without it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from lxml import etree

from feedmaker.errors import GateError
from feedmaker.feeds import gate
from feedmaker.feeds.feed import Feed, Tombstone
from feedmaker.feeds.outline import Format
from feedmaker.merchants import BuyLink
from feedmaker.model import Media
from tests.feeds.samples import (
    all_feeds,
    archived_feed,
    feed_of,
    make_config,
    make_episode,
    make_item,
    podcast_feed,
    recommendation_feed,
    sample_feed,
    written,
)

Files = dict[Format, bytes]
ITUNES = b"http://www.itunes.com/dtds/podcast-1.0.dtd"
HISTORY = "http://purl.org/syndication/history/1.0"
ADDRESSES = sample_feed().addresses
ITEM = '"Deep Learning & <vision>" (tag:example.org,2026:e3)'


def faults_of(feed: Feed, files: Files) -> list[str]:
    """Return the faults that the gate lists, without what stands around them."""
    with pytest.raises(GateError) as caught:
        gate.check(feed, files)
    first, *faults, last = str(caught.value).split("\n")
    assert first == "the feeds stay as they were, for the new ones would be wrong:"
    assert last == "mend the notes that are named here; if nothing is wrong with them, report this"
    return faults


def with_change(name: Format, old: str, new: str) -> Files:
    """Return the sample's files, with the first place of `old` in one of them replaced."""
    files = written(sample_feed())
    assert old.encode() in files[name]
    return files | {name: files[name].replace(old.encode(), new.encode(), 1)}


def test_good_feeds_pass() -> None:
    """Nothing is wrong with what the writers write, be it much or nothing."""
    config = make_config(author="Jane")
    for feed in (*all_feeds().values(), feed_of([make_item(1, config), make_item(2, config)], config)):
        gate.check(feed, written(feed))


@pytest.mark.parametrize("name", ["rss", "atom", "json"])
def test_missing_file_is_named(name: Format) -> None:
    """All three formats are published, or none."""
    files = written(sample_feed())
    del files[name]

    assert faults_of(sample_feed(), files) == [f"{ADDRESSES[name]} is missing"]


@pytest.mark.parametrize(
    ("name", "damage", "fault"),
    [
        ("rss", lambda data: b"\xef\xbb\xbf" + data, "does not begin with an XML declaration"),
        ("rss", lambda data: b"\n" + data, "does not begin with an XML declaration"),
        ("atom", lambda data: data.split(b"\n", 1)[1], "does not begin with an XML declaration"),
        ("atom", lambda data: data[:-9], "is no XML in UTF-8"),
        ("rss", lambda data: data.replace(b"Jane", b"\xe9"), "is no XML in UTF-8"),
        ("rss", lambda data: data.replace(b"Jane", b"&#1;"), "is no XML in UTF-8"),
        ("rss", lambda data: data.replace(b"Jane", b"&nbsp;"), "is no XML in UTF-8"),
        (
            "rss",
            lambda data: data.replace(b"<rss", b'<!DOCTYPE rss [<!ENTITY a "b">]><rss'),
            "has a document type",
        ),
        (
            "rss",
            lambda data: data.decode().replace("UTF-8", "ISO-8859-1").encode(),
            "does not say that it is UTF-8",
        ),
        ("rss", lambda _: written(sample_feed())["atom"], "is no RSS"),
        ("atom", lambda _: written(sample_feed())["rss"], "is no Atom"),
        ("json", lambda data: b"\xef\xbb\xbf" + data, "is no JSON in UTF-8"),
        ("json", lambda data: data[:-3], "is no JSON in UTF-8"),
        ("json", lambda data: data.replace(b"Jane", b"\xe9"), "is no JSON in UTF-8"),
        ("json", lambda data: data.replace(b"5100", b"NaN"), "is no JSON in UTF-8: NaN is no JSON"),
        ("json", lambda _: b"[]", "is no JSON object"),
        ("json", lambda _: b"{}", "has no items"),
        ("json", lambda _: b'{"items": [1]}', "items is no list of objects"),
        ("json", lambda _: b'{"items": {}}', "items is no list of objects"),
    ],
    ids=[
        "byte order mark",
        "blank line",
        "no declaration",
        "cut off",
        "Latin-1",
        "control character",
        "HTML entity",
        "document type",
        "other encoding",
        "Atom for RSS",
        "RSS for Atom",
        "byte order mark in JSON",
        "JSON cut off",
        "Latin-1 in JSON",
        "NaN",
        "list",
        "nothing",
        "list of numbers",
        "object for list",
    ],
)
def test_damaged_file_is_refused(name: Format, damage: Callable[[bytes], bytes], fault: str) -> None:
    """What is not well-formed, not UTF-8 or not the format it is named after is never published."""
    files = written(sample_feed())
    files[name] = damage(files[name])

    (said,) = faults_of(sample_feed(), files)

    assert said.startswith(f"{ADDRESSES[name]}: ")
    assert fault in said


@pytest.mark.parametrize(
    ("name", "old", "new", "fault"),
    [
        ("rss", 'version="2.0"', 'version="0.91"', "version"),
        ("rss", "<title>Notes &#x26; &#x3C;things&#x3E;</title>", "", "title"),
        (
            "rss",
            "<link>https://example.org/notes/</link>",
            "<link>https://example.org/feed.xml</link>",
            "home",
        ),
        ("rss", 'rel="self"', 'rel="hub"', "link to itself"),
        ("rss", "application/rss+xml", "text/xml", "link to itself"),
        ("rss", "<description>What was", "<description>Who was", "description"),
        ("rss", "<language>en", "<language>fr", "language"),
        (
            "rss",
            "Thu, 05 Nov 2026 09:00:00 GMT</last",
            "05 Nov 2026 09:00 GMT</last",
            "time of the last change",
        ),
        ("atom", "<id>https://example.org/notes/atom.xml", "<id>https://example.org/", "id"),
        ("atom", "<title>Notes", "<title>Note", "title"),
        ("atom", 'rel="self"', 'rel="next"', "link to itself"),
        ("atom", 'rel="alternate"', 'rel="related"', "link to the site"),
        ("atom", "<subtitle>What", "<subtitle>Who", "description"),
        ("atom", 'xml:lang="en"', "", "language"),
        ("atom", "2026-11-05T09:00:00+00:00", "2026-11-05T09:00:00", "time of the last change"),
        ("atom", "<name>Jane Doe</name>", "", "authors"),
        ("json", "version/1.1", "version/1", "version"),
        ("json", '"title":"Notes & <things>",', "", "title"),
        ("json", '"home_page_url":"https://example.org/notes/"', '"home_page_url":"/"', "home"),
        ("json", "notes/feed.json", "notes/feed.xml", "feed_url"),
        ("json", '"description":"What', '"description":"Who', "description"),
        ("json", '"language":"en"', '"language":7', "language"),
        ("json", '"authors":[{"name":"Jane Doe",', '"authors":[{', "authors"),
        ("rss", 'rel="hub" href="https://hub.example/', 'rel="hub" href="https://bub.example/', "hubs"),
        ("rss", 'rel="prev-archive"', 'rel="previous"', "volume before"),
        ("rss", "archive/7.xml", "archive/6.xml", "volume before"),
        (
            "rss",
            "<lastBuildDate>",
            '<a:link xmlns:a="http://www.w3.org/2005/Atom" rel="current"/><lastBuildDate>',
            "feed to subscribe to",
        ),
        ("rss", "<lastBuildDate>", f"<archive xmlns='{HISTORY}'/><lastBuildDate>", "is archived"),
        ("rss", "<url>https://example.org/notes/i.png", "<url>https://example.org/notes/o.png", "picture"),
        ("rss", "<image>", "<image><title/>", "picture"),
        ("rss", "<image>", "<image/><image>", "picture"),
        ("atom", 'rel="hub"', 'rel="hug"', "hubs"),
        ("atom", 'rel="prev-archive"', 'rel="next-archive"', "volume before"),
        ("atom", 'archive/7.atom" type="application/atom+xml"', 'archive/7.atom"', "volume before"),
        ("atom", "<generator>", '<link rel="current"/><generator>', "feed to subscribe to"),
        ("atom", "<generator>", f"<archive xmlns='{HISTORY}'/><generator>", "is archived"),
        ("atom", "<logo>https", "<logo>http", "picture"),
        ("atom", "<icon>https", "<icon>http", "picture"),
        ("atom", "2026:gone", "2026:e3", "taken back"),
        ("atom", 'when="2026-11-02T08:00:00Z"', 'when="2026-11-02"', "taken back"),
        ("atom", "at:deleted-entry ref", "at:removed-entry ref", "taken back"),
        ("json", '"icon":"https', '"icon":"http', "picture"),
        ("json", '"url":"https://hub.example/', '"url":"https://bub.example/', "hubs"),
        ("json", '"next_url"', '"_next_url"', "next_url"),
        ("json", '"home_page_url"', '"favicon":null,"home_page_url"', "members that no JSON Feed has"),
        ("json", '"home_page_url"', '"author":{},"home_page_url"', "members that no JSON Feed has"),
        ("json", '"home_page_url"', '"_":{},"home_page_url"', "members that no JSON Feed has"),
        ("json", '"home_page_url"', '"_a.b":{},"home_page_url"', "members that no JSON Feed has"),
        ("json", '"home_page_url"', '"_a":{"_b":1},"home_page_url"', "members that no JSON Feed has"),
        ("json", '"home_page_url"', '"_a":[{"b.c":1}],"home_page_url"', "members that no JSON Feed has"),
    ],
    ids=str,
)
def test_what_a_file_says_of_the_feed(name: Format, old: str, new: str, fault: str) -> None:
    """Each required element of the whole is there, once, and says what the feed says."""
    said = faults_of(sample_feed(), with_change(name, old, new))

    assert any(line.startswith(f"{ADDRESSES[name]}: {fault}: found ") for line in said), said
    assert not any("(tag:" in line for line in said if fault != "language")


@pytest.mark.parametrize(
    ("name", "old", "new", "fault"),
    [
        ("rss", "2026:e3</guid>", "2026:e9</guid>", "id"),
        ("rss", '<guid isPermaLink="false">tag:example.org,2026:e3</guid>', "", "id"),
        ("rss", 'isPermaLink="false"', "", "id is a permalink"),
        ("rss", "episodes/e3/</link>", "episodes/e4/</link>", "url"),
        ("rss", "<title>Deep", "<title>Shallow", "title"),
        ("rss", "<title>Deep", "<title>Deep</title><title>Deep", "title"),
        ("rss", "<title>Deep", "<title><b/>Deep", "title"),
        ("rss", "Thu, 05 Nov 2026 08:00:00 GMT", "Fri, 05 Nov 2026 08:00:00 GMT", "time of publishing"),
        ("rss", "Thu, 05 Nov 2026 08:00:00 GMT", "Thu, 05 Nov 2026 08:00:00", "time of publishing"),
        ("rss", "Thu, 05 Nov 2026 08:00:00 GMT", "Thu, 05 Nov 26 08:00:00 GMT", "time of publishing"),
        ("rss", "Thu, 05 Nov 2026 08:00:00 GMT", "Thu, 35 Nov 2026 08:00:00 GMT", "time of publishing"),
        (
            "rss",
            "Thu, 05 Nov 2026 08:00:00 GMT",
            "Thu, 05 Nov 2026 08:00:00 -0000",
            "time of publishing",
        ),
        ("rss", "Thu, 05 Nov 2026 08:00:00 GMT", "Thu, 05 Nov 2026 08:00:01 GMT", "time of publishing"),
        ("rss", "Thu, 05 Nov 2026 08:00:00 GMT", "2026-11-05T08:00:00Z", "time of publishing"),
        ("rss", "A lecture on", "A talk on", "summary"),
        ("rss", "1 &#x26;lt; 2", "1 &#x26;lt;b&#x26;gt; 2", "summary"),
        ("rss", "spectrograms".title(), "Spectrogram", "content"),
        ("rss", "<author>jane@example.org (Jane Doe)</author>", "", "authors"),
        ("rss", "<author>jane@example.org (Jane Doe)", "<author>Jane Doe", "authors"),
        ("rss", "<category>R&#x26;D</category>", "", "tags"),
        ("rss", 'length="61234567"', 'length="58 MB"', "recordings"),
        ("rss", 'length="61234567"', "", "recordings"),
        ("rss", 'type="audio/mpeg"', "", "recordings"),
        ("rss", 'url="https://media.example/a.mp3', 'url="a.mp3', "recordings"),
        ("rss", "<item>", '<item xml:lang="fr">', "language"),
        ("rss", '<media:thumbnail url="https://media.example/a.jpg"', "<media:thumbnail", "image"),
        ("rss", "<media:thumbnail", '<media:thumbnail url="x"/><media:thumbnail', "image"),
        ("atom", "media:thumbnail", "media:content", "image"),
        ("atom", "<id>tag:example.org,2026:e3</id>", "", "id"),
        ("atom", "<title>Deep", "<title>Shallow", "title"),
        ("atom", "<title>Deep", '<title type="html">Deep', "types of title, summary and content"),
        ("atom", '<summary type="text">', '<summary type="html">', "types of title, summary and content"),
        ("atom", '<content type="html">', "<content>", "types of title, summary and content"),
        ("atom", '<content type="html">', '<content type="html">!', "content"),
        ("atom", '<summary type="text">A', '<summary type="text">The', "summary"),
        (
            "atom",
            "<published>2026-11-05T08:00:00+00:00",
            "<published>2026-11-05 08:00",
            "time of publishing",
        ),
        (
            "atom",
            "<published>2026-11-05T08:00:00+00:00",
            "<published>2026-13-05T08:00:00Z",
            "time of publishing",
        ),
        ("atom", '<category term="R&amp;D"/>', "<category/>", "tags"),
        ("atom", 'rel="enclosure"', 'rel="alternate"', "link to the page"),
        ("atom", 'rel="enclosure"', 'rel="alternate"', "recordings"),
        ("atom", 'href="https://example.org/notes/episodes/e3/"', 'href="e3/"', "link to the page"),
        ("atom", "<entry>", '<entry xml:lang="fr">', "language"),
        ("json", '"id":"tag:example.org,2026:e3"', '"id":3', "id"),
        ("json", "episodes/e3/", "episodes/e4/", "url"),
        ("json", '"title":"Deep', '"title":"Shallow', "title"),
        ("json", '"summary":"A', '"summary":"The', "summary"),
        ("json", '"content_html":"', '"content_html":" ', "content"),
        ("json", '"date_published":"2026-11-05T08:00:00Z"', '"date_published":1', "time of publishing"),
        (
            "json",
            '"date_modified":"2026-11-05T09',
            '"date_modified":"2026-11-05T10',
            "time of the last change",
        ),
        ("json", '"R&D"', '"RD"', "tags"),
        ("json", "61234567", '"61234567"', "recordings"),
        ("json", "61234567", "61234568", "recordings"),
        ("json", '"audio/mpeg"', '"audio/ogg"', "recordings"),
        (
            "json",
            '"size_in_bytes":61234567,"duration_in_seconds":5100',
            '"size_in_bytes":61234567',
            "duration",
        ),
        ("json", "https://media.example/a.jpg", "a.jpg", "image"),
        ("json", '"aired":"2015-03-14"', '"aired":"2016-09-28"', "_episode_notes"),
    ],
    ids=str,
)
def test_what_a_file_says_of_an_item(name: Format, old: str, new: str, fault: str) -> None:
    """Each fact of an item is the same in every format, and a difference names file, item and fact."""
    said = faults_of(sample_feed(), with_change(name, old, new))

    assert any(line.startswith(f"{ADDRESSES[name]}: {ITEM}: {fault}: found ") for line in said), said


@pytest.mark.parametrize(
    ("name", "old", "new", "fault"),
    [
        ("rss", "<fh:archive/>", "", "is archived"),
        ("rss", 'rel="current"', 'rel="via"', "feed to subscribe to"),
        ("rss", 'rel="current" href="https', 'rel="current" href="http', "feed to subscribe to"),
        ("rss", 'rel="prev-archive"', 'rel="prev"', "volume before"),
        ("rss", "<fh:archive/>", '<atom:link rel="hub" href="https://hub.example/"/><fh:archive/>', "hubs"),
        ("atom", "<fh:archive/>", "", "is archived"),
        ("atom", 'rel="current"', 'rel="via"', "feed to subscribe to"),
        ("atom", "<fh:archive/>", '<fh:archive/><link rel="prev-archive"/>', "volume before"),
        (
            "atom",
            "<id>https://example.org/notes/atom.xml",
            "<id>https://example.org/notes/archive/7.atom",
            "id",
        ),
        ("json", "archive/6.json", "archive/7.json", "next_url"),
    ],
    ids=str,
)
def test_what_a_volume_says_of_itself(name: Format, old: str, new: str, fault: str) -> None:
    """An archived document says that it is one, and which documents it belongs to."""
    feed = archived_feed()
    files = written(feed)
    changed = files[name].replace(old.encode(), new.encode(), 1)
    assert changed != files[name]

    (said,) = faults_of(feed, files | {name: changed})

    assert said.startswith(f"{feed.addresses[name]}: {fault}: found ")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"kind":"recommended"', '"kind":"own"'),
        ('"creator_inferred":true', '"creator_inferred":false'),
        ('"at_in_seconds":3743', '"at_in_seconds":"3743"'),
        ('"paid":true', '"paid":false'),
        ('"also":[', '"others":['),
        ('"_recommendation"', '"_recommended"'),
    ],
)
def test_data_of_a_recommendation_is_checked(old: str, new: str) -> None:
    """What programs read of a recommendation is what the feed says."""
    feed = recommendation_feed()
    files = written(feed)
    changed = files["json"].replace(old.encode(), new.encode(), 1)
    assert changed != files["json"]

    (said,) = faults_of(feed, files | {"json": changed})

    assert said.startswith(
        f'{feed.addresses["json"]}: "Liftlib" (tag:example.org,2026:e3#r0): _recommendation: found '
    )


# What may be missing and nobody would miss it: who made the file, what is the default, and what only repeats.
NOT_MISSED = {
    ("generator", ""),
    ("summary", "type"),
    ("person", "group"),
    ("itunes author", ""),
    ("itunes title", ""),
    ("podping", ""),
    ("podping", "usesPodping"),
    ("channel person", ""),
    ("channel person", "role"),
    ("channel person", "group"),
}


def name_of(element: etree._Element) -> str:
    """Name an element by its tag; of a podcast's some need what tells them from others of that name."""
    name = etree.QName(element)
    parent = element.getparent()
    if name.localname == "person" and parent is not None and parent.tag == "channel":
        return "channel person"
    repeats = "itunes.com" in (name.namespace or "") and name.localname in ("author", "title")
    return f"itunes {name.localname}" if repeats else name.localname


def without_each_part(data: bytes) -> Iterator[tuple[tuple[str, str], bytes]]:
    """Leave out each element and each attribute in turn; what is yielded first names it."""
    count = len(list(etree.fromstring(data).iter(etree.Element)))
    for number in range(1, count):
        tree = etree.fromstring(data)
        element = list(tree.iter(etree.Element))[number]
        name = name_of(element)
        for attribute, value in list(element.attrib.items()):
            del element.attrib[attribute]
            yield (name, str(attribute)), etree.tostring(tree, encoding="UTF-8", xml_declaration=True)
            element.set(attribute, value)
        parent = element.getparent()
        assert parent is not None
        parent.remove(element)
        yield (name, ""), etree.tostring(tree, encoding="UTF-8", xml_declaration=True)


@pytest.mark.parametrize(
    ("name", "kind"),
    [(name, kind) for name, feed in all_feeds().items() for kind in feed.addresses if kind != "json"],
)
def test_nothing_of_a_document_may_be_missing(name: str, kind: Format) -> None:
    """Each element and each attribute that is left out of a document is noticed."""
    feed = all_feeds()[name]
    files = written(feed)

    for part, data in without_each_part(files[kind]):
        if part not in NOT_MISSED:
            with pytest.raises(GateError):
                gate.check(feed, files | {kind: data})


def without_each_member(value: Any) -> Iterator[str]:
    """Leave out each member and each element of JSON in turn; what is yielded names it."""
    if isinstance(value, dict):
        for name in list(value):
            member = value.pop(name)
            yield name
            value[name] = member
            yield from without_each_member(member)
    elif isinstance(value, list):
        for number, element in enumerate(list(value)):
            del value[number]
            yield str(number)
            value.insert(number, element)
            yield from without_each_member(element)


@pytest.mark.parametrize("name", [name for name in all_feeds() if name != "podcast"])
def test_no_member_of_a_json_feed_may_be_missing(name: str) -> None:
    """Each member that is left out, however deep it stands, is noticed."""
    feed = all_feeds()[name]
    files = written(feed)
    document = json.loads(files["json"])

    for _ in without_each_member(document):
        with pytest.raises(GateError):
            gate.check(feed, files | {"json": json.dumps(document, ensure_ascii=False).encode()})


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('itunes:image href="https://example.org/art', 'itunes:image href="https://example.org/b', "artwork"),
        ('<itunes:category text="Books"/>', "", "categories"),
        ("<podcast:guid>9", "<podcast:guid>8", "podcast:guid"),
        (">yes</podcast:locked>", ">no</podcast:locked>", "podcast:locked"),
        ("<podcast:medium>podcast", "<podcast:medium>music", "podcast:medium"),
        ("<itunes:explicit>false", "<itunes:explicit>clean", "explicit"),
        ("<itunes:type>episodic", "<itunes:type>serial", "kind of podcast"),
    ],
)
def test_what_a_podcast_says_of_itself(old: str, new: str, fault: str) -> None:
    """Directories get the artwork, the categories and the ids that the feed has."""
    feed = podcast_feed()
    changed = written(feed)["rss"].replace(old.encode(), new.encode(), 1)
    assert changed != written(feed)["rss"]

    (said,) = faults_of(feed, {"rss": changed})

    assert said.startswith(f"{feed.addresses['rss']}: {fault}: found ")


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("<itunes:duration>5100", "<itunes:duration>1:25:00", "length"),
        ("<itunes:episodeType>full", "<itunes:episodeType>bonus", "kind of episode"),
        ("<itunes:season>2", "<itunes:season>3", "season"),
        ("<itunes:episode>11", "<itunes:episode>12", "number"),
        ('role="guest" group="cast">Noor', 'role="host" group="cast">Noor', "people"),
        (">Noor Halloran</podcast", ">Noor</podcast", "people"),
        ('type="text/vtt"', 'type="text/plain"', "transcripts"),
        ("application/json+chapters", "application/json", "chapters"),
        ("e1/chapters.json", "e2/chapters.json", "chapters"),
        ('startTime="3743.0"', 'startTime="3743"', "soundbites"),
        (">Nine of ten lifts …</podcast", ">Ten of ten lifts …</podcast", "soundbites"),
        ('<itunes:image href="https://media.', '<itunes:image href="http://media.', "artwork"),
    ],
)
def test_what_a_podcast_says_of_an_episode(old: str, new: str, fault: str) -> None:
    """Players get the times, people, chapters and transcripts that the feed has."""
    transcripts = (Media("https://media.example/a.vtt", "text/vtt"),)
    feed = podcast_feed(make_episode(season=2, number=11, transcripts=transcripts))
    changed = written(feed)["rss"].replace(old.encode(), new.encode(), 1)
    assert changed != written(feed)["rss"]

    (said,) = faults_of(feed, {"rss": changed})

    assert f"(tag:example.org,2026:e1): {fault}: found " in said


def test_podcast_is_told_by_its_prefix() -> None:
    """A podcast feed that lost what programs know it by is refused, as is a feed of notes that claims it."""
    heard, read = podcast_feed(), sample_feed()
    lost = written(heard)["rss"].replace(ITUNES, b"http://example.org/other")
    claimed = written(read)["rss"].replace(b"<rss ", b'<rss xmlns:itunes="%s" ' % ITUNES)

    assert any(": is a podcast: found False" in line for line in faults_of(heard, {"rss": lost}))
    assert any(
        ": is a podcast: found True" in line for line in faults_of(read, written(read) | {"rss": claimed})
    )


def test_document_without_moments_has_none() -> None:
    """A PDF has neither length nor chapters nor soundbites, and one that has them is refused."""
    paper = make_episode(audio=Media("https://media.example/a.pdf", "application/pdf", 7))
    feed = podcast_feed(paper)
    files = written(feed)

    gate.check(feed, files)
    planted = files["rss"].replace(b"<itunes:episodeType>", b"<itunes:duration>7</itunes:duration>\0", 1)
    (said,) = faults_of(feed, {"rss": planted.replace(b"\0", b"<itunes:episodeType>")})
    assert ": length: found [('7',)], expected []" in said


def test_notes_of_a_podcast_are_its_description() -> None:
    """A podcast feed describes an episode with its notes instead of the plain summary."""
    feed = podcast_feed()
    files = written(feed)
    changed = files["rss"].replace(b"The full notes", b"All notes")

    said = faults_of(feed, files | {"rss": changed})

    assert len(said) == 2
    assert all(": summary: found " in line for line in said)


def test_notes_of_a_podcast_are_checked_like_content() -> None:
    """What podcast programs show can run as little as what other readers show."""
    feed = podcast_feed()
    item = feed.items[0]
    assert item.broadcast is not None
    broken = replace(item, broadcast=replace(item.broadcast, notes="<p><script>alert(1)</script></p>"))
    bad = replace(feed, items=(broken, *feed.items[1:]))

    (said,) = faults_of(bad, written(bad))

    assert "the content holds <script>, which readers do not keep" in said


def test_tombstones_are_held_against_the_feed() -> None:
    """One that is missing, or stands for something that is still there, is noticed."""
    feed = sample_feed()
    other = replace(feed, tombstones=(Tombstone("x:1", feed.updated),))

    (said,) = faults_of(other, written(feed))

    assert said.startswith(f"{ADDRESSES['atom']}: taken back: found [('tag:example.org,2026:gone'")


def test_authors_of_entries_are_checked() -> None:
    """An entry without author is not saved by the author of the feed."""
    files = written(sample_feed())
    parts = files["atom"].split(b"<entry>", 1)
    files["atom"] = (
        parts[0] + b"<entry>" + re.sub(rb"<author>.*?</author>", b"", parts[1], count=1, flags=re.DOTALL)
    )

    author = ("Jane Doe", "jane@example.org", "https://example.org/jane")
    said = f"{ADDRESSES['atom']}: {ITEM}: authors: found [], expected {[author]}"
    assert faults_of(sample_feed(), files) == [said]


def test_description_stands_before_the_content() -> None:
    """Some readers take the last of the two for the content."""
    files = written(sample_feed())
    pattern = rb"(<description>A [^<]*</description>)\s*(<content:encoded>[^<]*</content:encoded>)"
    files["rss"] = re.sub(pattern, rb"\2\1", files["rss"], count=1)

    (said,) = faults_of(sample_feed(), files)

    assert said == f"{ADDRESSES['rss']}: {ITEM}: description before content: found False, expected True"


def test_missing_description_is_two_faults() -> None:
    """Without a description there is neither summary nor order."""
    files = written(sample_feed())
    files["rss"] = re.sub(rb"<description>A [^<]*</description>", b"", files["rss"], count=1)

    assert len(faults_of(sample_feed(), files)) == 2


@pytest.mark.parametrize("name", ["rss", "atom", "json"])
def test_lost_item_is_counted(name: Format) -> None:
    """A file that has fewer items than the feed says so; the others are compared all the same."""
    feed = sample_feed()
    short = replace(feed, items=feed.items[:2])

    assert faults_of(feed, written(feed) | {name: written(short)[name]}) == [
        f"{ADDRESSES[name]}: there are 2 items, expected 3"
    ]


def test_all_faults_are_listed() -> None:
    """One run shows everything that is wrong, in every file."""
    feed = sample_feed()
    other = replace(feed, items=tuple(replace(item, title="Other") for item in feed.items))

    said = faults_of(feed, written(other))

    assert [line.split(": ")[0] for line in said] == [url for url in ADDRESSES.values() for _ in range(3)]


def planted(**facts: Any) -> list[str]:
    """Return the faults of a feed whose first item has other facts, written faithfully."""
    feed = sample_feed()
    bad = replace(feed, items=(replace(feed.items[0], **facts), *feed.items[1:]))
    return faults_of(bad, written(bad))


@pytest.mark.parametrize(
    ("facts", "fault"),
    [
        ({"summary": ""}, "summary is missing"),
        ({"html": ""}, "html is missing"),
        ({"url": "/episodes/e3/"}, "the page has the address '/episodes/e3/'"),
        ({"url": "mailto:jane@example.org"}, "the page has the address"),
        ({"url": "https://example.org/ü"}, "the page has the address"),
        ({"image": "a.jpg"}, "the image has the address 'a.jpg'"),
        ({"enclosure": Media("file:///a.mp3", "audio/mpeg")}, "the recording has the address"),
        ({"html": "<p>one"}, "the content is not well-formed"),
        ({"html": "<p>a &nbsp; b</p>"}, "the content is not well-formed"),
        ({"html": "<p>a & b</p>"}, "the content is not well-formed"),
        ({"html": "<p><script>alert(1)</script></p>"}, "the content holds <script>"),
        ({"html": "<style>p{}</style>"}, "the content holds <style>"),
        ({"html": '<iframe src="https://x.example/"></iframe>'}, "the content holds <iframe>"),
        ({"html": "<form></form>"}, "the content holds <form>"),
        (
            {"html": '<svg xmlns="http://www.w3.org/2000/svg"/>'},
            "the content holds <{http://www.w3.org/2000/svg}svg>",
        ),
        ({"html": "<!-- x --><p>a</p>"}, "the content holds a comment"),
        ({"html": "<p><![CDATA[<script>]]></p>"}, "the content holds a comment"),
        ({"html": "<p><?php x ?></p>"}, "the content holds a comment"),
        ({"html": '<p onclick="x()">a</p>'}, "the content holds the attribute onclick"),
        ({"html": '<p style="color:red">a</p>'}, "the content holds the attribute style"),
        ({"html": '<p class="x">a</p>'}, "the content holds the attribute class"),
        ({"html": '<a href="javascript:x()">a</a>'}, "the content links to 'javascript:x()'"),
        ({"html": '<a href=" java&#10;script:x()">a</a>'}, "the content links to"),
        ({"html": '<a href="/about">a</a>'}, "the content links to '/about'"),
        ({"html": '<a href="#fn1">1</a>'}, "the content links to '#fn1'"),
        ({"html": '<a href="//x.example/">1</a>'}, "the content links to '//x.example/'"),
        ({"html": '<img alt="" src="a.jpg"/>'}, "something in the content has the address 'a.jpg'"),
        (
            {"html": '<img alt="" src="data:image/png;base64,AA"/>'},
            "something in the content has the address",
        ),
        ({"html": '<audio src="mailto:a@b.example"></audio>'}, "something in the content has the address"),
        ({"html": '<img src="https://x.example/a.jpg"/>'}, "the content holds an image without alt"),
        (
            {"html": '<p><a rel="sponsored" href="https://x.example/">a</a></p>'},
            "is marked as a paid link, and is none",
        ),
    ],
    ids=str,
)
def test_feed_that_readers_could_not_use_is_refused(facts: dict[str, Any], fault: str) -> None:
    """Addresses are absolute, and the content holds only what readers keep and cannot run."""
    named = f'"Deep Learning & <vision>" ({facts.get("id", "tag:example.org,2026:e3")}): '

    assert any(line.startswith(named) and fault in line for line in planted(**facts))


@pytest.mark.parametrize(
    "html",
    [
        '<p><a href="mailto:jane@example.org">Write</a></p>',
        '<p><img alt="A" src="https://x.example/a.jpg" width="10" height="10"/><br/></p>',
        '<table><tr><td colspan="2">&lt;script&gt; &amp;amp; javascript: onclick=</td></tr></table>',
    ],
)
def test_harmless_content_passes(html: str) -> None:
    """What readers keep may stand in the content, and text about scripts is text."""
    feed = sample_feed()
    other = replace(feed, items=(replace(feed.items[0], html=html, links=()),))

    gate.check(other, written(other))


def test_empty_id_is_refused() -> None:
    """An item without id cannot even be written as Atom; the gate names it all the same."""
    feed = sample_feed()
    bad = replace(feed, items=(replace(feed.items[0], id=""),))

    assert any('"Deep Learning & <vision>" ()' in line for line in faults_of(bad, written(feed)))


def test_doubled_id_is_refused() -> None:
    """Of two items with one id readers show one."""
    feed = sample_feed()
    bad = replace(feed, items=(feed.items[0], feed.items[0]))

    assert faults_of(bad, written(bad)) == [
        "2 items have the id 'tag:example.org,2026:e3', and readers would show one of them"
    ]


def test_time_without_zone_is_refused() -> None:
    """A naive time would mean another moment on another machine."""
    feed = sample_feed()
    naive = feed.items[0].published.replace(tzinfo=None)
    bad = replace(feed, items=(replace(feed.items[0], published=naive), *feed.items[1:]))

    assert f"{ITEM}: published has no time zone" in faults_of(bad, written(feed))


def test_address_of_the_site_is_checked() -> None:
    """A feed has to know where it stands."""
    addresses = {**ADDRESSES, "rss": "notes/feed.xml", "atom": "notes/atom.xml"}
    feed = replace(sample_feed(), home="notes/", addresses=addresses)

    said = faults_of(feed, written(sample_feed()))

    assert sum(line.startswith("the feed has the address 'notes/") for line in said) == 3


def test_paid_link_without_disclosure_is_refused() -> None:
    """The disclosure belongs to each item, for each is read alone."""
    feed = sample_feed()
    told = feed.items[0].html
    link = next(link for link in feed.items[0].links if link)
    assert isinstance(link, BuyLink)
    assert link.disclosure
    assert link.disclosure in told

    said = planted(html=told.replace(f"<p><small>{link.disclosure}</small></p>\n", ""))

    assert said == [f"{ITEM}: the paid link {link.url} has no disclosure before it: {link.disclosure}"]


def test_json_numbers_are_compared_as_numbers() -> None:
    """The facts in a JSON Feed keep their types."""
    files = written(sample_feed())
    document = json.loads(files["json"])
    document["items"][0]["_episode_notes"]["duration_in_seconds"] = "5100"
    files["json"] = json.dumps(document, ensure_ascii=False).encode()

    (said,) = faults_of(sample_feed(), files)

    assert said.startswith(f"{ADDRESSES['json']}: {ITEM}: _episode_notes: ")
