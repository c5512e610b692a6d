"""`feedmaker check`: every fault of every file at once, with its place, and nothing changed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.conftest import Cli
from tests.projects import BODY, FIRST, ProjectFolder

NOTE = f"---\nshow: Keepers\ntitle: Fog\ndate: 2019-05-04\n---\n\n{BODY.format(word='Fog')}"


def codes(out: str) -> list[tuple[str, str]]:
    """Return file and code of each line of `check`."""
    return [(line.partition(":")[0], line.rpartition("[")[2].rstrip("]")) for line in out.splitlines()]


def test_sound_folder_is_silent(project: ProjectFolder, cli: Cli) -> None:
    """Nothing is printed on standard output, and the count goes to standard error."""
    project.note("fog")

    done = cli("-C", project.root, "check")

    assert (done.code, done.out, done.err) == (0, "", "0 errors, 0 warnings\n")


@pytest.mark.parametrize(
    ("topics", "told"),
    [
        ('["show:keepers", tag:Night-Fog]', []),
        (
            '["show:Keepers", tag:nite-fo, tag:xyz]',
            [
                '28: warning: signup.topics: no note is of tag:nite-fo so far; did you mean "tag:night fog"?',
                "41: warning: signup.topics: no note is of tag:xyz so far; is it spelt as in the notes?",
            ],
        ),
        (
            '"show:Keeper"',
            ['11: warning: signup.topics: no note is of show:Keeper so far; did you mean "show:Keepers"?'],
        ),
    ],
)
def test_topics_on_offer_that_no_note_has_are_told(
    project: ProjectFolder, cli: Cli, topics: str, told: list[str]
) -> None:
    """A topic that nobody can get mail on is a warning at its place, with the nearest that notes have."""
    project.schedule(f"signup:\n  address: https://lamp.example.org/letter/\n  topics: {topics}\n")
    line = project.open().schedule.read_text("utf-8").count("\n")
    empty = cli("-C", project.root, "check")
    project.note("fog", keys="tags: [night fog]\n")

    done = cli("-C", project.root, "check")

    assert (empty.code, empty.out) == (0, "")
    assert done.code == 0
    assert done.out.splitlines() == [f"schedule.yaml:{line}:{said} [unknown-topic]" for said in told]


def test_check_changes_nothing(project: ProjectFolder, cli: Cli) -> None:
    """No output, no lock, no cache and no state appears."""
    project.note("fog")
    before = sorted(project.root.rglob("*"))

    cli("-C", project.root, "check")

    assert sorted(project.root.rglob("*")) == before


def test_all_faults_of_all_files_are_told_at_once(project: ProjectFolder, cli: Cli) -> None:
    """Each broken note is reported with all of its faults, in order, and none hides another."""
    project.write("episodes/a.md", "---\nshow: S\ndate: 2019-13-01\ndration: 1h\n---\n\n## Gossip\n\nx\n")
    project.write("episodes/b/b.txt", "nothing that looks like an export\n")
    project.write("episodes/c.md", NOTE.replace("00:12:05", "00:12:05") + "\n## Big reveals\n\n- More.\n")
    project.note("d")

    done = cli("-C", project.root, "check")

    assert done.code == 1
    assert [found for found in codes(done.out) if found[0] == "episodes/a.md"] == [
        ("episodes/a.md", "missing-key"),
        ("episodes/a.md", "bad-date"),
        ("episodes/a.md", "unknown-key"),
        ("episodes/a.md", "unknown-section"),
    ]
    assert {path for path, _ in codes(done.out)} == {"episodes/a.md", "episodes/b/b.txt", "episodes/c.md"}
    assert done.err == f"{done.out.count(': error:')} errors, {done.out.count(': warning:')} warning\n"


def test_warnings_alone_are_no_failure(project: ProjectFolder, cli: Cli) -> None:
    """A note with warnings goes out, so the exit code is 0."""
    project.write("episodes/c.md", NOTE + "\n## Big reveals\n\n- More.\n")

    done = cli("-C", project.root, "check")

    assert done.code == 0
    assert codes(done.out) == [("episodes/c.md", "repeated-section")]
    assert done.err == "0 errors, 1 warning\n"


def test_json_holds_places(project: ProjectFolder, cli: Cli) -> None:
    """--format json is a list of objects with path, line, column, severity, code and message."""
    project.write("episodes/fog.md", NOTE.replace("2019-05-04", "2019-05-34").replace("Oil", "Oil\x07"))

    done = cli("-C", project.root, "check", "--format", "json")

    assert done.code == 1
    assert json.loads(done.out) == [
        {
            "path": "episodes/fog.md",
            "line": 4,
            "column": 7,
            "severity": "error",
            "code": "bad-date",
            "message": 'date "2019-05-34" is not a date (expected YYYY-MM-DD)',
        },
        {
            "path": "episodes/fog.md",
            "line": 20,
            "column": 6,
            "severity": "warning",
            "code": "control-character",
            "message": json.loads(done.out)[1]["message"],
        },
    ]


def test_json_of_a_sound_folder_is_an_empty_list(project: ProjectFolder, cli: Cli) -> None:
    """Machines get a value in any case, and nothing else."""
    assert cli("-C", project.root, "check", "--format", "json").out == "[]\n"


# Paths


def test_named_file_is_checked_alone(
    project: ProjectFolder, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the named note is looked at, and it is called what the caller called it."""
    project.write("episodes/a.md", "---\n---\n")
    project.write("episodes/b.md", "---\n---\n")
    monkeypatch.chdir(project.root / "episodes")

    done = cli("check", "a.md", "./a.md")

    assert done.code == 1
    assert {path for path, _ in codes(done.out)} == {"a.md"}


