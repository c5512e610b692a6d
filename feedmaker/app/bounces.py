"""What comes back of issues: read where it lies, judged, and marked as handled once that is on record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import BinaryIO

from feedmaker.app.newsletters import stored
from feedmaker.app.project import Project
from feedmaker.bounces.places import piped, waiting_at
from feedmaker.bounces.reading import reports_in
from feedmaker.bounces.report import Report
from feedmaker.config import Config
from feedmaker.delivery.returned import Judge, Tally
from feedmaker.errors import FeedmakerError, MailboxError, UsageError
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

    def asking(self, shown: Callable[[str], str] = str) -> str:
        """Say who is said to want to leave, without proof, and what to do; empty where nobody is.

        Addresses are `shown` as whoever reads it may see them.
        """
        if not self.tally.asking:
            return ""
        return (
            f"{', '.join(map(shown, self.tally.asking))}: asked to leave, in a message that anybody could "
            "have sent, so nothing was done; if it is true, run feedmaker subscribers remove ADDRESS"
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
    waiting = chain.from_iterable(_handled(project, place, faults) for place in chosen)
    messages, tally = _take(project, config, waiting, now)
    return Taken(messages, tally, faults)


def read_pipe(project: Project, stream: BinaryIO, now: datetime) -> Taken:
    """Read the one message that a mail server writes into a pipe."""
    return Taken(*_take(project, project.config(), (each.data for each in piped(stream)), now))


def take_reports(project: Project, reports: Iterable[Report], now: datetime) -> Tally:
    """Do what reports call for that came in another way, as from a provider that calls."""
    with stored(project) as store, store.transaction():
        judge = Judge(store, now)
        judge.take(reports)
        judge.finish()
    return judge.tally


def _handled(project: Project, place: str, faults: list[str]) -> Iterator[bytes]:
    """Yield the messages at a place, each marked as handled when the next is asked for; add what goes wrong.

    A message that cannot be marked comes again another time, and stops no other.
    """
    unmarked = []
    try:
        for returned in waiting_at(place, project.folder, project.environ):
            yield returned.data
            try:
                returned.done()
            except MailboxError as error:
                unmarked.append(str(error))
    except FeedmakerError as error:
        faults.append(str(error))
    if unmarked:
        faults.append(f"{unmarked[0]}; {len(unmarked)} of the messages will be read again")


def _take(project: Project, config: Config, messages: Iterable[bytes], now: datetime) -> tuple[int, Tally]:
    """Take messages, counting them; what one says is on record, and judged, before the next is asked for."""
    base, count = return_base(config), 0
    with stored(project) as store:
        judge = Judge(store, now)
        for data in messages:
            with store.transaction():
                judge.take(reports_in(data, base))
                judge.finish()
            count += 1
    return count, judge.tally


def return_base(config: Config) -> str:
    """Return the address to which bounces return, but for each delivery's own part."""
    return config.delivery.return_path or newsletter_of(config).sender.email
