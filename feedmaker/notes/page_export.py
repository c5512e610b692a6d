"""A page export (plain text of a published notes page) → an episode. Pure.

The page's furniture is recognised and left out: breadcrumb, section introductions, disclosure, "Find it on".
Nothing here is Markdown; every character of the text stands for itself. Whatever else has no place is
reported, never dropped in silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from feedmaker.marked_yaml import Mark
from feedmaker.model import Episode, Guest, Prose, Recommendation, prose
from feedmaker.notes.cards import is_badge, read_cards
from feedmaker.notes.faults import Faults
from feedmaker.notes.lines import one_line
from feedmaker.notes.page_lines import (
    WRAPPED_AT_LEAST,
    Leftovers,
    Line,
    is_bullet,
    joined,
    left_out,
    paragraphs,
    read_bullets,
    unbulleted,
)
from feedmaker.notes.sections import HEADINGS, Section, section_of
from feedmaker.notes.values import parse_date, parse_duration
from feedmaker.text import shorten

_DOT = re.compile(r"(?<=\s)[·•|∙⋅‧・](?=\s)")
_DATE_LIKE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}")
_DASH = re.compile(r"(?<=\s)[—–-](?=\s)|—")
_LONGEST_NAME = 6
_LONGEST_HEADING = 50
_HEADING_WORDS = 5
_FACTS_WITHIN = 5


@dataclass(slots=True)
class _Facts:
    """Hold what stands before the first section."""

    show: str = ""
    title: str = ""
    aired: date | None = None
    duration: int | None = None
    dek: Prose = ()


def parse_page_export(text: str, faults: Faults) -> Episode | None:
    """Read a page export; return None where `faults` holds an error."""
    lines = [Line(number, raw) for number, raw in enumerate(text.split("\n"), 1)]
    preamble, sections = _cut(lines, faults)
    leftovers = Leftovers(faults)
    facts = _preamble(preamble, leftovers)
    reader = _Sections(leftovers)
    for section, part in sections:
        reader.read(section, part)
    if faults.fatal or facts.aired is None:
        return None
    return Episode(
        show=facts.show,
        title=facts.title,
        aired=facts.aired,
        duration=facts.duration,
        dek=facts.dek,
        guests=tuple(reader.guests),
        gist=tuple(reader.gist),
        reveals=tuple(reader.reveals),
        takeaways=tuple(reader.takeaways),
        recommendations=tuple(reader.recommendations),
    )


def _cut(lines: Sequence[Line], faults: Faults) -> tuple[list[Line], list[tuple[Section, list[Line]]]]:
    """Cut the page at its section headings; a name may look like one, but only right below a badge."""
    preamble: list[Line] = []
    sections: dict[Section, list[Line]] = {}
    current = preamble
    before = above = ""
    for line in lines:
        section = section_of(line.text) if _may_be_heading(line.text, before, above) else None
        if section is None:
            current.append(line)
        else:
            if section in sections:
                faults.warn(
                    line.mark, "repeated-section", f'"{line.text}" stands here again; both are joined'
                )
            current = sections.setdefault(section, [])
        before, above = line.text, line.text or above
    return preamble, list(sections.items())


def _may_be_heading(text: str, before: str, above: str) -> bool:
    """Tell a heading from a name below a badge and from the last word of a wrapped line.

    `before` is the line before, `above` the last one that is not empty.
    """
    plausible = 0 < len(text) <= _LONGEST_HEADING and (not before or not text[0].islower())
    return plausible and not is_badge(above)


def _preamble(lines: Sequence[Line], leftovers: Leftovers) -> _Facts:
    """Read breadcrumb, facts line, title, dek and the repeated title."""
    facts = _Facts()
    written = [line for line in lines if line.text]
    place = _facts_place(written)
    if place is None:
        mark = written[0].mark if written else Mark(1, 1)
        message = "no line `Show · YYYY-MM-DD · 1h 25m` before the title; a page export has one near its top"
        leftovers.faults.error(mark, "missing-facts", message)
        return facts
    line = written[place]
    leftovers.breadcrumbs = frozenset(above.text for above in written[:place])
    _read_facts(line, facts, leftovers.faults)
    _read_title(lines[lines.index(line) + 1 :], facts, leftovers)
    if not facts.title:
        leftovers.faults.error(line.mark, "missing-title", "no title after this line")
    return facts


def _read_title(lines: Sequence[Line], facts: _Facts, leftovers: Leftovers) -> None:
    """Read the title, the dek, and the title again; the second tells how many lines a title takes."""
    parts = list(paragraphs(lines))
    if not parts:
        return
    whole = one_line(joined(parts[0]))
    if any(joined(part) == whole for part in parts[1:]):
        facts.title, rest = whole, lines[lines.index(parts[0][-1]) + 1 :]
    else:
        facts.title, rest = one_line(parts[0][0].text), lines[lines.index(parts[0][0]) + 1 :]
    others = (part for part in leftovers.without_furniture(rest) if joined(part) != facts.title)
    dek = [line for part in others for line in part if one_line(line.text) != facts.title]
    facts.dek = prose(joined(dek))


def _facts_place(written: Sequence[Line]) -> int | None:
    """Find the line that holds the date, or else one of its shape, so that a bad date can be named."""
    parts = [_parts(line) for line in written]
    dated = (index for index, part in enumerate(parts) if _date_place(part))
    shaped = [index for index, part in enumerate(parts[:_FACTS_WITHIN]) if len(part) > 2]
    timed = (index for index in shaped if parse_duration(parts[index][-1].text))
    return next(dated, next(timed, shaped[0] if shaped else None))


@dataclass(frozen=True, slots=True)
class _Part:
    """Hold one part of the facts line, and where it begins and ends."""

    text: str
    start: int
    end: int


def _parts(line: Line) -> list[_Part]:
    """Cut the facts line at its dots."""
    dots = [found.span() for found in _DOT.finditer(line.raw)]
    starts = [0, *(end for _, end in dots)]
    ends = [*(start for start, _ in dots), len(line.raw)]
    return [_part(line.raw, start, end) for start, end in zip(starts, ends, strict=True)]


def _part(raw: str, start: int, end: int) -> _Part:
    blank = len(raw[start:end]) - len(raw[start:end].lstrip())
    return _Part(one_line(raw[start:end]), start + blank, end)


def _date_place(parts: Sequence[_Part]) -> int | None:
    """Find the date from the right end, for a show's name may hold the dot."""
    dated = (index for index in range(len(parts) - 1, 0, -1) if _DATE_LIKE.fullmatch(parts[index].text))
    return next(dated, None)


