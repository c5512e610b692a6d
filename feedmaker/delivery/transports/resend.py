"""Resend: mail handed over by its HTTP API, which remembers for a day what it was given.

Written after its public documentation: https://resend.com/docs/api-reference/emails/send-email,
https://resend.com/docs/dashboard/emails/idempotency-keys, https://resend.com/docs/api-reference/errors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any

from feedmaker.bounces.webhooks import OWN_ID
from feedmaker.delivery.transports.base import Envelope, Receipt
from feedmaker.delivery.transports.content import read
from feedmaker.delivery.transports.http import (
    HttpTransport,
    Question,
    Turnstile,
    address_of,
    encoded,
    needed,
)
from feedmaker.errors import DeliveryError, UsageError
from feedmaker.secrets import Secret

ADDRESS = "https://api.resend.com/"
KEY = "FEEDMAKER_RESEND_KEY"
_MOST_AT_ONCE = 8  # its limit is a few requests a second, so more threads would only wait
_RENAMED = {"message-id": OWN_ID}
_FIELD = re.compile(r"`(\w+)`")
_SOON = timedelta(seconds=2)


def payload(message: bytes, envelope: Envelope) -> Mapping[str, Any]:
    """Make the body of POST /emails from a finished message.

    Resend writes Date and Message-ID itself; what was the Message-ID goes along as `X-Feedmaker-Message-ID`,
    which its events bring back. It has no place for the envelope's sender: bounces come as events too. Raises
    `DeliveryError` for a message that it could not carry whole.
    """
    content = read(message)
    kept = ((name, value) for name, value in content.headers.items() if name.lower() != "date")
    headers = {_RENAMED.get(name.lower(), name): value for name, value in kept}
    made: dict[str, Any] = {
        # A name in quotes or encoded words is refused here; it has to stand as it is.
        "from": f"{content.name} <{content.address}>" if content.name else content.address,
        "to": [envelope.recipient],
        "subject": content.subject,
        "text": content.text,
        "headers": headers,
    }
    return made if content.html is None else {**made, "html": content.html}


def opened(transport: str, width: int, environ: Mapping[str, str]) -> Resend:
    """Open `resend:`, or `resend:https://HOST/` for another address with the same API.

    Raises `UsageError` where the address cannot be used or the key is not set.
    """
    address = address_of(transport, ADDRESS)
    if address.query:
        raise UsageError("the address of resend: has no parameters; leave them out")
    return Resend(address.geturl(), needed(KEY, environ), width)


class Resend(HttpTransport):
    """Send through Resend: a repeat under the same key within a day changes nothing and is answered alike."""

    provider = "Resend"
    variables = (KEY,)
    remembers = timedelta(hours=24)

    def __init__(self, address: str, key: Secret, width: int, turnstile: Turnstile | None = None) -> None:
        super().__init__(min(width, _MOST_AT_ONCE), [key], turnstile)
        self._address = f"{address}emails"
        self._key = key

    def question(self, message: bytes, envelope: Envelope) -> Question:
        """Write the request, with a key that a message shares with its repeats and with nothing else."""
        headers = {
            "Authorization": f"Bearer {self._key.reveal()}",
            "Content-Type": "application/json",
            "Idempotency-Key": f"feedmaker-{sha256(envelope.key.encode()).hexdigest()}",
        }
        return Question(self._address, headers, encoded(payload(message, envelope)))

    def taken(self, said: Mapping[str, Any]) -> str | None:
        """Return the id that the message has at Resend."""
        name = said.get("id")
        return f"id {name}" if isinstance(name, str) and name else None

    def refused(self, status: int, said: Mapping[str, Any], told: str) -> Receipt | None:
        """Judge by the name of the error, and by the field that its message names."""
        name, field = said.get("name"), _FIELD.search(told)
        if name == "invalid_idempotent_request":
            # Only this delivery has the key, and something was taken under it: the person has got the issue.
            return Receipt("sent", f"taken before, with other bytes ({told})")
        if name == "concurrent_idempotent_requests":
            return Receipt("deferred", told, _SOON)
        if name in ("daily_quota_exceeded", "monthly_quota_exceeded"):
            raise DeliveryError(f"the quota at Resend is used up ({told}); send again when it is renewed")
        if "API key" in told:
            raise self.unwelcome(told)
        if status == 403 and name == "validation_error":
            raise DeliveryError(f"Resend does not let this sender send ({told}); verify the domain there")
        if status not in (400, 422) or not field:
            return None
        if field[1] != "to":
            raise self.refusal(told)
        return Receipt("failed", told)
