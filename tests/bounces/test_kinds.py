"""Hard, soft or outage: what replies and reports say about a person."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmaker.bounces import kinds
from feedmaker.bounces.kinds import SAYINGS, Failure, Saying, kind_of
from tests.docs.documents import tables

SAID: list[tuple[Failure, str | None, str]] = [
    # The mailbox is not there.
    ("hard", None, "550 5.1.1 no such user"),
    ("hard", None, "550 no such user"),
    ("hard", None, "551 user unknown"),
    ("hard", None, "553 invalid recipient"),
    ("hard", "5.0.0", "550 <ann@harbour.example>... User unknown"),
    (
        "hard",
        "5.1.1",
        "550 5.1.1 <ann@harbour.example>: Recipient address rejected: User unknown in local table",
    ),
    ("hard", None, "554 5.7.1 <ann@harbour.example>: Recipient address rejected: User unknown"),
    ("hard", None, "550 cuda_nsu 5.1.1 <ann@harbour.example> Recipient address rejected: User unknown"),
    ("hard", None, "550 5.2.1 <ann@harbour.example>... Addressee unknown, relay=[192.0.2.10]"),
    ("hard", None, "550 5.2.0 No such mailbox"),
    ("hard", None, "Sorry, no mailbox here by that name. (#5.1.1)"),
    ("hard", None, "550 Mailbox not found"),
    (
        "hard",
        None,
        "550-5.1.1 The email account that you tried to reach does\n550-5.1.1 not exist. 550 5.1.1 - gsmtp",
    ),
    ("hard", None, "550 account that you tried to reach does\n550 not exist"),
    ("hard", None, "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup"),
    (
        "hard",
        "5.0.0",
        "554 delivery error: dd This user doesn't have a yahoo.com account (ann@yahoo.com) [-5]",
    ),
    ("hard", "5.1.1", ""),
    ("hard", "5.1.2", "Host unknown"),
    ("hard", "5.1.3", "bad address syntax"),
    # The mailbox is closed.
    (
        "hard",
        None,
        "550-5.2.1 The email account that you tried to reach is inactive. 550 5.2.1 p=DisabledUser",
    ),
    (
        "hard",
        "5.0.0",
        "554 30 Sorry, your message to ann@yahoo.com cannot be delivered. This mailbox is disabled (554.30).",
    ),
    ("hard", None, "554 delivery error: dd ann@yahoo.com is no longer valid."),
    ("hard", None, "550 This mailbox has been blocked due to inactivity (UserSearch)"),
    ("hard", "5.2.1", ""),
    ("hard", None, "550 <ann@lycos.example>: Recipient address rejected: Account closed"),
    # The domain takes no mail.
    ("hard", None, "556 5.1.10 Domain takes no mail"),
    ("hard", "5.1.0", "Domain harbour.example does not accept mail (nullMX)"),
    # It may take mail another time.
    ("soft", None, "452-4.2.2 The recipient's inbox is out of storage space."),
    ("soft", None, "552-5.2.2 The recipient's inbox is out of storage space and inactive."),
    ("soft", "5.2.2", ""),
    ("soft", None, "552 5.2.2 <ann@icloud.example>: user is over quota"),
    ("soft", None, "550 User has too many messages on the server."),
    ("soft", None, "550 User has exhausted allowed storage space."),
    ("soft", "5.4.7", "554-5.4.7 [internal] expired, last reply 452-4.2.2 mailbox is full"),
    (
        "soft",
        None,
        "550-5.2.1 The user you are trying to contact is receiving mail at a rate that\n550-5.2.1 is more",
    ),
    ("soft", None, "450 4.2.1 The user you are trying to contact is receiving email too quickly"),
    ("soft", None, "550 This account has been temporarily disabled"),
    ("soft", None, "550 account is suspended, no such user"),
    ("soft", "5.2.3", "message length exceeds the limit"),
    ("soft", "5.3.4", "552 5.3.4 Message size exceeds fixed limit"),
    ("soft", None, "552 Requested mail action aborted: exceeded allocation"),
    ("soft", "4.4.1", "connect to mx.harbour.example[198.51.100.7]:25: Connection timed out"),
    ("soft", "4.4.7", "message expired"),
    ("soft", "4.2.0", ""),
    ("soft", None, "450 mailbox busy"),
    ("soft", None, "450 4.1.1 <ann@harbour.example>: Recipient address rejected: User unknown"),
    ("soft", "5.1.1", "450 user unknown"),
    # Nobody can tell whether the mailbox is there.
    (
        "soft",
        None,
        "550 5.4.1 Recipient address rejected: Access denied. [DB5PEPF0001 2026-11-23T09:00:06Z 08DE]",
    ),
    ("soft", None, "550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302)."),
    ("soft", None, "550-Requested action not taken: mailbox unavailable"),
    (
        "soft",
        None,
        "550 5.1.351 Remote server returned unknown recipient or mailbox unavailable -> 550 refused",
    ),
    (
        "soft",
        "5.4.4",
        "Host or domain name not found. Name service error for name=harbour.example type=MX: Host not found",
    ),
    ("soft", "5.4.310", "550 5.4.310 DNS domain does not exist"),
    ("soft", "5.0.0", "Unrouteable address"),
    ("soft", None, "550 the recipient's mail server does not exist"),
    # It is about the sender, the message or the receiver.
    (
        "outage",
        None,
        "550 5.7.1 Unfortunately, messages from [192.0.2.10] weren't sent. It is on our block list (S3150).",
    ),
    (
        "outage",
        None,
        "554 5.7.1 Service unavailable; Client host [192.0.2.10] blocked using bl.lists.example",
    ),
    ("outage", None, "550 5.1.1 User unknown. Your host stands on our blacklist"),
    (
        "outage",
        None,
        "550-Verification failed for <letter@lamps.example>\n550-No Such User Here\n550 Sender verify failed",
    ),
    ("outage", "5.1.1", "550 <letter@lamps.example>: Sender address rejected: user unknown"),
    ("outage", "5.1.8", "553 5.1.8 Domain of return-path does not exist"),
    ("outage", None, "550 5.1.8 Access denied, bad outbound AS(42004)"),
    ("outage", None, "554 5.4.14 Hop count exceeded - possible mail loop ATTR34"),
    ("outage", "5.1.1", "554 too many hops, this user may be unknown"),
    ("outage", None, "421 4.7.0 [TSS04] Messages from 192.0.2.10 temporarily deferred - 4.16.55.1"),
    ("outage", None, "451 4.3.0 Temporary System Problem. Try again later"),
    ("outage", None, "421 Service not available, closing channel"),
    ("outage", None, "452 4.3.1 Insufficient system resources"),
    ("outage", None, "550 5.7.26 Unauthenticated mail is not taken"),
    ("outage", None, "550 5.7.515 Access denied, the domain does not meet the required level"),
    ("outage", None, "554 5.7.1 <ann@harbour.example>: Relay access denied"),
    ("outage", None, "550 relay not permitted"),
    ("outage", None, "550 Rejected: your IP address not found in the reverse DNS"),
    ("outage", "5.1.1", "550 this address is unknown to our friends: your host"),
    ("outage", None, "550 Message refused, recipient unknown. 554 low reputation"),
    ("outage", None, "550 administrative prohibition"),
    ("outage", None, "554 Transaction failed"),
    ("outage", "4.4.7", "451 4.7.1 Greylisted, come back later"),
    ("outage", "5.1.1", "550 5.7.1 refused"),
    ("outage", "5.3.0", ""),
    ("outage", "5.3.2", "system not accepting network messages"),
    ("outage", "5.4.6", "routing loop"),
    ("outage", "5.5.1", "503 5.5.1 bad sequence"),
    ("outage", "5.6.0", ""),
    ("outage", "5.1.0", "550 5.1.0 address rejected"),
    ("outage", "5.0.0", ""),
    ("outage", "2.1.5", "250 ok"),
    ("outage", None, "550 5.7.1 <user-unknown@harbour.example> refused"),
    ("outage", None, "550 refused, see 5.1.1.1 and 10.5.1.1"),
    ("outage", "no status", "nothing to read here"),
    ("outage", None, ""),
]
WORDS = [
    "550",
    "554",
    "your",
    "message",
    "was",
    "not",
    "taken",
    "here",
    "today",
    "sorry",
    "the",
    "server",
    "#17",
]


@pytest.mark.parametrize(("failure", "status", "text"), SAID)
def test_refusal_is_told_apart(failure: Failure, status: str | None, text: str) -> None:
    """Each reply, as receivers write it, is of its kind."""
    assert kind_of(status, text) == failure


@pytest.mark.parametrize("saying", SAYINGS, ids=lambda saying: saying.source)
def test_every_saying_is_needed(saying: Saying, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any one row of the table, some reply would be mistaken."""
    monkeypatch.setattr(kinds, "SAYINGS", [other for other in SAYINGS if other is not saying])

    assert any(kind_of(status, text) != failure for failure, status, text in SAID)


