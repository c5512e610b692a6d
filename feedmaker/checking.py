"""`feedmaker check`: what is wrong with notes, sent issues and templates, found without changing anything."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from feedmaker.config import CONFIG_NAME, Config
from feedmaker.errors import Diagnostic, LockError, UsageError
from feedmaker.lock import LOCK_NAME, Lock, resolve
from feedmaker.logo import logo_faults
from feedmaker.marked_yaml import load
from feedmaker.notes.folder import scan
from feedmaker.notes.note import Facts, Note, parse_note
from feedmaker.podcast_faults import artwork_errors, podcast_warnings, with_podcast
from feedmaker.reading import NOT_A_FILE, clash_diagnostics, unreadable, with_merchants
from feedmaker.sent_files import sent_diagnostics
from feedmaker.template_files import own_templates
from feedmaker.wishes import unknown_topics

_PLACED = re.compile(r"[^:]+:(\d+):(\d+): error: (.*)", re.DOTALL)


def check_files(paths: Sequence[Path], config: Config | None, templates: Path) -> Iterator[Diagnostic]:
    """Report what is wrong with the notes and templates at `paths`, files or folders, each on its own.

    What stands in the folder `templates` is a template. Raises `UsageError` for paths that are not there.
    Without `config` buy links are not looked at, and templates are not rendered.
    """
    missing = [str(path) for path in paths if not path.exists()]
    if missing:
        raise UsageError(f"{', '.join(missing)}: there is no such file or folder")
    for path in paths:
        if path.resolve().is_relative_to(templates.resolve()):
            yield from _check_templates(path, config, templates)
        elif path.is_dir():
            for file in scan(path, "."):
                inside = path / file.path
                yield from _read(inside, str(inside), config, regular=file.regular).diagnostics
        else:
            yield from _read(path, str(path), config, regular=path.is_file()).diagnostics


def check_templates(folder: Path, config: Config | None) -> Iterator[Diagnostic]:
    """Report what is wrong with the templates of a project; one without any of its own costs nothing."""
    if own_templates(folder):
        from feedmaker.template_faults import template_faults

        yield from template_faults(folder, config)


def _check_templates(path: Path, config: Config | None, templates: Path) -> Iterator[Diagnostic]:
    """Report what is wrong in one template, or in a folder of them, under the name that the caller uses."""
    for diagnostic in check_templates(templates, config):
        file = templates.parent / diagnostic.path
        if file.resolve().is_relative_to(path.resolve()):
            inside = file.resolve().relative_to(path.resolve())
            yield replace(diagnostic, path=str(path / inside))


def check_folder(
    folder: Path, episodes: str, config: Config | None, lock: Lock | None, now: datetime
) -> Iterator[Diagnostic]:
    """Report what is wrong with all notes and sent issues of a project; with a `config`, also together."""
    files = scan(folder, episodes)
    notes = [_read(folder / file.path, file.path, config, regular=file.regular) for file in files]
    for note in notes:
        yield from note.diagnostics
    yield from sent_diagnostics(folder)
    if config is not None:
        facts = [note.facts for note in notes if note.episode]
        broken = {note.path for note in notes if not note.episode}
        yield from clash_diagnostics(folder, resolve(lock, facts, broken, config.site, now))
        yield from logo_faults(folder, config)
        yield from podcast_warnings(folder, config, facts)
        yield from _topic_warnings(folder, config, facts)
        if config.podcast:
            yield from artwork_errors(folder, config.podcast)


def _topic_warnings(folder: Path, config: Config, notes: Sequence[Facts]) -> Iterator[Diagnostic]:
    """Say which topics people may choose that no note has; without any notes, nothing."""
    topics = config.signup.topics if config.signup and notes else ()
    unknown = unknown_topics(topics, sorted({topic for note in notes for topic in note.topics}))
    if unknown:
        document = load((folder / CONFIG_NAME).read_text("utf-8-sig"))
        for topic, said in unknown.items():
            mark = document.where(("signup", "topics", topics.index(topic)))
            yield Diagnostic(
                CONFIG_NAME, mark.line, mark.column, "unknown-topic", f"signup.topics: {said}", "warning"
            )


def lock_diagnostic(error: LockError) -> Diagnostic:
    """Say with its place what keeps `feedmaker.lock` from being read."""
    placed = _PLACED.fullmatch(str(error))
    line, column, message = placed.groups() if placed else (1, 1, str(error))
    return Diagnostic(LOCK_NAME, int(line), int(column), "damaged-lock", message)


def _read(path: Path, shown: str, config: Config | None, *, regular: bool) -> Note:
    if not regular:
        return Note(shown, None, (unreadable(shown, NOT_A_FILE),))
    try:
        data = path.read_bytes()
    except OSError as error:
        return Note(shown, None, (unreadable(shown, str(error.strerror)),))
    note = parse_note(shown, data)
    return with_podcast(with_merchants(note, data, config), data, config) if config else note
