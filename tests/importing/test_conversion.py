"""Feeds of other systems, converted into notes."""

from __future__ import annotations

import codecs
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmaker.errors import FeedmakerError
from feedmaker.importing.conversion import Conversion
from feedmaker.model import Chapter, Episode, Link, Media, Quote, Recommendation, Span, plain, prose
from feedmaker.notes.note import content_digest, parse_note
from tests.feeds.samples import WRITERS, bare_episode, make_episode, sample_feed
from tests.importing.samples import ATOM, JSON, NOW, RDF, RSS, TERMS, converted, spoiled
from tests.notes.strategies import AWKWARD, fuzz

OWN_TERMS = replace(TERMS, address="https://example.org/notes/", author="Jane Doe", now=NOW + timedelta(99))


def episodes(conversion: Conversion) -> list[Episode]:
    """Read the notes of a conversion back, about which nothing may be said."""
    found = []
    for note in conversion.notes:
        read = parse_note("episodes/a.md", note.text.encode())
        assert not [each for each in read.diagnostics if each.is_error]
        assert read.episode is not None
        assert content_digest(read.episode) == note.digest
        found.append(read.episode)
    return found


def losses(conversion: Conversion) -> dict[str, int]:
    """Return how often what was lost."""
    return {report.what: report.count for report in conversion.lost}


def rss(*items: str, head: str = "<title>Kelp</title>") -> str:
    """Write a small RSS feed."""
    written = "".join(f"<item>{item}</item>" for item in items)
    return f'<rss version="2.0"><channel>{head}{written}</channel></rss>'


def json_feed(*items: Mapping[str, Any]) -> str:
    """Write a small JSON Feed."""
    return json.dumps({"version": "https://jsonfeed.org/version/1", "title": "Kelp", "items": items})


def test_rss_item_becomes_a_note() -> None:
    """Of an RSS item id, link, dates, texts, tags, recording and the facts of a podcast stay."""
    found = converted(RSS)

    note, (episode, *_) = found.notes[0], episodes(found)
    assert note.id == "12345 abc"
    assert note.published == note.updated == datetime(2011, 5, 3, 22, 39, 21, tzinfo=UTC)
    assert episode == Episode(
        show="Kelp & Tides",
        title="Foam & Salt again",
        aired=date(2011, 5, 4),
        duration=3723,
        dek=prose("A short summary."),
        gist=(
            (Span("Why?", strong=True),),
            (
                Span("Because "),
                Span("foam", strong=True),
                Span(" is "),
                Span("mostly", emphasis=True),
                Span(" "),
                Span("air", code=True),
                Span(", "),
                Span("says Bo", href="https://old.example.org/air"),
                Span(" & Cy."),
            ),
            prose("• one"),
            prose("• two"),
            prose("1 2"),
            prose("It hums."),
            (Span("a = 1", code=True),),
            (Span("b = 2", code=True),),
        ),
        tags=("sea", "salt"),
        language="de",
        url="https://old.example.org/2011/foam?x=1&y=%C3%BC",
        image="https://cdn.example.org/foam.jpg",
        audio=Media("https://cdn.example.org/foam.mp3", "audio/mpeg", 4321),
        transcripts=(Media("https://cdn.example.org/foam.vtt", "text/vtt"),),
        season=2,
        number=7,
        type="bonus",
        explicit=True,
        chapters=(Chapter(65, "Salt", "https://a.example/"),),
        published=datetime(2011, 5, 3, 22, 39, 21, tzinfo=UTC),
    )


def test_what_is_lost_is_listed() -> None:
    """Everything of an item that a note cannot hold is listed by kind, with where it was lost."""
    found = converted(RSS)

    assert losses(found) == {
        "dates that cannot be read": 1,
        "authors of single items": 1,
        "files beyond the first recording": 1,
        "links that lead nowhere (their words are kept)": 1,
        "images": 1,
        "tables (their words are kept)": 1,
        "embedded pages and players": 1,
        "scripts and styles": 1,
        "<comments>": 1,
        "<podcast:person>": 1,
    }
    by_kind = {report.what: report for report in found.lost}
    assert by_kind["files beyond the first recording"].examples == (
        "Foam & Salt again: https://cdn.example.org/foam.pdf",
    )
    assert found.more == "https://old.example.org/feeds/all.xml?page=2"


