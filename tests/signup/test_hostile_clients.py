"""Clients that are slow, large, broken or many: each is cut off in time, and others are served meanwhile."""

from __future__ import annotations

import io
import logging
import socket
import threading
import time
from contextlib import ExitStack, closing, suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feedmaker.web.entrance import Bounds
from tests.signup.conftest import PATIENCE, Serve, Served

SHORT = Bounds(seconds=0.3, idle=1, connections=8)
FORM = "email=ann%40example.org"


def connect(served: Served) -> socket.socket:
    """Connect to the server."""
    client = socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def answer(client: socket.socket) -> bytes:
    """Read until the server hangs up; what it had to say may be lost where too much was sent to it."""
    data = b""
    with suppress(ConnectionError):
        while part := client.recv(65_536):
            data += part
    return data


def head(length: int, *more: str) -> bytes:
    """Write the head of a form of a length."""
    lines = [
        "POST /subscribe HTTP/1.1",
        "Host: x",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {length}",
        *more,
    ]
    return "\r\n".join([*lines, "", ""]).encode()


@pytest.fixture
def strict(serve_pages: Serve) -> Served:
    """Serve pages with little patience."""
    return serve_pages("", SHORT)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"P",
        b"POST /subscribe HTTP/1.1\r\nHost: x\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\nG",
        head(20),
        head(20) + b"email=",
        b"POST /subscribe HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nemail",
    ],
    ids=["nothing", "a byte", "half a head", "half a second head", "no body", "half a body", "half a chunk"],
)
def test_who_goes_silent_is_cut_off(strict: Served, sent: bytes) -> None:
    """Whatever is missing of a request, the server hangs up, and the next one is answered."""
    with closing(connect(strict)) as client:
        client.sendall(sent)
        said = answer(client)

    assert said == b"" or said.startswith((b"HTTP/1.1 408 ", b"HTTP/1.1 200 "))
    assert strict.get("").status_code == 200


@pytest.mark.parametrize("begun", [b"GET / HTTP/1.1\r\nX: ", head(9000)], ids=["head", "body"])
def test_dripping_does_not_buy_time(strict: Served, begun: bytes) -> None:
    """A byte now and then is no progress: the whole has to arrive in time."""
    over = threading.Event()
    with closing(connect(strict)) as client:
        client.sendall(begun)

        def drip() -> None:
            try:
                while not over.wait(0.02):
                    client.sendall(b"a")
            except OSError:
                return

        thread = threading.Thread(target=drip)
        thread.start()
        began = time.monotonic()
        answer(client)
        lasted = time.monotonic() - began
        over.set()
        thread.join(PATIENCE)

    assert lasted < PATIENCE / 2
    assert strict.person("ann@example.org") is None


@pytest.mark.parametrize(
    "request_",
    [
        head(20_000) + b"a" * 20_000,
        head(10**15),
        b"POST /leave/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"4000\r\n" + b"a" * 0x4000 + b"\r\n10\r\n" + b"a" * 16 + b"\r\n0\r\n\r\n",
    ],
    ids=["length", "promised length", "chunks"],
)
def test_large_body_is_refused(served: Served, request_: bytes) -> None:
    """More than 16 KB is refused as soon as that is known, and the connection ends."""
    with closing(connect(served)) as client:
        client.sendall(request_)
        said = answer(client)

    assert said.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in said.lower()
    assert b"x-content-type-options: nosniff" in said


@pytest.mark.parametrize("length", [5, 44])
def test_request_with_two_lengths_hides_no_other(served: Served, length: int) -> None:
    """A proxy may go by the other one, so it is refused, and what comes behind it on the line is not read."""
    hidden = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    with closing(connect(served)) as client:
        client.sendall(head(length, "Transfer-Encoding: chunked") + b"0\r\n\r\n" + hidden)
        said = answer(client)

    assert said.startswith(b"HTTP/1.1 400 ")
    assert said.count(b"HTTP/1.1 ") == 1
    assert b"connection: close" in said.lower()


def test_rest_of_a_refused_body_is_taken(serve_pages: Serve) -> None:
    """What is on its way meanwhile does not break the connection, or proxies would lose the answer."""
    with closing(connect(serve_pages("", Bounds(linger=PATIENCE)))) as client:
        client.sendall(head(40_000))
        said = b""
        while not said.endswith(b"to say here.\n"):
            part = client.recv(65_536)
            assert part
            said += part
        for _ in range(4):
            client.sendall(b"a" * 10_000)

        assert client.recv(1) == b""


def test_body_of_the_largest_size_is_read(served: Served) -> None:
    """16 KB are no fault."""
    filler = "x=" + "a" * (16_384 - len(FORM) - 3)
    reply = served.client.post(
        f"{served.address}subscribe",
        content=f"{FORM}&{filler}",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )

    assert reply.status_code == 200
    assert served.mailbox.next()["To"] == "ann@example.org"


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 40_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X%d: y\r\n" % n for n in range(4000)) + b"\r\n",
    ],
    ids=["header", "path", "headers"],
)
def test_large_head_is_refused(served: Served, request_: bytes) -> None:
    """A head of more than 16 KB ends the connection, whether it comes at once or not."""
    with closing(connect(served)) as client:
        with suppress(ConnectionError):
            client.sendall(request_)
        said = answer(client)

    # Where it came in pieces, the refusal may be lost behind what was still on its way.
    assert said == b"" or said.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 431 "))
    assert served.get("").status_code == 200


