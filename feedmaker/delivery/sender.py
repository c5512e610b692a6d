"""Send an issue: each message once, by several at a time, whoever is killed when.

One thread keeps the ledger: it claims as many deliveries as there are hands free, commits, and only then lets
the others hand the messages over; what came of those is committed with the next claim. So at most as many
messages as there are hands can be left of which nobody can say whether they went out. Any number of processes
may do this at once: the ledger decides.
"""

from __future__ import annotations

import os
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from secrets import token_hex

from feedmaker.addresses import domain_of
from feedmaker.config import Delivery as Settings
from feedmaker.delivery.outcomes import Awaited, Surge, awaited, overdrawn, settle, stopped, untouched
from feedmaker.delivery.pace import Pace
from feedmaker.delivery.resolving import next_resolution, resolve
from feedmaker.delivery.transports.base import Envelope, Receipt, Transport
from feedmaker.errors import DeliveryError, StoreError
from feedmaker.store import Delivery, Issue, Lease, Settlement, Store

Compose = Callable[[Delivery], tuple[bytes, Envelope]]
Clock = Callable[[], datetime]
_LONGEST_WAIT = 0.5
"""Seconds after which a sender looks around, whatever it waits for."""
_LONGEST_TURN = 60.0
"""Seconds that a sender waits for the rates; at slower ones, whoever comes next goes on."""


def wall_clock() -> datetime:
    """Read the clock that leases go by, whatever time the work is done for."""
    return datetime.now(UTC)


def new_owner() -> str:
    """Name one sender among all that there are, for people who look at the ledger."""
    return f"{socket.gethostname()}:{os.getpid()}:{token_hex(4)}"


@dataclass(frozen=True, slots=True)
class Manner:
    """Hold how one process sends.

    It waits up to `patience` for what becomes due, or is in somebody else's hands, before it leaves the rest
    to whoever comes next. `on_progress` is told how many deliveries have their outcome and how many there
    are; what it raises ends the sending in order. `on_wait` is told when it begins to wait: the state of the
    deliveries that it waits for, why in words, and for how many seconds at the most.
    """

    patience: timedelta
    on_progress: Callable[[int, int], None] = lambda _done, _total: None
    clock: Clock = wall_clock
    pause: Callable[[float], None] = time.sleep
    on_wait: Callable[[str, str, float], None] = lambda _state, _said, _seconds: None
    owner: str = field(default_factory=new_owner)


@dataclass(frozen=True, slots=True)
class _Done:
    """Hold what came of one attempt: a receipt, or what was raised instead."""

    delivery: Delivery
    receipt: Receipt | None = None
    error: BaseException | None = None


class _Hands:
    """Hand messages over, in threads of their own."""

    def __init__(self, number: int, hand_over: Callable[[Delivery], Receipt]) -> None:
        self._hand_over = hand_over
        self._given: queue.SimpleQueue[Delivery | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[_Done] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"send-{one}", daemon=True) for one in range(number)
        ]
        self.busy = 0

    @property
    def free(self) -> int:
        """Return how many more messages can be given."""
        return len(self._threads) - self.busy

    def start(self) -> None:
        """Begin to work."""
        for thread in self._threads:
            thread.start()

    def give(self, deliveries: Sequence[Delivery]) -> None:
        """Have messages handed over."""
        self.busy += len(deliveries)
        for delivery in deliveries:
            self._given.put(delivery)

    def take(self, seconds: float) -> list[_Done]:
        """Return what has been done since, waiting so long at the most for something."""
        found = []
        try:
            found.append(self._done.get(timeout=seconds))
            while True:
                found.append(self._done.get_nowait())
        except queue.Empty:
            self.busy -= len(found)
            return found

    def stop(self) -> None:
        """Let the threads end, which have nothing to do any more."""
        for _ in self._threads:
            self._given.put(None)
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (delivery := self._given.get()) is not None:
            try:
                self._done.put(_Done(delivery, receipt=self._hand_over(delivery)))
            except BaseException as error:  # noqa: BLE001 - raised again where the ledger is kept
                self._done.put(_Done(delivery, error=error))


