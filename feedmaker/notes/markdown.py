"""A note in Markdown with front matter → an episode, with every fault in its place. Pure.

Quotes are not Markdown: the characters of a blockquote are taken as they stand, because they are somebody's
words. HTML is not markup here either; it is shown as the text it is.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pyromark

from feedmaker.marked_yaml import Mark
from feedmaker.model import Episode, Link, Prose, Quote, Recommendation, plain
from feedmaker.notes.endorsement import default_label, read_byline, read_target, read_words
from feedmaker.notes.faults import Faults
from feedmaker.notes.front_matter import FrontMatter
from feedmaker.notes.lines import one_line
from feedmaker.notes.prose import Inline, tidy
from feedmaker.notes.sections import HEADINGS, Section, section_of
from feedmaker.notes.speech import bad_time
from feedmaker.text import shorten
from feedmaker.uri import safe_link

DEFAULT_MEDIUM = "product"
_FENCE = re.compile(r"---[ \t]*\n")
_END = re.compile(r"^(---|\.\.\.)[ \t]*$", re.MULTILINE)
_QUOTE_MARK = re.compile(r" {0,3}> ?")


def has_front_matter(text: str) -> bool:
    """Tell whether a text begins with the line that opens front matter."""
    return bool(_FENCE.match(text))


def front_matter_text(text: str) -> str | None:
    """Return what stands between the two lines `---`, or None where there are not two."""
    opening = _FENCE.match(text)
    closing = _END.search(text, opening.end()) if opening else None
    return text[opening.end() : closing.start()] if opening and closing else None


def parse_markdown(text: str, faults: Faults) -> Episode | None:
    """Read a note; return None where `faults` holds an error."""
    front_matter = front_matter_text(text)
    if front_matter is None:
        message = (
            "the front matter has no second line `---`"
            if has_front_matter(text)
            else "a Markdown note begins with a line `---`, its keys, and a second `---`"
        )
        faults.error(Mark(1, 1), "missing-front-matter", message)
        return None
    matter = FrontMatter(front_matter, 2, faults)
    matter.check_required(Mark(1, 1))
    before = front_matter.count("\n") + 2
    rest = text.split("\n", before)[before:]
    title = matter.text("title")
    body = _Body(rest[0] if rest else "", before + 1, title or "", faults)
    return _episode(title, matter, body, faults)


def _episode(title: str | None, matter: FrontMatter, body: _Body, faults: Faults) -> Episode | None:
    values: dict[str, Any] = {
        "title": title,
        "show": matter.text("show"),
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
    """Hold one top-level block: its kind, its place in bytes, its paragraphs and what is in them.

    `is_link` tells a block that holds one link and nothing else.
    """

    kind: str
    start: int
    end: int
    level: str = ""
    paragraphs: list[Prose] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)
    is_link: bool = False

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
            if depth > 1 and block.kind == _name(tag) == "List":
                collector.lost.add("a list stands in a list; its bullets are shown beside the others")
            if _parts(block.kind, _name(tag)):
                _flush(block, collector)
        collector.take(event)
        if _tag(event, "End") is not None:
            depth -= 1
        if depth == 0:
            _flush(block, collector)
            block.links, block.lost = collector.links, collector.lost
            block.is_link = len(block.links) == 1 and not collector.is_bare
            yield block


def _tag(event: Any, kind: str) -> Any:
    return event.get(kind) if isinstance(event, dict) else None


def _name(tag: Any) -> str:
    return tag if isinstance(tag, str) else str(next(iter(tag)))


def _parts(block: str, tag: str) -> bool:
    """Tell whether a tag begins a new paragraph; the paragraphs of one bullet stay together."""
    if block == "List":
        return tag == "Item"
    return tag in ("Paragraph", "Item", "CodeBlock", "HtmlBlock", "Heading")


def _flush(block: _Block, collector: Inline) -> None:
    paragraph = tidy(collector.spans)
    if paragraph:
        block.paragraphs.append(paragraph)
    collector.spans.clear()


class _Body:
    """Sort the blocks of a note into its sections."""

    def __init__(self, text: str, first_line: int, title: str, faults: Faults) -> None:
        self.faults = faults
        self.source = text.encode()
        self.first_line = first_line
        self.title = title
        self.starts = [0, *(found.end() for found in re.finditer(b"\n", self.source))]
        self.dek_parts: list[Prose] = []
        self.gist: list[Prose] = []
        self.reveals: list[Prose] = []
        self.takeaways: list[Prose] = []
        self.recommendations: list[Recommendation] = []
        self.section: Section | None = None
        self.seen: set[Section] = set()
        self.has_byline = False
        self.is_skipping = False
        for block in _blocks(text):
            self._sort(block)
        self.dek = _joined(self.dek_parts)

    def _sort(self, block: _Block) -> None:
        if block.level in ("H1", "H2"):
            self._begin(block)
        elif block.kind == "Rule" or self.is_skipping:
            return
        elif self.section == "recommendations":
            self._recommendation(block)
        elif self.section is None:
            self._expect(block, "Paragraph")
            self.dek_parts += block.paragraphs
        else:
            self._paragraphs(block, self.section)
        # In a quote nothing is markup, and a buy link has its own rules.
        if block.kind != "BlockQuote" and not (self.section == "recommendations" and block.is_link):
            self._check_markup(block)

    def _begin(self, block: _Block) -> None:
        """Begin the section that a heading names."""
        heading = block.text
        if block.level == "H1" and one_line(heading) == self.title:
            return
        section = section_of(heading)
        self.is_skipping = section in (None, "guests")
        if section is None or section == "guests":
            known = ", ".join(f'"{name}"' for name in HEADINGS.values())
            hint = "guests belong into the front matter" if section else f"known here: {known}"
            self._error(block, "unknown-section", f'there is no section "{shorten(heading, 60)}"; {hint}')
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

    def _expect(self, block: _Block, kind: str) -> None:
        if block.kind not in (kind, "HtmlBlock"):
            name = {"List": "bullets", "Paragraph": "paragraphs"}[kind]
            self._warn(block, "flattened", f"{name} are expected here; this is shown as {name}")

    def _recommendation(self, block: _Block) -> None:
        if block.level == "H3":
            self._begin_recommendation(block)
            return
        if not self.recommendations:
            self._error(block, "unexpected-text", "a recommendation begins with its name: `### Name`")
            return
        item = self.recommendations[-1]
        if block.kind == "BlockQuote":
            changed = self._with_quote(item, block)
        elif block.kind == "Paragraph" and block.is_link:
            changed = self._with_link(item, block)
        elif block.kind == "Paragraph" and not self.has_byline:
            changed = _with_byline(item, block.text)
            self.has_byline = changed is not None
        else:
            changed = None
        if changed is None:
            message = "expected a line `by NAME · recommended · book`, a quote after >, or a buy link alone"
            self._error(block, "unexpected-text", f"{message}, each once")
        else:
            self.recommendations[-1] = changed

    def _begin_recommendation(self, block: _Block) -> None:
        name = one_line(block.text)
        if not name:
            self._error(block, "missing-name", "a recommendation needs a name after ###")
        self.recommendations.append(Recommendation("recommended", DEFAULT_MEDIUM, name))
        self.has_byline = False

    def _with_link(self, item: Recommendation, block: _Block) -> Recommendation | None:
        if item.link is not None:
            return None
        target = read_target(block.links[0])
        if target is None:
            shown = shorten(block.links[0], 60)
            message = (
                f'"{shown}" is neither a web address (https://…) nor `merchant:words`; the link is left out'
            )
            self._warn(block, "unusable-link", message)
            return item
        label = one_line(block.text)
        return replace(item, link=Link(target, label if label not in ("", default_label(target)) else None))

    def _with_quote(self, item: Recommendation, block: _Block) -> Recommendation | None:
        if item.quote is not None:
            return None
        lines = self.source[block.start : block.end].decode().split("\n")
        words, said = read_words([_QUOTE_MARK.sub("", line, count=1) for line in lines])
        if not words:
            return None
        if said.bad_time:
            last = block.start + self.source[block.start : block.end].rfind(said.bad_time.encode())
            self.faults.error(self._mark(last), "bad-time", bad_time(said.bad_time))
        return replace(item, quote=Quote(words, said.speaker, said.at))

    def _check_markup(self, block: _Block) -> None:
        for target in block.links:
            if safe_link(target) is None:
                shown = shorten(target, 60)
                message = f'"{shown}" is no web address (https://…); the text stays, the link goes'
                self._warn(block, "unusable-link", message)
        for lost in sorted(block.lost):
            self._warn(block, "flattened", lost)

    def _mark(self, offset: int) -> Mark:
        line = bisect_right(self.starts, offset) - 1
        column = len(self.source[self.starts[line] : offset].decode()) + 1
        return Mark(self.first_line + line, column)

    def _error(self, block: _Block, code: str, message: str) -> None:
        self.faults.error(self._mark(block.start), code, message)

    def _warn(self, block: _Block, code: str, message: str) -> None:
        self.faults.warn(self._mark(block.start), code, message)


def _with_byline(item: Recommendation, text: str) -> Recommendation | None:
    said = read_byline(text)
    if said is None:
        return None
    return replace(
        item,
        kind=said.kind or item.kind,
        medium=said.medium or item.medium,
        creator=said.creator,
        creator_inferred=said.creator_inferred,
    )


def _joined(paragraphs: Iterable[Prose]) -> Prose:
    """Make one paragraph of several."""
    spans = [span for part in paragraphs if part for span in (*part, replace(part[-1], text=" ", href=None))]
    return tidy(spans)
