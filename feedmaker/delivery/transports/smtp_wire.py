"""A connection that carries lines: commands go out, replies come in, each in a time and a size of its own.

Knows what a reply looks like (RFC 5321, 4.2) and nothing of what it means.
"""

from __future__ import annotations

import re
import socket
import ssl
from time import monotonic
from typing import NamedTuple

from feedmaker.text import plain_line

_CHUNK = 4096
_LONGEST_LINE = 4096  # RFC 5321, 4.5.3.1.5 has 512, and 5 to 10 times as much is met
_MOST_LINES = 128
_SHOWN = 500
_CLOSED = "has closed the connection"
_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?", re.DOTALL)


class WireError(Exception):
    """The connection cannot be used any more; the text goes on after the name of the server."""


class ClosedError(WireError):
    """The other side has closed the connection, or it broke."""


class SilentError(WireError):
    """Time is up."""


class GarbledError(WireError):
    """What came is no reply, or came unasked."""


class Reply(NamedTuple):
    """Hold what a server answered: its code and its lines, in printable characters."""

    code: int
    lines: tuple[str, ...]

    @property
    def kind(self) -> int:
        """Return the first digit: 2 has done it, 3 wants more, 4 may do it later, 5 never will."""
        return self.code // 100

    def __str__(self) -> str:
        return f"{self.code} {' '.join(self.lines)}".strip()[:_SHOWN]


class Wire:
    """Hold one connection with a server that speaks only when it is spoken to."""

    def __init__(self, connected: socket.socket) -> None:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        self._socket = connected
        self._buffer = b""

    @property
    def own_address(self) -> str:
        """Return the IP address that this end of the connection has."""
        return str(self._socket.getsockname()[0])

    def write(self, data: bytes, seconds: float) -> None:
        """Hand all of the data to the kernel within a time.

        Raises `WireError` where that fails, and then the last byte certainly was not handed over. What came
        unasked is such a case too: replies that run ahead of the commands would be taken for answers to them.
        """
        self._refuse_what_came_unasked()
        deadline = monotonic() + seconds
        left = memoryview(data)
        while left:
            self._within(deadline, seconds)
            try:
                left = left[self._socket.send(left) :]
            except OSError as error:
                raise _failure(error, seconds) from error

    def read(self, seconds: float) -> Reply:
        """Return the next reply, of which every line has to come within a time; raise `WireError`."""
        deadline = monotonic() + seconds
        code = b""
        lines: list[str] = []
        while len(lines) < _MOST_LINES:
            line = self._line(deadline, seconds)
            found = _LINE.fullmatch(line)
            if not found or (code and found[1] != code):
                raise GarbledError(f'says "{_shown(line)[:60]}", which is no reply of a mail server')
            code = found[1]
            lines.append(_shown(found[3] or b""))
            if found[2] != b"-":
                return Reply(int(code), tuple(lines))
        raise GarbledError(f"sends a reply of more than {_MOST_LINES} lines")

    def secure(self, context: ssl.SSLContext, host: str, seconds: float) -> None:
        """Begin TLS, and check that the certificate is the host's.

        Raises `WireError`, and `ssl.SSLError` where the other side has no TLS or no certificate to trust.
        """
        if self._buffer:
            # Somebody in between may have put it there, to be heard as if it had come by TLS.
            raise GarbledError("goes on in the clear where TLS should begin")
        try:
            self._socket.settimeout(seconds)
            self._socket = context.wrap_socket(self._socket, server_hostname=host)
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
            raise ClosedError(_CLOSED) from error
        except ssl.SSLError:
            raise
        except OSError as error:
            raise _failure(error, seconds) from error

    def close(self) -> None:
        """Let go of the connection."""
        self._socket.close()

    def _refuse_what_came_unasked(self) -> None:
        if not self._buffer:
            self._socket.settimeout(0)
            try:
                self._buffer = self._socket.recv(_CHUNK)
            except (BlockingIOError, ssl.SSLWantReadError):
                return
            except OSError as error:
                raise _failure(error, 0) from error
            if not self._buffer:
                raise ClosedError(_CLOSED)
        raise GarbledError(f'speaks unasked: "{_shown(self._buffer)[:60]}"')

    def _line(self, deadline: float, seconds: float) -> bytes:
        while (end := self._buffer.find(b"\n")) < 0 and len(self._buffer) <= _LONGEST_LINE:
            self._within(deadline, seconds)
            try:
                received = self._socket.recv(_CHUNK)
            except OSError as error:
                raise _failure(error, seconds) from error
            if not received:
                raise ClosedError(_CLOSED)
            self._buffer += received
        if not 0 <= end <= _LONGEST_LINE:
            raise GarbledError(f"sends a line of more than {_LONGEST_LINE} bytes")
        line, self._buffer = self._buffer[:end], self._buffer[end + 1 :]
        return line.removesuffix(b"\r")

    def _within(self, deadline: float, seconds: float) -> None:
        """Give the next step the time that is left."""
        left = deadline - monotonic()
        if left <= 0:
            raise _silence(seconds)
        self._socket.settimeout(left)


def _failure(error: OSError, seconds: float) -> WireError:
    if isinstance(error, TimeoutError):
        return _silence(seconds)
    return ClosedError(f"has lost the connection ({error.strerror or error})")


def _silence(seconds: float) -> SilentError:
    return SilentError(f"took longer than {seconds:g} seconds")


def _shown(text: bytes) -> str:
    return plain_line(text.decode("utf-8", "replace"))
