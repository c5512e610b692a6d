"""A note in Markdown with front matter → an episode, with every fault in its place. Pure.

Quotes are not Markdown: the characters of a blockquote are taken as they stand, because they are somebody's
words. HTML is not markup here either; it is shown as the text it is.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pyromark

from feedmaker.marked_yaml import Mark
from feedmaker.model import Episode, Kind, Link, Prose, Quote, Recommendation, plain
from feedmaker.notes.faults import Faults
from feedmaker.notes.front_matter import FrontMatter
from feedmaker.notes.prose import Inline, tidy
from feedmaker.notes.sections import HEADINGS, Section, section_of
from feedmaker.notes.values import parse_clock
from feedmaker.uri import safe_link

DEFAULT_MEDIUM = "product"
OWN = "the guest’s own"
_FENCE = re.compile(r"---[ \t]*\n")
_END = re.compile(r"^(---|\.\.\.)[ \t]*$", re.MULTILINE)
_KINDS: dict[str, Kind] = {
    "recommended": "recommended",
    "own": "own",
    "guest’s own": "own",
    "guest's own": "own",
    OWN: "own",
    "the guest's own": "own",
}
_MEDIUM = re.compile(r"[^\W\d_][\w -]{0,30}")
_CREATOR = re.compile(r"by (?P<name>.+?)(?P<inferred>\s+\(inferred\))?", re.DOTALL)
_ATTRIBUTION = re.compile(r"(?:—|–|―|--?)(?:\s+(?P<said>.*))?")
_TARGET = re.compile(r"[a-z][a-z0-9-]*:(?!//).*", re.DOTALL)
_UNSAFE = ("javascript:", "data:", "vbscript:", "file:")
_QUOTE_MARK = re.compile(r" {0,3}> ?")


def has_front_matter(text: str) -> bool:
    """Tell whether a text begins with the line that opens front matter."""
    return bool(_FENCE.match(text))


def parse_markdown(text: str, faults: Faults) -> Episode | None:
    """Read a note; return None where `faults` holds an error."""
    opening = _FENCE.match(text)
    if not opening:
        message = "a Markdown note begins with a line `---`, its keys, and a second `---`"
        faults.error(Mark(1, 1), "missing-front-matter", message)
        return None
    closing = _END.search(text, opening.end())
    if not closing:
        faults.error(Mark(1, 1), "missing-front-matter", "the front matter has no second line `---`")
        return None
    matter = FrontMatter(text[opening.end() : closing.start()], 2, faults)
    matter.check_required(Mark(1, 1))
    first_line = text.count("\n", 0, closing.end()) + 1
    body = _Body(text[closing.end() :], first_line, matter.text("title") or "", faults)
    return _episode(matter, body, faults)


def _episode(matter: FrontMatter, body: _Body, faults: Faults) -> Episode | None:
    values = {
        "show": matter.text("show"),
        "title": matter.text("title"),
        "aired": matter.date("date"),
        "duration": matter.duration("duration"),
        "guests": matter.guests(),
        "tags": matter.words("tags"),
        "highlights": matter.highlights(len(body.reveals)),
        "language": matter.language(),
        "url": matter.address("url"),
        "image": matter.address("image"),
        "video": matter.address("video"),
        "audio": matter.media("audio"),
        "transcript": matter.media("transcript"),
        "id": matter.id(),
        "slug": matter.slug(),
        "published": matter.moment("published"),
        "updated": matter.moment("updated"),
        "draft": matter.flag("draft"),
    }
    if faults.fatal:
        return None
    return Episode(
        **values,
        dek=body.dek,
        gist=tuple(body.gist),
        reveals=tuple(body.reveals),
        takeaways=tuple(body.takeaways),
        recommendations=tuple(body.recommendations),
    )


@dataclass(slots=True)
class _Block:
    """Hold one top-level block: its kind, its place in bytes, and its paragraphs."""

    kind: str
    start: int
    end: int
    level: str = ""
    paragraphs: list[Prose] = field(default_factory=list)
    links: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join(map(plain, self.paragraphs))


def _blocks(text: str) -> Iterator[_Block]:
    """Cut Markdown into its top-level blocks."""
    depth = 0
    block = _Block("", 0, 0)
    collector = Inline()
    for event, place in pyromark.events_with_range(text):
        tag = _tag(event, "Start")
        if depth == 0:
            block = _Block(_name(tag) if tag else "Rule", place["start"], place["end"])
            block.level = tag["Heading"]["level"] if isinstance(tag, dict) and "Heading" in tag else ""
            collector = Inline()
        if tag is not None:
            depth += 1
            if _parts(block.kind, _name(tag)):
                _flush(block, collector)
        collector.take(event)
        if _tag(event, "End") is not None:
            depth -= 1
        if depth == 0:
            _flush(block, collector)
            yield block


def _tag(event: Any, kind: str) -> Any:
    return event.get(kind) if isinstance(event, dict) else None


def _name(tag: Any) -> str:
    return tag if isinstance(tag, str) else str(next(iter(tag)))


def _parts(block: str, tag: str) -> bool:
    """Tell whether a tag begins a new paragraph; the paragraphs of one bullet stay together."""
    return (
        tag == "Item"
        if block == "List"
        else tag in ("Paragraph", "Item", "CodeBlock", "HtmlBlock", "Heading")
    )


def _flush(block: _Block, collector: Inline) -> None:
    paragraph = tidy(collector.spans)
    if paragraph:
        block.paragraphs.append(paragraph)
    block.links += collector.links
    collector.spans.clear()
    collector.links = []


class _Body:
    """Sort the blocks of a note into its sections."""

    def __init__(self, text: str, first_line: int, title: str, faults: Faults) -> None:
        self.faults = faults
        self.source = text.encode()
        self.first_line = first_line
        self.title = title
        self.starts = [0, *(index + 1 for index, byte in enumerate(self.source) if byte == 0x0A)]
        self.dek: Prose = ()
        self.gist: list[Prose] = []
        self.reveals: list[Prose] = []
        self.takeaways: list[Prose] = []
        self.recommendations: list[Recommendation] = []
        self.section: Section | None = None
        self.seen: set[Section] = set()
        self.skipping = False
        for block in _blocks(text):
            self._sort(block)

    def _sort(self, block: _Block) -> None:
        if block.level in ("H1", "H2"):
            self._begin(block)
        elif block.kind == "Rule" or self.skipping:
            return
        elif self.section == "recommendations":
            self._recommendation(block)
        elif self.section is None:
            self.dek = tidy((*self.dek, *self._space(self.dek), *self._joined(block, "Paragraph")))
        else:
            self._paragraphs(block, self.section)
        if block.kind != "BlockQuote":
            self._check_links(block)

    def _begin(self, block: _Block) -> None:
        """Begin the section that a heading names."""
        heading = block.text
        self.skipping = False
        if block.level == "H1" and heading == self.title:
            return
        section = section_of(heading)
        if section in (None, "guests"):
            self.skipping = True
            known = ", ".join(f'"{name}"' for name in HEADINGS.values())
            hint = "guests belong into the front matter" if section else f"known here: {known}"
            self._error(block, "unknown-section", f'there is no section "{heading}"; {hint}')
            return
        if section in self.seen:
            self._warn(block, "repeated-section", f'"{heading}" stands here again; both are joined')
        self.section = section
        self.seen.add(section)

    def _paragraphs(self, block: _Block, section: Section) -> None:
        expected, target = {
            "gist": ("Paragraph", self.gist),
            "reveals": ("List", self.reveals),
            "takeaways": ("List", self.takeaways),
        }[section]
        self._expect(block, expected)
        target += block.paragraphs

    def _joined(self, block: _Block, expected: str) -> Prose:
        self._expect(block, expected)
        return (
            block.paragraphs[0]
            if len(block.paragraphs) == 1
            else tidy(span for part in block.paragraphs for span in (*part, *self._space(part)))
        )

    @staticmethod
    def _space(before: Prose) -> Prose:
        return (replace(before[-1], text=" ", href=None, code=False),) if before else ()

    def _expect(self, block: _Block, kind: str) -> None:
        if block.kind not in (kind, "HtmlBlock"):
            name = {"List": "bullets", "Paragraph": "paragraphs"}[kind]
            message = f"{name} are expected here; this is shown as {name}"
            self._warn(block, "flattened", message)

    def _recommendation(self, block: _Block) -> None:
        if block.level == "H3":
            self.recommendations.append(Recommendation("recommended", DEFAULT_MEDIUM, block.text))
            if not block.text:
                self._error(block, "missing-name", "a recommendation needs a name after ###")
            return
        if not self.recommendations:
            message = "a recommendation begins with its name: `### Name`"
            self._error(block, "unexpected-text", message)
            return
        item = self.recommendations[-1]
        if block.kind == "BlockQuote":
            changed = self._with_quote(item, block)
        elif block.kind == "Paragraph":
            changed = self._with_link(item, block) if self._is_link(block) else _with_byline(item, block.text)
        else:
            changed = None
        if changed is None:
            message = "expected a line `by NAME · recommended · book`, a quote after >, or a buy link alone"
            self._error(block, "unexpected-text", message)
        else:
            self.recommendations[-1] = changed

    def _is_link(self, block: _Block) -> bool:
        source = self.source[block.start : block.end].strip()
        return len(block.links) == 1 and source[:1] in b"[<" and source[-1:] in b")>]"

    def _with_link(self, item: Recommendation, block: _Block) -> Recommendation | None:
        target = block.links[0].strip()
        if item.link is not None:
            return None
        if target.lower().startswith(_UNSAFE):
            return item
        if not _TARGET.fullmatch(target):
            address = safe_link(target)
            if address is None or address.startswith("mailto:"):
                return item
            return replace(item, link=Link(address, block.text or None))
        merchant = target.partition(":")[0]
        said = block.text
        return replace(item, link=Link(target, None if said == merchant_label(merchant) else said or None))

    def _with_quote(self, item: Recommendation, block: _Block) -> Recommendation | None:
        if item.quote is not None:
            return None
        lines = self.source[block.start : block.end].decode().split("\n")
        paragraphs, said = _quote_paragraphs([_QUOTE_MARK.sub("", line, count=1) for line in lines])
        if not paragraphs:
            return None
        speaker, at = said_by(said)
        return replace(item, quote=Quote("\n\n".join(paragraphs), speaker, at))

    def _check_links(self, block: _Block) -> None:
        in_card = self.section == "recommendations"
        for target in block.links:
            if in_card and _TARGET.fullmatch(target) and not target.lower().startswith(_UNSAFE):
                continue
            if safe_link(target) is None and "@" not in target:
                message = f'"{target[:60]}" is no web address (https://…); the text stays, the link goes'
                self._warn(block, "unusable-link", message)

    def _mark(self, block: _Block) -> Mark:
        line = bisect_right(self.starts, block.start) - 1
        column = len(self.source[self.starts[line] : block.start].decode()) + 1
        return Mark(self.first_line + line, column)

    def _error(self, block: _Block, code: str, message: str) -> None:
        self.faults.error(self._mark(block), code, message)

    def _warn(self, block: _Block, code: str, message: str) -> None:
        self.faults.warn(self._mark(block), code, message)


def merchant_label(merchant: str) -> str:
    """Write the words of a merchant's link as notes carry them."""
    return f"Find it on {merchant.replace('-', ' ').title()}"


