"""What MJML passes over in silence, and what its compiler refuses without saying where. Pure.

The compiler copies a misspelt tag into the mail, forgets a misspelt attribute, and takes any value. Of MJML
that it cannot read, such as one bare "<", it mostly says no more than that. So an issue is read here first,
tag by tag.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from html import unescape
from typing import NamedTuple

from feedmaker.newsletter.components import ATTRIBUTES, CHILDREN, DEFAULTS, kind_of

_TOKEN = re.compile(
    r"""
      (?P<conditional> <!--\[if[^\]]*\]>(?:<!-->)? | (?:<!--)?<!\[endif\](?:--)?> | <!\[if[^\]]*\]> )
    | <!--(?P<comment> .*?)(?:-->|\Z)
    | </(?P<end> [^\W\d][\w:.-]*)\s*>
    | <(?P<tag> [^\W\d][\w:.-]*)
       (?P<attributes> (?: \s+[^\s=<>/"']+ (?:\s*=\s*(?:"[^"]*"|'[^']*'))? )* ) \s*
       (?P<close> /?> )?
    | (?P<bare> <)
    | (?P<text> [^<]+)
    """,
    re.VERBOSE | re.DOTALL,
)
_ATTRIBUTE = re.compile(r"""\s+([^\s=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'))?""")
_ILLEGAL = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_VOID = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
    ]
)
_PICTURES = frozenset({"img", "mj-image"})
_TEXT_ONLY = frozenset({"mj-title", "mj-preview", "mj-style"})
_KNOWN = (*ATTRIBUTES, "mj-all", "mj-class")


class Fault(NamedTuple):
    """Say what is wrong with an MJML text, `at` which of its characters, from 0 on."""

    at: int
    message: str


class _Attribute(NamedTuple):
    at: int
    name: str
    value: str


class _Open(NamedTuple):
    tag: str
    at: int


def mjml_faults(source: str) -> list[Fault]:
    """List what is wrong with an MJML text, in its order; empty where nothing is."""
    reader = _Reader()
    return sorted(reader.read(source))


class _Reader:
    """Follow the tags as the compiler does, which knows no HTML but which tags have no end."""

    def __init__(self) -> None:
        self._open: list[_Open] = []
        self._classes: set[str] = set()
        self._wanted_classes: list[tuple[int, str]] = []
        self._seen: set[str] = set()

    def read(self, source: str) -> Iterator[Fault]:
        """Yield what is wrong, in no order."""
        for found in _ILLEGAL.finditer(source):
            yield Fault(
                found.start(), f"a character that no mail can carry, U+{ord(found[0]):04X}; remove it"
            )
        for token in _TOKEN.finditer(source):
            yield from self._token(token)
        for left in self._open:
            yield Fault(left.at, f"<{left.tag}> is not closed")
        for tag in ("mjml", "mj-body"):
            if tag not in self._seen:
                yield Fault(0, f"there is no <{tag}>")
        for at, name in self._wanted_classes:
            if name not in self._classes:
                hint = _hint(name, self._classes)
                yield Fault(at, f'no <mj-class> has the name "{name}"{hint}')

    def _token(self, token: re.Match[str]) -> Iterator[Fault]:
        at = token.start()
        match token.lastgroup:
            case "comment":
                yield from _comment_faults(token)
            case "bare":
                yield Fault(at, "a bare <, where no tag begins; write &lt;")
            case "text":
                yield from self._text(at, token[0])
            case "end":
                yield from self._end(at, token["end"])
            case "conditional":
                pass
            case _:
                yield from self._start(at, token)

    def _text(self, at: int, text: str) -> Iterator[Fault]:
        """Find text that no reader would ever see."""
        inside = self._open[-1].tag if self._open else None
        if text.strip() and (inside is None or inside in CHILDREN):
            at += len(text) - len(text.lstrip())
            yield Fault(at, f'the text "{text.strip()[:40]}" stands {_place(inside)}; put it into <mj-text>')

    def _end(self, at: int, tag: str) -> Iterator[Fault]:
        if tag.lower() not in [opened.tag for opened in self._open]:
            yield Fault(at, f"</{tag}> closes nothing")
            return
        while (left := self._open.pop()).tag != tag.lower():
            yield Fault(left.at, f"<{left.tag}> is not closed")

    def _start(self, at: int, token: re.Match[str]) -> Iterator[Fault]:
        tag = token["tag"]
        attributes = [
            _Attribute(found.start(1), found[1], unescape(found[2] or found[3] or ""))
            for found in _ATTRIBUTE.finditer(token.string, *token.span("attributes"))
        ]
        parent = next((opened.tag for opened in reversed(self._open) if _is_mjml(opened.tag)), None)
        direct = self._open[-1].tag if self._open else None
        yield from (Fault(at, message) for message in _tag_faults(tag, parent, direct))
        if not token["close"]:
            yield Fault(
                token.end(), f'<{tag}> cannot be read from here on; write its attributes as name="value"'
            )
        else:
            yield from _twice(tag, attributes)
            if _is_mjml(tag):
                yield from _attribute_faults(tag, attributes, in_attributes=parent == "mj-attributes")
            if tag in _PICTURES and parent != "mj-attributes":
                yield from _picture_faults(at, tag, attributes)
        self._note(tag, attributes)
        if token["close"] != "/>" and tag.lower() not in _VOID:
            self._open.append(_Open(tag.lower(), at))

    def _note(self, tag: str, attributes: Iterable[_Attribute]) -> None:
        """Remember which classes there are, and which are asked for."""
        self._seen.add(tag)
        for attribute in attributes:
            if tag == "mj-class" and attribute.name == "name":
                self._classes.add(attribute.value)
            elif attribute.name == "mj-class":
                self._wanted_classes += [(attribute.at, name) for name in attribute.value.split()]


def _is_mjml(tag: str) -> bool:
    return tag.lower().startswith("mj")


def _comment_faults(token: re.Match[str]) -> Iterator[Fault]:
    text = token["comment"]
    if not token[0].endswith("-->"):
        yield Fault(token.start(), "a comment that is not closed; end it with -->")
    elif "--" in text or text.endswith("-"):
        at = text.index("--") if "--" in text else len(text) - 1
        yield Fault(token.start("comment") + at, "two hyphens in a comment; MJML takes them for its end")


def _tag_faults(tag: str, parent: str | None, direct: str | None) -> Iterator[str]:
    """Find what is wrong with a tag in its place, inside the tag `direct` and the tag of MJML `parent`."""
    if not _is_mjml(tag):
        if direct is None or direct in CHILDREN:
            yield f"<{tag}> stands {_place(direct)}; put it into <mj-text> or <mj-raw>"
        elif direct in _TEXT_ONLY:
            yield f"<{tag}> stands {_place(direct)}, which takes text and no tags"
    elif tag == "mj-include":
        yield "<mj-include> is not supported; use an include of Jinja"
    elif tag.lower() not in _KNOWN:
        yield f"<{tag}> is no tag that an issue can use{_hint(tag, _KNOWN)}"
    elif tag != tag.lower():
        yield f"<{tag}> is written in small letters: <{tag.lower()}>"
    elif tag == "mjml":
        if parent is not None:
            yield f"<mjml> cannot stand {_place(parent)}"
    elif parent is None or tag not in CHILDREN.get(parent, ()):
        yield f"<{tag}> cannot stand {_place(parent)}"


def _picture_faults(at: int, tag: str, attributes: Iterable[_Attribute]) -> Iterator[Fault]:
    names = [attribute.name for attribute in attributes]
    if "alt" not in names:
        yield Fault(at, f'<{tag}> has no alt; write what it shows, or alt="" where it only adorns')
    if "src" not in names:
        yield Fault(at, f"<{tag}> has no src, so it shows nothing")


def _twice(tag: str, attributes: Iterable[_Attribute]) -> Iterator[Fault]:
    names: set[str] = set()
    for attribute in attributes:
        if attribute.name in names:
            yield Fault(attribute.at, f"<{tag}> has the attribute {attribute.name} twice")
        names.add(attribute.name)


def _attribute_faults(tag: str, attributes: Iterable[_Attribute], *, in_attributes: bool) -> Iterator[Fault]:
    if tag in ("mj-all", "mj-class"):
        known = DEFAULTS | ({"name"} if tag == "mj-class" else set())
    elif tag in ATTRIBUTES:
        known = ATTRIBUTES[tag] - ({"mj-class"} if in_attributes else set())
    else:
        return
    for at, name, value in attributes:
        kind = kind_of(tag, name)
        if name not in known:
            yield Fault(at, f"<{tag}> has no attribute {name}{_hint(name, known)}")
        elif kind and not kind.takes(value.strip()):
            yield Fault(at, f'{name}="{value}" does nothing; expected {kind.expected}')


def _place(parent: str | None) -> str:
    return f"directly in <{parent}>" if parent else "outside of <mjml>"


def _hint(word: str, known: Iterable[str]) -> str:
    near = get_close_matches(word, sorted(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""
