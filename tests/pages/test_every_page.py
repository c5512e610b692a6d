"""What holds for every page, whatever the notes say."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from urllib.parse import urldefrag, urljoin

import pytest
from hypothesis import given, settings
from lxml import html as lxml_html

from feedmaker.config import Site
from feedmaker.model import Episode
from feedmaker.pages import archive_page, episode_page
from tests.content.episodes import full_episode, hostile_text
from tests.content.reader import Element, read_html
from tests.pages.site import ADDRESS, PACKAGED, SITE, TIDES, build, entry, facts_on, publish, row

FULL = full_episode(lambda field: f"A {field}")
EPISODES = {
    "full": FULL,
    "tides": replace(TIDES, recommendations=FULL.recommendations[1:], tags=("A tag", "C++")),
    "bare": Episode("Shoreline", "Neap tides", TIDES.aired.replace(year=2018)),
}
FILES = build(EPISODES)
PAGES = {path: read_html(data) for path, data in FILES.items() if path.endswith(".html")}
FEED_FILES = ("feed.xml", "atom.xml", "feed.json")
CURRENT = {
    "index.html": "Newest",
    "episodes/index.html": "All episodes",
    "recommendations/index.html": "Recommendations",
    "tags/index.html": "Tags",
}
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
def test_page_can_be_shared(path: str) -> None:
    """Programs that show a link find title, description, address and kind of the page (Open Graph)."""
    head = PAGES[path].one("head")
    said = {
        name: meta.attributes["content"] or ""
        for meta in head.find("meta")
        if (name := meta.attributes.get("property")) and name.startswith("og:")
    }

    assert said["og:url"] == address_of(path)
    assert said["og:title"] in head.one("title").text
    assert said["og:description"] == head.one("meta", name="description").attributes["content"]
    is_episode = path.removesuffix("/index.html") in {f"episodes/{slug}" for slug in EPISODES}
    assert said["og:type"] == ("article" if is_episode else "website")
    assert said["og:site_name"] == "Harbour Notes"


def test_every_page_has_its_own_title_and_description() -> None:
    """No two pages look alike in a list of search results."""
    titles = [page.one("title").text for page in PAGES.values()]
    descriptions = [page.one("meta", name="description").attributes["content"] for page in PAGES.values()]

    assert len(set(titles)) == len(titles)
    assert len(set(descriptions)) == len(descriptions)


@every_page
def test_way_to_a_page_is_told_to_machines(path: str) -> None:
    """The steps from the front page to a page are pages of the site, and the last of them is the page."""
    trails = [node for node in facts_on(PAGES[path]) if node["@type"] == "BreadcrumbList"]

    assert len(trails) == (path != "index.html")
    for steps in (trail["itemListElement"] for trail in trails):
        assert [step["position"] for step in steps] == list(range(1, len(steps) + 1))
        assert (steps[0]["item"], steps[-1]["item"]) == (ADDRESS, address_of(path))
        assert {step["item"] for step in steps} <= {address_of(name) for name in PAGES}


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
    header = PAGES[path].one("header", class_="site")
    marked = [a.text for a in header.find("a", **{"aria-current": "page"})]

    assert marked == ([CURRENT[path]] if path in CURRENT else [])


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
    """No picture, frame, font or running script: a page asks for its own stylesheet and for nothing else."""
    page = PAGES[path]

    loading = {"embed", "iframe", "img", "object", "source", "style", "svg", "video"}
    assert not loading & {element.tag for element in page.walk()}
    assert [e.attributes for e in page.find("script")] == [{"type": "application/ld+json"}], "a data block"
    players = page.find("audio")
    assert all(player.attributes["preload"] == "none" for player in players), "waits for its listener"
    others = [element for element in page.walk() if element not in players]
    assert not any("src" in element.attributes or "style" in element.attributes for element in others)
    loaded = [link.attributes["href"] for link in page.find("link", rel="stylesheet")]
    assert [urljoin(address_of(path), href or "") for href in loaded] == [f"{ADDRESS}style.css"]


@every_page
def test_ids_are_unique(path: str) -> None:
    """A fragment names one element."""
    ids = [element.attributes["id"] for element in PAGES[path].walk() if "id" in element.attributes]

    assert len(ids) == len(set(ids))


def site_of(episode: Episode, title: str) -> dict[str, Element]:
    """Write and read the site of an episode, and of another that recommends the same things."""
    site: Site = SITE.model_copy(update={"title": title, "description": title})
    other = replace(TIDES, recommendations=episode.recommendations)
    files = build({"full": episode, "other": other}, site)
    return {path: read_html(data) for path, data in files.items() if path.endswith(".html")}


FOLDERS = ("episodes/", "recommendations/", "tags/", "shows/")


@settings(deadline=None)
@given(hostile_text())
def test_hostile_text_changes_nothing_but_itself(text: str) -> None:
    """Whatever a note says, its pages have the elements and attributes of a harmless note's."""
    hostile = site_of(full_episode(lambda field: f"{field} {text}"), text)
    harmless = site_of(full_episode(lambda field: field), "title")

    assert len(hostile) == len(harmless)
    for folder in FOLDERS:
        skeletons = [
            sorted(page.skeleton() for path, page in pages.items() if path.startswith(folder))
            for pages in (hostile, harmless)
        ]
        assert skeletons[0] == skeletons[1]
    assert not any(
        name.startswith("on") for page in hostile.values() for _, names in page.skeleton() for name in names
    )


