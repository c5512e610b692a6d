"""What a provider tells by calling us: Resend's events, checked before a word of them is believed. Pure.

They are signed as https://docs.svix.com/receiving/verifying-payloads/how-manual describes, and hold what
https://resend.com/docs/webhooks/event-types lists.
"""

from __future__ import annotations

import hmac
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from typing import Any, Literal

from feedmaker.bounces.kinds import holds_code, kind_of
from feedmaker.bounces.report import Report
from feedmaker.errors import FeedmakerError, UsageError
from feedmaker.secrets import Secret
from feedmaker.text import plain_line

SECRET = "FEEDMAKER_RESEND_WEBHOOK_SECRET"  # noqa: S105 - the name of the variable, not what it holds
OWN_ID = "X-Feedmaker-Message-ID"
"""Where our Message-ID stands in what Resend is sent, and brings back."""
TOLERANCE = timedelta(minutes=5)
_SECONDS = re.compile("[0-9]{1,11}")
_SHORTEST_KEY = 16
_QUOTED = 300
_Kind = Literal["hard", "soft", "outage", "complaint", "delivered"]


class ForgedError(FeedmakerError):
    """A call that says it comes from a provider does not, or comes too late; believe nothing of it."""


def events(body: bytes, headers: Mapping[str, str], secret: Secret, now: datetime) -> list[Report]:
    """Read one call from Resend into reports; none for events that say nothing of what became of a message.

    `body` is as it came, byte for byte; the case of header names does not matter. Raises `ForgedError` where
    the signature is not made with the secret or is more than five minutes away from `now`, and `UsageError`
    where the secret itself is none.
    """
    _check(body, {name.lower(): value for name, value in headers.items()}, secret, now)
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        return []
    data = _object(_object(event).get("data"))
    told = _told(str(_object(event).get("type")), data)
    if told is None:
        return []
    kind, diagnosis = told
    message_id = _message_id(data)
    line = plain_line(diagnosis[:_QUOTED])
    return [Report(kind, address, None, message_id, line) for address in _addresses(data)]


def _check(body: bytes, headers: Mapping[str, str], secret: Secret, now: datetime) -> None:
    name, moment = headers.get("svix-id", ""), headers.get("svix-timestamp", "")
    if not name or not _SECONDS.fullmatch(moment):
        raise ForgedError("this call is not signed")
    if abs(now - datetime.fromtimestamp(int(moment), UTC)) > TOLERANCE:
        raise ForgedError("this call was signed too long ago, or in the future; check this machine's clock")
    signed = b".".join((name.encode(errors="replace"), moment.encode(), body))
    made = b64encode(hmac.digest(signing_key(secret), signed, "sha256"))
    # There are several while a secret is being exchanged for another one.
    versions = (each.partition(",") for each in headers.get("svix-signature", "").split(" "))
    given = [found.encode(errors="replace") for version, _, found in versions if version == "v1"]
    if not any(hmac.compare_digest(made, each) for each in given):
        raise ForgedError(f"this call is not signed with {SECRET}")


def signing_key(secret: Secret) -> bytes:
    """Return the key with which a secret signs; raise `UsageError`, not repeating it, where it holds none."""
    try:
        key = b64decode(secret.reveal().removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    if len(key) < _SHORTEST_KEY:
        raise UsageError(f"{SECRET} is no secret of a webhook; copy it whole, from whsec_ on")
    return key


def _told(event: str, data: Mapping[str, Any]) -> tuple[_Kind, str] | None:
    """Return what an event means and what it says, or None where it means nothing for us."""
    if event == "email.delivered":
        return "delivered", "taken by the receiver's server"
    if event == "email.complained":
        return "complaint", "marked as spam"
    if event == "email.bounced":
        return _bounce(_object(data.get("bounce")))
    if event == "email.suppressed":
        found = _object(data.get("suppressed"))
        kind: _Kind = "complaint" if found.get("reason") == "previous_complaint" else "hard"
        return kind, _words(found)
    if event == "email.failed":
        # Resend could not send it, for reasons such as a quota; the address can do nothing about that.
        return "outage", _words({"message": _object(data.get("failed")).get("reason")})
    return None


def _bounce(bounce: Mapping[str, Any]) -> tuple[_Kind, str]:
    """Judge what the receiver's server said as in any report; Resend's type stands for a code that it lacks.

    What Resend itself tells people has no codes, and says nothing.
    """
    message, told = str(bounce.get("message")), bounce.get("type")
    said = "; ".join(_codes(bounce)) or (message if holds_code(message) else "")
    assumed = "5.1.1" if told == "Permanent" else "4.2.0"
    kind = kind_of(None if holds_code(said) else assumed, said)
    return ("soft" if kind == "hard" and told == "Transient" else kind), _words(bounce)


def _codes(found: Mapping[str, Any]) -> list[str]:
    """Return what servers said, as Resend quotes them."""
    codes = found.get("diagnosticCode")
    return [each for each in (codes if isinstance(codes, list) else [codes]) if isinstance(each, str)]


def _words(found: Mapping[str, Any]) -> str:
    """Join what a server and Resend say of a message that was not delivered."""
    message = found.get("message")
    return "; ".join([*_codes(found), *([message] if isinstance(message, str) else [])]) or "no reason given"


def _addresses(data: Mapping[str, Any]) -> list[str | None]:
    """Return whom an event is about; one of ours has one recipient."""
    to = data.get("to")
    found = (
        [parseaddr(each)[1].lower() for each in to if isinstance(each, str)] if isinstance(to, list) else []
    )
    return [each for each in found if each] or [None]


def _message_id(data: Mapping[str, Any]) -> str | None:
    """Return the Message-ID that the message had before Resend gave it another one."""
    headers = data.get("headers")
    for header in map(_object, headers if isinstance(headers, list) else []):
        name, value = header.get("name"), header.get("value")
        if isinstance(name, str) and isinstance(value, str) and name.lower() == OWN_ID.lower():
            return value
    return None


def _object(found: Any) -> Mapping[str, Any]:
    return found if isinstance(found, dict) else {}
