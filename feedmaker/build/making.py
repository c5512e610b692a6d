"""Making outputs, on every core where there is much to make.

Each core gets a process of its own that begins as a copy of this one and writes what it makes beside its
place. What fails in such a process is made again in this one, so that it is told as if there had been one.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection, wait
from operator import attrgetter

from feedmaker.build.material import Material, Planned
from feedmaker.model import Artifact
from feedmaker.publish import Output, Staged
from feedmaker.reading import Progress

_WORTH_IT = 400
_AT_ONCE = 50


def make_all(todo: Sequence[Planned], material: Material, output: Output, progress: Progress) -> None:
    """Make outputs and stage them; those that hold the same notes one after the other."""
    ordered = sorted(todo, key=attrgetter("near"))
    cores = _cores() if len(ordered) >= _WORTH_IT else 1
    done = _make_in_processes(ordered, cores, material, output, progress) if cores > 1 else set()
    rest = [item for item in ordered if item.path not in done]
    for number, item in enumerate(rest, len(done)):
        progress("writing", number, len(ordered))
        output.stage(Artifact(item.path, item.make()), item.key)
    progress("writing", len(ordered), len(ordered))


def _cores() -> int:
    """Return how many processes to use: copying one that has threads, or on macOS, is not safe."""
    if threading.active_count() > 1 or sys.platform != "linux":
        return 1
    return len(os.sched_getaffinity(0))


def _make_in_processes(
    ordered: Sequence[Planned], cores: int, material: Material, output: Output, progress: Progress
) -> set[str]:
    """Make what can be made without fault and return its paths."""
    context = multiprocessing.get_context("fork")
    shares = [ordered[len(ordered) * n // cores : len(ordered) * (n + 1) // cores] for n in range(cores)]
    listening, processes = [], []
    for share in shares:
        here, there = context.Pipe(duplex=False)
        process = context.Process(target=_make_share, args=(share, material, output, there), daemon=True)
        process.start()
        there.close()
        listening.append(here)
        processes.append(process)
    done: set[str] = set()
    try:
        for staged in _received(listening):
            output.take(staged)
            done.add(staged.path)
            progress("writing", len(done), len(ordered))
    finally:
        for process in processes:
            process.terminate()
            process.join()
    return done


def _received(listening: list[Connection]) -> Iterator[Staged]:
    """Yield what comes in until every process has ended, in whichever way."""
    while listening:
        for connection in wait(listening):
            if isinstance(connection, Connection):
                try:
                    yield from connection.recv()
                except EOFError:
                    listening.remove(connection)


def _make_share(share: Sequence[Planned], material: Material, output: Output, out: Connection) -> None:
    """Make a share in a process of its own, up to the first fault."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    batch = []
    try:
        material.reconnect()
        for item in share:
            batch.append(output.prepare(Artifact(item.path, item.make()), item.key))
            if len(batch) == _AT_ONCE:
                out.send(batch)
                batch = []
        out.send(batch)
    except Exception:  # noqa: BLE001 - what is missing is made once more, by a process that can tell why not
        return
