"""YAML with places: plain texts, and a fault with a place for everything hostile."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from feedmaker.marked_yaml import MAX_DEPTH, MAX_FAULTS, Fault, Mark, load


def test_values_are_texts_and_have_places() -> None:
    """Scalars stay what was written, an absent one is None, and each value and key knows its place."""
    document = load('# a\na: no\nb:\n  - 1:25\n  - "x y"\nc: {d: ~, e: ""}\n', first_line=2)

    assert document.value == {"a": "no", "b": ["1:25", "x y"], "c": {"d": None, "e": ""}}
    assert document.complete
    assert document.faults == []
    assert document.where(("a",)) == Mark(3, 4)
    assert document.where(("b", 1)) == Mark(6, 5)
    assert document.where_key(("c", "e")) == Mark(7, 11)
    assert document.where(("c", "f", "g")) == Mark(7, 4)
    assert document.where_key(("c", "f")) == Mark(7, 4)
    assert document.where(("z",)) == Mark(3, 1)


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "\ufeff# nothing", "---\n"])
def test_nothing_is_nothing(text: str) -> None:
    """A text without values has none, and no faults."""
    document = load(text)

    assert (document.value, document.faults, document.complete) == (None, [], True)


@pytest.mark.parametrize("line_end", ["\x85", "\u2028", "\u2029"])
def test_places_are_those_of_editors(line_end: str) -> None:
    """Line ends that only YAML knows do not move the places of what stands below."""
    document = load(f'a: "x{line_end}y{line_end}z"\nb: *c\n')

    assert document.faults == [
        Fault(Mark(2, 4), "yaml-alias", "aliases (*name) are not supported; write the value out")
    ]


@pytest.mark.parametrize(
    ("text", "mark", "code"),
    [
        ("a: &x 1", Mark(1, 4), "yaml-alias"),
        ("a: *x", Mark(1, 4), "yaml-alias"),
        ("*x : a", Mark(1, 1), "yaml-alias"),
        ("a: !!python/object/apply:os.system [x]", Mark(1, 4), "yaml-tag"),
        ("a: !x y", Mark(1, 4), "yaml-tag"),
        ("a: 1\nb: 2\na: 3", Mark(3, 1), "yaml-duplicate-key"),
        ("a: {b: 1, 'b': 2}", Mark(1, 11), "yaml-duplicate-key"),
        ("? [a]\n: b", Mark(1, 3), "yaml-syntax"),
        ("a: b\n---\nc: d", Mark(2, 1), "yaml-syntax"),
        ("a: b: c", Mark(1, 5), "yaml-syntax"),
        ("a: 'b\nc: d\n\n", Mark(1, 4), "yaml-syntax"),
        ("a: [b\n", Mark(1, 4), "yaml-syntax"),
        ("a:\n\tb: c", Mark(2, 1), "yaml-syntax"),
        ("ä: \x01", Mark(1, 4), "yaml-syntax"),
        ("ä: \ufffe", Mark(1, 4), "yaml-syntax"),
        ("a: @b", Mark(1, 4), "yaml-syntax"),
        ("%FOO\n---\na: b", Mark(1, 5), "yaml-syntax"),
    ],
)
def test_fault_has_its_place(text: str, mark: Mark, code: str) -> None:
    """What is not supported and what is no YAML is one fault at its place."""
    assert [(fault.mark, fault.code) for fault in load(text).faults] == [(mark, code)]


def test_all_faults_are_found_that_reading_survives() -> None:
    """Aliases, anchors, tags and doubled keys do not end the reading."""
    document = load("a: &x 1\nb: *x\nc: !t d\na: 2\ne: f\n")

    assert [fault.code for fault in document.faults] == [
        "yaml-alias",
        "yaml-alias",
        "yaml-tag",
        "yaml-duplicate-key",
    ]
    assert document.complete
    assert document.value == {"a": "2", "b": None, "c": "d", "e": "f"}


def test_what_was_read_before_a_fault_is_kept() -> None:
    """Where reading must stop, the values until then are there, and the document says so."""
    document = load("a: 1\nb: [2\n")

    assert document.value["a"] == "1"
    assert not document.complete


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a, *a, *a]\n" for n in range(20_000)),
        "[" * 500_000,
        "{a: " * 200_000,
        "- " * 300_000,
        "".join(" " * n + "a:\n" for n in range(1000)),
        "a: b\n" * 100_000,
        "a: [" + "!x y, " * 100_000 + "]",
        "a: " + "x" * 900_000,
        '"' * 900_000,
        "a: &" + "x" * 900_000,
    ],
    ids=["aliases", "brackets", "braces", "dashes", "indent", "keys", "tags", "scalar", "quotes", "anchor"],
)
def test_hostile_text_is_cheap(text: str) -> None:
    """Nothing that YAML can do takes long, goes deep or grows."""
    begun = time.process_time()
    document = load(text)

    assert time.process_time() - begun < 5
    assert len(document.faults) <= MAX_FAULTS
    assert all(len(fault.message) < 300 for fault in document.faults)


def test_depth_is_limited() -> None:
    """As many levels as are allowed are read, and one more is a fault."""
    assert load("[" * MAX_DEPTH + "]" * MAX_DEPTH).faults == []
    assert [fault.code for fault in load("[" * (MAX_DEPTH + 1)).faults] == ["yaml-depth"]


# PyYAML writes the line ends of other standards in a way that reads back as spaces.
_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x85\u2028\u2029"), max_size=8)
_SCALARS = st.none() | _TEXTS
_TREES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
)


@settings(max_examples=200)
@given(st.dictionaries(_TEXTS, _TREES, max_size=3))
def test_what_another_writer_wrote_is_read(data: dict[str, Any]) -> None:
    """Texts, nothing, lists and mappings written by PyYAML are read as what they were."""
    document = load(yaml.safe_dump(data, allow_unicode=True))

    assert document.faults == []
    assert document.value == data


@settings(max_examples=400)
@given(
    st.text(
        st.one_of(st.sampled_from("a:-[]{}&*!|>'\"#%@`,?\n\n \t~"), st.characters(codec="utf-8")), max_size=60
    )
)
def test_any_text_is_read_or_has_a_fault_inside_it(text: str) -> None:
    """Any text gives a value or faults, whose places are in the text; PyYAML's own reader agrees on which."""
    document = load(text)
    lines = re.split("\n", text)

    for fault in document.faults:
        assert 1 <= fault.mark.line <= len(lines)
        assert 1 <= fault.mark.column <= len(lines[fault.mark.line - 1]) + 1
    try:
        list(yaml.parse(text, Loader=yaml.CSafeLoader))
    except yaml.YAMLError:
        assert document.faults
