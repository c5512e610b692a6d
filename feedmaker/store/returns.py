"""What came back of deliveries, in the state database, and the counts by which it is judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from sqlalchemy import and_, exists, func, select
from sqlalchemy.dialects.sqlite import insert as insert_or

from feedmaker.store.database import Part
from feedmaker.store.ledger import DOMAIN
from feedmaker.store.records import Delivery
from feedmaker.store.tables import bounces, deliveries, issues, subscribers

_TRIED = ("sending", "sent", "failed", "unknown")
_ROW = 50
"""How many of the last issues to a person are looked at."""


class Returns(Part):
    """Write down what came back, and count it."""

    def delivery_of(self, key: str) -> Delivery | None:
        """Find the delivery whose key it is. Read-only."""
        query = select(deliveries).where(deliveries.c.key == key)
        with self._database.reading() as connection:
            row = connection.execute(query).mappings().one_or_none()
            return Delivery(**row) if row else None

    def add_bounce(self, delivery_id: int, kind: str, diagnosis: str, now: datetime) -> bool:
        """Write down that something came back; return False where the same kind has before."""
        row = {"delivery_id": delivery_id, "kind": kind, "diagnosis": diagnosis, "at": now}
        with self._database.transaction() as connection:
            done = connection.execute(insert_or(bounces).values(row).on_conflict_do_nothing())
            return done.rowcount == 1

    def refusals(self, issue_id: int) -> Iterator[Delivery]:
        """Go through the failed deliveries of an issue of which nothing has come back yet. Read-only."""
        known = exists().where(bounces.c.delivery_id == deliveries.c.id)
        which = and_(deliveries.c.issue_id == issue_id, deliveries.c.state == "failed", ~known)
        with self._database.reading() as connection:
            rows = connection.execute(select(deliveries).where(which).order_by(deliveries.c.id)).mappings()
            found = [Delivery(**row) for row in rows]
        yield from found

    def tried_by_domain(self, issue_id: int) -> Mapping[str, int]:
        """Count the people for whom an issue was handed over, by their domains. Read-only."""
        which = and_(deliveries.c.issue_id == issue_id, deliveries.c.state.in_(_TRIED))
        query = select(DOMAIN, func.count()).where(which).group_by(DOMAIN)
        with self._database.reading() as connection:
            return {domain: number for domain, number in connection.execute(query)}  # noqa: C416

    def returned_by_domain(self, issue_id: int, kind: str) -> Mapping[str, int]:
        """Count the people from whom an issue came back in a way, by their domains. Read-only."""
        which = and_(deliveries.c.issue_id == issue_id, bounces.c.kind == kind)
        query = select(DOMAIN, func.count()).select_from(bounces).join(deliveries).where(which)
        with self._database.reading() as connection:
            rows = connection.execute(query.group_by(DOMAIN))
            return {domain: number for domain, number in rows}  # noqa: C416

    def soft_row(self, subscriber_id: int) -> tuple[int, timedelta]:
        """Count the last issues in a row that came back softly from a person, and how long that has been.

        Read-only.
        """
        soft = exists().where(bounces.c.delivery_id == deliveries.c.id, bounces.c.kind == "soft")
        arrived = exists().where(bounces.c.delivery_id == deliveries.c.id, bounces.c.kind == "delivered")
        query = select(deliveries.c.dated_at, and_(soft, ~arrived).label("soft"))
        query = query.where(deliveries.c.subscriber_id == subscriber_id, deliveries.c.state.in_(_TRIED))
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(deliveries.c.id.desc()).limit(_ROW)).all()
        days = []
        for dated_at, is_soft in rows:
            if not is_soft:
                break
            days.append(dated_at)
        return len(days), days[0] - days[-1] if days else timedelta()

    def bounced_by(self, issue_id: int, reason: str) -> list[tuple[Delivery, str]]:
        """List the deliveries of an issue that took their person off the list, each with how. Read-only.

        Such a person is *bounced* since, for a reason that begins with this one.
        """
        which = and_(deliveries.c.issue_id == issue_id, bounces.c.kind.in_(["hard", "soft"]))
        mine = and_(
            subscribers.c.status == "bounced", subscribers.c.reason.startswith(reason, autoescape=True)
        )
        query = select(deliveries, bounces.c.kind.label("how")).select_from(bounces)
        query = query.join(deliveries).join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        with self._database.reading() as connection:
            found = connection.execute(query.where(which, mine).order_by(deliveries.c.id))
            rows = [dict(row) for row in found.mappings()]
        return [(Delivery(**{name: row[name] for name in row if name != "how"}), row["how"]) for row in rows]

    def slug_of(self, issue_id: int) -> str:
        """Return the slug of an issue. Read-only."""
        with self._database.reading() as connection:
            return connection.execute(select(issues.c.slug).where(issues.c.id == issue_id)).scalar() or ""
