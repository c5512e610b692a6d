"""The page of an episode. Pure apart from templates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from feedmaker.catalogue import Mention
from feedmaker.config import Site
from feedmaker.content import RECOMMENDED, Content, moment_address
from feedmaker.model import Chapter, Episode, Media, Publication
from feedmaker.pages import json_ld
from feedmaker.pages.mentions import MentionLink, mention_link
from feedmaker.pages.page import AROUND, Around, Head, markup, write_page
from feedmaker.pages.paths import (
    ARCHIVE_PATH,
    address_of,
    episode_path,
    root_of,
    show_path,
    tag_path,
    tag_slug,
)
from feedmaker.templating import Templates
from feedmaker.text import shorten

DESCRIPTION_LIMIT = 300
MOST_ALSO = 5
"""How many other notes a page names that recommend the same."""
_FORMS = {
    "application/json": "JSON",
    "application/srt": "SubRip",
    "application/x-subrip": "SubRip",
    "text/html": "a page",
    "text/plain": "plain text",
    "text/srt": "SubRip",
    "text/vtt": "WebVTT",
}


@dataclass(frozen=True, slots=True)
class Card:
    """Hold what the page shows of a recommendation.

    `also` are the first few of those that there are, and `has_more` tells whether there are others.
    """

    key: str
    html: Markup
    also: Sequence[MentionLink]
    has_more: bool


@dataclass(frozen=True, slots=True)
class ChapterLine:
    """Hold a chapter, and where it can be seen or heard."""

    chapter: Chapter
    address: str | None


def episode_page(
    templates: Templates,
    site: Site,
    publication: Publication,
    content: Content,
    keys: Sequence[str] = (),
    also: Sequence[Sequence[Mention]] = (),
    around: Around = AROUND,
    *,
    has_show_page: bool = False,
) -> bytes:
    """Write the page of one episode as HTML in UTF-8.

    `keys` are the fragments of its recommendations, unique among them, and `also` their mentions in other
    notes, from the oldest on; both in the order of the note. Raises `TemplateError` where
    site/episode.html, or what it builds on, cannot be rendered.
    """
    said = publication.episode
    keys = keys or default_keys(said)
    root = root_of(episode_path(publication.slug))
    published_on, updated_on = (
        moment.astimezone(site.zone).date() for moment in (publication.published, publication.updated)
    )
    return write_page(
        templates,
        "site/episode.html",
        site,
        _head(site, publication, content, keys, around),
        publication=publication,
        episode=said,
        facts=content.facts.removeprefix(said.show),
        show_href=root + show_path(said.show).removesuffix("index.html") if has_show_page else None,
        body=markup(_directed(content.body)),
        recommended=RECOMMENDED,
        notices=markup(_directed(content.notices)),
        cards=list(_cards(site, root, content, keys, also)),
        chapters=[ChapterLine(chapter, moment_address(said, chapter.at)) for chapter in said.chapters],
        transcripts=_named_transcripts(said.transcripts),
        tags=[(tag, root + tag_path(tag).removesuffix("index.html")) for tag in said.tags],
        published_on=published_on,
        updated_on=updated_on if updated_on != published_on else None,
    )


def _head(
    site: Site, publication: Publication, content: Content, keys: Sequence[str], around: Around
) -> Head:
    said = publication.episode
    description = shorten(content.summary, DESCRIPTION_LIMIT)
    trail = (("All episodes", address_of(site, ARCHIVE_PATH)), (said.title, publication.url))
    facts = (
        json_ld.page(site, publication, description),
        json_ld.episode(site, publication, description, keys),
        json_ld.breadcrumbs(site, trail),
    )
    return Head(
        episode_path(publication.slug),
        said.title,
        description,
        facts,
        "article",
        image=said.image,
        address=publication.url,
        around=around,
    )


def default_keys(episode: Episode) -> tuple[str, ...]:
    """Make keys for the recommendations of an episode of which nothing is remembered."""
    keys: list[str] = []
    for item in episode.recommendations:
        slug = tag_slug(item.name)
        keys.append(slug if slug not in keys else f"{slug}-{len(keys) + 1}")
    return tuple(keys)


def _cards(
    site: Site, root: str, content: Content, keys: Sequence[str], also: Sequence[Sequence[Mention]]
) -> Iterator[Card]:
    nowhere: Sequence[Mention] = ()
    for number, (html, key) in enumerate(zip(content.cards, keys, strict=True)):
        mentions = also[number] if also else nowhere
        links = [mention_link(site, root, mention) for mention in mentions[:MOST_ALSO]]
        yield Card(key, markup(_directed(html)), links, len(mentions) > len(links))


def _named_transcripts(transcripts: Sequence[Media]) -> list[tuple[str, Media]]:
    """Say what each transcript is, where there are several to choose from."""
    if len(transcripts) == 1:
        return [("Read the transcript", transcripts[0])]
    return [(f"Transcript as {_FORMS.get(item.type, item.type)}", item) for item in transcripts]


def _directed(html: str) -> str:
    """Let each block of a note run in the direction of its own text.

    Feed readers drop the attribute, so content.py leaves it out. Each block begins a line there, and no line
    of the note's own text begins with a tag, for its `<` is escaped.
    """
    html = f"\n{html}"
    for tag in ("p", "li", "h3", "blockquote"):
        html = html.replace(f"\n<{tag}>", f'\n<{tag} dir="auto">')
    return html.removeprefix("\n")
