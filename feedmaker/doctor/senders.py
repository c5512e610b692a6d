"""Which servers may send for a domain: its SPF record against where mail leaves from. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from feedmaker.doctor.answers import Dns
from feedmaker.doctor.findings import Finding, Record, finding, good
from feedmaker.doctor.relay import Origin
from feedmaker.doctor.spf import (
    LOOKUP_LIMIT,
    VOID_LIMIT,
    Followed,
    ended,
    follow,
    is_spf,
    mechanism,
    merged,
    words,
)

_UNKNOWN = "ip4:ADDRESS-OF-YOUR-SERVER"


def spf_findings(domain: str, origin: Origin, dns: Dns) -> Iterator[Finding]:
    """Look at the record of the return path's domain; raise `UnansweredError` where nobody knows it."""
    texts = [text for text in dns.ask(domain, "TXT") if is_spf(text)]
    if not texts:
        own = [mechanism(address) for address in origin.addresses] or [_UNKNOWN]
        record = Record(domain, "TXT", ended("v=spf1", *own))
        yield finding("spf-missing", f"{domain} has no SPF record", record)
    elif len(texts) > 1:
        record = Record(domain, "TXT", merged(texts))
        yield finding("spf-twice", f"{domain} has {len(texts)} SPF records", record)
    else:
        yield from _record_findings(follow(domain, texts[0], dns), origin)


def _record_findings(followed: Followed, origin: Origin) -> Iterator[Finding]:
    domain = followed.domain
    found = [finding(code, f"the record of {domain}: {what}") for code, what in followed.faults]
    if followed.lookups > LOOKUP_LIMIT:
        found.append(finding("spf-lookups", f"the record of {domain} needs {followed.lookups} look-ups"))
    if followed.void > VOID_LIMIT:
        found.append(finding("spf-void", f"{followed.void} look-ups for the record of {domain} find nothing"))
    if found:
        yield from found
        return
    ending = Record(domain, "TXT", ended(followed.text))
    if followed.end == "+":
        yield finding("spf-open", f"the record of {domain} ends with +all", ending)
    elif followed.end in ("", "?"):
        yield finding("spf-no-end", f"the record of {domain} does not end with -all or ~all", ending)
    if any(term.name == "ptr" for term in words(followed)):
        yield finding("spf-ptr", f"the record of {domain} holds ptr")
    yield from _coverage(followed, origin)


def _coverage(followed: Followed, origin: Origin) -> Iterator[Finding]:
    domain = followed.domain
    verdicts = {address: followed.verdict(ip_address(address)) for address in origin.addresses}
    missing = [address for address, verdict in verdicts.items() if verdict not in ("pass", "unknown")]
    if not verdicts:
        yield finding("spf-relay-unknown", f"from which address mail of {domain} leaves is not known")
    elif not missing and "unknown" in verdicts.values():
        yield finding("spf-relay-unknown", f"the record of {domain} depends on more than the address")
    elif not missing:
        yield good(
            "SPF", f"{domain} names {', '.join(verdicts)} (look-ups: {followed.lookups} of {LOOKUP_LIMIT})"
        )
    elif not origin.is_sure:
        yield finding("spf-relay-unsure", f"the record of {domain} does not name {', '.join(missing)}")
    else:
        mended = Record(domain, "TXT", ended(followed.text, *map(mechanism, missing)))
        yield finding("spf-relay", f"the record of {domain} does not name {', '.join(missing)}", mended)
