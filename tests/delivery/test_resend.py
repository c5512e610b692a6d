"""Resend: the payload, one mail for each key whatever gets lost, and what each answer means."""

from __future__ import annotations

import json
import logging
import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
import trustme
from hypothesis import given, settings
from hypothesis import strategies as st

from feedmaker import __version__
from feedmaker.config import Delivery
from feedmaker.delivery.transports import Envelope, Opening, Receipt, open_transport
from feedmaker.delivery.transports import http as by_http
from feedmaker.delivery.transports.http import Turnstile
from feedmaker.delivery.transports.resend import KEY, Resend, payload
from feedmaker.errors import DeliveryError, UsageError
from feedmaker.newsletter.message import Letter
from feedmaker.secrets import Secret
from tests.delivery.providers import (
    ENVELOPE,
    MESSAGE,
    MESSAGE_ID,
    Asked,
    Clock,
    Fault,
    Provider,
    Said,
    dripping,
    endless,
    half_an_answer,
    hang_up,
    instead,
    listening,
    lose_answer,
    said,
)
from tests.delivery.test_content import NOW, WORDS, expected, newsletter, taken_apart

HUNTER = "re_hunter2_hush"


class Took:
    """Take mail as Resend does: one mail for a key, however often it is asked."""

    def __init__(self) -> None:
        self.keys: dict[str, tuple[Any, str]] = {}

    @property
    def recipients(self) -> list[str]:
        """Return who got a mail, one entry for each mail."""
        return [data["to"][0] for data, _ in self.keys.values()]

    def __call__(self, asked: Asked) -> Said:
        """Answer one request."""
        if asked.headers.get("authorization") != f"Bearer {HUNTER}":
            return said(401, {"statusCode": 401, "name": "validation_error", "message": "API key is invalid"})
        key = asked.headers["idempotency-key"]
        before, name = self.keys.setdefault(key, (asked.data, f"id-{len(self.keys)}"))
        if before != asked.data:
            message = "Same idempotency key used with a different request payload."
            return said(409, {"name": "invalid_idempotent_request", "message": message})
        return said(200, {"id": name})


@pytest.fixture
def took() -> Took:
    """Begin with a provider that has taken nothing."""
    return Took()


@pytest.fixture
def provider(took: Took) -> Iterator[Provider]:
    """Run Resend on loopback."""
    with listening(took) as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    """Make time that only passes in pauses."""
    return Clock()


@pytest.fixture
def resend(provider: Provider, clock: Clock) -> Iterator[Resend]:
    """Open a transport to the provider."""
    transport = Resend(provider.address, Secret(HUNTER), 4, Turnstile(clock, clock.sleep))
    yield transport
    transport.close()


def to(name: str) -> Envelope:
    """Address an envelope to somebody."""
    return replace(ENVELOPE, recipient=f"{name}@example.org", key=f"<{name}@notes.example.org>")


# The payload


def test_payload_holds_the_whole_message() -> None:
    """A letter becomes the members that Resend documents; Date is left out and Message-ID renamed."""
    content = payload(MESSAGE, ENVELOPE)

    assert content == {
        "from": "Quay Notes <letter@notes.example.org>",
        "to": ["ann@example.org"],
        "subject": "Silt",
        "text": "Silt\n",
        "headers": {"X-Feedmaker-Message-ID": MESSAGE_ID},
    }


def test_unsubscribe_headers_are_passed_on() -> None:
    """One click keeps working: both headers of RFC 8058 and all others go along."""
    kept = taken_apart(newsletter(), subject="Silt", html="<p>Silt</p>", text="Silt").headers
    message = "".join(f"{name}: {value}\r\n" for name, value in kept.items()).encode() + MESSAGE.replace(
        b"Date:", b"X-Date:"
    ).replace(b"Message-ID:", b"X-ID:")

    headers = payload(message, ENVELOPE)["headers"]

    assert headers["List-Unsubscribe"] == "<https://notes.example.org/leave/t0ken>"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert {"List-Id", "Precedence", "Auto-Submitted"} <= set(headers)
    assert {"Date", "Message-ID"}.isdisjoint(headers)


