"""The two lines that a reader sees before opening: subject and preheader. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from feedmaker.model import Episode, Prose, plain
from feedmaker.text import shorten

SUBJECT_LIMIT = 78
PREHEADER_LIMIT = 120
PREHEADER_LEAST = 40
"""The fewest characters with which a preheader fills the row behind a subject on a phone."""

_SENTENCE = re.compile(r".{24,}?[.!?](?=\s)")
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_CLAUSE = re.compile(r".{52,}(?=[,;:]\s| [–—-] )")


def leading(episode: Episode) -> tuple[int, ...]:
    """Return the positions of the reveals that catch the eye: those marked, or else the first."""
    return episode.highlights or tuple(range(len(episode.reveals[:1])))


def strongest_first(episodes: Sequence[Episode]) -> list[int]:
    """Order episodes so that the one which announces the issue comes first; the others stay as they are."""
    marked = [number for number, episode in enumerate(episodes) if episode.highlights]
    revealing = [number for number, episode in enumerate(episodes) if episode.reveals]
    first = (marked or revealing or [0])[0]
    return [first, *(number for number in range(len(episodes)) if number != first)]


def subject_of(episodes: Sequence[Episode]) -> str:
    """Take the strongest reveal, or its first sentence, or as many clauses or words as go into a subject."""
    line = _leads(episodes)[0]
    sentence = _SENTENCE.match(line)
    if len(line) > SUBJECT_LIMIT and sentence and len(sentence[0]) <= SUBJECT_LIMIT:
        return sentence[0]
    short = shorten(line, SUBJECT_LIMIT)
    clause = _CLAUSE.match(short) if short != line else None
    return f"{clause[0]}…" if clause else short


def preheader_of(episodes: Sequence[Episode], otherwise: Iterable[str] = ()) -> str:
    """Go on where the subject ends: the next reveal and what is recommended, then titles and more.

    What episodes leave of the row is filled with `otherwise`, such as the title of the newsletter.
    """
    names = dict.fromkeys(item.name for episode in episodes for item in episode.recommendations)
    recommended = [f"Recommended: {', '.join(names)}"] if names else []
    first, *others = _leads(episodes)
    pieces = [*(shorten(lead, PREHEADER_LIMIT * 2 // 3) for lead in others[:1]), *recommended]
    for more in chain(_introductions(episodes), map(_line, otherwise)):
        if len(_line(" · ".join(pieces))) < PREHEADER_LEAST and more != first:
            pieces.append(more)
    return shorten(_line(" · ".join(pieces)), PREHEADER_LIMIT)


def _introductions(episodes: Sequence[Episode]) -> Iterator[str]:
    """Yield what else there is to say of episodes, in a line each."""
    yield from (_line(episode.title) for episode in episodes)
    for episode in episodes:
        yield from filter(None, map(_words, (episode.dek, *episode.gist[:1])))
    yield from dict.fromkeys(_line(episode.show) for episode in episodes)


def _leads(episodes: Sequence[Episode]) -> list[str]:
    """List what may announce an issue, the strongest first and never empty."""
    marked = [_texts(episode, episode.highlights) for episode in episodes]
    firsts = [_texts(episode, leading(episode)) for episode in episodes]
    every = [_texts(episode, range(len(episode.reveals))) for episode in episodes]
    lines = [line for group in (*marked, *firsts, *every) for line in group]
    return list(dict.fromkeys(lines)) or [_line(episodes[0].title)]


def _texts(episode: Episode, positions: Iterable[int]) -> list[str]:
    return [line for at in positions if (line := _words(episode.reveals[at]))]


def _words(reveal: Prose) -> str:
    return _line(plain(reveal))


def _line(text: str) -> str:
    """Fold a text; signs that turn the direction of writing would turn what else stands in the row."""
    return " ".join(_TURNING.sub("", text).split())
