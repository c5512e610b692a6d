"""Collecting what is wrong with one note. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from difflib import get_close_matches

from feedmaker.errors import Diagnostic
from feedmaker.marked_yaml import Mark

MAX_FAULTS = 100
_LONGEST_WORD = 60


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


def nearest(word: str, known: Iterable[str]) -> str:
    """Write the hint that ends a message about an unknown word."""
    known = list(known)
    near = get_close_matches(word[:_LONGEST_WORD], known, n=1, cutoff=0.5)
    return f'did you mean "{near[0]}"?' if near else "known here: " + ", ".join(known)
