"""How the list of subscribers stands, how it grows, and how far issues get."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from feedmaker.app.newsletters import stored
from feedmaker.app.project import Project
from feedmaker.store import Month, Reach, Status

MONTHS = 12
_DOMAINS = 10
_ISSUES = 10


@dataclass(frozen=True, slots=True)
class Figures:
    """Count subscribers and deliveries.

    `cadences`, `languages` and `domains` count active subscribers, `languages` those who chose none under an
    empty text. Of those who were `asked` to confirm, so many have `confirmed`; so many are still `owed` the
    mail that asks them. `months` are the last twelve, in UTC, the oldest first; `issues` the last ten that
    began to go out, the newest first.
    """

    statuses: Mapping[Status, int]
    erased: int
    asked: int
    confirmed: int
    owed: int
    cadences: Mapping[str, int]
    languages: Mapping[str, int]
    domains: Mapping[str, int]
    months: Sequence[Month]
    issues: Sequence[Reach]


def figures(project: Project, now: datetime) -> Figures:
    """Count, as of now."""
    months = _months(now)
    since = datetime.fromisoformat(f"{months[0]}-01T00:00Z")
    with stored(project) as store:
        asked, confirmed = store.count_asked()
        counted = {month.month: month for month in store.count_months(since)}
        return Figures(
            statuses=store.count_subscribers(),
            erased=store.count_erased(),
            asked=asked,
            confirmed=confirmed,
            owed=store.count_owed(),
            cadences=store.count_cadences(),
            languages={language or "": count for language, count in store.count_languages().items()},
            domains=store.count_domains(_DOMAINS),
            months=[counted.get(month, Month(month, 0, 0)) for month in months],
            issues=store.reach(_ISSUES),
        )


def _months(now: datetime) -> list[str]:
    """Name the last months, the present one last."""
    moment = now.astimezone(UTC)
    last = moment.year * 12 + moment.month - 1
    return [f"{number // 12:04}-{number % 12 + 1:02}" for number in range(last - MONTHS + 1, last + 1)]
