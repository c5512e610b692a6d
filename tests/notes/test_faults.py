"""Diagnostics: what each fault is called, where it is, and that all of a file are reported at once."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmaker.notes.decoding import decode
from feedmaker.notes.faults import Faults
from feedmaker.notes.lines import UNPRINTABLE
from feedmaker.notes.note import Note, parse_note
from tests.notes.strategies import fuzz

ROOT = Path(__file__).parents[2]
FAULTS = sorted(path for path in (Path(__file__).parent / "faults").iterdir() if path.suffix != ".expected")
PAGE = "A · 2024-05-06 · 45m\n\nT\n\n"
MATTER = "---\nshow: A\ntitle: T\ndate: 2024-05-06\n---\n"
SHORT = f"{MATTER}A train.\n"


def said(note: Note) -> list[str]:
    """Return the diagnostics of a note as they are printed."""
    return [str(diagnostic) for diagnostic in note.diagnostics]


@pytest.mark.parametrize("path", FAULTS, ids=lambda path: path.name)
def test_fault_is_reported_as_written_beside_it(path: Path) -> None:
    """Each note with faults gives exactly the diagnostics that stand beside it."""
    note = parse_note(path.name, path.read_bytes())

    assert "".join(f"{line}\n" for line in said(note)) == path.with_name(f"{path.name}.expected").read_text(
        "utf-8"
    )
    assert path.name.split(".")[0] in {"all-at-once", *(diagnostic.code for diagnostic in note.diagnostics)}


NO_TEXT = (
    "1:1: error: this is no text in UTF-8; save a text as UTF-8, and move other files elsewhere [binary-file]"
)
NOT_UTF8 = "is not UTF-8; save the file as UTF-8 [bad-encoding]"
MADE = {
    "utf-16": (SHORT.encode("utf-16"), ["1:1: error: this is UTF-16; save the file as UTF-8 [bad-encoding]"]),
    "utf-16 without mark": (
        SHORT.encode("utf-16-le"),
        [NO_TEXT],
    ),
    "windows": (
        SHORT.replace("train", "“train”").encode("cp1252"),
        [f'6:3: error: the byte 0x93 (Windows would read "“") {NOT_UTF8}'],
    ),
    "old mac": (
        SHORT.replace("\n", "\r").encode() + b"\xff",
        [f'7:1: error: the byte 0xFF (Windows would read "ÿ") {NOT_UTF8}'],
    ),
    "no windows text either": (
        b"a\x81",
        [f"1:2: error: the byte 0x81 {NOT_UTF8}"],
    ),
    "picture": (
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        [NO_TEXT],
    ),
    "empty": (
        b"",
        ["1:1: error: the file is empty; `feedmaker new TITLE` writes one to begin with [empty-note]"],
    ),
    "blank": (
        "\ufeff \n\t\r\n\xa0".encode(),
        ["1:1: error: the file is empty; `feedmaker new TITLE` writes one to begin with [empty-note]"],
    ),
    "large": (
        SHORT.encode() + b"x" * 1_000_000,
        ["1:1: error: 1,000,051 bytes; a note has at most 1,000,000 [too-large]"],
    ),
    "control characters": (
        SHORT.replace("train", "tr\x1bain\x9b").encode(),
        ["6:5: warning: 2 control character(s), the first is U+001B; shown as ␛ [control-character]"],
    ),
}


@pytest.mark.parametrize("name", MADE)
def test_bytes_that_are_no_note_are_reported(name: str) -> None:
    """What is no text, or no text of ours, is said in one line."""
    data, expected = MADE[name]

    assert said(parse_note("a.md", data)) == [f"a.md:{line}" for line in expected]


def test_control_characters_become_visible() -> None:
    """Control characters never reach an episode, whether written as they are, in YAML or as HTML has them."""
    text = "---\nshow: \"A\\x01\"\ntitle: 'T\x07'\ndate: 2024-05-06\n---\na\x1b&#1;&#xFFFE;&#127;b\n"

    note = parse_note("a.md", text.encode())

    assert note.episode is not None
    assert (note.episode.show, note.episode.title) == ("A␁", "T␇")
    assert note.episode.dek[0].text == "a␛␁␦␡b"


@fuzz(200)
@given(
    st.text(
        st.sampled_from("a é·—漢\ufeff\ufffd\n\t\x85")
        | st.characters(categories=["Cc"])
        | st.sampled_from("\ufffe\uffff")
    )
)
def test_no_control_character_is_kept(text: str) -> None:
    """Whatever stands beside them, all control characters and non-characters of a file are replaced."""
    faults = Faults("a.md")
    clean = decode(f"x{text}".replace("\0", "\x01").encode(), faults)

    assert clean is not None
    assert not UNPRINTABLE.search(clean)
    assert bool(faults.warnings) == (UNPRINTABLE.search(text.replace("\0", "\x01")) is not None)


def test_a_hundred_errors_are_enough() -> None:
    """Of a file that is no note only the first hundred errors and the first hundred warnings are shown."""
    keys = "".join(f"key{number}: x\n" for number in range(300))
    paragraphs = "[a](b)\n\n" * 300
    note = parse_note("a.md", SHORT.replace("show", f"{keys}show").encode() + paragraphs.encode())

    counts = [[item.is_error for item in note.diagnostics].count(is_error) for is_error in (True, False)]
    assert counts == [101, 101]
    assert [item.code for item in note.diagnostics].count("too-many-faults") == 2
    assert note.episode is None


# --- the codes, in the source, in tests and in the documentation ------------------------------------------

CODE = re.compile(r"[a-z]+(-[a-z]+)*")
# Where a code stands among the arguments of what reports it.
PLACES = {"error": 1, "warn": 1, "_error": 1, "_warn": 1, "_report": 1, "_refuse": 1, "Fault": 1, "Clash": 1}
PLACES |= {"Diagnostic": 3, "read": 3, "fault": 0, "_link_warning": 2}


def codes_in(tree: ast.AST) -> Iterator[str]:
    """Yield the codes that a module reports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            place = PLACES.get(ast.unparse(node.func).rpartition(".")[2], len(node.args))
            named = (keyword.value for keyword in node.keywords if keyword.arg == "code")
            yield from _texts(*node.args[place : place + 1], *named)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple):
            names = [ast.unparse(target) for target in node.targets[0].elts]
            if "code" in names and isinstance(node.value, ast.Tuple):
                yield from _texts(node.value.elts[names.index("code")])
        elif isinstance(node, ast.Tuple) and len(node.elts) == 3 and isinstance(node.elts[2], ast.JoinedStr):
            # Key, code and message, gathered for later.
            yield from _texts(node.elts[1])
        elif isinstance(node, ast.arguments):
            defaults = zip(node.args[::-1], node.defaults[::-1], strict=False)
            yield from _texts(*(value for argument, value in defaults if argument.arg == "code"))


