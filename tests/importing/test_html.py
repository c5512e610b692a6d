"""HTML of other systems, read into paragraphs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmaker.importing.foreign import Markup
from feedmaker.importing.html import MOST_BLOCKS, MOST_SIGNS, Document, plain_text, read_markup
from feedmaker.model import Prose, Span
from feedmaker.notes.prose import inline, to_markdown
from tests.notes.strategies import AWKWARD, fuzz

BASE = "https://old.example.org/a/b"
_TAGS = (
    "p",
    "div",
    "b",
    "i",
    "a href='x'",
    "pre",
    "li",
    "ul",
    "table",
    "td",
    "h2",
    "script",
    "svg",
    "br",
    "small",
)
_PIECES = st.one_of(
    st.sampled_from([f"<{tag}>" for tag in _TAGS] + [f"</{tag.split()[0]}>" for tag in _TAGS]),
    st.sampled_from(AWKWARD),
    st.text(max_size=8),
)
HTML = st.lists(_PIECES, max_size=25).map("".join)


def read(html: str) -> Document:
    """Read HTML of the old site."""
    return read_markup(Markup(html, base=BASE))


def paragraphs(html: str) -> list[tuple[str, str]]:
    """Return the kind and words of each paragraph."""
    return [(block.kind, block.text) for block in read(html).blocks]


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ("", []),
        (" \n<p> </p>&nbsp;<br>", []),
        ("bare words", [("paragraph", "bare words")]),
        (
            "<p>one<p>two\n lines</p>three",
            [("paragraph", "one"), ("paragraph", "two lines"), ("paragraph", "three")],
        ),
        ("a<br>b<br> <br/>c<hr>d", [("paragraph", "a b"), ("paragraph", "c"), ("paragraph", "d")]),
        ("<h1>A <i>b</i></h1><h6>c</h6>", [("heading", "A b"), ("heading", "c")]),
        (
            "<ul><li>a<li><p>b</p><p>c</p></ul>d",
            [("bullet", "a"), ("bullet", "b"), ("paragraph", "c"), ("paragraph", "d")],
        ),
        ("<blockquote><p>q</p>r</blockquote>", [("quote", "q"), ("quote", "r")]),
        ("<pre>a = 1\n\n  b</pre>c", [("code", "a = 1"), ("code", "b"), ("paragraph", "c")]),
        (
            "<table><tr><th>a</th><td>b</td></tr><tr><td>c</td></tr></table>",
            [("paragraph", "a b"), ("paragraph", "c")],
        ),
        ("<title>no</title><style>p{}</style><!-- no --><template>no</template>yes", [("paragraph", "yes")]),
        ("<video>no</video><iframe>no</iframe><svg><text>no</text></svg>yes", [("paragraph", "yes")]),
        ("&lt;b&gt; &amp;amp; &nbsp;&copy; &#x1F600; &bogus;", [("paragraph", "<b> &amp; \xa0© 😀 &bogus;")]),
        ("a\0b\x01c\ud800", [("paragraph", "a\ufffdb␁c?")]),
        ("</p></div></b>x</a>", [("paragraph", "x")]),
    ],
)
def test_words_become_paragraphs(html: str, found: list[tuple[str, str]]) -> None:
    """Every kind of block is a paragraph of its kind, and what nobody reads is none."""
    assert paragraphs(html) == found


@pytest.mark.parametrize(
    ("html", "prose"),
    [
        ("a <b>b<i>c</i></b>", (Span("a "), Span("b", strong=True), Span("c", strong=True, emphasis=True))),
        ("<strong>a</strong><em>b</em>", (Span("a", strong=True), Span("b", emphasis=True))),
        ("<code>a</code> <kbd>b</kbd>", (Span("a", code=True), Span(" "), Span("b", code=True))),
        ("<a href='../c?d=é'>x</a>y", (Span("x", href="https://old.example.org/c?d=%C3%A9"), Span("y"))),
        ("<a href='mailto:a@b.example'>x</a>", (Span("x", href="mailto:a@b.example"),)),
        ("<a href='//c.example/'>x</a>", (Span("x", href="https://c.example/"),)),
    ],
)
def test_markings_and_links_stay(html: str, prose: Prose) -> None:
    """Emphasis, code and links are those of the text, the links made absolute."""
    assert read(html).blocks[0].prose == prose


@pytest.mark.parametrize(
    "href", ["javascript:alert(1)", "data:text/html,x", "http://[", "file:///x", "tag:a,b"]
)
def test_link_that_leads_nowhere_keeps_its_words(href: str) -> None:
    """A link that may not stand in a note goes, is counted, and leaves its words."""
    found = read(f'<a href="{href}">words</a> <a name="here">more</a> <a href="#x">on</a>')

    assert found.blocks[0].prose == (Span("words more on"),)
    assert found.lost == {"links that lead nowhere (their words are kept)": 1}


def test_losses_are_counted() -> None:
    """What a note cannot hold is counted by kind; an image that nobody sees is no loss."""
    found = read(
        "<script>a</script><style>b</style><p>x<img src=a><img width=1 height=1 src=b></p><iframe></iframe>"
        "<object><embed><video><audio></audio></video></object><svg></svg><table><tr><td>y</table><input>"
    )

    assert [block.text for block in found.blocks] == ["x", "y"]
    assert found.lost == {
        "scripts and styles": 2,
        "images": 1,
        "embedded pages and players": 2,
        "drawings and formulas": 1,
        "tables (their words are kept)": 1,
        "fields of forms": 1,
    }


def test_fine_print_is_known() -> None:
    """A paragraph that is all fine print is told from one that has some."""
    blocks = read("<p><small>all</small> </p><p>some <small>print</small></p><p>none</p>").blocks

    assert [block.small for block in blocks] == [True, False, False]


def test_plain_text_is_parted_at_empty_lines() -> None:
    """Plain text is taken as it stands, with a paragraph after each empty line."""
    found = read_markup(Markup("a <b>\nc\r\n\r\n &amp; d\n\n\n", is_html=False))

    assert [block.text for block in found.blocks] == ["a <b> c", "&amp; d"]
    assert plain_text(Markup("AT&T &lt;x&gt;", is_html=False)) == "AT&T &lt;x&gt;"
    assert plain_text(Markup("AT&amp;T <b>x</b>")) == "AT&T x"


@pytest.mark.parametrize(
    "piece", ["<div>", "<b>", "<ul><li>", "<table><tr><td>", "<svg>", "<", "<!--", "<a href=x>"]
)
def test_depth_does_not_matter(piece: str) -> None:
    """However deep it nests, a text is read."""
    read(piece * 50_000 + "x")


def test_size_is_bounded() -> None:
    """Of an endless text a part is kept, and that it was cut is said."""
    long, many = read("x" * (MOST_SIGNS + 5)), read("<p>x" * (MOST_BLOCKS + 5))
    plain = read_markup(Markup("y" * (MOST_SIGNS + 1), is_html=False))

    assert len(long.blocks[0].text) == len(plain.blocks[0].text) == MOST_SIGNS
    assert len(many.blocks) == MOST_BLOCKS
    assert long.lost == many.lost == plain.lost == {"texts beyond the limit": 1}


@fuzz(400)
@given(HTML, st.booleans())
def test_any_text_becomes_paragraphs_that_notes_can_hold(html: str, is_html: bool) -> None:
    """Whatever is read stands in a note as it was read, and nothing in it can run."""
    for block in read_markup(Markup(html, is_html, BASE)).blocks:
        assert inline(to_markdown(block.prose)) == block.prose
        assert all((span.href or "https:").startswith(("https:", "http:", "mailto:")) for span in block.prose)
