"""robots.txt: what a host lets feedmaker ask for, and how fast (RFC 9309). Pure."""

from __future__ import annotations

from http import HTTPStatus

AGENT = "feedmaker"
LIMIT = 512_000
"""How many bytes of a robots.txt are read; RFC 9309 wants at least 500 KiB."""

LONGEST_PAUSE = 30.0


def robots_text(status: int, body: bytes = b"") -> str | None:
    """Return the rules that an answer means (RFC 9309, 2.3.1); None where the host is to be left alone."""
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return body[:LIMIT].decode("utf-8-sig", "replace")
    has_none = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    return "" if has_none and status != HTTPStatus.TOO_MANY_REQUESTS else None


class Rules:
    """Tell which addresses of a host may be asked for, and the seconds to wait in between."""

    def __init__(self, text: str) -> None:
        from protego import Protego

        self._rules = Protego.parse(text)
        delay = self._rules.crawl_delay(AGENT) or 0.0
        self.pause = min(max(delay, 0.0), LONGEST_PAUSE)

    def allow(self, address: str) -> bool:
        """Tell whether an address may be asked for."""
        return self._rules.can_fetch(address, AGENT)
