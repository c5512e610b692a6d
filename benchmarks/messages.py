"""Messages of one issue for many people: written once and filled in, or each built with the standard library.

The issue is drafted from generated notes. The transport takes messages and forgets them, so the figures are
those of making messages, without the ledger and without a mail server.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

from benchmarks.notes import write_folder
from feedmaker.config import Newsletter, parse_config
from feedmaker.delivery.transports import Envelope, Receipt, Transport
from feedmaker.newsletter.leaving import TOKEN_SLOT, unsubscribe_address
from feedmaker.newsletter.message import Letter
from feedmaker.store import Issue, open_store

EPISODES = 5
BUILT_EACH = 200  # one takes as long as hundreds that are filled in, so fewer are timed
_NOW = datetime(2026, 11, 27, 9, tzinfo=UTC)
_NEWSLETTER = """\
newsletter:
  title: Measured notes by mail
  from: {name: Nobody, email: letter@bench.example.org}
  postal_address: Nobody, 1 Bench, 1000 Nowhere
  unsubscribe: https://bench.example.org/leave
"""


@dataclass(frozen=True, slots=True)
class Rate:
    """Hold how fast messages were made, and how that relates to building each one."""

    recipients: int
    what: str
    message_kb: float
    seconds: float
    per_second: float
    to_built_each: float = 1.0


class Nowhere:
    """Take messages and count their bytes."""

    width = 1
    remembers = None

    def __init__(self) -> None:
        self.size = 0

    def send(self, message: bytes, envelope: Envelope) -> Receipt:  # noqa: ARG002
        """Take a message."""
        self.size += len(message)
        return Receipt("sent", "taken")

    def close(self) -> None:
        """Do nothing."""


def measure_messages(folder: Path, feedmaker: Path, recipients: int) -> list[Rate]:
    """Draft an issue in an empty folder and time both ways to make its messages."""
    newsletter, issue = _draft(folder, feedmaker)
    each = _timed("built for each person", _build_each, newsletter, issue, min(recipients, BUILT_EACH))
    once = _timed("written once, filled in", _fill_in, newsletter, issue, recipients, each.per_second)
    return [once, each]


def _draft(folder: Path, feedmaker: Path) -> tuple[Newsletter, Issue]:
    write_folder(folder, EPISODES)
    schedule = folder / "schedule.yaml"
    schedule.write_text(schedule.read_text("utf-8") + _NEWSLETTER, "utf-8")
    command = [feedmaker, "-C", folder, "newsletter", "draft", "--backlog", str(EPISODES)]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    config = parse_config(schedule.read_text("utf-8"))
    assert config.newsletter
    with open_store(folder / ".feedmaker" / "state.db") as store:
        return config.newsletter, store.issues()[0]


def _timed(
    what: str,
    send: Callable[[Newsletter, Issue, int, Transport], None],
    newsletter: Newsletter,
    issue: Issue,
    recipients: int,
    built_each: float | None = None,
) -> Rate:
    transport = Nowhere()
    begun = time.perf_counter()
    send(newsletter, issue, recipients, transport)
    seconds = time.perf_counter() - begun
    rate = recipients / seconds
    size = transport.size / recipients / 1000
    return Rate(recipients, what, size, seconds, rate, rate / (built_each or rate))


def _fill_in(newsletter: Newsletter, issue: Issue, recipients: int, transport: Transport) -> None:
    """Send as feedmaker does."""
    letter = Letter(newsletter, subject=issue.subject, html=issue.html, text=issue.text)
    for number in range(recipients):
        address, message_id, token = reader(number)
        message = letter.addressed(address, message_id, _NOW, token)
        transport.send(message, Envelope(newsletter.sender.email, address, issue.slug, message_id))


def _build_each(newsletter: Newsletter, issue: Issue, recipients: int, transport: Transport) -> None:
    """Send as the documentation of `email` and `smtplib` shows it."""
    for number in range(recipients):
        address, message_id, token = reader(number)
        message = built(newsletter, issue, address, message_id, token).as_bytes()
        transport.send(message, Envelope(newsletter.sender.email, address, issue.slug, message_id))


def built(newsletter: Newsletter, issue: Issue, address: str, message_id: str, token: str) -> EmailMessage:
    """Build the message for one person with the standard library."""
    message = EmailMessage(SMTP)
    message["Date"] = format_datetime(_NOW)
    message["To"] = address
    message["Message-ID"] = message_id
    message["From"] = f"{newsletter.sender.name} <{newsletter.sender.email}>"
    message["Subject"] = issue.subject
    message["List-Id"] = f"{newsletter.title} <letter.bench.example.org>"
    message["List-Unsubscribe"] = f"<{unsubscribe_address(newsletter, token)}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(issue.text.replace(TOKEN_SLOT, token))
    message.add_alternative(issue.html.replace(TOKEN_SLOT, token), subtype="html")
    return message


def reader(number: int) -> tuple[str, str, str]:
    """Invent a reader: address, Message-ID and token."""
    return f"reader-{number}@example.org", f"<2026-11-27.{number:032x}@bench.example.org>", f"{number:022d}"
