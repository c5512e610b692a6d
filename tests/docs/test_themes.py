"""docs/themes.md names all that a template can use, and shows pictures that the program makes."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
from PIL import Image

from docs.pictures.make import HERE, PICTURES, Picture, documented_theme
from feedmaker.config import Theme, parse_config
from feedmaker.config.colours import DARK, LIGHT
from feedmaker.config.newsletter import SECTIONS
from feedmaker.merchants import BuyLink
from feedmaker.newsletter.issue import Card, Correction, EpisodeView, IssueContent
from tests.docs.documents import PAGES, ROOT, blocks, prose, tables
from tests.docs.test_references import LEAST

TEXT = (ROOT / "docs" / "themes.md").read_text("utf-8")
ROWS = list(tables(TEXT))
TEMPLATES = ROOT / "templates" / "newsletter"
VALUES = {
    "issue": IssueContent,
    "episode": EpisodeView,
    "card": Card,
    "card.link": BuyLink,
    "correction": Correction,
    "issue.theme": Theme,
}
_IMAGE = re.compile(r"!\[(?P<words>[^\]]*)\]\((?P<target>[^)]+)\)")


def cells(name: str) -> list[list[str]]:
    """Return the rows whose first cell is code that matches."""
    return [row for row in ROWS if re.fullmatch(name, row[0].strip("`"))]


def members(kind: type) -> list[str]:
    """Return the names of the fields and properties of a class, in their order."""
    own = list(Theme.model_fields) if kind is Theme else [field.name for field in fields(kind)]
    return own + [name for name, value in vars(kind).items() if isinstance(value, property)]


@pytest.mark.parametrize("name", VALUES)
def test_every_value_that_templates_get_is_documented(name: str) -> None:
    """Each field and property has a row, and no other has one."""
    rows = [row[0].strip("`").rpartition(".") for row in cells(r"[a-z.]+\.[a-z_]+") if len(row) == 2]

    assert sorted(last for before, _, last in rows if before == name) == sorted(members(VALUES[name]))


def test_every_part_is_listed() -> None:
    """Each file in parts/ stands in the table, and no other."""
    listed = {name for row in ROWS for name in re.findall(r"`(\w+\.(?:mjml|txt))`", row[0])}

    assert listed == {path.name for path in (TEMPLATES / "parts").iterdir()}


def test_every_block_is_listed() -> None:
    """Each block of both templates stands in the table, in its order; `none` marks what the text has not."""
    start = ROWS.index(["block", "in `issue.mjml`", "in `issue.txt`"])
    listed = [row for row in ROWS[start + 1 :] if len(row) == 3]
    of_html, of_text = (
        re.findall(r"{% block (\w+) %}", (TEMPLATES / name).read_text("utf-8"))
        for name in ("issue.mjml", "issue.txt")
    )
    rows = listed[: len(of_html)]

    assert [row[0].strip("`") for row in rows] == of_html
    assert [row[0].strip("`") for row in rows if row[2] != "none"] == of_text


def test_every_colour_is_listed_with_its_defaults() -> None:
    """The table has each colour's name and both defaults, in order."""
    rows = [[cell.strip("`") for cell in row[:3]] for row in ROWS if len(row) == 4 and "#" in row[1]]

    assert rows == [[name, LIGHT[name], DARK[name]] for name in LIGHT]


def test_names_of_sections_are_told() -> None:
    """All sections are named in their usual order."""
    told = ", ".join(f"`{name}`" for name in SECTIONS[:-1])

    assert f"{told} and `{SECTIONS[-1]}`" in " ".join(prose(TEXT).split())


def test_theme_that_is_shown_is_valid() -> None:
    """The example is accepted, and it is the theme of the picture beside it."""
    (example,) = (block.text for block in blocks(TEXT) if block.language == "yaml")

    assert documented_theme() in example
    assert parse_config(LEAST["site"] + example).newsletter


def shown(page: Path) -> dict[Path, str]:
    """Return the pictures of a page, each with its alternative text."""
    found = _IMAGE.finditer(page.read_text("utf-8"))
    return {(page.parent / image["target"]).resolve(): image["words"] for image in found}


def test_pictures_are_those_that_the_script_draws() -> None:
    """Each picture of a page exists and is drawn, each that is drawn is shown, and all have words."""
    pictures = [picture for page in PAGES for picture in shown(page).items()]

    assert {path for path, _ in pictures} == {HERE / picture.name for picture in PICTURES}
    assert all(path.is_file() and len(words) > 20 for path, words in pictures)


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_picture_is_small(picture: Picture) -> None:
    """A picture has the size of a phone's screen, twice, and few bytes."""
    path = HERE / picture.name

    with Image.open(path) as image:
        assert image.size == (780, 1720)
    assert path.stat().st_size < 150_000
