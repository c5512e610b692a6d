"""The SMTP transport: what each thing that a mail server can do means for a message."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from itertools import product
from threading import Barrier, Thread

import pytest

from feedmaker.delivery.transports import Envelope, Receipt
from feedmaker.delivery.transports.smtp import Smtp
from feedmaker.delivery.transports.smtp_session import Login, Server
from feedmaker.errors import DeliveryError
from tests.delivery.smtp_servers import HOST, Act, Answer, Script, ScriptedServer, tls_contexts

MESSAGE = b"To: ann@example.org\r\n\r\nHello\r\n"
# More than the kernel takes for a server that does not read, so that the end cannot be handed over.
LONG = b"To: ann@example.org\r\n\r\n" + (b"x" * 76 + b"\r\n") * 250_000
CLOSE, RESET, HANG, ENDLESS, DRIP = Act.CLOSE, Act.RESET, Act.HANG, Act.ENDLESS, Act.DRIP
MODES = ("one by one", "in one go", "with TLS")
SHORT = 0.5

SERVER_TLS, CLIENT_TLS = tls_contexts()


def envelope(recipient: str = "ann@example.org", sender: str = "letter@example.org") -> Envelope:
    """Address a message."""
    return Envelope(sender, recipient, "2026-11-23", f"<{recipient}>")


def opened(
    server: ScriptedServer,
    *,
    tls: ssl.SSLContext | None = None,
    login: Login | None = None,
    width: int = 4,
    timeout: float = 20.0,
    patience: float | None = None,
) -> Smtp:
    """Make a transport to a server; with `tls`, it asks for STARTTLS where the server begins in the clear."""
    if server.begins_with_tls:
        tls = CLIENT_TLS
    return Smtp(
        Server(HOST, server.port, tls, server.begins_with_tls, login, timeout, patience or timeout),
        width,
    )


def serving(mode: str, script: Script) -> ScriptedServer:
    """Make a server for one of the modes."""
    offers = [] if mode == "one by one" else ["PIPELINING", "SIZE 100000000"]
    return ScriptedServer(script, offers=offers, tls=SERVER_TLS if mode == "with TLS" else None)


def outcome(smtp: Smtp, message: bytes = MESSAGE) -> str:
    """Send a message and tell what became of it in a word; an error is one too."""
    try:
        return smtp.send(message, envelope()).outcome
    except DeliveryError:
        return "error"


# What each thing that a server does means


_DOINGS: dict[str, Answer] = {
    "2xx": b"250 2.0.0 Ok\r\n",
    "3xx": b"354 Go on\r\n",
    "421": (b"421 4.3.2 Shutting down\r\n", CLOSE),
    "4xx": b"451 4.7.1 Try again later\r\n",
    "5xx": b"550-5.7.1 Not you\r\n550 5.7.1 And not now\r\n",
    "close": CLOSE,
    "reset": RESET,
    "hang": HANG,
    "drip": DRIP,
    "half": (b"250 2.0.0 O", CLOSE),
    "open": (b"250-2.0.0 Ok\r\n", CLOSE),
    "garbage": b"\x00\xffHTTP/1.1 200 OK\r\n",
    "mixed": b"250-2.0.0 Ok\r\n251 2.0.0 Ok\r\n",
    "long": (b"250 " + b"x" * 10_000, HANG),
    "endless": ENDLESS,
}
# Sent, Deferred, Failed, Unknown, or an Error that ends the sending. Only from the end of the message on can
# a message be taken, and only there can nobody know.
_MEANING = """
           2xx 3xx 421 4xx 5xx close reset hang drip half open garbage mixed long endless
