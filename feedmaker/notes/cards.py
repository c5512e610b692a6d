"""The cards of a page export, each of which recommends one thing. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice

from feedmaker.marked_yaml import Mark
from feedmaker.model import Kind, Link, Quote, Recommendation
from feedmaker.notes.endorsement import SCHEMES
from feedmaker.notes.faults import Faults
from feedmaker.notes.lines import one_line
from feedmaker.notes.page_lines import Leftovers, Line
from feedmaker.notes.speech import CLOSING, OPENING, Spoken, bad_time, has_marks_in_pairs, read_quote, said_by

_BADGE = re.compile(
    r"(?P<kind>(?i:recommended|(?:guest|host)(?:[’'ʼ`´]?s|s[’'ʼ`´])\sown))"
    r"(?:(?P<run>[^\W\d_a-z][^.,;:!?“”\"·]{0,30})"
    r"|\s(?P<known>(?i:product|book|media|podcast|film|article|course|app)))"
)
_FIND_IT = re.compile(
    r"(?:find|get|buy|watch|listen to|read) it (?:on|at) (?P<merchant>[\w .&’'-]{1,40}?)\.?", re.IGNORECASE
)
_RUN_TOGETHER = re.compile(rf"(?P<before>.*[0-9”\"»)\]])\s*(?P<link>{_FIND_IT.pattern})", re.IGNORECASE)
_BY = re.compile(r"by\s+", re.IGNORECASE)
_MOST_LINKS = 5
_INFERRED = re.compile(r"\s*\(inferred\)$", re.IGNORECASE)


def is_badge(text: str) -> bool:
    """Tell whether a line begins a card: RecommendedBook, Guest’s ownProduct."""
    return _BADGE.fullmatch(text) is not None


def read_cards(lines: Sequence[Line], leftovers: Leftovers, faults: Faults) -> list[Recommendation]:
    """Read the cards of a section; before the first stands the page's own introduction."""
    starts = [index for index, line in enumerate(lines) if is_badge(line.text)]
    leftovers.report(lines[: starts[0]] if starts else lines)
    ends = [*starts[1:], len(lines)]
    cards = (
        _Card(lines[start:end], leftovers, faults).read() for start, end in zip(starts, ends, strict=False)
    )
    return [card for card in cards if card]


