"""Draw the pictures of the documentation: what this folder makes, as a browser shows it.

A copy of the project is built at a fixed time, so the pictures change only when the looks do. Nothing is
fetched. `make pictures` runs it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from PIL import Image

from feedmaker.app.drafting import draft
from feedmaker.app.project import Project

ROOT = Path(__file__).parents[2]
HERE = ROOT / "docs" / "pictures"
NOW = datetime(2026, 11, 27, 9, tzinfo=UTC)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--virtual-time-budget=5000"),
    *("--hide-scrollbars", "--force-device-scale-factor=2"),
]
EPISODE = "bells-that-refuse-to-agree-mirela-vance-and-tobias-ekwueme"
SIZE = (390, 860)
COLOURS = 96
_STYLES = re.compile(r"<link rel=.stylesheet[^>]*>")
_THEME = re.compile(r"^  theme:\n(?:    .*\n)+", re.MULTILINE)


class Picture(NamedTuple):
    """Say what a picture shows: an issue or the page of an episode, in which light, with which theme."""

    name: str
    shows: str
    dark: bool = False
    themed: bool = False


PICTURES = (
    Picture("issue.png", "issue"),
    Picture("issue-dark.png", "issue", dark=True),
    Picture("issue-themed.png", "issue", themed=True),
    Picture("page.png", "page"),
)


def make(folder: Path) -> None:
    """Draw all pictures into a folder."""
    for picture in PICTURES:
        with _project(themed=picture.themed) as project:
            html = _issue(project) if picture.shows == "issue" else _page(project)
            _draw(html, project.folder, folder / picture.name, dark=picture.dark)


def documented_theme() -> str:
    """Return the theme that docs/themes.md shows first, with its logo."""
    found = _THEME.search((ROOT / "docs" / "themes.md").read_text("utf-8"))
    assert found, "docs/themes.md shows no theme"
    return found[0]


@contextmanager
def _project(*, themed: bool) -> Iterator[Project]:
    """Build a copy of this folder, and draft an issue of it."""
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(ROOT / "episodes", copy / "episodes")
        shutil.copy(ROOT / "feedmaker.lock", copy)
        schedule = (ROOT / "schedule.yaml").read_text("utf-8")
        if themed:
            shutil.copy(HERE / "logo.png", copy)
            schedule = _THEME.sub(lambda _: documented_theme(), schedule)
        (copy / "schedule.yaml").write_text(schedule, "utf-8")
        yield Project(copy, {})


def _issue(project: Project) -> str:
    """Draft an issue of the newest episode, and find its pictures in the folder that was built."""
    issue = draft(project, NOW, backlog=1).issue
    assert issue, "there is no episode"
    return issue.html.replace(project.config().site.address, f"{project.public.as_uri()}/")


def _page(project: Project) -> str:
    """Build the page of the episode that the issue carries, and put its styles into it."""
    project.build(NOW)
    page = (project.public / "episodes" / EPISODE / "index.html").read_text("utf-8")
    styles = (project.public / "style.css").read_text("utf-8")
    return _STYLES.sub(lambda _: f"<style>{styles}</style>", page)


def _draw(html: str, folder: Path, target: Path, *, dark: bool) -> None:
    """Show HTML on a small phone and keep what is on its screen."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert browser, f"no browser to draw with; install one of {', '.join(BROWSERS)}"
    width, height = SIZE
    frame = f'<iframe width="{width}" height="{height}" style="border:0" srcdoc="{escape(html)}"></iframe>'
    shown, drawn = folder / "shown.html", folder / "drawn.png"
    shown.write_text(f'<!doctype html><meta charset="utf-8"><body style="margin:0">{frame}', "utf-8")
    # 0 is dark and 1 is light.
    scheme = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
    profile = f"--user-data-dir={folder / 'profile'}"
    seen = [f"--screenshot={drawn}", f"--window-size={width + 200},{height + 200}", shown.as_uri()]
    subprocess.run([browser, *QUIET, scheme, profile, *seen], capture_output=True, timeout=120, check=True)
    with Image.open(drawn) as image:
        screen = image.convert("RGB").crop((0, 0, 2 * width, 2 * height))
    screen.quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)


if __name__ == "__main__":
    make(HERE)
