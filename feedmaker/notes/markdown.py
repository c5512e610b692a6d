"""A note in Markdown with front matter → an episode, with every fault in its place. Pure.

Quotes are not Markdown: the characters of a blockquote are taken as they stand, because they are somebody's
words. HTML is not markup here either; it is shown as the text it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from feedmaker.marked_yaml import Mark
from feedmaker.model import Episode, Prose
from feedmaker.notes.blocks import Block, Source
from feedmaker.notes.draft import Draft
from feedmaker.notes.faults import Faults
from feedmaker.notes.front_matter import FrontMatter
from feedmaker.notes.lines import one_line
from feedmaker.notes.prose import tidy
from feedmaker.notes.sections import HEADINGS, Section, section_of
from feedmaker.text import shorten
from feedmaker.uri import safe_link

_FENCE = re.compile(r"---[ \t]*\n")
_END = re.compile(r"^(---|\.\.\.)[ \t]*$", re.MULTILINE)


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
        "aired": matter.day("date"),
        "duration": matter.duration("duration"),
        "season": matter.number("season"),
        "number": matter.number("episode"),
        "type": matter.episode_type(),
        "explicit": matter.flag("explicit"),
        "guests": matter.people("guests", "guest"),
        "hosts": matter.people("hosts", "host"),
        "tags": matter.tags(),
        "highlights": matter.highlights(len(body.reveals)),
        "language": matter.language(),
        "url": matter.address("url"),
        "image": matter.address("image"),
        "video": matter.address("video"),
        "audio": matter.media("audio"),
        "transcripts": matter.media_list("transcript"),
        "chapters": matter.chapters(),
        "soundbites": matter.soundbites(body.reveals),
        "corrections": matter.words("correction"),
        "id": matter.id(),
        "slug": matter.slug(),
        "published": matter.moment("published"),
        "updated": matter.moment("updated"),
        "draft": bool(matter.flag("draft")),
    }
    if faults.fatal:
        return None
    return Episode(
        **values,
        dek=body.dek,
        gist=tuple(body.gist),
        reveals=tuple(body.reveals),
        takeaways=tuple(body.takeaways),
        recommendations=tuple(draft.finish() for draft in body.drafts),
    )


class _Body:
    """Sort the blocks of a note into its sections."""

    def __init__(self, text: str, first_line: int, title: str, faults: Faults) -> None:
        self.faults = faults
        self.source = Source(text, first_line)
        self.title = title
        self.dek_parts: list[Prose] = []
        self.gist: list[Prose] = []
        self.reveals: list[Prose] = []
        self.takeaways: list[Prose] = []
        self.drafts: list[Draft] = []
        self.section: Section | None = None
        self.seen: set[Section] = set()
        self.is_skipping = False
        for block in self.source.blocks():
            self._sort(block)
        self.dek = _joined(self.dek_parts)

    def _sort(self, block: Block) -> None:
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
        if block.links or block.lost:
            self._check_markup(block)

    def _begin(self, block: Block) -> None:
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

    def _paragraphs(self, block: Block, section: Section) -> None:
        expected, target = {
            "gist": ("Paragraph", self.gist),
            "reveals": ("List", self.reveals),
            "takeaways": ("List", self.takeaways),
        }[section]
        self._expect(block, expected)
        target += block.paragraphs

    def _expect(self, block: Block, kind: str) -> None:
        if block.kind not in (kind, "HtmlBlock"):
            name = {"List": "bullets", "Paragraph": "paragraphs"}[kind]
            self._warn(block, "flattened", f"{name} are expected here; this is shown as {name}")

    def _recommendation(self, block: Block) -> None:
        if block.level == "H3":
            name = one_line(block.text)
            if not name:
                self._error(block, "missing-name", "a recommendation needs a name after ###")
            self.drafts.append(Draft(name, self.source, self.faults))
        elif self.drafts:
            self.drafts[-1].take(block)
        else:
            self._error(block, "unexpected-text", "a recommendation begins with its name: `### Name`")

    def _check_markup(self, block: Block) -> None:
        # In a quote nothing is markup, and a buy link has its own rules.
        if block.kind == "BlockQuote" or (self.section == "recommendations" and block.is_link):
            return
        for target in block.links:
            if safe_link(target) is None:
                shown = shorten(target, 60)
                message = f'"{shown}" is no web address (https://…); the text stays, the link goes'
                self._warn(block, "unusable-link", message)
        for lost in sorted(block.lost):
            self._warn(block, "flattened", lost)

    def _error(self, block: Block, code: str, message: str) -> None:
        self.faults.error(self.source.mark(block.start), code, message)

    def _warn(self, block: Block, code: str, message: str) -> None:
        self.faults.warn(self.source.mark(block.start), code, message)


def _joined(paragraphs: Sequence[Prose]) -> Prose:
    """Make one paragraph of several."""
    if len(paragraphs) == 1:
        return paragraphs[0]
    spans = [span for part in paragraphs for span in (*part, replace(part[-1], text=" ", href=None))]
    return tidy(spans)
