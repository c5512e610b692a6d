"""Telling the publisher what fails, once for each cause, and when it is mended.

The state database holds what fails and who knows of it. Whoever is going to tell something writes that down
first, in the same transaction that finds it is to be told; so of many at work one tells it, and after one
that was killed the next does. No failure of telling is raised: it is said, and tried again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from feedmaker.app.newsletters import stored
from feedmaker.app.outcome import Cause
from feedmaker.app.project import Project
from feedmaker.app.telling import shown, tell, ways
from feedmaker.config import Config
from feedmaker.crash import keep, told_by_disk
from feedmaker.errors import FeedmakerError
from feedmaker.fault_notices import ISSUE, SAVED_NOTES, Notice, notice
from feedmaker.faults import Batch, End, Kind, Look, batches, claimed, next_try, settled, told
from feedmaker.listing import SCHEDULE
from feedmaker.signs.log import Event, Level
from feedmaker.store import Fault, Store

Say = Callable[[Event, str, Level], object]
_EVENTS: Mapping[Kind, Event] = {"fault": "fault.told", "mended": "fault.mended"}


def settle(
    project: Project,
    config: Config,
    looks: Sequence[Look],
    next_due: Callable[[], Mapping[str, datetime]],
    now: datetime,
    say: Say,
) -> datetime | None:
    """Take down what fails by some looks, and tell the publisher what is new; return when to try again.

    `say` is told what was told, and what could not be. None means that nobody waits to hear of anything.
    """
    now = now.replace(microsecond=0)
    all_ways = ways(project, config)
    with stored(project) as store, store.transaction():
        before = store.faults()
        if not before and not any(look.causes for look in looks):
            return None
        ended = _ended(store, config, before, looks)
        faults = settled(before, looks, ended, all_ways, now)
        to_tell = batches(faults, all_ways, now)
        faults = claimed(faults, to_tell, now)
        _save(store, before, faults)
    for batch in to_tell:
        written = notice(batch.kind, batch.faults, config.site, next_due())
        if _tell(project, config, batch, written, now, say):
            with stored(project) as store, store.transaction():
                before = store.faults()
                faults = settled(told(before, batch, all_ways, now), (), ended, all_ways, now)
                _save(store, before, faults)
    return next_try(faults, all_ways, now)


def open_causes(project: Project, scope: str) -> set[tuple[str, str]]:
    """Return what the causes of faults that last in a scope share with the same ones later."""
    with stored(project) as store:
        faults = store.faults()
    return {
        Cause(fault.cause, fault.text).alike
        for fault in faults
        if fault.job == scope and fault.mended_at is None
    }


def _tell(project: Project, config: Config, batch: Batch, written: Notice, now: datetime, say: Say) -> bool:
    """Tell a batch; say whether that went well, and return it."""
    try:
        tell(project, config, batch.way, written, now)
    except FeedmakerError as error:
        reason = str(error)
    except OSError as error:
        reason = told_by_disk(error)
    except Exception as error:  # noqa: BLE001 - what is to be told is stored, and what runs has ended well
        reason = keep(error)
    else:
        say(_EVENTS[batch.kind], f"told by {shown(batch.way)}: {written.subject}", "info")
        return True
    failed = f"not told by {shown(batch.way)}, tried again in some minutes: {written.subject}\n{reason}"
    say("notice.failed", failed, "warning")
    return False


def _ended(store: Store, config: Config, faults: Iterable[Fault], looks: Iterable[Look]) -> dict[str, End]:
    """Say in which scopes nothing will run any more: jobs that are no more, issues that wait no longer."""
    names = {SAVED_NOTES, SCHEDULE, *(job.name for job in config.jobs)}
    scopes = {fault.job for fault in faults} | {look.scope for look in looks}
    found: dict[str, End] = {}
    for scope in scopes - names:
        issue = store.issue(scope.removeprefix(ISSUE)) if scope.startswith(ISSUE) else None
        if issue is None or issue.state == "skipped":
            found[scope] = "gone"
        elif issue.state == "sent":
            counts = store.counts(issue.id)
            found[scope] = "gone" if counts.failed or counts.unknown else "mended"
    return found


def _save(store: Store, before: Iterable[Fault], after: Iterable[Fault]) -> None:
    old = {(fault.job, fault.cause): fault for fault in before}
    new = {(fault.job, fault.cause): fault for fault in after}
    for place, fault in old.items():
        if place not in new:
            store.drop_fault(fault)
    for place, fault in new.items():
        if old.get(place) != fault:
            store.save_fault(fault)
