"""One build: notes → lock → feeds and pages, doing only what has changed.

Each output has a key, a hash of all that it is made from; what has the same key and lies untouched on disk
is not made again. The order is what makes a build safe to fail and to kill: the index hears what was read and
what is coming; everything is made, passes its gate and is written beside its place; the lock is saved; pages
are moved into place, and after them the feeds that link to them; old files go; and last the index hears that
it is done.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from feedmaker.build.broadcasting import Broadcasting
from feedmaker.build.copies import with_copies
from feedmaker.build.feeds import FeedPlans
from feedmaker.build.making import make_all
from feedmaker.build.material import Material, Planned
from feedmaker.build.pictures import Logo
from feedmaker.build.site import SitePlans
from feedmaker.config import Config
from feedmaker.disk import write_durably
from feedmaker.errors import Diagnostic
from feedmaker.history import sealed
from feedmaker.index import Index, Written
from feedmaker.lock import Lock, Resolution, dump_lock, resolve
from feedmaker.podcast_faults import podcast_warnings
from feedmaker.publish import Output
from feedmaker.reading import Progress, Reading, clash_diagnostics
from feedmaker.sent_files import Sent
from feedmaker.series import all_series
from feedmaker.templating import Templates

_UNWRITTEN = Written("", -1, -1)


@dataclass(frozen=True, slots=True)
class Built:
    """Tell what a build has done."""

    resolution: Resolution
    diagnostics: Sequence[Diagnostic]
    broken: Sequence[str]
    new: Sequence[str]
    changed: Sequence[str]
    removed: Sequence[str]
    written: Sequence[str]
    lock_saved: bool


class Build:
    """Carry one build from what was read to what is written."""

    def __init__(
        self,
        folder: Path,
        config: Config,
        templates: Templates,
        index: Index,
        reading: Reading,
        sent: Sent,
        lock: Lock | None,
        now: datetime,
    ) -> None:
        self.folder = folder
        self.config = config
        self.templates = templates
        self.index = index
        self.reading = reading
        self.sent = sent
        self.before = lock
        resolved = resolve(lock, reading.facts.values(), reading.unknown, config.site, now)
        self.resolution = sealed(resolved, _least_size(config))
        self.material = Material(config, templates.digest(), index, reading, self.resolution, sent)
        issues = {path: sent.issues[path] for path in sent.newest_first}
        self.series = list(all_series(config, reading.facts, self.material.newest_first, issues))
        self._logo = Logo(folder, config)
        self._broadcasting = self._make_broadcasting()
        channel = self._broadcasting.channel if self._broadcasting else None
        self.lock = self._broadcasting.lock if self._broadcasting else self.resolution.lock
        self._site = SitePlans(self.material, templates, self.series)
        self._feeds = FeedPlans(self.material, self.series, channel)

    def run(self, lock_path: Path, output: Output, progress: Progress) -> Built:
        """Write what has changed.

        Raises `GateError`, `TemplateError` or `OutputError`. Until all is made and staged nothing changes;
        a disk that fails later, between two moves, leaves each file old or new for the next build.
        """
        known = self.index.outputs()
        planned = list(with_copies(self.planned(), self.config.serving.compress))
        self.remember()
        self.index.announce({item.path for item in planned} - known.keys())
        outputs = self._stage(planned, output, known, progress)
        self._save_lock(lock_path)
        outputs |= output.commit([item.path for item in planned])
        dropped = sorted(set(known) - set(outputs))
        for path in dropped:
            output.remove(path)
        changed = {path: item for path, item in outputs.items() if known.get(path) != item}
        self.index.record_outputs(changed, dropped)
        return self._told(output)

    @property
    def logo(self) -> str | None:
        """Return the address of the newsletter's logo."""
        return self._logo.address

    def planned(self) -> Iterator[Planned]:
        """Plan all outputs in the order in which they are moved to their places: what links to it last."""
        yield from self._logo.planned()
        if self._broadcasting:
            yield from self._broadcasting.planned()
        yield from self._site.planned()
        yield from self._feeds.archives()
        yield from self._feeds.current()
        yield self._feeds.opml()

    def remember(self) -> None:
        """Tell the index what was read."""
        reading, sent = self.reading, self.sent
        self.index.record_notes(
            {**reading.read, **sent.read},
            reading.broken | sent.broken,
            [*reading.gone, *sent.gone],
            reading.rules,
        )

    def diagnostics(self) -> Iterator[Diagnostic]:
        """Report what is wrong with notes, alone and together."""
        yield from self.reading.diagnostics
        yield from self.sent.diagnostics
        yield from clash_diagnostics(self.folder, self.resolution)
        facts = [self.reading.facts[path] for path in self.resolution.published]
        yield from podcast_warnings(self.folder, self.config, facts)

    def _make_broadcasting(self) -> Broadcasting | None:
        podcast = self.config.podcast
        series = next((each for each in self.series if each.kind == "podcast"), None)
        return Broadcasting(self.folder, self.material, podcast, series) if podcast and series else None

    def _stage(
        self, planned: Sequence[Planned], output: Output, known: Mapping[str, Written], progress: Progress
    ) -> dict[str, Written]:
        """Make what is not there yet, beside its place; return the outputs that are to stand, in order."""
        outputs: dict[str, Written] = {}
        todo = []
        for item in planned:
            before = known.get(item.path)
            outputs[item.path] = before or _UNWRITTEN
            if not output.is_as(item.path, before, item.key):
                todo.append(item)
        make_all(todo, self.material, output, progress)
        return outputs

    def _save_lock(self, path: Path) -> None:
        if self.before != self.lock:
            write_durably(path, dump_lock(self.lock).encode())

    def _told(self, output: Output) -> Built:
        before = self.before.entries if self.before else {}
        after = self.resolution.published
        live = {entry.id for entry in after.values()}
        gone = [
            entry.source
            for entry in before.values()
            if entry.id not in live and entry.source in self.reading.gone
        ]
        return Built(
            self.resolution,
            sorted(self.diagnostics()),
            sorted(self.reading.broken),
            sorted(path for path, entry in after.items() if entry.id not in before or before[entry.id].gone),
            sorted(
                path
                for path, entry in after.items()
                if entry.id in before and before[entry.id].digest != entry.digest
            ),
            sorted(gone),
            output.written,
            self.before != self.lock,
        )


def _least_size(config: Config) -> int:
    """Return how many notes the shortest feed holds: what it has no room for needs a volume."""
    sizes = [config.feeds.entries, *([config.podcast.entries] if config.podcast else [])]
    return min(sizes)
