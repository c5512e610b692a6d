"""Addresses: what may become a link, and in which form (RFC 3986). Pure."""

from __future__ import annotations

from urllib.parse import quote, urlsplit, urlunsplit

_KEPT = "!#$%&'()*+,/:;=?@[]~-._"


def web_address(value: str) -> str:
    """Return an absolute http or https address in ASCII; raise ValueError where it is none."""
    address = safe_link(value)
    if address is None or address.startswith("mailto:"):
        raise ValueError("expected a web address such as https://example.org/notes/")
    if urlsplit(address).username is not None:
        raise ValueError("an address here cannot hold a name or password; see docs/configuration.md#secrets")
    return address


def safe_link(value: str) -> str | None:
    """Return an address that may stand in any output, in ASCII, or None.

    Only absolute http, https and mailto addresses may: everything else either runs (javascript:, data:) or
    means nothing outside the file it stands in.
    """
    try:
        parts = urlsplit(value.strip())
        if parts.scheme == "mailto" and "@" in parts.path:
            return urlunsplit(parts._replace(path=quote(parts.path, _KEPT), query=quote(parts.query, _KEPT)))
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
            return None
        host = parts.netloc if parts.netloc.isascii() else parts.netloc.encode("idna").decode("ascii")
    except (ValueError, UnicodeError):
        return None
    if any(sign in host for sign in " \"'<>\\^`{|}\t"):
        return None
    rest = (quote(part, _KEPT) for part in (parts.path, parts.query, parts.fragment))
    return urlunsplit((parts.scheme, host, *rest))
