"""What an issue says: of each episode what leads and what follows, in three lengths. Pure.

Reveals and recommendations come first. Nothing of a quote is ever cut: it is there whole or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import islice
from typing import Literal

from feedmaker.catalogue import Mention
from feedmaker.config import Config, Newsletter, Section, Theme
from feedmaker.content import Content, byline, facts_line, moment_address
from feedmaker.errors import UsageError
from feedmaker.merchants import BuyLink, disclosures, mail_links
from feedmaker.model import Episode, Prose, Publication, Quote, Recommendation, Span, plain
from feedmaker.newsletter.leaving import TOKEN_SLOT, choosing_address, unsubscribe_address
from feedmaker.newsletter.subject import leading, preheader_of, strongest_first, subject_of
from feedmaker.notes.prose import inline
from feedmaker.text import clock, direction, isolated, long_date, shorten

GIST_LIMIT = 420
TAKEAWAYS = 3
LINE_LIMIT = 160
TITLE_LIMIT = 300
FACTS_LIMIT = 300
HEADLINE_LIMIT = 400
MOST_HEADLINES = 10
MOST_ALSO = 2
MOST_GUESTS = 8
MOST_EPISODES = 400
"""How many episodes an issue can name; one that names more is too long whatever they say."""

SHORT_REVEALS = 2
SHORT_RECOMMENDATIONS = 5
_PLURALS = {"more thing to remember": "more things to remember"}
Form = Literal["whole", "short", "line"]
Direction = Literal["ltr", "rtl"]


@dataclass(frozen=True, slots=True)
class Story:
    """Hold what an issue is made of: an episode as it is published.

    `keys` has the place of each recommendation on the episode's page, and `also` who else recommends it.
    """

    publication: Publication
    content: Content
    keys: Sequence[str] = ()
    also: Sequence[Sequence[Mention]] = ()


@dataclass(frozen=True, slots=True)
class Wording:
    """Hold what a publisher says of one issue; what is empty is made from the episodes."""

    subject: str = ""
    preheader: str = ""
    intro: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """Say how much is shown of an episode, and no more than it has.

    `reveals` counts those beside the leading ones; they, takeaways, recommendations and quotes are counted
    from the first. `headlines` tells whether the leading reveals are whole; `long` whether they can be cut.
    """

    form: Form = "line"
    dek: bool = False
    reveals: int = 0
    takeaways: int = 0
    recommendations: int = 0
    quotes: int = 0
    gist: bool = False
    headlines: bool = True
    long: bool = False


LINE = Shown()


@dataclass(frozen=True, slots=True)
class Reference:
    """Point at a page by its title."""

    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Card:
    """Show a recommendation.

    `quote` stands by paragraphs, verbatim; `time` is when it was said, and `moment` where that can be heard.
    `also` are the first few other notes that recommend the same thing, and `also_left` counts the rest.
    """

    name: str
    byline: str
    quote: tuple[str, ...]
    speaker: str
    time: str
    moment: str | None
    link: BuyLink | None
    also: tuple[Reference, ...]
    also_left: int


@dataclass(frozen=True, slots=True)
class EpisodeView:
    """Show an episode: `lead` are the reveals that catch the eye, `reveals` other ones.

    `disclosures` stand before the cards. `rest` names what only the page has, such as "4 more reveals".
    `language` and `direction` are None where they are the issue's.
    """

    form: Form
    title: str
    url: str
    facts: str
    guests: str
    language: str | None
    direction: Direction | None
    dek: Prose
    lead: tuple[Prose, ...]
    reveals: tuple[Prose, ...]
    takeaways: tuple[Prose, ...]
    disclosures: tuple[str, ...]
    cards: tuple[Card, ...]
    gist: str
    rest: tuple[str, ...]

    @property
    def onwards(self) -> str:
        """Return the words of the link to the page."""
        return f"Read it on the site{', with ' if self.rest else ''}{_listed(self.rest)}"


@dataclass(frozen=True, slots=True)
class Correction:
    """Say what was wrong in a note that readers have got."""

    episode: Reference
    text: Prose


@dataclass(frozen=True, slots=True)
class IssueContent:
    """Hold everything that the templates of an issue show.

    `unsubscribe` is an https or mailto address, the one with `TOKEN_SLOT` where a reader's token goes, and
    `preferences` is where they choose what they get, or None where there is nothing to choose; both are None
    on the page of an issue, which is nobody's own. `address` is that of the page, or None where there is
    none. `more` counts episodes that no room is for.
    """

    title: str
    subject: str
    preheader: str
    date: str
    language: str
    direction: Direction
    intro: tuple[Prose, ...]
    sections: tuple[Section, ...]
    episodes: tuple[EpisodeView, ...]
    more: int
    corrections: tuple[Correction, ...]
    outro: tuple[Prose, ...]
    theme: Theme
    logo: str | None
    address: str | None
    site_title: str
    site_address: str
    sender: str
    postal_address: str
    unsubscribe: str | None
    preferences: str | None

    @property
    def contents(self) -> tuple[EpisodeView, ...]:
        """Return the episodes that a list of contents names; none where there is nothing to choose from."""
        shown = tuple(episode for episode in self.episodes if episode.form != "line")
        return shown if len(self.episodes) > 1 else ()

    @property
    def shorts(self) -> tuple[EpisodeView, ...]:
        """Return the episodes that are shown in their short form."""
        return tuple(episode for episode in self.episodes if episode.form == "short")

    @property
    def lines(self) -> tuple[EpisodeView, ...]:
        """Return the episodes that are shown in a line each."""
        return tuple(episode for episode in self.episodes if episode.form == "line")

    @property
    def links(self) -> list[BuyLink | None]:
        """Return the buy links that an issue shows."""
        return [card.link for episode in self.episodes for card in episode.cards]


@dataclass(frozen=True, slots=True)
class Occasion:
    """Hold what an issue is made of besides its episodes: its day, and what the publisher adds.

    `address` is that of its page and `logo` that of the picture at the top, both absolute.
    """

    day: date
    address: str | None = None
    logo: str | None = None
    corrections: tuple[Correction, ...] = ()
    wording: Wording = field(default_factory=Wording)


def newsletter_of(config: Config) -> Newsletter:
    """Return the newsletter's section; raise `UsageError` where `schedule.yaml` has none."""
    if config.newsletter is None:
        raise UsageError('schedule.yaml has no "newsletter" section; see docs/configuration.md#newsletter')
    return config.newsletter


