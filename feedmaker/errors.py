"""The errors and diagnostics that people see.

Every expected failure is a `FeedmakerError`: its text says what is wrong and what to do next, and the
command line prints it without a traceback. What is wrong *inside a file* is a `Diagnostic`, because a file
can have many faults and all of them are reported at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, order=True)
class Diagnostic:
    """Say what is wrong at one place of one file.

    `path` is relative to the project folder, with forward slashes; `line` and `column` count from 1, the
    column in characters. `code` is the stable name under which docs/diagnostics.md explains the cure.
    """

    path: str
    line: int
    column: int
    code: str
    message: str
    severity: Severity = "error"

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.severity}: {self.message} [{self.code}]"

    def to_data(self) -> dict[str, str | int]:
        """Return the members that `--format json` prints."""
        return asdict(self)

    @property
    def is_error(self) -> bool:
        """Tell errors, which hold a note back, from warnings, which do not."""
        return self.severity == "error"


class FeedmakerError(Exception):
    """Something expected went wrong; the text says what, where and what to do next."""

    exit_code = 1


class UsageError(FeedmakerError):
    """The command was called in a way that cannot work."""

    exit_code = 2


class BusyError(FeedmakerError):
    """Another feedmaker is at work in this folder; try again when it is done."""

    exit_code = 75


class DiagnosedError(FeedmakerError):
    """A file that everything depends on has faults, all of which are listed."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(sorted(diagnostics))
        super().__init__("\n".join(map(str, self.diagnostics)))


class ConfigError(DiagnosedError):
    """`schedule.yaml` cannot be used as it stands."""


class LockError(FeedmakerError):
    """`feedmaker.lock` cannot be read; without it readers would see every episode as new."""


class TemplateError(DiagnosedError):
    """Templates have faults, so nothing is made of them."""


class GateError(FeedmakerError):
    """An output failed its check, so the last good one stays in place."""


class OutputError(FeedmakerError):
    """An output cannot be written; the old one is untouched."""


class StoreError(FeedmakerError):
    """The state database cannot be used."""


class FetchError(FeedmakerError):
    """Something cannot be fetched from its address; `reason` says why without the address."""

    def __init__(self, message: str, reason: str = "") -> None:
        self.reason = reason
        super().__init__(message)


class DeliveryError(FeedmakerError):
    """An issue cannot be handed to its transport."""


class MailboxError(FeedmakerError):
    """Messages that came back cannot be read, or not marked as handled; they stay where they are."""
