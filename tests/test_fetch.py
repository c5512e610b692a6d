"""HTTP against real servers on this machine, most of which misbehave."""

from __future__ import annotations

import gzip
import io
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedmaker import __version__
from feedmaker.errors import FetchError
from feedmaker.fetch import (
    Answer,
    Fetched,
    Session,
    StatusError,
    UnsentError,
    fetch,
    post,
    retry_after,
    shown_address,
    transport,
)

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
Talk = Callable[[socket.socket, str], None]


@dataclass
class Server:
    """A server that answers each request by `talk` and remembers what it was asked."""

    address: str
    asked: list[str] = field(default_factory=list)


@contextmanager
def serving(talk: Talk) -> Iterator[Server]:
    """Answer every connection on a free port by `talk`, which gets the socket and the request."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                request = read_request(self.request)
                server.asked.append(request)
                talk(self.request, request)

    class Threads(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True
        block_on_close = False

    with Threads(("127.0.0.1", 0), Handler) as listening:
        server = Server(f"http://127.0.0.1:{listening.server_address[1]}/")
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            # A thread that went on without its socket would spin until all tests are over.
            listening.shutdown()
            thread.join()


def read_request(connection: socket.socket) -> str:
    """Read a request with its body."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return data.decode()
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    wanted = int(lengths[0].partition(b":")[2]) if lengths else 0
    while len(body) < wanted:
        body += connection.recv(65536)
    return (head + b"\r\n\r\n" + body).decode()


def answer(body: bytes = b"", status: str = "200 OK", *headers: str) -> bytes:
    """Write an answer with its length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def saying(data: bytes) -> Talk:
    """Answer everything with the same bytes, then hang up."""

    def talk(connection: socket.socket, _request: str) -> None:
        connection.sendall(data)

    return talk


def ask(talk: Talk, path: str = "", **options: Any) -> Fetched:
    """Fetch from a server that answers by `talk`."""
    with serving(talk) as server:
        return fetch(server.address + path, **{"private": True, "deadline": 10.0, **options})


def refusal(talk: Talk, path: str = "", **options: Any) -> str:
    """Return what is said of an answer that cannot be had."""
    with pytest.raises(FetchError) as raised:
        ask(talk, path, **options)
    assert raised.value.exit_code == 1
    return str(raised.value)


def test_answer_has_all_its_parts() -> None:
    """An answer comes with its address, its status, its headers in small letters and its body."""
    found = ask(
        saying(answer(b"hello", "200 OK", 'ETag: "a-B"', "Content-Type: text/xml; charset=x")), "a?b=1"
    )

    assert found.url.endswith("/a?b=1")
    assert (found.status, found.body) == (200, b"hello")
    assert found.headers["etag"] == '"a-B"'
    assert found.headers["content-type"] == "text/xml; charset=x"


def test_program_says_its_name() -> None:
    """A server learns which program asks, and what it is asked for."""
    with serving(saying(answer())) as server:
        fetch(f"{server.address}feed", private=True, headers={"If-None-Match": '"x"'})

    (asked,) = server.asked
    assert asked.startswith("GET /feed HTTP/1.1\r\n")
    assert f"user-agent: feedmaker/{__version__}\r\n" in asked.lower()
    assert 'if-none-match: "x"\r\n' in asked.lower()


def test_fields_of_a_form_are_posted() -> None:
    """Fields are sent as a form, whatever signs are in them."""
    with serving(saying(answer(b"thanks", "202 Accepted"))) as server:
        found = post(server.address, {"hub.mode": "publish", "x": "ä & =\r\n"}, private=True)

    assert (found.status, found.body) == (202, b"thanks")
    assert server.asked[0].startswith("POST / HTTP/1.1\r\n")
    assert server.asked[0].endswith("\r\n\r\nhub.mode=publish&x=%C3%A4+%26+%3D%0D%0A")


@pytest.mark.parametrize("said", [answer(b"", "404 Not Found"), b"nonsense"], ids=["status", "damage"])
def test_reason_does_not_name_the_address(said: bytes) -> None:
    """Who keeps an address secret can tell the reason alone, which is the rest of the message."""
    with pytest.raises(FetchError) as raised:
        ask(saying(said), "key")

    address, reason = str(raised.value).split("/key: ")
    assert address.startswith("http://127.0.0.1:")
    assert raised.value.reason == reason != ""


def test_unchanged_is_an_answer() -> None:
    """304 is handed back, for who asked whether something has changed wants to know that it has not."""
    assert ask(saying(b"HTTP/1.1 304 Not Modified\r\nContent-Encoding: gzip\r\n\r\n")).status == 304


@pytest.mark.parametrize(
    ("status", "way"),
    [
        ("404 Not Found", "404 Not Found; check the address"),
        ("401 Unauthorized", "401 Unauthorized; find out who may read it"),
        ("429 Slow", "429 Too Many Requests; try again later"),
        ("503 Service Unavailable", "503 Service Unavailable; try again later"),
        ("599 secret words", "599; try again later"),
    ],
)
def test_bad_status_is_told(status: str, way: str) -> None:
    """A refusal names the status in the standard's words and says what to do."""
    with (
        serving(saying(answer(b"x", status, "Retry-After: 7"))) as server,
        pytest.raises(StatusError) as raised,
    ):
        fetch(server.address, private=True)

    assert str(raised.value) == f"{server.address}: the answer was {way}"
    assert raised.value.status == int(status[:3])
    assert raised.value.headers["retry-after"] == "7"


