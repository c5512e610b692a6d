"""A session with a mail server (RFC 5321): it is opened, takes messages one after another, and is ended.

What a reply means for a message is decided here. Nothing is tried twice, and nothing here knows of a second
connection.
"""

from __future__ import annotations

import re
import socket
import ssl
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from feedmaker.delivery.transports.base import Envelope, Receipt
from feedmaker.delivery.transports.smtp_wire import (
    ClosedError,
    Reply,
    Wire,
    WireError,
)
from feedmaker.errors import DeliveryError
from feedmaker.secrets import Secret

_FULL_NAME = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_LAST_WORDS = 0.1  # seconds for a reply that came before the connection broke
_GOING_DOWN = 421


class EndedError(Exception):
    """The connection ended before a message was begun, which certainly was not taken; another may do."""


class Login(NamedTuple):
    """Hold who signs in."""

    user: Secret
    password: Secret


@dataclass(frozen=True, slots=True)
class Server:
    """Say which mail server is meant, and how patient one is with it.

    Without `tls` everything goes in the clear. `timeout` is how many seconds each step may take, and
    `patience` how many the reply to a whole message may.
    """

    host: str
    port: int
    tls: ssl.SSLContext | None = None
    begins_with_tls: bool = False
    login: Login | None = None
    timeout: float = 60.0
    patience: float = 600.0

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class _Step(NamedTuple):
    """A command, and the first digit of the reply that lets a message go on."""

    name: str
    command: bytes
    wanted: int = 2


