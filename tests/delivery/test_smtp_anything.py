"""Whatever a server says, and servers that others wrote: the transport ends, and says sent only if it was."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedmaker.delivery.transports import Envelope
from feedmaker.delivery.transports.smtp import Smtp
from feedmaker.delivery.transports.smtp_session import Server
from feedmaker.errors import DeliveryError
from tests.delivery.smtp_servers import HOST, smtp_sink

MESSAGE = b"To: ann@example.org\r\n\r\nHello\r\n"
ENVELOPE = Envelope("letter@example.org", "ann@example.org", "2026-11-23", "<1@example.org>")
_TAKEN = re.compile(rb"(2[0-9][0-9])(-[^\n]{0,4000}\n\1)*( [^\n]{0,4000})?\r?\n")


def outcome(smtp: Smtp) -> str:
    """Send a message and tell what became of it in a word; an error is one too."""
    try:
        return smtp.send(MESSAGE, ENVELOPE).outcome
    except DeliveryError:
        return "error"


class Babbler:
    """Say one thing when somebody connects and another each time something comes, whatever that is."""

    def __init__(self, words: list[bytes]) -> None:
        self._words = words
        self.heard_the_end = False
        self.after_the_end: list[bytes] = []

    def talk(self, listening: socket.socket) -> None:
        """Talk with one who connects, and hang up when there is nothing more to say or to hear."""
        connected, _ = listening.accept()
        with connected, suppress(OSError):
            connected.settimeout(0.05)
            heard = b""
            for word in self._words:
                if self.heard_the_end:
                    self.after_the_end.append(word)
                connected.sendall(word)
                received = connected.recv(65536)
                if not received:
                    return
                heard += received
                self.heard_the_end = b"\r\n.\r\n" in heard.partition(b"DATA\r\n")[2]


@contextmanager
def talking(babbler: Babbler) -> Iterator[int]:
    """Let somebody talk on a port."""
    with socket.create_server((HOST, 0)) as listening:
        thread = Thread(target=babbler.talk, args=(listening,))
        thread.start()
        yield listening.getsockname()[1]
        thread.join()


_CODES = st.sampled_from([220, 235, 250, 250, 250, 334, 354, 354, 421, 450, 500, 550, 199, 600])
_LINES = st.builds(
    lambda code, mark, text, end: f"{code}{mark}{text}{end}".encode(),
    _CODES,
    st.sampled_from([" ", "-", "", "\t"]),
    st.sampled_from(["", "Ok", "PIPELINING", "SIZE 5", "SMTPUTF8", "x" * 5000, "ä"]),
    st.sampled_from(["\r\n", "\r\n", "\r\n", "\n", "\r", ""]),
)
_PLAIN = st.builds("{} x\r\n".format, _CODES).map(str.encode)
_WORDS = _PLAIN | st.lists(_LINES, min_size=1, max_size=3).map(b"".join) | st.binary(max_size=40)
_GOOD = [b"220 Hi\r\n", b"250 Ok\r\n", b"250 Ok\r\n", b"250 Ok\r\n", b"354 Go\r\n"]
_IN_ONE_GO = [b"220 Hi\r\n", b"250-Hi\r\n250 PIPELINING\r\n", b"250 Ok\r\n250 Ok\r\n354 Go\r\n"]


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([_GOOD, _IN_ONE_GO]),
    st.sampled_from([0, 1, 2, 3, 4, 5, 5, 5, 5]),
    st.lists(_WORDS, max_size=4),
)
def test_whatever_is_said_the_end_is_an_outcome(good: list[bytes], so_long: int, then: list[bytes]) -> None:
    """Nothing else is raised, nothing hangs, and sent means that 2xx was said after the message's end."""
    babbler = Babbler([*good[:so_long], *then])
    with talking(babbler) as port:
        smtp = Smtp(Server(HOST, port, timeout=5, patience=5), 1)
        became = outcome(smtp)
        smtp.close()

    assert became in ("sent", "deferred", "failed", "unknown", "error")
    was_taken = _TAKEN.match(b"".join(babbler.after_the_end)) is not None
    assert was_taken == (became == "sent")
    assert babbler.heard_the_end or became != "unknown"


# Postfix's own


@pytest.mark.parametrize("options", [[], ["-p"]], ids=["in one go", "one by one"])
def test_postfix_takes_every_message_once(options: list[str], tmp_path: Path) -> None:
    """It takes what four threads send, and with the last message it dies without a word: unknown."""
    outcomes: list[str] = []
    with smtp_sink(*options, "-M", "201", folder=tmp_path) as (port, process):
        smtp = Smtp(Server(HOST, port), 4)
        threads = [Thread(target=lambda: outcomes.extend(outcome(smtp) for _ in range(50))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert process.poll() is None
        outcomes.append(outcome(smtp))
        assert process.wait(60) == 0
        smtp.close()

    assert outcomes == [*["sent"] * 200, "unknown"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["-q", "ehlo"], "deferred"),
        (["-q", "mail"], "deferred"),
        (["-q", "rcpt"], "deferred"),
        (["-q", "data"], "deferred"),
        (["-q", "."], "unknown"),
        (["-Q", "ehlo"], "deferred"),
        (["-Q", "mail"], "deferred"),
        (["-Q", "rcpt"], "deferred"),
        (["-Q", "data"], "deferred"),
        (["-Q", "."], "deferred"),
        (["-f", "connect"], "error"),
        (["-f", "mail"], "error"),
        (["-f", "rcpt"], "failed"),
        (["-f", "data"], "failed"),
        (["-f", "."], "failed"),
        (["-r", "connect"], "deferred"),
        (["-r", "mail"], "deferred"),
        (["-r", "rcpt"], "deferred"),
        (["-r", "data"], "deferred"),
        (["-r", "."], "deferred"),
        (["-A", "0"], "failed"),
        (["-e"], "error"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_postfix_refuses_defers_and_leaves(options: list[str], expected: str, tmp_path: Path) -> None:
    """It leaves (-q), says 421 (-Q), refuses (-f), defers (-r), refuses early (-A) or knows no EHLO (-e)."""
    with smtp_sink(*options, folder=tmp_path) as (port, _):
        smtp = Smtp(Server(HOST, port, timeout=60, patience=60), 1)
        outcomes = [outcome(smtp) for _ in range(2)]
        smtp.close()

    assert outcomes == [expected] * 2
