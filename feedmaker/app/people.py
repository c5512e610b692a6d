"""The list of subscribers: who gets issues, who does not and why, and what each of them wants."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from feedmaker.addresses import normalise
from feedmaker.app.newsletters import stored, transport_address
from feedmaker.app.project import Project
from feedmaker.delivery.readers import reader_of
from feedmaker.delivery.transports import Opening, open_outbox
from feedmaker.errors import UsageError
from feedmaker.store import GONE, Cadence, Mailed, Status, Store, Subscriber, Wishes
from feedmaker.tokens import Tokens
from feedmaker.wishes import parse_language, parse_topic, unknown_topics

REMOVED = "removed by hand"
SUPPRESSED = "suppressed by hand"


@dataclass(frozen=True, slots=True)
class Added:
    """Tell who was added, who was there already, who came back, and who did not for want of asking."""

    added: Sequence[str]
    known: Sequence[str]
    back: Sequence[str]
    refused: Sequence[Subscriber]


def add_subscribers(
    project: Project, addresses: Sequence[str], now: datetime, *, again: bool = False
) -> Added:
    """Add people who asked for issues; who has left comes back only where they asked `again`.

    Who is still to confirm need not do so any more. Raises `UsageError`, adding none, if one is no address.
    """
    normal = dict.fromkeys(normalise(address) for address in addresses)
    with stored(project) as store, store.transaction():
        became = {address: _add(store, address, now, again=again) for address in normal}
        refused = [store.subscriber(address) for address in normal if became[address] == "refused"]
    # An issue may have waited for somebody who gets it.
    project.wake_ticks()
    added, known, back = (
        [address for address in normal if became[address] == outcome]
        for outcome in ("added", "known", "back")
    )
    return Added(added, known, back, [person for person in refused if person])


def _add(
    store: Store, address: str, now: datetime, *, again: bool
) -> Literal["added", "known", "back", "refused"]:
    if store.add_subscriber(address, now):
        return "added"
    person = _found(store, address)
    if person.status == "active":
        return "known"
    if person.status in GONE and not again:
        return "refused"
    store.readmit_subscriber(person.id, now)
    return "back" if person.status in GONE else "added"


def remove_subscribers(project: Project, people: Sequence[str], now: datetime) -> list[str]:
    """Unsubscribe people, each known by address or by the token of a link; return those that were active.

    What is queued for them is not sent. People are returned as they were named. Raises `UsageError`, removing
    nobody, if one of them has an @ and is no address.
    """
    named = {who: normalise(who) if "@" in who else "" for who in people}
    with stored(project) as store, store.transaction():
        tokens = Tokens(store.keys())
        removed = []
        for who, address in named.items():
            person = store.subscriber(address) if address else reader_of(store, tokens, who)
            if person and person.status not in GONE:
                store.set_status(person.id, "unsubscribed", REMOVED, now)
                removed.append(who)
    return removed


def suppress_subscribers(project: Project, addresses: Sequence[str], now: datetime) -> Mapping[str, bool]:
    """Keep addresses off the list for good, on it or not; tell of each whether it was not kept off before.

    Raises `UsageError`, suppressing none, if one is no address.
    """
    normal = dict.fromkeys(normalise(address) for address in addresses)
    with stored(project) as store, store.transaction():
        return {address: store.suppress_subscriber(address, SUPPRESSED, now) for address in normal}


def subscribers(project: Project, statuses: Sequence[Status] = ()) -> Iterator[Subscriber]:
    """Go through all subscribers, or those of some statuses, in the order in which they came."""
    with stored(project) as store:
        yield from store.subscribers(*statuses)


def show_subscriber(project: Project, address: str) -> tuple[Subscriber, list[Mailed]]:
    """Return all that is known of a person, and what went to them; raise `UsageError` for a stranger."""
    with stored(project) as store:
        person = _found(store, normalise(address))
        return person, store.mailed_to(person.id)


def set_wishes(
    project: Project,
    address: str,
    cadence: Cadence | None = None,
    topics: Sequence[str] | None = None,
    language: str | None = None,
) -> Subscriber:
    """Change what a person wishes, None leaving it as it is, and return them as they are then.

    Raises `UsageError` for a stranger, and for a topic or a language that is none.
    """
    wanted = None if topics is None else tuple(dict.fromkeys(map(parse_topic, topics)))
    tag = parse_language(language) if language else None
    with stored(project) as store, store.transaction():
        person = _found(store, normalise(address))
        old = person.wishes
        wishes = Wishes(cadence or old.cadence, old.topics if wanted is None else wanted, tag or old.language)
        store.set_wishes(person.id, wishes)
        return replace(person, wishes=wishes)


def said_of_topics(project: Project, topics: Collection[str], now: datetime) -> list[str]:
    """Say of each topic that no note has which one may be meant."""
    if not topics:
        return []
    reading, _ = project.survey(now)
    of_notes = {topic for note in reading.facts.values() for topic in note.topics}
    return list(unknown_topics(topics, sorted(of_notes)).values())


@dataclass(frozen=True, slots=True)
class Erased:
    """Tell who was erased, who was not on the list, and how many messages in the outbox went with them.

    It is not yet `through` while other programs read the state database as it was.
    """

    erased: Sequence[str]
    strangers: Sequence[str]
    messages: int
    through: bool


def erase_subscribers(project: Project, addresses: Sequence[str], now: datetime) -> Erased:
    """Remove people, and their addresses wherever they stand: state database and outbox.

    Imports do not bring them back, strangers neither. What went to them stays on record, as to nobody. Raises
    `UsageError`, erasing nobody, if one is no address.
    """
    normal = list(dict.fromkeys(normalise(address) for address in addresses))
    delivery = project.config().delivery
    transport = transport_address(project, delivery)
    here = transport if transport.startswith("outbox:") else "outbox:"
    outbox = open_outbox(here, Opening(project.folder, delivery, project.environ))
    with stored(project) as store:
        with store.transaction():
            erased = [address for address in normal if store.erase_subscriber(address, now)]
        through = store.empty_log()
    messages = sum(outbox.forget(address) for address in normal)
    return Erased(erased, [address for address in normal if address not in erased], messages, through)


def rotate_keys(project: Project, now: datetime) -> None:
    """Sign links with a new key from now on; those in older mail stay good."""
    with stored(project) as store:
        store.add_key(now)


def forget_keys(project: Project) -> int:
    """Forget all keys but the newest, so that what they have signed is good no more; return how many."""
    with stored(project) as store:
        return store.forget_keys()


def _found(store: Store, address: str) -> Subscriber:
    person = store.subscriber(address)
    if person is None:
        raise UsageError(f"{address} is not on the list; `feedmaker subscribers list` prints who is")
    return person
