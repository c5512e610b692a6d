"""What holds for every page, whatever the notes say."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from urllib.parse import urldefrag, urljoin

import pytest
from hypothesis import given, settings
from lxml import html as lxml_html

from feedmaker.feeds.feed import ATOM_FILE, JSON_FILE, RSS_FILE
from feedmaker.model import Episode
from feedmaker.pages import archive_page, episode_page, index_page
from tests.content.episodes import full_episode, hostile_text
from tests.content.reader import Element, read_html
from tests.pages.site import ADDRESS, PACKAGED, SITE, TIDES, build, entry, publish, row

EPISODES = {
    "full": full_episode(lambda field: f"A {field}"),
    "tides": TIDES,
    "bare": replace(TIDES, dek=(), reveals=(), duration=None, aired=TIDES.aired.replace(year=2018)),
}
FILES = build(EPISODES)
PAGES = {path: read_html(data) for path, data in FILES.items() if path.endswith(".html")}
FEED_FILES = (RSS_FILE, ATOM_FILE, JSON_FILE)
FEED_TYPES = ("application/rss+xml", "application/atom+xml", "application/feed+json")

every_page = pytest.mark.parametrize("path", PAGES)


def address_of(path: str) -> str:
    """Return where a file is served."""
    return ADDRESS + path.removesuffix("index.html")


@every_page
def test_page_is_html5_in_a_language(path: str) -> None:
    """A page says that it is HTML5, in UTF-8, in which language, and that it fits small screens."""
    head = PAGES[path].one("head")

    assert FILES[path].startswith(b'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n')
    assert FILES[path].endswith(b"</html>\n")
    assert head.one("meta", name="viewport").attributes["content"] == "width=device-width, initial-scale=1"
    assert head.one("title").text.strip()
    assert head.one("meta", name="description").attributes["content"]


@every_page
def test_canonical_link_is_the_address_of_the_page(path: str) -> None:
    """Copies of a page, from disk or elsewhere, know where the page lives."""
    assert PAGES[path].one("link", rel="canonical").attributes["href"] == address_of(path)


@every_page
def test_head_announces_the_three_feeds(path: str) -> None:
    """Every page announces each format of the feed by type, absolute address and a title of its own."""
    links = PAGES[path].find("link", rel="alternate")

    assert [link.attributes["type"] for link in links] == list(FEED_TYPES)
    assert [link.attributes["href"] for link in links] == [ADDRESS + name for name in FEED_FILES]
    assert len({link.attributes["title"] for link in links}) == len(links)
    assert all((link.attributes["title"] or "").startswith("Harbour Notes (") for link in links)


@every_page
def test_addresses_of_the_feeds_can_be_read(path: str) -> None:
    """People copy a feed's address from the page, for podcast apps look for nothing else."""
    feeds = PAGES[path].one("ul", class_="feeds")

    assert [a.text for a in feeds.find("a")] == [ADDRESS + name for name in FEED_FILES]


@every_page
def test_headings_descend_step_by_step(path: str) -> None:
    """A page has one first heading, comes to it first, and leaves out no level on the way down."""
    levels = [int(element.tag[1]) for element in PAGES[path].walk() if re.fullmatch("h[1-6]", element.tag)]

    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(lower - upper <= 1 for upper, lower in pairwise(levels))


@every_page
def test_page_has_landmarks_and_a_way_past_the_header(path: str) -> None:
    """The first link leads to the only main part, and every list of links for finding one's way is named."""
    body = PAGES[path].one("body")

    assert [child.tag for child in body.children if isinstance(child, Element)] == [
        "a",
        "header",
        "main",
        "footer",
    ]
    assert body.find("a")[0].attributes["href"] == f"#{body.one('main').attributes['id']}"
    names = [nav.attributes.get("aria-label") for nav in body.find("nav")]
    assert all(names)
    assert len(names) == len(set(names))


@every_page
def test_current_page_is_marked_in_the_header(path: str) -> None:
    """Where the header leads to the page itself, it says so."""
    marked = [a.text for a in PAGES[path].find("a", **{"aria-current": "page"})]

    assert marked == {"index.html": ["Newest"], "episodes/index.html": ["All episodes"]}.get(path, [])


