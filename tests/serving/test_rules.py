"""Rules as texts: which files each of them is for, what hosts without patterns get, and compressed copies."""

from __future__ import annotations

import gzip
import re
from typing import Any, get_args

import brotli  # type: ignore[import-untyped] # it ships no annotations
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmaker.config import Config
from feedmaker.feeds.outline import ALL, Outline
from feedmaker.lock import slug_of
from feedmaker.serving import (
    BRIEFLY,
    ENDINGS,
    LONG,
    RULES,
    Server,
    compress,
    is_compressible,
    is_current_feed,
    netlify_headers,
    netlify_redirects,
    rules_for,
)
from tests.conftest import Cli
from tests.projects import ProjectFolder

HUBS = ["https://hub.example/", "https://other.example/hub?a=b%20c"]
NAMES = [
    *("", "podcast", "recommendations", "newsletter/feed"),
    *("recommendations/book", "tags/deep-sea", "shows/the-lamp"),
]


def configured(hubs: Any = (), **site: Any) -> Config:
    """Configure a site."""
    about = {"title": "Lamps", "address": "https://lamp.example.org/notes/", "author": "Orla Finch"}
    return Config.model_validate({"site": about | site, "push": {"hubs": hubs}})


def kinds(path: str) -> list[str]:
    """Return the names of the rules that a path falls under."""
    return [rule.name for rule in RULES if re.fullmatch(rule.pattern, path)]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ALL)
def test_every_feed_has_its_rule(name: str, kind: Any) -> None:
    """Each document that a feed can have, current or archived, is known by its path and format."""
    outline = Outline(name, "A", "B")

    assert kinds(outline.paths()[kind]) == [kind]
    assert kinds(outline.paths(12)[kind]) == [f"archived-{kind}"]
    assert is_current_feed(outline.paths()[kind])
    assert not is_current_feed(outline.paths(12)[kind])


@pytest.mark.parametrize(
    "path",
    [
        *(
            "index.html",
            "feeds.opml",
            "sitemap.xml",
            "style.css",
            "robots.txt",
            "tags/index.html",
            "feed.xml.gz",
        ),
        *(
            "episodes/feed/index.html",
            "episodes/a/chapters.json",
            "tags/a/b.xml",
            "tags/A.xml",
            "tags/.xml",
            "xfeed.xml",
        ),
        *(
            "newsletter/2026-11-23/index.html",
            "feed.xml/x",
            "feed.xml\n",
            "tags/a\nb.xml",
            'tags/a".xml',
            "archive/.json",
        ),
    ],
)
def test_other_files_are_no_feeds(path: str) -> None:
    """Pages, pictures and paths that no build writes are not taken for feeds."""
    assert not is_current_feed(path)


@given(
    st.from_regex("|".join(f"(?:{rule.pattern})" for rule in RULES), fullmatch=True)
    | st.text("abfeds/.-xmljson", max_size=20)
)
def test_no_path_falls_under_two_rules(path: str) -> None:
    """Servers differ on which of two rules wins, so there are never two."""
    assert len(kinds(path)) <= 1


@given(st.text(max_size=20))
def test_every_slug_is_in_the_patterns(title: str) -> None:
    """Whatever a tag or show is called, its feed is known by its path."""
    slug = slug_of(title)

    assert not slug or kinds(f"tags/{slug}.xml") == ["rss"]
    assert not slug or kinds(f"episodes/{slug}/chapters.json") == ["chapters"]


def test_patterns_mean_the_same_everywhere() -> None:
    """Go's expressions have no look-around and no back-references, so no pattern has them."""
    assert not [rule.name for rule in RULES if re.search(r"\(\?[^:]|\\[0-9]", rule.pattern)]


@pytest.mark.parametrize("server", get_args(Server))
def test_links_stand_only_where_there_are_hubs(server: Server) -> None:
    """Without a hub no feed has a Link header; with hubs all of them are named."""
    without = rules_for(server, configured(), ["feed.xml"])
    with_hubs = rules_for(server, configured(HUBS), ["feed.xml"])

    assert "Link" not in without
    assert "hub.example" in with_hubs
    assert "other.example" in with_hubs


@pytest.mark.parametrize("server", get_args(Server))
def test_rules_are_the_same_each_time(server: Server) -> None:
    """The order of feeds does not show, so a build has nothing to write when nothing changed."""
    feeds = ["feed.xml", "atom.xml", "tags/a.json"]

    assert rules_for(server, configured(HUBS), feeds) == rules_for(server, configured(HUBS), feeds[::-1])


def blocks(text: str) -> dict[str, dict[str, str]]:
    """Read a file _headers back: the headers of each path."""
    found: dict[str, dict[str, str]] = {}
    path = ""
    for line in text.splitlines():
        if line.startswith("  "):
            name, _, value = line.strip().partition(": ")
            assert name not in found[path], "a header stands once"
            found[path][name] = value
        elif not line.startswith("#"):
            path = line
            found[path] = {}
    return found


def test_netlify_headers_name_each_feed() -> None:
    """Each current feed has its type, caching and links; what is no feed is left out."""
    found = blocks(
        netlify_headers(configured(HUBS), ["tags/a.json", "feed.xml", "archive/1.xml", "x y\n.xml"])
    )

    links = f'<{HUBS[0]}>; rel="hub", <{HUBS[1]}>; rel="hub", '
    assert found == {
        "/*": {"X-Content-Type-Options": "nosniff"},
        "/archive/*": {"Cache-Control": LONG},
        "/feed.xml": {
            "Content-Type": "application/rss+xml; charset=utf-8",
            "Cache-Control": BRIEFLY,
            "Link": links + '<https://lamp.example.org/notes/feed.xml>; rel="self"',
        },
        "/tags/a.json": {
            "Content-Type": "application/feed+json",
            "Cache-Control": BRIEFLY,
            "Link": links + '<https://lamp.example.org/notes/tags/a.json>; rel="self"',
        },
        "/feeds.opml": {"Content-Type": "text/x-opml; charset=utf-8"},
        "/episodes/:slug/chapters.json": {
            "Content-Type": "application/json+chapters",
            "Access-Control-Allow-Origin": "*",
        },
    }


