"""Mail handed to a mail server over several connections, which are kept (RFC 5321)."""

from __future__ import annotations

import re
import ssl
from threading import Condition
from time import monotonic

from feedmaker.config.mail_server import MailServer, mail_server
from feedmaker.delivery.transports import Opening
from feedmaker.delivery.transports.base import Envelope, Receipt
from feedmaker.delivery.transports.smtp_session import EndedError, Login, Server, Session
from feedmaker.errors import DeliveryError, UsageError
from feedmaker.secrets import Secret, secret
from feedmaker.uri import is_local

USER, PASSWORD = "FEEDMAKER_SMTP_USER", "FEEDMAKER_SMTP_PASSWORD"
"""Who signs in, where the address does not say it."""

# Anything else would end a command, or an address in it.
_ADDRESS = re.compile(r"[^\x00-\x20\x7f-\xa0<>\u2028\u2029\ud800-\udfff]{1,320}")
_FAREWELL = 5.0  # seconds for all connections together
_SHORTEST, _STEP, _PATIENCE = 10.0, 60.0, 600.0


def open_smtp(address: str, opening: Opening) -> Smtp:
    """Open the transport at an address of the schemes smtp and smtps; raise `UsageError`."""
    return Smtp(server_at(address, opening), opening.delivery.connections)


def server_at(address: str, opening: Opening) -> Server:
    """Say which server an address means, who signs in there, and how patient one is with it.

    Raises `UsageError`, whose text repeats nothing of the address.
    """
    try:
        named = mail_server(address)
    except ValueError as error:
        raise UsageError(f"the address of the mail server: {error}") from error
    login = _login(named, opening)
    # RFC 5321, 4.5.3.2 has minutes for each step and ten for the reply to a message. Who is alive renews its
    # lease, so a slow server costs nothing; a short lease is a test's, which is not kept waiting for long.
    lease = opening.delivery.lease_time.total_seconds()
    return Server(
        named.host,
        named.port_for(signs_in=login is not None),
        ssl.create_default_context() if named.begins_with_tls or not is_local(named.host) else None,
        named.begins_with_tls,
        login,
        timeout=min(max(_SHORTEST, lease), _STEP),
        patience=min(max(_SHORTEST, 10 * lease), _PATIENCE),
    )


def _login(named: MailServer, opening: Opening) -> Login | None:
    user = Secret(named.user) if named.user else secret(USER, opening.environ)
    password = Secret(named.password) if named.password else secret(PASSWORD, opening.environ)
    if user and password:
        return Login(user, password)
    if user:
        raise UsageError(f"the mail server wants a password with the user: set {PASSWORD}")
    if password:
        raise UsageError(
            f"there is a password for the mail server and no user: write smtp://USER@HOST or set {USER}"
        )
    return None


class Smtp:
    """Hand messages to a mail server, each thread over a connection that is idle, or over a new one.

    What the server says to one message never costs another: a connection that broke or was closed while it
    was idle is replaced without a word, as long as nothing of the message was begun. Where the server takes
    fewer connections than there are threads, the others wait.
    """

    remembers = None  # a repeat is another message to a mail server

    def __init__(self, server: Server, width: int) -> None:
        self.width = width
        self._server = server
        self._change = Condition()
        self._idle: list[Session] = []
        self._opening = self._ready = 0
        self._limit = width

    def send(self, message: bytes, envelope: Envelope) -> Receipt:
        """Hand over one message, with CRLF, and wait for the server's reply."""
        for address in (envelope.sender, envelope.recipient):
            if not _ADDRESS.fullmatch(address):
                return Receipt("failed", f"{address!r} cannot stand in the envelope of a message")
        while True:
            session, is_kept = None, False
            try:
                session, is_kept = self._session()
                return session.hand_over(message, envelope)
            except EndedError as error:
                # One that was kept may have died meanwhile; a new one has said what there is to say.
                if not is_kept:
                    return Receipt("deferred", str(error))
            finally:
                if session:
                    self._give_back(session)

    def close(self) -> None:
        """End all sessions; no message is under way any more."""
        with self._change:
            sessions, self._idle = self._idle, []
            self._ready -= len(sessions)
        until = monotonic() + _FAREWELL
        for session in sessions:
            session.say_goodbye()
        for session in sessions:
            session.close(until - monotonic())

    def _session(self) -> tuple[Session, bool]:
        """Return a session of its own for the caller, and whether it is one that was kept."""
        while True:
            with self._change:
                self._change.wait_for(lambda: self._idle or self._opening + self._ready < self._limit)
                if self._idle:
                    return self._idle.pop(), True
                self._opening += 1
            opened = self._opened()
            if opened:
                return opened, False

    def _opened(self) -> Session | None:
        """Open a session; return None where the server takes no more of them than there are."""
        try:
            session = Session(self._server)
        except (DeliveryError, EndedError):
            with self._change:
                if not self._ready:
                    raise
                self._limit = self._ready
            return None
        else:
            with self._change:
                self._ready += 1
            return session
        finally:
            with self._change:
                self._opening -= 1
                self._change.notify_all()

    def _give_back(self, session: Session) -> None:
        with self._change:
            if session.is_usable:
                self._idle.append(session)
            else:
                self._ready -= 1
            self._change.notify()
        if not session.is_usable:
            session.close()
