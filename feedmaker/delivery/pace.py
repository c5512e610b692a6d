"""How fast messages go out: so many in a time, to all and to each domain. Pure."""

from __future__ import annotations

_SWEEP_AT = 1024
_TINY = 1e-6  # seconds; what is left of a wait when numbers are rounded is none


class Pace:
    """Keep messages apart: any two by `pause` seconds at least, and two to one domain by `domain_pause`.

    Nobody has a place in a line: who has waited asks again, so a domain that must wait holds up no other.
    Only domains that must wait are remembered. Numbers are seconds.
    """

    def __init__(self, pause: float = 0.0, domain_pause: float = 0.0) -> None:
        self._pause, self._domain_pause = pause, domain_pause
        self._next = 0.0
        self._next_to: dict[str, float] = {}
        self._sweep_at = _SWEEP_AT

    def take_turn(self, domain: str, now: float) -> float:
        """Let a message go at `now`, in seconds, and return 0; or return after how many to ask again."""
        left = max(self._left(now), self._left_to(domain, now))
        if left:
            return left
        if self._pause:
            self._next = now + self._pause
        if self._domain_pause:
            self._next_to[domain] = now + self._domain_pause
            self._sweep(now)
        return 0.0

    @property
    def is_slow(self) -> bool:
        """Tell whether messages have to be let go one by one."""
        return bool(self._pause or self._domain_pause)

    def is_open(self, now: float) -> bool:
        """Tell whether a message to some domain may go at `now`."""
        return not self._left(now)

    def waiting(self, now: float) -> list[str]:
        """Return the domains to which no message may go at `now`."""
        return [domain for domain in self._next_to if self._left_to(domain, now)]

    def soonest(self, now: float) -> float:
        """Return after how many seconds another message may go to somebody who must wait at `now`."""
        waits = filter(None, (self._left_to(domain, now) for domain in self._next_to))
        return max(self._left(now), min(waits, default=0.0))

    def _left(self, now: float) -> float:
        return _left(self._next, now, self._pause)

    def _left_to(self, domain: str, now: float) -> float:
        return _left(self._next_to.get(domain, now), now, self._domain_pause)

    def _sweep(self, now: float) -> None:
        """Forget the domains that need not wait, each time that there are twice as many as after the last."""
        if len(self._next_to) > self._sweep_at:
            self._next_to = {domain: free for domain, free in self._next_to.items() if free > now}
            self._sweep_at = max(_SWEEP_AT, 2 * len(self._next_to))


def _left(free: float, now: float, pause: float) -> float:
    """Return how long it is until `free`; a wait beyond the pause is from before the clock was set back."""
    left = free - now
    return left if _TINY < left <= pause + _TINY else 0.0
