"""HTTP: everything that is fetched or posted goes through here.

One deadline covers looking a name up, connecting, redirects and the body; the size of an answer is bounded
while it is unpacked; and each address is looked at where it is connected to, so that neither a redirect nor
a name that changes its address leads into a private network. Nothing is tried twice, but for a question
that came too late for a connection kept from the one before; what is handed over is not even then.
"""

from __future__ import annotations

import socket
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from feedmaker import __version__
from feedmaker.errors import FetchError

if TYPE_CHECKING:
    import httpx

    from feedmaker.fetch.transport import Clock

DEADLINE = 30.0
LIMIT = 20_000_000
_MOST_REDIRECTS = 5
_STEP = 65_536
_BEGUN = "http11.send_request_headers.started"
_FOR_GOOD = (HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.PERMANENT_REDIRECT)
_NONE: Mapping[str, str] = MappingProxyType({})
_OWN_HEADERS = {"User-Agent": f"feedmaker/{__version__}", "Accept-Encoding": "gzip"}


@dataclass(frozen=True, slots=True)
class Fetched:
    """Hold an answer: the address it came from, its status, its headers in small letters, its unpacked body.

    The status is 2xx or 304. Each sign of a header is one byte, so that it can be sent back as it came.
    `moved` tells whether there were redirects, each for good.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    moved: bool = False


@dataclass(frozen=True, slots=True)
class Probed:
    """Tell what a server answers at an address.

    `status` is where all redirects end, at `url`; `moved` tells whether there were some, each for good.
    """

    url: str
    status: int
    moved: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """Hold what a server said to something that was handed over, whatever its status.

    Headers are those of `Fetched`. `body` is None where it did not come whole, in time and within the limit.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes | None


class StatusError(FetchError):
    """A server answered that it will not; `status` and `headers` are those of the answer."""

    def __init__(self, message: str, reason: str, status: int, headers: Mapping[str, str]) -> None:
        self.status = status
        self.headers = headers
        super().__init__(message, reason)


class UnreachableError(FetchError):
    """No complete answer came from a server in time, or there is no such server."""


class UnsentError(FetchError):
    """Nothing was handed over: no connection was made, so not a byte of it has left."""


def fetch(
    url: str,
    *,
    deadline: float = DEADLINE,
    limit: int = LIMIT,
    private: bool = False,
    headers: Mapping[str, str] = _NONE,
) -> Fetched:
    """Get what is at an http or https address, within `deadline` seconds and `limit` bytes.

    `private` allows addresses that only this machine or its network can reach. `headers` go to the server of
    `url` and to no other that it redirects to. Raises `FetchError`, and `StatusError` for a status from 400.
    """
    with Session(private=private, kept=0) as session:
        return session.fetch(url, deadline=deadline, limit=limit, headers=headers)


def post(
    url: str,
    data: Mapping[str, str],
    *,
    deadline: float = DEADLINE,
    limit: int = LIMIT,
    private: bool = False,
    headers: Mapping[str, str] = _NONE,
) -> Fetched:
    """Send the fields of a form to an http or https address; for everything else see `fetch`."""
    with Session(private=private, kept=0) as session:
        return session.exchange(deadline, limit, headers).answer("POST", url, data=data)


def post_json(url: str, data: object, *, deadline: float = DEADLINE, private: bool = False) -> Fetched:
    """Send data as JSON to an http or https address; for everything else see `fetch`."""
    with Session(private=private, kept=0) as session:
        return session.exchange(deadline, LIMIT, _NONE).answer("POST", url, json=data)


def probe(url: str, *, deadline: float = DEADLINE, private: bool = False) -> Probed:
    """Ask whether there is something at an http or https address, without reading it.

    A server that does not answer HEAD well is asked with GET. Raises `FetchError` where there is no answer.
    """
    with Session(private=private, kept=0) as session:
        return session.exchange(deadline, 0, _NONE).probe(url)


