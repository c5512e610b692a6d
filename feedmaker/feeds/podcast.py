"""What a podcast feed says besides: the elements of Apple Podcasts and of Podcasting 2.0. Pure.

Followed are Apple's requirements for podcasts (podcasters.apple.com/support/823-podcast-requirements), PSP-1
(github.com/Podcast-Standards-Project/PSP-1-Podcast-RSS-Specification) and the podcast namespace
(github.com/Podcastindex-org/podcast-namespace). docs/podcast.md says what each element is made from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple
from urllib.parse import urlsplit
from uuid import UUID, uuid5

from lxml import etree

from feedmaker.config import Config, Owner, Person, Podcast, Site
from feedmaker.content import Content
from feedmaker.feeds import chapters
from feedmaker.model import Episode, EpisodeType, Guest, Media, Publication, Soundbite
from feedmaker.show_notes import show_notes
from feedmaker.text import clock, shorten
from feedmaker.uri import is_web_address

NAMESPACES: Mapping[str, str] = {
    "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
    "podcast": "https://podcastindex.org/namespace/1.0",
}
VALUE_LIMIT = 255
"""The most characters of a value that Apple takes, where it says nothing else."""
NAME_LIMIT = 128
"""The most characters of a name in the podcast namespace."""
PLAYED: Mapping[str, str] = {
    "mp3": "audio/mpeg",
    "m4a": "audio/x-m4a",
    "mp4": "video/mp4",
    "m4v": "video/x-m4v",
    "mov": "video/quicktime",
    "pdf": "application/pdf",
}
"""What Apple plays: the ending of a recording's address, and its media type."""
TRANSCRIPTS = ("text/vtt", "application/x-subrip", "text/html", "application/json", "text/plain")
"""The types of transcripts that podcast programs know, the best first."""

_CAPTIONS = TRANSCRIPTS[:2]
_ARTWORK = (".jpg", ".jpeg", ".png")
_GUID_NAMESPACE = UUID("ead4c236-bf58-58c6-a2c6-a6b28d128cb6")


@dataclass(frozen=True, slots=True)
class Credit:
    """Name somebody who is heard, and as what; `url` and `image` are absolute addresses."""

    name: str
    role: Literal["host", "guest"]
    url: str | None = None
    image: str | None = None


@dataclass(frozen=True, slots=True)
class Channel:
    """Hold what a podcast feed says of itself.

    `image` is the absolute address of the artwork, `begins` the time from which the rule of
    `facts.update_frequency` counts, in ISO 8601 with a zone, `owner` who answers for it, and `facts` the
    section of the configuration.
    """

    title: str
    description: str
    image: str
    author: str
    guid: str
    podping: bool
    begins: str | None
    owner: Owner | None
    facts: Podcast


@dataclass(frozen=True, slots=True)
class Broadcast:
    """Hold what a podcast feed says of one episode, beside its item's recording.

    `notes` is HTML of few elements and at most 4,000 bytes; `people` are all who are heard.
    """

    title: str
    notes: str
    language: str
    type: EpisodeType
    explicit: bool
    season: int | None = None
    number: int | None = None
    image: str | None = None
    people: tuple[Credit, ...] = ()
    chapters_url: str | None = None
    transcripts: tuple[Media, ...] = ()
    soundbites: tuple[Soundbite, ...] = ()


class Fault(NamedTuple):
    """Say what podcast programs will not show or directories refuse.

    `key` is the key of the note's front matter that the cure is at, and `code` that of docs/diagnostics.md.
    """

    key: str
    code: str
    message: str


def new_guid(feed_address: str) -> str:
    """Make the podcast:guid of a feed from its first address: UUIDv5, without scheme and last slashes."""
    return str(uuid5(_GUID_NAMESPACE, feed_address.partition("://")[2].rstrip("/")))