def test_netlify_sets_no_header_twice_for_a_path() -> None:
    """Hosts differ on what two rules for one path give, so the headers of such rules differ."""
    feeds = [path for name in NAMES for path in Outline(name, "A", "B").paths().values()]
    found = blocks(netlify_headers(configured(HUBS), feeds))
    wide = {path: set(headers) for path, headers in found.items() if "*" in path}

    for path, headers in found.items():
        for pattern, names in wide.items():
            if path != pattern and path.startswith(pattern.removesuffix("*")):
                assert not names & set(headers), (path, pattern)


def test_netlify_redirects_lead_from_each_former_address() -> None:
    """A host that former addresses lead to as well sends readers on from each of them."""
    config = configured(moved_from=["https://old.example/", "http://older.example/a/"])

    assert netlify_redirects(configured()) == ""
    assert netlify_redirects(config).splitlines() == [
        "https://old.example/* https://lamp.example.org/notes/:splat 301!",
        "http://older.example/a/* https://lamp.example.org/notes/:splat 301!",
    ]


@given(st.binary(max_size=3000))
def test_compressed_copies_hold_the_same_bytes(data: bytes) -> None:
    """A copy unpacks to its file, and is the same each time; gzip's header has no name and no time."""
    packed, small = compress(data, "gzip"), compress(data, "brotli")

    assert (gzip.decompress(packed), brotli.decompress(small)) == (data, data)
    assert (compress(data, "gzip"), compress(data, "brotli")) == (packed, small)
    assert packed[:8] == b"\x1f\x8b\x08\0\0\0\0\0"


def test_copies_are_smaller_where_it_matters() -> None:
    """A feed shrinks, and more by brotli."""
    data = b"<p>The keeper said it again and again.</p>\n" * 100 + bytes(range(256))

    assert len(compress(data, "brotli")) < len(compress(data, "gzip")) < len(data) / 5


def test_texts_are_worth_a_copy() -> None:
    """Texts get copies; pictures and the copies themselves do not."""
    texts = ("index.html", "feed.xml", "atom.xml", "a.atom", "a.json", "feeds.opml", "style.css", "x.vtt")
    others = ("art.png", "a.mp3", "_headers", *(f"feed.xml{ending}" for ending in ENDINGS.values()))

    assert all(map(is_compressible, texts))
    assert not any(map(is_compressible, others))


@pytest.mark.parametrize(
    "address", ["https://a.example/", "https://a.example/x/y/", "https://a.example/caf%C3%A9%20a/"]
)
@given(name=st.text("ab$(&=~-._!+,;@", max_size=8))
def test_rules_stay_in_form_whatever_an_address_holds(address: str, name: str) -> None:
    """Signs that mean something to a server do not open or close anything in its rules."""
    config = configured([f"https://hub.example/{name}"], address=f"{address}{name}/")

    nginx, caddy = rules_for("nginx", config, ()), rules_for("caddy", config, ())

    for text in (re.sub(r'"(?:[^"\\]|\\.)*"|#.*', "", nginx), re.sub(r"`[^`]*`|#.*", "", caddy)):
        assert text.count("{") == text.count("}") > len(RULES)
        assert not set(re.findall(r"[^\w\s{};/.~*+?@\"=:,-]", text))


@pytest.mark.parametrize(
    "path", ["a%22b", "a%7Bb", "a%0Ab", "a%5Cb", "a%60b", "a'b", "a%23b", "a%3Fb", "a%25b", "a*b", "a%FFb"]
)
def test_address_that_no_server_could_be_told_is_refused(path: str) -> None:
    """The path of a site goes into the languages of servers, so it holds no signs that end a text there."""
    with pytest.raises(ValueError, match="expected a path without quotation marks"):
        configured(address=f"https://lamp.example.org/{path}/")


@pytest.mark.parametrize("server", ["nginx", "caddy", "apache"])
def test_command_prints_the_rules_of_a_server(project: ProjectFolder, cli: Cli, server: Server) -> None:
    """The rules come out as they are, for a file; nothing has to be built for them."""
    ran = cli("-C", project.root, "rules", server)

    assert (ran.code, ran.err) == (0, "")
    assert ran.out == rules_for(server, project.open().config(), ())
    assert f"feedmaker rules {server}" in ran.out


def test_command_names_the_feeds_that_were_built(project: ProjectFolder, cli: Cli) -> None:
    """For hosts without patterns the feeds of public/ are named."""
    project.write("public/feed.xml", "x")
    project.write("public/tags/sea.atom", "x")
    project.write("public/.feedmaker-new/atom.xml", "x")

    ran = cli("-C", project.root, "rules", "netlify")

    assert ran.code == 0
    assert {"/feed.xml", "/tags/sea.atom"} < set(blocks(ran.out))
    assert "/atom.xml" not in ran.out


def test_command_knows_its_servers(project: ProjectFolder, cli: Cli) -> None:
    """Another server is wrong usage, and the known ones are named."""
    ran = cli("-C", project.root, "rules", "iis")

    assert ran.code == 2
    assert all(server in ran.err for server in get_args(Server))
