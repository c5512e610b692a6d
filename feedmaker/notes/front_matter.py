"""The front matter of a note: each key with its type, its default and its fault. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

from feedmaker.marked_yaml import Document, Mark, load
from feedmaker.model import Guest, Media
from feedmaker.notes.faults import Faults
from feedmaker.notes.lines import one_line
from feedmaker.notes.values import parse_date, parse_duration, parse_moment
from feedmaker.text import LANGUAGE_TAG, nearest, shorten
from feedmaker.uri import is_iri, web_address

T = TypeVar("T")
REQUIRED = ("show", "title", "date")
KNOWN = (
    *REQUIRED,
    "duration",
    "guests",
    "tags",
    "id",
    "slug",
    "published",
    "updated",
    "url",
    "audio",
    "video",
    "transcript",
    "image",
    "language",
    "draft",
    "highlight",
)
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,98}[a-z0-9])?")
_ID = re.compile(r'[^\s<>"{}|\\^`]{1,300}')
_TYPE = re.compile(r"[a-z]+/[a-z0-9_.+-]+")
_LENGTH = re.compile(r"[1-9][0-9]{0,14}")
_POSITION = re.compile(r"[1-9][0-9]{0,5}")
_LANGUAGE = re.compile(LANGUAGE_TAG)
_MEDIA_KEYS = ("url", "type", "length")
_TYPES = {
    "mp3": "audio/mpeg",
    "m4a": "audio/x-m4a",
    "mp4": "video/mp4",
    "m4v": "video/x-m4v",
    "mov": "video/quicktime",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "wav": "audio/wav",
    "vtt": "text/vtt",
    "srt": "application/x-subrip",
    "html": "text/html",
    "json": "application/json",
    "txt": "text/plain",
}


class FrontMatter:
    """Read the keys of one note's front matter, reporting each fault where it stands."""

    def __init__(self, text: str, first_line: int, faults: Faults) -> None:
        self.faults = faults
        self.document: Document = load(text, first_line)
        for fault in self.document.faults:
            faults.error(fault.mark, fault.code, fault.message)
        value = self.document.value
        self.values = {} if value is None else self._mapping(value, (), KNOWN)
        self.readable = self.document.complete and isinstance(value, dict | None)

    def _mapping(self, value: Any, path: tuple[str | int, ...], known: Sequence[str]) -> dict[str, Any]:
        """Return a mapping and report its unknown keys; report anything else and return an empty one."""
        if isinstance(value, dict):
            for key in value:
                if key not in known and not self.faults.full:
                    message = f'unknown key "{shorten(key, 60)}"; {nearest(key, known)}'
                    self.faults.error(self.document.where_key((*path, key)), "unknown-key", message)
            return value
        name = f"{path[0]}: " if path else ""
        message = f"{name}expected keys and values such as `{known[0]}: …`"
        self.faults.error(self.document.where(path), "bad-value", message)
        return {}

    def check_required(self, mark: Mark) -> None:
        """Report the keys that every note needs, at the place where the front matter begins."""
        for key in REQUIRED:
            if key in self.values and self.values[key] in (None, "") and not self.document.faults:
                place = self.document.where_key((key,))
                self.faults.error(place, "missing-key", f'"{key}" has no value; write one after the colon')
            if key not in self.values and self.readable:
                self.faults.error(mark, "missing-key", f'"{key}" is missing; add a line `{key}: …`')

    def text(self, key: str) -> str | None:
        """Read one line of text; line breaks inside become spaces."""
        return self._read(key, lambda value: one_line(value) or None, "expected text")

    def date(self, key: str) -> Any:
        """Read a day as YYYY-MM-DD."""
        return self._read(key, parse_date, 'date "{}" is not a date (expected YYYY-MM-DD)', "bad-date")

    def moment(self, key: str) -> Any:
        """Read a day, or a day and a time."""
        expected = f'{key} "{{}}" is not a date (expected YYYY-MM-DD or 2026-11-23T08:00:00+01:00)'
        return self._read(key, parse_moment, expected, "bad-date")

    def duration(self, key: str) -> int | None:
        """Read a length in seconds."""
        expected = 'duration "{}" is not a length (expected for example 1h 25m or 45m)'
        return self._read(key, parse_duration, expected, "bad-duration")

    def flag(self, key: str) -> bool:
        """Read true or false."""
        words = {"true": True, "yes": True, "false": False, "no": False}
        return bool(self._read(key, lambda value: words.get(value.lower()), "expected true or false"))

    def slug(self) -> str | None:
        """Read the last part of the page's address."""
        expected = 'slug "{}" cannot stand in an address; use small letters, digits and hyphens'
        return self._read(
            "slug", lambda value: value if _SLUG.fullmatch(value) else None, expected, "bad-slug"
        )

    def id(self) -> str | None:
        """Read the id; a plain word becomes a URN, for Atom wants an IRI (RFC 4287, 4.2.6)."""
        return self._read(
            "id", _identity, "expected an id without spaces, for example tag:example.org,2026:a"
        )

    def language(self) -> str | None:
        """Read a language tag."""
        expected = "expected a language tag such as en or pt-BR"
        return self._read("language", lambda value: value if _LANGUAGE.fullmatch(value) else None, expected)

    def address(self, key: str) -> str | None:
        """Read a web address."""
        expected = "expected a web address such as https://example.org/a.jpg"
        return self._read(key, lambda value: _or_none(web_address, value), expected)

    def words(self, key: str) -> tuple[str, ...]:
        """Read a list of single words or names, each once; a lone one may stand without brackets."""
        found = (self._text_at((key, index), value) for index, value in enumerate(self._list(key)))
        return tuple(dict.fromkeys(word for word in found if word))

    def guests(self) -> tuple[Guest, ...]:
        """Read guests, each a name or a mapping of name and bio."""
        guests = (self._guest(index, value) for index, value in enumerate(self._list("guests")))
        return tuple(guest for guest in guests if guest)

    def _guest(self, index: int, value: Any) -> Guest | None:
        path = ("guests", index)
        if isinstance(value, str):
            value = {"name": value}
        entry = self._mapping(value, path, ("name", "bio"))
        name = self._text_at((*path, "name"), entry.get("name"))
        bio = self._text_at((*path, "bio"), entry.get("bio"))
        if not name and not isinstance(entry.get("name"), dict | list) and isinstance(value, dict):
            self.faults.error(self.document.where(path), "missing-key", 'a guest needs a "name"')
        return Guest(name, bio) if name else None

    def media(self, key: str) -> Media | None:
        """Read a recording or transcript: an address, or a mapping of url, type and length in bytes."""
        value = self.values.get(key)
        if value is None:
            return None
        entry = self._mapping({"url": value} if isinstance(value, str) else value, (key,), _MEDIA_KEYS)
        if not isinstance(value, str | dict):
            return None
        address, kind, length = (self._text_at((key, name), entry.get(name)) or "" for name in _MEDIA_KEYS)
        url = _or_none(web_address, address)
        kind = kind.lower() or _type_of(url)
        if url is None:
            self._fault_in(key, "url", f"{key}: expected a web address, or url, type and length")
        if not _TYPE.fullmatch(kind) and (url or entry.get("type")):
            self._fault_in(key, "type", f'"{key}" needs a media type, for example `type: audio/mpeg`')
        if length and not _LENGTH.fullmatch(length):
            self._fault_in(key, "length", '"length" is the size of the file in bytes, a whole number')
        return None if url is None else Media(url, kind, int(length) if _LENGTH.fullmatch(length) else None)

    def _fault_in(self, key: str, name: str, message: str) -> None:
        self.faults.error(self.document.where((key, name)), "bad-value", message)

    def highlights(self, reveals: int) -> tuple[int, ...]:
        """Read which reveals lead the newsletter; written from 1, returned from 0."""
        found = []
        for index, value in enumerate(self._list("highlight")):
            if isinstance(value, str) and _POSITION.fullmatch(value) and int(value) <= reveals:
                found.append(int(value) - 1)
            else:
                shown = shorten(value, 40) if isinstance(value, str) else "…"
                message = f'highlight "{shown}" names no reveal (there are {reveals}, counted from 1)'
                self.faults.error(self.document.where(("highlight", index)), "bad-highlight", message)
        return tuple(dict.fromkeys(found))

    def _list(self, key: str) -> list[Any]:
        value = self.values.get(key)
        if value is None:
            return []
        if isinstance(value, dict):
            self._fault(key, f"{key}: expected a list", "bad-value")
            return []
        return value if isinstance(value, list) else [value]

    def _text_at(self, path: tuple[str | int, ...], value: Any) -> str | None:
        if value is None:
            return None
        if not isinstance(value, str):
            self.faults.error(self.document.where(path), "bad-value", f"{path[0]}: expected text")
            return None
        return one_line(value) or None

    def _read(
        self, key: str, parse: Callable[[str], T | None], expected: str, code: str = "bad-value"
    ) -> T | None:
        value = self.values.get(key)
        if value in (None, ""):
            return None
        found = parse(one_line(value)) if isinstance(value, str) else None
        if found is None:
            prefix = "" if "{}" in expected else f"{key}: "
            shown = shorten(value, 60) if isinstance(value, str) else "…"
            self._fault(key, prefix + expected.replace("{}", shown), code)
        return found

    def _fault(self, key: str, message: str, code: str) -> None:
        self.faults.error(self.document.where((key,)), code, message)


def _identity(value: str) -> str | None:
    if not _ID.fullmatch(value):
        return None
    found = value if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", value) else f"urn:note:{value}"
    return found if is_iri(found) else None


def _type_of(url: str | None) -> str:
    """Guess a media type by the ending of an address; empty where it says nothing."""
    return _TYPES.get(urlsplit(url or "").path.rpartition(".")[2].lower(), "")


def _or_none(parse: Callable[[str], T], value: str) -> T | None:
    try:
        return parse(value)
    except ValueError:
        return None
