"""The message that carries an issue: RFC 5322 around RFC 2046 multipart/alternative. Pure.

The issue is written once; a recipient adds three lines and a token. Everything that changes between two
messages is an argument, so a repeat is equal byte by byte. No value can add a header of its own: each is one
line of printable ASCII, or encoded words (RFC 2047) that hold no line break. Only the recipient may have
letters of other scripts before the @, which stand there in UTF-8 (RFC 6532).
"""

from __future__ import annotations

import re
from datetime import datetime
from email.header import Header
from email.utils import format_datetime
from hashlib import blake2b
from textwrap import wrap

from feedmaker.config import Newsletter
from feedmaker.errors import GateError
from feedmaker.newsletter.leaving import TOKEN_SLOT, is_one_click, unsubscribe_address
from feedmaker.tokens import SIZE

LINE_LIMIT = 998
HEADER_WIDTH = 76
TOKEN_LIMIT = 70
_SLOT = TOKEN_SLOT.encode("ascii")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ADDRESS = re.compile(rf"(?=.{{1,254}}\Z){_ATOM}(\.{_ATOM})*@[A-Za-z0-9.-]+")
_WIDE = _ATOM.replace("A-Z", "A-Z\u00a1-\ud7ff\ue000-\U0010ffff")
_RECIPIENT = re.compile(rf"(?=.{{1,254}}\Z){_WIDE}(\.{_WIDE})*@[A-Za-z0-9.-]+")
_ATOMS = re.compile(rf"{_ATOM}( {_ATOM})*")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,900}>")
_TOKEN = re.compile(rf"[A-Za-z0-9_-][A-Za-z0-9._~-]{{0,{TOKEN_LIMIT - 1}}}")
_VALUE = re.compile(rf"[!-~]([ -~{TOKEN_SLOT}]|\r\n )*")
_BREAKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")

_RISKY = re.compile(rb"[^\t\n -\x7f]+|[\t ](?=\n|\Z)")
_LONG = re.compile(rb"(?=.{75}).{71,73}(?<!=)(?<!=.)")
_MISREAD = re.compile(rb"^(?:\.|F(?=rom ))", re.MULTILINE)


class Letter:
    """One issue, written once, that can be addressed to any number of recipients.

    In both parts a reader's own token goes where `TOKEN_SLOT` stands.
    """

    def __init__(self, letter: Newsletter, *, subject: str, html: str, text: str) -> None:
        """Write what all messages share; raise `GateError` where a value cannot stand in a header."""
        address = _address(letter.sender.email)
        # The list is named after the sender, so that a new title breaks nobody's filters.
        label = address.replace("@", ".")
        shared = (
            _header("From", _named("From", letter.sender.name, address)),
            _header("Subject", _unstructured("Subject", subject)),
            _header("List-Id", _named("List-Id", letter.title, label)),
            *_leaving(letter),
            _header("Precedence", "bulk"),
            _header("Auto-Submitted", "auto-generated"),
            _header("MIME-Version", "1.0"),
            _alternatives(html, text),
        )
        self._first, *self._others = b"".join(shared).split(_SLOT)

    def addressed(self, recipient: str, message_id: str, date: datetime, token: str) -> bytes:
        """Return the message for one recipient, with CRLF; `date` has a zone.

        Raises `GateError` where the address, the Message-ID or the token cannot stand in a message.
        """
        if not _MESSAGE_ID.fullmatch(message_id):
            raise _refusal("Message-ID", message_id)
        if not _TOKEN.fullmatch(token):
            raise GateError(
                f"{token!r} is no token; expected at most {TOKEN_LIMIT} letters, digits and - . _ ~"
            )
        own = f"Date: {format_datetime(date)}\r\n".encode() + _to(recipient)
        own += f"Message-ID: {message_id}\r\n".encode()
        return token.encode("ascii").join((own + self._first, *self._others))


def plain_message(
    letter: Newsletter, recipient: str, *, subject: str, text: str, message_id: str, date: datetime
) -> bytes:
    """Return a message of text alone from the newsletter's sender to one person, with CRLF.

    Raises `GateError` where a value cannot stand in a header.
    """
    headers = (
        _header("Date", format_datetime(date)),
        _to(recipient),
        _header("Message-ID", message_id),
        _header("From", _named("From", letter.sender.name, _address(letter.sender.email))),
        _header("Subject", _unstructured("Subject", subject)),
        _header("Auto-Submitted", "auto-generated"),
        _header("MIME-Version", "1.0"),
        _header("Content-Type", 'text/plain; charset="utf-8"'),
        _header("Content-Transfer-Encoding", "quoted-printable"),
    )
    return b"".join((*headers, b"\r\n", _quoted_printable(text)))