def ordered(stories: Sequence[Story]) -> list[Story]:
    """Put the episode first that announces the issue."""
    return [stories[number] for number in strongest_first([story.publication.episode for story in stories])]


def usual_lengths(stories: Sequence[Story], letter: Newsletter) -> list[Shown]:
    """Show the first few episodes whole and the others short, as many as can be named at all."""
    whole = letter.whole_episodes
    return [
        length_of(story.publication.episode, letter.sections, "whole" if number < whole else "short")
        for number, story in enumerate(stories[:MOST_EPISODES])
    ]


def length_of(episode: Episode, sections: Sequence[Section], form: Form) -> Shown:
    """Return how much is shown of an episode where nothing has to go; a *line* is `LINE`."""
    whole = form == "whole"
    first = leading(episode)
    reveals = len(episode.reveals) - len(first) if "reveals" in sections else 0
    items = episode.recommendations if "recommendations" in sections else ()
    return Shown(
        form=form,
        dek=bool(episode.dek) and "dek" in sections,
        reveals=reveals if whole else min(reveals, SHORT_REVEALS),
        takeaways=min(TAKEAWAYS, len(episode.takeaways)) if whole and "takeaways" in sections else 0,
        recommendations=len(items) if whole else min(len(items), SHORT_RECOMMENDATIONS),
        quotes=sum(item.quote is not None for item in items) if whole else 0,
        gist=whole and bool(episode.gist) and "gist" in sections,
        long="reveals" in sections
        and (len(first) > MOST_HEADLINES or any(_is_long(episode.reveals[at]) for at in first)),
    )


def compose(
    stories: Sequence[Story],
    config: Config,
    occasion: Occasion,
    lengths: Sequence[Shown] | None = None,
) -> IssueContent:
    """Make an issue of at least one episode, in the given order; `lengths` may be fewer than there are.

    Raises `UsageError` where `schedule.yaml` has no newsletter section.
    """
    letter = newsletter_of(config)
    lengths = usual_lengths(stories, letter) if lengths is None else lengths
    episodes = [story.publication.episode for story in stories[:MOST_EPISODES]]
    said = occasion.wording
    return IssueContent(
        title=letter.title,
        subject=said.subject or subject_of(episodes),
        preheader=said.preheader or preheader_of(episodes, (letter.title, config.site.description)),
        date=long_date(occasion.day),
        language=config.site.language,
        direction=direction(config.site.language),
        intro=tuple(map(inline, [said.intro] if said.intro else letter.intro)),
        sections=letter.sections,
        episodes=tuple(_view(story, shown, config) for story, shown in zip(stories, lengths, strict=False)),
        more=len(stories) - len(lengths),
        corrections=occasion.corrections,
        outro=tuple(map(inline, letter.outro)),
        theme=letter.theme,
        logo=occasion.logo,
        address=occasion.address,
        site_title=config.site.title,
        site_address=config.site.address,
        sender=letter.sender.name,
        postal_address=letter.postal_address,
        unsubscribe=unsubscribe_address(letter, TOKEN_SLOT),
        preferences=choosing_address(config, TOKEN_SLOT),
    )


