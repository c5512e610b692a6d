"""The logo of the newsletter through whole builds: a file of the project, or an address."""

from __future__ import annotations

import re

import pytest

from feedmaker.app.drafting import draft
from feedmaker.errors import ConfigError
from tests.projects import FIRST, LATER, MUCH_LATER, ProjectFolder

PNG = b"\x89PNG\r\n\x1a\n" + b"lamp"
JPEG = b"\xff\xd8\xff" + b"lamp"
THEME = "  theme: {{logo: {}}}\n"


def logos(project: ProjectFolder) -> dict[str, bytes]:
    """Return the pictures that were published for the newsletter."""
    return {path: data for path, data in project.files().items() if "logo" in path}


def with_logo(project: ProjectFolder, name: str = "art/lamp.PNG", data: bytes = PNG) -> ProjectFolder:
    """Make a project whose newsletter has a logo."""
    project.write(name, data)
    project.schedule(THEME.format(name))
    project.note("bells")
    return project


def test_logo_is_published_by_its_bytes(project: ProjectFolder) -> None:
    """It has the bytes of the file, under a name that other bytes do not have."""
    with_logo(project).build(FIRST)

    ((first, data),) = logos(project).items()
    assert re.fullmatch(r"newsletter/logo-[0-9a-f]{12}\.png", first)
    assert data == PNG

    project.write("art/lamp.PNG", PNG + b"!")
    project.build(LATER)
    ((second, data),) = logos(project).items()
    assert second != first
    assert data == PNG + b"!"


def test_issue_shows_the_logo_from_the_site(project: ProjectFolder) -> None:
    """Mail and page of an issue load it from where the build has put it."""
    with_logo(project, "lamp.jpg", JPEG).build(FIRST)
    project.note("fog")

    issue = draft(project.open(), LATER).issue

    assert issue
    (path,) = logos(project)
    for html in (issue.html, issue.page):
        assert f'src="https://lamp.example.org/notes/{path}"' in html
        assert 'alt="The Lamp Letter"' in html


def test_unchanged_build_with_a_logo_writes_nothing(project: ProjectFolder) -> None:
    """The logo is among what tells whether anything has changed."""
    with_logo(project).build(FIRST)
    before = project.stamps()

    assert project.build(LATER).current
    assert project.written_since(before) == set()
    project.write("art/lamp.PNG", PNG + b"!")
    assert not project.build(MUCH_LATER).current


def test_logo_that_is_gone_is_an_error_with_its_place(project: ProjectFolder) -> None:
    """A build says where the name stands, and the site stays as it was."""
    with_logo(project).build(FIRST)
    before = project.stamps()
    project.remove("art/lamp.PNG")

    with pytest.raises(ConfigError) as raised:
        project.build(LATER)

    (fault,) = raised.value.diagnostics
    assert str(fault) == (
        "schedule.yaml:12:17: error: newsletter.theme.logo: art/lamp.PNG cannot be read "
        "(No such file or directory); name a file of this folder [bad-value]"
    )
    assert project.written_since(before) == set()


def test_logo_with_an_address_is_loaded_from_there(project: ProjectFolder) -> None:
    """Nothing is published; the mail leads to the address as it stands."""
    address = "https://pictures.example.net/lamp.png"
    project.schedule(THEME.format(address))
    project.build(FIRST)
    project.note("bells")

    issue = draft(project.open(), LATER).issue

    assert issue
    assert logos(project) == {}
    assert f'src="{address}"' in issue.html


def test_logo_that_is_given_up_leaves_the_site(project: ProjectFolder) -> None:
    """What no setting names any more is removed."""
    with_logo(project).build(FIRST)
    project.schedule()

    project.build(LATER)

    assert logos(project) == {}
