"""The bar that people see on a terminal, and below it what is waited for."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from feedmaker.cli.output import Lines, waiting

_MANY = 50


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")


class _Progress(Progress):
    """Show bars, and below them what is waited for, with the seconds that are left."""

    awaited = ""
    until = 0.0

    def get_renderables(self) -> Iterable[RenderableType]:
        """Make what is shown at this moment."""
        yield from super().get_renderables()
        if self.awaited:
            yield Text(waiting(self.awaited, self.until - time.monotonic()))


class Bar(Lines):
    """Show work that is long enough for that as a bar."""

    def __init__(self, progress: _Progress) -> None:
        super().__init__()
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}
        self._done = 0

    def __call__(self, what: str, done: int, total: int) -> None:
        """Move the bar; where that is forward, nothing is waited for any more."""
        if done != self._done:
            self._done, self._progress.awaited = done, ""
        if total >= _MANY:
            if what not in self._tasks:
                self._tasks[what] = self._progress.add_task(what, total=total)
            self._progress.update(self._tasks[what], completed=done)

    def wait(self, kind: str, said: str, seconds: float) -> None:  # noqa: ARG002 - the last one is shown
        """Show what is waited for, and count the seconds down."""
        self._progress.until = time.monotonic() + seconds
        self._progress.awaited = said


@contextmanager
def bar() -> Iterator[Bar]:
    """Show a bar on standard error for as long as the work goes on."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
    )
    with _Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield Bar(progress)
