"""Asking many hosts for many pages, politely: robots.txt, pauses, few connections, rest where one is wanted.

Threads ask, one to a connection; who called takes the answers one after the other. What a host has said of
itself outlives the crawl, so it is handed in and out as values.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from urllib.parse import urlsplit

from feedmaker.errors import FetchError
from feedmaker.fetch import Fetched, Session, StatusError, UnreachableError, fetch, retry_after
from feedmaker.sources.robots import Rules, robots_text

DEADLINE = 20.0
"""Seconds for one answer."""

PER_HOST = 2
"""The most connections to one host."""

ROBOTS_AGE = timedelta(days=1)
LONGEST_REST = timedelta(days=7)
_USUAL_REST = timedelta(minutes=10)
_TOGETHER = 16
_AHEAD = 16
_MOST_FAILURES = 3
_MOST_ROBOTS = 5_000_000
_POLL = 0.1


@dataclass(frozen=True, slots=True)
class Wanted:
    """Say what to ask for: `key` names it to who wants it, `pause` is in seconds, `limit` in bytes."""

    key: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    private: bool = False
    pause: float = 0.0
    limit: int = 5_000_000


@dataclass(frozen=True, slots=True)
class Got:
    """Hold what came of it: an answer, or the error that came instead."""

    wanted: Wanted
    answer: Fetched | None = None
    error: FetchError | None = None


class PutOffError(FetchError):
    """Something was not asked for: there was no time left, or its host wants rest."""


class TimeUpError(PutOffError):
    """There was no time left."""


class HostError(PutOffError):
    """A host that has failed several times is not asked again; `host` names it."""

    def __init__(self, message: str, host: str) -> None:
        self.host = host
        super().__init__(message)


class DisallowedError(FetchError):
    """robots.txt does not allow to ask for something."""


@dataclass(frozen=True, slots=True)
class HostFacts:
    """Remember of a host until when it wants rest, and its robots.txt as of `robots_at`."""

    rest_until: datetime | None = None
    robots: str | None = None
    robots_at: datetime | None = None


class Crawler:
    """Ask hosts, `now` being the time at the start, for `seconds` at most."""

    def __init__(self, facts: Mapping[str, HostFacts], now: datetime, seconds: float) -> None:
        self._now = now
        self._begun = time.monotonic()
        self.end = self._begun + seconds
        self._facts = facts
        self._hosts: dict[str, _Host] = {}
        self._guard = threading.Lock()
        self.stopping = threading.Event()

    def facts(self) -> dict[str, HostFacts]:
        """Return what is known by now of the hosts that were asked."""
        with self._guard:
            return {name: host.facts for name, host in self._hosts.items()}

    def get(self, wanted: Wanted) -> Got:
        """Ask for one thing, in this thread."""
        with _Lane(self) as lane:
            return lane.get(wanted)

    def get_all(self, wanted: Iterable[Wanted]) -> Iterator[Got]:
        """Ask for many things and yield what comes, in no order; a few answers wait at most.

        Who stops taking answers stops the asking, and waits for what is under way.
        """
        lines: dict[str, deque[Wanted]] = {}
        for each in wanted:
            lines.setdefault(host_of(each.url), deque()).append(each)
        expected = sum(map(len, lines.values()))
        answers: queue.Queue[Got | BaseException] = queue.Queue(_AHEAD)
        pool = ThreadPoolExecutor(_TOGETHER, "asking")
        try:
            for line in lines.values():
                for _ in range(min(PER_HOST, len(line))):
                    pool.submit(self._work, line, answers)
            for _ in range(expected):
                got = answers.get()
                if isinstance(got, BaseException):
                    raise got
                yield got
        finally:
            self.stopping.set()
            pool.shutdown(cancel_futures=True)

    def moment(self) -> datetime:
        """Return the time by the clock that began with `now`."""
        return self._now + timedelta(seconds=time.monotonic() - self._begun)

    def host(self, url: str) -> _Host:
        """Return the host of an address."""
        name = host_of(url)
        with self._guard:
            if name not in self._hosts:
                self._hosts[name] = _Host(name, self._facts.get(name, HostFacts()))
            return self._hosts[name]

    def _work(self, line: deque[Wanted], answers: queue.Queue[Got | BaseException]) -> None:
        """Work a host's line off, over one connection."""
        try:
            with _Lane(self) as lane:
                while not self.stopping.is_set():
                    try:
                        wanted = line.popleft()
                    except IndexError:
                        return
                    self._hand_over(lane.get(wanted), answers)
        except BaseException as error:  # noqa: BLE001 - raised again where somebody waits for an answer
            self._hand_over(error, answers)

    def _hand_over(self, got: Got | BaseException, answers: queue.Queue[Got | BaseException]) -> None:
        while not self.stopping.is_set():
            try:
                answers.put(got, timeout=_POLL)
            except queue.Full:
                continue
            return


