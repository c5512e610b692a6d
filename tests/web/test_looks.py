"""The page of the preview fits every screen, and nobody is shut out."""

from __future__ import annotations

from importlib.resources import files

import pytest
from playwright.sync_api import expect

from tests.web.conftest import Look, Served

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
VIEWS = ["issue", "text", "source", "message", "pages", "feeds", "notes"]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [320, 1440])
def test_no_view_shuts_anybody_out(served: Served, look: Look, width: int, dark: bool) -> None:
    """No view has a violation for axe, nor one where something is broken; none is wider than the screen."""
    served.project.edit("episodes/bells.md", "date: 2019-05-04", "date: 2019-15-04")
    found: dict[str, object] = {}
    for view in [*VIEWS, "broken"]:
        if view == "broken":
            served.project.write("templates/newsletter/issue.mjml", "<mjml>\n{% if %}\n</mjml>\n")
        page = look(f"{served.address}#tab={view}", width, dark=dark)
        expect(page.get_by_role("tabpanel" if view != "broken" else "alert")).not_to_be_empty()
        if view == "feeds":
            page.locator(".row summary").first.click()
        page.evaluate(AXE)
        violations = page.evaluate("async () => (await axe.run({iframes: false})).violations")
        if violations:
            found[view] = [(each["id"], [node["html"] for node in each["nodes"]]) for each in violations]
        assert page.evaluate("document.documentElement.scrollWidth") <= width, view

    assert found == {}


def test_motion_is_left_out_for_who_wants_none(served: Served, look: Look) -> None:
    """Where the system asks for less motion, nothing moves."""
    page = look(served.address)
    page.emulate_media(reduced_motion="reduce")

    page.evaluate("document.getElementById('clock').classList.add('new')")
    dot = "getComputedStyle(document.getElementById('clock'), '::before')"

    assert page.evaluate(f"{dot}.animationName") == "none"


@pytest.mark.parametrize("width", [320, 800, 1440, 2560])
def test_frames_fit_beside_each_other(served: Served, look: Look, width: int) -> None:
    """All frames stand side by side at any width; where there is no room they shrink, layout and all."""
    page = look(f"{served.address}#devices=phone+tablet+desktop", width)
    frames = page.locator(".device iframe:not(.incoming)")
    expect(frames).to_have_count(3)

    assert [frame.evaluate("frame => frame.contentWindow.innerWidth") for frame in frames.all()] == [
        375,
        768,
        1100,
    ]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