@pytest.mark.parametrize(
    ("start", "path", "shown"),
    [
        (".", "episodes", "episodes/deep/a.md"),
        (".", "episodes/", "episodes/deep/a.md"),
        ("episodes", ".", "deep/a.md"),
        ("episodes", "deep", "deep/a.md"),
        ("episodes/deep", "..", "../deep/a.md"),
    ],
)
def test_named_folder_is_checked_with_all_below(
    project: ProjectFolder, cli: Cli, monkeypatch: pytest.MonkeyPatch, start: str, path: str, shown: str
) -> None:
    """A folder stands for its notes, whose names begin with what the caller wrote."""
    project.write("episodes/deep/a.md", "---\n---\n")
    monkeypatch.chdir(project.root / start)

    done = cli("check", path)

    assert done.code == 1
    assert {path for path, _ in codes(done.out)} == {shown}


def test_note_outside_the_project_is_checked_by_its_rules(
    project: ProjectFolder, cli: Cli, tmp_path: Path
) -> None:
    """A note on its way in may be checked before it is moved; the merchants are those of the project."""
    place = tmp_path / "inbox" / "fog.md"
    place.parent.mkdir()
    place.write_text(NOTE.replace("<amazon:", "<quay:"), "utf-8")

    assert codes(cli("-C", project.root, "check", place).out) == [(str(place), "unknown-merchant")]
    project.schedule("merchants: {quay: {name: Quay, search: 'https://quay.example.com/{query}'}}\n")
    assert cli("-C", project.root, "check", place).code == 0


def test_missing_path_is_wrong_usage(project: ProjectFolder, cli: Cli) -> None:
    """Every path that is not there is named, and nothing is checked."""
    project.write("episodes/a.md", "---\n---\n")

    done = cli("-C", project.root, "check", project.root / "episodes" / "a.md", "gone.md", "lost")

    assert (done.code, done.out) == (2, "")
    assert done.err == "feedmaker: gone.md, lost: there is no such file or folder\n"


