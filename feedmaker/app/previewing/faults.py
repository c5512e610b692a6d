"""What keeps something from being shown, with the lines of the file that it is about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from feedmaker import crash
from feedmaker.checking import lock_diagnostic
from feedmaker.errors import (
    ConfigError,
    DiagnosedError,
    Diagnostic,
    FeedmakerError,
    GateError,
    LockError,
    Severity,
    TemplateError,
    UsageError,
)
from feedmaker.notes.decoding import with_line_feeds
from feedmaker.template_files import packaged_folder

_AROUND = 2
_LONGEST_LINE = 400
_LARGEST_FILE = 4_000_000
_TITLES: tuple[tuple[type[FeedmakerError], str], ...] = (
    (ConfigError, "schedule.yaml cannot be used as it stands"),
    (LockError, "feedmaker.lock cannot be read"),
    (TemplateError, "A template cannot be rendered"),
    (GateError, "This does not pass its check, so it would not go out"),
    (UsageError, "There is nothing to show here yet"),
    (FeedmakerError, "This cannot be shown"),
)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Hold some lines of a file; `first` is the number of the first of them."""

    first: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Say what is wrong at a place of a file; `line` and `column` count from 1, and 0 is unknown."""

    path: str
    line: int
    column: int
    severity: Severity
    code: str
    message: str
    excerpt: Excerpt | None


@dataclass(frozen=True, slots=True)
class Fault:
    """Say what keeps something from being shown: in its places, where it has any, or else in a message.

    A warning says that something is not there yet, and an error that something is broken.
    """

    title: str
    message: str
    places: tuple[Place, ...] = ()
    severity: Severity = "error"


def explained(error: Exception, folder: Path) -> Fault:
    """Explain an error to the publisher; one of the program itself is kept for a report."""
    if isinstance(error, FeedmakerError):
        title = next(title for kind, title in _TITLES if isinstance(error, kind))
        places = tuple(_places(error, folder))
        severity: Severity = "warning" if isinstance(error, UsageError) else "error"
        return Fault(title, "" if places else str(error), places, severity)
    if isinstance(error, OSError):
        return Fault("A file is in the way", crash.told_by_disk(error))
    return Fault("This should not have happened", crash.keep(error))


def placed(diagnostic: Diagnostic, folder: Path) -> Place:
    """Add to a diagnostic the lines that it is about."""
    where = diagnostic.path, diagnostic.line, diagnostic.column
    excerpt = _excerpt(folder, diagnostic.path, diagnostic.line)
    return Place(*where, diagnostic.severity, diagnostic.code, diagnostic.message, excerpt)


def _places(error: FeedmakerError, folder: Path) -> Iterator[Place]:
    if isinstance(error, DiagnosedError):
        yield from (placed(diagnostic, folder) for diagnostic in error.diagnostics)
    elif isinstance(error, LockError):
        yield placed(lock_diagnostic(error), folder)


def _excerpt(folder: Path, path: str, line: int) -> Excerpt | None:
    """Return the lines around one of a file of the project, or of a template that comes with the program."""
    for place in (folder / path, packaged_folder() / path.removeprefix("templates/")):
        text = _text(place)
        if text is not None:
            lines = with_line_feeds(text).split("\n")
            first = max(1, line - _AROUND)
            shown = lines[first - 1 : line + _AROUND]
            return Excerpt(first, tuple(each[:_LONGEST_LINE] for each in shown)) if shown else None
    return None


def _text(path: Path) -> str | None:
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST_FILE:
            return None
        return path.read_bytes().decode("utf-8-sig", "replace")
    except OSError:
        return None
