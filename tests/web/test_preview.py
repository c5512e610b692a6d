"""The preview in a real browser: its views, its keys, and how it follows what is saved."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import FrameLocator, Locator, Page, expect

from feedmaker.app.drafting import draft
from tests.projects import LATER, MUCH_LATER, ProjectFolder
from tests.web.conftest import Look, Served, serving

VIEWS = ["Issue", "Plain text", "Source", "Message", "Pages", "Feeds", "Notes"]
MARKUP = '<script>document.title = 1</script><img src=x onerror="document.title = 2">'
expect.set_options(timeout=20_000)


def shown_frame(page: Page) -> Locator:
    """Return the phone's frame; one that is still loading behind it is none."""
    return page.locator("[data-device=phone] iframe:not(.incoming)")


def frame(page: Page) -> FrameLocator:
    """Return what the phone's frame shows."""
    return page.frame_locator("[data-device=phone] iframe:not(.incoming)")


def scroll_of(page: Page) -> int:
    """Return how far the phone's frame is scrolled."""
    return int(shown_frame(page).evaluate("frame => frame.contentWindow.scrollY"))


def scroll(page: Page, to: int) -> None:
    """Scroll the phone's frame, and wait until the address knows."""
    shown_frame(page).evaluate(f"frame => frame.contentWindow.scrollTo(0, {to})")
    expect(page).to_have_url(re.compile(rf"at\.\w+\.phone={to}\b"))


def chosen(page: Page) -> str:
    """Return the name of the view that is shown."""
    return page.get_by_role("tab", selected=True).inner_text().split("\n")[0].rstrip(" 0123456789")


# Views and keys


def test_every_view_is_reached_by_its_number_and_by_arrows(served: Served, look: Look) -> None:
    """Each number shows a view; arrows move among the tabs, the first after the last, with the focus."""
    page = look(served.address)

    for number, name in enumerate(VIEWS, 1):
        page.keyboard.press(str(number))
        expect(page.get_by_role("tab", selected=True)).to_contain_text(name)
        expect(page.get_by_role("tabpanel")).not_to_be_empty()
    page.get_by_role("tab", name="Notes").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Issue")).to_be_focused()
    page.keyboard.press("End")
    expect(page.get_by_role("tab", name="Notes")).to_be_focused()

    assert chosen(page) == "Notes"
    assert page.locator('[role=tab][tabindex="0"]').count() == 1


def test_keys_toggle_frames_scheme_and_images(served: Served, look: Look) -> None:
    """p, t, d show and hide frames of the right width, l makes them dark, i takes images away."""
    page = look(served.address, 800)
    expect(frame(page).locator("h2").first).to_have_text("Lamps")

    page.keyboard.press("t")
    page.keyboard.press("d")
    page.keyboard.press("p")
    expect(page.locator(".device")).to_have_count(2)
    widths = [
        element.evaluate("frame => frame.contentWindow.innerWidth")
        for element in page.query_selector_all(".device iframe")
    ]
    page.keyboard.press("p")
    light = frame(page).locator("body").evaluate("body => getComputedStyle(body).backgroundColor")
    page.keyboard.press("l")
    expect(shown_frame(page)).to_have_attribute("src", re.compile("/dark/"))
    expect(frame(page).locator("h2").first).to_have_text("Lamps")
    dark = frame(page).locator("body").evaluate("body => getComputedStyle(body).backgroundColor")
    page.keyboard.press("i")
    expect(shown_frame(page)).to_have_attribute("src", re.compile("/dark-bare/"))

    assert widths == [768, 1100]
    assert light != dark
    assert page.get_by_role("button", name="Images").get_attribute("aria-pressed") == "false"


def test_images_off_shows_what_stands_in_their_place(served: Served, look: Look) -> None:
    """Without images a page has none that loads, and their alternative texts remain."""
    picture = '<p><img src="/site/light/nowhere.png" alt="A lamp at night"></p>'
    served.project.write(
        "templates/site/episode.html",
        f'{{% extends "packaged/site/episode.html" %}}{{% block main %}}{picture}{{% endblock %}}',
    )
    page = look(f"{served.address}#tab=pages&images=0")

    expect(frame(page).get_by_alt_text("A lamp at night")).to_have_count(1)

    assert frame(page).locator("img[src], img[srcset], source[srcset]").count() == 0


