"""Reading the documentation: its fenced blocks, headings, links and tables.

A fence marked `sh` is run and has to end with 0. One marked `console` is run too: what follows a line `$ …`
is what that command prints, where `…` stands for anything. One with `file=PATH` is written to that file. All
of a page happens in order, in one shell and one empty folder. Invisible comments steer this: `<!-- not run:
REASON -->` before a fence leaves it out, and `<!-- run: COMMAND -->` does what a reader need not see.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_FENCE = re.compile(r"(?P<fence>```+)(?P<info>.*)")
_COMMENT = re.compile(r"<!-- (?P<word>not run|run): (?P<text>.+) -->")
_HEADING = re.compile(r"#+ (?P<text>.+)")
_CODE = re.compile(r"`[^`]*`")
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?P<target>[^)\s]+)\)")


@dataclass(frozen=True, slots=True)
class Block:
    """Hold one fenced block, or the command of a comment: where it begins, its language and its text."""

    line: int
    language: str
    text: str
    file: str | None = None
    skipped: str | None = None


def name_of(page: Path) -> str:
    """Return how a page is called in test ids and messages."""
    return page.relative_to(ROOT).as_posix()


def blocks(text: str) -> Iterator[Block]:
    """Yield the blocks of a page in order."""
    lines = text.split("\n")
    skipped = None
    number = 0
    while number < len(lines):
        line = lines[number]
        comment, fence = _COMMENT.fullmatch(line), _FENCE.fullmatch(line)
        begun = number + 1
        if comment and comment["word"] == "run":
            yield Block(begun, "sh", comment["text"])
        elif comment:
            skipped = comment["text"]
        elif fence:
            end = lines.index(fence["fence"], begun)
            language, _, rest = fence["info"].partition(" ")
            file = rest.removeprefix("file=") if rest.startswith("file=") else None
            yield Block(begun, language, "\n".join([*lines[begun:end], ""]), file, skipped)
            skipped = None
            number = end
        number += 1


def prose(text: str) -> str:
    """Return a page without its fenced blocks."""
    kept, fence = [], None
    for line in text.split("\n"):
        found = _FENCE.fullmatch(line)
        if fence is None and found:
            fence = found["fence"]
        elif line == fence:
            fence = None
        elif fence is None:
            kept.append(line)
    return "\n".join(kept)


def links(text: str) -> list[str]:
    """Return where the links of a page lead."""
    return [found["target"] for found in _LINK.finditer(_CODE.sub("", prose(text)))]


def anchors(text: str) -> set[str]:
    """Return the anchors that a page's headings have on Markdown hosts."""
    headings = (_HEADING.fullmatch(line) for line in prose(text).split("\n"))
    slugs = (re.sub(r"[^\w\- ]", "", found["text"].lower()) for found in headings if found)
    return {slug.replace(" ", "-") for slug in slugs}


def tables(text: str) -> Iterator[list[str]]:
    """Yield the cells of each row of a page's tables, without head and ruler."""
    rows = [line for line in prose(text).split("\n") if line.startswith("|")]
    for line in rows:
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if not set(line) <= set("|-: "):
            yield [cell.strip("| ") for cell in cells]
