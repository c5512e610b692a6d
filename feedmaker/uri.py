"""Addresses: what may become a link, in which form (RFC 3986), and which host is this machine. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import SplitResult, quote, unquote_plus, urlsplit, urlunsplit

_KEPT = "!$%&'()*+,/:;=?@~-._"
_BARE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?\.?|[0-9a-f:.]+")
_BY_QUERY = ("youtube.com", "youtu.be", "spotify.com")
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")


def is_iri(text: str) -> bool:
    """Tell whether a text can be an entry's id (RFC 4287, 4.2.6)."""
    return _IRI.fullmatch(text) is not None


def is_web_address(text: str) -> bool:
    """Tell a web address, already known to be sound, from a merchant's name and words."""
    return text.startswith(("https://", "http://"))


def is_local(host: str) -> bool:
    """Tell whether a host, in small letters, is this machine itself, which nothing said to it leaves."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def web_address(value: str) -> str:
    """Return an absolute http or https address in ASCII; raise ValueError where it is none."""
    address = safe_link(value)
    if address is None or address.startswith("mailto:"):
        raise ValueError("expected a web address such as https://example.org/notes/")
    if urlsplit(address).username is not None:
        raise ValueError("an address here cannot hold a name or password; see docs/configuration.md#secrets")
    return address


@lru_cache(maxsize=8192)
def safe_link(value: str) -> str | None:
    """Return an address that may stand in any output, in ASCII, or None.

    Only absolute http, https and mailto addresses may: everything else either runs (javascript:, data:) or
    means nothing outside the file it stands in. What was returned once is returned unchanged.
    """
    try:
        parts = urlsplit(value.strip())
        host = _mail_host(parts) if parts.scheme == "mailto" else _web_host(parts)
    except (ValueError, UnicodeError):
        return None
    if host is None:
        return None
    rest = (_quoted(part) for part in (parts.path, parts.query, parts.fragment))
    return urlunsplit((parts.scheme, host, *rest))


def _mail_host(parts: SplitResult) -> str | None:
    """Return the empty host of a mail address, or None where there is no such address."""
    return "" if "@" in parts.path and not parts.netloc else None


def _web_host(parts: SplitResult) -> str | None:
    """Return the authority of a web address, its name as IDNA has it, or None where it is none."""
    if parts.scheme not in ("http", "https") or "\\" in parts.netloc:
        return None
    name = (parts.hostname or "").encode("idna").decode("ascii")
    if not _HOST.fullmatch(name) or parts.port == 0:
        return None
    host = f"[{name}]" if ":" in name else name
    user, at, _ = parts.netloc.rpartition("@")
    return f"{_quoted(user)}{at}{host}" + (f":{parts.port}" if parts.port else "")


def _quoted(part: str) -> str:
    return quote(_BARE_PERCENT.sub("%25", part), _KEPT)


def at_moment(address: str, seconds: int) -> str:
    """Return the address of a moment in a recording.

    YouTube and Spotify want a parameter, Vimeo a fragment of its own; all else understands a media fragment
    (W3C Media Fragments 1.0, 4.2.1).
    """
    parts = urlsplit(address)
    if _is_at(parts, _BY_QUERY):
        pairs = [
            pair for pair in parts.query.split("&") if pair and unquote_plus(pair.partition("=")[0]) != "t"
        ]
        return urlunsplit(parts._replace(query="&".join([*pairs, f"t={seconds}"]), fragment=""))
    unit = "s" if _is_at(parts, ("vimeo.com",)) else ""
    return urlunsplit(parts._replace(fragment=f"t={seconds}{unit}"))


def _is_at(parts: SplitResult, hosts: tuple[str, ...]) -> bool:
    host = parts.hostname or ""
    return any(host == known or host.endswith(f".{known}") for known in hosts)
