"""A real project folder for tests: written, built and looked at the way a publisher would."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from feedmaker.app.project import BuildReport, Project

ROOT = Path(__file__).parent.parent
FIRST = datetime(2026, 11, 2, 8, tzinfo=UTC)
LATER = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)
MUCH_LATER = datetime(2026, 11, 9, 7, 15, tzinfo=UTC)
HEAVY = ("pydantic", "sqlalchemy", "feedgen", "lxml", "jinja2", "yaml", "pyromark", "apscheduler", "rich")
SCHEDULE = """\
site:
  title: Lighthouse Notes
  address: https://lamp.example.org/notes/
  description: What keepers told us.
  author: Orla Finch
  timezone: Europe/Berlin
  publish_at: "08:00"
newsletter:
  title: The Lamp Letter
  from: {name: Orla Finch, email: letter@lamp.example.org}
  postal_address: Orla Finch, 1 Pier Road, Gannet Bay
"""
PAID = """\
merchants:
  amazon: {tag: lamp-21, mail: direct, disclosure: We get a share when you buy through a marked link.}
"""
BODY = """\
{word} seen from the gallery.

## The gist

A keeper explains {word} to a visitor.

## Big reveals

- Nobody had measured {word} before.
- The second lamp was never lit.

## Things worth remembering

- Oil floats.

## Recommended in this episode

### The Book of {word}

by Marta Quill · recommended · book

> I read it twice, and and then again.
>
> — Marta Quill, 00:12:05

[Find it on Amazon](<amazon:The Book of {word}>)
"""

_OVERRIDE = "-dac_override,-dac_read_search"
_AS_ANYBODY = ["setpriv", f"--bounding-set={_OVERRIDE}", f"--inh-caps={_OVERRIDE}"]


@dataclass
class ProjectFolder:
    """Hold a project folder; each file that `write` saves looks a second younger than the one before.

    All of them look older than a step of the clock, so that no test has to wait for one to pass.
    """

    root: Path
    saved: count[int] = field(default_factory=lambda: count(time.time_ns() - 86_400 * 10**9, 10**9 + 1))

    def write(self, path: str, data: str | bytes) -> Path:
        """Save a file of the project."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data.encode() if isinstance(data, str) else data)
        moment = next(self.saved)
        os.utime(target, ns=(moment, moment))
        return target

    def note(
        self, name: str, *, keys: str = "", body: str | None = None, date: str = "2019-05-04", word: str = ""
    ) -> str:
        """Save a note, `name` without its ending, and return its path in the project."""
        word = word or name.title()
        text = BODY.format(word=word) if body is None else body
        front = f"show: Keepers\ntitle: {word}\ndate: {date}\n{keys}"
        self.write(f"episodes/{name}.md", f"---\n{front.rstrip()}\n---\n\n{text}")
        return f"episodes/{name}.md"

    def schedule(self, more: str = "", text: str = SCHEDULE) -> None:
        """Save schedule.yaml."""
        self.write("schedule.yaml", text + more)

    def open(self) -> Project:
        """Return the folder as the program sees it."""
        return Project(self.root, {})

    @property
    def public(self) -> Path:
        """Return the output folder."""
        return self.root / "public"

    def build(self, now: datetime = FIRST) -> BuildReport:
        """Build in this process."""
        return self.open().build(now)

    def files(self) -> dict[str, bytes]:
        """Read all output files."""
        return {path: (self.public / path).read_bytes() for path in self.stamps()}

    def stamps(self) -> dict[str, tuple[int, int]]:
        """Return the time stamp and inode of every output file: what changes when it is written."""
        statuses = {
            path.relative_to(self.public).as_posix(): path.stat()
            for path in self.public.rglob("*")
            if path.is_file()
        }
        return {path: (status.st_mtime_ns, status.st_ino) for path, status in statuses.items()}

    def written_since(self, before: Mapping[str, tuple[int, int]]) -> set[str]:
        """Name the output files that were written since `stamps` returned `before`."""
        return {path for path, stamp in self.stamps().items() if before.get(path) != stamp}

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace words of a note, all of them, which have to be there."""
        text = (self.root / path).read_text("utf-8")
        assert old in text
        self.write(path, text.replace(old, new))

    def remove(self, path: str) -> bytes:
        """Remove a file of the project and return what it held."""
        data = (self.root / path).read_bytes()
        (self.root / path).unlink()
        return data

    def lock(self) -> bytes:
        """Read feedmaker.lock as it stands on disk."""
        return (self.root / "feedmaker.lock").read_bytes()

    def entries(self) -> dict[str, dict[str, Any]]:
        """Return the entries of the lock by the path of the note."""
        return {entry["source"]: entry for entry in json.loads(self.lock())["notes"]}

    def items(self) -> dict[str, dict[str, Any]]:
        """Return the items of feed.json by title."""
        found = json.loads((self.public / "feed.json").read_bytes())["items"]
        return {item["title"]: item for item in found}

    def copy(self, root: Path) -> ProjectFolder:
        """Copy the folder with all time stamps, as a backup program would."""
        shutil.copytree(self.root, root)
        return ProjectFolder(root, self.saved)


@dataclass(frozen=True)
class Ran:
    """Hold what a command said and how it ended."""

    code: int
    out: str
    err: str


def run_process(
    *arguments: str | Path,
    cwd: Path,
    environ: Mapping[str, str] | None = None,
    as_anybody: bool = False,
    **options: Any,
) -> Ran:
    """Run `python -m feedmaker` in a process of its own.

    As anybody, it may do with files only what their modes allow its user, even where that is root.
    """
    before = _AS_ANYBODY if as_anybody and os.geteuid() == 0 else []
    done = subprocess.run(
        [*before, sys.executable, "-m", "feedmaker", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(environ or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
        **options,
    )
    return Ran(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))
