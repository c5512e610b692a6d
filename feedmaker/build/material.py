"""What outputs are made of: the publication and the content of each note, made when first asked for."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from feedmaker import __version__
from feedmaker.catalogue import Catalogue, Listed, Mention, make_catalogue
from feedmaker.config import Config
from feedmaker.content import Content, render
from feedmaker.history import age
from feedmaker.index import DamagedIndexError, Index
from feedmaker.lock import Entry, Resolution, page_address, publication
from feedmaker.merchants import without_shop_links
from feedmaker.model import Episode, Publication
from feedmaker.notes.note import Facts, parse_note
from feedmaker.pages import MOST_ALSO
from feedmaker.reading import Reading
from feedmaker.sent_files import Sent, sent_page

# Outputs that hold the same notes are made one after the other, so more would be kept for nothing.
_KEPT = 400


@dataclass(frozen=True, slots=True)
class Planned:
    """Name an output, the key of what it is made from, and how it is made.

    Outputs with the same `near` hold the same notes, and are best made one after the other.
    """

    path: str
    key: str
    make: Callable[[], bytes]
    near: int = 0


def key_of(*parts: str) -> str:
    """Hash all that an output is made from."""
    whole = "\0".join(parts).encode("utf-8", "surrogateescape")
    return hashlib.blake2b(whole, digest_size=16).hexdigest()


class Material:
    """Hand out the notes that are published, by their paths."""

    def __init__(
        self,
        config: Config,
        templates_digest: str,
        index: Index,
        reading: Reading,
        resolution: Resolution,
        sent: Sent,
    ) -> None:
        self.config = config
        self.resolution = resolution
        self.sent = sent
        self.facts: Mapping[str, Facts] = reading.facts
        self.entries: Mapping[str, Entry] = resolution.published
        self.newest_first = sorted(self.entries, key=lambda path: age(self.entries[path]))
        shown = config.model_dump_json(include={"site", "merchants", "feeds", "podcast", "push"})
        self.environment = key_of(__version__, shown, templates_digest)
        self._index = index
        self._reading = reading
        self._contents: OrderedDict[str, tuple[Publication, Content]] = OrderedDict()
        self._keys: dict[str, str] = {}

    def key(self, path: str) -> str:
        """Hash a note and what the lock knows of it."""
        found = self._keys.get(path)
        if found is None:
            entry = self.entries[path]
            dates = entry.published.isoformat(), entry.updated.isoformat()
            found = key_of(self._reading.raw[path], entry.id, entry.slug, *dates, *self.keys(path))
            self._keys[path] = found
        return found

    def address(self, path: str) -> str:
        """Return the absolute address of a note's page."""
        return self.facts[path].url or page_address(self.config.site, self.entries[path].slug)

    def keys(self, path: str) -> list[str]:
        """Return the keys of a note's recommendations, in their order."""
        return [key for key, _ in self.entries[path].recommendations]

    def rendered(self, path: str) -> tuple[Publication, Content]:
        """Return publication and content of a note; rendered once, where several outputs hold it."""
        found = self._contents.pop(path, None)
        if found is None:
            episode = without_shop_links(self._episode(path), self.config.merchants)
            entry = self.entries[path]
            found = publication(entry, episode, self.config.site), render(episode, self.config.merchants)
        self._contents[path] = found
        if len(self._contents) > _KEPT:
            self._contents.popitem(last=False)
        return found

    @cached_property
    def catalogue(self) -> Catalogue:
        """Return everything that was recommended, across all notes."""
        oldest_first = reversed(self.newest_first)
        return make_catalogue(self._listed(path) for path in oldest_first if self.facts[path].recommendations)

    def also(self, path: str) -> list[Sequence[Mention]]:
        """Return, for each recommendation of a note, the first few of the same thing in other notes.

        One more than pages show says that there are others. The newest would change the pages of all notes
        that recommend something whenever one more does.
        """
        return [others[: MOST_ALSO + 1] for others in self._others(path)]

    def _others(self, path: str) -> list[Sequence[Mention]]:
        return [self.catalogue.others(path, key) for key in self.keys(path)]

    def earlier(self, path: str) -> list[Sequence[Mention]]:
        """Return, for each recommendation of a note, the last few of the same thing published before it.

        Later ones are left out, so that an item never changes because another arrives; and so are those that
        say they are older than what the archive held already.
        """
        mine = self.entries[path]

        def is_earlier(mention: Mention) -> bool:
            other = self.entries[mention.note.path]
            arrived = mine.archive is None or (other.archive is not None and other.archive <= mine.archive)
            return arrived and age(other) > age(mine)

        return [list(filter(is_earlier, others))[-MOST_ALSO:] for others in self._others(path)]

    def issue_page(self, path: str) -> bytes:
        """Return the page of an issue that went out, by the path of its file."""
        return sent_page(self._index, path)

    def reconnect(self) -> None:
        """Open the index anew, in a process that began as a copy of another."""
        self._index.reconnect()

    def _listed(self, path: str) -> Listed:
        facts = self.facts[path]
        return Listed(
            path,
            self.address(path),
            facts.title,
            facts.show,
            facts.aired,
            facts.recommendations,
            tuple(self.keys(path)),
        )

    def _episode(self, path: str) -> Episode:
        """Return the episode of a note, from this build's reading or from the last good text."""
        found = self._reading.episodes.pop(path, None)
        if found is None:
            found = parse_note(path, self._index.text(path)).episode
        if found is None:
            raise DamagedIndexError(f"the index holds no valid text of {path}; it may be removed")
        return found
