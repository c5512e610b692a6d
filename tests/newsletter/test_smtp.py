"""Messages sent through a real mail server on loopback arrive as they were written."""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Thread

from aiosmtpd.smtp import SMTP, Envelope, Session

from feedmaker.newsletter.leaving import TOKEN_SLOT
from feedmaker.newsletter.message import Letter
from tests.newsletter import samples

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
CONFIG = samples.config(unsubscribe="https://notes.example.org/leave")


class Mailbox:
    """Keep what a mail server was given, byte for byte."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a message."""
        assert isinstance(envelope.original_content, bytes)
        self.messages.append(envelope.original_content)
        return "250 OK"


@contextmanager
def mail_server(mailbox: Mailbox) -> Iterator[int]:
    """Run a mail server for old clients, without 8BITMIME and SMTPUTF8, and return its port."""
    loop = asyncio.new_event_loop()
    listening = loop.create_server(
        lambda: SMTP(mailbox, hostname="mx.example.org", loop=loop), "127.0.0.1", 0
    )
    server = loop.run_until_complete(listening)
    thread = Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def test_messages_arrive_byte_for_byte() -> None:
    """Nothing is changed on the way: no dot, no line break, no white space, and no byte is above 127."""
    content = samples.issue(settings=CONFIG)
    html, text = samples.parts(content)
    awkward = f".\n..\n.dot\nFrom me\n{TOKEN_SLOT}\n blank \n\ttab\t\n{'é' * 300}\n{'.' * 900}\n\n.\n"
    assert CONFIG.newsletter
    written = [
        Letter(CONFIG.newsletter, subject="Über – Silt", html=rich, text=plain).addressed(
            f"reader-{number}@example.org", f"<{number}@notes.example.org>", NOW, f"token-{number}"
        )
        for number, (rich, plain) in enumerate([(html, text), (awkward, awkward), (f"<p>{awkward}", awkward)])
    ]
    mailbox = Mailbox()

    with mail_server(mailbox) as port, smtplib.SMTP("127.0.0.1", port) as client:
        for number, message in enumerate(written):
            client.sendmail("letter@notes.example.org", f"reader-{number}@example.org", message)

    assert mailbox.messages == written
    assert all(message.isascii() for message in written)