def encoded_size(html: str) -> int:
    """Return how many bytes the HTML part has as it is sent, with a reader's token in it."""
    return len(_quoted_printable(html)) + html.count(TOKEN_SLOT) * (SIZE - 1)


def _alternatives(html: str, text: str) -> bytes:
    """Write both parts, plain text first."""
    bodies = {"plain": _quoted_printable(text), "html": _quoted_printable(html)}
    # No line of quoted-printable begins with "--=_", so the boundary cannot stand in a part.
    boundary = f"=_{blake2b(b'='.join(bodies.values()), digest_size=15).hexdigest()}"
    parts = (
        f'--{boundary}\r\nContent-Type: text/{subtype}; charset="utf-8"\r\n'
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n".encode()
        + body
        for subtype, body in bodies.items()
    )
    head = f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n'.encode()
    return b"\r\n".join((head, *parts, f"--{boundary}--\r\n".encode()))


def _quoted_printable(text: str) -> bytes:
    """Write text so that no mail server changes it (RFC 2045, 6.7; RFC 2049, 3): lines of at most 76 signs.

    Each slot stands on a line of its own between soft line breaks, so any token fits. The standard library's
    two encoders write lines of 77 signs, or take ten times as long.
    """
    data = text.replace("\r\n", "\n").replace("\r", "\n").encode().replace(b"=", b"=3D")
    data = _RISKY.sub(lambda found: f"={found[0].hex('=').upper()}".encode(), data)
    data = data.replace(_SLOT, b"=\n%b=\n" % _SLOT).removesuffix(b"=\n")
    data = _LONG.sub(lambda found: found[0] + b"=\n", data)
    data = _MISREAD.sub(lambda found: b"=%02X" % found[0][0], data)
    return data.replace(b"\n", b"\r\n")


def _leaving(letter: Newsletter) -> tuple[bytes, ...]:
    """Write how a mail program unsubscribes its reader (RFC 2369, RFC 8058); an address is never folded."""
    address = unsubscribe_address(letter, TOKEN_SLOT).replace("<", "%3C").replace(">", "%3E")
    header = _header("List-Unsubscribe", f"<{address}>")
    if not is_one_click(letter):
        return (header,)
    return header, _header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")


def _header(name: str, value: str) -> bytes:
    lines = f"{name}: {value}\r\n"
    widest = max(map(len, lines.replace(TOKEN_SLOT, "x" * TOKEN_LIMIT).split("\r\n")))
    if not _VALUE.fullmatch(value) or widest > LINE_LIMIT:
        raise _refusal(name, value)
    return lines.encode("ascii")


def _refusal(name: str, value: str) -> GateError:
    return GateError(f"{name}: {value!r} cannot stand in the header of a message")


def _address(address: str) -> str:
    if not _ADDRESS.fullmatch(address):
        raise _no_address(address)
    return address


def _to(recipient: str) -> bytes:
    if not _RECIPIENT.fullmatch(recipient):
        raise _no_address(recipient)
    return f"To: {recipient}\r\n".encode()


def _no_address(address: str) -> GateError:
    return GateError(f'"{address}" is no address for mail; expected plain letters, as in letter@example.org')


def _named(header: str, name: str, angle: str) -> str:
    """Write a name and what it stands for, on one line where they fit."""
    phrase = _phrase(header, name)
    gap = " " if len(header) + len(phrase) + len(angle) + 5 <= HEADER_WIDTH else "\r\n "
    return f"{phrase}{gap}<{angle}>"


def _phrase(header: str, text: str) -> str:
    """Write a display name: as it is, in quotes, or as encoded words."""
    line = _BREAKS.sub(" ", text).strip()
    if not _is_plain(line) or len(line) > 60:
        return _encoded_words(header, line)
    if _ATOMS.fullmatch(line):
        return line
    return '"' + line.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _unstructured(name: str, text: str) -> str:
    """Write words, folded between them where they need more than a line."""
    line = _BREAKS.sub(" ", text).strip()
    begun = f"{name}: "
    lines = wrap(
        f"{begun}{line}", HEADER_WIDTH, subsequent_indent=" ", break_long_words=False, break_on_hyphens=False
    )
    fits = len(lines[0]) > len(begun) and max(map(len, lines)) <= HEADER_WIDTH
    return "\r\n".join(lines).removeprefix(begun) if _is_plain(line) and fits else _encoded_words(name, line)


def _is_plain(line: str) -> bool:
    """Tell what can stand as it is from what needs encoding, or would be taken for it."""
    return line.isascii() and "=?" not in line


def _encoded_words(name: str, line: str) -> str:
    return Header(line, "utf-8", maxlinelen=HEADER_WIDTH, header_name=name).encode(linesep="\r\n")
