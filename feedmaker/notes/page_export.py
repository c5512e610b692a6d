"""A page export (plain text of a published notes page) → an episode. Pure.

The page's furniture is recognised and left out: breadcrumb, section introductions, disclosure, "Find it on".
Nothing here is Markdown; every character of the text stands for itself. Whatever has no place is reported,
never dropped in silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby

from feedmaker.marked_yaml import Mark
from feedmaker.model import Episode, Guest, Kind, Link, Prose, Quote, Recommendation, prose
from feedmaker.notes.faults import Faults
from feedmaker.notes.sections import Section, section_of
from feedmaker.notes.values import parse_clock, parse_date, parse_duration
from feedmaker.text import shorten

_DOT = re.compile(r"[ \t\xa0]+[·•|∙⋅‧][ \t\xa0]+")
_DATE_LIKE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}")
_DASH = re.compile(r"[ \t\xa0]+[—–-][ \t\xa0]+|[ \t\xa0]*—[ \t\xa0]*")
_BULLET = re.compile(
    r"(?P<indent>[ \t\xa0]*)(?P<sign>[•‣◦▪]|[·*–-]|\d{1,2}[.)])(?:[ \t\xa0]+|(?<=[•‣◦▪])|$)(?P<text>.*)"
)
_BADGE = re.compile(
    r"(?P<kind>(?i:recommended|(?:guest|host)[’'ʼ`´]?s[ \xa0]own))"
    r"(?:(?P<run>[A-Z][\w &/-]{0,30})|[ \xa0](?P<known>(?i:product|book|media|podcast|film|article|course|app)))"
)
_FIND_IT = re.compile(
    r"(?:find|get|buy|watch|listen to|read) it (?:on|at) (?P<merchant>[\w .&’'-]{1,40}?)\.?", re.IGNORECASE
)
_FURNITURE = re.compile(
    r"(?:books|products|media)\b.*\bendorsed\b.*|affiliate links?\b.*\bcommission\b.*|"
    r".*\bwe (?:may )?earn (?:a )?commissions?\b.*",
    re.IGNORECASE,
)
_OPENING = '“"„«‟〝「'
_CLOSING = '”"“»‟〞」'
_TIME = r"[(\[]?(?P<time>(?:\d{1,3}:)?\d{1,2}:\d{2})[)\]]?"
_SAID = rf"(?P<text>.*)[{_CLOSING}]\s*(?:[—–―-]+[ \t\xa0]*(?P<speaker>[^\n]*?))?"
_TIMED = re.compile(rf"{_SAID}[\s,·@]*{_TIME}", re.DOTALL)
_UNTIMED = re.compile(_SAID, re.DOTALL)
_UNCLOSED = re.compile(rf"(?P<text>.*)\s[—–―][ \t\xa0]*(?P<speaker>[^\n]*?)[\s,·@]*{_TIME}", re.DOTALL)
_INFERRED = re.compile(r"[ \t\xa0]*\(inferred\)$", re.IGNORECASE)
_WRAPPED_AT_LEAST = 50
_LONGEST_NAME = 6


@dataclass(frozen=True, slots=True)
class _Line:
    """Hold one line without its indent, and where it stands."""

    number: int
    raw: str

    @property
    def text(self) -> str:
        return self.raw.strip(" \t\xa0")

    @property
    def indent(self) -> int:
        return len(self.raw) - len(self.raw.lstrip(" \t\xa0"))

    @property
    def mark(self) -> Mark:
        return Mark(self.number, self.indent + 1)


@dataclass(slots=True)
class _Facts:
    """Hold what stands before the first section."""

    show: str = ""
    title: str = ""
    aired: object = None
    duration: int | None = None
    dek: list[str] = field(default_factory=list)


def parse_page_export(text: str, faults: Faults) -> Episode | None:
    """Read a page export; return None where `faults` holds an error."""
    lines = [_Line(number, raw) for number, raw in enumerate(text.split("\n"), 1)]
    preamble, sections = _cut(lines, faults)
    facts = _preamble(preamble, faults)
    reader = _Sections(faults)
    for section, part in sections:
        reader.read(section, part)
    if faults.fatal:
        return None
    return Episode(
        show=facts.show,
        title=facts.title,
        aired=facts.aired,  # type: ignore[arg-type]  # a missing date is an error in `faults`
        duration=facts.duration,
        dek=prose(" ".join(facts.dek)),
        guests=tuple(reader.guests),
        gist=tuple(reader.gist),
        reveals=tuple(reader.reveals),
        takeaways=tuple(reader.takeaways),
        recommendations=tuple(reader.recommendations),
    )


def _cut(lines: list[_Line], faults: Faults) -> tuple[list[_Line], list[tuple[Section, list[_Line]]]]:
    """Cut the page at its section headings."""
    preamble: list[_Line] = []
    sections: dict[Section, list[_Line]] = {}
    current = preamble
    after_badge = False
    for line in lines:
        section = section_of(line.text.replace("\xa0", " ")) if line.text and not after_badge else None
        if line.text:
            after_badge = bool(_BADGE.fullmatch(line.text))
        if section is None:
            current.append(line)
            continue
        if section in sections:
            faults.warn(line.mark, "repeated-section", f'"{line.text}" stands here again; both are joined')
        current = sections.setdefault(section, [])
    return preamble, list(sections.items())


def _preamble(lines: list[_Line], faults: Faults) -> _Facts:
    """Read breadcrumb, facts line, title, dek and the repeated title."""
    facts = _Facts()
    written = [line for line in lines if line.text]
    place = _facts_place(written)
    if place is None:
        mark = written[0].mark if written else Mark(1, 1)
        message = "no line `Show · YYYY-MM-DD · 1h 25m` before the title; a page export has one near its top"
        faults.error(mark, "missing-facts", message)
        return facts
    _read_facts(written[place], facts, faults)
    if place + 1 == len(written):
        faults.error(written[place].mark, "missing-title", "no title after this line")
        return facts
    facts.title = _folded(written[place + 1].text)
    facts.dek = [_folded(line.text) for line in written[place + 2 :] if _folded(line.text) != facts.title]
    return facts


def _facts_place(written: list[_Line]) -> int | None:
    """Find the line that holds the date, or else one of its shape, so that a bad date can be named."""
    parts = [_DOT.split(line.text) for line in written]
    dated = (index for index, part in enumerate(parts) if _date_part(part))
    shaped = (index for index, part in enumerate(parts[:5]) if len(part) > 2)  # noqa: PLR2004 - show, date, length
    return next(dated, next(shaped, None))


def _date_part(parts: list[str]) -> int | None:
    """Find the date from the right end, for a show's name may hold the dot."""
    dated = [
        index for index, part in enumerate(parts) if index and _DATE_LIKE.fullmatch(part.strip(" \t\xa0"))
    ]
    return dated[-1] if dated else None


