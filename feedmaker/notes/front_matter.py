"""The front matter of a note: each key with its type, its default and its fault. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, get_args
from urllib.parse import urlsplit

from feedmaker.marked_yaml import Mark, Path, load
from feedmaker.model import Chapter, EpisodeType, Guest, Media, Prose, Soundbite, plain
from feedmaker.notes.faults import Faults
from feedmaker.notes.keys import Keys, or_none
from feedmaker.notes.lines import one_line
from feedmaker.notes.values import parse_date, parse_duration, parse_moment
from feedmaker.text import LANGUAGE_TAG, alike, clock, shorten
from feedmaker.uri import is_iri, web_address

REQUIRED = ("show", "title", "date")
KNOWN = (
    *REQUIRED,
    "duration",
    "season",
    "episode",
    "type",
    "explicit",
    "guests",
    "hosts",
    "tags",
    "id",
    "slug",
    "published",
    "updated",
    "url",
    "audio",
    "video",
    "transcript",
    "chapters",
    "soundbites",
    "image",
    "language",
    "draft",
    "highlight",
    "correction",
)
SOUNDBITE_SECONDS = (15, 120)
"""The least and the most seconds that the podcast namespace advises for a soundbite."""

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,98}[a-z0-9])?")
_ID = re.compile(r'[^\s<>"{}|\\^`]{1,300}')
_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9_.+-]+")
_LENGTH = re.compile(r"[1-9][0-9]{0,14}")
_POSITION = re.compile(r"[1-9][0-9]{0,5}")
_LANGUAGE = re.compile(LANGUAGE_TAG)
_EPISODE_TYPES: dict[str, EpisodeType] = {name: name for name in get_args(EpisodeType)}
_PERSON_KEYS = ("name", "bio", "url", "image")
_MEDIA_KEYS = ("url", "type", "length")
_CHAPTER_KEYS = ("at", "title", "url", "image")
_SOUNDBITE_KEYS = ("at", "duration", "title", "reveal")
_MEDIA_TYPES = {
    "mp3": "audio/mpeg",
    "m4a": "audio/x-m4a",
    "mp4": "video/mp4",
    "m4v": "video/x-m4v",
    "mov": "video/quicktime",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "wav": "audio/wav",
    "pdf": "application/pdf",
    "vtt": "text/vtt",
    "srt": "application/x-subrip",
    "html": "text/html",
    "json": "application/json",
    "txt": "text/plain",
}


class FrontMatter(Keys):
    """Read the keys of one note's front matter, reporting each fault where it stands."""

    def __init__(self, text: str, first_line: int, faults: Faults) -> None:
        document = load(text, first_line)
        for fault in document.faults:
            faults.error(fault.mark, fault.code, fault.message)
        value = document.value
        super().__init__({} if value is None else value, (), KNOWN, document, faults)
        self.readable = document.complete and isinstance(value, dict | None)

    def check_required(self, mark: Mark) -> None:
        """Report the keys that every note needs, at the place where the front matter begins."""
        for key in REQUIRED:
            if key in self.values and self.is_absent(key) and not self.document.faults:
                place = self.document.where_key((key,))
                self.faults.error(place, "missing-key", f'"{key}" has no value; write one after the colon')
            if key not in self.values and self.readable:
                self.faults.error(mark, "missing-key", f'"{key}" is missing; add a line `{key}: …`')

    def tags(self) -> tuple[str, ...]:
        """Read the tags, each once and as it is written first."""
        found: dict[str, str] = {}
        for tag in self.words("tags"):
            found.setdefault(alike(tag), tag)
        return tuple(found.values())

    def day(self, key: str) -> date | None:
        """Read a day as YYYY-MM-DD."""
        return self.read(key, parse_date, 'date "{}" is not a date (expected YYYY-MM-DD)', "bad-date")

    def moment(self, key: str) -> date | datetime | None:
        """Read a day, or a day and a time."""
        expected = f'{key} "{{}}" is not a date (expected YYYY-MM-DD or 2026-11-23T08:00:00+01:00)'
        return self.read(key, parse_moment, expected, "bad-date")

    def duration(self, key: str) -> int | None:
        """Read a length in seconds."""
        expected = 'duration "{}" is not a length (expected for example 1h 25m or 45m)'
        return self.read(key, parse_duration, expected, "bad-duration")

    def slug(self) -> str | None:
        """Read the last part of the page's address."""
        expected = 'slug "{}" cannot stand in an address; use small letters, digits and hyphens'
        return self.read(
            "slug", lambda value: value if _SLUG.fullmatch(value) else None, expected, "bad-slug"
        )

    def id(self) -> str | None:
        """Read the id; a plain word becomes a URN, for Atom wants an IRI (RFC 4287, 4.2.6)."""
        return self.read("id", _identity, "expected an id without spaces, for example tag:example.org,2026:a")

    def language(self) -> str | None:
        """Read a language tag."""
        expected = "expected a language tag such as en or pt-BR"
        return self.read("language", lambda value: value if _LANGUAGE.fullmatch(value) else None, expected)

    def episode_type(self) -> EpisodeType | None:
        """Read what kind of episode it is, in the words of podcast programs."""
        return self.read("type", _EPISODE_TYPES.get, "expected full, trailer or bonus")

    def people(self, key: str, what: str) -> tuple[Guest, ...]:
        """Read guests or hosts, each a name or a mapping; `what` is the word for one of them."""
        people = (self._person(key, index, value, what) for index, value in enumerate(self.items(key)))
        return tuple(person for person in people if person)

    def _person(self, key: str, index: int, value: Any, what: str) -> Guest | None:
        entry = self._entry({"name": value} if isinstance(value, str) else value, (key, index), _PERSON_KEYS)
        name = entry.text("name")
        bio, url, image = entry.text("bio"), entry.address("url"), entry.address("image")
        if entry.is_mapping and entry.is_absent("name"):
            entry.fault("missing-key", f'a {what} needs a "name"')
        return Guest(name, bio, url, image) if name else None

    def media(self, key: str) -> Media | None:
        """Read a recording: an address, or a mapping of url, type and length in bytes."""
        value = self.values.get(key)
        return None if value is None else self._media(value, (key,))

    def media_list(self, key: str) -> tuple[Media, ...]:
        """Read recordings or transcripts in their order; a lone one may stand without brackets."""
        value = self.values.get(key)
        if not isinstance(value, list):
            found = [self.media(key)]
        else:
            found = [self._media(one, (key, index)) for index, one in enumerate(value)]
        return tuple(media for media in found if media)

    def _media(self, value: Any, path: Path) -> Media | None:
        entry = self._entry({"url": value} if isinstance(value, str) else value, path, _MEDIA_KEYS)
        if not entry.is_mapping:
            return None
        address, kind, length = (entry.text(key) or "" for key in _MEDIA_KEYS)
        url = or_none(web_address, address)
        kind = kind.lower() or _type_of(url)
        if url is None:
            entry.fault("bad-value", f"{path[0]}: expected a web address, or url, type and length", "url")
        if not _MEDIA_TYPE.fullmatch(kind) and (url or entry.values.get("type")):
            message = f'"{path[0]}" needs a media type, for example `type: audio/mpeg`'
            entry.fault("bad-value", message, "type")
        if length and not _LENGTH.fullmatch(length):
            message = '"length" is the size of the file in bytes, a whole number'
            entry.fault("bad-value", message, "length")
        return None if url is None else Media(url, kind, int(length) if _LENGTH.fullmatch(length) else None)

    def chapters(self) -> tuple[Chapter, ...]:
        """Read chapters in the order of their times, of which no two are equal."""
        found: dict[int, Chapter] = {}
        for index, value in enumerate(self.items("chapters")):
            entry = self._entry(value, ("chapters", index), _CHAPTER_KEYS)
            at, title = entry.clock("at"), entry.text("title")
            url, image = entry.address("url"), entry.address("image")
            _check_needed(entry, "chapter", ("at", "title"))
            if at in found:
                message = f'another chapter begins at {clock(at)} ("{shorten(found[at].title, 60)}")'
                entry.fault("duplicate-chapter", message, "at")
            elif at is not None:
                found[at] = Chapter(at, title or "", url, image)
        return tuple(found[at] for at in sorted(found))

    def soundbites(self, reveals: Sequence[Prose]) -> tuple[Soundbite, ...]:
        """Read soundbites; one of a reveal is titled by its words."""
        entries = (
            self._entry(value, ("soundbites", index), _SOUNDBITE_KEYS)
            for index, value in enumerate(self.items("soundbites"))
        )
        return tuple(_soundbite(entry, reveals) for entry in entries)

    def highlights(self, reveals: int) -> tuple[int, ...]:
        """Read which reveals lead the newsletter; written from 1, returned from 0."""
        found = []
        for index, value in enumerate(self.items("highlight")):
            place = _position(value, reveals)
            if place is None:
                shown = shorten(value, 40) if isinstance(value, str) else "…"
                message = f'highlight "{shown}" names no reveal (there are {reveals}, counted from 1)'
                self.fault("bad-highlight", message, "highlight", index)
            else:
                found.append(place)
        return tuple(dict.fromkeys(found))

    def _entry(self, value: Any, path: Path, known: Sequence[str]) -> Keys:
        return Keys(value, path, known, self.document, self.faults)


