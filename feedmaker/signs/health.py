"""A small web server that tells whether the daemon is well (`/healthz`), and its figures (`/metrics`).

It answers whoever reaches it, so it belongs on loopback or behind a firewall. It reads requests without a
body, at most some at a time, and gives each a few seconds.
"""

from __future__ import annotations

import json
import socket
import socketserver
import threading
import time
from dataclasses import asdict
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from feedmaker import __version__
from feedmaker.signs.places import cannot_listen, place_of, shown
from feedmaker.signs.plain import plain

if TYPE_CHECKING:
    from feedmaker.signs.metrics import Figures
    from feedmaker.signs.vitals import State, Vitals

PATIENCE = 5.0
MOST_AT_ONCE = 16
_KEY = "scheduler.listen"
_POLL = 0.2


def serve(address: str, vitals: Vitals, patience: float = PATIENCE) -> Server:
    """Answer at `address` in threads of its own, until closed; a request may take `patience` seconds.

    The address is HOST:PORT, with IPv6 in brackets; without HOST it is loopback, and port 0 is any free one.
    Raises `UsageError` where it is no address, and `FeedmakerError` where it cannot be had.
    """
    from feedmaker.signs.metrics import Figures

    try:
        family, place = place_of(address, _KEY)
        return Server(family, place, vitals, Figures(vitals), patience)
    except (OSError, UnicodeError) as error:
        raise cannot_listen(address, _KEY, error) from error


class Server(socketserver.ThreadingTCPServer):
    """Listen from the moment it is made; `address` is the true one, with the port that was free."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 4 * MOST_AT_ONCE

    def __init__(
        self, family: socket.AddressFamily, place: Any, vitals: Vitals, figures: Figures, patience: float
    ) -> None:
        self.address_family = family
        self.vitals = vitals
        self.figures = figures
        self._patience = patience
        self._open: dict[socket.socket, float] = {}
        self._lock = threading.Lock()
        super().__init__(place, _Handler)
        self.address = shown(self.socket)
        self._thread = threading.Thread(target=self.serve_forever, args=(_POLL,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening and hang up on everybody."""
        self.shutdown()
        self._thread.join()
        self.server_close()
        self._hang_up(before=float("inf"))

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ARG002 - nobody is special
        """Refuse whoever comes while too many are being answered."""
        with self._lock:
            if len(self._open) >= MOST_AT_ONCE:
                return False
            self._open[request] = time.monotonic()
            return True

    def service_actions(self) -> None:
        """Hang up on those who had their time, however little they sent at once."""
        self._hang_up(before=time.monotonic() - self._patience)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection that was answered or refused."""
        with self._lock:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of connections that broke."""

    def _hang_up(self, before: float) -> None:
        with self._lock:
            for connection, since in self._open.items():
                if since < before:
                    _shut(connection)


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


class _Handler(BaseHTTPRequestHandler):
    """Answer one request."""

    server: Server

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path == "/healthz":
            state = self.server.vitals.state()
            body = f"{json.dumps(plain(health(state)), indent=2)}\n".encode()
            status = HTTPStatus.SERVICE_UNAVAILABLE if state.is_stuck else HTTPStatus.OK
            self._answer(status, "application/json", body)
        elif path == "/metrics":
            accept = self.headers.get("Accept", "")
            self._answer(HTTPStatus.OK, *self.server.figures.written(accept))
        else:
            self._refuse(HTTPStatus.NOT_FOUND)

    do_HEAD = do_GET  # noqa: N815 - this is how the base class finds it

    def _not_allowed(self) -> None:
        self._refuse(HTTPStatus.METHOD_NOT_ALLOWED)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = do_CONNECT = _not_allowed  # noqa: N815

    def _refuse(self, status: HTTPStatus) -> None:
        self._answer(status, "text/plain; charset=utf-8", f"{status} {status.phrase}\n".encode())

    def _answer(self, status: HTTPStatus, media_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", "GET, HEAD")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def version_string(self) -> str:
        """Name the program without its version, which is nobody's business here."""
        return "feedmaker"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class calls it so
        """Keep requests out of the log."""


def health(state: State) -> dict[str, Any]:
    """Return what `/healthz` says: ok, or degraded where people have to act, or stuck, and why."""
    status = "stuck" if state.is_stuck else "degraded" if state.troubles else "ok"
    return {"status": status, "troubles": state.troubles, "version": __version__, **asdict(state)}
