"""A recommendation in Markdown, gathered block by block. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from feedmaker.marked_yaml import Mark
from feedmaker.model import Kind, Link, Quote, Recommendation
from feedmaker.notes.blocks import Block, Source
from feedmaker.notes.endorsement import (
    Sameness,
    default_label,
    may_hold_sameness,
    read_byline,
    read_sameness,
    read_target,
    read_words,
)
from feedmaker.notes.faults import Faults
from feedmaker.notes.lines import one_line
from feedmaker.notes.speech import bad_time
from feedmaker.text import shorten

DEFAULT_MEDIUM = "product"
_QUOTE_MARK = re.compile(r" {0,3}> ?")
_EXPECTED = "expected a line `by NAME · recommended · book`, a quote after >, or a buy link alone, each once"
_NAMES_ALONE = "`Same as: NAME` and `Not the same as: NAME` stand in a paragraph of their own, one to a line"


@dataclass(slots=True)
class Draft:
    """Gather what the blocks below a name say of it."""

    name: str
    source: Source
    faults: Faults
    kind: Kind = "recommended"
    medium: str = DEFAULT_MEDIUM
    creator: str | None = None
    creator_inferred: bool = False
    quote: Quote | None = None
    link: Link | None = None
    same_as: list[str] = field(default_factory=list)
    not_same_as: list[str] = field(default_factory=list)
    has_byline: bool = False

    def finish(self) -> Recommendation:
        """Return the recommendation as it was gathered."""
        return Recommendation(
            self.kind,
            self.medium,
            self.name,
            self.creator,
            self.creator_inferred,
            self.quote,
            self.link,
            tuple(self.same_as),
            tuple(self.not_same_as),
        )

    def take(self, block: Block) -> None:
        """Add what a block says; report it where it says nothing that belongs here."""
        if block.kind == "BlockQuote":
            taken = self._take_quote(block)
        elif block.kind == "Paragraph":
            taken = self._take_link(block) if block.is_link else self._take_words(block)
        else:
            taken = False
        if not taken:
            self.faults.error(self.source.mark(block.start), "unexpected-text", _EXPECTED)

    def _take_quote(self, block: Block) -> bool:
        if self.quote is not None:
            return False
        words, said = read_words([_QUOTE_MARK.sub("", line, count=1) for line in self.source.lines(block)])
        if not words:
            return False
        if said.bad_time:
            mark = self.source.mark_of_last(said.bad_time, block)
            self.faults.error(mark, "bad-time", bad_time(said.bad_time))
        self.quote = Quote(words, said.speaker, said.at)
        return True

    def _take_link(self, block: Block) -> bool:
        if self.link is not None:
            return False
        target = read_target(block.links[0])
        if target is None:
            shown = shorten(block.links[0], 60)
            message = (
                f'"{shown}" is neither a web address (https://…) nor `merchant:words`; the link is left out'
            )
            self.faults.warn(self.source.mark(block.start), "unusable-link", message)
        else:
            label = one_line(block.text)
            self.link = Link(target, label if label not in ("", default_label(target)) else None)
        return True

    def _take_words(self, block: Block) -> bool:
        """Take a byline, or lines with other names."""
        text = block.text
        said = [read_sameness(line) for line in block.lines] if may_hold_sameness(text) else []
        if not any(said):
            return self._take_byline(text)
        for number, one in enumerate(said):
            mark = self.source.mark_of_line(number, block)
            if one is None:
                self.faults.error(mark, "unexpected-text", _NAMES_ALONE)
            else:
                self._take_name(one, mark)
        return True

    def _take_byline(self, text: str) -> bool:
        said = None if self.has_byline else read_byline(text)
        if said is None:
            return False
        self.has_byline = True
        self.kind = said.kind or self.kind
        self.medium = said.medium or self.medium
        self.creator = said.creator
        self.creator_inferred = said.creator_inferred
        return True

    def _take_name(self, said: Sameness, mark: Mark) -> None:
        names, others = self.same_as, self.not_same_as
        if not said.is_same:
            names, others = others, names
        if not said.name:
            self.faults.error(mark, "missing-name", "no name after the colon")
        elif said.is_same and said.name == self.name:
            message = "this is its own name; name what other notes call it"
            self.faults.error(mark, "bad-same-as", message)
        elif said.name in others:
            message = f'"{shorten(said.name, 60)}" cannot be both the same and another thing'
            self.faults.error(mark, "bad-same-as", message)
        elif said.name not in names:
            names.append(said.name)
