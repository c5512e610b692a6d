"""A foreign item → an episode, and what of it a note cannot hold. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, cast
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from feedmaker.importing.foreign import Collected, ForeignFeed, ForeignItem, Loss, whole_number
from feedmaker.importing.html import Document, plain_text, read_markup
from feedmaker.importing.sections import Sections, read_sections
from feedmaker.model import (
    Episode,
    EpisodeType,
    Guest,
    Kind,
    Media,
    Prose,
    Quote,
    Recommendation,
    Span,
    plain,
)
from feedmaker.notes.lines import one_line
from feedmaker.notes.prose import tidy
from feedmaker.notes.values import LONGEST, parse_date
from feedmaker.text import LANGUAGE_TAG, shorten
from feedmaker.uri import is_iri

_LONGEST_TITLE = 500
_LONGEST_ID = 300
_LONGEST_MEDIUM = 40
_FIRST_WORDS = 80
_LANGUAGE = re.compile(LANGUAGE_TAG)
_PARAGRAPHS = re.compile(r"\n\n+")
_TYPES = ("full", "trailer", "bonus")


@dataclass(frozen=True, slots=True)
class Terms:
    """Hold what the project says of itself, by which a foreign feed becomes its own.

    `address` is that of the site, `known` holds the ids that it has already, `taken` what its notes are
    known by: show, title and date.
    """

    address: str
    language: str
    author: str
    zone: str
    now: datetime
    known: frozenset[str] = frozenset()
    taken: frozenset[tuple[str, str, date]] = frozenset()


@dataclass(frozen=True, slots=True)
class Dated:
    """Hold an item under its final id with the times that readers will see, both zoned."""

    id: str
    published: datetime
    updated: datetime
    item: ForeignItem
    lost: tuple[Loss, ...]


def make_episode(dated: Dated, feed: ForeignFeed, terms: Terms) -> tuple[Episode, tuple[Loss, ...]]:
    """Make the episode of an item."""
    item, collected = dated.item, Collected("")
    content, summary = read_markup(item.content), read_markup(item.summary)
    if not content.blocks:
        content, summary = summary, Document((), {})
    found = read_sections(content.blocks, summary.blocks)
    recover_data(found, item.data)
    audio = _recording(item.media, collected)
    url, slug = _page(item.link, terms)
    episode = Episode(
        show=found.show or one_line(feed.title) or _host(feed) or "Untitled",
        title=_title(item, found, collected),
        aired=found.aired or dated.published.astimezone(ZoneInfo(terms.zone)).date(),
        duration=found.duration or item.duration,
        dek=found.dek,
        guests=tuple(found.guests),
        gist=tuple(found.gist),
        reveals=tuple(found.reveals),
        takeaways=tuple(found.takeaways),
        recommendations=tuple(found.recommendations),
        tags=item.tags,
        language=_language(item, feed, terms, collected),
        url=url,
        image=item.image,
        audio=audio,
        transcripts=item.transcripts,
        season=item.season,
        number=item.number,
        type=_type(item, collected),
        explicit=item.explicit,
        chapters=item.chapters,
        id=dated.id if is_iri(dated.id) and len(dated.id) <= _LONGEST_ID else None,
        slug=slug,
        published=dated.published,
        updated=dated.updated if dated.updated > dated.published else None,
    )
    episode = _with_facts_of_recording(episode, item.data or {})
    _lose_authors(item, feed, terms, collected)
    for what, count in [*content.lost.items(), *summary.lost.items(), *found.lost.items()]:
        collected.lost += [Loss(what)] * count
    return episode, (*dated.lost, *item.lost, *collected.lost)


def _title(item: ForeignItem, found: Sections, collected: Collected) -> str:
    """Return the title, or the first words where there is none."""
    title = one_line(plain_text(item.title))
    if len(title) > _LONGEST_TITLE:
        collected.lose("ends of titles", title)
        title = shorten(title, _LONGEST_TITLE)
    if title:
        return title
    texts = map(plain, (found.dek, *found.gist, *found.reveals, *found.takeaways))
    return one_line(shorten(next(filter(None, texts), ""), _FIRST_WORDS)) or "Untitled"


def _recording(media: Sequence[Media], collected: Collected) -> Media | None:
    """Choose the first recording; a note has room for one."""
    audio = next((each for each in media if each.type.startswith(("audio/", "video/"))), None)
    for each in media:
        if each is not audio:
            collected.lose("files beyond the first recording", each.url)
    return audio


def _page(link: str | None, terms: Terms) -> tuple[str | None, str | None]:
    """Return the old address of the page, or the slug where it was made by this very project."""
    slug = (link or "").removeprefix(f"{terms.address}episodes/").removesuffix("/")
    if link == f"{terms.address}episodes/{slug}/" and re.fullmatch(
        r"[a-z0-9](?:[a-z0-9-]{0,98}[a-z0-9])?", slug
    ):
        return None, slug
    return link, None


def _host(feed: ForeignFeed) -> str:
    return urlsplit(feed.home or "").hostname or ""


def _language(item: ForeignItem, feed: ForeignFeed, terms: Terms, collected: Collected) -> str | None:
    """Return the language where it is not the site's own."""
    said = one_line(item.language or feed.language or "").replace("_", "-")
    if said and not _LANGUAGE.fullmatch(said):
        collected.lose("languages", said)
        return None
    return said if said and said.lower() != terms.language.lower() else None


