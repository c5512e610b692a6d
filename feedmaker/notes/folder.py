"""The notes folder on disk: which notes are there, and in which state. Reads only."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from feedmaker import listing


# There may be ten thousand, and a plain tuple is made several times as fast as a frozen dataclass.
class NoteFile(NamedTuple):
    """Hold where a note stands and what changes when it is saved; it is a `listing.State` with names.

    `path` is relative to the project folder, with forward slashes. `regular` is False for what cannot be
    read as a file (a pipe, a dangling link).
    """

    path: str
    size: int
    mtime_ns: int
    inode: int
    regular: bool = True


def scan(folder: Path, name: str, suffixes: tuple[str, ...] = listing.NOTE_SUFFIXES) -> list[NoteFile]:
    """List the notes below `folder`/`name`, sorted by path; a missing folder holds none.

    Hidden files and folders are left out, among them what editors and copying programs leave behind. A
    folder that cannot be listed stands in the list itself, as what cannot be read.
    """
    return list(map(NoteFile._make, listing.below(str(folder), name, suffixes)))