def host_of(url: str) -> str:
    """Return the part of an address that has one robots.txt (RFC 9309, 2.3)."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.lower()}"


class _Host:
    """Keep what several lanes know of one host."""

    def __init__(self, name: str, facts: HostFacts) -> None:
        self.name = name
        self.facts = facts
        self.failures = 0
        self.said = "it has not answered"
        self._guard = threading.RLock()
        self._next = 0.0
        self._rules: Rules | None = None
        self._has_asked = False

    def turn(self, pause: float) -> float:
        """Take the next turn, and return its time by the monotonic clock."""
        with self._guard:
            turn = max(time.monotonic(), self._next)
            self._next = turn + pause
            return turn

    def rules(self, moment: datetime, ask: Callable[[_Host], str | None]) -> Rules | None:
        """Return the rules of the host, which it is asked for at most once a day; None where it has to rest.

        One that cannot tell its rules now is held to those that it told last, however old they are.
        """
        with self._guard:
            if not self._has_asked:
                self._has_asked = True
                at = self.facts.robots_at
                if at is None or not timedelta(0) <= moment - at < ROBOTS_AGE:
                    text = ask(self)
                    if text is not None:
                        self.facts = replace(self.facts, robots=text, robots_at=moment)
                if self.facts.robots is not None:
                    self._rules = Rules(self.facts.robots)
            return self._rules

    def learn(self, error: FetchError, moment: datetime) -> None:
        """Remember what an error says of the host: that it is busy, ill or out of reach."""
        with self._guard:
            self.said = str(error)
            if isinstance(error, UnreachableError):
                self.failures += 1
            elif isinstance(error, StatusError):
                is_ill = error.status >= HTTPStatus.INTERNAL_SERVER_ERROR
                self.failures = self.failures + 1 if is_ill else 0
                until = _rest_asked(error, moment)
                if until is not None:
                    self.facts = replace(self.facts, rest_until=min(until, moment + LONGEST_REST))


def _rest_asked(error: StatusError, moment: datetime) -> datetime | None:
    """Return until when an answer wants its host to be left alone."""
    is_busy = error.status == HTTPStatus.TOO_MANY_REQUESTS
    if not is_busy and error.status != HTTPStatus.SERVICE_UNAVAILABLE:
        return None
    return retry_after(error.headers, moment) or (moment + _USUAL_REST if is_busy else None)


class _Lane(ExitStack):
    """Ask over connections of its own, one question at a time."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__()
        self.crawler = crawler
        self.sessions: dict[bool, Session] = {}
        self.wanted = Wanted("", "")

    def get(self, wanted: Wanted) -> Got:
        """Ask for one thing."""
        self.wanted = wanted
        if wanted.private not in self.sessions:
            session = Session(private=wanted.private, before=self._before)
            self.sessions[wanted.private] = self.enter_context(session)
        try:
            answer = self.sessions[wanted.private].fetch(
                wanted.url, deadline=self._seconds(), limit=wanted.limit, headers=wanted.headers
            )
        except FetchError as error:
            if not isinstance(error, PutOffError):
                self.crawler.host(wanted.url).learn(error, self.crawler.moment())
            return Got(wanted, error=error)
        self.crawler.host(answer.url).failures = 0
        return Got(wanted, answer)

    def _seconds(self) -> float:
        return max(0.001, min(DEADLINE, self.crawler.end - time.monotonic()))

    def _before(self, url: str) -> None:
        """See to it that an address may be asked for now, waiting for its turn; raise `FetchError` if not."""
        host = self.crawler.host(url)
        self._check_rest(host)
        rules = host.rules(self.crawler.moment(), self._ask_for_robots)
        if rules is None:
            raise HostError(f"{host.name} is left alone: {host.said}", host.name)
        if not rules.allow(url):
            raise DisallowedError(f"the robots.txt of {host.name} does not allow it")
        turn = host.turn(max(self.wanted.pause, rules.pause))
        if turn >= self.crawler.end or self.crawler.stopping.wait(max(0.0, turn - time.monotonic())):
            raise TimeUpError("the time was up")
        self._check_rest(host)

    def _check_rest(self, host: _Host) -> None:
        if time.monotonic() >= self.crawler.end:
            raise TimeUpError("the time was up")
        until = host.facts.rest_until
        if until is not None and self.crawler.moment() < until:
            said = f"{until.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
            raise PutOffError(f"{host.name} wants to be left alone until {said}")
        if host.failures >= _MOST_FAILURES:
            raise HostError(f"{host.name} is left alone: {host.said}", host.name)

    def _ask_for_robots(self, host: _Host) -> str | None:
        address = f"{host.name}/robots.txt"
        try:
            found = fetch(address, deadline=self._seconds(), limit=_MOST_ROBOTS, private=self.wanted.private)
        except StatusError as error:
            host.learn(error, self.crawler.moment())
            return robots_text(error.status)
        except FetchError as error:
            host.learn(error, self.crawler.moment())
            return None
        return robots_text(found.status, found.body)
