"""Make an issue short enough, in a declared order: what readers miss least goes first. Pure.

Gmail cuts the HTML part near 102,000 bytes, its end first, and that is where readers unsubscribe. So things
to remember go first, then gists, then older episodes shrink to a line each; then what is left of the first
episode goes to the page, piece by piece, and of the lines. Leading reveals, the disclosure before paid links,
the postal address and the way out always stay.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import repeat

from feedmaker.newsletter.issue import LINE, Shown
from feedmaker.text import shorten

LIMIT = 100_000
"""The most bytes of the HTML part as it is sent."""

_LINES_KEPT = 20
_TITLE_LIMIT = 80


@dataclass(frozen=True, slots=True)
class Step:
    """Name one thing to leave out: `what` of the episode at a place of the issue, or one more of it."""

    what: str
    at: int


_CHANGES: dict[str, Callable[[Shown], Shown]] = {
    "takeaways": lambda shown: replace(shown, takeaways=0),
    "gist": lambda shown: replace(shown, gist=False),
    "line": lambda _: LINE,
    "reveals": lambda shown: replace(shown, reveals=shown.reveals - 1),
    "quotes": lambda shown: replace(shown, quotes=shown.quotes - 1),
    "recommendations": lambda shown: replace(shown, recommendations=shown.recommendations - 1),
    "dek": lambda shown: replace(shown, dek=False),
    "headlines": lambda shown: replace(shown, headlines=False),
}


def steps(lengths: Sequence[Shown]) -> Iterator[Step]:
    """List what is left out, in this order, until an issue fits; the last episodes are the oldest."""
    backwards = range(len(lengths) - 1, -1, -1)
    for at in backwards:
        if lengths[at].takeaways:
            yield Step("takeaways", at)
    for at in backwards:
        if lengths[at].gist:
            yield Step("gist", at)
    yield from (Step("line", at) for at in backwards if at)
    yield from (Step("episode", at) for at in backwards if at > _LINES_KEPT)
    first = lengths[0]
    yield from repeat(Step("quotes", 0), first.quotes)
    yield from repeat(Step("reveals", 0), first.reveals)
    yield from repeat(Step("recommendations", 0), first.recommendations)
    yield from repeat(Step("dek", 0), first.dek)
    yield from repeat(Step("headlines", 0), first.long)
    yield from (Step("episode", at) for at in backwards if 0 < at <= _LINES_KEPT)


def shortened(lengths: Sequence[Shown], taken: Sequence[Step]) -> list[Shown]:
    """Take steps; an episode that there is no room for is missing at the end."""
    result = list(lengths)
    for step in taken:
        if step.what == "episode":
            result.pop()
        else:
            result[step.at] = _CHANGES[step.what](result[step.at])
    return result


def fewest(count: int, fits: Callable[[int], bool]) -> int:
    """Return the smallest number of steps, up to `count`, after which it fits; `count` where none does.

    Most issues fit as they are. Of the others, those with few steps taken are the slowest to try, so the
    search begins in the middle.
    """
    return 0 if fits(0) else min(count, 1 + bisect_left(range(1, count), True, key=fits))


_NAMES = {
    "takeaways": "the things worth remembering of {}",
    "gist": "the gist of {}",
    "line": "all but a line of {}",
    "dek": "the introduction of {}",
    "headlines": "the end of the leading reveals of {}",
    "episode": "{}",
}
_COUNTED = {
    "reveals": ("further reveal", "further reveals"),
    "quotes": ("quote", "quotes"),
    "recommendations": ("recommendation", "recommendations"),
}


def told(taken: Sequence[Step], titles: Sequence[str], unnamed: int = 0) -> tuple[str, ...]:
    """Say in a phrase each what was left out; what a later step swallowed is not told.

    `unnamed` counts the episodes that no step is for, since there is no room for so many.
    """
    gone = {step.at for step in taken if step.what == "episode"}
    lines = {step.at for step in taken if step.what == "line"} - gone
    places: dict[str, list[int]] = {}
    for step in taken:
        swallowed = gone if step.what in ("episode", "line") else gone | lines
        if step.what == "episode" or step.at not in swallowed:
            places.setdefault(step.what, []).append(step.at)
    places.setdefault("episode", []).extend(range(len(titles) - unnamed, len(titles)))
    return tuple(_phrase(what, at, titles) for what, at in places.items() if at)


def _phrase(what: str, places: Sequence[int], titles: Sequence[str]) -> str:
    if what not in _COUNTED:
        return _NAMES[what].format(_episodes(places, titles))
    return f"{len(places)} {_COUNTED[what][len(places) > 1]} of {_episodes(places[:1], titles)}"


def _episodes(places: Sequence[int], titles: Sequence[str]) -> str:
    if len(places) == 1:
        return f"“{shorten(titles[places[0]], _TITLE_LIMIT)}”"
    return f"{len(places):,} episodes"
