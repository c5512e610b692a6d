"""The message that carries an issue: RFC 5322 around RFC 2046 multipart/alternative. Pure.

The parts are written once per issue; a recipient adds three lines. Everything that changes between two
messages is an argument, so a repeat is equal byte by byte. No value can add a header of its own: each is one
line of printable ASCII, or encoded words (RFC 2047) that hold no line break.
"""

from __future__ import annotations

import re
from datetime import datetime
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import blake2b

from feedmaker.config import Newsletter
from feedmaker.errors import GateError
from feedmaker.newsletter.issue import unsubscribe_address

LINE_LIMIT = 998
TOKEN_SLOT = "TOKEN-SLOT-OF-A-READER"  # noqa: S105 - it stands where a token goes
_POLICY = SMTP.clone(max_line_length=76)
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ADDRESS = re.compile(rf"{_ATOM}(\.{_ATOM})*@[A-Za-z0-9.-]+")
_ATOMS = re.compile(rf"{_ATOM}( {_ATOM})*")
_VALUE = re.compile(r"[\x21-\x7e]([\x20-\x7e]|\r\n )*")
_BREAKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")


class Letter:
    """One issue, written once, that can be addressed to any number of recipients."""

    def __init__(self, letter: Newsletter, *, subject: str, html: str, text: str) -> None:
        """Write what all messages share; raise `GateError` where a value cannot stand in a header."""
        address = _address(letter.sender.email)
        leave = unsubscribe_address(letter).replace("<", "%3C").replace(">", "%3E")
        # The list is named after the sender, so that a new title breaks nobody's filters.
        label = address.replace("@", ".")
        headers = (
            _header("From", _named(letter.sender.name, address)),
            _header("Subject", _unstructured("Subject", subject)),
            _header("List-Id", _named(letter.title, label)),
            _header("List-Unsubscribe", f"<{leave}>"),
            _header("Precedence", "bulk"),
            _header("Auto-Submitted", "auto-generated"),
        )
        self._shared = b"".join(headers) + _body(html, text)

    def addressed(self, recipient: str, message_id: str, date: datetime) -> bytes:
        """Return the message for one recipient, with CRLF; `date` has a zone.

        Raises `GateError` where the address or the Message-ID cannot stand in a header.
        """
        headers = (
            _header("Date", format_datetime(date)),
            _header("To", _address(recipient)),
            _header("Message-ID", message_id),
        )
        return b"".join((*headers, self._shared))


def _body(html: str, text: str) -> bytes:
    """Write both parts in quoted-printable, whose lines no mail server breaks, plain text first."""
    message = EmailMessage(_POLICY)
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    # No line of quoted-printable holds "=_", so the boundary cannot stand in a part.
    message.set_boundary(f"=_{blake2b(f'{text}{html}'.encode(), digest_size=15).hexdigest()}")
    return message.as_bytes()


def _header(name: str, value: str) -> bytes:
    lines = f"{name}: {value}\r\n"
    if not _VALUE.fullmatch(value) or max(map(len, lines.split("\r\n"))) > LINE_LIMIT:
        raise GateError(f"{name}: {value!r} cannot stand in the header of a message")
    return lines.encode("ascii")


def _address(address: str) -> str:
    if not _ADDRESS.fullmatch(address):
        raise GateError(
            f'"{address}" is no address for mail; expected plain letters, as in letter@example.org'
        )
    return address


def _named(name: str, angle: str) -> str:
    """Write a name and what it stands for, on one line where they fit."""
    phrase = _phrase(name)
    gap = " " if len(phrase) + len(angle) < 64 else "\r\n "
    return f"{phrase}{gap}<{angle}>"


def _phrase(text: str) -> str:
    """Write a display name: as it is, in quotes, or as encoded words."""
    line = _BREAKS.sub(" ", text).strip()
    if not _is_plain(line) or len(line) > 60:
        return _encoded_words("From", line)
    if _ATOMS.fullmatch(line):
        return line
    return '"' + line.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _unstructured(name: str, text: str) -> str:
    line = _BREAKS.sub(" ", text).strip()
    return line if _is_plain(line) else _encoded_words(name, line)


def _is_plain(line: str) -> bool:
    """Tell what can stand as it is from what needs encoding, or would be taken for it."""
    return line.isascii() and "=?" not in line


def _encoded_words(name: str, line: str) -> str:
    return Header(line, "utf-8", maxlinelen=76, header_name=name).encode(linesep="\r\n")
