"""The front matter of a note: each key with its type, its default and its fault. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

from feedmaker.marked_yaml import Document, Mark, load
from feedmaker.model import Guest, Media
from feedmaker.notes.faults import Faults, nearest
from feedmaker.notes.values import parse_date, parse_duration, parse_moment
from feedmaker.uri import web_address

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
_LINE_BREAKS = re.compile(r"[ \t\r\n]+")
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,98}[a-z0-9])?")
_ID = re.compile(r"\S{1,300}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
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
        self.values = self._mapping(self.document.value, (), Mark(first_line, 1))

    def _mapping(self, value: Any, path: tuple[str | int, ...], mark: Mark) -> dict[str, Any]:
        known = KNOWN if not path else ("name", "bio") if path[0] == "guests" else ("url", "type", "length")
        if isinstance(value, dict):
            for key in value:
                if key not in known:
                    message = f'unknown key "{key}"; {nearest(key, known)}'
                    self.faults.error(self.document.where_key((*path, key)), "unknown-key", message)
            return value
        if not self.document.faults:
            self.faults.error(mark, "bad-value", "expected keys and values such as `title: A title`")
        return {}

    def check_required(self, mark: Mark) -> None:
        """Report the keys that every note needs, at the place where the front matter begins."""
        if self.document.faults:
            return
        for key in REQUIRED:
            if self.values.get(key) in (None, ""):
                self.faults.error(mark, "missing-key", f'"{key}" is missing; add a line `{key}: …`')

    def text(self, key: str) -> str | None:
        """Read one line of text; line breaks inside become spaces."""
        return self._read(key, lambda value: _LINE_BREAKS.sub(" ", value).strip(" ") or None, "expected text")

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
        guests = []
        for index, value in enumerate(self._list("guests")):
            path = ("guests", index)
            entry = {"name": value} if isinstance(value, str) else value
            entry = self._mapping(entry, path, self.document.where(path))
            name = self._text_at((*path, "name"), entry.get("name"))
            if name:
                guests.append(Guest(name, self._text_at((*path, "bio"), entry.get("bio"))))
            else:
                self.faults.error(self.document.where(path), "missing-key", 'a guest needs a "name"')
        return tuple(guests)

    def media(self, key: str) -> Media | None:
        """Read a recording or transcript: an address, or a mapping of url, type and length in bytes."""
        value = self.values.get(key)
        if value is None:
            return None
        entry = {"url": value} if isinstance(value, str) else value
        entry = self._mapping(entry, (key,), self.document.where((key,)))
        url = _or_none(web_address, str(entry.get("url") or ""))
        if url is None:
            self._fault(key, "expected a web address, or url, type and length", "bad-value")
            return None
        kind = entry.get("type") or _TYPES.get(url.rpartition(".")[2].lower())
        if not isinstance(kind, str) or not re.fullmatch(r"[a-z]+/[a-z0-9.+-]+", kind):
            self._fault(key, f'"{key}" needs a media type, for example `type: audio/mpeg`', "bad-value")
            return None
        length = str(entry.get("length") or "")
        if length and not re.fullmatch(r"[1-9]\d{0,14}", length):
            self._fault(key, '"length" is the size of the file in bytes, a whole number', "bad-value")
            return None
        return Media(url, kind, int(length) if length else None)

    def highlights(self, reveals: int) -> tuple[int, ...]:
        """Read which reveals lead the newsletter; written from 1, returned from 0."""
        found = []
        for index, value in enumerate(self._list("highlight")):
            if isinstance(value, str) and value.isascii() and value.isdigit() and 0 < int(value) <= reveals:
                found.append(int(value) - 1)
            else:
                message = f'highlight "{value}" names no reveal (there are {reveals}, counted from 1)'
                self.faults.error(self.document.where(("highlight", index)), "bad-highlight", message)
        return tuple(dict.fromkeys(found))

    def _list(self, key: str) -> list[Any]:
        value = self.values.get(key)
        if value is None:
            return []
        if isinstance(value, dict):
            self._fault(key, "expected a list", "bad-value")
            return []
        return value if isinstance(value, list) else [value]

    def _text_at(self, path: tuple[str | int, ...], value: Any) -> str | None:
        if value is None:
            return None
        if not isinstance(value, str):
            self.faults.error(self.document.where(path), "bad-value", f"{path[0]}: expected text")
            return None
        return _LINE_BREAKS.sub(" ", value).strip(" ") or None

    def _read(
        self, key: str, parse: Callable[[str], T | None], expected: str, code: str = "bad-value"
    ) -> T | None:
        value = self.values.get(key)
        if value in (None, ""):
            return None
        found = parse(value.strip()) if isinstance(value, str) else None
        if found is None:
            prefix = "" if "{}" in expected else f"{key}: "
            shown = value if isinstance(value, str) else "…"
            self._fault(key, prefix + expected.replace("{}", shown[:60]), code)
        return found

    def _fault(self, key: str, message: str, code: str) -> None:
        self.faults.error(self.document.where((key,)), code, message)


def _identity(value: str) -> str | None:
    if not _ID.fullmatch(value):
        return None
    return value if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", value) else f"urn:note:{value}"


def _or_none(parse: Callable[[str], T], value: str) -> T | None:
    try:
        return parse(value)
    except ValueError:
        return None