def test_item_without_a_title_is_called_by_its_first_words() -> None:
    """A title is made where there is none; ids that are addresses or IRIs stay too."""
    _, second, third = episodes(converted(RSS))

    assert (second.title, second.id) == ("Words without a title go on.", "tag:old.example.org,2010:2")
    assert plain(third.dek) == "Plain words < here"
    assert converted(RSS).notes[2].id == "https://old.example.org/3"


def test_atom_entry_becomes_a_note() -> None:
    """Of an Atom entry the typed texts are read as what they are, and links by the base that is theirs."""
    one, two = episodes(converted(ATOM))
    notes = converted(ATOM).notes

    assert [note.id for note in notes] == ["12345 abc", "http://old.example.org/é"]
    assert (one.show, one.title, two.title) == ("Kelp & Tides", "Use <b> &amp; more", "Two")
    assert one.dek == prose("In short.")
    assert one.gist[0] == (
        Span("Long "),
        Span("words", emphasis=True),
        Span(" and a "),
        Span("link", href="https://old.example.org/a/more"),
        Span("."),
    )
    assert (one.url, one.audio) == (
        "https://old.example.org/a/x/1",
        Media("https://cdn.example.org/a.mp4", "video/mp4", 99),
    )
    assert (notes[0].published, notes[0].updated) == (
        datetime(2011, 5, 6, 5, 8, 9, tzinfo=UTC),
        datetime(2011, 6, 6, 7, 8, 9, tzinfo=UTC),
    )
    assert plain(two.dek) == "Two & a half"
    assert two.id == "http://old.example.org/é"


def test_rss_1_item_becomes_a_note() -> None:
    """RSS 1.0 names its items by rdf:about, and dates them as Dublin Core does."""
    found = converted(RDF)

    (episode,) = episodes(found)
    assert found.notes[0].id == "https://old.example.org/one"
    assert episode.url == "https://old.example.org/one?from=rss"
    assert (episode.title, plain(episode.dek), episode.tags) == ("One", "First & only", ("sea",))
    assert episode.published == datetime(2004, 5, 6, 5, 8, 9, tzinfo=UTC)


def test_json_item_becomes_a_note() -> None:
    """A JSON Feed's texts are typed; a number is an id like any other."""
    found = converted(JSON)

    one, two = episodes(found)
    assert [note.id for note in found.notes] == ["12345 abc", "17"]
    assert (one.show, one.title) == ("Kelp & Tides", "A <b> & c")
    assert one.dek == (Span("One "), Span("two", strong=True))
    assert (one.gist, one.tags, one.language) == ((prose("three"),), ("sea",), "pt-BR")
    assert one.url == "https://old.example.org/one"
    assert one.image == "https://old.example.org/feeds/i.png"
    assert (one.audio, one.duration) == (Media("https://old.example.org/feeds/a.mp3", "audio/mpeg", 12), 62)
    assert (plain(two.dek), [plain(each) for each in two.gist]) == ("Else", ["Plain <words>", "and more"])
    assert {"authors of single items", "`external_url`", "dates that cannot be read"} <= losses(found).keys()
    assert found.more == "https://old.example.org/feed.json?page=2"


@pytest.mark.parametrize("name", WRITERS)
def test_feed_of_our_own_comes_back(name: str) -> None:
    """What feedmaker wrote itself is read into the sections that it was made from, whatever the format."""
    found = converted(WRITERS[name](sample_feed()), base="https://example.org/notes/", terms=OWN_TERMS)

    full, sparse, _ = (replace(each, id=None, published=None, updated=None) for each in episodes(found))
    assert full == make_episode()
    assert sparse == bare_episode()
    assert [note.slug for note in found.notes] == ["e3", "e2", "e1"]
    assert losses(found) == {}


def test_paid_link_is_not_taken_over_with_its_tag() -> None:
    """A partner tag would earn without the mark that readers are owed, so the link is made anew."""
    found = converted(WRITERS["rss"](sample_feed()), terms=OWN_TERMS)

    assert "notes-20" not in found.notes[0].text
    assert "[Find it on Amazon](amazon:Liftlib)" in found.notes[0].text


SECTIONS = """<p>Dek.</p><h2>Big reveal</h2><ul><li>One</li></ul><p>more</p><h3>Sponsors</h3><p>Nobody.</p>
<h2>Recommended in this episode</h2><p><small>Paid.</small></p><p>stray</p><h3>A book</h3>
<p>by Bo · the guest’s own · book</p>
<blockquote><p>Read it.</p><p>Twice.</p></blockquote><p>— Ada (<a href="https://x.example/#t=62">00:01:02</a>)</p>
<p><a href="https://shop.example/1">At the shop</a></p><p>stray too</p>"""


