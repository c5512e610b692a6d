"""The previewed copy of a document: light or dark as it was asked for, and with images or without. Pure.

What is published or sent is never touched; this is what the browser of the preview gets to see.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_VALUE = r"""(?:[^>"']|"[^"]*"|'[^']*')*"""
_STYLE = re.compile(rf"(<style\b{_VALUE}>)(.*?)(</style>)", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(rf"<(link|source|meta|img|input|video)\b{_VALUE}>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""\s+([^\s=>"'/]+)(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'>]+))?""")
_PICTURES = frozenset({"img", "input", "source", "video"})
_SOURCES = frozenset({"poster", "src", "srcset"})
_QUERY = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(light|dark)\s*\)", re.IGNORECASE)
_SCHEME = re.compile(r"(color-scheme\s*:\s*)(?:only\s+)?(?:light\s+dark|dark\s+light)", re.IGNORECASE)
_META = re.compile(r"""<meta\s+name\s*=\s*["']?(?:supported-)?color-schemes?\b""", re.IGNORECASE)
_HEAD = re.compile(rf"<head\b{_VALUE}>", re.IGNORECASE)
# No width is below nothing, and none is without an end.
_ALWAYS, _NEVER = "(min-width: 0)", "(min-width: 99999999px)"


@dataclass(frozen=True, slots=True)
class Looks:
    """Say how a document is to be shown."""

    dark: bool = False
    images: bool = True

    @classmethod
    def named(cls, name: str) -> Looks | None:
        """Read back what `name` has written; None where it is nothing of that kind."""
        return next((looks for looks in _ALL if looks.name == name), None)

    @property
    def name(self) -> str:
        """Write these looks as a part of an address."""
        return f"{'dark' if self.dark else 'light'}{'' if self.images else '-bare'}"


_ALL = [Looks(dark=dark, images=images) for dark in (False, True) for images in (True, False)]


def dressed_style(css: str, looks: Looks) -> str:
    """Make a style sheet show one scheme, whatever the system is set to."""
    wanted = "dark" if looks.dark else "light"
    decided = _QUERY.sub(lambda found: _ALWAYS if found[1].lower() == wanted else _NEVER, css)
    return _SCHEME.sub(rf"\g<1>{wanted}", decided)


def dressed(html: str, looks: Looks) -> str:
    """Make a document show one scheme, and without images drop where they come from."""
    html = _STYLE.sub(lambda found: found[1] + dressed_style(found[2], looks) + found[3], html)
    return _TAG.sub(lambda found: _dressed_tag(found[0], found[1].lower(), looks), html)


def with_head(html: str, more: str) -> str:
    """Add to the head of a document; it may be one without a head."""
    found = _HEAD.search(html)
    at = found.end() if found else 0
    return html[:at] + more + html[at:]


def _dressed_tag(tag: str, kind: str, looks: Looks) -> str:
    names_schemes = _META.match(tag)

    def dressed_attribute(found: re.Match[str]) -> str:
        name = found[1].lower()
        if name in _SOURCES and kind in _PICTURES and not looks.images:
            return ""
        if name == "content" and names_schemes:
            return f' content="{"dark" if looks.dark else "light"}"'
        return dressed_style(found[0], looks) if name == "media" else found[0]

    return _ATTRIBUTE.sub(dressed_attribute, tag)