@settings(deadline=None)
@given(hostile_text())
def test_text_reads_back_on_every_page(text: str) -> None:
    """Titles, shows, reveals, guests, quotes, names and tags come back character by character."""
    pages = site_of(full_episode(lambda field: f"{field} {text}"), text)
    episode = pages["episodes/full/index.html"].one("main")
    index, archive = pages["index.html"].one("main"), pages["episodes/index.html"].one("main")
    things = pages["recommendations/index.html"].one("main")

    assert episode.one("h1").text == f"title {text}"
    assert [p.text for p in episode.one("blockquote").find("p")] == [f"quote {text}", f"quote goes on {text}"]
    assert f"guest {text} — bio {text}" in [p.text for p in episode.find("p")]
    tags = episode.one("p", class_="tags")
    assert [tag.text for tag in tags.find("bdi")] == [f"tag {text}", f"second tag {text}"]
    assert (index.one("h1").text, index.find("h2")[0].text) == (text, f"title {text}")
    assert index.one("em").text == f"second reveal {text}"
    assert f"1 March 2019 show {text} title {text}" in [line.text for line in archive.find("li")]
    names = [item.name for item in full_episode(lambda field: f"{field} {text}").recommendations]
    assert sorted(h2.text for h2 in things.find("h2")) == sorted(names)
    assert pages["episodes/full/index.html"].one("title").text == f"title {text} · {text}"


@settings(deadline=None)
@given(hostile_text())
def test_facts_for_machines_read_back(text: str) -> None:
    """What is said in JSON-LD comes back character by character, and no text ends the script element."""
    page = site_of(full_episode(lambda field: f"{field} {text}"), text)["episodes/full/index.html"]

    (episode,) = [node for node in facts_on(page) if node["@type"] == "PodcastEpisode"]
    assert episode["name"] == f"title {text}"
    assert episode["mentions"][0]["subjectOf"]["text"] == f"quote {text}\n\nquote goes on {text}"
    assert not {"<", ">", "&", "\u2028", "\u2029"} & set(page.one("script").text)


def test_second_reader_sees_the_same_page() -> None:
    """A browser's way of reading, which forgives what it can, finds no script and the same title."""
    title = "<script>alert('&amp;')</script></title> {{ 1 }}"
    page = lxml_html.fromstring(episode_page(PACKAGED, SITE, *entry(replace(TIDES, title=title))))

    assert page.xpath("//script[not(@type)] | //*[@*[starts-with(name(), 'on')]]") == []
    assert page.xpath("string(//h1)") == title
    assert page.xpath("string(//title)") == f"{title} · Harbour Notes"


def test_hostile_rows_stay_rows() -> None:
    """An archive of notes with hostile titles still has one line per note."""
    titles = ["</li><li>", "{{"]
    rows = [row(publish(replace(TIDES, title=title))) for title in titles]

    lines = read_html(archive_page(PACKAGED, SITE, rows)).one("main").find("li")

    assert [line.one("a").text for line in lines] == titles
