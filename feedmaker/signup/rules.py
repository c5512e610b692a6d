"""Who gets a confirmation mail, which link still works, and what people may choose. Pure.

Whoever asks is told the same, whatever is known of an address; only its owner learns more, by mail.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from feedmaker.config import Signup
from feedmaker.store.records import Subscriber, Wishes
from feedmaker.text import alike

PAUSE = timedelta(days=1)
"""How long an address is left alone after a confirmation mail, and after its status has changed."""

VALID = timedelta(days=7)
"""How long the link in a confirmation mail works."""

KEPT = timedelta(days=30)
"""How long an address is kept that nobody has confirmed."""

Standing = Literal["waiting", "confirmed", "void"]


def may_be_asked(person: Subscriber | None, now: datetime) -> bool:
    """Tell whether a confirmation mail may go to an address, of which None means that nobody has it."""
    if person is None:
        return True
    if person.status in ("active", "complained", "suppressed"):
        return False
    last = max(person.status_at, person.asked_at or person.status_at)
    return now - last >= PAUSE


def confirm_word(person: Subscriber) -> str:
    """Return what the link of a confirmation mail is signed for: the person, and when they asked."""
    if person.asked_at is None:
        raise ValueError("who has not asked has nothing to confirm")
    return f"{person.token}.{int(person.asked_at.timestamp())}"


@dataclass(frozen=True, slots=True)
class Asked:
    """Say what the link of a confirmation mail names: whose token it is, and when they asked."""

    token: str
    at: datetime


def asked_of(word: str) -> Asked | None:
    """Read what `confirm_word` wrote."""
    token, _, seconds = word.rpartition(".")
    if not token or not (seconds.isascii() and seconds.isdigit()):
        return None
    try:
        return Asked(token, datetime.fromtimestamp(int(seconds), UTC))
    except (OverflowError, ValueError, OSError):
        return None


def standing(asked: Asked, person: Subscriber | None, now: datetime) -> Standing:
    """Say whether the link of a confirmation mail waits to be used, was used, or does nothing any more."""
    if person is None or person.asked_at != asked.at:
        return "void"
    if person.status == "active":
        return "confirmed"
    return "waiting" if person.status == "pending" and now - asked.at < VALID else "void"


def chosen(wishes: Wishes, form: Mapping[str, Sequence[str]], signup: Signup) -> Wishes:
    """Change wishes by what a form says; what it does not show stays as it is.

    `cadence` and `language` are the form's first values of these names, `topic` can have many. A form with a
    field `others` shows the topics that are not on offer, too.
    """
    ticked, others = set(map(alike, form.get("topic", ()))), other_topics(wishes, signup)
    kept = () if "others" in form else others
    topics = (*signup.topics, *others)
    language = other_language(wishes, signup)
    said = _first(form, "language", language or "").casefold()
    known = {tag.casefold(): tag for tag in signup.languages}
    return Wishes(
        "digest" if _first(form, "cadence") == "digest" and offers_digest(wishes, signup) else "each",
        tuple(topic for topic in topics if topic in kept or alike(topic) in ticked),
        known.get(said, language) if said else None,
    )


def offers_digest(wishes: Wishes, signup: Signup) -> bool:
    """Tell whether somebody may choose the digest, or have it still."""
    return signup.digest or wishes.cadence == "digest"


def other_topics(wishes: Wishes, signup: Signup) -> tuple[str, ...]:
    """Return the topics that somebody has and that are not on offer."""
    offered = set(map(alike, signup.topics))
    return tuple(topic for topic in wishes.topics if alike(topic) not in offered)


def other_language(wishes: Wishes, signup: Signup) -> str | None:
    """Return the language that somebody has, if it is not on offer."""
    language = wishes.language or ""
    return wishes.language if language.casefold() not in map(str.casefold, signup.languages) else None


def is_from_robot(form: Mapping[str, Collection[str]]) -> bool:
    """Tell whether somebody has filled in the field that people do not see."""
    return any(value.strip() for value in form.get("website", ()))


def _first(form: Mapping[str, Sequence[str]], name: str, default: str = "") -> str:
    values = form.get(name, ())
    return values[0] if values else default
