"""What the publisher is told of faults, as a mail and as data. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from zoneinfo import ZoneInfo

from feedmaker.config import CONFIG_NAME, Site
from feedmaker.faults import Kind
from feedmaker.newsletter.plain_text import wrap
from feedmaker.store.records import Fault
from feedmaker.text import shorten, utc

SAVED_NOTES = "saved notes"
"""The scope of everything that builds, and the name of builds that no job calls for; no job can have it."""

ISSUE = "issue "
"""What the name of a run that sends an issue at its own time begins with; no job can have such a name."""

MOST = 20
_LINES = 10
_LONGEST = 500
_NAMED = 3
_NOTES = "episodes/"


@dataclass(frozen=True, slots=True)
class Notice:
    """Hold a notice: as a mail, and as data. `name` is the same for the same faults."""

    name: str
    subject: str
    text: str
    data: Mapping[str, object]


def notice(kind: Kind, faults: Sequence[Fault], site: Site, next_due: Mapping[str, datetime]) -> Notice:
    """Tell of faults that have begun, or that are mended; `next_due` is when jobs run next."""
    facts = [kind, *(fact for fault in faults for fact in (fault.job, fault.cause, utc(fault.since)))]
    digest = blake2b("\n".join(facts).encode(), digest_size=8).hexdigest()
    summary = _summary(kind, faults)
    listed = [line for fault in faults[:MOST] for line in _told(fault, site.zone)]
    if len(faults) > MOST:
        listed.append(f"… and {len(faults) - MOST} more; `feedmaker status` lists them all")
    text = "\n".join(
        [f"{site.title}, {site.address}", "", *listed, *_next(kind, faults, site.zone, next_due)]
    )
    data = {
        "event": kind,
        "id": digest,
        "site": site.title,
        "address": site.address,
        "text": f"{site.title}: {summary}",
        "count": len(faults),
        "faults": [_data(fault) for fault in faults[:MOST]],
    }
    return Notice(f"{kind}-{digest}", f"feedmaker: {summary}", f"{text}\n", data)


def next_step(scope: str, next_due: Mapping[str, datetime], zone: ZoneInfo) -> str:
    """Say what happens next after a failure in a scope, and what to do."""
    if scope == SAVED_NOTES:
        return "mend what is named and save it; the next look at the notes publishes it"
    if scope == CONFIG_NAME:
        return "the schedule stays as it was; mend schedule.yaml (`feedmaker check` says where) and save it"
    if scope.startswith(ISSUE):
        slug = scope.removeprefix(ISSUE)
        ways = f"`feedmaker newsletter send {slug}` goes on, `feedmaker newsletter deliveries {slug}`"
        return f"what is left, if it was not stopped, goes out by itself; {ways} says who got it"
    if scope in next_due:
        return f"{scope} tries again on {_local(next_due[scope], zone)}"
    return f"nothing; {scope} is not due any more"


def is_of_note(fault: Fault) -> bool:
    """Tell whether it is a note that is at fault."""
    return fault.job == SAVED_NOTES and fault.cause.startswith(_NOTES)


def _summary(kind: Kind, faults: Sequence[Fault]) -> str:
    begun = kind == "fault"
    notes = sum(map(is_of_note, faults))
    are = "note is" if notes == 1 else "notes are"
    parts = [f"{notes} {are} {'broken' if begun else 'mended'}"] if notes else []
    for scope in dict.fromkeys(fault.job for fault in faults if not is_of_note(fault)):
        mended = "was sent" if scope.startswith(ISSUE) else "works again"
        if scope == CONFIG_NAME:
            parts.append(f"{scope} is {'broken' if begun else 'mended'}")
            continue
        parts.append(f"{'building' if scope == SAVED_NOTES else scope} {'failed' if begun else mended}")
    return ", ".join(parts[:_NAMED]) + (f" and {len(parts) - _NAMED} more" if len(parts) > _NAMED else "")


def _told(fault: Fault, zone: ZoneInfo) -> list[str]:
    first, *others = [shorten(line, _LONGEST) for line in fault.text.splitlines()] or [""]
    head = first if is_of_note(fault) or fault.job == CONFIG_NAME else f"{fault.job}: {first}"
    mended = f", mended {_local(fault.mended_at, zone)}" if fault.mended_at else ""
    return [
        wrap(head, "  ", ""),
        *(wrap(line, "  ") for line in others[: _LINES - 1]),
        *(["  …"] if len(others) >= _LINES else []),
        f"  since {_local(fault.since, zone)}{mended}",
        "",
    ]


def _next(kind: Kind, faults: Sequence[Fault], zone: ZoneInfo, next_due: Mapping[str, datetime]) -> list[str]:
    if kind == "mended":
        return ["Nothing is left to do about this."]
    steps = dict.fromkeys(next_step(fault.job, next_due, zone) for fault in faults)
    if any(map(is_of_note, faults)):
        steps["`feedmaker check` names every fault of every note; all other notes are published"] = None
    return [
        "What comes next:",
        *(wrap(step, "  ", "- ") for step in list(steps)[:MOST]),
        "",
        wrap("`feedmaker log` tells what ran. You hear of this once more, when it is mended."),
    ]


def _data(fault: Fault) -> dict[str, object]:
    return {
        "scope": fault.job,
        "cause": shorten(fault.cause, _LONGEST),
        "text": "\n".join(shorten(line, _LONGEST) for line in fault.text.splitlines()[:_LINES]),
        "since": utc(fault.since),
        "mended_at": utc(fault.mended_at) if fault.mended_at else None,
    }


def _local(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M %Z}"
