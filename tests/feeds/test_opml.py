"""The list of all feeds, as OPML 2.0."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

from feedmaker.feeds import opml
from feedmaker.feeds.outline import Outline
from tests.feeds.samples import HEARD, HOSTILE, MAIN, RECOMMENDED, SET_UP, XML_TEXT, make_config

TAGGED = Outline("tags/ai", "Notes: ai", "Notes tagged ai", "tags/ai/")
OUTLINES = (MAIN, HEARD, RECOMMENDED, TAGGED)


def outlines_of(*listed: Outline) -> list[dict[str, str]]:
    """Return the attributes of the outlines in a list of feeds, as another parser reads them."""
    data = opml.to_bytes(make_config().site, listed, SET_UP)
    return [element.attrib for element in ElementTree.fromstring(data).findall("body/outline")]


def test_list_has_all_feeds_in_order() -> None:
    """Each feed is listed once, by its RSS document."""
    assert [outline["xmlUrl"] for outline in outlines_of(*OUTLINES)] == [
        "https://example.org/notes/feed.xml",
        "https://example.org/notes/podcast.xml",
        "https://example.org/notes/recommendations.xml",
        "https://example.org/notes/tags/ai.xml",
    ]


def test_outline_has_all_that_programs_ask_for() -> None:
    """An outline has text, type and address, and says the page of its feed."""
    assert outlines_of(RECOMMENDED) == [
        {
            "type": "rss",
            "text": "Notes & <things>: recommendations",
            "title": "Notes & <things>: recommendations",
            "description": "All of it",
            "xmlUrl": "https://example.org/notes/recommendations.xml",
            "htmlUrl": "https://example.org/notes/recommendations/",
            "version": "RSS2",
        }
    ]


def test_head_says_whose_list_it_is() -> None:
    """The head has title, owner, and the time of the last change as RFC 822 has it."""
    moment = datetime(2026, 11, 3, 8, 5, 9, tzinfo=UTC)
    root = ElementTree.fromstring(opml.to_bytes(make_config().site, OUTLINES, moment))

    assert (root.tag, root.attrib) == ("opml", {"version": "2.0"})
    assert [child.tag for child in root] == ["head", "body"]
    assert {child.tag: child.text for child in root[0]} == {
        "title": "Notes & <things>",
        "dateCreated": "Tue, 03 Nov 2026 08:05:09 GMT",
        "ownerName": "Jane Doe",
    }


def test_document_is_utf_8_with_a_declaration() -> None:
    """The bytes begin with the declaration, and letters stand for themselves."""
    data = opml.to_bytes(make_config(title="Übersicht").site, OUTLINES, SET_UP)

    assert data.startswith(b"<?xml version='1.0' encoding='UTF-8'?>\n<opml")
    assert "Übersicht".encode() in data
    assert data.endswith(b"</opml>\n")
    assert not re.search(rb"[ \t]\n", data)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_titles_are_titles(text: str) -> None:
    """No title makes another outline or another attribute."""
    (outline,) = outlines_of(Outline("x", text, text))

    assert (outline["text"], outline["title"], outline["description"]) == (text, text, text)
    assert len(outline) == 7


@settings(max_examples=60)
@given(XML_TEXT, XML_TEXT)
def test_any_title_survives(title: str, description: str) -> None:
    """Titles come back sign by sign."""
    (outline,) = outlines_of(Outline("x", title, description))

    assert (outline["text"], outline["description"]) == (title, description)
