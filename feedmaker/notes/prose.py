"""Paragraphs: from Markdown's inline events to spans, and back to Markdown. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

import pyromark

from feedmaker.model import Prose, Span
from feedmaker.notes.lines import BLANKS, fold
from feedmaker.uri import safe_link

Event = Any  # pyromark's events are a union of some forty typed dictionaries
Marks = tuple[bool, bool, bool, str | None]
Run = tuple[str, Marks]
"""Text with its markings in the order of `Span`: strong, emphasis, code, href."""

# What would begin a block, or end the paragraph, if it stood at the start of a line.
_BLOCK_START = re.compile(r"(#{1,6}(?=\s|$)|[-+=>~:|]|\d{1,9}(?=[.)])[.)]?)")
_TARGET_SIGN = re.compile(r"[\\<>]|&(?=#?\w+;)")
_INLINE = re.compile(r"[\\`*\[\]<]|&(?=#?\w+;)|(?<![^\W_])_|_(?![^\W_])|!(?=\[)")


def tidy(spans: Iterable[Span]) -> Prose:
    """Join neighbours of the same markings, fold white space and trim both ends."""
    return join_runs([(span.text, _marks(span)) for span in spans])


def join_runs(runs: Sequence[Run]) -> Prose:
    """Make a paragraph of runs of text, as `tidy` does of spans."""
    if len(runs) == 1:
        ((text, marks),) = runs
        text = fold(text).strip(BLANKS)
        return (Span(text, *marks),) if text else ()
    joined = _joined(runs)
    _trim(joined, 0, str.lstrip)
    _trim(joined, -1, str.rstrip)
    return tuple([Span(text, *marks) for text, marks in joined])


def _joined(runs: Sequence[Run]) -> list[Run]:
    """Fold the text of each row of runs with the same markings."""
    joined: list[Run] = []
    texts: list[str] = []
    current: Marks | None = None
    # itertools.groupby takes half as much again for the two or three runs that most paragraphs have.
    for text, marks in runs:
        if marks == current:
            texts.append(text)
        elif text:
            if current:
                joined.append((fold("".join(texts)), current))
            texts, current = [text], marks
    if current:
        joined.append((fold("".join(texts)), current))
    return joined


def _trim(runs: list[Run], place: int, strip: Callable[[str, str], str]) -> None:
    """Take what is blank from the first or the last run, and runs that hold nothing else."""
    while runs:
        text, marks = runs[place]
        if rest := strip(text, BLANKS):
            runs[place] = rest, marks
            return
        del runs[place]


def _marks(span: Span) -> Marks:
    return span.strong, span.emphasis, span.code, span.href


class Inline:
    """Collect inline events as runs of text with their markings.

    `breaks` tells before which runs a new line begins. `links` holds what was linked to, safe or not;
    `is_bare` tells whether any text stands outside links, and `lost` says what of the markup becomes mere
    text.
    """

    is_bare = False
    _strong = 0
    _emphasis = 0
    _links = 0
    _href: str | None = None
    # Made when markings begin and end, which is seldom, and shared by all runs between.
    _marks: Marks = (False, False, False, None)

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.breaks: list[int] = []
        self.links: list[str] = []
        self.lost: set[str] = set()

    def take(self, event: Event) -> None:
        """Add one event; block events only part what stands before and after them."""
        if isinstance(event, str):
            self._add("\n" if event == "SoftBreak" else " ", self._marks)
            self.breaks.append(len(self.runs))
            return
        ((kind, value),) = event.items()
        # The most frequent come first: a note has hundreds of them.
        if kind == "Text":
            self._add(value, self._marks)
        elif kind == "Start":
            self._start(value)
        elif kind == "End":
            self._end(value)
        elif kind == "Code":
            self._add(value, (self._strong > 0, self._emphasis > 0, True, self._href))
        elif kind in ("InlineHtml", "Html"):
            self._add(value, self._marks)
            self.lost.add("HTML is not markup here; it is shown as it is written")

    def _add(self, text: str, marks: Marks) -> None:
        self.runs.append((text, marks))
        if not (self.is_bare or self._links or text.isspace()):
            self.is_bare = True

    def _start(self, tag: Any) -> None:
        if tag == "Emphasis":
            self._emphasis += 1
            self._mark()
        elif tag == "Strong":
            self._strong += 1
            self._mark()
        elif isinstance(tag, dict) and "Link" in tag:
            self._start_link(tag["Link"])
        else:
            self._begin(tag)

    def _end(self, tag: Any) -> None:
        if tag == "Emphasis":
            self._emphasis -= 1
            self._mark()
        elif tag == "Strong":
            self._strong -= 1
            self._mark()
        elif tag == "Link":
            self._links -= 1
            self._href = None
            self._mark()
        else:
            self._finish()

    def _begin(self, tag: Any) -> None:
        """Begin a block, or an image."""
        if self.runs:
            self._add(" ", self._marks)
        if isinstance(tag, dict) and "Image" in tag:
            self.lost.add("images cannot stand here; only their words do")

    def _finish(self) -> None:
        """End a block, or an image."""

    def _start_link(self, link: dict[str, str]) -> None:
        target = f"mailto:{link['dest_url']}" if link["link_type"] == "Email" else link["dest_url"]
        self.links.append(target)
        self._links += 1
        self._href = safe_link(target)
        self._mark()

    def _mark(self) -> None:
        self._marks = (self._strong > 0, self._emphasis > 0, False, self._href)


def inline(text: str) -> Prose:
    """Read Markdown as one paragraph."""
    collector = Inline()
    for event in pyromark.events(text):
        collector.take(event)
    return join_runs(collector.runs)


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
