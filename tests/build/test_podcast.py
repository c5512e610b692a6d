"""The podcast feed in real folders: what is in it, its artwork and its chapters."""

from __future__ import annotations

import json

import pytest

from feedmaker.errors import ConfigError
from tests.build.documents import (
    HOME,
    ITUNES,
    PODCAST,
    PODCAST_SECTION,
    artwork,
    chain,
    document,
    ids,
    is_there,
    links,
    recording,
    root_of,
)
from tests.projects import BODY, FIRST, LATER, MUCH_LATER, SCHEDULE, ProjectFolder

HEARD = ("bells", "gulls")
UNHEARD = ("fog", "lamps")


@pytest.fixture
def podcast(project: ProjectFolder) -> ProjectFolder:
    """Save two notes with a recording and two without, and a podcast with artwork in the folder."""
    project.schedule(PODCAST_SECTION)
    project.write("artwork.png", artwork())
    for name in HEARD:
        project.note(name, keys=recording(name))
    for name in UNHEARD:
        project.note(name)
    return project


def pictures(project: ProjectFolder) -> dict[str, bytes]:
    """Return the pictures among the outputs."""
    return {path: data for path, data in project.files().items() if path.endswith((".png", ".jpg"))}


def test_feed_of_notes_has_all_and_claims_to_be_no_podcast(podcast: ProjectFolder) -> None:
    """All notes are in the feeds of notes, without an element of podcasts."""
    podcast.build(FIRST)

    files = podcast.files()
    for path in document():
        assert len(ids(path, files[path])) == 4
    assert ITUNES[1:-1].encode() not in files["feed.xml"]
    assert PODCAST[1:-1].encode() not in files["feed.xml"]


def test_podcast_has_the_notes_with_a_recording(podcast: ProjectFolder) -> None:
    """Programs get those that they can play, each with its recording, and nothing else."""
    podcast.build(FIRST)

    channel = root_of(podcast.files()["podcast.xml"]).find("channel")
    assert channel is not None
    entries = podcast.entries()
    assert set(ids("", podcast.files()["podcast.xml"])) == {
        entries[f"episodes/{name}.md"]["id"] for name in HEARD
    }
    assert {each.get("url") for each in channel.findall("item/enclosure")} == {
        f"https://media.example.net/{name}.mp3" for name in HEARD
    }
    assert [each.text for each in channel.findall(f"item/{ITUNES}duration")] == ["2700", "2700"]


@pytest.mark.parametrize("again", [False, True])
def test_one_warning_names_the_notes_without_a_recording(podcast: ProjectFolder, *, again: bool) -> None:
    """It stands at the section of the podcast, and each build says it, an idle one too."""
    report = podcast.build(FIRST)
    if again:
        report = podcast.build(LATER)

    assert report.current == again
    assert not report.failed
    (warning,) = report.diagnostics
    assert (warning.path, warning.code) == ("schedule.yaml", "no-recording")
    lines = (podcast.root / "schedule.yaml").read_text("utf-8").splitlines()
    assert lines[warning.line - 1].startswith("podcast:")
    assert "episodes/fog.md, episodes/lamps.md" in warning.message
    assert "bells" not in warning.message


def test_podcast_that_nobody_answers_for_is_warned_of(podcast: ProjectFolder) -> None:
    """Without owner and author's address there is a warning; the author may stand for the owner."""
    section = "podcast: {image: artwork.png, category: Arts > Books}\n"
    podcast.schedule(section)
    without = podcast.build(FIRST)
    podcast.schedule(
        section,
        SCHEDULE.replace("author: Orla Finch", "author: {name: Orla, email: orla@lamp.example.org}"),
    )

    within = podcast.build(LATER)

    assert "no-owner" in {fault.code for fault in without.diagnostics}
    assert "no-owner" not in {fault.code for fault in within.diagnostics}
    assert b"<itunes:email>orla@lamp.example.org</itunes:email>" in podcast.files()["podcast.xml"]


def test_without_the_section_there_is_no_podcast(podcast: ProjectFolder) -> None:
    """Notes with recordings make no podcast by themselves; and a podcast that is given up goes away."""
    podcast.build(FIRST)
    assert {"podcast.xml", "episodes/bells/chapters.json"} <= set(podcast.files())
    podcast.schedule()

    report = podcast.build(LATER)

    assert not report.diagnostics
    files = podcast.files()
    assert not pictures(podcast)
    assert not [path for path in files if "podcast" in path or path.endswith("chapters.json")]
    assert not [path for path, data in files.items() if b"podcast.xml" in data or b"itunes" in data]
    assert ids("", files["feed.xml"])


def test_section_without_recordings_makes_no_podcast(project: ProjectFolder) -> None:
    """Before the first recording there is nothing to subscribe to, and the artwork is not missed."""
    project.schedule(PODCAST_SECTION)
    project.note("fog")

    report = project.build(FIRST)

    assert [fault.code for fault in report.diagnostics] == ["no-recording"]
    assert "podcast.xml" not in project.files()


def test_chapters_are_where_the_feed_says(podcast: ProjectFolder) -> None:
    """They are made from the note, and each of them leads to its place on the page."""
    podcast.note("bells", keys=recording("bells", "chapters: [{at: '00:01:00', title: Bronze}]"))
    podcast.build(FIRST)
    files = podcast.files()

    addresses = [each.get("url", "") for each in root_of(files["podcast.xml"]).iter(f"{PODCAST}chapters")]
    assert sorted(addresses) == [f"{HOME}episodes/{name}/chapters.json" for name in HEARD]
    assert all(is_there(files, address) for address in addresses)
    data = json.loads(files["episodes/bells/chapters.json"])
    assert [(each["startTime"], each["title"]) for each in data["chapters"]] == [
        (0, "Bells"),
        (60, "Bronze"),
        (725, "Recommended: The Book of Bells"),
    ]
    assert all(is_there(files, each["url"]) for each in data["chapters"] if "url" in each)


