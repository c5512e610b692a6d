"""Writing output files: whole or not at all, and only those that differ.

A file is written beside its place, in a folder that the next build empties, and moved there in one step; so
a reader, or a process killed at any moment, sees the old bytes or the new ones.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from feedmaker.errors import OutputError
from feedmaker.index import Written
from feedmaker.model import Artifact

_WORKSHOP = ".feedmaker-new"


class Output:
    """Write artifacts below one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.written: list[str] = []
        self._made: set[str] = set()

    @classmethod
    @contextmanager
    def open(cls, folder: Path) -> Iterator[Output]:
        """Prepare `folder` for writing and leave nothing unfinished in it."""
        output = cls(folder)
        with explained(folder):
            shutil.rmtree(folder / _WORKSHOP, ignore_errors=True)
            (folder / _WORKSHOP).mkdir(parents=True)
        try:
            yield output
        finally:
            shutil.rmtree(folder / _WORKSHOP, ignore_errors=True)

    def is_as(self, path: str, before: Written | None, key: str) -> bool:
        """Tell whether the file at `path` was made from `key` and has not been touched since."""
        if before is None or before.key != key:
            return False
        try:
            status = os.stat(f"{self.folder}{os.sep}{path}")  # noqa: PTH116 - once per page of the site
        except OSError:
            return False
        return status.st_size == before.size and status.st_mtime_ns == before.mtime_ns

    def put(self, artifact: Artifact, key: str) -> Written:
        """Write an artifact unless the file holds its bytes already; return what to remember of it."""
        target = self._target(artifact.path)
        with explained(target):
            if not _holds(target, artifact.data):
                self._make_folder(target.parent)
                new = self.folder / _WORKSHOP / "new"
                new.write_bytes(artifact.data)
                os.replace(new, target)  # noqa: PTH105 - one system call, as `Path.replace` says less plainly
                self.written.append(artifact.path)
            status = target.stat()
        return Written(key, status.st_size, status.st_mtime_ns)

    def remove(self, path: str) -> None:
        """Remove a file that an earlier build wrote, and the folders that it leaves empty."""
        target = self._target(path)
        with explained(target):
            target.unlink(missing_ok=True)
            for parent in target.relative_to(self.folder).parents[:-1]:
                try:
                    (self.folder / parent).rmdir()
                except OSError:
                    break

    def _target(self, path: str) -> Path:
        parts = PurePosixPath(path).parts
        if not parts or path.startswith("/") or ".." in parts:
            raise OutputError(f"{path}: not a path inside the output folder")
        return self.folder.joinpath(*parts)

    def _make_folder(self, folder: Path) -> None:
        if str(folder) not in self._made:
            folder.mkdir(parents=True, exist_ok=True)
            self._made.add(str(folder))


def write_durably(path: Path, data: bytes) -> None:
    """Replace a file in one step that survives a power cut."""
    new = path.with_name(f".{path.name}.new")
    with explained(path):
        with new.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what the disk says into an error that names the file and the way out."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror or error}; {_way_out(error)}") from error


def _way_out(error: OSError) -> str:
    import errno

    ways = {
        errno.ENOSPC: "free some space and build again; the old files are untouched",
        errno.EDQUOT: "the quota is used up; free some space and build again",
        errno.EROFS: "the disk is read-only; make it writable and build again",
        errno.EACCES: "grant write permission to the folder and build again",
        errno.EPERM: "grant write permission to the folder and build again",
        errno.ENAMETOOLONG: "set a shorter `slug:` in the note",
        errno.EISDIR: "a folder stands where the file belongs; move it away",
        errno.ENOTDIR: "a file stands where a folder belongs; move it away",
    }
    return ways.get(error.errno or 0, "mend that and build again; the old files are untouched")


def _holds(target: Path, data: bytes) -> bool:
    try:
        return target.stat().st_size == len(data) and target.read_bytes() == data
    except (FileNotFoundError, NotADirectoryError):
        return False
