"""The gate: each rule is shown by a fault planted in bytes or in a feed that are good without it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from feedmaker.errors import GateError
from feedmaker.feeds import gate
from feedmaker.feeds.feed import Feed, make_feed
from feedmaker.merchants import BuyLink
from feedmaker.model import Media
from tests.feeds.samples import SET_UP, make_entry, make_site, sample_feed, written

ITEM = '"Deep Learning & <vision>" (tag:example.org,2026:e3)'


def faults_of(feed: Feed, files: dict[str, bytes]) -> list[str]:
    """Return the faults that the gate lists, without what stands around them."""
    with pytest.raises(GateError) as caught:
        gate.check(feed, files)
    first, *faults, last = str(caught.value).split("\n")
    assert first == "the feeds stay as they were, for the new ones would be wrong:"
    assert last == "mend the notes that are named here; if nothing is wrong with them, report this"
    return faults


def with_change(name: str, old: str, new: str) -> dict[str, bytes]:
    """Return the sample's files, with the first place of `old` in one of them replaced."""
    files = written(sample_feed())
    assert old.encode() in files[name]
    return files | {name: files[name].replace(old.encode(), new.encode(), 1)}


def test_good_feeds_pass() -> None:
    """Nothing is wrong with what the writers write, be it much or nothing."""
    for feed in (
        sample_feed(),
        make_feed(make_site(), [], since=SET_UP),
        make_feed(make_site(author="Jane"), [make_entry(1), make_entry(2)], since=SET_UP),
    ):
        gate.check(feed, written(feed))


@pytest.mark.parametrize("name", ["feed.xml", "atom.xml", "feed.json"])
def test_missing_file_is_named(name: str) -> None:
    """All three formats are published, or none."""
    files = written(sample_feed())
    del files[name]

    assert faults_of(sample_feed(), files) == [f"{name} is missing"]


@pytest.mark.parametrize(
    ("name", "damage", "fault"),
    [
        ("feed.xml", lambda data: b"\xef\xbb\xbf" + data, "does not begin with an XML declaration"),
        ("feed.xml", lambda data: b"\n" + data, "does not begin with an XML declaration"),
        ("atom.xml", lambda data: data.split(b"\n", 1)[1], "does not begin with an XML declaration"),
        ("atom.xml", lambda data: data[:-9], "is no XML in UTF-8"),
        ("feed.xml", lambda data: data.replace(b"Jane", b"\xe9"), "is no XML in UTF-8"),
        ("feed.xml", lambda data: data.replace(b"Jane", b"&#1;"), "is no XML in UTF-8"),
        ("feed.xml", lambda data: data.replace(b"Jane", b"&nbsp;"), "is no XML in UTF-8"),
        (
            "feed.xml",
            lambda data: data.replace(b"<rss", b'<!DOCTYPE rss [<!ENTITY a "b">]><rss'),
            "has a document type",
        ),
        (
            "feed.xml",
            lambda data: data.decode().replace("UTF-8", "ISO-8859-1").encode(),
            "does not say that it is UTF-8",
        ),
        ("feed.xml", lambda _: written(sample_feed())["atom.xml"], "is no RSS"),
        ("atom.xml", lambda _: written(sample_feed())["feed.xml"], "is no Atom"),
        ("feed.json", lambda data: b"\xef\xbb\xbf" + data, "is no JSON in UTF-8"),
        ("feed.json", lambda data: data[:-3], "is no JSON in UTF-8"),
        ("feed.json", lambda data: data.replace(b"Jane", b"\xe9"), "is no JSON in UTF-8"),
        ("feed.json", lambda data: data.replace(b"5100", b"NaN"), "is no JSON in UTF-8: NaN is no JSON"),
        ("feed.json", lambda _: b"[]", "is no JSON object"),
        ("feed.json", lambda _: b'{"items": [1]}', "items is no list of objects"),
        ("feed.json", lambda _: b'{"items": {}}', "items is no list of objects"),
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
        "list of numbers",
        "object for list",
    ],
)
def test_damaged_file_is_refused(name: str, damage: Callable[[bytes], bytes], fault: str) -> None:
    """What is not well-formed, not UTF-8 or not the format it is named after is never published."""
    files = written(sample_feed())
    files[name] = damage(files[name])

    (said,) = faults_of(sample_feed(), files)

    assert said.startswith(f"{name}: ")
    assert fault in said


