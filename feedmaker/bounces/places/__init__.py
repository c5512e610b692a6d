"""Where returned messages lie: a Maildir, a folder of a mail server (IMAP), or standard input.

A place hands out messages one by one. What a message said is written down by others; only then do they call
its `done`, and the place marks it as handled. Whoever is killed in between finds it again, so a message may
be handed out twice, and its reports may be told twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from feedmaker.bounces.parts import SIZE_LIMIT
from feedmaker.bounces.places.base import Returned

__all__ = ["Returned", "piped", "waiting_at"]

_CHUNK = 64 * 1024


def waiting_at(place: str, folder: Path, environ: Mapping[str, str]) -> Iterator[Returned]:
    """Yield the messages at a place that nobody has handled: `maildir:FOLDER` or `imaps://USER@HOST/FOLDER`.

    `folder` is the project's; a relative Maildir lies below it. The password of a mail server comes from
    FEEDMAKER_BOUNCES_PASSWORD. A message that cannot be had is passed over. Raises `MailboxError` where the
    place cannot be read, or, after all others, where messages were passed over; `UsageError` where the
    password is missing.
    """
    scheme, _, rest = place.partition(":")
    if scheme == "maildir":
        from feedmaker.bounces.places.maildir import in_maildir

        return in_maildir(folder / rest)
    from feedmaker.bounces.places.imap import in_folder

    return in_folder(place, environ)


def piped(stream: BinaryIO) -> Iterator[Returned]:
    """Yield the one message that a mail server writes into a pipe.

    All of it is read, or the server complains. It is handled when the program ends with 0; with 75 the server
    tries again later.
    """
    data = stream.read(SIZE_LIMIT)
    while stream.read(_CHUNK):
        pass
    if data.strip():
        yield Returned(data, lambda: None)