@pytest.mark.parametrize(
    "request_",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"POST /subscribe HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /subscribe HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nemail",
        b"POST /subscribe HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX\x00Y: z\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    ],
)
def test_garbage_is_refused(served: Served, request_: bytes) -> None:
    """What is no request, or none for us, gets a refusal without a word of how this is made."""
    before = served.rows()
    with closing(connect(served)) as client:
        client.sendall(request_)
        client.shutdown(socket.SHUT_WR)
        said = answer(client)

    assert said[9:12] in (b"", b"400", b"404", b"405"), said
    assert b"Traceback" not in said
    assert served.rows() == before
    assert served.get("").status_code == 200


def test_broken_multipart_is_told_to_nobody_but_its_sender(served: Served) -> None:
    """What the parser says of a form goes past no log of the program's."""
    kind = {"Content-Type": "multipart/form-data; boundary=b"}

    said = io.StringIO()
    root, ear = logging.getLogger(), logging.StreamHandler(said)
    root.addHandler(ear)
    try:
        answer = served.client.post(f"{served.address}subscribe", content=b"--x\r\n\r\n", headers=kind)
    finally:
        root.removeHandler(ear)

    assert answer.status_code == 400
    assert "boundary" not in said.getvalue()


def test_answer_is_short_however_deep_the_path_is(served: Served) -> None:
    """A path of slashes alone makes no long page."""
    answer = served.client.get(f"http://127.0.0.1:{served.port}/{'/' * 15_000}")

    assert answer.status_code == 404
    assert len(answer.content) < 4_000


def test_two_requests_in_one_are_both_answered_as_they_are(served: Served) -> None:
    """A body that looks like another request stays a body, and what follows it is a request."""
    inner = b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /style.css HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with closing(connect(served)) as client:
        client.sendall(head(len(inner)) + inner + last)
        said = answer(client)

    assert [part[:3] for part in said.split(b"HTTP/1.1 ")[1:]] == [b"422", b"200"]


@pytest.mark.parametrize("host", ["[", "evil.example", "a b", "", "x" * 2000, "127.0.0.1:99999999"])
def test_host_is_nothing_to_go_by(served: Served, host: str) -> None:
    """Whatever a client calls us, pages are the same and lead nowhere else."""
    usual = served.get("").content
    for path in (b"/", b"/nowhere", b"/leave/x"):
        with closing(connect(served)) as client:
            client.sendall(
                b"GET %b HTTP/1.1\r\nHost: %b\r\nConnection: close\r\n\r\n" % (path, host.encode())
            )
            said = answer(client)
        assert said[9:12] in (b"200", b"404", b"400")
        assert b"evil" not in said
        if path == b"/" and said[9:12] == b"200":
            assert said.endswith(usual)


def test_crowd_of_idlers_ends_by_itself(strict: Served) -> None:
    """While too many hold connections others are sent away for the moment; soon the idlers are gone."""
    with ExitStack() as stack:
        idlers = [stack.enter_context(closing(connect(strict))) for _ in range(SHORT.connections + 4)]
        with closing(connect(strict)) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            said = answer(client)
        assert [answer(each) for each in idlers] == [b""] * len(idlers)

    assert said[9:12] in (b"503", b"200")
    assert b"x-content-type-options: nosniff" in said
    assert strict.get("").status_code == 200


def test_who_hangs_up_early_leaves_nothing_behind(strict: Served) -> None:
    """A request whose sender is gone is not carried out, and the log does not call it a fault."""
    with closing(connect(strict)) as client:
        client.sendall(head(len(FORM) + 1) + FORM.encode())
    with closing(connect(strict)) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer(client)

    assert strict.person("ann@example.org") is None
    assert "fault" not in strict.log


@pytest.fixture(scope="module")
def fields() -> st.SearchStrategy[list[tuple[str, str]]]:
    """Make forms with any names and values, ours among them."""
    names = st.sampled_from(["email", "website", "topic", "cadence", "List-Unsubscribe"]) | st.text(
        max_size=20
    )
    return st.lists(st.tuples(names, st.text(max_size=60)), max_size=8)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), kind=st.sampled_from(["form", "multipart", "JSON", "bytes"]))
def test_any_form_is_answered(
    served: Served, fields: st.SearchStrategy[list[tuple[str, str]]], data: st.DataObject, kind: str
) -> None:
    """Whatever a form holds, every page that takes one answers, and never with a fault of ours."""
    content: dict[str, object]
    if kind == "bytes":
        types = ["application/json", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"]
        headers = {"Content-Type": data.draw(st.sampled_from(types))}
        content = {"content": data.draw(st.binary(max_size=300)), "headers": headers}
    else:
        pairs = data.draw(fields)
        forms: dict[str, dict[str, object]] = {
            "form": {"data": dict(pairs)},
            "multipart": {"files": {name or "x": (None, value) for name, value in pairs}},
            "JSON": {"json": dict(pairs)},
        }
        content = forms[kind]
    for path in ("subscribe", "leave/x.y", "choose/x.y", "confirm/x.y"):
        reply = served.client.post(f"{served.address}{path}", **content)  # type: ignore[arg-type]
        assert reply.status_code in (200, 202, 400, 404, 415, 422, 429, 503), reply.text
