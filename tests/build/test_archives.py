"""The archive of feeds in real folders: all that was published can be reached, and old documents stay."""

from __future__ import annotations

import shutil

import pytest

from feedmaker.lint.check import lint_feed
from tests.build.documents import HOME, chain, document, ids, previous, tombstones
from tests.projects import FIRST, LATER, MUCH_LATER, ProjectFolder

WORDS = ("ash", "bells", "coal", "dusk", "ebb", "fog", "gulls")
SMALL = "feeds: {entries: 2}\n"


@pytest.fixture
def built(project: ProjectFolder) -> ProjectFolder:
    """Build seven notes with feeds of two: the feed has gulls and fog, three volumes the rest and fog."""
    project.schedule(SMALL)
    for number, word in enumerate(WORDS, 1):
        project.note(word, date=f"2019-0{number}-01")
    assert not project.build(FIRST).diagnostics
    return project


def id_of(project: ProjectFolder, word: str) -> str:
    """Return the id that readers know a note by."""
    return str(project.entries()[f"episodes/{word}.md"]["id"])


def archive(project: ProjectFolder) -> dict[str, tuple[int, int]]:
    """Return the stamps of all documents of the archive."""
    return {path: stamp for path, stamp in project.stamps().items() if path.startswith("archive/")}


def volume_of(project: ProjectFolder, word: str) -> set[str]:
    """Name the documents of the archive that hold a note or its recommendation."""
    wanted = id_of(project, word)
    files = {path: data for path, data in project.files().items() if path.startswith("archive/")}
    return {
        path
        for path, data in files.items()
        if any(each == wanted or each.startswith(f"{wanted}#") for each in ids(path, data))
    }


@pytest.mark.parametrize("path", document())
def test_every_note_can_be_reached_from_the_feed(built: ProjectFolder, path: str) -> None:
    """Going back from document to document, a reader finds each note, and nothing else."""
    found = chain(built.files(), path)

    assert len(found) == 4
    assert {each for of_document in found.values() for each in of_document} == {
        id_of(built, word) for word in WORDS
    }
    assert all(len(of_document) == len(set(of_document)) <= 2 for of_document in found.values())


@pytest.mark.parametrize("path", document("recommendations"))
def test_every_recommendation_can_be_reached_from_the_feed(built: ProjectFolder, path: str) -> None:
    """The feed of recommendations has an archive of its own."""
    found = {each for of_document in chain(built.files(), path).values() for each in of_document}

    assert found == {f"{id_of(built, word)}#the-book-of-{word}" for word in WORDS}


def test_new_notes_change_no_volume(built: ProjectFolder) -> None:
    """Notes arrive one by one and fill new volumes; old ones keep bytes, times and inodes."""
    before = archive(built)
    for number, word in enumerate(("hail", "ice", "jetty")):
        built.note(word, date=f"2020-0{number + 1}-01")
        built.build(LATER.replace(day=4 + number))

    after = archive(built)

    assert {path: after[path] for path in before} == before
    assert after.keys() - before.keys() == set(document("archive/4") + document("archive/recommendations/4"))
    for path in document():
        assert len({each for found in chain(built.files(), path).values() for each in found}) == 10


def test_corrected_note_changes_its_own_volume_alone(built: ProjectFolder) -> None:
    """A correction of an old note reaches its page, the documents that hold it, and the sitemap's times."""
    volume, before = volume_of(built, "coal"), built.stamps()
    built.edit("episodes/coal.md", "Oil floats", "Oil burns")

    built.build(LATER)

    assert volume == set(document("archive/2") + document("archive/recommendations/2"))
    assert built.written_since(before) == {"episodes/coal/index.html", "sitemap.xml", *volume}


def test_new_title_of_an_old_note_also_changes_the_lists(built: ProjectFolder) -> None:
    """Beside the volume, the lists that show the title are written, and no other volume or page."""
    volume, before = volume_of(built, "coal"), built.stamps()
    built.edit("episodes/coal.md", "title: Coal", "title: Charcoal")

    built.build(LATER)

    lists = {path for path, data in built.files().items() if b"Charcoal" in data} - volume
    assert built.written_since(before) == {"sitemap.xml", *volume, *lists}
    assert "episodes/index.html" in lists
    assert not any(path.startswith("archive/") for path in lists)


def test_note_published_years_back_changes_no_volume(built: ProjectFolder) -> None:
    """A note that says it is older than all others is in a volume of its own, and can be reached."""
    before = archive(built)
    built.note("zeal", keys="published: 2001-01-01")

    built.build(LATER)

    after = archive(built)
    assert {path: after[path] for path in before} == before
    assert volume_of(built, "zeal") == after.keys() - before.keys() != set()
    for path in document():
        assert id_of(built, "zeal") in {
            each for found in chain(built.files(), path).values() for each in found
        }


def test_note_published_years_back_that_recommends_the_same_changes_no_volume(built: ProjectFolder) -> None:
    """It is older than what the archive says of the thing, and still no old item tells of it."""
    before = archive(built)
    built.note("zeal", keys="published: 2001-01-01", word="Coal", date="2001-01-01")

    built.build(LATER)

    after = archive(built)
    assert {path: after[path] for path in before} == before
    assert b"episodes/coal/#the-book-of-coal" in built.files()["episodes/coal-2001-01-01/index.html"]