def test_status_that_leads_nowhere_is_told() -> None:
    """A redirect without an address is no answer."""
    assert "the answer was 302 Found, which leads nowhere" in refusal(saying(answer(b"", "302 Found")))


@pytest.mark.parametrize("hops", [1, 5])
def test_redirects_are_followed(hops: int) -> None:
    """Up to five redirects lead to the answer, whose address is the last one."""

    def talk(connection: socket.socket, request: str) -> None:
        number = int(request.removeprefix("GET /").partition(" ")[0])
        done = number == hops
        connection.sendall(answer(b"end") if done else answer(b"", "301 Moved", f"Location: /{number + 1}"))

    found = ask(talk, "0")

    assert found.body == b"end"
    assert found.url.endswith(f"/{hops}")


def test_redirects_in_a_circle_end() -> None:
    """Redirects that never end are given up after five."""
    asked: list[str] = []

    def talk(connection: socket.socket, request: str) -> None:
        asked.append(request)
        connection.sendall(answer(b"", "302 Found", "Location: /again"))

    assert "more than 5 redirects; use the address that they end at" in refusal(talk)
    assert len(asked) == 6


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://127.0.0.1/", "javascript:alert(1)", "mailto:a@b"]
)
def test_redirect_to_another_scheme_is_refused(target: str) -> None:
    """A redirect can lead to http and https only."""
    said = refusal(saying(answer(b"", "302 Found", f"Location: {target}")))

    assert "only https:// and http:// addresses" in said or "no sound address" in said


@pytest.mark.parametrize("target", ["http://[::1", "http://127.0.0.1:99999/", "https://", "//"])
def test_redirect_to_nonsense_is_told(target: str) -> None:
    """A redirect that is no address is an error in words."""
    refusal(saying(answer(b"", "302 Found", f"Location: {target}")))


@pytest.mark.parametrize(
    "url", ["", "feed.xml", "file:///etc/passwd", "ftp://a.example/", "http://", "https://[x", "http://a b/"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    """Only http and https addresses are fetched."""
    with pytest.raises(FetchError):
        fetch(url)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "169.254.169.254", "10.0.0.1"]
)
def test_private_address_is_refused(host: str) -> None:
    """What only this machine or its network can reach is not asked at all."""
    with pytest.raises(FetchError, match="leads into a private network") as raised:
        fetch(f"http://{host}:9/a?key=secret", deadline=5)

    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("64:ff9b::5db8:d822", True),
        ("127.9.9.9", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("fe80::1%lo", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
    ],
)
def test_public_addresses_are_told_from_others(address: str, public: bool) -> None:
    """Every kind of address that is not everyone's is known, also in the clothes of another."""
    assert transport.is_public(address) is public


