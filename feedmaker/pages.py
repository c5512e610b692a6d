"""The site: a page per episode, the front page and the list of all episodes. Pure apart from templates.

The pages are HTML5 without scripts and load nothing from elsewhere. Links between them are relative, so that
they also work from disk and under any address; only the canonical link and the feeds that the head announces
are absolute. The looks are in templates/site, file by file and block by block for a project to replace.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import Any

from markupsafe import Markup

from feedmaker.config import Site
from feedmaker.content import SUMMARY_LIMIT, Content, prose_html
from feedmaker.model import Episode, Publication, plain
from feedmaker.templating import Templates
from feedmaker.text import shorten

INDEX_PATH = "index.html"
ARCHIVE_PATH = "episodes/index.html"
STYLE_PATH = "style.css"
DESCRIPTION_LIMIT = 300


@dataclass(frozen=True, slots=True)
class FeedLink:
    """Name one format of the feed; `path` is where it stands below the site's address."""

    name: str
    type: str
    path: str


FEEDS = (
    FeedLink("RSS", "application/rss+xml", "feed.xml"),
    FeedLink("Atom", "application/atom+xml", "atom.xml"),
    FeedLink("JSON Feed", "application/feed+json", "feed.json"),
)


@dataclass(frozen=True, slots=True)
class ArchiveRow:
    """Hold one line of the list of all episodes; `url` is the absolute address of the episode's page."""

    url: str
    title: str
    show: str
    aired: date


@dataclass(frozen=True, slots=True)
class Teaser:
    """Hold what the front page shows of an episode; `href` leads to its page from there."""

    href: str
    episode: Episode
    facts: str
    summary: str | None
    reveal: Markup | None


def episode_path(slug: str) -> str:
    """Return where the page of an episode stands below public/."""
    return f"episodes/{slug}/index.html"


def episode_page(templates: Templates, site: Site, publication: Publication, content: Content) -> bytes:
    """Write the page of one episode as HTML in UTF-8.

    Raises `TemplateError` where site/episode.html, or what it builds on, cannot be rendered.
    """
    edited = publication.updated != publication.published
    return _page(
        templates,
        "site/episode.html",
        site,
        episode_path(publication.slug),
        address=publication.url,
        description=shorten(content.summary, DESCRIPTION_LIMIT),
        publication=publication,
        episode=publication.episode,
        facts=content.facts,
        content=_markup(_directed(content.html)),
        published_on=publication.published.astimezone(site.zone).date(),
        updated_on=publication.updated.astimezone(site.zone).date() if edited else None,
    )


def index_page(templates: Templates, site: Site, entries: Iterable[tuple[Publication, Content]]) -> bytes:
    """Write the front page, with the given episodes in the given order, as HTML in UTF-8.

    Raises `TemplateError` where site/index.html, or what it builds on, cannot be rendered.
    """
    return _page(
        templates,
        "site/index.html",
        site,
        INDEX_PATH,
        address=site.address,
        description=site.description,
        teasers=[_teaser(site, publication, content) for publication, content in entries],
    )


def archive_page(templates: Templates, site: Site, rows: Iterable[ArchiveRow]) -> bytes:
    """Write the list of all episodes by year, the last one aired first, as HTML in UTF-8.

    Episodes of one day keep the given order. Raises `TemplateError` where site/archive.html, or what it
    builds on, cannot be rendered.
    """
    newest_first = sorted(rows, key=attrgetter("aired"), reverse=True)
    root = _root(ARCHIVE_PATH)
    years = [
        (year, [(_href(site, root, row.url), row) for row in group])
        for year, group in groupby(newest_first, key=attrgetter("aired.year"))
    ]
    return _page(
        templates,
        "site/archive.html",
        site,
        ARCHIVE_PATH,
        address=f"{site.address}episodes/",
        description=f"All {site.title} episodes by year",
        years=years,
    )


def stylesheet(templates: Templates, site: Site) -> bytes:
    """Return the stylesheet of all pages.

    A stylesheet without `{%` and `{{` is taken as it stands: `{#`, where a comment of a template begins, is
    common in compact CSS. Raises `TemplateError` where site/style.css cannot be rendered.
    """
    source = templates.source("site/style.css")
    if "{%" in source or "{{" in source:
        source = templates.render("site/style.css", site=site)
    return source.encode()


def _page(templates: Templates, name: str, site: Site, path: str, **context: Any) -> bytes:
    root = _root(path)
    return templates.render(name, site=site, root=root, feeds=FEEDS, **context).encode()


def _root(path: str) -> str:
    """Lead from a page back to the folder that holds the site."""
    return "../" * path.count("/") or "./"


def _href(site: Site, root: str, address: str) -> str:
    """Lead from a page to an address: relative within the site, absolute out of it."""
    inside = address.startswith(site.address)
    return root + address.removeprefix(site.address) if inside else address


def _teaser(site: Site, publication: Publication, content: Content) -> Teaser:
    episode = publication.episode
    href = _href(site, _root(INDEX_PATH), publication.url)
    summary = content.summary if content.summary != content.facts else None
    return Teaser(href, episode, content.facts, summary, _reveal(episode, content))


def _reveal(episode: Episode, content: Content) -> Markup | None:
    """Choose the reveal that leads, unless the summary already is that reveal."""
    if not episode.reveals:
        return None
    reveal = episode.reveals[episode.highlights[0] if episode.highlights else 0]
    said_already = content.summary == shorten(plain(reveal), SUMMARY_LIMIT)
    return None if said_already else _markup(prose_html(reveal))


def _directed(html: str) -> str:
    """Let each block of a note run in the direction of its own text.

    Feed readers drop the attribute, so content.py leaves it out. Each block begins a line there, and no line
    of the note's own text begins with a tag, for its `<` is escaped.
    """
    html = f"\n{html}"
    for tag in ("p", "li", "h3", "blockquote"):
        html = html.replace(f"\n<{tag}>", f'\n<{tag} dir="auto">')
    return html.removeprefix("\n")


def _markup(html: str) -> Markup:
    return Markup(html)  # noqa: S704 - content.py has escaped what the note says
