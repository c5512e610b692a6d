"""The preview as a local web page: one page, its data as JSON, and documents for its frames.

Everything that reads the project happens in one thread of its own (`_Desk`); the server only waits for it.
"""

from __future__ import annotations

import asyncio
import gc
import json
import mimetypes
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from html import escape
from importlib.resources import files
from typing import Any, TypeVar

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from feedmaker.app.previewing import FeedView, IssueView, Preview, Shown
from feedmaker.app.project import without_collecting
from feedmaker.errors import UsageError
from feedmaker.web.guard import Guard
from feedmaker.web.looks import Looks, dressed, dressed_style, with_head

T = TypeVar("T")
HOST = "127.0.0.1"
PORT = 8765
LOOK_SECONDS = 0.3
_PORTS_TRIED = 20
_BEAT_SECONDS = 0.05
_BEATS_OF_SILENCE = 300
_ASSETS = {
    "": ("preview.html", "text/html"),
    "preview.css": ("preview.css", "text/css"),
    "preview.js": ("preview.js", "text/javascript"),
    "icon.svg": ("icon.svg", "image/svg+xml"),
}
# What a frame shows is a note's, so nothing in it runs, and it is asked nothing.
_FRAME_POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src {images}; media-src 'self' http: https:; "
    "font-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
    "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
)
_NEW_TAB = '<base target="_blank">'
_CONTENT = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>
:root {{ color-scheme: light dark; }}
body {{ margin: 1rem; font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: anywhere; }}
img {{ max-width: 100%; }} blockquote {{ margin-inline: 0; padding-inline-start: 1rem;
border-inline-start: 3px solid; }}
</style></head><body>{html}</body></html>"""


class Desk:
    """Do everything that reads the project in one thread, and look at its files several times a second."""

    def __init__(self, preview: Preview) -> None:
        self.version = 0
        self.closing = threading.Event()
        self._preview = preview
        self._thread = ThreadPoolExecutor(1, "preview")
        self._watch = threading.Thread(target=self._watching, name="watch")

    def open(self) -> None:
        """Look at the files for the first time, and begin to watch them."""
        self._thread.submit(self._look).result()
        self._watch.start()

    def close(self) -> None:
        """Stop looking."""
        self.closing.set()
        self._watch.join()
        self._thread.submit(self._preview.close).result()
        self._thread.shutdown()

    async def ask(self, work: Callable[[Preview], T]) -> T:
        """Have something done with the preview."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, self._preview)

    def _watching(self) -> None:
        pause, has_garbage = LOOK_SECONDS, True
        while not self.closing.wait(pause):
            began = time.monotonic()
            if self._thread.submit(self._look).result():
                has_garbage = True
                continue
            # However many files there are, most of the time is left to others.
            pause = max(LOOK_SECONDS, 3 * (time.monotonic() - began))
            if has_garbage:
                self._thread.submit(gc.collect).result()
                has_garbage = False

    def _look(self) -> bool:
        has_changed = self._preview.refresh()
        self.version += has_changed
        return has_changed


def make_app(desk: Desk, port: int) -> Guard:
    """Make the application; it answers under `port` of this machine alone."""
    answers = _Answers(desk)
    routes = [
        *(Route(f"/{name}", _asset(name)) for name in _ASSETS),
        Route("/events", answers.events),
        Route("/api/state", answers.state),
        Route("/api/issue/{name}", answers.issue),
        Route("/api/pages", answers.pages),
        Route("/api/page/{path:path}", answers.page),
        Route("/api/feeds", answers.feeds),
        Route("/api/feed/{name:path}", answers.feed),
        Route("/api/notes", answers.notes),
        Route("/message/{name}.eml", answers.message),
        Route("/issue/{looks}/{name}", answers.issue_frame),
        Route("/site/{looks}/{path:path}", answers.site_frame),
        Route("/item/{looks}/{kind}/{number:int}/{name:path}", answers.item_frame),
    ]
    app = Starlette(routes=routes)
    app.router.redirect_slashes = False
    return Guard(app, port)


def _asset(name: str) -> Callable[[Request], Response]:
    file, kind = _ASSETS[name]
    data = files("feedmaker.web").joinpath("assets", file).read_bytes()
    return lambda _: Response(data, media_type=kind)


