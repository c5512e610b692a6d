"""One feedmaker at a time in a folder.

The lock is the kernel's (flock), so it ends with its process however that dies; the file stays and means
nothing. Who holds the lock therefore knows that every run still marked as running was killed.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from feedmaker.disk import explained
from feedmaker.errors import BusyError

PATIENCE = 30.0
_PAUSE = 0.05


@contextmanager
def exclusive(path: Path, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the work lock at `path`; raise `BusyError` if another process keeps it for `patience` seconds."""
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a")
    with file:
        deadline = time.monotonic() + patience
        while not _taken(path, file.fileno()):
            if time.monotonic() >= deadline:
                raise BusyError("another feedmaker is at work in this folder; try again when it is done")
            time.sleep(_PAUSE)
        yield


def _taken(path: Path, descriptor: int) -> bool:
    with explained(path):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
