"""Sending an issue: to everybody once, or to one person who wants to see it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Literal

from feedmaker.addresses import normalise
from feedmaker.app.judging import refuse_faulty
from feedmaker.app.newsletters import find, find_issue, stored, transport_of
from feedmaker.app.project import Project, silent
from feedmaker.config import Config
from feedmaker.delivery.deliver import begin, deliver
from feedmaker.delivery.outcomes import awaited, stopped
from feedmaker.delivery.resolving import Resolved
from feedmaker.delivery.resolving import resolve as look_for_evidence
from feedmaker.delivery.returned import Judge
from feedmaker.delivery.sender import Clock, Manner, wall_clock
from feedmaker.delivery.single import send_copy
from feedmaker.errors import BusyError, DeliveryError, UsageError
from feedmaker.newsletter.issue import newsletter_of
from feedmaker.sent import sent_issue
from feedmaker.sent_files import keep
from feedmaker.store import Delivery, DeliveryState, Issue, Store
from feedmaker.worklock import PATIENCE

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

BY_HAND = timedelta(seconds=75)
"""How long somebody who sends by hand waits for what is deferred, or left by a sender that died.

It covers the usual lease and the first attempts of what is deferred.
"""
REST = timedelta(minutes=5)
"""How long an issue is left alone whose transport took nothing."""
_SHOWN = 1000


@dataclass(frozen=True, slots=True)
class SendReport:
    """Tell what became of sending; `already` where all of it had been sent before.

    `refused` names whom the transport did not take a message for, and what it said; `next_at` is when what is
    deferred is tried again, and `claimed_until` when the claim of another process on what is *sending* ends.
    """

    issue: Issue
    already: bool
    counts: Mapping[str, int]
    refused: Sequence[tuple[str, str]] = ()
    next_at: datetime | None = None
    claimed_until: datetime | None = None

    @property
    def failed(self) -> int:
        """Count the messages that did not go out for good, or of which nobody can say."""
        return self.counts.get("failed", 0) + self.counts.get("unknown", 0)

    @property
    def left(self) -> int:
        """Count those that have no outcome yet."""
        return sum(self.counts.get(state, 0) for state in ("queued", "sending", "deferred"))


@dataclass(frozen=True, slots=True)
class Choices:
    """Hold what somebody may choose for one sending.

    Mail goes by another `transport` than usual. What was stopped goes on only `by_hand`, and what was cut off
    long ago only where it may be `late`. Up to `patience` is waited for what becomes due soon. Leases go by
    the `clock`, and `on_wait` is told of waiting as `Manner` has it.
    """

    transport: str | None = None
    by_hand: bool = False
    late: bool = False
    patience: timedelta = timedelta()
    clock: Clock = wall_clock
    on_wait: Callable[[str, str, float], None] = lambda _state, _said, _seconds: None


_USUAL = Choices()


def send(
    project: Project,
    slug: str,
    now: datetime,
    progress: Callable[[str, int, int], None] = silent,
    patience: float = PATIENCE,
    seen: Issue | None = None,
    choices: Choices = _USUAL,
) -> SendReport:
    """Send an issue to every subscriber, each once, however often and by however many this is called.

    The work lock is held until its page is published and its audience written down, and not while messages go
    out. Who names an issue to be sent has approved it; one that is no more as it was `seen` is left alone.
    Raises `UsageError` where it was skipped, `GateError` where the checks find an error in it before anybody
    has got it, `DeliveryError` where nothing can be handed over, and `BusyError`.
    """
    with stored(project) as store:
        with project.working(patience):
            config = _settings(project)
            transport = transport_of(project, config, choices.transport)
            issue = _sendable(store, slug, seen)
            if issue.state in ("draft", "approved"):
                refuse_faulty(project, issue)
            elif issue.state == "sending":
                _go_on(store, issue, config, choices)
            _publish(project, config, store, issue, now)
            may_go = begin(store, issue, config, now, choices.clock())
        if may_go:
            on_progress = partial(progress, "sending")
            manner = Manner(choices.patience, on_progress, choices.clock, on_wait=choices.on_wait)
            with closing(transport):
                try:
                    deliver(store, transport, issue, config, now, manner)
                finally:
                    _judge_refusals(store, issue, choices.clock())
            _refuse_stopped(store, issue)
        return _report(store, issue)


def _settings(project: Project) -> Config:
    """Read the settings, in which the relay's log is named from the folder of the project."""
    config = project.config()
    if config.delivery.relay_log is None:
        return config
    log = str(project.folder / config.delivery.relay_log)
    return config.model_copy(update={"delivery": config.delivery.model_copy(update={"relay_log": log})})