def _soundbite(entry: Keys, reveals: Sequence[Prose]) -> Soundbite:
    """Read one soundbite; where there are faults, with something in place of what is missing."""
    at = entry.clock("at")
    expected = '"{}" is not the length of a soundbite (expected for example 45s or 1m 10s)'
    duration = entry.read("duration", parse_duration, expected, "bad-duration")
    expected = f'reveal "{{}}" names no reveal (there are {len(reveals)}, counted from 1)'
    reveal = entry.read("reveal", lambda value: _position(value, len(reveals)), expected, "bad-soundbite")
    title = one_line(plain(reveals[reveal])) if reveal is not None else entry.text("title")
    _check_needed(entry, "soundbite", ("at", "duration"))
    if entry.is_mapping and entry.is_absent("title") == entry.is_absent("reveal"):
        entry.fault("bad-soundbite", 'a soundbite needs either a "title" or a "reveal", and not both')
    least, most = SOUNDBITE_SECONDS
    if duration and not least <= duration <= most:
        message = f"a soundbite of {duration} s; podcast programs expect {least} to {most} s"
        entry.faults.warn(entry.where("duration"), "soundbite-length", message)
    return Soundbite(at or 0, duration or 0, title or "")


def _check_needed(entry: Keys, what: str, keys: Sequence[str]) -> None:
    for key in keys:
        if entry.is_mapping and entry.is_absent(key):
            entry.fault("missing-key", f'a {what} needs "{key}"')


def _position(value: Any, count: int) -> int | None:
    """Read the position of a reveal; written from 1, returned from 0."""
    fits = isinstance(value, str) and _POSITION.fullmatch(value) and int(value) <= count
    return int(value) - 1 if fits else None


def _identity(value: str) -> str | None:
    if not _ID.fullmatch(value):
        return None
    found = value if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", value) else f"urn:note:{value}"
    return found if is_iri(found) else None


def _type_of(url: str | None) -> str:
    """Guess a media type by the ending of an address; empty where it says nothing."""
    return _MEDIA_TYPES.get(urlsplit(url or "").path.rpartition(".")[2].lower(), "")
