"""The plain-text part: a text of its own, wrapped for reading, with every address in one piece."""

from __future__ import annotations

from textwrap import fill

from feedmaker.merchants import PAID_MARK
from feedmaker.model import Prose
from feedmaker.newsletter.issue import IssueContent
from feedmaker.templating import Templates

TEMPLATE = "newsletter/issue.txt"
WIDTH = 72


def render_text(content: IssueContent, templates: Templates) -> str:
    """Render the plain-text part of an issue; raise `TemplateError` where the template is wrong."""
    return templates.render(TEMPLATE, issue=content, words=words, wrap=wrap, paid_mark=PAID_MARK)


def words(prose: Prose) -> str:
    """Write a paragraph with the addresses of its links, in the brackets that RFC 3986 (C) asks for."""
    return "".join(
        f"{span.text} <{span.href}>" if span.href and span.href != span.text else span.text for span in prose
    )


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
