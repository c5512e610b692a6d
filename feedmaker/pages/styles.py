"""The stylesheets: of the pages, and of feeds that are opened in a browser. Pure apart from templates."""

from __future__ import annotations

from markupsafe import Markup

from feedmaker.config import Site
from feedmaker.pages.page import markup
from feedmaker.templating import Templates

_UNESCAPED = frozenset(" -_.:/?")


def stylesheet(templates: Templates, site: Site) -> bytes:
    """Return the stylesheet of all pages; raise `TemplateError` where site/style.css cannot be rendered."""
    return _render(templates, "site/style.css", site)


def feed_stylesheet(templates: Templates, site: Site) -> bytes:
    """Return the stylesheet of feeds, which says to people what a feed is and where the pages are.

    A template finds the site's title and address, written as CSS strings, in `title` and `address`. Raises
    `TemplateError` where site/feed.css cannot be rendered.
    """
    return _render(templates, "site/feed.css", site)


def _render(templates: Templates, name: str, site: Site) -> bytes:
    if not templates.is_template(name):
        return templates.source(name).encode()
    strings = {"title": _string(site.title), "address": _string(site.address)}
    return templates.render(name, site=site, **strings).encode()


def _string(text: str) -> Markup:
    """Write a text as a string of CSS, escaping every sign that could end it (CSS Syntax 3, 4.3.7)."""
    signs = (sign if sign.isalnum() or sign in _UNESCAPED else f"\\{ord(sign):x} " for sign in text)
    return markup(f'"{"".join(signs)}"')
