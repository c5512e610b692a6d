"""What a refusal says about a person: hard, soft, or an outage that says nothing of them. Pure.

The same rules serve replies while sending (RFC 5321), reports afterwards (RFC 3464), and what providers tell
of either. First come words, for codes lie: large receivers give one code for an unknown mailbox and for a
sender they dislike. Then comes the code that the refusing server wrote into its text, then the status that
somebody on the way made of it, and last the bare reply code. Whatever is not understood is an outage: a dead
address that stays on the list costs little, a living one that is taken off it costs a reader.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

Failure = Literal["hard", "soft", "outage"]

_TEXT_LIMIT = 2000
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.:])([45]\d\d)(?=[ -])")
_NEXT_LINE = re.compile(r"\b[45]\d\d(?:-(?:[45]\.\d{1,3}\.\d{1,3}\b)?| [45]\.\d{1,3}\.\d{1,3}\b)")
_ADDRESS = re.compile(r"\S{0,64}@\S{1,255}")


class Saying(NamedTuple):
    """Say what words in a refusal mean, whatever its code is, and who uses them that way.

    `words` is a pattern for "CODE text" in small letters, on one line, with addresses as a bare @.
    """

    words: re.Pattern[str]
    failure: Failure
    source: str


def _saying(words: str, failure: Failure, source: str) -> Saying:
    return Saying(re.compile(words), failure, source)


_BOX = r"\b(?:account|address|addressee|alias|inbox|local ?part|mailbox|mailfolder|recipient|user)s?\b"

SAYINGS: tuple[Saying, ...] = (
    # About the sender. The reason why the sender's address was refused may be that *it* is unknown.
    _saying(
        r"(?<!to )(?<!to the )\bsenders?\b|\bmail from\b|return.path|relay(?:ing)? (?:access )?denied",
        "outage",
        "RFC 3463, X.1.7 and X.1.8; Exim's sender verification: No Such User Here, then Sender verify failed",
    ),
    # About one mailbox, though the words are those of blocks.
    _saying(
        r"due to inactivity",
        "hard",
        "Orange and La Poste: 550 5.2.1 This mailbox has been blocked due to inactivity",
    ),
    _saying(
        r"address rejected: access denied",
        "soft",
        "Microsoft 365, 5.4.1: the directory has no such recipient, or was asked while it was not there",
    ),
    # About the sender's name or machine, or the message.
    _saying(
        r"spam|\bblock(?:ed|ing)?\b|block ?-?list|black ?-?list|deny ?-?list|\brbl\b|dnsbl|reputation"
        r"|unsolicited|\bpolicy\b|banned|\bdkim\b|\bdmarc\b|\bspf\b"
        r"|\bip\b|\breverse\b|\bptr\b|\bhostname\b|\bclient host\b|\byour (?:host|server|domain)\b",
        "outage",
        "GMX, web.de, Barracuda, Yahoo PH01: blocks under 550 and 554, with 5.1.1 or no code of their own",
    ),
    _saying(
        r"hop count|too many hops|mail loop|loops back",
        "outage",
        "Microsoft 365, 5.4.14: Hop count exceeded, a loop at the receiver",
    ),
    # About the mailbox: it may take mail another time.
    _saying(
        r"receiving e?mail (?:too quickly|at a rate)",
        "soft",
        "Gmail: 550 5.2.1 as well as 450 4.2.1, p=ReceivingRatePerm",
    ),
    _saying(
        r"quota|out of storage|storage (?:space|full)|\b(?:mailbox|inbox|mailfolder|account) (?:is )?full\b"
        r"|too many messages on",
        "soft",
        "Gmail: 552 5.2.2 out of storage space and inactive; web.de: 550 without a code of its own",
    ),
    _saying(
        rf"{_BOX}.{{0,40}}\b(?:temporar|suspended)",
        "soft",
        "Hosts of domains suspend all of a customer's mailboxes until the bill is paid",
    ),
    # About the domain.
    _saying(r"null ?mx", "hard", "RFC 7505; Postfix gives it 5.1.0"),
    _saying(
        r"^(?!5\.1\.).*(?:\b(?:host|domain|domain name|server) (?:not found|does not exist|unknown)|nxdomain"
        r"|unrouteable address)",
        "soft",
        "Postfix 5.4.4, Microsoft 365 5.4.310, Exim: a domain that is gone, or a resolver of ours that fails",
    ),
    # About the mailbox: it is closed, or never was.
    _saying(
        rf"{_BOX}.{{0,40}}\b(?:disabled|deactivated|discontinued|inactive|no longer active)\b"
        r"|\baccount (?:is )?closed\b|\bis no longer valid\b",
        "hard",
        "Yahoo: 554 30 This mailbox is disabled; Gmail: 5.2.1 The email account is inactive, p=DisabledUser",
    ),
    _saying(
        r"unknown recipient or mailbox unavailable",
        "soft",
        "Microsoft 365, 5.1.351: another server's 550, put into Microsoft's words",
    ),
    _saying(
        rf"{_BOX}(?: @)? ?(?:is )?(?:unknown|not (?:found|known)|notfound)"
        rf"|\b(?:unknown|no such|invalid|not a valid|nosuch) ?{_BOX}|nosuchuser|recip(?:ient)?notfound"
        rf"|{_BOX}.{{0,40}}\b(?:does not|doesn.?t|not) exist|\bdoesn.?t have an? \S+ account"
        r"|no mailbox here by that name",
        "hard",
        "Gmail 5.1.1, Exchange 5.1.10, Yahoo, Postfix, sendmail, qmail, Barracuda: no such user",
    ),
    _saying(
        r"^(?!5\.[12]\.).*mailbox (?:is )?unavailable",
        "soft",
        "RFC 5321, 4.2.3: the text of every 550; Outlook.com (5.5.0) and GMX mean an unknown mailbox by it",
    ),
)
"""What words mean; the first that fit count."""

_DETAILS: dict[str, Failure] = {
    **dict.fromkeys(("5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.1.6", "5.1.10", "5.2.1"), "hard"),
    **dict.fromkeys(("5.3.4", "4.3.4"), "soft"),  # too big for that system; the next issue may be smaller
    **dict.fromkeys(("5.1.5", "4.1.7", "4.1.8", "4.1.9"), "outage"),
}
_SUBJECTS: dict[str, Failure] = {"4.1": "soft", "4.2": "soft", "4.4": "soft", "5.2": "soft"}
_REPLIES: dict[str, Failure] = {"450": "soft", "452": "soft", "552": "soft"}


def kind_of(status: str | None, text: str) -> Failure:
    """Tell what a refusal says about the person.

    `status` is an enhanced status code (RFC 3463) that somebody gave beside the text, such as a report's;
    `text` is what the server said, on one or more lines, with or without codes of its own. What is temporary
    (4xx) never is hard.
    """
    said = " ".join(_ADDRESS.sub("@", text[:_TEXT_LIMIT].lower()).split())
    code, reply = _code(status, said), _first(_REPLY, said)
    failure = _by_words(code or reply, said) or _by_code(code, reply)
    return "soft" if failure == "hard" and "4" in (code[:1], reply[:1]) else failure


def holds_code(text: str) -> bool:
    """Tell whether a server's code stands in a text, an enhanced one or a reply's."""
    return bool(_STATUS.search(text) or _REPLY.search(text))


def _code(status: str | None, said: str) -> str:
    """Return the code that counts: the refusing server's own, unless it is one of those that say nothing."""
    codes = (_first(_STATUS, said), _first(_STATUS, status or ""))
    return next((code for code in codes if code and not code.endswith(".0.0")), "")


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[0] if found else ""


def _by_words(code: str, said: str) -> Failure | None:
    words = f"{code} {' '.join(_NEXT_LINE.sub('', said).split())}"
    return next((saying.failure for saying in SAYINGS if saying.words.search(words)), None)


def _by_code(code: str, reply: str) -> Failure:
    if code:
        return _DETAILS.get(code) or _SUBJECTS.get(code.rpartition(".")[0], "outage")
    return _REPLIES.get(reply, "outage")
