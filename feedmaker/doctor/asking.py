"""What the doctor asks the world: the DNS, a mail server, a web server, this machine."""

from __future__ import annotations

import smtplib
import socket
import ssl
from contextlib import suppress
from datetime import UTC, datetime
from ipaddress import ip_address
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from feedmaker.doctor.answers import Type, UnansweredError
from feedmaker.doctor.certificates import Certificate
from feedmaker.doctor.leaving import Page
from feedmaker.doctor.relay import Greeting, Relay
from feedmaker.errors import FetchError, UsageError
from feedmaker.fetch import probe, shown_address

if TYPE_CHECKING:
    from dns.name import Name
    from dns.nameserver import Nameserver
    from dns.rdata import Rdata

DEADLINE = 8.0
_PATIENCE = 5.0
_DNS_PORT = 53
_HTTPS_PORT = 443
_OWN_NAME = "[127.0.0.1]"
_SILENCE = "no name server answers"
# Nothing is sent there: the system is only asked by which of its addresses it would.
_ELSEWHERE = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))


class Resolver:
    """Ask the DNS, each question once; several threads may do so at once.

    Where nothing has ever answered, only the first questions wait for it.
    """

    def __init__(self, nameserver: str | None = None) -> None:
        """Choose whom to ask: HOST or HOST:PORT, or what the system asks; raise `UsageError` if unsound."""
        import dns.resolver

        self._known: dict[tuple[str, Type], tuple[str, ...]] = {}
        self._lock = Lock()
        self._is_silent = False
        self._resolver: dns.resolver.Resolver | None = None
        with suppress(dns.resolver.NoResolverConfiguration):
            self._resolver = dns.resolver.Resolver(configure=nameserver is None)
            self._resolver.lifetime = _PATIENCE
        if nameserver is not None and self._resolver:
            self._resolver.nameservers, self._resolver.port = _server(nameserver)

    def ask(self, name: str, kind: Type) -> tuple[str, ...]:
        """Return all records of a name that are of a kind, as `Dns.ask` does."""
        key = (name.lower(), kind)
        with self._lock:
            if key in self._known:
                return self._known[key]
            if self._is_silent:
                raise UnansweredError(_SILENCE)
        answers = self._asked(name, kind)
        with self._lock:
            self._known[key] = answers
        return answers

    def _asked(self, name: str, kind: Type) -> tuple[str, ...]:
        import dns.exception
        import dns.resolver

        if self._resolver is None:
            raise UnansweredError("this machine has no name server to ask")
        try:
            answer = self._resolver.resolve(name, kind, search=False, raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN:
            return ()
        except (dns.exception.Timeout, OSError) as error:
            with self._lock:
                self._is_silent = not self._known
            raise UnansweredError(_SILENCE) from error
        except (dns.exception.DNSException, UnicodeError) as error:
            raise UnansweredError(f"the DNS has no answer about {kind} of {name}") from error
        return tuple(_text(record) for record in answer.rrset or ())


def _server(text: str) -> tuple[list[str | Nameserver], int]:
    """Read HOST or HOST:PORT, where HOST may be a name that the system knows."""
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname or "", parts.port or _DNS_PORT
        infos = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM) if host else []
    except (ValueError, OSError):
        infos = []
    if not infos:
        raise UsageError(f'--nameserver "{text}" is no server; expected for example 9.9.9.9 or [::1]:53')
    return [str(info[4][0]) for info in infos], port


def _text(record: Rdata) -> str:
    """Write a record as `Dns.ask` has it."""
    from dns.rdtypes.ANY.MX import MX
    from dns.rdtypes.ANY.PTR import PTR
    from dns.rdtypes.ANY.TXT import TXT

    if isinstance(record, TXT):
        return b"".join(record.strings).decode("utf-8", "replace")
    if isinstance(record, MX):
        return f"{record.preference} {_host(record.exchange)}"
    if isinstance(record, PTR):
        return _host(record.target)
    return record.to_text()


def _host(name: Name) -> str:
    return name.to_text().removesuffix(".").lower()


