"""The facts of a page for machines: JSON-LD in the words of schema.org. Pure.

docs/pages.md lists the types. Nothing is said that the page does not say too, and no guess: an inferred
creator is left out. Absent facts are absent members.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from feedmaker.catalogue import Thing
from feedmaker.config import Site
from feedmaker.content import moment_address
from feedmaker.model import Episode, Guest, Publication, Quote, Recommendation

Node = Mapping[str, Any]

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)

_WRITTEN = ("Book", "Audiobook", "Article", "ScholarlyArticle")
_TYPES = {
    "album": "MusicAlbum",
    "app": "SoftwareApplication",
    "article": "Article",
    "audiobook": "Audiobook",
    "book": "Book",
    "course": "Course",
    "essay": "Article",
    "film": "Movie",
    "game": "Game",
    "media": "CreativeWork",
    "movie": "Movie",
    "music": "MusicRecording",
    "paper": "ScholarlyArticle",
    "podcast": "PodcastSeries",
    "product": "Product",
    "series": "TVSeries",
    "service": "Service",
    "show": "TVSeries",
    "software": "SoftwareApplication",
    "song": "MusicRecording",
    "talk": "CreativeWork",
    "tv": "TVSeries",
    "video": "VideoObject",
    "video game": "VideoGame",
    "website": "WebSite",
}
# With these escaped, no text can end the script element that it stands in.
_ESCAPES = (
    ("&", "\\u0026"),
    ("<", "\\u003c"),
    (">", "\\u003e"),
    ("\u2028", "\\u2028"),
    ("\u2029", "\\u2029"),
)


def dump(nodes: Sequence[Node]) -> str:
    """Write nodes as one document that can stand in a script element, whatever their texts are."""
    graph = {"@context": "https://schema.org", "@graph": nodes}
    text = _ENCODER.encode(graph)
    for sign, escaped in _ESCAPES:
        text = text.replace(sign, escaped)
    return text


def website(site: Site) -> Node:
    """Describe the site."""
    return _node(
        "WebSite",
        {"@id": f"{site.address}#website"},
        name=site.title,
        url=site.address,
        description=site.description,
        inLanguage=site.language,
        image=site.image,
        author=author(site),
    )


def author(site: Site) -> Node:
    """Describe who writes the notes."""
    return _node("Person", name=site.author.name, url=site.author.url)


def breadcrumbs(site: Site, steps: Iterable[tuple[str, str]]) -> Node:
    """Say where a page stands: the names and addresses on the way to it from the front page."""
    trail = [(site.title, site.address), *steps]
    items = [
        {"@type": "ListItem", "position": position, "name": name, "item": address}
        for position, (name, address) in enumerate(trail, 1)
    ]
    return _node("BreadcrumbList", itemListElement=items)


def episode_list(address: str, episodes: Iterable[tuple[str, str]]) -> Node:
    """List episodes by title and address."""
    items = [
        {"@type": "ListItem", "position": position, "name": title, "url": url}
        for position, (title, url) in enumerate(episodes, 1)
    ]
    return _node("ItemList", {"@id": f"{address}#list"}, numberOfItems=len(items), itemListElement=items)


def thing_list(address: str, things: Iterable[Thing]) -> Node:
    """List recommended things."""
    items = [
        {"@type": "ListItem", "position": position, "item": _thing(thing)}
        for position, thing in enumerate(things, 1)
    ]
    return _node("ItemList", {"@id": f"{address}#list"}, numberOfItems=len(items), itemListElement=items)


def _thing(thing: Thing) -> dict[str, Any]:
    return _work(thing.name, thing.medium, None if thing.creator_inferred else thing.creator)


def series(show: str) -> Node:
    """Describe a show."""
    return _node("PodcastSeries", name=show)


def page(site: Site, publication: Publication, description: str) -> Node:
    """Describe the page of an episode, which has dates and an author of its own."""
    return _node(
        "WebPage",
        {"@id": publication.url},
        url=publication.url,
        name=publication.episode.title,
        description=description,
        datePublished=_local(publication.published, site.zone),
        dateModified=_local(publication.updated, site.zone),
        inLanguage=publication.episode.language or site.language,
        image=publication.episode.image,
        author=author(site),
        isPartOf={"@id": f"{site.address}#website"},
        mainEntity={"@id": _episode_id(publication.url)},
    )


def episode(site: Site, publication: Publication, description: str, keys: Sequence[str]) -> Node:
    """Describe an episode; `keys` are the fragments at which the page shows each recommendation."""
    said = publication.episode
    heard = [_person(person) for person in (*said.guests, *said.hosts)]
    season = _node("PodcastSeason", seasonNumber=said.season) if said.season is not None else None
    return _node(
        "PodcastEpisode",
        {"@id": _episode_id(publication.url)},
        name=said.title,
        url=publication.url,
        description=description,
        datePublished=said.aired.isoformat(),
        duration=_duration(said.duration),
        inLanguage=said.language or site.language,
        image=said.image,
        episodeNumber=said.number,
        partOfSeries=series(said.show),
        partOfSeason=season,
        actor=heard,
        author=[_person(person) for person in said.hosts],
        keywords=list(said.tags),
        associatedMedia=_recordings(said),
        hasPart=list(_clips(said)),
        mentions=[
            _recommended(said, item, publication.url, key)
            for item, key in zip(said.recommendations, keys, strict=True)
        ],
    )


def _node(_type: str, _identity: Mapping[str, str] | None = None, **members: Any) -> dict[str, Any]:
    """Make a node of what is there."""
    return {
        "@type": _type,
        **(_identity or {}),
        **{name: value for name, value in members.items() if value not in (None, [])},
    }


def _episode_id(address: str) -> str:
    return f"{address}#episode_facts"


def _person(person: Guest) -> Node:
    return _node("Person", name=person.name, description=person.bio, url=person.url, image=person.image)


def _local(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).isoformat(timespec="seconds")


def _duration(seconds: int | None) -> str | None:
    """Write a length as ISO 8601 has it: PT1H25M."""
    if not seconds:
        return None
    parts = ((seconds // 3600, "H"), (seconds // 60 % 60, "M"), (seconds % 60, "S"))
    return "PT" + "".join(f"{number}{unit}" for number, unit in parts if number)


def _recordings(said: Episode) -> Sequence[Node]:
    captions = [
        _node("MediaObject", contentUrl=transcript.url, encodingFormat=transcript.type)
        for transcript in said.transcripts
    ]
    audio, recordings = said.audio, []
    if audio:
        size = str(audio.length) if audio.length else None
        recordings.append(
            _node(
                "AudioObject",
                contentUrl=audio.url,
                encodingFormat=audio.type,
                contentSize=size,
                duration=_duration(said.duration),
                caption=captions,
            )
        )
    if said.video:
        recordings.append(_node("VideoObject", name=said.title, url=said.video))
    return recordings


def _clips(said: Episode) -> Iterator[Node]:
    within = [each for each in said.chapters if said.duration is None or each.at < said.duration]
    ends = [chapter.at for chapter in within[1:]]
    for chapter, end in zip(within, [*ends, said.duration], strict=False):
        address = moment_address(said, chapter.at)
        yield _node("Clip", name=chapter.title, startOffset=chapter.at, endOffset=end, url=address)


def _recommended(said: Episode, item: Recommendation, address: str, key: str) -> Node:
    creator = None if item.creator_inferred else item.creator
    quoted = _quotation(said, item.quote, address) if item.quote else None
    work = _work(item.name, item.medium, creator)
    named = {"@id": f"{address}#{key}", **work}
    return named | {"subjectOf": quoted} if quoted else named


def _work(name: str, medium: str, creator: str | None) -> dict[str, Any]:
    """Describe what is recommended by the nearest type; of a word that we do not know nothing is claimed."""
    kind = _TYPES.get(medium, "Thing")
    if creator is None or kind == "Thing":
        return {"@type": kind, "name": name}
    if kind in _WRITTEN:
        return {"@type": kind, "name": name, "author": {"@type": "Person", "name": creator}}
    if kind in ("Product", "Service"):
        return {"@type": kind, "name": name, "brand": {"@type": "Brand", "name": creator}}
    # Nobody says whether it is a person or a company.
    return {"@type": kind, "name": name, "creator": creator}


def _quotation(said: Episode, quote: Quote, address: str) -> Node:
    source: dict[str, Any] = {"@id": _episode_id(address)}
    if quote.at is not None:
        moment = moment_address(said, quote.at)
        source = _node("Clip", startOffset=quote.at, url=moment, partOfEpisode=source)
    speaker = _node("Person", name=quote.speaker) if quote.speaker else None
    return _node("Quotation", text=quote.text, creator=speaker, isBasedOn=source)