def _view(story: Story, shown: Shown, config: Config) -> EpisodeView:
    episode, sections = story.publication.episode, newsletter_of(config).sections
    first = leading(episode)
    others = [reveal for at, reveal in enumerate(episode.reveals) if at not in first]
    has_reveals = "reveals" in sections
    cards = tuple(_cards(story, shown, config))
    reveals = tuple(others[: shown.reveals])
    takeaways = episode.takeaways[: shown.takeaways]
    gist = " ".join(map(plain, episode.gist)) if shown.gist else ""
    foreign = episode.language is not None and episode.language != config.site.language
    own = direction(episode.language) if episode.language else None
    return EpisodeView(
        form=shown.form,
        title=shorten(episode.title, TITLE_LIMIT),
        url=story.publication.url,
        facts=shorten(facts_line(replace(episode, show=isolated(episode.show))), FACTS_LIMIT),
        guests=_names([isolated(guest.name) for guest in episode.guests]),
        language=episode.language if foreign else None,
        direction=own if own != direction(config.site.language) else None,
        dek=episode.dek if shown.dek else (),
        lead=_lead([episode.reveals[at] for at in first], shown) if has_reveals else (),
        reveals=reveals,
        takeaways=takeaways,
        disclosures=tuple(disclosures(tuple(card.link for card in cards))),
        cards=cards,
        gist=_beginning(gist),
        rest=tuple(
            _rest(episode, len(others) - len(reveals), len(episode.takeaways) - len(takeaways), cards)
        ),
    )


def _rest(episode: Episode, reveals: int, takeaways: int, cards: Sequence[Card]) -> Iterator[str]:
    """Name what only the page has, `reveals` and `takeaways` being how many are left for it."""
    quotes = [item.quote for item in episode.recommendations[: len(cards)] if item.quote]
    left = (
        (reveals, "more reveal"),
        (takeaways, "more thing to remember"),
        (len(episode.recommendations) - len(cards), "recommendation"),
        (len(quotes) - sum(bool(card.quote) for card in cards), "quote"),
    )
    for count, noun in left:
        if count:
            yield f"{count} {noun if count == 1 else _PLURALS.get(noun, f'{noun}s')}"


def _lead(reveals: Sequence[Prose], shown: Shown) -> tuple[Prose, ...]:
    if shown.form == "line":
        return tuple(_cut(reveal, LINE_LIMIT) for reveal in reveals[:1])
    if shown.headlines:
        return tuple(reveals)
    return tuple(_cut(reveal, HEADLINE_LIMIT) for reveal in reveals[:MOST_HEADLINES])


def _cards(story: Story, shown: Shown, config: Config) -> Iterator[Card]:
    if not shown.recommendations:
        return
    episode, page = story.publication.episode, story.publication.url
    keys = story.keys if not episode.url else ()
    links = [
        _saying_where(link, page, f"{page}#{keys[number]}" if keys else page)
        for number, link in enumerate(mail_links(episode, config.merchants, page))
    ]
    also = story.also or [()] * len(episode.recommendations)
    rows = zip(episode.recommendations, links, also, strict=True)
    quotes = 0
    for item, link, others in islice(rows, shown.recommendations):
        quotes += item.quote is not None
        quote = item.quote if quotes <= shown.quotes else None
        named = others if shown.form == "whole" else ()
        yield _card(item, quote, link, named, episode)


def _card(
    item: Recommendation,
    quote: Quote | None,
    link: BuyLink | None,
    others: Sequence[Mention],
    episode: Episode,
) -> Card:
    at = quote.at if quote else None
    named = tuple(
        Reference(shorten(mention.note.title, TITLE_LIMIT), f"{mention.note.address}#{mention.key}")
        for mention in others[:MOST_ALSO]
    )
    return Card(
        name=item.name,
        byline=byline(replace(item, creator=isolated(item.creator)) if item.creator else item),
        quote=tuple(quote.text.split("\n\n")) if quote else (),
        speaker=isolated(quote.speaker or "") if quote else "",
        time=clock(at) if at is not None else "",
        moment=moment_address(episode, at) if at is not None else None,
        link=link,
        also=named,
        also_left=len(others) - len(named),
    )


def _saying_where(link: BuyLink | None, page: str, place: str) -> BuyLink | None:
    """Tell readers that a link leads to the page first; its words alone name the shop."""
    return BuyLink(place, f"{link.label} (on the episode’s page)") if link and link.url == page else link


def _names(names: Sequence[str]) -> str:
    if len(names) > MOST_GUESTS:
        names = [*names[: MOST_GUESTS - 1], f"{len(names) - MOST_GUESTS + 1} others"]
    return shorten(_listed(names), FACTS_LIMIT)


def _listed(items: Sequence[str]) -> str:
    *first, last = items or [""]
    return f"{', '.join(first)} and {last}" if first else last


def _beginning(text: str) -> str:
    """Keep the first sentences of a gist, or, where the first is too long, its first words."""
    line = " ".join(text.split())
    if len(line) <= GIST_LIMIT:
        return line
    end = max(line.rfind(mark, GIST_LIMIT // 2, GIST_LIMIT - 1) for mark in (". ", "! ", "? "))
    return f"{line[: end + 1]}\u00a0…" if end > 0 else shorten(line, GIST_LIMIT)


def _is_long(prose: Prose) -> bool:
    return sum(len(span.text) + len(span.href or "") for span in prose) > HEADLINE_LIMIT


def _cut(prose: Prose, limit: int) -> Prose:
    """Cut a paragraph to a limit in characters; its links and markings go."""
    return (Span(shorten(plain(prose), limit)),)
