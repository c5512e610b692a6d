"""Round trips: what is written reads back as what it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given

from feedmaker.model import Episode, Prose, Span
from feedmaker.notes.note import parse_note
from feedmaker.notes.prose import inline, to_markdown
from feedmaker.notes.writing import write_markdown
from tests.notes.strategies import MARKDOWN_NOTES, PAGE_EXPORTS, PROSE, TEXTS, episodes, fuzz

PAGES = sorted((Path(__file__).parent / "data").glob("*.txt"))


@fuzz(500)
@given(PROSE)
def test_paragraph_reads_back(prose: Prose) -> None:
    """Any paragraph, whatever signs are in it, is the same after Markdown."""
    assert inline(to_markdown(prose)) == prose


@pytest.mark.parametrize(
    ("spans", "markdown"),
    [
        ([Span("x", strong=True), Span("y", emphasis=True)], "**x***y*"),
        ([Span("x y ", strong=True), Span("z")], "**&#120; y&#32;**&#122;"),
        ([Span("a "), Span("b", strong=True, emphasis=True), Span(" c")], "a ***b*** c"),
        ([Span("`", code=True)], "`` ` ``"),
        ([Span("<b>", href="https://a.example/?x=&lt;")], "[\\<b>](<https://a.example/?x=\\&lt;>)"),
        (
            [Span("\\[x]: y", code=True, href="https://a.example/")],
            "[](<https://a.example/>)[`\\[x]: y`](<https://a.example/>)",
        ),
    ],
)
def test_paragraph_is_written_as_readably_as_markdown_allows(spans: list[Span], markdown: str) -> None:
    """References and an empty link guard markings only where nothing else would."""
    assert to_markdown(tuple(spans)) == markdown
    assert inline(markdown) == tuple(spans)


@fuzz(300)
@given(episodes())
def test_episode_reads_back(episode: Episode) -> None:
    """Any episode is the same after its note, about which nothing is said."""
    text = write_markdown(episode)

    note = parse_note("episodes/a.md", text.encode())

    assert note.diagnostics == ()
    assert note.episode == episode
    assert write_markdown(note.episode) == text


def check_conversion(path: str, data: bytes) -> None:
    """Require that a note which can be read is the same after it was written anew, for readers too."""
    note = parse_note(path, data)
    if note.episode is None:
        return
    text = write_markdown(note.episode)
    again = parse_note("episodes/a.md", text.encode())
    assert again.diagnostics == ()
    assert again.episode == note.episode
    assert again.facts.digest == note.facts.digest
    assert write_markdown(again.episode) == text


@fuzz(400)
@given(PAGE_EXPORTS | TEXTS.map("A · 2026-01-02\n\nT\n{}".format))
def test_page_export_is_converted_without_loss(text: str) -> None:
    """Whatever a page export says, its Markdown form says the same."""
    check_conversion("episodes/a.txt", text.encode())


@fuzz(400)
@given(MARKDOWN_NOTES)
def test_note_written_anew_says_the_same(text: str) -> None:
    """Whatever a Markdown note says, and however it is written, it says the same when written by us."""
    check_conversion("episodes/a.md", text.encode())


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_fixture_is_converted_without_loss(path: Path) -> None:
    """Each page export of the fixtures is the same episode in Markdown."""
    check_conversion(path.name, path.read_bytes())
