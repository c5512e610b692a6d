"""The plain-text part: a text of its own, with the facts of the HTML part."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given

from feedmaker.errors import TemplateError
from feedmaker.model import Episode, Span
from feedmaker.newsletter.plain_text import WIDTH, render_text, words, wrap
from feedmaker.templating import Templates
from tests.content.episodes import hostile_text
from tests.newsletter import samples
from tests.newsletter.samples import BREAD, HARBOUR, issue, parts


def text_of(*episodes: Episode, **settings: str) -> str:
    """Render the text part of an issue."""
    return parts(issue(*episodes, settings=samples.config(**settings)))[1]


def test_whole_text() -> None:
    """A short issue, as it is read."""
    assert text_of(BREAD, mail="direct", tag="quay-20") == (
        "The Quay Letter\n"
        "========================================================================\n"
        "\n\n"
        "Bread at 3,000 metres\n"
        "------------------------------------------------------------------------\n"
        "Crumb · 15 November 2026\n"
        "https://notes.example.org/episodes/episode-0/\n"
        "\n"
        "A baker from a mountain hut on what happens to dough where water boils\n"
        "at 90 degrees.\n"
        "\n"
        "BIG REVEALS\n"
        "\n"
        "  * She bakes at night because the hut’s generator is quieter then, not\n"
        "    because of tradition.\n"
        "\n"
        "RECOMMENDED IN THIS EPISODE\n"
        "\n"
        "Links marked (paid link) earn us a commission if you buy; the price\n"
        "stays the same.\n"
        "\n"
        "1. A pressure gauge for bicycle tyres\n"
        "   recommended · product\n"
        "\n"
        "    Throw the oven thermometer away.\n"
        "\n"
        "   — (00:10:11)\n"
        "\n"
        "   Find it on Amazon (paid link):\n"
        "   https://www.amazon.com/dp/B0EXAMPLE1?tag=quay-20\n"
        "\n"
        "The whole note:\n"
        "https://notes.example.org/episodes/episode-0/\n"
        "\n\n"
        "========================================================================\n"
        "You get this because you subscribed to The Quay Letter.\n"
        "\n"
        "Unsubscribe:\n"
        "mailto:letter@notes.example.org?subject=unsubscribe\n"
        "\n"
        "All episodes of Quay Notes:\n"
        "https://notes.example.org/\n"
        "\n"
        "Quay Notes\n"
        "Quay Notes, 4 Ropewalk, 1234 Harbourtown\n"
    )


def test_lines_are_short_and_never_more_than_two_empty() -> None:
    """A line holds at most 72 characters, and the text has no holes."""
    text = text_of()

    assert max(map(len, text.split("\n"))) <= WIDTH
    assert "\n\n\n\n" not in text
    assert not re.search(r"[ \t]$", text, re.MULTILINE)


def test_quotes_are_set_off_by_indentation_alone() -> None:
    """A quote stands four spaces in, by paragraphs, and no sign is put round it."""
    text = text_of(HARBOUR)

    assert (
        "\n    So this is the thing I wish I’d had at twenty. It’s a rope with a\n"
        "    computer in it.\n"
        "\n"
        "    And no, you can’t break it… I have tried.\n"
        "\n"
        "   — Marit Oyelaran (01:05:07)\n"
    ) in text
    assert "by Radio Vell (inferred) · recommended · media" in text


def test_links_in_prose_keep_their_address() -> None:
    """The address stands in angle brackets behind the words, or alone where it is the words."""
    address = "https://example.org/a?b=1&c=2"

    assert words((Span("See "), Span("here", href=address), Span("."))) == f"See here <{address}>."
    assert words((Span(address, href=address),)) == address


def test_what_is_left_out_is_announced() -> None:
    """The reader learns that the page holds more."""
    assert "The whole note, with 2 more to remember:\n" in text_of(HARBOUR)
    assert "The whole note:\n" in text_of(BREAD)


@given(hostile_text())
def test_wrapping_changes_white_space_only(text: str) -> None:
    """The words come back in order, no word is broken, and every line is indented."""
    lines = wrap(text, "    ", "  * ").split("\n")

    assert lines[0][:4] == "  * "
    assert all(line[:4] == "    " for line in lines[1:])
    assert " ".join(line[4:] for line in lines).split() == text.split()


def test_long_address_stays_in_one_piece() -> None:
    """An address that is longer than a line has a line of its own."""
    address = f"https://example.org/{'a-long-path/' * 12}"

    assert wrap(f"See {address} for more", "  ").split("\n") == ["  See", f"  {address}", "  for more"]


def test_broken_template_is_named(tmp_path: Path) -> None:
    """A project's own template that fails is named with its line."""
    (tmp_path / "newsletter").mkdir()
    (tmp_path / "newsletter/issue.txt").write_text("Hello\n{{ issue.titel }}\n", "utf-8")

    with pytest.raises(TemplateError, match=r"templates/newsletter/issue\.txt:2:\d+: .*titel"):
        render_text(issue(), Templates(tmp_path))
