"""A provider on loopback that takes mail by HTTP, misbehaves where a test says so, and knows what it took."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from feedmaker.delivery.transports import Envelope

MESSAGE_ID = "<2026-11-23.0123456789abcdef@notes.example.org>"
ENVELOPE = Envelope("letter@notes.example.org", "ann@example.org", "2026-11-23", MESSAGE_ID)
MESSAGE = (
    b"Date: Mon, 23 Nov 2026 08:00:00 +0000\r\n"
    b"To: ann@example.org\r\n"
    b"Message-ID: <2026-11-23.0123456789abcdef@notes.example.org>\r\n"
    b"From: Quay Notes <letter@notes.example.org>\r\n"
    b"Subject: Silt\r\n"
    b"MIME-Version: 1.0\r\n"
    b'Content-Type: text/plain; charset="utf-8"\r\n'
    b"\r\n"
    b"Silt\r\n"
)


@dataclass(frozen=True)
class Asked:
    """Hold one request: its path, its headers by their names in small letters, and its JSON."""

    path: str
    headers: Mapping[str, str]
    data: Any


@dataclass(frozen=True)
class Said:
    """Hold an answer."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def said(status: int, data: object, **headers: str) -> Said:
    """Make an answer in JSON; an underscore in the name of a header is a hyphen."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Said(status, json.dumps(data).encode(), named)


Fault = Callable[[Any, Callable[[], Said]], None]
"""What happens to one request: it gets the handler, and what takes the mail as if nothing were wrong."""


@dataclass
class Provider:
    """A provider: `take` is its logic, `faults` what happens to the next requests, `connections` a count."""

    address: str
    take: Callable[[Asked], Said]
    asked: list[Asked] = field(default_factory=list)
    faults: deque[Fault] = field(default_factory=deque)
    connections: int = 0
    over: threading.Event = field(default_factory=threading.Event)


def instead(answer: Said) -> Fault:
    """Give an answer without taking the mail."""
    return lambda handler, take: handler.say(answer)


def hang_up(handler: Any, take: Callable[[], Said]) -> None:
    """Hang up without having taken the mail."""
    handler.close_connection = True


def lose_answer(handler: Any, take: Callable[[], Said]) -> None:
    """Take the mail and hang up."""
    take()
    handler.close_connection = True


def half_an_answer(handler: Any, take: Callable[[], Said]) -> None:
    """Take the mail, announce more than is sent, and hang up."""
    answer = take()
    handler.say_head(answer.status, len(answer.body))
    handler.wfile.write(answer.body[:-3])
    handler.close_connection = True


def endless(status: int) -> Fault:
    """Take the mail and answer without end."""

    def answer(handler: Any, take: Callable[[], Said]) -> None:
        take()
        handler.say_head(status, None)
        while True:
            handler.wfile.write(b" " * 9999)

    return answer


def dripping(status: int) -> Fault:
    """Take the mail and answer a byte at a time, as long as somebody listens."""

    def answer(handler: Any, take: Callable[[], Said]) -> None:
        take()
        handler.close_connection = True
        handler.say_head(status, None)
        while not handler.provider.over.wait(0.02):
            handler.wfile.write(b" ")

    return answer


class _Handler(BaseHTTPRequestHandler):
    disable_nagle_algorithm = True
    protocol_version = "HTTP/1.1"
    provider: Provider
    lock: threading.Lock

    def setup(self) -> None:
        super().setup()
        self.provider.connections += 1

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.path, headers, json.loads(body))
        with self.lock:
            self.provider.asked.append(asked)
            fault = self.provider.faults.popleft() if self.provider.faults else None
        if fault is None:
            self.say(self.take(asked))
        else:
            fault(self, lambda: self.take(asked))

    def take(self, asked: Asked) -> Said:
        with self.lock:
            return self.provider.take(asked)

    def say(self, answer: Said) -> None:
        self.say_head(answer.status, len(answer.body), answer.headers)
        self.wfile.write(answer.body)

    def say_head(self, status: int, length: int | None, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def handle_one_request(self) -> None:
        with suppress(OSError):
            super().handle_one_request()
            return
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def listening(take: Callable[[Asked], Said]) -> Iterator[Provider]:
    """Run a provider on a free port."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False
        request_queue_size = 128

        def handle_error(self, *_: Any) -> None:
            """Mind nobody who hangs up."""

    class Handler(_Handler):
        lock = threading.Lock()

    with Server(("127.0.0.1", 0), Handler) as server:
        Handler.provider = Provider(f"http://127.0.0.1:{server.server_port}/", take)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield Handler.provider
        finally:
            Handler.provider.over.set()
            server.shutdown()
            thread.join()


class Clock:
    """Time that passes only while somebody sleeps; several threads may share it."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []
        self._lock = threading.Lock()

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        with self._lock:
            self.slept.append(seconds)
            self.now += seconds