@given(WORDS, WORDS)
@settings(max_examples=100)
def test_characters_reach_the_provider_as_they_are(html: str, text: str) -> None:
    """Through message, payload and JSON, no character of either part changes."""
    letter = Letter(newsletter(), subject="Silt", html=html, text=text)
    message = letter.addressed("ann@example.org", MESSAGE_ID, NOW, "t0ken")

    found = json.loads(by_http.encoded(payload(message, ENVELOPE)))

    assert (found["html"], found["text"]) == (expected(html), expected(text))


@pytest.mark.parametrize("name", ["Ann, of the quay", 'The "Quay"', "Kaï 日本", "St. John (letters)"])
def test_name_stands_as_it_is(name: str) -> None:
    """A sender's name is neither quoted nor encoded, for Resend refuses both in `from`."""
    letter = Letter(newsletter(name), subject="Silt", html="", text="")

    made = payload(letter.addressed("ann@example.org", MESSAGE_ID, NOW, "t"), ENVELOPE)

    assert made["from"] == f"{name} <letter@notes.example.org>"


# Asking once


def test_message_is_sent(resend: Resend, provider: Provider, took: Took) -> None:
    """A message is posted with the key, under a name of its own, and Resend's id is noted down."""
    receipt = resend.send(MESSAGE, ENVELOPE)

    assert receipt == Receipt("sent", "id id-0")
    (asked,) = provider.asked
    assert asked.path == "/emails"
    assert asked.headers["authorization"] == f"Bearer {HUNTER}"
    assert asked.headers["content-type"] == "application/json"
    assert asked.headers["user-agent"] == f"feedmaker/{__version__}"
    assert took.recipients == ["ann@example.org"]


@given(st.text(min_size=1, max_size=300), st.text(min_size=1, max_size=300))
def test_key_is_one_for_each_delivery(one: str, other: str) -> None:
    """A key is the same for a repeat and another one for another delivery, fits, and tells no address."""
    transport = Resend("https://resend.example/", Secret(HUNTER), 1)
    keys = [
        transport.question(MESSAGE, replace(ENVELOPE, key=key)).headers["Idempotency-Key"]
        for key in (one, one, other)
    ]

    assert keys[0] == keys[1]
    assert (keys[0] == keys[2]) == (one == other)
    assert len(keys[0]) <= 256
    assert keys[0].isascii()
    assert "ann" not in keys[0]


def test_repeat_is_the_same_to_the_byte() -> None:
    """What is sent again is what was sent, so that Resend knows it again."""
    transport = Resend("https://resend.example/", Secret(HUNTER), 1)

    assert transport.question(MESSAGE, ENVELOPE) == transport.question(bytes(MESSAGE), replace(ENVELOPE))


@pytest.mark.parametrize(
    "fault",
    [hang_up, lose_answer, half_an_answer, endless(200), instead(Said(200, b"ok")), instead(said(500, {}))],
    ids=["hang-up", "lost", "half", "endless", "no-json", "500"],
)
def test_lost_answer_is_unknown_and_its_repeat_harmless(
    resend: Resend, provider: Provider, took: Took, fault: Fault
) -> None:
    """Whatever happened to the first answer, asking again gives an id, and there is one mail."""
    provider.faults.append(fault)

    first, second = resend.send(MESSAGE, ENVELOPE), resend.send(MESSAGE, ENVELOPE)

    assert (first.outcome, second.outcome) == ("unknown", "sent")
    assert took.recipients == ["ann@example.org"]
    assert resend.remembers == timedelta(hours=24)


