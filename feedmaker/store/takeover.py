"""Taking people over from another list: nobody twice, and nobody back who has left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from feedmaker.store.database import Part
from feedmaker.store.people import consent_id, erased_among, row_of
from feedmaker.store.records import GONE, Person, Status, Taken
from feedmaker.store.tables import subscribers

_FOR_GOOD: frozenset[Status] = frozenset({"complained", "suppressed"})
"""What somebody is whom not even the sign-up form brings back."""


class Takeovers(Part):
    """Write people who are on another list."""

    def newest_subscriber(self) -> int:
        """Return the number of who came last, than which all numbers of later ones are higher. Read-only."""
        with self._database.reading() as connection:
            return connection.execute(select(func.max(subscribers.c.id))).scalar() or 0

    def take_over(self, people: Sequence[Person], newest: int) -> Taken:
        """Add people in one transaction, some thousands at most, and count what became of them.

        Who is there stays as they are, with two exceptions. Somebody who has left elsewhere and is not known
        to have confirmed since is taken off this list, too; and who complained or was suppressed there is
        that here as well, even if they have left already. Nobody comes back by this. `newest` is what
        `newest_subscriber` said before the first of the calls that make an import.
        """
        with self._database.transaction() as connection:
            batch = _Batch(connection, [person.address for person in people], newest)
            for person in people:
                batch.take(person)
            batch.write()
            return Taken(**batch.counts)


class _Batch:
    """Decide what becomes of some people, then write all of it."""

    def __init__(self, connection: Connection, addresses: Sequence[str], newest: int) -> None:
        self.counts = {field.name: 0 for field in fields(Taken)}
        self._connection = connection
        self._newest = newest
        known = select(
            *(subscribers.c.id, subscribers.c.address, subscribers.c.status),
            *(subscribers.c.asked_at, subscribers.c.confirmed_at),
        )
        rows = connection.execute(known.where(subscribers.c.address.in_(addresses))).mappings()
        self._rows: dict[str, dict[str, Any]] = {row["address"]: dict(row) for row in rows}
        self._erased = erased_among(connection, addresses)
        self._consents: dict[str | None, int | None] = {}
        self._added: list[dict[str, Any]] = []
        self._left: dict[int, dict[str, Any]] = {}

    def take(self, person: Person) -> None:
        """Decide what becomes of somebody."""
        row = self._rows.get(person.address)
        if row is not None:
            self.counts[self._meet(person, row)] += 1
        elif person.address in self._erased:
            self.counts["kept_out"] += 1
        else:
            self.counts["added"] += 1
            self._rows[person.address] = added = row_of(person, self._consent(person.consent.text))
            self._added.append(added)

    def _meet(self, person: Person, row: dict[str, Any]) -> str:
        """Decide what becomes of somebody who is there, and has left there if anywhere."""
        if person.status in GONE and row["status"] not in GONE and not _came_back(person, row):
            self._change(person, row)
            return "left"
        if person.status in _FOR_GOOD and row["status"] in GONE - _FOR_GOOD:
            self._change(person, row)
            return "barred"
        if row.get("id", self._newest + 1) > self._newest:
            return "repeated"
        return "kept_out" if row["status"] in GONE and person.status not in GONE else "known"

    def _change(self, person: Person, row: dict[str, Any]) -> None:
        change = {"status": person.status, "status_at": person.status_at, "reason": person.reason}
        row |= change
        if "id" in row:
            self._left[row["id"]] = change

    def _consent(self, text: str | None) -> int | None:
        if text not in self._consents:
            self._consents[text] = consent_id(self._connection, text)
        return self._consents[text]

    def write(self) -> None:
        """Write all that was decided."""
        if self._added:
            self._connection.execute(insert(subscribers), self._added)
        if self._left:
            which = update(subscribers).where(subscribers.c.id == bindparam("_id"))
            self._connection.execute(which, [{"_id": key, **change} for key, change in self._left.items()])


def _came_back(person: Person, row: dict[str, Any]) -> bool:
    """Tell whether somebody on the list has confirmed since they left elsewhere, or can still do so.

    Since when they are on the list says nothing: they may have been imported without a date.
    """
    can_confirm = row["status"] == "pending" and person.status not in _FOR_GOOD
    since = row["asked_at" if can_confirm else "confirmed_at"]
    return since is not None and since > person.status_at
