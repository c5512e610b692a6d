"""Round trips: what is written reads back as what it was."""

from __future__ import annotations

from hypothesis import given

from feedmaker.model import Episode, Prose
from feedmaker.notes.note import parse_note
from feedmaker.notes.prose import inline, to_markdown
from feedmaker.notes.writing import write_markdown
from tests.notes.strategies import PROSE, episodes, fuzz


@fuzz(12000)
@given(PROSE)
def test_paragraph_reads_back(prose: Prose) -> None:
    """Any paragraph, whatever signs are in it, is the same after Markdown."""
    assert inline(to_markdown(prose)) == prose


@fuzz(5000)
@given(episodes())
def test_episode_reads_back(episode: Episode) -> None:
    """Any episode is the same after its note, about which nothing is said."""
    text = write_markdown(episode)

    note = parse_note("episodes/a.md", text.encode())

    assert note.diagnostics == ()
    assert note.episode == episode
    assert write_markdown(note.episode) == text
