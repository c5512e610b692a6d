"""What an issue says: its subject, its preheader, and of each episode what leads and what follows. Pure.

Reveals and recommendations come first. Nothing of a quote is ever cut; gist and takeaways are shortened, for
the whole note is one link away.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from feedmaker.config import Config
from feedmaker.content import Content, attribution, byline
from feedmaker.errors import UsageError
from feedmaker.merchants import BuyLink, disclosures, mail_links
from feedmaker.model import Episode, Prose, Publication, Recommendation, plain
from feedmaker.newsletter.leaving import TOKEN_SLOT, unsubscribe_address
from feedmaker.text import shorten

SUBJECT_LIMIT = 78
PREHEADER_LIMIT = 120
GIST_LIMIT = 420
TAKEAWAY_COUNT = 3
_SENTENCE = re.compile(r".{24,}?[.!?](?=\s)")
_CLAUSE = re.compile(r".{40,}(?=[,;:]\s| [–—-] )")


@dataclass(frozen=True, slots=True)
class Card:
    """Show a recommendation: `quote` by paragraphs, verbatim; `said` names speaker and time."""

    name: str
    byline: str
    quote: tuple[str, ...]
    said: str
    link: BuyLink | None


@dataclass(frozen=True, slots=True)
class EpisodeView:
    """Show an episode: `lead` are the reveals that catch the eye, `reveals` the other ones.

    `disclosures` stand before the cards. `takeaways` are the first few and `takeaways_left` counts the rest;
    `language` is None where it is the site's.
    """

    title: str
    url: str
    facts: str
    language: str | None
    dek: Prose
    lead: tuple[Prose, ...]
    reveals: tuple[Prose, ...]
    disclosures: tuple[str, ...]
    cards: tuple[Card, ...]
    gist: str
    takeaways: tuple[Prose, ...]
    takeaways_left: int


@dataclass(frozen=True, slots=True)
class IssueContent:
    """Hold everything that the templates of an issue show.

    `unsubscribe` is an https or mailto address, the one with `TOKEN_SLOT` where a reader's token goes.
    """

    title: str
    subject: str
    preheader: str
    language: str
    episodes: tuple[EpisodeView, ...]
    site_title: str
    site_address: str
    sender: str
    postal_address: str
    unsubscribe: str


def compose(entries: Sequence[tuple[Publication, Content]], config: Config) -> IssueContent:
    """Make an issue of at least one episode, in the given order.

    Raises `UsageError` where `schedule.yaml` has no newsletter section.
    """
    letter = config.newsletter
    if letter is None:
        raise UsageError('schedule.yaml has no "newsletter" section; see docs/configuration.md#newsletter')
    episodes = [publication.episode for publication, _ in entries]
    leads = _leads(episodes)
    return IssueContent(
        title=letter.title,
        subject=_subject(leads[0]),
        preheader=_preheader(leads[1:], episodes),
        language=config.site.language,
        episodes=tuple(_view(entry, content, config) for entry, content in entries),
        site_title=config.site.title,
        site_address=config.site.address,
        sender=letter.sender.name,
        postal_address=letter.postal_address,
        unsubscribe=unsubscribe_address(letter, TOKEN_SLOT),
    )


def _leads(episodes: Sequence[Episode]) -> list[str]:
    """List what may announce the issue, the strongest first and never empty."""
    highlights = [plain(episode.reveals[at]) for episode in episodes for at in episode.highlights]
    firsts = [plain(reveal) for episode in episodes for reveal in episode.reveals[:1]]
    others = [plain(reveal) for episode in episodes for reveal in episode.reveals[1:]]
    return list(dict.fromkeys([*highlights, *firsts, *others])) or [episodes[0].title]


def _subject(lead: str) -> str:
    """Take the lead, or its first sentence, or as many of its clauses or words as go into a subject."""
    line = " ".join(lead.split())
    sentence = _SENTENCE.match(line)
    if len(line) > SUBJECT_LIMIT and sentence and len(sentence[0]) <= SUBJECT_LIMIT:
        return sentence[0]
    short = shorten(line, SUBJECT_LIMIT)
    clause = _CLAUSE.match(short) if short != line else None
    return f"{clause[0]}…" if clause else short


def _preheader(leads: Sequence[str], episodes: Sequence[Episode]) -> str:
    """Go on where the subject ends: what is recommended and the next reveal, or else the titles."""
    names = dict.fromkeys(item.name for episode in episodes for item in episode.recommendations)
    recommended = [f"Recommended: {', '.join(names)}"] if names else []
    titles = [episode.title for episode in episodes]
    pieces = [*(shorten(lead, PREHEADER_LIMIT * 2 // 3) for lead in leads[:1]), *recommended] or titles
    return shorten(" ".join(" · ".join(pieces).split()), PREHEADER_LIMIT)


def _view(publication: Publication, content: Content, config: Config) -> EpisodeView:
    episode = publication.episode
    leading = episode.highlights or tuple(range(len(episode.reveals[:1])))
    carried = mail_links(episode, config.merchants, publication.url)
    links = [_saying_where(link, publication.url) for link in carried]
    language = episode.language if episode.language != config.site.language else None
    return EpisodeView(
        title=episode.title,
        url=publication.url,
        facts=content.facts,
        language=language,
        dek=episode.dek,
        lead=tuple(episode.reveals[at] for at in leading),
        reveals=tuple(reveal for at, reveal in enumerate(episode.reveals) if at not in leading),
        disclosures=tuple(disclosures(carried)),
        cards=tuple(map(_card, episode.recommendations, links)),
        gist=_beginning(" ".join(map(plain, episode.gist))),
        takeaways=episode.takeaways[:TAKEAWAY_COUNT],
        takeaways_left=len(episode.takeaways[TAKEAWAY_COUNT:]),
    )


def _beginning(text: str) -> str:
    """Keep the first sentences of a gist, or, where the first is too long, its first words."""
    line = " ".join(text.split())
    if len(line) <= GIST_LIMIT:
        return line
    end = max(line.rfind(mark, GIST_LIMIT // 2, GIST_LIMIT - 1) for mark in (". ", "! ", "? "))
    return f"{line[: end + 1]} …" if end > 0 else shorten(line, GIST_LIMIT)


def _saying_where(link: BuyLink | None, page: str) -> BuyLink | None:
    """Tell readers that a link leads to the page first; its words alone name the shop."""
    return BuyLink(page, f"{link.label} (on the episode’s page)") if link and link.url == page else link


def _card(item: Recommendation, link: BuyLink | None) -> Card:
    quote = tuple(item.quote.text.split("\n\n")) if item.quote else ()
    return Card(item.name, byline(item), quote, attribution(item.quote) if item.quote else "", link)
