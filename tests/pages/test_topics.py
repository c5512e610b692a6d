"""The pages of tags and shows, and the addresses they have."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmaker.pages import (
    ArchiveRow,
    Topic,
    archive_page,
    medium_slug,
    show_page,
    spellings,
    tag_page,
    tag_slug,
    tags_page,
    topics,
)
from tests.content.episodes import hostile_text
from tests.content.reader import Element, read_html
from tests.pages.site import ADDRESS, PACKAGED, SITE, TIDES, publish, row

ROWS = [
    ArchiveRow(f"{ADDRESS}episodes/{n}/", f"Note {n}", "Shoreline", date(2018 + n, 1, 1)) for n in range(3)
]


def main_of(page: bytes) -> Element:
    """Return what a page is about."""
    return read_html(page).one("main")


@pytest.mark.parametrize(
    ("tag", "slug"),
    [
        ("radio", "radio"),
        ("Radio", "radio"),
        ("computer  vision", "computer-vision"),
        ("computer-vision", "computer-vision"),
        ("1984", "1984"),
        ("ＡＩ", "ai"),
    ],
)
def test_plain_tag_is_its_own_address(tag: str, slug: str) -> None:
    """Latin letters and digits make an address that can be read; capitals, spaces and hyphens are one."""
    assert tag_slug(tag) == slug


@pytest.mark.parametrize(
    "tags",
    [
        ("C", "C++", "C#", "C*"),
        ("музыка", "muzyka", "muzika"),
        ("größe", "grosse", "groesse"),
        ("本", "書", "🦉", "!", "?"),
        ("a" * 200, "a" * 201, "a" * 80),
        ("c-86e3b1f4", "c"),
        ("_", "-", "--", "- -"),
    ],
)
def test_different_tags_have_different_addresses(tags: tuple[str, ...]) -> None:
    """What does not read back from its ASCII form is told apart by a mark made from its words."""
    assert len({tag_slug(tag) for tag in tags}) == len(tags)


@given(hostile_text())
def test_any_tag_can_stand_in_an_address(tag: str) -> None:
    """A slug is small letters, digits and hyphens, of a length that every disk takes, and never empty."""
    assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", tag_slug(tag))
    assert len(tag_slug(tag)) <= 89


@given(st.lists(st.text("aA- +.äÄ", min_size=1, max_size=4), min_size=2))
def test_one_address_is_one_tag(tags: list[str]) -> None:
    """Tags share an address only where they differ in nothing but capitals, spaces and hyphens."""
    meant: dict[str, set[str]] = {}
    for tag in tags:
        meant.setdefault(tag_slug(tag), set()).add("-".join(tag.casefold().split()).replace(" ", "-"))

    assert all(len(tags) == 1 for tags in meant.values())


@pytest.mark.parametrize("medium", ["newest", "Newest", "2020", "1", "0999"])
def test_medium_never_has_the_address_of_another_list(medium: str) -> None:
    """What the lists of recommendations are called is no medium's address."""
    assert medium_slug(medium) != tag_slug(medium)
    assert medium_slug("book") == "book"


def test_tag_is_called_as_most_call_it() -> None:
    """Of several spellings of one tag the most frequent counts, and of equals the first."""
    assert spellings(["ai", "AI", "AI", "Radio", "radio"]) == {"ai": "AI", "radio": "Radio"}


def test_episodes_are_gathered_by_tag() -> None:
    """Each tag has the episodes that have it, once each, and tags stand in the order of the alphabet."""
    first, second, third = ROWS

    found = topics([(first, ["zinc", "AI"]), (second, ["ai", "AI"]), (third, [])])

    assert found == [Topic("ai", "AI", (first, second)), Topic("zinc", "zinc", (first,))]


def test_tag_page_lists_its_episodes_newest_first() -> None:
    """The page of a tag says how many episodes have it and lists them like the list of all does."""
    page = read_html(tag_page(PACKAGED, SITE, Topic("c-sharp", "C#", tuple(ROWS))))
    main = page.one("main")

    assert main.one("h1").one("q").text == "C#"
    assert page.one("title").text == "Tagged C# · Harbour Notes"
    assert main.one("p", class_="facts").text == "3 episodes · All tags"
    lines = [a.text for ul in main.find("ul", class_="archive") for a in ul.find("a")]
    assert lines == ["Note 2", "Note 1", "Note 0"]
    assert page.one("link", rel="canonical").attributes["href"] == f"{ADDRESS}tags/{tag_slug('C#')}/"


def test_show_page_lists_its_episodes() -> None:
    """The page of a show has its episodes and leads to those of all shows."""
    main = main_of(show_page(PACKAGED, SITE, Topic("shoreline", "Shoreline", (ROWS[0],))))

    assert main.one("h1").text == "Shoreline"
    assert main.one("p", class_="facts").text == "1 episode · Episodes of all shows"
    assert main.one("ul", class_="archive").one("a").attributes["href"] == "../../episodes/0/"


@pytest.mark.parametrize("write", [tag_page, show_page])
def test_topic_without_episodes_has_a_page(write: Callable[..., bytes]) -> None:
    """A page that a feed leads to stays when the last episode of its tag or show goes."""
    page = write(PACKAGED, SITE, Topic("sea", "sea", ()))

    assert "0 episodes" in main_of(page).text


def test_all_tags_are_listed_with_their_counts() -> None:
    """The list of tags leads to each tag's page and says how many episodes it has."""
    tags = [Topic("c-1", "C++", tuple(ROWS)), Topic("sea", "sea", tuple(ROWS[:1]))]

    lines = main_of(tags_page(PACKAGED, SITE, tags)).one("ul", class_="topics").find("li")

    assert [(line.text, line.one("a").attributes["href"]) for line in lines] == [
        ("C++ 3", "../tags/c-1/"),
        ("sea 1", "../tags/sea/"),
    ]
    assert "No episode has a tag yet." in main_of(tags_page(PACKAGED, SITE, [])).text


def test_archive_looks_like_a_topic() -> None:
    """Tags and shows build on the list of all episodes, so a project changes all of them at once."""
    (line,) = main_of(archive_page(PACKAGED, SITE, [row(publish(TIDES))])).find("li")
    (same,) = main_of(show_page(PACKAGED, SITE, Topic("s", "S", (row(publish(TIDES)),)))).find("li")

    assert line.text == same.text