def test_redirect_into_a_private_network_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A public server cannot lead into a private network, which `private` alone allows."""
    monkeypatch.setattr(transport, "is_public", lambda address: address == "127.0.0.1")
    with ExitStack() as stack:
        inner = stack.enter_context(serving(saying(answer(b"secret"))))
        target = inner.address.replace("127.0.0.1", "localhost")
        monkeypatch.setattr(
            transport, "_addresses", lambda host, *_: ["127.0.0.2" if host == "localhost" else host]
        )
        outer = stack.enter_context(serving(saying(answer(b"", "302 Found", f"Location: {target}"))))
        with pytest.raises(FetchError, match="leads into a private network"):
            fetch(outer.address)

    assert outer.asked
    assert not inner.asked


def test_one_private_address_of_a_name_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with a public and a private address is refused, for nobody knows which would be taken."""
    monkeypatch.setattr(transport, "_addresses", lambda *_: ["93.184.216.34", "127.0.0.1"])

    with pytest.raises(FetchError, match="leads into a private network"):
        fetch("http://two.example/")


def test_next_address_of_a_name_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the first address of a name does not answer, the second does."""
    monkeypatch.setattr(transport, "_addresses", lambda *_: ["127.0.0.3", "127.0.0.1"])

    with serving(saying(answer(b"here"))) as server:
        assert fetch(server.address.replace("127.0.0.1", "two.example"), private=True).body == b"here"


def test_what_was_meant_for_one_server_is_not_told_to_another() -> None:
    """Headers and passwords stay with the server that they were given for."""
    secrets = {"Authorization": "Bearer hush", "X-Key": "hush"}
    with ExitStack() as stack:
        other = stack.enter_context(serving(saying(answer(b"end"))))
        moved = answer(b"", "307 Temporary Redirect", f"Location: {other.address}")
        first = stack.enter_context(serving(saying(moved)))
        found = fetch(first.address.replace("//", "//ann:hush@"), private=True, headers=secrets)

    assert found.body == b"end"
    assert "hush" in first.asked[0]
    assert "hush" not in other.asked[0]
    assert "uthorization" not in other.asked[0]


def test_secrets_of_an_address_are_not_shown() -> None:
    """No message and no answer holds the password of an address, and no message its query."""
    said = refusal(saying(answer(b"", "404 Not Found")), "feed?token=hush")
    assert "/feed?…: " in said
    assert "hush" not in said
    with serving(saying(answer())) as server:
        found = fetch(server.address.replace("//", "//ann:hush@"), private=True)
    assert found.url == server.address


@given(st.text(max_size=60) | st.builds("http://{}:{}@{}?{}".format, *[st.text(max_size=8)] * 4))
@settings(max_examples=200)
def test_shown_address_never_fails(url: str) -> None:
    """Any text can be shown, and what stands before the host is not."""
    shown_address(url)


def test_shown_address_keeps_what_people_need() -> None:
    """Host, port and path are shown; name, password, query and fragment are not."""
    assert shown_address("https://a:b@c.example:8/d/e?f=g#h") == "https://c.example:8/d/e?…"


def test_unknown_host_is_told() -> None:
    """A host that does not exist is an error that says so."""
    with pytest.raises(
        FetchError, match=r"http://nowhere\.invalid/: (there is no such host|no complete answer)"
    ):
        fetch("http://nowhere.invalid/", deadline=5)


def test_closed_port_is_told() -> None:
    """A server that is not there is an error that says so."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(FetchError, match="cannot be reached; check the address and the network"):
        fetch(f"http://127.0.0.1:{port}/", private=True)


def dripping(before: bytes) -> Talk:
    """Begin an answer and go on with it a byte at a time, for ever."""
    gone = threading.Event()

    def talk(connection: socket.socket, _request: str) -> None:
        connection.sendall(before)
        while not gone.wait(0.02):
            connection.sendall(b"x")

    return talk


