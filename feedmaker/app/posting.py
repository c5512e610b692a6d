"""Confirmation mails on their way: a thread that sends what people are owed, so that nobody waits for it.

The state database is the queue, so a mail outlives the process and is sent by the next one, or by another
beside it. What cannot be handed over is tried again for about a day. A process that dies over a mail has
tried it, too, so that no mail can end one process after another for ever.
"""

from __future__ import annotations

import re
import threading
from datetime import datetime, timedelta

from feedmaker.app.newsletters import stored, transport_of
from feedmaker.app.signup import SignupDesk
from feedmaker.crash import keep
from feedmaker.delivery.confirm import send_confirmation
from feedmaker.delivery.transports import Receipt, Transport
from feedmaker.errors import FeedmakerError
from feedmaker.signs.log import Event, Level, Log
from feedmaker.signup.words import masked
from feedmaker.store import Owed, Store

PAUSES = tuple(timedelta(seconds=pause) for pause in (10, 60, 300, 1200, 3600, *[7200] * 11))
"""How long to wait before each further try: nearly a day in all, and nobody waits longer than two hours."""

LEASE = timedelta(minutes=30)
"""How long others leave a mail alone that is being handed over: longer than any transport takes for one."""

_LOOK = 60.0
"""After how many seconds to look again at the latest, for another process may have left something."""


class Post:
    """Send confirmation mails one after the other, in a thread of its own."""

    def __init__(self, desk: SignupDesk, log: Log) -> None:
        self._desk = desk
        self._log = log
        self._woken = threading.Event()
        self._is_closing = False
        self._outcome: tuple[Owed, datetime | None] | None = None
        self._transport: Transport | None = None
        # A transport that hangs must not keep the process from its end.
        self._thread = threading.Thread(target=self._work, name="post", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look at once whether a mail is due."""
        self._woken.set()

    def close(self, patience: float) -> int:
        """Send what is due, for at most so many seconds; return how many mails are still owed."""
        self._is_closing = True
        self.wake()
        self._thread.join(patience)
        with stored(self._desk.project) as store:
            return store.count_owed()

    def _work(self) -> None:
        while True:
            # In this order, so that nothing is overlooked that is owed before this is woken or closed.
            self._woken.clear()
            is_last = self._is_closing
            pause = self._send_due()
            # No server likes those who hold a line and say nothing.
            self._hang_up()
            if is_last:
                return
            self._woken.wait(pause)

    def _send_due(self) -> float:
        """Send what is due; return after how many seconds to look again."""
        try:
            with stored(self._desk.project) as store:
                while (pause := self._pause(store)) <= 0:
                    now = self._desk.clock()
                    if owed := store.claim_owed(now, now + LEASE):
                        self._outcome = owed, self._try(store, owed)
                return min(pause, _LOOK)
        except FeedmakerError as error:
            self._log.say("signup.failed", str(error), "error")
        except Exception as error:  # noqa: BLE001 - whatever it was, mails go on
            self._log.say("program.fault", keep(error), "error")
        return _LOOK

    def _pause(self, store: Store) -> float:
        """Write down what became of the last mail, and return how many seconds it is to the next one."""
        # What cannot be written down now is kept for the next time, or the mail would go out twice.
        if self._outcome:
            store.settle_owed(*self._outcome)
            self._outcome = None
        due = store.next_owed()
        return (due - self._desk.clock()).total_seconds() if due else _LOOK

    def _hang_up(self) -> None:
        transport, self._transport = self._transport, None
        try:
            if transport is not None:
                transport.close()
        except Exception as error:  # noqa: BLE001 - the next mail opens another one
            self._log.say("program.fault", keep(error), "error")

    def _try(self, store: Store, owed: Owed) -> datetime | None:
        """Write a mail and hand it over; return when to try again, or None for never."""
        try:
            receipt = self._sent(store, owed)
        except FeedmakerError as error:
            receipt = Receipt("deferred", str(error))
        except Exception as error:  # noqa: BLE001 - the others behind it are sent all the same
            self._say(owed, "program.fault", keep(error), "error")
            receipt = Receipt("deferred", "a fault of the program")
        if receipt.accepted:
            self._say(owed, "signup.mailed", "a confirmation mail is on its way")
            return None
        if receipt.outcome == "deferred" and owed.attempts <= len(PAUSES):
            said = f"a confirmation mail waits to be tried again: {receipt.reply}"
            self._say(owed, "signup.deferred", said, "warning")
            pause = PAUSES[owed.attempts - 1]
            return self._desk.clock() + max(pause, receipt.wait or pause)
        self._say(owed, "signup.unsent", f"a confirmation mail was not sent: {receipt.reply}", "warning")
        return None

    def _sent(self, store: Store, owed: Owed) -> Receipt:
        if owed.attempts > len(PAUSES) + 1:
            return Receipt("failed", "whoever tried it last did not live to tell")
        mail = self._desk.mail(store, owed.address)
        if mail is None:
            return Receipt("failed", "nobody waits for it any more")
        if self._transport is None:
            self._transport = transport_of(self._desk.project, self._desk.config)
        return send_confirmation(mail, self._transport)

    def _say(self, owed: Owed, event: Event, said: str, level: Level = "info") -> None:
        """Log what became of a mail, which does not name the recipient."""
        said = re.sub(re.escape(owed.address), masked(owed.address), said, flags=re.IGNORECASE)
        self._log.say(event, said, level)
