"""Files that other programs may be writing: what is half there must not be published."""

from __future__ import annotations

import fcntl
import os
import signal
import sys
from pathlib import Path


class BeingWrittenError(Exception):
    """Another program has the file open for writing."""


def read_settled(path: Path) -> bytes:
    """Read a file that nobody writes to; raise `BeingWrittenError` where somebody does, and `OSError`.

    Linux tells on local file systems, for files of one's own: it grants a read lease (fcntl(2), F_SETLEASE)
    only on what nobody has open for writing, and lets nobody open it so until the lease is given up. Where
    the system grants none, the file is read as it is.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        _lease(descriptor)
        return file.read()


def is_being_written(path: Path) -> bool:
    """Tell whether another program has a file open for writing; False too where the system cannot say."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        _lease(descriptor)
    except BeingWrittenError:
        return True
    finally:
        os.close(descriptor)
    return False


def _lease(descriptor: int) -> None:
    """Keep writers out until the file is closed, where the system can; raise `BeingWrittenError` for one."""
    if sys.platform != "linux":
        return
    try:
        # Who wants to write meanwhile makes the kernel send a signal. The usual one would end the program;
        # this one is ignored unless somebody asks for it.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError as error:
        raise BeingWrittenError from error
    except OSError:
        return
