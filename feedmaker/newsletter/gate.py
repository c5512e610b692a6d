"""The check before an issue is frozen: both parts are read anew, as a mail program would read them. Pure.

A project may bring its own templates, so what the law and the readers ask for is looked for in the result.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser

from feedmaker.disclosure import disclosure_faults, text_disclosure_faults
from feedmaker.errors import GateError
from feedmaker.newsletter.issue import IssueContent

_LOADING_TAGS = frozenset({"embed", "frame", "iframe", "link", "object", "script"})
_NAMING_LINKS = frozenset({"alternate", "canonical"})
_LOADING_ATTRIBUTES = frozenset({"background", "poster", "src", "srcset"})
_LOADING_STYLE = re.compile(r"url\((?!\s*[\"']?data:)|@import", re.IGNORECASE)
_LOADING_COMMENT = re.compile(r"\ssrc\s*=|url\(", re.IGNORECASE)


def check_issue(content: IssueContent, html: str, text: str) -> None:
    """Look for what law and readers ask for in both parts of an issue.

    Raises `GateError` with everything that is wrong: an empty part, a paid link without its mark, its rel or
    the disclosure before it, no way to unsubscribe, no postal address, or something loaded from elsewhere.
    """
    page = _read(content, html)
    _refuse(
        *(f"HTML part: {fault}" for fault in (*page.faults, *_missing(content, "".join(page.pieces)))),
        *(f"HTML part: {fault}" for fault in disclosure_faults(html, content.links)),
        *(f"text part: {fault}" for fault in _missing(content, text)),
        *(f"text part: {fault}" for fault in text_disclosure_faults(text, content.links)),
    )


def check_page(content: IssueContent, html: str) -> None:
    """Check the page of an issue, which everybody may read: nothing in it is one reader's own.

    `content` is that of the mail. Raises `GateError` as `check_issue` does.
    """
    page = _read(content, html)
    flow = "".join(page.pieces)
    personal = [content.unsubscribe] if content.unsubscribe and content.unsubscribe in flow else []
    _refuse(
        *(f"page: {fault}" for fault in page.faults),
        *(f"page: {fault}" for fault in disclosure_faults(html, content.links)),
        *(f"page: it holds the address where one reader leaves ({address})" for address in personal),
    )


def _read(content: IssueContent, html: str) -> _Page:
    page = _Page((content.site_address, *filter(None, [content.logo])))
    page.feed(html)
    page.close()
    return page


def _refuse(*faults: str) -> None:
    if faults:
        raise GateError("\n".join(["the issue cannot go out; mend the templates:", *faults]))


class _Page(HTMLParser):
    """Read HTML into one flow of text in which each address stands where its link begins."""

    def __init__(self, own: tuple[str, ...]) -> None:
        super().__init__(convert_charrefs=True)
        self._own = ("data:", *own)
        self.pieces: list[str] = []
        self.faults: list[str] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the address and rel of a link, and whatever loads something."""
        values = {name: value or "" for name, value in attrs}
        self._in_style = tag == "style"
        loaded = [values[name] for name in _LOADING_ATTRIBUTES & values.keys()]
        remote = any(not value.startswith(self._own) for value in loaded)
        if remote or self._loads(tag, values) or _LOADING_STYLE.search(values.get("style", "")):
            self.faults.append(f"<{tag}> loads something from elsewhere")
        if "href" in values:
            self.pieces.append(f" {values['href']} ")

    def _loads(self, tag: str, values: Mapping[str, str]) -> bool:
        """Tell whether a tag loads something whatever its address is."""
        return tag in _LOADING_TAGS and not (tag == "link" and values.get("rel") in _NAMING_LINKS)

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


def _missing(content: IssueContent, flow: str) -> Iterator[str]:
    """Find what is missing in a part, whatever its white space is."""
    flow = _folded(flow)
    if not flow:
        yield "it is empty"
        return
    for name, wanted in (("unsubscribe", content.unsubscribe), ("postal", content.postal_address)):
        if wanted and _folded(wanted) not in flow:
            yield f"the {name} address is missing ({wanted})"


def _folded(text: str) -> str:
    return " ".join(text.split())
