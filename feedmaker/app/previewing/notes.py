"""All notes that something is to be said of: what is wrong with them, and why they are held back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from feedmaker.app.previewing.faults import Place, placed
from feedmaker.app.project import held_notes
from feedmaker.build.build import Build
from feedmaker.errors import Diagnostic

_MOST = 500


@dataclass(frozen=True, slots=True)
class NoteView:
    """Show a file: what is wrong with it, and why it is not published, or not in its present form."""

    path: str
    title: str
    held: tuple[str, ...]
    places: tuple[Place, ...]


def troubled_notes(folder: Path, build: Build, diagnostics: Sequence[Diagnostic]) -> list[NoteView]:
    """List the notes that something is to be said of, those with errors first; a few hundred at most."""
    of_path: dict[str, list[Diagnostic]] = defaultdict(list)
    for diagnostic in diagnostics:
        of_path[diagnostic.path].append(diagnostic)
    held: dict[str, list[str]] = defaultdict(list)
    for item in held_notes(
        build.resolution, build.reading.broken, build.reading.writing, build.config.site.zone
    ):
        held[item.path].append(item.reason)

    def weight(path: str) -> tuple[bool, bool, str]:
        wrong = any(diagnostic.is_error for diagnostic in of_path.get(path, ()))
        return not wrong, path not in of_path, path

    facts = build.reading.facts
    return [
        NoteView(
            path,
            facts[path].title if path in facts else "",
            tuple(held.get(path, ())),
            tuple(placed(diagnostic, folder) for diagnostic in sorted(of_path.get(path, ()))),
        )
        for path in sorted({*of_path, *held}, key=weight)[:_MOST]
    ]
