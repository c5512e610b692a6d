"""Subscribers in the state database: who asked for issues, how they agreed, and what they want."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import blake2b
from secrets import token_bytes, token_urlsafe
from typing import Any, Literal

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as insert_or

from feedmaker.store.database import Part
from feedmaker.store.ledger import PAGE
from feedmaker.store.records import Consent, Status, Subscriber, Wishes
from feedmaker.store.tables import consents, deliveries, erased, keys, subscribers

BY_HAND = Consent("added by hand")


class People(Part):
    """Read and write subscribers."""

    def add_subscriber(self, address: str, now: datetime, consent: Consent = BY_HAND) -> bool:
        """Add a normalised address as *active*; return False where it is there, whatever its status."""
        with self._database.transaction() as connection:
            row = _row(connection, address, "active", consent, now) | {"confirmed_at": now}
            added = insert_or(subscribers).values(row).on_conflict_do_nothing(index_elements=["address"])
            return connection.execute(added).rowcount == 1

    def set_status(self, subscriber_id: int, status: Status, reason: str, now: datetime) -> None:
        """Change what a subscriber is, and say why."""
        values = {"status": status, "status_at": now, "reason": reason}
        mine = update(subscribers).where(subscribers.c.id == subscriber_id)
        with self._database.transaction() as connection:
            connection.execute(mine.values(values))

    def set_wishes(self, subscriber_id: int, wishes: Wishes) -> None:
        """Change what a subscriber wants to get."""
        mine = update(subscribers).where(subscribers.c.id == subscriber_id)
        with self._database.transaction() as connection:
            connection.execute(mine.values(_wishes(wishes)))

    def erase_subscriber(self, address: str, now: datetime) -> bool:
        """Remove a person and their address wherever it stands; return False where it is not there.

        What is kept is that a message went out, and a hash that keeps imports from bringing them back.
        """
        with self._database.transaction() as connection:
            mine = deliveries.c.address == address
            waiting = deliveries.c.state.in_(["queued", "deferred"])
            connection.execute(update(deliveries).where(mine, waiting).values(state="suppressed"))
            nobody = func.printf("erased-%d@invalid", deliveries.c.id)
            connection.execute(update(deliveries).where(mine).values(address=nobody, token="erased"))  # noqa: S106
            gone = connection.execute(delete(subscribers).where(subscribers.c.address == address)).rowcount
            row = {"digest": _digest(connection, address), "erased_at": now}
            connection.execute(insert_or(erased).values(row).on_conflict_do_nothing())
            return gone == 1

    def is_erased(self, address: str) -> bool:
        """Tell whether somebody with this address had themselves erased. Read-only."""
        with self._database.reading() as connection:
            query = select(erased.c.digest).where(erased.c.digest == _digest(connection, address))
            return connection.execute(query).first() is not None

    def subscriber(self, address: str) -> Subscriber | None:
        """Find a subscriber by the normalised address. Read-only."""
        return self._one(subscribers.c.address == address)

    def subscriber_of(self, token: str) -> Subscriber | None:
        """Find the subscriber whose token it is. Read-only."""
        return self._one(subscribers.c.token == token)

    def _one(self, which: Any) -> Subscriber | None:
        with self._database.reading() as connection:
            row = connection.execute(_PEOPLE.where(which)).mappings().one_or_none()
            return _subscriber(dict(row)) if row else None

    def subscribers(self, *statuses: Status) -> Iterator[Subscriber]:
        """Go through all subscribers, or those of some statuses, the oldest first. Read-only."""
        query = _PEOPLE.where(subscribers.c.status.in_(statuses)) if statuses else _PEOPLE
        last = 0
        while True:
            page = query.where(subscribers.c.id > last).order_by(subscribers.c.id).limit(PAGE)
            with self._database.reading() as connection:
                rows = [_subscriber(dict(row)) for row in connection.execute(page).mappings()]
            yield from rows
            if len(rows) < PAGE:
                return
            last = rows[-1].id

    def count_subscribers(self) -> Mapping[Status, int]:
        """Count the subscribers by status. Read-only."""
        query = select(subscribers.c.status, func.count()).group_by(subscribers.c.status)
        with self._database.reading() as connection:
            return {status: number for status, number in connection.execute(query)}  # noqa: C416

    def has_subscribers(self) -> bool:
        """Tell whether there is anybody who gets issues. Read-only."""
        query = select(subscribers.c.id).where(subscribers.c.status == "active")
        with self._database.reading() as connection:
            return connection.execute(query.limit(1)).first() is not None

    # Keys

    def keys(self) -> list[str]:
        """Return the keys that links are signed with, the newest last. Read-only."""
        with self._database.reading() as connection:
            return _keys(connection, "links")

    def add_key(self, now: datetime) -> None:
        """Sign with a new key from now on; what the others have signed stays good."""
        with self._database.transaction() as connection:
            _add_key(connection, "links", now)

    def forget_keys(self) -> int:
        """Forget all keys but the newest, and with them every link they have signed; return how many."""
        mine = keys.c.use == "links"
        newest = select(func.max(keys.c.id)).where(mine).scalar_subquery()
        with self._database.transaction() as connection:
            return connection.execute(delete(keys).where(mine, keys.c.id != newest)).rowcount


_PEOPLE = select(subscribers, consents.c.text.label("consent")).join(
    consents, consents.c.id == subscribers.c.consent_id, isouter=True
)


def _subscriber(row: Mapping[str, Any]) -> Subscriber:
    return Subscriber(
        id=row["id"],
        address=row["address"],
        token=row["token"],
        status=row["status"],
        status_at=row["status_at"],
        reason=row["reason"],
        consent=Consent(row["source"], row["consent"]),
        added_at=row["added_at"],
        asked_at=row["asked_at"],
        confirmed_at=row["confirmed_at"],
        wishes=Wishes(row["cadence"], tuple(row["topics"]), row["language"]),
    )


def _row(
    connection: Connection, address: str, status: Status, consent: Consent, now: datetime
) -> dict[str, Any]:
    return {
        "address": address,
        "token": _new_token(),
        "status": status,
        "status_at": now,
        "reason": consent.source,
        "source": consent.source,
        "consent_id": _consent_id(connection, consent.text),
        "added_at": now,
        **_wishes(Wishes()),
    }


def _new_token() -> str:
    """Draw 128 bits by lot; a command line would take a hyphen in front for an option."""
    while (token := token_urlsafe(16)).startswith("-"):
        pass
    return token


def _wishes(wishes: Wishes) -> dict[str, Any]:
    return {"cadence": wishes.cadence, "topics": list(wishes.topics), "language": wishes.language}


def _consent_id(connection: Connection, text: str | None) -> int | None:
    """Return the number of a text that people were shown; each is kept once."""
    if text is None:
        return None
    connection.execute(insert_or(consents).values(text=text).on_conflict_do_nothing())
    number: int = connection.execute(select(consents.c.id).where(consents.c.text == text)).scalar_one()
    return number


def _keys(connection: Connection, use: Literal["links", "addresses"]) -> list[str]:
    query = select(keys.c.secret).where(keys.c.use == use).order_by(keys.c.id)
    return list(connection.execute(query).scalars())


def _add_key(connection: Connection, use: Literal["links", "addresses"], now: datetime) -> None:
    connection.execute(insert(keys).values(use=use, secret=token_bytes(32).hex(), made_at=now))


def _digest(connection: Connection, address: str) -> str:
    """Hash an address with the first key, so that nobody can look it up who has not got the database."""
    (key,) = _keys(connection, "addresses")
    return blake2b(address.encode(), key=bytes.fromhex(key), digest_size=32).hexdigest()
