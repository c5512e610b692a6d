"""The page that lists the issues which went out. Pure apart from templates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from feedmaker.config import Site
from feedmaker.pages import json_ld
from feedmaker.pages.page import AROUND, Around, Head, write_page
from feedmaker.pages.paths import NEWSLETTER_PATH, address_of, href, issue_path, root_of
from feedmaker.sent import CarriedEpisode, SentIssue
from feedmaker.templating import Templates


@dataclass(frozen=True, slots=True)
class IssueLine:
    """Show an issue; `href` leads to its page, and so do those of `episodes` to theirs.

    `language` is None where it is the site's.
    """

    href: str
    issue: SentIssue
    sent_on: date
    language: str | None
    episodes: list[tuple[str, CarriedEpisode]]


def newsletter_page(
    templates: Templates, site: Site, title: str, issues: Iterable[SentIssue], around: Around = AROUND
) -> bytes:
    """Write the list of issues, in the given order, as HTML in UTF-8.

    Raises `TemplateError` where site/newsletter.html, or what it builds on, cannot be rendered.
    """
    trail = ((title, address_of(site, NEWSLETTER_PATH)),)
    facts = (json_ld.breadcrumbs(site, trail),)
    head = Head(NEWSLETTER_PATH, title, f"All issues of the newsletter of {site.title}", facts, around=around)
    lines = [_line(site, issue) for issue in issues]
    return write_page(templates, "site/newsletter.html", site, head, lines=lines)


def _line(site: Site, issue: SentIssue) -> IssueLine:
    root = root_of(NEWSLETTER_PATH)
    return IssueLine(
        root + issue_path(issue.slug).removesuffix("index.html"),
        issue,
        issue.sent_at.astimezone(site.zone).date(),
        issue.language if issue.language != site.language else None,
        [(href(site, root, episode.url), episode) for episode in issue.episodes],
    )
