"""What a piece of work that a schedule calls for tells of itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from feedmaker.app.project import BuildReport
from feedmaker.errors import DiagnosedError, FeedmakerError

if TYPE_CHECKING:
    from feedmaker.app.bounces import Taken
    from feedmaker.app.collecting import Collected

Progress = Callable[[str, int, int], None]
"""Is told what is done, how much of it, and of how much. It may raise, to end the work there."""
_MOST_REASONS = 20
_VARYING = re.compile(r"(?<=feedmaker-)\w+(?=\.log)|[0-9]+")


@dataclass(frozen=True, slots=True)
class Cause:
    """Name a reason for failing: `key` stays the same as long as the reason does, `text` is for people.

    `scope` is the name of the run whose affair it is, where that is not the one that met it.
    """

    key: str
    text: str
    scope: str = ""

    @property
    def alike(self) -> tuple[str, str]:
        """Return what two causes share where nobody needs to be told of the second."""
        return self.key, constant(self.text)


def constant(message: str) -> str:
    """Leave out of a message what differs from one time to the next: numbers, and the names of reports."""
    return _VARYING.sub("#", message)


@dataclass(frozen=True, slots=True)
class Done:
    """Tell what a piece of work did: in a line, and as a list of what it changed.

    *skipped* means that there was nothing to do. `build` is the last build that was part of it, and `seconds`
    is how long all of it took. It is not `whole` where something was left untried: then a cause that is not
    among the `causes` may still be one.
    """

    summary: str
    state: Literal["done", "failed", "skipped"] = "done"
    changes: Sequence[str] = ()
    causes: Sequence[Cause] = ()
    build: BuildReport | None = None
    seconds: float = 0.0
    whole: bool = True


def reasons(summary: str, causes: Sequence[Cause]) -> list[str]:
    """Return what there is to say of causes besides a summary, as far as anybody reads on."""
    return bounded([cause.text for cause in causes if cause.text != summary], _MOST_REASONS)


def bounded(items: Sequence[str], most: int) -> list[str]:
    """Return the first items, and how many more there are."""
    more = len(items) - most
    return [*items[:most], *([f"… and {more:,} more"] if more > 0 else [])]


def done_by_collecting(collected: Collected) -> Done:
    """Tell what a collection did; what fails has its causes, and the rest came in all the same."""
    state: Literal["done", "failed"] = "failed" if collected.failed else "done"
    return Done(collected.summary, state, collected.changes, collected.causes, whole=not collected.left)


def done_by_reading(taken: Taken) -> Done:
    """Tell what became of what came back; each place that could not be read is a cause of its own.

    So are people who asked to leave without proof, or nobody would look for that.
    """
    from feedmaker.signup.words import masked

    causes = [Cause(constant(fault), fault) for fault in taken.faults]
    # What fails may be told by services elsewhere, which need not know the address.
    if asking := taken.asking(masked):
        causes.append(Cause(asking, asking))
    summary = "; ".join([taken.summary, *(cause.text for cause in causes)])
    return Done(summary, "failed" if causes else "done", [taken.summary] if taken.messages else [], causes)


def done_by_build(report: BuildReport) -> Done:
    """Tell what a build did; each note that is held back by an error is a cause of its own."""
    changes = [
        f"{word} {path}"
        for word, paths in (("new", report.new), ("changed", report.changed), ("removed", report.removed))
        for path in paths
    ]
    state: Literal["done", "failed"] = "failed" if report.failed else "done"
    return Done(report.summary, state, changes, causes_in(report), report)


def causes_in(report: BuildReport) -> tuple[Cause, ...]:
    """Name the notes that are held back by an error, each with the first of its errors."""
    causes: dict[str, Cause] = {}
    for diagnostic in report.diagnostics:
        if diagnostic.is_error:
            causes.setdefault(diagnostic.path, Cause(diagnostic.path, str(diagnostic)))
    return tuple(causes.values())


def cause_of(error: FeedmakerError) -> Cause:
    """Name what ended a piece of work; faults of files count by the files, wherever they stand in them."""
    if isinstance(error, DiagnosedError):
        return Cause(" ".join(sorted({fault.path for fault in error.diagnostics})), str(error))
    return Cause(constant(str(error)), str(error))
