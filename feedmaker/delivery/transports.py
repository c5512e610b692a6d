"""What carries messages. A transport takes one message at a time and says what became of it.

Knows nothing of issues and subscribers beyond what stands on the envelope.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from feedmaker.disk import explained, write_durably
from feedmaker.errors import DeliveryError, OutputError, UsageError

_NAME_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Envelope:
    """Say where a message comes from and goes to, and which issue it carries."""

    sender: str
    recipient: str
    issue: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """Tell whether a message was accepted, and in the transport's words what became of it."""

    accepted: bool
    reply: str


class Transport(Protocol):
    """Carry messages somewhere."""

    def send(self, message: bytes, envelope: Envelope) -> Receipt:
        """Hand over one message; a receipt that is not accepted says that this recipient was refused.

        Raises `DeliveryError` where nothing can be handed over, whoever the recipient is.
        """


class Outbox:
    """Write messages as .eml files into a folder, one folder per issue and one file per recipient.

    A message that is there already with the same bytes is left alone, so a repeat changes nothing.
    """

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
        return Receipt(True, f"written to {path.relative_to(self._folder).as_posix()}")


def open_transport(address: str, project_folder: Path) -> Transport:
    """Open the transport at an address such as `outbox:` or `outbox:FOLDER`.

    A relative folder lies below the project's. Raises `UsageError` for an unknown transport; the text never
    repeats the address, which may hold a password.
    """
    scheme, colon, rest = address.partition(":")
    opener = _OPENERS.get(scheme) if colon else None
    if opener is None:
        named = f'"{scheme}:" is no transport' if colon and scheme.isalpha() else "that is no transport"
        raise UsageError(f"{named} that feedmaker knows; known: {', '.join(f'{name}:' for name in _OPENERS)}")
    return opener(rest, project_folder)


def _open_outbox(folder: str, project_folder: Path) -> Transport:
    return Outbox(project_folder / (folder or "outbox"))


_OPENERS: Mapping[str, Callable[[str, Path], Transport]] = {"outbox": _open_outbox}


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
