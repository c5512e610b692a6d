"""The HTML part in a browser: it fits a small phone, and anybody can read it, in light and in dark."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.resources import files
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from feedmaker.model import prose
from feedmaker.newsletter.issue import Correction, IssueContent, Occasion, Reference
from tests.newsletter import samples
from tests.newsletter.digest import TEN
from tests.newsletter.samples import BREAD, HARBOUR, issue, parts, quoting

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
# Contrast as WCAG 2.2 (1.4.3) defines it, against the nearest background that is painted.
MEASURE = """() => {
  const channels = colour => colour.match(/[\\d.]+/g).map(Number);
  const linear = c => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4;
  const light = colour => {
    const [r, g, b] = channels(colour).map(c => linear(c / 255));
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const behind = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (channels(colour)[3] !== 0) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const texts = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement, words = walker.currentNode.data.trim();
    if (!words || !element.getClientRects().length) continue;
    const style = getComputedStyle(element);
    const pair = [light(style.color), light(behind(element))].sort((a, b) => b - a);
    texts.push({words: words.slice(0, 40), size: parseFloat(style.fontSize),
                contrast: (pair[0] + .05) / (pair[1] + .05)});
  }
  const paper = light(behind(document.querySelector('h2')));
  return {needed: document.documentElement.scrollWidth, texts, paper};
}"""


def hebrew() -> IssueContent:
    """Compose an issue whose first episode is written from the right."""
    note = replace(
        HARBOUR,
        title="למה הנמל נסתם, ומה ערבה אחת יכולה לעשות",
        language="he",
        dek=prose("מהנדסת נחלים מסבירה מדוע כל חפירה מייקרת את החפירה הבאה."),
        reveals=(prose("הנמל הוציא על חפירה יותר משעלתה כל בנייתו."), prose("שתיים מחמש המזרנים נכשלו.")),
        highlights=(0,),
    )
    return issue(note, BREAD)


def themed() -> IssueContent:
    """Compose an issue with another theme, a logo, and the publisher's own texts."""
    config = samples.config(
        intro="Good morning from the *quay*, with [two notes](https://notes.example.org/).",
        outro="Answer this mail.",
        sections=["reveals", "recommendations"],
        theme={
            "font": "Verdana, sans-serif",
            "colors": {"page": "#e8f0ea", "highlight": "#dff2e4", "accent": "#14532d", "link": "#7a1f5c"},
            "dark_colors": {"page": "#0b1a10", "link": "#f2b3dc"},
        },
    )
    correction = Correction(Reference(BREAD.title, "https://notes.example.org/b/"), prose("It is 2,980."))
    occasion = Occasion(samples.DAY, logo="https://notes.example.org/logo.png", corrections=(correction,))
    return issue(settings=config, occasion=occasion)


PAID = samples.config(mail="direct", tag="quay-20")
ISSUES: Mapping[str, IssueContent] = {
    "usual": issue(replace(HARBOUR, video="https://video.example/vell"), settings=PAID),
    "digest": issue(*TEN, settings=PAID),
    "long words": issue(
        replace(HARBOUR, title="unbreakable" * 20),
        quoting(f"{'unbreakable' * 20} https://example.org/{'path/' * 30}"),
        settings=PAID,
    ),
    "from the right": hebrew(),
    "themed": themed(),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start the browser that is installed."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert path, f"no browser to look at mail with; install one of {', '.join(BROWSERS)}"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield started
        started.close()


def shown(browser: Browser, html: str, width: int, scheme: Literal["light", "dark"]) -> Page:
    """Show HTML as a mail program does: nothing is loaded, pictures neither."""
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page.route("**/*", lambda route: route.abort())
    page.set_content(html)
    return page


def check_readable(page: Page, width: int) -> dict[str, Any]:
    """Look whether anything sticks out, is tiny, or does not stand out from what is behind it."""
    measured: dict[str, Any] = page.evaluate(MEASURE)
    assert measured["needed"] <= width
    assert len(measured["texts"]) > 20
    for text in measured["texts"]:
        assert text["contrast"] >= 4.5, text
        assert text["size"] >= 13, text
    return measured


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", ISSUES)
def test_issue_can_be_read_by_anybody(name: str, scheme: Literal["light", "dark"], browser: Browser) -> None:
    """From a small phone to a desk nothing sticks out, all has contrast, and axe finds nothing."""
    html = parts(ISSUES[name])[0]
    for width in (320, 1200):
        page = shown(browser, html, width, scheme)

        assert (check_readable(page, width)["paper"] < 0.1) == (scheme == "dark")
        page.evaluate(AXE)
        found = page.evaluate("axe.run()")
        assert [(fault["id"], fault["nodes"][0]["html"]) for fault in found["violations"]] == []
        page.close()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", ISSUES)
def test_issue_can_be_read_without_its_style_sheets(
    name: str, scheme: Literal["light", "dark"], browser: Browser
) -> None:
    """Gmail drops them for some of its readers: what is left is the light issue, within the screen."""
    html = re.sub(r"<style.*?</style>", "", parts(ISSUES[name])[0], flags=re.DOTALL)
    for width in (320, 1200):
        page = shown(browser, html, width, scheme)

        assert check_readable(page, width)["paper"] > 0.7
        page.close()


def test_reveals_are_seen_at_a_glance(browser: Browser) -> None:
    """On a phone the strongest reveal stands within the first two screens, larger than the text around it."""
    page = shown(browser, parts(ISSUES["usual"])[0], 390, "light")

    lead = page.locator(".reveals p").first
    box = lead.bounding_box()
    assert box
    assert box["y"] + box["height"] < 2 * 800
    sizes = [
        float(where.evaluate("e => parseFloat(getComputedStyle(e).fontSize)"))
        for where in (lead, page.locator(".reveals li").first)
    ]
    assert sizes[0] >= 1.2 * sizes[1]


def test_note_from_the_right_is_aligned_there(browser: Browser) -> None:
    """Title, reveals, button and the line beside a quote stand there, those of other notes do not."""
    page = shown(browser, parts(ISSUES["from the right"])[0], 600, "light")

    for selector in ("h2:has(a)", ".reveals p", "table .go"):
        (first, second) = [
            page.locator(selector)
            .nth(at)
            .evaluate("e => [getComputedStyle(e).direction, 600 - e.getBoundingClientRect().right]")
            for at in (0, 1)
        ]
        assert first[0] == "rtl"
        assert first[1] < 30
        assert second[0] == "ltr"
    borders = page.locator("blockquote").evaluate_all(
        "all => all.map(e => [getComputedStyle(e).borderLeftWidth, getComputedStyle(e).borderRightWidth])"
    )
    assert borders == [["0px", "3px"], ["0px", "3px"], ["3px", "0px"]]


def test_picture_that_does_not_load_has_its_words(browser: Browser) -> None:
    """With images off the name of the newsletter stands where the logo would."""
    page = shown(browser, parts(ISSUES["themed"])[0], 320, "light")

    (logo,) = page.locator("img").all()
    assert logo.get_attribute("alt") == "The Quay Letter"
    assert page.evaluate("[...document.images].map(image => image.naturalWidth)") == [0]
