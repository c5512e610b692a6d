"""What the rules ask the DNS, and what they get. Pure."""

from __future__ import annotations

from typing import Literal, Protocol

from feedmaker.errors import FeedmakerError

Type = Literal["A", "AAAA", "MX", "PTR", "TXT"]


class UnansweredError(FeedmakerError):
    """Something could not be asked; the text says what and why."""


class Dns(Protocol):
    """Answer questions about names."""

    def ask(self, name: str, kind: Type) -> tuple[str, ...]:
        """Return all records of a name that are of a kind, none where there are none.

        TXT is joined to one text each, MX reads "10 mx.example.org", and names have no dot at their end.
        Raises `UnansweredError` where nobody knows.
        """


def addresses(dns: Dns, host: str) -> tuple[str, ...]:
    """Return the IP addresses of a host, of both kinds."""
    return (*dns.ask(host, "A"), *dns.ask(host, "AAAA"))
