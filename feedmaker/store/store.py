"""Everything that is read from and written to the state database, one short method each.

Each method is a transaction of its own, or part of the caller's where one is open. All of them raise
`StoreError` where the database is locked, damaged, full or cannot be written. Times are zoned and kept with
whole seconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from secrets import token_urlsafe
from types import TracebackType
from typing import Literal, Self

from sqlalchemy import ColumnElement, Connection, delete, func, insert, not_, select, update
from sqlalchemy.dialects.sqlite import insert as insert_or

from feedmaker.errors import StoreError
from feedmaker.store import schema
from feedmaker.store.database import Database
from feedmaker.store.records import (
    Counts,
    Delivery,
    DeliveryState,
    Ending,
    Fault,
    Frozen,
    Issue,
    IssueState,
    Lease,
    Run,
    Subscriber,
)
from feedmaker.store.tables import carried, corrected, deliveries, faults, issues, runs, subscribers


def open_store(path: Path, *, durable: bool = True) -> Store:
    """Open the state database at a path; make or upgrade it where needed.

    One that is not `durable` may be lost in a power cut, and is faster.

    Raises `StoreError` where it cannot be used or belongs to a newer program.
    """
    database = Database(path, durable=durable)
    try:
        with database.reading() as connection:
            current = schema.is_current(connection)
        if not current:
            _upgrade(database)
    except BaseException:
        database.close()
        raise
    return Store(database)


def _upgrade(database: Database) -> None:
    with database.transaction() as connection:
        # Another process may have done it while this one waited for the lock.
        if not schema.is_current(connection):
            schema.upgrade(connection)


class Store:
    """Read and write the state database; a context manager that closes it. One thread at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def transaction(self) -> AbstractContextManager[object]:
        """Make one transaction of everything that is called inside: all of it is committed, or nothing."""
        return self._database.transaction()

    # Subscribers

    def add_subscriber(self, address: str, now: datetime) -> bool:
        """Add a normalised address, with a token drawn by lot; return False where it is there already."""
        with self._database.transaction() as connection:
            row = {"address": address, "token": _new_token(), "added_at": now}
            added = insert_or(subscribers).values(row).on_conflict_do_nothing(index_elements=["address"])
            done = connection.execute(added)
            return done.rowcount == 1

    def remove_subscriber(self, address: str) -> bool:
        """Remove an address and what is still queued for it; return False where it is not there.

        A message that is on its way just now, or was when the program died, is left as unknown.
        """
        with self._database.transaction() as connection:
            mine = deliveries.c.address == address
            connection.execute(delete(deliveries).where(mine, deliveries.c.state == "queued"))
            connection.execute(
                update(deliveries).where(mine, deliveries.c.state == "sending").values(state="unknown")
            )
            done = connection.execute(delete(subscribers).where(subscribers.c.address == address))
            return done.rowcount == 1

    def address_of(self, token: str) -> str | None:
        """Return the address of the subscriber whose token it is, or None. Read-only."""
        query = select(subscribers.c.address).where(subscribers.c.token == token)
        with self._database.reading() as connection:
            return connection.execute(query).scalar_one_or_none()

    def subscribers(self) -> list[Subscriber]:
        """List all subscribers, the oldest first. Read-only."""
        with self._database.reading() as connection:
            rows = connection.execute(select(subscribers).order_by(subscribers.c.id))
            return [Subscriber(**row) for row in rows.mappings()]

    def has_subscribers(self) -> bool:
        """Tell whether there is anybody who gets issues. Read-only."""
        with self._database.reading() as connection:
            return connection.execute(select(subscribers.c.id).limit(1)).first() is not None

    # Issues

    def free_slug(self, day: date) -> str:
        """Return the slug that the next issue of a day gets. Read-only."""
        with self._database.reading() as connection:
            return _free_slug(connection, day)

    def add_issue(
        self,
        slug: str,
        frozen: Frozen,
        episode_ids: Iterable[str],
        now: datetime,
        due_at: datetime | None = None,
    ) -> Issue:
        """Freeze a draft that carries the episodes, to go out at `due_at`, once it is approved.

        Raises `StoreError` where an episode is in another issue already.
        """
        with self._database.transaction() as connection:
            row = {**asdict(frozen), "slug": slug, "state": "draft", "drafted_at": now, "due_at": due_at}
            added = connection.execute(insert(issues).values(row).returning(issues)).mappings().one()
            issue = Issue(**added)
            _carry(connection, issue, episode_ids)
            return issue

    def rewrite_issue(
        self, issue_id: int, frozen: Frozen, episode_ids: Iterable[str], due_at: datetime | None
    ) -> None:
        """Freeze an issue anew, as a draft that carries these episodes instead of those it had."""
        with self._database.transaction() as connection:
            mine = issues.c.id == issue_id
            values = {**asdict(frozen), "state": "draft", "due_at": due_at}
            issue = Issue(
                **connection.execute(update(issues).where(mine).values(values).returning(issues))
                .mappings()
                .one()
            )
            connection.execute(delete(carried).where(carried.c.issue_id == issue_id))
            connection.execute(delete(corrected).where(corrected.c.issue_id == issue_id))
            _carry(connection, issue, episode_ids)

    def approve_issue(self, issue_id: int, due_at: datetime | None) -> None:
        """Let a draft go out at a time, or by hand."""
        with self._database.transaction() as connection:
            values = {"state": "approved", "due_at": due_at}
            connection.execute(update(issues).where(issues.c.id == issue_id).values(values))

    def add_corrections(self, issue_id: int, corrections: Iterable[tuple[str, str]]) -> None:
        """Note which corrections, as pairs of episode id and digest, an issue carries."""
        with self._database.transaction() as connection:
            rows = [
                {"episode_id": name, "digest": digest, "issue_id": issue_id} for name, digest in corrections
            ]
            if rows:
                connection.execute(insert(corrected), rows)

    def drop_corrections(self, issue_id: int) -> None:
        """Forget that an issue carries corrections, so that the next one does."""
        with self._database.transaction() as connection:
            connection.execute(delete(corrected).where(corrected.c.issue_id == issue_id))

    def carried_corrections(self, but_of: int | None = None) -> set[tuple[str, str]]:
        """Return which corrections issues have carried, but for those of one issue. Read-only."""
        query = select(corrected.c.episode_id, corrected.c.digest)
        if but_of is not None:
            query = query.where(corrected.c.issue_id != but_of)
        with self._database.reading() as connection:
            return {(row.episode_id, row.digest) for row in connection.execute(query)}

    def issue(self, slug: str) -> Issue | None:
        """Find an issue by its slug. Read-only."""
        with self._database.reading() as connection:
            row = connection.execute(select(issues).where(issues.c.slug == slug)).mappings().one_or_none()
            return Issue(**row) if row else None

    def slugs(self) -> list[str]:
        """List the slugs of all issues, the oldest first. Read-only."""
        with self._database.reading() as connection:
            return list(connection.execute(select(issues.c.slug).order_by(issues.c.id)).scalars())

    def issues(self, *states: IssueState) -> list[Issue]:
        """List the issues in any of the states, or all, the oldest first. Read-only."""
        query = select(issues).order_by(issues.c.id)
        with self._database.reading() as connection:
            rows = connection.execute(query.where(issues.c.state.in_(states)) if states else query)
            return [Issue(**row) for row in rows.mappings()]

    def sent_issue(self, due_at: datetime) -> Issue | None:
        """Return the issue that was due at a time and has gone out since, or None. Read-only."""
        mine = (issues.c.state == "sent") & (issues.c.due_at == due_at) & (issues.c.sent_at >= due_at)
        with self._database.reading() as connection:
            row = connection.execute(select(issues).where(mine).limit(1)).mappings().first()
            return Issue(**row) if row else None

    def mailed_episodes(self) -> set[str]:
        """Return the ids of the episodes that issues have brought to readers. Read-only."""
        query = select(carried.c.episode_id).join(issues).where(issues.c.state == "sent")
        with self._database.reading() as connection:
            return set(connection.execute(query).scalars())

    def carried_episodes(self) -> dict[str, str]:
        """Return by episode id the slug of the issue, sent or not, that carries it. Read-only."""
        query = select(carried.c.episode_id, issues.c.slug).join(issues, issues.c.id == carried.c.issue_id)
        with self._database.reading() as connection:
            return {row.episode_id: row.slug for row in connection.execute(query)}

    def episodes_of(self, issue_id: int) -> list[str]:
        """Return the ids of the episodes that an issue carries. Read-only."""
        query = select(carried.c.episode_id).where(carried.c.issue_id == issue_id)
        with self._database.reading() as connection:
            return list(connection.execute(query).scalars())

    def mark_issue(
        self, issue_id: int, state: Literal["draft", "sending", "sent", "skipped"], now: datetime
    ) -> None:
        """Move an issue on; `now` is kept as the time of sending where it is sent."""
        values = {"state": state} | ({"sent_at": now} if state == "sent" else {})
        with self._database.transaction() as connection:
            connection.execute(update(issues).where(issues.c.id == issue_id).values(values))

    # Deliveries

    def add_delivery(
        self, issue_id: int, subscriber: Subscriber, message_id: str, dated_at: datetime
    ) -> None:
        """Queue an issue for a subscriber, under the token, Message-ID and Date that it keeps."""
        with self._database.transaction() as connection:
            connection.execute(
                insert(deliveries).values(
                    issue_id=issue_id,
                    subscriber_id=subscriber.id,
                    address=subscriber.address,
                    token=subscriber.token,
                    message_id=message_id,
                    dated_at=dated_at,
                    state="queued",
                )
            )

    def claim_delivery(self, issue_id: int) -> Delivery | None:
        """Commit the next delivery as *sending* and return it, or None where all have their outcome.

        One that an earlier process left as *sending* comes first. The caller holds the lock of senders, which
        proves that process dead; whoever sends from several processes needs a lease here.
        """
        with self._database.transaction() as connection:
            for state in ("sending", "queued"):
                here = (deliveries.c.issue_id == issue_id) & (deliveries.c.state == state)
                first = select(deliveries.c.id).where(here).order_by(deliveries.c.id).limit(1)
                claim = update(deliveries).where(deliveries.c.id == first.scalar_subquery())
                row = (
                    connection.execute(claim.values(state="sending").returning(deliveries)).mappings().first()
                )
                if row:
                    return Delivery(**row)
        return None

    def settle_delivery(self, delivery_id: int, state: DeliveryState, reply: str) -> None:
        """Record the outcome of a delivery and what the transport said."""
        done = update(deliveries).where(deliveries.c.id == delivery_id).values(state=state, reply=reply)
        with self._database.transaction() as connection:
            connection.execute(done)

    def deliveries(self, issue_id: int) -> list[Delivery]:
        """List the deliveries of an issue in the order of sending. Read-only."""
        query = select(deliveries).where(deliveries.c.issue_id == issue_id).order_by(deliveries.c.id)
        with self._database.reading() as connection:
            return [Delivery(**row) for row in connection.execute(query).mappings()]

    def counts(self, issue_id: int) -> Counts:
        """Count the deliveries of an issue by state. Read-only."""
        query = select(deliveries.c.state, func.count()).where(deliveries.c.issue_id == issue_id)
        with self._database.reading() as connection:
            rows = connection.execute(query.group_by(deliveries.c.state)).all()
            return Counts(**{state: number for state, number in rows})  # noqa: C416

    # Runs

    def claim_run(self, job: str, due_at: datetime, now: datetime, lease: Lease) -> Run:
        """Begin the run of a job that was due at a time, and return it as it is then.

        It is the caller's if it is *running* and has the owner of this `lease`. One that has ended stays as
        it is, and so does one on which somebody else works; where their lease is over they are dead, and the
        run is begun again.
        """
        row = {"job": job, "due_at": due_at, "state": "running", "started_at": now, "changes": []}
        until = _rounded_up(lease.until)
        row |= {"attempts": 1, "owner": lease.owner, "lease_until": until}
        free = not_(runs.c.lease_until.between(_just_after(lease.since), until))
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
            values = {"owner": lease.owner, "lease_until": _rounded_up(lease.until)}
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

    # Faults

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


