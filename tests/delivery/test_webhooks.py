"""Resend's events: believed only if they are signed in time, and read into what they mean."""

from __future__ import annotations

import hmac
import json
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedmaker.bounces.kinds import kind_of
from feedmaker.bounces.report import Report
from feedmaker.bounces.webhooks import SECRET, ForgedError, events
from feedmaker.errors import UsageError
from feedmaker.secrets import Secret

# The example of Svix's own documentation: it was not made with this code.
WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
EXAMPLE_BODY = b'{"test": 2432232314}'
EXAMPLE = {
    "svix-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "svix-timestamp": "1614265330",
    "svix-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
THEN = datetime.fromtimestamp(1614265330, UTC)
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
MESSAGE_ID = "<2026-11-23.0123@notes.example.org>"


def signature(body: bytes, name: str, moment: int, secret: str = WHSEC) -> str:
    """Sign as the provider does."""
    key = b64decode(secret.removeprefix("whsec_"))
    made = hmac.digest(key, f"{name}.{moment}.".encode() + body, "sha256")
    return f"v1,{b64encode(made).decode()}"


def signed(body: bytes, **more: str) -> dict[str, str]:
    """Make the headers of a call that is signed now."""
    moment = int(NOW.timestamp())
    return {
        "svix-id": "msg_1",
        "svix-timestamp": str(moment),
        "svix-signature": signature(body, "msg_1", moment),
        **more,
    }


def told(event: str, **data: Any) -> list[Report]:
    """Read an event about a mail to Ann."""
    whole = {
        "email_id": "ae2014de",
        "created_at": "2026-11-24T11:59:59.000Z",
        "from": "Quay Notes <letter@notes.example.org>",
        "to": ["Ann@example.org"],
        "subject": "Silt",
        "headers": [
            {"name": "List-Id", "value": "<x>"},
            {"name": "X-Feedmaker-Message-ID", "value": MESSAGE_ID},
        ],
        **data,
    }
    body = json.dumps({"type": event, "created_at": "2026-11-24T12:00:00.000Z", "data": whole}).encode()
    return events(body, signed(body), Secret(WHSEC), NOW)


def test_published_example_is_believed() -> None:
    """The signature that the documentation gives as an example is right, and says nothing about mail."""
    assert events(EXAMPLE_BODY, EXAMPLE, Secret(WHSEC), THEN) == []


def test_names_of_headers_may_be_in_any_case() -> None:
    """HTTP does not care about case (RFC 9110, 5.1), and neither do we."""
    headers = {name.title(): value for name, value in EXAMPLE.items()}

    assert events(EXAMPLE_BODY, headers, Secret(WHSEC), THEN) == []


@pytest.mark.parametrize("seconds", [-300, 300])
def test_five_minutes_are_in_time(seconds: int) -> None:
    """A clock that is five minutes off is good enough."""
    assert events(EXAMPLE_BODY, EXAMPLE, Secret(WHSEC), THEN + timedelta(seconds=seconds)) == []


@pytest.mark.parametrize("seconds", [-301, 301, 86_400 * 365])
def test_old_calls_are_not_believed(seconds: int) -> None:
    """What was signed longer ago may be played back by somebody who listened."""
    with pytest.raises(ForgedError, match="too long ago"):
        events(EXAMPLE_BODY, EXAMPLE, Secret(WHSEC), THEN + timedelta(seconds=seconds))


def test_one_of_several_signatures_is_enough() -> None:
    """While a secret is exchanged, calls are signed with the old one and the new one."""
    right = EXAMPLE["svix-signature"]
    headers = EXAMPLE | {"svix-signature": f"v1,bm9uZQ== v1a,{right[3:]} {right}"}

    assert events(EXAMPLE_BODY, headers, Secret(WHSEC), THEN) == []


@pytest.mark.parametrize(
    "change",
    [
        {"svix-id": "msg_other"},
        {"svix-id": ""},
        {"svix-timestamp": "1614265331"},
        {"svix-timestamp": ""},
        {"svix-timestamp": "-1614265330"},
        {"svix-timestamp": "1614265330.0"},
        {"svix-timestamp": "9" * 40},
        {"svix-signature": ""},
        {"svix-signature": "v1,"},
        {"svix-signature": "v1,ÿ\udcff"},
        {"svix-signature": EXAMPLE["svix-signature"].replace("v1", "v2")},
        {"svix-signature": EXAMPLE["svix-signature"][3:]},
        {"svix-signature": EXAMPLE["svix-signature"].replace("=", "")},
    ],
    ids=str,
)
def test_changed_headers_are_not_believed(change: dict[str, str]) -> None:
    """Each header is part of what is signed, or of the signature."""
    with pytest.raises(ForgedError):
        events(EXAMPLE_BODY, EXAMPLE | change, Secret(WHSEC), THEN)


def test_unsigned_calls_are_not_believed() -> None:
    """Anybody can call an address."""
    with pytest.raises(ForgedError, match="this call is not signed"):
        events(EXAMPLE_BODY, {}, Secret(WHSEC), THEN)


@given(st.binary(max_size=40))
def test_changed_bodies_are_not_believed(body: bytes) -> None:
    """A body is believed to the byte."""
    if body == EXAMPLE_BODY:
        return
    with pytest.raises(ForgedError):
        events(body, EXAMPLE, Secret(WHSEC), THEN)


def test_another_secret_makes_another_signature() -> None:
    """Who does not know the secret cannot sign."""
    other = f"whsec_{b64encode(bytes(24)).decode()}"
    body = b"{}"
    headers = signed(body) | {"svix-signature": signature(body, "msg_1", int(NOW.timestamp()), other)}

    with pytest.raises(ForgedError, match=f"not signed with {SECRET}") as raised:
        events(body, headers, Secret(WHSEC), NOW)
    assert WHSEC not in str(raised.value)


@pytest.mark.parametrize("secret", ["whsec_", "", "whsec_AAAA", "hunter2!", "whsec_ä", "re_hunter2"])
def test_what_is_no_secret_is_told(secret: str) -> None:
    """An empty or mangled secret would let anybody sign; it is refused, and not repeated."""
    with pytest.raises(UsageError, match=f"{SECRET} is no secret of a webhook") as raised:
        events(EXAMPLE_BODY, EXAMPLE, Secret(secret), THEN)

    assert "hunter2" not in str(raised.value)


# What events mean


def test_delivered() -> None:
    """A mail that was taken by the receiver's server is told with the Message-ID that it set out with."""
    assert told("email.delivered") == [
        Report("delivered", "ann@example.org", None, MESSAGE_ID, "taken by the receiver's server")
    ]


def test_complaint() -> None:
    """A reader who calls a mail spam complains."""
    (report,) = told("email.complained")

    assert (report.kind, report.address) == ("complaint", "ann@example.org")


@pytest.mark.parametrize(
    ("kind", "bounce"),
    [
        ("hard", {"type": "Permanent", "subType": "General", "message": "Hard bounce"}),
        ("hard", {"type": "Permanent", "diagnosticCode": ["smtp; 550 5.1.1 user unknown"]}),
        ("hard", {"type": "Undetermined", "diagnosticCode": ["smtp; 550 5.1.1 user unknown"]}),
        ("hard", {"type": "Permanent", "diagnosticCode": ["smtp; 550 5.2.1 mailbox disabled"]}),
        ("hard", {"type": "Permanent", "diagnosticCode": ["smtp; 550 no such user from 5.1.7.9"]}),
        ("soft", {"type": "Transient", "subType": "General", "message": "Try again"}),
        ("soft", {"type": "Transient", "diagnosticCode": ["smtp; 550 5.1.1 user unknown"]}),
        ("soft", {"type": "Undetermined", "message": "?"}),
        ("soft", {"type": "Permanent", "diagnosticCode": ["smtp; 552 5.2.2 mailbox full"]}),
        ("soft", {"type": "Transient", "diagnosticCode": ["smtp; 452 4.2.2 mailbox full"]}),
        ("soft", {"type": "Permanent", "diagnosticCode": ["smtp; 550 mailbox full"]}),
        ("soft", {"type": "Permanent", "message": "550 mailbox full"}),
        ("outage", {"type": "Permanent", "diagnosticCode": ["smtp; 554 5.6.0 odd content"]}),
        (
            "outage",
            {"type": "Permanent", "diagnosticCode": ["smtp; 550 5.1.1 no such user: blocked as spam"]},
        ),
        ("outage", {"type": "Permanent", "message": "5.1.1 sender verify failed"}),
        ("outage", {"type": "Permanent", "diagnosticCode": ["smtp; 554 5.0.0 rejected"]}),
        ("outage", {"type": "Permanent", "diagnosticCode": ["smtp; 550 5.0.1 rejected"]}),
        ("outage", {"type": "Permanent", "diagnosticCode": ["on our blocklist"]}),
        ("hard", {"type": "Permanent", "diagnosticCode": ["this address is on a list of bounces"]}),
        ("hard", {"type": "Permanent", "message": "Such mail harms your reputation as a sender"}),
        ("outage", {"type": "Permanent", "diagnosticCode": ["smtp; 550 5.7.1 blocked, see our page"]}),
        ("outage", {"type": "Transient", "diagnosticCode": ["smtp; 421 4.7.0 try again later"]}),
        ("outage", {"type": "Transient", "diagnosticCode": ["smtp; 451 4.3.2 system not accepting"]}),
        ("outage", {"type": "Permanent", "diagnosticCode": "smtp; 550 5.4.1 no route"}),
        ("soft", {}),
        ("soft", "nonsense"),
    ],
    ids=str,
)
def test_bounces_are_told_apart(kind: str, bounce: Any) -> None:
    """The receiver's own words say whether the address, the mail or the servers are to blame."""
    (report,) = told("email.bounced", bounce=bounce)

    assert (report.kind, report.message_id) == (kind, MESSAGE_ID)


@given(
    st.sampled_from(["Permanent", "Undetermined"]),
    st.sampled_from(["550", "554 5.7.1", "550 5.1.1", "452 4.2.2", "550 5.2.1", "5.0.0", "550 5.4.14"]),
    st.sampled_from(["", "no such user", "sender rejected", "over quota", "disabled mailbox", "?"]),
)
def test_words_with_a_code_mean_what_they_mean_in_a_report(kind: str, code: str, words: str) -> None:
    """A server is understood alike, whoever brings its words, and whatever the provider makes of them."""
    (report,) = told("email.bounced", bounce={"type": kind, "diagnosticCode": [f"smtp; {code} {words}"]})

    assert report.kind == kind_of(None, f"{code} {words}")


def test_diagnosis_is_one_short_line() -> None:
    """What servers say is kept, in signs that do no harm."""
    (report,) = told("email.bounced", bounce={"diagnosticCode": ["550\r\n\x1b[31m"], "message": "m" * 999})

    assert report.diagnosis.startswith("550   [31m; mmm")
    assert len(report.diagnosis) == 300


@pytest.mark.parametrize(
    ("reason", "kind"), [("previous_bounce", "hard"), ("previous_complaint", "complaint")]
)
def test_suppressed_means_what_came_before(reason: str, kind: str) -> None:
    """An address that Resend no longer sends to has bounced or complained before."""
    (report,) = told("email.suppressed", suppressed={"reason": reason, "message": "On the list"})

    assert (report.kind, report.diagnosis) == (kind, "On the list")


def test_failure_at_the_provider_is_nobodys_bounce() -> None:
    """What Resend could not send says nothing against the address."""
    (report,) = told("email.failed", failed={"reason": "reached_daily_quota"})

    assert (report.kind, report.diagnosis) == ("outage", "reached_daily_quota")


@pytest.mark.parametrize(
    "event",
    ["email.sent", "email.opened", "email.clicked", "email.delivery_delayed", "contact.deleted", "new.one"],
)
def test_other_events_say_nothing(event: str) -> None:
    """What is on its way still, what is tracking, and what nobody knows yet makes no report."""
    assert told(event) == []


def test_event_without_our_id_names_the_address_alone() -> None:
    """Mail that somebody else sent through the same account has no Message-ID of ours."""
    assert [report.message_id for report in told("email.delivered", headers=None)] == [None]


def test_event_without_an_address_has_the_message_id() -> None:
    """An event that says not whom it is about is known by its Message-ID."""
    (report,) = told("email.complained", to=None)

    assert (report.address, report.message_id) == (None, MESSAGE_ID)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "data", "to", "bounce", "headers", "name", "value", "diagnosticCode"]),
            inner,
        )
    ),
    max_leaves=12,
)


@given(JSON | st.fixed_dictionaries({"type": st.just("email.bounced"), "data": JSON}))
@settings(max_examples=200)
def test_any_signed_json_is_read(event: Any) -> None:
    """Whatever the provider says and signs, it makes reports or none."""
    body = json.dumps(event).encode()

    for report in events(body, signed(body), Secret(WHSEC), NOW):
        assert report.kind in ("hard", "soft", "outage", "complaint", "delivered")


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"[" * 100_000, b"nonsense"], ids=["none", "bytes", "deep", "text"]
)
def test_what_is_no_json_says_nothing(body: bytes) -> None:
    """A signed call without a sound body is taken note of, and means nothing."""
    assert events(body, signed(body), Secret(WHSEC), NOW) == []
