"""Pages as servers send them, and the notes that they make."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.notes import page_export
from benchmarks.sources import as_page
from feedmaker.model import Episode, plain
from feedmaker.notes.note import content_digest, parse_note
from feedmaker.sources.decoding import page_text
from feedmaker.sources.lines import read_lines
from feedmaker.sources.pages import Made, Page, make_note
from tests.sources.elsewhere import page

URL = "https://pier.example.org/notes/bell"
EXPORT = """\
Home Harbour Hour Notes
Harbour Hour · 2019-05-04 · 1h 5m

The bell

A word from the pier.

The bell
The guest

Ada Brine — keeper of a harbour light

Big reveals

  • The bell was cast in 1871.
"""


def made(data: str | bytes, kind: str = "text/html; charset=utf-8") -> Made:
    """Make the note of a page."""
    body = data.encode() if isinstance(data, str) else data
    return make_note(Page(body, kind, URL, "https://pier.example.org/old", "originals/pier/bell.html"))


def episode(note: Made) -> Episode:
    """Read a note back."""
    assert not [each for each in note.diagnostics if each.is_error]
    read = parse_note("note.md", note.text.encode())
    assert read.episode
    assert not read.diagnostics
    return read.episode


def lines(html: str) -> list[str]:
    """Return the lines of the first reading of a page, without empty ones."""
    return [line for line in next(read_lines(html)).text.split("\n") if line]


def test_page_becomes_a_note_that_leads_to_it() -> None:
    """All parts are read, quotes word by word; the note knows where its page lives and who it is."""
    found = episode(made(page()))

    assert (found.show, found.title, found.aired.isoformat()) == ("Harbour Hour", "The bell", "2019-05-04")
    assert (found.duration, plain(found.dek)) == (3900, "A word from the pier.")
    assert [(guest.name, guest.bio) for guest in found.guests] == [("Ada Brine", "keeper of a harbour light")]
    assert [plain(item) for item in found.reveals] == ["The bell was cast in 1871.", "Fog has a smell."]
    (book,) = found.recommendations
    assert (book.name, book.creator, book.kind, book.medium) == (
        "The Lamp Book",
        "Marta Quill",
        "recommended",
        "book",
    )
    assert book.quote
    assert book.quote.text == "I read it, uh, twice and and then again"
    assert (book.quote.speaker, book.quote.at) == ("Ada Brine", 725)
    assert (found.url, found.id) == (URL, "https://pier.example.org/old")


def test_note_is_the_one_that_convert_makes() -> None:
    """A page export that is served as text makes the same episode as the file would."""
    found = episode(made(EXPORT, "text/plain; charset=utf-8"))

    own = parse_note("episodes/bell.txt", EXPORT.encode()).episode
    assert own is not None
    assert found.title == own.title
    assert found.reveals == own.reveals
    assert made(EXPORT, "text/plain").digest == content_digest(found)


@pytest.mark.parametrize("number", range(10))
def test_html_and_text_of_a_page_make_the_same_note(number: int) -> None:
    """A page says the same whether it comes as HTML or as the text that was copied from it."""
    text = page_export(number)

    assert made(as_page(text)).text == made(text, "text/plain").text != ""


def test_title_may_stand_above_the_facts() -> None:
    """A heading comes first on most pages; it is the title, and the paragraph below the facts is the dek."""
    head = "<h1>The bell</h1>\n<p>Harbour Hour ·\n 2019-05-04 · 1h 5m</p>\n<p>A word from the pier.</p>"
    found = episode(made(f"<main>{head}<h2>Big reveals</h2><ul><li>The bell was cast in 1871.</ul></main>"))

    assert (found.show, found.aired.isoformat()) == ("Harbour Hour", "2019-05-04")
    assert (found.title, plain(found.dek)) == ("The bell", "A word from the pier.")


def test_page_does_not_rule_its_publishing() -> None:
    """A page that is itself a note in Markdown keeps its words, though not its id, slug and times."""
    text = (
        "---\nshow: A\ntitle: B\ndate: 2020-01-02\nid: urn:x\nslug: index\npublished: 2050-01-01\n"
        "draft: true\n---\n\nA dek.\n"
    )
    found = episode(made(text, "text/plain"))

    assert (found.id, found.slug, found.published, found.draft) == (
        "https://pier.example.org/old",
        None,
        None,
        False,
    )


@pytest.mark.parametrize(
    "around",
    [
        "<body><nav>Menu</nav><main>{}</main><footer>x</footer></body>",
        "<body><div role='main'>{}</div></body>",
        "<body><aside>Ad</aside><article>{}</article></body>",
        "<body><div><div>{}</div></div></body>",
        "<main>Nothing to see</main><article>{}</article>",
        "{}",
    ],
)
def test_article_is_found_on_its_page(around: str) -> None:
    """The main part is read first, then the article, then the whole page without its furniture."""
    text = page().partition("<main>")[2].partition("</main>")[0]

    assert episode(made(around.replace("{}", text))).title == "The bell"


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ("<p>a\n  b</p><p>c</p>", ["a b", "c"]),
        ("<div>a<div>b</div>c</div>", ["a", "b", "c"]),
        ("<p>a<br>b<br/><br>c</p>", ["a", "b", "c"]),
        ("<p>a &amp; b&nbsp;c &lt;d&gt; &#8220;e&#x201d; &hellip;</p>", ["a & b\xa0c <d> “e” …"]),
        ("<ul><li>a<li><p>b</p><p>c</p></ul><p>d", ["  • a", "  • b", "    c", "d"]),
        ("<ol><li>a<ul><li>b</ul></ol>", ["  • a", "  • b"]),
        ("<ul><li><h3>A card</h3>x</li></ul>", ["    A card", "    x"]),
        ("<h2>The gist <a href='#g'>#</a></h2>", ["The gist"]),
        (
            "<p>a<script>b</script><style>c</style><span hidden>d</span><b style='display: none'>e</b>f</p>",
            ["af"],
        ),
        ("<p>A <span aria-hidden=true>·</span> B</p>", ["A · B"]),
        ("<form>x<button>Buy</button><select><option>1</select></form>", ["x"]),
        ("<pre>a\n  b  c\n</pre>", ["a", "b  c"]),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", ["a b", "c"]),
        ("<blockquote>“a” <footer>— B 00:01</footer></blockquote><footer>c</footer>", ["“a”", "— B 00:01"]),
        ("<span>Guest’s own</span><span>Product</span>", ["Guest’s ownProduct"]),
        ("<p>a<!-- b --><?php c ?>d</p>", ["ad"]),
        ("<p>\0a\ud800</p>", ["\ufffda?"]),
    ],
)
def test_page_is_read_as_a_browser_shows_it(html: str, found: list[str]) -> None:
    """Each paragraph, heading, item and quote has its line; what is not shown is not there."""
    assert lines(f"<body>{html}</body>") == found


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (page("Glocke für Käthe").encode(), "text/html"),
        (page("Glocke für Käthe").replace("utf-8", "latin1").encode("cp1252"), "text/html"),
        (
            page("Glocke für Käthe").replace("utf-8", "koi8-r").encode("cp1252"),
            "text/html; charset=ISO-8859-1",
        ),
        (b"\xef\xbb\xbf" + page("Glocke für Käthe").encode(), 'text/html; charset="windows-1251"'),
        (page("Glocke für Käthe").encode("utf-16"), "text/html"),
        (page("Glocke für Käthe").replace("utf-8", "utf-7").encode(), "text/html"),
        (page("Glocke für Käthe").replace("utf-8", "utf-16").encode(), "text/html"),
        (page("Glocke für Käthe").replace("utf-8", "unicode_escape").encode(), "text/html; charset=rot13"),
        (page("Glocke für Käthe").replace("utf-8", "").encode("cp1252"), "text/html"),
    ],
    ids=[
        "utf-8",
        "meta",
        "header first",
        "mark first",
        "utf-16",
        "utf-7",
        "said utf-16",
        "no charset",
        "guessed",
    ],
)
def test_encoding_is_found(data: bytes, kind: str) -> None:
    """Byte order mark, header, what the page says, and a guess count in this order; odd codecs never."""
    assert episode(made(data, kind)).title == "Glocke für Käthe"


@pytest.mark.parametrize(
    "label", ["shift_jis", "Shift-JIS", "sjis", "gb2312", "big5", "euc-kr", "macintosh", "x-sjis"]
)
def test_known_encodings_are_ones_of_python(label: str) -> None:
    """Every name that is taken for an encoding leads to one."""
    assert page_text(b"abc", f"text/html; charset={label}") == "abc"


def test_faults_name_the_line_of_the_original() -> None:
    """What keeps a page from being a note is told with the place in the page as it came."""
    html = page().replace("2019-05-04", "2019-13-45")
    note = made(html)

    (fault,) = note.diagnostics
    assert (note.text, fault.code, fault.path) == ("", "bad-date", "originals/pier/bell.html")
    assert "2019-13-45" in html.split("\n")[fault.line - 1]


@pytest.mark.parametrize("kind", ["application/pdf", "image/png", "application/json"])
def test_what_is_no_page_says_what_it_is(kind: str) -> None:
    """Other files are no notes, whatever is in them."""
    (fault,) = made(page(), kind).diagnostics

    assert fault.code == "not-a-page"
    assert kind in fault.message


@pytest.mark.parametrize(
    "data", [b"", b" ", b"<html></html>", b"\0\0\0", b"<p>Nothing that looks like notes</p>"]
)
def test_page_without_notes_is_a_fault(data: bytes) -> None:
    """A page that says nothing of an episode makes no note."""
    for kind in ("text/html", "text/plain", ""):
        note = made(data, kind)
        assert (note.text, any(each.is_error for each in note.diagnostics)) == ("", True)


@pytest.mark.parametrize("piece", ["<div>", "<b>", "<ul><li>", "<table><tr><td>", "<blockquote>", "<main>"])
def test_depth_does_not_matter(piece: str) -> None:
    """A page as deep as it is long is read or refused, quickly and without a word of Python's."""
    made(f"<body>{piece * 50_000}x")


