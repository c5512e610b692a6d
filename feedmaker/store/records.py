"""What the store gives back: frozen values, with times in UTC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

IssueState = Literal["draft", "approved", "sending", "sent", "skipped"]
DeliveryState = Literal["queued", "sending", "sent", "deferred", "failed", "suppressed", "unknown"]
Status = Literal["pending", "active", "unsubscribed", "bounced", "complained", "suppressed"]
Cadence = Literal["each", "digest"]
SKIPPED = "the rest was skipped"
"""Why an issue was stopped that nobody is to get any more; what comes back to its queue is suppressed."""
GONE: frozenset[Status] = frozenset({"unsubscribed", "bounced", "complained", "suppressed"})
"""What somebody is who was on the list, or never wants to be; nothing but their own wish brings them back."""
RunState = Literal["running", "done", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Consent:
    """Hold how somebody agreed to get issues: where, and to which words, if those are known."""

    source: str
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Wishes:
    """Hold what somebody wants to get: every issue or the digest, on some topics or on all, and a language.

    A topic is `show:NAME` or `tag:NAME`, in capital letters or small ones; no topic means all.
    """

    cadence: Cadence = "each"
    topics: tuple[str, ...] = ()
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Hold what there is to know of somebody who asked for issues, or must not get any.

    Only who is *active* gets any. `asked_at` is when a confirmation was last asked for, `confirmed_at` when
    it was given, and `status_at` when the status last changed, for a `reason`.
    """

    address: str
    status: Status
    status_at: datetime
    reason: str
    consent: Consent
    added_at: datetime
    asked_at: datetime | None = None
    confirmed_at: datetime | None = None
    wishes: Wishes = Wishes()


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber(Person):
    """Record a person on the list; no two have the same address.

    `token` is what links are signed for and is shown to nobody.
    """

    id: int
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Owed:
    """Name a confirmation mail that was claimed: to whom it goes, and how often it was, this time included.

    Nobody else tries it before `owed_at`.
    """

    subscriber_id: int
    address: str
    attempts: int
    owed_at: datetime


@dataclass(frozen=True, slots=True)
class Taken:
    """Count what became of people that are taken over from elsewhere.

    *added* are new. *known* are on the list and stay as they are, *repeated* were added by the same import,
    and *left* were on the list and are taken off it, for they have left elsewhere. *barred* had left, and are
    now kept off for good, for they complained or were suppressed elsewhere. *kept_out* would have come back
    although they left here, or had themselves erased.
    """

    added: int = 0
    known: int = 0
    repeated: int = 0
    left: int = 0
    barred: int = 0
    kept_out: int = 0

    def __add__(self, other: Taken) -> Taken:
        """Return both counts together."""
        return Taken(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True, slots=True)
class Mailed:
    """Tell what became of one issue for one subscriber; `returned` names what came back of it."""

    issue: str
    subject: str
    dated_at: datetime
    state: DeliveryState
    state_at: datetime | None
    reply: str | None
    returned: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Month:
    """Count who joined and who left in a month, such as 2026-11, in UTC."""

    month: str
    joined: int
    left: int


@dataclass(frozen=True, slots=True)
class Reach:
    """Count how far an issue got: its deliveries by state, and the bounces and complaints that came back."""

    issue: str
    subject: str
    counts: Counts
    bounced: int
    complained: int


