"""The sections of a note, by the headings that people give them. Pure."""

from __future__ import annotations

import re
from typing import Literal, cast

Section = Literal["guests", "gist", "reveals", "takeaways", "recommendations"]
HEADINGS: dict[Section, str] = {
    "gist": "The gist",
    "reveals": "Big reveals",
    "takeaways": "Things worth remembering",
    "recommendations": "Recommended in this episode",
}
_HEADING = re.compile(
    r"(?P<guests>(?:about )?(?:the )?guests?)"
    r"|(?P<gist>(?:the )?gist)"
    r"|(?P<reveals>(?:the )?big reveals?)"
    r"|(?P<takeaways>(?:the )?things? worth remembering)"
    r"|(?P<recommendations>recommended in (?:this|the) episode|recommendations?)"
)


def section_of(heading: str) -> Section | None:
    """Tell which section a heading begins, in singular or plural and any case; None for any other."""
    found = _HEADING.fullmatch(" ".join(heading.lower().split()).rstrip(" :"))
    return cast(Section, found.lastgroup) if found else None
