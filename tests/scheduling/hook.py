"""A service on this machine that is sent JSON, and answers as it was asked to."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Hook:
    """Hold what came, in order, and the status of the next answers."""

    address: str
    status: int = 204
    came: list[dict[str, Any]] = field(default_factory=list)
    types: list[str] = field(default_factory=list)


@contextmanager
def listening() -> Iterator[Hook]:
    """Run a service on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            hook.types.append(self.headers["Content-Type"])
            hook.came.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(hook.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        hook = Hook(f"http://127.0.0.1:{server.server_port}/services/KEY0")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield hook
        server.shutdown()
        thread.join()
