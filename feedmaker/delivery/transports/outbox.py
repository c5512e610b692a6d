"""Mail as files, for those who have no mail server, or another program that takes it from there."""

from __future__ import annotations

from datetime import timedelta
from hashlib import blake2b
from pathlib import Path
from urllib.parse import quote

from feedmaker.delivery.transports.base import Envelope, Receipt
from feedmaker.disk import explained, write_durably
from feedmaker.errors import DeliveryError, OutputError

_NAME_LIMIT = 200


class Outbox:
    """Write messages as .eml files into a folder, one folder per issue and one file per recipient.

    A message that is there already with the same bytes is left alone, so a repeat changes nothing.
    """

    width = 1  # a disk does not write faster by being asked twice
    remembers = timedelta.max

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, message: bytes, envelope: Envelope) -> Receipt:
        """Write one message into a folder that is its owner's alone; it is on disk when this returns."""
        path = self._folder / _safe_name(envelope.issue, "") / _safe_name(envelope.recipient, ".eml")
        try:
            with explained(path):
                # The folder is its owner's alone: file names and messages name people.
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                if not _holds(path, message):
                    write_durably(path, message)
        except OutputError as error:
            raise DeliveryError(str(error)) from error
        return Receipt("sent", f"written to {path.relative_to(self._folder).as_posix()}")

    def forget(self, recipient: str) -> int:
        """Remove all messages to somebody and return how many those were."""
        name = _safe_name(recipient, ".eml")
        found = [path for path in self._folder.glob("*/") if (path / name).is_file()]
        for path in found:
            with explained(path / name):
                (path / name).unlink()
        return len(found)

    def close(self) -> None:
        """Do nothing: files are closed."""


def _safe_name(text: str, suffix: str) -> str:
    """Make a file name that is one step down whatever the text is, and another one for another text."""
    name = quote(text, safe="@+")
    if len(name) > _NAME_LIMIT:
        name = blake2b(text.encode(), digest_size=32).hexdigest()
    return name.replace(".", "%2E", 1) + suffix if name.startswith(".") else name + suffix


def _holds(path: Path, data: bytes) -> bool:
    try:
        return path.read_bytes() == data
    except FileNotFoundError:
        return False
