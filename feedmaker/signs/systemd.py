"""Word to systemd: that the daemon is ready, reloads, stops, and is still alive (sd_notify(3)).

Where systemd did not ask, nothing is said; and a socket that does not listen is no reason to stop.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping

from feedmaker.signs.plain import harmless
from feedmaker.text import shorten

_PATIENCE = 1.0
_LONGEST = 300


def notify(environ: Mapping[str, str], **state: str | int) -> bool:
    """Tell systemd variables such as READY=1 or STATUS="2 jobs"; return whether it was told.

    RELOADING=1 brings the time along that `Type=notify-reload` asks for; READY=1 has to follow it. White
    space in a value becomes blanks, and long ones are cut.
    """
    address = environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    if "RELOADING" in state:
        state = {**state, "MONOTONIC_USEC": time.monotonic_ns() // 1000}
    lines = "\n".join(f"{name}={_line(value)}" for name, value in state.items())
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.settimeout(_PATIENCE)
            # An address that begins with @ has no file; the kernel knows it by a zero in that place.
            sender.connect(address.replace("@", "\0", 1) if address[0] == "@" else address)
            sender.sendall(lines.encode())
    except OSError:
        return False
    return True


def watchdog_seconds(environ: Mapping[str, str]) -> float | None:
    """Return how often to tell WATCHDOG=1, in seconds: twice as often as systemd wants to hear it.

    None where systemd does not watch, or watches another process.
    """
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    try:
        microseconds = int(environ.get("WATCHDOG_USEC", ""))
    except ValueError:
        return None
    return microseconds / 2_000_000 if microseconds > 0 else None


def _line(value: str | int) -> str:
    return shorten(harmless(" ".join(str(value).split())), _LONGEST)