def test_note_without_moments_has_no_chapters(podcast: ProjectFolder) -> None:
    """Neither the feed nor the folder has any for a note whose quotes have no times."""
    body = BODY.format(word="Bells").replace(", 00:12:05", "")
    podcast.note("bells", keys=recording("bells"), body=body)

    podcast.build(FIRST)

    files = podcast.files()
    addresses = [each.get("url") for each in root_of(files["podcast.xml"]).iter(f"{PODCAST}chapters")]
    assert addresses == [f"{HOME}episodes/gulls/chapters.json"]
    assert [path for path in files if path.endswith("chapters.json")] == ["episodes/gulls/chapters.json"]


def test_podcast_has_an_archive(podcast: ProjectFolder) -> None:
    """A short podcast feed leads to all older recordings, even where the feeds of notes are longer."""
    podcast.schedule(PODCAST_SECTION.replace("image:", "entries: 2, image:"))
    for number in range(5):
        podcast.note(f"day-{number}", keys=recording(f"day-{number}"))

    podcast.build(FIRST)

    found = chain(podcast.files(), "podcast.xml")
    assert len(next(iter(found.values()))) == 2
    assert len({each for of_document in found.values() for each in of_document}) == 7


def test_artwork_is_published_under_a_name_of_its_own(podcast: ProjectFolder) -> None:
    """The feed leads to a copy with the same bytes."""
    podcast.build(FIRST)

    ((path, data),) = pictures(podcast).items()
    assert data == (podcast.root / "artwork.png").read_bytes()
    image = root_of(podcast.files()["podcast.xml"]).find(f"channel/{ITUNES}image")
    assert image is not None
    assert image.get("href") == HOME + path


def test_new_artwork_alone_is_a_change(podcast: ProjectFolder) -> None:
    """A picture that is replaced is published under a new address, for directories keep the old one."""
    podcast.build(FIRST)
    (before,) = pictures(podcast)
    podcast.write("artwork.png", artwork(shade=200))

    report = podcast.build(LATER)

    assert not report.current
    (after,) = pictures(podcast)
    assert after != before
    assert HOME + after in set(links("podcast.xml", podcast.files()["podcast.xml"]))
    assert podcast.build(MUCH_LATER).current


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (artwork(600), "600 × 600 pixels"),
        (artwork(mode="RGBA"), "transparency"),
        (b"GIF89a", "neither a JPEG nor a PNG"),
        (artwork()[:200], "cannot be read"),
        (None, "there is no such file"),
    ],
    ids=["small", "transparent", "other format", "cut off", "missing"],
)
@pytest.mark.parametrize("is_first", [True, False], ids=["first build", "later build"])
def test_wrong_artwork_is_an_error_and_changes_nothing(
    podcast: ProjectFolder, data: bytes | None, words: str, *, is_first: bool
) -> None:
    """The error stands at the setting; feeds and lock stay as they were, and good artwork mends it."""
    if not is_first:
        podcast.build(FIRST)
    before = podcast.stamps()
    lock = None if is_first else podcast.lock()
    if data is None:
        podcast.remove("artwork.png")
    else:
        podcast.write("artwork.png", data)
    podcast.note("storm", keys=recording("storm"))

    with pytest.raises(ConfigError) as caught:
        podcast.build(LATER)

    (fault,) = caught.value.diagnostics
    line = (podcast.root / "schedule.yaml").read_text("utf-8").splitlines()[fault.line - 1]
    assert (fault.path, fault.code) == ("schedule.yaml", "bad-artwork")
    assert line[fault.column - 1 :].startswith("artwork.png")
    assert words in fault.message
    assert podcast.stamps() == before
    assert (None if is_first else podcast.lock()) == lock
    assert (podcast.root / "feedmaker.lock").exists() != is_first
    podcast.write("artwork.png", artwork())
    assert "episodes/storm.md" in podcast.build(LATER).new


def test_damaged_copy_of_the_artwork_is_mended(podcast: ProjectFolder) -> None:
    """The copy is an output like all others."""
    podcast.build(FIRST)
    ((path, data),) = pictures(podcast).items()
    (podcast.public / path).unlink()

    report = podcast.build(LATER)

    assert report.written == [path]
    assert pictures(podcast) == {path: data}


def test_artwork_elsewhere_is_not_copied(podcast: ProjectFolder) -> None:
    """An address is taken as it is."""
    podcast.schedule(PODCAST_SECTION.replace("artwork.png", "https://img.example.net/a.png"))

    podcast.build(FIRST)

    assert not pictures(podcast)
    image = root_of(podcast.files()["podcast.xml"]).find(f"channel/{ITUNES}image")
    assert image is not None
    assert image.get("href") == "https://img.example.net/a.png"


def test_podcast_at_a_site_that_moved_leads_to_the_new_artwork(podcast: ProjectFolder) -> None:
    """Artwork and chapters of the folder move with the site."""
    podcast.build(FIRST)
    new = "https://beacon.example.net/"
    podcast.schedule(PODCAST_SECTION, SCHEDULE.replace(HOME, new))

    podcast.build(LATER)

    assert HOME.encode() not in podcast.files()["podcast.xml"]
    assert new.encode() in podcast.files()["podcast.xml"]
