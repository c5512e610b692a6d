"""A build costs what has changed: one note its page and what holds it, and nothing if nothing has."""

from __future__ import annotations

import ast
import json
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from feedmaker.app.project import Project
from feedmaker.errors import BusyError, Diagnostic
from feedmaker.index import SCHEMA_VERSION
from feedmaker.notes import note as note_module
from tests.conftest import Cli
from tests.projects import FIRST, HEAVY, LATER, MUCH_LATER, ROOT, SCHEDULE, ProjectFolder

FEEDS = {"feed.xml", "atom.xml", "feed.json"}
ENDORSED = {
    f"recommendations{medium}.{ending}" for medium in ("", "/book") for ending in ("xml", "atom", "json")
}
LISTS = {"index.html", "episodes/index.html"}
THINGS = {f"recommendations/{place}index.html" for place in ("", "newest/", "book/", "book/newest/")}
# When a page was changed stands in the sitemap.
TIMES = {"sitemap.xml"}


@pytest.fixture
def built(project: ProjectFolder) -> ProjectFolder:
    """Build twelve notes, of which the feeds hold ten."""
    project.schedule("feeds: {entries: 10}\n")
    for number in range(12):
        project.note(f"day-{number:02}", date=f"2019-01-{number + 1:02}")
    assert not project.build(FIRST).diagnostics
    return project


def archived(volume: int) -> set[str]:
    """Name the documents of a volume, of episodes and of recommendations."""
    places = ("archive", "archive/recommendations")
    return {f"{place}/{volume}.{ending}" for place in places for ending in ("xml", "atom", "json")}


def test_edited_note_writes_its_page_and_the_feeds_that_hold_it(built: ProjectFolder) -> None:
    """A new word in one text changes its page, the feeds, and the one volume of the archive that holds it."""
    before = built.stamps()
    built.edit("episodes/day-07.md", "Oil floats.", "Oil floats on water.")

    report = built.build(LATER)

    assert report.changed == ["episodes/day-07.md"]
    page = {"episodes/day-07/index.html"}
    assert built.written_since(before) == page | FEEDS | ENDORSED | archived(1) | TIMES
    assert set(report.written) == built.written_since(before)


def test_edited_note_outside_the_feeds_writes_its_page_and_its_volume(built: ProjectFolder) -> None:
    """The feeds hold the newest ten; an edit of the eleventh is none of their business."""
    before = built.stamps()
    built.edit("episodes/day-00.md", "Oil floats.", "Oil floats on water.")

    built.build(LATER)

    assert built.written_since(before) == {"episodes/day-00/index.html"} | archived(1) | TIMES


def test_new_title_also_writes_the_lists(built: ProjectFolder) -> None:
    """A title stands in the lists as well; the other pages still stay."""
    before = built.stamps()
    built.note("day-07", date="2019-01-08", word="Harbour day")

    built.build(LATER)

    page = {"episodes/day-07/index.html"}
    assert built.written_since(before) == page | FEEDS | ENDORSED | archived(1) | LISTS | THINGS | TIMES


def test_new_note_writes_no_other_page(built: ProjectFolder) -> None:
    """A new note gets a page and leads feeds and lists; the archive stays."""
    before = built.stamps()
    built.note("storm", date="2024-10-10")

    built.build(LATER)

    page = {"episodes/storm/index.html"}
    assert built.written_since(before) == page | FEEDS | ENDORSED | LISTS | THINGS | TIMES


@pytest.mark.parametrize("change", ["touched", "white space", "copied"])
def test_saving_without_a_change_writes_nothing(built: ProjectFolder, change: str) -> None:
    """A touched, re-wrapped or copied note moves no date and no file."""
    before, lock = built.stamps(), built.lock()
    path = built.root / "episodes" / "day-07.md"
    text = path.read_text("utf-8")
    if change == "copied":
        path.unlink()
    built.write("episodes/day-07.md", text.replace("\n\n", "\n\n\n") if change == "white space" else text)

    report = built.build(LATER)

    assert not report.current
    assert built.written_since(before) == set()
    assert built.lock() == lock


def test_settings_that_no_page_shows_write_nothing(built: ProjectFolder) -> None:
    """A new job or mail address changes no page, so none is made."""
    before = built.stamps()
    built.schedule("feeds: {entries: 10}\njobs: [{name: daily, run: build, at: '06:00'}]\n")

    report = built.build(LATER)

    assert not report.written
    assert built.written_since(before) == set()