def test_keys_walk_through_pages_and_items(served: Served, look: Look) -> None:
    """The keys j and k go to the next and the last page, and from item to item of a feed."""
    page = look(f"{served.address}#tab=pages")
    expect(frame(page).locator("h1")).to_have_text("Lamps")
    page.keyboard.press("j")
    expect(frame(page).locator("h1")).not_to_have_text("Lamps")
    page.keyboard.press("k")
    expect(frame(page).locator("h1")).to_have_text("Lamps")

    page.keyboard.press("6")
    expect(page.locator(".row")).to_have_count(3)
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator(".row summary").nth(1)).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.locator(".row[open] iframe:not(.incoming)")).to_have_count(3)


def test_filter_and_help_are_a_key_away(served: Served, look: Look) -> None:
    """/ leads to the filter, which keeps what fits; ? shows the keys."""
    page = look(f"{served.address}#tab=pages")
    expect(page.locator(".list a").first).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("fog")
    expect(page.get_by_role("list", name="episodes").locator("a")).to_have_count(1)
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("light or dark")
    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog")).to_be_hidden()


def test_link_to_a_page_of_the_site_shows_it_here(served: Served, look: Look) -> None:
    """A link of the issue to a page that is not published yet shows the page as it would be."""
    page = look(served.address)
    frame(page).get_by_role("link", name="Lamps").first.click()

    expect(page.get_by_role("tab", selected=True)).to_contain_text("Pages")
    expect(frame(page).locator("h1")).to_have_text("Lamps")


# Following what is saved


def test_saved_note_shows_within_a_second_where_it_was(served: Served, look: Look) -> None:
    """A saved note changes the frame in place: the scroll position, the view and the list stay."""
    page = look(f"{served.address}#tab=pages")
    page.get_by_role("link", name="Fog").click()
    expect(frame(page).locator("h1")).to_have_text("Fog")
    scroll(page, 700)

    began = time.monotonic()
    served.project.edit(
        "episodes/fog.md",
        "Nothing but fog. Nothing but fog. Nothing",
        "Mist it was. Nothing but fog. Nothing",
    )
    expect(frame(page).locator("body")).to_contain_text("Mist it was.", timeout=20_000)
    took = time.monotonic() - began

    assert scroll_of(page) == 700
    assert chosen(page) == "Pages"
    # A quiet machine takes half of a second; a busy one shall not fail.
    assert took < 15


def test_reload_keeps_everything(served: Served, look: Look) -> None:
    """View, page, frames, scheme and scroll position stand in the address."""
    page = look(f"{served.address}#tab=pages", dark=False)
    page.get_by_role("link", name="Fog").click()
    expect(frame(page).locator("h1")).to_have_text("Fog")
    page.keyboard.press("l")
    expect(shown_frame(page)).to_have_attribute("src", re.compile("/dark/"))
    scroll(page, 600)
    page.reload()

    expect(frame(page).locator("h1")).to_have_text("Fog")
    assert scroll_of(page) == 600
    assert page.get_by_role("button", name="Dark").get_attribute("aria-pressed") == "true"
    assert chosen(page) == "Pages"


def test_broken_template_is_shown_with_its_lines_and_mended(served: Served, look: Look) -> None:
    """A template that cannot render shows file, line and text; the last good issue stays, dimmed."""
    page = look(served.address)
    expect(frame(page).locator("h2").first).to_have_text("Lamps")

    served.project.write("templates/newsletter/issue.mjml", "<mjml>\n{% if %}\n</mjml>\n")
    panel = page.get_by_role("alert")
    expect(panel).to_contain_text("templates/newsletter/issue.mjml:2")
    expect(panel.locator(".here")).to_contain_text("{% if %}")
    expect(page.locator(".frames.stale")).to_be_visible()
    expect(frame(page).locator("h2").first).to_have_text("Lamps")
    served.project.remove("templates/newsletter/issue.mjml")

    expect(panel).to_be_empty()
    expect(page.locator(".stale")).to_have_count(0)


