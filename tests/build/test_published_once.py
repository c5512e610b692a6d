"""feedmaker.lock through whole builds: what readers were told stays true, whatever happens to the notes."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from feedmaker.errors import LockError
from feedmaker.notes.folder import NoteFile, scan
from tests.projects import BODY, FIRST, LATER, MUCH_LATER, ROOT, ProjectFolder


def times(project: ProjectFolder, title: str) -> tuple[str, str]:
    """Return when an item was published and updated, as readers see it."""
    item = project.items()[title]
    return item["date_published"], item["date_modified"]


def test_edit_moves_only_the_time_of_the_last_change(project: ProjectFolder) -> None:
    """An edited note keeps id, address and publishing time, and says when it was changed."""
    path = project.note("fog")
    project.note("bells")
    project.build(FIRST)
    before = project.items()
    project.write(path, (project.root / path).read_text("utf-8").replace("Oil floats", "Oil burns"))

    project.build(LATER)

    after = project.items()
    assert times(project, "Fog") == ("2026-11-02T08:00:00Z", "2026-11-03T09:30:00Z")
    assert {name: after["Fog"][name] for name in ("id", "url")} == {
        name: before["Fog"][name] for name in ("id", "url")
    }
    assert after["Bells"] == before["Bells"]


def test_new_title_keeps_id_and_address(project: ProjectFolder) -> None:
    """A title that is mended later does not make a new episode."""
    project.note("fog", word="Fgo")
    project.build(FIRST)
    before = project.items()["Fgo"]
    project.note("fog", word="Fog")

    project.build(LATER)

    after = project.items()["Fog"]
    assert (after["id"], after["url"], after["date_published"]) == (
        before["id"],
        before["url"],
        before["date_published"],
    )
    assert list(project.items()) == ["Fog"]


def test_touched_note_is_not_updated(project: ProjectFolder) -> None:
    """File times say nothing about content."""
    path = project.note("fog")
    project.build(FIRST)
    lock = project.lock()
    project.write(path, (project.root / path).read_bytes())

    project.build(LATER)

    assert project.lock() == lock


def test_renamed_note_keeps_its_id(project: ProjectFolder) -> None:
    """A note that moves to another folder under another name is the same episode."""
    path = project.root / project.note("fog")
    project.build(FIRST)
    files, entry = project.files(), project.entries()["episodes/fog.md"]
    (project.root / "episodes" / "weather").mkdir()
    path.rename(project.root / "episodes" / "weather" / "01.md")

    report = project.build(LATER)

    assert project.files() == files
    assert project.entries() == {"episodes/weather/01.md": entry | {"source": "episodes/weather/01.md"}}
    assert (report.new, report.removed) == ([], [])


def test_removed_note_comes_back_as_it_was(project: ProjectFolder) -> None:
    """A removed note leaves the feeds; brought back under another name, it has id and date again."""
    path = project.root / project.note("fog")
    project.note("bells")
    project.build(FIRST)
    before, paths = project.items()["Fog"], project.files().keys()
    text = path.read_bytes()
    path.unlink()
    project.build(LATER)
    assert list(project.items()) == ["Bells"]

    project.write("episodes/fog-again.md", text)
    project.build(MUCH_LATER)

    assert project.items()["Fog"] == before | {"date_modified": "2026-11-09T07:15:00Z"}
    assert project.files().keys() == paths


def test_first_build_finds_the_back_catalogue_and_later_ones_news(project: ProjectFolder) -> None:
    """Only what the first build ever found is marked as no news."""
    project.note("bells")
    project.build(FIRST)
    project.note("fog")
    project.build(LATER)

    assert {path: entry.get("backlog", False) for path, entry in project.entries().items()} == {
        "episodes/bells.md": True,
        "episodes/fog.md": False,
    }
    assert times(project, "Fog") == ("2026-11-03T09:30:00Z", "2026-11-03T09:30:00Z")


def test_note_waits_for_its_publishing_time(project: ProjectFolder) -> None:
    """A note with a future day is held back, named, and out at that day's publishing time, Berlin time."""
    project.note("bells")
    project.note("fog", keys="published: 2026-11-06")
    due = datetime(2026, 11, 6, 7, tzinfo=UTC)

    report = project.build(FIRST)

    assert [(held.path, held.reason) for held in report.held] == [
        ("episodes/fog.md", "waits until 2026-11-06 08:00 CET")
    ]
    assert list(project.items()) == ["Bells"]
    assert project.build(due - timedelta(seconds=1)).current
    assert project.build(due).new == ["episodes/fog.md"]
    assert times(project, "Fog") == ("2026-11-06T07:00:00Z", "2026-11-06T07:00:00Z")
    assert project.build(MUCH_LATER).current


def test_draft_stays_out_until_it_is_none(project: ProjectFolder) -> None:
    """A draft is nowhere in the output; it is published by the build that first finds it ready."""
    project.note("fog", keys="draft: true")
    report = project.build(FIRST)
    assert [(held.path, held.reason) for held in report.held] == [("episodes/fog.md", "draft: true")]
    assert b"Fog" not in b"".join(project.files().values())
    assert project.entries() == {}
    project.note("fog")

    project.build(LATER)

    assert times(project, "Fog") == ("2026-11-03T09:30:00Z", "2026-11-03T09:30:00Z")


