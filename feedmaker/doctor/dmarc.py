"""DMARC: the record that counts, and what belongs to the sender's organisation (RFC 9989). Pure.

The record of a domain, and the organisation that it belongs to, are found by walking up the tree of names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from feedmaker.doctor.answers import Dns
from feedmaker.doctor.findings import Finding, Record, finding, good
from feedmaker.doctor.tags import read_tags, write_tags

_VERSION = re.compile(r"v\s*=\s*DMARC1\s*(;|\Z)")
_POLICIES = ("none", "quarantine", "reject")
_MOST_LABELS = 8


@dataclass(frozen=True, slots=True)
class Policy:
    """Hold a DMARC record and the domain that it was found at."""

    domain: str
    tags: dict[str, str]

    def asks_for(self, domain: str) -> str:
        """Return what is asked for mail of a domain that fails: none, quarantine or reject."""
        own = self.tags.get("p", "none").lower()
        asked = own if domain == self.domain else self.tags.get("sp", own).lower()
        return asked if asked in _POLICIES else "none"

    def is_strict(self, tag: str) -> bool:
        """Tell whether alignment, adkim or aspf, wants the very same domain."""
        return self.tags.get(tag, "r").lower() == "s"


def parse_dmarc(domain: str, text: str) -> Policy | None:
    """Read a record; None for what receivers do not take for one (RFC 9989, 4.7)."""
    tags = read_tags(text) if _VERSION.match(text) else None
    return Policy(domain, tags) if tags else None


def walk(domain: str, dns: Dns) -> Iterator[Policy]:
    """Yield the records of a domain and of those above it, the nearest first (RFC 9989, 4.10)."""
    labels = domain.split(".")
    while labels:
        here = ".".join(labels)
        found = [policy for text in dns.ask(f"_dmarc.{here}", "TXT") if (policy := parse_dmarc(here, text))]
        if len(found) == 1:
            yield found[0]
            if found[0].tags.get("psd", "").lower() in ("y", "n"):
                return
        # A long name is cut so that no walk has more than eight steps.
        labels = labels[-(_MOST_LABELS - 1) :] if len(labels) > _MOST_LABELS else labels[1:]


def organisation(domain: str, policies: Sequence[Policy]) -> str:
    """Return the domain of the organisation that a domain belongs to, by the records of its walk."""
    for policy in policies:
        psd = policy.tags.get("psd", "").lower()
        if psd == "n":
            return policy.domain
        if psd == "y" and policy.domain != domain:
            below = domain.removesuffix(f".{policy.domain}").split(".")
            return f"{below[-1]}.{policy.domain}"
    return policies[-1].domain if policies else domain


def is_aligned(sender: str, other: str, dns: Dns, *, strict: bool) -> bool:
    """Tell whether a domain counts as the sender's: the same, or one of the same organisation."""
    if sender == other:
        return True
    if strict:
        return False
    return organisation(sender, list(walk(sender, dns))) == organisation(other, list(walk(other, dns)))


def dmarc_findings(
    sender: str, mailbox: str, return_path: str | None, signing: Sequence[str], dns: Dns
) -> Iterator[Finding]:
    """Look at the record of the sender's domain and at what is aligned with it.

    `mailbox` may be told of failures. `return_path` is a domain, or None where that is a provider's, and
    `signing` are the domains of DKIM signatures.
    """
    name = f"_dmarc.{sender}"
    texts = [text for text in dns.ask(name, "TXT") if "dmarc" in text.lower()]
    own = [text for text in texts if parse_dmarc(sender, text)]
    value = f"v=DMARC1; p=none; rua=mailto:{mailbox}"
    if len(own) > 1:
        yield finding("dmarc-twice", f"{name} has {len(own)} DMARC records")
        return
    if texts and not own:
        yield finding("dmarc-syntax", f"the record at {name} is no DMARC record", Record(name, "TXT", value))
        return
    policy = _that_counts(sender, list(walk(sender, dns)))
    if policy is None:
        above = _topmost(sender, [*signing, *([return_path] if return_path else [])])
        record = Record(f"_dmarc.{above}", "TXT", value)
        yield finding("dmarc-missing", f"{sender} has no DMARC record, nor has a domain above it", record)
        return
    yield from _policy_findings(sender, mailbox, policy)
    yield from _alignment_findings(sender, return_path, signing, policy, dns)


def _topmost(sender: str, others: Sequence[str]) -> str:
    """Return the highest domain in use that the sender's is part of; a record there holds for all of them."""
    return min((domain for domain in (sender, *others) if f".{sender}".endswith(f".{domain}")), key=len)


def _that_counts(sender: str, policies: Sequence[Policy]) -> Policy | None:
    """Choose the record: the domain's own, else its organisation's, else what is above that (4.10.1)."""
    at = {policy.domain: policy for policy in policies}
    own = at.get(sender) or at.get(organisation(sender, policies))
    return own or (policies[-1] if policies else None)


def _policy_findings(sender: str, mailbox: str, policy: Policy) -> Iterator[Finding]:
    name = f"_dmarc.{policy.domain}"
    if policy.tags.get("p", "").lower() not in _POLICIES:
        rest = {tag: value for tag, value in policy.tags.items() if tag not in ("v", "p")}
        mended = Record(name, "TXT", write_tags({"v": "DMARC1", "p": "none"} | rest))
        yield finding("dmarc-no-policy", f"the record at {name} has no p= of {', '.join(_POLICIES)}", mended)
    elif "rua" not in policy.tags:
        mended = Record(name, "TXT", write_tags(policy.tags | {"rua": f"mailto:{mailbox}"}))
        yield finding("dmarc-no-reports", f"the record at {name} has no rua=", mended)
    else:
        asked = policy.asks_for(sender)
        more = "; quarantine or reject is better once reports show that all mail passes" * (asked == "none")
        yield good("DMARC", f"the record at {name} asks for {asked}{more}")


def _alignment_findings(
    sender: str, return_path: str | None, signing: Sequence[str], policy: Policy, dns: Dns
) -> Iterator[Finding]:
    strict = policy.is_strict("adkim")
    signed = [domain for domain in signing if is_aligned(sender, domain, dns, strict=strict)]
    for domain in dict.fromkeys(signing):
        if domain not in signed:
            yield finding("dmarc-dkim-unaligned", f"{domain} signs, and does not belong to {sender}")
    by_path = return_path is not None and is_aligned(
        sender, return_path, dns, strict=policy.is_strict("aspf")
    )
    ways = [*dict.fromkeys(f"the signature of {domain}" for domain in signed)]
    ways += [f"the return path at {return_path}"] if by_path else []
    if ways:
        yield good("DMARC", f"{' and '.join(ways)} belong{'s' * (len(ways) == 1)} to {sender}")
    elif return_path is not None:
        yield finding("dmarc-unaligned", f"nothing that receivers can verify belongs to {sender}")
