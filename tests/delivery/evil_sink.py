"""A mail server that takes mail, and at points drawn by lot does something to whoever sends it.

It may kill the sender, drop the connection, refuse, or defer; what it has taken, and what it answered, it
remembers. It speaks ESMTP with PIPELINING, each connection in a thread of its own.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import BinaryIO

POINTS = ("greeting", "EHLO", "MAIL", "RCPT", "DATA", "body", "dot", "taken", "answered")
"""Where something may happen: between a command and its reply, and round the end of a message.

At *dot* the message is whole and not taken yet; at *taken* it is, and nobody has been told.
"""


@dataclass
class Evil:
    """Say how often what happens, by lot with a seed, and keep what did."""

    seed: int
    kill: float = 0.0
    drop: float = 0.0
    refuse: float = 0.0
    defer: float = 0.0
    victim: int | None = None
    taken: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    refused: set[str] = field(default_factory=set)
    did: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Draw from the seed, one thread at a time."""
        self._chance = random.Random(self.seed)
        self._lock = threading.Lock()

    def at(self, point: str) -> str:
        """Return what happens at a point: kill, drop, refuse, defer, or nothing."""
        with self._lock:
            drawn = self._chance.random()
            for what in ("kill", "drop", "refuse", "defer"):
                often: float = getattr(self, what)
                if drawn < often:
                    return self._done(what, point)
                drawn -= often
            return ""

    def _done(self, what: str, point: str) -> str:
        if what in ("refuse", "defer") and point not in ("RCPT", "dot"):
            return ""
        if what == "kill":
            if self.victim is None:
                return ""
            with suppress(ProcessLookupError):
                os.kill(self.victim, signal.SIGKILL)
            self.victim = None
        self.did[f"{what} at {point}"] += 1
        return what


class _Gone(Exception):  # noqa: N818 - the connection is over, which is what was wanted
    """End the conversation."""


class _Talk:
    """Speak with one client."""

    def __init__(self, connection: socket.socket, evil: Evil) -> None:
        self.connection, self.evil = connection, evil
        self.lines: BinaryIO = connection.makefile("rb")
        self.recipient = ""

    def run(self) -> None:
        """Speak until one of the two has enough."""
        with suppress(_Gone, OSError), self.connection, self.lines:
            self.meet("greeting")
            self.say("220 sink ESMTP")
            while line := self.lines.readline():
                self.answer(line.decode("ascii", "replace").strip())

    def answer(self, line: str) -> None:
        """Answer a command."""
        verb = line[:4].upper()
        if verb == "EHLO":
            self.meet("EHLO")
            self.say("250-sink\r\n250 PIPELINING")
        elif verb == "MAIL":
            self.meet("MAIL")
            self.recipient = ""
            self.say("250 ok")
        elif verb == "RCPT":
            self.take_recipient(line.partition("<")[2].partition(">")[0])
        elif verb == "DATA":
            self.take_message()
        else:
            self.say("250 ok" if verb == "RSET" else "221 bye")

    def take_recipient(self, address: str) -> None:
        """Accept a recipient, or not."""
        what = self.meet("RCPT")
        if what == "refuse":
            self.evil.refused.add(address)
            self.say("550 5.2.1 not today, not ever")
        elif what == "defer":
            self.say("450 4.2.0 later")
        else:
            self.recipient = address
            self.say("250 ok")

    def take_message(self) -> None:
        """Take the message, or not."""
        self.meet("DATA")
        if not self.recipient:
            self.say("503 nobody to give it to")
            return
        self.say("354 go on")
        self.meet("body")
        digest = blake2b()
        while (line := self.lines.readline()) != b".\r\n":
            if not line:
                raise _Gone
            digest.update(line)
        what = self.meet("dot")
        if what == "refuse":
            self.evil.refused.add(self.recipient)
            self.say("554 5.6.0 no")
        elif what == "defer":
            self.say("452 4.3.1 full")
        else:
            self.evil.taken[self.recipient].append(digest.hexdigest())
            self.meet("taken")
            self.say("250 taken")
            self.meet("answered")

    def meet(self, point: str) -> str:
        """Let happen what happens at a point."""
        what = self.evil.at(point)
        if what == "drop":
            raise _Gone
        return what

    def say(self, text: str) -> None:
        """Reply."""
        self.connection.sendall(f"{text}\r\n".encode())


@contextmanager
def sink(evil: Evil) -> Iterator[int]:
    """Listen on a port of loopback, and return it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    threading.Thread(target=_Talk(connection, evil).run, daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()
