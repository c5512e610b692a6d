"""The notes folder: which files are notes, whatever else is in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from feedmaker.notes.folder import NoteFile, scan


def write(path: Path, text: str = "x") -> None:
    """Write a file, with the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def paths(files: list[NoteFile]) -> list[str]:
    """Return the paths of what was found."""
    return [file.path for file in files]


def test_missing_folder_holds_no_notes(tmp_path: Path) -> None:
    """A project without notes is a project without notes."""
    assert scan(tmp_path, "episodes") == []


def test_notes_are_found_in_folders_and_sorted(tmp_path: Path) -> None:
    """Markdown and text files count, at any depth and in any case, sorted by path."""
    for name in ("b.md", "a.txt", "2022/ä ö.MD", "2022/deep/c.Txt", "picture.jpg", "md", "a.md.bak"):
        write(tmp_path / "episodes" / name)

    assert paths(scan(tmp_path, "episodes")) == [
        "episodes/2022/deep/c.Txt",
        "episodes/2022/ä ö.MD",
        "episodes/a.txt",
        "episodes/b.md",
    ]


LEFT_BEHIND = {
    "vim": [".a.md.swp", ".a.md.un~", "a.md~", "4913"],
    "Emacs": ["#a.md#", ".#a.md", "a.md~", "a.md.~1~"],
    "nano": [".a.md.swp", "a.md.save", "a.md.save.1"],
    "Kate": [".a.md.kate-swp", "a.md.Wb1QxP", "a.md~"],
    "GNOME Text Editor": [".goutputstream-8F3KZ2", "a.md~"],
    "Sublime Text": [".a.md.tmp", "a.md.sublime-workspace"],
    "JetBrains": ["a.md___jb_tmp___", "a.md___jb_old___"],
    "Midnight Commander": [".#a.md", "a.md~"],
    "LibreOffice": [".~lock.a.txt#", "lu4711abc.tmp"],
    "Word": ["~$a.txt", "~$note.md", "~WRL0001.tmp", "~WRD0002.txt"],
    "macOS": ["._a.md", ".DS_Store", "a.md.sb-1a2b3c4d-Q5w6Er", ".TemporaryItems/a.md", ".a.md.icloud"],
    "Syncthing": [".syncthing.a.md.tmp", "~syncthing~a.md.tmp", ".stversions/a.md"],
    "Dropbox": [".dropbox.cache/a.md", ".~a.md"],
    "Nextcloud": [".a.md.~3f2a", ".sync_0a1b.db"],
    "rsync": [".a.md.Xy12Zz", ".~tmp~/a.md", ".rsync-partial/a.md"],
    "Unison": [".unison.a.md.0a1b.unison.tmp"],
    "SFTP programs": ["a.md.filepart", ".in.a.md", ".in.a.md."],
    "browsers": ["a.md.part", "a.md.crdownload"],
    "Synology": ["@eaDir/a.md@SynoEAStream", "#recycle/a.md"],
    "Git": [".git/a.md", "a.md.orig", "a.md.rej"],
}


@pytest.mark.parametrize("program", LEFT_BEHIND)
def test_what_programs_leave_behind_is_left_out(tmp_path: Path, program: str) -> None:
    """Hidden, locked, partial and temporary files of editors and copying programs are no notes."""
    for name in LEFT_BEHIND[program]:
        write(tmp_path / "episodes" / name)

    assert scan(tmp_path, "episodes") == []


def test_file_is_told_by_size_time_and_inode(tmp_path: Path) -> None:
    """What changes when a note is saved is what the file system says of it."""
    note = tmp_path / "episodes" / "a.md"
    write(note, "four")
    os.utime(note, ns=(1, 123_456_789))

    assert scan(tmp_path, "episodes") == [NoteFile("episodes/a.md", 4, 123_456_789, note.stat().st_ino)]


def test_what_cannot_be_read_is_listed_as_such(tmp_path: Path) -> None:
    """Pipes, links that lead nowhere and folders called like notes are found, and known for what they are."""
    folder = tmp_path / "episodes"
    write(folder / "inside" / "a.md")
    os.mkfifo(folder / "pipe.md")
    (folder / "gone.md").symlink_to("nowhere")
    (folder / "loop.md").symlink_to("loop.md")
    (folder / "folder.md").symlink_to("inside")
    (folder / "linked.md").symlink_to("inside/a.md")

    assert {file.path: file.regular for file in scan(tmp_path, "episodes")} == {
        "episodes/folder.md": False,
        "episodes/gone.md": False,
        "episodes/inside/a.md": True,
        "episodes/linked.md": True,
        "episodes/loop.md": False,
        "episodes/pipe.md": False,
    }


def test_file_in_place_of_the_folder_cannot_be_read(tmp_path: Path) -> None:
    """A file called like the notes folder is reported, not taken for an empty folder."""
    write(tmp_path / "episodes")

    assert scan(tmp_path, "episodes") == [NoteFile("episodes", 0, 0, 0, regular=False)]


def test_folder_inside_itself_is_not_followed(tmp_path: Path) -> None:
    """Links to folders are not followed, so no circle of them holds the program up."""
    write(tmp_path / "episodes" / "a.md")
    (tmp_path / "episodes" / "again").symlink_to(tmp_path / "episodes")

    assert paths(scan(tmp_path, "episodes")) == ["episodes/a.md"]


def test_name_that_is_no_text_is_shown_as_near_as_text_comes(tmp_path: Path) -> None:
    """A file whose name is not UTF-8 is reported under a name that can be printed and written."""
    folder = tmp_path / "episodes"
    folder.mkdir()
    (Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.md"))).write_text("x", "utf-8")

    assert scan(tmp_path, "episodes") == [NoteFile("episodes/caf\ufffd.md", 0, 0, 0, regular=False)]