def make_channel(config: Config, guid: str, image: str) -> Channel:
    """Make what the podcast feed says of itself; `image` is the absolute address of the artwork.

    Raises ValueError where the configuration has no section `podcast`.
    """
    podcast, site = _section(config), config.site
    frequency = podcast.update_frequency
    begins = site.at_publishing_time(frequency.start) if frequency and frequency.start else None
    return Channel(
        title=podcast.title or site.title,
        description=podcast.description or site.description,
        image=image,
        author=podcast.author or site.author.name,
        guid=guid,
        podping=config.push.podping is not None,
        begins=begins.isoformat() if begins else None,
        owner=podcast.owner or _author_as_owner(site),
        facts=podcast,
    )


def _author_as_owner(site: Site) -> Owner | None:
    """Let the author answer for the podcast: many directories write there to see whose it is."""
    return Owner(name=site.author.name, email=site.author.email) if site.author.email else None


def make_broadcast(
    config: Config, publication: Publication, content: Content, keys: Sequence[str] = ()
) -> Broadcast:
    """Make what the podcast feed says of an episode.

    `keys` has the fragment of the episode's page under which each recommendation stands. Raises ValueError
    where the configuration has no section `podcast`.
    """
    podcast, episode = _section(config), publication.episode
    has_chapters = bool(chapters.chapters_of(episode))
    return Broadcast(
        title=episode.title,
        notes=show_notes(episode, content, publication.url, keys),
        language=episode.language or config.site.language,
        type=episode.type or "full",
        explicit=podcast.explicit if episode.explicit is None else episode.explicit,
        season=episode.season,
        number=episode.number,
        image=episode.image if episode.image and is_artwork(episode.image) else None,
        people=(*_credits(episode.hosts or podcast.hosts, "host"), *_credits(episode.guests, "guest")),
        chapters_url=config.site.address + chapters.chapters_path(publication.slug) if has_chapters else None,
        transcripts=tuple(sorted(episode.transcripts, key=_preference)),
        soundbites=chapters.soundbites_of(episode),
    )


def channel_elements(channel: Channel, feed_address: str, moved: bool) -> list[etree._Element]:
    """Return the elements to append to the RSS channel; `moved` tells programs to use the new address."""
    facts = channel.facts
    address = feed_address if moved else None
    return [
        _element("itunes:image", href=channel.image),
        *map(_category, facts.categories),
        _element("itunes:explicit", _truth(facts.explicit)),
        # feedparser takes the owner for the author where it stands last.
        *_owner(channel),
        _element("itunes:author", shorten(channel.author, VALUE_LIMIT)),
        _element("itunes:type", facts.type),
        *_texts("itunes:new-feed-url", address),
        *_texts("itunes:complete", "Yes" if facts.complete else None),
        *_texts("copyright", facts.copyright),
        _element("podcast:guid", channel.guid),
        _element("podcast:locked", _yes(facts.locked), owner=channel.owner.email if channel.owner else None),
        _element("podcast:medium", facts.medium),
        *_people(_credits(facts.hosts, "host")),
        *(_element("podcast:funding", each.text, url=each.url) for each in facts.funding),
        *_license(facts),
        *(_element("podcast:txt", each.text, purpose=each.purpose) for each in facts.txt),
        *_frequency(channel),
        *([_element("podcast:podping", usesPodping="true")] if channel.podping else ()),
    ]


def item_elements(broadcast: Broadcast, media: Media, duration: int | None) -> list[etree._Element]:
    """Return the elements to append to the RSS item of a recording, whose `duration` counts seconds."""
    season, number = (str(each) if each else None for each in (broadcast.season, broadcast.number))
    return [
        _element("itunes:title", shorten(broadcast.title, VALUE_LIMIT)),
        *_texts("itunes:season", season),
        *_texts("itunes:episode", number),
        _element("itunes:episodeType", broadcast.type),
        _element("itunes:explicit", _truth(broadcast.explicit)),
        *([_element("itunes:image", href=broadcast.image)] if broadcast.image else ()),
        *_texts("podcast:season", season),
        *_texts("podcast:episode", number),
        *_people(broadcast.people),
        *(_timed(broadcast, duration) if media.type.startswith(("audio/", "video/")) else ()),
    ]


