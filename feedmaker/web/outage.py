"""While the state database cannot be used: said once when that begins, and once when it is over."""

from __future__ import annotations

from feedmaker.signs.log import Log


class Outage:
    """Count whom an outage turns away, however many those are; for one thread.

    It lasts until something could be written: to read may be possible all the time.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._why = ""
        self._turned_away = 0

    def turn_away(self, why: str) -> None:
        """Note that a request was turned away; say why, unless the last one was for the same reason."""
        self._turned_away += 1
        if why != self._why:
            self._why = why
            self._log.say("signup.failed", why, "error")

    def end(self) -> None:
        """Say that it is over, and how many were turned away; nothing where there was no outage."""
        if self._turned_away:
            said = (
                f"the state database can be used again; requests that were turned away: {self._turned_away}"
            )
            self._log.say("signup.mended", said, turned_away=self._turned_away)
            self._why, self._turned_away = "", 0
