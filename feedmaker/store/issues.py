"""Issues in the state database: what they say, which episodes they carry, how they stand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, datetime
from itertools import count
from typing import Literal

from sqlalchemy import Connection, delete, func, insert, select, update

from feedmaker.errors import StoreError
from feedmaker.store.database import Part
from feedmaker.store.records import Cadence, Frozen, Issue, IssueState
from feedmaker.store.tables import carried, corrected, issues


class Issues(Part):
    """Read and write issues."""

    def free_slug(self, day: date) -> str:
        """Return the slug that the next issue of a day gets. Read-only."""
        first = day.isoformat()
        mine = select(issues.c.slug).where(issues.c.slug.startswith(first))
        with self._database.reading() as connection:
            taken = set(connection.execute(mine).scalars())
        slugs = (first if number == 1 else f"{first}-{number}" for number in count(1))
        return next(slug for slug in slugs if slug not in taken)

    def add_issue(
        self,
        slug: str,
        frozen: Frozen,
        episode_ids: Iterable[str],
        now: datetime,
        due_at: datetime | None = None,
        cadence: Cadence = "each",
    ) -> Issue:
        """Freeze a draft that carries the episodes, to go out at `due_at`, once it is approved.

        Raises `StoreError` where an episode is in another issue of that cadence already.
        """
        with self._database.transaction() as connection:
            row = {**asdict(frozen), "slug": slug, "state": "draft", "drafted_at": now, "due_at": due_at}
            row["cadence"] = cadence
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

    def sent_issue(self, due_at: datetime, cadence: Cadence) -> Issue | None:
        """Return the issue of a cadence that was due then and has gone out since, or None. Read-only."""
        mine = (issues.c.state == "sent") & (issues.c.due_at == due_at) & (issues.c.sent_at >= due_at)
        query = select(issues).where(mine, issues.c.cadence == cadence).limit(1)
        with self._database.reading() as connection:
            row = connection.execute(query).mappings().first()
            return Issue(**row) if row else None

    def first_drafted(self, cadence: Cadence) -> datetime | None:
        """Return when the first issue of a cadence was drafted, or None without one. Read-only."""
        query = select(func.min(issues.c.drafted_at)).where(issues.c.cadence == cadence)
        with self._database.reading() as connection:
            return connection.execute(query).scalar()

    def mailed_episodes(self) -> set[str]:
        """Return the ids of the episodes that issues have brought to readers, digests aside. Read-only."""
        query = select(carried.c.episode_id).join(issues)
        query = query.where(issues.c.state == "sent", issues.c.cadence == "each")
        with self._database.reading() as connection:
            return set(connection.execute(query).scalars())

    def carried_episodes(self, cadence: Cadence = "each") -> dict[str, str]:
        """Return by episode id the slug of the issue of a cadence, sent or not, that has it. Read-only."""
        query = select(carried.c.episode_id, issues.c.slug).join(issues, issues.c.id == carried.c.issue_id)
        query = query.where(carried.c.cadence == cadence)
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


def _carry(connection: Connection, issue: Issue, episode_ids: Iterable[str]) -> None:
    owners = select(issues.c.slug).join(carried).where(carried.c.cadence == issue.cadence)
    for episode_id in episode_ids:
        owner = connection.execute(owners.where(carried.c.episode_id == episode_id)).scalar()
        if owner:
            raise StoreError(
                f'episode "{episode_id}" is in issue {owner} already; an episode is mailed only once'
            )
        row = {"episode_id": episode_id, "cadence": issue.cadence, "issue_id": issue.id}
        connection.execute(insert(carried).values(row))