@pytest.mark.parametrize(
    "before",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
        b"HTTP/1.1 302 Found\r\nLocation: /",
        b"",
    ],
)
def test_slow_drip_ends_at_the_deadline(before: bytes) -> None:
    """However slowly an answer drips, in its head or its body, the deadline ends it."""
    said = refusal(dripping(before), deadline=0.3)

    assert said.endswith(": no complete answer within 0.3 seconds; try again later")


def test_silent_server_ends_at_the_deadline() -> None:
    """A server that says nothing is left at the deadline."""
    done = threading.Event()

    def talk(_connection: socket.socket, _request: str) -> None:
        done.wait(5)

    said = refusal(talk, deadline=0.2)
    done.set()

    assert "no complete answer within 0.2 seconds" in said


def test_slow_look_up_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that nobody answers for does not hold the program up."""
    done = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: done.wait(5) and [])
    with pytest.raises(FetchError, match=r"no complete answer within 0\.2 seconds"):
        fetch("http://slow.example/", deadline=0.2)
    done.set()


def test_interim_answers_without_end_are_left() -> None:
    """A server that goes on promising an answer is left at the deadline."""

    def talk(connection: socket.socket, _request: str) -> None:
        while True:
            connection.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 50)

    assert "no complete answer within 0.3 seconds" in refusal(talk, deadline=0.3)


def endless(head: bytes, chunk: bytes) -> Talk:
    """Say the same for ever."""

    def talk(connection: socket.socket, _request: str) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(chunk)

    return talk


@pytest.mark.parametrize(
    ("head", "chunk"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 9999),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"5\r\nhello\r\n" * 900),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", b"x" * 9999),
    ],
)
def test_endless_body_is_cut(head: bytes, chunk: bytes) -> None:
    """A body that never ends is given up at the limit."""
    said = refusal(endless(head, chunk), limit=100_000)

    assert said.endswith(": the answer has more than 100,000 bytes; use a smaller file")


def test_endless_head_is_cut() -> None:
    """A head that never ends is no answer."""
    assert "the answer is damaged" in refusal(endless(b"HTTP/1.1 200 OK\r\n", b"X-More: yes\r\n" * 99))


def test_body_of_just_the_limit_is_read() -> None:
    """The limit itself is allowed."""
    assert len(ask(saying(answer(b"x" * 1000)), limit=1000).body) == 1000
    assert "more than 999 bytes" in refusal(saying(answer(b"x" * 1000)), limit=999)


GZIPPED = ("Content-Encoding: gzip",)


@pytest.mark.parametrize("parts", [(b"hello " * 40_000,), (b"one ", b"two"), (b"",)])
def test_packed_body_is_unpacked(parts: tuple[bytes, ...]) -> None:
    """A gzip body is handed back as what was packed, also where it has several members."""
    packed = b"".join(map(gzip.compress, parts))

    assert ask(saying(answer(packed, "200 OK", *GZIPPED))).body == b"".join(parts)


def test_bomb_is_cut_before_it_fills_the_memory() -> None:
    """A small body that unpacks to a gigabyte is given up at the limit."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1) as file:
        for _ in range(64):
            file.write(bytes(1_000_000))

    said = refusal(saying(answer(packed.getvalue(), "200 OK", *GZIPPED)), limit=1_000_000)

    assert "the answer has more than 1,000,000 bytes" in said


@pytest.mark.parametrize("body", [b"no gzip at all", gzip.compress(b"hello" * 99, mtime=0)[:-9], b"\x1f\x8b"])
def test_badly_packed_body_is_told(body: bytes) -> None:
    """A body that is not the gzip it says, or only its beginning, is an error."""
    assert "the answer is damaged" in refusal(saying(answer(body, "200 OK", *GZIPPED)))


def test_packing_that_was_not_asked_for_is_told() -> None:
    """Of packings only gzip can be bounded, so only gzip is taken."""
    said = refusal(saying(answer(b"x", "200 OK", "Content-Encoding: br")))

    assert "packed in a way that was not asked for" in said


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 2x0 OK\r\n\r\n",
        b"\x00\xff\r\n\r\n",
        b"SSH-2.0-x\r\n",
        b"",
    ],
)
def test_broken_answer_is_told(data: bytes) -> None:
    """An answer that breaks off or is no HTTP is an error, never half a body."""
    assert "the answer is damaged" in refusal(saying(data))


