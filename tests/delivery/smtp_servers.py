"""Mail servers on loopback for the tests: one that does what a script says, and programs of others.

The scripted one speaks line by line and as a server should, except at the points where its script has other
words, closes, breaks or says nothing.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import ssl
import struct
import subprocess
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from enum import Enum
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

import trustme
from aiosmtpd.smtp import SMTP, Envelope, Session

HOST = "127.0.0.1"


class Act(Enum):
    """What a server can do beside speaking."""

    CLOSE = "close"
    RESET = "reset"  # as a server that was killed, or a firewall, does
    HANG = "hang"  # say nothing until the test is over
    ENDLESS = "endless"  # go on with lines of one reply
    DRIP = "drip"  # say a byte now and then
    READ_SOME = "read some"  # wait for the beginning of a message before the next thing


Answer = bytes | Act | tuple[bytes | Act, ...]
_USUAL: Mapping[str, bytes] = {
    "greeting": b"220 mx.example.org ready\r\n",
    "MAIL": b"250 2.1.0 Ok\r\n",
    "RCPT": b"250 2.1.5 Ok\r\n",
    "DATA": b"354 End with a dot\r\n",
    "dot": b"250 2.0.0 Ok: queued\r\n",
    "RSET": b"250 2.0.0 Ok\r\n",
    "STARTTLS": b"220 2.0.0 Ready\r\n",
    "AUTH": b"235 2.7.0 Ok\r\n",
    "QUIT": b"221 2.0.0 Bye\r\n",
    "else": b"500 5.5.2 What?\r\n",
}


Script = Mapping[str, Answer | list[Answer]]


class _End(Exception):  # noqa: N818 - it ends a conversation and is no error
    """The conversation is over."""


class Connection:
    """One connection, as a server sees it."""

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        self.lines: list[bytes] = []
        self.is_closed = Event()
        self._buffer = b""

    @property
    def has_more(self) -> bool:
        """Tell whether something has come that was not read."""
        return bool(self._buffer)

    def read(self, end: bytes) -> bytes:
        """Return what comes up to and with an end."""
        while end not in self._buffer:
            received = self.socket.recv(65536)
            if not received:
                raise _End
            self._buffer += received
        found, _, self._buffer = self._buffer.partition(end)
        return found + end

    def read_message(self) -> bytes:
        """Return a message as it came, without the dot at its end."""
        # A lone dot stands on the first line, so the end is looked for from the line before.
        self._buffer = b"\r\n" + self._buffer
        return self.read(b"\r\n.\r\n")[2:].removesuffix(b".\r\n")

    def read_some(self) -> None:
        """Wait until something has come."""
        if not self._buffer:
            self._buffer = self.socket.recv(65536)


class ScriptedServer:
    """Be a mail server that answers as its script says: once at each point, or as often as a list is long.

    Points are greeting, dot, the commands by name, and else for what is none. `lines` holds what each
    connection heard, `messages` what came before each dot, and `ran_ahead` tells whether anybody sent
    commands before their turn.
    """

    def __init__(
        self,
        script: Script | None = None,
        *,
        offers: Sequence[str] = (),
        tls: ssl.SSLContext | None = None,
        starttls: ssl.SSLContext | None = None,
        most: int | None = None,
    ) -> None:
        """Write the script; with `most`, refuse more connections than that at once.

        TLS begins with the connection, or after STARTTLS.
        """
        self._script = {
            point: deque(answers if isinstance(answers, list) else [answers])
            for point, answers in (script or {}).items()
        }
        ehlo = ["mx.example.org", *offers]
        marks = ["-"] * (len(ehlo) - 1) + [" "]
        lines = (f"250{mark}{word}\r\n" for mark, word in zip(marks, ehlo, strict=True))
        self._usual = {**_USUAL, "EHLO": "".join(lines).encode()}
        self._tls, self._starttls, self._most = tls, starttls, most
        self._lock, self._over = Lock(), Event()
        self._threads: list[Thread] = []
        self._open = 0
        self.connections: list[Connection] = []
        self.messages: list[bytes] = []
        self.ran_ahead = False
        self.port = 0

    def __enter__(self) -> ScriptedServer:
        self._listening = socket.socket()
        # Small, so that a long message does not fit into what the kernel takes for one who reads nothing.
        self._listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        self._listening.bind((HOST, 0))
        self._listening.listen(64)
        self.port = self._listening.getsockname()[1]
        self._start(self._accept)
        return self

    def __exit__(self, *raised: object) -> None:
        self._over.set()
        # Threads that wait for a connection or for words are woken by shutting down what they wait for.
        for each in (self._listening, *(caller.socket for caller in self.connections)):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(20)
            assert not thread.is_alive()
        self._listening.close()

    @property
    def begins_with_tls(self) -> bool:
        """Tell whether TLS comes before the greeting."""
        return self._tls is not None

    @property
    def lines(self) -> list[list[bytes]]:
        """Return what each connection heard, without line ends, and without messages."""
        return [caller.lines for caller in self.connections]

    def _start(self, work: object, *args: object) -> None:
        assert callable(work)
        thread = Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                connected, _ = self._listening.accept()
            except OSError:
                return
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
            caller = Connection(connected)
            self.connections.append(caller)
            with self._lock:
                self._open += 1
                is_one_too_many = self._most is not None and self._open > self._most
            self._start(self._serve, caller, is_one_too_many)

    def _serve(self, caller: Connection, is_one_too_many: bool) -> None:
        try:
            if self._tls:
                caller.socket = self._tls.wrap_socket(caller.socket, server_side=True)
            if is_one_too_many:
                caller.socket.sendall(b"421 4.7.0 Too many connections\r\n")
                return
            self._answer(caller, "greeting")
            while True:
                self._hear(caller)
        except (OSError, _End):
            pass
        finally:
            with self._lock:
                self._open -= 1
            caller.socket.close()
            caller.is_closed.set()

    def _hear(self, caller: Connection) -> None:
        heard = caller.read(b"\r\n")[:-2]
        caller.lines.append(heard)
        self.ran_ahead = self.ran_ahead or caller.has_more
        verb = heard.split(b" ")[0].decode("ascii")
        said = self._answer(caller, verb if verb in self._usual else "else")
        if heard == b"STARTTLS" and said.startswith(b"220") and self._starttls:
            caller.socket = self._starttls.wrap_socket(caller.socket, server_side=True)
        if heard == b"DATA" and said.startswith(b"354"):
            message = caller.read_message()
            with self._lock:
                self.messages.append(message)
            self._answer(caller, "dot")
        if heard == b"QUIT":
            raise _End

    def _answer(self, caller: Connection, point: str) -> bytes:
        """Do what stands in the script, and return what was said."""
        with self._lock:
            scripted = self._script.get(point)
            answer = scripted.popleft() if scripted else self._usual[point]
        said = b""
        for piece in answer if isinstance(answer, tuple) else (answer,):
            if isinstance(piece, bytes):
                caller.socket.sendall(piece)
                said += piece
            else:
                self._act(caller, piece)
        return said

    def _act(self, caller: Connection, act: Act) -> None:
        if act is Act.READ_SOME:
            caller.read_some()
            return
        if act is Act.RESET:
            caller.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if act is Act.HANG:
            self._over.wait()
        while act is Act.ENDLESS:
            caller.socket.sendall(b"250-and more\r\n")
        while act is Act.DRIP and not self._over.wait(0.01):
            caller.socket.sendall(b"2")
        raise _End


def tls_contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Make a server's side of TLS on loopback, and the side of those who trust its authority."""
    made = trustme.CA()
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    made.issue_cert("localhost", HOST).configure_cert(server)
    made.configure_trust(client)
    return server, client


