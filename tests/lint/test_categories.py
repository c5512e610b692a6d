"""Apple's categories, and the one that somebody meant."""

from __future__ import annotations

import pytest

from feedmaker.categories import CATEGORIES, nearest_category


def test_list_of_categories() -> None:
    """Apple has 19 categories; no name stands twice, and none has space around it."""
    names = [*CATEGORIES, *(each for inside in CATEGORIES.values() for each in inside)]

    assert len(CATEGORIES) == 19
    assert len(names) == len(set(names)) == 110
    assert all(name == name.strip() for name in names)


@pytest.mark.parametrize(
    ("name", "parent", "meant"),
    [
        ("technology", None, "Technology"),
        ("Society and Culture", None, "Society & Culture"),
        ("Tv & Film", None, "TV & Film"),
        ("Self Improvement", "Education", "Self-Improvement"),
        ("Documentry", "Society & Culture", "Documentary"),
        ("Documentary", "Technology", None),
        ("Lamps", "Nothing", None),
        ("Podcasting", None, None),
        ("x" * 10_000, None, None),
    ],
)
def test_category_that_was_meant(name: str, parent: str | None, meant: str | None) -> None:
    """A name in the wrong case, with "and" for "&" or with a slip leads to the right one."""
    assert nearest_category(name, parent) == meant