def test_broken_page_template_leaves_the_last_good_page(served: Served, look: Look) -> None:
    """The same for pages: the error and the page as it was."""
    page = look(f"{served.address}#tab=pages")
    expect(frame(page).locator("h1")).to_have_text("Lamps")

    served.project.write("templates/site/episode.html", "<p>\n{{ nobody.knows }}\n")
    expect(page.get_by_role("alert")).to_contain_text("templates/site/episode.html:2")
    expect(frame(page).locator("h1")).to_have_text("Lamps")
    served.project.remove("templates/site/episode.html")

    expect(page.get_by_role("alert")).to_be_empty()


def test_broken_schedule_is_shown_and_mended(served: Served, look: Look) -> None:
    """A fault of schedule.yaml stands above every view, with what was good last."""
    page = look(served.address)
    good = (served.project.root / "schedule.yaml").read_text("utf-8")

    served.project.write("schedule.yaml", good.replace("title: Lighthouse Notes", "titel: Lighthouse Notes"))
    expect(page.get_by_role("alert")).to_contain_text("schedule.yaml:2:3")
    page.keyboard.press("5")
    expect(page.get_by_role("alert")).to_contain_text("titel")
    expect(frame(page).locator("h1")).to_have_text("Lamps")
    served.project.write("schedule.yaml", good)

    expect(page.get_by_role("alert")).to_be_empty()


def test_project_that_was_never_whole_is_explained(project: ProjectFolder, look: Look) -> None:
    """Where nothing could be read yet the page says why, and follows when it is mended."""
    good = (project.root / "schedule.yaml").read_text("utf-8")
    project.write("schedule.yaml", "site: [\n")
    with serving(project) as served:
        page = look(served.address)
        expect(page.get_by_role("alert")).to_contain_text("schedule.yaml")
        project.write("schedule.yaml", good)
        expect(page.get_by_role("alert")).to_contain_text("There is no episode yet")
        project.note("bells")

        expect(frame(page).locator("h2").first).to_have_text("Bells")


def test_note_that_is_due_shows_when_its_time_comes(served: Served, look: Look) -> None:
    """A note that waits is held back, and shown without being saved once it is due."""
    served.project.note("later", keys="published: 2026-11-05\n")
    page = look(f"{served.address}#tab=notes")
    expect(page.get_by_role("tabpanel")).to_contain_text("waits until 2026-11-05")

    served.clock.now = MUCH_LATER

    expect(page.get_by_role("tabpanel")).not_to_contain_text("waits until")


def test_page_says_that_the_preview_has_ended(project: ProjectFolder, look: Look) -> None:
    """When the command ends, the page says so and keeps what it showed."""
    project.note("bells")
    with serving(project) as served:
        page = look(served.address)
        expect(page.get_by_role("status")).to_contain_text("changed")

    expect(page.get_by_role("status")).to_contain_text("not connected")
    expect(frame(page).locator("h2").first).to_have_text("Bells")


# What the views say


def test_issue_tells_subject_size_and_why(served: Served, look: Look) -> None:
    """Beside the frames stand the inbox row, the size against the limit, and why it is this issue."""
    page = look(served.address)
    side = page.get_by_role("complementary")

    expect(side.locator(".inbox")).to_contain_text("Nobody had measured Lamps before.")
    expect(side).to_contain_text("Carries 1 episode that no issue has carried yet.")
    expect(side.get_by_role("meter")).to_have_attribute("aria-valuemax", "100000")
    assert 5_000 < int(side.get_by_role("meter").get_attribute("aria-valuenow") or 0) < 50_000


