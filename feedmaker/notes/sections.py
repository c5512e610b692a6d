"""The sections of a note, by the headings that people give them. Pure."""

from __future__ import annotations

import re
from typing import Literal

Section = Literal["guests", "gist", "reveals", "takeaways", "recommendations"]
HEADINGS: dict[Section, str] = {
    "gist": "The gist",
    "reveals": "Big reveals",
    "takeaways": "Things worth remembering",
    "recommendations": "Recommended in this episode",
}
_PATTERNS: tuple[tuple[Section, re.Pattern[str]], ...] = (
    ("guests", re.compile(r"(about )?(the )?guests?")),
    ("gist", re.compile(r"(the )?gist")),
    ("reveals", re.compile(r"(the )?big reveals?")),
    ("takeaways", re.compile(r"(the )?things? worth remembering")),
    ("recommendations", re.compile(r"(recommended in (this|the) episode|recommendations?)")),
)


def section_of(heading: str) -> Section | None:
    """Tell which section a heading begins, in singular or plural and any case; None for any other."""
    words = " ".join(heading.lower().split()).rstrip(" :")
    return next((section for section, pattern in _PATTERNS if pattern.fullmatch(words)), None)
