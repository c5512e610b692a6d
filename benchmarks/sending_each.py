"""Send an issue with `smtplib.send_message`, one message built and one connection for each person.

python -m benchmarks.sending_each PROJECT PEOPLE PORT
"""

from __future__ import annotations

import smtplib
import sys
from pathlib import Path

from benchmarks.messages import built, reader
from feedmaker.config import parse_config
from feedmaker.store import open_store


def main() -> None:
    """Send."""
    folder, people, port = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    newsletter = parse_config((folder / "schedule.yaml").read_text("utf-8")).newsletter
    assert newsletter
    with open_store(folder / ".feedmaker" / "state.db") as store:
        issue = store.issues()[0]
    for number in range(people):
        with smtplib.SMTP("127.0.0.1", port) as server:
            server.send_message(built(newsletter, issue, *reader(number)))


if __name__ == "__main__":
    main()
