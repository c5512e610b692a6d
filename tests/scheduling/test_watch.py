"""What is saved comes out, whole, however it is saved; with the real daemon and real files."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.projects import BODY, ProjectFolder
from tests.scheduling.daemons import Running, running, wait_for


def text_of(word: str) -> str:
    """Write a note."""
    return f"---\nshow: Keepers\ntitle: {word}\ndate: 2019-05-04\n---\n\n{BODY.format(word=word)}"


@pytest.fixture
def daemon(project: ProjectFolder) -> Iterator[Running]:
    """Run a daemon over two notes."""
    project.note("bells")
    project.note("fog")
    with running(project) as daemon:
        daemon.wait_for_titles("Bells", "Fog")
        yield daemon


def save(daemon: Running, name: str, text: str) -> Path:
    """Save a note the plain way, now."""
    path = daemon.project.root / "episodes" / name
    path.write_text(text, "utf-8")
    return path


def changes(daemon: Running) -> list[str]:
    """Return what the daemon has told of what its builds changed."""
    return [change for event in daemon.events("run.done") for change in event["changes"]]


def test_new_changed_renamed_and_removed_notes_come_out(daemon: Running) -> None:
    """Whatever happens to notes happens to the feed."""
    episodes = daemon.project.root / "episodes"
    gulls = save(daemon, "gulls.md", text_of("Gulls"))
    daemon.wait_for_titles("Bells", "Fog", "Gulls")
    name = daemon.project.items()["Gulls"]["id"]

    save(daemon, "gulls.md", text_of("Loud gulls"))
    daemon.wait_for_titles("Bells", "Fog", "Loud gulls")

    (episodes / "birds").mkdir()
    gulls.rename(episodes / "birds" / "seagulls.md")
    wait_for(lambda: "episodes/birds/seagulls.md" in daemon.project.entries(), "the new name")
    assert daemon.project.items()["Loud gulls"]["id"] == name

    (episodes / "fog.md").unlink()
    daemon.wait_for_titles("Bells", "Loud gulls")


def test_half_copied_note_waits_while_others_go_out(daemon: Running) -> None:
    """A file that a copier holds open is not taken, though it pauses for seconds and half of it would do."""
    text = text_of("Slow").encode()
    half = len(text) - 40
    with (daemon.project.root / "episodes" / "slow.md").open("wb", buffering=0) as file:
        file.write(text[:half])
        begun = time.monotonic()
        for number in range(3):
            save(daemon, f"quick-{number}.md", text_of(f"Quick {number}"))
            wait_for(lambda word=f"Quick {number}": word in daemon.titles(), "a note that is whole")  # type: ignore[misc]
            wait_for(lambda pause=number + 1: time.monotonic() > begun + pause, "a pause of the copier")  # type: ignore[misc]
            assert "Slow" not in daemon.titles()
        file.write(text[half:])

    wait_for(lambda: "Slow" in daemon.titles(), "the slow note")
    assert "Find it on Amazon" in text.decode()[half - 20 :]
    page = (daemon.project.public / "episodes" / "slow" / "index.html").read_text("utf-8")
    assert "The Book of Slow" in page
    assert daemon.events("run.failed") == []


def test_note_in_pieces_is_taken_when_it_is_whole(daemon: Running) -> None:
    """Pieces that are appended one by one, each with the file closed in between, are one episode."""
    text = text_of("Pieces")
    path = daemon.project.root / "episodes" / "pieces.md"
    for start in range(0, len(text), 60):
        with path.open("a", encoding="utf-8") as file:
            file.write(text[start : start + 60])
        time.sleep(0.15)

    wait_for(lambda: "Pieces" in daemon.titles(), "the note")
    wait_for(lambda: "new episodes/pieces.md" in changes(daemon), "the log")
    assert "changed episodes/pieces.md" not in changes(daemon)
    assert daemon.events("run.failed") == []


def test_burst_of_notes_is_few_builds(daemon: Running) -> None:
    """Three hundred notes that are saved at once do not mean three hundred builds."""
    before = len(daemon.events("run.done"))

    for number in range(300):
        save(daemon, f"burst-{number:03}.md", text_of(f"Burst {number}"))

    def published() -> int:
        return len(daemon.project.entries())

    wait_for(lambda: published() == 302, "all notes")
    wait_for(lambda: len(daemon.events("run.done")) > before, "the log")
    assert len(daemon.events("run.done")) - before <= 4


def by_backup(path: Path, text: str) -> None:
    """Save as vim does with 'backup': the old file becomes another, and a new one is written."""
    path.with_name(f".{path.name}.swp").write_bytes(b"b0VIM 9.0")
    path.with_name("4913").write_bytes(b"")
    path.with_name("4913").unlink()
    path.rename(path.with_name(f"{path.name}~"))
    path.write_text(text, "utf-8")
    path.with_name(f".{path.name}.swp").unlink()


def in_place(path: Path, text: str) -> None:
    """Save by emptying the file and writing it."""
    with path.open("r+", encoding="utf-8") as file:
        file.truncate(0)
        file.flush()
        time.sleep(0.05)
        file.write(text)


def by_rename(path: Path, text: str) -> None:
    """Save beside, and put it in place in one step."""
    beside = path.with_name(f".{path.name}.tmp-81")
    beside.write_text(text, "utf-8")
    beside.replace(path)


def like_emacs(path: Path, text: str) -> None:
    """Lock with a link that leads nowhere, save automatically beside, back up by renaming, and write."""
    lock = path.with_name(f".#{path.name}")
    lock.symlink_to("orla@lamp.4711:1790000000")
    path.with_name(f"#{path.name}#").write_text(text_of("Autosaved"), "utf-8")
    shutil.copy(path, path.with_name(f"{path.name}~"))
    in_place(path, text)
    path.with_name(f"#{path.name}#").unlink()
    lock.unlink()


def unsaved(path: Path, text: str) -> None:
    """Leave what editors leave behind when they crash, and save another note."""
    path.with_name(f"#{path.name}#").write_text(text_of("Autosaved"), "utf-8")
    path.with_name(f".{path.name}.swp").write_text(text_of("Swapped"), "utf-8")
    path.with_name(f"{path.name}~").write_text(text_of("Backed up"), "utf-8")
    path.with_name(f"{path.name}.bak").write_text(text_of("Backed up, too"), "utf-8")
    path.with_name(f"~${path.name}").write_text(text_of("Owned"), "utf-8")
    by_rename(path, text)


@pytest.mark.parametrize("way", [by_backup, in_place, by_rename, like_emacs, unsaved])
def test_ways_of_editors_never_make_a_wrong_episode(
    daemon: Running, way: Callable[[Path, str], None]
) -> None:
    """The note changes and stays the same episode, and nothing else comes or goes, not even for a moment."""
    name = daemon.project.items()["Fog"]["id"]
    path = daemon.project.root / "episodes" / "fog.md"

    way(path, text_of("Sea fog"))
    daemon.wait_for_titles("Bells", "Sea fog")
    way(path, text_of("Thick fog")) if way is not unsaved else by_rename(path, text_of("Thick fog"))
    daemon.wait_for_titles("Bells", "Thick fog")

    assert daemon.project.items()["Thick fog"]["id"] == name
    assert set(changes(daemon)) <= {"new episodes/bells.md", "new episodes/fog.md", "changed episodes/fog.md"}
    assert daemon.events("run.failed") == []


def test_folder_that_is_removed_and_made_again_is_watched(daemon: Running) -> None:
    """Without its folder the feed is empty, and events come from the new one as well."""
    episodes = daemon.project.root / "episodes"
    aside = daemon.project.root / "aside"
    episodes.rename(aside)
    daemon.wait_for_titles()
    shutil.rmtree(aside)

    episodes.mkdir()
    save(daemon, "gulls.md", text_of("Gulls"))

    daemon.wait_for_titles("Gulls")


def test_broken_note_is_told_at_once_and_others_go_out(daemon: Running) -> None:
    """The log names file, line and fault as soon as the build that leaves it out is done."""
    broken = text_of("Broken").replace("2019-05-04", "2016-13-45")
    save(daemon, "broken.md", broken)
    save(daemon, "gulls.md", text_of("Gulls"))

    told = daemon.wait_for_event("run.failed", "episodes/broken.md:4:7: error:")
    assert told["level"] == "error"
    daemon.wait_for_titles("Bells", "Fog", "Gulls")

    save(daemon, "broken.md", text_of("Mended"))
    daemon.wait_for_titles("Bells", "Fog", "Gulls", "Mended")


def test_without_events_notes_are_found_by_looking(project: ProjectFolder, tmp_path: Path) -> None:
    """Where the system has no events, the daemon says so once and finds what is saved all the same."""
    project.note("bells")
    broken = tmp_path / "broken"
    broken.mkdir()
    # Found at the start of Python, before anything of feedmaker: what a kernel without inotify would mean.
    (broken / "watchfiles.py").write_text(
        "def watch(*paths, **options):\n    raise OSError(24, 'inotify: no instance left')\n    yield\n",
        "utf-8",
    )
    path = os.pathsep.join([str(broken), str(Path(__file__).parent.parent.parent)])
    with running(project, {"PYTHONPATH": path}) as daemon:
        daemon.wait_for_event("watch.limited", "no instance left")
        for number in range(3):
            save(daemon, f"unheard-{number}.md", text_of(f"Unheard {number}"))
            wait_for(lambda word=f"Unheard {number}": word in daemon.titles(), "the note")  # type: ignore[misc]
        assert len(daemon.events("watch.limited")) == 1
