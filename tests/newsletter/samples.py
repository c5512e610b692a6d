"""Two invented episodes and a configuration, for every test of the newsletter."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from feedmaker.config import Config
from feedmaker.content import render
from feedmaker.model import Episode, Guest, Link, Publication, Quote, Recommendation, Span, prose
from feedmaker.newsletter.issue import IssueContent, Occasion, Story, compose
from feedmaker.newsletter.mjml import render_html
from feedmaker.newsletter.plain_text import render_text
from feedmaker.templating import Templates

DAY = date(2026, 11, 27)
OCCASION = Occasion(DAY)
DISCLOSURE = "Links marked (paid link) earn us a commission if you buy; the price stays the same."
POSTAL_ADDRESS = "Quay Notes, 4 Ropewalk, 1234 Harbourtown"

HARBOUR = Episode(
    show="Tide Tables",
    title="Why harbours silt up, and what a willow can do about it (Marit Oyelaran)",
    aired=date(2026, 11, 12),
    duration=4353,
    dek=(
        Span("A river engineer explains why dredging makes the next dredging more expensive, and shows the "),
        Span("willow mattresses", emphasis=True),
        Span(" that her grandfather sank in the same estuary."),
    ),
    guests=(Guest("Marit Oyelaran", "River engineer; rebuilt the Lower Vell estuary"),),
    gist=(
        prose(
            "Harbours are built where rivers slow down, which is exactly where rivers drop what they carry. "
            "Oyelaran walks through forty years of soundings from one small port and shows how each dredging "
            "steepened the channel, so that the next winter filled it faster."
        ),
        prose(
            "Her answer is old: brushwood mattresses that make the water drop its load upstream, where "
            "nobody needs the depth. She says what they cost, where they failed, and why insurers like them."
        ),
    ),
    reveals=(
        prose("The port spent more on dredging in nine years than the whole harbour had cost to build."),
        prose(
            "A channel that is dug 20 % deeper fills about twice as fast, because the slope pulls the next "
            "winter’s silt in with it."
        ),
        prose("Two of the five willow mattresses failed; both had been laid in summer."),
        (
            Span("The soundings are public, and anyone can "),
            Span("read the forty-year series", href="https://soundings.example.org/vell?from=1986&to=2026"),
            Span("."),
        ),
    ),
    takeaways=(
        prose("Silt is measured in barge loads because a cubic metre of it changes size as it dries."),
        prose("Willow roots from the cut side up; laid the other way round, a mattress is just firewood."),
        prose("The oldest mattress in the estuary was found by a diver looking for an anchor."),
        prose("Insurers price a silted berth like a berth that burned down."),
        prose("Eels came back before the engineers noticed that the water was clearer."),
    ),
    recommendations=(
        Recommendation(
            "recommended",
            "book",
            "The Patience of Rivers",
            "Ilse Brandt",
            quote=Quote(
                "it’s um the only book where the author says <I don’t know> and then goes & measures it. "
                "I gave away four copies -- four!",
                "Marit Oyelaran",
                2531,
            ),
            link=Link("amazon:The Patience of Rivers"),
        ),
        Recommendation(
            "own",
            "product",
            "Sounding Line",
            "Oyelaran & Daughters",
            quote=Quote(
                "So this is the thing I wish I’d had at twenty. It’s a rope with a computer in it.\n\n"
                "And no, you can’t break it… I have tried.",
                "Marit Oyelaran",
                3907,
            ),
            link=Link("https://soundingline.example/buy", "See the Sounding Line"),
        ),
        Recommendation("recommended", "media", "Low Water", "Radio Vell", creator_inferred=True),
    ),
    highlights=(1, 0),
)

BREAD = Episode(
    show="Crumb",
    title="Bread at 3,000 metres",
    aired=date(2026, 11, 15),
    dek=prose("A baker from a mountain hut on what happens to dough where water boils at 90 degrees."),
    reveals=(
        prose("She bakes at night because the hut’s generator is quieter then, not because of tradition."),
    ),
    recommendations=(
        Recommendation(
            "recommended",
            "product",
            "A pressure gauge for bicycle tyres",
            quote=Quote("Throw the oven thermometer away.", None, 611),
            link=Link("amazon:product/B0EXAMPLE1"),
        ),
    ),
)


def config(*, mail: str = "page", tag: str | None = None, **newsletter: Any) -> Config:
    """Make a configuration; with a tag, the merchant's links are paid."""
    return Config.model_validate(
        {
            "site": {
                "title": "Quay Notes",
                "address": "https://notes.example.org/",
                "author": "The Quay Notes team",
            },
            "merchants": {"amazon": {"mail": mail} | ({"tag": tag} if tag else {})},
            "newsletter": {
                "title": "The Quay Letter",
                "from": {"name": "Quay Notes", "email": "letter@notes.example.org"},
                "postal_address": POSTAL_ADDRESS,
                **newsletter,
            },
        }
    )


def story(episode: Episode, slug: str = "an-episode") -> Story:
    """Publish an episode under a slug."""
    moment = datetime(2026, 11, 20, 8, tzinfo=UTC)
    address = f"https://notes.example.org/episodes/{slug}/"
    return Story(Publication(f"tag:{slug}", slug, address, moment, moment, episode), render(episode, {}))


def stories(*episodes: Episode) -> list[Story]:
    """Publish the given episodes, or both."""
    return [story(episode, f"episode-{n}") for n, episode in enumerate(episodes or (HARBOUR, BREAD))]


def issue(*episodes: Episode, settings: Config | None = None, occasion: Occasion = OCCASION) -> IssueContent:
    """Compose an issue of the given episodes, or of both."""
    return compose(stories(*episodes), settings or config(), occasion)


@cache
def templates(folder: Path = Path("no-such-folder")) -> Templates:
    """Find the templates of a project folder, by default the packaged ones; they are compiled once."""
    return Templates(folder)


def parts(content: IssueContent, folder: Path = Path("no-such-folder")) -> tuple[str, str]:
    """Render both parts of an issue with the templates of a project folder, by default the packaged ones."""
    found = templates(folder)
    return render_html(content, found), render_text(content, found)


def quoting(text: str) -> Episode:
    """Make an episode that quotes a text."""
    return replace(BREAD, recommendations=(Recommendation("own", "book", "A book", quote=Quote(text)),))
