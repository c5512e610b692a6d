"""The check before an issue is frozen: both parts are read anew, as a mail program would read them. Pure.

A project may bring its own templates, so what the law and the readers ask for is looked for in the result.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from feedmaker.disclosure import disclosure_faults, text_disclosure_faults
from feedmaker.errors import GateError
from feedmaker.merchants import BuyLink
from feedmaker.newsletter.issue import IssueContent

CLIP_LIMIT = 102_000
"""Gmail cuts an HTML part near this many bytes, its end first, and that is where readers unsubscribe."""

_LOADING_TAGS = frozenset({"embed", "frame", "iframe", "link", "object", "script"})
_LOADING_ATTRIBUTES = frozenset({"background", "poster", "src", "srcset"})
_LOADING_STYLE = re.compile(r"url\((?!\s*[\"']?data:)|@import", re.IGNORECASE)
_LOADING_COMMENT = re.compile(r"\ssrc\s*=|url\(", re.IGNORECASE)


def check_issue(content: IssueContent, html: str, text: str) -> int:
    """Return the size of the HTML part in bytes, to be compared with `CLIP_LIMIT`.

    Raises `GateError` with everything that is wrong: an empty part, a paid link without its mark, its rel or
    the disclosure before it, no way to unsubscribe, no postal address, or something loaded from elsewhere.
    """
    page = _Page()
    page.feed(html)
    page.close()
    faults = [
        *(f"HTML part: {fault}" for fault in (*page.faults, *_faults(content, "".join(page.pieces)))),
        *(f"HTML part: {fault}" for fault in disclosure_faults(html, _links(content))),
        *(f"text part: {fault}" for fault in _faults(content, text)),
        *(f"text part: {fault}" for fault in text_disclosure_faults(text, _links(content))),
    ]
    if faults:
        raise GateError("\n".join(["the issue cannot go out; mend the templates:", *faults]))
    return len(html.encode())


class _Page(HTMLParser):
    """Read HTML into one flow of text in which each address stands where its link begins."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self.faults: list[str] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the address and rel of a link, and whatever loads something."""
        values = {name: value or "" for name, value in attrs}
        self._in_style = tag == "style"
        loaded = [values[name] for name in _LOADING_ATTRIBUTES & values.keys()]
        remote = any(not value.startswith("data:") for value in loaded)
        if remote or tag in _LOADING_TAGS or _LOADING_STYLE.search(values.get("style", "")):
            self.faults.append(f"<{tag}> loads something from elsewhere")
        if "href" in values:
            self.pieces.append(f" {values['href']} ")

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002
        """Leave a style sheet."""
        self._in_style = False

    def handle_data(self, data: str) -> None:
        """Take in text, and look into style sheets."""
        if not self._in_style:
            self.pieces.append(data)
        elif _LOADING_STYLE.search(data):
            self.faults.append("a style sheet loads something from elsewhere")

    def handle_comment(self, data: str) -> None:
        """Look into what only Outlook reads."""
        if _LOADING_COMMENT.search(data):
            self.faults.append("a part for Outlook loads something from elsewhere")


def _faults(content: IssueContent, flow: str) -> Iterator[str]:
    """Find what is missing in a part, whatever its white space is."""
    flow = _folded(flow)
    if not flow:
        yield "it is empty"
        return
    for name, wanted in (("unsubscribe", content.unsubscribe), ("postal", content.postal_address)):
        if _folded(wanted) not in flow:
            yield f"the {name} address is missing ({wanted})"


def _links(content: IssueContent) -> list[BuyLink | None]:
    return [card.link for episode in content.episodes for card in episode.cards]


def _folded(text: str) -> str:
    return " ".join(text.split())
