"""An invented note that templates are tried with: every part is filled, with what notes may say. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

from feedmaker.config import Config
from feedmaker.content import Content, render
from feedmaker.lock import page_address
from feedmaker.model import (
    Chapter,
    Episode,
    Guest,
    Link,
    Media,
    Publication,
    Quote,
    Recommendation,
    Soundbite,
    Span,
    prose,
)

SIGNS = "1 < 2 & 3 > 2, {{ 7*7 }} {% endblock %} {# no comment #} <mj-text> </p> \"both\" 'kinds'"
_LONG_WORD = "Siebenhundertsiebenundsiebzig" * 10 + "weitsichtig"
_RIGHT_TO_LEFT = "שלום עולם, مرحبا بالعالم"
_EMOJI = "👩🏽‍🚀 🏳️‍🌈 🧵"
DAY = date(2026, 1, 5)
MOMENT = datetime(2026, 1, 5, 8, tzinfo=UTC)
_ADDRESS = "https://example.org/lamp?a=1&b=%22#top"

FULL = Episode(
    show=f"The Lamp Room & Sons {_EMOJI}",
    title=f"Who lights the lamps: {SIGNS}",
    aired=date(2025, 12, 31),
    duration=7265,
    dek=(
        Span("A keeper counts the steps, "),
        Span("aloud", strong=True, emphasis=True),
        Span(", and "),
        Span("link", href=_ADDRESS),
        Span(f" {SIGNS}"),
    ),
    guests=(
        Guest(
            "Ottoline Farr",
            f"Keeper of lamps {SIGNS}",
            "https://example.org/farr",
            "https://example.org/f.jpg",
        ),
        Guest(_RIGHT_TO_LEFT),
    ),
    gist=(prose(f"Every evening two hundred lamps are lit by hand. {SIGNS}"), prose(_RIGHT_TO_LEFT)),
    reveals=(
        prose(f"Half of the lamps light nobody’s way. {SIGNS}"),
        prose(_LONG_WORD),
        (Span("<script>", code=True), Span(f" {_EMOJI} "), Span(_RIGHT_TO_LEFT, href=_ADDRESS)),
    ),
    takeaways=tuple(prose(f"Lamp {number} has a name. {SIGNS}") for number in range(1, 6)),
    recommendations=(
        Recommendation(
            "recommended",
            "book",
            f"Wicks: {SIGNS}",
            "Ana Holm",
            creator_inferred=True,
            quote=Quote(f"I read it by its own light.\n\n{SIGNS}", "Ottoline Farr", 3725),
            link=Link(_ADDRESS, f"Find it {SIGNS}"),
        ),
        Recommendation("own", "product", _LONG_WORD, quote=Quote(_RIGHT_TO_LEFT)),
        Recommendation("recommended", "media", _EMOJI),
    ),
    tags=("lamps & light", _RIGHT_TO_LEFT),
    highlights=(1, 0),
    language="he",
    image="https://example.org/lamp.jpg",
    video="https://example.org/watch?v=1",
    audio=Media("https://example.org/lamp.mp3", "audio/mpeg", 1234567),
    transcripts=(
        Media("https://example.org/lamp.vtt", "text/vtt"),
        Media("https://example.org/lamp.html", "text/html"),
    ),
    season=2,
    number=7,
    type="bonus",
    explicit=False,
    hosts=(Guest("Wim <Host>"),),
    chapters=(Chapter(0, f"Dusk {SIGNS}"), Chapter(60, _LONG_WORD, _ADDRESS, "https://example.org/c.jpg")),
    soundbites=(Soundbite(30, 20, SIGNS),),
)
BARE = Episode("Plain Talk", "A note of nothing but a title", date(2025, 12, 30))


def sample_entries(config: Config) -> Sequence[tuple[Publication, Content]]:
    """Publish the full note and one that leaves out all that can be left out."""
    later = datetime(2026, 2, 1, 8, tzinfo=UTC)
    return [_entry(config, "sample", FULL, later), _entry(config, "bare", BARE, MOMENT)]


def _entry(config: Config, slug: str, episode: Episode, updated: datetime) -> tuple[Publication, Content]:
    address = page_address(config.site, slug)
    publication = Publication(f"tag:example.org,2026:{slug}", slug, address, MOMENT, updated, episode)
    return publication, render(episode, config.merchants)
