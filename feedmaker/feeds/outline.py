"""Which feeds there are: what each calls itself, and under which paths its documents stand. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Format = Literal["rss", "atom", "json"]
ALL: tuple[Format, ...] = ("rss", "atom", "json")
MEDIA_TYPES: Mapping[Format, str] = {
    "rss": "application/rss+xml",
    "atom": "application/atom+xml",
    "json": "application/feed+json",
}
NAMES: Mapping[Format, str] = {"rss": "RSS", "atom": "Atom", "json": "JSON Feed"}
_ENDINGS: Mapping[Format, str] = {"rss": "xml", "atom": "atom", "json": "json"}
_MAIN: Mapping[Format, str] = {"rss": "feed.xml", "atom": "atom.xml", "json": "feed.json"}
PODCAST = "podcast"
OPML_PATH = "feeds.opml"
FEED_STYLE_PATH = "feed.css"


@dataclass(frozen=True, slots=True)
class Outline:
    """Say what a feed is: its title, its page for people, and the formats it is written in.

    `name` is the path of its documents without their endings, and empty for the main feed; `page` is the
    path of its page. Both stand below the site's address.
    """

    name: str
    title: str
    description: str
    page: str = ""
    formats: tuple[Format, ...] = ALL

    def paths(self, volume: int | None = None) -> dict[Format, str]:
        """Return the paths of the feed's documents, or of one volume of its archive."""
        return {kind: self._path(kind, volume) for kind in self.formats}

    def _path(self, kind: Format, volume: int | None) -> str:
        if volume is not None:
            folder = f"archive/{self.name}" if self.name else "archive"
            return f"{folder}/{volume}.{_ENDINGS[kind]}"
        return f"{self.name}.{_ENDINGS[kind]}" if self.name else _MAIN[kind]