@pytest.mark.parametrize(
    ("name", "old", "new", "fault"),
    [
        ("feed.xml", 'version="2.0"', 'version="0.91"', "version"),
        ("feed.xml", "<title>Notes &#x26; &#x3C;things&#x3E;</title>", "", "title"),
        (
            "feed.xml",
            "<link>https://example.org/notes/</link>",
            "<link>https://example.org/feed.xml</link>",
            "home",
        ),
        ("feed.xml", 'rel="self"', 'rel="hub"', "link to itself"),
        ("feed.xml", "application/rss+xml", "text/xml", "link to itself"),
        ("feed.xml", "<description>What was", "<description>Who was", "description"),
        ("feed.xml", "<language>en", "<language>fr", "language"),
        (
            "feed.xml",
            "Thu, 05 Nov 2026 09:00:00 GMT</last",
            "05 Nov 2026 09:00 GMT</last",
            "time of the last change",
        ),
        ("atom.xml", "<id>https://example.org/notes/atom.xml", "<id>https://example.org/", "id"),
        ("atom.xml", "<title>Notes", "<title>Note", "title"),
        ("atom.xml", 'rel="self"', 'rel="next"', "link to itself"),
        ("atom.xml", 'rel="alternate"', 'rel="related"', "link to the site"),
        ("atom.xml", "<subtitle>What", "<subtitle>Who", "description"),
        ("atom.xml", 'xml:lang="en"', "", "language"),
        ("atom.xml", "2026-11-05T09:00:00+00:00", "2026-11-05T09:00:00", "time of the last change"),
        ("atom.xml", "<name>Jane Doe</name>", "", "authors"),
        ("feed.json", "version/1.1", "version/1", "version"),
        ("feed.json", '"title":"Notes & <things>",', "", "title"),
        ("feed.json", '"home_page_url":"https://example.org/notes/"', '"home_page_url":"/"', "home"),
        ("feed.json", "notes/feed.json", "notes/feed.xml", "feed_url"),
        ("feed.json", '"description":"What', '"description":"Who', "description"),
        ("feed.json", '"language":"en"', '"language":7', "language"),
        ("feed.json", '"authors":[{"name":"Jane Doe",', '"authors":[{', "authors"),
        ("feed.json", '"home_page_url"', '"icon":null,"home_page_url"', "members that no JSON Feed has"),
        ("feed.json", '"home_page_url"', '"author":{},"home_page_url"', "members that no JSON Feed has"),
        ("feed.json", '"home_page_url"', '"_":{},"home_page_url"', "members that no JSON Feed has"),
        ("feed.json", '"home_page_url"', '"_a.b":{},"home_page_url"', "members that no JSON Feed has"),
        ("feed.json", '"home_page_url"', '"_a":{"_b":1},"home_page_url"', "members that no JSON Feed has"),
        ("feed.json", '"home_page_url"', '"_a":[{"b.c":1}],"home_page_url"', "members that no JSON Feed has"),
    ],
    ids=str,
)
def test_what_a_file_says_of_the_feed(name: str, old: str, new: str, fault: str) -> None:
    """Each required element of the whole is there, once, and says what the feed says."""
    said = faults_of(sample_feed(), with_change(name, old, new))

    assert any(line.startswith(f"{name}: {fault}: found ") for line in said), said
    assert not any("(tag:" in line for line in said if fault != "language")