# Files that are no notes


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("big.md", NOTE.encode() + b"x" * 1_000_000, "too-large"),
        ("picture.md", b"\x89PNG\r\n\x1a\n\0\0\0", "binary-file"),
        ("latin.md", NOTE.replace("Fog", "Förde").encode("cp1252"), "bad-encoding"),
        ("wide.md", NOTE.encode("utf-16"), "bad-encoding"),
        ("empty.md", b"", "empty-note"),
        ("blank.txt", b" \n\t\n", "empty-note"),
        ("bare.md", b"Just some words.\n", "missing-front-matter"),
        ("bomb.md", b"---\na: &a [x]\nb: [*a, *a]\n---\n", "yaml-alias"),
        ("object.md", b"---\ntitle: !!python/object:os.system x\n---\n", "yaml-tag"),
        ("deep.md", b"---\ntitle: " + b"[" * 5000 + b"\n---\n", "yaml-depth"),
        ("open.md", b"---\ntitle: x\n", "missing-front-matter"),
    ],
)
def test_file_that_is_no_note_is_an_error_and_stops_nobody(
    project: ProjectFolder, cli: Cli, name: str, data: bytes, code: str
) -> None:
    """Whatever the bytes are, there is a diagnostic for them, and other notes are published."""
    project.write(f"episodes/{name}", data)
    project.note("calm")

    done = cli("-C", project.root, "check")
    built = cli("-C", project.root, "build")

    assert (f"episodes/{name}", code) in codes(done.out)
    assert (done.code, built.code) == (1, 1)
    assert (f"episodes/{name}", code) in codes(built.err)
    assert list(project.items()) == ["Calm"]


@pytest.mark.parametrize("kind", ["pipe", "dangling link", "folder behind a link", "no text", "line feed"])
def test_name_that_is_no_readable_file_is_an_error(project: ProjectFolder, cli: Cli, kind: str) -> None:
    """Pipes, links to nowhere and names that are no text neither stop nor hang the rest."""
    place = project.root / "episodes" / "odd.md"
    place.parent.mkdir()
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "dangling link":
        place.symlink_to("nowhere.md")
    elif kind == "folder behind a link":
        place.symlink_to(project.root)
    elif kind == "no text":
        (place.parent / os.fsdecode(b"od\xff.md")).write_text(NOTE, "utf-8")
    else:
        (place.parent / "od\nd.md").write_text(NOTE.replace("date:", "dat:"), "utf-8")
    project.note("calm")

    done = cli("-C", project.root, "check")
    built = cli("-C", project.root, "build")

    assert done.code == built.code == 1
    assert "Traceback" not in done.err + built.err
    assert list(project.items()) == ["Calm"]
    if kind != "line feed":
        assert [code for _, code in codes(done.out)] == ["unreadable-file"]


def test_what_editors_leave_behind_is_no_note(project: ProjectFolder, cli: Cli) -> None:
    """Hidden files, swap files and other endings are passed over."""
    for name in (
        ".fog.md.swp",
        ".#fog.md",
        "#fog.md#",
        "~fog.md",
        "fog.md~",
        "fog.md.bak",
        ".git/a.md",
        "a.html",
    ):
        project.write(f"episodes/{name}", "no note")

    assert cli("-C", project.root, "check").code == 0


# Notes together


@pytest.mark.parametrize(
    ("keys", "code", "key"),
    [
        ("id: tag:a.example,2001:x", "duplicate-id", "tag:a.example,2001:x"),
        ("slug: same", "duplicate-slug", "same"),
    ],
)
def test_duplicates_name_both_files(project: ProjectFolder, cli: Cli, keys: str, code: str, key: str) -> None:
    """Two notes of one id or slug: the second is reported at its key, and the message names the first."""
    project.note("bells", keys=keys)
    project.note("fog", keys=f"tags: [x]\n{keys}")

    done = cli("-C", project.root, "check")

    assert done.code == 1
    (line,) = done.out.splitlines()
    assert line.startswith("episodes/fog.md:6:")
    assert "episodes/bells.md" in line
    assert key in line
    assert line.endswith(f"[{code}]")


