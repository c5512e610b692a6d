"""Which feeds and pages a build writes, that all of them are listed, and that every link leads somewhere."""

from __future__ import annotations

from html import unescape

import feedparser
import pytest

from feedmaker.lint.check import lint_feed
from tests.build.documents import (
    FORMATS,
    HOME,
    document,
    feed_links,
    fill,
    ids,
    is_there,
    links,
    root_of,
)
from tests.projects import FIRST, LATER, ProjectFolder


@pytest.fixture
def full(project: ProjectFolder) -> ProjectFolder:
    """Build a project that has all that a build can write."""
    fill(project)
    report = project.build(FIRST)
    assert not report.failed, report.diagnostics
    return project


def feeds(project: ProjectFolder, folder: str) -> set[str]:
    """Name the current feed documents in a folder, without their endings."""
    found = {
        path
        for path in project.files()
        if path.startswith(f"{folder}/") and path.endswith((".xml", ".atom", ".json"))
    }
    names = {path.rpartition(".")[0] for path in found}
    assert found == {f"{name}.{ending}" for name in names for ending in FORMATS}
    return names


def test_all_tags_have_feeds(project: ProjectFolder) -> None:
    """With `all` there is a feed for each tag, with the notes that have it."""
    project.schedule("feeds: {tags: all}\n")
    project.note("bells", keys="tags: [sound, C++]")
    project.note("fog", keys="tags: [sound]")
    project.note("gulls", keys="tags: [C#]")

    project.build(FIRST)

    entries = {path: entry["id"] for path, entry in project.entries().items()}
    names = feeds(project, "tags")
    assert len(names) == 3
    for path in document("tags/sound"):
        assert set(ids(path, project.files()[path])) == {
            entries["episodes/bells.md"],
            entries["episodes/fog.md"],
        }
    others = [ids(f"{name}.json", project.files()[f"{name}.json"]) for name in names - {"tags/sound"}]
    assert sorted(others) == sorted([[entries["episodes/bells.md"]], [entries["episodes/gulls.md"]]])


def test_named_shows_have_feeds_and_others_none(project: ProjectFolder) -> None:
    """A list names the shows that have feeds; the rest has pages only."""
    project.schedule("feeds: {shows: [Keepers]}\n")
    project.note("bells")
    project.edit(project.note("fog"), "show: Keepers", "show: Watchers")

    project.build(FIRST)

    assert feeds(project, "shows") == {"shows/keepers"}
    assert ids("", project.files()["shows/keepers.xml"]) == [project.entries()["episodes/bells.md"]["id"]]
    assert {"shows/keepers/index.html", "shows/watchers/index.html"} <= set(project.files())


def test_without_the_setting_no_tag_or_show_has_a_feed(project: ProjectFolder) -> None:
    """Tags and shows have pages; feeds of their own are asked for."""
    project.note("bells", keys="tags: [sound]")

    project.build(FIRST)

    assert feeds(project, "tags") == feeds(project, "shows") == set()
    assert "tags/sound/index.html" in project.files()


def test_tags_that_differ_in_capitals_are_one(project: ProjectFolder) -> None:
    """Capitals, spaces and hyphens make no other tag, in notes and in the setting; most notes name it."""
    project.schedule("feeds: {tags: [SEA FOG, sea-fog]}\n")
    for word, tag in (("bells", "Sea fog"), ("fog", "sea fog"), ("gulls", "Sea fog"), ("horns", "Sea-Fog")):
        project.note(word, keys=f"tags: [{tag}]")

    project.build(FIRST)

    assert feeds(project, "tags") == {"tags/sea-fog"}
    assert len(ids("", project.files()["tags/sea-fog.atom"])) == 4
    assert "Tagged <q>Sea fog</q>" in project.files()["tags/sea-fog/index.html"].decode()


@pytest.mark.parametrize("kind", ["tags", "shows"])
def test_feed_that_has_no_notes_yet_is_empty_and_valid(project: ProjectFolder, kind: str) -> None:
    """A tag or show that is named before its first note has a feed that can be subscribed to, and a page."""
    project.schedule(f"feeds: {{{kind}: [Tide & time]}}\n")
    project.note("bells", keys="tags: [sound]")

    project.build(FIRST)

    files = project.files()
    (name,) = feeds(project, kind)
    for path in document(name):
        assert ids(path, files[path]) == []
        assert [found for found in lint_feed(files[path], HOME + path) if found.severity == "error"] == []
        if not path.endswith("json"):
            assert not feedparser.parse(files[path]).bozo
    assert f"{name}/index.html" in files
    assert "Tide & time" in unescape(files[f"{name}/index.html"].decode())


def test_first_note_of_a_named_tag_comes_into_its_feed(project: ProjectFolder) -> None:
    """Who subscribed to the empty feed gets the first note, from a feed with the same id."""
    project.schedule("feeds: {tags: [sound]}\n")
    project.note("bells")
    project.build(FIRST)
    before = root_of(project.files()["tags/sound.atom"]).findtext("{*}id")
    project.note("fog", keys="tags: [Sound]")

    project.build(LATER)

    after = project.files()["tags/sound.atom"]
    assert root_of(after).findtext("{*}id") == before
    assert ids("", after) == [project.entries()["episodes/fog.md"]["id"]]


