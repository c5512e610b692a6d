"""Confirmation mails on their way: a queue and a thread that empties it, so that nobody waits for them.

What cannot be handed over is tried again a few times, for as long as the process lives. Nothing is kept on
disk: whoever got no mail can ask again.
"""

from __future__ import annotations

import heapq
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from feedmaker.crash import keep
from feedmaker.delivery.confirm import Confirmation, send_confirmation
from feedmaker.delivery.transports import Receipt, Transport
from feedmaker.errors import BusyError, FeedmakerError
from feedmaker.signs.log import Log
from feedmaker.signup.words import masked

PAUSES = (10.0, 60.0, 300.0, 1200.0)
"""How many seconds to wait before each further attempt."""

ROOM = 200
"""How many mails may wait."""

Make = Callable[[], Confirmation | None]
"""What writes a mail, the same each time, or None where it is not wanted any more."""


@dataclass(frozen=True, slots=True, order=True)
class _Waiting:
    """Hold what writes a mail, with the time from which it may go, by the clock that only goes forward."""

    due: float
    number: int
    tries: int = field(compare=False)
    make: Make = field(compare=False)


class Place:
    """Be a place in the queue that is held for one mail."""

    def __init__(self) -> None:
        self.make: Make | None = None

    def put(self, make: Make) -> None:
        """Have a mail written and sent once the place is left."""
        self.make = make


class Post:
    """Send confirmation mails one after the other, in a thread of its own; used by any number of threads."""

    def __init__(
        self,
        open_transport: Callable[[], Transport],
        log: Log,
        *,
        pauses: Sequence[float] = PAUSES,
        room: int = ROOM,
    ) -> None:
        self._open_transport = open_transport
        self._log = log
        self._pauses = pauses
        self._room = threading.BoundedSemaphore(room)
        self._changed = threading.Condition()
        self._queue: list[_Waiting] = []
        self._count = 0
        self._unfinished = 0
        self._closing = False
        self._transport: Transport | None = None
        # A transport that hangs must not keep the process from its end.
        self._thread = threading.Thread(target=self._work, name="post", daemon=True)
        self._thread.start()

    @contextmanager
    def place(self) -> Iterator[Place]:
        """Hold a place in the queue; what is put there goes out if all is well inside.

        Raises `BusyError` where there is no room.
        """
        if not self._room.acquire(blocking=False):
            raise BusyError("too many confirmation mails wait to be sent; try again later")
        place = Place()
        try:
            yield place
        except BaseException:
            self._room.release()
            raise
        if place.make is None:
            self._room.release()
            return
        with self._changed:
            self._unfinished += 1
            self._enqueue(place.make, 0, time.monotonic())

    def close(self, patience: float) -> int:
        """Send what waits, once and without pauses, for at most so many seconds; return how many are left."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(patience)
        with self._changed:
            return self._unfinished

    def _enqueue(self, make: Make, tries: int, due: float) -> None:
        self._count += 1
        heapq.heappush(self._queue, _Waiting(due, self._count, tries, make))
        self._changed.notify()

    def _work(self) -> None:
        while (waiting := self._next()) is not None:
            pause = self._try(waiting)
            with self._changed:
                if pause is not None and not self._closing:
                    self._enqueue(waiting.make, waiting.tries + 1, time.monotonic() + pause)
                    continue
                self._unfinished -= pause is None
            self._room.release()

    def _next(self) -> _Waiting | None:
        """Wait for the next mail that may go; None when all is over."""
        while True:
            with self._changed:
                left = self._queue[0].due - time.monotonic() if self._queue else None
                if left is not None and (left <= 0 or self._closing):
                    return heapq.heappop(self._queue)
                if self._transport is None:
                    if self._closing:
                        return None
                    self._changed.wait(left)
                    continue
            # Nothing is to be sent for now, and no server likes those who hold a line and say nothing.
            self._hang_up()

    def _hang_up(self) -> None:
        transport, self._transport = self._transport, None
        try:
            if transport is not None:
                transport.close()
        except Exception as error:  # noqa: BLE001 - the next mail opens another one
            self._log.say("program.fault", keep(error), "error")

    def _try(self, waiting: _Waiting) -> float | None:
        """Write a mail and hand it over; return after how many seconds to try again, or None for never."""
        try:
            receipt = self._sent(waiting.make())
        except FeedmakerError as error:
            receipt = Receipt("deferred", str(error))
        except Exception as error:  # noqa: BLE001 - the others behind it are sent all the same
            self._log.say("program.fault", keep(error), "error")
            return None
        if receipt.accepted:
            self._log.say("signup.mailed", "a confirmation mail is on its way")
            return None
        if receipt.outcome == "deferred" and waiting.tries < len(self._pauses) and not self._closing:
            said = f"a confirmation mail waits to be tried again: {receipt.reply}"
            self._log.say("signup.deferred", said, "warning")
            asked = receipt.wait.total_seconds() if receipt.wait else 0.0
            return max(asked, self._pauses[waiting.tries])
        self._log.say("signup.unsent", f"a confirmation mail was not sent: {receipt.reply}", "warning")
        return None

    def _sent(self, mail: Confirmation | None) -> Receipt:
        """Hand a mail over; what is said of it does not name the recipient."""
        if mail is None:
            return Receipt("failed", "nobody waits for it any more")
        if self._transport is None:
            self._transport = self._open_transport()
        receipt = send_confirmation(mail, self._transport)
        recipient = mail.envelope.recipient
        said = re.sub(re.escape(recipient), masked(recipient), receipt.reply, flags=re.IGNORECASE)
        return replace(receipt, reply=said)
