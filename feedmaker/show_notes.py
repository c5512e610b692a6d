"""An episode as the notes that podcast programs show beside its recording: little markup, few bytes. Pure.

This is the middle of three tiers: below it is the plain summary, above it the whole note
(`feedmaker.content`). Many programs keep only `<p>`, `<a>`, `<ul>` and `<li>`, and cut what is longer than
4,000 bytes. That limit (podcasters.apple.com/support/823-podcast-requirements) is meant for the text of the
element as it is after XML has been read, and so it is counted here.

A paid link needs `rel` and a disclosure, and `rel` is not kept here. So a recommendation leads to its place
on the episode's page, which has both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby
from operator import attrgetter
from typing import NamedTuple

from feedmaker.content import RECOMMENDED, Content, attribution, byline
from feedmaker.model import Episode, Guest, Prose, Quote, Recommendation, Span
from feedmaker.text import escape, escape_attribute, shorten

LIMIT = 4000
"""The most bytes in UTF-8."""

_FACTS_LIMIT = 255
_DEK_LIMIT = 1500


class _Piece(NamedTuple):
    """Hold what is in the notes whole or not at all.

    `section` is the heading above its list, and empty for a paragraph. A piece that goes on belongs to the
    list item before it. The smaller the `rank`, the sooner there is room for it.
    """

    rank: int
    section: str
    html: str
    goes_on: bool = False

    @property
    def size(self) -> int:
        """Return its bytes, with the element and the line end around it."""
        around = "" if self.goes_on else "<li></li>\n" if self.section else "<p></p>\n"
        return len((self.html + around).encode())


def show_notes(episode: Episode, content: Content, page: str, keys: Sequence[str] = ()) -> str:
    """Write the notes of an episode as HTML of at most 4,000 bytes in UTF-8.

    `page` is the address of the whole note, and `keys` has the fragment of it under which each recommendation
    stands. Where not all fits, there is room in this order: show and date, the link to the page, the dek (its
    beginning, where it is long), the leading reveal, the recommendations, their quotes, the other reveals,
    the guests, the gist, the takeaways. Each is there whole or not at all.
    """
    parts = (
        _paragraphs(0, [escape(shorten(content.facts, _FACTS_LIMIT))]),
        _paragraphs(2, [_dek(episode, content)]),
        _paragraphs(7, (escape(f"With {_guest(guest)}") for guest in episode.guests)),
        _paragraphs(8, map(_inline, episode.gist)),
        _reveals(episode),
        (_Piece(9, "Things worth remembering", _inline(takeaway)) for takeaway in episode.takeaways),
        _recommendations(episode.recommendations, page, keys),
        _paragraphs(1, [f'<a href="{escape_attribute(page)}">The full notes</a>']),
    )
    chosen = _chosen(list(chain.from_iterable(parts)))
    groups = groupby(chosen, attrgetter("section"))
    return "\n".join(chain.from_iterable(_lines(section, group) for section, group in groups))


def _paragraphs(rank: int, texts: Iterable[str]) -> Iterator[_Piece]:
    return (_Piece(rank, "", html) for html in texts if html)


def _dek(episode: Episode, content: Content) -> str:
    html = _inline(episode.dek)
    return html if len(html.encode()) <= _DEK_LIMIT else escape(content.summary)


def _guest(guest: Guest) -> str:
    return f"{guest.name} — {guest.bio}" if guest.bio else guest.name


def _reveals(episode: Episode) -> Iterator[_Piece]:
    leading = episode.highlights[0] if episode.highlights else 0
    for number, reveal in enumerate(episode.reveals):
        yield _Piece(3 if number == leading else 6, "Big reveals", _inline(reveal))


def _recommendations(items: Iterable[Recommendation], page: str, keys: Sequence[str]) -> Iterator[_Piece]:
    for number, item in enumerate(items):
        address = escape_attribute(f"{page}#{keys[number]}" if keys else page)
        name = f'<a href="{address}">{escape(item.name)}</a>'
        yield _Piece(4, RECOMMENDED, f"{name}, {escape(byline(item))}")
        if item.quote:
            yield _Piece(5, RECOMMENDED, f": {_quote(item.quote)}", goes_on=True)


def _quote(quote: Quote) -> str:
    """Write words with speaker and time; programs make a link of a plain (01:02:03) behind a space."""
    said = attribution(quote)
    text = quote.text.replace("\n\n", " ")
    return escape(f"“{text}”{' — ' + said if said else ''}")


def _inline(prose: Prose) -> str:
    return "".join(map(_span, prose))


def _span(span: Span) -> str:
    html = escape(span.text)
    return f'<a href="{escape_attribute(span.href)}">{html}</a>' if span.href else html


def _chosen(pieces: list[_Piece]) -> list[_Piece]:
    """Choose what there is room for, in the order of the ranks; return it in the order of the note."""
    # The last line has no line end, though its piece has counted one.
    left, kept = LIMIT + 1, set[int]()
    begun = {""}
    for number in sorted(range(len(pieces)), key=lambda index: pieces[index].rank):
        piece = pieces[number]
        heading = [] if piece.section in begun else _lines(piece.section, ())
        cost = piece.size + sum(len(line.encode()) + 1 for line in heading)
        if cost <= left and (not piece.goes_on or number - 1 in kept):
            left -= cost
            kept.add(number)
            begun.add(piece.section)
    return [pieces[number] for number in sorted(kept)]


def _lines(section: str, pieces: Iterable[_Piece]) -> list[str]:
    if not section:
        return [f"<p>{piece.html}</p>" for piece in pieces]
    items: list[str] = []
    for piece in pieces:
        before = items.pop() if piece.goes_on else ""
        items.append(before + piece.html)
    return [f"<p>{section}</p>", "<ul>", *(f"<li>{item}</li>" for item in items), "</ul>"]
