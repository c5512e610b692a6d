"""What the doctor says: each finding with its reason, its cure, and the record to publish. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from feedmaker.doctor.answers import Type

Level = Literal["ok", "warning", "error"]
_STRING = 255


@dataclass(frozen=True, slots=True)
class Record:
    """Hold a record to publish in the DNS."""

    name: str
    type: Type
    value: str

    def __str__(self) -> str:
        """Write it as zone files have it; a text in strings of at most 255 bytes (RFC 1035, 3.3)."""
        value = self.value
        if self.type == "TXT":
            value = " ".join(_quoted(value[at : at + _STRING]) for at in range(0, len(value), _STRING))
        return f"{self.name}. {self.type} {value}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@dataclass(frozen=True, slots=True)
class Finding:
    """Say what is so, why that matters, and what to do about it; where all is well, only the first.

    `code` is the name under which docs/deliverability.md lists it, `topic` what it is about. `record` is what
    to publish in the DNS, if that is the cure.
    """

    code: str
    topic: str
    level: Level
    what: str
    why: str = ""
    cure: str = ""
    record: Record | None = None

    @property
    def is_error(self) -> bool:
        """Tell errors, with which mail is lost or refused, from what could be better."""
        return self.level == "error"


_PUBLISH = "publish this record"
_REPLACE = "publish this record instead"
_OPERATOR = "ask whoever operates the relay"
RULES: Mapping[str, tuple[str, Level, str, str]] = {
    "example-domain": (
        "domain",
        "warning",
        "Nobody owns such a domain, so no mail can come from it.",
        "set `newsletter.from.email` to an address at a domain of your own",
    ),
    "not-asked": (
        "",
        "warning",
        "Nothing can be said about what nobody answered.",
        "try again when the network is there, or name another name server with --nameserver",
    ),
    "spf-missing": (
        "SPF",
        "error",
        "Receivers cannot tell which servers may send for the domain, and large ones refuse its mail.",
        _PUBLISH,
    ),
    "spf-twice": (
        "SPF",
        "error",
        "Where there are several records receivers trust none of them.",
        "publish this record instead of all of them",
    ),
    "spf-syntax": (
        "SPF",
        "error",
        "Receivers take a record with a mistake for none.",
        "correct or remove the word",
    ),
    "spf-include": (
        "SPF",
        "error",
        "Receivers take a record that leads nowhere for none.",
        "correct or remove what names that domain",
    ),
    "spf-lookups": (
        "SPF",
        "error",
        "Receivers stop at ten look-ups and then take the record for none.",
        "remove what no longer sends for you, or name its addresses with ip4: and ip6: instead",
    ),
    "spf-void": (
        "SPF",
        "error",
        "Receivers stop where more than two look-ups find nothing.",
        "remove the names that no longer exist",
    ),
    "spf-open": ("SPF", "error", "Everybody may send in the name of the domain.", _REPLACE),
    "spf-no-end": ("SPF", "warning", "The record says nothing of all other servers.", _REPLACE),
    "spf-ptr": (
        "SPF",
        "warning",
        "`ptr` is slow and given up (RFC 7208, 5.5); some receivers do not look at it.",
        "name servers with a:, mx, ip4: or ip6: instead",
    ),
    "spf-relay": ("SPF", "error", "Mail from a server that is not named fails SPF.", _REPLACE),
    "spf-relay-unsure": (
        "SPF",
        "warning",
        "Mail from a server that is not named fails SPF.",
        "add the `include:` that your relay's documentation names, or name the right address with --ip",
    ),
    "spf-relay-unknown": (
        "SPF",
        "warning",
        "Whether the record covers it cannot be told.",
        "name the address from which your mail leaves with --ip",
    ),
    "dkim-none": (
        "DKIM",
        "warning",
        "Large services want mail to be signed, and of SPF and DKIM only that survives forwarding.",
        "make a key with `feedmaker dkim-key` and name it in `delivery.dkim`, unless your relay signs",
    ),
    "dkim-key": (
        "DKIM",
        "error",
        "Without its key nothing can be signed, so nothing is sent.",
        "set the variable to a key in PEM, or NAME_FILE to its file; `feedmaker dkim-key` makes one",
    ),
    "dkim-missing": ("DKIM", "error", "Receivers cannot verify what is signed with the key.", _PUBLISH),
    "dkim-twice": (
        "DKIM",
        "error",
        "Receivers may take either record, and only one is right.",
        "publish this record instead of all of them",
    ),
    "dkim-syntax": ("DKIM", "error", "Receivers take a record with a mistake for none.", _REPLACE),
    "dkim-revoked": ("DKIM", "error", "An empty `p=` says that the key is withdrawn.", _REPLACE),
    "dkim-other-key": ("DKIM", "error", "No signature verifies with another key.", _REPLACE),
    "dkim-limited": ("DKIM", "error", "The record does not let the key be used for this.", _REPLACE),
    "dkim-testing": (
        "DKIM",
        "warning",
        "`t=y` says that you only try it out, and receivers may treat your mail as unsigned.",
        _REPLACE,
    ),
    "dkim-short": (
        "DKIM",
        "warning",
        "Keys of RSA should have 2,048 bits or more (RFC 8301).",
        "make a new key under another selector with `feedmaker dkim-key`",
    ),
    "dkim-no-rsa": (
        "DKIM",
        "warning",
        "Not all large services verify Ed25519, and to the others such mail is unsigned.",
        "sign with a key of RSA as well: `feedmaker dkim-key` makes one",
    ),
    "dmarc-missing": (
        "DMARC",
        "error",
        "Large services ask bulk senders for a DMARC record and refuse mail without one.",
        _PUBLISH,
    ),
    "dmarc-twice": (
        "DMARC",
        "error",
        "Where there are several records receivers look at none of them.",
        "remove all but one",
    ),
    "dmarc-syntax": ("DMARC", "error", "Receivers pass over a record that they cannot read.", _REPLACE),
    "dmarc-no-policy": (
        "DMARC",
        "warning",
        "Many receivers pass over a record without `p=`, or with one that they do not know.",
        _REPLACE,
    ),
    "dmarc-no-reports": (
        "DMARC",
        "warning",
        "Nobody tells you when mail in your name fails.",
        "publish this record instead, with any address that you read",
    ),
    "dmarc-unaligned": (
        "DMARC",
        "error",
        "DMARC passes only if the domain of a signature or of the return path belongs to that of the sender.",
        "sign with the sender's domain, or take a return path there",
    ),
    "dmarc-dkim-unaligned": (
        "DMARC",
        "warning",
        "A signature of another domain does not count for DMARC.",
        "remove `domain` from that signature, or set it to the sender's domain",
    ),
    "mx-missing": (
        "MX",
        "error",
        "Bounces cannot arrive, so dead addresses stay on the list.",
        "publish an MX record that names the server which takes the domain's mail",
    ),
    "mx-no-replies": (
        "MX",
        "warning",
        "Replies cannot arrive, which readers and large services expect.",
        "publish an MX record that names the server which takes the domain's mail",
    ),
    "mx-nowhere": (
        "MX",
        "error",
        "No mail can be brought to a host without an address.",
        "correct the MX record, or publish an address for that host",
    ),
    "ptr-unknown": (
        "PTR",
        "warning",
        "Whether it has a name cannot be told.",
        "name the address from which your mail leaves with --ip",
    ),
    "ptr-missing": (
        "PTR",
        "error",
        "Large services refuse mail from an address without a name.",
        "ask whoever rents you the address to set such a record, with the name of your mail server",
    ),
    "ptr-unconfirmed": (
        "PTR",
        "error",
        "A name counts only if it leads back to the address.",
        "publish the address under that name",
    ),
    "relay-unreachable": (
        "relay",
        "error",
        "Nothing can be sent.",
        "check the address of `delivery.transport` or FEEDMAKER_TRANSPORT, and the network",
    ),
    "relay-no-tls": (
        "relay",
        "error",
        "Addresses and passwords would travel where all can read them, so feedmaker does not send.",
        "use the port that offers STARTTLS, often 587, or smtps:",
    ),
    "relay-certificate": (
        "relay",
        "error",
        "Nobody can tell whether it is the right server.",
        f"use the name that stands in its certificate, or {_OPERATOR}",
    ),
    "relay-certificate-ends": (
        "relay",
        "warning",
        "When it has ended nothing can be sent.",
        f"let it be renewed: {_OPERATOR}",
    ),
    "relay-no-login": (
        "relay",
        "error",
        "The name and password of the transport cannot be used.",
        "use the port for submission, often 587, or leave out name and password",
    ),
    "relay-ascii-only": (
        "relay",
        "warning",
        "People with letters of other scripts before the @ get no issues, and no mail when they sign up.",
        f"use a server that offers it (RFC 6531), if you have such readers, or {_OPERATOR}",
    ),
    "no-one-click": (
        "unsubscribe",
        "warning",
        "Large services ask bulk senders for an address at which one click unsubscribes (RFC 8058).",
        "let feedmaker do it with a `signup` section, or set `newsletter.unsubscribe` to an https: address",
    ),
    "unsubscribe-unreachable": (
        "unsubscribe",
        "error",
        "Readers who cannot leave report spam instead.",
        "mend the page at `newsletter.unsubscribe`",
    ),
    "unsubscribe-refuses": (
        "unsubscribe",
        "warning",
        "It was asked with a token that nobody has; readers with a token of their own must get a page.",
        "open the link of a test message in a browser to be sure",
    ),
    "unsubscribe-moves": (
        "unsubscribe",
        "warning",
        "A mail service does not follow redirects when it unsubscribes somebody (RFC 8058, 3.1).",
        "set `newsletter.unsubscribe` to the address at which the redirects end",
    ),
    "unsubscribe-certificate-ends": (
        "unsubscribe",
        "warning",
        "When it has ended mail services cannot unsubscribe anybody.",
        "see to it that it is renewed",
    ),
    "relay-log": (
        "evidence",
        "error",
        "Without it nobody can say what became of a message whose sending was cut off.",
        "let the user who runs feedmaker read the file, or correct `delivery.relay_log`",
    ),
}
"""Of each code its topic, its level, why it matters and the cure; docs/deliverability.md lists them."""


def finding(code: str, what: str, record: Record | None = None, topic: str = "") -> Finding:
    """Make a finding under a code that has a cure; `topic` is for what may be of any."""
    usual, level, why, cure = RULES[code]
    return Finding(code, topic or usual, level, what, why, cure, record)


def good(topic: str, what: str) -> Finding:
    """Say that something is as it should be."""
    return Finding("ok", topic, "ok", what)
