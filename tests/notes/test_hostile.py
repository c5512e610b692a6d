"""Hostile and broken input: it never ends in a traceback, and every fault points into the file."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from feedmaker.notes.note import Note, parse_note
from tests.notes.strategies import MARKDOWN_NOTES, PAGE_EXPORTS, TEXTS, fuzz

NAMES = st.sampled_from(["episodes/a.md", "episodes/a.txt", "episodes/A.MD"])


def check(note: Note, text: str) -> None:
    """Require an episode or an error, and every place to be one of the file."""
    assert (note.episode is None) == any(diagnostic.is_error for diagnostic in note.diagnostics)
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for diagnostic in note.diagnostics:
        assert 1 <= diagnostic.line <= len(lines), diagnostic
        assert 1 <= diagnostic.column <= len(lines[diagnostic.line - 1]) + 1, diagnostic
        assert diagnostic.message == " ".join(diagnostic.message.split()), diagnostic


@fuzz(500)
@given(NAMES, TEXTS | PAGE_EXPORTS | MARKDOWN_NOTES)
def test_any_text_gives_an_episode_or_an_error(path: str, text: str) -> None:
    """Any text gives an episode or at least one error, with places that exist."""
    check(parse_note(path, text.encode()), text)


@fuzz(500)
@given(NAMES, st.text(st.characters(codec="utf-8"), max_size=40), TEXTS)
def test_any_front_matter_gives_an_episode_or_an_error(path: str, yaml: str, body: str) -> None:
    """Any front matter gives an episode or at least one error, with places that exist."""
    text = f"---\nshow: A\n{yaml}\n---\n{body}"
    check(parse_note(path, text.encode()), text)


@fuzz(200)
@given(NAMES, st.binary(max_size=200))
def test_any_bytes_give_an_episode_or_an_error(path: str, data: bytes) -> None:
    """Any bytes give an episode or at least one error, with places that exist."""
    check(parse_note(path, data), data.decode("utf-8", "replace"))
