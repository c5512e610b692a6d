"""Files are there whole or not at all, and nobody loses theirs."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from feedmaker.disk import name_new, replacing
from feedmaker.errors import OutputError


def names(folder: Path) -> list[str]:
    """List what is in a folder, hidden files too."""
    return sorted(path.name for path in folder.iterdir())


def test_file_is_replaced_at_the_end(tmp_path: Path) -> None:
    """Until all is written the old file is there, and nothing stays beside the new one."""
    path = tmp_path / "list"
    path.write_bytes(b"old")

    with replacing(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"

    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["list"]


def test_file_that_fails_stays_what_it_was(tmp_path: Path) -> None:
    """Whatever is raised, the old file is there, alone."""
    path = tmp_path / "list"
    path.write_bytes(b"old")

    with pytest.raises(ZeroDivisionError), replacing(path) as file:
        file.write(b"new" * (1 // 0))

    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["list"]


def test_file_is_private_from_its_beginning(tmp_path: Path) -> None:
    """The mode holds while it is written, whatever a killed process left under the name for that."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"theirs")
    (tmp_path / ".list.new").symlink_to(elsewhere)

    with replacing(tmp_path / "list", 0o600) as file:
        file.write(b"mine")
        assert stat.S_IMODE(os.fstat(file.fileno()).st_mode) == 0o600

    assert stat.S_IMODE((tmp_path / "list").stat().st_mode) == 0o600
    assert elsewhere.read_bytes() == b"theirs"


def test_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The error names the file that was asked for, not the one beside it."""
    with (
        pytest.raises(OutputError, match=r"/nowhere/list: No such file"),
        replacing(tmp_path / "nowhere" / "list"),
    ):
        pass


@pytest.mark.parametrize("links", [True, False])
def test_finished_file_gets_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, links: bool) -> None:
    """It has one name afterwards, and a name that is taken stays with who has it, on any file system."""
    if not links:
        monkeypatch.setattr(os, "link", _refuses)
    new, path = tmp_path / "new", tmp_path / "list"
    new.write_bytes(b"mine")

    name_new(new, path)

    assert (names(tmp_path), path.read_bytes()) == (["list"], b"mine")
    new.write_bytes(b"another")
    with pytest.raises(FileExistsError):
        name_new(new, path)
    assert path.read_bytes() == b"mine"


def _refuses(*_arguments: object, **_options: object) -> None:
    raise PermissionError(1, "Operation not permitted")