class Sender:
    """Send what is left of one issue."""

    def __init__(
        self,
        store: Store,
        transport: Transport,
        issue: Issue,
        settings: Settings,
        manner: Manner,
        compose: Compose,
    ) -> None:
        def hand_over(delivery: Delivery) -> Receipt:
            return transport.send(*compose(delivery))

        self._store = store
        self._transport = transport
        self._issue = issue
        self._settings = settings
        self._manner = manner
        self._surge = Surge(settings.stop_at)
        self._pace = Pace(settings.pause, settings.domain_pause)
        self._hands = _Hands(max(1, transport.width), hand_over)
        self._error: BaseException | None = None
        self._sign_at: datetime | None = None
        self._unrecorded: list[_Done] = []
        self._awaited: tuple[Awaited, datetime] | None = None
        counts = store.counts(issue.id)
        self._settled, self._total = counts.settled, counts.total

    def send(self) -> None:
        """Send all that can be sent now; what is left is for whoever comes next.

        Raises `DeliveryError` where the transport takes nothing, or sending was stopped for what was seen;
        `StoreError` where outcomes cannot be recorded; and what composing a message raises. Whatever is
        raised, what came of messages that were under way is recorded first.
        """
        with self._working():
            # Whoever was told to stop before this begins sends nothing.
            self._tell()
            while self._error is None:
                if not self._step(claiming=True) and not self._hands.busy and not self._waits():
                    return

    @contextmanager
    def _working(self) -> Iterator[None]:
        """Keep hands ready meanwhile; at the end, record what they still have to say."""
        self._hands.start()
        try:
            try:
                yield
            finally:
                self._finish()
        finally:
            self._hands.stop()
        if self._error is not None:
            raise self._error

    def _finish(self) -> None:
        """Record what the hands still have to say; a database that is busy has as long as a lease."""
        until = time.monotonic() + self._settings.lease_time.total_seconds()
        while self._hands.busy or self._unrecorded:
            try:
                self._step(claiming=False)
            except StoreError:
                if time.monotonic() > until:
                    raise
                self._manner.pause(_LONGEST_WAIT)

    def _step(self, *, claiming: bool) -> bool:
        """Record what was done, claim what comes next, and give it away; tell whether anything happened."""
        soon = self._pace.soonest(self._manner.clock().timestamp()) or _LONGEST_WAIT
        if self._hands.busy:
            # What cannot be recorded now is not forgotten: nobody else knows it.
            taken = self._hands.take(min(soon, _LONGEST_WAIT))
            self._surge.saw(one.receipt for one in taken if one.receipt)
            self._unrecorded += taken
        done, now, claimed = self._unrecorded, self._manner.clock(), []
        # One commit for what was done and what is begun: that is all that a message waits for.
        with self._store.transaction():
            self._sign_of_life(now)
            settlements = self._record(done, now)
            if claiming and self._error is None and self._hands.free:
                claimed = self._claim(now)
        self._unrecorded = []
        self._settled += sum(settled.state != "deferred" for settled in settlements)
        self._hands.give(claimed)
        self._tell()
        if done or claimed:
            self._awaited = None
            return True
        return False

    def _tell(self) -> None:
        try:
            self._manner.on_progress(min(self._settled, self._total), self._total)
        except BaseException as error:  # noqa: BLE001 - raised again once all is recorded
            self._error = self._error or error

    def _sign_of_life(self, now: datetime) -> None:
        """Renew what is ours every third of a lease."""
        if self._hands.busy and (self._sign_at is None or now >= self._sign_at):
            self._store.renew_deliveries(self._issue.id, self._lease(now))
            self._sign_at = now + self._settings.lease_time / 3

    def _record(self, done: Sequence[_Done], now: datetime) -> Sequence[Settlement]:
        """Write down what became of attempts; what was raised instead is raised again at the end."""
        if not done:
            return ()
        settlements = []
        for one in done:
            if one.receipt is not None:
                settlements.append(settle(one.delivery, one.receipt, now))
            elif isinstance(one.error, DeliveryError):
                settlements.append(untouched(one.delivery, str(one.error)))
            # Anything else is a fault of ours, and its delivery stays claimed until it is unknown.
            self._error = self._error or one.error
        self._store.settle_deliveries(self._issue.id, self._manner.owner, settlements, now)
        if self._error is None and (said := self._surge.found()):
            self._stop(f"{said}; `feedmaker newsletter deliveries {self._issue.slug}` lists them")
        return settlements

    def _claim(self, now: datetime) -> list[Delivery]:
        """Claim as many as there are hands for, or one where they have to go out apart."""
        moment, limit = now.timestamp(), 1 if self._pace.is_slow else self._hands.free
        if not self._pace.is_open(moment):
            return []
        busy = self._pace.waiting(moment)
        found = self._store.claim_deliveries(self._issue.id, self._lease(now), now, limit, busy)
        self._settled += sum(delivery.state == "suppressed" for delivery in found)
        claimed = [delivery for delivery in found if delivery.state == "sending"]
        for delivery in claimed:
            self._pace.take_turn(domain_of(delivery.address), moment)
        if said := next(filter(None, map(overdrawn, claimed)), ""):
            self._stop(said)
            back = [untouched(delivery, said) for delivery in claimed]
            self._store.settle_deliveries(self._issue.id, self._manner.owner, back, now)
            return []
        return claimed

    def _stop(self, why: str) -> None:
        """Keep everybody from going on until a person has looked at it."""
        self._store.stop_sending(self._issue.id, why)
        self._error = stopped(self._issue, why)

    def _lease(self, now: datetime) -> Lease:
        return Lease(self._manner.owner, now, now + self._settings.lease_time)

    def _waits(self) -> bool:
        """Look after what others have left, and wait for what becomes due soon; False where nothing does."""
        sending = self._store.sending(self._issue.id)
        if sending and sending.stopped:
            self._error = stopped(self._issue, sending.stopped)
            return False
        now = self._manner.clock()
        lost = self._store.expire_deliveries(self._issue.id, self._lease(now))
        found = resolve(self._store, self._transport, self._issue, self._settings, now)
        if lost or found.sent or found.again:
            self._settled = self._store.counts(self._issue.id).settled
        if found.again:
            return True
        if turn := self._turn(now):
            self._manner.pause(turn)
            return True
        moments: dict[Awaited, datetime | None] = {
            "sending": self._store.next_expiry(self._issue.id),
            "deferred": self._next_attempt(now),
            "unknown": next_resolution(self._store, self._transport, self._issue, self._settings, now),
        }
        due = {moment: state for state, moment in moments.items() if moment}
        soon = min(due, default=None)
        if soon is None or soon - now > self._manner.patience:
            return False
        if not self._pace.soonest(now.timestamp()):
            self._say_awaited(due[soon], soon, now)
        self._manner.pause(min(_LONGEST_WAIT, max(0.0, (soon - now).total_seconds())))
        return True

    def _next_attempt(self, now: datetime) -> datetime | None:
        """Return when the next deferred message may go, which has to wait for the rates, too."""
        due = self._store.next_attempt(self._issue.id)
        return due and max(due, now + timedelta(seconds=self._pace.soonest(now.timestamp())))

    def _say_awaited(self, state: Awaited, until: datetime, now: datetime) -> None:
        """Say what is waited for, unless that was said already, or the time has come."""
        if until > now and self._awaited != (state, until):
            self._awaited = state, until
            count: int = getattr(self._store.counts(self._issue.id), state)
            self._manner.on_wait(state, awaited(state, count), (until - now).total_seconds())

    def _turn(self, now: datetime) -> float:
        """Return how many seconds to wait until the rates let another message go, 0 if none waits."""
        soon = self._pace.soonest(now.timestamp())
        if not soon or soon > _LONGEST_TURN or not self._store.counts(self._issue.id).queued:
            return 0.0
        return min(_LONGEST_WAIT, soon)