def test_sections_of_other_programs_are_recognised() -> None:
    """Headings as feedmaker writes them begin sections; others go on in the gist; strays are counted."""
    found = converted(json_feed({"id": "1", "content_html": SECTIONS}))

    (episode,) = episodes(found)
    assert plain(episode.dek) == "Dek."
    assert [plain(each) for each in episode.reveals] == ["One", "more"]
    assert episode.gist == ((Span("Sponsors", strong=True),), prose("Nobody."))
    assert episode.recommendations == (
        Recommendation(
            "own",
            "book",
            "A book",
            "Bo",
            quote=Quote("Read it.\n\nTwice.", "Ada", 62),
            link=Link("https://shop.example/1", "At the shop"),
        ),
    )
    assert losses(found)["lines of recommendations"] == 2


@pytest.mark.parametrize(
    ("summary", "content", "dek", "gist"),
    [
        ("Short.", "<p>Long one.</p><p>Two.</p>", "Short.", ["Long one.", "Two."]),
        ("Long o…", "<p>Long one.</p><p>Two.</p>", "Long one.", ["Two."]),
        ("Long one. Two. Three.", "<p>Long one.</p><p>Two.</p>", "Long one.", ["Two."]),
        ("", "<h2>Head</h2><p>Two.</p>", "", ["Head", "Two."]),
        ("Only this.", "", "Only this.", []),
        ("", "", "", []),
    ],
)
def test_summary_is_the_dek_where_it_says_something_else(
    summary: str, content: str, dek: str, gist: list[str]
) -> None:
    """A summary that only repeats the beginning is left out; then the first paragraph is the dek."""
    (episode,) = episodes(converted(json_feed({"id": "1", "summary": summary, "content_html": content})))

    assert plain(episode.dek) == dek
    assert [plain(each) for each in episode.gist] == gist


@pytest.mark.parametrize(
    ("guid", "name"),
    [
        ("<guid>12345 abc</guid>", "12345 abc"),
        ("<guid>../x?a=1&amp;b=2</guid>", "../x?a=1&b=2"),
        ('<guid isPermaLink="false"> http:///a//b </guid>', "http:///a//b"),
        ("<guid>tag:a.example,2001:x</guid>", "tag:a.example,2001:x"),
        ("<guid>HTTP://A.Example/%7e</guid>", "HTTP://A.Example/%7e"),
        ("<guid>Ã©</guid>", "Ã©"),
        ("<guid/><link>https://a.example/1</link>", "https://a.example/1"),
    ],
)
@pytest.mark.parametrize("base", ["", ' xml:base="https://base.example/"'])
def test_id_is_kept_sign_by_sign(guid: str, name: str, base: str) -> None:
    """An id stays what it was, even where it looks like a relative address or like broken text."""
    feed = rss(f"<title>x</title>{guid}").replace("<rss", f"<rss{base}")

    assert [note.id for note in converted(feed).notes] == [name]


def test_missing_id_is_made_once() -> None:
    """An item without id and link gets an id that is the same whenever it is imported, and its own."""
    item = "<title>A</title><pubDate>Tue, 03 May 2011 22:39:21 GMT</pubDate><description>{}</description>"
    one, again, other = (
        converted(rss(text)).notes[0].id for text in (item.format("x"), item.format("y"), "<title>B</title>")
    )

    assert one == again != other
    assert one.startswith("urn:uuid:")


def test_id_that_notes_cannot_hold_is_the_locks_alone() -> None:
    """An id that is no IRI is not written into the note, which would change it."""
    spaced, plain_word, iri = episodes(
        converted(json_feed({"id": "a b"}, {"id": "12345"}, {"id": "tag:a.example,2001:x"}))
    )

    assert (spaced.id, plain_word.id, iri.id) == (None, None, "tag:a.example,2001:x")


def test_items_of_one_id_are_one_item() -> None:
    """The first of several items with one id is taken; the others are listed."""
    found = converted(json_feed({"id": "1", "title": "new"}, {"id": "1", "title": "old"}))

    assert [note.title for note in found.notes] == ["new"]
    assert losses(found)["items with the id of another"] == 1


