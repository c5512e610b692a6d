"""What there is to say of subscribers and of what went to them, in numbers and for one person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Select, func, select

from feedmaker.store.database import Part
from feedmaker.store.records import GONE, Counts, Mailed, Month, Reach, Status
from feedmaker.store.tables import bounces, deliveries, erased, issues, subscribers

BOUNCED = ("hard", "soft", "outage")


class Figures(Part):
    """Count, and list what went to somebody. All of it is read-only."""

    def count_subscribers(self) -> Mapping[Status, int]:
        """Count the subscribers by status. Read-only."""
        return self._counted(subscribers.c.status)

    def count_cadences(self) -> Mapping[str, int]:
        """Count the active subscribers by cadence. Read-only."""
        return self._counted(subscribers.c.cadence, _ACTIVE)

    def count_languages(self) -> Mapping[str | None, int]:
        """Count the active subscribers by language, those who chose none under None. Read-only."""
        return self._counted(subscribers.c.language, _ACTIVE)

    def count_domains(self, most: int) -> Mapping[str, int]:
        """Count the active subscribers by domain, those of the largest domains first. Read-only."""
        at = func.instr(subscribers.c.address, "@")
        return self._counted(func.substr(subscribers.c.address, at + 1), _ACTIVE, most)

    def _counted(
        self,
        by: ColumnElement[Any] | Column[Any],
        which: ColumnElement[bool] | None = None,
        most: int | None = None,
    ) -> dict[Any, int]:
        query = select(by, func.count()).group_by(by).order_by(func.count().desc(), by).limit(most)
        with self._database.reading() as connection:
            rows = connection.execute(query if which is None else query.where(which))
            return {value: number for value, number in rows}  # noqa: C416

    def count_erased(self) -> int:
        """Count those who had themselves erased. Read-only."""
        with self._database.reading() as connection:
            return connection.execute(select(func.count()).select_from(erased)).scalar_one()

    def count_asked(self) -> tuple[int, int]:
        """Return how many were asked to confirm, and how many of them did. Read-only."""
        query = select(func.count(), func.count(subscribers.c.confirmed_at))
        with self._database.reading() as connection:
            asked, confirmed = connection.execute(query.where(subscribers.c.asked_at.is_not(None))).one()
            return asked, confirmed

    def count_months(self, since: datetime) -> list[Month]:
        """Count who joined and who left in each month from a time on in which anybody did. Read-only.

        Somebody joins when they confirm, or else when they are added. Who is pending has not joined, and who
        was only ever suppressed neither joined nor left.
        """
        confirmed_at, added_at = subscribers.c.confirmed_at, subscribers.c.added_at
        joined_at = func.coalesce(confirmed_at, added_at, type_=added_at.type)
        never = (subscribers.c.status == "suppressed") & confirmed_at.is_(None)
        came = self._by_month(joined_at, since, (subscribers.c.status != "pending") & ~never)
        went = self._by_month(subscribers.c.status_at, since, subscribers.c.status.in_(GONE) & ~never)
        return [Month(month, came.get(month, 0), went.get(month, 0)) for month in sorted(came | went)]

    def _by_month(
        self, moment: ColumnElement[Any], since: datetime, which: ColumnElement[bool]
    ) -> dict[str, int]:
        # Times are texts that begin with year and month.
        return self._counted(func.substr(moment, 1, 7), which & (moment >= since))

    def reach(self, most: int) -> list[Reach]:
        """Tell how far the last issues got that began to go out, the newest first. Read-only."""
        begun = select(issues.c.id, issues.c.slug, issues.c.subject).order_by(issues.c.id.desc()).limit(most)
        with self._database.reading() as connection:
            found = connection.execute(begun.where(issues.c.state.in_(["sending", "sent"]))).all()
            numbers = [issue.id for issue in found]
            states = _grouped(connection, _OF_ISSUES, deliveries.c.state, numbers)
            returned = _grouped(connection, _RETURNED, bounces.c.kind, numbers)
        return [
            Reach(
                issue=issue.slug,
                subject=issue.subject,
                counts=Counts(**states.get(issue.id, {})),
                bounced=sum(returned.get(issue.id, {}).get(kind, 0) for kind in BOUNCED),
                complained=returned.get(issue.id, {}).get("complaint", 0),
            )
            for issue in found
        ]

    def mailed_to(self, subscriber_id: int) -> list[Mailed]:
        """List what became of each issue for a subscriber, the oldest first. Read-only."""
        query = (
            select(
                deliveries,
                issues.c.slug,
                issues.c.subject,
                func.group_concat(bounces.c.kind).label("returned"),
            )
            .join(issues, issues.c.id == deliveries.c.issue_id)
            .join(bounces, bounces.c.delivery_id == deliveries.c.id, isouter=True)
            .where(deliveries.c.subscriber_id == subscriber_id)
            .group_by(deliveries.c.id)
            .order_by(deliveries.c.id)
        )
        with self._database.reading() as connection:
            return [
                Mailed(
                    issue=row["slug"],
                    subject=row["subject"],
                    dated_at=row["dated_at"],
                    state=row["state"],
                    state_at=row["state_at"],
                    reply=row["reply"],
                    returned=tuple(sorted(row["returned"].split(","))) if row["returned"] else (),
                )
                for row in connection.execute(query).mappings()
            ]


_ACTIVE = subscribers.c.status == "active"
_OF_ISSUES = select(deliveries.c.issue_id)
_RETURNED = _OF_ISSUES.join(bounces, bounces.c.delivery_id == deliveries.c.id)


def _grouped(
    connection: Connection, query: Select[Any], by: Column[Any], numbers: Sequence[int]
) -> dict[int, dict[str, int]]:
    """Count rows of issues by a column; return the counts by issue."""
    query = query.add_columns(by, func.count()).where(deliveries.c.issue_id.in_(numbers))
    counted: dict[int, dict[str, int]] = {}
    for number, value, count in connection.execute(query.group_by(deliveries.c.issue_id, by)):
        counted.setdefault(number, {})[value] = count
    return counted