def program(name: str) -> str:
    """Find a program of Postfix; a machine without it does not pass."""
    found = shutil.which(
        name, path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/lib/postfix"))
    )
    assert found, f"{name} is not installed, so nothing was tried against it; install the package postfix"
    return found


@contextmanager
def smtp_sink(*options: str, folder: Path) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """Run Postfix's smtp-sink, which takes mail and throws it away; yield its port and process."""
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    with (folder / "said").open("wb") as said:
        command = [program("smtp-sink"), *user, *options, f"{HOST}:{port}", "100"]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        try:
            _wait_for(port, process, folder / "said")
            yield port, process
        finally:
            process.kill()
            process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes], said: Path) -> None:
    while True:
        assert process.poll() is None, said.read_text("utf-8")
        with suppress(ConnectionRefusedError):
            socket.create_connection((HOST, port)).close()
            return


class Mailbox:
    """Keep what aiosmtpd was given: who it was for, with which parameters, and the bytes."""

    def __init__(self) -> None:
        self.got: list[tuple[str | None, list[str], list[str], bytes]] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a message."""
        assert isinstance(envelope.original_content, bytes)
        assert envelope.rcpt_tos is not None
        self.got.append(
            (envelope.mail_from, envelope.rcpt_tos, envelope.mail_options, envelope.original_content)
        )
        return "250 OK"


@contextmanager
def aiosmtpd(mailbox: Mailbox, tls: ssl.SSLContext | None = None, **options: Any) -> Iterator[int]:
    """Run a mail server that others wrote, with TLS from the beginning or as its options say."""
    loop = asyncio.new_event_loop()
    listening = loop.create_server(
        lambda: SMTP(mailbox, hostname="mx.example.org", loop=loop, **options), HOST, 0, ssl=tls
    )
    server = loop.run_until_complete(listening)
    thread = Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(_ended(server), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _ended(server: asyncio.Server) -> None:
    """Listen no more, and wait for the conversations that go on."""
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.wait([*others], timeout=10) if others else None
