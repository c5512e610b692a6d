"""A Maildir as a place where returned messages lie.

A message counts as handled when it lies in `cur` with the flag S, where every mail program shows it as read.
Files are renamed and nothing else, so nothing is lost, whoever is killed when.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from feedmaker.bounces.parts import SIZE_LIMIT
from feedmaker.bounces.places.base import Returned
from feedmaker.errors import MailboxError

_SEEN = "S"


def in_maildir(folder: Path) -> Iterator[Returned]:
    """Yield what is in `new`, and what somebody moved to `cur` without having seen it, the oldest first.

    Raises what `feedmaker.bounces.places.waiting_at` says.
    """
    passed = []
    for path in _unseen(folder):
        try:
            with path.open("rb") as file:
                data = file.read(SIZE_LIMIT)
        except FileNotFoundError:
            continue  # another program was faster
        except OSError as error:
            passed.append(f"{path}: {error.strerror}")
            continue
        yield Returned(data, partial(_mark, folder, path))
    if passed:
        raise MailboxError(
            f"{passed[0]}; {len(passed)} of the messages cannot be read and stay where they are"
        )


def _unseen(folder: Path) -> list[Path]:
    try:
        found = [path for part in ("new", "cur") for path in (folder / part).iterdir()]
    except OSError as error:
        raise MailboxError(
            f"{folder}: cannot read it as a Maildir, with folders new and cur: {error.strerror}"
        ) from error
    own = [path for path in found if not path.name.startswith(".") and path.is_file()]
    return sorted((path for path in own if _SEEN not in _flags(path)), key=lambda path: path.name)


def _flags(path: Path) -> str:
    return path.name.partition(":2,")[2] if path.parent.name == "cur" else ""


def _mark(folder: Path, path: Path) -> None:
    flags = "".join(sorted({*_flags(path), _SEEN}))
    try:
        with suppress(FileNotFoundError):  # another program was faster
            path.rename(folder / "cur" / f"{path.name.partition(':2,')[0]}:2,{flags}")
    except OSError as error:
        raise MailboxError(f"{path}: cannot be marked as seen: {error.strerror}") from error
