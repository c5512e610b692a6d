"""Runs of jobs, and the faults of those that fail, in the state database."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, insert, not_, select, update
from sqlalchemy.dialects.sqlite import insert as insert_or

from feedmaker.store.database import Part, just_after, rounded_up
from feedmaker.store.records import Ending, Fault, Lease, Run
from feedmaker.store.tables import faults, runs

_RUN = [column for column in runs.c if column.name != "id"]
RUNS_KEPT = 20
"""How many runs of each job are never forgotten."""
_NOBODY = ""
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Runs(Part):
    """Claim, record and forget runs."""

    def claim_run(self, job: str, due_at: datetime, now: datetime, lease: Lease) -> Run:
        """Begin the run of a job that was due at a time, and return it as it is then.

        It is the caller's if it is *running* and has the owner of this `lease`. One that has ended stays as
        it is, and so does one on which somebody else works; where their lease is over they are dead, and the
        run is begun again.
        """
        row = {"job": job, "due_at": due_at, "state": "running", "started_at": now, "changes": []}
        until = rounded_up(lease.until)
        row |= {"attempts": 1, "owner": lease.owner, "lease_until": until}
        free = not_(runs.c.lease_until.between(just_after(lease.since), until))
        again = {"started_at": now, "attempts": runs.c.attempts + 1}
        again |= {"owner": lease.owner, "lease_until": until}
        with self._database.transaction() as connection:
            done = connection.execute(insert_or(runs).values(row).on_conflict_do_nothing())
            if not done.rowcount:
                left = _run(job, due_at) & (runs.c.state == "running") & free
                connection.execute(update(runs).where(left).values(again))
            found = connection.execute(select(*_RUN).where(_run(job, due_at))).mappings().one()
            return Run(**found)

    def renew_run(self, job: str, due_at: datetime, lease: Lease) -> bool:
        """Show a sign of life; return False where somebody else has taken the run over.

        One who has taken it over by mistake, and given it back since, is forgotten.
        """
        with self._database.transaction() as connection:
            mine = update(runs).where(_run(job, due_at), _held_by(lease.owner))
            values = {"owner": lease.owner, "lease_until": rounded_up(lease.until)}
            return connection.execute(mine.values(values)).rowcount == 1

    def give_back_run(self, job: str, due_at: datetime, owner: str) -> None:
        """Let whoever comes next take over a run at once, as if it had not been begun."""
        with self._database.transaction() as connection:
            mine = update(runs).where(_run(job, due_at), _held_by(owner))
            values = {"lease_until": _LONG_AGO, "attempts": runs.c.attempts - 1, "owner": _NOBODY}
            connection.execute(mine.values(values))

    def finish_run(self, job: str, due_at: datetime, owner: str, now: datetime, ending: Ending) -> bool:
        """Record how a run ended; return False, recording nothing, where somebody else has taken it over."""
        with self._database.transaction() as connection:
            mine = update(runs).where(_run(job, due_at), _held_by(owner))
            values = {**asdict(ending), "finished_at": now}
            return connection.execute(mine.values(values)).rowcount == 1

    def record_run(self, job: str, now: datetime, owner: str, ending: Ending) -> None:
        """Record a run that nothing but the moment had called for, as due in a second that no other has."""
        row = {**asdict(ending), "job": job, "started_at": now, "finished_at": now}
        row |= {"attempts": 1, "owner": owner, "lease_until": now}
        others = select(func.max(runs.c.due_at)).where(runs.c.job == job, runs.c.due_at >= now)
        with self._database.transaction() as connection:
            last = connection.execute(others).scalar()
            due_at = last + timedelta(seconds=1) if last else now
            connection.execute(insert(runs).values(due_at=due_at, **row))

    def last_run(self, job: str, until: datetime) -> Run | None:
        """Return the run of a job that was due last and not after `until`, or None. Read-only."""
        mine = (runs.c.job == job) & (runs.c.due_at <= until)
        query = select(*_RUN).where(mine).order_by(runs.c.due_at.desc()).limit(1)
        with self._database.reading() as connection:
            row = connection.execute(query).mappings().one_or_none()
            return Run(**row) if row else None

    def unfinished_runs(self) -> list[Run]:
        """List the runs that somebody works on, or died over, those due first in front. Read-only."""
        query = select(*_RUN).where(runs.c.state == "running").order_by(runs.c.due_at, runs.c.id)
        with self._database.reading() as connection:
            return [Run(**row) for row in connection.execute(query).mappings()]

    def recent_runs(self, limit: int, job: str | None = None, since: datetime | None = None) -> list[Run]:
        """List the runs that began last, the newest first: of one job or all, from a time on. Read-only."""
        query = select(*_RUN).order_by(runs.c.started_at.desc(), runs.c.id.desc()).limit(limit)
        if job is not None:
            query = query.where(runs.c.job == job)
        if since is not None:
            query = query.where(runs.c.started_at >= since)
        with self._database.reading() as connection:
            return [Run(**row) for row in connection.execute(query).mappings()]

    def forget_runs(self, before: datetime) -> int:
        """Remove what ended before a time, but for the last runs of each job; return how many those were.

        A clock that is wrong for a moment must not make due times forget that they have run.
        """
        rank = func.row_number().over(partition_by=runs.c.job, order_by=runs.c.due_at.desc())
        ranked = select(runs.c.id, runs.c.finished_at, runs.c.state, rank.label("rank")).subquery()
        old = select(ranked.c.id).where(
            ranked.c.finished_at < before, ranked.c.state != "running", ranked.c.rank > RUNS_KEPT
        )
        with self._database.transaction() as connection:
            return connection.execute(delete(runs).where(runs.c.id.in_(old))).rowcount

    def forget_runs_from(self, start: datetime) -> None:
        """Remove what was due from a time on, and let whoever comes next take over what is not ended."""
        unfinished = update(runs).where(runs.c.state == "running").values(lease_until=runs.c.started_at)
        with self._database.transaction() as connection:
            connection.execute(delete(runs).where(runs.c.due_at >= start))
            connection.execute(unfinished)


class Faults(Part):
    """Remember why jobs fail."""

    def faults(self) -> list[Fault]:
        """List the faults that last, and those whose end is still to be told, the oldest first. Read-only."""
        with self._database.reading() as connection:
            rows = connection.execute(select(faults).order_by(faults.c.since, faults.c.job, faults.c.cause))
            return [Fault(**{**row, "told": tuple(row["told"])}) for row in rows.mappings()]

    def save_fault(self, fault: Fault) -> None:
        """Remember a fault as it is now."""
        with self._database.transaction() as connection:
            connection.execute(delete(faults).where(_fault(fault)))
            connection.execute(insert(faults).values(asdict(fault)))

    def drop_fault(self, fault: Fault) -> None:
        """Forget a fault."""
        with self._database.transaction() as connection:
            connection.execute(delete(faults).where(_fault(fault)))


def _run(job: str, due_at: datetime) -> ColumnElement[bool]:
    return (runs.c.job == job) & (runs.c.due_at == due_at)


def _held_by(owner: str) -> ColumnElement[bool]:
    """Tell whether a run is its owner's, or nobody's any more."""
    return (runs.c.state == "running") & runs.c.owner.in_([owner, _NOBODY])


def _fault(fault: Fault) -> ColumnElement[bool]:
    return (faults.c.job == fault.job) & (faults.c.cause == fault.cause)
