"""The notes folder on disk: which notes are there, and in which state. Reads only."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SUFFIXES = (".md", ".txt")


@dataclass(frozen=True, slots=True, order=True)
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


def scan(folder: Path, name: str) -> list[NoteFile]:
    """List the notes below `folder`/`name`, sorted by path; a missing folder holds none.

    Hidden files and folders are left out, among them what editors and copying programs leave behind.
    """
    return sorted(_walk(str(folder / name), name))


def _walk(place: str, shown: str) -> Iterator[NoteFile]:
    try:
        entries = list(os.scandir(place))
    except FileNotFoundError:
        return
    for entry in entries:
        if entry.name.startswith((".", "~", "#")):
            continue
        path = f"{shown}/{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path, path)
        elif entry.name.lower().endswith(SUFFIXES):
            yield _note_file(entry, path)


def _note_file(entry: os.DirEntry[str], path: str) -> NoteFile:
    try:
        status = entry.stat()
    except OSError:
        return NoteFile(path, 0, 0, 0, regular=False)
    regular = stat.S_ISREG(status.st_mode)
    return NoteFile(path, status.st_size, status.st_mtime_ns, status.st_ino, regular)
