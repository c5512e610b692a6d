"""The blocks of a Markdown text: paragraphs, lists, quotes and headings, each with its place. Pure."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise
from typing import Any

import pyromark

from feedmaker.marked_yaml import Mark
from feedmaker.model import Prose, plain
from feedmaker.notes.prose import Inline, join_runs

_PARTING = frozenset({"Paragraph", "Item", "CodeBlock", "HtmlBlock", "Heading"})


class Block(Inline):
    """Collect the events of one top-level block, paragraph by paragraph; a rule has none.

    `depth` is 0 when all are taken. `level` is that of a heading, such as H2; `start` and `end` are the
    block's place in bytes.
    """

    kind = "Rule"
    level = ""
    start = 0
    end = 0
    depth = 0

    def __init__(self) -> None:
        super().__init__()
        self.paragraphs: list[Prose] = []

    @property
    def text(self) -> str:
        """Return the words of all paragraphs."""
        return " ".join(map(plain, self.paragraphs))

    @property
    def lines(self) -> list[str]:
        """Return the words of each line of the last paragraph."""
        starts = [0, *self.breaks, len(self.runs)]
        return [plain(join_runs(self.runs[start:end])) for start, end in pairwise(starts)]

    @property
    def is_link(self) -> bool:
        """Tell a block that holds one link and nothing else."""
        return len(self.links) == 1 and not self.is_bare

    def _begin(self, tag: Any) -> None:
        name = tag if isinstance(tag, str) else next(iter(tag))
        if self.depth == 0:
            self.kind = name
            self.level = tag["Heading"]["level"] if name == "Heading" else ""
        elif name == self.kind == "List":
            self.lost.add("a list stands in a list; its bullets are shown beside the others")
        self.depth += 1
        # The paragraphs of one bullet stay together.
        if self.runs and (name == "Item" if self.kind == "List" else name in _PARTING):
            self._end_paragraph()
            self.runs, self.breaks = [], []
        super()._begin(tag)

    def _finish(self) -> None:
        self.depth -= 1
        if self.depth == 0:
            self._end_paragraph()

    def _end_paragraph(self) -> None:
        paragraph = join_runs(self.runs)
        if paragraph:
            self.paragraphs.append(paragraph)


class Source:
    """Hold a Markdown text that begins in line `first_line` of its file, and know places in it."""

    def __init__(self, text: str, first_line: int) -> None:
        self.text = text
        self.first_line = first_line
        self._bytes = text.encode()

    @cached_property
    def _line_starts(self) -> list[int]:
        # Only faults have places, and most notes have none.
        return [0, *(found.end() for found in re.finditer(b"\n", self._bytes))]

    def blocks(self) -> Iterator[Block]:
        """Cut the text into its top-level blocks."""
        block = Block()
        for event, place in pyromark.events_with_range(self.text):
            block.take(event)
            if block.depth == 0:
                # The event that ends a block has the place of the whole block.
                block.start, block.end = place["start"], place["end"]
                yield block
                block = Block()

    def lines(self, block: Block) -> list[str]:
        """Return the lines of a block as they are written."""
        return self._bytes[block.start : block.end].decode().split("\n")

    def mark(self, offset: int) -> Mark:
        """Return the place of a byte."""
        line = bisect_right(self._line_starts, offset) - 1
        column = len(self._bytes[self._line_starts[line] : offset].decode()) + 1
        return Mark(self.first_line + line, column)

    def mark_of_line(self, number: int, block: Block) -> Mark:
        """Return the place where a line of a block begins, counted from 0."""
        before = b"\n".join(self._bytes[block.start : block.end].split(b"\n")[:number])
        return self.mark(block.start + len(before) + bool(number))

    def mark_of_last(self, words: str, block: Block) -> Mark:
        """Return the place at which words stand in a block for the last time."""
        return self.mark(self._bytes.rfind(words.encode(), block.start, block.end))
