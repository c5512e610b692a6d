"""Evidence of what became of a message: the log of the Postfix that took it, or did not.

Postfix writes `message-id=<…>` under a queue id when a message begins to come in, and a line of its queue
manager, `from=<…>, … (queue active)`, once it has taken responsibility for it. A message that was cut off has
the first line and not the second.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Literal

from feedmaker.errors import DeliveryError

_CAME_IN = re.compile(r"/cleanup\[\d+\]: ([0-9A-Za-z]+): (?:resent-)?message-id=(<[^>]+>)")
_TAKEN = re.compile(r"/qmgr\[\d+\]: ([0-9A-Za-z]+): from=<[^>]*>, size=\d+, nrcpt=\d+ \(queue active\)")
Finding = Literal["taken", "not taken"]


@dataclass(frozen=True, slots=True)
class RelayLog:
    """Hold which messages of an issue a relay has taken, and whether its log reaches back far enough."""

    taken: frozenset[str]
    is_whole: bool

    def finding(self, message_id: str) -> Finding | None:
        """Say whether a message was taken; None where the log may be another server's, or a later one."""
        if message_id in self.taken:
            return "taken"
        return "not taken" if self.is_whole else None


def read_relay_log(lines: Iterable[str], wanted: Collection[str], witness: str | None) -> RelayLog:
    """Look in a log for the wanted Message-IDs. Pure.

    `witness` is the first message of the issue that is known to have been taken: a log that does not hold it
    proves nothing by what it lacks. A queue id may be used again, so its lines count in their order.
    """
    queued: dict[str, str] = {}
    taken, is_whole = set(), False
    for line in lines:
        if found := _CAME_IN.search(line):
            queued.pop(found[1], None)
            if found[2] in wanted or found[2] == witness:
                queued[found[1]] = found[2]
        elif (found := _TAKEN.search(line)) and (message_id := queued.pop(found[1], None)):
            is_whole = is_whole or message_id == witness
            if message_id in wanted:
                taken.add(message_id)
    return RelayLog(frozenset(taken), is_whole)


def look_into_relay_log(path: Path, wanted: Collection[str], witness: str | None) -> RelayLog:
    """Read a log, and the part of it that was put aside last; raise `DeliveryError` if it is unreadable."""
    aside = path.with_name(f"{path.name}.1")
    try:
        with ExitStack() as stack:
            files = [one for one in (aside, path) if one == path or one.exists()]
            opened = [stack.enter_context(one.open(encoding="utf-8", errors="replace")) for one in files]
            return read_relay_log(chain.from_iterable(opened), wanted, witness)
    except OSError as error:
        raise DeliveryError(f"delivery.relay_log: cannot read {path}: {error.strerror}") from error
