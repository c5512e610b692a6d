"""Lists of tags and values, as DKIM and DMARC write them (RFC 6376, 3.2). Pure."""

from __future__ import annotations

import re

_TAG = re.compile(r"\s*([A-Za-z][A-Za-z0-9_]*)\s*=([^;]*)")


def read_tags(text: str) -> dict[str, str] | None:
    """Return values by their tags, in their order; None where the text is no such list."""
    tags: dict[str, str] = {}
    parts = text.split(";")
    if not parts[-1].strip():
        parts.pop()
    for part in parts:
        found = _TAG.fullmatch(part)
        if found is None or found[1] in tags:
            return None
        tags[found[1]] = found[2].strip()
    return tags or None


def write_tags(tags: dict[str, str]) -> str:
    """Write a list that `read_tags` reads."""
    return "; ".join(f"{tag}={value}" for tag, value in tags.items())
