"""The stylesheet: readable in light and dark, and nothing from elsewhere."""

from __future__ import annotations

import re

import pytest

from feedmaker.pages import stylesheet
from tests.pages.site import PACKAGED, SITE

CSS = stylesheet(PACKAGED, SITE).decode("utf-8")


def palette(css: str) -> dict[str, str]:
    """Return the named colours of the first rule for the whole page."""
    found = re.search(r":root \{(.*?)\}", css, re.DOTALL)
    assert found
    return dict(re.findall(r"--([a-z]+): (#[0-9a-f]+);", found[1]))


SCHEMES = {
    "light": palette(CSS),
    "dark": palette(CSS.partition("prefers-color-scheme: dark")[2]),
    "print": palette(CSS.partition("@media print")[2]),
}


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour (WCAG 2.2)."""
    digits = colour[1:] if len(colour) == 7 else "".join(sign * 2 for sign in colour[1:])
    channels = [int(digits[start : start + 2], 16) / 255 for start in (0, 2, 4)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    """Return the contrast ratio of two colours (WCAG 2.2)."""
    darker, lighter = sorted(map(luminance, (first, second)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_measured_as_wcag_has_it() -> None:
    """The measure agrees with known values, or the next test would prove nothing."""
    assert contrast("#000", "#fff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("ground", ["paper", "tint"])
@pytest.mark.parametrize("sign", ["ink", "soft", "accent"])
def test_text_stands_out(scheme: str, ground: str, sign: str) -> None:
    """Every colour of text reaches the contrast of level AA on every ground, day and night."""
    colours = SCHEMES[scheme]

    assert contrast(colours[sign], colours[ground]) >= 4.5


def test_dark_is_dark_and_light_is_light() -> None:
    """The two schemes are what they are called."""
    assert luminance(SCHEMES["light"]["paper"]) > 0.8
    assert luminance(SCHEMES["dark"]["paper"]) < 0.05


def test_colours_are_named_in_one_place() -> None:
    """Rules use the named colours alone, so none escapes the measure."""
    rules = re.sub(r":root \{.*?\}", "", CSS, flags=re.DOTALL)

    assert not re.findall(r"#[0-9a-f]{3,8}\b|rgb|hsl|oklch", rules)


def test_stylesheet_loads_nothing() -> None:
    """No font, picture or other stylesheet is fetched."""
    assert not re.findall(r"url\(|@import|@font-face|https?:", CSS.replace('[href^="http"]', ""))


def test_long_words_wrap() -> None:
    """A word without a break cannot push a page wider than a small screen."""
    assert re.search(r"body \{[^}]*overflow-wrap: anywhere", CSS)
