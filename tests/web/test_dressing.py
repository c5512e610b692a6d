"""The previewed copy of a document shows one scheme, and nothing else of it changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from feedmaker.web.looks import Looks, dressed, dressed_style, with_head

QUERY = "prefers-color-scheme: dark"
LIGHT, DARK = Looks(), Looks(dark=True)
ALWAYS, NEVER = "(min-width: 0)", "(min-width: 99999999px)"


@pytest.mark.parametrize(
    ("css", "light", "dark"),
    [
        (f"@media ({QUERY}) {{}}", f"@media {NEVER} {{}}", f"@media {ALWAYS} {{}}"),
        (
            f"@media screen and ({QUERY}) {{}}",
            f"@media screen and {NEVER} {{}}",
            f"@media screen and {ALWAYS} {{}}",
        ),
        ("@media (prefers-color-scheme:light) {}", f"@media {ALWAYS} {{}}", f"@media {NEVER} {{}}"),
        (
            ":root { color-scheme: light dark; }",
            ":root { color-scheme: light; }",
            ":root { color-scheme: dark; }",
        ),
        (
            ":root { color-scheme: only light; }",
            ":root { color-scheme: only light; }",
            ":root { color-scheme: only light; }",
        ),
    ],
)
def test_style_shows_one_scheme(css: str, light: str, dark: str) -> None:
    """Each query for the scheme of the system is decided, and both schemes become the one that is shown."""
    assert (dressed_style(css, LIGHT), dressed_style(css, DARK)) == (light, dark)


def test_document_is_decided_where_it_asks() -> None:
    """Styles, media attributes and the meta element are decided; the same words in the text stay."""
    html = (
        '<head><meta name="color-scheme" content="light dark">'
        f'<link rel="stylesheet" media="({QUERY})" href="a.css"><style>@media ({QUERY}) {{}}</style></head>'
        f"<p title='({QUERY})'>({QUERY})</p>"
    )

    assert dressed(html, DARK) == (
        '<head><meta name="color-scheme" content="dark">'
        f'<link rel="stylesheet" media="{ALWAYS}" href="a.css"><style>@media {ALWAYS} {{}}</style></head>'
        f"<p title='({QUERY})'>({QUERY})</p>"
    )


def test_images_lose_their_sources_and_keep_their_words() -> None:
    """Without images no source is left, whatever its quotes are; alternative text and scripts' names stay."""
    html = (
        """<img src="a.png" srcset='b.png 2x' alt="a > b src='c'"><source srcset=c.png>src="e"<a href='d'>"""
    )

    assert dressed(html, Looks(images=False)) == """<img alt="a > b src='c'"><source>src="e"<a href='d'>"""


@given(
    st.text(),
    st.sampled_from([Looks(dark=dark, images=images) for dark in (True, False) for images in (True, False)]),
)
def test_text_of_a_note_is_never_changed(text: str, looks: Looks) -> None:
    """Escaped text passes as it is, and so does that in an attribute of an image."""
    html = f'<p title="{escape(text)}">{escape(text)}</p>'

    assert dressed(html, looks) == html


@given(st.text())
def test_any_document_survives(html: str) -> None:
    """What is no proper HTML is shown as well as it can be; dressing twice changes nothing more."""
    once = dressed(html, DARK)

    assert dressed(once, DARK) == once


def test_looks_are_read_back_from_addresses() -> None:
    """Each look has a name, by which it is found again; no other name is one."""
    every = [Looks(dark=dark, images=images) for dark in (True, False) for images in (True, False)]

    assert [Looks.named(looks.name) for looks in every] == every
    assert Looks.named("dim") is None


@pytest.mark.parametrize(
    ("html", "wanted"),
    [
        ("<html><head lang='a>b'><title>t</title>", "<html><head lang='a>b'>+<title>t</title>"),
        ("<header>h</header>", "+<header>h</header>"),
    ],
)
def test_head_gets_more(html: str, wanted: str) -> None:
    """What is added stands at the beginning of the head, or of what has none."""
    assert with_head(html, "+") == wanted
