"""A site elsewhere, served on loopback: its pages have validators, and misbehave where a test says so."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PAGE = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>p {{}}</style></head>
<body>
<nav><a href="/">Home</a> <a href="/notes/">Notes</a></nav>
<main>
<p>Harbour Hour · {date} · 1h 5m</p>
<h1>{title}</h1>
<p>{dek}</p>
<h2>The guest</h2>
<p><strong>Ada Brine</strong> — keeper of a harbour light</p>
<h2>The gist</h2>
<p>Why lamps &amp; bells need each other.</p>
<h2>Big reveals</h2>
<ul><li>The bell was cast in 1871.</li><li><p>Fog has a <em>smell</em>.</p></li></ul>
<h2>Things worth remembering</h2>
<ul><li>Oil floats.</li></ul>
<h2>Recommended in this episode</h2>
<div class="card"><span>Recommended</span><span>Book</span>
<h3>The Lamp Book</h3>
<div>Marta Quill</div>
<blockquote>“I read it, uh, twice and and then again”
<footer>— Ada Brine <time>00:12:05</time></footer></blockquote>
<a href="https://shop.example.org/1">Find it on Amazon</a></div>
</main>
<footer>© everybody</footer>
<script>document.write("nothing")</script>
</body></html>
"""


def page(title: str = "The bell", date: str = "2019-05-04", dek: str = "A word from the pier.") -> str:
    """Write a page of notes as HTML."""
    return PAGE.format(title=title, date=date, dek=dek)


@dataclass
class Answer:
    """What a server says; its ETag comes from the body, and asking with it is answered by 304."""

    body: bytes = b""
    kind: str = "text/html; charset=utf-8"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    validators: bool = True

    @property
    def etag(self) -> str:
        """Return a validator with odd signs in it, which have to come back as they are."""
        return f'W/"{hashlib.sha256(self.body).hexdigest()[:8]} \\é"'


Talk = Callable[[Any], None]


@dataclass
class Asked:
    """What a server was asked: the path, and the headers in small letters."""

    path: str
    headers: Mapping[str, str]


@dataclass
class Elsewhere:
    """A site on loopback: `answers` by path, what was asked, and from how many connections."""

    address: str
    answers: dict[str, Answer | Talk] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0

    def put(self, path: str, body: str | bytes = b"", kind: str = Answer.kind, **more: Any) -> str:
        """Put a page at a path and return its address."""
        data = body.encode() if isinstance(body, str) else body
        self.answers[path] = Answer(data, kind, **more)
        return self.at(path)

    def talk(self, path: str, talk: Talk) -> str:
        """Let a path be answered by `talk`, which gets the request's handler."""
        self.answers[path] = talk
        return self.at(path)

    def at(self, path: str) -> str:
        """Return the address of a path."""
        return self.address + path

    def sitemap(self, *paths: str, path: str = "/sitemap.xml") -> str:
        """Put a sitemap of paths, or of whole addresses, and return its address."""
        found = (each if "://" in each else self.at(each) for each in paths)
        urls = "".join(f"<url><loc>{each.replace('&', '&amp;')}</loc></url>" for each in found)
        text = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'
        return self.put(path, text, "application/xml")

    def paths(self) -> list[str]:
        """Return the paths that were asked for, but for robots.txt, and forget them."""
        paths = [asked.path for asked in self.asked if asked.path != "/robots.txt"]
        self.asked.clear()
        return paths


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: Elsewhere

    def setup(self) -> None:
        super().setup()
        self.site.connections += 1

    def do_GET(self) -> None:
        self.site.asked.append(
            Asked(self.path, {name.lower(): value for name, value in self.headers.items()})
        )
        answer = self.site.answers.get(self.path)
        if callable(answer):
            self.close_connection = True
            answer(self)
            return
        answer = answer or Answer(b"nothing here", "text/plain", 404, validators=False)
        sent = {"Content-Type": answer.kind, "Content-Length": str(len(answer.body))} | dict(answer.headers)
        if answer.validators and answer.status == 200:
            sent["ETag"] = answer.etag
            if self.headers.get("If-None-Match") == answer.etag:
                self.send_response(304)
                self.send_header("ETag", answer.etag)
                self.end_headers()
                return
        self.send_response(answer.status)
        for name, value in sent.items():
            self.send_header(name, value)
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(answer.body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def elsewhere() -> Iterator[Elsewhere]:
    """Serve a site on a free port."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False
        request_queue_size = 128

        def handle_error(self, *_: Any) -> None:
            """Mind no client that hangs up."""

    class Handler(_Handler):
        pass

    with Server(("127.0.0.1", 0), Handler) as server:
        Handler.site = Elsewhere(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield Handler.site
        finally:
            server.shutdown()
            thread.join()
