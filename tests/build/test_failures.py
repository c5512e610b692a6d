"""What goes wrong while building leaves files and lock as they were, and says what to do."""

from __future__ import annotations

import errno
import os
import re
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from feedmaker.build import feeds
from feedmaker.errors import GateError, OutputError, TemplateError
from feedmaker.feeds import atom, json_feed, rss
from feedmaker.feeds.feed import Feed
from tests.conftest import Cli
from tests.projects import FIRST, LATER, MUCH_LATER, PAID, ProjectFolder, run_process

State = tuple[dict[str, bytes], dict[str, tuple[int, int]], bytes]


def state(project: ProjectFolder) -> State:
    """Return everything that a failed build must not change."""
    return project.files(), project.stamps(), project.lock()


def build_and_change(project: ProjectFolder) -> ProjectFolder:
    """Build three notes, then change one, add one and remove one."""
    project.schedule(PAID)
    for name in ("bells", "fog", "gulls"):
        project.note(name)
    assert not project.build(FIRST).diagnostics
    project.note("fog", word="Sea fog")
    project.note("storm")
    (project.root / "episodes" / "gulls.md").unlink()
    return project


@pytest.fixture
def changed(project: ProjectFolder) -> ProjectFolder:
    """Make a project that has been built and has changed since."""
    return build_and_change(project)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return what an undisturbed build makes of the changed project."""
    project = build_and_change(ProjectFolder(tmp_path_factory.mktemp("undisturbed") / "site"))
    project.build(LATER)
    return project.files()


# The gate


def wrong_rss(feed: Feed) -> bytes:
    """Lose the guid of an item."""
    return re.sub(rb"<guid.*?</guid>", b"", rss.to_bytes(feed), count=1)


def wrong_atom(feed: Feed) -> bytes:
    """Change one letter of a quote."""
    return atom.to_bytes(feed).replace(b"I read it twice", b"I read it thrice", 1)


def wrong_json(feed: Feed) -> bytes:
    """Stop in the middle."""
    return json_feed.to_bytes(feed)[:-50]


@pytest.mark.parametrize(
    ("writer", "wrong", "named"),
    [
        ("rss", wrong_rss, ["feed.xml", "Storm"]),
        ("atom", wrong_atom, ["atom.xml", "Storm"]),
        ("json", wrong_json, ["feed.json"]),
    ],
)
def test_wrong_feed_changes_nothing_at_all(
    changed: ProjectFolder,
    expected: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
    writer: str,
    wrong: Callable[[Feed], bytes],
    named: list[str],
) -> None:
    """One wrong format of three keeps all files and the lock as they were; the error names file and note."""
    before = state(changed)
    with monkeypatch.context() as patch:
        patch.setitem(feeds._WRITERS, writer, wrong)
        with pytest.raises(GateError) as caught:
            changed.build(LATER)

    assert all(name in str(caught.value) for name in named)
    assert state(changed) == before
    changed.build(LATER)
    assert changed.files() == expected


def test_page_without_its_disclosure_changes_nothing(changed: ProjectFolder) -> None:
    """A template of the publisher's own that drops the disclosure is refused before any file is replaced."""
    changed.write(
        "templates/site/episode.html",
        '{% extends "packaged/site/episode.html" %}'
        "{% block recommendations %}"
        '{{ super() | replace("We get a share", "We get nothing") }}{% endblock %}',
    )
    before = state(changed)

    with pytest.raises(GateError, match=r"the page of episodes/\w+\.md stays as it was"):
        changed.build(LATER)

    assert state(changed) == before


@pytest.mark.parametrize(
    ("template", "place"),
    [
        ("{{ episode.tilte }}", "templates/site/episode.html:1"),
        ("{% if episode.title == 'Storm' %}{{ 1 / 0 }}{% endif %}", "templates/site/episode.html:1"),
        ("{% block %}", "templates/site/episode.html:1"),
    ],
)
def test_broken_template_changes_nothing(changed: ProjectFolder, template: str, place: str) -> None:
    """A template that fails, even for one note only, keeps all files and the lock as they were."""
    changed.write("templates/site/episode.html", template)
    before = state(changed)

    with pytest.raises(TemplateError, match=place):
        changed.build(LATER)

    assert state(changed) == before


