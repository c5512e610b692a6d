"""The podcast side of a build: the guid that is kept, the artwork, the chapters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from feedmaker.build.material import Material, Planned, key_of
from feedmaker.build.pictures import picture_path
from feedmaker.config import Podcast
from feedmaker.errors import ConfigError
from feedmaker.feeds.chapters import chapters_json, chapters_path
from feedmaker.feeds.podcast import make_channel, new_guid
from feedmaker.podcast_faults import artwork_errors
from feedmaker.series import Series
from feedmaker.uri import is_web_address


class Broadcasting:
    """Prepare the podcast feed of a project that has one."""

    def __init__(self, folder: Path, material: Material, podcast: Podcast, series: Series) -> None:
        self._folder = folder
        self._material = material
        self._podcast = podcast
        self._series = series
        self._drawn = b"" if is_web_address(podcast.image) else self._artwork()
        address = material.config.site.address
        lock = material.resolution.lock
        # Once there is one it stays, wherever the feed moves; what the configuration says wins.
        guid = str(podcast.guid or lock.podcast or new_guid(address + series.outline.paths()["rss"]))
        image = (
            address + picture_path("artwork", podcast.image, self._drawn) if self._drawn else podcast.image
        )
        self.lock = replace(lock, podcast=guid)
        self.channel = make_channel(material.config, guid, image)

    def planned(self) -> Iterator[Planned]:
        """Plan the artwork, where it is a file of the project, and the chapters of each episode."""
        if self._drawn:
            path = picture_path("artwork", self._podcast.image, self._drawn)
            yield Planned(path, key_of("artwork", path), self._checked)
        for path in self._series.paths:
            if self._material.facts[path].moments:
                entry = self._material.entries[path]
                key = key_of("chapters", self._material.environment, self._material.key(path))
                near = entry.archive or 0
                yield Planned(chapters_path(entry.slug), key, partial(self._chapters, path), near)

    def _artwork(self) -> bytes:
        """Read the artwork; raise `ConfigError` where it cannot be read."""
        try:
            return (self._folder / self._podcast.image).read_bytes()
        except OSError as error:
            raise ConfigError(artwork_errors(self._folder, self._podcast)) from error

    def _checked(self) -> bytes:
        """Return the artwork; raise `ConfigError` where directories would not take it."""
        faults = list(artwork_errors(self._folder, self._podcast))
        if faults:
            raise ConfigError(faults)
        return self._drawn

    def _chapters(self, path: str) -> bytes:
        publication, _ = self._material.rendered(path)
        return chapters_json(publication, self.channel.title, self._material.keys(path))
