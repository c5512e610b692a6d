"""An idle tick: it ends at once while nothing is due and nothing has changed, and only then."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from feedmaker import __version__
from feedmaker.app.pushing import next_due, note_changes
from feedmaker.idle import NOTE, Sight, is_idle, is_idle_tick
from feedmaker.scheduler.runs import Terms
from feedmaker.scheduler.tick import tick
from tests.projects import ROOT, ProjectFolder, run_process

NAMED = ["art/lamp.png"]
Change = Callable[[ProjectFolder], object]


def attend(root: Path, start: float = 100, until: float = 200) -> None:
    """Do what a tick does that has nothing left to do."""
    sight = Sight(str(root))
    sight.include(NAMED)
    sight.write_idle(start, until)


@pytest.fixture
def idle(project: ProjectFolder) -> ProjectFolder:
    """Make a project with a file of every kind that a build reads, in which nothing is due for a while."""
    project.note("fog")
    project.note("2019/bells")
    for path in ("issues/2019-05-04.json", "templates/site/style.css", "templates/x\udcff.html", *NAMED):
        project.write(path, "some")
    project.write("feedmaker.lock", "some")
    (project.root / ".feedmaker").mkdir()
    attend(project.root)
    return project


# When


@pytest.mark.parametrize(("now", "answer"), [(99.9, False), (100, True), (199.9, True), (200, False)])
def test_idleness_has_a_beginning_and_an_end(idle: ProjectFolder, now: float, answer: bool) -> None:
    """From its beginning until just before its end; a clock that was set back is before the beginning."""
    assert is_idle(str(idle.root), now) is answer


def test_what_is_left_to_tell_hubs_ends_idleness(project: ProjectFolder) -> None:
    """A tick is idle until the next notice is due; what waits for `feedmaker ping` is no matter of ticks."""
    now = datetime.now(UTC)
    waiting = now + timedelta(minutes=7)
    for automatic, answer in (("true", False), ("false", True)):
        project.schedule(f"push: {{hubs: 'https://hub.example.org/', automatic: {automatic}}}\n")
        project.build()
        (project.root / ".feedmaker" / "pings.json").unlink(missing_ok=True)
        opened = project.open()
        note_changes(opened, ["feed.xml"], [], opened.config(), waiting)
        assert next_due(opened) == waiting

        tick(opened, now, Terms(lambda: now))

        assert is_idle(str(project.root), (waiting - timedelta(seconds=1)).timestamp())
        assert is_idle(str(project.root), waiting.timestamp()) is answer


# What


def swapped(project: ProjectFolder) -> None:
    """Put another file of the same size and time in the place of a note."""
    note = project.root / "episodes" / "fog.md"
    status = note.stat()
    other = note.with_name("other")
    shutil.copyfile(note, other)
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(note)


def renamed(project: ProjectFolder) -> None:
    """Give a note another name."""
    note = project.root / "episodes" / "fog.md"
    note.rename(note.with_name("mist.md"))


def renamed_template(project: ProjectFolder) -> None:
    """Give a template, whose name is no text, the name that replaces it."""
    place = project.root / "templates"
    (place / "x\udcff.html").rename(place / "x?.html")


def saved(path: str) -> Change:
    """Save a file with other text."""
    return lambda project: project.write(path, "other")


def removed(path: str) -> Change:
    """Remove a file."""
    return lambda project: project.remove(path)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(saved("episodes/fog.md"), id="note saved"),
        pytest.param(lambda project: project.edit("episodes/fog.md", "Oil", "Fat"), id="note of equal size"),
        pytest.param(swapped, id="note replaced by one of equal size and time"),
        pytest.param(renamed, id="note renamed"),
        pytest.param(removed("episodes/fog.md"), id="note removed"),
        pytest.param(removed("episodes/2019/bells.md"), id="note below removed"),
        pytest.param(saved("episodes/new.md"), id="note added"),
        pytest.param(saved("episodes/2020/new.TXT"), id="folder added"),
        pytest.param(lambda project: shutil.rmtree(project.root / "episodes"), id="all notes removed"),
        pytest.param(saved("issues/2019-05-11.json"), id="issue added"),
        pytest.param(removed("issues/2019-05-04.json"), id="issue removed"),
        pytest.param(saved("schedule.yaml"), id="schedule saved"),
        pytest.param(removed("schedule.yaml"), id="schedule removed"),
        pytest.param(saved("templates/site/style.css"), id="template saved"),
        pytest.param(saved("templates/newsletter/issue.mjml"), id="template added"),
        pytest.param(removed("templates/site/style.css"), id="template removed"),
        pytest.param(renamed_template, id="template renamed"),
        pytest.param(saved("feedmaker.lock"), id="lock saved"),
        pytest.param(removed("feedmaker.lock"), id="lock removed"),
        pytest.param(saved("art/lamp.png"), id="artwork saved"),
        pytest.param(removed("art/lamp.png"), id="artwork removed"),
        pytest.param(saved(".feedmaker/pings.json"), id="hubs to be told"),
        pytest.param(removed(NOTE), id="cache removed"),
        pytest.param(lambda project: shutil.rmtree(project.root / ".feedmaker"), id="state removed"),
    ],
)
def test_change_ends_idleness(idle: ProjectFolder, change: Change) -> None:
    """Whatever has changed of what a build reads, the next tick looks at it, and after that is idle again."""
    assert is_idle(str(idle.root), 150)

    change(idle)

    assert not is_idle(str(idle.root), 150)
    (idle.root / ".feedmaker").mkdir(exist_ok=True)
    attend(idle.root)
    assert is_idle(str(idle.root), 150)


@pytest.mark.parametrize("path", ["episodes/.fog.md.swp", "episodes/picture.jpg", "public/x", ".feedmaker/x"])
def test_other_files_do_not_wake_a_tick(idle: ProjectFolder, path: str) -> None:
    """What no build reads may come and go."""
    idle.write(path, "other")

    assert is_idle(str(idle.root), 150)


def test_change_during_a_tick_is_left_to_the_next(idle: ProjectFolder) -> None:
    """What changes after a tick has begun to look is not taken for done, named files too."""
    for path in ("episodes/fog.md", "schedule.yaml", *NAMED):
        sight = Sight(str(idle.root))
        sight.include(NAMED)
        idle.write(path, f"other {path}")
        sight.write_idle(100, 200)

        assert not is_idle(str(idle.root), 150)


@pytest.mark.parametrize("path", ["episodes/fog.md", "schedule.yaml", *NAMED])
def test_file_that_may_change_unseen_keeps_ticks_awake(idle: ProjectFolder, path: str) -> None:
    """A file saved within a step of the clock could be saved again with the same time; so it is looked at."""
    idle.write(path, "other")
    now = time.time_ns()
    os.utime(idle.root / path, ns=(now, now))

    attend(idle.root)

    assert not is_idle(str(idle.root), 150)


def test_disk_in_the_way_costs_time_only(idle: ProjectFolder) -> None:
    """Where the cache cannot be written, ticks take the long way, and nothing fails."""
    (idle.root / NOTE).unlink()
    (idle.root / NOTE).mkdir()

    attend(idle.root)

    assert not is_idle(str(idle.root), 150)


def test_way_to_the_folder_does_not_matter(idle: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """One tick is started with a path from here, the other with a path from the top or through a link."""
    (idle.root.parent / "link").symlink_to(idle.root)
    monkeypatch.chdir(idle.root.parent)

    assert all(is_idle(folder, 150) for folder in ("site", "site/", "./site/.", "link", f"{idle.root}/"))


NAMES = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=["Cs"])
    | st.sampled_from("\n\t\udcff\udc80😀"),
    min_size=1,
    max_size=40,
).map(lambda name: f"x{name}.md")


@given(st.lists(NAMES, max_size=5), NAMES)
@example(["x\n.md"], "x\n0.md")
@example(["x\udcff.md"], "x\udc80.md")
def test_names_are_told_apart_whatever_they_hold(names: list[str], another: str) -> None:
    """Line breaks, emoji, bytes that are no text: a note more ends idleness, a note less gives it back."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for part in ("episodes", ".feedmaker"):
            (root / part).mkdir()
        for name in names:
            (root / "episodes" / name).touch()
            os.utime(root / "episodes" / name, (1, 1))
        attend(root)
        assert is_idle(folder, 150)
        more = root / "episodes" / another
        if more.exists():
            return
        more.touch()
        assert not is_idle(folder, 150)
        more.unlink()
        assert is_idle(folder, 150)


