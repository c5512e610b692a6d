"""Whether bounces and replies can arrive: the MX records of a domain (RFC 5321, 5; RFC 7505). Pure."""

from __future__ import annotations

from collections.abc import Iterator

from feedmaker.doctor.answers import Dns, addresses
from feedmaker.doctor.findings import Finding, finding, good


def mailbox_findings(sender: str, return_path: str, dns: Dns) -> Iterator[Finding]:
    """Look at the domain of the return path, which bounces go to, and at the sender's, which replies do."""
    yield from _domain_findings(return_path, "mx-missing", dns)
    if sender != return_path:
        yield from _domain_findings(sender, "mx-no-replies", dns)


def _domain_findings(domain: str, missing: str, dns: Dns) -> Iterator[Finding]:
    hosts = [answer.partition(" ")[2] for answer in dns.ask(domain, "MX")]
    if hosts == [""]:
        yield finding(missing, f"{domain} says that it takes no mail")
        return
    if not hosts and not addresses(dns, domain):
        yield finding(missing, f"{domain} has neither an MX record nor an address")
        return
    lost = [host for host in hosts if not addresses(dns, host)]
    for host in lost:
        yield finding("mx-nowhere", f"{host}, which takes the mail of {domain}, has no address")
    if not lost:
        yield good(
            "MX", f"mail to {domain} goes to {', '.join(hosts) or f'{domain} itself, for it has no MX'}"
        )