def _timed(broadcast: Broadcast, duration: int | None) -> Iterator[etree._Element]:
    """Yield what means nothing beside a file that has no length in time, such as a PDF."""
    yield from _texts("itunes:duration", str(duration) if duration else None)
    for media in broadcast.transcripts:
        rel = "captions" if media.type in _CAPTIONS else None
        yield _element(
            "podcast:transcript", url=media.url, type=media.type, language=broadcast.language, rel=rel
        )
    if broadcast.chapters_url:
        yield _element("podcast:chapters", url=broadcast.chapters_url, type=chapters.MEDIA_TYPE)
    for bite in broadcast.soundbites:
        times = {"startTime": f"{bite.at}.0", "duration": f"{bite.duration}.0"}
        yield _element("podcast:soundbite", bite.title, **times)


def is_artwork(address: str) -> bool:
    """Tell whether Apple takes an address for that of artwork: it ends as a JPEG or PNG file does."""
    return address.lower().endswith(_ARTWORK) and not set(address) & set("?#")


def channel_faults(podcast: Podcast) -> Iterator[Fault]:
    """Say what directories refuse of the podcast; the keys are those of its section."""
    is_sound = podcast.image.startswith("https:") and is_artwork(podcast.image)
    if is_web_address(podcast.image) and not is_sound:
        message = "directories want artwork at an https address that ends in .jpg, .jpeg or .png"
        yield Fault("image", "bad-artwork", message)
    for key, value in (("title", podcast.title), ("author", podcast.author)):
        yield from _length_faults(key, value or "")


def note_faults(episode: Episode, podcast: Podcast) -> Iterator[Fault]:
    """Say what podcast programs will not show of an episode with a recording, or directories refuse."""
    if not episode.audio:
        return
    yield from _recording_faults(episode.audio)
    yield from _fact_faults(episode, podcast)
    yield from _moment_faults(episode)
    for media in episode.transcripts:
        if media.type not in TRANSCRIPTS:
            known = ", ".join(TRANSCRIPTS)
            message = f"podcast programs read no transcript of type {media.type}; they know {known}"
            yield Fault("transcript", "transcript-type", message)


def shared_recordings(addresses: Iterable[tuple[str, str]]) -> Iterator[tuple[str, Fault]]:
    """Find notes whose recording an earlier one has.

    `addresses` has the path of each note and the address of its recording; the path is returned.
    """
    first: dict[str, str] = {}
    for path, address in addresses:
        if first.setdefault(address, path) != path:
            message = f"{first[address]} has the same recording; Apple Podcasts shows one of them"
            yield path, Fault("audio", "shared-recording", message)


def _recording_faults(media: Media) -> Iterator[Fault]:
    if media.length is None:
        message = "the size of the recording is not known; add its `length` in bytes"
        yield Fault("audio", "recording-length", message)
    if not media.url.startswith("https:"):
        yield Fault("audio", "recording-address", "directories want recordings at https addresses")
    ending = urlsplit(media.url).path.rpartition(".")[2].lower()
    if ending not in PLAYED:
        known = ", ".join(f".{each}" for each in PLAYED)
        message = f"Apple Podcasts plays no recording whose address does not end in one of {known}"
        yield Fault("audio", "recording-address", message)
    if media.type not in PLAYED.values():
        known = ", ".join(PLAYED.values())
        yield Fault("audio", "recording-type", f"Apple Podcasts plays no {media.type}; it knows {known}")
    elif PLAYED.get(ending, media.type) != media.type:
        message = f"the address ends in .{ending}, which is {PLAYED[ending]}, but the type is {media.type}"
        yield Fault("audio", "recording-type", message)


