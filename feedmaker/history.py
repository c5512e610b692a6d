"""The archive of the feeds: which notes stand in which of its volumes (RFC 5005, section 4). Pure.

A volume holds as many notes as a feed does. Which notes it holds is decided once and kept in the lock, so
that neither its address nor its bytes change when notes arrive, however old they say they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from feedmaker.lock import Entry, Resolution

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class History(Generic[T]):
    """Hold what a feed has, newest first: `current` in the feed itself, and the `volumes` of its archive."""

    current: Sequence[T]
    volumes: Sequence[tuple[int, Sequence[T]]]

    def before(self, number: int | None = None) -> int | None:
        """Return the number of the volume before another, or before the feed itself."""
        numbers = [each for each, _ in self.volumes if number is None or each < number]
        return max(numbers, default=None)


def age(entry: Entry) -> tuple[float, int, str]:
    """Sort the newest first; of notes published at one time the one aired last comes first."""
    return -entry.published.timestamp(), -entry.aired.toordinal(), entry.id


def sealed(resolution: Resolution, size: int) -> Resolution:
    """Give each published note that the newest `size` leave no room for its volume, if it has none."""
    newest_first = sorted(resolution.published.items(), key=lambda item: age(item[1]))
    volume = max((entry.archive or 0 for entry in resolution.lock.entries.values()), default=0)
    published = dict(resolution.published)
    oldest_first = [path for path, entry in reversed(newest_first) if entry.archive is None]
    left = sum(entry.archive is None for _, entry in newest_first[size:])
    while left > 0:
        volume += 1
        batch, oldest_first = oldest_first[:size], oldest_first[size:]
        for path in batch:
            published[path] = replace(published[path], archive=volume)
        left -= len(batch)
    entries = {**resolution.lock.entries, **{entry.id: entry for entry in published.values()}}
    return replace(resolution, lock=replace(resolution.lock, entries=entries), published=published)


def split(
    newest_first: Sequence[T], size: int, volume_of: Callable[[T], int | None], known: Iterable[int] = ()
) -> History[T]:
    """Cut what a feed has: the newest `size`, and the volumes up to the last that is not all among them.

    The `known` volumes are there whatever is in them.
    """
    found: dict[int, list[T]] = {number: [] for number in known}
    last = max((volume_of(each) or 0 for each in newest_first[size:]), default=0)
    for each in newest_first:
        number = volume_of(each)
        if number is not None and (number <= last or number in found):
            found.setdefault(number, []).append(each)
    return History(newest_first[:size], sorted(found.items()))


def volumes(entries: Iterable[Entry]) -> set[int]:
    """Return the numbers of all volumes that there ever were."""
    return {entry.archive for entry in entries if entry.archive}


def taken_back(entries: Iterable[Entry], size: int, volume: int | None) -> list[Entry]:
    """Return what was taken back, the last first: of one volume, or the last `size` of all."""
    gone = [entry for entry in entries if entry.gone and volume in (None, entry.archive)]
    gone.sort(key=lambda entry: (entry.gone, entry.id), reverse=True)
    return gone if volume else gone[:size]
