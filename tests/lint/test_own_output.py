"""The lint accepts what we write ourselves, whatever the notes say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from feedmaker.lint.check import lint_set
from tests.lint.documents import told
from tests.projects import FIRST, MUCH_LATER, ProjectFolder

_BASE = "https://lamp.example.org/notes/"
_AUDIO = "audio: {url: 'https://media.example.org/%s.mp3?a=1&b=2', length: 61234567, type: audio/mpeg}\n"
_TITLES = (
    "AT&T",
    "a &amp; b &lt;i&gt;",
    "1 < 2 > 0",
    "<b>bold</b>",
    "<script>alert(1)</script>",
    "]]> and <![CDATA[ and --> and <!--",
    "{{ 7 * 7 }} {% raw %}",
    "&#60;&#x3c;&nbsp;&copy",
    "<?xml version='1.0'?>",
    "Übersicht 🎧 e\u0301",
)

_EVERYTHING = """
feeds: {entries: 3, tags: all, shows: all}
push: {hubs: ["https://hub.example.org/"], automatic: false}
podcast:
  title: Keepers & lamps
  image: https://media.example.org/cover.jpg
  category: [Arts > Books, Technology]
  type: serial
  owner: {name: Orla Finch, email: orla@example.org}
  hosts: [Orla Finch]
  license: cc-by-4.0
  funding: [{url: "https://example.org/give", text: Oil & wicks}]
  update_frequency: {text: weekly, rrule: FREQ=WEEKLY}
  txt: [{purpose: verify, text: abc}]
"""
_EPISODE = """\
audio: {{url: 'https://media.example.org/{0}.mp3?a=1&b=2', length: 61234567}}
duration: 1h
season: 1
episode: {0}
tags: [R&D]
chapters:
  - {{at: 00:00:00, title: A & <b>}}
  - {{at: 00:10:00, title: B}}
soundbites:
  - {{at: 00:31:00, duration: 45s, reveal: 1}}
transcript: [https://media.example.org/{0}.vtt, https://media.example.org/{0}.html]
"""


def accept(project: ProjectFolder) -> None:
    """Build a project and assert that the lint finds nothing in its feeds and pages."""
    project.build(MUCH_LATER + timedelta(days=7))
    feeds = {
        path: data
        for path, data in project.files().items()
        if path.endswith((".xml", ".json", ".opml", ".atom", ".html"))
    }
    assert {"feed.xml", "atom.xml", "feed.json"} <= set(feeds)
    for path, findings in lint_set(feeds, _BASE, datetime(2026, 12, 1, tzinfo=UTC)).items():
        assert not findings, told(findings, path)


def test_project_without_notes(project: ProjectFolder) -> None:
    """Feeds without a single item are accepted."""
    accept(project)


def test_project_with_notes(project: ProjectFolder) -> None:
    """Notes with and without recordings, tags and a language of their own are accepted."""
    project.note("oil")
    project.note("lamp", keys=_AUDIO % "lamp" + "tags: [R&D, '<lamps>']\nduration: 1h 25m\n")
    project.note(
        "turm", keys="language: de\naudio: {url: 'https://media.example.org/t.mp3', type: audio/mpeg}\n"
    )
    project.note("bare", body="Only a dek.\n")
    accept(project)


@pytest.mark.parametrize("text", _TITLES)
def test_hostile_notes(project: ProjectFolder, text: str) -> None:
    """What a note says changes nothing but the text of its item, so it is accepted too."""
    quoted = text.replace("'", "''")
    body = f"`{text}`\n\n## The gist\n\n{text}\n\n## Big reveals\n\n- {text}\n"
    project.write(
        "episodes/a.md",
        f"---\nshow: Keepers\ntitle: '{quoted}'\ndate: 2019-05-04\ntags: ['{quoted}']\n---\n\n{body}",
    )
    accept(project)


def test_podcast_with_archives_and_everything_else(project: ProjectFolder) -> None:
    """A podcast, archives, hubs, chapters, tombstones, feeds of tags and shows are accepted."""
    project.schedule(_EVERYTHING)
    for number in range(1, 9):
        project.note(f"n{number}", keys=_EPISODE.format(number) if number % 3 else "")
        project.build(FIRST + timedelta(days=number))
    (project.root / "episodes" / "n8.md").unlink()
    accept(project)

    written = project.files()
    assert b"deleted-entry" in written["atom.xml"]
    assert b"prev-archive" in written["feed.xml"]
    assert b"soundbite" in written["podcast.xml"]
