"""Paragraphs: from Markdown's inline events to spans, and back to Markdown. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

import pyromark

from feedmaker.model import Prose, Span
from feedmaker.notes.lines import BLANKS, fold
from feedmaker.uri import safe_link

Event = Any  # pyromark's events are a union of some forty typed dictionaries
# What would begin a block, or end the paragraph, if it stood at the start of a line.
_BLOCK_START = re.compile(r"(#{1,6}(?=\s|$)|[-+=>~:|]|\d{1,9}(?=[.)])[.)]?)")
_TARGET_SIGN = re.compile(r"[\\<>]|&(?=#?\w+;)")
_INLINE = re.compile(r"[\\`*\[\]<]|&(?=#?\w+;)|(?<![^\W_])_|_(?![^\W_])|!(?=\[)")


def tidy(spans: Iterable[Span]) -> Prose:
    """Join neighbours of the same markings, fold white space and trim both ends."""
    groups = groupby((span for span in spans if span.text), _marks)
    runs = [(fold("".join([span.text for span in group])), marks) for marks, group in groups]
    while runs and not runs[0][0].strip(BLANKS):
        runs.pop(0)
    while runs and not runs[-1][0].strip(BLANKS):
        runs.pop()
    if runs:
        runs[0] = (runs[0][0].lstrip(BLANKS), runs[0][1])
        runs[-1] = (runs[-1][0].rstrip(BLANKS), runs[-1][1])
    return tuple(Span(text, *marks) for text, marks in runs)


def _marks(span: Span) -> tuple[bool, bool, bool, str | None]:
    return span.strong, span.emphasis, span.code, span.href


class Inline:
    """Collect the inline events of one block.

    `links` holds what was linked to, safe or not; `is_bare` tells whether any text stands outside links, and
    `lost` says what of the markup becomes mere text.
    """

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.links: list[str] = []
        self.lost: set[str] = set()
        self.is_bare = False
        self._strong = 0
        self._emphasis = 0
        self._links = 0
        self._href: str | None = None

    def take(self, event: Event) -> None:
        """Add one event; block events only part what stands before and after them."""
        if isinstance(event, str):
            self._add("\n" if event == "SoftBreak" else " ")
            return
        ((kind, value),) = event.items()
        if kind in ("Text", "InlineHtml", "Html"):
            self._add(value)
        elif kind == "Code":
            self._add(value, code=True)
        elif kind == "Start":
            self._start(value)
        elif kind == "End":
            self._end(value)
        if kind in ("InlineHtml", "Html"):
            self.lost.add("HTML is not markup here; it is shown as it is written")

    def _add(self, text: str, *, code: bool = False) -> None:
        self.spans.append(Span(text, self._strong > 0, self._emphasis > 0, code, self._href))
        self.is_bare = self.is_bare or not (self._links or text.isspace())

    def _start(self, tag: Any) -> None:
        if tag == "Strong":
            self._strong += 1
        elif tag == "Emphasis":
            self._emphasis += 1
        elif isinstance(tag, dict) and "Link" in tag:
            self._start_link(tag["Link"])
        elif self.spans:
            self._add(" ")
        if isinstance(tag, dict) and "Image" in tag:
            self.lost.add("images cannot stand here; only their words do")

    def _start_link(self, link: dict[str, str]) -> None:
        target = f"mailto:{link['dest_url']}" if link["link_type"] == "Email" else link["dest_url"]
        self.links.append(target)
        self._links += 1
        self._href = safe_link(target)

    def _end(self, tag: Any) -> None:
        if tag == "Strong":
            self._strong -= 1
        elif tag == "Emphasis":
            self._emphasis -= 1
        elif tag == "Link":
            self._links -= 1
            self._href = None


def inline(text: str) -> Prose:
    """Read Markdown as one paragraph."""
    collector = Inline()
    for event in pyromark.events(text):
        collector.take(event)
    return tidy(collector.spans)


def to_markdown(prose: Prose) -> str:
    """Write a paragraph so that `inline` returns it again; readable wherever Markdown allows."""
    readable, guarded = _write(prose, guarded=False), _write(prose, guarded=True)
    # A paragraph that begins with [`x]: y`] would define a link; an empty link before it prevents that.
    forms = (readable, guarded, f"[](<{prose[0].href}>){guarded}" if prose else "")
    return next((form for form in forms if inline(form) == prose), readable)


def escape_markdown(text: str) -> str:
    """Write plain text so that Markdown shows it unchanged at any place of a line."""
    escaped = _INLINE.sub(r"\\\g<0>", text)
    found = _BLOCK_START.match(escaped)
    if not found:
        return escaped
    return escaped[: found.end() - 1] + "\\" + escaped[found.end() - 1 :]


def escape_target(target: str) -> str:
    """Write the target of a link so that it stands between < and >."""
    return _TARGET_SIGN.sub(r"\\\g<0>", target)


def _write(prose: Prose, *, guarded: bool) -> str:
    markdown = "".join(_linked(href, list(group), guarded) for href, group in groupby(prose, _href))
    found = _BLOCK_START.match(markdown)
    if found and prose and not (prose[0].code or prose[0].href):
        return markdown[: found.end() - 1] + "\\" + markdown[found.end() - 1 :]
    return markdown


def _href(span: Span) -> str | None:
    return span.href


def _linked(href: str | None, spans: list[Span], guarded: bool) -> str:
    parts = [
        _wrapped("**" if strong else "", _emphasised(list(group), guarded))
        for strong, group in groupby(spans, lambda span: span.strong)
    ]
    return f"[{''.join(parts)}](<{escape_target(href)}>)" if href else "".join(parts)


def _emphasised(spans: list[Span], guarded: bool) -> str:
    parts = [
        _wrapped(
            ("_" if guarded else "*") if emphasis else "", "".join(_leaf(span, guarded) for span in group)
        )
        for emphasis, group in groupby(spans, lambda span: span.emphasis)
    ]
    return "".join(parts)


def _wrapped(sign: str, text: str) -> str:
    return f"{sign}{text}{sign}"


def _leaf(span: Span, guarded: bool) -> str:
    if span.code:
        return _code(span.text)
    if not guarded:
        return _INLINE.sub(r"\\\g<0>", span.text)
    # A reference is punctuation on both sides, so every delimiter beside it can open and close.
    return "".join(_guard(span.text))


def _guard(text: str) -> Iterator[str]:
    for index, sign in enumerate(text):
        if index in (0, len(text) - 1):
            yield f"&#{ord(sign)};"
        else:
            yield "\\" + sign if sign in _PUNCTUATION else sign


_PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"


def _code(text: str) -> str:
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{fence}{pad}{text}{pad}{fence}"
