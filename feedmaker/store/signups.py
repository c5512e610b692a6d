"""Signing up in the state database: who asked of late, who is owed a mail, who confirmed, who left.

Each change of a status names the status that it comes from, so that no two of them can cross. A mail that is
owed is claimed before it is handed over, which counts the try and keeps others from it until the claim ends.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, case, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as insert_or

from feedmaker.store.database import Part, rounded_up
from feedmaker.store.people import consent_id, digest_of, row_of
from feedmaker.store.records import Consent, Owed, Person
from feedmaker.store.tables import erased, signups, subscribers

_ASKED = "asked"
_IS_OWED = subscribers.c.owed_at.is_not(None)


class Signups(Part):
    """Read and write who asks to sign up, and what comes of it."""

    def count_signups(self, address: str, network: str, day_ago: datetime, hour_ago: datetime) -> list[int]:
        """Count who asked: for an address since a day ago, from a network and at all since an hour ago.

        Read-only.
        """
        with self._database.reading() as connection:
            digest, count = digest_of(connection, address), select(func.count()).select_from(signups)
            every = (
                count.where(signups.c.address == digest, signups.c.at > day_ago),
                count.where(signups.c.network == network, signups.c.at > hour_ago),
                count.where(signups.c.at > hour_ago),
            )
            return [connection.execute(query).scalar_one() for query in every]

    def add_signup(self, address: str, network: str, now: datetime) -> None:
        """Note that somebody asked; the address is kept as a hash."""
        with self._database.transaction() as connection:
            row = {"at": now, "address": digest_of(connection, address), "network": network}
            connection.execute(insert(signups).values(row))

    def forget_signups(self, day_ago: datetime, month_ago: datetime) -> None:
        """Forget who asked before a day ago, and addresses new then that nobody has confirmed for a month."""
        unconfirmed = and_(
            subscribers.c.status == "pending",
            subscribers.c.reason == _ASKED,
            subscribers.c.asked_at < month_ago,
        )
        with self._database.transaction() as connection:
            connection.execute(delete(signups).where(signups.c.at < day_ago))
            connection.execute(delete(subscribers).where(unconfirmed))

    def ask_subscriber(
        self, address: str, consent: Consent, now: datetime, *, may_be_asked: bool = True
    ) -> None:
        """Make a normalised address *pending*, and owe it a mail, as of now.

        One that is known keeps its token and its wishes. One that may not be asked is left alone after the
        same work, so that the time it takes tells nothing.
        """
        known = subscribers.c.status
        with self._database.transaction() as connection:
            point = connection.begin_nested()
            person = Person(address, "pending", now, _ASKED, consent, now, asked_at=now)
            row = row_of(person, consent_id(connection, consent.text))
            again = {name: row[name] for name in ("status", "status_at", "source", "consent_id", "asked_at")}
            again["reason"] = case(
                (known == "pending", subscribers.c.reason), else_=f"{_ASKED}, before that " + known
            )
            owed = {"owed_at": now, "attempts": 0}
            asked = insert_or(subscribers).values(row | owed)
            connection.execute(asked.on_conflict_do_update(index_elements=["address"], set_=again | owed))
            if may_be_asked:
                point.commit()
            else:
                point.rollback()

    def count_owed(self, by: datetime | None = None) -> int:
        """Count the confirmation mails that are still to be sent, or of these only what is due by a time.

        Read-only.
        """
        query = select(func.count()).where(_IS_OWED if by is None else subscribers.c.owed_at <= by)
        with self._database.reading() as connection:
            return connection.execute(query).scalar_one()

    def next_owed(self) -> datetime | None:
        """Return when the next confirmation mail is due, or None where none is owed. Read-only."""
        with self._database.reading() as connection:
            return connection.execute(select(func.min(subscribers.c.owed_at)).where(_IS_OWED)).scalar()

    def claim_owed(self, now: datetime, until: datetime) -> Owed | None:
        """Count a try of the mail that is due longest, and put it off to `until`; None where none is due."""
        due = select(subscribers.c.id).where(subscribers.c.owed_at <= now)
        first = due.order_by(subscribers.c.owed_at, subscribers.c.id).limit(1).scalar_subquery()
        claim = (
            update(subscribers)
            .where(subscribers.c.id == first)
            .values(owed_at=rounded_up(until), attempts=subscribers.c.attempts + 1)
            .returning(subscribers.c.id, subscribers.c.address, subscribers.c.attempts, subscribers.c.owed_at)
        )
        with self._database.transaction() as connection:
            row = connection.execute(claim).one_or_none()
            return Owed(*row) if row else None

    def settle_owed(self, owed: Owed, next_at: datetime | None) -> None:
        """Say when a mail that was claimed is tried again, or that it is owed no more.

        Does nothing where another one is owed by now, or somebody else has claimed it since.
        """
        mine = and_(subscribers.c.id == owed.subscriber_id, subscribers.c.owed_at == owed.owed_at)
        settle = update(subscribers).where(mine).values(owed_at=next_at and rounded_up(next_at))
        with self._database.transaction() as connection:
            connection.execute(settle)

    def confirm_subscriber(self, token: str, asked_at: datetime, now: datetime) -> bool:
        """Make *active* who is pending since `asked_at`; return False where nobody is.

        Who had themselves erased before has come back.
        """
        mine = and_(
            subscribers.c.token == token,
            subscribers.c.status == "pending",
            subscribers.c.asked_at == asked_at,
        )
        values = {"status": "active", "status_at": now, "reason": "confirmed", "confirmed_at": now}
        confirm = update(subscribers).where(mine).values(values).returning(subscribers.c.address)
        with self._database.transaction() as connection:
            address = connection.execute(confirm).scalar()
            if address is not None:
                connection.execute(delete(erased).where(erased.c.digest == digest_of(connection, address)))
            return address is not None

    def leave(self, token: str, reason: str, now: datetime) -> bool:
        """Make *unsubscribed* whose token it is; return False for those to whom nothing goes for good."""
        mine = and_(subscribers.c.token == token, subscribers.c.status.in_(["pending", "active", "bounced"]))
        values = {"status": "unsubscribed", "status_at": now, "reason": reason}
        with self._database.transaction() as connection:
            return connection.execute(update(subscribers).where(mine).values(values)).rowcount == 1