def test_unchanged_notes_are_not_parsed(built: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the changed note is read, whatever the others are."""
    read: list[str] = []

    def parse(path: str, data: bytes) -> note_module.Note:
        read.append(path)
        return note_module.parse_note(path, data)

    monkeypatch.setattr("feedmaker.reading.parse_note", parse)
    monkeypatch.setattr("feedmaker.build.material.parse_note", parse)
    built.write("episodes/day-00.md", (built.root / "episodes/day-00.md").read_bytes() + b"\n- Salt rusts.\n")

    built.build(LATER)

    assert read == ["episodes/day-00.md"]


IMPORTED = """
import sys
from feedmaker.cli import run
code = run(sys.argv[1:])
print(sorted(sys.modules), file=sys.stderr)
sys.exit(code)
"""


def imported_by(*arguments: str, cwd: Path) -> set[str]:
    """Run a command in a process of its own and return the top names of all that it imported."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    modules: list[str] = ast.literal_eval(done.stderr.strip().split("\n")[-1])
    return {module.partition(".")[0] for module in modules}


@pytest.mark.parametrize("arguments", [("build",), ("build", "--json"), ("--help",), ("build", "--help")])
def test_idle_command_imports_nothing_heavy(built: ProjectFolder, arguments: tuple[str, ...]) -> None:
    """What cron pays every minute has none of the libraries that take longer to import than to use."""
    imported = imported_by(*arguments, cwd=built.root)

    assert "feedmaker" in imported
    assert not imported & {*HEAVY, "mjml", "alembic"}


def test_the_look_at_imports_can_fail(built: ProjectFolder) -> None:
    """A build with work to do imports what an idle one must not, or the test above would prove nothing."""
    built.note("storm")

    assert {"pydantic", "feedgen", "lxml", "jinja2", "yaml", "pyromark"} <= imported_by(
        "build", cwd=built.root
    )


# The cache, never trusted over the truth


def test_note_saved_within_a_step_of_the_clock_is_noticed(project: ProjectFolder) -> None:
    """A note saved again so soon that its size and time stamp stay the same still comes out."""
    path = project.root / project.note("fog", word="Mist")
    now = time.time_ns()
    os.utime(path, ns=(now, now))
    project.build(FIRST)
    path.write_text(path.read_text("utf-8").replace("Mist", "Haze"), "utf-8")
    os.utime(path, ns=(now, now))

    report = project.build(LATER)

    assert report.changed == ["episodes/fog.md"]
    assert b"Haze" in project.files()["feed.xml"]


@pytest.mark.parametrize("name", ["schedule.yaml", "templates/site/style.css"])
def test_setting_saved_within_a_step_of_the_clock_is_noticed(project: ProjectFolder, name: str) -> None:
    """The same holds for the schedule and for templates."""
    project.schedule()
    texts = {"schedule.yaml": SCHEDULE, "templates/site/style.css": "/* What keepers told us. */"}
    path = project.write(name, texts[name])
    now = time.time_ns()
    os.utime(path, ns=(now, now))
    project.build(FIRST)
    path.write_text(texts[name].replace("keepers", "sailors"), "utf-8")
    os.utime(path, ns=(now, now))

    project.build(LATER)

    assert b"sailors told us" in b"".join(project.files().values())


def test_whole_second_time_stamps_count_as_coarse(project: ProjectFolder) -> None:
    """Where a file system keeps whole seconds, a note saved a second ago may still change unseen."""
    path = project.root / project.note("fog", word="Mist")
    second = (time.time_ns() // 10**9 - 1) * 10**9
    os.utime(path, ns=(second, second))
    project.build(FIRST)
    path.write_text(path.read_text("utf-8").replace("Mist", "Haze"), "utf-8")
    os.utime(path, ns=(second, second))

    project.build(LATER)

    assert b"Haze" in project.files()["feed.xml"]


def test_replaced_note_of_the_same_size_and_time_is_noticed(built: ProjectFolder) -> None:
    """A copying program that keeps times makes a new file, and that shows."""
    path = built.root / "episodes" / "day-07.md"
    times = path.stat()
    new = built.write("episodes/.copied", path.read_text("utf-8").replace("Day-07", "Day 07"))
    os.utime(new, ns=(times.st_mtime_ns, times.st_mtime_ns))
    new.replace(path)

    assert built.build(LATER).changed == ["episodes/day-07.md"]


def test_schedule_changed_while_building_is_read_next_time(
    built: ProjectFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is saved between reading and writing does not count as built."""
    built.note("storm")
    stylesheet = "feedmaker.pages.stylesheet"

    def late(*arguments: object) -> bytes:
        built.schedule(text=SCHEDULE.replace("Lighthouse Notes", "Beacon Notes"))
        return b"body { margin: 0 }"

    with monkeypatch.context() as patch:
        patch.setattr(stylesheet, late)
        built.write("templates/site/style.css", "body { margin: 1px }")
        built.build(LATER)
    built.build(MUCH_LATER)

    assert b"Beacon Notes" in built.files()["feed.xml"]


def edit(index: Path, *statements: str) -> None:
    """Change the cache behind the program's back."""
    with closing(sqlite3.connect(index)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def damage(index: Path, kind: str) -> None:
    """Damage the cache in one of the ways in which files get damaged."""
    data = index.read_bytes()
    if kind == "missing":
        index.unlink()
    elif kind == "text":
        index.write_text("this was never a database\n" * 100, "utf-8")
    elif kind == "empty":
        index.write_bytes(b"")
    elif kind == "truncated":
        index.write_bytes(data[: len(data) // 2])
    elif kind == "scribbled":
        index.write_bytes(data[:4096] + b"\xa5" * (len(data) - 4096))
    elif kind == "other version":
        edit(index, f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    elif kind == "other program":
        index.unlink()
        edit(index, "CREATE TABLE notes (melody TEXT)", f"PRAGMA user_version = {SCHEMA_VERSION}")
    elif kind == "nonsense":
        edit(index, "UPDATE notes SET facts = '{}'", "UPDATE stamp SET summary = 'x'")
    elif kind == "older program":
        edit(index, "DROP TABLE reader", "PRAGMA user_version = 1")


@pytest.mark.parametrize(
    "kind",
    [
        *("missing", "text", "empty", "truncated", "scribbled"),
        *("other version", "other program", "nonsense", "older program"),
    ],
)
@pytest.mark.parametrize("changed", [False, True], ids=["idle", "changed"])
def test_damaged_cache_is_mended(built: ProjectFolder, tmp_path: Path, kind: str, *, changed: bool) -> None:
    """Whatever happened to it, the build goes through, writes the right bytes and has a cache again."""
    sound = built.copy(tmp_path / "sound")
    for each in (built, sound):
        if changed:
            path = each.root / "episodes" / "day-03.md"
            path.write_text(path.read_text("utf-8").replace("Oil", "Old oil"), "utf-8")
    damage(built.root / ".feedmaker" / "index.db", kind)

    report = built.build(LATER)
    sound.build(LATER)

    assert report.published == 12
    assert (built.files(), built.lock()) == (sound.files(), sound.lock())
    for path in built.root.glob("episodes/*.md"):
        os.utime(path, ns=(1, 1))
    built.build(MUCH_LATER)
    assert built.build(MUCH_LATER).current


def test_damaged_cache_forgets_no_other_state(built: ProjectFolder) -> None:
    """The state database, which holds subscribers, stands beside the cache and is not part of it."""
    state = built.write(".feedmaker/state.db", b"subscribers")
    damage(built.root / ".feedmaker" / "index.db", "scribbled")

    built.build(LATER)

    assert state.read_bytes() == b"subscribers"


def test_locked_cache_is_busy_and_changes_nothing(
    built: ProjectFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While another program holds it, the build says so and leaves everything as it is."""
    monkeypatch.setattr("feedmaker.index.PATIENCE", 0.01)
    before, lock = built.stamps(), built.lock()
    built.note("storm")
    index = built.root / ".feedmaker" / "index.db"

    with closing(sqlite3.connect(index)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(BusyError, match=r"index\.db: another program keeps it locked"):
            built.build(LATER)

    assert (built.stamps(), built.lock()) == (before, lock)
    assert built.build(LATER).new == ["episodes/storm.md"]


def test_removed_merchant_is_noticed_in_unchanged_notes(built: ProjectFolder) -> None:
    """What is right in a note depends on the schedule too, so a change there looks at every note again."""
    shop = "merchants: {quay: {name: Quay, search: 'https://quay.example.com/?q={query}'}}\n"
    built.schedule(shop)
    built.note("fog", body="Fog.\n\n## Recommended in this episode\n\n### Horn\n\n[At the quay](quay:horn)\n")
    assert not built.build(FIRST + timedelta(hours=1)).diagnostics
    built.schedule()

    report = built.build(LATER)

    assert [(fault.path, fault.code, fault.is_error) for fault in report.diagnostics] == [
        ("episodes/fog.md", "unknown-merchant", False)
    ]
    assert "episodes/fog/index.html" in report.written
    assert b"quay.example.com" not in b"".join(built.files().values())
    assert [fault.code for fault in built.build(LATER).diagnostics] == ["unknown-merchant"]


def test_newer_program_reads_all_notes_again(built: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a newer program finds wrong in an unchanged note is told, and the note held back; others stay."""
    before = built.stamps()
    monkeypatch.setattr("feedmaker.reading.__version__", "99")
    monkeypatch.setattr("feedmaker.app.project.__version__", "99")

    def parse(path: str, data: bytes) -> note_module.Note:
        found = note_module.parse_note(path, data)
        fault = Diagnostic(path, 1, 1, "new-rule", "wrong by a new rule")
        return note_module.Note(path, None, (fault,)) if path.endswith("day-11.md") else found

    monkeypatch.setattr("feedmaker.reading.parse_note", parse)

    report = built.build(LATER)

    assert [fault.code for fault in report.diagnostics] == ["new-rule"]
    assert set(before) - set(built.stamps()) == {"episodes/day-11/index.html"}
    assert not [path for path in built.written_since(before) if path.startswith("episodes/day-")]
    assert built.written_since(before) >= FEEDS | LISTS


def test_index_names_what_it_holds_in_plain_sight(built: ProjectFolder) -> None:
    """The last good bytes of every note are in the cache, so that a broken one can stay published."""
    with closing(sqlite3.connect(built.root / ".feedmaker" / "index.db")) as connection:
        rows = connection.execute("SELECT path, data, facts FROM notes JOIN texts USING (path)").fetchall()

    assert {path: data for path, data, _ in rows} == {
        f"episodes/{path.name}": path.read_bytes() for path in built.root.glob("episodes/*.md")
    }
    assert all("Keepers" in json.loads(facts) for _, _, facts in rows)


def test_folder_named_in_another_way_is_the_same_folder(
    built: ProjectFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A build from inside the folder and one that names it from outside know of each other."""
    monkeypatch.chdir(built.root.parent)

    assert Project(Path("site"), {}).build(LATER).current


# Many notes


@pytest.fixture
def many(project: ProjectFolder) -> ProjectFolder:
    """Build sixty notes, half of them of a tag that has a feed, in feeds of ten."""
    project.schedule("feeds: {entries: 10, tags: [sound]}\n")
    for number in range(60):
        keys = "tags: [sound]" if number % 2 else ""
        project.note(f"day-{number:02}", date=f"2019-{number % 12 + 1:02}-{number // 12 + 1:02}", keys=keys)
    assert not project.build(FIRST).diagnostics
    return project


def holding(project: ProjectFolder, words: str) -> set[str]:
    """Name the outputs in which words stand."""
    return {path for path, data in project.files().items() if words.encode() in data}


@pytest.mark.parametrize("name", ["day-00", "day-31", "day-58", "day-59"])
def test_one_of_many_notes_writes_what_holds_it(many: ProjectFolder, name: str) -> None:
    """A corrected text is in its page and in the documents that hold it; nothing else is written."""
    before = many.stamps()
    entry = many.entries()[f"episodes/{name}.md"]
    documents = {path for path in holding(many, entry["id"]) if path.endswith((".xml", ".atom", ".json"))}
    assert 6 <= len(documents) < 25
    many.edit(f"episodes/{name}.md", "Oil floats", "Oil burns")

    report = many.build(LATER)

    assert many.written_since(before) == {f"episodes/{name}/index.html", *documents, *TIMES}
    assert set(report.written) == many.written_since(before)


def test_title_of_one_of_many_notes_writes_what_shows_it(many: ProjectFolder) -> None:
    """A new title is in the lists as well; no other page, no other volume and no list of feeds is written."""
    before = many.stamps()
    many.edit("episodes/day-31.md", "title: Day-31", "title: A quiet evening")

    many.build(LATER)

    assert many.written_since(before) == holding(many, "A quiet evening") | TIMES
    assert {"episodes/index.html", "tags/sound/index.html"} < many.written_since(before)


def test_unchanged_build_of_many_says_so(many: ProjectFolder, cli: Cli) -> None:
    """Nothing is written, and one line tells that nothing had to be."""
    before = many.stamps()

    done = cli("-C", many.root, "build")

    assert (done.code, done.err) == (0, "")
    assert "60 published, nothing changed" in done.out
    assert many.stamps() == before
