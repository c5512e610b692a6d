"""The parts of a recommendation in Markdown, each read and written: byline, names, quote, buy link. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from feedmaker.model import Kind, Link, Quote, Recommendation
from feedmaker.notes.lines import BLANKS, one_line
from feedmaker.notes.prose import escape_markdown, escape_target
from feedmaker.notes.speech import Said, joined_words, said_by
from feedmaker.text import clock
from feedmaker.uri import is_web_address, safe_link

SCHEMES = frozenset({"data", "file", "http", "https", "javascript", "mailto", "vbscript"})
"""Schemes of addresses, which cannot be names of merchants in a link."""

_OWN = "the guest’s own"
_KIND = r"(?P<kind>(?i:recommended|(?:(?:the )?(?:guest|host)[’']s )?own))"
_BYLINES = (
    re.compile(rf"(?:(?P<rest>.*)\s·\s)?{_KIND}\s·\s(?P<medium>[^·]{{1,40}})"),
    re.compile(rf"(?:(?P<rest>.*)\s·\s)?{_KIND}(?P<medium>)"),
    re.compile(r"(?P<rest>.*)(?P<kind>)(?P<medium>)"),
)
_CREATOR = re.compile(r"[Bb]y (?P<name>.+?)(?P<inferred>\s+\(inferred\))?")
_SAMENESS = re.compile(r"(?P<other>not the )?same as:(?P<name>.*)", re.IGNORECASE)
_ATTRIBUTION = re.compile(r"(?:—\s*|(?:–|―|--?)(?:\s+|$))(?P<said>.*)")
_MERCHANT = re.compile(r"(?P<name>[a-z][a-z0-9-]*):(?!//)(?P<words>.*)")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_ENCODED = re.compile(r"%(?=[0-9A-Fa-f]{2})")
_PLAIN_TARGET = re.compile(r"[\w:/.,?=&%#+~@!;\\-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Byline:
    """Hold what a byline says; None stands for what it leaves out."""

    kind: Kind | None
    medium: str | None
    creator: str | None
    creator_inferred: bool


def read_byline(text: str) -> Byline | None:
    """Read `by NAME (inferred) · recommended · book`, each part of which may be absent; None if all are."""
    found = next(filter(None, (form.fullmatch(one_line(text)) for form in _BYLINES)), None)
    rest = one_line(found["rest"] or "") if found else ""
    creator = _CREATOR.fullmatch(rest)
    if not found or bool(rest) != bool(creator) or not (creator or found["kind"]):
        return None
    kind: Kind | None = None
    if found["kind"]:
        kind = "recommended" if found["kind"].lower() == "recommended" else "own"
    return Byline(
        kind,
        one_line(found["medium"]).lower() or None,
        one_line(creator["name"]) if creator else None,
        bool(creator and creator["inferred"]),
    )


def write_byline(item: Recommendation) -> str:
    """Write who made it, how it was endorsed and what it is."""
    creator = f"by {item.creator}{' (inferred)' if item.creator_inferred else ''}" if item.creator else ""
    kind = _OWN if item.kind == "own" else item.kind
    return escape_markdown(" · ".join(filter(None, (creator, kind, item.medium))))


@dataclass(frozen=True, slots=True)
class Sameness:
    """Hold a name under which others speak of the same thing, or of another where `is_same` is False."""

    name: str
    is_same: bool


def may_hold_sameness(text: str) -> bool:
    """Rule out paragraphs, nearly all, of which no line can be read by `read_sameness`."""
    return "same as:" in text.lower()


def read_sameness(line: str) -> Sameness | None:
    """Read `Same as: NAME` or `Not the same as: NAME`, in any case; the name may be missing."""
    found = _SAMENESS.fullmatch(one_line(line))
    return Sameness(one_line(found["name"]), not found["other"]) if found else None


def write_sameness(item: Recommendation) -> str:
    """Write other names of a thing and of other things, each in a line of its own."""
    same = [f"Same as: {escape_markdown(name)}" for name in item.same_as]
    return "\n".join([*same, *(f"Not the same as: {escape_markdown(name)}" for name in item.not_same_as)])


def read_words(lines: Sequence[str]) -> tuple[str, Said]:
    """Join the lines of a quote into paragraphs and part the last line, if it says who spoke."""
    written = [line.strip(BLANKS) for line in lines]
    while written and not written[-1]:
        written.pop()
    found = _ATTRIBUTION.fullmatch(written[-1]) if written else None
    if found:
        written.pop()
    return joined_words(written), said_by(found["said"]) if found else Said()


def write_quote(quote: Quote) -> str:
    """Write a quote as its characters are, not as Markdown."""
    time = clock(quote.at) if quote.at is not None else ""
    said = ", ".join(filter(None, (quote.speaker, time)))
    parts = quote.text.split("\n\n")
    # An empty attribution keeps a last line that begins with a dash from being taken for one.
    if said or _ATTRIBUTION.fullmatch(parts[-1]):
        parts.append(f"— {said}")
    return "\n>\n".join(f"> {part}".rstrip(" ") for part in parts)


def default_label(target: str) -> str:
    """Write the words of a buy link that has none of its own, as notes carry them."""
    if is_web_address(target):
        return "Find it here"
    words = filter(None, target.partition(":")[0].split("-"))
    return f"Find it on {' '.join(words).title()}"


def read_target(written: str) -> str | None:
    """Read where a buy link leads: a web address, or a merchant and words, which may be percent-encoded."""
    written = one_line(written)
    merchant = _MERCHANT.fullmatch(written)
    if merchant is None or merchant["name"] in SCHEMES:
        address = safe_link(written)
        return address if address and is_web_address(address) else None
    return f"{merchant['name']}:{one_line(_decoded(merchant['words']))}"


def _decoded(words: str) -> str:
    try:
        decoded = unquote(words, errors="strict")
    except UnicodeDecodeError:
        return words
    return words if _CONTROL.search(decoded) else decoded


def write_link(link: Link) -> str:
    """Write a buy link on a line of its own."""
    encoded = link.target if is_web_address(link.target) else _ENCODED.sub("%25", link.target)
    target = escape_target(encoded)
    target = target if _PLAIN_TARGET.fullmatch(target) else f"<{target}>"
    return f"[{escape_markdown(link.label or default_label(link.target))}]({target})"
