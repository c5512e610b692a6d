"""The plain-text part: a text of its own, with the facts of the HTML part."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given

from feedmaker.errors import TemplateError
from feedmaker.model import Episode, Span
from feedmaker.newsletter.leaving import TOKEN_SLOT
from feedmaker.newsletter.plain_text import WIDTH, Links, render_text, wrap
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
        "27 November 2026\n"
        "\n\n"
        "Bread at 3,000 metres\n"
        "------------------------------------------------------------------------\n"
        "Crumb · 15 November 2026\n"
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
        "  * A pressure gauge for bicycle tyres\n"
        "    recommended · product\n"
        "\n"
        "        Throw the oven thermometer away.\n"
        "\n"
        "    — (00:10:11)\n"
        "\n"
        "    Find it on Amazon [1] (paid link)\n"
        "\n"
        "[1] (paid link) https://www.amazon.com/dp/B0EXAMPLE1?tag=quay-20\n"
        "\n"
        "Read it on the site:\n"
        "https://notes.example.org/episodes/episode-0/\n"
        "\n\n"
        "========================================================================\n"
        "You get this because you subscribed to The Quay Letter.\n"
        "\n"
        "Unsubscribe:\n"
        f"mailto:letter@notes.example.org?subject=unsubscribe%20{TOKEN_SLOT}\n"
        "\n"
        "All episodes: Quay Notes\n"
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
    """A quote stands four spaces in from its card, by paragraphs, and no sign is put round it."""
    text = text_of(HARBOUR)

    assert (
        "\n        So this is the thing I wish I’d had at twenty. It’s a rope with\n"
        "        a computer in it.\n"
        "\n"
        "        And no, you can’t break it… I have tried.\n"
        "\n"
        "    — Marit Oyelaran (01:05:07)\n"
    ) in text
    assert "by Radio Vell (inferred) · recommended · media" in text


def test_links_in_prose_keep_their_address() -> None:
    """A number stands behind the words, and the address in the list; or alone where it is the words."""
    address = "https://example.org/a?b=1&c=2"
    links = Links()

    assert links.words((Span("See "), Span("here", href=address), Span("."))) == "See here [1]."
    assert links.words((Span("https://example.org/", href="https://example.org/"),)) == "https://example.org/"
    assert links.take() == [f"[1] {address}"]


def test_links_are_numbered_through_the_whole_text() -> None:
    """An address that comes again in a list has the number that it has; the next list goes on counting."""
    links = Links()
    numbers = [links.to("https://a.example/"), links.to("https://b.example/"), links.to("https://a.example/")]

    assert numbers == ["[1]", "[2]", "[1]"]
    assert links.take() == ["[1] https://a.example/", "[2] https://b.example/"]
    assert links.to("https://b.example/", paid=True) == "[3] (paid link)"
    assert links.take() == ["[3] (paid link) https://b.example/"]
    assert links.take() == []


def test_each_number_is_in_a_list_after_it() -> None:
    """Whoever meets a number finds its address below, once."""
    text = text_of(HARBOUR, BREAD, mail="direct", tag="quay-20")
    lists = re.findall(r"^\[(\d+)\]", text, re.MULTILINE)
    used = [(found[1], found.start()) for found in re.finditer(r"(?<=[^\n])\[(\d+)\]", text)]

    assert lists == [str(number + 1) for number in range(len(lists))]
    assert {number for number, _ in used} == set(lists)
    assert all(at < text.index(f"\n[{number}]") for number, at in used)


def test_what_is_left_out_is_announced() -> None:
    """The reader learns that the page holds more."""
    assert "Read it on the site, with 2 more things to remember:\n" in text_of(HARBOUR)
    assert "Read it on the site:\n" in text_of(BREAD)


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
