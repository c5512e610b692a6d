"""What addresses in feeds look like. Pure."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_WEB = re.compile(r"https?://[^\s/?#<>\"\\]+[^\s<>\"\\]*", re.IGNORECASE)
_OTHER = re.compile(r"(?!https?:)[a-z][a-z0-9+.-]*:[^\s<>\"\\]+", re.IGNORECASE)
_MEDIA_FILE = re.compile(r"\.[A-Za-z0-9]{2,5}$")
_LOCAL = re.compile(r"http://(localhost|127\.0\.0\.1|\[::1\])[:/]", re.IGNORECASE)


def is_web(value: str) -> bool:
    """Tell whether a text is an absolute http or https address."""
    return _WEB.fullmatch(value) is not None and _splits(value)


def is_absolute(value: str) -> bool:
    """Tell whether a text is an absolute address of any kind."""
    return is_web(value) or (_OTHER.fullmatch(value) is not None and _splits(value))


def is_secure(value: str) -> bool:
    """Tell whether an address is https, or http on this very machine."""
    return not value.lower().startswith("http:") or _LOCAL.match(value) is not None


def has_extension(value: str) -> bool:
    """Tell whether the path of an address ends as a file name does."""
    return _MEDIA_FILE.search(urlsplit(value).path) is not None if _splits(value) else False


def _splits(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.port != 0
    except ValueError:
        return False