@pytest.mark.parametrize(
    ("name", "old", "new", "fault"),
    [
        ("feed.xml", "2026:e3</guid>", "2026:e9</guid>", "id"),
        ("feed.xml", '<guid isPermaLink="false">tag:example.org,2026:e3</guid>', "", "id"),
        ("feed.xml", 'isPermaLink="false"', "", "id is a permalink"),
        ("feed.xml", "episodes/e3/</link>", "episodes/e4/</link>", "url"),
        ("feed.xml", "<title>Deep", "<title>Shallow", "title"),
        ("feed.xml", "<title>Deep", "<title>Deep</title><title>Deep", "title"),
        ("feed.xml", "<title>Deep", "<title><b/>Deep", "title"),
        ("feed.xml", "Thu, 05 Nov 2026 08:00:00 GMT", "Fri, 05 Nov 2026 08:00:00 GMT", "time of publishing"),
        ("feed.xml", "Thu, 05 Nov 2026 08:00:00 GMT", "Thu, 05 Nov 2026 08:00:00", "time of publishing"),
        ("feed.xml", "Thu, 05 Nov 2026 08:00:00 GMT", "Thu, 05 Nov 26 08:00:00 GMT", "time of publishing"),
        ("feed.xml", "Thu, 05 Nov 2026 08:00:00 GMT", "Thu, 35 Nov 2026 08:00:00 GMT", "time of publishing"),
        (
            "feed.xml",
            "Thu, 05 Nov 2026 08:00:00 GMT",
            "Thu, 05 Nov 2026 08:00:00 -0000",
            "time of publishing",
        ),
        ("feed.xml", "Thu, 05 Nov 2026 08:00:00 GMT", "Thu, 05 Nov 2026 08:00:01 GMT", "time of publishing"),
        ("feed.xml", "Thu, 05 Nov 2026 08:00:00 GMT", "2026-11-05T08:00:00Z", "time of publishing"),
        ("feed.xml", "A lecture on", "A talk on", "summary"),
        ("feed.xml", "1 &#x26;lt; 2", "1 &#x26;lt;b&#x26;gt; 2", "summary"),
        ("feed.xml", "spectrograms".title(), "Spectrogram", "content"),
        ("feed.xml", "<author>jane@example.org (Jane Doe)</author>", "", "authors"),
        ("feed.xml", "<author>jane@example.org (Jane Doe)", "<author>Jane Doe", "authors"),
        ("feed.xml", "<category>R&#x26;D</category>", "", "tags"),
        ("feed.xml", 'length="61234567"', 'length="58 MB"', "recordings"),
        ("feed.xml", 'type="audio/mpeg"', "", "recordings"),
        ("feed.xml", "https://media.example/a.mp3", "a.mp3", "recordings"),
        ("feed.xml", "<item>", '<item xml:lang="fr">', "language"),
        ("atom.xml", "<id>tag:example.org,2026:e3</id>", "", "id"),
        ("atom.xml", "<title>Deep", "<title>Shallow", "title"),
        ("atom.xml", "<title>Deep", '<title type="html">Deep', "types of title, summary and content"),
        ("atom.xml", '<summary type="text">', '<summary type="html">', "types of title, summary and content"),
        ("atom.xml", '<content type="html">', "<content>", "types of title, summary and content"),
        ("atom.xml", '<content type="html">', '<content type="html">!', "content"),
        ("atom.xml", '<summary type="text">A', '<summary type="text">The', "summary"),
        (
            "atom.xml",
            "<published>2026-11-05T08:00:00+00:00",
            "<published>2026-11-05 08:00",
            "time of publishing",
        ),
        (
            "atom.xml",
            "<published>2026-11-05T08:00:00+00:00",
            "<published>2026-13-05T08:00:00Z",
            "time of publishing",
        ),
        ("atom.xml", '<category term="R&#x26;D"/>', "<category/>", "tags"),
        ("atom.xml", 'rel="enclosure"', 'rel="alternate"', "link to the page"),
        ("atom.xml", 'rel="enclosure"', 'rel="alternate"', "recordings"),
        ("atom.xml", 'href="https://example.org/notes/episodes/e3/"', 'href="e3/"', "link to the page"),
        ("atom.xml", "<entry>", '<entry xml:lang="fr">', "language"),
        ("feed.json", '"id":"tag:example.org,2026:e3"', '"id":3', "id"),
        ("feed.json", "episodes/e3/", "episodes/e4/", "url"),
        ("feed.json", '"title":"Deep', '"title":"Shallow', "title"),
        ("feed.json", '"summary":"A', '"summary":"The', "summary"),
        ("feed.json", '"content_html":"', '"content_html":" ', "content"),
        ("feed.json", '"date_published":"2026-11-05T08:00:00Z"', '"date_published":1', "time of publishing"),
        (
            "feed.json",
            '"date_modified":"2026-11-05T09',
            '"date_modified":"2026-11-05T10',
            "time of the last change",
        ),
        ("feed.json", '"R&D"', '"RD"', "tags"),
        ("feed.json", "61234567", '"61234567"', "recordings"),
        ("feed.json", "61234567", "61234568", "recordings"),
        ("feed.json", '"audio/mpeg"', '"audio/ogg"', "recordings"),
        (
            "feed.json",
            '"size_in_bytes":61234567,"duration_in_seconds":5100',
            '"size_in_bytes":61234567',
            "duration",
        ),
        ("feed.json", "https://media.example/a.jpg", "a.jpg", "image"),
        ("feed.json", '"aired":"2015-03-14"', '"aired":"2016-09-28"', "_episode_notes"),
    ],
    ids=str,
)
def test_what_a_file_says_of_an_item(name: str, old: str, new: str, fault: str) -> None:
    """Each fact of an item is the same in every format, and a difference names file, item and fact."""
    said = faults_of(sample_feed(), with_change(name, old, new))

    assert any(line.startswith(f"{name}: {ITEM}: {fault}: found ") for line in said), said