@every_page
def test_links_within_the_site_lead_somewhere(path: str) -> None:
    """Links are relative and resolve to a file of the site, and a fragment to an element there."""
    for element in PAGES[path].walk():
        href = element.attributes.get("href") or ""
        if element.attributes.get("rel") in ("canonical", "alternate") or element.tag not in ("a", "link"):
            continue
        if href.startswith("https://"):
            assert not href.startswith(ADDRESS), f"{href} would leave a copy of the site"
            continue
        target, fragment = urldefrag(urljoin(address_of(path), href))
        assert target.startswith(ADDRESS)
        name = target.removeprefix(ADDRESS)
        name += "index.html" if name.endswith("/") or not name else ""
        assert name in {*FILES, *FEED_FILES}, f"{href} leads to {name}"
        assert not fragment or fragment in {e.attributes.get("id") for e in PAGES[name].walk()}


@every_page
def test_page_loads_nothing_but_its_stylesheet(path: str) -> None:
    """No script, picture, frame or font: a page asks for its own stylesheet and for nothing else."""
    page = PAGES[path]

    loading = {"audio", "embed", "iframe", "img", "object", "script", "source", "style", "svg", "video"}
    assert not loading & {element.tag for element in page.walk()}
    assert not any("src" in element.attributes or "style" in element.attributes for element in page.walk())
    loaded = [link.attributes["href"] for link in page.find("link", rel="stylesheet")]
    assert [urljoin(address_of(path), href or "") for href in loaded] == [f"{ADDRESS}style.css"]


@every_page
def test_ids_are_unique(path: str) -> None:
    """A fragment names one element."""
    ids = [element.attributes["id"] for element in PAGES[path].walk() if "id" in element.attributes]

    assert len(ids) == len(set(ids))


def pages_of(episode: Episode, site_title: str) -> list[bytes]:
    """Write an episode's page, and the front page and archive that name it."""
    site = SITE.model_copy(update={"title": site_title, "description": site_title})
    publication, content = entry(episode)
    return [
        episode_page(PACKAGED, site, publication, content),
        index_page(PACKAGED, site, [(publication, content)]),
        archive_page(PACKAGED, site, [row(publication)]),
    ]


@settings(deadline=None)
@given(hostile_text())
def test_hostile_text_changes_nothing_but_itself(text: str) -> None:
    """Whatever a note says, its pages have the elements and attributes of a harmless note's."""
    hostile = pages_of(full_episode(lambda field: f"{field} {text}"), text)
    harmless = pages_of(full_episode(lambda field: field), "title")

    for page, expected in zip(map(read_html, hostile), map(read_html, harmless), strict=True):
        assert page.skeleton() == expected.skeleton()
        assert not any(name.startswith("on") for _, names in page.skeleton() for name in names)


@settings(deadline=None)
@given(hostile_text())
def test_text_reads_back_on_every_page(text: str) -> None:
    """Titles, shows, reveals, guests, quotes and tags come back character by character."""
    pages = pages_of(full_episode(lambda field: f"{field} {text}"), text)
    episode, index, archive = (read_html(page).one("main") for page in pages)

    assert episode.one("h1").text == f"title {text}"
    assert [p.text for p in episode.one("blockquote").find("p")] == [f"quote {text}", f"quote goes on {text}"]
    assert f"guest {text} — bio {text}" in [p.text for p in episode.find("p")]
    assert [tag.text for tag in episode.find("bdi")] == [f"tag {text}", f"second tag {text}"]
    assert (index.one("h1").text, index.one("h2").text) == (text, f"title {text}")
    assert index.one("em").text == f"second reveal {text}"
    assert archive.one("li").text == f"1 March 2019 show {text} title {text}"
    assert read_html(pages[0]).one("title").text == f"title {text} · {text}"


def test_second_reader_sees_the_same_page() -> None:
    """A browser's way of reading, which forgives what it can, finds no script and the same title."""
    title = "<script>alert('&amp;')</script></title> {{ 1 }}"
    page = lxml_html.fromstring(episode_page(PACKAGED, SITE, *entry(replace(TIDES, title=title))))

    assert page.xpath("//script | //*[@*[starts-with(name(), 'on')]]") == []
    assert page.xpath("string(//h1)") == title
    assert page.xpath("string(//title)") == f"{title} · Harbour Notes"


def test_hostile_rows_stay_rows() -> None:
    """An archive of notes with hostile titles still has one line per note."""
    titles = ["</li><li>", "{{"]
    rows = [row(publish(replace(TIDES, title=title))) for title in titles]

    lines = read_html(archive_page(PACKAGED, SITE, rows)).one("main").find("li")

    assert [line.one("a").text for line in lines] == titles
