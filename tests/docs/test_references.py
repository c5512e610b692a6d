"""The reference pages name everything that there is to name, and nothing else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from datetime import time
from typing import Any, get_args, get_origin, get_type_hints

import click
import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from feedmaker.cli import cli
from feedmaker.config import Config, parse_config
from feedmaker.doctor.findings import RULES
from feedmaker.feeds.data import EpisodeData
from feedmaker.newsletter.checks import CURES
from feedmaker.notes.front_matter import KNOWN, REQUIRED
from feedmaker.plain_times import parse_when
from tests.docs.documents import PAGES, ROOT, blocks, name_of, tables
from tests.test_layers import FILES, imported_names

DOCS = ROOT / "docs"
LEAST = {
    "site": 'site: {title: A, address: "https://example.org/", author: B}\n',
    "newsletter": "newsletter: {title: A, from: {name: B, email: b@example.org}, postal_address: C}\n",
}
_SECTION = re.compile(r"^(\w+):", re.MULTILINE)


def page(name: str) -> str:
    """Return the text of a page of docs/."""
    return (DOCS / name).read_text("utf-8")


def cell(text: str) -> str:
    """Return what a table's cell says, without the marks of code."""
    return text.strip("`")


# schedule.yaml


def models(annotation: Any) -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield the models inside a type, each with the step of a path that leads there."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield "", annotation
    step = ".NAME" if get_origin(annotation) is Mapping else ""
    for argument in get_args(annotation):
        yield from ((step + more, model) for more, model in models(argument))