_RUN = [column for column in runs.c if column.name != "id"]
RUNS_KEPT = 20
"""How many runs of each job are never forgotten."""
_NOBODY = ""
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def _new_token() -> str:
    """Draw 128 bits by lot; a command line would take a hyphen in front for an option."""
    while (token := token_urlsafe(16)).startswith("-"):
        pass
    return token


def _run(job: str, due_at: datetime) -> ColumnElement[bool]:
    return (runs.c.job == job) & (runs.c.due_at == due_at)


def _held_by(owner: str) -> ColumnElement[bool]:
    """Tell whether a run is its owner's, or nobody's any more."""
    return (runs.c.state == "running") & runs.c.owner.in_([owner, _NOBODY])


def _just_after(moment: datetime) -> datetime:
    """Return the first stored time that is later: a lease that ends now is over."""
    return moment + timedelta(seconds=1)


def _rounded_up(moment: datetime) -> datetime:
    """Return the first stored time that is not earlier, so that no lease is cut short."""
    return moment + timedelta(microseconds=999_999)


def _fault(fault: Fault) -> ColumnElement[bool]:
    return (faults.c.job == fault.job) & (faults.c.cause == fault.cause)


def _free_slug(connection: Connection, day: date) -> str:
    first = day.isoformat()
    taken = set(connection.execute(select(issues.c.slug).where(issues.c.slug.startswith(first))).scalars())
    slugs = (first if number == 1 else f"{first}-{number}" for number in count(1))
    return next(slug for slug in slugs if slug not in taken)


def _carry(connection: Connection, issue: Issue, episode_ids: Iterable[str]) -> None:
    owners = select(issues.c.slug).join(carried)
    for episode_id in episode_ids:
        owner = connection.execute(owners.where(carried.c.episode_id == episode_id)).scalar()
        if owner:
            raise StoreError(
                f'episode "{episode_id}" is in issue {owner} already; an episode is mailed only once'
            )
        connection.execute(insert(carried).values(episode_id=episode_id, issue_id=issue.id))
