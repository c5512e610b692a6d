"""Whether receivers can verify what is signed: the key in the DNS (RFC 6376, 3.6; RFC 8463). Pure."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from feedmaker.doctor.answers import Dns
from feedmaker.doctor.findings import Finding, Record, finding, good
from feedmaker.doctor.tags import read_tags, write_tags

_ENOUGH_BITS = 2048
_LEAST_BYTES = 100  # of a public key of RSA


@dataclass(frozen=True, slots=True)
class PublicKey:
    """Hold what is known of a key that signs: where it belongs, its kind, its size, and `p=` in Base64.

    `fault` says why there is none; then nothing else is known of it.
    """

    selector: str
    domain: str
    kind: str = ""
    bits: int = 0
    data: str = ""
    fault: str = ""

    @property
    def name(self) -> str:
        """Return the name under which the key is published."""
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def record(self) -> Record:
        """Return the record that publishes the key."""
        return Record(self.name, "TXT", f"v=DKIM1; k={self.kind}; p={self.data}")


def dkim_findings(keys: Sequence[PublicKey], dns: Dns) -> Iterator[Finding]:
    """Look at all keys that sign."""
    if not keys:
        yield finding("dkim-none", "feedmaker does not sign mail")
    for key in keys:
        yield from _key_findings(key, dns)
    sound = [key for key in keys if not key.fault]
    if sound and all(key.kind == "ed25519" for key in sound):
        yield finding("dkim-no-rsa", "mail is signed with Ed25519 alone")


def _key_findings(key: PublicKey, dns: Dns) -> Iterator[Finding]:
    if key.fault:
        yield finding("dkim-key", key.fault)
        return
    texts = dns.ask(key.name, "TXT")
    if not texts:
        yield finding("dkim-missing", f"{key.name} has no TXT record", key.record)
    elif len(texts) > 1:
        yield finding("dkim-twice", f"{key.name} has {len(texts)} TXT records", key.record)
    else:
        yield from _record_findings(key, texts[0])
    if key.kind == "rsa" and key.bits < _ENOUGH_BITS:
        yield finding("dkim-short", f"the key of selector {key.selector} has {key.bits:,} bits")


def _record_findings(key: PublicKey, text: str) -> Iterator[Finding]:
    tags = read_tags(text)
    if tags is None or "p" not in tags or ("v" in tags and next(iter(tags.items())) != ("v", "DKIM1")):
        yield finding("dkim-syntax", f"the record at {key.name} is no DKIM key", key.record)
        return
    if not tags["p"]:
        yield finding("dkim-revoked", f"the key at {key.name} is withdrawn", key.record)
        return
    limit = _limit(key, tags)
    if limit:
        yield finding("dkim-limited", f"the record at {key.name} {limit}", key.record)
    elif not _is_same(key, tags["p"]):
        yield finding(
            "dkim-other-key", f"{key.name} publishes another key than the one that signs", key.record
        )
    else:
        if "y" in _list(tags.get("t", "")):
            flags = [flag for flag in _list(tags["t"]) if flag != "y"]
            rest = {tag: value for tag, value in tags.items() if tag != "t"}
            mended = write_tags(rest | ({"t": ":".join(flags)} if flags else {}))
            yield finding(
                "dkim-testing", f"the record at {key.name} says t=y", Record(key.name, "TXT", mended)
            )
        size = f"RSA, {key.bits:,} bits" if key.kind == "rsa" else "Ed25519"
        yield good("DKIM", f"{key.name} publishes the key that signs ({size})")


def _limit(key: PublicKey, tags: dict[str, str]) -> str:
    """Say what the record rules out that is needed (RFC 6376, 3.6.1)."""
    if tags.get("k", "rsa") != key.kind:
        return f"says k={tags.get('k', 'rsa')[:20]}, and the key that signs is one of {key.kind}"
    if "sha256" not in _list(tags.get("h", "sha256")):
        return f"allows h={tags['h'][:20]} only, not sha256"
    if not {"*", "email"} & set(_list(tags.get("s", "*"))):
        return f"is for s={tags['s'][:20]}, not for email"
    return ""


def _list(value: str) -> list[str]:
    return [part.strip() for part in value.split(":")]


def _is_same(key: PublicKey, published: str) -> bool:
    """Compare keys; one of RSA may be published with or without what says that it is one."""
    try:
        found = b64decode(re.sub(r"\s", "", published), validate=True)
    except (binascii.Error, ValueError):
        return False
    own = b64decode(key.data)
    return found == own or (key.kind == "rsa" and len(found) >= _LEAST_BYTES and own.endswith(found))
