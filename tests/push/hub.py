"""A hub that listens on this machine, keeps what it is told and answers as it was asked to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Told:
    """Hold one request: its method, its path, what it said, and who sent it."""

    method: str
    path: str
    said: dict[str, str]
    authorization: str | None


@dataclass
class Hub:
    """Hold what a hub was told; `status` and `headers` are its next answers, `before` happens before each."""

    address: str
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    before: Callable[[], object] = lambda: None

    @property
    def topics(self) -> list[str]:
        """Return the feeds that it was told of."""
        return [request.said.get("hub.url") or request.said["url"] for request in self.told]


@contextmanager
def listening() -> Iterator[Hub]:
    """Run a hub on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

        def do_GET(self) -> None:
            self.answer(urlsplit(self.path).query)

        def answer(self, said: str) -> None:
            path = urlsplit(self.path).path
            token = self.headers["Authorization"]
            hub.told.append(Told(self.command, path, dict(parse_qsl(said, strict_parsing=True)), token))
            hub.before()
            self.send_response(hub.status)
            for name, value in hub.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        block_on_close = False

        def handle_error(self, request: object, client_address: object) -> None:
            pass  # whoever asked has gone

    with Server(("127.0.0.1", 0), Handler) as server:
        hub = Hub(f"http://127.0.0.1:{server.server_port}/hub")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield hub
        server.shutdown()
        thread.join()
