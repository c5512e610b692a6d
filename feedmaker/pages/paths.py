"""Where pages stand, and how one leads to another. Pure.

Slugs of tags, shows and media are made from the words alone, so that an address never depends on which other
words there are.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from unicodedata import normalize

from feedmaker.config import Site
from feedmaker.lock import slug_of

INDEX_PATH = "index.html"
ARCHIVE_PATH = "episodes/index.html"
RECOMMENDATIONS_PATH = "recommendations/index.html"
TAGS_PATH = "tags/index.html"
NEWSLETTER_PATH = "newsletter/index.html"
STYLE_PATH = "style.css"
ROBOTS_PATH = "robots.txt"
SITEMAP_PATH = "sitemap.xml"

_PLAIN = re.compile(r"[a-z0-9]+(?:[ -][a-z0-9]+)*")
_LONGEST = 80
_MARKED = re.compile(r"(?:.*-)?[0-9a-f]{8}")
_NEWEST = "newest"


def episode_path(slug: str) -> str:
    """Return where the page of an episode stands below public/."""
    return f"episodes/{slug}/index.html"


def issue_path(slug: str) -> str:
    """Return where the page of an issue that went out stands below public/."""
    return f"newsletter/{slug}/index.html"


def tag_path(tag: str) -> str:
    """Return where the page of a tag stands below public/."""
    return f"tags/{tag_slug(tag)}/index.html"


def show_path(show: str) -> str:
    """Return where the page of a show stands below public/."""
    return f"shows/{tag_slug(show)}/index.html"


def things_path(medium: str | None = None, *, newest: bool = False) -> str:
    """Return where a list of recommendations stands below public/: of all, or of one medium."""
    folders = ["recommendations", *([medium_slug(medium)] if medium else []), *([_NEWEST] if newest else [])]
    return f"{'/'.join(folders)}/index.html"


def year_path(year: int) -> str:
    """Return where the recommendations of one year stand below public/."""
    return f"recommendations/{year}/index.html"


@lru_cache(maxsize=8192)
def tag_slug(tag: str) -> str:
    """Return the last part of the address of a tag's or show's page.

    Two of them have one slug if they differ in nothing but capitals, white space and hyphens: they are one
    tag. Where the words cannot be read back from their ASCII form (C++, größe), a hash tells them apart.
    """
    words = " ".join(normalize("NFKC", tag).casefold().split())
    plain = words.replace(" ", "-")
    if _PLAIN.fullmatch(words) and len(plain) <= _LONGEST and not _MARKED.fullmatch(plain):
        return plain
    return _marked(words)


def medium_slug(medium: str) -> str:
    """Return the last part of the address of a medium's page, which is none that other lists have."""
    slug = tag_slug(medium)
    return _marked(slug) if slug == _NEWEST or slug.isdigit() else slug


def spellings(tags: Iterable[str]) -> dict[str, str]:
    """Return for each slug how the tag is written most often, and of equals the first."""
    return {tag_slug(tag): tag for tag, _ in reversed(Counter(tags).most_common())}


def address_of(site: Site, path: str) -> str:
    """Return the absolute address of a page by its path below public/."""
    return site.address + path.removesuffix("index.html")


def root_of(path: str) -> str:
    """Lead from a page back to the folder that holds the site."""
    return "../" * path.count("/") or "./"


def href(site: Site, root: str, address: str) -> str:
    """Lead from a page to an address: relative within the site, absolute out of it."""
    inside = address.startswith(site.address)
    return root + address.removeprefix(site.address) if inside else address


def _marked(words: str) -> str:
    mark = hashlib.blake2b(words.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
    return "-".join(filter(None, (slug_of(words), mark)))