def greet(relay: Relay) -> Greeting:
    """Ask a mail server what it offers, without logging in or sending anything."""
    try:
        near, far = _ends(relay.host, relay.port)
    except (OSError, UnicodeError) as error:
        return Greeting(fault=_said(error))
    is_near = near == far or ip_address(far).is_loopback
    try:
        certificate, has_login, has_smtputf8 = _offers(relay)
    except ssl.SSLCertVerificationError as error:
        return Greeting(address=far, is_near=is_near, certificate=Certificate(fault=error.verify_message))
    except (OSError, smtplib.SMTPException) as error:
        return Greeting(address=far, is_near=is_near, fault=_said(error))
    return Greeting(
        address=far,
        is_near=is_near,
        certificate=certificate,
        has_login=has_login,
        has_smtputf8=has_smtputf8,
    )


def _ends(host: str, port: int) -> tuple[str, str]:
    """Return the addresses of both ends of a connection."""
    with socket.create_connection((host, port), DEADLINE) as connection:
        near, far = connection.getsockname()[0], connection.getpeername()[0]
    return near.partition("%")[0], far.partition("%")[0]


def _offers(relay: Relay) -> tuple[Certificate | None, bool, bool]:
    """Return the certificate, if there is TLS, whether one can log in, and whether there is SMTPUTF8."""
    context = ssl.create_default_context()
    # Without a name for itself smtplib would look one up, however long that takes.
    client = (
        smtplib.SMTP_SSL(relay.host, relay.port, _OWN_NAME, timeout=DEADLINE, context=context)
        if relay.scheme == "smtps"
        else smtplib.SMTP(relay.host, relay.port, _OWN_NAME, timeout=DEADLINE)
    )
    with client:
        client.ehlo()
        if relay.scheme == "smtp" and client.has_extn("starttls"):
            client.starttls(context=context)
            client.ehlo()
        certificate = _certificate(client.sock) if isinstance(client.sock, ssl.SSLSocket) else None
        has_login = bool(client.esmtp_features.get("auth", "").strip())
        return certificate, has_login, client.has_extn("smtputf8")


def _certificate(connection: ssl.SSLSocket) -> Certificate:
    found = connection.getpeercert() or {}
    ends = ssl.cert_time_to_seconds(str(found["notAfter"]))
    return Certificate(datetime.fromtimestamp(ends, UTC))


def look_at(address: str) -> Page:
    """Get what is at an https address, and the certificate of its server."""
    import httpx

    parts = urlsplit(address)
    try:
        certificate = _https_certificate(parts.hostname or "", parts.port or _HTTPS_PORT)
        # It may stand behind a proxy on this machine or its network.
        found = probe(address, deadline=DEADLINE, private=True)
    except ssl.SSLCertVerificationError as error:
        return Page(fault=f"its certificate is not valid: {error.verify_message}")
    except (OSError, UnicodeError) as error:
        return Page(fault=_said(error))
    except FetchError as error:
        return Page(fault=error.reason)
    moved_to = "" if found.url == str(httpx.URL(address)) else shown_address(found.url)
    return Page(found.status, moved_to, certificate=certificate)


def _https_certificate(host: str, port: int) -> Certificate:
    context = ssl.create_default_context()
    with (
        socket.create_connection((host, port), DEADLINE) as plain,
        context.wrap_socket(plain, server_hostname=host) as connection,
    ):
        return _certificate(connection)


def public_addresses() -> tuple[str, ...]:
    """Return the addresses of this machine that everybody can reach."""
    from feedmaker.fetch.transport import is_public

    found = []
    for family, elsewhere in _ELSEWHERE:
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as asked:
            asked.connect((elsewhere, _DNS_PORT))
            found.append(str(asked.getsockname()[0]))
    return tuple(filter(is_public, found))


def _said(error: Exception) -> str:
    """Put what went wrong with a server into a few words."""
    if isinstance(error, smtplib.SMTPResponseException):
        reply = error.smtp_error
        return f"{error.smtp_code} {reply.decode('utf-8', 'replace') if isinstance(reply, bytes) else reply}"
    if isinstance(error, UnicodeError):
        return "no server can have that name"
    # smtplib speaks of a closed connection where it has waited long enough.
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return f"no answer within {DEADLINE:g} seconds"
    return (isinstance(error, OSError) and error.strerror) or str(error) or "it hangs up"