def _read_facts(line: _Line, facts: _Facts, faults: Faults) -> None:
    """Read `show · date · duration`."""
    parts = [part.strip(" \t\xa0") for part in _DOT.split(line.text)]
    when = _date_part(parts) or 1
    facts.show = _folded(" · ".join(parts[:when]))
    facts.aired = parse_date(parts[when])
    if facts.aired is None:
        message = f'date "{parts[when]}" is not a date (expected YYYY-MM-DD)'
        faults.error(_inside(line, parts[when]), "bad-date", message)
    for part in parts[when + 1 : when + 2]:
        facts.duration = parse_duration(_folded(part.replace("\xa0", " ")))
        if facts.duration is None:
            message = f'duration "{part}" is not a length (expected for example 1h 25m or 45m)'
            faults.error(_inside(line, part), "bad-duration", message)
    for part in parts[when + 2 :]:
        _report_unread(faults, _inside(line, part), part)


def _inside(line: _Line, part: str) -> Mark:
    return Mark(line.number, line.raw.rfind(part) + 1)


def _folded(text: str) -> str:
    return re.sub(r"[ \t\n]+", " ", text).strip(" \xa0")


class _Sections:
    """Read the sections, in whatever order they come."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.guests: list[Guest] = []
        self.gist: list[Prose] = []
        self.reveals: list[Prose] = []
        self.takeaways: list[Prose] = []
        self.recommendations: list[Recommendation] = []

    def read(self, section: Section, lines: list[_Line]) -> None:
        if section == "guests":
            self.guests += _guests(lines)
        elif section == "gist":
            self.gist += [prose(_joined(part)) for part in _paragraphs(lines)]
        elif section == "recommendations":
            self._recommendations(lines)
        else:
            target = self.reveals if section == "reveals" else self.takeaways
            target += [prose(text) for text in self._bullets(lines) if text]

    def _bullets(self, lines: list[_Line]) -> Iterator[str]:
        """Read bullets, wrapped or not; without any sign each paragraph is one."""
        first = next((found for line in lines if (found := _BULLET.fullmatch(line.raw))), None)
        if first is None:
            yield from map(_joined, _paragraphs(lines))
            return
        item: list[str] | None = None
        blank = False
        for line in lines:
            found = _BULLET.fullmatch(line.raw)
            if found and _begins(found, first):
                yield _folded(" ".join(item or ()))
                item = [found["text"]]
            elif line.text and (item is None or (blank and line.indent <= len(first["indent"]))):
                self._report([line])
            elif item is not None:
                item.append(line.text)
            blank = not line.text
        yield _folded(" ".join(item or ()))

    def _recommendations(self, lines: list[_Line]) -> None:
        """Read the cards; before the first badge stands the page's own introduction."""
        card: list[_Line] = []
        badge: re.Match[str] | None = None
        for line in lines:
            found = _BADGE.fullmatch(line.text)
            if found:
                self._card(badge, card)
                badge, card = found, [line]
            else:
                card.append(line)
        self._card(badge, card)

    def _card(self, badge: re.Match[str] | None, lines: list[_Line]) -> None:
        if badge is None:
            self._report(line for line in lines if line.text)
            return
        head, body = lines[0], lines[1:]
        merchant = next((found for line in body if (found := _FIND_IT.fullmatch(line.text))), None)
        body = [line for line in body if not _FIND_IT.fullmatch(line.text)]
        written = [line for line in body if line.text]
        if not written:
            self.faults.error(head.mark, "missing-name", "no name after this badge")
            return
        name = _folded(written[0].text)
        start = _quote_start(written)
        creator, inferred = _creator(written[1].text if start > 1 else "")
        self._report(written[2:start])
        quote, rest = _quote(_from(body, written[start]) if start < len(written) else [])
        self._report(rest)
        link = _link(merchant["merchant"], name, "" if inferred else creator) if merchant else None
        self.recommendations.append(
            Recommendation(_kind(badge), _medium(badge), name, creator or None, inferred, quote, link)
        )

    def _report(self, lines: Iterable[_Line]) -> None:
        for line in lines:
            if not _FURNITURE.fullmatch(line.text):
                _report_unread(self.faults, line.mark, line.text)


