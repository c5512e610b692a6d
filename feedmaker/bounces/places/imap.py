r"""A folder of a mail server as a place where returned messages lie (IMAP, RFC 3501), by imaplib.

A message counts as handled when it has the flag \Seen. It is read without setting that flag.
"""

from __future__ import annotations

import re
import ssl
from base64 import b64encode
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from imaplib import IMAP4, IMAP4_SSL
from urllib.parse import unquote, urlsplit

from feedmaker.bounces.parts import SIZE_LIMIT
from feedmaker.bounces.places.base import Returned
from feedmaker.errors import MailboxError, UsageError
from feedmaker.secrets import Secret, secret
from feedmaker.uri import is_local

PASSWORD = "FEEDMAKER_BOUNCES_PASSWORD"  # noqa: S105
TIMEOUT = 30.0
"""How many seconds a server may take to connect or to go on with an answer."""

_LITERAL_LIMIT = SIZE_LIMIT + 64 * 1024
_VISIT_LIMIT = 3
_SEARCH_STEP = 20_000  # of the messages in a folder; the library takes lines of a million bytes
_ASCII = re.compile("([ -~]+)")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")
_REASON_LIMIT = 200
# What the library raises where a server says no, nothing, or nonsense.
_FAULTS = (IMAP4.error, OSError, ValueError, LookupError, TypeError)


@dataclass(frozen=True, slots=True)
class _Account:
    place: str
    host: str
    port: int
    user: str
    folder: str
    is_encrypted: bool


class _Bounded(IMAP4):
    """A connection that takes no more from a server than it asked for."""

    def read(self, size: int) -> bytes:
        if size > _LITERAL_LIMIT:
            raise self.abort(f"the server sends {size} bytes, more than it was asked for")
        return super().read(size)


class _BoundedTLS(_Bounded, IMAP4_SSL):
    """The same, encrypted from the beginning."""


def in_folder(place: str, environ: Mapping[str, str]) -> Iterator[Returned]:
    """Yield the unseen messages of `imaps://USER@HOST[:PORT]/FOLDER` in the order of their UIDs.

    `imap://` is for servers on this machine, and for those that offer STARTTLS. Without a FOLDER it is INBOX.
    Raises what `feedmaker.bounces.places.waiting_at` says.
    """
    account = _account(place)
    password = secret(PASSWORD, environ)
    if password is None:
        raise UsageError(f"{place}: set {PASSWORD} to the password of this mailbox")
    tried: set[str] = set()
    passed: list[str] = []
    for _ in range(_VISIT_LIMIT):
        if not (yield from _visit(account, password, tried, passed)):
            break
    if passed:
        raise MailboxError(
            f"{place}: {len(passed)} messages are not handed out, the first has UID {passed[0]}"
        )


def _visit(
    account: _Account, password: Secret, tried: set[str], passed: list[str]
) -> Generator[Returned, None, bool]:
    """Yield what was not tried yet; tell whether it broke off at a message, with others to come.

    Some servers hang up where a message of theirs is damaged, and would do so each time.
    """
    with _Session(account, password) as session:
        for uid in session.unseen():
            if uid in tried:
                continue
            tried.add(uid)
            try:
                data = session.fetch(uid)
            except MailboxError:
                passed.append(uid)
                return True
            if data is None:
                passed.append(uid)
            else:
                yield Returned(data, partial(session.mark, uid))
                if session.is_lost:
                    return True
    return False


def _account(place: str) -> _Account:
    parts = urlsplit(place)
    try:
        port = parts.port
    except ValueError as error:
        raise UsageError(f"a place of bounces has a port that is none: {error}") from error
    if parts.scheme not in ("imap", "imaps") or not parts.hostname or not parts.username or parts.password:
        raise UsageError(
            "a place of bounces is maildir:FOLDER or imaps://USER@HOST/FOLDER, without a password"
        )
    user, folder = unquote(parts.username), unquote(parts.path[1:]) or "INBOX"
    if _CONTROLS.search(user + folder):
        raise UsageError("a place of bounces holds a control character")
    is_encrypted = parts.scheme == "imaps"
    return _Account(place, parts.hostname, port or (993 if is_encrypted else 143), user, folder, is_encrypted)


