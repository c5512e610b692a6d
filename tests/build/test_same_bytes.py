"""A build is a function: the same input makes the same bytes, and nothing that is right is written again."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.build.documents import fill
from tests.projects import FIRST, LATER, MUCH_LATER, PAID, ProjectFolder, run_process

NOTES = ("bells", "fog", "gulls", "lamps")


@pytest.fixture
def built(project: ProjectFolder) -> ProjectFolder:
    """Build a project with four notes, one of them in a folder of its own and one elsewhere on the web."""
    project.schedule(PAID)
    project.note("bells", keys="tags: [sound, metal]\nduration: 45m")
    project.note("fog", date="2020-02-29", keys="guests: [{name: Ida Marsh, bio: Fog watcher}]")
    project.note("2021/gulls", word="Gulls", date="2021-01-01", keys="url: https://gulls.example.net/talk")
    project.note("lamps", date="2018-08-08", keys="draft: no")
    assert not project.build(FIRST).diagnostics
    return project


def test_build_writes_the_feeds_a_page_per_note_and_the_site(built: ProjectFolder) -> None:
    """Feeds, pages and what goes with them are there, and no page for a note that lives elsewhere."""
    paths = set(built.files())
    assert {path for path in paths if path.startswith("episodes/")} == {
        "episodes/index.html",
        *(f"episodes/{name}/index.html" for name in ("bells", "fog", "lamps")),
    }
    assert {path for path in paths if "/" not in path} == {
        *("feed.xml", "atom.xml", "feed.json", "feeds.opml"),
        *("recommendations.xml", "recommendations.atom", "recommendations.json"),
        *("index.html", "style.css", "feed.css", "sitemap.xml", "robots.txt"),
    }
    assert {path.partition("/")[0] for path in paths if "/" in path} == {
        "episodes",
        "recommendations",
        "tags",
    }
    assert built.items()["Gulls"]["url"] == "https://gulls.example.net/talk"


def test_second_build_touches_nothing(built: ProjectFolder) -> None:
    """Built again later, every file has its bytes, time and inode, and the lock too."""
    files, stamps, lock = built.files(), built.stamps(), built.lock()

    report = built.build(LATER)

    assert report.current
    assert (built.files(), built.stamps(), built.lock()) == (files, stamps, lock)


def test_build_without_a_cache_touches_nothing(built: ProjectFolder) -> None:
    """Without .feedmaker/ all is made again, found equal and left alone."""
    stamps, lock = built.stamps(), built.lock()
    shutil.rmtree(built.root / ".feedmaker")

    report = built.build(LATER)

    assert not report.current
    assert not report.written
    assert (built.stamps(), built.lock()) == (stamps, lock)


def test_removed_output_is_made_again_byte_for_byte(built: ProjectFolder) -> None:
    """`rm -rf public` costs a build and nothing else."""
    files, lock = built.files(), built.lock()
    shutil.rmtree(built.public)

    built.build(LATER)

    assert (built.files(), built.lock()) == (files, lock)


@pytest.mark.parametrize(
    "path",
    [
        *("feed.xml", "atom.xml", "feed.json", "recommendations/book.atom", "feeds.opml"),
        *("style.css", "sitemap.xml", "episodes/fog/index.html", "tags/sound/index.html"),
    ],
)
@pytest.mark.parametrize("damage", ["deleted", "emptied", "same size"])
def test_damaged_output_is_mended(built: ProjectFolder, path: str, damage: str) -> None:
    """A file that was deleted or tampered with is as it was after the next build, and the others stay."""
    files, stamps = built.files(), built.stamps()
    target = built.public / path
    if damage == "deleted":
        target.unlink()
    else:
        target.write_bytes(b"" if damage == "emptied" else b"x" * len(files[path]))

    report = built.build(LATER)

    assert report.written == [path]
    assert built.files() == files
    assert {name for name, stamp in built.stamps().items() if stamps[name] != stamp} == {path}


@pytest.mark.parametrize(
    "environ",
    [
        {"TZ": "Pacific/Apia", "LC_ALL": "C", "LANG": "C", "PYTHONHASHSEED": "1"},
        {"TZ": "America/St_Johns", "LC_ALL": "de_DE.ISO-8859-1", "PYTHONUTF8": "0", "PYTHONHASHSEED": "4711"},
    ],
    ids=["C locale", "Latin-1 locale"],
)
def test_another_machine_with_the_lock_builds_the_same_bytes(
    built: ProjectFolder, tmp_path: Path, environ: dict[str, str]
) -> None:
    """A checkout elsewhere, in another time zone, locale and order of files, gives the same bytes."""
    other = checkout(built, tmp_path)

    done = run_process("build", cwd=other.root, environ=environ)

    assert (done.code, done.err) == (0, "")
    assert (other.files(), other.lock()) == (built.files(), built.lock())


@pytest.mark.parametrize("zone", ["Pacific/Apia", "America/St_Johns"])
def test_another_machine_builds_the_same_of_all_that_there_is(
    project: ProjectFolder, tmp_path: Path, zone: str
) -> None:
    """Archives, podcast, artwork, feeds of tags and shows, and compressed copies have the same bytes too."""
    fill(project)
    project.build(FIRST)
    project.remove("episodes/lamps.md")
    project.note("quay")
    assert not project.build(LATER).failed
    other = checkout(project, tmp_path)

    done = run_process("build", cwd=other.root, environ={"TZ": zone, "LC_ALL": "C", "PYTHONHASHSEED": "7"})

    assert done.code == 0, done.err
    assert (other.files(), other.lock()) == (project.files(), project.lock())


def checkout(project: ProjectFolder, tmp_path: Path) -> ProjectFolder:
    """Take what version control has of a project elsewhere."""
    other = ProjectFolder(tmp_path / "else where" / "ünder" / "checkout")
    for path in sorted(project.root.rglob("*"), reverse=True):
        name = path.relative_to(project.root).as_posix()
        if path.is_file() and not name.startswith((".feedmaker/", "public/")):
            other.write(name, path.read_bytes())
    return other


class Backwards(list[Any]):
    """List the entries of a folder in the opposite order."""

    def __init__(self, place: str) -> None:
        super().__init__(sorted(os.scandir(place), key=lambda entry: entry.name, reverse=True))


def test_order_of_discovery_does_not_matter(project: ProjectFolder, tmp_path: Path) -> None:
    """Without a lock too, ids, order and bytes do not depend on which note the disk names first."""
    for name in NOTES:
        project.note(name, date="2020-01-01")
    other = project.copy(tmp_path / "other")
    project.build(FIRST)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("feedmaker.listing.os", SimpleNamespace(**{**vars(os), "scandir": Backwards}))
        other.build(FIRST)

    assert (other.files(), other.lock()) == (project.files(), project.lock())


def test_publishers_own_files_are_left_alone(built: ProjectFolder) -> None:
    """What else stands in public/ stays, beside pages and in the folder of a note that goes."""
    own = {"CNAME": b"lamp.example.org\n", "episodes/fog/photo.jpg": b"\xff\xd8", ".well-known/x": b"1"}
    for path, data in own.items():
        (built.public / path).parent.mkdir(exist_ok=True)
        (built.public / path).write_bytes(data)
    before = {path: built.stamps()[path] for path in own}
    (built.root / "episodes" / "fog.md").unlink()

    built.build(LATER)
    shutil.rmtree(built.root / ".feedmaker")
    built.build(MUCH_LATER)

    assert {path: built.files()[path] for path in own} == own
    assert {path: built.stamps()[path] for path in own} == before
    assert "episodes/fog/index.html" not in built.files()


def test_removed_note_takes_its_page_and_folder_along(built: ProjectFolder) -> None:
    """The page of a removed note goes, with its empty folder; feeds and lists no longer name it."""
    (built.root / "episodes" / "fog.md").unlink()

    report = built.build(LATER)

    assert report.removed == ["episodes/fog.md"]
    assert not (built.public / "episodes" / "fog").exists()
    assert set(built.items()) == {"Bells", "Gulls", "Lamps"}
    assert b"Fog" not in built.files()["episodes/index.html"]


def test_page_of_a_killed_build_goes_with_its_note(project: ProjectFolder) -> None:
    """A page that a killed build left behind is known to the next one, even if its note is gone by then."""
    project.note("fog")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("feedmaker.index.Index.record_outputs", _die)
        with pytest.raises(KeyboardInterrupt):
            project.build(FIRST)
    assert "episodes/fog/index.html" in project.files()
    (project.root / "episodes" / "fog.md").unlink()

    project.build(LATER)

    assert "episodes/fog/index.html" not in project.files()


def _die(*_: object) -> None:
    raise KeyboardInterrupt


def test_nothing_unfinished_stays_in_the_output_folder(built: ProjectFolder) -> None:
    """After a build only outputs are there; the remains of a killed one go with the next."""
    (built.public / ".feedmaker-new").mkdir()
    (built.public / ".feedmaker-new" / "7").write_bytes(b"half a fe")
    built.note("fog", word="Fog horns")

    built.build(LATER)

    assert not list(built.public.rglob(".*"))
