"""Spoken words in plain text: where a quote ends, who said it and when. Pure.

The words themselves are never touched. What is hard is to find their end, because they may hold quotation
marks, dashes and times of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from feedmaker.notes.lines import BLANKS, join_wrapped, one_line
from feedmaker.notes.values import parse_clock

OPENING = '“"„«‟〝「»'
CLOSING = '”"“»‟〞」«'
_MARKS = frozenset(OPENING + CLOSING)
_TIME_AT_END = re.compile(r"(?:^|(?<=[\s,·@—–―-])|(?=[(\[]))[(\[]?(\d{1,4}(?::\d{1,4}){1,2})[)\]]?$")
_DASHED = re.compile(r"\s*[—–―-]+\s*(?P<said>.*)", re.DOTALL)
_LAST_DASH = re.compile(r"\s[—–―]\s*(?P<said>[^—–―]*)$")
# Who spoke stands in the last words of a quote's lines; looking no further keeps hostile text cheap.
_LONGEST_SAID = 200
_MOST_LINES = 200


@dataclass(frozen=True, slots=True)
class Said:
    """Hold who spoke and at which second; `bad_time` is what looks like a time and is none."""

    speaker: str | None = None
    at: int | None = None
    bad_time: str | None = None


@dataclass(frozen=True, slots=True)
class Spoken:
    """Hold the words of a quote, who said them, and how many lines they took.

    `closed` is False where no end was found, and everything was taken for words.
    """

    words: str
    said: Said
    lines: int
    closed: bool = True


def said_by(text: str) -> Said:
    """Read who said a quote and when: `Jane Doe, 01:02:03`, `Jane Doe (1:02:03)`, or either of them alone."""
    text = one_line(text)
    found = _TIME_AT_END.search(text)
    if not found:
        return Said(text or None)
    speaker = text[: found.start()].rstrip(f"{BLANKS},·@") or None
    at = parse_clock(found[1])
    return Said(speaker, at, None if at is not None else found[1])


def read_quote(lines: Sequence[str]) -> Spoken | None:
    """Read `“words” — Speaker 00:26:09` from lines that begin with its opening mark; it may be wrapped.

    Empty lines part paragraphs. Of several ends the first is taken that leaves the marks inside in pairs and
    has a time, then one without a time; None where there are no words.
    """
    found = list(_ends(lines[:_MOST_LINES]))
    best = next((end for fits in _PREFERRED for end in found if fits(end)), None)
    if best:
        return Spoken(best.words, said_by(best.said), best.lines)
    words = joined_words(lines[:_MOST_LINES])[1:].strip(BLANKS)
    if not words or words[0] in "”»":
        return None
    return Spoken(words, Said(), min(len(lines), _MOST_LINES), closed=False)


@dataclass(frozen=True, slots=True)
class _End:
    """Hold one way to end a quote; `closed` by a mark, which leaves the marks inside `paired`."""

    words: str
    said: str
    lines: int
    closed: bool
    paired: bool

    @property
    def timed(self) -> bool:
        return _TIME_AT_END.search(self.said) is not None


_PREFERRED: tuple[Callable[[_End], bool], ...] = (
    lambda end: end.paired and end.timed,
    lambda end: end.closed and end.timed,
    lambda end: end.paired,
    lambda end: end.timed,
    lambda end: end.closed,
)


def _ends(lines: Sequence[str]) -> Iterator[_End]:
    for count, line in enumerate(lines, 1):
        if not line.strip(BLANKS):
            continue
        text = joined_words(lines[:count])
        closed = _closed_cut(text)
        place, said = closed or _open_cut(text) or (0, "")
        words = text[1:place].strip(BLANKS)
        if words:
            paired = closed is not None and _in_pairs(words, text[0], text[place])
            yield _End(words, said, count, closed is not None, paired)


def _closed_cut(text: str) -> tuple[int, str] | None:
    """Find the mark that closes a quote, and what follows it: a dash and a speaker, a time, or nothing.

    The last mark before a dash counts, unless the speaker would hold half a pair of marks, as in
    `“I said “no” — and left” 00:12`, or only a nickname, as in `“a” — “b” 00:12`.
    """
    bare = nickname = None
    for place in range(len(text) - 1, max(0, len(text) - _LONGEST_SAID), -1):
        if text[place] not in CLOSING:
            continue
        rest = text[place + 1 :]
        dashed = _DASHED.fullmatch(rest)
        if not dashed:
            bare = bare or _bare_cut(place, rest)
        elif "\n" not in dashed["said"] and has_marks_in_pairs(dashed["said"]):
            if dashed["said"][:1] not in _MARKS:
                return place, dashed["said"]
            nickname = nickname or (place, dashed["said"])
    return bare or nickname


def _bare_cut(place: int, rest: str) -> tuple[int, str] | None:
    rest = one_line(rest)
    found = _TIME_AT_END.search(rest)
    alone = not rest or (found and not rest[: found.start()].strip(f"{BLANKS},·@"))
    return (place, rest) if alone else None


def _open_cut(text: str) -> tuple[int, str] | None:
    """Find the dash before a speaker with a time, where no mark closes the quote."""
    found = _LAST_DASH.search(text, max(1, len(text) - _LONGEST_SAID))
    if not found or "\n" in found["said"] or not _TIME_AT_END.search(found["said"]):
        return None
    return found.start(), found["said"]


def _in_pairs(words: str, opening: str, closing: str) -> bool:
    if opening == closing:
        return words.count(opening) % 2 == 0
    return words.count(opening) == words.count(closing)


def has_marks_in_pairs(text: str) -> bool:
    """Tell whether a text holds whole pairs of quotation marks, or none."""
    return sum(sign in _MARKS for sign in text) % 2 == 0


def bad_time(text: str) -> str:
    """Write the message about what looks like a time and is none."""
    return f'"{text}" is not a time in a recording (expected HH:MM:SS)'


def joined_words(lines: Sequence[str]) -> str:
    """Join wrapped lines by a space and paragraphs by an empty line, touching nothing else."""
    parts = groupby((line.strip(BLANKS) for line in lines), bool)
    return "\n\n".join(join_wrapped(part) for written, part in parts if written)
