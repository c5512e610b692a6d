"""Making outputs, on every core where there is much to make."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import attrgetter

from feedmaker.build.material import Material, Planned
from feedmaker.cores import cores_for, pieces_of, shared
from feedmaker.model import Artifact
from feedmaker.publish import Output, Staged
from feedmaker.reading import Progress


def make_all(todo: Sequence[Planned], material: Material, output: Output, progress: Progress) -> None:
    """Make outputs and stage them; those that hold the same notes one after the other."""
    ordered = sorted(todo, key=attrgetter("near"))
    done: set[str] = set()
    for staged in _made_by_others(ordered, material, output):
        output.take(staged)
        done.add(staged.path)
        progress("writing", len(done), len(ordered))
    rest = [item for item in ordered if item.path not in done]
    for number, item in enumerate(rest, len(done)):
        progress("writing", number, len(ordered))
        output.stage(Artifact(item.path, item.make()), item.key)
    progress("writing", len(ordered), len(ordered))


def _made_by_others(ordered: Sequence[Planned], material: Material, output: Output) -> Iterator[Staged]:
    """Make in other processes what can be made without fault, where that is worth it."""

    def make(piece: Sequence[Planned]) -> list[Staged]:
        return [output.prepare(Artifact(item.path, item.make()), item.key) for item in piece]

    cores = cores_for(len(ordered))
    if cores > 1:
        for batch in shared(pieces_of(ordered, _hold_the_same), cores, make, material.reconnect):
            yield from batch


def _hold_the_same(one: Planned, other: Planned) -> bool:
    return one.near == other.near != 0
