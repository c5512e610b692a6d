"""Ids through whole builds: whatever moves or is renamed, readers see the same episodes."""

from __future__ import annotations

import json
import re

import pytest

from tests.build.documents import HOME, PODCAST, PODCAST_SECTION, artwork, document, ids, recording, root_of
from tests.build.documents import tombstones as tombstones_of
from tests.projects import FIRST, LATER, SCHEDULE, ProjectFolder

NEW_HOME = "https://beacon.example.net/"
MOVED = SCHEDULE.replace(HOME, NEW_HOME).replace("  author:", f"  moved_from: {HOME}\n  author:")
FEEDS = (*document(), *document("recommendations"), *document("archive/1"), *document("tags/sound"))


@pytest.fixture
def built(project: ProjectFolder) -> ProjectFolder:
    """Build three notes with feeds of one and a podcast."""
    project.schedule(f"feeds: {{entries: 1, tags: all}}\n{PODCAST_SECTION}")
    project.write("artwork.png", artwork())
    for word in ("bells", "fog", "gulls"):
        project.note(word, keys=recording(word, "tags: [sound]"))
    assert not project.build(FIRST).diagnostics
    return project


def ids_of_feeds(project: ProjectFolder) -> dict[str, list[str]]:
    """Return the ids of all items, by document."""
    return {path: ids(path, project.files()[path]) for path in FEEDS}


@pytest.mark.parametrize("what", ["title", "file name", "show"])
def test_ids_stay_when_a_note_is_renamed(built: ProjectFolder, what: str) -> None:
    """A new title, file name or show is no new episode, in any document."""
    before = ids_of_feeds(built)
    if what == "file name":
        built.write("episodes/birds/herring.md", built.remove("episodes/gulls.md"))
    else:
        built.edit(
            "episodes/gulls.md", *(("title: G", "title: Herring g") if what == "title" else ("Keep", "Seek"))
        )

    built.build(LATER)

    assert ids_of_feeds(built) == before


def test_ids_stay_when_the_site_moves(built: ProjectFolder) -> None:
    """At its new address the site has the old ids, those of its Atom feeds too, and links to itself only."""
    before, files = ids_of_feeds(built), built.files()
    built.schedule(f"feeds: {{entries: 1, tags: all}}\n{PODCAST_SECTION}", MOVED)

    built.build(LATER)

    after = built.files()
    assert ids_of_feeds(built) == before
    for path in FEEDS:
        if path.endswith("atom") or path == "atom.xml":
            assert root_of(after[path]).findtext("{*}id") == root_of(files[path]).findtext("{*}id") != ""
        elif path.endswith("json"):
            assert json.loads(after[path])["feed_url"] == NEW_HOME + path
    assert root_of(after["atom.xml"]).findtext("{*}id") == f"{HOME}atom.xml"
    old = {path: data.count(HOME.encode()) for path, data in after.items()}
    assert {path for path, count in old.items() if count} == {
        path for path in FEEDS if path.endswith("atom") or path == "atom.xml"
    } | {"tags/sound.atom", "recommendations/book.atom", "archive/tags/sound/1.atom"} | {
        path for path in after if re.fullmatch(r"archive/.*\.atom", path)
    }


def test_podcast_keeps_its_guid_when_the_site_moves(built: ProjectFolder) -> None:
    """The guid was made from the first address; the lock keeps it, and the feed tells where it is now."""
    guid = root_of(built.files()["podcast.xml"]).findtext(f"channel/{PODCAST}guid")
    built.schedule(f"feeds: {{entries: 1, tags: all}}\n{PODCAST_SECTION}", MOVED)

    built.build(LATER)

    channel = root_of(built.files()["podcast.xml"]).find("channel")
    assert channel is not None
    assert channel.findtext(f"{PODCAST}guid") == guid == json.loads(built.lock())["podcast"]
    new = channel.findtext("{http://www.itunes.com/dtds/podcast-1.0.dtd}new-feed-url")
    assert new == f"{NEW_HOME}podcast.xml"


def test_podcast_guid_outlives_a_time_without_podcast(built: ProjectFolder) -> None:
    """A section that is taken out and put in again does not make a new podcast."""
    guid = json.loads(built.lock())["podcast"]
    built.schedule()
    built.build(LATER)
    assert "podcast.xml" not in built.files()
    built.schedule(PODCAST_SECTION, MOVED)

    built.build(LATER)

    assert root_of(built.files()["podcast.xml"]).findtext(f"channel/{PODCAST}guid") == guid


def test_guid_of_the_configuration_wins(built: ProjectFolder) -> None:
    """A podcast that had a guid elsewhere keeps that one, and the lock takes it over."""
    guid = "917393e3-1b1e-5cef-ace4-edaa54e1f810"
    built.schedule(PODCAST_SECTION.replace("image:", f"guid: {guid}, image:"))

    built.build(LATER)

    assert root_of(built.files()["podcast.xml"]).findtext(f"channel/{PODCAST}guid") == guid
    assert json.loads(built.lock())["podcast"] == guid


def with_id(project: ProjectFolder, source: str, identity: str) -> None:
    """Give a note another id in the lock, as it came from another system."""
    data = json.loads(project.lock())
    next(entry for entry in data["notes"] if entry["source"] == source)["id"] = identity
    project.write("feedmaker.lock", json.dumps(data))


def test_foreign_id_is_literal_where_it_may_be(built: ProjectFolder) -> None:
    """An id that is no IRI is what it was in RSS and JSON Feed, and a URN in Atom."""
    with_id(built, "episodes/gulls.md", "post 42 <é>")

    built.build(LATER)

    found = ids_of_feeds(built)
    urn = "urn:feedmaker:post%2042%20%3C%C3%A9%3E"
    assert found["feed.xml"] == found["feed.json"] == ["post 42 <é>"]
    assert found["atom.xml"] == [urn]
    assert found["recommendations.xml"] == ["post 42 <é>#the-book-of-gulls"]
    assert found["recommendations.atom"] == [f"{urn}%23the-book-of-gulls"]


def test_foreign_id_of_a_removed_note_is_the_one_that_atom_knew(built: ProjectFolder) -> None:
    """What Atom says was taken back has the id under which it was read."""
    with_id(built, "episodes/gulls.md", "post 42")
    built.build(LATER)
    known = ids("atom.xml", built.files()["atom.xml"])
    built.remove("episodes/gulls.md")

    built.build(LATER)

    assert tombstones_of(built.files()["atom.xml"]) == known == ["urn:feedmaker:post%2042"]
