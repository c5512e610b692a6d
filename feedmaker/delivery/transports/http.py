"""What transports by HTTP share: asking a provider once for each message, at its pace, and judging answers.

A provider brings what it is sent and what its own words mean; docs/adding-a-transport.md says how.
"""

from __future__ import annotations

import json
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, ClassVar
from urllib.parse import SplitResult, urlsplit

from feedmaker.delivery.transports.base import Envelope, Receipt
from feedmaker.errors import DeliveryError, FetchError, UsageError
from feedmaker.fetch import Answer, Session, UnsentError, retry_after, shown_address
from feedmaker.secrets import Secret, secret
from feedmaker.text import plain_line
from feedmaker.uri import is_local

DEADLINE = 30.0
PATIENCE = 15.0
_LIMIT = 65_536
_TRIES = 10
_MOST_UNKNOWN = 10
_SHORTEST = timedelta(seconds=1)
_LONGEST = timedelta(days=1)
_QUOTED = 200


@dataclass(frozen=True, slots=True)
class Question:
    """Hold what a provider is sent for one message; the same message makes the same bytes."""

    address: str
    headers: Mapping[str, str] = field(repr=False)
    data: bytes = field(repr=False)


class Turnstile:
    """Keep the threads of a transport to the pace that a provider asks for.

    Everybody may pass until somebody was told to `hold`. From then on they pass one by one, a gap apart,
    which grows with each hold and shrinks a little with each one who passes.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.now = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._gap = 0.0
        self._next = 0.0
        self._held_until = 0.0

    def enter(self, end: float) -> timedelta | None:
        """Wait for a turn; return how long it would take, without waiting, where that is beyond `end`."""
        while True:
            with self._lock:
                now = self.now()
                turn = max(now, self._next)
                if turn > end:
                    return timedelta(seconds=turn - now)
                self._next = turn + self._gap
                self._gap *= 0.995
            if turn > now:
                self._sleep(turn - now)
            if self.now() >= self._held_until:
                return None

    def hold(self, pause: timedelta) -> None:
        """Let nobody pass for a while."""
        with self._lock:
            now = self.now()
            # Those who were on their way together are refused together, which says it once.
            if now >= self._held_until:
                self._gap = min(max(0.1, self._gap * 1.5), 2.0)
            self._held_until = max(self._held_until, now + pause.total_seconds())
            self._next = max(self._next, self._held_until)


class HttpTransport(ABC):
    """Hand messages to a provider by HTTP, each once; subclasses say how it is asked and what it answers.

    A message is *sent* only if the provider says so in its own words, *failed* if it refuses this recipient,
    and *unknown* if sending had begun and no answer of use came. What would be the same for every recipient,
    such as a wrong key, is a `DeliveryError`.
    """

    provider: ClassVar[str]
    variables: ClassVar[Sequence[str]]
    remembers: timedelta | None = None

    def __init__(self, width: int, secrets: Sequence[Secret], turnstile: Turnstile | None = None) -> None:
        self.width = width
        self._secrets = secrets
        self._turnstile = turnstile or Turnstile()
        self._idle: list[Session] = []
        self._unknown = 0
        self._has_sent = False

    @abstractmethod
    def question(self, message: bytes, envelope: Envelope) -> Question:
        """Write what the provider is sent; raise `DeliveryError` for what it cannot be told."""

    @abstractmethod
    def taken(self, said: Mapping[str, Any]) -> str | None:
        """Return what to note down of an answer of success; None where it is not one of the provider's."""

    @abstractmethod
    def refused(self, status: int, said: Mapping[str, Any], told: str) -> Receipt | None:
        """Judge an answer of 4xx by the provider's own words; None leaves it to the status.

        `told` is the answer for people. Raises `DeliveryError` for what no recipient can help.
        """

    def send(self, message: bytes, envelope: Envelope) -> Receipt:
        """Hand over one message, waiting for the provider's pace up to `PATIENCE` seconds."""
        question = self.question(message, envelope)
        end = self._turnstile.now() + PATIENCE
        receipt = Receipt("deferred", f"{self.provider} wants a pause")
        for _ in range(_TRIES):
            if self._unknown >= _MOST_UNKNOWN:
                raise DeliveryError(
                    f"{self.provider} gave no answer of use to the last {_MOST_UNKNOWN} messages; "
                    "try again later"
                )
            if pause := self._turnstile.enter(end):
                return replace(receipt, wait=pause)
            receipt, is_too_fast = self._asked(question)
            if not is_too_fast:
                return receipt
            self._turnstile.hold(receipt.wait or _SHORTEST)
        return receipt

    def close(self) -> None:
        """Let go of the connections."""
        while self._idle:
            self._idle.pop().close()

    def _asked(self, question: Question) -> tuple[Receipt, bool]:
        """Ask once; tell what became of the message, and whether it came too fast for the provider."""
        try:
            with self._session() as session:
                answer = session.hand_over(
                    question.address,
                    question.data,
                    deadline=DEADLINE,
                    limit=_LIMIT,
                    headers=question.headers,
                )
        except UnsentError as error:
            raise DeliveryError(f"{self.provider}: {error}") from error
        except FetchError as error:
            self._unknown += 1
            return Receipt("unknown", f"no answer: {error.reason}"), False
        receipt = self._judged(answer)
        # Threads may miscount by one or two here, which changes nothing.
        self._unknown = self._unknown + 1 if receipt.outcome == "unknown" else 0
        self._has_sent = self._has_sent or receipt.accepted
        return receipt, receipt.outcome == "deferred" and answer.status == HTTPStatus.TOO_MANY_REQUESTS

    @contextmanager
    def _session(self) -> Iterator[Session]:
        """Lend connections to one thread; the operator names the address, so it may be a private one."""
        try:
            session = self._idle.pop()
        except IndexError:
            session = Session(private=True, kept=1)
        try:
            yield session
        finally:
            self._idle.append(session)

    def _judged(self, answer: Answer) -> Receipt:
        try:
            receipt = self._receipt(answer)
        except DeliveryError as error:
            raise DeliveryError(self._without_secrets(str(error))) from None
        return replace(receipt, reply=self._without_secrets(receipt.reply))

    def _without_secrets(self, text: str) -> str:
        """Take out what a provider may have quoted of what it was sent."""
        for each in self._secrets:
            text = text.replace(each.reveal(), "***")
        return text

    def _line(self, text: str) -> str:
        """Make one short line of a provider's words, which cannot do any harm."""
        # Secrets first: the half of one that a cut leaves would not be known again.
        whole = self._without_secrets(text)
        return plain_line(whole[:_QUOTED])

    def _receipt(self, answer: Answer) -> Receipt:
        said, status = _said(answer), answer.status
        told = self._line(f"{status} {_words(said)}")
        if 200 <= status < 300:
            taken = self.taken(said)
            if taken is None:
                return Receipt("unknown", f"{told}, which is no answer of {self.provider}")
            return Receipt("sent", self._line(taken))
        if 300 <= status < 400:
            place = shown_address(answer.headers.get("location", ""))
            raise DeliveryError(
                f"{self.provider} answers {status}, which leads to {place}; check the address"
            )
        if 400 <= status < 500:
            return self.refused(status, said, told) or self._refusal(status, told, answer.headers)
        return Receipt("unknown", told)

    def _refusal(self, status: int, told: str, headers: Mapping[str, str]) -> Receipt:
        """Judge an answer of 4xx by its status (RFC 9110, 15.5; RFC 6585; RFC 8470)."""
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise self.unwelcome(told)
        if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY):
            return Receipt("deferred", told, _pause(headers))
        if status == HTTPStatus.CONFLICT:
            return Receipt("unknown", told)
        if status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY) and self._has_sent:
            # Another message was taken, and only the recipient sets this one apart from it.
            return Receipt("failed", told)
        raise self.refusal(told)

    def unwelcome(self, told: str) -> DeliveryError:
        """Say that the provider refuses who we say we are."""
        return DeliveryError(
            f"{self.provider} does not know us ({told}); check {' and '.join(self.variables)}"
        )

    def refusal(self, told: str) -> DeliveryError:
        """Say that the provider takes nothing of this kind from us."""
        return DeliveryError(f"{self.provider} takes no messages: {told}; see docs/providers.md#refusals")


