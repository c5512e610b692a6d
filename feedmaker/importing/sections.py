"""Paragraphs of a foreign text → dek, gist, reveals, takeaways and recommendations. Pure.

What feedmaker wrote itself comes back as the sections it was; of any other text everything is the gist.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from urllib.parse import parse_qsl, urlsplit

from feedmaker.importing.html import Block
from feedmaker.model import Guest, Link, Prose, Quote, Recommendation, Span
from feedmaker.notes.endorsement import default_label, read_byline, read_target
from feedmaker.notes.lines import one_line
from feedmaker.notes.prose import tidy
from feedmaker.notes.sections import Section, section_of
from feedmaker.notes.speech import said_by
from feedmaker.notes.values import parse_date, parse_duration
from feedmaker.text import long_date

_FACTS = re.compile(r"(?P<show>.+) · (?P<date>\d{1,2} [A-Z][a-z]{2,8} \d{4})(?: · (?P<length>[^·]+))?")
_SHOP = re.compile(r"Find it on (?P<name>[A-Za-z][A-Za-z0-9 -]{0,40})")
_PAID = re.compile(r"(?P<label>.+?)\s*\(paid link\)")
_SAID = re.compile(r"—\s+(?P<said>.+)")
_LOST_LINE = "lines of recommendations"


@dataclass(slots=True)
class Sections:
    """Hold the sections of a text; show, date and duration are those of our own line of facts."""

    show: str | None = None
    aired: date | None = None
    duration: int | None = None
    dek: Prose = ()
    guests: list[Guest] = field(default_factory=list)
    gist: list[Prose] = field(default_factory=list)
    reveals: list[Prose] = field(default_factory=list)
    takeaways: list[Prose] = field(default_factory=list)
    recommendations: list[Recommendation] = field(default_factory=list)
    lost: Counter[str] = field(default_factory=Counter)


def read_sections(blocks: Sequence[Block], summary: Sequence[Block]) -> Sections:
    """Sort the paragraphs of an item, whose `summary` becomes the dek where it says something else."""
    found = Sections()
    rest = blocks[1:] if blocks and _took_facts(blocks[0], found) else blocks
    if found.show is not None or any(_section(block) not in (None, "guests") for block in rest):
        _Sorter(found).sort(rest)
    else:
        _take_foreign(rest, summary, found)
    return found


def _took_facts(block: Block, found: Sections) -> bool:
    """Read the line of facts with which our own texts begin."""
    said = _FACTS.fullmatch(block.text) if block.kind == "paragraph" else None
    day = _day(said["date"]) if said else None
    length = parse_duration(said["length"]) if said and said["length"] else None
    if not said or day is None or (said["length"] and length is None):
        return False
    found.show, found.aired, found.duration = one_line(said["show"]), day, length
    return True


def _day(written: str) -> date | None:
    """Read a date as we write it: 27 September 2016."""
    try:
        day = datetime.strptime(written, "%d %B %Y").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return None
    return day if long_date(day) == written and parse_date(day.isoformat()) else None


def _section(block: Block) -> Section | None:
    return section_of(block.text) if block.kind == "heading" else None


def _take_foreign(blocks: Sequence[Block], summary: Sequence[Block], found: Sections) -> None:
    """Take a foreign text: its first paragraph, or a summary that is no beginning of it, is the dek."""
    if summary and (not blocks or not _is_beginning(summary, blocks)):
        found.dek = _joined([block.prose for block in summary])
    elif blocks and blocks[0].kind == "paragraph":
        found.dek, blocks = blocks[0].prose, blocks[1:]
    found.gist += map(as_paragraph, blocks)


def _is_beginning(summary: Sequence[Block], blocks: Sequence[Block]) -> bool:
    """Tell a summary that only repeats how the text begins, cut anywhere."""
    one, other = _letters(summary), _letters(blocks)
    length = min(len(one), len(other))
    return one[:length] == other[:length]


def _letters(blocks: Sequence[Block]) -> str:
    text = "".join(block.text for block in blocks[:20])[:2000]
    return "".join(filter(str.isalnum, text)).casefold()[:200]


def _joined(paragraphs: Sequence[Prose]) -> Prose:
    return tidy([span for prose in paragraphs for span in (*prose, Span(" "))])


def as_paragraph(block: Block) -> Prose:
    """Make a paragraph of anything: a heading is strong, a bullet keeps its sign."""
    if block.kind == "heading":
        return tidy([replace(span, strong=True) for span in block.prose])
    if block.kind == "bullet":
        return tidy([Span("• "), *block.prose])
    return block.prose


class _Sorter:
    """Sort paragraphs by the headings that feedmaker writes."""

    def __init__(self, found: Sections) -> None:
        self.found = found
        self.section: Section | None = None
        self.quote: list[str] = []

    def sort(self, blocks: Sequence[Block]) -> None:
        """Take all paragraphs."""
        for block in blocks:
            section = _section(block)
            if section:
                self.section = section
            elif block.kind == "heading" and not (self.section == "recommendations" and block.level == 3):
                # A section that notes do not have goes on in the gist.
                self.section = "gist"
                self.found.gist.append(as_paragraph(block))
            else:
                self._take(block)

    def _take(self, block: Block) -> None:
        found = self.found
        if self.section is None and not found.dek:
            found.dek = block.prose
        elif self.section == "guests":
            found.guests.append(_guest(block))
        elif self.section == "reveals":
            found.reveals.append(block.prose)
        elif self.section == "takeaways":
            found.takeaways.append(block.prose)
        elif self.section == "recommendations":
            self._take_recommendation(block)
        else:
            found.gist.append(as_paragraph(block))

    def _take_recommendation(self, block: Block) -> None:
        """Add to the last recommendation, before the first of which the disclosure stands in fine print."""
        items = self.found.recommendations
        if block.kind == "heading":
            items.append(Recommendation("recommended", "product", one_line(block.text)))
            return
        if block.small:
            return
        changed = _added(items[-1], block) if items else None
        if changed is None:
            self.found.lost[_LOST_LINE] += 1
        else:
            items[-1] = changed


def _guest(block: Block) -> Guest:
    first, *rest = block.prose
    name, bio = (first.text, "".join(span.text for span in rest)) if first.strong else (block.text, "")
    return Guest(one_line(name), one_line(re.sub(r"^\s*—\s", "", bio)) or None)


def _added(item: Recommendation, block: Block) -> Recommendation | None:
    """Add a paragraph to a recommendation; None where it has no place for it."""
    quote, said = item.quote, _SAID.fullmatch(block.text)
    if block.kind == "quote":
        text = f"{quote.text}\n\n{block.text}" if quote else block.text
        return replace(item, quote=Quote(text))
    if said and quote and quote.speaker is None and quote.at is None:
        spoken = said_by(said["said"])
        return replace(item, quote=Quote(quote.text, spoken.speaker, spoken.at))
    link = _link(item, block.prose) if item.link is None else None
    if link:
        return replace(item, link=link)
    byline = read_byline(block.text) if not (quote or item.creator) else None
    if byline is None:
        return None
    return replace(
        item,
        kind=byline.kind or item.kind,
        medium=byline.medium or item.medium,
        creator=byline.creator,
        creator_inferred=byline.creator_inferred,
    )


def _link(item: Recommendation, prose: Prose) -> Link | None:
    """Read a buy link; a search at a merchant becomes that search again, by the merchant's name.

    The address of a paid link holds somebody's partner tag and would be shown without its mark, so it is
    taken in no other form.
    """
    hrefs = list(dict.fromkeys(span.href for span in prose if span.href))
    text = one_line("".join(span.text for span in prose))
    paid = _PAID.fullmatch(text)
    if len(hrefs) != 1 or (not paid and any(span.href is None for span in prose)):
        return None
    label = paid["label"] if paid else text
    shop = _SHOP.fullmatch(label)
    words = _searched(hrefs[0], item.name) or (item.name if paid else None)
    if shop and words:
        found = read_target(f"{'-'.join(shop['name'].lower().split())}:{words}")
        if found and default_label(found) == label:
            return Link(found)
    target = None if paid else read_target(hrefs[0])
    return Link(target, None if label == default_label(target) else label) if target else None


def _searched(href: str, name: str) -> str | None:
    """Return the words that a link to a shop searches for: the value of its query that holds the name."""
    try:
        values = [one_line(value) for _, value in parse_qsl(urlsplit(href).query, max_num_fields=20)]
    except ValueError:
        return None
    return next((value for value in values if name.casefold() in value.casefold()), None)
