"""The section `newsletter`: who looks at an issue, what it shows and how it looks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from feedmaker.config import Config, Newsletter, parse_config
from feedmaker.config.colours import DARK, LEAST_CONTRAST, LIGHT, contrast, unreadable_pairs
from feedmaker.errors import ConfigError

SITE = {"title": "Tides", "address": "https://tides.example.org/", "author": "Ines Falk"}
LETTER = {"title": "T", "from": {"name": "I", "email": "i@tides.example.org"}, "postal_address": "Basalt 3"}
HEAD = """\
site: {title: Tides, address: "https://tides.example.org/", author: Ines Falk}
newsletter:
  title: T
  from: {name: I, email: i@tides.example.org}
  postal_address: Basalt 3
"""
COLOURS = st.from_regex("#[0-9a-fA-F]{6}", fullmatch=True)


def read(**keys: Any) -> Newsletter:
    """Read a schedule with a newsletter of these keys, and return its section."""
    config: Config = parse_config(yaml.safe_dump({"site": SITE, "newsletter": LETTER | keys}))
    assert config.newsletter
    return config.newsletter


def said(more: str) -> list[str]:
    """Return what is wrong with a newsletter that goes on like this from line 6, with places."""
    with pytest.raises(ConfigError) as raised:
        parse_config(HEAD + more)
    return [str(fault).removeprefix("schedule.yaml:") for fault in raised.value.diagnostics]


def test_nothing_new_is_asked_of_a_newsletter() -> None:
    """Without the keys an issue is reviewed, may be two days late, and shows all in its usual looks."""
    letter = read()

    assert (letter.review, letter.reviewer, letter.patience) == (True, None, timedelta(days=2))
    assert (letter.intro, letter.outro, letter.whole_episodes, letter.archive) == ((), (), 3, True)
    assert letter.sections == ("dek", "reveals", "takeaways", "recommendations", "gist")
    assert (letter.theme.logo, letter.theme.logo_width) == (None, 160)
    assert (dict(letter.theme.light), dict(letter.theme.dark)) == (LIGHT, DARK)


@pytest.mark.parametrize("key", ["intro", "outro"])
def test_text_is_a_paragraph_or_a_list(key: str) -> None:
    """One paragraph needs no list."""
    assert getattr(read(**{key: "Hello *you*"}), key) == ("Hello *you*",)
    assert getattr(read(**{key: ["One.", " Two. "]}), key) == ("One.", "Two.")
    assert getattr(read(**{key: []}), key) == ()


@pytest.mark.parametrize(
    ("written", "patience"),
    [
        ("90 minutes", timedelta(minutes=90)),
        ("6h", timedelta(hours=6)),
        ("1 day", timedelta(days=1)),
        ("400 days", timedelta(days=400)),
    ],
)
def test_patience_is_an_interval(written: str, patience: timedelta) -> None:
    """How late an issue may be is said as jobs say how often they run."""
    assert read(late_after=written).patience == patience


def test_sections_have_the_order_of_the_list() -> None:
    """What is not named is not shown."""
    assert read(sections=["recommendations", "dek"]).sections == ("recommendations", "dek")


def test_colours_that_are_left_out_stay() -> None:
    """A theme changes what it names, in light and dark apart."""
    theme = read(theme={"colors": {"link": "#0F5c4d"}, "dark_colors": {"page": "#000000"}}).theme

    assert dict(theme.light) == LIGHT | {"link": "#0F5c4d"}
    assert dict(theme.dark) == DARK | {"page": "#000000"}


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ("  review: maybe\n", "6:11: error: newsletter.review: expected true or false"),
        ("  reviewer: eve\n", "6:13: error: newsletter.reviewer: expected an e-mail address such as"),
        ("  late_after: soon\n", '6:15: error: newsletter.late_after: "soon" is no interval; expected'),
        ("  late_after: 0 days\n", '6:15: error: newsletter.late_after: "0 days" is no interval'),
        ("  intro: {text: Hello}\n", "6:10: error: newsletter.intro: expected a list"),
        ("  outro: [Bye, '']\n", "6:16: error: newsletter.outro.2: expected some text"),
        ("  sections: [dek, reveal]\n", "6:19: error: newsletter.sections.2: expected 'dek', 'reveals',"),
        ("  sections: [dek, gist, dek]\n", "6:13: error: newsletter.sections: dek stands there twice"),
        ("  sections: []\n", "6:13: error: newsletter.sections: expected at least one"),
        ("  whole_episodes: 0\n", "6:19: error: newsletter.whole_episodes: expected at least 1"),
        ("  whole_episodes: 51\n", "6:19: error: newsletter.whole_episodes: expected at most 50"),
        ("  whole_episodes: many\n", "6:19: error: newsletter.whole_episodes: expected a whole number"),
        ("  theme:\n    logo: a.svg\n", "7:11: error: newsletter.theme.logo: expected a picture that mail"),
        (
            "  theme:\n    logo: ../a.png\n",
            "7:11: error: newsletter.theme.logo: expected an address, or a file",
        ),
        (
            "  theme:\n    logo: http://a.example/a.png\n",
            "7:11: error: newsletter.theme.logo: expected an https",
        ),
        ("  theme:\n    logo_width: 8\n", "7:17: error: newsletter.theme.logo_width: expected at least 16"),
        ('  theme:\n    font: "Arial;}"\n', "7:11: error: newsletter.theme.font: expected names of fonts"),
        ("  theme:\n    font: Segoe UI\n", "7:11: error: newsletter.theme.font: expected names of fonts"),
        (
            "  theme:\n    colors: {link: blue}\n",
            "7:20: error: newsletter.theme.colors.link: expected six hexa",
        ),
        ("  theme:\n    colors: {lnk: '#000000'}\n", '7:14: error: unknown key "lnk"; did you mean "link"?'),
        ("  theme: {color: {}}\n", '6:11: error: unknown key "color"; did you mean "colors"?'),
        ("  reviewers: a@b.example\n", '6:3: error: unknown key "reviewers"; did you mean "reviewer"?'),
    ],
)
def test_fault_of_a_key_has_its_place(more: str, fault: str) -> None:
    """Each key says what it expects, where it stands."""
    (found,) = said(more)

    assert found.startswith(fault)


@pytest.mark.parametrize(
    ("theme", "place", "pairs"),
    [
        (
            "colors: {link: '#cccccc'}",
            "7:20: error: newsletter.theme.colors.link",
            [
                "link on highlight has a contrast of 1.5",
                "link on page has a contrast of 1.4",
                "link on sheet has a contrast of 1.6",
            ],
        ),
        (
            "dark_colors: {button: '#ffffff'}",
            "7:27: error: newsletter.theme.dark_colors.button",
            ["button_text on button has a contrast of 1.0"],
        ),
        (
            "{colors: {button: '#ffffff', button_text: '#eeeeee'}}",
            "7:47: error: newsletter.theme.colors.button_text",
            ["button_text on button has a contrast of 1.2"],
        ),
    ],
)
def test_text_that_cannot_be_read_is_refused(theme: str, place: str, pairs: list[str]) -> None:
    """The fault names both colours and their contrast, at the place of the one that was chosen."""
    found = said(f"  theme:\n    {theme}\n")

    assert sorted(found) == [f"{place}: {pair}; from 4.5 on it can be read [bad-value]" for pair in pairs]


def test_what_is_no_colour_is_told_as_that_alone() -> None:
    """Contrast is measured only where all colours are some."""
    assert len(said("  theme:\n    colors: {link: '#ccc', page: '#000000'}\n")) == 1


def test_usual_colours_can_be_read() -> None:
    """Neither in light nor in the dark has a text of the usual looks too little contrast."""
    assert list(unreadable_pairs(LIGHT)) == []
    assert list(unreadable_pairs(DARK)) == []
    assert LIGHT.keys() == DARK.keys()


@given(COLOURS, COLOURS)
def test_contrast_is_that_of_wcag(one: str, other: str) -> None:
    """It is between 1 and 21, the same both ways, and 1 between equals."""
    found = contrast(one, other)

    assert 1 <= found <= 21
    assert found == contrast(other, one)
    assert contrast(one, one.upper()) == 1


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("#000000", "#ffffff", 21), ("#767676", "#ffffff", 4.54), ("#0000ff", "#ffff00", 8.00)],
)
def test_contrast_of_known_pairs(one: str, other: str, expected: float) -> None:
    """The figures are those of other programs."""
    assert contrast(one, other) == pytest.approx(expected, abs=0.005)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(LIGHT, COLOURS)))
def test_theme_is_refused_if_and_only_if_it_cannot_be_read(colors: dict[str, str]) -> None:
    """A schedule is good where every pair has its contrast, and bad where one has not."""
    bad = any(found < LEAST_CONTRAST for *_, found in unreadable_pairs(LIGHT | colors))
    try:
        read(theme={"colors": colors})
    except ConfigError:
        assert bad
    else:
        assert not bad
