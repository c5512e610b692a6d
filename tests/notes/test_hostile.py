"""Hostile and broken input: it never ends in a traceback, and every fault points into the file."""

from __future__ import annotations

import time

import pytest
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


_CARD = "A · 2026-01-02\n\nT\n\nRecommended in this episode\n\nRecommendedBook\n\nN\n\n"
_MATTER = "---\nshow: A\ntitle: B\ndate: 2026-01-02\n"


@pytest.mark.parametrize(
    ("path", "begin", "repeat"),
    [
        ("a.txt", f"{_CARD}“", "” — "),
        ("a.txt", f"{_CARD}“x\n", "” — a\n"),
        ("a.txt", f"{_CARD}“{'x' * 100_000}\n", "Find it on Amazon\n"),
        ("a.txt", f"{_CARD}“x”", "\xa0"),
        ("a.txt", "A · 2026-01-02\n\nT\n\nThe gist\n\nBooks ", "endorsed "),
        ("a.txt", "A · 2026-01-02\n\nT\n\nBig reveals\n\n• a\n", "\nx y\n"),
        ("a.txt", "A · 2026-01-02 ", "· x "),
        ("a.md", _MATTER, "key: x\n"),
        ("a.md", f"{_MATTER}highlight: [", "9, "),
        ("a.md", f"{_MATTER}---\n", "x\n\n"),
        ("a.md", f"{_MATTER}---\n", "*a **b "),
        ("a.md", f"{_MATTER}---\n## Recommendations\n### x\nby ", "recommended · "),
        ("a.md", f"{_MATTER}---\n## Recommendations\n### x\n> a\n> — ", "12:30 "),
        ("a.md", f"{_MATTER}---\n", "> "),
    ],
)
def test_long_and_odd_notes_are_cheap(path: str, begin: str, repeat: str) -> None:
    """What repeats itself for hundreds of kilobytes takes some seconds at most, and has few diagnostics."""
    data = (begin + repeat * (300_000 // len(repeat.encode()))).encode()
    begun = time.process_time()

    note = parse_note(path, data)

    assert time.process_time() - begun < 5
    assert len(note.diagnostics) <= 202


@pytest.mark.parametrize(
    "day", ["1849-12-31", "9999-12-31", "0001-01-01", "2026-02-29", "٢٠٢٦-01-02", "2026-1-2"]
)
def test_day_that_cannot_be_reckoned_with_is_refused(day: str) -> None:
    """Days before all recordings, after the last year of time zones, or of no calendar are faults."""
    note = parse_note(
        "a.md", f"---\nshow: A\ntitle: B\ndate: {day}\npublished: {day}T08:00:00Z\n---\n".encode()
    )

    assert [item.code for item in note.diagnostics] == ["bad-date", "bad-date"]
