"""Notes that another program is writing: left out, told, and taken when they are whole."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from feedmaker.settling import BeingWrittenError, is_being_written, read_settled
from tests.projects import FIRST, LATER, MUCH_LATER, ProjectFolder


def test_note_that_is_being_written_waits_and_others_go_out(project: ProjectFolder) -> None:
    """It is warned of and held back; when its writer has closed it, the next build takes it."""
    project.note("fog")
    project.build(FIRST)
    project.note("lamps")
    project.note("bells")

    with (project.root / "episodes" / "bells.md").open("a"):
        report = project.build(LATER)

    assert report.new == ["episodes/lamps.md"]
    assert report.writing == ["episodes/bells.md"]
    assert not report.failed
    assert [(fault.path, fault.code, fault.severity) for fault in report.diagnostics] == [
        ("episodes/bells.md", "being-written", "warning")
    ]
    assert "another program is writing it; not published" in {held.reason for held in report.held}
    assert project.build(MUCH_LATER).new == ["episodes/bells.md"]


def test_note_that_is_written_over_keeps_its_last_version(project: ProjectFolder) -> None:
    """Readers see the old text until the new one is whole, whatever stands in the file meanwhile."""
    path = project.root / project.note("fog")
    project.build(FIRST)
    before, text = project.files(), path.read_text("utf-8")

    with path.open("w", encoding="utf-8") as file:
        file.write(text[:60])
        file.flush()
        report = project.build(LATER)
        assert project.files() == before
        file.write(text[60:].replace("Oil floats.", "Oil sinks."))

    assert report.writing == ["episodes/fog.md"]
    assert project.build(MUCH_LATER).changed == ["episodes/fog.md"]
    assert "Oil sinks." in project.files()["feed.xml"].decode()


def test_writers_are_told_from_readers(tmp_path: Path) -> None:
    """Only who may write makes a file unfit to be read."""
    path = tmp_path / "note.md"
    path.write_bytes(b"whole")

    with path.open("rb"):
        assert read_settled(path) == b"whole"
        assert not is_being_written(path)
    with path.open("ab"):
        assert is_being_written(path)
        with pytest.raises(BeingWrittenError):
            read_settled(path)
    assert not is_being_written(tmp_path / "missing.md")


def test_nobody_is_kept_out_after_reading(tmp_path: Path) -> None:
    """The lease ends with the reading, so that whoever wants to write may."""
    path = tmp_path / "note.md"
    path.write_bytes(b"whole")
    read_settled(path)
    is_being_written(path)

    descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)

    assert fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_WRONLY
    os.close(descriptor)
