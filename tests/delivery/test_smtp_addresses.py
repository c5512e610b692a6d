"""Addresses of mail servers, and the secrets for them."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedmaker.config import Delivery
from feedmaker.delivery.transports import Opening, open_transport
from feedmaker.delivery.transports.smtp import server_at
from feedmaker.errors import UsageError


def opening(environ: Mapping[str, str] | None = None, delivery: Delivery | None = None) -> Opening:
    """Say what a transport is opened with."""
    return Opening(Path(), delivery or Delivery(), environ or {})


@pytest.mark.parametrize(
    ("address", "host", "port", "is_in_the_clear"),
    [
        ("smtp://localhost", "localhost", 25, True),
        ("smtp://LOCALHOST:2525/", "localhost", 2525, True),
        ("smtp://127.0.0.1", "127.0.0.1", 25, True),
        ("smtp://127.8.9.10:26", "127.8.9.10", 26, True),
        ("smtp://[::1]:2525", "::1", 2525, True),
        ("smtp://ann:pw@localhost", "localhost", 587, True),
        ("smtps://localhost", "localhost", 465, False),
        ("smtp://mail.example.org", "mail.example.org", 25, False),
        ("smtp://localhost.example.org", "localhost.example.org", 25, False),
        ("smtp://127.0.0.1.example.org", "127.0.0.1.example.org", 25, False),
        ("smtp://[2001:DB8::1]", "2001:db8::1", 25, False),
        ("smtp://ann:pw@mail.example.org", "mail.example.org", 587, False),
        ("smtp://ann:pw@mail.example.org:25", "mail.example.org", 25, False),
        ("smtps://ann:pw@mail.example.org", "mail.example.org", 465, False),
        ("smtp://mail_1:2525", "mail_1", 2525, False),
        ("smtps://bücher.example", "xn--bcher-kva.example", 465, False),
    ],
)
def test_address_says_which_server_and_whether_tls_is_wanted(
    address: str, host: str, port: int, is_in_the_clear: bool
) -> None:
    """Port and TLS are what mail servers usually have; only this machine may be spoken to in the clear."""
    server = server_at(address, opening())

    assert (server.host, server.port, server.tls is None) == (host, port, is_in_the_clear)
    assert server.begins_with_tls == address.startswith("smtps")
    if server.tls:
        assert (server.tls.verify_mode, server.tls.check_hostname) == (ssl.CERT_REQUIRED, True)


@pytest.mark.parametrize(
    "address",
    [
        "smtp:",
        "smtp://",
        "smtp:mail.example.org",
        "smtp:///x",
        "smtp://mail.example.org/inbox",
        "smtp://mail.example.org?tls=no",
        "smtp://mail.example.org:0",
        "smtp://mail.example.org:65536",
        "smtp://mail.example.org:smtp",
        "smtp://a..b",
        "smtp://-a.example",
        f"smtp://{'a' * 64}.example",
        "smtp://a b.example",
        "smtp://[::1",
        "smtp://[::zz]",
        "smtp://[127.0.0.1]",
        "smtp://@mail.example.org",
        "smtp://:hunter2@mail.example.org",
        "smtp://ann:@mail.example.org",
        "smtp://ann:hunter2#3@mail.example.org",
        "smtp://ann:hunter2/3@mail.example.org",
        "smtp://ann:hunter2@mail.example.org\r\n",
    ],
)
def test_what_is_no_address_is_refused_without_being_repeated(address: str) -> None:
    """What was written may be a password, so the text has only the forms that are good."""
    with pytest.raises(UsageError) as raised:
        open_transport(address, opening())

    assert str(raised.value) == (
        "the address of the mail server: expected smtp://HOST, smtp://HOST:PORT or smtp://USER@HOST:PORT, or "
        "the same with smtps; in USER the signs : / ? # are written %3A %2F %3F %23"
    )


@settings(max_examples=200)
@given(st.sampled_from(["smtp://", "smtps://", "smtp:"]), st.text() | st.text(st.sampled_from("a1.:@/[]%-é")))
def test_any_address_is_read_or_refused(scheme: str, rest: str) -> None:
    """Nothing else is raised, whatever stands there."""
    try:
        server = server_at(
            scheme + rest, opening({"FEEDMAKER_SMTP_PASSWORD": "hunter2", "FEEDMAKER_SMTP_USER": "ann"})
        )
    except UsageError:
        return

    assert server.host.isascii()
    assert 0 < server.port < 65_536
    assert server.login


@pytest.mark.parametrize(
    ("address", "environ", "user", "password"),
    [
        ("smtp://mail.example", {}, None, None),
        ("smtp://ann:pw@mail.example", {}, "ann", "pw"),
        ("smtp://ann%40example.org:p%3A%2f%C3%A4%25@mail.example", {}, "ann@example.org", "p:/ä%"),
        ("smtp://ann@example.org:p@w:x@mail.example", {}, "ann@example.org", "p@w:x"),
        ("smtp://ann@mail.example", {"FEEDMAKER_SMTP_PASSWORD": " pw\n"}, "ann", "pw"),
        ("smtps://mail.example", {"FEEDMAKER_SMTP_USER": "a", "FEEDMAKER_SMTP_PASSWORD": "pw"}, "a", "pw"),
        (
            "smtps://ann:pw@mail.example",
            {"FEEDMAKER_SMTP_USER": "bo", "FEEDMAKER_SMTP_PASSWORD": "px"},
            "ann",
            "pw",
        ),
    ],
)
def test_user_and_password_come_from_address_or_environment(
    address: str, environ: dict[str, str], user: str | None, password: str | None
) -> None:
    """The address wins; signs that mean something in it may be encoded."""
    login = server_at(address, opening(environ)).login

    assert (login and login.user.reveal(), login and login.password.reveal()) == (user, password)


def test_password_may_stand_in_a_file(tmp_path: Path) -> None:
    """As container platforms hand secrets over."""
    (tmp_path / "password").write_text("hunter2\n", "utf-8")

    server = server_at(
        "smtp://ann@mail.example", opening({"FEEDMAKER_SMTP_PASSWORD_FILE": str(tmp_path / "password")})
    )

    assert server.login
    assert server.login.password.reveal() == "hunter2"


@pytest.mark.parametrize(
    ("address", "environ", "said"),
    [
        ("smtp://ann@mail.example", {}, "set FEEDMAKER_SMTP_PASSWORD"),
        ("smtp://mail.example", {"FEEDMAKER_SMTP_USER": "ann"}, "set FEEDMAKER_SMTP_PASSWORD"),
        ("smtp://mail.example", {"FEEDMAKER_SMTP_PASSWORD": "hunter2"}, "set FEEDMAKER_SMTP_USER"),
    ],
)
def test_half_a_login_is_refused(address: str, environ: dict[str, str], said: str) -> None:
    """Nobody signs in without a name or without a password, and mail is not sent as nobody instead."""
    with pytest.raises(UsageError, match=said) as raised:
        server_at(address, opening(environ))

    assert "hunter2" not in str(raised.value)


def test_nothing_shows_the_secrets() -> None:
    """Neither the server nor the transport shows user or password, however they are printed."""
    smtp = open_transport("smtps://zoe77:hunter2@mail.example", opening())
    server = server_at("smtps://zoe77:hunter2@mail.example", opening())

    shown = f"{smtp!r} {smtp} {vars(smtp)} {server!r} {server}"
    assert "hunter2" not in shown
    assert "zoe77" not in shown


@pytest.mark.parametrize(
    ("lease", "timeout", "patience"),
    [("60 seconds", 60, 600), ("2 s", 10, 20), ("1 hour", 60, 600), ("30 s", 30, 300)],
)
def test_server_has_as_much_time_as_the_lease_makes_sense_of(
    lease: str, timeout: float, patience: float
) -> None:
    """With the usual lease the reply to a message may take the ten minutes of RFC 5321, 4.5.3.2.6."""
    server = server_at("smtp://localhost", opening(delivery=Delivery(lease=lease)))

    assert (server.timeout, server.patience) == (timeout, patience)


def test_as_many_connections_as_the_settings_say() -> None:
    """The width is that of the section delivery, and a repeat is another message to a mail server."""
    smtp = open_transport("smtp://localhost", opening(delivery=Delivery(connections=7)))

    assert (smtp.width, smtp.remembers) == (7, None)
