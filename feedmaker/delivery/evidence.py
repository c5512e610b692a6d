"""Evidence of what became of a message: the log of the Postfix that took it, or did not.

Postfix writes `message-id=<…>` under a queue id when a message begins to come in, and a line of its queue
manager, `from=<…>, … (queue active)`, once it has taken responsibility for it. A message that was cut off has
the first line and not the second.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from contextlib import ExitStack
from itertools import chain
from pathlib import Path

from feedmaker.errors import DeliveryError

_CAME_IN = re.compile(r"/cleanup\[\d+\]: ([0-9A-Za-z]+): (?:resent-)?message-id=(<[^>]+>)")
_TAKEN = re.compile(r"/qmgr\[\d+\]: ([0-9A-Za-z]+): from=<[^>]*>, size=\d+, nrcpt=\d+ \(queue active\)")


def taken_by(lines: Iterable[str], wanted: Collection[str]) -> set[str]:
    """Return those of the wanted Message-IDs that a relay has taken, by the lines of its log. Pure.

    A queue id may be used again, so its lines count in their order.
    """
    queued: dict[str, str] = {}
    taken = set()
    for line in lines:
        if found := _CAME_IN.search(line):
            queued.pop(found[1], None)
            if found[2] in wanted:
                queued[found[1]] = found[2]
        elif (found := _TAKEN.search(line)) and (message_id := queued.pop(found[1], None)):
            taken.add(message_id)
    return taken


def look_into_relay_log(path: Path, wanted: Collection[str]) -> set[str]:
    """Read a log, and the part of it that was put aside last; raise `DeliveryError` if it is unreadable."""
    aside = path.with_name(f"{path.name}.1")
    try:
        with ExitStack() as stack:
            files = [one for one in (aside, path) if one == path or one.exists()]
            opened = [stack.enter_context(one.open(encoding="utf-8", errors="replace")) for one in files]
            return taken_by(chain.from_iterable(opened), wanted)
    except OSError as error:
        raise DeliveryError(f"delivery.relay_log: cannot read {path}: {error.strerror}") from error