def test_removed_note_changes_its_own_volume_and_the_current_documents(built: ProjectFolder) -> None:
    """A removed note leaves its volume; the others keep bytes and times."""
    removed, volume, before = id_of(built, "coal"), volume_of(built, "coal"), archive(built)
    built.remove("episodes/coal.md")

    built.build(LATER)

    after = archive(built)
    assert {path for path, stamp in before.items() if after.get(path) != stamp} == volume
    assert after.keys() == before.keys()
    for path in document():
        assert removed not in {each for found in chain(built.files(), path).values() for each in found}


def test_removed_note_is_told_of(built: ProjectFolder) -> None:
    """Programs that keep what they have read learn from Atom that it was taken back (RFC 6721)."""
    removed = id_of(built, "coal")
    assert not any(tombstones(data) for path, data in built.files().items() if path.endswith(".atom"))
    built.remove("episodes/coal.md")

    built.build(LATER)

    files = built.files()
    told = {path for path in files if path.endswith("atom") or path == "atom.xml"}
    assert {path for path in told if tombstones(files[path])} == {
        *("atom.xml", "archive/2.atom"),
        *("recommendations.atom", "archive/recommendations/2.atom"),
    }
    assert tombstones(files["atom.xml"]) == tombstones(files["archive/2.atom"]) == [removed]
    assert tombstones(files["recommendations.atom"]) == [f"{removed}#the-book-of-coal"]


def test_draft_is_taken_back_and_a_broken_note_is_not(built: ProjectFolder) -> None:
    """Who withdraws a note means it; who breaks one does not, even where no cache has its last good text."""
    withdrawn, broken = id_of(built, "coal"), id_of(built, "dusk")
    built.note("coal", keys="draft: true", date="2019-03-01")
    built.edit("episodes/dusk.md", "date: 2019-04-01", "date: 2019-13-01")
    shutil.rmtree(built.root / ".feedmaker")

    assert built.build(LATER).failed

    files = built.files()
    assert tombstones(files["atom.xml"]) == tombstones(files["archive/2.atom"]) == [withdrawn]
    assert not any(broken in found for found in chain(files, "feed.xml").values())
    assert built.entries()["episodes/dusk.md"].get("gone") is None


def test_volume_that_was_emptied_tells_so_at_its_address(built: ProjectFolder) -> None:
    """Its documents stay, empty and valid, and Atom says what was taken back; the chain goes through them."""
    gone = {id_of(built, word) for word in ("coal", "dusk")}
    built.remove("episodes/coal.md")
    built.remove("episodes/dusk.md")

    built.build(LATER)

    files = built.files()
    assert [len(chain(files, path)) for path in document()] == [4, 4, 4]
    for path in document("archive/2"):
        assert ids(path, files[path]) == []
        assert not [found for found in lint_feed(files[path], HOME + path) if found.is_error]
    assert set(tombstones(files["archive/2.atom"])) == gone


def test_removed_newest_note_leaves_the_archive_as_it_is(built: ProjectFolder) -> None:
    """What moves up into the feed stays in its volume too, under the address that readers know."""
    before = archive(built)
    built.remove("episodes/gulls.md")

    built.build(LATER)

    assert archive(built) == before
    assert ids("feed.xml", built.files()["feed.xml"]) == [id_of(built, "fog"), id_of(built, "ebb")]


def test_note_that_is_brought_back_is_in_its_volume(built: ProjectFolder) -> None:
    """It is live again under its id, in its volume, and nothing says any more that it was taken back."""
    before = built.files()
    data = built.remove("episodes/coal.md")
    built.build(LATER)
    built.write("episodes/coal.md", data)

    built.build(MUCH_LATER)

    files = built.files()
    assert files.keys() == before.keys()
    assert all(b"deleted-entry" not in data for data in files.values())
    volumes = [path for path in files if path.startswith("archive/") and path.endswith(".atom")]
    assert [files[path].count(b"<entry") for path in volumes] == [
        before[path].count(b"<entry") for path in volumes
    ]
    # It is younger than what said that it was gone (RFC 6721, 3).
    assert any(b"2026-11-09T07:15:00" in files[path] for path in volumes)


@pytest.mark.parametrize("entries", [1, 3, 50])
def test_other_size_of_feeds_keeps_old_volumes(built: ProjectFolder, entries: int) -> None:
    """Volumes keep addresses and bytes when feeds are made shorter or longer, and all can be reached."""
    before = built.files()
    built.schedule(f"feeds: {{entries: {entries}}}\n")

    built.build(LATER)

    files = built.files()
    volumes = {path for number in (1, 2, 3) for path in document(f"archive/{number}")}
    assert {path: files[path] for path in volumes} == {path: before[path] for path in volumes}
    for path in document():
        assert len(ids(path, files[path])) == min(entries, 7)
        assert len({each for found in chain(files, path).values() for each in found}) == 7


def test_few_notes_have_no_archive(project: ProjectFolder) -> None:
    """While the feed has room for all, there is no archive and no link to one."""
    project.schedule(SMALL)
    project.note("ash")
    project.note("bells")

    project.build(FIRST)

    assert not archive(project)
    assert all(previous(path, project.files()[path]) is None for path in document())
