"""The ledger in the state database: one row for each issue to each subscriber, and how far it has got.

A row is claimed by a lease before its message is handed over, and only its owner says what became of it. The
rules are in `feedmaker.delivery`; here is what must hold whoever calls, each in one statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Exists,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
    update,
)

from feedmaker.store.database import Part, Prepared, just_after, rounded_up
from feedmaker.store.records import (
    SKIPPED,
    Addressed,
    Counts,
    Delivery,
    DeliveryState,
    Lease,
    Sending,
    Settlement,
)
from feedmaker.store.tables import Moment, as_kept, as_meant, deliveries, sendings, subscribers

DOMAIN = func.substr(deliveries.c.address, func.instr(deliveries.c.address, "@") + 1)
ERASED = "erased"
"""The token that stands in deliveries to people who had themselves erased."""
PAGE = 1000
"""How many rows are held in memory at once where there may be a million."""


class Ledger(Part):
    """Write down who gets an issue, claim deliveries, and record what became of them."""

    # Sendings

    def open_sending(
        self, issue_id: int, rows: Iterable[Addressed], dated_at: datetime, now: datetime
    ) -> int:
        """Queue an issue for its audience, and return how many that are; nothing for nobody."""
        audience = 0
        with self._database.transaction() as connection:
            for page in _pages(rows):
                fixed = {"_issue": issue_id, "_dated_at": as_kept(dated_at)}
                _QUEUE.run_all(connection, ({**fixed, **_parts(row)} for row in page))
                audience += len(page)
            if audience:
                begun = {"issue_id": issue_id, "audience": audience, "opened_at": now, "worked_at": now}
                connection.execute(insert(sendings).values(begun))
        return audience

    def sending(self, issue_id: int) -> Sending | None:
        """Return how far an issue has got on its way, or None where nobody is to get it yet. Read-only."""
        query = select(sendings).where(sendings.c.issue_id == issue_id)
        with self._database.reading() as connection:
            row = connection.execute(query).mappings().one_or_none()
            return Sending(**row) if row else None

    def stop_sending(self, issue_id: int, why: str) -> None:
        """Keep everybody from going on with an issue, saying why."""
        self._set_sending(issue_id, stopped=why)

    def resume_sending(self, issue_id: int) -> None:
        """Let an issue go on that was stopped."""
        self._set_sending(issue_id, stopped=None)

    def touch_sending(self, issue_id: int, now: datetime) -> None:
        """Note that somebody has seen to an issue, so that it is not one that was left long ago."""
        self._set_sending(issue_id, worked_at=now)

    def _set_sending(self, issue_id: int, **values: Any) -> None:
        mine = update(sendings).where(sendings.c.issue_id == issue_id)
        with self._database.transaction() as connection:
            connection.execute(mine.values(values))

    # Deliveries

    def claim_deliveries(
        self, issue_id: int, lease: Lease, now: datetime, limit: int, but_at: Sequence[str] = ()
    ) -> list[Delivery]:
        """Commit the next deliveries as *sending* for the owner of the lease, and return them.

        Those that are queued come first, then deferred ones whose time has come. Whoever is no active
        subscriber at this moment becomes *suppressed* instead, and is returned as that. Nothing is claimed of
        an issue that was stopped, and nothing for people at the domains `but_at`.
        """
        queued, due = _CLAIM_QUEUED, _CLAIM_DUE
        if but_at:
            # A list would be no part of a statement that is written once.
            elsewhere = and_(*(DOMAIN.is_distinct_from(domain) for domain in but_at))
            queued, due = _claim(and_(_QUEUED, elsewhere)), _claim(and_(_DUE, elsewhere))
        found = self._claim(queued, issue_id, lease, now, limit)
        if len(found) == limit:
            return found
        return found + self._claim(due, issue_id, lease, now, limit - len(found))

    def _claim(
        self, claim: Prepared, issue_id: int, lease: Lease, now: datetime, limit: int
    ) -> list[Delivery]:
        values = {
            "_issue": issue_id,
            "_owner": lease.owner,
            "_until": as_kept(rounded_up(lease.until)),
            "_now": as_kept(now),
            "_limit": limit,
        }
        with self._database.transaction() as connection:
            return [_delivery(row) for row in claim.run(connection, values)]

    def settle_deliveries(
        self, issue_id: int, owner: str, settlements: Sequence[Settlement], now: datetime
    ) -> None:
        """Record what became of attempts, each only if it is the last one of its delivery and its owner's.

        An owner who has lost the lease may still say what became of the attempt, as long as nobody has begun
        another one: that is the evidence which was missing.
        """
        rows = [
            {
                "_id": settled.delivery_id,
                "_attempt": settled.attempt,
                "_state": settled.state,
                "_reply": settled.reply,
                "_excused": int(settled.excused),
                "_deferred": int(settled.state == "deferred"),
                "_next_at": settled.next_at and as_kept(settled.next_at),
                "_owner": owner,
                "_now": as_kept(now),
            }
            for settled in settlements
        ]
        with self._database.transaction() as connection:
            if rows:
                _SETTLE.run_all(connection, rows)
            _WORKED.run(connection, {"_issue": issue_id, "_now": as_kept(now)})

    def renew_deliveries(self, issue_id: int, lease: Lease) -> None:
        """Show a sign of life for all that its owner has claimed."""
        mine = and_(_state(issue_id, "sending"), deliveries.c.owner == lease.owner)
        with self._database.transaction() as connection:
            connection.execute(update(deliveries).where(mine).values(lease_until=rounded_up(lease.until)))

    def expire_deliveries(self, issue_id: int, lease: Lease) -> int:
        """Make *unknown* what somebody has claimed who shows no sign of life, and return how many those are.

        It is that since the lease ended, whenever somebody notices. A lease that reaches further than any can
        is from before the clock was set back.
        """
        held = deliveries.c.lease_until.between(just_after(lease.since), rounded_up(lease.until))
        lost = and_(_state(issue_id, "sending"), or_(deliveries.c.lease_until.is_(None), not_(held)))
        said = "its sender died, or lost its lease, before it could say"
        ended = case(
            (deliveries.c.lease_until < lease.since, deliveries.c.lease_until),
            else_=literal(lease.since, Moment),
        )
        values = {"state": "unknown", "reply": said, "lease_until": None, "state_at": ended}
        with self._database.transaction() as connection:
            return connection.execute(update(deliveries).where(lost).values(values)).rowcount

    def next_expiry(self, issue_id: int) -> datetime | None:
        """Return when the first claim on deliveries of an issue ends; None without any. Read-only."""
        query = select(func.min(deliveries.c.lease_until)).where(_state(issue_id, "sending"))
        with self._database.reading() as connection:
            return connection.execute(query).scalar()

    def next_attempt(self, issue_id: int) -> datetime | None:
        """Return when the first deferred delivery of an issue is tried again, or None. Read-only."""
        query = select(func.min(deliveries.c.next_at)).where(_state(issue_id, "deferred"))
        with self._database.reading() as connection:
            return connection.execute(query).scalar()

    def resolve_delivery(
        self, delivery: Delivery, state: DeliveryState, reply: str, now: datetime, *, excused: bool = False
    ) -> bool:
        """Say of an unknown delivery that it was sent, or failed, or send it again; False if it has changed.

        One that is *queued* again counts as a repeat, or as `excused` where it certainly was not taken.
        """
        mine = and_(
            deliveries.c.id == delivery.id,
            deliveries.c.state == "unknown",
            deliveries.c.attempts == delivery.attempts,
        )
        values = {"state": state, "reply": reply, "state_at": now}
        if excused:
            values |= {"excused": deliveries.c.excused + 1, "handed_at": _known_at(excused=1)}
        elif state == "queued":
            values |= {"repeats": _DECIDED}
        with self._database.transaction() as connection:
            return connection.execute(update(deliveries).where(mine).values(values)).rowcount == 1

    def last_sent(self, issue_id: int, until: datetime) -> str | None:
        """Return the Message-ID of the last message of an issue that was sent by then, or None. Read-only."""
        sent = and_(_state(issue_id, "sent"), deliveries.c.state_at <= until)
        query = select(deliveries.c.message_id).where(sent)
        with self._database.reading() as connection:
            return connection.execute(
                query.order_by(deliveries.c.state_at.desc(), deliveries.c.id.desc()).limit(1)
            ).scalar()

    def skip_deliveries(self, issue_id: int, now: datetime) -> None:
        """Send an issue to nobody who waits for it, or will because what is under way is put off."""
        waits = and_(deliveries.c.issue_id == issue_id, deliveries.c.state.in_(_WAITING))
        values = {"state": "suppressed", "reply": SKIPPED, "next_at": None, "state_at": now}
        with self._database.transaction() as connection:
            connection.execute(update(deliveries).where(waits).values(values))
            self.stop_sending(issue_id, SKIPPED)

    def requeue_failed(self, issue_id: int, why: str, now: datetime) -> int:
        """Queue again what was refused for good, as if it were new, and return how many those are.

        Whoever is no active subscriber by now is left as it is, with what was said of it.
        """
        values = {"state": "queued", "reply": why, "deferrals": 0, "repeats": _DECIDED, "state_at": now}
        failed = update(deliveries).where(_state(issue_id, "failed"), _wanted())
        with self._database.transaction() as connection:
            return connection.execute(failed.values(values)).rowcount

    def deliveries(
        self, issue_id: int, *states: DeliveryState, until: datetime | None = None
    ) -> Iterator[Delivery]:
        """Go through the deliveries of an issue, in some states or all, in the order of sending. Read-only.

        With `until`, only those that have been so since then or longer.
        """
        which = deliveries.c.issue_id == issue_id
        if states:
            which = and_(which, deliveries.c.state.in_(states))
        if until is not None:
            which = and_(which, deliveries.c.state_at <= until)
        last = 0
        while True:
            page = select(deliveries).where(which, deliveries.c.id > last).order_by(deliveries.c.id)
            with self._database.reading() as connection:
                rows = [Delivery(**row) for row in connection.execute(page.limit(PAGE)).mappings()]
            yield from rows
            if len(rows) < PAGE:
                return
            last = rows[-1].id

    def counts(self, issue_id: int) -> Counts:
        """Count the deliveries of an issue by state. Read-only."""
        with self._database.reading() as connection:
            return _counts(connection, issue_id)


def _delivery(row: Sequence[Any]) -> Delivery:
    values = list(row)
    for place in _MOMENTS:
        if values[place] is not None:
            values[place] = as_meant(values[place])
    return Delivery(*values)


def _parts(row: Addressed) -> dict[str, Any]:
    return {
        "_subscriber": row.subscriber_id,
        "_address": row.address,
        "_token": row.token,
        "_key": row.key,
        "_message_id": row.message_id,
    }


def _wanted() -> Exists:
    """Write that whoever a delivery is for is an active subscriber."""
    return exists().where(subscribers.c.id == deliveries.c.subscriber_id, subscribers.c.status == "active")


def _claim(which: ColumnElement[bool]) -> Prepared:
    """Write the statement that claims some deliveries."""
    going_on = exists().where(sendings.c.issue_id == bindparam("_issue"), sendings.c.stopped.is_(None))
    wanted = _wanted()
    first = select(deliveries.c.id).where(deliveries.c.issue_id == bindparam("_issue"), which, going_on)
    return Prepared(
        update(deliveries)
        .where(deliveries.c.id.in_(first.order_by(deliveries.c.id).limit(bindparam("_limit"))))
        .values(
            state=case((wanted, "sending"), else_="suppressed"),
            attempts=deliveries.c.attempts + case((wanted, 1), else_=0),
            owner=bindparam("_owner"),
            lease_until=bindparam("_until", type_=Moment),
            next_at=None,
            state_at=bindparam("_now", type_=Moment),
            handed_at=case(
                (wanted, func.coalesce(deliveries.c.handed_at, bindparam("_now", type_=Moment))),
                else_=deliveries.c.handed_at,
            ),
        )
        .returning(deliveries)
    )


def _known_at(excused: int | BindParameter[int]) -> ColumnElement[datetime | None]:
    """Say since when a transport may know a message, with `excused` more of its attempts excused.

    Where all of them are, it knows nothing.
    """
    is_known = deliveries.c.attempts > deliveries.c.excused + excused
    return case((is_known, deliveries.c.handed_at))


# Whoever decides on another attempt decides on it whatever became of all before that is not excused.
_DECIDED = deliveries.c.attempts - deliveries.c.excused
_MOMENTS = [place for place, column in enumerate(deliveries.c) if isinstance(column.type, Moment)]
_QUEUE = Prepared(
    insert(deliveries).values(
        issue_id=bindparam("_issue"),
        subscriber_id=bindparam("_subscriber"),
        address=bindparam("_address"),
        token=bindparam("_token"),
        key=bindparam("_key"),
        message_id=bindparam("_message_id"),
        dated_at=bindparam("_dated_at", type_=Moment),
        state="queued",
        attempts=0,
        excused=0,
        repeats=0,
        deferrals=0,
    )
)
_QUEUED = deliveries.c.state == "queued"
_DUE = and_(deliveries.c.state == "deferred", deliveries.c.next_at <= bindparam("_now", type_=Moment))
_CLAIM_QUEUED, _CLAIM_DUE = _claim(_QUEUED), _claim(_DUE)
_WAITING: Sequence[DeliveryState] = ("queued", "deferred")
_IS_DROPPED = and_(
    or_(*(bindparam("_state") == state for state in _WAITING)),
    exists().where(sendings.c.issue_id == deliveries.c.issue_id, sendings.c.stopped == SKIPPED),
)
_SETTLE = Prepared(
    update(deliveries)
    .where(
        deliveries.c.id == bindparam("_id"),
        deliveries.c.owner == bindparam("_owner"),
        deliveries.c.attempts == bindparam("_attempt"),
        # A list would be no part of a statement for many rows.
        or_(deliveries.c.state == "sending", deliveries.c.state == "unknown"),
    )
    .values(
        state=case((_IS_DROPPED, "suppressed"), else_=bindparam("_state")),
        # Replies repeat the address, also of somebody who was erased meanwhile.
        reply=case((deliveries.c.token == ERASED, None), else_=bindparam("_reply")),
        excused=deliveries.c.excused + bindparam("_excused"),
        deferrals=deliveries.c.deferrals + bindparam("_deferred"),
        handed_at=_known_at(excused=bindparam("_excused")),
        next_at=case((not_(_IS_DROPPED), bindparam("_next_at", type_=Moment))),
        state_at=bindparam("_now", type_=Moment),
        lease_until=None,
    )
)
_WORKED = Prepared(
    update(sendings)
    .where(sendings.c.issue_id == bindparam("_issue"))
    .values(worked_at=bindparam("_now", type_=Moment))
)


def _counts(connection: Connection, issue_id: int) -> Counts:
    query = select(deliveries.c.state, func.count()).where(deliveries.c.issue_id == issue_id)
    rows = connection.execute(query.group_by(deliveries.c.state)).all()
    return Counts(**{state: number for state, number in rows})  # noqa: C416


def _state(issue_id: int, state: DeliveryState) -> ColumnElement[bool]:
    return and_(deliveries.c.issue_id == issue_id, deliveries.c.state == state)


def _pages(rows: Iterable[Addressed]) -> Iterator[list[Addressed]]:
    page: list[Addressed] = []
    for row in rows:
        page.append(row)
        if len(page) == PAGE:
            yield page
            page = []
    if page:
        yield page
