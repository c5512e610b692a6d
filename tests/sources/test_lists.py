"""Feeds and sitemaps of all kinds, sound and hostile, as lists of pages."""

from __future__ import annotations

import gzip
import json
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmaker.lock import slug_of
from feedmaker.sources.lists import (
    LIST_LIMIT,
    MOST_PAGES,
    fits,
    page_address,
    read_feed_list,
    read_sitemap,
)
from feedmaker.sources.naming import slug_from

BASE = "https://pier.example.org/feeds/all.xml"
NS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
BOMB = """<?xml version="1.0"?>
<!DOCTYPE urlset [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">
<!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;"><!ENTITY x SYSTEM "file:///etc/passwd">]>
"""


@pytest.mark.parametrize(
    "feed",
    [
        """<rss><channel><link>https://pier.example.org/</link><item><link>https://pier.example.org/a</link></item>
        <item><link>/b</link></item></channel></rss>""",
        """<feed xmlns="http://www.w3.org/2005/Atom"><link href="/"/>
        <entry><link rel="enclosure" href="/x.mp3"/><link rel="alternate" href="https://pier.example.org/a"/></entry>
        <entry><link href="/b"/></entry></feed>""",
        """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">
        <item><link>https://pier.example.org/a</link></item><item><link>/b</link></item></rdf:RDF>""",
        """<rss><channel><item><guid>https://pier.example.org/a</guid></item>
        <item><guid isPermaLink="false">7</guid><link>/b</link></item></channel></rss>""",
        json.dumps({"items": [{"url": "https://pier.example.org/a"}, {"id": "7"}, {"url": "/b"}, 5]}),
        '\ufeff{"items": [{"url": "/a"}, {"url": "/b"}]}',
    ],
    ids=["rss", "atom", "rss 1.0", "guid", "json", "json with a mark"],
)
def test_feed_names_pages(feed: str) -> None:
    """Items and entries lead to pages, in the feed's order; what else has a link in the feed does not."""
    listed = read_feed_list(feed.encode(), BASE)

    assert listed.pages == ("https://pier.example.org/a", "https://pier.example.org/b")
    assert not listed.fault


def test_item_may_stand_alone() -> None:
    """An item without a feed around it, and with other things before it, is read."""
    listed = read_feed_list(b"<?a?><!-- b --><item><link>/a</link></item>", BASE)

    assert listed.pages == ("https://pier.example.org/a",)


@pytest.mark.parametrize("packed", [False, True])
def test_sitemap_names_pages_and_sitemaps(packed: bool) -> None:
    """A sitemap names pages, each once, an index names sitemaps; pictures are neither. Packed ones too."""
    text = (
        f"<urlset {NS}><url><loc> https://pier.example.org/a#top\n</loc>"
        '<i:image xmlns:i="urn:x"><i:loc>https://pier.example.org/a.png</i:loc></i:image></url>'
        "<url><loc>https://pier.example.org/a</loc></url><url><loc>javascript:x</loc></url></urlset>"
    )
    index = (
        f"<sitemapindex {NS}><sitemap><loc>https://pier.example.org/1.xml.gz</loc></sitemap></sitemapindex>"
    )
    pack = gzip.compress if packed else bytes

    assert read_sitemap(pack(text.encode()), BASE).pages == ("https://pier.example.org/a",)
    assert read_sitemap(pack(index.encode()), BASE).lists == ("https://pier.example.org/1.xml.gz",)


def test_what_stands_before_a_damage_is_read() -> None:
    """A list that breaks off names what it can, and says where it broke."""
    listed = read_sitemap(f"<urlset {NS}>\n<url><loc>/a</loc></url>\n<url><lo".encode(), BASE)

    assert listed.pages == ("https://pier.example.org/a",)
    assert listed.fault.startswith("it is damaged (line 3: ")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "damaged"),
        (b"<html><body>404</body></html>", "names no pages"),
        (b"\x1f\x8b\x08\x00broken", "damaged"),
        (gzip.compress(b"<urlset/>", mtime=0)[:-9], "damaged"),
        (b"{}", "damaged"),
    ],
)
def test_what_is_no_sitemap_says_so(data: bytes, said: str) -> None:
    """Empty, foreign and broken answers are told as what they are."""
    assert said in read_sitemap(data, BASE).fault


@pytest.mark.parametrize("data", [b"{", b"{}", b'{"items": 5}', b'{"items": []}', b"<rss/>", b"x", b""])
def test_what_is_no_feed_says_so(data: bytes) -> None:
    """A list without pages is no list."""
    listed = read_feed_list(data, BASE)

    assert (listed.pages, bool(listed.fault)) == ((), True)


