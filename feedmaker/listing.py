"""The files of a project as the file system tells of them: which there are, and in which state. Reads only.

An idle tick needs no more than this, once a minute and for every note. So paths are plain text and states are
plain tuples, and nothing is imported that a bare Python has not imported already.
"""

from __future__ import annotations

import os
import stat

SCHEDULE = "schedule.yaml"
EPISODES = "episodes"
ISSUES = "issues"
TEMPLATES = "templates"
LOCK = "feedmaker.lock"
STATE = ".feedmaker"
WAKE = f"{STATE}/wake"
NOTE_SUFFIXES = (".md", ".txt")
ISSUE_SUFFIXES = (".json",)
HIDDEN = (".", "~", "#")
"""What the names of files and folders begin with that are hidden, or left behind by editors and copiers."""

UNTRUSTED = -1
"""Stands for size, time and inode of a file that is to be read again whatever the disk says of it."""

State = tuple[str, int, int, int, bool]
"""A file's path, size, time of change in nanoseconds and inode, and whether it can be read as a file."""

# A file saved twice within one step of its file system's clock can keep its time stamp. Kernels step by some
# milliseconds; file systems that keep whole seconds only, by up to two.
_FINE_STEP_NS = 20_000_000
_COARSE_STEP_NS = 2_000_000_000


def nearest_project(start: str) -> str | None:
    """Return the nearest folder from `start` upwards with a `schedule.yaml`; None where there is none."""
    folder = start
    while not os.path.isfile(os.path.join(folder, SCHEDULE)):
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above
    return folder


def packaged_templates() -> str:
    """Find the default templates: inside an installed package, or at the top of a checkout."""
    package = os.path.dirname(__file__)
    installed = os.path.join(package, TEMPLATES)
    return installed if os.path.isdir(installed) else os.path.join(os.path.dirname(package), TEMPLATES)


def edited(folder: str) -> list[State]:
    """List all that people write for a build: notes, issues that went out, schedule and templates.

    What the schedule names besides is not among it.
    """
    packaged = packaged_templates()
    return [
        *below(folder, EPISODES, NOTE_SUFFIXES),
        *below(folder, ISSUES, ISSUE_SUFFIXES),
        *looked(
            folder, [SCHEDULE, *(f"{TEMPLATES}/{name}" for name in files_below(f"{folder}/{TEMPLATES}"))]
        ),
        *looked(packaged, files_below(packaged)),
    ]


def looked(folder: str, names: list[str]) -> list[State]:
    """List the files of these names, which are relative to `folder` unless they are absolute."""
    return [look(os.path.join(folder, name), name) for name in names]


def look(place: str, path: str) -> State:
    """Return what the file system says of a file that is no note; a missing one is not regular."""
    try:
        status = os.stat(place)
    except (OSError, ValueError):
        return path, UNTRUSTED, UNTRUSTED, UNTRUSTED, False
    return path, status.st_size, status.st_mtime_ns, status.st_ino, True


def is_fresh(file: State, now_ns: int) -> bool:
    """Tell whether a file may be saved again without its time stamp showing it."""
    _, _, mtime_ns, _, _ = file
    step = _FINE_STEP_NS if mtime_ns % 1_000_000_000 else _COARSE_STEP_NS
    return now_ns - mtime_ns < step


def below(folder: str, name: str, suffixes: tuple[str, ...]) -> list[State]:
    """List the files below `folder`/`name` that end so, sorted by path; a missing folder holds none.

    Paths are relative to `folder`, with forward slashes. Hidden files and folders are left out. A folder that
    cannot be listed stands in the list itself, as what cannot be read.
    """
    found: list[State] = []
    folders = [(os.path.join(folder, name), name)]
    while folders:
        place, shown = folders.pop()
        try:
            entries = list(os.scandir(place))
        except FileNotFoundError:
            continue
        except OSError:
            found.append(_unreadable(shown))
            continue
        for entry in entries:
            if entry.name.startswith(HIDDEN):
                continue
            if entry.is_dir(follow_symlinks=False):
                folders.append((entry.path, f"{shown}/{entry.name}"))
            elif entry.name.lower().endswith(suffixes):
                found.append(_state(entry, f"{shown}/{entry.name}"))
    found.sort()
    return found


def files_below(place: str) -> list[str]:
    """List the paths of all files below a folder, hidden ones too; what cannot be listed holds none."""
    found = []
    folders = [(place, "")]
    while folders:
        inner, shown = folders.pop()
        try:
            entries = list(os.scandir(inner))
        except OSError:
            continue
        folders += [
            (entry.path, f"{shown}{entry.name}/") for entry in entries if entry.is_dir(follow_symlinks=False)
        ]
        found += [f"{shown}{entry.name}" for entry in entries if entry.is_file()]
    return sorted(found)


def _state(entry: os.DirEntry[str], path: str) -> State:
    try:
        path.encode()
        status = entry.stat()
    except (OSError, UnicodeEncodeError):
        return _unreadable(path)
    return path, status.st_size, status.st_mtime_ns, status.st_ino, stat.S_ISREG(status.st_mode)


def _unreadable(path: str) -> State:
    """Stand for what cannot be read; a name that is no text is shown as near as text comes."""
    return os.fsencode(path).decode("utf-8", "replace"), 0, 0, 0, False
