"""`feedmaker check` and the newsletter's logo: a picture that mail programs show, or an error."""

from __future__ import annotations

import pytest

from tests.conftest import Cli
from tests.projects import ProjectFolder

THEME = "  theme:\n    logo: LOGO\n"
"""Goes on from the newsletter of every test's project."""
PNG = b"\x89PNG\r\n\x1a\n and so on"


def told(project: ProjectFolder, cli: Cli, logo: str) -> str:
    """Return what `check` says of a logo."""
    project.schedule(THEME.replace("LOGO", logo))
    return cli("-C", project.root, "check").out


@pytest.mark.parametrize(
    ("logo", "data"),
    [
        ("looks/logo.PNG", PNG),
        ("logo.jpg", b"\xff\xd8\xff\xe0"),
        ("logo.gif", b"GIF89a"),
        ("https://example.org/logo", b""),
    ],
)
def test_picture_that_mail_shows_is_taken(project: ProjectFolder, cli: Cli, logo: str, data: bytes) -> None:
    """PNG, JPEG and GIF are, by what is in them; an https address is not looked at."""
    if data:
        (project.root / logo).parent.mkdir(exist_ok=True)
        (project.root / logo).write_bytes(data)

    assert told(project, cli, logo) == ""


@pytest.mark.parametrize(
    ("logo", "reason"),
    [
        ("logo.svg", "expected a picture that mail programs show"),
        ("logo.webp", "expected a picture that mail programs show"),
        ("http://example.org/logo.png", "expected an https address"),
        ("gone.png", "gone.png cannot be read"),
        ("page.png", "page.png is no PNG, JPEG or GIF"),
    ],
)
def test_picture_that_mail_does_not_show_is_an_error(
    project: ProjectFolder, cli: Cli, logo: str, reason: str
) -> None:
    """It is told with its place before a build or a draft needs it."""
    (project.root / "page.png").write_bytes(b"<!doctype html>")

    said = told(project, cli, logo)

    assert "error: newsletter.theme.logo: " in said
    assert reason in said


def test_draft_is_refused_for_the_same_reason(project: ProjectFolder, cli: Cli) -> None:
    """Nothing is frozen with a picture that nobody would see."""
    project.schedule(THEME.replace("LOGO", "gone.png"))

    done = cli("-C", project.root, "newsletter", "draft")

    assert done.code == 1
    assert "newsletter.theme.logo: gone.png cannot be read" in done.out + done.err
