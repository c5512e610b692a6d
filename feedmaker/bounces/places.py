"""Where returned messages lie: a Maildir, a folder of a mail server (IMAP), or standard input.

A place hands out messages one by one. What a message said is written down by others; only then do they call
its `done`, and the place marks it as handled. Whoever is killed in between finds it again, so a message may be
handed out twice, and its reports may be told twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from feedmaker.bounces.parts import SIZE_LIMIT
from feedmaker.errors import MailboxError

_SEEN = "S"
_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Returned:
    """Hold a message that came back: its beginning, as far as reports need it, and how to mark it as handled.

    Call `done` once what it says is safely written down, before the next message is asked for. It raises
    `MailboxError` where the place cannot mark it; then it is handed out again another time.
    """

    data: bytes
    done: Callable[[], None]


def waiting_at(place: str, folder: Path, environ: Mapping[str, str]) -> Iterator[Returned]:
    """Yield the messages at a place that nobody has handled: `maildir:FOLDER` or `imaps://USER@HOST/FOLDER`.

    `folder` is the project's; a relative Maildir lies below it. The password of a mail server comes from
    FEEDMAKER_BOUNCES_PASSWORD. A message that cannot be had is passed over. Raises `MailboxError` where the
    place cannot be read, or, after all others, where messages were passed over; `UsageError` where the
    password is missing.
    """
    scheme, _, rest = place.partition(":")
    if scheme == "maildir":
        return _in_maildir(folder / rest)
    from feedmaker.bounces.imap import in_folder

    return in_folder(place, environ)


def piped(stream: BinaryIO) -> Iterator[Returned]:
    """Yield the one message that a mail server writes into a pipe, and read all of it, or the server complains.

    It is handled when the program ends with 0; with 75 a server tries again later.
    """
    data = stream.read(SIZE_LIMIT)
    while stream.read(_CHUNK):
        pass
    if data.strip():
        yield Returned(data, lambda: None)


def _in_maildir(folder: Path) -> Iterator[Returned]:
    """Yield what is in `new`, and what somebody moved to `cur` without having seen it, the oldest first.

    Handled messages lie in `cur` with the flag S, where every mail program shows them as read.
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
        path.rename(folder / "cur" / f"{path.name.partition(':2,')[0]}:2,{flags}")
    except FileNotFoundError:
        pass
    except OSError as error:
        raise MailboxError(f"{path}: cannot be marked as seen: {error.strerror}") from error