def encoded(payload: Mapping[str, Any]) -> bytes:
    """Write a payload as JSON, the same one always as the same bytes."""
    return json.dumps(payload, separators=(",", ":")).encode("ascii")


def needed(name: str, environ: Mapping[str, str]) -> Secret:
    """Read the secret called `name`; raise `UsageError` where it is missing or cannot stand in a header."""
    found = secret(name, environ)
    if found is None:
        raise UsageError(f"{name} is not set; see docs/providers.md")
    if not all("!" <= sign <= "~" for sign in found.reveal()):
        raise UsageError(f"{name} holds signs other than plain letters, digits and punctuation; check it")
    return found


def address_of(transport: str, default: str | None = None) -> SplitResult:
    """Read where a provider is asked from a transport's address, such as `listmonk:https://host/`.

    The path ends with a slash. Raises `UsageError`, whose text repeats nothing that may be secret.
    """
    scheme, _, rest = transport.partition(":")
    expected = f"expected {scheme}:https://HOST/, or http:// and a loopback address"
    try:
        parts = urlsplit(rest or default or "")
        is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_local(parts.hostname or ""))
        is_sound = bool(parts.hostname) and parts.port != 0 and not parts.fragment
    except ValueError:
        raise UsageError(expected) from None
    if parts.username is not None or parts.password is not None:
        raise UsageError(
            f"a name or password cannot stand in the address of {scheme}:; see docs/providers.md"
        )
    if not (is_safe and is_sound):
        raise UsageError(expected)
    return parts._replace(path=parts.path if parts.path.endswith("/") else f"{parts.path}/")


def _said(answer: Answer) -> Mapping[str, Any]:
    """Return the object that an answer holds; an empty one where it holds none."""
    try:
        data = json.loads(answer.body or b"")
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _words(said: Mapping[str, Any]) -> str:
    """Return what an answer says about itself."""
    found = (said.get(member) for member in ("name", "message"))
    return ": ".join(each for each in found if isinstance(each, str))


def _pause(headers: Mapping[str, str]) -> timedelta:
    now = datetime.now(UTC)
    until = retry_after(headers, now)
    return min((until - now) if until else _SHORTEST, _LONGEST)