# The disk


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO])
@pytest.mark.parametrize("refused", ["first file", "last file"])
def test_disk_that_fails_while_writing_changes_nothing(
    changed: ProjectFolder,
    expected: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    code: int,
    refused: str,
) -> None:
    """Whichever file the disk refuses, none has been replaced; the error names it and the way out."""
    before = state(changed)
    call = 1 if refused == "first file" else len(changed.copy(tmp_path / "whole").build(LATER).written)
    calls = iter(range(1, 1000))
    write_bytes = Path.write_bytes

    def refuse(path: Path, data: bytes) -> int:
        if next(calls) == call:
            write_bytes(path, data[: len(data) // 2])
            raise OSError(code, os.strerror(code))
        return write_bytes(path, data)

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.write_bytes", refuse)
        with pytest.raises(OutputError) as caught:
            changed.build(LATER)

    assert os.strerror(code) in str(caught.value)
    assert "try again" in str(caught.value)
    assert state(changed) == before
    changed.build(LATER)
    assert changed.files() == expected


@pytest.mark.parametrize("what", ["fsync", "replace"])
def test_lock_that_cannot_be_saved_changes_nothing(
    changed: ProjectFolder, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Without its lock no episode goes out; and no half-written lock stays behind."""
    before = state(changed)

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync" if what == "fsync" else "pathlib.Path.replace", refuse)
        with pytest.raises(OutputError, match=r"feedmaker\.lock: No space left on device; free some space"):
            changed.build(LATER)

    assert state(changed) == before
    assert not list(changed.root.glob(".feedmaker.lock*"))


OBSTACLES: list[tuple[str, str, str]] = [
    ("public", "file", "a file stands where a folder belongs"),
    ("public/episodes", "file", "a file stands where a folder belongs"),
    ("public/episodes/storm", "file", "a file stands where a folder belongs"),
    ("public/feed.xml", "folder", "a folder stands where the file belongs"),
    ("public/episodes/storm/index.html", "folder", "a folder stands where the file belongs"),
    (".feedmaker", "file", "mend that and try again"),
    (".feedmaker/index.db", "folder", "grant write permission"),
    (".feedmaker/work.lock", "folder", "a folder stands where the file belongs"),
]


@pytest.mark.parametrize(("path", "kind", "hint"), OBSTACLES, ids=[path for path, _, _ in OBSTACLES])
def test_obstacle_is_named_and_nothing_else_is_touched(
    changed: ProjectFolder, cli: Cli, path: str, kind: str, hint: str
) -> None:
    """A file in the place of a folder, or the reverse, is an error that names it; the rest stays."""
    target = changed.root / path
    if target.exists():
        target.rename(changed.root / "aside")
    target.parent.mkdir(exist_ok=True)
    if kind == "folder":
        target.mkdir()
    else:
        target.write_bytes(b"mine")
    before = {path: data for path, data in everything(changed).items() if not path.startswith(".feedmaker")}

    done = cli("-C", changed.root, "build")

    assert done.code == 1
    assert done.err.startswith(f"feedmaker: {target}")
    assert hint in done.err
    assert done.err.count("\n") == 1, "a traceback, or more than one line"
    after = {path: data for path, data in everything(changed).items() if not path.startswith(".feedmaker")}
    assert after == before


def everything(project: ProjectFolder) -> dict[str, bytes]:
    """Read all files of a project folder."""
    paths = (path for path in project.root.rglob("*") if path.is_file())
    return {path.relative_to(project.root).as_posix(): path.read_bytes() for path in paths}


def test_lock_that_is_a_folder_is_named(changed: ProjectFolder, cli: Cli) -> None:
    """A lock that cannot be opened stops the build."""
    (changed.root / "feedmaker.lock").unlink()
    (changed.root / "feedmaker.lock").mkdir()
    stamps = changed.stamps()

    done = cli("-C", changed.root, "build")

    assert done.code == 1
    assert re.match(r"feedmaker: .*feedmaker\.lock: cannot be read \(.*\); mend that first\n$", done.err)
    assert changed.stamps() == stamps


def limit_files() -> None:
    """Let no file grow beyond 200 kB, as a quota does."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))


def test_quota_is_an_error_that_says_so(changed: ProjectFolder) -> None:
    """A process that may write no more says which file is too large; old files stay."""
    changed.note("long", body="A long talk.\n\n## The gist\n\n" + "The keeper went on and on. " * 9000)
    before = state(changed)

    done = run_process("build", cwd=changed.root, preexec_fn=limit_files)

    assert done.code == 1
    assert re.match(r"feedmaker: .*: .*(too large|full|I/O error).*\n$", done.err), done.err
    assert state(changed) == before
    assert run_process("build", cwd=changed.root).code == 0


def mount(*words: str | Path) -> None:
    """Mount a file system, or skip where that is not allowed."""
    done = subprocess.run(["mount", *map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"NOT TESTED, a real file system is needed: {done.stderr.strip()}")


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Mount file systems and unmount them at the end."""
    places: list[Path] = []

    def at(name: str, *words: str | Path) -> Path:
        place = tmp_path / name
        place.mkdir(exist_ok=True)
        mount(*words, place)
        places.append(place)
        return place

    if sys.platform != "linux":
        pytest.skip("NOT TESTED, file systems are mounted on Linux only")
    yield at
    for place in reversed(places):
        subprocess.run(["umount", "--lazy", place], check=True)


def test_full_disk_is_an_error_that_says_so(
    changed: ProjectFolder, expected: dict[str, bytes], mounted: Callable[..., Path]
) -> None:
    """On a disk that runs full, old files and lock stay whole; with space again, the build goes through."""
    disk = mounted("disk", "-t", "tmpfs", "-o", "size=4m", "none")
    project = changed.copy(disk / "site")
    before = state(project)
    filler = disk / "filler"
    with filler.open("wb") as file:
        _fill(file)

    done = run_process("build", cwd=project.root)

    assert done.code == 1
    assert re.match(r"feedmaker: .*: (No space left on device|database or disk is full).*\n$", done.err), (
        done.err
    )
    assert state(project) == before
    filler.unlink()
    project.build(LATER)
    assert project.files() == expected


def _fill(file: Any) -> None:
    try:
        while True:
            file.write(b"x" * 4096)
            file.flush()
    except OSError:
        pass
    os.ftruncate(file.fileno(), os.fstat(file.fileno()).st_size - 8192)


def test_read_only_disk_is_an_error_that_says_so(
    changed: ProjectFolder, mounted: Callable[..., Path]
) -> None:
    """On a read-only disk a build says so; one that has nothing to do is content."""
    before = state(changed)
    idle = changed.copy(changed.root.parent / "idle")
    idle.build(LATER)
    for project in (changed, idle):
        mounted(project.root.name, "--bind", project.root)
        mount("-o", "remount,bind,ro", project.root)

    failed = run_process("build", cwd=changed.root)
    idled = run_process("build", cwd=idle.root)

    assert failed.code == 1
    assert re.match(r"feedmaker: .*: Read-only file system; the disk is read-only.*\n$", failed.err), (
        failed.err
    )
    assert state(changed) == before
    assert (idled.code, idled.err) == (0, "")


@pytest.mark.parametrize("place", ["public", ".", ".feedmaker"])
def test_folder_without_write_permission_is_an_error_that_says_so(changed: ProjectFolder, place: str) -> None:
    """Where a folder may not be written to, the error names the permission."""
    before = state(changed)
    folder = changed.root / place
    folder.chmod(0o555)
    try:
        failed = run_process("build", cwd=changed.root, as_anybody=True)
    finally:
        folder.chmod(0o755)

    assert failed.code == 1
    assert re.match(r"feedmaker: .*grant write permission.*\n$", failed.err), failed.err
    assert state(changed) == before


def test_note_that_vanishes_while_reading_stops_nobody(changed: ProjectFolder) -> None:
    """A note that is gone between listing and reading is reported, and the others go out."""
    storm = changed.root / "episodes" / "storm.md"
    kept = storm.read_bytes()

    def vanish(what: str, done: int, total: int) -> None:
        if what == "reading":
            storm.unlink(missing_ok=True)

    report = changed.open().build(LATER, vanish)
    storm.write_bytes(kept)

    assert [(fault.path, fault.code) for fault in report.diagnostics] == [
        ("episodes/storm.md", "unreadable-file")
    ]
    assert report.changed == ["episodes/fog.md"]
    assert changed.build(MUCH_LATER).new == ["episodes/storm.md"]