def _fact_faults(episode: Episode, podcast: Podcast) -> Iterator[Fault]:
    yield from _length_faults("title", episode.title)
    if not episode.duration:
        message = "podcast programs show how long an episode is; add `duration`, for example 1h 25m"
        yield Fault("duration", "no-duration", message)
    if podcast.type == "serial" and episode.number is None and episode.type in (None, "full"):
        message = "an episode of a serial podcast needs its number; add `episode`, for example 3"
        yield Fault("episode", "no-number", message)
    if episode.image and not is_artwork(episode.image):
        message = "podcast programs do not show this picture: its address does not end in .jpg, .jpeg or .png"
        yield Fault("image", "bad-artwork", message)


def _length_faults(key: str, value: str) -> Iterator[Fault]:
    if len(value) > VALUE_LIMIT:
        message = f"{key}: {len(value)} characters, of which podcast programs get the first {VALUE_LIMIT}"
        yield Fault(key, "long-title", message)


def _moment_faults(episode: Episode) -> Iterator[Fault]:
    """Name what begins after the end, which is in no chapter and no soundbite."""
    quotes = ((item.name, item.quote) for item in episode.recommendations if item.quote)
    moments = (
        *(("chapters", chapter.title, chapter.at) for chapter in episode.chapters),
        *(("soundbites", bite.title, bite.at) for bite in episode.soundbites),
        *(("duration", name, quote.at) for name, quote in quotes if quote.at is not None),
    )
    for key, title, at in moments:
        if not chapters.is_within(episode, at):
            message = (
                f'"{shorten(title, 60)}" is at {clock(at)}, when the episode has ended; correct either time'
            )
            yield Fault(key, "after-the-end", message)


def _section(config: Config) -> Podcast:
    if config.podcast is None:
        raise ValueError("there is no podcast without its section")
    return config.podcast


def _credits(people: Iterable[Guest | Person], role: Literal["host", "guest"]) -> Iterator[Credit]:
    return (Credit(person.name, role, person.url, person.image) for person in people)


def _preference(media: Media) -> int:
    return TRANSCRIPTS.index(media.type) if media.type in TRANSCRIPTS else len(TRANSCRIPTS)


def _element(
    name: str, text: str | None = None, /, *children: etree._Element, **attributes: str | None
) -> etree._Element:
    """Make an element; attributes that are None are left out."""
    prefix, _, tag = name.rpartition(":")
    known = {key: value for key, value in attributes.items() if value is not None}
    element = etree.Element(f"{{{NAMESPACES[prefix]}}}{tag}" if prefix else tag, known, nsmap=NAMESPACES)
    element.text = text
    element.extend(children)
    return element


def _texts(name: str, text: str | None) -> list[etree._Element]:
    return [_element(name, text)] if text else []


def _truth(value: bool) -> str:
    return "true" if value else "false"


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _category(category: str) -> etree._Element:
    name, *rest = category.split(" > ")
    children = (_element("itunes:category", text=each) for each in rest)
    return _element("itunes:category", None, *children, text=name)


def _owner(channel: Channel) -> Iterator[etree._Element]:
    if channel.owner:
        name = _element("itunes:name", shorten(channel.owner.name, VALUE_LIMIT))
        yield _element("itunes:owner", None, name, _element("itunes:email", channel.owner.email))


def _people(people: Iterable[Credit]) -> Iterator[etree._Element]:
    for each in people:
        name = shorten(each.name, NAME_LIMIT)
        yield _element("podcast:person", name, role=each.role, group="cast", img=each.image, href=each.url)


def _license(facts: Podcast) -> Iterator[etree._Element]:
    if facts.license:
        yield _element("podcast:license", facts.license.name, url=facts.license.url)


def _frequency(channel: Channel) -> Iterator[etree._Element]:
    found = channel.facts.update_frequency
    if found:
        complete = "true" if found.complete else None
        facts = {"rrule": found.rrule, "dtstart": channel.begins, "complete": complete}
        yield _element("podcast:updateFrequency", found.text, **facts)
