"""The notes folder on disk: which notes are there, and in which state. Reads only."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

SUFFIXES = (".md", ".txt")
ISSUE_SUFFIXES = (".json",)
_HIDDEN = (".", "~", "#")


@dataclass(frozen=True, slots=True)
class NoteFile:
    """Hold where a note stands and what changes when it is saved.

    `path` is relative to the project folder, with forward slashes. `regular` is False for what cannot be
    read as a file (a pipe, a dangling link).
    """

    path: str
    size: int
    mtime_ns: int
    inode: int
    regular: bool = True


def scan(folder: Path, name: str, suffixes: tuple[str, ...] = SUFFIXES) -> list[NoteFile]:
    """List the notes below `folder`/`name`, sorted by path; a missing folder holds none.

    Hidden files and folders are left out, among them what editors and copying programs leave behind. A
    folder that cannot be listed stands in the list itself, as what cannot be read.
    """
    return sorted(_walk(str(folder / name), name, suffixes), key=attrgetter("path"))


def _walk(place: str, shown: str, suffixes: tuple[str, ...]) -> Iterator[NoteFile]:
    folders = [(place, shown)]
    while folders:
        place, shown = folders.pop()
        try:
            entries = list(os.scandir(place))
        except FileNotFoundError:
            continue
        except OSError:
            yield _unreadable(shown)
            continue
        for entry in entries:
            path = f"{shown}/{entry.name}"
            if entry.name.startswith(_HIDDEN):
                continue
            if entry.is_dir(follow_symlinks=False):
                folders.append((entry.path, path))
            elif entry.name.lower().endswith(suffixes):
                yield _note_file(entry, path)


def _note_file(entry: os.DirEntry[str], path: str) -> NoteFile:
    try:
        path.encode()
        status = entry.stat()
    except (OSError, UnicodeEncodeError):
        return _unreadable(path)
    regular = stat.S_ISREG(status.st_mode)
    return NoteFile(path, status.st_size, status.st_mtime_ns, status.st_ino, regular)


def _unreadable(path: str) -> NoteFile:
    """Stand for what cannot be read; a name that is no text is shown as near as text comes."""
    return NoteFile(os.fsencode(path).decode("utf-8", "replace"), 0, 0, 0, regular=False)
