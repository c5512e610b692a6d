"""Opening a session with a mail server: reaching it, TLS, signing in."""

from __future__ import annotations

import socket
import ssl
from base64 import b64encode
from pathlib import Path

import pytest
import trustme

from feedmaker.config import Delivery
from feedmaker.delivery.transports import Envelope, Opening, Receipt, open_transport
from feedmaker.delivery.transports.smtp import Smtp
from feedmaker.delivery.transports.smtp_session import Login, Server
from feedmaker.errors import DeliveryError
from feedmaker.secrets import Secret
from tests.delivery.smtp_servers import (
    HOST,
    Act,
    Answer,
    Mailbox,
    Script,
    ScriptedServer,
    aiosmtpd,
    tls_contexts,
)

MESSAGE = b"To: ann@example.org\r\n\r\nHello\r\n"
ENVELOPE = Envelope("letter@example.org", "ann@example.org", "2026-11-23", "<1@example.org>")
SERVER_TLS, CLIENT_TLS = tls_contexts()
LOGIN = Login(Secret("jörg@example.org"), Secret("hünter:2"))
PLAIN = b64encode("\0jörg@example.org\0hünter:2".encode())
SECRETS = ("hünter:2", "jörg", PLAIN.decode(), b64encode("hünter:2".encode()).decode())


def smtp_to(server: Server) -> Smtp:
    """Make a transport with one connection."""
    return Smtp(server, 1)


def refusal(server: Server) -> str:
    """Return what is said where nothing can be handed over."""
    with pytest.raises(DeliveryError) as raised:
        smtp_to(server).send(MESSAGE, ENVELOPE)
    return str(raised.value)


# Servers that cannot be reached