def _judge_refusals(store: Store, issue: Issue, now: datetime) -> None:
    """Take off the list whose mailboxes do not exist, as servers said when the issue was handed over."""
    with store.transaction():
        judge = Judge(store, now)
        judge.take_refusals(issue)
        judge.finish()


def _refuse_stopped(store: Store, issue: Issue) -> None:
    """Say that sending was stopped, be it by what came of the messages just now; no job goes on with it."""
    sending = store.sending(issue.id)
    if sending and sending.stopped and store.counts(issue.id).pending:
        raise stopped(issue, sending.stopped)


def _report(store: Store, issue: Issue) -> SendReport:
    counts = store.counts(issue.id)
    failed = islice(store.deliveries(issue.id, "failed"), _SHOWN if counts.failed else 0)
    refused = [(one.address, one.reply or "no reason given") for one in failed]
    moments = store.next_attempt(issue.id), store.next_expiry(issue.id)
    return SendReport(find(store, issue.slug), issue.state == "sent", asdict(counts), refused, *moments)


def said_of_claims(slug: str, count: int, until: datetime, zone: ZoneInfo) -> str:
    """Say that another process has claimed so many deliveries of an issue, and who finds out about them."""
    then = f"the next tick or `feedmaker newsletter send {slug}` finds out"
    return f"{awaited('sending', count)}; after {until.astimezone(zone):%H:%M:%S} {then}"


def _sendable(store: Store, slug: str, seen: Issue | None) -> Issue:
    issue = find(store, slug)
    if issue.state == "skipped":
        raise UsageError(
            f"issue {issue.slug} is skipped; `feedmaker newsletter edit {issue.slug}` takes it up again"
        )
    if seen is not None and issue.state not in ("sent", "sending") and issue != seen:
        raise BusyError(f"issue {issue.slug} was changed by another feedmaker; the next tick looks at it")
    return issue


def _go_on(store: Store, issue: Issue, config: Config, choices: Choices) -> None:
    """Let an issue go on that was cut off or stopped; one that was left long ago only if it may be late."""
    sending = store.sending(issue.id)
    if sending is None:
        return
    if sending.stopped and not choices.by_hand:
        raise stopped(issue, sending.stopped)
    if not choices.late and choices.clock() - sending.worked_at > config.delivery.resume_time:
        counts = store.counts(issue.id)
        raise DeliveryError(
            f"issue {issue.slug} was cut off at {sending.worked_at:%Y-%m-%d %H:%M} UTC, with "
            f"{counts.pending:,} of {sending.audience:,} messages to go; "
            f"`feedmaker newsletter send {issue.slug}` with --allow-late sends them"
        )
    store.resume_sending(issue.id)


def _publish(project: Project, config: Config, store: Store, issue: Issue, now: datetime) -> None:
    """Put the issue's page onto the site before the first message leads there."""
    letter = config.newsletter
    goes_out = issue.state in ("draft", "approved") and store.has_subscribers(issue.cadence)
    if letter and letter.archive and goes_out and issue.page:
        keep(project.folder, sent_issue(config, issue, now))
        with project.built(now):
            pass


