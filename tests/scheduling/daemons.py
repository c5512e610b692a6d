"""The real daemon in a process of its own, and what it says."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.projects import ROOT, ProjectFolder

PATIENCE = 60.0


def wait_for(condition: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
    """Wait until something has come true."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)


@dataclass
class Running:
    """Hold a daemon, its folder, and where its log goes."""

    project: ProjectFolder
    process: subprocess.Popen[bytes]
    log: Path

    def events(self, name: str = "") -> list[dict[str, Any]]:
        """Return what was logged, of one kind or all; a line that is being written is left out."""
        *whole, _ = self.log.read_text("utf-8").split("\n")
        found = [json.loads(line) for line in whole]
        return [event for event in found if name in ("", event["event"])]

    def wait_for_event(self, name: str, words: str = "", count: int = 1) -> dict[str, Any]:
        """Wait until something is logged so often, and return the last of it."""

        def found() -> list[dict[str, Any]]:
            return [event for event in self.events(name) if words in event["message"]]

        wait_for(lambda: len(found()) >= count, f'{name} "{words}" in the log')
        return found()[-1]

    def titles(self) -> set[str]:
        """Return the titles in the feed."""
        return set(self.project.items())

    def wait_for_titles(self, *titles: str) -> None:
        """Wait until the feed has exactly these."""
        wait_for(lambda: self.titles() == set(titles), f"{titles} in the feed")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Tell the daemon to end, and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@contextmanager
def running(project: ProjectFolder, environ: Mapping[str, str] | None = None) -> Iterator[Running]:
    """Run a daemon that has built once, and end it afterwards, whatever happens."""
    log = project.root / "log.json"
    command = [sys.executable, "-u", "-m", "feedmaker", "-C", str(project.root), "run", "--json"]
    with log.open("wb") as out, (project.root / "errors.txt").open("wb") as errors:
        process = subprocess.Popen(
            command, env={**os.environ, "PYTHONPATH": str(ROOT), **(environ or {})}, stdout=out, stderr=errors
        )
        try:
            daemon = Running(project, process, log)
            wait_for(lambda: "schedule.loaded" in log.read_text("utf-8"), "the daemon")
            wait_for((project.public / "feed.json").exists, "the first build")
            yield daemon
        finally:
            process.kill()
            process.wait(PATIENCE)
    said = (project.root / "errors.txt").read_text("utf-8")
    assert said == "", said