def retry_after(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """Read when a server wants to be asked again: seconds, or a date (RFC 9110, 10.2.3)."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return now + timedelta(seconds=int(text[:9]))
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment if moment > now else None


def shown_address(url: str) -> str:
    """Write an address for people, without name, password and query, any of which may be secret."""
    try:
        parts = urlsplit(url)
        host = f"{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"
    except ValueError:
        host = ""
    if not host:
        return "this address"
    return f"{parts.scheme}://{host}{parts.path}{'?…' if parts.query else ''}"


def _anything(_url: str) -> None:
    """Let every address be asked."""


class Session:
    """Keep connections open for the next question, for one thread at a time.

    `before` is called with each address before it is asked, those of redirects too, and may raise
    `FetchError` to prevent that; the time that it takes does not count. `private` is that of `fetch`.
    """

    def __init__(
        self, *, private: bool = False, kept: int = 2, before: Callable[[str], None] = _anything
    ) -> None:
        import httpx

        from feedmaker.fetch.transport import Clock, Transport

        self._before = before
        self._clock = Clock(DEADLINE)
        # The environment could name a proxy, and nobody could tell where one leads.
        transport = Transport(self._clock, private=private, kept=kept)
        self._client = httpx.Client(transport=transport, headers=_OWN_HEADERS, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def fetch(
        self,
        url: str,
        *,
        deadline: float = DEADLINE,
        limit: int = LIMIT,
        headers: Mapping[str, str] = _NONE,
    ) -> Fetched:
        """Get what is at an address, as `fetch` does."""
        return self.exchange(deadline, limit, headers).answer("GET", url)

    def hand_over(
        self,
        url: str,
        data: bytes,
        *,
        deadline: float = DEADLINE,
        limit: int = LIMIT,
        headers: Mapping[str, str] = _NONE,
    ) -> Answer:
        """Post what must not arrive twice: no redirect is followed, and nothing is sent a second time.

        Raises `UnsentError` where it certainly did not arrive, and another `FetchError` where it may have,
        because sending had begun and no answer came.
        """
        return self.exchange(deadline, limit, headers).hand_over(url, data)

    def exchange(self, deadline: float, limit: int, headers: Mapping[str, str]) -> _Exchange:
        """Begin to ask a question; only one at a time."""
        self._clock.restart(deadline)
        self._client.cookies.clear()
        return _Exchange(self._client, self._clock, limit, headers, self._before)


class _Exchange:
    """Ask one question and follow it to its answer."""

    def __init__(
        self,
        client: httpx.Client,
        clock: Clock,
        limit: int,
        headers: Mapping[str, str],
        before: Callable[[str], None],
    ) -> None:
        self.client = client
        self.clock = clock
        self.limit = limit
        self.headers = {name.encode("latin-1"): value.encode("latin-1") for name, value in headers.items()}
        self.before = before
        self.shown = ""

    def answer(self, method: str, url: str, **body: Any) -> Fetched:
        self.shown = shown_address(url)
        with self._explained():
            request = self.client.build_request(method, url, headers=self.headers, **body)
            *redirects, response = self._followed(request)
            try:
                return self._fetched(response, moved=_are_for_good(redirects))
            finally:
                response.close()

    def hand_over(self, url: str, data: bytes) -> Answer:
        self.shown = shown_address(url)
        events: list[str] = []
        extensions = {"once": True, "trace": lambda event, _: events.append(event)}
        try:
            with self._explained():
                request = self.client.build_request(
                    "POST", url, headers=self.headers, content=data, extensions=extensions
                )
                self._look_at(request)
                response = self.client.send(request, stream=True)
                try:
                    headers = _read_headers(response.headers)
                    return Answer(response.status_code, headers, self._whole(response))
                finally:
                    response.close()
        except FetchError as error:
            if _BEGUN in events:
                raise
            raise UnsentError(str(error), error.reason) from error

    def _whole(self, response: httpx.Response) -> bytes | None:
        try:
            with self._explained():
                return self._body(response)
        except FetchError:
            return None

    def probe(self, url: str) -> Probed:
        self.shown = shown_address(url)
        with self._explained():
            answers = self._heads(url)
            if not answers or _refuses_heads(answers[-1].status_code):
                answers = list(self._followed(self.client.build_request("GET", url)))
            *redirects, last = answers
            last.close()
            address = str(last.url.copy_with(username=None, password=None))
            return Probed(address, last.status_code, _are_for_good(redirects))

    def _heads(self, url: str) -> list[httpx.Response]:
        """Return the answers to HEAD; none where a server hangs up instead."""
        import httpcore

        try:
            answers = list(self._followed(self.client.build_request("HEAD", url)))
        except (httpcore.RemoteProtocolError, httpcore.ReadError):
            return []
        answers[-1].close()
        return answers

    def _followed(self, request: httpx.Request) -> Iterator[httpx.Response]:
        """Yield all redirects, closed, and the answer that they end at, whose body is still to come."""
        for _ in range(_MOST_REDIRECTS + 1):
            self._look_at(request)
            response = self.client.send(request, stream=True)
            if response.next_request is None:
                yield response
                return
            response.close()
            yield response
            request = self._next(request, response.next_request)
        raise self._error(f"more than {_MOST_REDIRECTS} redirects; use the address that they end at")

    def _look_at(self, request: httpx.Request) -> None:
        self.shown = shown_address(str(request.url))
        if request.url.scheme not in ("http", "https") or not request.url.host:
            raise self._error("only https:// and http:// addresses can be fetched; use one of those")
        with self.clock.stopped():
            self.before(str(request.url))

    def _next(self, request: httpx.Request, following: httpx.Request) -> httpx.Request:
        """Keep what was meant for one server from the next."""
        if (request.url.scheme, request.url.netloc) != (following.url.scheme, following.url.netloc):
            for name in self.headers:
                following.headers.pop(name.decode("latin-1"), None)
        return following

    def _fetched(self, response: httpx.Response, *, moved: bool) -> Fetched:
        status, headers = response.status_code, _read_headers(response.headers)
        if status >= HTTPStatus.BAD_REQUEST:
            reason = f"the answer was {_named(status)}; {_way_out(status)}"
            raise StatusError(f"{self.shown}: {reason}", reason, status, headers)
        if not response.is_success and status != HTTPStatus.NOT_MODIFIED:
            raise self._error(f"the answer was {_named(status)}, which leads nowhere; check the address")
        address = str(response.url.copy_with(username=None, password=None))
        return Fetched(address, status, headers, self._body(response), moved)

    def _body(self, response: httpx.Response) -> bytes:
        packing = response.headers.get("content-encoding", "").strip().lower()
        chunks: Iterable[bytes] = response.iter_raw(_STEP)
        if packing in ("gzip", "x-gzip"):
            chunks = _unpacked(chunks)
        elif packing not in ("", "identity"):
            raise self._error("the answer is packed in a way that was not asked for; tell its owner")
        body = bytearray()
        for chunk in chunks:
            self.clock.left()
            body += chunk
            if len(body) > self.limit:
                raise self._error(f"the answer has more than {self.limit:,} bytes; use a smaller file")
        return bytes(body)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what the libraries say into words that name the address and the way out."""
        import httpcore
        import httpx

        from feedmaker.fetch.transport import PrivateAddressError

        damaged = "the answer is damaged; try again later, or tell its owner"
        late = f"no complete answer within {self.clock.seconds:g} seconds; try again later"
        refused, unreachable = FetchError, UnreachableError
        ways: tuple[tuple[tuple[type[Exception], ...], type[FetchError], str], ...] = (
            ((TimeoutError, httpcore.TimeoutException), unreachable, late),
            (
                (PrivateAddressError,),
                refused,
                "leads into a private network; only public addresses may be fetched",
            ),
            ((socket.gaierror,), unreachable, "there is no such host; check the address and the network"),
            (
                (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.ProtocolError, UnicodeError),
                refused,
                "this is no sound address; check it for mistakes",
            ),
            ((httpcore.ProtocolError, httpx.StreamError, zlib.error, EOFError), refused, damaged),
            (
                (OSError, httpcore.NetworkError),
                unreachable,
                "cannot be reached; check the address and the network",
            ),
        )
        try:
            yield
        except tuple(kind for kinds, *_ in ways for kind in kinds) as error:
            told, message = next((told, message) for kinds, told, message in ways if isinstance(error, kinds))
            reason = f"{message}{_reason(error)}"
            raise told(f"{self.shown}: {reason}", reason) from error

    def _error(self, reason: str) -> FetchError:
        return FetchError(f"{self.shown}: {reason}", reason)


def _reason(error: Exception) -> str:
    """Quote the system's own words on a connection, which know no secrets."""
    import httpcore

    said = " ".join(str(error).split())
    return f" ({said})" if said and isinstance(error, httpcore.NetworkError) else ""


def _named(status: int) -> str:
    """Write a status with its standard name; a server's own words could say anything."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _read_headers(headers: httpx.Headers) -> dict[str, str]:
    """Join what stands under one name; bytes become signs one by one, for no encoding is sure."""
    found: dict[str, str] = {}
    for name, value in headers.raw:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


def _are_for_good(redirects: Sequence[httpx.Response]) -> bool:
    return bool(redirects) and all(each.status_code in _FOR_GOOD for each in redirects)


def _refuses_heads(status: int) -> bool:
    """Tell answers that GET may change; who is asked too often already is not asked once more."""
    return status >= HTTPStatus.BAD_REQUEST and status != HTTPStatus.TOO_MANY_REQUESTS


def _way_out(status: int) -> str:
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return "find out who may read it"
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "try again later"
    return "check the address"


def _unpacked(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Unpack gzip a step at a time, so that a small body cannot fill the memory before it is counted."""
    unpacker = zlib.decompressobj(wbits=31)
    begun = False
    for chunk in chunks:
        rest = chunk
        while rest:
            begun = True
            if unpacker.eof:
                unpacker = zlib.decompressobj(wbits=31)
            yield unpacker.decompress(rest, _STEP)
            rest = unpacker.unconsumed_tail or unpacker.unused_data
    yield unpacker.flush()
    if begun and not unpacker.eof:
        raise EOFError
