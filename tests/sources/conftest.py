"""What tests of collections share: a site elsewhere, and a project that collects from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
import yaml

from feedmaker.app.collected_notes import Outcome
from feedmaker.app.collecting import Collected, collect
from feedmaker.lock import Entry, parse_lock
from tests.projects import FIRST, ProjectFolder
from tests.sources.elsewhere import Elsewhere, elsewhere


@pytest.fixture
def site() -> Iterator[Elsewhere]:
    """Serve a site elsewhere."""
    with elsewhere() as served:
        yield served


@dataclass
class Collector:
    """A project that collects, and what is in it."""

    project: ProjectFolder
    site: Elsewhere

    def sources(self, *sources: dict[str, Any]) -> None:
        """Save a schedule with sources, which may lead into this machine and need no pause."""
        whole = [{"name": "pier", "private": True, "pause": 0} | source for source in sources]
        self.project.schedule(yaml.safe_dump({"sources": whole}))

    def collect(self, now: datetime = FIRST, **options: Any) -> Collected:
        """Collect in this process."""
        return collect(self.project.open(), now, **options)

    def adopt(self, *paths: str) -> Collected:
        """Collect from a sitemap of paths."""
        self.sources({"sitemap": self.site.sitemap(*paths)})
        return self.collect()

    def outcome(self, now: datetime = FIRST) -> Outcome:
        """Collect, and return the only outcome that there is."""
        (outcome,) = self.collect(now).outcomes
        return outcome

    def files(self, folder: str = "episodes") -> dict[str, bytes]:
        """Read all files of a folder by path."""
        found = sorted((self.project.root / folder).rglob("*"))
        return {
            path.relative_to(self.project.root).as_posix(): path.read_bytes()
            for path in found
            if path.is_file()
        }

    def entries(self) -> dict[str, Entry]:
        """Return the entries of the lock by the path of the note."""
        lock = parse_lock(self.project.lock().decode())
        return {entry.source: entry for entry in lock.entries.values()}


@pytest.fixture
def collector(project: ProjectFolder, site: Elsewhere) -> Collector:
    """Make a project that collects from a site."""
    return Collector(project, site)