def test_server_that_is_not_there_is_named_with_what_to_do() -> None:
    """The text has host and port."""
    with ScriptedServer() as server:
        port = server.port

    assert refusal(Server(HOST, port)) == (
        f"127.0.0.1:{port} cannot be reached (Connection refused); is it running, and is the port right?"
    )


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (socket.gaierror(-2, "Name or service not known"), "mail.example: no such host is known"),
        (TimeoutError("timed out"), "mail.example:587 did not answer within 60 seconds"),
        (OSError(113, "No route to host"), "mail.example:587 cannot be reached (No route to host)"),
    ],
)
def test_network_that_fails_is_told(raised: OSError, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Name, way and time each have their words."""

    def fail(*_: object) -> None:
        raise raised

    monkeypatch.setattr(socket, "create_connection", fail)

    assert refusal(Server("mail.example", 587)).startswith(said)


def test_server_that_hangs_up_at_once_defers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether that is noticed while connecting or later, it means the same."""

    def fail(*_: object) -> None:
        raise ConnectionResetError(104, "Connection reset by peer")

    monkeypatch.setattr(socket, "create_connection", fail)

    receipt = smtp_to(Server("mail.example", 25)).send(MESSAGE, ENVELOPE)

    assert receipt == Receipt("deferred", "mail.example:25 has closed the connection")


def test_address_of_six_parts_stands_in_brackets() -> None:
    """A port is told apart from an IPv6 address."""
    assert str(Server("::1", 25)) == "[::1]:25"


def test_refused_greeting_is_told_with_its_words() -> None:
    """A server that does not want this machine says why, and people read it without control characters."""
    with ScriptedServer(
        {"greeting": b"554-5.7.1 Your \x1b[31mnetwork\r\n554 5.7.1 is \xc3\xa4 listed\r\n"}
    ) as server:
        said = refusal(Server(HOST, server.port))

    assert said == (
        f"127.0.0.1:{server.port} takes no mail from this machine: "
        "554 5.7.1 Your  [31mnetwork 5.7.1 is ä listed; ask those who run it"
    )


def test_machine_names_itself_in_full_or_by_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """EHLO has a full name, or an address as RFC 5321, 4.1.3 writes it, and asks no name server."""
    with ScriptedServer() as server:
        for name in ("host.example.org", "host", "ho st.example.org"):
            monkeypatch.setattr(socket, "gethostname", lambda name=name: name)
            smtp = smtp_to(Server(HOST, server.port))
            smtp.send(MESSAGE, ENVELOPE)
            smtp.close()

    assert [lines[0] for lines in server.lines] == [
        b"EHLO host.example.org",
        b"EHLO [127.0.0.1]",
        b"EHLO [127.0.0.1]",
    ]


# TLS


def test_starttls_comes_before_all_else() -> None:
    """Only EHLO goes in the clear, and what was offered in the clear is forgotten."""
    with ScriptedServer(starttls=SERVER_TLS, offers=["STARTTLS", "AUTH PLAIN"]) as server:
        smtp = smtp_to(Server(HOST, server.port, CLIENT_TLS, login=LOGIN))
        receipt = smtp.send(MESSAGE, ENVELOPE)
        smtp.close()

    assert receipt.outcome == "sent"
    assert [line.split()[0] for line in server.lines[0]] == (
        b"EHLO STARTTLS EHLO AUTH MAIL RCPT DATA QUIT".split()
    )


def test_server_without_starttls_gets_no_mail() -> None:
    """Neither message nor password goes in the clear, as where somebody in between hides the offer."""
    with ScriptedServer(offers=["AUTH PLAIN"]) as server:
        said = refusal(Server(HOST, server.port, CLIENT_TLS, login=LOGIN))

    assert "offers no STARTTLS" in said
    assert [line.split()[0] for line in server.lines[0]] == [b"EHLO"]


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (b"454 4.7.0 TLS not available\r\n", "deferred"),
        (Act.CLOSE, "deferred"),
        (b"502 5.5.1 Not known\r\n", "refuses STARTTLS"),
        (b"220 Go\r\n250 2.0.0 Smuggled\r\n", "goes on in the clear where TLS should begin"),
        ((b"220 Go\r\n", Act.CLOSE), "deferred"),
        ((b"220 Go\r\n", Act.READ_SOME, Act.CLOSE), "deferred"),
        ((b"220 Go\r\n", Act.READ_SOME, Act.RESET), "deferred"),
        ((b"220 Go\r\n", Act.READ_SOME, b"500 What?\r\n", Act.HANG), "does not speak TLS"),
    ],
)
def test_starttls_that_fails_sends_nothing(answer: Answer, outcome: str) -> None:
    """Each way of failing has its meaning, and words from before TLS do not count as if they came after."""
    with ScriptedServer({"STARTTLS": answer}, offers=["STARTTLS"]) as server:
        smtp = smtp_to(Server(HOST, server.port, CLIENT_TLS))
        try:
            said: str = smtp.send(MESSAGE, ENVELOPE).outcome
        except DeliveryError as error:
            said = str(error)

    assert outcome in said
    assert server.messages == []
    assert not any(line.startswith(b"MAIL") for line in server.lines[0])


@pytest.mark.parametrize("begins_with_tls", [True, False])
def test_certificate_of_nobody_known_is_refused(begins_with_tls: bool) -> None:
    """The text says what is wrong with it and what to do."""
    own, starttls = (SERVER_TLS, None) if begins_with_tls else (None, SERVER_TLS)
    with ScriptedServer(tls=own, starttls=starttls, offers=["STARTTLS"]) as server:
        said = refusal(Server(HOST, server.port, ssl.create_default_context(), begins_with_tls))

    assert "has a certificate that is not to be trusted (unable to get local issuer certificate)" in said
    assert "SSL_CERT_FILE" in said