class _Answers:
    """Answer what the page asks for."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def events(self, _: Request) -> Response:
        """Tell the page each time that something has changed."""
        return StreamingResponse(self._versions(), media_type="text/event-stream")

    async def _versions(self) -> AsyncIterator[str]:
        told, silent = -1, 0
        while not self._desk.closing.is_set():
            if told != self._desk.version or silent > _BEATS_OF_SILENCE:
                told, silent = self._desk.version, 0
                yield f"data: {told}\n\n"
            silent += 1
            await asyncio.sleep(_BEAT_SECONDS)

    async def state(self, _: Request) -> Response:
        return _json(asdict(await self._desk.ask(Preview.state)))

    async def issue(self, request: Request) -> Response:
        shown = await self._issue(request)
        data = asdict(shown.value) if shown.value else None
        if data:
            del data["message"]
        return _json({"value": data, "fault": _data(shown.fault)})

    async def message(self, request: Request) -> Response:
        shown = await self._issue(request)
        return Response(shown.value.message, media_type="message/rfc822") if shown.value else _missing()

    async def pages(self, _: Request) -> Response:
        links = await self._desk.ask(Preview.pages)
        return _json([{"path": link.path, "title": link.title, "detail": link.detail} for link in links])

    async def page(self, request: Request) -> Response:
        path = request.path_params["path"]
        shown = await self._desk.ask(lambda preview: preview.page(path))
        return _json({"value": shown.value, "fault": _data(shown.fault)})

    async def feeds(self, _: Request) -> Response:
        return _json(list(map(asdict, await self._desk.ask(Preview.feeds))))

    async def feed(self, request: Request) -> Response:
        shown = await self._feed(request)
        return _json({"value": _data(shown.value), "fault": _data(shown.fault)})

    async def notes(self, _: Request) -> Response:
        return _json(list(map(asdict, await self._desk.ask(Preview.notes))))

    async def issue_frame(self, request: Request) -> Response:
        """Return an issue as a mail program would show it; its links open beside the preview."""
        shown, looks = await self._issue(request), _looks(request)
        if shown.value is None or looks is None:
            return _missing()
        state = await self._desk.ask(Preview.state)
        html = dressed(_at_home(shown.value.html, state.address, looks), looks)
        return _frame(with_head(html, _NEW_TAB), looks)

    async def site_frame(self, request: Request) -> Response:
        """Return a file of the site; pages and their style sheet show one scheme."""
        path, looks = request.path_params["path"] or "index.html", _looks(request)
        if path.endswith("/"):
            path += "index.html"
        shown = await self._desk.ask(lambda preview: preview.output(path))
        if shown.value is None or looks is None:
            return _missing()
        if path.endswith(".css"):
            return Response(dressed_style(shown.value.decode(), looks), media_type="text/css")
        if path.endswith(".html"):
            state = await self._desk.ask(Preview.state)
            return _frame(dressed(_at_home(shown.value.decode(), state.address, looks), looks), looks)
        kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
        return Response(shown.value, media_type=kind, headers={"Content-Security-Policy": "sandbox"})

    async def item_frame(self, request: Request) -> Response:
        """Return what an item of a feed holds in one format."""
        shown, looks, place = await self._feed(request), _looks(request), request.path_params
        if shown.value is None or looks is None or place["kind"] not in shown.value.formats:
            return _missing()
        rows, column = shown.value.rows, shown.value.formats.index(place["kind"])
        cell = rows[place["number"]].cells[column] if place["number"] < len(rows) else None
        if cell is None:
            return _missing()
        page = _CONTENT.format(
            title=escape(cell.title), html=cell.content or f"<p>{escape(cell.summary)}</p>"
        )
        return _frame(with_head(dressed(page, looks), _NEW_TAB), looks)

    async def _issue(self, request: Request) -> Shown[IssueView]:
        name = request.path_params["name"]
        return await self._desk.ask(lambda preview: preview.issue(name))

    async def _feed(self, request: Request) -> Shown[FeedView]:
        name = request.path_params["name"]
        return await self._desk.ask(lambda preview: preview.feed(name))


def _at_home(html: str, address: str, looks: Looks) -> str:
    """Take pictures of the site from the preview: they may not be published yet."""
    return html.replace(f'src="{escape(address)}', f'src="/site/{looks.name}/') if address else html


def _looks(request: Request) -> Looks | None:
    return Looks.named(request.path_params["looks"])


def _frame(html: str, looks: Looks) -> Response:
    images = "'self' data: http: https:" if looks.images else "'none'"
    policy = {"Content-Security-Policy": _FRAME_POLICY.format(images=images)}
    return Response(html, media_type="text/html", headers=policy)


def _missing() -> Response:
    return PlainTextResponse("There is nothing to show.\n", 404)


def _data(value: Any) -> Any:
    return None if value is None else asdict(value)


def _json(data: object) -> Response:
    return Response(json.dumps(data, ensure_ascii=False), media_type="application/json")


def listen(port: int | None) -> socket.socket:
    """Take a port of this machine: the named one, or else the first that is free from the usual one on."""
    tried = (port,) if port is not None else range(PORT, PORT + _PORTS_TRIED)
    for number in tried:
        taken = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            taken.bind((HOST, number))
            taken.listen()
            return taken
        taken.close()
    shown = str(port) if port is not None else f"{PORT} to {PORT + _PORTS_TRIED - 1}"
    raise UsageError(f"port {shown}: taken by another program, or not allowed; name another one with --port")


def serve(preview: Preview, listening: socket.socket, stop: threading.Event) -> None:
    """Serve the preview until `stop` is set.

    Cycles are collected when nobody waits: with very many notes, looking for them takes as long as the work.
    """
    with without_collecting():
        _serve(preview, listening, stop)


def _serve(preview: Preview, listening: socket.socket, stop: threading.Event) -> None:
    desk = Desk(preview)
    desk.open()
    app = make_app(desk, listening.getsockname()[1])
    config = uvicorn.Config(
        app, lifespan="off", ws="none", log_level="warning", access_log=False, server_header=False
    )
    server = uvicorn.Server(config)
    # Not in the main thread, the server leaves signals to whoever has called.
    thread = threading.Thread(target=server.run, args=([listening],), name="server")
    thread.start()
    stop.wait()
    desk.closing.set()
    server.should_exit = True
    thread.join()
    desk.close()
