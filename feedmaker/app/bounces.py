"""What comes back of issues: read where it lies, judged, and marked as handled once that is on record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from feedmaker.app.newsletters import stored
from feedmaker.app.project import Project
from feedmaker.bounces.places import Returned, piped, waiting_at
from feedmaker.bounces.reading import reports_in
from feedmaker.bounces.report import Report
from feedmaker.config import Config
from feedmaker.delivery.returned import Judge, Tally
from feedmaker.errors import FeedmakerError, UsageError
from feedmaker.newsletter.issue import newsletter_of


@dataclass(frozen=True, slots=True)
class Taken:
    """Tell how many messages were looked at, what they did, and which places could not be read, and why."""

    messages: int
    tally: Tally
    faults: Sequence[str] = ()

    @property
    def summary(self) -> str:
        """Say in a line what was done."""
        people = [f"{count} {what}" for what, count in sorted(self.tally.people.items())]
        people += [f"{self.tally.put_back} put back"] if self.tally.put_back else []
        messages = f"{self.messages} message{'' if self.messages == 1 else 's'} came back"
        return (
            f"{messages}: {', '.join(people) or 'nobody changed'}" if self.messages else "nothing came back"
        )


def read_places(project: Project, places: Sequence[str], now: datetime) -> Taken:
    """Read what came back at these places, or at those of the settings.

    A place that cannot be read stops no other. Raises `UsageError` where there is none.
    """
    config = project.config()
    chosen = places or config.delivery.bounces
    if not chosen:
        raise UsageError("no place for bounces: name one, or set delivery.bounces; see docs/bounces.md")
    faults: list[str] = []

    def waiting() -> Iterator[Returned]:
        for place in chosen:
            try:
                yield from waiting_at(place, project.folder, project.environ)
            except FeedmakerError as error:
                faults.append(str(error))

    taken = _take(project, config, waiting(), now)
    return Taken(taken.messages, taken.tally, faults)


def read_pipe(project: Project, stream: BinaryIO, now: datetime) -> Taken:
    """Read the one message that a mail server writes into a pipe."""
    return _take(project, project.config(), piped(stream), now)


def take_reports(project: Project, reports: Iterable[Report], now: datetime) -> Tally:
    """Do what reports call for that came in another way, as from a provider that calls."""
    with stored(project) as store, store.transaction():
        judge = Judge(store, now)
        judge.take(reports)
        judge.finish()
    return judge.tally


def _take(project: Project, config: Config, waiting: Iterator[Returned], now: datetime) -> Taken:
    """Take messages one by one: what one says is committed before it is marked as handled."""
    base, messages = return_base(config), 0
    with stored(project) as store:
        judge = Judge(store, now)
        for returned in waiting:
            with store.transaction():
                judge.take(reports_in(returned.data, base))
            returned.done()
            messages += 1
        with store.transaction():
            judge.finish()
    return Taken(messages, judge.tally)


def return_base(config: Config) -> str:
    """Return the address to which bounces return, but for each delivery's own part."""
    return config.delivery.return_path or newsletter_of(config).sender.email