def test_slow_answer_is_left_at_the_deadline(
    resend: Resend, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that drips is given up; nobody can say what became of the message."""
    monkeypatch.setattr(by_http, "DEADLINE", 1.5)
    provider.faults.append(dripping(200))

    assert resend.send(MESSAGE, ENVELOPE).outcome == "unknown"


def test_silence_is_unknown(resend: Resend, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that took the request and says nothing at all is left at the deadline."""
    monkeypatch.setattr(by_http, "DEADLINE", 1.5)
    provider.faults.append(_say_nothing)

    receipt = resend.send(MESSAGE, ENVELOPE)

    assert receipt.outcome == "unknown"
    assert receipt.reply == "no answer: no complete answer within 1.5 seconds; try again later"


def _say_nothing(handler: Any, take: Any) -> None:
    take()
    handler.provider.over.wait(20)
    handler.close_connection = True


@pytest.mark.parametrize("fault", [dripping(422), endless(422)], ids=["slow", "endless"])
def test_refusal_counts_without_its_words(
    resend: Resend, provider: Provider, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    """Where the words of a refusal never end, its status alone is judged."""
    resend.send(MESSAGE, ENVELOPE)
    monkeypatch.setattr(by_http, "DEADLINE", 2.0)
    provider.faults.append(fault)

    assert resend.send(MESSAGE, to("bob")) == Receipt("failed", "422")


def test_connections_are_kept(resend: Resend, provider: Provider) -> None:
    """Messages one after the other go over one connection."""
    for name in ("ann", "bob", "cat"):
        assert resend.send(MESSAGE, to(name)).accepted

    assert provider.connections == 1


def test_kept_connection_that_breaks_is_not_tried_again(resend: Resend, provider: Provider) -> None:
    """Where a kept connection breaks under a message, it is not sent a second time by itself."""
    resend.send(MESSAGE, to("ann"))
    provider.faults.append(lose_answer)

    assert resend.send(MESSAGE, to("bob")).outcome == "unknown"
    assert len(provider.asked) == 2


# What cannot be sent at all


def test_closed_port_is_not_sent(clock: Clock) -> None:
    """Where nobody listens, nothing has left."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    transport = Resend(f"http://127.0.0.1:{port}/", Secret(HUNTER), 1, Turnstile(clock, clock.sleep))

    with pytest.raises(DeliveryError, match=r"^Resend: .*/emails: cannot be reached; check the address"):
        transport.send(MESSAGE, ENVELOPE)


def test_unknown_host_is_not_sent() -> None:
    """A host that is not there has got nothing."""
    with pytest.raises(DeliveryError, match=r"there is no such host|no complete answer"):
        Resend("https://nowhere.invalid/", Secret(HUNTER), 1).send(MESSAGE, ENVELOPE)


def test_broken_tls_is_not_sent(provider: Provider) -> None:
    """Where TLS cannot be agreed on, neither key nor message has left."""
    address = provider.address.replace("http:", "https:")

    with pytest.raises(DeliveryError, match="cannot be reached"):
        Resend(address, Secret(HUNTER), 1).send(MESSAGE, ENVELOPE)

    assert provider.asked == []


def test_certificate_of_nobody_is_not_trusted() -> None:
    """A server whose certificate nobody vouches for gets neither key nor message."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:

        def serve() -> bytes:
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                return context.wrap_socket(connection, server_side=True).recv(9)
            return b""

        heard = pool.submit(serve)
        address = f"https://localhost:{listener.getsockname()[1]}/"
        with pytest.raises(DeliveryError, match="CERTIFICATE_VERIFY_FAILED"):
            Resend(address, Secret(HUNTER), 1).send(MESSAGE, ENVELOPE)

    assert heard.result() == b""


def test_other_server_is_not_told(resend: Resend, provider: Provider) -> None:
    """A redirect is not followed: neither the message nor the key goes to where it leads."""
    with listening(lambda asked: said(200, {"id": "stolen"})) as other:
        provider.faults.append(instead(said(307, {}, Location=f"{other.address}emails?key=x")))
        with pytest.raises(DeliveryError, match=r"answers 307, which leads to http://.*; check the address"):
            resend.send(MESSAGE, ENVELOPE)

    assert other.asked == []


# What answers mean


def refusal(status: int, name: str, message: str = "", **headers: str) -> Fault:
    """Refuse as Resend does."""
    return instead(said(status, {"statusCode": status, "name": name, "message": message}, **headers))


@pytest.mark.parametrize(
    ("fault", "outcome", "reply"),
    [
        (instead(said(201, {"id": "abc"})), "sent", "id abc"),
        (instead(said(200, {})), "unknown", "200, which is no answer of Resend"),
        (instead(said(200, {"id": 7})), "unknown", "200, which is no answer of Resend"),
        (instead(said(200, {"id": ""})), "unknown", "200, which is no answer of Resend"),
        (instead(said(200, {"id": f"a\n{HUNTER}" + "c" * 999})), "sent", "id a ***" + "c" * 192),
        (instead(Said(200, b"<html>")), "unknown", "200, which is no answer of Resend"),
        (instead(Said(200, b"[" * 50_000)), "unknown", "200, which is no answer of Resend"),
        (
            refusal(422, "validation_error", "Invalid `to` field. It needs `a@b`"),
            "failed",
            "422 validation_error: Invalid `to` field. It needs `a@b`",
        ),
        (
            refusal(409, "invalid_idempotent_request", "Same key"),
            "sent",
            "taken before, with other bytes (409 invalid_idempotent_request: Same key)",
        ),
        (
            refusal(409, "concurrent_idempotent_requests", "In progress"),
            "deferred",
            "409 concurrent_idempotent_requests: In progress",
        ),
        (refusal(409, "something_else"), "unknown", "409 something_else:"),
        (refusal(408, "timeout"), "deferred", "408 timeout:"),
        (refusal(500, "application_error", "Oops"), "unknown", "500 application_error: Oops"),
        (instead(Said(502, b"<html>Bad gateway")), "unknown", "502"),
        (refusal(503, "x", "a\nb\x1b[31m" + "c" * 999), "unknown", "503 x: a b [31m" + "c" * 185),
    ],
    ids=[
        *("created", "empty", "number", "nothing", "lines", "page", "deep"),
        *("to", "other-bytes", "concurrent", "other-conflict", "timeout", "500", "502", "503"),
    ],
)
def test_answers_have_their_outcomes(
    resend: Resend, provider: Provider, fault: Fault, outcome: str, reply: str
) -> None:
    """Each documented answer, and each odd one, has an outcome and a reply of one short line."""
    provider.faults.append(fault)

    receipt = resend.send(MESSAGE, ENVELOPE)

    assert (receipt.outcome, receipt.reply) == (outcome, reply)
    assert len(provider.asked) == 1


@pytest.mark.parametrize(
    ("fault", "said_to_be"),
    [
        (
            refusal(401, "missing_api_key", "Missing"),
            f"does not know us (401 missing_api_key: Missing); check {KEY}",
        ),
        (refusal(401, "validation_error", "API key is invalid"), f"check {KEY}"),
        (refusal(403, "invalid_api_key", "API key is invalid"), f"check {KEY}"),
        (refusal(400, "validation_error", "API key is invalid"), f"check {KEY}"),
        (instead(Said(403, b"<html>blocked")), f"check {KEY}"),
        (refusal(403, "validation_error", "The x.org domain is not verified"), "verify the domain there"),
        (
            refusal(422, "invalid_from_address", "Invalid `from` field."),
            "Resend takes no messages: 422 invalid_from",
        ),
        (refusal(422, "missing_required_field", "Missing `html` field"), "Resend takes no messages: 422"),
        (refusal(422, "validation_error", "Something"), "Resend takes no messages: 422"),
        (refusal(451, "security_error", "Odd"), "Resend takes no messages: 451"),
        (refusal(404, "not_found", "No such endpoint"), "Resend takes no messages: 404"),
        (instead(Said(413, b"")), "Resend takes no messages: 413; see docs/providers.md#refusals"),
        (refusal(429, "daily_quota_exceeded", "Too many"), "the quota at Resend is used up (429 daily"),
        (refusal(429, "monthly_quota_exceeded", "Too many"), "the quota at Resend is used up (429 monthly"),
    ],
    ids=[
        *(
            "no-key",
            "invalid-401",
            "invalid-403",
            "invalid-400",
            "blocked",
            "domain",
            "from",
            "missing",
            "vague",
        ),
        *("security", "404", "413", "day", "month"),
    ],
)
def test_what_hits_everybody_is_an_error(
    resend: Resend, provider: Provider, fault: Fault, said_to_be: str
) -> None:
    """A refusal that no recipient can help stops sending, and says what to look at."""
    provider.faults.append(fault)

    with pytest.raises(DeliveryError) as raised:
        resend.send(MESSAGE, ENVELOPE)

    assert said_to_be in str(raised.value)
    assert HUNTER not in str(raised.value)


def test_vague_refusal_is_the_recipients_once_another_was_taken(resend: Resend, provider: Provider) -> None:
    """After a message was taken, a refusal that names nothing can only be about the next recipient."""
    resend.send(MESSAGE, to("ann"))
    provider.faults.append(refusal(422, "validation_error", "Something"))

    assert resend.send(MESSAGE, to("bob")).outcome == "failed"


def test_other_bytes_under_a_key_make_no_second_mail(resend: Resend, took: Took) -> None:
    """A delivery whose message has changed since its answer was lost counts as sent: it was, once."""
    resend.send(MESSAGE, ENVELOPE)

    receipt = resend.send(MESSAGE.replace(b"Subject: Silt", b"Subject: Sand"), ENVELOPE)

    assert receipt.accepted
    assert receipt.reply.startswith("taken before, with other bytes")
    assert len(took.recipients) == 1


def test_ten_without_an_answer_are_enough(resend: Resend, provider: Provider) -> None:
    """A provider that is down does not make a whole audience unknown: the eleventh is not even asked."""
    provider.faults.extend([refusal(502, "bad_gateway")] * 12)

    outcomes = [resend.send(MESSAGE, to(f"reader-{number}")).outcome for number in range(10)]
    with pytest.raises(DeliveryError, match="gave no answer of use to the last 10 messages; try again later"):
        resend.send(MESSAGE, to("ann"))

    assert outcomes == ["unknown"] * 10
    assert len(provider.asked) == 10


# Its pace


def test_message_that_comes_too_fast_waits(resend: Resend, provider: Provider, clock: Clock) -> None:
    """After 429 the message is sent again when the provider said, and is nobody's trouble."""
    provider.faults.append(refusal(429, "rate_limit_exceeded", "Too many requests", Retry_After="3"))

    assert resend.send(MESSAGE, ENVELOPE).accepted
    assert clock.now == pytest.approx(1003)


def test_long_pause_is_deferred(resend: Resend, provider: Provider, clock: Clock) -> None:
    """A pause beyond all patience is left to the sender, and until then nobody else asks."""
    provider.faults.append(refusal(429, "rate_limit_exceeded", "Too many requests", Retry_After="3600"))

    first, second = resend.send(MESSAGE, to("ann")), resend.send(MESSAGE, to("bob"))

    assert {first.outcome, second.outcome} == {"deferred"}
    assert (first.wait, second.wait) == (timedelta(hours=1), timedelta(hours=1))
    assert len(provider.asked) == 1
    assert clock.slept == []


@pytest.mark.parametrize("said_to_wait", ["", "soon", "-5", "99999999999", "Mon, 01 Jan 2001 00:00:00 GMT"])
def test_odd_pause_is_bounded(resend: Resend, provider: Provider, clock: Clock, said_to_wait: str) -> None:
    """Whatever stands in Retry-After, the wait is between a second and a day."""
    provider.faults.extend([refusal(429, "rate_limit_exceeded", Retry_After=said_to_wait)] * 30)

    receipt = resend.send(MESSAGE, ENVELOPE)

    assert receipt.outcome == "deferred"
    assert receipt.wait is not None
    assert timedelta(0) < receipt.wait <= timedelta(days=1)
    assert clock.now <= 1000 + by_http.PATIENCE
    assert len(provider.asked) <= 10


def test_turnstile_is_open_until_it_is_held() -> None:
    """Nobody waits who was not told to."""
    clock = Clock()
    turnstile = Turnstile(clock, clock.sleep)

    assert [turnstile.enter(clock.now) for _ in range(100)] == [None] * 100
    assert clock.slept == []


def test_turnstile_lets_pass_one_by_one_after_a_hold() -> None:
    """Whoever waited passes after the hold, and each next one a gap later, not all at once."""
    clock = Clock()
    turnstile = Turnstile(clock, clock.sleep)
    turnstile.hold(timedelta(seconds=2))

    moments = []
    for _ in range(4):
        turnstile.enter(clock.now + 60)
        moments.append(clock.now)

    assert moments[0] == 1002
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert gaps == pytest.approx([0.1, 0.1, 0.1], rel=0.02)


def test_refusals_of_those_on_their_way_count_once() -> None:
    """Several threads that are refused together slow the rest down as one would."""
    once, often = Clock(), Clock()
    turnstiles = [Turnstile(once, once.sleep), Turnstile(often, often.sleep)]
    turnstiles[0].hold(timedelta(seconds=1))
    for _ in range(5):
        turnstiles[1].hold(timedelta(seconds=1))

    for turnstile, clock in zip(turnstiles, (once, often), strict=True):
        for _ in range(3):
            turnstile.enter(clock.now + 60)

    assert once.now == often.now


@pytest.mark.parametrize("rate", [2, 5, 10])
def test_turnstile_finds_the_pace_of_a_provider(rate: int) -> None:
    """Against a limit in each second, most of what it allows gets through and few are refused."""
    clock = Clock()
    turnstile = Turnstile(clock, clock.sleep)
    refused, window, count, sent = 0, 0, 0, 0
    while sent < 500:
        turnstile.enter(clock.now + 60)
        clock.sleep(0.01)
        if int(clock.now) != window:
            window, count = int(clock.now), 0
        count += 1
        if count > rate:
            refused += 1
            turnstile.hold(timedelta(seconds=1))
        else:
            sent += 1

    assert refused < 30
    assert sent / (clock.now - 1000) > rate * 0.7


def test_threads_get_everything_through_once(provider: Provider, took: Took, clock: Clock) -> None:
    """Eight threads, and a provider that loses, refuses and slows down: everybody gets one mail."""
    random = Random(6)
    faults: list[Fault] = [lose_answer, hang_up, half_an_answer, refusal(500, "internal_server_error")]
    faults += [refusal(429, "rate_limit_exceeded", Retry_After="0")]
    for _ in range(200):
        provider.faults.append(random.choice(faults) if random.random() < 0.3 else _as_usual)
    transport = Resend(provider.address, Secret(HUNTER), 100, Turnstile(clock, clock.sleep))

    def deliver(name: str) -> str:
        while (receipt := transport.send(MESSAGE, to(name))).outcome in ("unknown", "deferred"):
            pass
        return receipt.outcome

    with ThreadPoolExecutor(transport.width) as pool:
        outcomes = list(pool.map(deliver, (f"reader-{number}" for number in range(100))))
    transport.close()

    assert transport.width == 8
    assert outcomes == ["sent"] * 100
    assert sorted(took.recipients) == sorted(f"reader-{number}@example.org" for number in range(100))


def _as_usual(handler: Any, take: Any) -> None:
    handler.say(take())


# How it is opened


def opening(environ: dict[str, str], folder: Path = Path()) -> Opening:
    """Open a transport with an environment."""
    return Opening(folder, Delivery(), environ)


def test_key_comes_from_a_file(provider: Provider, tmp_path: Path) -> None:
    """`resend:` with another address asks there, with the key that a file holds."""
    (tmp_path / "key").write_text(f"{HUNTER}\n", "utf-8")
    environ = {f"{KEY}_FILE": str(tmp_path / "key")}

    transport = open_transport(f"resend:{provider.address}v1", opening(environ))

    assert transport.width == 4
    assert transport.send(MESSAGE, ENVELOPE).accepted
    assert provider.asked[0].path == "/v1/emails"
    transport.close()


def test_address_is_resends_own_without_another() -> None:
    """`resend:` alone is the public address."""
    transport = open_transport("resend:", opening({KEY: HUNTER}))

    assert isinstance(transport, Resend)
    assert transport.question(MESSAGE, ENVELOPE).address == "https://api.resend.com/emails"


@pytest.mark.parametrize(
    ("address", "environ", "reason"),
    [
        ("resend:", {}, f"{KEY} is not set; see docs/providers.md"),
        ("resend:", {KEY: "re_ä"}, f"{KEY} holds signs other than plain letters"),
        ("resend:", {KEY: "re_a\r\nX-Evil: 1"}, f"{KEY} holds signs other than plain letters"),
        ("resend:http://resend.example/", {KEY: HUNTER}, "expected resend:https://HOST/"),
        ("resend:http://10.0.0.1/", {KEY: HUNTER}, "expected resend:https://HOST/"),
        ("resend:ftp://127.0.0.1/", {KEY: HUNTER}, "expected resend:https://HOST/"),
        ("resend:hunter2", {KEY: HUNTER}, "expected resend:https://HOST/"),
        ("resend://hunter2", {KEY: HUNTER}, "expected resend:https://HOST/"),
        ("resend:https://[hunter2/", {KEY: HUNTER}, "expected resend:https://HOST/"),
        ("resend:https://a.example:99999/", {KEY: HUNTER}, "expected resend:https://HOST/"),
        ("resend:https://a.example/#hunter2", {KEY: HUNTER}, "expected resend:https://HOST/"),
        (
            "resend:https://me:hunter2@a.example/",
            {KEY: HUNTER},
            "a name or password cannot stand in the address",
        ),
        ("resend:https://a.example/?key=hunter2", {KEY: HUNTER}, "the address of resend: has no parameters"),
    ],
)
def test_what_cannot_be_opened_is_told(address: str, environ: dict[str, str], reason: str) -> None:
    """Each fault of an address or a key is told in words that repeat neither."""
    with pytest.raises(UsageError) as raised:
        open_transport(address, opening(environ))

    assert reason in str(raised.value)
    assert "hunter2" not in str(raised.value)
    assert "Evil" not in str(raised.value)


@pytest.mark.parametrize("host", ["localhost:8025", "127.0.0.1:1", "127.9.9.9", "[::1]:80"])
def test_loopback_needs_no_tls(host: str) -> None:
    """A gateway on this machine may be asked over http."""
    assert open_transport(f"resend:http://{host}/", opening({KEY: HUNTER})).width == 4


@pytest.mark.parametrize("before", [170, 180, 190, 200])
def test_half_a_key_is_not_shown_either(resend: Resend, provider: Provider, before: int) -> None:
    """A long answer is cut, but never so that the beginning of an echoed key is left."""
    provider.faults.append(refusal(500, "application_error", "x" * (before - 20) + HUNTER))

    assert "re_" not in resend.send(MESSAGE, ENVELOPE).reply


def test_key_is_never_shown(resend: Resend, provider: Provider, caplog: pytest.LogCaptureFixture) -> None:
    """Neither a log at its loudest nor a reply, an error or a repr holds the key, even if it is echoed."""
    caplog.set_level(logging.DEBUG)
    echo = f"You said Bearer {HUNTER}"
    provider.faults.append(refusal(500, "application_error", echo))
    receipts = [resend.send(MESSAGE, ENVELOPE), resend.send(MESSAGE, ENVELOPE)]
    provider.faults.append(refusal(401, "missing_api_key", echo))
    with pytest.raises(DeliveryError) as raised:
        resend.send(MESSAGE, ENVELOPE)

    question = resend.question(MESSAGE, ENVELOPE)
    shown = [repr(resend), repr(question), repr(receipts), str(raised.value), caplog.text]
    assert receipts[0].reply == "500 application_error: You said Bearer ***"
    assert all(HUNTER not in text for text in shown)
    assert "ann@example.org" not in caplog.text + repr(question)