def test_known_items_are_left_out() -> None:
    """What the project has already is only counted."""
    found = converted(RSS, terms=replace(TERMS, known=frozenset({"12345 abc"})))

    assert (found.known, len(found.notes)) == (1, 2)


def test_titles_of_a_day_are_told_apart() -> None:
    """Notes of one show and day need different titles, so the second gets a number, which is listed."""
    item = {"title": "Links", "date_published": "2011-05-06T07:08:09Z"}
    taken = frozenset({("Kelp", "Links", date(2011, 5, 6))})
    found = converted(
        json_feed(*({**item, "id": str(n)} for n in range(2))), terms=replace(TERMS, taken=taken)
    )

    assert [note.title for note in found.notes] == ["Links (2)", "Links (3)"]
    assert losses(found)["titles that another note of the day has (numbered)"] == 2


def test_undated_items_stay_in_their_order() -> None:
    """An item without a date is published a second beside its neighbour, never in the future."""
    dated = "2011-05-06T07:08:09Z"
    items = [{"id": "a"}, {"id": "b"}, {"id": "c", "date_published": dated}, {"id": "d"}]
    times = [note.published for note in converted(json_feed(*items)).notes]
    alone = [note.published for note in converted(json_feed({"id": "a"}, {"id": "b"})).notes]

    middle, second = datetime(2011, 5, 6, 7, 8, 9, tzinfo=UTC), timedelta(seconds=1)
    assert times == [middle + 2 * second, middle + second, middle, middle - second]
    assert alone == [NOW - second, NOW - 2 * second]


@pytest.mark.parametrize("written", ["2999-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_future_is_taken_for_now(written: str) -> None:
    """A time in the future would hide an item that readers have, so it becomes now and is listed."""
    found = converted(json_feed({"id": "a", "date_published": written}))

    assert found.notes[0].published == NOW
    assert any("future" in what for what in losses(found))


@pytest.mark.parametrize(
    "written", ["0001-01-01T00:00:00+14:00", "1066-10-14T09:00:00Z", "2011-02-30T00:00:00Z", 17, "x"]
)
def test_date_that_cannot_be_is_listed(written: object) -> None:
    """A date before all recordings, or none at all, is as good as missing."""
    found = converted(json_feed({"id": "a", "date_published": written}))

    assert found.notes[0].published == NOW - timedelta(seconds=1)
    assert {"dates that cannot be read", "missing dates"} & losses(found).keys()


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("3723", 3723),
        ("1:02:03", 3723),
        ("62:03", 3723),
        ("62 min", 3720),
        ("3723.9", 3723),
        ("0", None),
        ("long", None),
        ("9" * 99, None),
    ],
)
def test_length_is_read_as_people_write_it(written: str, seconds: int | None) -> None:
    """Seconds, clocks and words are lengths; anything else is listed."""
    space = 'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'
    feed = rss(f"<title>x</title><itunes:duration>{written}</itunes:duration>").replace(
        "<rss", f"<rss {space}"
    )
    found = converted(feed)

    assert episodes(found)[0].duration == seconds
    assert ("lengths" in losses(found)) is (seconds is None and written != "0")


CYRILLIC = rss("<title>Ещё волна</title><guid>1</guid>")


_WIDE = ("utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32")