def test_same_episode_twice_names_both_files(project: ProjectFolder, cli: Cli) -> None:
    """A copy under another name is reported and names the file that it is a copy of."""
    project.write("episodes/fog.md", NOTE)
    project.write("episodes/fog copy.md", NOTE)

    done = cli("-C", project.root, "check")

    assert codes(done.out) == [("episodes/fog.md", "duplicate-episode")]
    assert "episodes/fog copy.md" in done.out


def test_check_and_build_agree(project: ProjectFolder, cli: Cli) -> None:
    """What check reports, build reports, word by word, with places and order."""
    project.note("bells", keys="slug: same")
    project.note("fog", keys="slug: same\nhighlight: 9")
    project.note("gulls", keys="slug: same")
    project.write("episodes/calm.md", NOTE.replace("<amazon:", "<amazn:"))

    assert cli("-C", project.root, "build").err == cli("-C", project.root, "check").out


# The schedule and the lock


def test_faults_of_schedule_and_notes_are_told_together(project: ProjectFolder, cli: Cli) -> None:
    """A broken schedule does not hide what is wrong with the notes; all paths are the project's own."""
    project.schedule(
        text="site:\n  titel: X\n  address: nowhere\njobs:\n  - {name: a, run: biuld, every: 1 h}\n"
    )
    project.write("episodes/a.md", "---\nshow: S\ntitle: T\ndate: soon\n---\n")

    done = cli("-C", project.root, "check")

    assert done.code == 1
    assert [found for found in codes(done.out) if found[0] == "episodes/a.md"] == [
        ("episodes/a.md", "bad-date")
    ]
    faults = [line for line in done.out.splitlines() if line.startswith("schedule.yaml:")]
    assert [line.split(": ")[0] for line in faults if "titel" in line] == ["schedule.yaml:2:3"]
    for word in ("title", "author", "address", "jobs.1.run"):
        assert any(word in line for line in faults), word


def test_broken_schedule_stops_the_build(project: ProjectFolder, cli: Cli) -> None:
    """Every fault of the schedule is told, nothing is built and the exit code is 1."""
    project.note("fog")
    project.build(FIRST)
    stamps = project.stamps()
    project.schedule(text="site:\n  titel: X\n")

    done = cli("-C", project.root, "build")

    assert (done.code, done.out) == (1, "")
    assert {path for path, _ in codes(done.err)} == {"schedule.yaml"}
    assert len(done.err.splitlines()) >= 4
    assert project.stamps() == stamps


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"site: {title: 'M\xfcller'}", "bad-encoding"),
        (b"", "missing-key"),
        (b"- a\n- b\n", "bad-value"),
        (b"site: [unclosed\n", "yaml-syntax"),
        (b"just words\n", "bad-value"),
        (b"site: *x\n", "yaml-alias"),
    ],
)
def test_schedule_that_is_none_is_a_fault_with_a_place(
    project: ProjectFolder, cli: Cli, data: bytes, code: str
) -> None:
    """Other encodings, an empty file, a list or broken YAML are told like any other fault."""
    project.write("schedule.yaml", data)

    done = cli("-C", project.root, "check")

    assert done.code == 1
    assert ("schedule.yaml", code) in codes(done.out)
    assert "Traceback" not in done.err


def test_damaged_lock_is_told_beside_the_notes(project: ProjectFolder, cli: Cli) -> None:
    """A lock with the marks of a merge is a fault with its line, and the notes are checked all the same."""
    project.note("fog")
    project.build(FIRST)
    lock = project.lock().replace(b'{"id"', b'<<<<<<< ours\n{"id"')
    project.write("feedmaker.lock", lock)
    project.write("episodes/a.md", "---\nshow: S\ntitle: T\ndate: soon\n---\n")

    done = cli("-C", project.root, "check")

    assert done.code == 1
    assert codes(done.out) == [("episodes/a.md", "bad-date"), ("feedmaker.lock", "damaged-lock")]
    assert "feedmaker.lock:2:1: error: " in done.out
    project.schedule(text="site: {titel: X}\n")
    files = {path for path, _ in codes(cli("-C", project.root, "check").out)}
    assert files == {"schedule.yaml", "episodes/a.md", "feedmaker.lock"}