def test_authors_of_entries_are_checked() -> None:
    """An entry without author is not saved by the author of the feed."""
    files = written(sample_feed())
    parts = files["atom.xml"].split(b"<entry>", 1)
    files["atom.xml"] = (
        parts[0] + b"<entry>" + re.sub(rb"<author>.*?</author>", b"", parts[1], count=1, flags=re.DOTALL)
    )

    assert faults_of(sample_feed(), files) == [f"atom.xml: {ITEM}: authors: found [], expected ['Jane Doe']"]


def test_description_stands_before_the_content() -> None:
    """Some readers take the last of the two for the content."""
    files = written(sample_feed())
    pattern = rb"(<description>A [^<]*</description>)\s*(<content:encoded>[^<]*</content:encoded>)"
    files["feed.xml"] = re.sub(pattern, rb"\2\1", files["feed.xml"], count=1)

    (said,) = faults_of(sample_feed(), files)

    assert said == f"feed.xml: {ITEM}: description before content: found False, expected True"


def test_missing_description_is_two_faults() -> None:
    """Without a description there is neither summary nor order."""
    files = written(sample_feed())
    files["feed.xml"] = re.sub(rb"<description>A [^<]*</description>", b"", files["feed.xml"], count=1)

    assert len(faults_of(sample_feed(), files)) == 2


@pytest.mark.parametrize("name", ["feed.xml", "atom.xml", "feed.json"])
def test_lost_item_is_counted(name: str) -> None:
    """A file that has fewer items than the feed says so; the others are compared all the same."""
    feed = sample_feed()
    short = replace(feed, items=feed.items[:2])

    assert faults_of(feed, written(feed) | {name: written(short)[name]}) == [
        f"{name}: there are 2 items, expected 3"
    ]


def test_all_faults_are_listed() -> None:
    """One run shows everything that is wrong, in every file."""
    feed = sample_feed()
    other = replace(feed, items=tuple(replace(item, title="Other") for item in feed.items))

    said = faults_of(feed, written(other))

    assert [line.split(":")[0] for line in said] == ["feed.xml"] * 3 + ["atom.xml"] * 3 + ["feed.json"] * 3


def planted(**facts: Any) -> list[str]:
    """Return the faults of a feed whose first item has other facts, written faithfully."""
    feed = sample_feed()
    bad = replace(feed, items=(replace(feed.items[0], **facts), *feed.items[1:]))
    return faults_of(bad, written(bad))


@pytest.mark.parametrize(
    ("facts", "fault"),
    [
        ({"id": "two words"}, "the id 'two words' is no IRI"),
        ({"id": "e3"}, "the id 'e3' is no IRI"),
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
    """Ids are IRIs, addresses absolute, and the content holds only what readers keep and cannot run."""
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
    feed = replace(sample_feed(), home="notes/", rss_url="notes/feed.xml", atom_url="notes/atom.xml")

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
    document = json.loads(files["feed.json"])
    document["items"][0]["_episode_notes"]["duration_in_seconds"] = "5100"
    files["feed.json"] = json.dumps(document, ensure_ascii=False).encode()

    (said,) = faults_of(sample_feed(), files)

    assert said.startswith(f"feed.json: {ITEM}: _episode_notes: ")