def _read_facts(line: Line, facts: _Facts, faults: Faults) -> None:
    """Read `show · date · duration`."""
    parts = _parts(line)
    when = _date_place(parts) or max(1, len(parts) - 2)
    facts.show = one_line(line.raw[: parts[when - 1].end])
    facts.aired = parse_date(parts[when].text)
    if facts.aired is None:
        message = f'date "{parts[when].text}" is not a date (expected YYYY-MM-DD)'
        faults.error(Mark(line.number, parts[when].start + 1), "bad-date", message)
    if not facts.show:
        faults.error(line.mark, "missing-facts", "no name of a show before the date")
    _read_duration(line, parts[when + 1 :], facts, faults)


def _read_duration(line: Line, parts: Sequence[_Part], facts: _Facts, faults: Faults) -> None:
    """Read the first part that is a length; if there are parts and none is, the first is to blame."""
    lengths = [parse_duration(part.text) for part in parts]
    place = next((index for index, length in enumerate(lengths) if length), None)
    facts.duration = None if place is None else lengths[place]
    for index, part in enumerate(parts):
        mark = Mark(line.number, part.start + 1)
        if place is None and index == 0:
            message = (
                f'duration "{shorten(part.text, 40)}" is not a length (expected for example 1h 25m or 45m)'
            )
            faults.error(mark, "bad-duration", message)
        elif index != place:
            faults.warn(mark, "unread-text", left_out(part.text))