class Session:
    """Hold a connection on which a server takes messages, one at a time.

    `is_usable` tells whether the next message may be tried on it. After what failed it is not, except where
    the server has answered all it was asked.
    """

    def __init__(self, server: Server) -> None:
        """Connect, begin TLS, introduce this machine and sign in.

        Raises `DeliveryError` where the server cannot be reached or does not want us, and `EndedError` where
        it says that it may later.
        """
        self.is_usable = False
        self._server = server
        self._offers: dict[str, list[str]] = {}
        self._is_half_done = False
        self._wire = _connected(server)
        try:
            self._begin()
        except ClosedError as error:
            raise EndedError(f"{server} {error}") from error
        except WireError as error:
            raise DeliveryError(f"{server} {error}; is that the port of a mail server?") from error
        finally:
            if not self.is_usable:
                self._wire.close()

    def hand_over(self, message: bytes, envelope: Envelope) -> Receipt:
        """Hand over a message whose addresses are sound, and wait for the reply.

        Raises `DeliveryError` where the server refuses the sender, and `EndedError`.
        """
        unfit = self._unfit(len(message), envelope)
        if unfit:
            return Receipt("failed", unfit)
        self.is_usable = False
        refusal = self._introduce(envelope, len(message))
        return refusal or self._transfer(message)

    def say_goodbye(self) -> None:
        """Ask the server to end the session (RFC 5321, 4.1.1.10)."""
        try:
            self._wire.write(b"QUIT\r\n", self._server.timeout)
        except WireError:
            self.is_usable = False

    def close(self, seconds: float = 0.0) -> None:
        """Let go of the connection; where it was said goodbye on, wait so long for the answer."""
        if self.is_usable and seconds > 0:
            with suppress(WireError):
                self._wire.read(seconds)
        self._wire.close()

    # Opening

    def _begin(self) -> None:
        server = self._server
        if server.tls and server.begins_with_tls:
            self._secure(server.tls)
        self._agreed(self._wire.read(server.timeout), "takes no mail from this machine")
        self._greet()
        if server.tls and not server.begins_with_tls:
            self._start_tls(server.tls)
        if server.login:
            self._sign_in(server.login)
        self.is_usable = True

    def _greet(self) -> None:
        """Say which machine this is, and learn what the server offers (RFC 5321, 4.1.1.1)."""
        reply = self._ask(b"EHLO %b\r\n" % _own_name(self._wire.own_address).encode("ascii"))
        self._agreed(reply, "refuses EHLO")
        words = [line.upper().split() for line in reply.lines[1:]]
        self._offers = {name: parameters for name, *parameters in filter(None, words)}

    def _start_tls(self, tls: ssl.SSLContext) -> None:
        """Begin TLS on a connection that is in the clear, and forget what was said on it (RFC 3207)."""
        if "STARTTLS" not in self._offers:
            raise DeliveryError(
                f"{self._server} offers no STARTTLS, and mail is not handed over in the clear; "
                "use another port of it, such as 587, or smtps:"
            )
        self._agreed(self._ask(b"STARTTLS\r\n"), "refuses STARTTLS")
        self._secure(tls)
        self._greet()

    def _secure(self, tls: ssl.SSLContext) -> None:
        try:
            self._wire.secure(tls, self._server.host, self._server.timeout)
        except ssl.SSLCertVerificationError as error:
            raise DeliveryError(
                f"{self._server} has a certificate that is not to be trusted ({error.verify_message}); use "
                "the name that stands in it, or name the file of its authority in SSL_CERT_FILE"
            ) from error
        except ssl.SSLError as error:
            cure = "; servers that begin without it want smtp:" if self._server.begins_with_tls else ""
            raise DeliveryError(
                f"{self._server} does not speak TLS ({error.reason or error}){cure}"
            ) from error

    def _sign_in(self, login: Login) -> None:
        """Give name and password (RFC 4954), by PLAIN (RFC 4616) or by what older servers have."""
        # Variables may hold bytes that are no UTF-8; they are sent as they are.
        user, password = (each.reveal().encode("utf-8", "surrogateescape") for each in login)
        offered = self._offers.get("AUTH", [])
        if "PLAIN" in offered:
            answers = [b"AUTH PLAIN " + b64encode(b"\0%b\0%b" % (user, password))]
        elif "LOGIN" in offered:
            answers = [b"AUTH LOGIN", b64encode(user), b64encode(password)]
        else:
            raise DeliveryError(
                f"{self._server} offers no way to sign in that feedmaker knows (PLAIN or LOGIN); "
                "use the port that it has for that, such as 587, or name no user"
            )
        for number, answer in enumerate(answers, 1):
            reply = self._ask(answer + b"\r\n")
            if number < len(answers) and reply.code == 334:
                continue
            # Some servers repeat the command that they do not understand.
            private = {*(each.decode() for each in answers), login.user.reveal(), login.password.reveal()}
            self._agreed(
                _without(private, reply),
                "refuses the user or the password",
                "look at FEEDMAKER_SMTP_USER and FEEDMAKER_SMTP_PASSWORD",
            )
            return

    def _ask(self, command: bytes) -> Reply:
        self._wire.write(command, self._server.timeout)
        return self._wire.read(self._server.timeout)

    def _agreed(self, reply: Reply, otherwise: str, cure: str = "ask those who run it") -> None:
        """Go on after a good reply; else raise `EndedError`, or `DeliveryError` for what is meant to stay."""
        if reply.kind == 4:
            raise EndedError(f"{self._server} {otherwise} now: {reply}")
        if reply.kind != 2:
            raise DeliveryError(f"{self._server} {otherwise}: {reply}; {cure}")

    # One message

    def _unfit(self, size: int, envelope: Envelope) -> str:
        """Say why the server cannot take a message, by what it offers (RFC 1870, RFC 6531).

        Raises `DeliveryError` where that is the sender's fault, and so would be the same for all.
        """
        limit = next(iter(self._offers.get("SIZE", [])), "")
        if limit.isdecimal() and 0 < int(limit) < size:
            return f"the message has {size} bytes, and {self._server} takes at most {limit}"
        if _is_ascii(envelope) or "SMTPUTF8" in self._offers:
            return ""
        if not envelope.sender.isascii():
            raise DeliveryError(
                f"{self._server} takes only senders of ASCII letters (it offers no SMTPUTF8); "
                "set delivery.return_path to such an address"
            )
        return f"{self._server} takes only addresses of ASCII letters (it offers no SMTPUTF8)"

    def _introduce(self, envelope: Envelope, size: int) -> Receipt | None:
        """Say from whom and to whom; return None once the server waits for the message."""
        answers, error = self._asked(self._steps(envelope, size))
        refused = next((answer for answer in answers if answer[1].kind != answer[0].wanted), None)
        if not refused:
            if error:
                raise EndedError(f"{self._server} {error}") from error
            return None
        verdict = self._verdict(*refused)
        if not error:
            self._tidy_up(refused[0], *answers[-1])
        return verdict

    def _steps(self, envelope: Envelope, size: int) -> list[_Step]:
        parameters = f" SIZE={size}" if "SIZE" in self._offers else ""
        if not _is_ascii(envelope):
            parameters += " SMTPUTF8"
        steps = [
            _Step("MAIL", f"MAIL FROM:<{envelope.sender}>{parameters}\r\n".encode()),
            _Step("RCPT", f"RCPT TO:<{envelope.recipient}>\r\n".encode()),
            _Step("DATA", b"DATA\r\n", 3),
        ]
        # What was refused half-way may still stand there, and a second MAIL would be one too many.
        return [_Step("RSET", b"RSET\r\n"), *steps] if self._is_half_done else steps

    def _asked(self, steps: list[_Step]) -> tuple[list[tuple[_Step, Reply]], WireError | None]:
        """Give commands, in one go where the server takes that (RFC 2920), and return the answers.

        There are fewer answers where the connection broke, which is the error, or no more are to be had.
        """
        answers: list[tuple[_Step, Reply]] = []
        in_one_go = "PIPELINING" in self._offers
        try:
            if in_one_go:
                self._wire.write(b"".join(step.command for step in steps), self._server.timeout)
            for step in steps:
                reply = self._wire.read(self._server.timeout) if in_one_go else self._ask(step.command)
                answers.append((step, reply))
                if reply.code == _GOING_DOWN or (reply.kind != step.wanted and not in_one_go):
                    break
        except WireError as error:
            return answers, error
        return answers, None

    def _tidy_up(self, refused: _Step, last: _Step, reply: Reply) -> None:
        """Make a connection on which a message was refused fit for the next one, if that can be done."""
        self._is_half_done = True
        self.is_usable = reply.code != _GOING_DOWN
        if reply.kind == last.wanted == 3:
            # The server wants a message that goes to nobody (RFC 2920, 3.1). Where somebody may have been
            # accepted, the lone dot would be a message, so the connection is dropped instead.
            self.is_usable = refused.name == "RCPT" and self._sends_nothing()

    def _sends_nothing(self) -> bool:
        """Send a lone dot, and tell whether the connection is still good after it."""
        try:
            return self._ask(b".\r\n").code != _GOING_DOWN
        except WireError:
            return False

    def _verdict(self, step: _Step, reply: Reply) -> Receipt:
        """Say what a refusal before the message means for it."""
        if reply.code == _GOING_DOWN or reply.kind not in (4, 5) or step.name == "RSET":
            raise EndedError(f"{self._server} answers {step.name} with {reply}")
        if reply.kind == 4:
            return Receipt("deferred", str(reply))
        if step.name == "MAIL":
            cure = "set FEEDMAKER_SMTP_USER and FEEDMAKER_SMTP_PASSWORD" if reply.code == 530 else ""
            raise DeliveryError(
                f"{self._server} refuses the sender: {reply}; {cure or 'ask those who run it which it takes'}"
            )
        return Receipt("failed", str(reply))

    def _transfer(self, message: bytes) -> Receipt:
        """Send the message and the dot at its end, after which only the reply tells what became of it."""
        try:
            self._wire.write(_ended(message), self._server.timeout)
        except WireError as error:
            return self._cut_off(error)
        try:
            reply = self._wire.read(self._server.patience)
        except WireError as error:
            return Receipt("unknown", f"{self._server} {error} after the whole message")
        if reply.kind == 3:
            return Receipt("unknown", f"{self._server} answers the whole message with {reply}")
        self.is_usable = reply.code != _GOING_DOWN
        self._is_half_done = False
        if reply.kind == 2:
            return Receipt("sent", str(reply))
        return Receipt("deferred" if reply.kind == 4 else "failed", str(reply))

    def _cut_off(self, error: WireError) -> Receipt:
        """Say what became of a message without its end, by the server's last words if it had any."""
        with suppress(WireError):
            reply = self._wire.read(_LAST_WORDS)
            if reply.kind in (4, 5):
                return Receipt("failed" if reply.kind == 5 else "deferred", str(reply))
        return Receipt("deferred", f"{self._server} {error} before the end of the message")


