"""What crawlers ask for: the sitemap (sitemaps.org, protocol 0.9) and robots.txt (RFC 9309). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from feedmaker.config import Site
from feedmaker.pages.paths import SITEMAP_PATH
from feedmaker.text import escape, utc

MOST_ADDRESSES = 50_000
_NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"


class Place(NamedTuple):
    """Hold the absolute address of a page, and when it changed; None where nobody knows."""

    address: str
    changed: datetime | None = None


def sitemap_paths(count: int) -> list[str]:
    """Return the paths of the files of a sitemap of so many pages; the first leads to the others."""
    volumes = -(-count // MOST_ADDRESSES)
    return [SITEMAP_PATH, *(_volume(number) for number in range(1, volumes + 1) if volumes > 1)]


def sitemap(site: Site, places: Sequence[Place], path: str = SITEMAP_PATH) -> bytes:
    """Write one file of the sitemap of the given pages, in UTF-8; `path` is one of `sitemap_paths`."""
    volumes = sitemap_paths(len(places))[1:]
    if not volumes:
        return _document("urlset", "url", places)
    if path == SITEMAP_PATH:
        parts = (_part(places, number) for number in range(len(volumes)))
        times = (max((place.changed for place in part if place.changed), default=None) for part in parts)
        links = (Place(site.address + name, changed) for name, changed in zip(volumes, times, strict=True))
        return _document("sitemapindex", "sitemap", links)
    return _document("urlset", "url", _part(places, volumes.index(path)))


def robots(site: Site) -> bytes:
    """Write robots.txt, which shuts nobody out and names the sitemap.

    Crawlers read it at the root of a host only; elsewhere it does no harm.
    """
    return f"User-agent: *\nAllow: /\n\nSitemap: {site.address}{SITEMAP_PATH}\n".encode()


def _volume(number: int) -> str:
    return SITEMAP_PATH.replace(".", f"-{number}.")


def _part(places: Sequence[Place], number: int) -> Sequence[Place]:
    return places[number * MOST_ADDRESSES : (number + 1) * MOST_ADDRESSES]


def _document(root: str, element: str, places: Iterable[Place]) -> bytes:
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<{root} xmlns="{_NAMESPACE}">',
        *(_place(element, place) for place in places),
        f"</{root}>\n",
    ]
    return "\n".join(lines).encode()


def _place(element: str, place: Place) -> str:
    changed = f"<lastmod>{utc(place.changed)}</lastmod>" if place.changed else ""
    return f"<{element}><loc>{escape(place.address)}</loc>{changed}</{element}>"
