"""A page as it came → a note in Markdown, or what keeps it from being one. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from feedmaker.errors import Diagnostic
from feedmaker.model import Episode
from feedmaker.notes.note import content_digest, parse_note
from feedmaker.notes.writing import write_markdown
from feedmaker.sources.decoding import page_text
from feedmaker.sources.lines import Lines, read_lines

PAGE_LIMIT = 5_000_000
"""The most bytes of a page."""

_TEXTS = frozenset({"text/plain", "text/markdown"})
_PAGES = frozenset({"text/html", "application/xhtml+xml"})
_LIKE_HTML = re.compile(rb"\s*(<!doctype html|<html|<head|<body)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Page:
    """Hold a page as it came: its bytes, the content type with them, and where it lives.

    `id` is the address by which its note is known, and `original` the path of its file, for diagnostics.
    """

    data: bytes
    content_type: str
    url: str
    id: str
    original: str


@dataclass(frozen=True, slots=True)
class Made:
    """Hold the note made of a page; `text` is empty where `diagnostics` says why there is none.

    `digest` is that of what readers see.
    """

    text: str = ""
    title: str = ""
    aired: date = date.min
    digest: str = ""
    diagnostics: tuple[Diagnostic, ...] = ()


def ending_of(data: bytes, content_type: str) -> str:
    """Return .html or .txt for what may be a page of notes, and an empty text for what is none."""
    said = content_type.partition(";")[0].strip().lower()
    if said in _TEXTS or said in _PAGES:
        return ".txt" if said in _TEXTS else ".html"
    if said:
        return ""
    return ".html" if _LIKE_HTML.match(data[:1000].removeprefix(b"\xef\xbb\xbf")) else ".txt"


def make_note(page: Page) -> Made:
    """Read a page, and write the note that `feedmaker convert` would make of its text.

    Of a web page, its article is tried first and then all of it; the note leads to where the page lives.
    """
    first: tuple[Diagnostic, ...] | None = None
    for lines in _texts(page):
        note = parse_note(page.original, lines.text.encode("utf-8", "replace"))
        found = tuple(sorted(_placed(each, lines) for each in note.diagnostics))
        if note.episode is not None:
            return _written(page, note.episode, found)
        first = first or found
    return Made(diagnostics=first or (_no_page(page),))


def _texts(page: Page) -> Iterator[Lines]:
    ending = ending_of(page.data, page.content_type)
    if not ending:
        return
    text = page_text(page.data, page.content_type)
    if ending == ".html":
        yield from read_lines(text)
    else:
        yield Lines(text, ())


def _placed(diagnostic: Diagnostic, lines: Lines) -> Diagnostic:
    """Name the place in the original; where its lines were made anew, columns say nothing."""
    if not lines.places:
        return diagnostic
    return replace(diagnostic, line=lines.place(diagnostic.line), column=1)


def _written(page: Page, episode: Episode, found: tuple[Diagnostic, ...]) -> Made:
    # What a page says of its own publishing is meant for another site.
    unsaid = replace(episode, slug=None, published=None, updated=None, draft=False, corrections=())
    own = replace(unsaid, id=page.id, url=page.url)
    text = write_markdown(own)
    read = parse_note("note.md", text.encode())
    if read.episode != own:
        message = "the note that this page makes would say something else; write it by hand"
        return Made(diagnostics=(Diagnostic(page.original, 1, 1, "not-a-page", message),))
    return Made(text, own.title, own.aired, content_digest(own), found)


def _no_page(page: Page) -> Diagnostic:
    said = page.content_type.partition(";")[0].strip() or "nothing"
    message = f"no text to read ({said[:60]}); an address of a source leads to a web page or a plain text"
    return Diagnostic(page.original, 1, 1, "not-a-page", message)