def test_published_note_made_a_draft_leaves_and_returns(project: ProjectFolder) -> None:
    """A note that is withdrawn as a draft is gone, with its page, and back under its id."""
    project.note("fog")
    project.build(FIRST)
    before, paths = project.items()["Fog"], project.files().keys()
    project.note("fog", keys="draft: true")
    project.build(LATER)
    assert project.items() == {}
    assert "episodes/fog/index.html" not in project.files()
    project.note("fog")

    project.build(MUCH_LATER)

    assert project.items()["Fog"] == before | {"date_modified": "2026-11-09T07:15:00Z"}
    assert project.files().keys() == paths


def test_times_of_the_front_matter_stay_when_others_arrive(project: ProjectFolder) -> None:
    """A note that names its times to the second has them in every later build, too."""
    project.note("fog", keys="published: 2024-01-05T10:31:07+02:00\nupdated: 2024-02-01T03:04:05Z\n")
    project.build(FIRST)
    project.note("lamp")

    project.build(LATER)

    item = project.items()["Fog"]
    assert item["date_published"] == "2024-01-05T08:31:07Z"
    assert item["date_modified"] == "2024-02-01T03:04:05Z"


def test_front_matter_wins(project: ProjectFolder) -> None:
    """Explicit id, slug and times are taken, in feeds, lock and address."""
    project.note(
        "fog",
        keys="id: tag:lamp.example.org,2001:fog\nslug: sea-fog\n"
        "published: 2020-03-01T10:00:00+01:00\nupdated: 2020-03-05",
    )

    project.build(FIRST)

    item = project.items()["Fog"]
    assert (item["id"], item["url"]) == (
        "tag:lamp.example.org,2001:fog",
        "https://lamp.example.org/notes/episodes/sea-fog/",
    )
    assert times(project, "Fog") == ("2020-03-01T09:00:00Z", "2020-03-05T07:00:00Z")
    assert "episodes/sea-fog/index.html" in project.files()


def test_new_slug_moves_the_page(project: ProjectFolder) -> None:
    """A slug set later moves the page and takes the old one away; the id stays."""
    project.note("fog")
    project.build(FIRST)
    before = project.items()["Fog"]["id"]
    project.note("fog", keys="slug: sea-fog")

    project.build(LATER)

    assert project.items()["Fog"]["id"] == before
    pages = {path for path in project.files() if path.startswith("episodes/") and path.count("/") == 2}
    assert pages == {"episodes/sea-fog/index.html"}


GOOD = f"---\nshow: Keepers\ntitle: Fog\ndate: 2019-05-04\n---\n\n{BODY.format(word='Fog')}"
BROKEN = "---\nshow: Keepers\ntitle: Fog\ndate: 2019-13-04\n---\n\nNew words.\n"


def test_broken_note_keeps_its_last_good_version(project: ProjectFolder) -> None:
    """While a published note has errors, page and feeds stay as they were, and other notes go out."""
    project.note("fog")
    project.build(FIRST)
    page, fog, entry = (
        project.files()["episodes/fog/index.html"],
        project.items()["Fog"],
        project.entries()["episodes/fog.md"],
    )
    project.write("episodes/fog.md", BROKEN)
    project.note("bells")

    report = project.build(LATER)

    assert report.failed
    assert [str(fault) for fault in report.diagnostics] == [
        'episodes/fog.md:4:7: error: date "2019-13-04" is not a date (expected YYYY-MM-DD) [bad-date]'
    ]
    assert [held.reason for held in report.held] == ["has errors; its last good version stays published"]
    assert project.files()["episodes/fog/index.html"] == page
    assert project.items()["Fog"] == fog
    assert project.entries()["episodes/fog.md"] == entry
    assert report.new == ["episodes/bells.md"]


def test_broken_note_is_told_of_until_it_is_mended(project: ProjectFolder) -> None:
    """Each build says it again; mended, the note is updated under its id."""
    project.note("fog")
    project.build(FIRST)
    published = project.items()["Fog"]["id"]
    project.write("episodes/fog.md", BROKEN)
    for _ in range(3):
        assert project.build(LATER).failed
    project.note("fog", word="Fog at last")

    report = project.build(MUCH_LATER)

    assert not report.diagnostics
    assert project.items()["Fog at last"]["id"] == published
    assert times(project, "Fog at last")[1] == "2026-11-09T07:15:00Z"


def test_last_good_version_survives_a_new_look(project: ProjectFolder) -> None:
    """A page of a broken note is made again from its last good text where the template has changed."""
    project.note("fog")
    project.build(FIRST)
    project.write("episodes/fog.md", BROKEN)
    project.write("templates/site/episode.html", "<p>{{ episode.title }}: {{ episode.show }}{{ facts }}</p>")

    project.build(LATER)

    assert project.files()["episodes/fog/index.html"] == b"<p>Fog: Keepers \xc2\xb7 4 May 2019</p>"


