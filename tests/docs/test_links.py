"""Links of the documentation lead somewhere, and so do the ones that the program prints."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.docs.documents import PAGES, ROOT, anchors, links, name_of

_NAMED = re.compile(r"\bdocs/[\w/-]+\.md(?:#[\w-]+)?")


def faults(target: str, page: Path) -> Iterator[str]:
    """Say what is wrong with a link on a page to another page of the repository."""
    parts = urlsplit(target)
    goal = (page.parent / parts.path).resolve() if parts.path else page
    if not goal.is_relative_to(ROOT) or not goal.exists():
        yield f"{target}: there is no such file"
    elif parts.fragment and parts.fragment not in anchors(goal.read_text("utf-8")):
        yield f"{target}: {goal.name} has no such heading"


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CHANGELOG.md"], ids=name_of)
def test_links_between_pages_resolve(page: Path) -> None:
    """Every relative link leads to a file of the repository, and to a heading in it."""
    inside = [target for target in links(page.read_text("utf-8")) if not urlsplit(target).scheme]

    assert [fault for target in inside for fault in faults(target, page)] == []


def test_pages_that_the_program_names_exist() -> None:
    """Messages, comments and templates that send people to a page name one that is there."""
    places = [*(ROOT / "feedmaker").rglob("*.py"), *(ROOT / "templates").rglob("*.*"), ROOT / "schedule.yaml"]
    named = {found for path in places for found in _NAMED.findall(path.read_text("utf-8"))}

    assert named
    assert [fault for target in sorted(named) for fault in faults(target, ROOT / "README.md")] == []


def test_dead_link_is_noticed() -> None:
    """A link to a file or a heading that is not there is a fault."""
    readme = ROOT / "README.md"

    assert list(faults("docs/nothing.md", readme))
    assert list(faults("README.md#nowhere", readme))
    assert list(faults("../outside.md", readme))
    assert not list(faults("README.md#five-minutes", readme))
