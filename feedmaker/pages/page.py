"""What all pages have in common: head, feeds to follow, facts for machines. Pure apart from templates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from markupsafe import Markup

from feedmaker.config import Site
from feedmaker.pages import json_ld
from feedmaker.pages.paths import address_of, root_of
from feedmaker.templating import Templates


@dataclass(frozen=True, slots=True)
class FeedLink:
    """Name one format of a feed; `path` is where it stands below the site's address.

    `title` tells it from all others that a page announces; without one it is the site's title and `name`.
    """

    name: str
    type: str
    path: str
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Announced:
    """Hold a feed as a page shows it: to machines by `title`, to people by `label`."""

    type: str
    path: str
    address: str
    title: str
    label: str


FEEDS = (
    FeedLink("RSS", "application/rss+xml", "feed.xml"),
    FeedLink("Atom", "application/atom+xml", "atom.xml"),
    FeedLink("JSON Feed", "application/feed+json", "feed.json"),
)


@dataclass(frozen=True, slots=True)
class Around:
    """Hold what all pages show around their content.

    That is feeds, whether there are issues to lead to, and where people sign up for them.
    """

    feeds: Sequence[FeedLink] = FEEDS
    has_issues: bool = False
    signup: str | None = None


AROUND = Around()


@dataclass(frozen=True, slots=True)
class Head:
    """Hold what a page says of itself.

    `address` is set where the page's own address is not that of its `path`; `facts` are what it says to
    machines, as nodes of JSON-LD.
    """

    path: str
    title: str
    description: str
    facts: Sequence[json_ld.Node] = ()
    kind: Literal["website", "article"] = "website"
    image: str | None = None
    address: str | None = None
    around: Around = AROUND


def write_page(templates: Templates, name: str, site: Site, head: Head, **context: Any) -> bytes:
    """Render the template of a page as HTML in UTF-8; raise `TemplateError` where that is not possible."""
    html = templates.render(
        name,
        site=site,
        root=root_of(head.path),
        title=head.title,
        description=head.description,
        address=head.address or address_of(site, head.path),
        folder=head.path.removesuffix("index.html"),
        kind=head.kind,
        image=head.image or site.image,
        feeds=[_announced(site, feed) for feed in head.around.feeds],
        has_issues=head.around.has_issues,
        signup=head.around.signup,
        json_ld=markup(json_ld.dump(head.facts)),
        **context,
    )
    return html.encode()


def _announced(site: Site, feed: FeedLink) -> Announced:
    usual = f"{site.title} ({feed.name})"
    title = feed.title or usual
    label = feed.name if title == usual else title
    return Announced(feed.type, feed.path, site.address + feed.path, title, label)


def markup(html: str) -> Markup:
    """Take HTML as it is, for what a note says was escaped when it was made."""
    return Markup(html)  # noqa: S704 - content.py and json_ld.py have escaped what the note says
