"""The moments of a recording: its chapters, as JSON chapters 1.2, and its soundbites. Pure.

Both come from the front matter, and from the quotes of recommendations that say when they were spoken.
https://github.com/Podcastindex-org/podcast-namespace/blob/main/chapters/jsonChapters.md
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import NotRequired, TypedDict
from urllib.parse import urlsplit

from feedmaker.model import Chapter, Episode, Publication, Quote, Recommendation, Soundbite
from feedmaker.text import shorten

MEDIA_TYPE = "application/json+chapters"
VERSION = "1.2.0"
TITLE_LIMIT = 128
WORDS_PER_SECOND = 2.5
SOUNDBITE_SECONDS = (15, 120)
"""The least and the most seconds that the podcast namespace advises for a soundbite."""

_PREFIXES = {"recommended": "Recommended", "own": "Guest’s own"}


class ChapterData(TypedDict):
    """Hold one chapter; `startTime` counts seconds."""

    startTime: int
    title: str
    url: NotRequired[str]
    img: NotRequired[str]


class ChaptersData(TypedDict):
    """Hold a document of chapters; `title` is the episode's, `fileName` that of the recording."""

    version: str
    title: str
    podcastName: str
    fileName: NotRequired[str]
    chapters: list[ChapterData]


def chapters_path(slug: str) -> str:
    """Return where the chapters of an episode stand below public/."""
    return f"episodes/{slug}/chapters.json"


def chapters_of(episode: Episode, addresses: Sequence[str] = ()) -> tuple[Chapter, ...]:
    """Return the chapters of an episode in the order of their times, of which no two are equal.

    A quote with a time makes a chapter where none of the front matter begins; `addresses` has the absolute
    address of each recommendation. The first chapter begins at 0. What begins at the end of the recording or
    after it is left out.
    """
    marked = {chapter.at: chapter for chapter in episode.chapters}
    for number, item, at, _ in _timed(episode):
        url = addresses[number] if addresses else None
        marked.setdefault(at, Chapter(at, f"{_PREFIXES[item.kind]}: {item.name}", url))
    found = [marked[at] for at in sorted(marked) if is_within(episode, at)]
    if found and found[0].at:
        found.insert(0, Chapter(0, episode.title))
    return tuple(found)


def chapters_json(publication: Publication, podcast: str, keys: Sequence[str] = ()) -> bytes:
    """Write the chapters of an episode as JSON chapters 1.2 in UTF-8; `podcast` is the podcast's title.

    `keys` has the fragment of the episode's page under which each recommendation stands.
    """
    episode = publication.episode
    addresses = [f"{publication.url}#{key}" for key in keys]
    data: ChaptersData = {
        "version": VERSION,
        "title": episode.title,
        "podcastName": podcast,
        "chapters": [_chapter_data(chapter) for chapter in chapters_of(episode, addresses)],
    }
    name = urlsplit(episode.audio.url).path.rpartition("/")[2] if episode.audio else ""
    if name:
        data["fileName"] = name
    return f"{json.dumps(data, ensure_ascii=False, separators=(',', ':'))}\n".encode()


def soundbites_of(episode: Episode) -> tuple[Soundbite, ...]:
    """Return the soundbites of a recording in the order of their times.

    A quote with a time makes one where none of the front matter begins; it lasts as long as its words take to
    say. What begins at the end of the recording or after it is left out, and what goes on after it is cut.
    """
    if not episode.audio:
        return ()
    marked = {bite.at for bite in episode.soundbites}
    found = list(episode.soundbites)
    for _, _, at, quote in _timed(episode):
        if at not in marked:
            marked.add(at)
            # What the end cuts short is too little to stand for an episode.
            if episode.duration is None or at + SOUNDBITE_SECONDS[0] <= episode.duration:
                found.append(Soundbite(at, _spoken_seconds(quote.text), quote.text))
    fitted = (_fitted(episode, bite) for bite in found if is_within(episode, bite.at))
    return tuple(sorted(fitted, key=lambda bite: bite.at))


def is_within(episode: Episode, at: int) -> bool:
    """Tell whether a time is within the recording, as far as its length is known."""
    return episode.duration is None or at < episode.duration


def _timed(episode: Episode) -> Iterator[tuple[int, Recommendation, int, Quote]]:
    """Yield position and time of the recommendations whose quote says when it was spoken."""
    for number, item in enumerate(episode.recommendations):
        if item.quote and item.quote.at is not None:
            yield number, item, item.quote.at, item.quote


def _chapter_data(chapter: Chapter) -> ChapterData:
    data: ChapterData = {"startTime": chapter.at, "title": shorten(chapter.title, TITLE_LIMIT)}
    if chapter.url:
        data["url"] = chapter.url
    if chapter.image:
        data["img"] = chapter.image
    return data


def _spoken_seconds(text: str) -> int:
    least, most = SOUNDBITE_SECONDS
    return max(least, min(round(len(text.split()) / WORDS_PER_SECOND), most))


def _fitted(episode: Episode, bite: Soundbite) -> Soundbite:
    end = bite.at + bite.duration if episode.duration is None else episode.duration
    return Soundbite(bite.at, min(bite.duration, end - bite.at), shorten(bite.title, TITLE_LIMIT))
