"""What carries the mail: which server, where mail leaves from, and whether one can talk to it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address

from feedmaker.config.mail_server import mail_server
from feedmaker.doctor.answers import Dns, Type
from feedmaker.doctor.certificates import Certificate
from feedmaker.doctor.findings import Finding, Record, finding, good
from feedmaker.errors import UsageError

_SERVERS = ("smtp", "smtps")


@dataclass(frozen=True, slots=True)
class Relay:
    """Hold what the address of a transport says; `login` tells whether somebody signs in there."""

    scheme: str
    host: str = ""
    port: int = 0
    login: bool = False

    @property
    def is_server(self) -> bool:
        """Tell a mail server from files and from providers that are spoken to over HTTP."""
        return self.scheme in _SERVERS

    @property
    def is_provider(self) -> bool:
        """Tell a provider, which sends by servers and return paths of its own."""
        return not self.is_server and self.scheme != "outbox"


def read_relay(address: str, *, has_user: bool) -> Relay:
    """Read the address of a transport; `has_user` tells whether somebody signs in whom it does not name.

    Raises `UsageError`, whose text repeats nothing of the address, where it names no server.
    """
    scheme = address.partition(":")[0]
    if scheme not in _SERVERS:
        return Relay(scheme)
    try:
        named = mail_server(address)
    except ValueError as error:
        raise UsageError(f"the address of the mail server: {error}") from error
    login = has_user or named.user is not None
    return Relay(scheme, named.host, named.port_for(signs_in=login), login)


@dataclass(frozen=True, slots=True)
class Origin:
    """Hold the addresses from which mail leaves for its receivers, and whether that is sure."""

    addresses: tuple[str, ...] = ()
    is_sure: bool = False


@dataclass(frozen=True, slots=True)
class Greeting:
    """Hold what a mail server offers: a certificate, if TLS, whether one can log in, and SMTPUTF8 (RFC 6531).

    `address` is its IP address, `is_near` tells whether that is one of this machine, and `fault` says why it
    could not be asked.
    """

    fault: str = ""
    address: str = ""
    is_near: bool = False
    certificate: Certificate | None = None
    has_login: bool = False
    has_smtputf8: bool = False


def relay_findings(relay: Relay, greeting: Greeting, now: datetime) -> Iterator[Finding]:
    """Look at what a mail server offers; one on this machine needs no TLS."""
    where = f"{relay.host}:{relay.port}"
    certificate = greeting.certificate
    if greeting.fault:
        yield finding("relay-unreachable", f"{where} cannot be asked: {greeting.fault}")
    elif certificate and certificate.fault:
        yield finding("relay-certificate", f"the certificate of {where} is not valid: {certificate.fault}")
    elif not certificate and not greeting.is_near:
        yield finding("relay-no-tls", f"{where} does not offer STARTTLS")
    elif relay.login and not greeting.has_login:
        yield finding("relay-no-login", f"{where} does not let anybody log in")
    else:
        secure = f"with TLS; its certificate is {certificate.term}" if certificate else "on this machine"
        yield good("relay", f"{where} answers, {secure}")
        if not greeting.has_smtputf8:
            yield finding("relay-ascii-only", f"{where} does not offer SMTPUTF8")
    if certificate and certificate.ends_soon(now):
        yield finding("relay-certificate-ends", f"the certificate of {where} is {certificate.term}")


def origin_findings(origin: Origin, domain: str, dns: Dns) -> Iterator[Finding]:
    """Look for the names of the addresses from which mail leaves, if this machine answers for them."""
    if not origin.is_sure:
        yield good("PTR", "whoever operates the relay answers for the names of its addresses")
    elif not origin.addresses:
        yield finding("ptr-unknown", "this machine has no public address, so mail leaves by another one")
    else:
        for address in origin.addresses:
            yield _name_finding(address, domain, dns)


def _name_finding(address: str, domain: str, dns: Dns) -> Finding:
    pointer = ip_address(address).reverse_pointer
    names = dns.ask(pointer, "PTR")
    if not names:
        record = Record(pointer, "PTR", f"mail.{domain}.")
        return finding("ptr-missing", f"{address} has no name in the DNS", record)
    kind: Type = "AAAA" if ip_address(address).version == 6 else "A"
    for name in names:
        if ip_address(address) in map(ip_address, dns.ask(name, kind)):
            return good("PTR", f"{address} is called {name}, and that leads back to it")
    record = Record(names[0], kind, address)
    return finding(
        "ptr-unconfirmed", f"{address} is called {names[0]}, which does not lead back to it", record
    )
