"""Compressed copies of a real build: they hold the same, and are written only when that changes."""

from __future__ import annotations

import shutil
import zlib
from collections.abc import Callable, Mapping

import brotli  # type: ignore[import-untyped]
import pytest

from tests.build.documents import PODCAST_SECTION, artwork, recording
from tests.projects import FIRST, LATER, MUCH_LATER, ProjectFolder

UNPACK: Mapping[str, Callable[[bytes], bytes]] = {
    ".gz": lambda data: zlib.decompress(data, 31),
    ".br": brotli.decompress,
}
BOTH = "serving: {compress: [gzip, brotli]}\n"


@pytest.fixture
def built(project: ProjectFolder) -> ProjectFolder:
    """Build three notes and a podcast with artwork, with copies of both kinds."""
    project.schedule(BOTH + PODCAST_SECTION)
    project.write("artwork.png", artwork())
    for name in ("bells", "fog", "gulls"):
        project.note(name, keys=recording(name))
    assert not project.build(FIRST).diagnostics
    return project


def copies(project: ProjectFolder, *endings: str) -> set[str]:
    """Name the compressed copies among the outputs."""
    return {path for path in project.files() if path.endswith(endings or tuple(UNPACK))}


@pytest.mark.parametrize("ending", UNPACK)
def test_each_text_has_a_copy_that_holds_the_same(built: ProjectFolder, ending: str) -> None:
    """Feeds, pages, lists and style sheets are there twice; pictures, packed as they are, are not."""
    files = built.files()
    texts = files.keys() - copies(built)

    found = copies(built, ending)
    assert found == {path + ending for path in texts if not path.endswith(".png")}
    assert {
        f"{name}{ending}" for name in ("feed.xml", "atom.xml", "feed.json", "index.html", "style.css")
    } <= found
    for path in found:
        assert UNPACK[ending](files[path]) == files[path.removesuffix(ending)]
        assert files[path] != files[path.removesuffix(ending)]


def test_copies_are_written_with_their_texts_alone(built: ProjectFolder) -> None:
    """A changed note writes the copies of what it changes; all others keep their times."""
    before = built.stamps()
    built.edit("episodes/fog.md", "Oil floats", "Oil burns")

    built.build(LATER)

    written = built.written_since(before)
    texts = {path for path in written if not path.endswith(tuple(UNPACK))}
    assert "episodes/fog/index.html" in texts
    assert "episodes/bells/index.html" not in texts
    assert written == texts | {path + ending for path in texts for ending in UNPACK}


def test_unchanged_copies_are_not_written_again(built: ProjectFolder) -> None:
    """Made again without the cache, copies are equal and stay."""
    before = built.stamps()
    assert built.build(LATER).current
    shutil.rmtree(built.root / ".feedmaker")

    assert not built.build(MUCH_LATER).written
    assert built.stamps() == before


def test_damaged_copy_is_mended(built: ProjectFolder) -> None:
    """A copy is an output like all others."""
    files = built.files()
    (built.public / "feed.xml.gz").write_bytes(b"")

    assert built.build(LATER).written == ["feed.xml.gz"]
    assert built.files() == files


def test_copies_that_are_not_wanted_any_more_go(built: ProjectFolder) -> None:
    """A host would serve them for ever; the texts stay as they are."""
    texts = {path: data for path, data in built.files().items() if not path.endswith(tuple(UNPACK))}
    built.schedule(BOTH.replace(", brotli", "") + PODCAST_SECTION)
    built.build(LATER)
    assert not copies(built, ".br")
    assert copies(built, ".gz")
    built.schedule(PODCAST_SECTION)

    built.build(MUCH_LATER)

    assert built.files() == texts


def test_removed_page_takes_its_copies_along(built: ProjectFolder) -> None:
    """Nothing of a removed note stays in the folder."""
    built.remove("episodes/fog.md")

    built.build(LATER)

    assert not (built.public / "episodes" / "fog").exists()