def test_second_show_changes_no_archive(project: ProjectFolder) -> None:
    """The feed of a show looks the same whether or not there are other shows."""
    project.schedule("feeds: {entries: 1, shows: all}\n")
    for word in ("bells", "fog", "gulls"):
        project.note(word)
    project.build(FIRST)
    before = {path: stamp for path, stamp in project.stamps().items() if path.startswith("archive/")}
    project.edit(project.note("horns"), "show: Keepers", "show: Watchers")

    project.build(LATER)

    after = project.stamps()
    assert {path: after[path] for path in before} == before
    assert any(path.startswith("archive/shows/keepers/") for path in before)


def test_list_of_feeds_has_them_all(full: ProjectFolder) -> None:
    """feeds.opml leads to each feed, in RSS, and to no archive."""
    files = full.files()
    outlines = root_of(files["feeds.opml"]).findall(".//outline")
    current = {
        feed_links(data, "self")[0]
        for path, data in files.items()
        if path.endswith(".xml") and not path.startswith("archive/") and data.count(b"<rss")
    }

    assert {outline.get("xmlUrl") for outline in outlines} == current
    assert len(outlines) == len(current)
    names = {"feed", "podcast", "recommendations", "recommendations/book", "shows/keepers", "tags/sound"}
    assert {f"{HOME}{name}.xml" for name in names} <= current
    assert all(is_there(files, outline.get("htmlUrl", "")) for outline in outlines)


def test_sitemap_has_every_page(full: ProjectFolder) -> None:
    """Crawlers are told of each page, and of nothing that is none."""
    files = full.files()
    found = [loc.text for loc in root_of(files["sitemap.xml"]).findall("{*}url/{*}loc")]

    assert sorted(map(str, found)) == sorted(
        HOME + path.removesuffix("index.html") for path in files if path.endswith(".html")
    )
    assert f"Sitemap: {HOME}sitemap.xml\n" in files["robots.txt"].decode()


def test_every_link_leads_to_a_file(full: ProjectFolder) -> None:
    """All that pages, feeds and lists link to within the site is there, down to the place in the page."""
    files = full.files()
    texts = {path: data for path, data in files.items() if not path.endswith((".gz", ".br", ".png"))}
    dead = {
        (path, address)
        for path, data in texts.items()
        for address in links(path, data)
        if not is_there(files, address)
    }

    assert dead == set()


def test_the_look_at_links_can_fail(full: ProjectFolder) -> None:
    """A page that is away is missed by feeds and pages, or the test above would prove nothing."""
    files = full.files()
    del files["episodes/bells/index.html"]

    dead = {
        path
        for path in ("feeds.opml", "episodes/index.html", "sitemap.xml")
        for address in links(path, files[path])
        if not is_there(files, address)
    }

    assert dead == {"episodes/index.html", "sitemap.xml"}


def test_page_of_a_topic_announces_its_feed_first(full: ProjectFolder) -> None:
    """A feed reader that is given the page of a tag finds the feed of the tag."""
    page = full.files()["tags/sound/index.html"].decode()

    assert page.index(f'href="{HOME}tags/sound.xml"') < page.index(f'href="{HOME}feed.xml"')


def test_every_document_of_a_full_site_is_valid(full: ProjectFolder) -> None:
    """Feeds, archives, chapters and the list of feeds pass the lint without an error."""
    files = full.files()
    documents = [
        path for path in files if path.endswith((".xml", ".atom", ".json", ".opml")) and path != "sitemap.xml"
    ]
    faults = {
        (path, found.code, found.message)
        for path in documents
        for found in lint_feed(files[path], HOME + path)
        if found.severity == "error"
    }

    assert len(documents) > 30
    assert faults == set()


def test_hubs_are_in_current_documents_only(full: ProjectFolder) -> None:
    """Each current document names the hub in its format's own way; archives, which do not change, do not."""
    files = full.files()
    hub = b"https://hub.example.net/"
    documents = {path for path in files if path.endswith((".xml", ".atom", ".json"))}
    marks = (b"tag:lamp.example.org", b"newsletter/2026-10-30/")
    feeds_of_site = {
        path for path in documents - {"sitemap.xml"} if any(mark in files[path] for mark in marks)
    }
    current = {path for path in feeds_of_site if not path.startswith("archive/")}

    assert {path for path in documents if hub in files[path]} == current
    assert {"feed.xml", "atom.xml", "feed.json", "podcast.xml", "tags/sound.json"} <= current
    assert feeds_of_site - current
    for path in current:
        if not path.endswith("json"):
            assert feed_links(files[path], "hub") == [hub.decode()]
        else:
            assert b'"hubs":[{"type":"WebSub","url":"https://hub.example.net/"}]' in files[path]
