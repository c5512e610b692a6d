"""The check before an issue is frozen: both parts are read anew, as a mail program would read them. Pure.

A project may bring its own templates, so what the law and the readers ask for is looked for in the result.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from feedmaker.disclosure import disclosure_faults, text_disclosure_faults
from feedmaker.errors import GateError
from feedmaker.merchants import BuyLink
from feedmaker.newsletter.issue import IssueContent
from feedmaker.newsletter.leaving import for_nobody
from feedmaker.newsletter.reading import HtmlPart


@dataclass(frozen=True, slots=True)
class Wanted:
    """Say what both parts need: the way out, the sender's address, and words beside each paid link.

    `own` are beginnings of addresses that pictures may be loaded from.
    """

    own: tuple[str, ...]
    unsubscribe: str | None
    postal_address: str
    links: Sequence[BuyLink | None]


class Fault(NamedTuple):
    """Say what is wrong, under a code that the checks explain."""

    code: str
    message: str


def check_issue(content: IssueContent, html: str, text: str) -> None:
    """Look for what law and readers ask for in both parts of an issue.

    Raises `GateError` with everything that is wrong: an empty part, a paid link without its mark, its rel or
    the disclosure before it, no way to unsubscribe, no postal address, or something loaded from elsewhere.
    """
    wanted = _wanted(content)
    _refuse(fault.message for fault in issue_faults(wanted, HtmlPart(html, wanted.own), html, text))


def issue_faults(wanted: Wanted, part: HtmlPart, html: str, text: str) -> Iterator[Fault]:
    """Say why an issue cannot go out; `part` is its HTML, read."""
    yield from _named("HTML part", _page_faults(wanted, part, html))
    yield from _named("HTML part", _missing(wanted, part.flow))
    yield from _named("text part", _missing(wanted, text))
    untold = text_disclosure_faults(text, wanted.links)
    yield from _named("text part", (Fault("undisclosed", fault) for fault in untold))


def check_page(content: IssueContent, html: str) -> None:
    """Check the page of an issue, which everybody may read: nothing in it is one reader's own.

    `content` is that of the mail. Raises `GateError` as `check_issue` does.
    """
    wanted = _wanted(content)
    page = HtmlPart(html, wanted.own)
    faults = [fault.message for fault in _named("page", _page_faults(wanted, page, html))]
    for address, what in ((content.unsubscribe, "leaves"), (content.preferences, "chooses")):
        if address and address in page.flow:
            faults.append(f"page: it holds the address where one reader {what} ({address})")
    _refuse(faults)


def _wanted(content: IssueContent) -> Wanted:
    own = (content.site_address, *filter(None, [content.logo]))
    return Wanted(own, content.unsubscribe, content.postal_address, content.links)


def _refuse(faults: Iterable[str]) -> None:
    found = list(faults)
    if found:
        raise GateError("\n".join(["the issue cannot go out; mend the templates:", *found]))


def _named(part: str, faults: Iterable[Fault]) -> Iterator[Fault]:
    return (Fault(fault.code, f"{part}: {fault.message}") for fault in faults)


def _page_faults(wanted: Wanted, part: HtmlPart, html: str) -> Iterator[Fault]:
    yield from (Fault("remote-content", fault) for fault in part.faults)
    yield from (Fault("undisclosed", fault) for fault in disclosure_faults(html, wanted.links))


def _missing(wanted: Wanted, flow: str) -> Iterator[Fault]:
    """Find what is missing in a part, whatever its white space is."""
    flow = _folded(flow)
    if not flow:
        yield Fault("empty-part", "it is empty")
        return
    if wanted.unsubscribe and _folded(wanted.unsubscribe) not in flow:
        yield Fault("no-way-out", f"the unsubscribe address is missing ({for_nobody(wanted.unsubscribe)})")
    if _folded(wanted.postal_address) not in flow:
        yield Fault("no-postal-address", f"the postal address is missing ({wanted.postal_address})")


def _folded(text: str) -> str:
    return " ".join(text.split())