def test_packed_bomb_is_refused() -> None:
    """A few kilobytes that unpack to more than a list may have are not unpacked further than that."""
    bomb = gzip.compress(b" " * (LIST_LIMIT + 1))

    assert len(bomb) < 100_000
    assert "unpacked" in read_sitemap(bomb, BASE).fault


@pytest.mark.parametrize("entity", ["&e;", "&x;"])
def test_entities_are_neither_multiplied_nor_loaded(entity: str) -> None:
    """A list that defines entities gets none of them: no bomb goes off, no file is read."""
    text = f"{BOMB}<urlset><url><loc>https://pier.example.org/{entity}</loc></url></urlset>"
    listed = read_sitemap(text.encode(), BASE)

    assert all(len(page) < 100 and "root" not in page for page in listed.pages)


def test_sitemap_has_an_end() -> None:
    """More addresses than a sitemap may have are left out, and that is told."""
    urls = "".join(f"<url><loc>/{number}</loc></url>" for number in range(MOST_PAGES + 5))
    listed = read_sitemap(f"<urlset>{urls}</urlset>".encode(), BASE)

    assert len(listed.pages) == MOST_PAGES
    assert listed.fault == "it names more than 50,000 addresses; the rest is left out"


@given(
    data=st.binary(max_size=200)
    | st.text(alphabet="<>/&;[]! urlsetocim'\"=x{}\n", max_size=200).map(str.encode)
)
def test_any_bytes_are_a_list_or_a_fault(data: bytes) -> None:
    """Whatever a server sends, reading it ends with sound addresses or a fault."""
    for read in (read_feed_list, read_sitemap):
        listed = read(data, BASE)
        assert listed.fault or listed.pages or listed.lists
        assert all(urlsplit(page).scheme in ("http", "https") for page in listed.pages)


@pytest.mark.parametrize(
    ("only", "taken"),
    [
        (None, True),
        ("/notes/", True),
        ("/other/", False),
        ("https://pier.example.org/notes/", True),
        ("https://other.example.org/", False),
        ("/notes/*.html", True),
        ("/notes/*.txt", False),
        ("*/2019/*", True),
        ("/2019/*", False),
        ("https://*.example.org/notes/**", True),
    ],
)
def test_only_some_pages_are_taken(only: str | None, taken: bool) -> None:
    """A text is the beginning of an address or of its path; with a star it is a pattern for the whole."""
    assert fits("https://pier.example.org/notes/2019/bell.html", only) is taken


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("https://pier.example.org", "https://pier.example.org/"),
        (" https://pier.example.org/a b#c ", "https://pier.example.org/a%20b"),
        ("../ä", "https://pier.example.org/%C3%A4"),
        ("//other.example.org/a", "https://other.example.org/a"),
        ("https://user:word@pier.example.org/", None),
        ("file:///etc/passwd", None),
        ("https://pier.example.org/" + "a" * 3000, None),
        ("https://[::1/", None),
    ],
)
def test_page_has_one_address(written: str, known: str | None) -> None:
    """An address is known in one form; what leads nowhere, or holds a password, is none."""
    assert page_address(written, BASE) == known


@pytest.mark.parametrize(
    ("address", "slug"),
    [
        ("https://pier.example.org/notes/the-bell.html", "the-bell"),
        ("https://pier.example.org/notes/The%20Bell/", "the-bell"),
        ("https://pier.example.org/notes/the-bell/index.html", "the-bell"),
        ("https://pier.example.org/", "pier-example-org"),
        ("https://pier.example.org/show.php?id=7&part=b", "show-id-7-part-b"),
        ("https://pier.example.org/notes/..%2F..%2Fetc%2Fpasswd", "etc-passwd"),
        ("https://pier.example.org/%F0%9F%90%9A", "pier-example-org"),
        ("https://pier.example.org/%E3%83%A9%E3%83%B3%E3%83%97", "ranhu"),
        ("https://pier.example.org/.htaccess", "htaccess"),
        ("http://[::1]/", "1"),
    ],
)
def test_file_is_called_after_its_page(address: str, slug: str) -> None:
    """The last words of an address name the files; where it has none, its host does."""
    assert slug_from(address) == slug


@given(path=st.text(max_size=400), query=st.text(max_size=400))
def test_any_address_makes_a_plain_name(path: str, query: str) -> None:
    """No address leaves its folder, hides a file, or makes a name that a file system or the lock refuses."""
    slug = slug_from(f"https://pier.example.org/{path}?{query}")

    assert slug == slug_of(slug)
    assert 0 < len(slug) <= 80
