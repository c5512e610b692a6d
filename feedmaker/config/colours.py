"""Colours of an issue, and whether text can be read on them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

LEAST_CONTRAST = 4.5
"""What text needs to stand out from what is behind it (WCAG 2.2, 1.4.3)."""

COLOUR = re.compile("#[0-9A-Fa-f]{6}")

LIGHT = {
    "page": "#f3f1ec",
    "sheet": "#ffffff",
    "text": "#25231f",
    "quiet": "#5f5a50",
    "accent": "#7d5200",
    "highlight": "#fdf3d6",
    "line": "#ddd8cc",
    "link": "#0b5a78",
    "button": "#0b5a78",
    "button_text": "#ffffff",
}
DARK = {
    "page": "#15171a",
    "sheet": "#1f2226",
    "text": "#ebe8e1",
    "quiet": "#b9b4a9",
    "accent": "#f0c767",
    "highlight": "#383018",
    "line": "#4a4d52",
    "link": "#8fd0ee",
    "button": "#0b5a78",
    "button_text": "#ffffff",
}
# What stands on what in the packaged templates.
_PAIRS = (
    *(("text", behind) for behind in ("sheet", "highlight", "page")),
    *(("link", behind) for behind in ("sheet", "highlight", "page")),
    *(("quiet", behind) for behind in ("sheet", "page")),
    *(("accent", behind) for behind in ("sheet", "highlight", "page")),
    ("button_text", "button"),
)


def is_colour(value: object) -> bool:
    """Tell whether a value is a colour in six hexadecimal digits, which every mail program understands."""
    return isinstance(value, str) and COLOUR.fullmatch(value) is not None


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours such as #0b5a78, from 1 to 21 (WCAG 2.2)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def unreadable_pairs(colours: Mapping[str, str]) -> Iterator[tuple[str, str, float]]:
    """Name each colour of text that cannot be read on what is behind it, with their contrast."""
    for text, behind in _PAIRS:
        found = contrast(colours[text], colours[behind])
        if found < LEAST_CONTRAST:
            yield text, behind, found


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