def said_by(text: str) -> tuple[str | None, int | None]:
    """Read who said a quote and when: `Jane Doe, 01:02:03`, or either of them alone."""
    text = text.strip(" \t")
    whole = parse_clock(text)
    if whole is not None:
        return None, whole
    speaker, comma, time = text.rpartition(",")
    at = parse_clock(time.strip()) if comma else None
    return (text or None, None) if at is None else (speaker.strip() or None, at)


def _quote_paragraphs(lines: list[str]) -> tuple[list[str], str]:
    """Join the lines of a quote into paragraphs and part the last line, if it says who spoke."""
    while lines and not lines[-1].strip():
        lines.pop()
    found = _ATTRIBUTION.fullmatch(lines[-1].strip()) if lines else None
    said = ""
    if found:
        lines.pop()
        said = found["said"] or ""
    paragraphs: list[list[str]] = [[]]
    for line in lines:
        if line.strip(" \t"):
            paragraphs[-1].append(line.strip(" \t"))
        elif paragraphs[-1]:
            paragraphs.append([])
    return [" ".join(part) for part in paragraphs if part], said


def _with_byline(item: Recommendation, text: str) -> Recommendation | None:
    """Read `by NAME (inferred) · recommended · book`, each part of which may be absent."""
    parts = [part.strip() for part in text.split(" · ")]
    medium = item.medium
    kind = _KINDS.get(parts[-1].lower())
    if kind is None and len(parts) > 1 and parts[-2].lower() in _KINDS:
        medium = parts.pop().lower()
        kind = _KINDS[parts[-1].lower()]
        if not _MEDIUM.fullmatch(medium):
            return None
    if kind is not None:
        parts.pop()
    creator = _CREATOR.fullmatch(" · ".join(parts)) if parts else None
    if (parts and not creator) or (kind is None and not creator):
        return None
    return replace(
        item,
        kind=kind or item.kind,
        medium=medium,
        creator=creator["name"] if creator else None,
        creator_inferred=bool(creator and creator["inferred"]),
    )
