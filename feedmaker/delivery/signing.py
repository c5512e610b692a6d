"""DKIM signatures on messages (RFC 6376), with keys of RSA or Ed25519 (RFC 8463).

A signature is a function of message and key: its time is that of the message's own Date, and neither
algorithm uses chance, so a repeat is signed with the same bytes. Headers are signed *relaxed*, for relays
fold them anew, and the body *simple*: quoted-printable text holds nothing that a relay would change.

Keys stand in the environment, in PEM, and the cryptography library works with them.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from hashlib import sha256
from textwrap import wrap
from typing import TYPE_CHECKING, Literal

from feedmaker.addresses import domain_of
from feedmaker.config import Delivery
from feedmaker.delivery.transports.base import Envelope, Receipt, Transport
from feedmaker.errors import UsageError
from feedmaker.secrets import secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    PrivateKey = RSAPrivateKey | Ed25519PrivateKey

Kind = Literal["rsa", "ed25519"]
LEAST_BITS = 1024
"""Keys of RSA below this are refused, as receivers do (RFC 8301, 3.2)."""
_NEW_BITS = 2048
_VARIABLE = "FEEDMAKER_DKIM_KEY_SELECTOR"
# Each of these is signed once more than it occurs, so that nobody can add another one.
_SEALED = (
    *("from", "to", "cc", "reply-to", "subject", "date", "message-id"),
    *("mime-version", "content-type", "content-transfer-encoding"),
    *("list-unsubscribe", "list-unsubscribe-post"),
)
# And each of these as often as it occurs, for relays may add their own.
_SIGNED = ("list-id", "feedback-id")
_FIELDS = re.compile(rb"\r\n(?![\t ])")
_SPACE = re.compile(rb"[\t ]+")
_LINE = 72


class Key:
    """A private key, which never shows itself, and what may be known of it."""

    __slots__ = ("_private", "bits", "kind")

    kind: Kind
    bits: int

    def __init__(self, private: PrivateKey) -> None:
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

        self._private = private
        is_rsa = isinstance(private, RSAPrivateKey)
        self.kind = "rsa" if is_rsa else "ed25519"
        self.bits = private.key_size if isinstance(private, RSAPrivateKey) else 256

    @property
    def public(self) -> str:
        """Return the public key in Base64, as it stands in the DNS (RFC 6376, 3.6.1; RFC 8463, 4)."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        public = self._private.public_key()
        if self.kind == "rsa":
            data = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        else:
            data = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return b64encode(data).decode()

    @property
    def pem(self) -> str:
        """Return the private key itself, unencrypted, for the file that keeps it."""
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

        return self._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    def sign(self, data: bytes) -> bytes:
        """Sign data; several threads may do so at once."""
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.hashes import SHA256

        if isinstance(self._private, RSAPrivateKey):
            return self._private.sign(data, PKCS1v15(), SHA256())
        return self._private.sign(sha256(data).digest())


@dataclass(frozen=True, slots=True)
class _Signature:
    """Hold one signature that each message gets."""

    selector: str
    domain: str
    key: Key


class Signer:
    """Sign messages; several threads may do so at once."""

    def __init__(self, signatures: Sequence[_Signature]) -> None:
        self._signatures = signatures

    def signed(self, message: bytes) -> bytes:
        """Return a message, which has CRLF, with a DKIM-Signature header in front for each signature."""
        head, _, body = message.partition(b"\r\n\r\n")
        fields = _relaxed(head)
        names = tuple(_names(fields))
        covered = b"".join(_in_order(fields, names))
        made = sha256(body.rstrip(b"\r\n") + b"\r\n").digest()
        stamp = _stamp(fields)
        lines = [_header(each, names, covered, made, stamp) for each in self._signatures]
        return b"".join((*lines, message))


class Signed:
    """Carry messages by another transport, each signed on its way."""

    def __init__(self, transport: Transport, signer: Signer) -> None:
        self._transport, self._signer = transport, signer

    @property
    def width(self) -> int:
        """Return how many messages may be under way at once."""
        return self._transport.width

    @property
    def remembers(self) -> timedelta | None:
        """Return for how long a repeat changes nothing."""
        return self._transport.remembers

    def send(self, message: bytes, envelope: Envelope) -> Receipt:
        """Sign a message and hand it over."""
        return self._transport.send(self._signer.signed(message), envelope)

    def close(self) -> None:
        """Let go of connections."""
        self._transport.close()


def signer(delivery: Delivery, sender: str, environ: Mapping[str, str]) -> Signer:
    """Return what signs all mail of the newsletter's `sender`, an address, as the settings say.

    Raises `UsageError` where a key is missing or of no use.
    """
    domain = domain_of(sender)
    signatures = [
        _Signature(each.selector, (each.domain or domain).lower(), read_key(each.selector, environ))
        for each in delivery.dkim
    ]
    return Signer(signatures)


