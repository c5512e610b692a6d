"""Pings for a dead man's switch: a service that raises the alarm when it has not heard of us for too long.

One address is asked while all is well, and nothing is said when it is not, for silence means the same to
every such service, and addresses for failures do not. The address holds a key, so only its host is shown.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from feedmaker.errors import FetchError
from feedmaker.fetch import fetch
from feedmaker.secrets import Secret
from feedmaker.signs.log import Log

INTERVAL = 60.0
LONGEST_PAUSE = 300.0
_DEADLINE = 10.0


class DeadMan:
    """Ping `address` in a thread of its own, at most once a minute and less often while that fails.

    `log` hears of failures, once for each reason, and of the first ping that succeeds again. `monotonic`
    returns seconds that never jump.
    """

    def __init__(self, address: Secret, log: Log, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._address = address
        self._host = _host(address.reveal())
        self._log = log
        self._monotonic = monotonic
        self._due = monotonic()
        self._thread: threading.Thread | None = None
        self._failures = 0
        self._reason = ""

    def __repr__(self) -> str:
        return f"DeadMan({self._host!r})"

    def beat(self) -> None:
        """Say that all is well; return at once, whether a ping is due or not."""
        is_pinging = self._thread is not None and self._thread.is_alive()
        if is_pinging or self._monotonic() < self._due:
            return
        self._due = self._monotonic() + INTERVAL
        self._thread = threading.Thread(target=self._ping, name="dead man's switch", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:
            self._failed("the system has no thread left for it")

    def _ping(self) -> None:
        try:
            # Many of these services are run by their users, on networks of their own.
            fetch(self._address.reveal(), deadline=_DEADLINE, private=True)
        except FetchError as error:
            self._failed(error.reason)
        except Exception as error:  # noqa: BLE001 - and its text could hold the address
            self._failed(f"a fault of the program ({type(error).__name__})")
        else:
            self._succeeded()

    def _failed(self, reason: str) -> None:
        self._failures += 1
        pause = min(INTERVAL * 2 ** min(self._failures, 8), LONGEST_PAUSE)
        self._due = self._monotonic() + pause
        if reason != self._reason:
            self._reason = reason
            message = f"ping to {self._host} failed, next try in {pause / 60:g} minutes: {reason}"
            self._log.say("ping.failed", message, "warning", host=self._host)

    def _succeeded(self) -> None:
        if self._failures:
            self._failures, self._reason = 0, ""
            self._log.say("ping.mended", f"ping to {self._host} went well again", host=self._host)


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or "an address without a host"
    except ValueError:
        return "an address that is not sound"
