"""A program that lets copies of itself do commands of feedmaker, so that a kill costs a copy and no start.

It reads one command a line, as JSON, and answers with the process id of the copy, then with its exit code.
"""

from __future__ import annotations

import json
import os
import sys

from feedmaker.app import sending
from feedmaker.cli import newsletter, run
from feedmaker.delivery import outcomes
from feedmaker.delivery.transports import smtp

LOADED = (newsletter, sending, smtp)


def main() -> None:
    """Do what is asked until there is nothing more."""
    # Nobody waits for minutes in a test; what is decided is the same.
    outcomes.WAITS = (0,) * len(outcomes.WAITS)  # type: ignore[assignment]
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os._exit(run(json.loads(line)))
        say(child)
        _, status = os.waitpid(child, 0)
        say(os.waitstatus_to_exitcode(status))


def say(number: int) -> None:
    """Tell whoever listens."""
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
