"""Findings point at their places, name their items and are written in one line."""

from __future__ import annotations

import pytest

from feedmaker.lint.check import lint_feed
from feedmaker.lint.findings import Finding
from tests.lint.documents import GOOD, lint


def planted(name: str, old: str, new: str) -> Finding:
    """Return the one finding for a change to a good document."""
    text = GOOD[name].decode()
    assert old in text
    (finding,) = lint(name, text.replace(old, new).encode())
    return finding


@pytest.mark.parametrize(
    ("name", "old", "new", "place"),
    [
        ("notes.xml", "<ttl>60</ttl>", "<ttl>an hour</ttl>", (11, 5)),
        ("notes.xml", "On water,", "On&nbsp;water,", (38, 22)),
        ("notes.xml", "Orla Finch</dc", "Orl\x0c Finch</dc", (40, 22)),
        ("podcast.xml", "yes</podcast", "Yes</podcast", (20, 5)),
        ("feed.json", "5100", '"5100"', (27, 34)),
        ("feed.json", '"tags": ["lamps"]', '"tags": ["lamps",]', (21, 23)),
        ("feed.json", '"Oil floats"', "oil", (35, 16)),
    ],
)
def test_place_of_a_finding(name: str, old: str, new: str, place: tuple[int, int]) -> None:
    """Line and column are those of the element, member or character that is wrong."""
    finding = planted(name, old, new)

    assert (finding.line, finding.column) == place


def test_places_in_one_long_line() -> None:
    """Elements of a document without line breaks have their own columns."""
    data = GOOD["notes.xml"].replace(b"\n", b"").replace(b"<ttl>60", b"<ttl>x")
    (finding,) = lint("notes.xml", data)

    assert finding.line == 1
    assert data.decode()[finding.column - 1 :].startswith("<ttl>")


def test_lines_before_the_declaration_count() -> None:
    """A blank line at the beginning moves all other findings by a line."""
    data = b"\n" + GOOD["notes.xml"].replace(b"<ttl>60", b"<ttl>x")

    assert [(each.code, each.line) for each in lint("notes.xml", data)] == [
        ("text-before-declaration", 1),
        ("ttl", 12),
    ]


def test_finding_names_its_item() -> None:
    """A finding inside of an item has the item's title, or its id where there is no title."""
    old, new = "<pubDate>Mon, 02 Nov 2026 08:00:00 +0100", "<pubDate>soon"

    assert planted("notes.xml", old, new).where == "Oil floats"
    assert planted("feed.json", '"2026-11-02T08:00:00+01:00"', '"soon"').where == "Oil floats"
    assert planted("notes.xml", "<ttl>60", "<ttl>x").where is None


def test_finding_is_written_in_one_line() -> None:
    """The line has place, severity, item, what is wrong, the cure, the code and the source."""
    finding = planted("notes.xml", "<pubDate>Mon, 02 Nov 2026 08:00:00 +0100", "<pubDate>2026-11-02")

    assert finding.text("public/feed.xml") == (
        'public/feed.xml:42:7: error: "Oil floats": the date "2026-11-02" is not in the form of RFC 822; '
        "write it as in Mon, 02 Nov 2026 08:00:00 GMT [date-not-rfc-822; RSS 2.0, pubDate; RFC 822, 5]"
    )
    assert finding.is_error
    assert finding.to_data()["code"] == "date-not-rfc-822"


def test_shown_values_are_short_and_harmless() -> None:
    """A long value with control characters and halves of characters is cut and can be printed."""
    items = (
        b'{"feed_url":"x","items":[{"id":"'
        + b"a\\u001b[31m\\ud800 " * 500
        + b'","date_published":"\\u202e"}]}'
    )

    for finding in lint_feed(items):
        line = finding.text("feed.json")
        assert len(line) < 600
        assert line.encode().decode().isprintable() or "\ufffd" in line
        assert "\x1b" not in line


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "the document is empty"),
        (b"lamps", "neither XML nor JSON"),
        (b"[]", "no JSON Feed"),
        (b'{"a": 1}', "no JSON Feed"),
        (b'{"version": 3, "title": "x"}', "no JSON Feed"),
        (b"<!doctype html><title>Lamps</title><p>No feed", "a web page"),
        (b"<!DOCTYPE html>\n<html><head><meta charset=utf-8></head></html>", "a web page"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "begins with <svg>"),
    ],
)
def test_what_is_no_feed(data: bytes, says: str) -> None:
    """What is no feed at all is told in one finding that says what it seems to be."""
    (finding,) = lint_feed(data)

    assert finding.code == "unknown-format"
    assert says in finding.message
