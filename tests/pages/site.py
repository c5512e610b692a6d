"""A small site for the tests of its pages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from feedmaker import pages
from feedmaker.catalogue import Catalogue, Listed, make_catalogue
from feedmaker.config import Author, Merchant, Site
from feedmaker.content import Content, render
from feedmaker.feeds.outline import FEED_STYLE_PATH
from feedmaker.model import Episode, Publication, prose
from feedmaker.notes.note import facts_of
from feedmaker.templating import Templates
from tests.content.episodes import PAID_SHOP
from tests.content.reader import Element

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


def listed(publication: Publication) -> Listed:
    """Make what the catalogue knows of an episode, in a file named by its slug."""
    episode = publication.episode
    named = facts_of("", episode).recommendations
    keys = pages.default_keys(episode)
    return Listed(publication.slug, publication.url, episode.title, episode.show, episode.aired, named, keys)


def build(episodes: Mapping[str, Episode], site: Site = SITE) -> dict[str, bytes]:
    """Write the whole site, by path below public/; the episodes stand from the oldest on."""
    entries = [entry(episode, slug) for slug, episode in episodes.items()]
    published = [publication for publication, _ in entries]
    catalogue = make_catalogue(map(listed, published))
    rows = [(row(publication), publication.episode) for publication in published]
    tags = pages.topics((line, episode.tags) for line, episode in rows)
    shows = pages.topics((line, [episode.show]) for line, episode in rows)
    places = [pages.Place(publication.url, publication.updated) for publication in published]
    return {
        **{
            pages.episode_path(publication.slug): _episode(site, publication, content, catalogue)
            for publication, content in entries
        },
        **{
            things.path: pages.recommendations_page(PACKAGED, site, things)
            for things in pages.thing_lists(catalogue)
        },
        **{pages.tag_path(tag.name): pages.tag_page(PACKAGED, site, tag) for tag in tags},
        **{pages.show_path(show.name): pages.show_page(PACKAGED, site, show) for show in shows},
        pages.INDEX_PATH: pages.index_page(PACKAGED, site, entries),
        pages.ARCHIVE_PATH: pages.archive_page(PACKAGED, site, [line for line, _ in rows]),
        pages.TAGS_PATH: pages.tags_page(PACKAGED, site, tags),
        pages.STYLE_PATH: pages.stylesheet(PACKAGED, site),
        FEED_STYLE_PATH: pages.feed_stylesheet(PACKAGED, site),
        pages.SITEMAP_PATH: pages.sitemap(site, places),
        pages.ROBOTS_PATH: pages.robots(site),
    }


def _episode(site: Site, publication: Publication, content: Content, catalogue: Catalogue) -> bytes:
    keys = pages.default_keys(publication.episode)
    also = [catalogue.others(publication.slug, key) for key in keys]
    return pages.episode_page(PACKAGED, site, publication, content, keys, also, has_show_page=True)


def facts_on(page: Element) -> list[dict[str, Any]]:
    """Return what a page says to machines: the nodes of its JSON-LD."""
    data = json.loads(page.one("script", type="application/ld+json").text)
    assert list(data) == ["@context", "@graph"]
    assert data["@context"] == "https://schema.org"
    return list(data["@graph"])


def fact_on(page: Element, kind: str) -> dict[str, Any]:
    """Return the only node of a type."""
    (found,) = [node for node in facts_on(page) if node["@type"] == kind]
    return found
