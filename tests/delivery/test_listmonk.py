"""listmonk: words travel as data and not as templates, and a lost answer stays unknown."""

from __future__ import annotations

import logging
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedmaker.config import Delivery
from feedmaker.delivery.transports import Envelope, Opening, Receipt, open_transport
from feedmaker.delivery.transports.http import Turnstile
from feedmaker.delivery.transports.listmonk import TEMPLATE, TOKEN, USER, Listmonk, payload
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
    half_an_answer,
    hang_up,
    instead,
    listening,
    lose_answer,
    said,
)
from tests.delivery.test_content import CHARACTERS, NOW, expected, newsletter

HUNTER = "hunter2hush"
PAIR = b64encode(f"feedmaker:{HUNTER}".encode()).decode()
BRACES = st.text(CHARACTERS, max_size=30) | st.lists(
    st.sampled_from(["{{", "}}", " ", ".Tx.Data.text", "| Safe", "`", "a", "<b>", "&", "\n"]), max_size=12
).map("".join)


@dataclass
class Mail:
    """What listmonk would send: its fields are those of the message that leaves it."""

    recipients: list[str]
    sender: str
    subject: str
    body: str
    text: str | None
    kind: str
    headers: dict[str, str]


def rendered(template: str, data: Mapping[str, str]) -> str:
    """Fill a template in as Go does, as far as our own ones go; any other one is an error."""
    if "{{" not in template or "}}" not in template.partition("{{")[2]:
        return template
    found = re.fullmatch(r"\{\{ \.Tx\.Data\.(\w+)(?: \| Safe)? \}\}", template)
    if not found:
        raise SyntaxError(template)
    return data[found[1]]


class Sends:
    """Send as listmonk does: whatever it is asked, as often as it is asked."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []

    def __call__(self, asked: Asked) -> Said:
        """Answer one request."""
        if asked.headers.get("authorization") != f"Basic {PAIR}":
            return said(403, {"message": "invalid session"})
        if asked.data["template_id"] != 3:
            return said(400, {"message": "Template not found"})
        self.mails.append(mail_of(asked.data))
        return said(200, {"data": True})


def mail_of(made: Mapping[str, Any]) -> Mail:
    """Make the mail that a payload leads to."""
    assert made["subscriber_mode"] == "external"
    text = rendered(made["altbody"], made["data"]) if "altbody" in made else None
    return Mail(
        made["subscriber_emails"],
        made["from_email"],
        rendered(made["subject"], made["data"]),
        rendered(TEMPLATE, made["data"]),
        text,
        made["content_type"],
        {name: value for header in made["headers"] for name, value in header.items()},
    )


@pytest.fixture
def sends() -> Sends:
    """Begin with a listmonk that has sent nothing."""
    return Sends()


@pytest.fixture
def provider(sends: Sends) -> Iterator[Provider]:
    """Run listmonk on loopback."""
    with listening(sends) as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    """Make time that only passes in pauses."""
    return Clock()


@pytest.fixture
def listmonk(provider: Provider, clock: Clock) -> Iterator[Listmonk]:
    """Open a transport to the provider."""
    turnstile = Turnstile(clock, clock.sleep)
    transport = Listmonk(provider.address, 3, Secret("feedmaker"), Secret(HUNTER), 4, turnstile)
    yield transport
    transport.close()


def to(name: str) -> Envelope:
    """Address an envelope to somebody."""
    return replace(ENVELOPE, recipient=f"{name}@example.org", key=f"<{name}@notes.example.org>")


# The payload


def test_message_of_text_alone_is_plain() -> None:
    """A word to the publisher goes out as plain text, with all its headers and its return path."""
    assert mail_of(payload(MESSAGE, ENVELOPE, 3)) == Mail(
        ["ann@example.org"],
        "Quay Notes <letter@notes.example.org>",
        "Silt",
        "Silt\n",
        None,
        "plain",
        {
            "Date": "Mon, 23 Nov 2026 08:00:00 +0000",
            "Message-ID": MESSAGE_ID,
            "Return-Path": "letter@notes.example.org",
        },
    )


@given(BRACES, BRACES, BRACES)
@settings(max_examples=200)
def test_words_are_never_run_as_templates(html: str, text: str, more: str) -> None:
    """Whatever stands in an issue, braces above all, leaves listmonk character by character."""
    subject = " ".join(f"Silt {more}".split())
    subject = subject if subject.isprintable() else "{{ .Subscriber.Email }}"
    letter = Letter(newsletter(), subject=subject, html=html, text=text)

    mail = mail_of(payload(letter.addressed("ann@example.org", MESSAGE_ID, NOW, "t0ken"), ENVELOPE, 3))

    assert (mail.subject, mail.body, mail.text) == (subject, expected(html), expected(text))
    assert mail.kind == "html"
    assert mail.headers["List-Unsubscribe"] == "<https://notes.example.org/leave/t0ken>"
    assert mail.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


# Asking once


def test_message_is_sent(listmonk: Listmonk, provider: Provider, sends: Sends) -> None:
    """A message is posted once, with user and token."""
    assert listmonk.send(MESSAGE, ENVELOPE) == Receipt("sent", "queued by listmonk")

    (asked,) = provider.asked
    assert asked.path == "/api/tx"
    assert asked.headers["authorization"] == f"Basic {PAIR}"
    assert asked.headers["content-type"] == "application/json"
    assert [mail.recipients for mail in sends.mails] == [["ann@example.org"]]


@pytest.mark.parametrize("fault", [hang_up, lose_answer, half_an_answer], ids=["hang-up", "lost", "half"])
def test_lost_answer_is_unknown(listmonk: Listmonk, provider: Provider, sends: Sends, fault: Fault) -> None:
    """Without an answer nobody knows, and nothing is asked twice, also over a kept connection."""
    listmonk.send(MESSAGE, to("ann"))
    provider.faults.append(fault)

    assert listmonk.send(MESSAGE, to("bob")).outcome == "unknown"
    assert len(provider.asked) == 2
    assert listmonk.remembers is None


@pytest.mark.parametrize(
    ("fault", "outcome", "reply"),
    [
        (instead(said(200, {"data": False})), "unknown", "200, which is no answer of listmonk"),
        (instead(Said(200, b"<html>a page")), "unknown", "200, which is no answer of listmonk"),
        (instead(said(500, {"message": "pq: gone"})), "unknown", "500 pq: gone"),
        (instead(Said(502, b"")), "unknown", "502"),
        (instead(said(409, {})), "unknown", "409"),
        (instead(said(400, {"message": "Invalid email"})), "failed", "400 Invalid email"),
    ],
    ids=["false", "page", "500", "502", "409", "400"],
)
def test_answers_have_their_outcomes(
    listmonk: Listmonk, provider: Provider, fault: Fault, outcome: str, reply: str
) -> None:
    """Once a message was taken, a refusal is about the recipient; what is no answer is unknown."""
    listmonk.send(MESSAGE, to("ann"))
    provider.faults.append(fault)

    assert listmonk.send(MESSAGE, to("bob")) == Receipt(outcome, reply)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fault", "said_to_be"),
    [
        (
            instead(said(403, {"message": "invalid session"})),
            f"listmonk does not know us (403 invalid session); check {USER} and {TOKEN}",
        ),
        (instead(said(400, {"message": "Template not found"})), "takes no messages: 400 Template not found"),
        (instead(said(404, {"message": "Not Found"})), "takes no messages: 404 Not Found"),
        (instead(said(302, {}, Location="/admin/login")), "answers 302, which leads to this address"),
    ],
    ids=["403", "400", "404", "302"],
)
def test_what_hits_everybody_is_an_error(
    listmonk: Listmonk, provider: Provider, fault: Fault, said_to_be: str
) -> None:
    """A wrong token, template or address stops sending before anybody counts as refused."""
    provider.faults.append(fault)

    with pytest.raises(DeliveryError) as raised:
        listmonk.send(MESSAGE, ENVELOPE)

    assert said_to_be in str(raised.value)


def test_full_queue_is_waited_for(listmonk: Listmonk, provider: Provider, clock: Clock) -> None:
    """Where listmonk's own queue is full, the message waits a second and is sent then, once."""
    provider.faults.append(instead(said(429, {"message": "message push timed out"})))

    assert listmonk.send(MESSAGE, ENVELOPE).accepted
    assert clock.now == pytest.approx(1001)
    assert len(provider.asked) == 2


