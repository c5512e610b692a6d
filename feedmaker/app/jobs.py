"""The jobs of a project, and when each of them is due next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from feedmaker.config import Config, Job
from feedmaker.errors import UsageError
from feedmaker.text import nearest
from feedmaker.timing import Timing

_TIMES = 10


@dataclass(frozen=True, slots=True)
class Due:
    """Hold a due time, in UTC and in the site's zone; `moved` where clocks jump over what the job names."""

    due_at: datetime
    local: datetime
    moved: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """Hold what a job runs, when in the words of the schedule, and the due times to come."""

    job: str
    run: str
    when: str
    next: Sequence[Due]


def plans(config: Config, names: Sequence[str], now: datetime) -> list[Plan]:
    """Return the plans of the jobs that are named, or of all, in the order of the schedule.

    Raises `UsageError` for a name that no job has.
    """
    known = [job.name for job in config.jobs]
    for name in names:
        if name not in known:
            raise UsageError(f'there is no job "{name}"; {nearest(name, known)}')
    return [_plan(config, job, now) for job in config.jobs if not names or job.name in names]


def _plan(config: Config, job: Job, now: datetime) -> Plan:
    zone = config.site.zone
    timing = Timing(job, zone)
    coming = islice(timing.between(now, datetime.max.replace(tzinfo=now.tzinfo)), _TIMES)
    dues = [Due(due, due.astimezone(zone), timing.is_moved(due)) for due in coming]
    return Plan(job.name, job.run, job.words, dues)