def test_without_news_the_newest_episode_is_a_sample(project: ProjectFolder, look: Look) -> None:
    """Where everything is back catalogue, the newest episode stands for an issue, and the page says so."""
    project.note("bells")
    project.build()
    with serving(project) as served:
        page = look(served.address)

        expect(page.get_by_role("complementary")).to_contain_text("This is a sample")
        expect(frame(page).locator("h2").first).to_have_text("Bells")


def test_drafted_issue_comes_first_and_stays_as_it_was(served: Served, look: Look) -> None:
    """An issue that is drafted and waits is what goes out; what was edited since is not in it."""
    drafted = draft(served.project.open(), LATER).issue
    assert drafted
    page = look(served.address)
    expect(page.get_by_role("combobox")).to_have_value(drafted.slug)
    served.project.note("lamps", word="Lanterns")

    expect(frame(page).locator("h2").first).to_have_text("Lamps")
    page.get_by_role("combobox").select_option("next")
    expect(page.get_by_role("complementary")).to_contain_text("This is a sample")


def test_text_source_and_message_are_shown(served: Served, look: Look) -> None:
    """The text part, the numbered source, and the headers decoded and as they are sent."""
    page = look(f"{served.address}#tab=text")
    expect(page.locator(".sheet")).to_contain_text("Nobody had measured Lamps before.")
    page.keyboard.press("3")
    expect(page.locator(".source li").first).to_contain_text("<!DOCTYPE html>")
    page.keyboard.press("4")
    expect(page.locator(".headers")).to_contain_text("The Lamp Letter")
    expect(page.locator(".raw")).to_contain_text("List-Unsubscribe: <mailto:letter@lamp.example.org")

    answer = page.request.get(f"{served.address}message/next.eml")
    assert answer.headers["content-type"] == "message/rfc822"
    assert b"\r\n\r\n" in answer.body()


def test_feeds_stand_side_by_side(served: Served, look: Look) -> None:
    """Each item stands in the three formats beside each other, and its content when it is opened."""
    page = look(f"{served.address}#tab=feeds")

    expect(page.locator(".columns p")).to_have_count(3)
    expect(page.locator(".row").first.locator("b")).to_have_text(["Lamps"] * 3)
    expect(page.get_by_role("tabpanel")).to_contain_text("all formats say the same")
    page.locator(".row summary").first.click()
    contents = page.frame_locator(".row[open] .contents > div:nth-child(2) iframe:not(.incoming)")
    expect(contents.locator("body")).to_contain_text("A keeper explains Lamps to a visitor.")


def test_notes_show_what_is_wrong_with_the_lines_around(served: Served, look: Look) -> None:
    """A broken note stands with place, code and lines, and says that its last good version stays."""
    served.project.edit("episodes/bells.md", "date: 2019-05-04", "date: 2019-15-04")
    page = look(f"{served.address}#tab=notes")
    note = page.locator('[data-note="episodes/bells.md"]')

    expect(note).to_contain_text("bad-date")
    expect(note).to_contain_text("its last good version stays published")
    expect(note.locator(".here")).to_contain_text("date: 2019-15-04")
    expect(page.get_by_role("tab", name="Notes")).to_contain_text("2")


@pytest.mark.parametrize("view", ["issue", "text", "source", "message", "pages", "feeds", "notes"])
def test_note_cannot_act(project: ProjectFolder, look: Look, view: str) -> None:
    """Markup in a note is shown as text in every view; no script of it runs."""
    project.note("hostile", word=f"'{MARKUP}'", body=f"{MARKUP}\n\n## Big reveals\n\n- {MARKUP}\n")
    with serving(project) as served:
        page = look(f"{served.address}#tab={view}")
        expect(page.get_by_role("tabpanel")).not_to_be_empty()
        if view == "feeds":
            page.locator(".row summary").first.click()
        if view in ("issue", "pages", "feeds"):
            shown = page.frame_locator("iframe:not(.incoming)").first.locator("body")
        else:
            shown = page.locator("body")
        expect(shown).to_contain_text("&lt;script&gt;" if view == "source" else "<script>")

        assert page.title() == "Lighthouse Notes: preview"
        assert page.locator("body script, main img, iframe[srcdoc]").count() == 0
