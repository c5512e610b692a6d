"""A podcast to test with, and text that tries to be more than text."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from hypothesis import strategies as st

from feedmaker.config import Config, Podcast
from feedmaker.content import render
from feedmaker.feeds.podcast import Broadcast, make_broadcast
from feedmaker.model import (
    Chapter,
    Episode,
    Guest,
    Media,
    Publication,
    Quote,
    Recommendation,
    Soundbite,
    prose,
)
from feedmaker.show_notes import show_notes

PAGE = "https://example.org/notes/episodes/e1/"
AUDIO = Media("https://media.example/a.mp3", "audio/mpeg", 61_234_567)
SITE = {
    "title": "Notes & <things>",
    "address": "https://example.org/notes/",
    "description": "What was said & recommended",
    "author": "Jane Doe",
}
PODCAST: dict[str, Any] = {"image": "https://example.org/art.jpg", "category": "Arts > Books"}
# Reading replaces control characters, so no note holds one.
_SIGNS = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff")
_SNIPPETS = (
    "<script>",
    "</li></ul>",
    "</p>",
    '"',
    "' onclick='x",
    "]]>",
    "-->",
    "{{ 7 }}",
    "&amp;",
    "&",
    "🎧",
)
HOSTILE = (
    st.lists(st.sampled_from(_SNIPPETS) | st.text(_SIGNS, max_size=9), min_size=1, max_size=5)
    .map("".join)
    .filter(str.strip)
)


def make_config(push: dict[str, Any] | None = None, **facts: Any) -> Config:
    """Make a configuration with a podcast; `facts` win over the sample's own."""
    return Config.model_validate({"site": SITE, "podcast": PODCAST | facts, "push": push or {}})


def make_section(**facts: Any) -> Podcast:
    """Make the section `podcast` of a configuration."""
    section = make_config(**facts).podcast
    assert section is not None
    return section


def endorsed(name: str, at: int | None = None, text: str = "Read it.", **facts: Any) -> Recommendation:
    """Make a recommendation with a quote of Ada's."""
    known: dict[str, Any] = {"kind": "recommended", "medium": "book", "quote": Quote(text, "Ada", at)}
    return Recommendation(name=name, **known | facts)


def make_episode(**facts: Any) -> Episode:
    """Make an episode with a recording; `facts` win over the sample's own."""
    sample: dict[str, Any] = {
        "show": "Small Machines",
        "title": "Deep & <wide>",
        "aired": date(2015, 3, 14),
        "duration": 5100,
        "audio": AUDIO,
    }
    return Episode(**sample | facts)


def full_episode(text: str = "words") -> Episode:
    """Make an episode that says the same text in every place that has room for text."""
    return make_episode(
        show=text,
        title=text,
        dek=prose(text),
        guests=(Guest(text, text, "https://people.example/?a=1&b=2", "https://people.example/g.jpg"),),
        hosts=(Guest(text),),
        gist=(prose(text),),
        reveals=(prose(text), prose(text)),
        takeaways=(prose(text),),
        recommendations=(
            Recommendation("recommended", text, text, text, True, Quote(f"{text}\n\n{text}", text, 3743)),
            Recommendation("own", "book", text),
        ),
        chapters=(Chapter(60, text, "https://example.org/?a=1&b=2", "https://example.org/c.png"),),
        soundbites=(Soundbite(70, 30, text),),
        season=2,
        number=7,
    )


def publish(episode: Episode) -> Publication:
    """Give an episode what readers know it by."""
    moment = datetime(2026, 11, 2, 8, tzinfo=UTC)
    return Publication("tag:example.org,2026:e1", "e1", PAGE, moment, moment, episode)


def notes_of(episode: Episode, page: str = PAGE, keys: tuple[str, ...] = ()) -> str:
    """Write the show notes of an episode the way a build does."""
    return show_notes(episode, render(episode, {}), page, keys)


def broadcast_of(episode: Episode, config: Config | None = None) -> Broadcast:
    """Make what the podcast feed says of an episode the way a build does."""
    keys = tuple(f"r{number}" for number, _ in enumerate(episode.recommendations))
    return make_broadcast(config or make_config(), publish(episode), render(episode, {}), keys)
