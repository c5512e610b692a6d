"""What a returned message says, and the address by which it is known which delivery it is about. Pure.

Each delivery has an envelope sender of its own (VERP): between LOCAL and @DOMAIN of the return path stands
+KEY, with the key of the delivery. Whatever comes back to that address is about that delivery, however little
else it says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["hard", "soft", "outage", "complaint", "delivered", "leave"]

LOCAL_LIMIT = 64
"""How many octets stand before the @ at most (RFC 5321, 4.5.3.1.1)."""

_KEY = re.compile(r"[a-z0-9_-]{1,40}")


@dataclass(frozen=True, slots=True)
class Report:
    """Say what came back about one recipient.

    *hard*: the mailbox does not exist or is closed. *soft*: it may take mail another time. *outage*: the
    failure says nothing of the person, but of the sender, the message or the receiving system. *complaint*:
    the person called the message spam. *delivered*: it arrived. *leave*: the person asks to be unsubscribed.

    `key` is the one in the address to which it came back, and `message_id` that of our message, in angle
    brackets. Anybody can send a bounce to any address, so a report counts only where one of the two is that
    of a delivery of ours, and nobody must be able to guess either. `address` proves nothing: it is what the
    report names, which after forwarding is another person's, and in complaints often blackened. `unsubscribe`
    is the web address in List-Unsubscribe of our message, for complaints from which all else was cut, or what
    a mail that asks to leave has in its subject; it holds the reader's own token, so it is shown to nobody.
    `diagnosis` is one line for people, empty where nothing was said.
    """

    kind: Kind
    address: str | None
    key: str | None
    message_id: str | None
    diagnosis: str
    unsubscribe: str | None = field(default=None, repr=False)


def return_address(base: str, key: str) -> str:
    """Return the envelope sender of one delivery: LOCAL+KEY@DOMAIN for the return path `base`.

    A key is at most 40 small letters, digits, - and _, such as base32 in lower case: some servers change
    the case of what stands before the @, so two keys must not differ in case alone. Raises `ValueError` for
    any other, and where LOCAL leaves no room for it.
    """
    if not _KEY.fullmatch(key):
        raise ValueError(
            f"{key!r} is no key of a delivery; expected at most 40 small letters, digits, - and _"
        )
    local, _, domain = base.rpartition("@")
    if len(f"{local}+{key}".encode()) > LOCAL_LIMIT:
        raise ValueError(f"{base} is too long before the @ to take a key of {len(key)} characters")
    return f"{local}+{key}@{domain}"


def key_of(address: str, base: str) -> str | None:
    """Return the key, in small letters, of an address that was made from `base`; None for any other."""
    local, _, domain = base.lower().rpartition("@")
    found, _, found_domain = address.strip().lower().rpartition("@")
    key = found.removeprefix(f"{local}+")
    return key if key != found and found_domain == domain and _KEY.fullmatch(key) else None
