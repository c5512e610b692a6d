"""Noticing that what a build reads has changed: events wake up, and looking at all of it decides.

Events come at once, but get lost: on network file systems, on slow copies, when there are too many. So all
files are looked at every so often as well, and the more of them there are the less often, so that looking
takes a fiftieth of the time at most. Both are bounded; neither is relied on alone.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue

from feedmaker.listing import EPISODES, LOCK, State, edited, looked

SHORTEST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
_REST = 50
_STEP_MS = 100
_LONGEST_BURST_MS = 1000

Limited = Callable[[str], None]


class Watch:
    """Wait for changes in a project folder, in the thread that calls.

    `limited` is told why no events come, where the system refuses them; then looking has to do.
    """

    def __init__(self, folder: Path, limited: Limited) -> None:
        self._folder = folder
        self._limited = limited
        # Unlike an event, a simple queue can be put to by the handler of a signal at any time.
        self._woken: SimpleQueue[None] = SimpleQueue()
        self._pause = SHORTEST_PAUSE
        self._listener: _Listener | None = None
        self.events = 0
        self.looks = 0

    def look(self) -> list[State]:
        """List all that a build reads, but for what the settings name besides; begin to listen if need be."""
        while not self._woken.empty():
            self._woken.get()
        self._listen()
        began = time.monotonic()
        found = [*edited(str(self._folder)), *looked(str(self._folder), [LOCK])]
        self._pause = min(max(_REST * (time.monotonic() - began), SHORTEST_PAUSE), LONGEST_PAUSE)
        self.looks += 1
        return found

    def wait(self, most: float) -> None:
        """Return when something has happened, or when it is time to look; `most` seconds from now."""
        with suppress(Empty):
            self._woken.get(timeout=max(min(self._pause, most), 0.0))

    def wake(self) -> None:
        """End a `wait`."""
        self._woken.put(None)

    def close(self) -> None:
        """Stop listening."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def _listen(self) -> None:
        """Listen to the folder of notes; anew where another folder has taken its place."""
        episodes = self._folder / EPISODES
        try:
            inode = episodes.stat().st_ino
        except OSError:
            # Another folder that takes its place may get the same inode.
            self.close()
            return
        if self._listener is None or self._listener.inode != inode:
            self.close()
            self._listener = _Listener(episodes, inode, self._heard, self._limited)

    def _heard(self) -> None:
        self.events += 1
        self.wake()


class _Listener:
    """Hear of changes below one folder, in a thread of its own, until closed."""

    def __init__(self, folder: Path, inode: int, heard: Callable[[], None], limited: Limited) -> None:
        self.inode = inode
        self._folder = folder
        self._heard = heard
        self._limited = limited
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="events of notes", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._closed.set()
        self._thread.join()

    def _listen(self) -> None:
        from watchfiles import watch

        changes = watch(
            self._folder,
            watch_filter=None,
            debounce=_LONGEST_BURST_MS,
            step=_STEP_MS,
            stop_event=self._closed,
            raise_interrupt=False,
            ignore_permission_denied=True,
        )
        try:
            for _ in changes:
                self._heard()
        except (OSError, RuntimeError) as error:
            self._limited(str(error))