@dataclass(frozen=True, slots=True)
class Frozen:
    """Hold what an issue says, as it was when it was drafted or last edited.

    In `html` and `text` each reader's own token is missing; `page` is what the archive shows, empty for a
    digest. `size` counts the bytes of the HTML part as it is sent and `cuts` names what was left out to fit.
    `contents` has the title, address, leading reveals and topics of each episode, and `wording` what the
    publisher said by hand.
    """

    subject: str
    preheader: str
    html: str
    text: str
    page: str
    size: int
    cuts: Sequence[str]
    contents: Sequence[Mapping[str, Any]]
    wording: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Issue(Frozen):
    """Hold an issue; `slug` is its day, such as 2026-11-23-2.

    A *draft* waits for review; what is *approved* goes out at `due_at`, or by hand where that is None, to
    those whose `cadence` it is.
    """

    id: int
    slug: str
    cadence: Cadence
    state: IssueState
    drafted_at: datetime
    due_at: datetime | None
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class Addressed:
    """Say how an issue is addressed to one subscriber, the same for every repeat.

    `key` is drawn by lot; it stands in `message_id` and in the address to which bounces return.
    """

    subscriber_id: int
    address: str
    token: str = field(repr=False)
    key: str
    message_id: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """Record one issue to one subscriber.

    `token`, `message_id` and `dated_at` are fixed, so that a repeated message is equal byte by byte. *sent*
    means taken over by the transport, *failed* refused for good, *deferred* not taken yet and tried again at
    `next_at`, *suppressed* that the person does not want it any more, *unknown* that nobody can say; `reply`
    is what the transport said. `subscriber_id` is None once that person is erased.

    Of the `attempts` to hand it over, `excused` certainly came to nothing and `repeats` were decided on by
    somebody, or the settings; its transport has put it off `deferrals` times. One that is *sending* is its
    `owner`'s until `lease_until`. It has been in its state since `state_at`, and *unknown* since that lease
    ended; the first attempt that may have come to something began at `handed_at`.
    """

    id: int
    issue_id: int
    subscriber_id: int | None
    address: str
    token: str = field(repr=False)
    key: str
    message_id: str
    dated_at: datetime
    state: DeliveryState
    reply: str | None
    owner: str | None
    lease_until: datetime | None
    attempts: int
    excused: int
    repeats: int
    next_at: datetime | None
    state_at: datetime | None
    deferrals: int
    handed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Settlement:
    """Say what became of an attempt, which is `excused` where the message certainly was not taken."""

    delivery_id: int
    attempt: int
    state: DeliveryState
    reply: str
    excused: bool = False
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sending:
    """Record how far an issue has got: to how many people it goes, and why it was stopped, if it was."""

    issue_id: int
    audience: int
    opened_at: datetime
    worked_at: datetime
    stopped: str | None


@dataclass(frozen=True, slots=True)
class Counts:
    """Count the deliveries of an issue by state."""

    queued: int = 0
    sending: int = 0
    sent: int = 0
    deferred: int = 0
    failed: int = 0
    suppressed: int = 0
    unknown: int = 0

    @property
    def total(self) -> int:
        """Return the size of the audience."""
        return self.pending + self.settled

    @property
    def pending(self) -> int:
        """Return how many have no outcome yet."""
        return self.queued + self.sending + self.deferred

    @property
    def settled(self) -> int:
        """Return how many have their outcome."""
        return self.sent + self.failed + self.suppressed + self.unknown


@dataclass(frozen=True, slots=True)
class Lease:
    """Say who works on a run or a delivery, and until when that counts without another sign of life.

    Both times are those of the clock on the wall, whatever time the run is done for.
    """

    owner: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Ending:
    """Say how a run ended: what it did in a line, how long that took, and what it changed.

    *skipped* means that there was nothing to do, for a reason that `summary` tells.
    """

    state: Literal["done", "failed", "skipped"]
    summary: str
    seconds: float
    changes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """Record one execution of a job, known by the time at which it was due.

    `attempts` counts how often it was begun; `lease` belongs to who began it last.
    """

    job: str
    due_at: datetime
    state: RunState
    started_at: datetime
    finished_at: datetime | None
    summary: str | None
    seconds: float | None
    changes: Sequence[str]
    attempts: int
    owner: str
    lease_until: datetime

    def is_held(self, now: datetime, lease: timedelta) -> bool:
        """Tell whether somebody who lives works on it.

        A lease that reaches further than any can is from before the clock was set back. Leases are stored in
        whole seconds, rounded up.
        """
        longest = now + lease + timedelta(seconds=1)
        return self.state == "running" and now < self.lease_until <= longest


@dataclass(frozen=True, slots=True)
class Fault:
    """Record why a job fails, for as long as it does.

    `cause` is the same as long as the reason is; `told_at` is when the publisher first heard of it, and
    `mended_at` when the cause was gone, which is still to be told. `told` names the ways by which the
    publisher knows of it, and `tried_at` is when somebody last began to tell, unless that went well.
    """

    job: str
    cause: str
    text: str
    since: datetime
    told_at: datetime | None = None
    mended_at: datetime | None = None
    tried_at: datetime | None = None
    told: tuple[str, ...] = ()
