"""The log of the daemon: an event to a line, for people, for programs or for systemd's journal.

What stands in file names and messages cannot fake a line or steer a terminal, and a log that cannot be
written is lost instead of ending the daemon.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import IO, Literal, TextIO

from feedmaker.signs.plain import harmless, plain
from feedmaker.text import utc

Level = Literal["info", "warning", "error"]
Event = Literal[
    "daemon.started",
    "daemon.answers",
    "daemon.stopped",
    "schedule.loaded",
    "schedule.reloaded",
    "schedule.broken",
    "schedule.mended",
    "run.done",
    "run.failed",
    "run.skipped",
    "watch.limited",
    "hub.told",
    "fault.told",
    "fault.mended",
    "notice.failed",
    "ping.failed",
    "ping.mended",
    "work.busy",
    "signup.started",
    "signup.stopped",
    "signup.answered",
    "signup.flooded",
    "signup.mailed",
    "signup.deferred",
    "signup.unsent",
    "signup.failed",
    "signup.mended",
    "signup.forged",
    "program.fault",
]
"""What events are called in the JSON form; docs/monitoring.md says what each means."""

_PRIORITIES: Mapping[Level, int] = {"error": 3, "warning": 4, "info": 6}


class Log:
    """Write events to `stream`, unbuffered and in UTF-8; may be used by several threads.

    `clock` returns the time, zoned. Without `as_json` a line is for people, and with `for_journal` one that
    systemd files under its level. Without a stream nothing is written.
    """

    def __init__(
        self,
        stream: IO[bytes] | None,
        clock: Callable[[], datetime],
        *,
        as_json: bool = False,
        for_journal: bool = False,
    ) -> None:
        self._stream = stream
        self._clock = clock
        self._written = _as_json if as_json else _for_journal if for_journal else _for_people
        # The handler of a signal may speak while a line is being written.
        self._lock = threading.RLock()
        self._is_torn = False

    def say(self, event: Event, message: str, level: Level = "info", **facts: object) -> None:
        """Write one event; `facts` are members of the JSON form, and can be anything."""
        text = self._written(self._clock(), level, event, message, facts)
        with self._lock:
            self._write(text.encode())

    def _write(self, data: bytes) -> None:
        if self._stream is None:
            return
        # A disk that was full took half a line; the next one must not continue it.
        data = b"\n" * self._is_torn + data
        try:
            # None where a full pipe is not waited for.
            written = self._stream.write(data) or 0
        except (OSError, ValueError):
            return
        if written:
            self._is_torn = written < len(data)


def open_log(
    stream: TextIO | None, environ: Mapping[str, str], clock: Callable[[], datetime], *, as_json: bool = False
) -> Log:
    """Return the log that goes where standard output goes, in the form that who reads it there expects."""
    if stream is None:
        return Log(None, clock)
    raw = open(stream.fileno(), "wb", buffering=0, closefd=False)  # noqa: SIM115 - it stays open
    return Log(raw, clock, as_json=as_json, for_journal=is_journal(raw.fileno(), environ))


def is_journal(number: int, environ: Mapping[str, str]) -> bool:
    """Tell whether the open file `number` is what systemd connected to its journal (systemd.exec(5))."""
    try:
        status = os.fstat(number)
    except OSError:
        return False
    return environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


def _for_people(
    moment: datetime, level: Level, _event: Event, message: str, _facts: Mapping[str, object]
) -> str:
    word = "" if level == "info" else f"{level}: "
    first, *others = _lines(message)
    lines = [f"{utc(moment.replace(microsecond=0)).replace('T', ' ')} {word}{first}", *_indented(others)]
    return "".join(f"{line}\n" for line in lines)


def _for_journal(
    _moment: datetime, level: Level, _event: Event, message: str, _facts: Mapping[str, object]
) -> str:
    first, *others = _lines(message)
    return "".join(f"<{_PRIORITIES[level]}>{line}\n" for line in [first, *_indented(others)])


def _as_json(moment: datetime, level: Level, event: Event, message: str, facts: Mapping[str, object]) -> str:
    own = {"time": moment, "level": level, "event": event, "message": message}
    # First for the order of the members, and once more because no fact takes the place of one of these.
    data = {**own, **facts, **own}
    return f"{json.dumps(plain(data))}\n"


def _lines(message: str) -> list[str]:
    return [harmless(line) for line in message.splitlines()] or [""]


def _indented(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]