def next_step(store: Store, issue: Issue, config: Config, rest: timedelta = REST) -> datetime | None:
    """Return when an issue that is on its way goes on by itself; None where somebody has to decide.

    What its transport did not take is left to `rest` first.
    """
    sending, counts = store.sending(issue.id), store.counts(issue.id)
    if sending is None or sending.stopped:
        return None
    moments = (
        sending.worked_at + rest if counts.queued else None,
        store.next_expiry(issue.id) if counts.sending else None,
        store.next_attempt(issue.id) if counts.deferred else None,
    )
    return min(filter(None, moments), default=sending.worked_at + config.delivery.grace_time)


def send_test(project: Project, slug: str, address: str, now: datetime) -> str:
    """Send an issue to one person, marked as a test, and return what the transport said.

    Nothing is recorded. Raises `UsageError` where there is no such issue or address, and `DeliveryError`
    where the transport does not take the message.
    """
    config = project.config()
    recipient = normalise(address)
    with closing(transport_of(project, config)) as transport:
        receipt = send_copy(find_issue(project, slug), newsletter_of(config), transport, recipient, now)
    if not receipt.accepted:
        raise DeliveryError(f"not sent to {recipient}: {receipt.reply}")
    return receipt.reply


def how_far(project: Project, issue: Issue) -> str:
    """Say how far an issue on its way has got, and what is unknown of it; nothing of any other."""
    if issue.state not in ("sending", "sent"):
        return ""
    with stored(project) as store:
        sending, counts = store.sending(issue.id), store.counts(issue.id)
        said = [f"{counts.settled:,} of {counts.total:,}"] if issue.state == "sending" else []
        said += [f"stopped: {sending.stopped}"] if sending and sending.stopped and counts.pending else []
        said += [f"{counts.unknown:,} unknown"] if counts.unknown else []
        return ", ".join(said)


def deliveries(project: Project, slug: str, states: Sequence[DeliveryState]) -> Iterator[Delivery]:
    """Go through the deliveries of an issue, in some states or all."""
    with stored(project) as store:
        yield from store.deliveries(find(store, slug).id, *states)


@dataclass(frozen=True, slots=True)
class Resolution:
    """Tell what became of the deliveries of an issue that were unknown, and which still are."""

    issue: Issue
    sent: int
    again: int
    left: Sequence[Delivery]


Decision = Literal["sent", "failed", "again"]


def resolve(
    project: Project, slug: str, decision: Decision | None, transport: str | None, *, failed: bool = False
) -> Resolution:
    """Find out what became of unknown deliveries by evidence, or by what somebody decides.

    Without a `decision`, evidence that there is and the settings count, as they do while an issue is sent.
    With `failed`, it goes out once more to those for whom it was refused and who are on the list still.
    Raises `DeliveryError` where the relay's log cannot be read; nothing has changed then.
    """
    now = wall_clock()
    with stored(project) as store:
        issue, found = find(store, slug), Resolved()
        if decision is None:
            config = _settings(project)
            with closing(transport_of(project, config, transport)) as opened:
                found = look_for_evidence(store, opened, issue, config.delivery, now)
        with store.transaction():
            if decision is not None:
                found = _decide(store, issue, decision, now)
            again = found.again
            if failed:
                again += store.requeue_failed(issue.id, "to be sent again, decided by hand", now)
            if again:
                store.mark_issue(issue.id, "sending", now)
                store.touch_sending(issue.id, now)
        left = list(islice(store.deliveries(issue.id, "unknown"), _SHOWN))
        return Resolution(find(store, slug), found.sent, again, left)


def _decide(store: Store, issue: Issue, decision: Decision, now: datetime) -> Resolved:
    state: DeliveryState = "queued" if decision == "again" else decision
    decided = [
        store.resolve_delivery(one, state, "decided by hand", now)
        for one in list(store.deliveries(issue.id, "unknown"))
    ]
    return Resolved(again=sum(decided)) if decision == "again" else Resolved(sent=sum(decided))