# The cache, never trusted over the truth


def test_every_cut_cache_is_no_cache(idle: ProjectFolder) -> None:
    """Half a file is not taken for a whole one."""
    note = idle.root / NOTE
    whole = note.read_bytes()

    for length in range(len(whole)):
        note.write_bytes(whole[:length])
        assert not is_idle(str(idle.root), 150)


@given(st.binary() | st.binary().map(lambda data: f"{__version__} 100 200\0\0".encode() + data))
def test_cache_of_anything_at_all_ends_no_tick(data: bytes) -> None:
    """Whatever stands in the file, the answer is no, and no error."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / ".feedmaker").mkdir()
        (Path(folder) / NOTE).write_bytes(data)

        assert not is_idle(folder, 150)


def test_cache_of_another_version_does_not_count(idle: ProjectFolder) -> None:
    """After an upgrade a tick looks whether the outputs are still what it would make."""
    note = idle.root / NOTE
    _, _, rest = note.read_bytes().partition(b" ")
    note.write_bytes(b"0.0.0 " + rest)

    assert not is_idle(str(idle.root), 150)


# The command line


@pytest.fixture
def resting(idle: ProjectFolder) -> ProjectFolder:
    """Let nothing be due for an hour from now."""
    idle.schedule()
    attend(idle.root, time.time() - 1, time.time() + 3600)
    return idle


def test_plain_ticks_are_known(resting: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder may be named before or after the command, or be the nearest one upwards."""
    folder = str(resting.root)
    assert is_idle_tick(["-C", folder, "tick"])
    assert is_idle_tick(["tick", "-C", folder])
    assert not is_idle_tick(["tick"])

    monkeypatch.chdir(resting.root / "episodes" / "2019")

    assert is_idle_tick(["tick"])


