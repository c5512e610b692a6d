"""What carries messages, and how one is opened by its address.

Each transport has a module of its own, imported only when it is opened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from feedmaker.config import Delivery
from feedmaker.delivery.transports.base import Envelope, Outcome, Receipt, Transport
from feedmaker.errors import UsageError

if TYPE_CHECKING:
    from feedmaker.delivery.transports.outbox import Outbox

__all__ = ["Envelope", "Opening", "Outcome", "Receipt", "Transport", "open_outbox", "open_transport"]


@dataclass(frozen=True, slots=True)
class Opening:
    """Hold what a transport is opened with.

    A relative folder lies below `folder`, the project's. `environ` is where secrets come from.
    """

    folder: Path
    delivery: Delivery
    environ: Mapping[str, str]


def open_transport(address: str, opening: Opening) -> Transport:
    """Open the transport at an address such as `outbox:` or `outbox:FOLDER`.

    Raises `UsageError` for an unknown transport or one that lacks something; the text never repeats the
    address, which may hold a password.
    """
    scheme, colon, _ = address.partition(":")
    opener = _OPENERS.get(scheme) if colon else None
    if opener is None:
        named = f'"{scheme}:" is no transport' if colon and scheme.isalpha() else "that is no transport"
        raise UsageError(f"{named} that feedmaker knows; known: {', '.join(f'{name}:' for name in _OPENERS)}")
    return opener(address, opening)


def open_outbox(address: str, opening: Opening) -> Outbox:
    """Open the outbox at `outbox:` or `outbox:FOLDER`."""
    from feedmaker.delivery.transports.outbox import Outbox

    return Outbox(opening.folder / (address.partition(":")[2] or "outbox"))


def _open_smtp(address: str, opening: Opening) -> Transport:
    from feedmaker.delivery.transports.smtp import open_smtp

    return open_smtp(address, opening)


def _open_resend(address: str, opening: Opening) -> Transport:
    from feedmaker.delivery.transports.resend import opened

    return opened(address, opening.delivery.connections, opening.environ)


def _open_listmonk(address: str, opening: Opening) -> Transport:
    from feedmaker.delivery.transports.listmonk import opened

    return opened(address, opening.delivery.connections, opening.environ)


_OPENERS: Mapping[str, Callable[[str, Opening], Transport]] = {
    "outbox": open_outbox,
    "smtp": _open_smtp,
    "smtps": _open_smtp,
    "resend": _open_resend,
    "listmonk": _open_listmonk,
}
