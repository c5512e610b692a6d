"""The check before an issue is frozen: both parts are read anew, as a mail program would read them. Pure.

A project may bring its own templates, so what the law and the readers ask for is looked for in the result.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser

from feedmaker.errors import GateError
from feedmaker.merchants import PAID_MARK, PAID_REL, BuyLink
from feedmaker.newsletter.issue import IssueContent

CLIP_LIMIT = 102_000
"""Gmail cuts an HTML part near this many bytes, its end first, and that is where readers unsubscribe."""

_MARK_DISTANCE = 120
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
        *(f"HTML part: {fault}" for fault in _rel_faults(content, page.rels)),
        *(f"text part: {fault}" for fault in _faults(content, text)),
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
        self.rels: list[tuple[str, str]] = []
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
            self.rels.append((values["href"], values.get("rel", "")))
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
    for link in _paid(content):
        at = flow.find(link.url)
        if at >= 0:
            yield from _paid_faults(link, flow, at)


def _paid_faults(link: BuyLink, flow: str, at: int) -> Iterator[str]:
    disclosure = _folded(link.disclosure or "")
    if disclosure not in flow[:at]:
        yield f"the disclosure does not stand before the paid link to {link.url}"
    near = flow[max(0, at - _MARK_DISTANCE) : at + len(link.url) + _MARK_DISTANCE]
    if PAID_MARK not in near.replace(disclosure, ""):
        yield f'"{PAID_MARK}" does not stand beside the link to {link.url}'


def _rel_faults(content: IssueContent, rels: Iterable[tuple[str, str]]) -> Iterator[str]:
    paid = {link.url for link in _paid(content)}
    for address, rel in rels:
        if address in paid and not set(PAID_REL.split()) <= set(rel.split()):
            yield f'the paid link to {address} has no rel="{PAID_REL}"'


def _paid(content: IssueContent) -> list[BuyLink]:
    links = (card.link for episode in content.episodes for card in episode.cards)
    return list(dict.fromkeys(link for link in links if link and link.paid))


def _folded(text: str) -> str:
    return " ".join(text.split())