def _texts(*nodes: ast.expr) -> Iterator[str]:
    values = (node.value for node in nodes if isinstance(node, ast.Constant))
    yield from (value for value in values if isinstance(value, str) and CODE.fullmatch(value))


SOURCES = {path: path.read_text("utf-8") for path in (ROOT / "feedmaker").rglob("*.py")}
REPORTED = {code for text in SOURCES.values() for code in codes_in(ast.parse(text))}
# What a note alone can bring about; other codes are those of a whole folder or of the configuration.
OF_NOTES = {
    code
    for path, text in SOURCES.items()
    if path.parent.name == "notes" or path.name == "marked_yaml.py"
    for code in codes_in(ast.parse(text))
}
PAGE_OF_CODES = (ROOT / "docs" / "diagnostics.md").read_text("utf-8")
SECTIONS = dict(
    re.findall(r"^## ([a-z-]+)$(.*?)(?=^## [a-z-]+$|\Z)", PAGE_OF_CODES, re.MULTILINE | re.DOTALL)
)


def test_every_code_is_explained_and_every_explained_code_exists() -> None:
    """The page of diagnostics has the codes of the program, all of them and no others, in order."""
    assert list(SECTIONS) == sorted(REPORTED)


@pytest.mark.parametrize("code", sorted(REPORTED))
def test_every_code_has_a_test(code: str) -> None:
    """Each code has a note that brings it about, or a test that names it."""
    tests = "".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("*.py"))
    named = f'"{code}"' in tests or f"[{code}]" in tests

    assert named or any(path.name.startswith(f"{code}.") for path in FAULTS)


EXAMPLES = [
    (code, kind, text)
    for code, section in SECTIONS.items()
    if code in OF_NOTES
    for kind, text in re.findall(r"^```(\w+)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
]


def _example(kind: str, text: str) -> Note:
    """Read an example of the page, with the sound rest of a note around it."""
    if kind == "text":
        whole = " · 2" in text or text.startswith(("---", "Home"))
        return parse_note("a.txt", (text if whole else PAGE + text).encode())
    if kind == "markdown":
        return parse_note("a.md", f"{MATTER}\n{text}".encode())
    given = set(re.findall(r"^(\w+):", text, re.MULTILINE))
    rest = (line for line in MATTER.splitlines()[1:-1] if line.partition(":")[0] not in given)
    return parse_note("a.md", "\n".join(["---", *rest, f"{text}---\n"]).encode())


@pytest.mark.parametrize(("code", "kind", "text"), EXAMPLES, ids=[code for code, _, _ in EXAMPLES])
def test_example_of_the_page_brings_its_diagnostic_about(code: str, kind: str, text: str) -> None:
    """Each example of the page of diagnostics does what the page says, with the severity that it names."""
    found = [item for item in _example(kind, text).diagnostics if item.code == code]

    assert found
    assert found[0].severity.capitalize() in SECTIONS[code].partition(".")[0]


def test_most_codes_have_an_example() -> None:
    """Only what a few lines of text cannot show has no example."""
    by_bytes = {
        "bad-encoding",
        "binary-file",
        "control-character",
        "empty-note",
        "too-large",
        "too-many-faults",
    }

    assert OF_NOTES - {code for code, _, _ in EXAMPLES} == by_bytes
