"""Examining the domain that sends, and making keys for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path

from feedmaker.addresses import domain_of
from feedmaker.app.newsletters import transport_address
from feedmaker.app.project import Project
from feedmaker.config import Config, Delivery, Signature
from feedmaker.delivery.signing import Kind, new_key, read_key, variable
from feedmaker.delivery.transports.smtp import USER
from feedmaker.disk import write_new
from feedmaker.doctor.answers import UnansweredError
from feedmaker.doctor.asking import Resolver, greet, look_at, public_addresses
from feedmaker.doctor.dkim import PublicKey, dkim_findings
from feedmaker.doctor.dmarc import dmarc_findings
from feedmaker.doctor.findings import Finding, Record, finding, good
from feedmaker.doctor.leaving import asked_address, leaving_findings
from feedmaker.doctor.mailboxes import mailbox_findings
from feedmaker.doctor.relay import Greeting, Origin, origin_findings, read_relay, relay_findings
from feedmaker.doctor.senders import spf_findings
from feedmaker.errors import UsageError
from feedmaker.newsletter.issue import newsletter_of
from feedmaker.secrets import secret

Check = tuple[str, Callable[[], Iterator[Finding]]]
# Domains that are set apart for examples and tests (RFC 2606, RFC 6761).
_EXAMPLE = re.compile(r"(?:.*\.)?(?:example(?:\.(?:com|net|org))?|test|invalid|localhost)", re.IGNORECASE)


def examine(
    project: Project, now: datetime, nameserver: str | None = None, address: str | None = None
) -> list[Finding]:
    """Look at everything outside of feedmaker on which it depends whether mail arrives.

    `nameserver` is asked instead of the system's, and `address` is the one from which mail leaves. Whatever
    cannot be asked is a finding. Raises `UsageError` where there is no newsletter, or one of both is unsound.
    """
    config = project.config()
    letter = newsletter_of(config)
    has_user = secret(USER, project.environ) is not None
    relay = read_relay(transport_address(project, config.delivery), has_user=has_user)
    resolver = Resolver(nameserver)
    given = _given(address)
    leaving = asked_address(letter)
    with ThreadPoolExecutor() as pool:
        greeted = pool.submit(greet, relay) if relay.is_server else None
        page = pool.submit(look_at, leaving) if leaving else None
        greeting = greeted.result() if greeted else Greeting()
        origin = given or _origin(greeting)
        checks = _dns_checks(project, config, origin, resolver, is_provider=relay.is_provider)
        found = [each for told in pool.map(_told, checks) for each in told]
        if greeted:
            found += relay_findings(relay, greeting, now)
        found += leaving_findings(letter, page.result() if page else None, now)
    found.append(good("postal", f"each message names {letter.postal_address}"))
    return [*found, *_log_findings(project, config.delivery)]


def _given(address: str | None) -> Origin | None:
    if address is None:
        return None
    try:
        return Origin((str(ip_address(address)),), is_sure=True)
    except ValueError:
        raise UsageError(f'--ip "{address}" is no address; expected for example 203.0.113.7') from None


def _origin(greeting: Greeting) -> Origin:
    """Tell from where mail leaves: from this machine, if the server is here, else maybe from the server's."""
    if greeting.is_near:
        return Origin(public_addresses(), is_sure=True)
    return Origin((greeting.address,) if greeting.address else ())


def _dns_checks(
    project: Project, config: Config, origin: Origin, dns: Resolver, *, is_provider: bool
) -> list[Check]:
    """List what there is to ask the DNS; a provider answers itself for its servers and return paths."""
    mailbox = newsletter_of(config).sender.email
    sender, return_path = (domain_of(each) for each in (mailbox, config.delivery.return_path or mailbox))
    keys = [_public_key(project, each, sender) for each in config.delivery.dkim]
    signing = [key.domain for key in keys if not key.fault]
    path = None if is_provider else return_path
    checks: list[Check] = [
        ("domain", lambda: _example_findings(sender)),
        ("SPF", lambda: spf_findings(return_path, origin, dns)),
        ("DKIM", lambda: dkim_findings(keys, dns)),
        ("DMARC", lambda: dmarc_findings(sender, mailbox, path, signing, dns)),
        ("MX", lambda: mailbox_findings(sender, return_path, dns)),
        ("PTR", lambda: origin_findings(origin, sender, dns)),
    ]
    left_out = ("SPF", "PTR") if is_provider else ()
    return [check for check in checks if check[0] not in left_out]


def _told(check: Check) -> list[Finding]:
    topic, look = check
    found: list[Finding] = []
    try:
        for each in look():
            found.append(each)  # noqa: PERF402 - what was found before a question had no answer counts
    except UnansweredError as error:
        found.append(finding("not-asked", f"could not be asked: {error}", topic=topic))
    return found


def _example_findings(domain: str) -> Iterator[Finding]:
    if _EXAMPLE.fullmatch(domain):
        yield finding("example-domain", f"{domain} is a domain for examples and tests")


def _public_key(project: Project, signature: Signature, sender: str) -> PublicKey:
    domain = (signature.domain or sender).lower()
    try:
        key = read_key(signature.selector, project.environ)
    except UsageError as error:
        return PublicKey(signature.selector, domain, fault=str(error).partition(";")[0])
    return PublicKey(signature.selector, domain, key.kind, key.bits, key.public)


def _log_findings(project: Project, delivery: Delivery) -> Iterator[Finding]:
    if delivery.relay_log is None:
        return
    path = project.folder / delivery.relay_log
    try:
        with path.open("rb") as log:
            log.read(1)
    except OSError as error:
        yield finding("relay-log", f"{path} cannot be read: {error.strerror}")
    else:
        yield good("evidence", f"{path} can be read")


@dataclass(frozen=True, slots=True)
class MadeKey:
    """Tell what is to be done with a new key: the record to publish, and the variable for its file."""

    path: Path
    selector: str
    record: Record
    variable: str


def make_key(project: Project, selector: str, path: Path, kind: Kind) -> MadeKey:
    """Write a new private key into a file that was not there, which only its owner can read.

    Raises `UsageError` where the file exists, the selector cannot be one, or there is no newsletter.
    """
    config = project.config()
    sender = domain_of(newsletter_of(config).sender.email)
    try:
        wanted = Signature(selector=selector)
    except ValueError:
        raise UsageError(
            f'"{selector}" is no selector; expected letters, digits, hyphens and dots, as in 2026-a'
        ) from None
    known = next((each for each in config.delivery.dkim if each.selector == selector), wanted)
    key = new_key(kind)
    try:
        write_new(path, key.pem, 0o600)
    except FileExistsError:
        raise UsageError(f"{path} exists already; nothing was written") from None
    public = PublicKey(selector, (known.domain or sender).lower(), key.kind, key.bits, key.public)
    return MadeKey(path.absolute(), selector, public.record, f"{variable(selector)}_FILE")
