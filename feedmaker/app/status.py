"""What a project has published, what it holds back and why, and what ran."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from feedmaker.app.newsletters import stored
from feedmaker.app.project import Held, Project, held_notes
from feedmaker.app.sending import how_far
from feedmaker.config import Config
from feedmaker.errors import Diagnostic
from feedmaker.store import Cadence, Fault, IssueState, Run, Store

_RUNS = 10


@dataclass(frozen=True, slots=True)
class Waiting:
    """Name an issue that is still to go out; `due_at` is None where that is done by hand.

    `far` says how far one on its way has got, and why it was stopped, if it was.
    """

    issue: str
    cadence: Cadence
    state: IssueState
    subject: str
    due_at: datetime | None
    far: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """Hold the answer of `feedmaker status`.

    `news` counts published episodes that no issue has carried; `waiting` are the issues still to go out.
    `faults` are those that last, `running` is what somebody works on or died over, and `last` has the last
    run of each job of the schedule that ran. `subscribers` counts those who get issues, `others` by their
    status those who do not.
    """

    published: int
    unbuilt: Sequence[str]
    held: Sequence[Held]
    diagnostics: Sequence[Diagnostic]
    news: int
    issues: Mapping[str, int]
    waiting: Sequence[Waiting]
    subscribers: int
    others: Mapping[str, int]
    runs: Sequence[Run]
    faults: Sequence[Fault]
    running: Sequence[Run]
    last: Mapping[str, Run]


def status(project: Project, now: datetime) -> Status:
    """Look at a project, changing nothing that it publishes."""
    config = project.config()
    reading, resolution = project.survey(now)
    lock = project.lock()
    known = lock.entries if lock else {}
    entries = resolution.published.items()
    with stored(project) as store:
        carried = store.carried_episodes()
        issues = store.issues()
        people = store.count_subscribers()
        runs = store.recent_runs(_RUNS)
        faults = _open(store)
        running = store.unfinished_runs()
        last = {job.name: store.last_run(job.name, now) for job in config.jobs}
    return Status(
        published=sum(entry.id in known for _, entry in entries),
        unbuilt=[path for path, entry in entries if known.get(entry.id) != entry],
        held=held_notes(resolution, reading.broken, reading.writing, config.site.zone),
        diagnostics=sorted(reading.diagnostics),
        news=sum(not (entry.backlog or entry.issue or entry.id in carried) for _, entry in entries),
        issues=dict(Counter(issue.state for issue in issues)),
        waiting=[
            Waiting(
                *(issue.slug, issue.cadence, issue.state, issue.subject, issue.due_at),
                how_far(project, issue),
            )
            for issue in issues
            if issue.state in ("draft", "approved", "sending")
        ],
        subscribers=people.get("active", 0),
        others={state: count for state, count in people.items() if state != "active"},
        runs=runs,
        faults=faults,
        running=running,
        last={name: run for name, run in last.items() if run is not None},
    )


def counts(project: Project) -> tuple[int, int]:
    """Return how many faults are open, and how many issues wait for review."""
    with stored(project) as store:
        return len(_open(store)), len(store.issues("draft"))


def last_successes(project: Project, config: Config, now: datetime) -> dict[str, datetime]:
    """Return when jobs did well last, as far as their last runs tell."""
    with stored(project) as store:
        last = [store.last_run(job.name, now) for job in config.jobs]
    return {run.job: run.finished_at for run in last if run and run.state == "done" and run.finished_at}


def _open(store: Store) -> list[Fault]:
    return [fault for fault in store.faults() if fault.mended_at is None]
