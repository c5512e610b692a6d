"""Beginning: a new project folder, a new note, a page export as Markdown."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path

from feedmaker.app.project import Project
from feedmaker.config_schema import config_schema
from feedmaker.disk import explained, write_new
from feedmaker.errors import DiagnosedError, Diagnostic, UsageError
from feedmaker.listing import EPISODES, SCHEDULE
from feedmaker.lock import slug_of
from feedmaker.model import Episode, Quote, Recommendation, prose
from feedmaker.notes.note import parse_note
from feedmaker.notes.writing import write_markdown
from feedmaker.template_files import packaged_folder

SCHEMA_NAME = "schedule.schema.json"
_IGNORED = """# What feedmaker makes by itself; feedmaker.lock is not among it: keep that in version control.
/.feedmaker/
/outbox/
/public/
"""


def schema_text() -> str:
    """Write the JSON Schema of `schedule.yaml` as text."""
    return json.dumps(config_schema(), indent=2, ensure_ascii=False) + "\n"


def init_folder(folder: Path, today: date) -> list[Path]:
    """Make a project folder that builds at once; return what was written.

    Files that are there already stay. Raises `UsageError` where `folder` is a project already.
    """
    if (folder / SCHEDULE).exists():
        raise UsageError(f"{folder / SCHEDULE} exists already; nothing was changed")
    files = {
        SCHEDULE: (packaged_folder() / "project" / SCHEDULE).read_text("utf-8"),
        SCHEMA_NAME: schema_text(),
        ".gitignore": _IGNORED,
        f"{EPISODES}/example.md": write_markdown(
            _skeleton("An example to copy", "The name of the podcast", today)
        ),
    }
    written = []
    for name, text in files.items():
        with suppress(FileExistsError):
            write_new(folder / name, text)
            written.append(folder / name)
    return written


def usual_show(project: Project, now: datetime) -> str:
    """Return the show that most notes of a project are about, or the site's title where there are none."""
    reading, _ = project.survey(now)
    shows = Counter(facts.show for facts in reading.facts.values() if not facts.draft)
    return shows.most_common(1)[0][0] if shows else project.config().site.title


def new_note(folder: Path, title: str, show: str, today: date) -> Path:
    """Write the skeleton of a note, marked as a draft; raise `UsageError` where its file exists."""
    # A command line can hold bytes that are no text.
    title = " ".join(title.encode("utf-8", "replace").decode().split())
    if not title:
        raise UsageError('a note needs a title: feedmaker new "The title"')
    path = folder / EPISODES / f"{slug_of(title) or 'episode'}.md"
    try:
        write_new(path, write_markdown(_skeleton(title, show, today)))
    except FileExistsError:
        raise UsageError(f"{path} exists already; choose another title or edit that note") from None
    return path


def converted(path: Path) -> tuple[str, Sequence[Diagnostic]]:
    """Return the Markdown form of a note, and the warnings of what the form cannot hold.

    Raises `DiagnosedError` where the note has errors, and `UsageError` where there is none.
    """
    if not path.is_file():
        raise UsageError(f"{path}: there is no such file")
    with explained(path):
        note = parse_note(str(path), path.read_bytes())
    if note.episode is None:
        raise DiagnosedError(note.diagnostics)
    return write_markdown(note.episode), note.diagnostics


def keep_converted(path: Path, text: str) -> None:
    """Write a converted note to a file; raise `UsageError` where it exists."""
    try:
        write_new(path, text)
    except FileExistsError:
        raise UsageError(f"{path} exists already; nothing was written") from None


def _skeleton(title: str, show: str, today: date) -> Episode:
    """Make an episode whose texts say what belongs in their place."""
    return Episode(
        show=show,
        title=title,
        aired=today,
        duration=3600,
        dek=prose("One paragraph before the first heading: what this episode is, in a sentence or two."),
        gist=(prose("What was said, in a paragraph or more."),),
        reveals=(prose("Something that most people did not know before."),),
        takeaways=(prose("Something worth remembering."),),
        recommendations=(
            Recommendation(
                "recommended",
                "book",
                "The name of the book",
                "Its author",
                quote=Quote("The exact words, as they were spoken.", "Who said it", 3599),
            ),
        ),
        draft=True,
    )
