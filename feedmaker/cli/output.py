"""What commands print: for people, for machines, and a bar for who waits."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from math import ceil
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from feedmaker.app.project import BuildReport


def counted(count: int, noun: str) -> str:
    """Write a number of things: 1 error, 2 errors."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def kind_of(cadence: str) -> str:
    """Return the word for issues of a cadence."""
    return "digest" if cadence == "digest" else "issue"


def standing(state: str, due_at: datetime | None, zone: ZoneInfo) -> str:
    """Say how an issue stands, and when it goes out."""
    if state == "draft":
        return "draft, waits for review"
    if state == "approved":
        return f"approved for {due_at.astimezone(zone):%Y-%m-%d %H:%M %Z}" if due_at else "approved"
    return state


def summed_up(are_errors: Sequence[bool]) -> str:
    """Count errors and warnings."""
    errors = sum(are_errors)
    return f"{counted(errors, 'error')}, {counted(len(are_errors) - errors, 'warning')}"


def tell_faults(report: BuildReport) -> None:
    """Print what is wrong with notes, where it does not mix with what is printed for machines."""
    for diagnostic in report.diagnostics:
        click.echo(str(diagnostic), err=True)


def print_text(text: str) -> None:
    """Print what other programs read, in UTF-8 wherever it goes."""
    click.echo(text.encode("utf-8", "backslashreplace"), nl=False)


def print_json(data: object) -> None:
    """Print data as JSON; times become ISO texts, our records become objects."""
    import json

    print_text(json.dumps(data, ensure_ascii=False, indent=2, default=_plain) + "\n")


def print_json_list(items: Iterable[object]) -> None:
    """Print items as one JSON array, each as it comes, so that a long list needs no memory."""
    import json

    opening = "["
    for item in items:
        print_text(f"{opening}\n  {json.dumps(item, ensure_ascii=False, default=_plain)}")
        opening = ","
    print_text("[]\n" if opening == "[" else "\n]\n")


def _plain(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)


@contextmanager
def ending_in_order(progress: Callable[[str, int, int], None]) -> Iterator[Callable[[str, int, int], None]]:
    """Let Ctrl-C, SIGTERM or the end of the terminal end the work when it next says how far it has got.

    An exception from a signal could strike anywhere, also between what was done and its record; at that place
    what is under way is finished and recorded first. Whoever cannot wait for that, and asks again, ends it at
    once; the ledger knows what is unknown then.
    """
    is_ending = False

    def end(_number: int, _frame: object) -> None:
        nonlocal is_ending
        if is_ending:
            os._exit(130)
        is_ending = True

    def told(what: str, done: int, total: int) -> None:
        if is_ending:
            raise KeyboardInterrupt
        progress(what, done, total)

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    # What `nohup` has told us not to hear stays unheard.
    heard = (number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN)
    before = {number: signal.signal(number, end) for number in heard}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def waiting(said: str, seconds: float) -> str:
    """Say what is waited for and how long that may take."""
    return f"{said}; waiting up to {ceil(max(seconds, 0.0))} s"


class Lines:
    """Show no bar, only what is waited for: a line for each kind of it, when it begins."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def __call__(self, what: str, done: int, total: int) -> None:
        """Take down how far the work has got, which nobody sees."""

    def wait(self, kind: str, said: str, seconds: float) -> None:
        """Say what is waited for, and for how many seconds at the most."""
        if kind not in self._told:
            self._told.add(kind)
            click.echo(waiting(said, seconds), err=True)


@contextmanager
def progress_bar() -> Iterator[Lines]:
    """Show a bar for long work, and only to a person."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    from feedmaker.cli.bar import bar

    with bar() as shown:
        yield shown
