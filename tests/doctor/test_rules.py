"""What is told of relays, certificates, mailboxes and the way to leave, from facts alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from feedmaker.config import Newsletter
from feedmaker.doctor.certificates import Certificate
from feedmaker.doctor.findings import RULES, Finding, Record
from feedmaker.doctor.leaving import Page, asked_address, leaving_findings
from feedmaker.doctor.mailboxes import mailbox_findings
from feedmaker.doctor.relay import (
    Greeting,
    Origin,
    Relay,
    origin_findings,
    read_relay,
    relay_findings,
)
from feedmaker.errors import UsageError
from tests.doctor.zones import Names, Zone

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
LATER = Certificate(NOW + timedelta(days=60))
SOON = Certificate(NOW + timedelta(days=13))
RELAY = Relay("smtp", "mx.quay.test", 587)
SIGNING_IN = Relay("smtp", "mx.quay.test", 25, login=True)


def codes(found: Any) -> list[str]:
    """Return the codes of what is found."""
    return [each.code for each in found]


def letter(unsubscribe: str | None) -> Newsletter:
    """Make settings whose readers leave there."""
    return Newsletter.model_validate(
        {
            "title": "The Quay Letter",
            "from": {"name": "Quay", "email": "letter@quay.test"},
            "postal_address": "4 Ropewalk",
            "unsubscribe": unsubscribe,
        }
    )


@pytest.mark.parametrize(
    ("address", "relay"),
    [
        ("outbox:", Relay("outbox")),
        ("outbox:mails", Relay("outbox")),
        ("resend:", Relay("resend")),
        ("listmonk:https://lists.quay.test/", Relay("listmonk")),
        ("smtp://mx.quay.test:587", RELAY),
        ("smtp://mx.quay.test", Relay("smtp", "mx.quay.test", 25)),
        ("smtps://me:hunter2@mx.quay.test", Relay("smtps", "mx.quay.test", 465, login=True)),
        ("smtp://letters%40quay.test@mx.quay.test", Relay("smtp", "mx.quay.test", 587, login=True)),
        ("smtps://me:hun[ter2@mx.quay.test", Relay("smtps", "mx.quay.test", 465, login=True)),
        ("smtp://bücher.test", Relay("smtp", "xn--bcher-kva.test", 25)),
        ("smtp://[::1]:2525", Relay("smtp", "::1", 2525)),
    ],
)
def test_transport_is_read(address: str, relay: Relay) -> None:
    """Servers have host and port, the same as when mail is sent; files and providers have none."""
    assert read_relay(address, has_user=False) == relay


@pytest.mark.parametrize(
    ("address", "port"),
    [("smtp://mx.quay.test", 587), ("smtps://mx.quay.test", 465), ("smtp://[::1]:25", 25)],
)
def test_who_signs_in_may_be_known_elsewhere(address: str, port: int) -> None:
    """A user in the environment signs in like one in the address, at the port for that."""
    relay = read_relay(address, has_user=True)

    assert (relay.port, relay.login) == (port, True)


@pytest.mark.parametrize("address", ["smtp:", "smtp://", "smtp://me:hunter2@", "smtp://me:hunter2@[x"])
def test_transport_without_a_server_is_refused(address: str) -> None:
    """The text does not repeat what may be a password."""
    with pytest.raises(UsageError, match="the address of the mail server: expected smtp://HOST,") as raised:
        read_relay(address, has_user=False)

    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    ("relay", "greeting", "wanted"),
    [
        (RELAY, Greeting(certificate=LATER, has_smtputf8=True), ["ok"]),
        (RELAY, Greeting(certificate=LATER), ["ok", "relay-ascii-only"]),
        (RELAY, Greeting(fault="no answer"), ["relay-unreachable"]),
        (RELAY, Greeting(), ["relay-no-tls"]),
        (RELAY, Greeting(is_near=True, has_smtputf8=True), ["ok"]),
        (RELAY, Greeting(is_near=True), ["ok", "relay-ascii-only"]),
        (RELAY, Greeting(certificate=SOON, has_smtputf8=True), ["ok", "relay-certificate-ends"]),
        (RELAY, Greeting(certificate=Certificate(fault="expired")), ["relay-certificate"]),
        (SIGNING_IN, Greeting(certificate=LATER, has_smtputf8=True), ["relay-no-login"]),
        (SIGNING_IN, Greeting(certificate=LATER, has_login=True, has_smtputf8=True), ["ok"]),
    ],
)
def test_relay_is_judged(relay: Relay, greeting: Greeting, wanted: list[str]) -> None:
    """TLS is needed except on this machine, logging in where there is a name, and SMTPUTF8 is better."""
    assert codes(relay_findings(relay, greeting, NOW)) == wanted


POINTERS: Names = {
    "7.113.0.203.in-addr.arpa": {"PTR": ["other.test", "mx.quay.test"]},
    "8.113.0.203.in-addr.arpa": {"PTR": ["gone.test"]},
    "7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa": {"PTR": ["mx.quay.test"]},
    "mx.quay.test": {"A": ["203.0.113.7"], "AAAA": ["2001:0db8:0::7"]},
}


@pytest.mark.parametrize(
    ("origin", "wanted"),
    [
        (Origin(("203.0.113.9",)), ["ok"]),
        (Origin(is_sure=True), ["ptr-unknown"]),
        (Origin(("203.0.113.7", "2001:db8::7"), is_sure=True), ["ok", "ok"]),
        (Origin(("203.0.113.8",), is_sure=True), ["ptr-unconfirmed"]),
        (Origin(("203.0.113.9",), is_sure=True), ["ptr-missing"]),
    ],
)
def test_address_has_a_name_that_leads_back(origin: Origin, wanted: list[str]) -> None:
    """One of the names has to; for a relay of somebody else that is not looked at."""
    assert codes(origin_findings(origin, "quay.test", Zone(POINTERS))) == wanted


def test_records_for_names_are_advised() -> None:
    """A missing name is published below in-addr.arpa or ip6.arpa, a missing way back under the name."""
    addresses = ("203.0.113.9", "203.0.113.8", "2001:db8::9")

    found = list(origin_findings(Origin(addresses, is_sure=True), "quay.test", Zone(POINTERS)))

    assert [each.record for each in found] == [
        Record("9.113.0.203.in-addr.arpa", "PTR", "mail.quay.test."),
        Record("gone.test", "A", "203.0.113.8"),
        Record(f"9.{'0.' * 23}8.b.d.0.1.0.0.2.ip6.arpa", "PTR", "mail.quay.test."),
    ]


@pytest.mark.parametrize(
    ("names", "sender", "wanted"),
    [
        (
            {"quay.test": {"MX": ["10 mx.quay.test"]}, "mx.quay.test": {"A": ["203.0.113.7"]}},
            "quay.test",
            ["ok"],
        ),
        ({"quay.test": {"A": ["203.0.113.7"]}}, "quay.test", ["ok"]),
        ({}, "quay.test", ["mx-missing"]),
        ({"quay.test": {"MX": ["0 "], "A": ["203.0.113.7"]}}, "quay.test", ["mx-missing"]),
        ({"quay.test": {"MX": ["10 mx.quay.test"]}}, "quay.test", ["mx-nowhere"]),
        ({"quay.test": {"A": ["203.0.113.7"]}}, "news.quay.test", ["ok", "mx-no-replies"]),
        ({"news.quay.test": {"AAAA": ["2001:db8::7"]}}, "news.quay.test", ["mx-missing", "ok"]),
    ],
)
def test_mail_can_come_back(names: Names, sender: str, wanted: list[str]) -> None:
    """Bounces come to the return path, here quay.test, and replies to the sender."""
    assert codes(mailbox_findings(sender, "quay.test", Zone(names))) == wanted


@pytest.mark.parametrize(
    ("page", "wanted"),
    [
        (None, ["no-one-click"]),
        (Page(200, certificate=LATER), ["ok"]),
        (Page(200, certificate=SOON), ["ok", "unsubscribe-certificate-ends"]),
        (Page(200, moved_to="https://a.test/", certificate=LATER), ["unsubscribe-moves"]),
        (Page(404, certificate=LATER), ["unsubscribe-refuses"]),
        (Page(502, certificate=LATER), ["unsubscribe-unreachable"]),
        (Page(fault="no answer"), ["unsubscribe-unreachable"]),
    ],
)
def test_way_out_is_judged(page: Page | None, wanted: list[str]) -> None:
    """The page has to be there, without a redirect."""
    assert codes(leaving_findings(letter("https://quay.test/leave"), page, NOW)) == wanted


def test_nobody_is_unsubscribed_by_looking() -> None:
    """The address that is asked has the token of test messages, which nobody has."""
    assert asked_address(letter("https://quay.test/{token}/leave")) == "https://quay.test/test/leave"
    assert asked_address(letter("mailto:leave@quay.test")) is None
    assert asked_address(letter(None)) is None


def test_rules_are_whole() -> None:
    """Each code has a reason that is a sentence, and a cure that is the end of one."""
    for topic, level, why, cure in RULES.values():
        assert level in ("warning", "error")
        assert why.endswith(".")
        assert cure
        assert not cure.endswith(".")
        assert not cure[0].isupper()
        assert topic or why


def test_findings_know_errors() -> None:
    """Warnings and good news are none."""
    levels = [Finding("a", "b", level, "c").is_error for level in ("ok", "warning", "error")]

    assert levels == [False, False, True]
