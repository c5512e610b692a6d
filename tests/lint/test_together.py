"""Files that belong together: formats of one feed, archives, pages; and answers of servers."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from feedmaker.lint.check import lint_conditional_response, lint_response, lint_set
from tests.lint.documents import BASE, GOOD, NOW, told

_RSS = """\
<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" \
xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel>
<title>Lamps</title>
<link>https://lamp.example.org/</link>
<description>What keepers told us.</description>
<language>en</language>
<lastBuildDate>Tue, 03 Nov 2026 09:30:00 GMT</lastBuildDate>
<atom:link href="https://lamp.example.org/feed.xml" rel="self" type="application/rss+xml"/>
<item>
<title>The second lamp &#x26; its keeper</title>
<link>https://lamp.example.org/second/</link>
<description>It was never lit.</description>
<content:encoded>&lt;p&gt;It was never lit. 1 &amp;lt; 2&lt;/p&gt;</content:encoded>
<dc:creator>Orla Finch</dc:creator>
<category>lamps</category>
<guid isPermaLink="false">tag:lamp.example.org,2026:second</guid>
<pubDate>Tue, 03 Nov 2026 09:30:00 GMT</pubDate>
<enclosure url="https://media.example.org/second.mp3" length="61234567" type="audio/mpeg"/>
</item>
</channel>
</rss>
"""
_ARCHIVE = BASE + "archive.xml"
_TIED = (
    '<link rel="prev-archive" type="application/atom+xml" href="https://lamp.example.org/archive/1.atom"/>'
)


def trio() -> dict[str, bytes]:
    """Return one feed in three formats."""
    document = json.loads(GOOD["feed.json"])
    del document["items"][1], document["next_url"]
    atom = GOOD["atom.xml"].decode()
    second = atom.rindex("<entry>"), atom.rindex("</entry>") + len("</entry>")
    atom = atom[: second[0]] + atom[second[1] :]
    atom = atom.replace(_TIED, "").replace("It was never lit. 1 &lt; 2<", "It was never lit.<")
    return {"feed.xml": _RSS.encode(), "atom.xml": atom.encode(), "feed.json": json.dumps(document).encode()}


def codes(files: Mapping[str, bytes]) -> dict[str, set[str]]:
    """Return the codes of the findings in each file that has any."""
    found = {path: {each.code for each in findings} for path, findings in lint_set(files, BASE, NOW).items()}
    return {path: codes for path, codes in found.items() if codes}


def test_formats_that_agree_have_no_findings() -> None:
    """One feed in three formats is accepted without a word."""
    for path, findings in lint_set(trio(), BASE, NOW).items():
        assert not findings, told(findings, path)


@pytest.mark.parametrize(
    ("code", "path", "old", "new"),
    [
        ("ids-disagree", "feed.json", '2026:second"', '2026:2nd"'),
        ("ids-disagree", "atom.xml", ":second</id>", ":2nd</id>"),
        ("titles-disagree", "feed.json", "The second lamp", "The other lamp"),
        (
            "links-disagree",
            "atom.xml",
            'href="https://lamp.example.org/second/"',
            'href="https://lamp.example.org/2/"',
        ),
        ("dates-disagree", "atom.xml", "<published>2026-11-03T09:30:00Z", "<published>2026-11-03T09:29:00Z"),
        (
            "dates-disagree",
            "feed.json",
            '"date_modified": "2026-11-03T09:30',
            '"date_modified": "2026-11-03T09:40',
        ),
        ("texts-disagree", "feed.json", "1 &lt; 2", "2 &lt; 1"),
        ("texts-disagree", "atom.xml", '<summary type="text">It', '<summary type="text">There it'),
        ("enclosures-disagree", "atom.xml", ' length="61234567"', ""),
        ("enclosures-disagree", "feed.json", "second.mp3", "2.mp3"),
        ("tags-disagree", "feed.json", '["lamps"]', '["lamps", "oil"]'),
    ],
)
def test_formats_that_disagree(code: str, path: str, old: str, new: str) -> None:
    """What one format says otherwise than the others is found in a file that differs."""
    files = trio()
    assert old in files[path].decode()
    files[path] = files[path].decode().replace(old, new).encode()

    found = codes(files)

    assert set().union(*found.values()) == {code}


def test_lost_item_is_named_with_the_file_that_has_it() -> None:
    """The finding says which item is missing, and where it is."""
    files = trio()
    document = json.loads(files["feed.json"])
    files["feed.json"] = json.dumps({**document, "items": []}).encode()

    (finding,) = lint_set(files, BASE, NOW)["feed.json"]

    assert finding.message.startswith(
        'there is no "tag:lamp.example.org,2026:second", which is in feed.xml; '
    )


def test_feeds_of_other_names_are_not_compared() -> None:
    """A podcast beside a feed of notes may hold other items."""
    assert codes({**trio(), "podcast.xml": GOOD["podcast.xml"]}) == {}


def test_order_of_the_items() -> None:
    """The same items in another order are found, and so is an item too many."""
    feed = json.loads(GOOD["feed.json"])
    first, second = feed["items"]
    del feed["next_url"]
    others = {
        "a.json": [first, second],
        "a.b.json": [second, first],
        "a.c.json": [first, second, {**first, "id": "x:1"}],
    }
    files = {
        name: json.dumps({**feed, "feed_url": BASE + name, "items": items}).encode()
        for name, items in others.items()
    }
    found = {
        path: [finding.message.partition(";")[0] for finding in findings]
        for path, findings in lint_set(files, BASE, NOW).items()
    }

    assert found == {
        "a.json": [],
        "a.b.json": ["the order is not that of a.json"],
        "a.c.json": ['there is "x:1", which is not in a.json'],
    }


def test_archives_elsewhere_are_not_followed() -> None:
    """Archives below another address cannot be looked at, and nothing is said of them."""
    feed = GOOD["atom.xml"].replace(b"https://lamp.example.org/archive/1", b"https://old.example.org/1")

    assert codes({"atom.xml": feed}) == {}


def test_formats_are_told_by_their_names() -> None:
    """A file is compared with those whose names are equal up to the first full stop."""
    document = json.dumps({**json.loads(GOOD["feed.json"]), "items": [], "feed_url": BASE + "atom.json"})
    files = trio()
    found = codes({**files, "atom.json": document.replace("archive/1", "feed").encode()})
    assert found["atom.json"] == {"ids-disagree"}
    assert set(found) == {"atom.json"}


def test_id_that_atom_cannot_have() -> None:
    """An id from elsewhere that is no IRI stands in Atom as a URN of ours, and is the same id."""
    files = {
        path: data.replace(b"tag:lamp.example.org,2026:second", b"lamp 2") for path, data in trio().items()
    }
    files["atom.xml"] = files["atom.xml"].replace(b"lamp 2", b"urn:feedmaker:lamp%202")

    assert codes(files) == {}


def chain() -> dict[str, bytes]:
    """Return a feed and its one archive."""
    feed = GOOD["atom.xml"].replace(b"/archive/1.atom", b"/archive.xml")
    return {"atom.xml": feed, "archive.xml": GOOD["archive.xml"]}


def test_chain_of_archives_has_no_findings() -> None:
    """A feed and its archive, linked both ways, are accepted."""
    assert codes(chain()) == {}


@pytest.mark.parametrize(
    ("code", "path", "old", "new"),
    [
        ("archive-link-broken", "atom.xml", "/archive.xml", "/archives.xml"),
        (
            "archive-link-broken",
            "archive.xml",
            'rel="current" type="application/atom+xml" href="https://lamp.example.org/atom.xml"',
            'rel="current" href="https://lamp.example.org/a.xml"',
        ),
        ("archive-mark-missing", "archive.xml", "<fh:archive/>", ""),
        (
            "archive-current-wrong",
            "archive.xml",
            'rel="current" type="application/atom+xml" href="https://lamp.example.org/atom.xml"',
            f'rel="current" type="application/atom+xml" href="{_ARCHIVE}"',
        ),
        (
            "archive-loop",
            "archive.xml",
            "<fh:archive/>",
            f'<fh:archive/><link rel="prev-archive" href="{_ARCHIVE}"/>',
        ),
    ],
)
def test_broken_chain_of_archives(code: str, path: str, old: str, new: str) -> None:
    """What breaks the chain is found where it is written."""
    files = chain()
    assert old in files[path].decode()
    files[path] = files[path].decode().replace(old, new).encode()

    assert codes(files) == {path: {code}}


def test_next_url_that_leads_nowhere() -> None:
    """The pages of a JSON Feed are followed as archives are."""
    assert codes({"feed.json": GOOD["feed.json"]}) == {"feed.json": {"archive-link-broken"}}


def test_page_without_feeds() -> None:
    """A web page announces a feed in its head."""
    link = b'<link rel="alternate" type="application/rss+xml" title="Lamps" href="/feed.xml">'

    assert codes({"index.html": b"<html><head></head></html>"}) == {"index.html": {"page-without-feeds"}}
    assert codes({"index.html": b"<html><head>" + link + b"</head></html>"}) == {}


_HEADERS = {
    "Content-Type": "application/atom+xml; charset=utf-8",
    "ETag": '"7f"',
    "Last-Modified": "Tue, 03 Nov 2026 09:30:00 GMT",
    "Content-Encoding": "gzip",
    "Link": '<https://hub.example.org/>; rel="hub", <https://lamp.example.org/atom.xml>; rel=self',
}


def answered(headers: Mapping[str, str | None], status: int = 200, name: str = "atom.xml") -> set[str]:
    """Return the codes for an answer; headers that are None are left out."""
    kept = {key: value for key, value in {**_HEADERS, **headers}.items() if value is not None}
    return {finding.code for finding in lint_response(BASE + name, status, kept, GOOD[name], NOW)}


def test_good_answer_has_no_findings() -> None:
    """A feed that is served as it should be is accepted without a word."""
    assert answered({}) == set()


@pytest.mark.parametrize(
    ("code", "headers"),
    [
        ("media-type", {"Content-Type": "application/xml"}),
        ("media-type", {"Content-Type": "text/html; charset=utf-8"}),
        ("media-type", {"Content-Type": None}),
        ("charset-differs", {"Content-Type": "application/atom+xml; charset=iso-8859-1"}),
        ("etag-missing", {"ETag": None}),
        ("etag-weak", {"ETag": 'W/"7f"'}),
        ("etag-weak", {"ETag": "7f"}),
        ("last-modified-missing", {"Last-Modified": None}),
        ("not-compressed", {"Content-Encoding": None}),
        ("link-header-missing", {"Link": None}),
        ("link-header-missing", {"Link": '<https://hub.example.org/>; rel="hub"'}),
    ],
)
def test_bad_answer(code: str, headers: dict[str, str | None]) -> None:
    """What a server leaves out or says wrongly is found."""
    assert answered(headers) == {code}


@pytest.mark.parametrize(
    ("status", "code"),
    [(404, "status-not-ok"), (500, "status-not-ok"), (302, "moved-temporarily"), (307, "moved-temporarily")],
)
def test_answer_without_the_feed(status: int, code: str) -> None:
    """An answer that is not the feed says so alone; its body is not taken for one."""
    assert answered({}, status) == {code}


def test_media_type_of_every_format() -> None:
    """Every format has its media type."""
    types = {
        "notes.xml": "application/rss+xml",
        "feed.json": "application/feed+json",
        "feeds.opml": "text/x-opml",
    }
    for name, media_type in types.items():
        assert answered({"Content-Type": media_type}, name=name) == set()


def test_chapters_are_open_to_browsers() -> None:
    """Chapters are of their media type, and programs in browsers may read them."""
    headers = {"Content-Type": "application/json+chapters", "Link": None}
    opened = {**headers, "Access-Control-Allow-Origin": "*"}

    assert answered(headers, name="chapters.json") == {"cors-missing"}
    assert answered(opened, name="chapters.json") == set()


def test_unchanged_feed_is_answered_in_short() -> None:
    """The answer to a conditional request is 304 without a body."""
    assert lint_conditional_response(304, b"") == []
    assert [each.code for each in lint_conditional_response(200, b"<rss/>")] == ["no-304"]
