"""Where a program listens: HOST:PORT as people write it, and what is said where it cannot be had."""

from __future__ import annotations

import socket
from typing import Any
from urllib.parse import urlsplit

from feedmaker.errors import FeedmakerError, UsageError

_LOOPBACK = "127.0.0.1"


def place_of(address: str, key: str) -> tuple[socket.AddressFamily, Any]:
    """Return where a socket is to be bound for HOST:PORT; IPv6 in brackets, without HOST it is loopback.

    Raises `UsageError`, naming the `key` under which it stands, where it is no address, and `OSError` or
    `UnicodeError` where there is no such host.
    """
    try:
        parts = urlsplit(f"//{address}")
        if parts.port is None or parts.netloc != address or parts.username is not None:
            raise ValueError
    except ValueError:
        message = f'"{address}" is no address; write HOST:PORT, such as 127.0.0.1:9464 or [::1]:9464'
        raise UsageError(f"{key}: {message}") from None
    host = parts.hostname or _LOOPBACK
    family, *_, place = socket.getaddrinfo(host, parts.port, type=socket.SOCK_STREAM)[0]
    return family, place


def cannot_listen(address: str, key: str, error: OSError | UnicodeError) -> FeedmakerError:
    """Make the error that says why nobody can listen at an address."""
    reason = getattr(error, "strerror", None) or str(error)
    return FeedmakerError(
        f"{key}: cannot listen at {address}: {reason}; name another address, or end what uses it"
    )


def shown(listening: socket.socket) -> str:
    """Write where a socket listens, with the port that was free."""
    host, port = listening.getsockname()[:2]
    return f"[{host}]:{port}" if listening.family == socket.AF_INET6 else f"{host}:{port}"