def test_queue_that_stays_full_defers(listmonk: Listmonk, provider: Provider) -> None:
    """Where it stays full, the message is left for later, and certainly was not taken."""
    provider.faults.extend([instead(said(429, {"message": "message push timed out"}))] * 30)

    receipt = listmonk.send(MESSAGE, ENVELOPE)

    assert receipt.outcome == "deferred"
    assert receipt.wait is not None
    assert timedelta(0) < receipt.wait < timedelta(seconds=5)


# How it is opened


def opening(environ: dict[str, str]) -> Opening:
    """Open a transport with an environment."""
    return Opening(Path(), Delivery(connections=7), environ)


KEYS = {USER: "feedmaker", TOKEN: HUNTER}


def test_address_names_host_and_template(provider: Provider) -> None:
    """`listmonk:` has the address of an installation and the number of the template."""
    transport = open_transport(f"listmonk:{provider.address}lists/?template=3", opening(KEYS))

    assert transport.width == 7
    assert transport.send(MESSAGE, ENVELOPE).accepted
    assert provider.asked[0].path == "/lists/api/tx"
    transport.close()


@pytest.mark.parametrize(
    ("address", "environ", "reason"),
    [
        ("listmonk:", KEYS, "expected listmonk:https://HOST/"),
        ("listmonk:http://listmonk.example/?template=3", KEYS, "expected listmonk:https://HOST/"),
        ("listmonk:https://l.example/", KEYS, "expected ?template= and the template's number"),
        ("listmonk:https://l.example/?template=0", KEYS, "expected ?template= and the template's number"),
        ("listmonk:https://l.example/?template=3&x=1", KEYS, "expected ?template= and the template's number"),
        ("listmonk:https://a:hunter2hush@l.example/?template=3", KEYS, "a name or password cannot stand"),
        ("listmonk:https://l.example/?template=3", {TOKEN: HUNTER}, f"{USER} is not set"),
        ("listmonk:https://l.example/?template=3", {USER: "feedmaker"}, f"{TOKEN} is not set"),
    ],
)
def test_what_cannot_be_opened_is_told(address: str, environ: dict[str, str], reason: str) -> None:
    """Each fault of an address or a secret is told in words that repeat neither."""
    with pytest.raises(UsageError) as raised:
        open_transport(address, opening(environ))

    assert reason in str(raised.value)
    assert HUNTER not in str(raised.value)


def test_token_is_never_shown(
    listmonk: Listmonk, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither a log nor a reply holds the token, not even as it travels and not if it is echoed."""
    caplog.set_level(logging.DEBUG)
    provider.faults.append(instead(said(500, {"message": f"{PAIR} is feedmaker:{HUNTER}"})))

    receipt = listmonk.send(MESSAGE, ENVELOPE)

    assert receipt.reply == "500 *** is feedmaker:***"
    assert all(word not in caplog.text + repr(listmonk) for word in (HUNTER, PAIR, "ann@example.org"))
