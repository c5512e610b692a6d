"""Reading bounces from a mail server: a real Dovecot, and one with every fault."""

from __future__ import annotations

import socket
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmaker.bounces.parts import SIZE_LIMIT
from feedmaker.bounces.places import Returned, imap, waiting_at
from feedmaker.bounces.places.imap import PASSWORD as VARIABLE
from feedmaker.errors import MailboxError, UsageError
from tests.bounces.servers import HANG_UP, NAME, PASSWORD, SILENCE, USER, Dovecot, Scripted, dovecot

ACCOUNT = USER.replace("@", "%40")
ENVIRONMENT = {VARIABLE: PASSWORD}
THREE = [b"Subject: 1\r\n\r\n", b"Subject: 2\r\n\r\n", b"Subject: 3\r\n\r\n"]


def waiting(place: str, environ: dict[str, str] | None = None) -> Iterator[Returned]:
    """Ask for the messages at a place."""
    return waiting_at(place, Path("/nowhere"), ENVIRONMENT if environ is None else environ)


def subjects(messages: list[Returned]) -> list[bytes]:
    """Return the last word of each message's first line."""
    return [returned.data.split(b"\r\n")[0].split()[-1] for returned in messages]


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    """Run Dovecot, once for all tests."""
    with dovecot() as running:
        yield running


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the server's name lead to this machine, as a name service would let it lead to another one."""
    real = socket.getaddrinfo

    def found(host: str, *arguments: Any, **others: Any) -> Any:
        return real("127.0.0.1" if host == NAME else host, *arguments, **others)

    monkeypatch.setattr(socket, "getaddrinfo", found)


# Dovecot


def test_unseen_messages_are_read_and_then_seen(server: Dovecot) -> None:
    """Messages come in the order in which they arrived; only `done` marks them, and others are left alone."""
    for number, flags in enumerate(("", r"\Seen", r"\Flagged", "")):
        server.append(b"Subject: %d\r\n\r\nhello\r\n" % number, "Order", flags)
    place = f"imap://{ACCOUNT}@127.0.0.1:{server.port}/Order"
    messages = waiting(place)
    first = next(messages)
    second = next(messages)

    assert subjects([first, second]) == [b"0", b"2"]
    assert first.data == b"Subject: 0\r\n\r\nhello\r\n"
    assert ["Seen" in flags for flags in server.flags("Order")] == [False, True, False, False]

    first.done()
    rest = list(messages)

    assert subjects(rest) == [b"3"]
    assert ["Seen" in flags for flags in server.flags("Order")] == [True, True, False, False]
    assert subjects(list(waiting(place))) == [b"2", b"3"]


def test_handled_message_may_be_marked_twice(server: Dovecot) -> None:
    """Marking a message that is marked already, by us or by somebody who looks in, changes nothing."""
    server.append(b"Subject: twice\r\n\r\n", "Twice")
    for returned in waiting(f"imap://{ACCOUNT}@127.0.0.1:{server.port}/Twice"):
        returned.done()
        returned.done()

    assert server.flags("Twice") == [r"\Seen"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("R%C3%BCckl%C3%A4ufer", "R&APw-ckl&AOQ-ufer"),
        ("Tom%20%26%20%22Ann%22", r"Tom &- \"Ann\""),
        ("a.b", "a.b"),
    ],
)
def test_folder_may_have_any_name(server: Dovecot, path: str, name: str) -> None:
    """Folders are written in the address as in any other, and asked for as servers know them."""
    server.append(b"Subject: here\r\n\r\n", name)

    assert subjects(list(waiting(f"imap://{ACCOUNT}@127.0.0.1:{server.port}/{path}"))) == [b"here"]


def test_folder_is_the_inbox_where_none_is_named(server: Dovecot) -> None:
    """An address without a folder means INBOX."""
    server.append(b"Subject: inbox\r\n\r\n")

    assert b"inbox" in subjects(list(waiting(f"imap://{ACCOUNT}@127.0.0.1:{server.port}")))


def test_large_message_is_fetched_in_part(server: Dovecot) -> None:
    """Of a message of any size only the beginning travels."""
    server.append(b"Subject: large\r\n\r\n" + b"x" * 70 * 15_000, "Large")
    (returned,) = waiting(f"imap://{ACCOUNT}@127.0.0.1:{server.port}/Large")

    assert len(returned.data) == SIZE_LIMIT