class _Session:
    """One visit to a folder; every fault of server or network becomes a `MailboxError`."""

    def __init__(self, account: _Account, password: Secret) -> None:
        self.is_lost = False
        self._account = account
        self._password = password
        with self._explained():
            self._server = self._open()

    def __enter__(self) -> _Session:
        try:
            with self._explained():
                self._enter_folder()
        except MailboxError:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Say goodbye, if anybody still listens."""
        with suppress(*_FAULTS):
            self._server.logout()
        with suppress(*_FAULTS):
            self._server.shutdown()

    def unseen(self) -> Iterator[str]:
        r"""Yield the UIDs of messages without the flag \Seen, the lowest first."""
        for start in range(1, self._count + 1, _SEARCH_STEP):
            with self._explained():
                found = self._say("SEARCH", f"{start}:{start + _SEARCH_STEP - 1}", "UNSEEN")
                uids = sorted(int(uid) for line in found if isinstance(line, bytes) for uid in line.split())
            yield from map(str, uids)

    def fetch(self, uid: str) -> bytes | None:
        """Return the beginning of a message; None where the server refuses it."""
        with self._explained():
            try:
                status, found = self._server.uid("FETCH", uid, f"(BODY.PEEK[]<0.{SIZE_LIMIT}>)")
            except IMAP4.abort:
                raise
            except IMAP4.error:
                return None
        literals = [item[1] for item in found if isinstance(item, tuple)]
        return literals[0] if status == "OK" and literals else None

    def mark(self, uid: str) -> None:
        r"""Set the flag \Seen."""
        with self._explained():
            self._say("STORE", uid, "+FLAGS.SILENT", r"(\Seen)")

    def _open(self) -> IMAP4:
        host, port = self._account.host, self._account.port
        if self._account.is_encrypted:
            return _BoundedTLS(host, port, ssl_context=ssl.create_default_context(), timeout=TIMEOUT)
        return _Bounded(host, port, timeout=TIMEOUT)

    def _enter_folder(self) -> None:
        if not self._account.is_encrypted and not is_local(self._account.host):
            if "STARTTLS" not in self._server.capabilities:
                raise IMAP4.error(
                    "the server offers no encryption (STARTTLS); write imaps:// or ask its owner"
                )
            self._server.starttls(ssl.create_default_context())
        try:
            self._log_in()
        except IMAP4.error as error:
            raise IMAP4.error(f"{_said(error)}; check the user, and {PASSWORD}") from error
        status, found = self._server.select(_quoted(_folder_name(self._account.folder)))
        if status != "OK":
            raise IMAP4.error(found[-1])
        self._count = int(found[-1] or 0)

    def _log_in(self) -> None:
        user, password = self._account.user, self._password.reveal()
        if "AUTH=PLAIN" in self._server.capabilities:
            # Unlike LOGIN it takes all signs that names and passwords can have (RFC 4616).
            self._server.authenticate("PLAIN", lambda _: f"\0{user}\0{password}".encode())
        elif (user + password).isascii():
            self._server.login(_quoted(user), password)
        else:
            raise IMAP4.error("the server takes no user or password with letters outside ASCII")

    def _say(self, command: str, *words: str) -> list[object]:
        status, found = self._server.uid(command, *words)
        if status != "OK":
            raise IMAP4.error(found[-1])
        return found

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except _FAULTS as error:
            # What the server refuses, it goes on after.
            self.is_lost = isinstance(error, IMAP4.abort) or not isinstance(error, IMAP4.error)
            hidden = _said(error).replace(self._password.reveal(), "***")
            reason = _CONTROLS.sub(" ", hidden)[:_REASON_LIMIT]
            raise MailboxError(f"{self._account.place}: {reason}") from error


def _said(error: Exception) -> str:
    """Return what the server said, or else what went wrong."""
    said = error.args[0] if error.args else ""
    if isinstance(said, bytes):
        return said.decode("utf-8", "replace")
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _folder_name(name: str) -> str:
    """Write the name of a folder as IMAP wants it, in modified UTF-7 (RFC 3501, 5.1.3)."""
    written = []
    for piece in _ASCII.split(name):
        if piece.isascii():
            written.append(piece.replace("&", "&-"))
        else:
            digits = b64encode(piece.encode("utf-16-be")).decode("ascii").rstrip("=")
            written.append(f"&{digits.replace('/', ',')}-")
    return "".join(written)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