def _report_unread(faults: Faults, mark: Mark, text: str) -> None:
    faults.warn(mark, "unread-text", f'"{shorten(text, 40)}" has no place here and is left out')


def _paragraphs(lines: Iterable[_Line]) -> Iterator[list[_Line]]:
    for written, part in groupby(lines, lambda line: bool(line.text)):
        if written:
            yield list(part)


def _joined(lines: Iterable[_Line]) -> str:
    return _folded(" ".join(line.text for line in lines))


def _guests(lines: list[_Line]) -> Iterator[Guest]:
    """Read `Name — bio`, one to a line; a bio may be wrapped."""
    for part in _paragraphs(lines):
        whole: list[str] = []
        longest = 0
        for line in part:
            text = _unbulleted(line)
            wrapped = whole and longest >= _WRAPPED_AT_LEAST and not _names_a_guest(text)
            if whole and not wrapped:
                yield _guest(" ".join(whole))
                whole = []
            whole.append(text)
            longest = len(line.text)
        if whole:
            yield _guest(" ".join(whole))


def _names_a_guest(text: str) -> bool:
    """Tell `Name — bio` from a wrapped line that happens to hold a dash."""
    name, *bio = _DASH.split(text, maxsplit=1)
    return bool(bio) and not name[:1].islower() and len(name.split()) <= _LONGEST_NAME


def _unbulleted(line: _Line) -> str:
    found = _BULLET.fullmatch(line.raw)
    return _folded(found["text"] or "") if found else _folded(line.text)


def _guest(text: str) -> Guest:
    name, *bio = _DASH.split(text, maxsplit=1)
    return Guest(_folded(name) or text, _folded(bio[0]) or None if bio else None)


def _begins(found: re.Match[str], first: re.Match[str]) -> bool:
    """Tell a new bullet from a wrapped line that happens to begin with a dash."""
    same = found["sign"] == first["sign"] or (found["sign"][0].isdigit() and first["sign"][0].isdigit())
    return same or found["indent"] == first["indent"]


def _kind(badge: re.Match[str]) -> Kind:
    return "recommended" if badge["kind"].lower() == "recommended" else "own"


def _medium(badge: re.Match[str]) -> str:
    return _folded(badge["run"] or badge["known"]).lower()


def _creator(text: str) -> tuple[str, bool]:
    folded = _folded(text)
    return _INFERRED.sub("", folded), bool(_INFERRED.search(folded))


def _link(merchant: str, name: str, creator: str) -> Link:
    """Make the buy link again that the export has lost: a search for name and known creator."""
    key = re.sub(r"[^a-z0-9]+", "-", merchant.lower()).strip("-") or "amazon"
    words = name if not creator or creator == name else f"{name} {creator}"
    return Link(f"{key}:{words}")


def _quote_start(written: list[_Line]) -> int:
    """Find the line with which the quote begins; the first line is always the name."""
    starts = (index for index, line in enumerate(written) if index and line.text[0] in _OPENING)
    return next(starts, len(written))


def _from(lines: list[_Line], first: _Line) -> list[_Line]:
    return lines[lines.index(first) :]


def _quote(lines: list[_Line]) -> tuple[Quote | None, list[_Line]]:
    """Read `“words” — Speaker 00:26:09`, which may be wrapped; return the lines after it as well."""
    for form in (_TIMED, _UNCLOSED, _UNTIMED):
        for end in range(len(lines), 0, -1):
            found = form.fullmatch(_verbatim(lines[:end]), 1) if lines[end - 1].text else None
            if found:
                words = found.groupdict()
                at = parse_clock(words["time"]) if words.get("time") else None
                speaker = _folded(words["speaker"] or "").rstrip(",") or None
                return Quote(words["text"].strip(" \t\n"), speaker, at), [x for x in lines[end:] if x.text]
    return (Quote(_verbatim(lines)[1:]) if lines else None), []


def _verbatim(lines: list[_Line]) -> str:
    """Join wrapped lines by a space and paragraphs by an empty line, touching nothing else."""
    return "\n\n".join(" ".join(line.raw.strip(" \t") for line in part) for part in _paragraphs(lines))