class _Card:
    """Read one card: badge, name, creator, quote and buy link, of which the last three may be missing."""

    def __init__(self, lines: Sequence[Line], leftovers: Leftovers, faults: Faults) -> None:
        self.badge = lines[0]
        self.lines = [part for line in lines[1:] for part in _parted(line)]
        self.leftovers = leftovers
        self.faults = faults

    def read(self) -> Recommendation | None:
        place = next((index for index, line in enumerate(self.lines) if line.text), None)
        if place is None or self._is_quote(self.lines[place]):
            self.faults.error(self.badge.mark, "missing-name", "no name after this badge")
            return None
        name = one_line(self.lines[place].text)
        rest = self.lines[place + 1 :]
        start = _quote_start(rest)
        creator, inferred, merchant = self._facts(rest[:start])
        quote, merchant_after = self._quote(rest[start:])
        merchant = merchant or merchant_after
        link = _link(merchant, name, None if inferred else creator) if merchant else None
        badge = _BADGE.fullmatch(self.badge.text)
        assert badge  # noqa: S101 - `is_badge` has said so
        return Recommendation(_kind(badge), _medium(badge), name, creator, inferred, quote, link)

    def _is_quote(self, line: Line) -> bool:
        spoken = read_quote([line.text]) if line.text[0] in OPENING else None
        return spoken is not None and spoken.said.at is not None

    def _facts(self, lines: Sequence[Line]) -> tuple[str | None, bool, str | None]:
        """Read the lines before the quote: the creator, and the buy link if it stands there already."""
        end = next((index for index, line in enumerate(lines) if _merchant(line)), len(lines))
        before = [line for part in self.leftovers.without_furniture(lines[:end]) for line in part]
        self.leftovers.report(before[1:])
        self.leftovers.report(lines[end + 1 :])
        creator, inferred = _creator(before[0].text if before else "")
        return creator, inferred, _merchant(lines[end]) if end < len(lines) else None

    def _quote(self, lines: Sequence[Line]) -> tuple[Quote | None, str | None]:
        """Read the quote and the buy link after it, whose words may also be words of the quote."""
        if not lines:
            return None, None
        links = (index for index, line in enumerate(lines) if _merchant(line))
        ends = [*islice(links, _MOST_LINKS), len(lines)]
        spoken, end = self._spoken(lines, ends)
        self.leftovers.report(lines[spoken.lines if spoken else 0 : end])
        self.leftovers.report(lines[end + 1 :])
        merchant = _merchant(lines[end]) if end < len(lines) else None
        return Quote(spoken.words, spoken.said.speaker, spoken.said.at) if spoken else None, merchant

    def _spoken(self, lines: Sequence[Line], ends: Sequence[int]) -> tuple[Spoken | None, int]:
        """Read the words, up to the first buy link before which they are closed."""
        raw = [line.raw for line in lines]
        tried = [(read_quote(raw[:end]), end) for end in ends]
        spoken, end = next(((found, end) for found, end in tried if found and found.closed), tried[0])
        if spoken and not spoken.closed:
            message = "no closing quotation mark; everything before the next buy link or card is the quote"
            self.faults.warn(lines[0].mark, "unclosed-quote", message)
        if spoken and spoken.said.bad_time:
            last = lines[spoken.lines - 1]
            mark = Mark(last.number, last.raw.rfind(spoken.said.bad_time) + 1)
            self.faults.error(mark, "bad-time", bad_time(spoken.said.bad_time))
        return spoken, end


def _parted(line: Line) -> list[Line]:
    """Part a buy link from the time or mark that it was run together with."""
    found = _RUN_TOGETHER.fullmatch(line.raw.rstrip())
    return [Line(line.number, found["before"]), Line(line.number, found["link"])] if found else [line]


def _merchant(line: Line) -> str | None:
    found = _FIND_IT.fullmatch(" ".join(line.text.split()))
    return found["merchant"] if found else None


def _quote_start(lines: Sequence[Line]) -> int:
    """Find the line with which the quote begins, if there is one."""
    starts = [index for index, line in enumerate(lines) if line.text and line.text[0] in OPENING]
    if len(starts) > 1 and not any(line.text for line in lines[: starts[0]]):
        creator = lines[starts[0]].text
        # “Weird Al” Yankovic: a name that begins with a mark, and a quote that begins below it.
        if has_marks_in_pairs(creator) and said_by(creator).at is None and creator[-1] not in CLOSING:
            return starts[1]
    return starts[0] if starts else len(lines)


def _kind(badge: re.Match[str]) -> Kind:
    return "recommended" if badge["kind"].lower() == "recommended" else "own"


def _medium(badge: re.Match[str]) -> str:
    return one_line(badge["run"] or badge["known"]).lower()


def _creator(text: str) -> tuple[str | None, bool]:
    line = _BY.sub("", one_line(text), count=1) if _BY.match(one_line(text)) else one_line(text)
    creator = _INFERRED.sub("", line)
    return creator or None, bool(creator) and creator != line


def _link(merchant: str, name: str, creator: str | None) -> Link:
    """Make the buy link again that the export has lost: a search for name and known creator."""
    words = name if not creator or creator == name else f"{name} {creator}"
    return Link(f"{_merchant_key(merchant)}:{words}")


def _merchant_key(merchant: str) -> str:
    """Make the name that a merchant has in `schedule.yaml`, which begins with a letter."""
    if not merchant.isascii():
        from slugify import slugify

        merchant = slugify(merchant)
    key = re.sub(r"[^a-z0-9]+", "-", merchant.lower()).strip("-")
    return key if key[:1].isalpha() and key not in SCHEMES else f"shop-{key}".rstrip("-")
