"""An episode as HTML that every reader keeps, and as one plain paragraph.

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

SUMMARY_LIMIT = 500


@dataclass(frozen=True, slots=True)
class Content:
    """Hold an episode the way outputs show it.

    `facts` is one plain line (show, date, length), `summary` one plain paragraph and never empty, `html` the
    whole note from dek to recommendations, without title and facts. `links` stand in the order of the
    recommendations.
    """

    facts: str
    summary: str
    html: str
    links: tuple[BuyLink | None, ...]


def render(episode: Episode, merchants: Mapping[str, Merchant]) -> Content:
    """Render an episode with the buy links of `merchants`."""
    links = buy_links(episode, merchants)
    parts = [
        _paragraph(episode.dek),
        *_section("The guest" if len(episode.guests) == 1 else "The guests", _guests(episode)),
        *_section("The gist", [_paragraph(item) for item in episode.gist]),
        *_section("Big reveals", _bullets(episode.reveals)),
        *_section("Things worth remembering", _bullets(episode.takeaways)),
        *_section("Recommended in this episode", _recommendations(episode, links)),
    ]
    facts = facts_line(episode)
    return Content(facts, summary(episode) or facts, "\n".join(filter(None, parts)), links)


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


def _recommendations(episode: Episode, links: tuple[BuyLink | None, ...]) -> list[str]:
    notices = [f"<p><small>{escape(sentence)}</small></p>" for sentence in disclosures(links)]
    cards = zip(episode.recommendations, links, strict=True)
    return notices + [line for item, link in cards for line in _card(item, link)]


def _card(item: Recommendation, link: BuyLink | None) -> list[str]:
    lines = [f"<h3>{escape(item.name)}</h3>", f"<p>{escape(byline(item))}</p>"]
    if item.quote:
        paragraphs = "".join(f"<p>{escape(text)}</p>" for text in item.quote.text.split("\n\n"))
        lines.append(f"<blockquote>{paragraphs}</blockquote>")
        said = attribution(item.quote)
        lines += [f"<p>— {escape(said)}</p>"] if said else []
    if link:
        lines.append(f"<p>{_anchor(link)}</p>")
    return lines


def _anchor(link: BuyLink) -> str:
    rel, mark = (f' rel="{PAID_REL}"', f" {PAID_MARK}") if link.paid else ("", "")
    return f'<a href="{escape_attribute(link.url)}"{rel}>{escape(link.label)}</a>{mark}'
