"""Whether a tick has nothing to do, found out before anything is imported: what cron pays each minute.

A tick that has nothing left to do writes down until when, and all that it has seen of what a build reads.
While that is still what is there, the next ticks end at once. The note is a cache: without it, or with any
doubt about it, a tick takes the long way, and writes it again.
"""

from __future__ import annotations

import os
import time

from feedmaker import __version__
from feedmaker.listing import LOCK, STATE, WAKE, State, edited, is_fresh, looked, nearest_project

NOTE = f"{STATE}/idle"
# These are replaced or touched by feedmaker itself, so each change shows.
_MADE = [LOCK, f"{STATE}/pings.json", WAKE]


def is_idle_tick(arguments: list[str]) -> bool:
    """Tell whether a command line is plainly a tick, and the tick has nothing to do now."""
    match arguments:
        case ["tick"]:
            folder = _nearest()
        case ["-C", folder, "tick"] | ["tick", "-C", folder]:
            pass
        case _:
            return False
    return folder is not None and is_idle(folder, time.time())


def is_idle(folder: str, now: float) -> bool:
    """Tell whether nothing is due in a project at `now`, in seconds of the epoch, and nothing has changed."""
    try:
        with open(_place(folder), "rb") as file:
            head, names, seen = file.read().split(b"\0\0", 2)
        version, start, until = head.decode().split(" ")
        named = names.decode("utf-8", "surrogatepass").split("\0") if names else []
        if version != __version__ or not float(start) <= now < float(until):
            return False
        return _text(edited(folder) + looked(folder, _MADE + named)) == seen
    except (OSError, ValueError):
        return False


class Sight:
    """Hold what a tick sees in a project before it begins, to write down in the end that all is done.

    Make it before the schedule is read, and tell it with `include` which files the schedule names.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._when = time.time_ns()
        self._made = looked(folder, _MADE)
        self._edited = edited(folder)
        self._named: list[State] = []

    def include(self, names: list[str]) -> None:
        """See the files, too, that the schedule names; they are relative to the project unless absolute."""
        self._named = looked(self._folder, names)

    def write_idle(self, now: float, until: float) -> None:
        """Let ticks be idle from `now` until `until`, in seconds of the epoch, while nothing changes.

        What counts is what was seen in the beginning, so whatever has changed since wakes the next tick; so
        does a file that may yet change without showing it. Where the disk fails, nothing is written.
        """
        if any(is_fresh(file, self._when) for file in self._edited + self._named):
            return
        head = f"{__version__} {now} {until}".encode()
        named = "\0".join(path for path, *_ in self._named).encode("utf-8", "surrogatepass")
        seen = _text(self._edited + self._made + self._named)
        place = _place(self._folder)
        try:
            with open(f"{place}.new", "wb") as file:
                file.write(b"\0\0".join((head, named, seen)))
            os.replace(f"{place}.new", place)
        except OSError:
            return


def _nearest() -> str | None:
    try:
        return nearest_project(os.getcwd())
    except OSError:
        return None


def _place(folder: str) -> str:
    return os.path.join(folder, NOTE)


def _text(files: list[State]) -> bytes:
    """Write down files, each different state of them differently: no path can hold the separator."""
    fields = [f"{path}\0{size}\0{mtime}\0{inode}\0{regular}" for path, size, mtime, inode, regular in files]
    return "\0".join(fields).encode("utf-8", "surrogatepass")
