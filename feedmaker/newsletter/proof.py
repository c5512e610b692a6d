"""A proof: an issue as it would go out, both parts and its page, short enough and checked. Pure.

Reads templates and nothing else. The same stories, configuration, templates and occasion make the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from feedmaker.config import Config
from feedmaker.errors import GateError
from feedmaker.newsletter.fit import LIMIT, fewest, shortened, steps, told
from feedmaker.newsletter.gate import check_issue, check_page
from feedmaker.newsletter.issue import (
    IssueContent,
    Occasion,
    Story,
    compose,
    newsletter_of,
    ordered,
    usual_lengths,
)
from feedmaker.newsletter.message import encoded_size
from feedmaker.newsletter.mjml import render_html
from feedmaker.newsletter.plain_text import render_text
from feedmaker.templating import Templates


@dataclass(frozen=True, slots=True)
class Proof:
    """Hold an issue as it would go out.

    In `html` and `text` a reader's own token is still missing; `page` is what the archive shows to all.
    `size` counts the bytes of the HTML part as it is sent, and `cuts` names what was left out to fit.
    """

    content: IssueContent
    html: str
    text: str
    page: str
    size: int
    cuts: tuple[str, ...]

    @property
    def subject(self) -> str:
        """Return the subject."""
        return self.content.subject

    @property
    def preheader(self) -> str:
        """Return what stands behind the subject in a list of mails."""
        return self.content.preheader


def make_proof(stories: Sequence[Story], config: Config, templates: Templates, occasion: Occasion) -> Proof:
    """Make a proof of at least one story, the newest first.

    Raises `UsageError` without a newsletter section, `TemplateError` where a template is at fault, and
    `GateError` where something is missing in a part, or the issue cannot be made short enough.
    """
    stories = ordered(stories)
    lengths = usual_lengths(stories, newsletter_of(config))
    every = list(steps(lengths))
    tried: dict[int, tuple[IssueContent, str, int]] = {}

    def rendered(count: int) -> tuple[IssueContent, str, int]:
        if count not in tried:
            content = compose(stories, config, occasion, shortened(lengths, every[:count]))
            html = render_html(content, templates)
            tried[count] = content, html, encoded_size(html)
        return tried[count]

    count = fewest(len(every), lambda number: rendered(number)[2] <= LIMIT)
    content, html, size = rendered(count)
    if size > LIMIT:
        raise GateError(
            f"the issue has {size:,} bytes where {LIMIT:,} are the most, and nothing is left to leave out; "
            "shorten the newsletter's own texts, or its templates"
        )
    text = render_text(content, templates)
    check_issue(content, html, text)
    page = render_html(replace(content, unsubscribe=None, preferences=None), templates)
    check_page(content, page)
    titles = [story.publication.episode.title for story in stories]
    return Proof(content, html, text, page, size, told(every[:count], titles, len(titles) - len(lengths)))
