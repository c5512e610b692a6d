"""Pages that list episodes: the front page, all episodes, tags, shows. Pure apart from templates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from markupsafe import Markup

from feedmaker.config import Site
from feedmaker.content import SUMMARY_LIMIT, Content, prose_html
from feedmaker.model import Episode, Publication, plain
from feedmaker.pages import json_ld
from feedmaker.pages.page import AROUND, Around, Head, markup, write_page
from feedmaker.pages.paths import (
    ARCHIVE_PATH,
    INDEX_PATH,
    TAGS_PATH,
    address_of,
    href,
    root_of,
    show_path,
    spellings,
    tag_path,
    tag_slug,
)
from feedmaker.templating import Templates
from feedmaker.text import shorten


# A build makes one for each note, and a plain tuple is made several times as fast as a frozen dataclass.
class ArchiveRow(NamedTuple):
    """Hold one line of a list of episodes; `url` is the absolute address of the episode's page."""

    url: str
    title: str
    show: str
    aired: date


@dataclass(frozen=True, slots=True)
class Topic:
    """Hold a tag or a show and its episodes; `slug` is the last part of its address."""

    slug: str
    name: str
    rows: Sequence[ArchiveRow]


@dataclass(frozen=True, slots=True)
class Teaser:
    """Hold what the front page shows of an episode; `href` leads to its page from there."""

    href: str
    episode: Episode
    facts: str
    summary: str | None
    reveal: Markup | None


def topics(rows: Iterable[tuple[ArchiveRow, Iterable[str]]]) -> list[Topic]:
    """Gather episodes by their tags, or by their show, in the order of the alphabet.

    A tag that is written in several ways (see `tag_slug`) is called as most episodes call it.
    """
    found: dict[str, dict[ArchiveRow, None]] = {}
    names: list[str] = []
    for row, words in rows:
        for word in words:
            found.setdefault(tag_slug(word), {})[row] = None
            names.append(word)
    named = spellings(names)
    gathered = (Topic(slug, named[slug], tuple(of_slug)) for slug, of_slug in found.items())
    return sorted(gathered, key=lambda topic: (topic.name.casefold(), topic.slug))


def index_page(
    templates: Templates,
    site: Site,
    entries: Iterable[tuple[Publication, Content]],
    around: Around = AROUND,
) -> bytes:
    """Write the front page, with the given episodes in the given order, as HTML in UTF-8.

    Raises `TemplateError` where site/index.html, or what it builds on, cannot be rendered.
    """
    entries = tuple(entries)
    facts = [json_ld.website(site), *_shows(entries)]
    if entries:
        shown = ((published.episode.title, published.url) for published, _ in entries)
        facts.append(json_ld.episode_list(site.address, shown))
    head = Head(INDEX_PATH, site.title, site.description, facts, around=around)
    teasers = [_teaser(site, publication, content) for publication, content in entries]
    return write_page(templates, "site/index.html", site, head, teasers=teasers)


def archive_page(
    templates: Templates, site: Site, rows: Iterable[ArchiveRow], around: Around = AROUND
) -> bytes:
    """Write the list of all episodes by year, the last one aired first, as HTML in UTF-8.

    Episodes of one day keep the given order. Raises `TemplateError` where site/archive.html, or what it
    builds on, cannot be rendered.
    """
    trail = (("All episodes", address_of(site, ARCHIVE_PATH)),)
    head = Head(
        ARCHIVE_PATH,
        "All episodes",
        f"All {site.title} episodes by year",
        (json_ld.breadcrumbs(site, trail),),
        around=around,
    )
    return _episodes_page(templates, "site/archive.html", site, head, rows)


def tag_page(templates: Templates, site: Site, tag: Topic, around: Around = AROUND) -> bytes:
    """Write the list of the episodes of a tag, as `archive_page` does."""
    path = tag_path(tag.name)
    trail = (("Tags", address_of(site, TAGS_PATH)), (tag.name, address_of(site, path)))
    head = Head(
        path,
        f"Tagged {tag.name}",
        f"Episodes of {site.title} tagged {tag.name}",
        (json_ld.breadcrumbs(site, trail),),
        around=around,
    )
    return _episodes_page(templates, "site/tag.html", site, head, tag.rows, topic=tag)


def show_page(templates: Templates, site: Site, show: Topic, around: Around = AROUND) -> bytes:
    """Write the list of the episodes of a show, as `archive_page` does."""
    path = show_path(show.name)
    head = Head(
        path,
        show.name,
        f"Episodes of {show.name} on {site.title}",
        (json_ld.series(show.name), json_ld.breadcrumbs(site, ((show.name, address_of(site, path)),))),
        around=around,
    )
    return _episodes_page(templates, "site/show.html", site, head, show.rows, topic=show)


def tags_page(templates: Templates, site: Site, tags: Sequence[Topic], around: Around = AROUND) -> bytes:
    """Write the list of all tags, in the given order, as HTML in UTF-8; raises what `archive_page` does."""
    trail = (("Tags", address_of(site, TAGS_PATH)),)
    facts = (json_ld.breadcrumbs(site, trail),)
    head = Head(TAGS_PATH, "Tags", f"What the episodes of {site.title} are about", facts, around=around)
    return write_page(templates, "site/tags.html", site, head, tags=tags)


def _episodes_page(
    templates: Templates, name: str, site: Site, head: Head, rows: Iterable[ArchiveRow], **context: Any
) -> bytes:
    newest_first = sorted(rows, key=attrgetter("aired"), reverse=True)
    root = root_of(head.path)
    years = [
        (year, [(href(site, root, row.url), row) for row in group])
        for year, group in groupby(newest_first, key=attrgetter("aired.year"))
    ]
    return write_page(templates, name, site, head, years=years, **context)


def _shows(entries: Iterable[tuple[Publication, Content]]) -> list[json_ld.Node]:
    """Name the show of a page's episodes to machines, where they are of one."""
    shows = {publication.episode.show for publication, _ in entries}
    return [json_ld.series(show) for show in shows] if len(shows) == 1 else []


def _teaser(site: Site, publication: Publication, content: Content) -> Teaser:
    episode = publication.episode
    address = href(site, root_of(INDEX_PATH), publication.url)
    summary = content.summary if content.summary != content.facts else None
    return Teaser(address, episode, content.facts, summary, _reveal(episode, content))


def _reveal(episode: Episode, content: Content) -> Markup | None:
    """Choose the reveal that leads, unless the summary already is that reveal."""
    if not episode.reveals:
        return None
    reveal = episode.reveals[episode.highlights[0] if episode.highlights else 0]
    said_already = content.summary == shorten(plain(reveal), SUMMARY_LIMIT)
    return None if said_already else markup(prose_html(reveal))
