"""Between a draft and its readers: telling the publisher, approving, skipping, and keeping to the time."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta

from feedmaker.app.drafting import draft_within
from feedmaker.app.judging import refuse_faulty
from feedmaker.app.newsletters import NOBODY, find, find_issue, stored, transport_of
from feedmaker.app.outcome import Done, Progress, cause_of
from feedmaker.app.project import BuildReport, Project, silent
from feedmaker.app.sending import REST, Choices, next_step, said_of_claims, send
from feedmaker.config import Config
from feedmaker.delivery.sender import Clock, wall_clock
from feedmaker.delivery.single import send_notice
from feedmaker.errors import DeliveryError, GateError, UsageError
from feedmaker.fault_notices import ISSUE
from feedmaker.newsletter.issue import newsletter_of
from feedmaker.sent_files import take_back
from feedmaker.store import Cadence, Issue, Store
from feedmaker.timing import Timing
from feedmaker.worklock import PATIENCE

SENDING: Mapping[str, Cadence] = {"newsletter send": "each", "newsletter digest": "digest"}
"""What jobs run that send, with the cadence of their issues."""


def approve(project: Project, slug: str, now: datetime, at: datetime | None = None) -> Issue:
    """Let an issue go out: at a time, or at the one that the schedule gives it, and not before now.

    Without a job that sends, its time stays None, and somebody sends it by hand. Raises `UsageError` where it
    has gone out already, or was skipped, and `GateError` where the checks find an error in it.
    """
    with project.working(), stored(project) as store:
        issue = find(store, slug)
        if issue.state not in ("draft", "approved"):
            way = f"`feedmaker newsletter edit {issue.slug}` takes up what is skipped"
            raise UsageError(f"issue {issue.slug} is {issue.state} and cannot be approved; {way}")
        config = project.config()
        refuse_faulty(project, issue)
        due = at or issue.due_at or next_sending(config, now, issue.cadence)
        store.approve_issue(issue.id, max(due, now) if due else None)
        project.wake_ticks()
        return find(store, issue.slug)


def skip(project: Project, slug: str, now: datetime) -> Issue:
    """Keep an issue from going out; its episodes are not mailed by another, but its corrections are.

    One that is on its way ends here: whoever has not got it does not get it. Raises `UsageError` where it has
    gone out.
    """
    with project.working(), stored(project) as store:
        issue = find(store, slug)
        if issue.state == "sent":
            raise UsageError(f"issue {issue.slug} is {issue.state}; what has gone out cannot be skipped")
        if issue.state == "sending":
            with store.transaction():
                store.skip_deliveries(issue.id, now)
                store.mark_issue(issue.id, "sent", now)
            return find(store, issue.slug)
        take_back(project.folder, issue.slug, issue.page)
        with store.transaction():
            store.mark_issue(issue.id, "skipped", now)
            store.drop_corrections(issue.id)
        return find(store, issue.slug)


def next_sending(config: Config, after: datetime, cadence: Cadence) -> datetime | None:
    """Return when the next job sends issues of a cadence, or None where none does."""
    jobs = (job for job in config.jobs if SENDING.get(job.run) == cadence)
    times = (Timing(job, config.site.zone).next(after) for job in jobs)
    return min(filter(None, times), default=None)


def run_newsletter(
    project: Project,
    now: datetime,
    due: datetime,
    *,
    and_send: bool,
    cadence: Cadence = "each",
    progress: Progress = silent,
    patience: float = PATIENCE,
    clock: Clock = wall_clock,
) -> Done:
    """Do a newsletter job that was due at a time, looking at no issues but those of its cadence.

    What is half sent is finished, and what is approved goes out. Otherwise an issue is drafted, and waits for
    review where the newsletter wants that; one that waits already is not joined by a second. Raises
    `BusyError` where another feedmaker keeps the folder for `patience` seconds.
    """
    with project.working(patience):
        found = _to_send(project, now, due, cadence, and_send=and_send)
    return found if isinstance(found, Done) else _send_in_time(project, found, now, progress, patience, clock)


def _to_send(
    project: Project, now: datetime, due: datetime, cadence: Cadence, *, and_send: bool
) -> Issue | Done:
    """Return the issue that is to go out now, or what was done instead."""
    config = project.config()
    letter = newsletter_of(config)
    waiting = _waiting(project, now, cadence)
    if and_send and waiting is None and (sent := _sent(project, due, cadence)):
        # Whoever sent it died before that was recorded, and what is new since waits for the next time.
        return Done(f"sent {sent.slug}", changes=[f"sent {sent.slug}"])
    if and_send and (waiting is None or waiting.state != "sending") and not _has_readers(project, cadence):
        return _nothing(f"nothing to send: {NOBODY[cadence]}")
    if waiting is None:
        due_at = due if and_send else next_sending(config, now, cadence)
        drafted = draft_within(project, now, due_at=due_at, cadence=cadence)
        if drafted.issue is None:
            said = f"nothing to {'send' if and_send else 'draft'}: {drafted.reason}"
            return _nothing(said + _said_of_others(project, config, now, cadence), drafted.build)
        waiting = drafted.issue
        if not and_send or letter.review:
            told = _tell(project, config, waiting, now)
            said = f"drafted {waiting.slug}: {waiting.subject}; {told}"
            return Done(said, changes=[f"drafted {waiting.slug}"], build=drafted.build)
    if not and_send:
        return _nothing(f"issue {waiting.slug} is {_WAITS[waiting.state]} already; no second one is drafted")
    if waiting.state == "draft" and letter.review:
        return _nothing(f"issue {waiting.slug} is not approved yet; {_tell(project, config, waiting, now)}")
    if waiting.state == "approved" and waiting.due_at and waiting.due_at > now:
        return _nothing(f"issue {waiting.slug} is approved, and goes out on {_local(config, waiting.due_at)}")
    return waiting


def _said_of_others(project: Project, config: Config, now: datetime, cadence: Cadence) -> str:
    """Say which issue is left alone because another process may still be at it; nothing where none is."""
    with stored(project) as store:
        for issue in store.issues("sending"):
            until = store.next_expiry(issue.id)
            if issue.cadence == cadence and until and until > now:
                count = store.counts(issue.id).sending
                return f"; of {issue.slug}, {said_of_claims(issue.slug, count, until, config.site.zone)}"
    return ""


def _nothing(reason: str, build: BuildReport | None = None) -> Done:
    # With an issue that waits, or nobody to get it, nothing shows whether one could be made and sent.
    return Done(reason, "skipped", build=build, whole=build is not None)


def due_issues(project: Project, now: datetime) -> list[tuple[Issue, datetime]]:
    """List the approved issues whose time has come, with that time; and those on their way that go on now."""
    with stored(project) as store:
        # Without anybody to get it, an issue keeps its time; one that is half sent has its audience.
        approved = [issue for issue in store.issues("approved") if store.has_subscribers(issue.cadence)]
        times = [(issue, issue.due_at) for issue in approved]
        return [(issue, at) for issue, at in [*_going_on(project, store), *times] if at and at <= now]


def next_issue_steps(project: Project) -> list[datetime]:
    """List the times at which approved issues are due, and at which those on their way go on."""
    with stored(project) as store:
        times = [issue.due_at for issue in store.issues("approved")]
        return [at for at in (*times, *(at for _, at in _going_on(project, store))) if at]


def _going_on(project: Project, store: Store, rest: timedelta = REST) -> list[tuple[Issue, datetime | None]]:
    """List the issues that are on their way, with the time at which they go on by themselves."""
    config = project.config()
    return [(issue, next_step(store, issue, config, rest)) for issue in store.issues("sending")]


def send_in_time(
    project: Project,
    slug: str,
    now: datetime,
    progress: Progress = silent,
    patience: float = PATIENCE,
    clock: Clock = wall_clock,
) -> Done:
    """Send an approved issue; one whose time is too long ago waits for review again."""
    issue = find_issue(project, slug)
    if issue.state not in ("approved", "sending"):
        return _nothing(f"issue {issue.slug} is {issue.state} already")
    return _send_in_time(project, issue, now, progress, patience, clock)


_WAITS = {"draft": "drafted", "approved": "approved", "sending": "on its way"}


def _waiting(project: Project, now: datetime, cadence: Cadence) -> Issue | None:
    """Return the oldest issue of a cadence that is to go out; one that is half sent, and can go on, first."""
    # What was cut off long ago is for somebody to decide, and keeps nothing else waiting.
    since = now - project.config().delivery.resume_time
    with stored(project) as store:
        going_on = _going_on(project, store, timedelta())
        half_sent = [issue for issue, at in going_on if at and since <= at <= now]
        found = [*half_sent, *store.issues("approved"), *store.issues("draft")]
    return next((issue for issue in found if issue.cadence == cadence), None)


def _sent(project: Project, due: datetime, cadence: Cadence) -> Issue | None:
    with stored(project) as store:
        return store.sent_issue(due, cadence)


def _has_readers(project: Project, cadence: Cadence) -> bool:
    with stored(project) as store:
        return store.has_subscribers(cadence)


def _send_in_time(
    project: Project, issue: Issue, now: datetime, progress: Progress, patience: float, clock: Clock
) -> Done:
    """Send an issue, unless its time is so long ago that somebody should look at it again.

    That it does not go out is its own affair, whichever run tries to send it.
    """
    config = project.config()
    try:
        is_begun = issue.state == "sending"
        if issue.due_at and not is_begun and now - issue.due_at > newsletter_of(config).patience:
            return _hold_back(project, config, issue, now, patience)
        return _send(project, config, issue, now, progress, patience, clock)
    except DeliveryError as error:
        cause = replace(cause_of(error), scope=f"{ISSUE}{issue.slug}")
        return Done(str(error), "failed", causes=[cause], whole=False)


def _hold_back(project: Project, config: Config, issue: Issue, now: datetime, patience: float) -> Done:
    """Let an issue that is late wait for review again."""
    with project.working(patience), stored(project) as store:
        state = find(store, issue.slug).state
        if state != issue.state:
            return _nothing(f"issue {issue.slug} is {state} already")
        store.mark_issue(issue.id, "draft", now)
    told = _tell(project, config, issue, now)
    said = f"issue {issue.slug} was due on {_local(config, issue.due_at or now)}, too long ago; {told}"
    return Done(said, changes=[f"held back {issue.slug}"])


def _send(
    project: Project,
    config: Config,
    issue: Issue,
    now: datetime,
    progress: Progress,
    patience: float,
    clock: Clock,
) -> Done:
    try:
        sending = send(project, issue.slug, now, progress, patience, issue, Choices(clock=clock))
    except GateError as error:
        with stored(project) as store:
            if find(store, issue.slug).state == "sending":
                raise  # some have got it, so it is no draft any more
            store.mark_issue(issue.id, "draft", now)
        raise GateError(f"{error}\n{_tell(project, config, issue, now)}") from error
    if sending.already:
        return _nothing(f"issue {issue.slug} is sent already")
    counts, said = sending.counts, f"sent {issue.slug} to {sending.counts['sent']}"
    if sending.left:
        again = f", next at {_local(config, sending.next_at)}" if sending.next_at else ""
        said += f"; {sending.left} of {sum(counts.values())} are still to go{again}"
    if sending.claimed_until:
        zone = config.site.zone
        said += f"; {said_of_claims(issue.slug, counts['sending'], sending.claimed_until, zone)}"
    # Mailboxes that are gone are every list's daily bread; that nobody got it at all is not.
    if counts["failed"]:
        said += f"; {counts['failed']} failed (`feedmaker newsletter deliveries {issue.slug} --state failed`)"
    if counts["unknown"]:
        unknown = f"{counts['unknown']} unknown; `feedmaker newsletter resolve {issue.slug}` finds out"
        raise DeliveryError(f"issue {issue.slug}: {said}; {unknown}")
    if counts["failed"] and not counts["sent"] and not sending.left:
        raise DeliveryError(f"issue {issue.slug}: {said}")
    return Done(said, changes=[said])


def _local(config: Config, moment: datetime) -> str:
    return f"{moment.astimezone(config.site.zone):%Y-%m-%d at %H:%M}"


def _tell(project: Project, config: Config, issue: Issue, now: datetime) -> str:
    """Tell the publisher by mail that an issue waits; say in a phrase whether that went well."""
    letter = newsletter_of(config)
    reviewer = letter.reviewer or letter.sender.email
    try:
        with closing(transport_of(project, config)) as transport:
            receipt = send_notice(issue, config, transport, now)
    except DeliveryError as error:
        return f"it waits for review, but {reviewer} could not be told: {error}"
    if not receipt.accepted:
        return f"it waits for review, but {reviewer} could not be told: {receipt.reply}"
    return f"it waits for review, and {reviewer} was told"