def keys(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Yield the path and field of every key of a model that holds a value."""
    for name, field in model.model_fields.items():
        path = prefix + (field.alias or name)
        inner = list(models(field.annotation))
        if prefix or not inner:
            yield path, field
        for step, part in inner:
            yield from keys(part, f"{path}{step}.")


def default(field: FieldInfo) -> str:
    """Write a default as the pages do."""
    if field.is_required():
        return "required"
    value = field.default
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, BaseModel):
        return "see below"
    if isinstance(value, tuple) and value:
        return f"[{', '.join(value)}]"
    return "none" if value in (None, (), {}) else f"{value:%H:%M}" if isinstance(value, time) else str(value)


def test_documented_plain_words_are_understood() -> None:
    """Every form in the table of plain words is one that a job can have."""
    section = page("scheduling.md").partition("### Plain words")[2].partition("###")[0]
    forms = [form for row in tables(section) for form in re.findall("`([^`]+)`", row[0]) if form != "when:"]

    assert len(forms) > 15
    for form in forms:
        assert parse_when(form) is not None


def test_every_key_of_the_schedule_is_documented_with_its_default() -> None:
    """The tables of configuration.md have each key of the models, its true default, and no other key."""
    rows = {cell(row[0]): cell(row[1]) for row in tables(page("configuration.md")) if "." in row[0]}

    assert rows == {path: default(field) for path, field in keys(Config)}


def examples() -> list[Any]:
    """Return the examples of configuration.md, each with the line on which it begins."""
    return [
        pytest.param(block.text, id=f"line-{block.line}")
        for block in blocks(page("configuration.md"))
        if block.language == "yaml" and _SECTION.search(block.text)
    ]


@pytest.mark.parametrize("text", examples())
def test_examples_of_the_schedule_are_valid(text: str) -> None:
    """Each example, put into a small schedule.yaml, is accepted."""
    rest = [part for section, part in LEAST.items() if section not in _SECTION.findall(text)]

    parse_config("".join([*rest, text]))


def test_environment_variables_are_documented() -> None:
    """Every variable that the program reads stands in the section about secrets."""
    named = {
        name
        for path in (ROOT / "feedmaker").rglob("*.py")
        for name in re.findall(r"\bFEEDMAKER_[A-Z_]+\b", path.read_text("utf-8"))
    }
    documented = {cell(row[0]) for row in tables(page("configuration.md"))}

    assert named
    assert {variant for name in named for variant in (name, f"{name}_FILE")} <= documented


# Notes


def test_every_key_of_the_front_matter_is_documented() -> None:
    """The table of notes.md has each known key in its order, and marks those that every note needs."""
    rows = [row for row in tables(page("notes.md")) if cell(row[0]) in KNOWN]

    assert [cell(row[0]) for row in rows] == list(KNOWN)
    assert [cell(row[0]) for row in rows if row[1] == "required"] == list(REQUIRED)


# Feeds


def members(data: Any, prefix: str = "") -> Iterator[str]:
    """Yield the path of every member of a typed dictionary."""
    for name, hint in get_type_hints(data).items():
        yield prefix + name
        inner = next((part for part in (hint, *get_args(hint)) if hasattr(part, "__required_keys__")), None)
        if inner:
            yield from members(inner, f"{prefix}{name}.")


def test_every_member_of_the_notes_as_data_is_documented() -> None:
    """The table of feeds.md has each member of `_episode_notes`, in its order, and no other."""
    rows = [cell(row[0]) for row in tables(page("feeds.md")) if row[0].startswith("`")]

    assert rows == list(members(EpisodeData))


# The newsletter


def test_every_finding_of_an_issue_is_documented_with_its_cure() -> None:
    """The table of newsletter.md has each code, in its order, with the severity and cure that are told."""
    rows = [row for row in tables(page("newsletter.md")) if row[1] in ("error", "warning")]

    assert [(cell(row[0]), (row[1], row[3])) for row in rows] == list(CURES.items())


def test_every_finding_of_the_doctor_is_documented_with_its_cure() -> None:
    """The table of deliverability.md has each code, in its order, with the level and cure that are told."""
    rows = [row for row in tables(page("deliverability.md")) if row[1] in ("error", "warning")]

    assert [(cell(row[0]), row[1], row[3]) for row in rows] == [
        (code, level, cure) for code, (_, level, _, cure) in RULES.items()
    ]


# Commands


def commands(group: click.Group, words: str = "feedmaker") -> Iterator[tuple[str, click.Command]]:
    """Yield every command that does something, with the words that call it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command
        if isinstance(command, click.Group):
            yield from commands(command, f"{words} {name}")
        else:
            yield f"{words} {name}", command


COMMANDS = dict(commands(cli))


def described(words: str) -> str:
    """Return the paragraphs of commands.md about a command."""
    paragraphs = page("commands.md").split("\n\n")
    return "\n".join(part for part in paragraphs if f"**`{words}" in part)


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_is_documented_with_its_options(words: str) -> None:
    """commands.md has a paragraph for each command that names its options and arguments."""
    text = described(words)
    own = [part for part in COMMANDS[words].params if part.name not in ("help", "folder")]
    wanted = [name for part in own if isinstance(part, click.Option) for name in part.opts]

    assert text, f"{words} has no paragraph"
    assert all(name in text for name in wanted if name != "--json"), wanted
    assert "--json" not in wanted or "--json" in text or "`--json`" in page("commands.md").split("##")[0]


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_is_shown(words: str) -> None:
    """Some page shows each command at work."""
    shown = "\n".join(
        block.text
        for path in PAGES
        for block in blocks(path.read_text("utf-8"))
        if block.language in {"sh", "console"}
    )

    assert re.search(words.replace("feedmaker ", r"feedmaker (-C \S+ )?"), shown)


# The program and the pages about it


def test_every_module_is_on_the_map() -> None:
    """architecture.md names every module and package of the program."""
    program = ROOT / "feedmaker"
    modules = {path.stem for path in program.glob("*.py")} - {"__init__"}
    packages = {path.parent.name for path in program.glob("*/__init__.py")}
    words = set(re.findall(r"[\w.]+", page("architecture.md")))

    assert {f"{name}.py" for name in modules} | packages <= words


def test_every_page_is_reachable_from_the_readme() -> None:
    """The README names each page of docs/, and the list of decisions names each decision."""
    readme = (ROOT / "README.md").read_text("utf-8")
    decisions = page("decisions/README.md")

    assert all(name_of(path) in readme for path in DOCS.glob("*.md"))
    assert all(
        path.name in decisions for path in (DOCS / "decisions").glob("*.md") if path.name != "README.md"
    )


def test_map_goes_from_left_to_right() -> None:
    """A module imports only what stands in the line of its package in architecture.md, or above."""
    lines = [row[0] for row in tables(page("architecture.md"))]
    place = {
        name.partition(".py")[0].strip("/"): line
        for line, names in enumerate(lines)
        for name in re.findall(r"`([^`]+)`", names)
    }

    wrong = {
        f"{top} imports {used}"
        for module, path in FILES.items()
        for _, name in imported_names(ast.parse(path.read_text("utf-8")))
        if (top := module.partition(".")[0]) in place
        if (used := name.removeprefix("feedmaker.").partition(".")[0]) in place
        if name.startswith("feedmaker.") and place[used] > place[top]
    }

    assert not wrong


def test_every_word_of_the_glossary_stands_there_once() -> None:
    """One word for each thing, and one thing for each word."""
    words = [word for row in tables(page("glossary.md")) for word in re.findall(r"\*\*(.+?)\*\*", row[0])]

    assert len(words) > 50
    assert sorted(words) == sorted(set(words))
