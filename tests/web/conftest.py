"""A preview that is served in this process, and a browser to look at it."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

import pytest
from playwright.sync_api import Browser, Error, Page, sync_playwright

from feedmaker.app.previewing import Preview
from feedmaker.app.project import silent
from feedmaker.web.preview import listen, serve
from tests.newsletter.test_looks import BROWSERS
from tests.projects import LATER, ProjectFolder

QUIET = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]


# A test may end its preview before its page, which then looks for it.
_GONE = "ERR_CONNECTION_"


@dataclass
class Clock:
    """Tell the time that a test sets."""

    now: datetime = LATER

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now


@dataclass
class Served:
    """Hold a project that is being previewed: where, and by which clock."""

    project: ProjectFolder
    port: int
    clock: Clock = field(default_factory=Clock)

    @property
    def address(self) -> str:
        """Return where the preview answers."""
        return f"http://127.0.0.1:{self.port}/"


@contextmanager
def serving(project: ProjectFolder) -> Iterator[Served]:
    """Serve the preview of a project from threads of this process."""
    stop, clock = threading.Event(), Clock()
    preview = Preview(project.open(), clock)
    preview.warm(silent)
    with listen(0) as listening:
        thread = threading.Thread(target=serve, args=(preview, listening, stop))
        thread.start()
        try:
            yield Served(project, listening.getsockname()[1], clock)
        finally:
            stop.set()
            thread.join(30)
    assert not thread.is_alive()


@pytest.fixture
def served(project: ProjectFolder) -> Iterator[Served]:
    """Serve the preview of a project with three notes, two of which were built."""
    project.note("bells")
    project.note("fog", body=f"A long one.\n\n## The gist\n\n{'Nothing but fog. ' * 400}\n")
    project.build()
    project.note("lamps", word="Lamps")
    with serving(project) as made:
        yield made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start the browser that is installed."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert path, f"no browser to look at the preview with; install one of {', '.join(BROWSERS)}"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield started
        started.close()


Look = Callable[..., Page]


@pytest.fixture
def look(browser: Browser) -> Iterator[Look]:
    """Open pages in the browser; whatever a page complains of fails the test."""
    faults: list[str] = []
    opened = []

    def open_page(
        address: str, width: int = 1440, height: int = 900, *, dark: bool = False, ready: bool = True
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
        )
        opened.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: faults.append(_said(error)))
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        page.goto(address)
        if ready:
            page.wait_for_selector("html[data-shown]")
        return page

    yield open_page
    for context in opened:
        context.close()
    assert [fault for fault in faults if _GONE not in fault] == []


def _said(error: Error) -> str:
    return f"{error.message}\n{error.stack}"
