"""What a piece of work that a schedule calls for tells of itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from feedmaker.app.project import BuildReport

if TYPE_CHECKING:
    from feedmaker.app.collecting import Collected

Progress = Callable[[str, int, int], None]
"""Is told what is done, how much of it, and of how much. It may raise, to end the work there."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Name a reason for failing: `key` stays the same as long as the reason does, `text` is for people."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Done:
    """Tell what a piece of work did: in a line, and as a list of what it changed.

    *skipped* means that there was nothing to do. `build` is the last build that was part of it, and `seconds`
    is how long all of it took.
    """

    summary: str
    state: Literal["done", "failed", "skipped"] = "done"
    changes: Sequence[str] = ()
    causes: Sequence[Cause] = ()
    build: BuildReport | None = None
    seconds: float = 0.0


def done_by_collecting(collected: Collected) -> Done:
    """Tell what a collection did; what fails has its causes, and the rest came in all the same."""
    state: Literal["done", "failed"] = "failed" if collected.failed else "done"
    return Done(collected.summary, state, collected.changes, collected.causes)


def done_by_build(report: BuildReport) -> Done:
    """Tell what a build did; each note that is held back by an error is a cause of its own."""
    changes = [
        f"{word} {path}"
        for word, paths in (("new", report.new), ("changed", report.changed), ("removed", report.removed))
        for path in paths
    ]
    causes: dict[str, Cause] = {}
    for diagnostic in report.diagnostics:
        if diagnostic.is_error:
            causes.setdefault(diagnostic.path, Cause(diagnostic.path, str(diagnostic)))
    state: Literal["done", "failed"] = "failed" if report.failed else "done"
    return Done(report.summary, state, changes, tuple(causes.values()), report)