def _type(item: ForeignItem, collected: Collected) -> EpisodeType | None:
    if item.type and item.type not in _TYPES:
        collected.lose("types of episodes", item.type)
    return cast(EpisodeType, item.type) if item.type in _TYPES else None


def _lose_authors(item: ForeignItem, feed: ForeignFeed, terms: Terms, collected: Collected) -> None:
    """Note authors that are not the site's own: an episode's author is always that."""
    for name in item.authors:
        if name != terms.author and name not in feed.authors:
            collected.lose("authors of single items", name)


def recover_data(found: Sections, data: Mapping[str, Any] | None) -> None:
    """Take what feedmaker wrote beside the text, which is exact; the text adds emphasis and links."""
    if not data:
        return
    found.show = _line(data, "show") or found.show
    found.aired = parse_date(_line(data, "aired")) or found.aired
    duration = data.get("duration_in_seconds")
    if isinstance(duration, int) and 0 < duration <= LONGEST:
        found.duration = duration
    gist = data.get("gist")
    found.gist = _recovered(found.gist, _PARAGRAPHS.split(gist) if isinstance(gist, str) else None)
    found.reveals = _recovered(found.reveals, data.get("reveals"))
    found.takeaways = _recovered(found.takeaways, data.get("takeaways"))
    guests = [
        Guest(_line(each, "name"), _line(each, "bio") or None)
        for each in _records(data, "guests")
        if _line(each, "name")
    ]
    found.guests = guests or found.guests
    links = {item.name: item.link for item in found.recommendations}
    items = [_recommendation(each) for each in _records(data, "recommendations") if _line(each, "name")]
    if items:
        found.recommendations = [replace(item, link=links.get(item.name)) for item in items]


def _with_facts_of_recording(episode: Episode, data: Mapping[str, Any]) -> Episode:
    """Take what feedmaker wrote of the recording; RSS has elements of its own for most of it."""
    collected, explicit = Collected(""), data.get("explicit")
    given = [
        collected.media(each.get("url"), each.get("type"), what="") for each in _records(data, "transcripts")
    ]
    return replace(
        episode,
        season=episode.season or whole_number(data.get("season")),
        number=episode.number or whole_number(data.get("episode")),
        explicit=explicit if isinstance(explicit, bool) else episode.explicit,
        video=collected.address(data.get("video"), ""),
        transcripts=episode.transcripts or tuple(media for media in given if media),
    )


def _recovered(shown: list[Prose], texts: object) -> list[Prose]:
    if not isinstance(texts, list):
        return shown
    exact = [text for text in texts if isinstance(text, str)]
    if [plain(paragraph) for paragraph in shown] == exact:
        return shown
    return [paragraph for text in exact if (paragraph := tidy([Span(text)]))]


def _recommendation(data: Mapping[str, Any]) -> Recommendation:
    quote = data.get("quote")
    creator = _line(data, "creator") or None
    kind: Kind = "own" if data.get("kind") == "own" else "recommended"
    return Recommendation(
        kind,
        _line(data, "medium").lower()[:_LONGEST_MEDIUM] or "product",
        _line(data, "name"),
        creator,
        creator is not None and data.get("creator_inferred") is True,
        _quote(quote) if isinstance(quote, dict) else None,
    )


def _quote(data: Mapping[str, Any]) -> Quote | None:
    text, at = data.get("text"), data.get("at_in_seconds")
    if not isinstance(text, str) or not text.strip():
        return None
    exact = at if isinstance(at, int) and not isinstance(at, bool) and 0 <= at <= LONGEST else None
    return Quote(text.strip(), _line(data, "speaker") or None, exact)


def _line(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    return one_line(value) if isinstance(value, str) else ""


def _records(data: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = data.get(key)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