def variable(selector: str) -> str:
    """Name the variable that holds the key of a selector: FEEDMAKER_DKIM_KEY_2026_A for 2026-a."""
    return _VARIABLE.replace("SELECTOR", re.sub("[^A-Z0-9]", "_", selector.upper()))


def read_key(selector: str, environ: Mapping[str, str]) -> Key:
    """Read the private key of a selector from the environment; which kind it is, it says itself.

    Raises `UsageError`, which names the variable and never its value, where the key is missing, damaged,
    locked by a password, of another kind, or too short.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    name = variable(selector)
    found = secret(name, environ)
    if found is None:
        raise UsageError(
            f"{name} is not set, so there is no key for DKIM selector {selector}; set it to a private key in "
            f"PEM, or {name}_FILE to the file that holds one; `feedmaker dkim-key` makes one"
        )
    try:
        private = load_pem_private_key(found.reveal().encode(), password=None)
    except TypeError:
        raise UsageError(f"{name}: the key is locked by a password; store it without one") from None
    except (ValueError, UnsupportedAlgorithm):
        raise UsageError(
            f"{name} is no private key in PEM that can be used; give one as OpenSSL writes it"
        ) from None
    if not isinstance(private, RSAPrivateKey | Ed25519PrivateKey):
        raise UsageError(
            f"{name}: DKIM knows keys of RSA and Ed25519 only; make one with `feedmaker dkim-key`"
        )
    key = Key(private)
    if key.kind == "rsa" and key.bits < LEAST_BITS:
        raise UsageError(
            f"{name}: a key of {key.bits} bits is refused by receivers; make one with `feedmaker dkim-key`"
        )
    return key


def new_key(kind: Kind) -> Key:
    """Make a private key that nobody else has."""
    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

    if kind == "ed25519":
        return Key(ed25519.Ed25519PrivateKey.generate())
    return Key(rsa.generate_private_key(public_exponent=65537, key_size=_NEW_BITS))


_Fields = Mapping[str, Sequence[bytes]]


def _relaxed(head: bytes) -> _Fields:
    """Read the header into its fields, as *relaxed* writes them, by their names (RFC 6376, 3.4.2)."""
    fields: dict[str, list[bytes]] = {}
    for line in _FIELDS.split(head):
        name, _, value = line.partition(b":")
        name = name.rstrip(b"\t ").lower()
        flat = _SPACE.sub(b" ", value.replace(b"\r\n", b"")).strip(b" ")
        fields.setdefault(name.decode("latin-1"), []).append(b"%b:%b\r\n" % (name, flat))
    return fields


def _names(fields: _Fields) -> Iterator[str]:
    """List the fields that are signed."""
    for name in _SEALED:
        yield from [name] * (len(fields.get(name, ())) + 1)
    for name in _SIGNED:
        yield from [name] * len(fields.get(name, ()))


def _in_order(fields: _Fields, names: Sequence[str]) -> Iterator[bytes]:
    """Yield the fields that names stand for: of several the last first, and nothing for one too many."""
    for name in dict.fromkeys(names):
        yield from reversed(fields.get(name, ()))


def _stamp(fields: _Fields) -> int | None:
    """Return when the message says that it was written, in seconds of Unix time."""
    said = fields.get("date", [b""])[-1].partition(b":")[2].decode("ascii", "replace")
    try:
        moment = parsedate_to_datetime(said)
        return int(moment.timestamp()) if moment.tzinfo and moment.year >= 1970 else None
    except (ValueError, OverflowError):
        return None


def _header(
    signature: _Signature, names: tuple[str, ...], covered: bytes, body: bytes, stamp: int | None
) -> bytes:
    """Write one header.

    White space between its lines counts as one space, so its *relaxed* form is the lines joined by spaces.
    """
    lines = [
        f"DKIM-Signature: v=1; a={signature.key.kind}-sha256; c=relaxed/simple;",
        f"d={signature.domain};",
        f"s={signature.selector};" if stamp is None else f"s={signature.selector}; t={stamp};",
        *_listed(names),
        f"bh={b64encode(body).decode()};",
        "b=",
    ]
    flat = " ".join(lines).replace("DKIM-Signature: ", "dkim-signature:", 1)
    made = b64encode(signature.key.sign(covered + flat.encode("ascii"))).decode()
    lines[-1] += "\r\n ".join(made[at : at + _LINE] for at in range(0, len(made), _LINE))
    return ("\r\n ".join(lines) + "\r\n").encode("ascii")


@cache
def _listed(names: tuple[str, ...]) -> Sequence[str]:
    """Write the list of what is signed, in lines that need no folding."""
    return wrap(f"h={': '.join(names)};", _LINE, break_on_hyphens=False)