@pytest.mark.parametrize("code", sorted(kinds._DETAILS))
def test_every_code_of_the_table_is_obeyed(code: str) -> None:
    """A code alone decides where no words do."""
    assert kind_of(code, "") == kinds._DETAILS[code]


@given(st.sampled_from(["421", "450", "451", "452", "454"]), st.sampled_from(SAID), st.integers(0, 9))
def test_what_is_temporary_never_is_hard(
    reply: str, said: tuple[Failure, str | None, str], detail: int
) -> None:
    """A temporary code is believed before all words: a server that says *later* has not said *never*."""
    assert kind_of(f"4.1.{detail}", f"{reply} 4.1.{detail} {said[2][3:]}") != "hard"


@given(st.text() | st.none(), st.text(max_size=400))
def test_any_text_has_a_kind(status: str | None, text: str) -> None:
    """Whatever a server says, it is hard, soft or outage."""
    assert kind_of(status, text) in ("hard", "soft", "outage")


@given(st.lists(st.sampled_from(WORDS), max_size=12))
def test_what_is_not_understood_is_held_against_nobody(words: list[str]) -> None:
    """Words that say nothing of a mailbox, in any order and under any final code, make an outage."""
    assert kind_of(None, " ".join(words)) == "outage"


@pytest.mark.parametrize(
    "piece", ["mailbox ", "user a", "a@", "a", "550-", "5.1.", "no such ", "@", " ", "domain "]
)
def test_long_text_takes_no_time(piece: str) -> None:
    """A million characters of anything are judged at once."""
    begun = time.process_time()
    kind_of(piece * 1000, piece * 1_000_000)

    assert time.process_time() - begun < 1


def documented() -> list[tuple[str, str]]:
    """Return the replies in the table of bounces.md, each with its kind."""
    page = (Path(__file__).parents[2] / "docs/bounces.md").read_text("utf-8")
    section = page.partition("## Hard, soft, outage")[2].partition("##")[0]
    return [(reply, row[1]) for row in tables(section) for reply in re.findall("`([^`]+)`", row[0])]


def test_documented_replies_are_of_their_kinds() -> None:
    """Each example of bounces.md is what the page says that it is."""
    found = documented()

    assert len(found) >= 15
    assert found == [(reply, kind_of(None, reply)) for reply, _ in found]
