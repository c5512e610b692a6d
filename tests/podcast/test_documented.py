"""docs/podcast.md names every element that is written, and its examples can be copied."""

from __future__ import annotations

import re

from lxml import etree

from feedmaker.config import parse_config
from feedmaker.feeds.podcast import (
    NAMESPACES,
    channel_elements,
    item_elements,
    make_channel,
    note_faults,
)
from feedmaker.notes.note import parse_note
from tests.docs.documents import ROOT, blocks, tables
from tests.podcast.samples import AUDIO, broadcast_of, full_episode, make_config, make_episode, make_section

PAGE = (ROOT / "docs" / "podcast.md").read_text("utf-8")
EXAMPLES = [block.text for block in blocks(PAGE) if block.language == "yaml"]
NOTE = """---
show: Undertone
title: Bells
date: 2019-04-12
duration: 1h 12m
{}---

## Big reveals

- One.
"""


def everything() -> list[etree._Element]:
    """Return a podcast and an episode that state every fact."""
    example = parse_config(f"site: {{title: A, address: https://example.org/, author: B}}\n{EXAMPLES[0]}")
    assert example.podcast is not None
    facts = example.podcast.model_dump(by_alias=True, exclude_none=True)
    config = make_config(push={"podping": True}, **{**facts, "complete": True})
    full = full_episode()
    media = {"image": "https://example.org/a.jpg", "transcripts": (AUDIO,)}
    episode = make_episode(
        **{name: getattr(full, name) for name in ("guests", "chapters", "soundbites", "season", "number")},
        **media,
    )
    broadcast = broadcast_of(episode, config)
    channel = make_channel(config, "guid", "https://example.org/a.jpg")
    return [
        *channel_elements(channel, "https://example.org/", moved=True),
        *item_elements(broadcast, AUDIO, 60),
    ]


def test_every_element_has_its_row() -> None:
    """The tables have each element that a podcast feed can hold beside those of every feed, and no other."""
    prefixes = {uri: f"{prefix}:" for prefix, uri in NAMESPACES.items()}
    names = [etree.QName(each) for root in everything() for each in root.iter()]
    written = {f"{prefixes.get(name.namespace or '', '')}{name.localname}" for name in names}

    documented = {
        name for row in tables(PAGE) for name in re.findall(r"`([a-z]+:[A-Za-z-]+|copyright)`", row[0])
    }

    assert documented == written


def test_examples_can_be_copied() -> None:
    """The front matter on the page makes an episode of which nothing is left out."""
    found = parse_note("episodes/bells.md", NOTE.format(EXAMPLES[1]).encode())

    assert found.diagnostics == ()
    assert found.episode is not None
    assert len(found.episode.chapters) == len(found.episode.transcripts) == 2
    assert list(note_faults(found.episode, make_section())) == []
