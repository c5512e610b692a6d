"""Collecting what is wrong with one note. Pure."""

from __future__ import annotations

from dataclasses import replace

from feedmaker.errors import Diagnostic
from feedmaker.marked_yaml import Mark

MAX_FAULTS = 100


class Faults:
    """Gather the diagnostics of one file, so that all of them are reported at once.

    Of a file that is no note at all only the first hundred errors and the first hundred warnings are kept.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.errors: list[Diagnostic] = []
        self.warnings: list[Diagnostic] = []

    @property
    def found(self) -> list[Diagnostic]:
        """Return all diagnostics in the order of the file."""
        return sorted([*self.errors, *self.warnings])

    @property
    def fatal(self) -> bool:
        """Tell whether the note is held back."""
        return bool(self.errors)

    @property
    def full(self) -> bool:
        """Tell whether further errors would not be kept."""
        return len(self.errors) > MAX_FAULTS

    def error(self, mark: Mark, code: str, message: str) -> None:
        """Report what holds the note back."""
        self._add(self.errors, Diagnostic(self.path, mark.line, mark.column, code, _in_one_line(message)))

    def warn(self, mark: Mark, code: str, message: str) -> None:
        """Report what the note goes out in spite of."""
        diagnostic = Diagnostic(self.path, mark.line, mark.column, code, _in_one_line(message), "warning")
        self._add(self.warnings, diagnostic)

    def _add(self, kept: list[Diagnostic], diagnostic: Diagnostic) -> None:
        if len(kept) < MAX_FAULTS:
            kept.append(diagnostic)
        elif len(kept) == MAX_FAULTS:
            message = f"more than {MAX_FAULTS} like these; mend them first, the rest is not shown"
            kept.append(replace(diagnostic, code="too-many-faults", message=message))


def _in_one_line(message: str) -> str:
    """Keep line ends of any kind out of a message, which may cite the note."""
    return " ".join(message.split())
