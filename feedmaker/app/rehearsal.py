"""A copy of a project, to try out what its schedule does: nothing comes out of it, and it is thrown away.

The original is only read. Its files stand in the copy as hard links where the disk allows that, since
feedmaker replaces files and never writes into them; the databases are copied. No lock is taken, so that
whatever is due in the original runs meanwhile: a copy from between two steps of a build is made whole by the
first build in it.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from feedmaker.app.project import Project
from feedmaker.delivery.transports import Envelope, Receipt
from feedmaker.disk import explained
from feedmaker.errors import BusyError
from feedmaker.index import Index, copy_index
from feedmaker.listing import (
    EPISODES,
    ISSUE_SUFFIXES,
    ISSUES,
    LOCK,
    NOTE_SUFFIXES,
    SCHEDULE,
    STATE,
    TEMPLATES,
    below,
    files_below,
)
from feedmaker.store import copy_database
from feedmaker.worklock import exclusive

if TYPE_CHECKING:
    from feedmaker.config import Config, Job

_PREFIX = "simulation-"
_FETCHING = frozenset({"collect", "newsletter bounces"})
"""What jobs run that fetch something from elsewhere."""


class Nowhere:
    """Take every message and throw it away, counting how many there were by what they carry."""

    width = 1
    remembers = timedelta.max

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()

    def send(self, message: bytes, envelope: Envelope) -> Receipt:  # noqa: ARG002 - as every transport
        """Take a message."""
        self.taken[envelope.issue] += 1
        return Receipt("sent", "not sent: this is a simulation")

    def close(self) -> None:
        """Do nothing."""


class Rehearsal(Project):
    """Work in a copy, telling nobody and fetching nothing.

    The environment has no say. Jobs that fetch are not in the settings, but listed by `fetching`.
    """

    is_durable = False

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, {})
        self.mail = self.transport = Nowhere()

    def config(self) -> Config:
        """Read `schedule.yaml`, but for what reaches out; raise `ConfigError` with all of its faults."""
        config = super().config()
        jobs = tuple(job for job in config.jobs if job.run not in _FETCHING)
        mute = config.scheduler.model_copy(update={"notify": ()})
        return config.model_copy(update={"scheduler": mute, "jobs": jobs})

    def fetching(self) -> list[Job]:
        """List the jobs that would fetch something."""
        return [job for job in super().config().jobs if job.run in _FETCHING]


@contextmanager
def rehearsing(project: Project) -> Iterator[Rehearsal]:
    """Copy a project for the time being; what a killed program has left of such a copy is removed, too.

    Raises `ConfigError`, `OutputError` and `StoreError` where it cannot be copied.
    """
    config = project.config()
    was_there = project.state.is_dir()
    with explained(project.state):
        project.state.mkdir(exist_ok=True)
        _remove_leftovers(project.state)
        place = Path(mkdtemp(prefix=_PREFIX, dir=project.state))
    try:
        # While this lock is held, nobody takes the folder for a leftover.
        with exclusive(place / "lock"):
            _copy(project, config, place / "site")
            yield Rehearsal(place / "site")
    finally:
        _remove(place)
        if not was_there:
            with suppress(OSError):
                project.state.rmdir()


def _copy(project: Project, config: Config, target: Path) -> None:
    """Copy all that a build or a newsletter reads. The lock comes first: what is newer, a build finds."""
    with explained(target):
        (target / STATE).mkdir(parents=True)
        _link_all(project.folder, target, [LOCK, *_edited(project.folder), *_named(config)])
        # A schedule that is being edited, maybe in place, must not change the one that is tried out.
        shutil.copy2(project.schedule, target / SCHEDULE)
    copied = target / STATE / project.index_path.name
    copy_index(project.index_path, copied)
    with Index.open(copied) as index, explained(target):
        _link_all(project.public, target / project.public.name, index.outputs())
    if project.store_path.exists():
        copy_database(project.store_path, target / STATE / project.store_path.name)


def _edited(folder: Path) -> Iterator[str]:
    for name, suffixes in ((EPISODES, NOTE_SUFFIXES), (ISSUES, ISSUE_SUFFIXES)):
        yield from (path for path, *_ in below(str(folder), name, suffixes))
    yield from (f"{TEMPLATES}/{name}" for name in files_below(f"{folder}/{TEMPLATES}"))


def _named(config: Config) -> Sequence[str]:
    from feedmaker.podcast_faults import files_named

    return files_named(config)


def _link_all(source: Path, target: Path, names: Iterable[str]) -> None:
    """Link files from one folder into another under their names; what is gone meanwhile is left out."""
    made = set()
    for name in names:
        new = f"{target}{os.sep}{name}"
        folder = os.path.dirname(new)  # noqa: PTH120 - plain texts: there may be ten thousand
        if folder not in made:
            os.makedirs(folder, exist_ok=True)  # noqa: PTH103
            made.add(folder)
        with suppress(FileExistsError, FileNotFoundError):
            _link(f"{source}{os.sep}{name}", new)


def _link(old: str, new: str) -> None:
    """Make `new` the same file as `old`, or one like it: what cannot be read in one cannot in the other."""
    try:
        os.link(os.path.realpath(old), new)
    except FileNotFoundError:
        Path(new).symlink_to(Path(old).readlink())
    except OSError:
        _imitate(old, new)


def _imitate(old: str, new: str) -> None:
    """Make the like of what cannot be linked: a folder, or a file of another disk or owner."""
    mode = os.stat(old).st_mode  # noqa: PTH116
    if not stat.S_ISDIR(mode):
        try:
            shutil.copy2(old, new)
        except PermissionError:
            os.close(os.open(new, os.O_CREAT, 0))
    elif os.path.islink(old):  # noqa: PTH114
        Path(new).symlink_to(os.path.realpath(old))
    else:
        os.mkdir(new, stat.S_IMODE(mode))  # noqa: PTH102


def _remove_leftovers(state: Path) -> None:
    """Remove the copies of those who were killed."""
    for place in state.glob(f"{_PREFIX}*"):
        with suppress(BusyError), exclusive(place / "lock", 0):
            _remove(place)


def _remove(place: Path) -> None:
    """Remove a copy, with folders in it that may not be listed."""

    def open_up(_function: object, path: str, _error: object) -> None:
        with suppress(OSError):
            os.chmod(path, stat.S_IRWXU)  # noqa: PTH101
            shutil.rmtree(path, ignore_errors=True)

    shutil.rmtree(place, onerror=open_up)
