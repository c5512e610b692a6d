"""Collecting what is wrong with one note. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from feedmaker.errors import Diagnostic
from feedmaker.marked_yaml import Mark


class Faults:
    """Gather the diagnostics of one file, so that all of them are reported at once."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.found: list[Diagnostic] = []

    def error(self, mark: Mark, code: str, message: str) -> None:
        """Report what holds the note back."""
        self.found.append(Diagnostic(self.path, mark.line, mark.column, code, message))

    def warn(self, mark: Mark, code: str, message: str) -> None:
        """Report what the note goes out in spite of."""
        self.found.append(Diagnostic(self.path, mark.line, mark.column, code, message, "warning"))

    @property
    def fatal(self) -> bool:
        """Tell whether the note is held back."""
        return any(diagnostic.is_error for diagnostic in self.found)


def nearest(word: str, known: Iterable[str]) -> str:
    """Write the hint that ends a message about an unknown word."""
    known = list(known)
    near = get_close_matches(word, known, n=1, cutoff=0.5)
    return f'did you mean "{near[0]}"?' if near else "known here: " + ", ".join(known)