@pytest.mark.parametrize(
    ("encoding", "way"),
    [
        *((encoding, "declared") for encoding in (*_WIDE, "windows-1251", "koi8-r")),
        *((encoding, "by header") for encoding in (*_WIDE, "windows-1251", "koi8-r")),
        *((encoding, "called utf-8") for encoding in _WIDE),
    ],
)
def test_encoding_is_found(encoding: str, way: str) -> None:
    """An encoding is taken from declaration or header, and a wide one from its zeros, whatever they say."""
    declared = {"declared": encoding, "called utf-8": "utf-8"}.get(way)
    declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    header = f"text/xml; charset={encoding}" if way == "by header" else ""
    found = converted((declaration + CYRILLIC).encode(encoding), header)

    assert [note.title for note in found.notes] == ["Ещё волна"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le"])
def test_json_is_read_in_every_encoding_of_unicode(encoding: str) -> None:
    """JSON Feeds are read in UTF-8, 16 and 32, with a mark or without."""
    text = json.dumps({"items": [{"id": "1", "title": "Ещё"}]}, ensure_ascii=False)

    assert converted(text.encode(encoding)).notes[0].title == "Ещё"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace("Foam", "Foam&nbsp;\x01\0", 1),
        lambda text: text.replace("Foam", "Foam &#0; &#xd800; &bogus; & <", 1),
        lambda text: text[: text.rindex("</item>")],
        lambda text: "\n\n junk " + text,
        lambda text: codecs.BOM_UTF16_LE.decode("latin-1") + text,
        lambda text: text.replace(
            "?>", '?><!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>', 1
        ).replace("Foam", "Foam &x;"),
    ],
    ids=["control signs", "references", "cut", "junk before", "wrong mark", "entity"],
)
def test_damaged_feed_is_read_as_far_as_it_goes(spoil: Any) -> None:
    """Damage costs what is damaged, not the feed; nothing outside it is ever read."""
    found = converted(spoil(RSS))

    assert "tag:old.example.org,2010:2" in [note.id for note in found.notes]
    assert "root:" not in "".join(note.text for note in found.notes)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "neither RSS nor Atom nor JSON Feed"),
        (b"hello", "neither RSS nor Atom nor JSON Feed"),
        (b"<!DOCTYPE html><html><body><p>hi</p></body></html>", "this is a web page; look for the address"),
        (b"<opml><body/></opml>", "neither RSS nor Atom nor JSON Feed"),
        (b'{"a": 1}', "neither RSS nor Atom nor JSON Feed"),
        (b'{"items": [', "this JSON is damaged at line 1, column 12"),
        (b'{"items":' + b"[" * 100_000, "it cannot be read (RecursionError)"),
        (b"\x1f\x8b\x08" + bytes(200), "neither RSS nor Atom nor JSON Feed"),
        (b"/etc/passwd", "neither RSS nor Atom nor JSON Feed"),
    ],
)
def test_what_is_no_feed_is_refused(data: bytes, said: str) -> None:
    """What is no feed is an error that says what it is, and what to look for."""
    with pytest.raises(FeedmakerError) as raised:
        converted(data)

    assert said in str(raised.value)


def test_feed_without_items_is_a_feed() -> None:
    """A feed may be empty."""
    assert converted(rss()).notes == ()
    assert converted(json_feed()).notes == ()


@pytest.mark.parametrize("seed", range(40))
def test_spoiled_feeds_are_read_or_refused(seed: int) -> None:
    """Whatever happens to a feed, it becomes notes that can be read, or an error in words."""
    for number in range(seed * 8, seed * 8 + 8):
        data, content_type = spoiled(number)
        with suppress(FeedmakerError):
            found = converted(data, content_type)
            assert len(episodes(found)) == len(found.notes)
            assert not found.failed


_ODD = st.lists(st.sampled_from(AWKWARD) | st.text(max_size=6), max_size=6).map("".join)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _ODD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_ODD, inner, max_size=3),
    max_leaves=6,
)
_KEYS = (
    *("id", "url", "title", "content_html", "content_text", "summary", "image", "date_published", "tags"),
    *("date_modified", "author", "authors", "language", "attachments", "_episode_notes"),
)
_OWN_KEYS = (
    *("show", "aired", "duration_in_seconds", "guests", "gist", "reveals", "takeaways", "recommendations"),
    *("season", "episode", "explicit", "video", "transcripts"),
)
_CARDS = st.lists(
    st.dictionaries(
        st.sampled_from(["name", "kind", "medium", "creator", "quote", "creator_inferred"]), _JSON
    )
)
_OWN = st.dictionaries(st.sampled_from(_OWN_KEYS), _JSON | _CARDS, max_size=6)
_ITEMS = st.lists(st.dictionaries(st.sampled_from(_KEYS), _JSON | _ODD | _OWN, max_size=8), max_size=3)


@fuzz(300)
@given(_ITEMS)
def test_any_item_becomes_a_note_that_can_be_read(items: list[dict[str, Any]]) -> None:
    """Whatever members an item has, and of whatever kind, its note is read without errors."""
    found = converted(json.dumps({"items": items}).encode("utf-8", "replace"))

    assert len(episodes(found)) == len(found.notes)
    assert found.failed == ()


@fuzz(200)
@given(_ODD, _ODD)
def test_any_text_stands_in_a_note(title: str, text: str) -> None:
    """Title and text of an item are those of its note, whatever signs are in them."""
    found = converted(json_feed({"id": "1", "title": f"x{title}x", "content_text": f"y {text}"}))

    (episode,) = episodes(found)
    assert found.failed == ()
    assert episode.title.startswith("x")
    assert not losses(found).keys() - {"missing dates"}