@given(st.binary(max_size=60))
@settings(max_examples=25)
def test_no_bytes_make_it_fail_otherwise(data: bytes) -> None:
    """Whatever a server says, it is an answer or an error in words."""
    with suppress(FetchError):
        ask(saying(b"HTTP/1.1 " + data), deadline=2.0)
    with suppress(FetchError):
        ask(saying(answer(b"", "302 Found", "Location: ")[:-4] + data + b"\r\n\r\n"), deadline=2.0)


def test_session_keeps_its_connection() -> None:
    """Several questions to one server go over one connection; each has a deadline of its own."""
    talked: list[str] = []

    def talk(connection: socket.socket, request: str) -> None:
        while request:
            talked.append(request.split(" ", 2)[1])
            connection.sendall(answer(b"hello"))
            request = read_request(connection)

    with serving(talk) as server, Session(private=True) as session:
        for path in ("a", "b", "c"):
            assert session.fetch(server.address + path, deadline=10).body == b"hello"

    assert (talked, len(server.asked)) == (["/a", "/b", "/c"], 1)


def test_kept_connection_may_be_closed_meanwhile() -> None:
    """A server that hangs up between two questions is asked the second one over a new connection, once."""
    with serving(saying(answer(b"hello"))) as server, Session(private=True) as session:
        found = [session.fetch(server.address + path).body for path in ("a", "b")]

    assert found == [b"hello", b"hello"]
    assert [asked.split(" ", 2)[1] for asked in server.asked] == ["/a", "/b"]


def test_question_is_not_asked_again_without_need() -> None:
    """A server that hangs up on its first question is not asked twice."""
    with serving(saying(b"")) as server, Session(private=True) as session, pytest.raises(FetchError):
        session.fetch(server.address)

    assert len(server.asked) == 1


def test_each_address_can_be_prevented() -> None:
    """Who keeps a session is asked before each address, those of redirects too."""
    seen: list[str] = []

    def before(url: str) -> None:
        seen.append(url)
        if url.endswith("/secret"):
            raise FetchError("not that")

    with (
        serving(saying(answer(b"", "302 Found", "Location: /secret"))) as server,
        Session(private=True, before=before) as session,
        pytest.raises(FetchError, match="not that"),
    ):
        session.fetch(server.address)

    assert seen == [server.address, f"{server.address}secret"]
    assert len(server.asked) == 1


def test_waiting_before_does_not_count() -> None:
    """The time that somebody takes to allow a question is not taken from its deadline."""
    never = threading.Event()

    def before(_: str) -> None:
        never.wait(1.2)

    with (
        serving(saying(answer(b"hello"))) as server,
        Session(private=True, before=before) as session,
    ):
        assert session.fetch(server.address, deadline=1).body == b"hello"


def test_session_refuses_private_addresses() -> None:
    """A session looks at every address that it connects to."""
    with serving(saying(answer())) as server, Session() as session:
        with pytest.raises(FetchError, match="leads into a private network"):
            session.fetch(server.address)
        assert server.asked == []


def hand_over(talk: Talk, path: str = "", **options: Any) -> Answer:
    """Hand bytes over to a server that answers by `talk`."""
    with serving(talk) as server, Session(private=True) as session:
        return session.hand_over(server.address + path, b"{}", **{"deadline": 10.0, **options})


def test_bytes_are_handed_over_as_they_are() -> None:
    """What is handed over is posted byte by byte, with its headers, and the answer comes with its parts."""
    with serving(saying(answer(b"taken", "202 Accepted", "X-Id: 7"))) as server, Session(private=True) as one:
        found = one.hand_over(f"{server.address}in", b'{"a": "\xc3\xa4"}', headers={"X-Key": "k"})

    assert (found.status, found.body, found.headers["x-id"]) == (202, b"taken", "7")
    (asked,) = server.asked
    assert asked.startswith("POST /in HTTP/1.1\r\n")
    assert "X-Key: k\r\n" in asked
    assert asked.endswith('\r\n\r\n{"a": "ä"}')


