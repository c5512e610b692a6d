"""The stylesheet for feeds that are opened in a browser."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import given

from feedmaker.pages import feed_stylesheet
from feedmaker.templating import Templates
from tests.content.episodes import hostile_text
from tests.pages.site import ADDRESS, PACKAGED, SITE
from tests.pages.test_style import contrast, palette

CSS = feed_stylesheet(PACKAGED, SITE).decode()
# The grammar of a string token (CSS Syntax 3, 4.3.5), and the escapes in it.
_STRING = re.compile(r'"((?:[^"\\\n]|\\[0-9a-f]{1,6} ?|\\[^\n0-9a-f])*)"')
_ESCAPE = re.compile(r"\\([0-9a-f]{1,6}) ?")


def strings(css: str) -> list[str]:
    """Return the texts of all strings of a stylesheet."""
    return [_ESCAPE.sub(lambda found: chr(int(found[1], 16)), text) for text in _STRING.findall(css)]


def test_feed_says_what_it_is_and_where_the_pages_are() -> None:
    """Whoever opens a feed in a browser reads that it is one, what to do with it, and the site's address."""
    told = "".join(strings(CSS.partition("content: ")[2].partition(";")[0]))

    assert told.startswith("This is a feed. ")
    assert told.endswith(f"The pages of Harbour Notes are at\n{ADDRESS}")


def test_both_formats_are_shown() -> None:
    """The names of RSS and of Atom have rules, each in its own namespace, so no other element is shown."""
    assert '@namespace atom "http://www.w3.org/2005/Atom";' in CSS
    shown = re.search(r"([^{}]*)\{\s*display: block;\s*\}", CSS)
    assert shown
    for name in (
        "|item > |title",
        "|item > |description",
        "atom|entry > atom|title",
        "atom|entry > atom|summary",
    ):
        assert f"\n{name}," in shown[1]
    assert "content|encoded" not in CSS
    assert "atom|content" not in CSS


def test_colours_can_be_read_day_and_night() -> None:
    """Text reaches the contrast of level AA in light and dark."""
    for scheme in (palette(CSS), palette(CSS.partition("prefers-color-scheme: dark")[2])):
        for ground in ("paper", "tint"):
            assert all(contrast(scheme[sign], scheme[ground]) >= 4.5 for sign in ("ink", "soft"))


def test_feed_stylesheet_loads_nothing() -> None:
    """Nothing is fetched for it, and nothing in it runs."""
    without_names = CSS.replace('"http://www.w3.org/2005/Atom"', "")
    assert not re.findall(r"url\(|@import|@font-face|expression|binding", without_names)


@given(hostile_text())
def test_title_stays_a_text(title: str) -> None:
    """Whatever the site is called, its title stands in one string and changes no rule."""
    hostile = feed_stylesheet(PACKAGED, SITE.model_copy(update={"title": title})).decode()

    assert strings(hostile) == [title if text == "Harbour Notes" else text for text in strings(CSS)]
    assert _STRING.sub('""', hostile) == _STRING.sub('""', CSS)


def test_project_has_its_own_feed_stylesheet(tmp_path: Path) -> None:
    """A project replaces the stylesheet, or builds on the packaged one."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "feed.css").write_text(
        '{% include "packaged/site/feed.css" %}channel::after { content: {{ address }} }\n', encoding="utf-8"
    )

    made = feed_stylesheet(Templates(tmp_path), SITE).decode()

    assert made == f'{CSS}channel::after {{ content: "{ADDRESS}" }}\n'
