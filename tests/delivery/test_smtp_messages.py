"""Messages and addresses by SMTP: what reaches the server, in which form, how fast, and what never does."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedmaker.delivery.transports import Envelope, Receipt
from feedmaker.delivery.transports.smtp import Smtp
from feedmaker.delivery.transports.smtp_session import Server
from feedmaker.errors import DeliveryError
from tests.delivery.smtp_servers import HOST, Mailbox, ScriptedServer, aiosmtpd

MESSAGE = b"To: ann@example.org\r\n\r\nHello\r\n"
_COMMAND = re.compile(
    rb"EHLO \S+|MAIL FROM:<letter@example\.org>( SIZE=30)?( SMTPUTF8)?|RCPT TO:<[^<>\s]+>|DATA|RSET|QUIT"
)


def envelope(recipient: str = "ann@example.org", sender: str = "letter@example.org") -> Envelope:
    """Address a message."""
    return Envelope(sender, recipient, "2026-11-23", "<1@example.org>")


def smtp_to(port: int) -> Smtp:
    """Make a transport with one connection."""
    return Smtp(Server(HOST, port, timeout=60, patience=60), 1)


# Messages


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b".",
        b".\r\n",
        b"..\r\n.\r\n...\r\n",
        b"a\r\n.\r\nb\r\n",
        b"a\r\n.b\r\n.",
        b"a\r\n..\r\n",
        b"a\r\n\r\n.\r\n\r\n.",
        b"no end",
        b"dots . in .the middle.\r\n",
    ],
)
def test_message_arrives_whatever_dots_it_has(message: bytes) -> None:
    """A line with a dot at its beginning, or with nothing else, ends no message (RFC 5321, 4.5.2)."""
    mailbox = Mailbox()
    with aiosmtpd(mailbox) as port:
        smtp = smtp_to(port)
        receipts = [smtp.send(message, envelope()), smtp.send(MESSAGE, envelope())]
        smtp.close()

    assert [receipt.outcome for receipt in receipts] == ["sent", "sent"]
    arrived = message if message.endswith(b"\r\n") else message + b"\r\n"
    assert [data for *_, data in mailbox.got] == [arrived, MESSAGE]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from([b".", b"\n", b"\r", b"\r\n", b"a", b"QUIT"]), max_size=12).map(b"".join))
def test_no_bytes_end_a_message_early(message: bytes) -> None:
    """Also where lines lack their CR, no line of what is sent is a lone dot but the last."""
    with ScriptedServer(offers=["PIPELINING"]) as server:
        smtp = smtp_to(server.port)
        receipt = smtp.send(message, envelope())
        smtp.close()

    assert receipt.outcome == "sent"
    (sent,) = server.messages
    assert b"." not in re.split(rb"\r?\n", sent)
    assert re.sub(rb"(?m)^\.", b"", sent).removesuffix(b"\r\n") == message.removesuffix(b"\r\n")
    assert len(server.lines[0]) == 5


@pytest.mark.parametrize(
    ("offers", "receipt"),
    [
        ([], Receipt("sent", "250 2.0.0 Ok: queued")),
        (["SIZE"], Receipt("sent", "250 2.0.0 Ok: queued")),
        (["SIZE 0"], Receipt("sent", "250 2.0.0 Ok: queued")),
        (["size 30"], Receipt("sent", "250 2.0.0 Ok: queued")),
        (["SIZE 29"], Receipt("failed", "the message has 30 bytes, and {} takes at most 29")),
    ],
)
def test_message_that_is_too_long_is_not_tried(offers: list[str], receipt: Receipt) -> None:
    """The server is told how long it is, and where that is too long nothing is sent (RFC 1870)."""
    with ScriptedServer(offers=offers) as server:
        smtp = smtp_to(server.port)
        got = smtp.send(MESSAGE, envelope())
        smtp.close()

    assert got == Receipt(receipt.outcome, receipt.reply.format(f"{HOST}:{server.port}"))
    begun = [line for line in server.lines[0] if line.startswith(b"MAIL")]
    size = b" SIZE=30" if offers else b""
    assert begun == ([b"MAIL FROM:<letter@example.org>" + size] if got.accepted else [])


# Addresses


def test_address_in_other_letters_needs_a_server_that_takes_it() -> None:
    """With SMTPUTF8 (RFC 6531) it is named in MAIL; without it, that recipient fails and nobody else."""
    taking, refusing = Mailbox(), Mailbox()
    people = ["ann@example.org", "jörg@example.org", "用户@example.org"]
    with aiosmtpd(taking, enable_SMTPUTF8=True) as new, aiosmtpd(refusing) as old:
        transports = [smtp_to(new), smtp_to(old)]
        first, second = ([smtp.send(MESSAGE, envelope(who)).outcome for who in people] for smtp in transports)
        reply = transports[1].send(MESSAGE, envelope("jörg@example.org")).reply
        for smtp in transports:
            smtp.close()

    assert (first, second) == (["sent"] * 3, ["sent", "failed", "failed"])
    assert [(to, options) for _, to, options, _ in taking.got] == [
        (["ann@example.org"], ["SIZE=30"]),
        (["jörg@example.org"], ["SIZE=30", "SMTPUTF8"]),
        (["用户@example.org"], ["SIZE=30", "SMTPUTF8"]),
    ]
    assert [to for _, to, _, _ in refusing.got] == [["ann@example.org"]]
    assert reply == f"{HOST}:{old} takes only addresses of ASCII letters (it offers no SMTPUTF8)"


def test_sender_in_other_letters_is_nobodys_failure() -> None:
    """What would be refused for all stops the sending, and no recipient is marked as failed."""
    with ScriptedServer() as server:
        smtp = smtp_to(server.port)
        with pytest.raises(DeliveryError, match=r"senders of ASCII letters .* delivery\.return_path"):
            smtp.send(MESSAGE, envelope(sender="jörg@example.org"))
        assert smtp.send(MESSAGE, envelope()).accepted
        smtp.close()

    assert len(server.connections) == 1


_BAD = [
    "",
    "ann@example.org\r\nRCPT TO:<eve@example.org>",
    "ann@example.org\nDATA",
    "ann@example.org\rDATA",
    "ann@example.org> NOTIFY=NEVER",
    "ann@example.org>",
    "<ann@example.org",
    "ann @example.org",
    "ann\t@example.org",
    "ann\0@example.org",
    "ann\x7f@example.org",
    "ann\x85@example.org",
    "ann\u2028@example.org",
    "ann\ud800@example.org",
    "a" * 321,
]


@pytest.mark.parametrize("address", _BAD, ids=ascii)
def test_address_that_would_be_a_command_reaches_no_server(address: str) -> None:
    """Nothing is connected to; sender and recipient are looked at alike."""
    smtp = smtp_to(1)  # nothing listens there

    for addressed in (envelope(address), envelope(sender=address)):
        receipt = smtp.send(MESSAGE, addressed)
        assert receipt == Receipt("failed", f"{address!r} cannot stand in the envelope of a message")
    with pytest.raises(DeliveryError):
        smtp.send(MESSAGE, envelope())


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=30) | st.sampled_from(_BAD) | st.emails(), min_size=1, max_size=5))
def test_server_hears_only_commands(people: list[str]) -> None:
    """Whatever an address holds, each line is a command of ours with an address at most."""
    with ScriptedServer(offers=["SMTPUTF8"]) as server:
        smtp = smtp_to(server.port)
        outcomes = [smtp.send(MESSAGE, envelope(who)).outcome for who in people]
        smtp.close()

    heard = [line for lines in server.lines for line in lines]
    assert all(_COMMAND.fullmatch(line) for line in heard)
    assert len(server.messages) == outcomes.count("sent")
    accepted = [who for who, what in zip(people, outcomes, strict=True) if what == "sent"]
    assert [line[9:-1].decode() for line in heard if line.startswith(b"RCPT")] == accepted