greeting   S   E   D   D   E   D     D     E    E    D    D    E       E     E    E
EHLO       S   E   D   D   E   D     D     E    E    D    D    E       E     E    E
MAIL       S   D   D   D   E   D     D     D    D    D    D    D       D     D    D
RCPT       S   D   D   D   F   D     D     D    D    D    D    D       D     D    D
DATA       D   S   D   D   F   D     D     D    D    D    D    D       D     D    D
dot        S   U   D   D   F   U     U     U    U    U    U    U       U     U    U
"""
_WORDS = {"S": "sent", "D": "deferred", "F": "failed", "U": "unknown", "E": "error"}


def _cases() -> list[tuple[str, str, str]]:
    head, *rows = (line.split() for line in _MEANING.strip().split("\n"))
    return [
        (point, doing, _WORDS[letter])
        for point, *letters in rows
        for doing, letter in zip(head, letters, strict=True)
    ]


def _is_tried(doing: str, mode: str) -> bool:
    """Leave out what only waits once more."""
    return {"hang": mode == "with TLS", "drip": mode == "one by one"}.get(doing, True)


@pytest.mark.parametrize(
    ("mode", "point", "doing", "expected"),
    [(mode, *case) for mode, case in product(MODES, _cases()) if _is_tried(case[1], mode)],
)
def test_each_reply_at_each_point_has_its_meaning(mode: str, point: str, doing: str, expected: str) -> None:
    """The table says what becomes of a message; whatever that is, the next one goes out."""
    with serving(mode, {point: _DOINGS[doing]}) as server:
        smtp = opened(server, timeout=SHORT if doing in ("hang", "drip") else 20)
        first = outcome(smtp)
        taken = [message for message in server.messages if message]
        second = outcome(smtp)
        smtp.close()

    assert (first, second) == (expected, "sent")
    assert taken == ([MESSAGE] if point == "dot" or expected == "sent" else [])
    assert server.messages[-1] == MESSAGE
    assert not server.ran_ahead or mode != "one by one"


def test_table_has_every_doing_at_every_point() -> None:
    """No case is left out."""
    points = ("greeting", "EHLO", "MAIL", "RCPT", "DATA", "dot")

    assert sorted(case[:2] for case in _cases()) == sorted(product(points, _DOINGS))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("doing", "expected"),
    [
        ((CLOSE,), "deferred"),
        ((RESET,), "deferred"),
        ((HANG,), "deferred"),
        ((b"421 4.3.2 Shutting down\r\n", CLOSE), "deferred"),
        ((b"451 4.3.0 Disk is full\r\n", CLOSE), "deferred"),
        ((b"552 5.3.4 Too long\r\n", CLOSE), "failed"),
        ((b"250 2.0.0 Ok\r\n", CLOSE), "deferred"),
    ],
    ids=str,
)
def test_message_that_was_cut_off_was_not_taken(mode: str, doing: tuple[bytes | Act], expected: str) -> None:
    """Before its end was handed over nobody has taken it, whatever is said meanwhile; a refusal counts."""
    script: Script = {"DATA": (b"354 Go on\r\n", Act.READ_SOME, *doing)}
    with serving(mode, script) as server:
        smtp = opened(server, timeout=SHORT if HANG in doing else 20)
        first = outcome(smtp, LONG)
        second = outcome(smtp)
        smtp.close()

    assert (first, second) == (expected, "sent")
    assert server.messages == [MESSAGE]


@pytest.mark.parametrize("early", [b"250 2.0.0 Ok\r\n", b"250 2.0.0 O", b"354 Go on\r\n"])
def test_reply_before_the_message_is_none_to_it(early: bytes) -> None:
    """Who says that a message was taken before it came is not believed, and gets no message."""
    with serving("one by one", {"DATA": b"354 Go on\r\n" + early}) as server:
        smtp = opened(server)
        receipt = smtp.send(MESSAGE, envelope())
        smtp.close()

    assert receipt.outcome == "deferred"
    assert "speaks unasked" in receipt.reply
    assert server.messages == []


@pytest.mark.parametrize("dot", [b"554 Nobody\r\n", b"250 Ok\r\n", b"451 Later\r\n"])
def test_server_that_wants_a_message_to_nobody_gets_a_lone_dot(dot: bytes) -> None:
    """Where RCPT is refused and DATA is not (RFC 2920, 3.1), nothing is sent, and the connection goes on."""
    with serving("in one go", {"RCPT": b"550 5.1.1 Nobody\r\n", "dot": dot}) as server:
        smtp = opened(server)
        receipts = [smtp.send(MESSAGE, envelope()), smtp.send(MESSAGE, envelope())]
        smtp.close()

    assert receipts == [Receipt("failed", "550 5.1.1 Nobody"), Receipt("sent", "250 2.0.0 Ok: queued")]
    assert server.messages == [b"", MESSAGE]
    assert [lines[1:] for lines in server.lines] == [[*_group(30), b"RSET", *_group(30), b"QUIT"]]


@pytest.mark.parametrize(
    "data", [b"503 5.5.1 No recipients\r\n", b"554 5.5.1 No recipients\r\n", b"451 No\r\n"]
)
@pytest.mark.parametrize("mode", MODES)
def test_connection_goes_on_after_a_refused_recipient(mode: str, data: bytes) -> None:
    """The refusal is the recipient's, whatever is said to DATA, and RSET makes room for the next message."""
    script: dict[str, Answer | list[Answer]] = {"RCPT": b"452 4.2.2 Mailbox full\r\n"}
    if mode != "one by one":
        script["DATA"] = data
    with serving(mode, script) as server:
        smtp = opened(server)
        receipts = [smtp.send(MESSAGE, envelope()) for _ in range(3)]
        smtp.close()

    assert receipts[0] == Receipt("deferred", "452 4.2.2 Mailbox full")
    assert [receipt.outcome for receipt in receipts[1:]] == ["sent", "sent"]
    (lines,) = server.lines
    assert lines.count(b"RSET") == 1
    assert server.messages == [MESSAGE, MESSAGE]