def _connected(server: Server) -> Wire:
    try:
        return Wire(socket.create_connection((server.host, server.port), server.timeout))
    except socket.gaierror as error:
        raise DeliveryError(
            f"{server.host}: no such host is known ({error.strerror}); is the name right, and the network up?"
        ) from error
    except TimeoutError as error:
        raise DeliveryError(
            f"{server} did not answer within {server.timeout:g} seconds; "
            "is the name right, and does every firewall let this machine through?"
        ) from error
    except ConnectionResetError as error:
        raise EndedError(f"{server} has closed the connection") from error
    except OSError as error:
        raise DeliveryError(
            f"{server} cannot be reached ({error.strerror or error}); is it running, and is the port right?"
        ) from error


def _own_name(address: str) -> str:
    """Return this machine's full name, or else its address as RFC 5321, 4.1.3 writes it; nothing is asked."""
    name = socket.gethostname()
    if _FULL_NAME.fullmatch(name):
        return name
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def _is_ascii(envelope: Envelope) -> bool:
    return envelope.sender.isascii() and envelope.recipient.isascii()


def _without(private: set[str], reply: Reply) -> Reply:
    """Return a reply with stars where it repeats what is private."""
    text = "\n".join(reply.lines)
    for word in sorted(filter(None, private), key=len, reverse=True):
        text = text.replace(word, "***")
    return Reply(reply.code, tuple(text.split("\n")))


def _ended(message: bytes) -> bytes:
    """Return a message with the dot that ends it; its own dots at the beginning of lines are doubled.

    RFC 5321, 4.5.2. A line may have lost its CR, and some servers would take its dot for the end.
    """
    if b"\n." in message or message.startswith(b"."):
        message = (b"\n" + message).replace(b"\n.", b"\n..")[1:]
    return message + (b".\r\n" if message.endswith(b"\r\n") else b"\r\n.\r\n")
