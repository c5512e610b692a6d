"""The pages where people sign up, confirm, choose and leave, over HTTP.

GET and HEAD never change anything: programs that look for dangerous links open every address in a mail
(RFC 8058, 1 and 3.1). The token in a path is the only secret; there are no cookies. Nothing here decides;
the rules are in `feedmaker.signup`, and `feedmaker.app.signup` acts.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, ParamSpec, TypeVar
from urllib.parse import unquote, urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route, Router

from feedmaker.app.posting import Post
from feedmaker.app.signup import Asking, SignupDesk
from feedmaker.bounces.webhooks import ForgedError
from feedmaker.config.signup import TAKEN
from feedmaker.errors import BusyError, StoreError, UsageError
from feedmaker.signs.log import Log
from feedmaker.signs.places import cannot_listen, place_of
from feedmaker.signup.limits import Refusal, is_within
from feedmaker.signup.origins import known_origins, may_ask, source_of
from feedmaker.signup.pages import Pages, Refused
from feedmaker.signup.rules import is_from_robot
from feedmaker.store.records import Subscriber
from feedmaker.web.entrance import HEADERS, Bounds, Entrance, impatient
from feedmaker.web.outage import Outage

PATIENCE = 10
"""How many seconds requests in hand, and then mails that are due, have when the server is told to stop."""

_MOST_CHANGES = 32
"""How many requests may change something at once: of the 40 threads that there are, some always read."""
_MOST_FIELDS = 200
_DEEPEST = 20
_ASKING = ("GET", "POST", "OPTIONS")
_LATER, _MUCH_LATER = "10", "3600"
_PATHS = tuple(sorted(TAKEN))
_NO_ADDRESS = "This is no address that mail can be sent to. Look whether it is complete."
_LOST = Refused(
    "lost", "This link does not work", "It is not complete, or too old. Open it again from the mail."
)
_BUSY = Refused(
    "busy", "Please try again", "There is too much to do just now, and nothing was done. Wait a minute."
)
_FULL = Refused("full", "Please try again later", "Very many people are signing up just now. Wait an hour.")
_FLOOD = Refused("flood", "Please try again later", "Too many requests came from your network. Wait an hour.")
_FOREIGN = Refused("foreign", "Not from there", "The page that sent you here may not sign people up.")
_FAULT = Refused("fault", "Something went wrong", "That is our fault, and it was written down.")
_STATUSES = {
    400: Refused("unread", "This cannot be read", "It is not in a form that is understood here."),
    404: Refused("nowhere", "There is nothing here", "This address leads nowhere."),
    405: Refused("method", "Not like this", "This address does not answer such requests."),
    415: Refused("unread", "This cannot be read", "It is neither a form nor JSON."),
}
Fields = Mapping[str, Sequence[str]]
P = ParamSpec("P")
Found = TypeVar("Found")


class Signups:
    """Answer what people and their mail programs ask for."""

    def __init__(self, desk: SignupDesk, post: Post, log: Log) -> None:
        self._desk = desk
        self._post = post
        self._log = log
        self._outage = Outage(log)
        self._changing = asyncio.Semaphore(_MOST_CHANGES)
        self._known = known_origins(desk.config)
        self._prefix = unquote(urlsplit(desk.settings.address).path).rstrip("/")

    def app(self) -> Starlette:
        """Make the application; it answers at the root, and below the path of its outer address.

        So it works behind proxies that take the path away and behind those that do not.
        """
        cross_origin = Middleware(CORSMiddleware, allow_origins=self._known, allow_methods=["POST"])
        routes: list[BaseRoute] = [
            Route("/", self.form),
            Route("/subscribe", self.subscribe, methods=_ASKING, middleware=[cross_origin]),
            Route("/confirm/{token}", self.confirm, methods=["GET", "POST"]),
            Route("/leave/{token}", self.leave, methods=["GET", "POST"]),
            Route("/choose/{token}", self.choose, methods=["GET", "POST"]),
            Route("/events/resend", self.events, methods=["POST"]),
            Route("/style.css", self.style),
        ]
        inside = [Mount(self._prefix, Router(routes, redirect_slashes=False))] if self._prefix else []
        handlers: Mapping[Any, Any] = {
            HTTPException: self._refused,
            StoreError: self._failed,
            BusyError: self._busy,
            Exception: self._broken,
        }
        app = Starlette(routes=[*routes, *inside], exception_handlers=handlers)
        app.router.redirect_slashes = False
        return app

    # Signing up

    async def form(self, request: Request) -> Response:  # noqa: ARG002 - everybody gets the same
        """Show the form, which alone of all pages may be found by search engines."""
        return _page(self._pages.form(), headers={"X-Robots-Tag": "all"})

    async def subscribe(self, request: Request) -> Response:
        """Take down that somebody wants to sign up; the answer is the same for every address."""
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": "GET, HEAD, OPTIONS, POST"})
        if request.method != "POST":
            return await self.form(request)
        header = request.headers.get
        if not may_ask(header("origin"), header("sec-fetch-site"), self._known):
            return self._told(request, 403, _FOREIGN)
        fields = await _fields(request)
        typed = _first(fields, "email")
        kind = "JSON" if _is_json(request) else "form"
        source = source_of(kind, header("origin"), header("referer"), self._known)
        client = request.client.host if request.client else ""
        asking = Asking(typed, client, source, from_robot=is_from_robot(fields))
        try:
            refused = await self._change(self._desk.ask, asking)
        except UsageError:
            if _is_json(request):
                return _json(422, _NO_ADDRESS)
            return _page(self._pages.form(_NO_ADDRESS, typed[:254]), 422)
        answer = self._asked(request, refused, client)
        # Once it is out, so that the work on a mail cannot be told from how long an answer takes.
        answer.background = BackgroundTask(self._post.wake)
        return answer

    def _asked(self, request: Request, refused: Refusal | None, client: str) -> Response:
        if refused == "network":
            self._say_flooded(client)
            return self._told(request, 429, _FLOOD, {"Retry-After": _MUCH_LATER})
        if refused == "total":
            return self._told(request, 503, _FULL, {"Retry-After": _MUCH_LATER})
        if _is_json(request):
            return JSONResponse({"status": "look into your mailbox"}, 202, _OWN)
        return _page(self._pages.sent())

    async def confirm(self, request: Request) -> Response:
        """Show the button of a confirmation mail's link, or what comes of pressing it."""
        desk, token = self._desk, request.path_params["token"]
        if request.method == "POST":
            standing, person = await self._change(desk.confirm, token)
        else:
            standing, person = await run_in_threadpool(desk.standing, token)
        if standing == "void" or person is None:
            return self._told(request, 404, _LOST)
        return _page(self._pages.confirm(standing, person))

    # Leaving and choosing

    async def leave(self, request: Request) -> Response:
        """Show the button to leave, or do it: for whoever presses it, or for a mail program (RFC 8058).

        To the latter nothing is told but that all is well, whoever's token it is or is not.
        """
        token = request.path_params["token"]
        if request.method != "POST":
            person = await run_in_threadpool(self._desk.reader, token)
            return self._shown(request, person, lambda one: self._pages.leave(one, token))
        fields: Fields = {}
        with suppress(HTTPException):
            # Whatever the rest says, to post something here is to leave.
            fields = await _fields(request)
        is_one_click = _first(fields, "List-Unsubscribe") == "One-Click"
        reason = "left by one click" if is_one_click else "left on the page"
        person = await self._change(self._desk.leave, token, reason)
        if is_one_click:
            return PlainTextResponse("You are unsubscribed.\n", headers=_OWN)
        return self._shown(request, person, lambda one: self._pages.leave(one, token))

    async def choose(self, request: Request) -> Response:
        """Show what somebody gets, or change it."""
        token, is_saved = request.path_params["token"], request.method == "POST"
        if is_saved:
            fields = await _fields(request)
            person = await self._change(self._desk.choose, token, fields)
        else:
            person = await run_in_threadpool(self._desk.reader, token)
        return self._shown(request, person, lambda one: self._pages.choose(one, token, is_saved=is_saved))

    async def events(self, request: Request) -> Response:
        """Take down what a provider tells of messages that it has sent; who does not sign is not heard."""
        body = await request.body()
        try:
            await self._change(self._desk.take_events, body, dict(request.headers))
        except ForgedError as error:
            self._log.say("signup.forged", f"an event was not believed: {error}", "warning")
            return PlainTextResponse("Not believed.\n", 401, headers=_OWN)
        return PlainTextResponse("Taken.\n", headers=_OWN)

    async def style(self, request: Request) -> Response:  # noqa: ARG002 - everybody gets the same
        """Give out the stylesheet."""
        caching = {"Cache-Control": "public, max-age=3600"}
        return Response(self._pages.style(), media_type="text/css", headers=caching)

    async def _change(self, act: Callable[P, Found], *args: P.args, **options: P.kwargs) -> Found:
        """Have the desk do what may change something; who only looks never waits behind those who write."""
        async with self._changing:
            found = await run_in_threadpool(act, *args, **options)
        self._outage.end()
        return found

    # What is not possible

    async def _refused(self, request: Request, error: HTTPException) -> Response:
        unknown = Refused("refused", error.detail, "Look whether the address is complete.")
        refused = _STATUSES.get(error.status_code, unknown)
        return self._told(request, error.status_code, refused, error.headers)

    async def _failed(self, request: Request, error: StoreError) -> Response:
        self._outage.turn_away(str(error))
        return self._told(request, 503, _BUSY, {"Retry-After": _LATER})

    async def _busy(self, request: Request, error: BusyError) -> Response:
        self._log.say("signup.failed", str(error), "warning")
        return self._told(request, 503, _BUSY, {"Retry-After": _LATER})

    async def _broken(self, request: Request, _error: Exception) -> Response:
        return self._told(request, 500, _FAULT)

    def _shown(
        self, request: Request, person: Subscriber | None, page: Callable[[Subscriber], str]
    ) -> Response:
        return self._told(request, 404, _LOST) if person is None else _page(page(person))

    def _told(
        self,
        request: Request,
        status: int,
        refused: Refused,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Say in the language that was asked in, page or JSON, what is not possible and what to do."""
        if _is_json(request):
            return _json(status, f"{refused.heading}. {refused.text}", headers)
        inner = str(request.scope["path"]).removeprefix(self._prefix)
        # Links of a page that is nowhere need not work, and must not make it long.
        root = "../" * min(inner.count("/") - 1, _DEEPEST)
        return _page(self._pages.message(refused, root), status, headers)

    def _say_flooded(self, client: str) -> None:
        said = "too many requests to sign up from one network"
        if is_within(client, self._desk.settings.proxies):
            said += ", that of a proxy: let it say in X-Forwarded-For who asks"
        self._log.say("signup.flooded", said, "warning")

    @property
    def _pages(self) -> Pages:
        return self._desk.pages


_OWN = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}


def _page(html: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return HTMLResponse(html, status, {**_OWN, **(headers or {})})


def _json(status: int, error: str, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse({"error": error}, status, {**_OWN, **(headers or {})})


def _kind(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _is_json(request: Request) -> bool:
    return _kind(request) == "application/json"


async def _fields(request: Request) -> Fields:
    """Read a form, or an object of JSON; raise `HTTPException` for anything else."""
    kind = _kind(request)
    if kind == "application/json":
        return _texts(await request.body())
    if kind not in ("", "application/x-www-form-urlencoded", "multipart/form-data"):
        raise HTTPException(415)
    form = await request.form(max_files=0, max_fields=_MOST_FIELDS)
    return {name: [value for value in form.getlist(name) if isinstance(value, str)] for name in form}


def _texts(body: bytes) -> Fields:
    try:
        data = json.loads(body)
        if not isinstance(data, dict):
            raise HTTPException(400)
        # What is no text counts, too, where nothing should be: in the field that people do not see.
        return {
            name: [value if isinstance(value, str) else json.dumps(value)]
            for name, value in data.items()
            if value not in (None, [], {})
        }
    except (ValueError, RecursionError):
        raise HTTPException(400) from None


def _first(fields: Fields, name: str) -> str:
    return (fields.get(name) or [""])[0]


def listen(address: str, key: str) -> socket.socket:
    """Listen at HOST:PORT; raise `UsageError` or `FeedmakerError`, naming the `key` it stands under."""
    try:
        family, place = place_of(address, key)
        return socket.create_server(place, family=family, backlog=128)
    except (OSError, UnicodeError) as error:
        raise cannot_listen(address, key, error) from error


def serve(
    desk: SignupDesk,
    post: Post,
    log: Log,
    listening: socket.socket,
    stop: threading.Event,
    bounds: Bounds | None = None,
) -> int:
    """Serve until `stop` is set, then end what is in hand; return how many mails are still owed."""
    # What a broken form makes its parser say belongs into no log.
    parser = logging.getLogger("python_multipart")
    parser.addHandler(logging.NullHandler())
    parser.propagate = False
    bounds = bounds or Bounds()
    config = uvicorn.Config(
        Entrance(Signups(desk, post, log).app(), log, _PATHS, bounds),
        http=impatient(bounds.seconds),
        lifespan="off",
        ws="none",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        headers=list(HEADERS.items()),
        forwarded_allow_ips=list(desk.settings.proxies),
        timeout_keep_alive=bounds.idle,
        limit_concurrency=bounds.connections,
        h11_max_incomplete_event_size=bounds.head,
        timeout_graceful_shutdown=PATIENCE,
    )
    server = uvicorn.Server(config)

    def run() -> None:
        try:
            server.run([listening])
        finally:
            stop.set()

    # Not in the main thread, the server leaves signals to whoever has called.
    thread = threading.Thread(target=run, name="server")
    thread.start()
    stop.wait()
    server.should_exit = True
    thread.join()
    return post.close(PATIENCE)
