"""What stands between the network and an application that anybody may ask: patience, sizes, headers, the log.

A request has some seconds to arrive and may not be large; whoever is slower or larger is cut off. The log
says what was asked for and how it ended, but names nobody: no address, no token, no IP.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from feedmaker.crash import keep
from feedmaker.signs.log import Log

_POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""What every answer says to browsers. That the site is https alone is for whoever serves https to say."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Say how large a request may be, in bytes, and how long, in seconds, each half of it may take.

    A connection may be `idle` for some seconds between two requests; what is too large has `linger` seconds
    to go on arriving.
    """

    head: int = 16_384
    body: int = 16_384
    seconds: float = 10.0
    idle: int = 5
    linger: float = 1.0
    connections: int = 200


class Entrance:
    """Read the body of each request before the application sees it, and log how it was answered.

    `known` are the first parts of paths that may stand in the log.
    """

    def __init__(self, app: ASGIApp, log: Log, known: Collection[str], bounds: Bounds) -> None:
        self._app = app
        self._log = log
        self._known = known
        self._bounds = bounds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        began, status = time.monotonic(), 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._answer(scope, receive, noting)
        except Exception as error:  # noqa: BLE001 - a fault of ours: kept for a report, and others are served
            self._log.say("program.fault", keep(error), "error")
            if not status:
                await PlainTextResponse("Something went wrong here.\n", 500)(scope, receive, noting)
        method, path = str(scope["method"])[:16], self._shown(scope["path"])
        said = f"{method} {path} {status or 'was left before it was answered'}"
        seconds = round(time.monotonic() - began, 3)
        self._log.say(
            "signup.answered", said, method=method, path=path, status=status or None, seconds=seconds
        )

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            self._measure(scope)
            async with asyncio.timeout(self._bounds.seconds):
                body = await _read(receive, self._bounds.body)
        except TimeoutError:
            await _cut_off(408, "This took too long.\n")(scope, receive, send)
        except _RefusedError as error:
            refusal = _cut_off(error.status, error.text)
            await refusal(scope, receive, _lingering(receive, send, self._bounds.linger))
        else:
            if body is not None:
                await self._app(scope, _replaying(body, receive), send)

    def _measure(self, scope: Scope) -> None:
        """Refuse what is known to be too large, or may be another length to a proxy (RFC 9112, 6.1).

        The server looks at how large a head is only where it comes in pieces.
        """
        names = {name for name, _ in scope["headers"]}
        if names >= {b"content-length", b"transfer-encoding"}:
            raise _RefusedError(400, "This says twice how long it is.\n")
        head = sum(len(name) + len(value) + 4 for name, value in scope["headers"])
        if head + len(scope["raw_path"]) + len(scope["query_string"]) > self._bounds.head:
            raise _RefusedError(431)
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if int(declared) > self._bounds.body:
            raise _RefusedError(413)

    def _shown(self, path: str) -> str:
        """Write a path without its tokens, and nothing at all of one that is not ours."""
        for part in path.split("/"):
            if part in self._known:
                return f"/{part}/…" if not path.endswith(f"/{part}") else f"/{part}"
        return "/" if path.endswith("/") else "/…"


class _RefusedError(Exception):
    """A request cannot be taken, mostly because it is too large; `status` and `text` are the answer."""

    def __init__(self, status: int, text: str = "This is more than anybody has to say here.\n") -> None:
        super().__init__()
        self.status = status
        self.text = text


def _cut_off(status: int, text: str) -> PlainTextResponse:
    """Refuse a request of which more may be on its way, without waiting for that."""
    return PlainTextResponse(text, status, {"Connection": "close"})


def _lingering(receive: Receive, send: Send, seconds: float) -> Send:
    """Send an answer at once, and end it only when the request has ended too, or after some seconds.

    Whoever closes a connection on which bytes arrive resets it, and so may take back the answer (RFC 9112,
    9.6); proxies then report a fault of ours.
    """

    async def sending(message: Message) -> None:
        if message["type"] != "http.response.body":
            await send(message)
            return
        await send({**message, "more_body": True})
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while (await receive()).get("more_body"):
                    pass
        await send({"type": "http.response.body"})

    return sending


async def _read(receive: Receive, most: int) -> bytes | None:
    """Read a whole body; None where whoever sends it has gone."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if len(body) > most:
            raise _RefusedError(413)
        if not message.get("more_body"):
            return bytes(body)


def _replaying(body: bytes, receive: Receive) -> Receive:
    """Hand out a body that was read already."""
    waiting = [body]

    async def replay() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return replay


def impatient(seconds: float) -> type[H11Protocol]:
    """Make the server's protocol such that the head of each request has so many seconds to arrive.

    uvicorn itself waits for ever once a connection has sent a byte, or none at all.
    """

    class Impatient(H11Protocol):
        _deadline: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._begin()

        def data_received(self, data: bytes) -> None:
            if self._is_idle():
                self._begin()
            super().data_received(data)
            if not self._is_idle():
                self._end()

        def connection_lost(self, exc: Exception | None) -> None:
            self._end()
            super().connection_lost(exc)

        def _is_idle(self) -> bool:
            cycle: Any = self.cycle  # None before the first request
            return cycle is None or cycle.response_complete

        def _begin(self) -> None:
            if self._deadline is None:
                self._deadline = self.loop.call_later(seconds, self.transport.close)

        def _end(self) -> None:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None

    return Impatient
