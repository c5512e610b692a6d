"""The rules, tried on real servers: what a reader gets from each of them."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import brotli  # type: ignore[import-untyped] # it ships no annotations
import pytest

from feedmaker.config import Config
from feedmaker.serving import BRIEFLY, ENDINGS, LONG, Server, compress
from tests.servers import SERVERS
from tests.serving.servers import Running, serving

HUB = "https://hub.example/?a=b"
TEXT = b"<p>The same words again and again.</p>\n" * 40
FILES = [
    *("index.html", "style.css", "feed.xml", "atom.xml", "feed.json", "feeds.opml", "sitemap.xml"),
    *("podcast.xml", "recommendations.xml", "recommendations/book.atom", "tags/deep-sea.xml", "shows/a.json"),
    *("archive/1.xml", "archive/tags/deep-sea/2.atom", "archive/3.json", "art.png"),
    *("episodes/lamps/index.html", "episodes/lamps/chapters.json", "episodes/lamps/words.vtt", "x.srt"),
]
TYPES = {
    "": "text/html; charset=utf-8",
    "style.css": "text/css; charset=utf-8",
    "episodes/lamps/": "text/html; charset=utf-8",
    "feed.xml": "application/rss+xml; charset=utf-8",
    "podcast.xml": "application/rss+xml; charset=utf-8",
    "recommendations.xml": "application/rss+xml; charset=utf-8",
    "tags/deep-sea.xml": "application/rss+xml; charset=utf-8",
    "archive/1.xml": "application/rss+xml; charset=utf-8",
    "atom.xml": "application/atom+xml; charset=utf-8",
    "recommendations/book.atom": "application/atom+xml; charset=utf-8",
    "archive/tags/deep-sea/2.atom": "application/atom+xml; charset=utf-8",
    "feed.json": "application/feed+json",
    "shows/a.json": "application/feed+json",
    "archive/3.json": "application/feed+json",
    "feeds.opml": "text/x-opml; charset=utf-8",
    "sitemap.xml": "application/xml; charset=utf-8",
    "episodes/lamps/chapters.json": "application/json+chapters",
    "episodes/lamps/words.vtt": "text/vtt; charset=utf-8",
    "x.srt": "application/x-subrip; charset=utf-8",
    "art.png": "image/png",
}
OPEN = {"episodes/lamps/chapters.json", "episodes/lamps/words.vtt", "x.srt"}


def configured(address: str, **serving: Any) -> Config:
    """Configure a site with a hub."""
    site = {"title": "Lamps", "address": address, "author": "Orla Finch"}
    return Config.model_validate({"site": site, "push": {"hubs": HUB}, "serving": serving})


def fill(place: str, *kinds: Any) -> Any:
    """Return what writes the files of a site below `place`, with compressed copies."""

    def filled(root: Path) -> None:
        for path in FILES:
            target = root / place.strip("/") / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(TEXT)
            for kind in kinds:
                target.with_name(target.name + ENDINGS[kind]).write_bytes(compress(TEXT, kind))

    return filled


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Server:
    """Choose a server."""
    name: Server = request.param
    return name


@pytest.fixture(
    params=["/notes/", "/", "/caf\N{LATIN SMALL LETTER E WITH ACUTE} two/"], ids=["below", "root", "signs"]
)
def plain(request: pytest.FixtureRequest, server: Server) -> Iterator[tuple[Running, str]]:
    """Run a server on a site without compressed copies; with it comes the site's path in addresses."""
    config = configured("https://lamp.example.org" + request.param)
    with serving(server, config, request.param, fill(request.param)) as found:
        yield found, config.site.address.removeprefix("https://lamp.example.org")


def test_each_kind_of_file_is_served_as_what_it_is(plain: tuple[Running, str]) -> None:
    """Media type, caching, links and openness are right for each kind of file on each server."""
    running, place = plain
    for path, media_type in TYPES.items():
        answer = running.get(place + path)
        headers = answer.headers
        is_feed = "feed+json" in media_type or "rss" in media_type or "atom" in media_type

        assert (answer.status, answer.body) == (200, TEXT), path
        assert headers["content-type"].replace("UTF-8", "utf-8") == media_type, path
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["cache-control"] == (LONG if path.startswith("archive/") else BRIEFLY), path
        assert headers.get("access-control-allow-origin") == ("*" if path in OPEN else None), path
        link = f'<{HUB}>; rel="hub", <https://lamp.example.org{place}{path}>; rel="self"'
        expected = link if is_feed and not path.startswith("archive/") else None
        assert headers.get("link") == expected, path


def test_reader_that_asks_again_gets_a_304(plain: tuple[Running, str]) -> None:
    """Both validators work, alone, and the answer carries no body; a touched file is sent again."""
    running, place = plain
    first = running.get(place + "feed.xml")
    by_tag = running.get(place + "feed.xml", If_None_Match=first.headers["etag"])
    by_time = running.get(place + "feed.xml", If_Modified_Since=first.headers["last-modified"])

    assert [(answer.status, answer.body) for answer in (by_tag, by_time)] == [(304, b"")] * 2
    (target,) = running.root.rglob("feed.xml")
    os.utime(target, (1, 1))
    assert running.get(place + "feed.xml", If_None_Match=first.headers["etag"]).status == 200


def test_what_is_not_there_has_no_headers_of_a_feed(plain: tuple[Running, str]) -> None:
    """A feed that is not there is a 404, and nothing in the path gets into a header."""
    running, place = plain
    for path in ("tags/no.xml", "tags/a%0D%0AEvil:%20b.xml", "tags/a%22%3E.xml", "archive/%0AEvil:b.xml"):
        answer = running.get(place + path)

        assert answer.status == 404, path
        assert "evil" not in answer.headers
        assert "Evil" not in answer.headers.get("link", "")


@pytest.mark.parametrize("kinds", [("gzip",), ("brotli",), ("gzip", "brotli")], ids="+".join)
def test_compressed_copies_are_served_to_those_who_read_them(server: Server, kinds: tuple[str, ...]) -> None:
    """Readers get the copy that they can read, as the same type, and the file itself otherwise."""
    readers = {"gzip": gzip.decompress, "br": brotli.decompress}
    offered = {"gzip": "gzip", "brotli": "br"}
    best = "br" if "brotli" in kinds else "gzip"
    config = configured("https://lamp.example.org/notes/", compress=kinds)
    with serving(server, config, "/notes/", fill("/notes/", *kinds)) as running:
        for path in ("feed.xml", "feed.json", "", "episodes/lamps/", "archive/1.xml", "x.srt"):
            for asked in ("gzip, br", "gzip", "br", "identity"):
                answer = running.get(f"/notes/{path}", Accept_Encoding=asked)
                readable = [word for kind, word in offered.items() if kind in kinds and word in asked]
                encoding = best if best in readable else next(iter(readable), None)

                assert (answer.status, answer.headers.get("content-encoding")) == (200, encoding), (
                    path,
                    asked,
                )
                body = readers[encoding](answer.body) if encoding else answer.body
                assert body == TEXT, (path, asked)
                assert answer.headers["content-type"].replace("UTF-8", "utf-8") == TYPES[path], (path, asked)
                assert "Accept-Encoding" in answer.headers["vary"], (path, asked)
                if path == "feed.xml":
                    assert 'notes/feed.xml>; rel="self"' in answer.headers["link"], asked
                again = running.get(
                    f"/notes/{path}", Accept_Encoding=asked, If_None_Match=answer.headers["etag"]
                )
                assert (again.status, again.body) == (304, b""), (path, asked)