def test_empty_folder_holds_nothing(server: Dovecot) -> None:
    """A folder in which all is seen, or nothing is, hands out nothing."""
    server.append(b"Subject: seen\r\n\r\n", "Seen", r"\Seen")

    assert list(waiting(f"imap://{ACCOUNT}@127.0.0.1:{server.port}/Seen")) == []


def test_encrypted_server_is_known_by_its_certificate(
    server: Dovecot, named: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`imaps://` reads from a server whose certificate is right, and from no other."""
    server.append(b"Subject: safe\r\n\r\n", "Safe")
    place = f"imaps://{ACCOUNT}@{NAME}:{server.tls_port}/Safe"
    with pytest.raises(MailboxError, match="certificate verify failed"):
        list(waiting(place))
    monkeypatch.setenv("SSL_CERT_FILE", str(server.authority))

    assert subjects(list(waiting(place))) == [b"safe"]
    with pytest.raises(MailboxError, match="certificate verify failed"):
        list(waiting(place.replace(NAME, "localhost")))


def test_server_elsewhere_is_encrypted_before_anything_is_said(
    server: Dovecot, named: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`imap://` to another machine begins with STARTTLS, and its certificate is looked at, too."""
    server.append(b"Subject: later\r\n\r\n", "Later")
    place = f"imap://{ACCOUNT}@{NAME}:{server.port}/Later"
    with pytest.raises(MailboxError, match="certificate verify failed"):
        list(waiting(place))
    monkeypatch.setenv("SSL_CERT_FILE", str(server.authority))

    assert subjects(list(waiting(place))) == [b"later"]


def test_wrong_password_is_told_without_it(server: Dovecot) -> None:
    """The text says what to look at, and repeats no password."""
    with pytest.raises(MailboxError, match=rf"check the user, and {VARIABLE}") as raised:
        list(waiting(f"imap://{ACCOUNT}@127.0.0.1:{server.port}/", {VARIABLE: "wr0ng"}))

    assert "wr0ng" not in str(raised.value)
    assert "AUTHENTICATIONFAILED" in str(raised.value)


def test_missing_folder_is_told(server: Dovecot) -> None:
    """The text names the place, and what the server says of it."""
    with pytest.raises(MailboxError, match=r"/Nowhere: .*doesn't exist"):
        list(waiting(f"imap://{ACCOUNT}@127.0.0.1:{server.port}/Nowhere"))


# What can go wrong


def test_message_that_the_server_refuses_blocks_no_other() -> None:
    """All others are handed out, and then it is said which one was not."""
    refusals = {"UID FETCH 1": b"TAG NO damaged\r\n", "UID FETCH 2": b"TAG BAD what\r\n"}
    with Scripted(messages=THREE, faults=refusals) as scripted:
        messages = waiting(scripted.place)

        assert subjects([next(messages)]) == [b"3"]
        with pytest.raises(MailboxError, match="2 messages are not handed out, the first has UID 1"):
            next(messages)


def test_message_at_which_the_server_hangs_up_blocks_no_other() -> None:
    """A server that breaks down at one message is asked again for the rest, and no message comes twice."""
    with Scripted(messages=THREE, faults={"UID FETCH 2": HANG_UP}) as scripted:
        messages = waiting(scripted.place)

        assert subjects([next(messages), next(messages)]) == [b"1", b"3"]
        with pytest.raises(MailboxError, match="1 messages are not handed out, the first has UID 2"):
            next(messages)
        assert sum(said.startswith("AUTHENTICATE") for said in scripted.heard) == 2


def test_message_at_whose_marking_the_server_hangs_up_blocks_no_other() -> None:
    """`done` says that it is not marked, and all others are handed out all the same."""
    with Scripted(messages=THREE, faults={"UID STORE 1": HANG_UP}) as scripted:
        messages = waiting(scripted.place)
        with pytest.raises(MailboxError, match="/INBOX: "):
            next(messages).done()

        assert subjects(list(messages)) == [b"2", b"3"]


def test_server_that_refuses_to_mark_is_not_left() -> None:
    """A refusal ends no visit: the messages of a folder that only can be read come one after the other."""
    with Scripted(messages=THREE, faults={"UID STORE": b"TAG NO read-only\r\n"}) as scripted:
        for returned in waiting(scripted.place):
            with pytest.raises(MailboxError, match="read-only"):
                returned.done()

        assert sum(said.startswith("UID FETCH") for said in scripted.heard) == 3
        assert sum(said.startswith("AUTHENTICATE") for said in scripted.heard) == 1


def test_server_that_hangs_up_at_every_message_is_left_alone() -> None:
    """After three messages at which it hung up a server is asked no more."""
    with Scripted(messages=THREE * 5, faults={"UID FETCH": HANG_UP}) as scripted:
        with pytest.raises(MailboxError, match="3 messages are not handed out, the first has UID 1"):
            list(waiting(scripted.place))
        assert sum(said.startswith("AUTHENTICATE") for said in scripted.heard) == 3


@pytest.mark.parametrize(
    ("command", "answer", "reason"),
    [
        ("CAPABILITY", HANG_UP, "socket error"),
        ("CAPABILITY", b"* CAPABILITY\r\nTAG OK done\r\n", "not IMAP4 compliant"),
        ("AUTHENTICATE", b"TAG NO not you\r\n", "not you; check the user"),
        ("AUTHENTICATE", HANG_UP, "socket error"),
        ("SELECT", b"TAG NO no such folder\r\n", "no such folder"),
        ("SELECT", b"* many EXISTS\r\nTAG OK done\r\n", "INBOX: "),
        ("SELECT", b"* OK [READ-ONLY] look\r\nTAG OK [READ-ONLY]\r\n", "not writable"),
        ("SELECT", b"\xff\xfe\r\n", "unexpected response"),
        ("UID SEARCH", b"TAG NO tired\r\n", "tired"),
        ("UID SEARCH", b"* SEARCH one two\r\nTAG OK done\r\n", "invalid literal"),
        ("UID SEARCH", b"* BYE\r\n", "INBOX: "),
        ("UID SEARCH", b"* SEARCH " + b"9" * 1_000_001 + b"\r\n", "got more than 1000000 bytes"),
        ("UID FETCH", b"* 1 FETCH (BODY[]<0> {99999999}\r\n", "3 messages are not handed out"),
        ("UID FETCH", b"* 1 FETCH (BODY[]<0> NIL)\r\nTAG OK done\r\n", "3 messages are not handed out"),
        ("UID FETCH", b"TAG OK done\r\n", "3 messages are not handed out"),
    ],
)
def test_faulty_server_is_told_apart_from_ours(command: str, answer: bytes, reason: str) -> None:
    """Whatever a server says, or does not, becomes one error that names the place and keeps the password."""
    with Scripted(messages=THREE, faults={command: answer}) as scripted:
        with pytest.raises(MailboxError, match=reason) as raised:
            list(waiting(scripted.place))

        assert str(raised.value).startswith(scripted.place)
        assert PASSWORD not in str(raised.value)


@pytest.mark.parametrize(
    "greeting", [b"", b"* BYE go away\r\n", b"SSH-2.0-server\r\n", b"\0" * 100 + b"\r\n"]
)
def test_what_is_no_mail_server_is_told(greeting: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program behind the port, or none that speaks, is an error and no crash."""
    monkeypatch.setattr(imap, "TIMEOUT", 0.5)
    with Scripted(greeting=greeting) as scripted, pytest.raises(MailboxError, match="imap://"):
        list(waiting(scripted.place))


def test_nobody_at_the_port_is_told() -> None:
    """Where nothing listens, the text says so."""
    with Scripted() as scripted:
        place = scripted.place
    with pytest.raises(MailboxError, match="Connection refused"):
        list(waiting(place))


@pytest.mark.parametrize("command", ["CAPABILITY", "AUTHENTICATE", "SELECT", "UID SEARCH", "UID FETCH 1"])
def test_silent_server_holds_nobody_up(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that says nothing more is given up."""
    monkeypatch.setattr(imap, "TIMEOUT", 0.2)
    with (
        Scripted(messages=THREE, faults={command: SILENCE}) as scripted,
        pytest.raises(MailboxError, match=r"timed out|1 messages are not handed out"),
    ):
        list(waiting(scripted.place))


def test_message_that_cannot_be_marked_is_told() -> None:
    """Where the server does not set the flag, `done` says so, and the others still come."""
    with Scripted(messages=THREE, faults={"UID STORE 1": b"TAG NO read only\r\n"}) as scripted:
        messages = waiting(scripted.place)
        with pytest.raises(MailboxError, match="read only"):
            next(messages).done()
        for returned in messages:
            returned.done()

        assert scripted.seen == {2, 3}


def test_echoed_password_is_hidden() -> None:
    """A server that repeats the password in its answer does not bring it into a message of ours."""
    answer = f"TAG NO {PASSWORD} is wrong\r\n".encode()
    with Scripted(faults={"AUTHENTICATE": answer}) as scripted:
        with pytest.raises(MailboxError, match=r"\*\*\* is wrong") as raised:
            list(waiting(scripted.place))
        assert PASSWORD not in str(raised.value)


def test_password_is_not_said_in_the_clear(named: None) -> None:
    """To another machine without encryption nothing is said."""
    with Scripted(messages=THREE) as scripted:
        with pytest.raises(MailboxError, match="offers no encryption"):
            list(waiting(scripted.place.replace("127.0.0.1", NAME)))
        assert not [said for said in scripted.heard if said.startswith(("AUTH", "LOGIN"))]


def test_name_and_password_are_sent_whole() -> None:
    """Letters outside ASCII, quotes and backslashes reach a server that knows PLAIN."""
    with Scripted() as scripted:
        list(waiting(scripted.place))
        said = scripted.heard[scripted.heard.index("AUTHENTICATE PLAIN") + 1]

    assert b64decode(said).decode() == f"\0{USER}\0{PASSWORD}"


def test_old_server_is_told_by_login() -> None:
    """A server without PLAIN gets LOGIN, with quotes and backslashes escaped, as long as ASCII is enough."""
    with Scripted(messages=THREE, capabilities="IMAP4rev1") as scripted:
        assert len(list(waiting(scripted.place, {VARIABLE: 'a "b" \\c'}))) == 3
        assert r'LOGIN "bounces@lamps.example" "a \"b\" \\c"' in scripted.heard
        with pytest.raises(MailboxError, match="letters outside ASCII"):
            list(waiting(scripted.place))


def test_many_messages_are_asked_for_in_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """The numbers of very many messages do not come on one line."""
    monkeypatch.setattr(imap, "_SEARCH_STEP", 2)
    with Scripted(messages=THREE) as scripted:
        found = list(waiting(scripted.place))
        asked = [said for said in scripted.heard if said.startswith("UID SEARCH")]

    assert subjects(found) == [b"1", b"2", b"3"]
    assert asked == ["UID SEARCH 1:2 UNSEEN", "UID SEARCH 3:4 UNSEEN"]


def test_visit_ends_politely() -> None:
    """The connection is closed when all is read, and when nobody wants the rest."""
    with Scripted(messages=THREE) as scripted:
        list(waiting(scripted.place))
        messages = waiting(scripted.place)
        next(messages)
        messages.close()  # type: ignore[attr-defined]

        assert scripted.heard.count("LOGOUT") == 2


# Settings


def test_missing_password_is_named() -> None:
    """Without a password nobody is asked; the text names the variable."""
    with pytest.raises(UsageError, match=f"set {VARIABLE} to the password"):
        list(waiting("imaps://bounces@mail.lamps.example/", {}))


def test_password_may_stand_in_a_file(tmp_path: Path) -> None:
    """A file that the variable with _FILE names is read instead."""
    (tmp_path / "password").write_text(f"{PASSWORD}\n", "utf-8")
    with Scripted(messages=THREE) as scripted:
        assert len(list(waiting(scripted.place, {f"{VARIABLE}_FILE": str(tmp_path / "password")}))) == 3


@pytest.mark.parametrize(
    "place",
    [
        *(
            "imaps://mail.lamps.example/",
            "imaps://a:hunter2@mail.lamps.example/",
            "pop://a@mail.lamps.example/",
        ),
        *("imaps://a@mail.lamps.example:99999/", "imaps://a@/", "imaps://a%0d@mail.lamps.example/", "imaps:"),
        "imaps://a@mail.lamps.example/a%0D%0ALOGOUT",
    ],
)
def test_place_that_is_none_is_refused(place: str) -> None:
    """What is no address of a mailbox is refused before anybody is asked, and no password is repeated."""
    with pytest.raises(UsageError, match="a place of bounces") as raised:
        list(waiting(place))

    assert "hunter2" not in str(raised.value)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_folder_names_are_ascii_and_lose_nothing(name: str) -> None:
    """Any name becomes printable ASCII, from which the name can be had again (RFC 3501, 5.1.3)."""
    written = imap._folder_name(name)

    assert written.isascii()
    pieces = written.split("&")
    read = pieces[0]
    for piece in pieces[1:]:
        digits, _, rest = piece.partition("-")
        padded = digits.replace(",", "/") + "=" * (-len(digits) % 4)
        read += (b64decode(padded, validate=True).decode("utf-16-be") if digits else "&") + rest
    assert read == name