@pytest.mark.parametrize(
    "data", [(b"421 4.3.2 Shutting down\r\n", CLOSE), CLOSE, RESET, b"garbage\r\n", (b"354 Go\r\n", CLOSE)]
)
def test_refused_recipient_stays_refused_when_the_connection_ends(data: Answer) -> None:
    """What was said before the connection ended counts, and it is never unknown."""
    with serving("in one go", {"RCPT": b"550 5.1.1 Nobody\r\n", "DATA": data}) as server:
        smtp = opened(server)
        receipts = [smtp.send(MESSAGE, envelope()), smtp.send(MESSAGE, envelope())]
        smtp.close()

    assert receipts[0] == Receipt("failed", "550 5.1.1 Nobody")
    assert receipts[1].outcome == "sent"
    assert server.messages == [MESSAGE]


def test_mail_that_may_go_to_somebody_is_not_ended_by_a_dot() -> None:
    """Where MAIL is refused and all after it accepted, a lone dot would be an empty message to somebody."""
    with serving("in one go", {"MAIL": b"451 4.3.0 Later\r\n"}) as server:
        smtp = opened(server)
        receipt = smtp.send(MESSAGE, envelope())
        smtp.close()

    assert receipt == Receipt("deferred", "451 4.3.0 Later")
    assert server.messages == []


def test_commands_go_in_one_write_where_the_server_takes_that() -> None:
    """With PIPELINING three commands arrive together, in each transaction; without it, one after another."""
    with serving("in one go", {}) as grouped, serving("one by one", {}) as single:
        for server in (grouped, single):
            smtp = opened(server)
            assert [outcome(smtp) for _ in range(2)] == ["sent", "sent"]
            smtp.close()

    assert (grouped.ran_ahead, single.ran_ahead) == (True, False)
    assert grouped.lines == [[b"EHLO " + _name(grouped), *_group(30) * 2, b"QUIT"]]
    assert single.lines == [[b"EHLO " + _name(single), *_group(None) * 2, b"QUIT"]]


def _group(size: int | None) -> list[bytes]:
    """Return the commands before a message."""
    more = b"" if size is None else f" SIZE={size}".encode()
    return [b"MAIL FROM:<letter@example.org>" + more, b"RCPT TO:<ann@example.org>", b"DATA"]


def _name(server: ScriptedServer) -> bytes:
    return server.lines[0][0].removeprefix(b"EHLO ")


# Connections that are kept


def test_connection_is_kept_and_ended_with_quit() -> None:
    """One thread needs one connection, which closing ends as RFC 5321 has it."""
    with serving("in one go", {}) as server:
        smtp = opened(server)
        assert [outcome(smtp) for _ in range(5)] == ["sent"] * 5
        smtp.close()
        assert server.connections[0].is_closed.wait(60)

    assert len(server.connections) == 1
    assert server.lines[0][-1] == b"QUIT"


