"""Which faults are new, which last, which are mended, and who is still to be told. Pure.

A fault is a cause that a run met in its *scope*: what the same runs try again, and so can show to be mended.
Publishers hear of a fault by *ways*, such as mail, and each way hears of its beginning once, and of its end
once if it has heard of the beginning.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from feedmaker.store.records import Fault

PAUSE = timedelta(minutes=5)
"""How long a way rests after somebody has begun to tell by it, unless that went well."""

End = Literal["mended", "gone"]
Kind = Literal["fault", "mended"]


@dataclass(frozen=True, slots=True)
class Look:
    """Tell which causes a run met in its scope: what to say of each, by its key.

    A run that is `whole` has tried all that there is in the scope, so any other cause is mended, except
    those that are `unsure`.
    """

    scope: str
    causes: Mapping[str, str]
    whole: bool = True
    unsure: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """Name faults whose beginning or end is to be told by one way, in one piece."""

    way: str
    kind: Kind
    faults: Sequence[Fault]


def settled(
    faults: Iterable[Fault],
    looks: Iterable[Look],
    ended: Mapping[str, End],
    ways: Collection[str],
    now: datetime,
) -> list[Fault]:
    """Return the faults as they are after some looks, the oldest first.

    `ended` are the scopes in which nothing will run any more; in what is *gone* nothing was mended, so there
    is no more to tell than what fails.
    """
    found = {(fault.job, fault.cause): fault for fault in faults}
    for look in looks:
        for cause, text in look.causes.items():
            known = found.get((look.scope, cause)) or Fault(look.scope, cause, text, now)
            found[look.scope, cause] = replace(known, text=text, mended_at=None)
        for place, fault in found.items():
            if fault.job == look.scope and look.whole and not {fault.cause} & {*look.causes, *look.unsure}:
                found[place] = _over(fault, now)
    for place, fault in found.items():
        if ended.get(fault.job) == "mended":
            found[place] = _over(fault, now)
    kept = (fault for fault in found.values() if _matters(fault, ended.get(fault.job), ways))
    return sorted(kept, key=lambda fault: (fault.since, fault.job, fault.cause))


def batches(faults: Sequence[Fault], ways: Iterable[str], now: datetime) -> list[Batch]:
    """Return what is to be told now; a way that rests tells nothing."""
    found = []
    for way in ways:
        waiting = [fault for fault in faults if _waits(fault, way)]
        if any(_rests_until(fault, now) > now for fault in waiting):
            continue
        begun = [fault for fault in waiting if fault.mended_at is None]
        over = [fault for fault in waiting if fault.mended_at is not None]
        if begun:
            found.append(Batch(way, "fault", begun))
        if over:
            found.append(Batch(way, "mended", over))
    return found


def claimed(faults: Iterable[Fault], taken: Iterable[Batch], now: datetime) -> list[Fault]:
    """Return the faults with those marked that somebody begins to tell now, so that nobody else does."""
    telling = {(fault.job, fault.cause) for batch in taken for fault in batch.faults}
    return [
        replace(fault, tried_at=now) if (fault.job, fault.cause) in telling else fault for fault in faults
    ]


def told(faults: Iterable[Fault], batch: Batch, ways: Collection[str], now: datetime) -> list[Fault]:
    """Return the faults as they are once a batch has been told.

    What was mended and forgotten meanwhile comes back, for its end is to be told now.
    """
    found = {(fault.job, fault.cause): fault for fault in faults}
    for fault in batch.faults:
        place = fault.job, fault.cause
        known = found.get(place)
        if batch.kind == "fault":
            known = known or replace(fault, mended_at=now)
            heard = (*(way for way in known.told if way != batch.way), batch.way)
            found[place] = replace(known, told=heard, told_at=known.told_at or now)
        elif known is not None:
            found[place] = replace(known, told=tuple(way for way in known.told if way != batch.way))
        if place in found and not any(_waits(found[place], way) for way in ways):
            found[place] = replace(found[place], tried_at=None)
    return [fault for fault in found.values() if fault.mended_at is None or fault.told]


def next_try(faults: Sequence[Fault], ways: Iterable[str], now: datetime) -> datetime | None:
    """Return when something is to be told next; None where all has been told."""
    waiting = ([fault for fault in faults if _waits(fault, way)] for way in ways)
    return min((max(_rests_until(fault, now) for fault in some) for some in waiting if some), default=None)


def _over(fault: Fault, now: datetime) -> Fault:
    return replace(fault, mended_at=fault.mended_at or now)


def _matters(fault: Fault, end: End | None, ways: Collection[str]) -> bool:
    """Tell whether a fault lasts, or somebody is still to hear of it."""
    heard = set(fault.told) & set(ways)
    if fault.mended_at is not None:
        return bool(heard)
    return end != "gone" or heard != set(ways)


def _waits(fault: Fault, way: str) -> bool:
    return (way in fault.told) == (fault.mended_at is not None)


def _rests_until(fault: Fault, now: datetime) -> datetime:
    """Return when a fault may be told.

    An attempt in the near future is that of a tick that began later than this one, which may have waited for
    the folder; one that is further away is from before the clock was set back.
    """
    if fault.tried_at is None or fault.tried_at > now + PAUSE:
        return now
    return max(now, fault.tried_at + PAUSE)
