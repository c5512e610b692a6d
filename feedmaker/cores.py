"""Work shared among the cores of the machine.

Each core gets a process that begins as a copy of this one and takes the next piece of the work whenever it
has done one, so that none of them waits for long. What fails in such a process is missing from what comes
back, and is done again by this one, so that it is told as if there had been one.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

T = TypeVar("T")
R = TypeVar("R")
WORTH_IT = 400
_LEAST = 50
# A number takes two bytes of a pipe, and the smallest pipes hold four thousand.
_MOST_PIECES = 2000


def _never(_before: object, _item: object) -> bool:
    return False


def _nothing() -> None:
    """Begin a process that needs nothing of its own."""


def cores_for(amount: int) -> int:
    """Return among how many processes to share an amount of work; beginning one takes as long as some of it.

    Copying a process that has threads is not safe, nor is it on macOS.
    """
    if amount < WORTH_IT or threading.active_count() > 1 or sys.platform != "linux":
        return 1
    return len(os.sched_getaffinity(0))


def pieces_of(items: Sequence[T], belong_together: Callable[[T, T], bool] = _never) -> list[list[T]]:
    """Cut a list; what belongs to what stands before it stays with that, if the piece is not too long yet."""
    least = max(_LEAST, len(items) // _MOST_PIECES + 1)
    pieces: list[list[T]] = []
    for item in items:
        piece = pieces[-1] if pieces else []
        limit = 4 * least if piece and belong_together(piece[-1], item) else least
        if not piece or len(piece) >= limit:
            piece = []
            pieces.append(piece)
        piece.append(item)
    return pieces


def shared(
    pieces: Sequence[T], cores: int, work: Callable[[T], R], begin: Callable[[], None] = _nothing
) -> Iterator[R]:
    """Do the `pieces_of` some work in processes; yield what comes out, in whichever order.

    `begin` is called once in each process. A piece that fails ends its process, and yields nothing.
    """
    import multiprocessing

    context = multiprocessing.get_context("fork")
    numbers = _numbers(len(pieces))
    listening, processes = [], []
    for _ in range(cores):
        here, there = context.Pipe(duplex=False)
        process = context.Process(target=_help, args=(pieces, numbers, work, begin, there), daemon=True)
        process.start()
        there.close()
        listening.append(here)
        processes.append(process)
    try:
        yield from _received(listening)
    finally:
        os.close(numbers)
        for process in processes:
            process.terminate()
            process.join()


def _numbers(count: int) -> int:
    """Return a pipe to read the numbers of the pieces from: who is free takes the next."""
    numbers, filling = os.pipe()
    os.write(filling, b"".join(number.to_bytes(2, "big") for number in range(count)))
    os.close(filling)
    return numbers


def _received(listening: list[Connection]) -> Iterator[Any]:
    """Yield what comes in until every process has ended, in whichever way."""
    from multiprocessing.connection import Connection, wait

    while listening:
        for connection in wait(listening):
            if isinstance(connection, Connection):
                try:
                    yield connection.recv()
                except EOFError:
                    listening.remove(connection)


def _help(
    pieces: Sequence[T], numbers: int, work: Callable[[T], R], begin: Callable[[], None], out: Connection
) -> None:
    """Do pieces of work in a process of its own, up to the first fault."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        begin()
        while number := os.read(numbers, 2):
            out.send(work(pieces[int.from_bytes(number, "big")]))
    except Exception:  # noqa: BLE001 - what is missing is done once more, by a process that can tell why not
        return
