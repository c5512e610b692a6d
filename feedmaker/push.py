"""Telling others that feeds have changed: WebSub hubs, Podping and the Podcast Index.

A build only writes down what there is to tell, so no hub can hold one up or make it fail. What waits stands
in one small file, a notice to a line: who is to be told of which feed. A notice that cannot be handed over is
tried again later and later, for two days. The file holds no secrets.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args
from urllib.parse import quote, urlencode, urlsplit

from feedmaker.disk import explained, write_durably
from feedmaker.errors import FetchError, UsageError
from feedmaker.fetch import StatusError, fetch, post, retry_after, shown_address
from feedmaker.secrets import secret
from feedmaker.uri import is_web_address
from feedmaker.worklock import exclusive

if TYPE_CHECKING:
    from feedmaker.config import Push

Service = Literal["websub", "podping", "podcast_index"]
State = Literal["told", "waits", "dropped"]
TOKEN = "FEEDMAKER_PODPING_TOKEN"  # noqa: S105 - the name of the variable, not what it holds
TOTAL = 10.0
EACH = 5.0
LIFETIME = timedelta(days=2)
_PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360))
_VERSION = 1
_PATIENCE = 5.0
_MOST_AT_ONCE = 8
_SHORTEST = 0.05
_TRANSIENT = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
_BUSY = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
_REFUSED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


@dataclass(frozen=True, slots=True)
class Notice:
    """Say that one service is to be told of one feed.

    `address` is that of the service with all fixed parameters, `topic` the feed's; `since` is when the feed
    changed. It is due at `due`; `asked` means that the service itself named that time.
    """

    service: Service
    address: str
    topic: str
    since: datetime
    due: datetime
    attempts: int = 0
    asked: bool = False

    @property
    def key(self) -> tuple[str, str, str]:
        """Return what no two waiting notices share."""
        return self.service, self.address, self.topic


@dataclass(frozen=True, slots=True)
class Outcome:
    """Tell what became of a notice; `due` is when it is tried again, and None where it is not.

    `service` is an address for people, without parameters. `message` is empty where all went well.
    """

    state: State
    service: str
    topic: str
    message: str = ""
    due: datetime | None = None

    def __str__(self) -> str:
        return told([self])


def told(outcomes: Sequence[Outcome]) -> str:
    """Say in a line what became of notices to one service that ended alike."""
    first, count = outcomes[0], len(outcomes)
    what = first.topic if count == 1 else f"{count} feeds"
    if first.state == "told":
        return f"told {first.service} of {what}"
    then = f"next try {first.due.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if first.due else "given up"
    return f"could not tell {first.service} of {what}: {first.message}; {then}"


def summed_up(outcomes: Iterable[Outcome]) -> list[tuple[State, str]]:
    """Say what became of notices, a line for each service and way to end, with that way."""
    groups: dict[tuple[State, str, str], list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault((outcome.state, outcome.service, outcome.message), []).append(outcome)
    return [(state, told(group)) for (state, _, _), group in groups.items()]


@dataclass(frozen=True, slots=True)
class _Failure:
    """Say why a notice was not taken: `is_final` rules out another try, `is_general` hits other feeds too.

    `is_untried` says that the service was not even asked; `until` is when it asked to be told.
    """

    message: str
    is_final: bool = False
    is_general: bool = False
    is_untried: bool = False
    until: datetime | None = None


def queue(
    path: Path,
    topics: Sequence[str],
    push: Push,
    podcast_topics: Sequence[str],
    now: datetime,
    medium: str = "podcast",
) -> str | None:
    """Write down at `path` that feeds have changed; return a warning where what waited there was lost.

    `topics` are the absolute addresses of changed feeds, `podcast_topics` those among them that are podcasts,
    and `medium` is theirs. A feed that waits to be told of already is told of once, as of `now`; services
    that are configured no longer are forgotten. Raises `OutputError` or `BusyError`.
    """
    wanted = list(_wanted(push, topics, podcast_topics, medium))
    if not wanted and not path.exists():
        return None
    with exclusive(_lock_path(path), _PATIENCE):
        before, warning = _read(path)
        waiting = {notice.key: notice for notice in before}
        for key in wanted:
            waiting[key] = _new(key, before, now)
        known = {*(("websub", hub) for hub in push.hubs), *_others(push, medium)}
        after = [notice for notice in waiting.values() if (notice.service, notice.address) in known]
        if after != before or warning:
            _write(path, after)
    return warning


def next_due(path: Path) -> datetime | None:
    """Return when the next notice at `path` is due, or None where none waits."""
    notices, warning = _read(path)
    if warning:
        return datetime.min.replace(tzinfo=UTC)  # so that somebody looks, and says so
    return min((notice.due for notice in notices), default=None)


def deliver(
    path: Path, now: datetime, environ: Mapping[str, str], total: float = TOTAL, each: float = EACH
) -> list[Outcome]:
    """Send the notices at `path` that are due, within `total` seconds and `each` seconds for one of them.

    Services are told side by side, and while that lasts the file may be written to by others. Podping's token
    comes from `environ`. Raises `OutputError` or `BusyError`.
    """
    with exclusive(_lock_path(path), _PATIENCE):
        notices, warning = _read(path)
        if warning:
            _write(path, [])
    lost = [Outcome("dropped", "everybody", "what waited", warning)] if warning else []
    due = sorted((notice for notice in notices if notice.due <= now), key=lambda notice: notice.key)
    if not due:
        return lost
    sending = _Sending(now, time.monotonic() + total, each, environ)
    groups = [list(group) for _, group in groupby(due, key=lambda notice: notice.key[:2])]
    with ThreadPoolExecutor(_MOST_AT_ONCE, "telling") as pool:
        done = [pair for pairs in pool.map(sending.send_all, groups) for pair in pairs]
    with exclusive(_lock_path(path), _PATIENCE):
        current, _ = _read(path)
        _write(path, _settled(current, [(notice, _rest(notice, failure, now)) for notice, failure in done]))
    return [*lost, *(_outcome(notice, failure, now) for notice, failure in done)]


def _others(push: Push, medium: str) -> list[tuple[Service, str]]:
    """Return the services that only podcasts have, each with its address and fixed parameters."""
    found: list[tuple[Service, str]] = []
    if push.podping:
        found.append(("podping", _with_query(push.podping, {"reason": "update", "medium": medium})))
    if push.podcast_index:
        found.append(("podcast_index", push.podcast_index))
    return found


def _wanted(
    push: Push, topics: Sequence[str], podcast_topics: Sequence[str], medium: str
) -> Iterator[tuple[Service, str, str]]:
    for hub in push.hubs:
        yield from (("websub", hub, topic) for topic in topics)
    for service, address in _others(push, medium):
        yield from ((service, address, topic) for topic in podcast_topics)


def _new(key: tuple[Service, str, str], before: Iterable[Notice], now: datetime) -> Notice:
    """Make the notice of a change at `now`, which waits where the service has asked to be left alone."""
    asked = (notice.due for notice in before if notice.asked and notice.key[:2] == key[:2])
    due = max((now, *asked))
    return Notice(*key, since=now, due=due, asked=due > now)


class _Sending:
    """Hand notices over for as long as there is time; each comes back with why it failed, or None."""

    def __init__(self, now: datetime, end: float, each: float, environ: Mapping[str, str]) -> None:
        self.now = now
        self.end = end
        self.each = each
        self.environ = environ

    def send_all(self, notices: Sequence[Notice]) -> list[tuple[Notice, _Failure | None]]:
        """Tell one service of several feeds; one that is out of reach is not asked again for each of them."""
        done: list[tuple[Notice, _Failure | None]] = []
        failure: _Failure | None = None
        for notice in notices:
            if failure is None or not failure.is_general:
                failure = self.send(notice)
            done.append((notice, failure))
        return done

    def send(self, notice: Notice) -> _Failure | None:
        """Hand over one notice."""
        left = min(self.each, self.end - time.monotonic())
        if left < _SHORTEST:
            return _Failure("no time was left for it", is_general=True, is_untried=True)
        try:
            _call(notice, left, _headers(notice, self.environ))
        except StatusError as error:
            return self._refusal(notice, error)
        except (FetchError, UsageError) as error:
            return _Failure(str(error), is_general=True)
        return None

    def _refusal(self, notice: Notice, error: StatusError) -> _Failure:
        if notice.service == "podping" and error.status in _REFUSED:
            return _Failure(f"{TOKEN} was refused; check it", is_general=True)
        until = retry_after(error.headers, self.now)
        if error.status < HTTPStatus.INTERNAL_SERVER_ERROR and error.status not in _TRANSIENT:
            return _Failure(f"the answer was {error.status}", is_final=True)
        is_busy = until is not None or error.status in _BUSY
        return _Failure(f"the answer was {error.status}", is_general=is_busy, until=until)


def _call(notice: Notice, deadline: float, headers: Mapping[str, str]) -> None:
    """Speak to a service in its own way; raise `FetchError` where it does not take the notice."""
    private = _is_named_private(notice.address)
    if notice.service == "websub":
        # The Recommendation leaves this open (WebSub, 7); hubs read one name or the other.
        form = {"hub.mode": "publish", "hub.url": notice.topic, "hub.topic": notice.topic}
        post(notice.address, form, deadline=deadline, private=private, headers=headers)
    else:
        address = _with_query(notice.address, {"url": notice.topic})
        fetch(address, deadline=deadline, private=private, headers=headers)


def _is_named_private(address: str) -> bool:
    """Tell whether a person wrote an address of their own network; a name must not lead there."""
    from feedmaker.fetch.transport import is_public

    host = urlsplit(address).hostname or ""
    try:
        return host == "localhost" or not is_public(host)
    except ValueError:
        return False


def _with_query(address: str, more: Mapping[str, str]) -> str:
    parts = urlsplit(address)
    query = "&".join(filter(None, (parts.query, urlencode(more, quote_via=quote, safe=""))))
    return parts._replace(query=query, fragment="").geturl()


def _headers(notice: Notice, environ: Mapping[str, str]) -> Mapping[str, str]:
    """Return what a service wants to know of us; raise `UsageError` where it cannot be said."""
    if notice.service != "podping":
        return {}
    if not notice.address.startswith("https:") and not _is_named_private(notice.address):
        raise UsageError("a token must not travel over http; write an https address as push.podping")
    token = secret(TOKEN, environ)
    if token is None:
        raise UsageError(f"{TOKEN} is not set; see docs/serving.md#push")
    return {"Authorization": token.reveal()}


def _rest(notice: Notice, failure: _Failure | None, now: datetime) -> Notice | None:
    """Return what is left to do of a notice after a try: itself, later, or nothing."""
    if failure is None or failure.is_final:
        return None
    if failure.is_untried:
        return notice
    pause = _PAUSES[min(notice.attempts, len(_PAUSES) - 1)]
    due = failure.until or now + pause
    if due > notice.since + LIFETIME:
        return None
    return replace(notice, attempts=notice.attempts + 1, due=due, asked=failure.until is not None)


def _outcome(notice: Notice, failure: _Failure | None, now: datetime) -> Outcome:
    service = shown_address(notice.address).removesuffix("?…")
    if failure is None:
        return Outcome("told", service, notice.topic)
    rest = _rest(notice, failure, now)
    return Outcome(
        "waits" if rest else "dropped", service, notice.topic, failure.message, rest.due if rest else None
    )


def _settled(current: Iterable[Notice], done: Iterable[tuple[Notice, Notice | None]]) -> list[Notice]:
    """Put in what became of notices, but for those of feeds that have changed again meanwhile."""
    results = {(notice.key, notice.since): rest for notice, rest in done}
    kept = (results.get((notice.key, notice.since), notice) for notice in current)
    return [notice for notice in kept if notice is not None]


def _lock_path(path: Path) -> Path:
    return path.with_suffix(".lock")


def _read(path: Path) -> tuple[list[Notice], str | None]:
    """Read the notices at `path`; with a warning, and none of them, where the file is damaged."""
    with explained(path):
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return [], None
    try:
        whole = json.loads(data)
        if whole["version"] != _VERSION:
            raise ValueError
        return [_notice(item) for item in whole["notices"]], None
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
        return [], f"{path} was damaged and has been begun anew; services hear of the next change"


def _notice(data: Any) -> Notice:
    """Read one notice; raise ValueError or TypeError where it is none."""
    service, address, topic, attempts = data["service"], data["address"], data["topic"], data["attempts"]
    if service not in get_args(Service) or not isinstance(attempts, int):
        raise ValueError(service)
    if not is_web_address(address) or not is_web_address(topic):
        raise ValueError(address)
    since, due = (datetime.fromisoformat(data[name]) for name in ("since", "due"))
    if since.tzinfo is None or due.tzinfo is None:
        raise ValueError(since)
    return Notice(service, address, topic, since, due, max(attempts, 0), data["asked"] is True)


def _write(path: Path, notices: Sequence[Notice]) -> None:
    """Write the notices, one to a line; without any of them there is no file."""
    if not notices:
        with explained(path):
            path.unlink(missing_ok=True)
        return
    lines = ",\n".join(json.dumps(_data(notice)) for notice in notices)
    write_durably(path, f'{{"version": {_VERSION}, "notices": [\n{lines}\n]}}\n'.encode())


def _data(notice: Notice) -> dict[str, object]:
    return {
        "service": notice.service,
        "address": notice.address,
        "topic": notice.topic,
        "since": notice.since.isoformat(),
        "due": notice.due.isoformat(),
        "attempts": notice.attempts,
        "asked": notice.asked,
    }
