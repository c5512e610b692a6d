"""A finished message taken apart, for providers that want to put it together themselves. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parseaddr

from feedmaker.errors import DeliveryError

# What a provider writes itself, and a signature that would not fit what it writes.
_WRITTEN_ANEW = {"from", "to", "subject", "mime-version", "dkim-signature"}
_MORE_RECIPIENTS = {"cc", "bcc", "resent-to", "resent-cc", "resent-bcc"}
_FOLD = re.compile(r"\r?\n(?=[ \t])")
_LINE = re.compile(r"[ -~\t]*")


@dataclass(frozen=True, slots=True)
class Content:
    """Hold what a message says.

    `origin` is the From header as it stands, `name` and `address` what it means; `html` is None in a message
    of text alone. Both parts and the subject are the characters that were put in, with bare line feeds.
    `headers` are those that a provider can pass on as they are: one line of printable ASCII each, unfolded.
    """

    origin: str
    name: str
    address: str
    subject: str
    text: str
    html: str | None
    headers: Mapping[str, str]


def read(message: bytes) -> Content:
    """Take a message apart that `feedmaker.newsletter.message` has written (RFC 5322, RFC 2046).

    Raises `DeliveryError` for one with other parts, with more recipients or with a header that would get
    lost: nothing is left out silently but Content-*, MIME-Version and DKIM-Signature, which no longer fit
    what a provider makes of it.
    """
    parsed = message_from_bytes(message)
    headers = dict(_headers(parsed))
    try:
        origin = headers["from"][1]
        name, address = parseaddr(origin)
        text, html = _parts(parsed)
        return Content(
            origin,
            str(make_header(decode_header(name))),
            address,
            str(make_header(decode_header(headers["subject"][1]))),
            text,
            html,
            {name: value for key, (name, value) in headers.items() if not _is_written_anew(key)},
        )
    except KeyError as error:
        raise _refusal(f"it has no {str(error.args[0]).capitalize()}") from error
    except (HeaderParseError, LookupError, UnicodeError, ValueError) as error:
        raise _refusal("it is written in a way that cannot be read") from error


def _headers(message: Message) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield headers by their names in small letters; each may be there once."""
    seen: set[str] = set()
    for name, folded in message.raw_items():
        key, value = name.lower(), _FOLD.sub("", str(folded))
        if key in seen:
            raise _refusal(f"it has more than one {name}")
        if key in _MORE_RECIPIENTS:
            raise _refusal(f"{name} names more recipients, and each has to get a message of their own")
        if not _LINE.fullmatch(value):
            raise _refusal(f"its {name} is not one line of plain ASCII")
        seen.add(key)
        yield key, (name, value.strip())


def _is_written_anew(key: str) -> bool:
    return key in _WRITTEN_ANEW or key.startswith("content-")


def _parts(message: Message) -> tuple[str, str | None]:
    """Return the text, and the HTML if there is one."""
    if message.get_content_type() == "text/plain":
        return _characters(message), None
    parts = message.get_payload()
    leaves = [part for part in parts if isinstance(part, Message)] if isinstance(parts, list) else []
    kinds = [leaf.get_content_type() for leaf in leaves]
    if message.get_content_type() != "multipart/alternative" or kinds != ["text/plain", "text/html"]:
        raise _refusal(f"it is {message.get_content_type()} of {', '.join(kinds) or 'nothing'}")
    return _characters(leaves[0]), _characters(leaves[1])


def _characters(part: Message) -> str:
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        raise _refusal("a part of it holds no text")
    return data.decode(part.get_content_charset("utf-8")).replace("\r\n", "\n")


def _refusal(reason: str) -> DeliveryError:
    return DeliveryError(
        f"this message cannot be handed to a provider by HTTP: {reason}; use smtp: or smtps: for it"
    )
