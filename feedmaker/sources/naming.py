"""What a page's files are called, and the id of its note, from its address. Pure."""

from __future__ import annotations

import re
import uuid
from urllib.parse import unquote, unquote_plus, urlsplit

from feedmaker.lock import slug_of

_ENDING = re.compile(r"\.(html?|xhtml|php|aspx?|txt|md)$", re.IGNORECASE)
_NAMELESS = frozenset({"", "index", "default"})
_LONGEST = 80
_MOST_READ = 300
_LONGEST_ID = 300


def note_id(address: str) -> str:
    """Return the id of a page's note: the address, or what stands for one that is too long for an id."""
    if len(address) <= _LONGEST_ID:
        return address
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, address)}"


def slug_from(address: str) -> str:
    """Make a name of small letters, digits and hyphens from the last words of an address; never empty."""
    parts = urlsplit(address)
    words = [_ENDING.sub("", unquote(step)) for step in parts.path.split("/")]
    named = [step for step in words if step.lower() not in _NAMELESS]
    last = f"{named[-1] if named else ''} {unquote_plus(parts.query)}"[:_MOST_READ]
    found = slug_of(last) or slug_of(parts.hostname or "") or "page"
    return found[:_LONGEST].strip("-")