@pytest.mark.parametrize("status", ["200 OK", "304 Same", "307 Moved", "404 Gone", "422 No", "500 Oops"])
def test_every_answer_to_what_was_handed_over_counts(status: str) -> None:
    """Whatever the status, the answer is handed back with its words, and no redirect is followed."""
    asked: list[str] = []

    def talk(connection: socket.socket, request: str) -> None:
        asked.append(request)
        connection.sendall(answer(b"why", status, "Location: /there"))

    found = hand_over(talk)

    assert found.status == int(status[:3])
    assert found.body == (b"" if found.status == 304 else b"why")
    assert len(asked) == 1


@pytest.mark.parametrize(
    "talk",
    [
        endless(b"HTTP/1.1 422 No\r\n\r\n", b"x" * 9999),
        dripping(b"HTTP/1.1 422 No\r\n\r\n"),
        saying(b"HTTP/1.1 422 No\r\nContent-Length: 9\r\n\r\nhalf"),
        saying(answer(b"no gzip", "422 No", *GZIPPED)),
        saying(answer(b"x", "422 No", "Content-Encoding: br")),
    ],
    ids=["endless", "slow", "half", "gzip", "brotli"],
)
def test_status_counts_where_its_words_do_not_come(talk: Talk) -> None:
    """An answer whose body is too long, too slow or broken still says what its status is."""
    found = hand_over(talk, deadline=2.0, limit=100_000)

    assert (found.status, found.body) == (422, None)


@pytest.mark.parametrize(
    "talk",
    [
        saying(b""),
        saying(b"nonsense"),
        dripping(b""),
        dripping(b"HTTP/1.1 200 OK\r\nX-Slow: "),
        endless(b"HTTP/1.1 200 OK\r\n", b"X-More: yes\r\n" * 99),
    ],
    ids=["hang-up", "nonsense", "silence", "slow-head", "endless-head"],
)
def test_what_may_have_arrived_is_told_from_what_cannot(talk: Talk) -> None:
    """Once sending has begun, a missing answer is no proof that nothing arrived."""
    with pytest.raises(FetchError) as raised:
        hand_over(talk, deadline=1.5)

    assert not isinstance(raised.value, UnsentError)


@pytest.mark.parametrize(
    "url", ["http://nowhere.invalid/", "http://127.0.0.1:1/", "ftp://127.0.0.1/", "http://[", "https://a b/"]
)
def test_what_cannot_have_arrived_is_unsent(url: str) -> None:
    """Where there is no host, no server or no address, not a byte has left."""
    with Session(private=True) as session, pytest.raises(UnsentError) as raised:
        session.hand_over(url, b"x", deadline=5)

    assert str(raised.value).endswith(raised.value.reason)
    assert raised.value.reason