@pytest.mark.parametrize("goodbye", [CLOSE, RESET, b"garbage\r\n", (b"421 Bye\r\n", CLOSE)])
def test_closing_takes_no_offence(goodbye: Answer) -> None:
    """However a server answers QUIT, closing is done."""
    with serving("one by one", {"QUIT": goodbye}) as server:
        smtp = opened(server)
        assert outcome(smtp) == "sent"
        smtp.close()
        smtp.close()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "last_words", [CLOSE, RESET, (b"421 4.4.2 Idle too long\r\n", CLOSE)], ids=["close", "reset", "421"]
)
def test_connection_that_died_while_it_was_idle_costs_nothing(mode: str, last_words: Answer) -> None:
    """It is noticed before a message is begun on it, and another one is opened without a word."""
    pieces = last_words if isinstance(last_words, tuple) else (last_words,)
    with serving(mode, {"dot": (b"250 Ok\r\n", *pieces)}) as server:
        smtp = opened(server)
        first = outcome(smtp)
        assert server.connections[0].is_closed.wait(60)
        second = outcome(smtp)
        smtp.close()

    assert (first, second) == ("sent", "sent")
    assert len(server.connections) == 2
    assert not any(b"MAIL" in line for line in server.lines[0][4:])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("point", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("doing", [CLOSE, RESET, (b"421 4.7.0 Enough for now\r\n", CLOSE)])
def test_kept_connection_that_ends_before_the_message_is_replaced(
    mode: str, point: str, doing: Answer
) -> None:
    """As where a server takes only so many messages on one connection."""
    usual = b"354 Go on\r\n" if point == "DATA" else b"250 Ok\r\n"
    with serving(mode, {point: [usual, doing]}) as server:
        smtp = opened(server)
        outcomes = [outcome(smtp) for _ in range(3)]
        smtp.close()

    assert outcomes == ["sent"] * 3
    assert len(server.connections) == 2
    assert server.messages == [MESSAGE] * 3


@pytest.mark.parametrize("point", ["RCPT", "DATA", "dot"])
def test_connection_that_is_announced_to_end_is_not_used_again(point: str) -> None:
    """After 421 nothing more is said on it, also where the server leaves it open."""
    with serving("in one go", {point: b"421 4.3.2 Shutting down\r\n"}) as server:
        smtp = opened(server)
        outcomes = [outcome(smtp) for _ in range(2)]
        smtp.close()

    assert outcomes == ["deferred", "sent"]
    assert len(server.connections) == 2
    assert server.lines[0].count(b"DATA") == 1


def _in_threads(count: int, work: Callable[[int], object]) -> None:
    """Do a thing in many threads that begin together."""
    together = Barrier(count)

    def begin(number: int) -> None:
        together.wait()
        work(number)

    threads = [Thread(target=begin, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_threads_have_connections_of_their_own() -> None:
    """As many messages are under way as there are threads, and each goes out once."""
    receipts: list[Receipt] = []
    with serving("in one go", {}) as server:
        smtp = opened(server, width=8)

        def send(thread: int) -> None:
            for number in range(20):
                message = f"Subject: {thread}.{number}\r\n\r\n".encode()
                receipts.append(smtp.send(message, envelope(f"r{thread}.{number}@example.org")))

        _in_threads(8, send)
        smtp.close()
        assert all(caller.is_closed.wait(60) for caller in server.connections)

    assert {receipt.outcome for receipt in receipts} == {"sent"}
    assert len(set(server.messages)) == len(server.messages) == len(receipts) == 160
    assert 1 < len(server.connections) <= 8
    assert all(lines[-1] == b"QUIT" for lines in server.lines)


def test_server_that_takes_fewer_connections_gets_no_more() -> None:
    """Once one is open, a refused second one makes the threads share, and no message suffers for it."""
    outcomes: list[str] = []
    with ScriptedServer(offers=["PIPELINING"], most=2) as server:
        smtp = opened(server, width=6)
        outcomes.append(outcome(smtp))
        _in_threads(6, lambda _: outcomes.extend(outcome(smtp) for _ in range(10)))
        smtp.close()

    assert outcomes == ["sent"] * 61
    assert len(server.messages) == 61
    assert len(server.connections) <= 2 + 5


def test_all_threads_learn_that_there_is_no_server() -> None:
    """Nobody waits for a connection that nobody has."""
    with serving("one by one", {}) as server:
        gone = opened(server, width=6)
    outcomes: list[str] = []

    _in_threads(6, lambda _: outcomes.append(outcome(gone)))

    assert outcomes == ["error"] * 6
