"""What a project has published, what it holds back and why, and what ran."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from feedmaker.app.newsletters import stored
from feedmaker.app.project import Held, Project, held_notes
from feedmaker.errors import Diagnostic
from feedmaker.store import IssueState, Run

_RUNS = 10


@dataclass(frozen=True, slots=True)
class Waiting:
    """Name an issue that is still to go out; `due_at` is None where that is done by hand."""

    issue: str
    state: IssueState
    subject: str
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Status:
    """Hold the answer of `feedmaker status`.

    `news` counts published episodes that no issue has carried; `waiting` are the issues still to go out.
    """

    published: int
    unbuilt: Sequence[str]
    held: Sequence[Held]
    diagnostics: Sequence[Diagnostic]
    news: int
    issues: Mapping[str, int]
    waiting: Sequence[Waiting]
    subscribers: int
    runs: Sequence[Run]


def status(project: Project, now: datetime) -> Status:
    """Look at a project, changing nothing that it publishes."""
    reading, resolution = project.survey(now)
    lock = project.lock()
    known = lock.entries if lock else {}
    entries = resolution.published.items()
    with stored(project) as store:
        carried = store.carried_episodes()
        issues = store.issues()
        subscribers = len(store.subscribers())
        runs = store.recent_runs(_RUNS)
    return Status(
        published=sum(entry.id in known for _, entry in entries),
        unbuilt=[path for path, entry in entries if known.get(entry.id) != entry],
        held=held_notes(resolution, reading.broken, reading.writing, project.config().site.zone),
        diagnostics=sorted(reading.diagnostics),
        news=sum(not (entry.backlog or entry.issue or entry.id in carried) for _, entry in entries),
        issues=dict(Counter(issue.state for issue in issues)),
        waiting=[
            Waiting(issue.slug, issue.state, issue.subject, issue.due_at)
            for issue in issues
            if issue.state in ("draft", "approved", "sending")
        ],
        subscribers=subscribers,
        runs=runs,
    )
