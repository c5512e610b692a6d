"""Make an issue short enough, in a declared order: what readers miss least goes first. Pure.

Gmail cuts the HTML part near 102,000 bytes, its end first, and that is where readers unsubscribe. So things
to remember go first, then gists, then older episodes shrink to a line each; then what is left of the first
episode, and of the lines, goes to the page. Leading reveals, the disclosure before paid links, the postal
address and the way out always stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from feedmaker.newsletter.issue import HEADLINE_LIMIT, LINE, Shown

LIMIT = 100_000
"""The most bytes of the HTML part as it is sent."""

_LINES_KEPT = 20


@dataclass(frozen=True, slots=True)
class Step:
    """Name one thing to leave out: `what` of the episode at a place of the issue."""

    what: str
    at: int


_CHANGES: dict[str, Callable[[Shown], Shown]] = {
    "takeaways": lambda shown: replace(shown, takeaways=0),
    "gist": lambda shown: replace(shown, gist=False),
    "line": lambda _: LINE,
    "reveals": lambda shown: replace(shown, reveals=0),
    "quotes": lambda shown: replace(shown, quotes=False),
    "recommendations": lambda shown: replace(shown, recommendations=0),
    "dek": lambda shown: replace(shown, dek=False),
    "headline": lambda shown: replace(shown, headline=HEADLINE_LIMIT),
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
    yield from (Step("line", at) for at in backwards if at and lengths[at] != LINE)
    yield from (Step("episode", at) for at in backwards if at > _LINES_KEPT)
    for what in ("reveals", "quotes", "recommendations", "dek", "headline"):
        yield Step(what, 0)
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
    """Return the smallest number of steps, up to `count`, after which it fits; `count` where none does."""
    low, high = 0, 1
    while high < count and not fits(high):
        low, high = high, high * 2
    high = min(high, count)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) else (middle + 1, high)
    return low


_NAMES = {
    "takeaways": "the things worth remembering of {}",
    "gist": "the gist of {}",
    "line": "all but the leading reveal of {}",
    "reveals": "the further reveals of {}",
    "quotes": "the quotes of {}",
    "recommendations": "the recommendations of {}",
    "dek": "the introduction of {}",
    "headline": "the end of the leading reveals of {}",
    "episode": "{}",
}


def told(lengths: Sequence[Shown], taken: Sequence[Step], titles: Sequence[str]) -> tuple[str, ...]:
    """Say in a phrase each what was left out; what a later step swallowed is not told."""
    beyond = [Step("episode", at) for at in range(len(lengths), len(titles))]
    lines = [Step("line", at) for at, shown in enumerate(lengths) if shown == LINE]
    taken = [*lines, *taken, *beyond]
    gone = {step.at for step in taken if step.what == "episode"}
    in_lines = {step.at for step in taken if step.what == "line"} - gone
    places: dict[str, list[int]] = {}
    for step in taken:
        swallowed = gone if step.what in ("episode", "line") else gone | in_lines
        if step.what == "episode" or step.at not in swallowed:
            places.setdefault(step.what, []).append(step.at)
    return tuple(_NAMES[what].format(_episodes(at, titles)) for what, at in places.items())


def _episodes(places: Sequence[int], titles: Sequence[str]) -> str:
    return f"“{titles[places[0]]}”" if len(places) == 1 else f"{len(places)} episodes"
