"""A small site for the tests of its pages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

from feedmaker import pages
from feedmaker.config import Author, Merchant, Site
from feedmaker.content import Content, render
from feedmaker.model import Episode, Publication, prose
from feedmaker.templating import Templates
from tests.content.episodes import PAID_SHOP

ADDRESS = "https://notes.example.org/pod/"
SITE = Site(
    title="Harbour Notes",
    address=ADDRESS,
    description="What was said by the water.",
    author=Author(name="Ada Moss", url="https://moss.example.net/"),
    timezone="Europe/Berlin",
)
PACKAGED = Templates(Path("no-such-folder"))
MERCHANTS: Mapping[str, Merchant] = {"shop": PAID_SHOP}
MORNING = datetime(2024, 5, 6, 8, tzinfo=UTC)
TIDES = Episode(
    "Shoreline",
    "Tides",
    date(2020, 2, 2),
    duration=3600,
    dek=prose("Why the water comes back."),
    reveals=(prose("The first tide table was a song."), prose("The moon is late.")),
)


def publish(
    episode: Episode,
    slug: str = "tides",
    *,
    published: datetime = MORNING,
    updated: datetime = MORNING,
    url: str | None = None,
) -> Publication:
    """Publish an episode, on the site itself unless it has a `url` elsewhere."""
    address = url or f"{ADDRESS}episodes/{slug}/"
    return Publication(f"tag:{slug}", slug, address, published, updated, episode)


def entry(episode: Episode, slug: str = "tides") -> tuple[Publication, Content]:
    """Publish an episode and render what it says."""
    return publish(episode, slug), render(episode, MERCHANTS)


def row(publication: Publication) -> pages.ArchiveRow:
    """Make the archive's line of an episode."""
    episode = publication.episode
    return pages.ArchiveRow(publication.url, episode.title, episode.show, episode.aired)


def build(episodes: Mapping[str, Episode], site: Site = SITE) -> dict[str, bytes]:
    """Write the whole site, by path below public/."""
    entries = [entry(episode, slug) for slug, episode in episodes.items()]
    files = {
        pages.episode_path(publication.slug): pages.episode_page(PACKAGED, site, publication, content)
        for publication, content in entries
    }
    return files | {
        pages.INDEX_PATH: pages.index_page(PACKAGED, site, entries),
        pages.ARCHIVE_PATH: pages.archive_page(PACKAGED, site, [row(item) for item, _ in entries]),
        pages.STYLE_PATH: pages.stylesheet(PACKAGED, site),
    }
