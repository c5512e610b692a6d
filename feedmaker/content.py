"""An episode as HTML that every reader keeps, whole and in parts, and as one plain paragraph.

Pure. The HTML needs no CSS and uses only elements that feed readers keep (docs/feeds.md); every address in
it is absolute. Whatever a note says is escaped here, once, so no note text is ever markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from feedmaker.config import Merchant
from feedmaker.merchants import PAID_MARK, PAID_REL, BuyLink, buy_links, disclosures
from feedmaker.model import Episode, Prose, Quote, Recommendation, Span, plain
from feedmaker.text import clock, escape, escape_attribute, long_date, shorten, spoken_duration
from feedmaker.uri import at_moment

SUMMARY_LIMIT = 500
RECOMMENDED = "Recommended in this episode"


@dataclass(frozen=True, slots=True)
class Content:
    """Hold an episode the way outputs show it.

    `facts` is one plain line (show, date, length), `summary` one plain paragraph and never empty. `body` is
    the note from dek to takeaways, without title and facts; `cards` has the HTML of each recommendation and
    `links` its buy link, in the order of the note.
    """

    facts: str
    summary: str
    body: str
    cards: tuple[str, ...]
    links: tuple[BuyLink | None, ...]

    @property
    def notices(self) -> str:
        """Return the disclosures, which stand before the first card with a paid link."""
        return notices_html(self.links)

    @property
    def html(self) -> str:
        """Return the whole note, from dek to recommendations."""
        heading = f"<h2>{RECOMMENDED}</h2>" if self.cards else ""
        return "\n".join(filter(None, (self.body, heading, self.notices, *self.cards)))


def render(episode: Episode, merchants: Mapping[str, Merchant]) -> Content:
    """Render an episode with the buy links of `merchants`."""
    links = buy_links(episode, merchants)
    parts = [
        _paragraph(episode.dek),
        *_section("The guest" if len(episode.guests) == 1 else "The guests", _guests(episode)),
        *_section("The gist", [_paragraph(item) for item in episode.gist]),
        *_section("Big reveals", _bullets(episode.reveals)),
        *_section("Things worth remembering", _bullets(episode.takeaways)),
    ]
    pairs = zip(episode.recommendations, links, strict=True)
    cards = tuple("\n".join(_card(item, link, episode)) for item, link in pairs)
    facts = facts_line(episode)
    return Content(facts, summary(episode) or facts, "\n".join(filter(None, parts)), cards, links)


def facts_line(episode: Episode) -> str:
    """Write show, date and length in one line."""
    parts = [episode.show, long_date(episode.aired)]
    if episode.duration:
        parts.append(spoken_duration(episode.duration))
    return " · ".join(parts)


def summary(episode: Episode) -> str:
    """Return the dek, or else the beginning of the gist or the first reveal, as plain text."""
    paragraphs = (episode.dek, *episode.gist, *episode.reveals, *episode.takeaways)
    return shorten(next((text for text in map(plain, paragraphs) if text), ""), SUMMARY_LIMIT)


def byline(item: Recommendation) -> str:
    """Write who made it, how it was endorsed and what it is, in one line."""
    creator = f"by {item.creator}{' (inferred)' if item.creator_inferred else ''}" if item.creator else ""
    kind = "recommended" if item.kind == "recommended" else "the guest’s own"
    return " · ".join(filter(None, (creator, kind, item.medium)))


def attribution(quote: Quote) -> str:
    """Write who said it and when: Jane Doe (01:02:03)."""
    return " ".join(filter(None, (quote.speaker, f"({clock(quote.at)})" if quote.at is not None else "")))


def prose_html(prose: Prose) -> str:
    """Write a paragraph's spans as inline HTML."""
    return "".join(map(_span, prose))


def _span(span: Span) -> str:
    html = escape(span.text)
    for wanted, tag in ((span.code, "code"), (span.emphasis, "em"), (span.strong, "strong")):
        if wanted:
            html = f"<{tag}>{html}</{tag}>"
    return f'<a href="{escape_attribute(span.href)}">{html}</a>' if span.href else html


def _paragraph(prose: Prose) -> str:
    return f"<p>{prose_html(prose)}</p>" if prose else ""


def _section(heading: str, body: list[str]) -> list[str]:
    return [f"<h2>{heading}</h2>", *body] if body else []


def _bullets(items: Iterable[Prose]) -> list[str]:
    lines = [f"<li>{prose_html(item)}</li>" for item in items]
    return ["<ul>", *lines, "</ul>"] if lines else []


def _guests(episode: Episode) -> list[str]:
    return [
        f"<p><strong>{escape(guest.name)}</strong>{' — ' + escape(guest.bio) if guest.bio else ''}</p>"
        for guest in episode.guests
    ]


def notices_html(links: Iterable[BuyLink | None]) -> str:
    """Write the disclosures of links that are paid, each once."""
    return "\n".join(f"<p><small>{escape(sentence)}</small></p>" for sentence in disclosures(tuple(links)))


def moment_address(episode: Episode, at: int) -> str | None:
    """Return where a moment, in seconds, can be seen or heard; None where the note has no recording."""
    recording = episode.video or (episode.audio.url if episode.audio else None)
    return at_moment(recording, at) if recording else None


def _card(item: Recommendation, link: BuyLink | None, episode: Episode) -> list[str]:
    lines = [f"<h3>{escape(item.name)}</h3>", f"<p>{escape(byline(item))}</p>"]
    if item.quote:
        paragraphs = "".join(f"<p>{escape(text)}</p>" for text in item.quote.text.split("\n\n"))
        lines.append(f"<blockquote>{paragraphs}</blockquote>")
        said = _attribution_html(item.quote, episode)
        lines += [f"<p>— {said}</p>"] if said else []
    if link:
        lines.append(f"<p>{_anchor(link)}</p>")
    return lines


def _attribution_html(quote: Quote, episode: Episode) -> str:
    said = escape(attribution(quote))
    address = moment_address(episode, quote.at) if quote.at is not None else None
    if quote.at is None or address is None:
        return said
    time = clock(quote.at)
    return f'{said.removesuffix(f"({time})")}(<a href="{escape_attribute(address)}">{time}</a>)'


def _anchor(link: BuyLink) -> str:
    rel, mark = (f' rel="{PAID_REL}"', f" {PAID_MARK}") if link.paid else ("", "")
    return f'<a href="{escape_attribute(link.url)}"{rel}>{escape(link.label)}</a>{mark}'
