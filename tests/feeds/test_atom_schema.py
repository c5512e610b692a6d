"""Atom documents against a schema of RFC 4287, in RELAX NG."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from feedmaker.feeds import atom
from feedmaker.feeds.feed import Tombstone
from feedmaker.model import Media, prose
from tests.feeds.samples import (
    FIRST,
    HOSTILE,
    XML_TEXT,
    all_feeds,
    feed_of,
    make_config,
    make_item,
    sample_feed,
)

SCHEMA = Path(__file__).parent / "atom.rng"
KINDS = [name for name, feed in all_feeds().items() if "atom" in feed.addresses]


@cache
def schema() -> etree.RelaxNG:
    """Read the schema."""
    return etree.RelaxNG(etree.parse(SCHEMA))


def faults_of(data: bytes) -> list[str]:
    """Return what the schema says against a document."""
    document = etree.fromstring(data)
    return [] if schema().validate(document) else [str(entry.message) for entry in schema().error_log]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_feed_is_atom(kind: str) -> None:
    """Current feeds, volumes of the archive, empty feeds and recommendations keep to the grammar."""
    assert faults_of(atom.to_bytes(all_feeds()[kind])) == []


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_leaves_atom_what_it_is(text: str) -> None:
    """No text of a note or of the configuration makes another document of a feed."""
    config = make_config(title=text, description=text, author={"name": text, "email": "jane@example.org"})
    feed = feed_of([make_item(1, config, title=text, dek=prose(text), tags=(text,))], config)

    assert faults_of(atom.to_bytes(feed)) == []


@settings(max_examples=60)
@given(
    XML_TEXT,
    st.lists(XML_TEXT, max_size=3),
    st.none() | st.integers(0, 10**12),
    st.sampled_from(["de", "pt-BR", "zh-Hant", None]),
)
def test_any_text_leaves_atom_what_it_is(
    text: str, tags: list[str], length: int | None, language: str | None
) -> None:
    """Whatever stands in texts, ids, tags, lengths and languages, the document keeps to the grammar."""
    audio = Media("https://media.example/a.mp3", "audio/mpeg", length)
    item = make_item(title=text, dek=prose(text), tags=tuple(tags), audio=audio, language=language)

    feed = feed_of([item], tombstones=(Tombstone(text, FIRST),))

    assert faults_of(atom.to_bytes(feed)) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<feed ", '<feed version="1.0" '),
        ("<id>https://example.org/notes/atom.xml</id>", ""),
        ("<id>https://example.org/notes/atom.xml</id>", "<id>atom.xml</id>"),
        ("<updated>2026-11-05T09:00:00+00:00</updated>", "<updated>2026-11-05</updated>"),
        ("<updated>2026-11-05T09:00:00+00:00</updated>", "<updated>2026-11-05T09:00:00</updated>"),
        ("<updated>2026-11-05T09:00:00+00:00</updated>", "<updated>2026-11-05t09:00:00z</updated>"),
        ("<updated>2026-11-05T09:00:00+00:00</updated>", "<updated>2026-11-31T09:00:00Z</updated>"),
        ("<updated>2026-11-05T09:00:00+00:00</updated>", ""),
        ("<name>Jane Doe</name>", ""),
        ("<name>Jane Doe</name>", "<name>Jane</name><name>Doe</name>"),
        ("<name>Jane Doe</name>", "<name/>"),
        ("<email>jane@example.org</email>", "<email>jane at example</email>"),
        ("<generator>", "<pubDate/><generator>"),
        ("<generator>", "<generator/><generator>"),
        ("<subtitle>", '<subtitle type="text/html">'),
        ('rel="self"', 'rel="self it"'),
        ('rel="self" type="application/atom+xml"', 'rel="self" type="atom"'),
        ('href="https://example.org/notes/atom.xml"', ""),
        ('href="https://example.org/notes/atom.xml"', 'src="https://example.org/notes/atom.xml"'),
        ('length="61234567"', 'length="58 MB"'),
        ('<category term="R&amp;D"/>', '<category label="R"/>'),
        ('<summary type="text">', '<summary type="CDATA">'),
        ('<summary type="text">', '<summary type="html"><b/>'),
        ("<title>Deep", "<title>Deep</title><title>Deep"),
        ("<published>", "<published>2026</published><published>"),
        ('<content type="html">', '<content type="html" src="https://example.org/">'),
        ('<content type="html">', '<content type="rich">'),
        ('<content type="html">', "<content><b/>"),
        ("</entry>\n</feed>", "</entry>\n<rights/></feed>"),
        ("<entry>", "loose text<entry>"),
        ("<entry>", "<entry><entry/>"),
        ('xml:lang="de"', 'xml:lang="German language"'),
        ('xml:lang="de"', 'lang="de"'),
    ],
)
def test_schema_finds_planted_faults(old: str, new: str) -> None:
    """The schema that the tests above hold feeds to does refuse something."""
    text = atom.to_bytes(sample_feed()).decode()
    assert old in text

    assert faults_of(text.replace(old, new, 1).encode()) != []


def test_schema_allows_what_is_foreign() -> None:
    """Markup of other names may stand in feeds, entries and people, and attributes of theirs anywhere."""
    text = atom.to_bytes(sample_feed()).decode()
    foreign = '<x:a xmlns:x="https://x.example/" y="1">one<x:b><title/></x:b></x:a>'

    for place in ("<generator>", "<name>", "<published>"):
        assert faults_of(text.replace(place, foreign + place).encode()) == []
    assert faults_of(text.replace("<title>", '<title xmlns:x="https://x.example/" x:y="1">').encode()) == []
