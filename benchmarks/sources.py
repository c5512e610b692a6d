"""A site elsewhere on loopback with many pages of notes: its first collection, and one without anything new.

The site is a process of its own, which keeps its answers ready and knows validators. No pause is kept between
requests: measured is what feedmaker takes, not how polite it is.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from html import escape
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks.notes import page_export

_SCHEDULE = """\
site:
  title: Measured notes from elsewhere
  address: https://bench.example.org/
  author: Nobody
sources:
  - {{name: elsewhere, sitemap: "{address}/sitemap.xml", private: true, pause: 0}}
"""
_PAGE = "<!doctype html><title>Notes</title><nav>Home</nav><main>{}</main><footer>The end</footer>"
Scene = tuple[str, Callable[[], None], list[str]]


@contextmanager
def scenes(folder: Path, count: int, feedmaker: Path) -> Iterator[Sequence[Scene]]:
    """Serve `count` pages, write a project of them, and hand out what is to be measured."""
    with _site(count) as address:
        folder.mkdir()
        (folder / "schedule.yaml").write_text(_SCHEDULE.format(address=address), "utf-8")
        command = [str(feedmaker), "-C", str(folder), "collect"]
        yield (
            ("first collection", lambda: _forget(folder), command),
            ("nothing to collect", lambda: None, command),
        )


def _forget(folder: Path) -> None:
    """Remove everything but the schedule."""
    for name in (".feedmaker", "episodes", "originals"):
        shutil.rmtree(folder / name, ignore_errors=True)
    (folder / "feedmaker.lock").unlink(missing_ok=True)


@contextmanager
def _site(count: int) -> Iterator[str]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(count, theirs), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.kill()
        process.join()


def _serve(count: int, pipe: Connection) -> None:
    asyncio.run(_served(count, pipe))


async def _served(count: int, pipe: Connection) -> None:
    pages = {f"/notes/{number}.html".encode(): as_page(page_export(number)) for number in range(count)}

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                path = head.split(b" ", 2)[1]
                writer.write(_answer(path, b"if-none-match:" in head.lower(), answers))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    urls = "".join(f"<url><loc>http://127.0.0.1:{port}{path.decode()}</loc></url>" for path in pages)
    sitemap = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'
    answers = pages | {b"/sitemap.xml": sitemap.encode()}
    pipe.send(port)
    await server.serve_forever()


def _answer(path: bytes, is_known: bool, answers: Mapping[bytes, bytes]) -> bytes:
    body = answers.get(path)
    if body is None:
        return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    if is_known:
        return b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n'
    kind = b"text/html; charset=utf-8" if path.endswith(b".html") else b"application/xml"
    lines = (b"HTTP/1.1 200 OK", b'ETag: "1"', b"Content-Type: " + kind, b"Content-Length: %d" % len(body))
    return b"\r\n".join((*lines, b"", body))


def as_page(text: str) -> bytes:
    """Write a page export as the page that it may have come from."""
    parts = []
    for line in filter(None, map(str.strip, text.split("\n"))):
        tag = "li" if line.startswith("• ") else "p"
        parts.append(f"<{tag}>{escape(line.removeprefix('• '))}</{tag}>")
    return _PAGE.format("\n".join(parts)).encode()
