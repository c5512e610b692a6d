"""What ran: the record of runs, with what can be said of each by now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from feedmaker.app.newsletters import stored
from feedmaker.app.project import Project
from feedmaker.config import Config
from feedmaker.errors import UsageError
from feedmaker.fault_notices import SAVED_NOTES, next_step
from feedmaker.store import Run
from feedmaker.text import nearest

State = Literal["running", "cut off", "done", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Entry:
    """Hold a run, how it stands, how many seconds after its due time it began, and what comes next.

    What is *cut off* was begun by a program that has died, and waits for the next one. `next` is empty where
    nobody needs to know.
    """

    run: Run
    state: State
    late: float
    next: str


def entries(
    project: Project,
    now: datetime,
    next_due: Mapping[str, datetime],
    limit: int,
    job: str | None = None,
    since: datetime | None = None,
) -> list[Entry]:
    """Return what ran, the newest first: of one job or all, from a time on.

    `next_due` is when jobs run next. Raises `UsageError` for a job that neither is in the schedule nor ran.
    """
    config = project.config()
    with stored(project) as store:
        runs = store.recent_runs(limit, job, since)
        if job is not None and not runs and store.last_run(job, now) is None:
            _refuse_unknown(config, job)
    builders = {job.name for job in config.jobs if job.run == "build"}
    found, tried = [], set()
    for run in runs:
        # Whatever is tried again has been, once something of its kind ran later.
        kind = SAVED_NOTES if run.job in builders else run.job
        found.append(_entry(run, config, next_due, now, is_last=kind not in tried))
        tried.add(kind)
    return found


def holder(run: Run) -> str:
    """Name the program that began a run last, as host:process; empty where it gave the run back."""
    return run.owner.rpartition(":")[0]


def state_of(run: Run, config: Config, now: datetime) -> State:
    """Say how a run stands by now."""
    if run.state == "running" and not run.is_held(now, config.scheduler.lease_time):
        return "cut off"
    return run.state


def _entry(
    run: Run, config: Config, next_due: Mapping[str, datetime], now: datetime, *, is_last: bool
) -> Entry:
    state = state_of(run, config, now)
    late = max((run.started_at - run.due_at).total_seconds(), 0.0)
    return Entry(run, state, late, _next(run, state, config, next_due) if is_last else "")


def _next(run: Run, state: str, config: Config, next_due: Mapping[str, datetime]) -> str:
    builders = {job.name for job in config.jobs if job.run == "build"}
    if state == "cut off":
        return "the next tick or daemon takes it over"
    if state != "failed":
        return ""
    step = next_step(run.job, next_due, config.site.zone)
    return f"{next_step(SAVED_NOTES, next_due, config.site.zone)}; {step}" if run.job in builders else step


def _refuse_unknown(config: Config, job: str) -> None:
    known: Sequence[str] = [each.name for each in config.jobs]
    if job not in known:
        raise UsageError(f'there is no job "{job}"; {nearest(job, known)}')