def test_items_in_items_are_read_in_time() -> None:
    """A page whose items are nested, with much inside the innermost, costs no more than its length."""
    html = "<body>" + "<ul><li>" * 500 + "<b>x</b>" * 200_000
    begun = time.process_time()
    made(html)

    assert time.process_time() - begun < 20


PIECES = st.sampled_from(
    (
        *("<p>", "</p>", "<main>", "</main>", "<li>", "<ul>", "</ul>", "<br>", "<pre>", "</pre>", "<td>"),
        *("<h2>Big reveals</h2>", "<blockquote>", "</blockquote>", "“a” — B 00:01", "Recommended", "Book"),
        *("A · 2019-05-04 · 1h", "---", "title: x", "x", "\n", "\u2028", "&lt;", "<!--", "<a href="),
        *("• y", "## z", "[a](javascript:b)", "Find it on A"),
    )
)


@settings(max_examples=200)
@given(html=st.lists(PIECES, max_size=30).map("".join) | st.text(max_size=100))
def test_any_page_makes_a_sound_note_or_none(html: str) -> None:
    """Whatever a page holds, its note reads back as what was read, or there is none and a fault."""
    for kind in ("text/html", "text/plain"):
        note = made(html.encode("utf-8", "replace"), kind)
        assert bool(note.text) != any(each.is_error for each in note.diagnostics)
        if note.text:
            assert episode(note).url == URL