def test_warning_is_told_by_each_build(project: ProjectFolder) -> None:
    """What a note goes out in spite of is said again, whether anything has changed or not."""
    project.write("episodes/fog.md", GOOD.replace("Oil floats", "Oil\x07floats"))
    project.note("bells")
    assert [fault.code for fault in project.build(FIRST).diagnostics] == ["control-character"]
    assert [fault.code for fault in project.build(FIRST).diagnostics] == ["control-character"]
    project.note("bells", word="Buoys")

    assert [fault.code for fault in project.build(LATER).diagnostics] == ["control-character"]


def test_note_broken_from_the_start_is_held(project: ProjectFolder) -> None:
    """A note that was never good is nowhere but in the report."""
    project.write("episodes/fog.md", BROKEN)
    project.note("bells")

    report = project.build(FIRST)

    assert [held.reason for held in report.held] == ["has errors; not published"]
    assert list(project.items()) == ["Bells"]
    assert list(project.entries()) == ["episodes/bells.md"]


def test_entry_of_a_broken_note_is_nobody_elses(project: ProjectFolder) -> None:
    """A copy of a note that is broken at the moment takes over neither its id nor its page."""
    project.note("fog")
    project.build(FIRST)
    files, lock = project.files(), project.lock()
    project.write("episodes/copy.md", (project.root / "episodes/fog.md").read_bytes())
    project.write("episodes/fog.md", BROKEN)

    report = project.build(LATER)

    assert [fault.code for fault in report.diagnostics] == ["duplicate-episode", "bad-date"]
    assert (project.files(), project.lock()) == (files, lock)


def test_folder_that_cannot_be_listed_loses_nothing(
    project: ProjectFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Notes in a folder that is out of reach for a while stay published, and the build says so."""
    project.note("2019/fog")
    project.note("bells")
    project.build(FIRST)
    files = project.files()
    bells = next(file for file in scan(project.root, "episodes") if file.path == "episodes/bells.md")
    out_of_reach = NoteFile("episodes/2019", 0, 0, 0, regular=False)
    seen = {"episodes": [out_of_reach, bells], "issues": []}
    monkeypatch.setattr("feedmaker.app.project.scan", lambda _, name, *__: seen[name])

    report = project.build(LATER)

    assert [(fault.path, fault.code) for fault in report.diagnostics] == [
        ("episodes/2019", "unreadable-file")
    ]
    assert project.files() == files
    assert report.removed == []
    assert "episodes/2019/fog.md: has errors; its last good version stays published" in [
        f"{held.path}: {held.reason}" for held in report.held
    ]


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"", "feedmaker.lock:1:1: error:"),
        (
            b'{"version": 1, "since": "2026-11-02T08:00:00Z", "notes": [\n<<<<<<< ours\n]}',
            "feedmaker.lock:2:1",
        ),
        (b'{"version": 1}', "feedmaker.lock:1:1: error:"),
        (b"[]", "feedmaker.lock:1:1: error:"),
        (b'{"version": 7, "since": "", "notes": []}', "version 7"),
        (b"\xff\xfe\x00", "cannot be read"),
    ],
)
def test_damaged_lock_stops_the_build(project: ProjectFolder, data: bytes, place: str) -> None:
    """Nothing is guessed and nothing is written; the error says where and what to do."""
    project.note("fog")
    project.build(FIRST)
    stamps = project.stamps()
    project.note("bells")
    project.write("feedmaker.lock", data)

    with pytest.raises(LockError) as caught:
        project.build(LATER)

    assert place in str(caught.value)
    assert project.stamps() == stamps
    assert project.lock() == data


def test_builds_at_once_publish_once(project: ProjectFolder) -> None:
    """Of several processes that build at one time each ends well, and the work is done once."""
    for number in range(5):
        project.note(f"note-{number}")
    command = [sys.executable, "-m", "feedmaker", "-C", str(project.root), "build", "--json"]

    builds = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) for _ in range(3)]
    reports = [json.loads(build.communicate()[0]) for build in builds]

    assert [build.returncode for build in builds] == [0, 0, 0]
    assert sorted(len(report["new"]) for report in reports) == [0, 0, 5]
    assert {report["published"] for report in reports} == {5}
    assert not project.build(LATER).written


def test_lock_restored_from_version_control_is_obeyed(project: ProjectFolder) -> None:
    """After a pull the build follows the lock, even if no note has changed."""
    project.note("fog")
    project.build(FIRST)
    data = json.loads(project.lock())
    data["notes"][0] |= {"id": "tag:older.example.org,2001:fog", "published": "2020-01-01T00:00:00Z"}
    project.write("feedmaker.lock", json.dumps(data))

    project.build(LATER)

    assert project.items()["Fog"]["id"] == "tag:older.example.org,2001:fog"
    assert times(project, "Fog")[0] == "2020-01-01T00:00:00Z"