def test_certificate_of_another_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate counts for the names that stand in it."""
    found = socket.getaddrinfo(HOST, 0)
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, port, *_: [(*one[:4], (HOST, port)) for one in found]
    )
    with ScriptedServer(tls=SERVER_TLS) as server:
        said = refusal(Server("mail.example", server.port, CLIENT_TLS, begins_with_tls=True))

    assert "certificate is not valid for 'mail.example'" in said


def test_authority_of_ones_own_is_named_by_a_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SSL_CERT_FILE is what OpenSSL itself reads."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(own)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    with ScriptedServer(tls=own) as server:
        smtp = open_transport(f"smtps://localhost:{server.port}", Opening(tmp_path, Delivery(), {}))
        receipt = smtp.send(MESSAGE, ENVELOPE)
        smtp.close()

    assert receipt == Receipt("sent", "250 2.0.0 Ok: queued")


def test_tls_and_none_are_told_apart() -> None:
    """Who asks for TLS where there is none, or for none where there is, is told."""
    with ScriptedServer() as clear, ScriptedServer(tls=SERVER_TLS) as own:
        wanted = refusal(Server(HOST, clear.port, CLIENT_TLS, begins_with_tls=True))
        unwanted = refusal(Server(HOST, own.port, timeout=0.5))

    assert "does not speak TLS" in wanted
    assert "smtp:" in wanted
    assert unwanted.endswith("took longer than 0.5 seconds; is that the port of a mail server?")


# Signing in


def test_plain_is_taken_first() -> None:
    """Name and password go in UTF-8 (RFC 4616)."""
    with ScriptedServer(offers=["AUTH LOGIN PLAIN"]) as server:
        smtp = smtp_to(Server(HOST, server.port, login=LOGIN))
        smtp.send(MESSAGE, ENVELOPE)
        smtp.close()

    assert server.lines[0][1] == b"AUTH PLAIN " + PLAIN


def test_password_may_be_any_bytes() -> None:
    """What a variable holds and is no UTF-8 is sent as it is."""
    with ScriptedServer(offers=["AUTH PLAIN"]) as server:
        smtp = smtp_to(Server(HOST, server.port, login=Login(Secret("ann"), Secret("p\udcfc"))))
        smtp.send(MESSAGE, ENVELOPE)
        smtp.close()

    assert server.lines[0][1] == b"AUTH PLAIN " + b64encode(b"\0ann\0p\xfc")


def test_login_is_for_older_servers() -> None:
    """They ask for one after the other."""
    script: Script = {"AUTH": b"334 VXNlcm5hbWU6\r\n", "else": [b"334 UGFzc3dvcmQ6\r\n", b"235 Ok\r\n"]}
    with ScriptedServer(script, offers=["AUTH LOGIN"]) as server:
        smtp = smtp_to(Server(HOST, server.port, login=LOGIN))
        receipt = smtp.send(MESSAGE, ENVELOPE)
        smtp.close()

    assert receipt.outcome == "sent"
    assert server.lines[0][1:4] == [
        b"AUTH LOGIN",
        b64encode("jörg@example.org".encode()),
        b64encode("hünter:2".encode()),
    ]


@pytest.mark.parametrize("offers", [[], ["AUTH"], ["AUTH CRAM-MD5 XOAUTH2"]])
def test_server_without_a_way_to_sign_in_gets_no_mail(offers: list[str]) -> None:
    """Mail is not sent as nobody by one who has a name."""
    with ScriptedServer(offers=offers) as server:
        said = refusal(Server(HOST, server.port, login=LOGIN))

    assert "offers no way to sign in" in said
    assert len(server.lines[0]) == 1


@pytest.mark.parametrize(
    ("offer", "script"),
    [
        ("PLAIN", {"AUTH": b"535 5.7.8 Wrong: jorg\r\n"}),
        ("PLAIN", {"AUTH": b"500 5.5.2 AUTH PLAIN " + PLAIN + b" is not known\r\n"}),
        ("PLAIN", {"AUTH": "535-jörg@example.org\r\n535 has no password hünter:2\r\n".encode()}),
        ("PLAIN", {"AUTH": b"334 And now?\r\n"}),
        ("LOGIN", {"AUTH": b"502 5.5.1 Not now\r\n"}),
        (
            "LOGIN",
            {"AUTH": b"334 x\r\n", "else": b"535 " + b64encode("jörg@example.org".encode()) + b"?\r\n"},
        ),
        (
            "LOGIN",
            {
                "AUTH": b"334 x\r\n",
                "else": [b"334 y\r\n", b"535 " + b64encode("hünter:2".encode()) + b"\r\n"],
            },
        ),
    ],
)
def test_refused_login_is_told_without_its_secrets(
    offer: str, script: dict[str, Answer | list[Answer]]
) -> None:
    """The server's words are shown with stars where they repeat what it was told."""
    with ScriptedServer(script, offers=[f"AUTH {offer}"]) as server:
        said = refusal(Server(HOST, server.port, login=LOGIN))

    assert "refuses the user or the password: " in said
    assert "FEEDMAKER_SMTP_PASSWORD" in said
    assert not [word for word in SECRETS if word in said]