@pytest.mark.parametrize(
    "words",
    [[], ["build"], ["tick", "--json"], ["tick", "--now", "2031-01-03"], ["tick", "tick"], ["-C", "."]],
)
def test_everything_else_goes_the_long_way(
    resting: ProjectFolder, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not plainly a tick is left to who reads options."""
    monkeypatch.chdir(resting.root)

    assert not is_idle_tick(words)


def test_folder_that_is_gone_is_left_to_who_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tick started in a folder that was removed meanwhile is not idle, and no error here."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    assert not is_idle_tick(["tick"])


def test_idle_tick_still_speaks_json_and_knows_wrong_usage(resting: ProjectFolder) -> None:
    """The options of a tick are what they are, idle or not."""
    assert run_process("tick", "--json", cwd=resting.root).out == "[]\n"
    assert run_process("tick", "--jason", cwd=resting.root).code == 2
    assert run_process("-C", resting.root / "episodes", "tick", cwd=resting.root).code == 2


PROGRAM = """
import sys
before = set(sys.modules)
from feedmaker.__main__ import main
try:
    main()
finally:
    print(sorted(set(sys.modules) - before))
"""
LIGHT = ["__future__", "feedmaker", "feedmaker.__main__", "feedmaker.idle", "feedmaker.listing"]


def imported(folder: Path) -> str:
    """Run a tick in a process of its own and return what it printed: all that it has imported."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "-C", str(folder), "tick"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


def test_idle_tick_imports_nothing(resting: ProjectFolder) -> None:
    """Nothing but its own two modules, on top of what every Python starts with; a waking one needs more."""
    assert imported(resting.root) == f"{LIGHT}\n"

    resting.note("new")

    assert "click" in imported(resting.root)


def test_ticks_become_idle_by_themselves(project: ProjectFolder) -> None:
    """One tick publishes a note, the next one sees that all is done, and the third has nothing to look at."""
    project.schedule("jobs: [{name: yearly, run: build, cron: '0 0 1 1 *'}]\n")
    project.note("fog")

    assert run_process("tick", cwd=project.root).code == 0
    assert not is_idle_tick(["-C", str(project.root), "tick"])
    assert run_process("tick", cwd=project.root).code == 0

    assert is_idle_tick(["-C", str(project.root), "tick"])
    assert imported(project.root) == f"{LIGHT}\n"