def test_without_tls_nothing_is_sent() -> None:
    """A server that does not speak TLS gets nothing of what is meant for one that does."""
    heard: list[bytes] = []

    class Listener(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            heard.append(self.request.recv(65536))
            self.request.sendall(b"HTTP/1.1 400 Bad\r\n\r\n")

    with socketserver.TCPServer(("127.0.0.1", 0), Listener) as listening, Session(private=True) as session:
        thread = threading.Thread(target=listening.handle_request, daemon=True)
        thread.start()
        with pytest.raises(UnsentError, match="cannot be reached"):
            session.hand_over(f"https://127.0.0.1:{listening.server_address[1]}/", b"secret", deadline=5)
        thread.join(10)

    assert len(heard) == 1
    assert b"secret" not in heard[0]


def test_slow_look_up_is_unsent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the time is over before there is a connection, nothing has left."""
    done = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: done.wait(5) and [])
    with Session() as session, pytest.raises(UnsentError, match=r"within 0\.2 seconds"):
        session.hand_over("http://slow.example/", b"x", deadline=0.2)
    done.set()


def test_private_address_is_unsent() -> None:
    """What is handed over does not leave for a private network by itself."""
    with serving(saying(answer())) as server, Session() as session:
        with pytest.raises(UnsentError, match="leads into a private network"):
            session.hand_over(server.address, b"x")
        assert server.asked == []


def test_what_is_handed_over_is_not_sent_again() -> None:
    """A kept connection that breaks under it is the end of it; a question would be asked once more."""
    breaks = ["POST", "POST"]

    def talk(connection: socket.socket, request: str) -> None:
        while request:
            if request.startswith("POST") and breaks and breaks.pop() and not breaks:
                return
            connection.sendall(answer(b"taken"))
            request = read_request(connection)
            server.asked.append(request)

    with serving(talk) as server, Session(private=True) as session:
        assert session.hand_over(server.address, b"first").status == 200
        with pytest.raises(FetchError) as raised:
            session.hand_over(server.address, b"second")
        assert session.hand_over(server.address, b"third").status == 200

    assert not isinstance(raised.value, UnsentError)
    bodies = [asked.partition("\r\n\r\n")[2] for asked in server.asked if asked]
    assert bodies == ["first", "second", "third"]


def test_connection_that_was_closed_meanwhile_is_not_used() -> None:
    """What is handed over after a server hung up goes over a new connection, and arrives."""
    closed = threading.Event()

    def talk(connection: socket.socket, _request: str) -> None:
        connection.sendall(answer(b"taken"))
        connection.close()
        closed.set()

    with serving(talk) as server, Session(private=True) as session:
        assert session.hand_over(server.address, b"first").status == 200
        assert closed.wait(60)
        assert session.hand_over(server.address, b"second").status == 200

    assert len(server.asked) == 2


@pytest.mark.parametrize("status", ["301 Moved", "308 Moved", "302 Found", "307 Later"])
def test_it_is_told_what_moved_for_good(status: str) -> None:
    """Only redirects that are all for good mean that something has moved."""

    def talk(connection: socket.socket, request: str) -> None:
        there = request.startswith("GET /there")
        connection.sendall(answer(b"x") if there else answer(b"", status, "Location: /there"))

    assert ask(talk).moved == status.startswith(("301", "308"))
    assert not ask(talk, "there").moved


def test_headers_keep_their_bytes() -> None:
    """What a server says in a header can be said back to it byte by byte, in whatever encoding it is."""
    odd = 'W/"\xe9\xe4 \u20ac'.encode() + b'\xff"'
    with serving(saying(b"HTTP/1.1 200 OK\r\nETag: " + odd + b"\r\nContent-Length: 0\r\n\r\n")) as server:
        etag = fetch(server.address, private=True).headers["etag"]

    heard: list[bytes] = []

    class Listener(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            heard.append(self.request.recv(65536))
            self.request.sendall(answer())

    with socketserver.TCPServer(("127.0.0.1", 0), Listener) as listening:
        thread = threading.Thread(target=listening.handle_request, daemon=True)
        thread.start()
        fetch(
            f"http://127.0.0.1:{listening.server_address[1]}/", private=True, headers={"If-None-Match": etag}
        )
        thread.join(10)
    assert b"If-None-Match: " + odd + b"\r\n" in heard[0]


@given(st.text(max_size=30) | st.from_regex(r"[A-Z][a-z]{2}, [0-9]{1,3} [A-Z][a-z]{2} [0-9]{1,6} .{0,12}"))
def test_any_retry_after_is_a_time_ahead_or_none(said: str) -> None:
    """Whatever a server says, the next try is not in the past and nothing breaks."""
    found = retry_after({"retry-after": said}, NOW)

    assert found is None or found >= NOW


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("Tue, 24 Nov 2026 12:05:00 GMT", 300),
        ("Tue, 24 Nov 2026 11:00:00 GMT", None),
    ],
)
def test_retry_after_has_two_forms(said: str, seconds: int | None) -> None:
    """A server names a number of seconds or a date; a date that has passed says nothing."""
    expected = None if seconds is None else NOW + timedelta(seconds=seconds)

    assert retry_after({"retry-after": said}, NOW) == expected
