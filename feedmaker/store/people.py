"""Subscribers in the state database: who asked for issues, how they agreed, and what they want."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from secrets import token_bytes, token_urlsafe
from typing import Any, Literal

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as insert_or

from feedmaker.store.database import Part, add_function
from feedmaker.store.ledger import ERASED, PAGE
from feedmaker.store.records import Cadence, Consent, Person, Status, Subscriber, Wishes
from feedmaker.store.tables import (
    bounces,
    consents,
    deliveries,
    erased,
    faults,
    keys,
    old_tokens,
    runs,
    sendings,
    subscribers,
)

ADDED_BY_HAND = Consent("added by hand")
_TOLD = (
    *(runs.c.summary, faults.c.cause, faults.c.text, sendings.c.stopped),
    *(deliveries.c.reply, bounces.c.diagnosis, subscribers.c.reason),
)
"""What programs and servers say, in which any address may stand."""


class People(Part):
    """Read and write subscribers."""

    def add_subscriber(self, address: str, now: datetime, consent: Consent = ADDED_BY_HAND) -> bool:
        """Add a normalised address as *active*; return False where it is there, whatever its status.

        Who had themselves erased has asked anew, and is erased no more.
        """
        with self._database.transaction() as connection:
            connection.execute(delete(erased).where(erased.c.digest == digest_of(connection, address)))
            return _add(connection, Person(address, "active", now, consent.source, consent, now, None, now))

    def readmit_subscriber(self, subscriber_id: int, now: datetime, consent: Consent = ADDED_BY_HAND) -> None:
        """Make somebody *active* again who has asked for it; what counts from now on is this consent."""
        with self._database.transaction() as connection:
            values = {
                "status": "active",
                "status_at": now,
                "reason": consent.source,
                "source": consent.source,
                "consent_id": consent_id(connection, consent.text),
                "confirmed_at": now,
            }
            mine = update(subscribers).where(subscribers.c.id == subscriber_id)
            connection.execute(mine.values(values))

    def suppress_subscriber(self, address: str, reason: str, now: datetime) -> bool:
        """Make a normalised address *suppressed*, on the list or not; return False where it is already."""
        with self._database.transaction() as connection:
            if _add(connection, Person(address, "suppressed", now, reason, Consent(reason), now)):
                return True
            values = {"status": "suppressed", "status_at": now, "reason": reason}
            mine = (subscribers.c.address == address) & (subscribers.c.status != "suppressed")
            return connection.execute(update(subscribers).where(mine).values(values)).rowcount == 1

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
        """Remove a person and their address wherever it stands; return False where it is not on the list.

        What is kept is that a message went out, and a hash that keeps imports from bringing them back.
        """
        with self._database.transaction() as connection:
            mine = deliveries.c.address == address
            waiting = deliveries.c.state.in_(["queued", "deferred"])
            connection.execute(
                update(deliveries).where(mine, waiting).values(state="suppressed", state_at=now)
            )
            # Replies of servers, and what comes back, repeat the address.
            returned = bounces.c.delivery_id.in_(select(deliveries.c.id).where(mine))
            connection.execute(update(bounces).where(returned).values(diagnosis=""))
            nobody = func.printf("erased-%d@invalid", deliveries.c.id)
            blank = {"address": nobody, "token": ERASED, "reply": None}
            connection.execute(update(deliveries).where(mine).values(blank))
            gone = connection.execute(delete(subscribers).where(subscribers.c.address == address)).rowcount
            _blank(connection, address)
            row = {"digest": digest_of(connection, address), "erased_at": now}
            connection.execute(insert_or(erased).values(row).on_conflict_do_nothing())
            return gone == 1

    def empty_log(self) -> bool:
        """Move what was written into the file itself, so that nothing older stands beside it.

        Returns False, after some seconds, where another program still reads what was so before.
        """
        return self._database.empty_log()

    def subscriber(self, address: str) -> Subscriber | None:
        """Find a subscriber by the normalised address. Read-only."""
        return self._one(subscribers.c.address == address)

    def subscriber_of(self, token: str) -> Subscriber | None:
        """Find the subscriber whose token it is. Read-only."""
        return self._one(subscribers.c.token == token)

    def subscriber_of_old(self, token: str) -> Subscriber | None:
        """Find the subscriber in whose mail an earlier program put this token, unsigned. Read-only."""
        whose = select(old_tokens.c.subscriber_id).where(old_tokens.c.token == token)
        return self._one(subscribers.c.id == whose.scalar_subquery())

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

    def has_subscribers(self, cadence: Cadence) -> bool:
        """Tell whether there is anybody who gets issues of a cadence. Read-only."""
        mine = (subscribers.c.status == "active") & (subscribers.c.cadence == cadence)
        query = select(subscribers.c.id).where(mine)
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
        """Forget all keys but the newest, and with them every link they have signed; return how many.

        Links of before there were keys are forgotten, too.
        """
        mine = keys.c.use == "links"
        newest = select(func.max(keys.c.id)).where(mine).scalar_subquery()
        with self._database.transaction() as connection:
            connection.execute(delete(old_tokens))
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


def row_of(person: Person, consent: int | None) -> dict[str, Any]:
    """Return the row of somebody new, with a token of their own."""
    return {
        "address": person.address,
        "token": _new_token(),
        "status": person.status,
        "status_at": person.status_at,
        "reason": person.reason,
        "source": person.consent.source,
        "consent_id": consent,
        "added_at": person.added_at,
        "asked_at": person.asked_at,
        "confirmed_at": person.confirmed_at,
        **_wishes(person.wishes),
    }


def _add(connection: Connection, person: Person) -> bool:
    row = row_of(person, consent_id(connection, person.consent.text))
    added = insert_or(subscribers).values(row).on_conflict_do_nothing(index_elements=["address"])
    return connection.execute(added).rowcount == 1


def _new_token() -> str:
    """Draw 128 bits by lot; a command line would take a hyphen in front for an option."""
    while (token := token_urlsafe(16)).startswith("-"):
        pass
    return token


def _wishes(wishes: Wishes) -> dict[str, Any]:
    return {"cadence": wishes.cadence, "topics": list(wishes.topics), "language": wishes.language}


def consent_id(connection: Connection, text: str | None) -> int | None:
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


def _blank(connection: Connection, address: str) -> None:
    """Write (erased) for an address in what is told of runs, faults, and deliveries to others."""
    pattern = re.compile(re.escape(address), re.IGNORECASE)
    add_function(connection, "blanked", lambda text: pattern.sub("(erased)", text))
    for column in _TOLD:
        blanked = update(column.table).where(column.icontains(address, autoescape=True))
        # Of two faults that were told apart by addresses, one stays.
        connection.execute(blanked.prefix_with("OR REPLACE").values({column: func.blanked(column)}))


def erased_among(connection: Connection, addresses: Sequence[str]) -> set[str]:
    """Return those of some addresses whose people had themselves erased."""
    if connection.execute(select(erased.c.digest).limit(1)).first() is None:
        return set()
    key = _address_key(connection)
    digests = {_digest(key, address): address for address in addresses}
    found = connection.execute(select(erased.c.digest).where(erased.c.digest.in_(digests))).scalars()
    return {digests[digest] for digest in found}


def digest_of(connection: Connection, address: str) -> str:
    """Hash an address so that nobody can look it up who has not got the database."""
    return _digest(_address_key(connection), address)


def _address_key(connection: Connection) -> bytes:
    (key,) = _keys(connection, "addresses")
    return bytes.fromhex(key)


def _digest(key: bytes, address: str) -> str:
    return blake2b(address.encode(), key=key, digest_size=32).hexdigest()
