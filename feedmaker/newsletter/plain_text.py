"""The plain-text part: a text of its own, wrapped for reading, with numbered links and whole addresses."""

from __future__ import annotations

from textwrap import fill

from feedmaker.merchants import PAID_MARK
from feedmaker.model import Prose
from feedmaker.newsletter.issue import IssueContent
from feedmaker.templating import Templates

TEMPLATE = "newsletter/issue.txt"
WIDTH = 72
_BELOW = "\n    "


class Links:
    """Number the addresses of a text, which stand in lists of their own."""

    def __init__(self) -> None:
        self._listed: dict[tuple[str, str], int] = {}
        self._count = 0

    def to(self, address: str, *, paid: bool = False) -> str:
        """Return the number of an address, in brackets; one that is paid is marked there and in the list."""
        mark = f" {PAID_MARK}" if paid else ""
        key = (address, mark)
        if key not in self._listed:
            self._count += 1
            self._listed[key] = self._count
        return f"[{self._listed[key]}]{mark}"

    def words(self, prose: Prose) -> str:
        """Write a paragraph with the numbers of its links."""
        return "".join(
            f"{span.text} {self.to(span.href)}" if span.href and span.href != span.text else span.text
            for span in prose
        )

    def take(self) -> list[str]:
        """Return the list of all addresses since the last one, each in one piece."""
        entries = [_entry(f"[{number}]{mark}", address) for (address, mark), number in self._listed.items()]
        self._listed.clear()
        return entries


def _entry(begun: str, address: str) -> str:
    """Write an address behind its number, or below number and mark where both are too long."""
    is_long = " " in begun and len(begun) + 1 + len(address) > WIDTH
    return f"{begun}{_BELOW if is_long else ' '}{address}"


def render_text(content: IssueContent, templates: Templates) -> str:
    """Render the plain-text part of an issue; raise `TemplateError` where the template is wrong."""
    return templates.render(TEMPLATE, issue=content, links=Links(), wrap=wrap)


def wrap(text: str, indent: str = "", first: str | None = None) -> str:
    """Break text into lines of at most 72 characters, words and addresses excepted.

    Every line begins with `indent`, the first with `first` where that is given. Only white space changes.
    """
    return fill(
        text,
        WIDTH,
        initial_indent=indent if first is None else first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
