"""Which mail server an address such as smtp://USER@HOST:PORT means. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from urllib.parse import unquote

# Names and passwords end at the last @, as in other addresses, for names of users are often addresses.
_ADDRESS = re.compile(
    r"(?P<scheme>smtps?)://((?P<user>[^\s/?#:]+)(:(?P<password>[^\s/?#]+))?@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s/?#@:\[\]]+)(:(?P<port>[0-9]{1,5}))?/?"
)
_HOST = re.compile(r"[a-z0-9_]([a-z0-9._-]*[a-z0-9_])?\.?")
_LAST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class MailServer:
    """Say where a mail server is, and who signs in there, as far as an address says it.

    `host` is a name in ASCII or an IP address without brackets. `begins_with_tls` tells smtps: from smtp:.
    Neither the user nor the password is shown, for providers make one secret both.
    """

    host: str
    port: int | None
    begins_with_tls: bool
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    def port_for(self, *, signs_in: bool) -> int:
        """Return the port that is named, or else the usual one; who signs in has another (RFC 6409, 3.1)."""
        return self.port or (465 if self.begins_with_tls else 587 if signs_in else 25)


def mail_server(address: str) -> MailServer:
    """Read an address of the schemes smtp and smtps, with percent-encoding in user and password (RFC 3986).

    Raises ValueError, whose text repeats nothing of the address, where it is none.
    """
    found = _ADDRESS.fullmatch(address)
    try:
        host = _host(found["host"]) if found else ""
    except ValueError:
        host = ""
    if not found or not host or not 0 < int(found["port"] or 1) <= _LAST_PORT:
        raise ValueError(
            "expected smtp://HOST, smtp://HOST:PORT or smtp://USER@HOST:PORT, or the same with smtps; "
            "in USER the signs : / ? # are written %3A %2F %3F %23"
        )
    return MailServer(
        host,
        int(found["port"]) if found["port"] else None,
        found["scheme"] == "smtps",
        unquote(found["user"]) if found["user"] else None,
        unquote(found["password"]) if found["password"] else None,
    )


def _host(written: str) -> str:
    """Write a host as sockets want it, without brackets and in ASCII; raise ValueError where it is none."""
    if written.startswith("["):
        return str(IPv6Address(written[1:-1]))
    name = written.encode("idna").decode("ascii").lower()
    return name if _HOST.fullmatch(name) else ""
