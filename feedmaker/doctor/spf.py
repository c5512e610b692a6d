"""SPF records: read, followed to all that they include, and asked about addresses (RFC 7208). Pure.

Macros are not filled in: what they lead to depends on each message, so about that nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal

from feedmaker.doctor.answers import Dns, addresses
from feedmaker.errors import FeedmakerError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Verdict = Literal["pass", "fail", "softfail", "neutral", "unknown"]
LOOKUP_LIMIT = 10
VOID_LIMIT = 2
_ENOUGH = 40  # look-ups after which a record is left alone; ten are too many already
_MOST_HOSTS = 10
_VERDICTS: dict[str, Verdict] = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}
_VERSION = re.compile(r"v=spf1(?: |\Z)", re.IGNORECASE)
_MODIFIER = re.compile(r"([A-Za-z][A-Za-z0-9_.-]*)=(.*)")
_MECHANISM = re.compile(r"([-+~?]?)(all|include|a|mx|ptr|ip4|ip6|exists)((?:[:/].*)?)", re.IGNORECASE)
_MACRO = r"%\{[slodiphcrtvSLODIPHCRTV][0-9]*r?[.+,/_=-]*\}|%%|%_|%-"
_MACRO_TEXT = re.compile(rf"(?:[!-$&-~]|{_MACRO})*")
_DOMAIN = re.compile(
    rf"(?:[!-$&-~]|{_MACRO})*?(?:\.(?![0-9-]+\.?\Z)[A-Za-z0-9-]*[A-Za-z0-9]\.?|%\{{[^}}]*\}})"
)
_NETWORK = re.compile(r":[0-9A-Fa-f.:]+(?:/[0-9]{1,3})?")
_LENGTHS = re.compile(r"(.*?)(?:/([0-9]{1,2}))?(?://([0-9]{1,3}))?")


class SpfError(FeedmakerError):
    """A record has a mistake; the text names the word."""


@dataclass(frozen=True, slots=True)
class Term:
    """Hold one word of a record: `name` in small letters, and what stands behind it.

    A modifier, such as redirect, has no qualifier. `networks` are those of ip4 and ip6; `lengths` are the
    prefix lengths that a and mx may have.
    """

    text: str
    name: str
    qualifier: str = ""
    domain: str = ""
    network: Network | None = None
    lengths: tuple[int, int] = (32, 128)


def is_spf(text: str) -> bool:
    """Tell whether a TXT record is one of SPF."""
    return bool(_VERSION.match(text))


def parse_spf(text: str) -> list[Term]:
    """Read a record that `is_spf`; raise `SpfError` for the first word that cannot stand in one."""
    terms = [_term(word) for word in text.split(" ")[1:] if word]
    for name in ("redirect", "exp"):
        if sum(term.name == name for term in terms) > 1:
            raise SpfError(f'"{name}=" stands there twice')
    return terms


def _term(word: str) -> Term:
    shown = f'"{word[:60]}"'
    mechanism = _MECHANISM.fullmatch(word)
    if mechanism:
        qualifier, name, rest = mechanism[1] or "+", mechanism[2].lower(), mechanism[3]
        return _mechanism(word, qualifier, name, rest)
    modifier = _MODIFIER.fullmatch(word)
    if modifier is None:
        raise SpfError(f"{shown} is no word of SPF")
    name, value = modifier[1].lower(), modifier[2]
    pattern = _DOMAIN if name in ("redirect", "exp") else _MACRO_TEXT
    if not pattern.fullmatch(value):
        raise SpfError(f"{shown} needs a domain")
    return Term(word, name, domain=value)


def _mechanism(word: str, qualifier: str, name: str, rest: str) -> Term:
    shown = f'"{word[:60]}"'
    if name in ("ip4", "ip6"):
        return Term(word, name, qualifier, network=_network(shown, name, rest))
    lengths = (32, 128)
    if name in ("a", "mx"):
        rest, lengths = _lengths(shown, rest)
    domain = rest.removeprefix(":")
    if rest and (not rest.startswith(":") or not _DOMAIN.fullmatch(domain)):
        raise SpfError(f"{shown} names no domain")
    if (name == "all" and rest) or (name in ("include", "exists") and not rest):
        raise SpfError(f"{shown} must {'stand alone' if name == 'all' else 'name a domain'}")
    return Term(word, name, qualifier, domain, lengths=lengths)


def _network(shown: str, name: str, rest: str) -> Network:
    try:
        network = ip_network(rest[1:], strict=False) if _NETWORK.fullmatch(rest) else None
    except ValueError:
        network = None
    if network is None or f"ip{network.version}" != name:
        raise SpfError(f"{shown} names no address of IPv{name[-1]}")
    return network


def _lengths(shown: str, rest: str) -> tuple[str, tuple[int, int]]:
    found = _LENGTHS.fullmatch(rest)
    assert found  # noqa: S101 - every part may be missing
    short, long = int(found[2] or 32), int(found[3] or 128)
    if short > 32 or long > 128:
        raise SpfError(f"{shown} has a prefix that is too long")
    return found[1], (short, long)


@dataclass(frozen=True, slots=True)
class Rule:
    """Hold a mechanism and what it leads to: networks, or the record that it includes; None is unknown."""

    term: Term
    networks: Sequence[Network] | None = ()
    included: Followed | None = None


@dataclass(slots=True)
class Followed:
    """Hold a record and all that it leads to.

    `redirects` tells whether another record speaks for the rest, and `redirect` is that one, where it can be
    told. `faults` are pairs of a code and what is wrong; those of included records are among the first one's.
    """

    domain: str
    text: str = ""
    rules: list[Rule] = field(default_factory=list)
    redirects: bool = False
    redirect: Followed | None = None
    faults: list[tuple[str, str]] = field(default_factory=list)
    lookups: int = 0
    void: int = 0

    @property
    def end(self) -> str:
        """Return the qualifier of `all` at the end; "" where there is none, "%" where that cannot be told."""
        found = [rule.term.qualifier for rule in self.rules if rule.term.name == "all"]
        if found:
            return found[0]
        return self.redirect.end if self.redirect else "%" * self.redirects

    def verdict(self, address: Address) -> Verdict:
        """Tell what the record says of an address; *unknown* where that depends on more."""
        unknown = False
        for rule in self.rules:
            matched = _matches(rule, address)
            if matched:
                return "unknown" if unknown else _VERDICTS[rule.term.qualifier]
            unknown = unknown or matched is None
        if unknown:
            return "unknown"
        if self.redirect:
            return self.redirect.verdict(address)
        return "unknown" if self.redirects else "neutral"


def _matches(rule: Rule, address: Address) -> bool | None:
    if rule.term.name == "all":
        return True
    if rule.included is not None:
        verdict = rule.included.verdict(address)
        return None if verdict == "unknown" else verdict == "pass"
    if rule.networks is None:
        return None
    return any(address in network for network in rule.networks)


def follow(domain: str, text: str, dns: Dns) -> Followed:
    """Read a record that `is_spf`, and all that it leads to; raise `UnansweredError` where nobody knows."""
    top = Followed(domain, text)
    _follow(top, top, dns)
    return top


def _follow(here: Followed, top: Followed, dns: Dns) -> None:
    try:
        terms = parse_spf(here.text)
    except SpfError as error:
        where = "" if here is top else f"the record of {here.domain}: "
        top.faults.append(("spf-syntax", f"{where}{error}"))
        return
    ends = any(term.name == "all" for term in terms)
    for term in terms:
        if term.name == "redirect" and not ends:
            here.redirects, here.redirect = True, _included(term, top, dns)
        elif term.qualifier:
            here.rules.append(_rule(term, here.domain, top, dns))
        if term.name == "all":
            return  # nobody reads on (RFC 7208, 5.1)


def _rule(term: Term, domain: str, top: Followed, dns: Dns) -> Rule:
    if term.network is not None:
        return Rule(term, [term.network])
    if term.name == "all":
        return Rule(term)
    if term.name == "include":
        found = _included(term, top, dns)
        return Rule(term, None, found)
    if not _counts(top):
        return Rule(term, None)
    host = term.domain or domain
    if term.name in ("ptr", "exists") or "%" in host:
        return Rule(term, None)
    found_hosts = _mx_hosts(host, top, dns) if term.name == "mx" else [host]
    found_addresses = [each for name in found_hosts for each in addresses(dns, name)]
    if not found_addresses:
        top.void += 1
    return Rule(term, [_around(each, term.lengths) for each in found_addresses])


def _included(term: Term, top: Followed, dns: Dns) -> Followed | None:
    """Follow what another record names."""
    if not _counts(top) or "%" in term.domain:
        return None
    texts = [text for text in dns.ask(term.domain, "TXT") if is_spf(text)]
    if len(texts) != 1:
        said = "has no SPF record" if not texts else f"has {len(texts)} SPF records"
        top.faults.append(("spf-include", f'"{term.text}": {term.domain} {said}'))
        top.void += not dns.ask(term.domain, "TXT")
        return None
    found = Followed(term.domain, texts[0])
    _follow(found, top, dns)
    return found


def _counts(top: Followed) -> bool:
    """Count a look-up; tell whether it is worth doing."""
    top.lookups += 1
    return top.lookups <= _ENOUGH


def _mx_hosts(domain: str, top: Followed, dns: Dns) -> list[str]:
    hosts = [answer.partition(" ")[2] for answer in dns.ask(domain, "MX")]
    if len(hosts) > _MOST_HOSTS:
        top.faults.append(
            ("spf-lookups", f"mx of {domain} leads to {len(hosts)} hosts, more than {_MOST_HOSTS}")
        )
    return [host for host in hosts[:_MOST_HOSTS] if host]


def _around(address: str, lengths: tuple[int, int]) -> Network:
    length = lengths[ip_address(address).version == 6]
    return ip_network(f"{address}/{length}", strict=False)


def merged(texts: Sequence[str]) -> str:
    """Put several records into one."""
    words = [word for text in texts for word in text.split(" ")[1:] if word]
    return ended(" ".join(["v=spf1", *dict.fromkeys(words)]))


def ended(text: str, *more: str) -> str:
    """Add words to a record, and end it with ~all unless it ends with -all already."""
    words = [word for word in text.split(" ") if word]
    bare = [word for word in words if word.lower() not in ("all", "+all", "?all", "~all", "-all")]
    end = "-all" if words[-1].lower() == "-all" else "~all"
    redirects = [word for word in bare if word.lower().startswith("redirect=")]
    kept = [word for word in bare if word not in redirects]
    # What redirect names applies to the rest, and so does `all`: only one of them can end a record.
    return " ".join([*kept, *more, *(redirects or [end])])


def mechanism(address: str) -> str:
    """Write the word that names an address."""
    return f"ip{ip_address(address).version}:{address}"


def words(followed: Followed) -> Iterator[Term]:
    """Yield all mechanisms of a record and of what it includes."""
    for rule in followed.rules:
        yield rule.term
        if rule.included is not None:
            yield from words(rule.included)
    if followed.redirect is not None:
        yield from words(followed.redirect)