@pytest.mark.parametrize("answer", [b"454 4.7.0 Later\r\n", (b"421 4.3.2 Bye\r\n", Act.CLOSE), Act.CLOSE])
def test_login_that_may_do_later_defers(answer: Answer) -> None:
    """The server's own trouble is no fault of name and password."""
    with ScriptedServer({"AUTH": answer}, offers=["AUTH PLAIN"]) as server:
        smtp = smtp_to(Server(HOST, server.port, login=LOGIN))
        receipt = smtp.send(MESSAGE, ENVELOPE)
        again = smtp.send(MESSAGE, ENVELOPE)
        smtp.close()

    assert (receipt.outcome, again.outcome) == ("deferred", "sent")


def test_server_that_wants_to_know_who_sends_says_where_to_say_it() -> None:
    """530 to MAIL has a cure."""
    with ScriptedServer({"MAIL": b"530 5.7.0 Authentication required\r\n"}) as server:
        said = refusal(Server(HOST, server.port))

    assert "530 5.7.0 Authentication required; set FEEDMAKER_SMTP_USER and FEEDMAKER_SMTP_PASSWORD" in said


# A server that others wrote


class Guard:
    """Let in one user."""

    def __call__(self, server: object, session: object, envelope: object, how: str, data: object) -> object:
        """Compare name and password with those that are good."""
        from aiosmtpd.smtp import AuthResult, LoginPassword

        assert isinstance(data, LoginPassword)
        good = data == LoginPassword("jörg@example.org".encode(), "hünter:2".encode())
        return AuthResult(success=good, handled=False)


_AT_ONCE = {"auth_require_tls": False}  # it does not count TLS that was there from the beginning
_LATER = {"tls_context": SERVER_TLS, "require_starttls": True, "auth_required": True}


@pytest.mark.parametrize(("own", "options"), [(SERVER_TLS, _AT_ONCE), (None, _LATER)], ids=["smtps", "smtp"])
@pytest.mark.parametrize("exclude", [[], ["PLAIN"]], ids=["plain", "login"])
def test_another_server_takes_a_message_from_who_signs_in(
    own: ssl.SSLContext | None, options: dict[str, object], exclude: list[str]
) -> None:
    """By smtps and by STARTTLS, by PLAIN and by LOGIN, the message arrives byte for byte."""
    mailbox = Mailbox()
    with aiosmtpd(mailbox, own, authenticator=Guard(), auth_exclude_mechanism=exclude, **options) as port:
        smtp = smtp_to(Server(HOST, port, CLIENT_TLS, own is not None, LOGIN))
        receipts = [smtp.send(MESSAGE, ENVELOPE) for _ in range(3)]
        smtp.close()
        stranger = Login(Secret("ann"), Secret("hunter2"))
        wrong = refusal(Server(HOST, port, CLIENT_TLS, own is not None, stranger))

    assert [receipt.outcome for receipt in receipts] == ["sent"] * 3
    assert [(sender, people, data) for sender, people, _, data in mailbox.got] == [
        ("letter@example.org", ["ann@example.org"], MESSAGE)
    ] * 3
    assert "535 5.7.8 Authentication credentials invalid" in wrong
