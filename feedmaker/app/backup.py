"""Copying the state database, whoever is at work with it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from feedmaker.app.project import Project
from feedmaker.disk import explained, name_new
from feedmaker.errors import UsageError
from feedmaker.store import check_database, copy_database


@dataclass(frozen=True, slots=True)
class Backup:
    """Tell where a copy is, how many bytes it has, and what it is a copy of."""

    file: str
    size: int
    source: str


def back_up(project: Project, target: Path) -> Backup:
    """Copy the state database, as it is at one moment, to a new file that only its owner may read.

    The file is there whole and checked, or not at all. Raises `UsageError` where there is something already
    or nothing to copy, `StoreError` where the copy is damaged, and `OutputError`.
    """
    taken = UsageError(f"{target} is there already; name a file that is not, for no backup is written over")
    if os.path.lexists(target):
        raise taken
    if not project.store_path.exists():
        raise UsageError(f"{project.store_path}: there is no state database yet, so there is nothing to copy")
    new = target.with_name(f".{target.name}.new")
    _remove(new)
    try:
        copy_database(project.store_path, new)
        check_database(new)
        size = new.stat().st_size
        name_new(new, target)
    except FileExistsError:
        raise taken from None
    finally:
        _remove(new)
    return Backup(str(target), size, str(project.store_path))


def _remove(copy: Path) -> None:
    """Remove a copy, and what SQLite leaves beside one that was not finished."""
    for path in (copy, copy.with_name(f"{copy.name}-journal")):
        with explained(path):
            path.unlink(missing_ok=True)