class _Sections:
    """Read the sections, in whatever order they come."""

    def __init__(self, leftovers: Leftovers) -> None:
        self.leftovers = leftovers
        self.guests: list[Guest] = []
        self.gist: list[Prose] = []
        self.reveals: list[Prose] = []
        self.takeaways: list[Prose] = []
        self.recommendations: list[Recommendation] = []

    def read(self, section: Section, lines: Sequence[Line]) -> None:
        """Read one section into its place."""
        if section == "guests":
            self.guests += _guests(lines, self.leftovers)
        elif section == "recommendations":
            self.recommendations += read_cards(lines, self.leftovers, self.leftovers.faults)
        elif section == "gist":
            self.gist += [prose(joined(part)) for part in self.leftovers.without_furniture(lines)]
        else:
            target = self.reveals if section == "reveals" else self.takeaways
            target += [prose(text) for text in read_bullets(self._known(lines), self.leftovers)]

    def _known(self, lines: Sequence[Line]) -> Sequence[Line]:
        """Return the bullets before a heading that is none of ours, and report it."""
        end = _foreign_heading(lines)
        if end is None:
            return lines
        known = ", ".join(f'"{name}"' for name in HEADINGS.values())
        message = f'there is no section "{lines[end].text}"; its text is left out; known here: {known}'
        self.leftovers.faults.warn(lines[end].mark, "unknown-section", message)
        return lines[:end]


def _foreign_heading(lines: Sequence[Line]) -> int | None:
    """Find a few words alone, without a full stop, between bullets: a heading."""
    deepest = min((line.indent for line in lines if is_bullet(line)), default=-1)
    alone = (part[0] for part in list(paragraphs(lines))[1:-1] if len(part) == 1 and not is_bullet(part[0]))
    headings = (line for line in alone if line.indent <= deepest and _looks_like_heading(line.text))
    heading = next(headings, None)
    return lines.index(heading) if heading else None


def _looks_like_heading(text: str) -> bool:
    return len(text.split()) <= _HEADING_WORDS and not text[0].islower() and text[-1].isalnum()


def _guests(lines: Sequence[Line], leftovers: Leftovers) -> Iterator[Guest]:
    """Read `Name — bio`, one to a line; a bio may be wrapped."""
    for part in leftovers.without_furniture(lines):
        bulleted = is_bullet(part[0])
        whole: list[str] = []
        for index, line in enumerate(part):
            text = unbulleted(line) if bulleted else line.text
            if whole and not _continues(part[index - 1].text, text, bulleted=bulleted and is_bullet(line)):
                yield from _guest(whole)
                whole = []
            whole.append(text)
        yield from _guest(whole)


def _continues(before: str, text: str, *, bulleted: bool) -> bool:
    """Tell a wrapped bio from the next guest."""
    if bulleted:
        return False
    if text[0] in "—–-" or before[-1] in "—–-,":
        return True
    # A line that ends with "in" or "of the" breaks off amid a sentence.
    last = before.rsplit(maxsplit=1)[-1]
    breaks_off = last.islower() and last.isalpha() and len(last) <= 3
    goes_on = text[0].islower() or len(before) >= WRAPPED_AT_LEAST
    return breaks_off or (goes_on and not _names_a_guest(text))


def _names_a_guest(text: str) -> bool:
    """Tell `Name — bio` from a wrapped line that happens to hold a dash."""
    name, *bio = _DASH.split(text, maxsplit=1)
    return bool(bio) and not name[:1].islower() and len(name.split()) <= _LONGEST_NAME


def _guest(lines: Sequence[str]) -> Iterator[Guest]:
    text = one_line("\n".join(lines))
    name, *bio = (one_line(part) for part in _DASH.split(text, maxsplit=1))
    if name:
        yield Guest(name, bio[0] or None if bio else None)
    elif text:
        yield Guest(text)
