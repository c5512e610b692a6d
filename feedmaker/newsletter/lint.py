"""What MJML would pass over in silence: unknown tags and attributes, and text where none is shown. Pure.

The compiled MJML copies a misspelt tag into the mail and forgets a misspelt attribute. The tables follow MJML
4 (https://documentation.mjml.io/), less the tags that load fonts, icons or pictures from elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from html.parser import HTMLParser

_PADDING = "padding padding-top padding-right padding-bottom padding-left"
_INNER_PADDING = "inner-padding inner-padding-top inner-padding-right inner-padding-bottom inner-padding-left"
_BORDER = "border border-top border-right border-bottom border-left border-radius"
_INNER_BORDER = " ".join(f"inner-{name}" for name in _BORDER.split())
_BLOCK = f"{_PADDING} align container-background-color"
_FONT = "font-family font-size font-style font-weight"
_TEXT = f"{_FONT} color letter-spacing line-height text-decoration text-transform"
_LINK = "href rel target title name"
_BACKGROUND = (
    "background-color background-url background-repeat background-size background-position "
    "background-position-x background-position-y"
)
_SECTION = f"{_BACKGROUND} {_BORDER} {_PADDING} direction full-width text-align text-padding"
_HEAD = {
    "mj-attributes": "",
    "mj-breakpoint": "width",
    "mj-preview": "",
    "mj-style": "inline",
    "mj-title": "",
}
_BODY = {
    "mj-section": _SECTION,
    "mj-wrapper": _SECTION,
    "mj-group": "background-color direction vertical-align width",
    "mj-column": (
        f"{_BORDER} {_INNER_BORDER} {_PADDING} background-color inner-background-color direction "
        "vertical-align width"
    ),
    "mj-hero": (
        f"{_BACKGROUND} background-height background-width border-radius container-background-color height "
        f"inner-background-color {_INNER_PADDING} mode {_PADDING} vertical-align width"
    ),
    "mj-text": f"{_BLOCK} {_TEXT} height vertical-align",
    "mj-button": (
        f"{_BLOCK} {_TEXT} {_LINK} {_BORDER} background-color height inner-padding text-align vertical-align "
        "width"
    ),
    "mj-divider": f"{_BLOCK} border-color border-style border-width width",
    "mj-spacer": f"{_PADDING} {_BORDER} container-background-color direction height vertical-align width",
    "mj-image": (
        f"{_BLOCK} {_BORDER} {_LINK} alt fluid-on-mobile font-size height max-height sizes src srcset usemap "
        "vertical-align width"
    ),
    "mj-table": f"{_BLOCK} {_TEXT} border cellpadding cellspacing role table-layout vertical-align width",
}
_ATTRIBUTES = {
    "mjml": frozenset({"lang", "dir", "owa"}),
    "mj-head": frozenset[str](),
    "mj-body": frozenset({"background-color", "width", "css-class"}),
    "mj-raw": frozenset({"position"}),
    **{tag: frozenset(names.split()) for tag, names in _HEAD.items()},
    **{tag: frozenset(names.split()) | {"css-class", "mj-class"} for tag, names in _BODY.items()},
}
_DEFAULTS = frozenset().union(*(_ATTRIBUTES[tag] for tag in _BODY)) - {"mj-class"}

_CONTENT = frozenset({"mj-text", "mj-button", "mj-divider", "mj-spacer", "mj-image", "mj-table", "mj-raw"})
# What may stand in a tag that shows no text of its own; all other tags hold text and no tag of MJML.
_CHILDREN = {
    "mjml": frozenset({"mj-head", "mj-body", "mj-raw"}),
    "mj-head": frozenset(_HEAD) | {"mj-raw"},
    "mj-attributes": frozenset(_BODY) | {"mj-all", "mj-class", "mj-body"},
    "mj-body": frozenset({"mj-section", "mj-wrapper", "mj-hero", "mj-raw"}),
    "mj-wrapper": frozenset({"mj-section", "mj-hero", "mj-raw"}),
    "mj-section": frozenset({"mj-column", "mj-group", "mj-raw"}),
    "mj-group": frozenset({"mj-column", "mj-raw"}),
    "mj-column": _CONTENT,
    "mj-hero": _CONTENT,
}


def mjml_faults(source: str) -> list[str]:
    """List what is wrong with an MJML text, each thing once and in its order; empty where nothing is."""
    reader = _Reader()
    reader.feed(source)
    reader.close()
    return list(dict.fromkeys(reader.faults))


class _Reader(HTMLParser):
    """Follow the tags of MJML and leave the HTML inside of them alone."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Check a tag and go into it."""
        self.handle_startendtag(tag, attrs)
        if tag.startswith("mj"):
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Check a tag."""
        self.faults += _tag_faults(tag, self.get_starttag_text() or "", self._open)
        if tag.startswith("mj"):
            names = [name for name, _ in attrs]
            self.faults += _attribute_faults(tag, names, in_attributes=self._open[-1:] == ["mj-attributes"])

    def handle_endtag(self, tag: str) -> None:
        """Leave a tag."""
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        """Find text that no reader would ever see."""
        if data.strip() and (not self._open or self._open[-1] in _CHILDREN):
            where = _place(self._open[-1] if self._open else None)
            self.faults.append(f'the text "{data.strip()[:40]}" stands {where}; put it into <mj-text>')


def _tag_faults(tag: str, written: str, parents: list[str]) -> Iterator[str]:
    parent = parents[-1] if parents else None
    known = (*_ATTRIBUTES, "mj-all", "mj-class")
    if not tag.startswith("mj"):
        if parent is None or parent in _CHILDREN:
            yield f"<{tag}> stands {_place(parent)}; put it into <mj-text> or <mj-raw>"
    elif tag == "mj-include":
        yield "<mj-include> is not supported; use an include of Jinja"
    elif tag not in known:
        yield f"<{tag}> is no tag that an issue can use{_hint(tag, known)}"
    elif not written.startswith(f"<{tag}"):
        yield f"<{tag}> is written in small letters"
    elif parent is not None and tag not in _CHILDREN.get(parent, ()):
        yield f"<{tag}> cannot stand {_place(parent)}"


def _attribute_faults(tag: str, names: list[str], *, in_attributes: bool) -> Iterator[str]:
    if tag in ("mj-all", "mj-class"):
        known = _DEFAULTS | ({"name"} if tag == "mj-class" else set())
    elif tag in _ATTRIBUTES:
        known = _ATTRIBUTES[tag] - ({"mj-class"} if in_attributes else set())
    else:
        return
    for name in names:
        if name not in known:
            yield f"<{tag}> has no attribute {name}{_hint(name, known)}"
        elif names.count(name) > 1:
            yield f"<{tag}> has the attribute {name} twice"


def _place(parent: str | None) -> str:
    return f"directly in <{parent}>" if parent else "outside of <mjml>"


def _hint(word: str, known: Iterable[str]) -> str:
    near = get_close_matches(word, sorted(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""
