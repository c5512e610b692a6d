"""Who gets an issue: everybody who is a subscriber when it begins, and wants such an issue."""

from __future__ import annotations

from base64 import b32encode
from collections.abc import Iterator
from datetime import datetime
from secrets import token_bytes

from feedmaker.delivery.message_ids import message_id
from feedmaker.errors import StoreError
from feedmaker.store import Addressed, Issue, Store, Subscriber
from feedmaker.text import alike
from feedmaker.tokens import Tokens


def open_ledger(store: Store, issue: Issue, sender: str, dated_at: datetime, now: datetime) -> bool:
    """Queue a draft for its audience; tell whether there is one, now or from before.

    One transaction makes the whole audience, so a later subscriber gets the next issue, not half of this one.
    A draft stays one as long as nobody gets issues of its cadence; where its topics are none of theirs, it
    is over at once. Messages are dated `dated_at`, and their Message-IDs stand on the domain of the `sender`.
    Raises `StoreError` where the issue is gone, or nothing can be written.
    """
    with store.transaction():
        # The caller's copy of the issue may be older than the last call.
        found = store.issue(issue.slug)
        if found is None:
            raise StoreError(f"issue {issue.slug} is not in the state database any more")
        if found.state not in ("draft", "approved"):
            return found.state == "sending"
        if not store.has_subscribers(found.cadence):
            return False
        audience = store.open_sending(issue.id, _audience(store, found, sender), dated_at, now)
        # One that waited for somebody with its topics would keep the next one waiting, too.
        store.mark_issue(issue.id, "sending" if audience else "sent", now)
        return bool(audience)


def is_wanted(issue: Issue, subscriber: Subscriber) -> bool:
    """Tell whether a subscriber wants an issue: at this cadence, and on one of their topics if they have any.

    Topics are compared as `alike` has it. An issue that names no topics is for all.
    """
    wishes = subscriber.wishes
    if issue.cadence != wishes.cadence or not wishes.topics:
        return issue.cadence == wishes.cadence
    topics = {alike(topic) for content in issue.contents for topic in content.get("topics", ())}
    return not (topics and topics.isdisjoint(map(alike, wishes.topics)))


def _audience(store: Store, issue: Issue, sender: str) -> Iterator[Addressed]:
    tokens = Tokens(store.keys())
    for subscriber in store.subscribers("active"):
        if is_wanted(issue, subscriber):
            key = _new_key()
            yield Addressed(
                subscriber.id,
                subscriber.address,
                tokens.sign("reader", subscriber.token),
                key,
                message_id(sender, issue.slug, key),
            )


def _new_key() -> str:
    """Draw 130 bits by lot, in letters and digits that survive a server which changes case."""
    return b32encode(token_bytes(17)).decode("ascii").lower()[:26]
