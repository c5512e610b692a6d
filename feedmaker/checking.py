"""`feedmaker check`: what is wrong with notes, found without changing anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from feedmaker.config import Config
from feedmaker.errors import Diagnostic, UsageError
from feedmaker.lock import Lock, resolve
from feedmaker.notes.folder import scan
from feedmaker.notes.note import Note, parse_note
from feedmaker.reading import clash_diagnostics, unreadable, with_merchants


def check_files(paths: Sequence[Path], config: Config | None) -> Iterator[Diagnostic]:
    """Report what is wrong with the notes at `paths`, files or folders, each on its own.

    Raises `UsageError` for a path that is not there. Without `config` buy links are not looked at.
    """
    for path in paths:
        if not path.exists():
            raise UsageError(f"{path}: there is no such file or folder")
        names = (
            [f"{path.parent}/{file.path}" for file in scan(path.parent, path.name)]
            if path.is_dir()
            else [path]
        )
        for name in names:
            yield from _read(Path(name), str(name), config).diagnostics


def check_folder(
    folder: Path, episodes: str, config: Config, lock: Lock | None, now: datetime
) -> Iterator[Diagnostic]:
    """Report what is wrong with all notes of a project, alone and together."""
    notes = [_read(folder / file.path, file.path, config) for file in scan(folder, episodes)]
    for note in notes:
        yield from note.diagnostics
    facts = [note.facts for note in notes if note.episode]
    broken = {note.path for note in notes if not note.episode}
    yield from clash_diagnostics(folder, resolve(lock, facts, broken, config.site, now))


def _read(path: Path, shown: str, config: Config | None) -> Note:
    shown = shown.removeprefix("./")
    if not path.is_file():
        return Note(shown, None, (unreadable(shown, "it is not a file"),))
    try:
        data = path.read_bytes()
    except OSError as error:
        return Note(shown, None, (unreadable(shown, str(error.strerror)),))
    note = parse_note(shown, data)
    return with_merchants(note, data, config) if config else note
