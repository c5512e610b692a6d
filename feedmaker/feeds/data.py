"""The facts of notes as data, which JSON Feed carries beside the HTML. Pure.

docs/feeds.md names each member; a fact that a note does not state is absent.
"""

from __future__ import annotations

from typing import NotRequired, TypedDict

from feedmaker.merchants import BuyLink
from feedmaker.model import Episode, Guest, Kind, Quote, Recommendation, plain

ABOUT = "The facts of these episode notes as data, written by feedmaker; its docs/feeds.md names each member."


class GuestData(TypedDict):
    """Name a guest; `bio` is plain text."""

    name: str
    bio: NotRequired[str]


class QuoteData(TypedDict):
    """Keep words as spoken; paragraphs are parted by one empty line."""

    text: str
    speaker: NotRequired[str]
    at_in_seconds: NotRequired[int]


class MediaData(TypedDict):
    """Point at a file; `type` is a media type."""

    url: str
    type: str


class RecommendationData(TypedDict):
    """Describe something endorsed; `creator_inferred` goes with `creator`, and `paid` with `url`."""

    kind: Kind
    medium: str
    name: str
    creator: NotRequired[str]
    creator_inferred: NotRequired[bool]
    quote: NotRequired[QuoteData]
    url: NotRequired[str]
    paid: NotRequired[bool]


class EpisodeData(TypedDict):
    """Hold the facts of a note as plain text; a fact that the note does not state is absent."""

    about: str
    show: str
    aired: str
    duration_in_seconds: NotRequired[int]
    guests: NotRequired[list[GuestData]]
    gist: NotRequired[str]
    reveals: NotRequired[list[str]]
    takeaways: NotRequired[list[str]]
    recommendations: NotRequired[list[RecommendationData]]
    season: NotRequired[int]
    episode: NotRequired[int]
    explicit: NotRequired[bool]
    video: NotRequired[str]
    transcripts: NotRequired[list[MediaData]]


class MentionData(TypedDict):
    """Name an episode in which something was recommended; `speaker` is who did."""

    url: str
    title: str
    show: str
    aired: str
    speaker: NotRequired[str]


class EndorsementData(TypedDict):
    """Hold one recommendation with its episode, and the earlier ones that recommend the same thing."""

    about: str
    recommendation: RecommendationData
    episode: MentionData
    also: NotRequired[list[MentionData]]


def episode_data(episode: Episode, links: tuple[BuyLink | None, ...]) -> EpisodeData:
    """Return the facts of a note."""
    data: EpisodeData = {"about": ABOUT, "show": episode.show, "aired": episode.aired.isoformat()}
    if episode.duration:
        data["duration_in_seconds"] = episode.duration
    if episode.guests:
        data["guests"] = [_guest_data(guest) for guest in episode.guests]
    if episode.gist:
        data["gist"] = "\n\n".join(map(plain, episode.gist))
    if episode.reveals:
        data["reveals"] = [plain(reveal) for reveal in episode.reveals]
    if episode.takeaways:
        data["takeaways"] = [plain(takeaway) for takeaway in episode.takeaways]
    if episode.recommendations:
        pairs = zip(episode.recommendations, links, strict=True)
        data["recommendations"] = [recommendation_data(item, link) for item, link in pairs]
    _add_facts_of_recording(data, episode)
    return data


def _add_facts_of_recording(data: EpisodeData, episode: Episode) -> None:
    if episode.season:
        data["season"] = episode.season
    if episode.number:
        data["episode"] = episode.number
    if episode.explicit is not None:
        data["explicit"] = episode.explicit
    if episode.video:
        data["video"] = episode.video
    if episode.transcripts:
        data["transcripts"] = [{"url": media.url, "type": media.type} for media in episode.transcripts]


def _guest_data(guest: Guest) -> GuestData:
    data: GuestData = {"name": guest.name}
    if guest.bio:
        data["bio"] = guest.bio
    return data


def recommendation_data(item: Recommendation, link: BuyLink | None) -> RecommendationData:
    """Return the facts of a recommendation and its buy link."""
    data: RecommendationData = {"kind": item.kind, "medium": item.medium, "name": item.name}
    if item.creator:
        data["creator"] = item.creator
        data["creator_inferred"] = item.creator_inferred
    if item.quote:
        data["quote"] = _quote_data(item.quote)
    if link:
        data["url"] = link.url
        data["paid"] = link.paid
    return data


def _quote_data(quote: Quote) -> QuoteData:
    data: QuoteData = {"text": quote.text}
    if quote.speaker:
        data["speaker"] = quote.speaker
    if quote.at is not None:
        data["at_in_seconds"] = quote.at
    return data
