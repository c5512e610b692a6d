"""Any life of a project folder: building on from what is there makes what building anew would make."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests.build.documents import FULL, MAIN, artwork, chain, fill, is_there, links, recording
from tests.projects import FIRST, ProjectFolder

BUILDS = 6
PLAIN = re.sub(r"serving:.*\n", "", FULL)
SETTINGS = (
    PLAIN,
    PLAIN.replace("shows: all", "shows: [Nobody]").replace("tags: all", "tags: [none, sound]"),
    PLAIN.replace("entries: 2", "entries: 4").replace("image:", "entries: 1, image:"),
    PLAIN.replace("entries: 2", "entries: 1, recommendations: false"),
)


class Story:
    """Do one thing after another to a project, as chance has it."""

    def __init__(self, project: ProjectFolder, seed: int) -> None:
        self.project = project
        self.chance = random.Random(seed)
        self.removed: dict[str, bytes] = {}
        self.count = 0
        fill(project)
        project.schedule(PLAIN)

    def go_on(self) -> None:
        """Do one thing."""
        whole = (self.add, self.configure, self.draw, self.bring_back)
        notes = sorted((self.project.root / "episodes").rglob("*.md"))
        if not notes or self.chance.random() < 0.4:
            self.chance.choice(whole)()
            return
        path = self.chance.choice(notes).relative_to(self.project.root).as_posix()
        self.chance.choice((self.remove, self.move, self.rewrite, self.rewrite, self.rewrite))(path)

    def add(self) -> None:
        """Write a note, which may have a recording, or the title and book of another."""
        self.count += 1
        name = f"note-{self.count}"
        keys = self.chance.choice(("", "tags: [Sound]", recording(name), "published: 2001-01-01"))
        word = self.chance.choice(("", "Bells", "Fog & mist"))
        self.project.note(name, keys=keys, word=word, date=f"2020-01-{self.count:02}")

    def configure(self) -> None:
        """Change the settings."""
        self.project.schedule(self.chance.choice(SETTINGS))

    def draw(self) -> None:
        """Change the artwork."""
        self.project.write("artwork.png", artwork(shade=self.chance.randrange(250)))

    def remove(self, path: str) -> None:
        """Remove a note."""
        self.removed[path] = self.project.remove(path)

    def bring_back(self) -> None:
        """Bring back the note that was removed last."""
        if self.removed:
            self.project.write(*self.removed.popitem())

    def move(self, path: str) -> None:
        """Put a note into another folder."""
        self.project.write(
            f"episodes/{self.chance.randrange(99)}/{Path(path).name}", self.project.remove(path)
        )

    def rewrite(self, path: str) -> None:
        """Change something in a note."""
        text = (self.project.root / path).read_text("utf-8")
        changes: tuple[Callable[[], str], ...] = (
            lambda: re.sub("visitor.*", f"visitor, {self.chance.random()}.", text),
            lambda: re.sub("title: .*", f"title: Title {self.chance.randrange(5)}", text, count=1),
            lambda: re.sub("show: .*", f"show: {self.chance.choice(('Keepers', 'Watchers'))}", text, count=1),
            lambda: re.sub("### .*", f"### {self.chance.choice(('Red', 'Blue'))}", text),
            lambda: text.replace("· book\n\n>", "· book\n\nSame as: Green\n\n>"),
            lambda: text.replace("Marta Quill, 00", "Ida Marsh, 01"),
            lambda: text.replace("show:", "draft: true\nshow:", 1).replace("draft: true\ndraft: true\n", ""),
        )
        self.project.write(path, self.chance.choice(changes)())


@pytest.mark.parametrize("seed", range(5))
def test_build_goes_on_where_a_new_one_would_arrive(
    project: ProjectFolder, tmp_path: Path, seed: int
) -> None:
    """A checkout elsewhere makes the same bytes each time; all links hold, and feeds reach all notes."""
    story = Story(project, seed)
    project.build(FIRST)
    for number in range(1, BUILDS + 1):
        for _ in range(3):
            story.go_on()
        now = FIRST + timedelta(hours=number)
        report = project.build(now)
        # A note that becomes another's twin is wrong, and nothing else that happens here is.
        assert {fault.code for fault in report.diagnostics if fault.is_error} <= {"duplicate-episode"}
        other = ProjectFolder(tmp_path / f"other-{number}")
        for path in project.root.rglob("*"):
            name = path.relative_to(project.root).as_posix()
            if path.is_file() and not name.startswith((".feedmaker/", "public/")):
                other.write(name, path.read_bytes())
        other.build(now)
        if report.failed:
            continue  # only this folder has the last good text of such a note
        files = project.files()
        assert (other.files(), other.lock()) == (files, project.lock())
        live = {entry["id"] for entry in project.entries().values() if "gone" not in entry}
        for path_of_feed in MAIN:
            assert {each for found in chain(files, path_of_feed).values() for each in found} == live
        pages = {path: data for path, data in files.items() if not path.endswith(".png")}
        found = {(path, address) for path, data in pages.items() for address in links(path, data)}
        assert {(path, address) for path, address in found if not is_there(files, address)} == set()
