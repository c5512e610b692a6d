"""Writing output files: whole or not at all, and only those that differ.

All new files are first written beside their places, in a folder that each build empties, and then moved
there one by one. So whatever fails before the last of them is complete (a template, a full disk) changes
nothing; and a reader, or a process killed at any moment, sees of each file the old bytes or the new ones.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path, PurePosixPath

from feedmaker.disk import explained
from feedmaker.errors import OutputError
from feedmaker.index import Written
from feedmaker.model import Artifact

_WORKSHOP = ".feedmaker-new"


@dataclass(frozen=True, slots=True)
class Staged:
    """Hold an output that is written beside its place as `name`, or not at all, for its file holds it."""

    path: str
    key: str
    name: str | None
    known: Written | None = None


class Output:
    """Write artifacts below one folder: `stage` each of them, then `commit` all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._place = f"{folder}{os.sep}"
        self.written: list[str] = []
        self._done: dict[str, Written] = {}
        self._staged: dict[str, Staged] = {}
        self._numbers = count()
        self._made: set[str] = set()

    @classmethod
    @contextmanager
    def open(cls, folder: Path) -> Iterator[Output]:
        """Prepare `folder` for writing and leave nothing unfinished in it."""
        output = cls(folder)
        workshop = folder / _WORKSHOP
        with explained(workshop):
            workshop.mkdir(parents=True, exist_ok=True)
        try:
            yield output
        finally:
            shutil.rmtree(workshop, ignore_errors=True)

    def is_as(self, path: str, before: Written | None, key: str) -> bool:
        """Tell whether the file at `path` was made from `key` and has not been touched since."""
        if before is None or before.key != key:
            return False
        try:
            status = os.stat(self._place + path)  # noqa: PTH116 - once per page of the site
        except OSError:
            return False
        return status.st_size == before.size and status.st_mtime_ns == before.mtime_ns

    def stage(self, artifact: Artifact, key: str) -> None:
        """Write an artifact beside its place, unless the file there holds its bytes already."""
        self.take(self.prepare(artifact, key))

    def prepare(self, artifact: Artifact, key: str) -> Staged:
        """Do what `stage` does but for taking note of it, which another process may do with `take`."""
        target = self._target(artifact.path)
        with explained(target):
            status = _status_if_equal(target, artifact.data)
            if status:
                known = Written(key, status.st_size, status.st_mtime_ns)
                return Staged(artifact.path, key, None, known)
            self._make_folder(target.parent)
            name = f"{os.getpid()}-{next(self._numbers)}"
            (self.folder / _WORKSHOP / name).write_bytes(artifact.data)
        return Staged(artifact.path, key, name)

    def take(self, staged: Staged) -> None:
        """Take note of what was prepared, so that `commit` moves it."""
        if staged.known:
            self._done[staged.path] = staged.known
        else:
            self._staged[staged.path] = staged

    def commit(self, order: Iterable[str]) -> dict[str, Written]:
        """Move what was staged to its place, in the given order; return what to remember of it."""
        for path in order:
            if path not in self._staged:
                continue
            staged = self._staged.pop(path)
            target = self._target(path)
            with explained(target):
                new = self.folder / _WORKSHOP / str(staged.name)
                os.replace(new, target)  # noqa: PTH105 - one system call, as `Path.replace` says less plainly
                status = target.stat()
            self.written.append(path)
            self._done[path] = Written(staged.key, status.st_size, status.st_mtime_ns)
        return self._done

    def remove(self, path: str) -> None:
        """Remove a file that an earlier build wrote, and the folders that it leaves empty."""
        target = self._target(path)
        with explained(target):
            with suppress(FileNotFoundError, NotADirectoryError):
                target.unlink()
            for parent in target.relative_to(self.folder).parents[:-1]:
                try:
                    (self.folder / parent).rmdir()
                except OSError:
                    break

    def _make_folder(self, folder: Path) -> None:
        if str(folder) not in self._made:
            folder.mkdir(parents=True, exist_ok=True)
            self._made.add(str(folder))

    def _target(self, path: str) -> Path:
        parts = PurePosixPath(path).parts
        if not parts or path.startswith("/") or ".." in parts:
            raise OutputError(f"{path}: not a path inside the output folder")
        return self.folder.joinpath(*parts)


def _status_if_equal(target: Path, data: bytes) -> os.stat_result | None:
    """Return the status of the file at `target` if it holds these bytes."""
    try:
        status = target.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    return status if status.st_size == len(data) and target.read_bytes() == data else None
