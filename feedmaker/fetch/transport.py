"""What httpx lacks: a deadline over everything, and a look at every address before it is connected to.

httpx counts its timeouts anew for each read and looks names up itself, so both are done here, below it.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx

_IDLE_SECONDS = 15.0
# Addresses of IPv4 in the clothes of IPv6 lead where IPv4 does (RFC 6052, 2.1).
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")


class PrivateAddressError(Exception):
    """A name leads to an address that only this machine or its network can reach."""


class Clock:
    """Count down to a deadline."""

    def __init__(self, seconds: float) -> None:
        self.restart(seconds)

    def restart(self, seconds: float) -> None:
        """Begin to count anew."""
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Leave out of the count what takes time inside."""
        begun = time.monotonic()
        try:
            yield
        finally:
            self._end += time.monotonic() - begun

    def left(self) -> float:
        """Return the seconds that are left; raise `TimeoutError` where none are."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class Transport(httpx.BaseTransport):
    """Carry requests until the clock runs out, and only to public addresses unless `private` is set.

    As many connections as `kept` stay open for a while after their answers. A request with the extension
    `once` is never sent again; `trace` is httpcore's, and hears what becomes of a request.
    """

    def __init__(self, clock: Clock, *, private: bool, kept: int = 0) -> None:
        self._pool = httpcore.ConnectionPool(
            network_backend=_Backend(clock, private=private),
            max_keepalive_connections=kept,
            keepalive_expiry=_IDLE_SECONDS,
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request and return its answer, whose body is still to come."""
        assert isinstance(request.stream, httpx.SyncByteStream)  # noqa: S101 - the client is synchronous
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        was_kept = bool(self._pool.connections)
        trace = request.extensions.get("trace")
        asked = httpcore.Request(
            request.method,
            url,
            headers=request.headers.raw,
            content=request.stream,
            extensions={"trace": trace} if trace else None,
        )
        try:
            answer = self._pool.handle_request(asked)
        except (httpcore.RemoteProtocolError, httpcore.ReadError, httpcore.WriteError):
            if not was_kept or request.extensions.get("once"):
                raise
            # A server closes a kept connection when it likes, and this request came too late for it.
            answer = self._pool.handle_request(asked)
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer))

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


class _Backend(httpcore.NetworkBackend):
    """Connect to names, having looked at all of their addresses."""

    def __init__(self, clock: Clock, *, private: bool) -> None:
        self._inner = httpcore.SyncBackend()
        self._clock = clock
        self._private = private

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the clock knows better
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = _addresses(host, port, self._clock.left())
        if not self._private and not all(map(is_public, addresses)):
            raise PrivateAddressError(host)
        for ahead in range(len(addresses) - 1, 0, -1):
            # An address that never answers leaves time for those behind it.
            share = self._clock.left() / (ahead + 1)
            try:
                return self._connected(addresses[-1 - ahead], port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return self._connected(addresses[-1], port, self._clock.left(), local_address, socket_options)

    def _connected(self, address: str, port: int, seconds: float, *options: Any) -> httpcore.NetworkStream:
        return _Stream(self._inner.connect_tcp(address, port, seconds, *options), self._clock)


class _Stream(httpcore.NetworkStream):
    """Read and write for as long as the clock allows, however little comes at a time."""

    def __init__(self, inner: httpcore.NetworkStream, clock: Clock) -> None:
        self._inner = inner
        self._clock = clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - the clock
        return self._inner.read(max_bytes, self._clock.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - knows
        self._inner.write(buffer, self._clock.left())

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - better
    ) -> httpcore.NetworkStream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, self._clock.left()), self._clock)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _addresses(host: str, port: int, seconds: float) -> list[str]:
    """Look a name up, within a time: the system's own look-up has none and cannot be stopped."""
    found: list[str] = []
    failed: list[OSError] = []

    def look_up() -> None:
        try:
            infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.extend(dict.fromkeys(str(info[4][0]) for info in infos))
        except (OSError, UnicodeError) as error:
            failed.append(error if isinstance(error, OSError) else socket.gaierror(str(error)))

    thread = threading.Thread(target=look_up, name=f"looking up {host}", daemon=True)
    thread.start()
    thread.join(seconds)
    if failed:
        raise failed[0]
    if not found:
        raise TimeoutError
    return found


def is_public(address: str) -> bool:
    """Tell whether an IP address can be reached from everywhere (RFC 6890), as private ones cannot."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if ip in _TRANSLATED:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast
