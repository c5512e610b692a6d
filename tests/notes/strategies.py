"""Episodes, texts and page exports of every kind, for property tests.

An `Episode` holds what its two notes can say, in one form each. What that rules out is ruled out here, with
the reason beside it, and nothing else is.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from feedmaker.model import (
    Chapter,
    Episode,
    Guest,
    Link,
    Media,
    Prose,
    Quote,
    Recommendation,
    Soundbite,
    Span,
)
from feedmaker.notes.endorsement import SCHEMES, default_label
from feedmaker.notes.lines import BLANKS, UNPRINTABLE, one_line
from feedmaker.notes.prose import tidy
from feedmaker.notes.speech import Said, said_by
from feedmaker.text import alike
from feedmaker.uri import web_address

T = TypeVar("T")


def fuzz(examples: int) -> Callable[[T], T]:
    """Run a property on as many examples; how long a busy machine takes to think of them is no fault."""
    chosen: Any = settings(max_examples=examples, suppress_health_check=[HealthCheck.too_slow])
    return chosen  # type: ignore[no-any-return]


# Signs of Markdown, YAML and HTML, of our own formats, and of scripts that programs get wrong.
AWKWARD = (
    *(
        "- ",
        "* ",
        "+ ",
        "# ",
        "## ",
        "1. ",
        "2) ",
        "> ",
        "---",
        "...",
        "***",
        "___",
        "===",
        "```",
        "~~~",
        "`",
    ),
    *(
        "**",
        "*",
        "_",
        "__",
        "[",
        "]",
        "(",
        ")",
        "[a](b)",
        "![x](y)",
        "[x]: y",
        "<b>",
        "<!--",
        "-->",
        "</script>",
    ),
    *(
        "&",
        "&amp;",
        "&#65;",
        "&copy",
        ";",
        "\\",
        "\\*",
        "|",
        "~",
        "$",
        "^",
        "%",
        "%41",
        "%0A",
        "@",
        "<a@b.c>",
    ),
    *("no", "yes", "null", "~", "1:25", "0x1F", "1e3", "2016-09-27", "2016-13-45", "12", "true", "=", "<<"),
    *(": ", " #", "'", '"', "!", "!x", "?", "&x", "*x", "{", "}", "{{ x }}", "{% x %}", "]]>", ","),
    *(
        "“",
        "”",
        "„",
        "«",
        "»",
        "‘",
        "’",
        "—",
        " — ",
        "– ",
        " - ",
        " · ",
        "•",
        "(inferred)",
        "by ",
        "recommended",
    ),
    *(
        "Find it on Amazon",
        "own",
        "12:30",
        "01:02:03",
        "https://a.example/?x=1&lt;=2",
        "\x85",
        "\u2028",
        "\u2029",
    ),
    *(
        "\xa0",
        "\u3000",
        "\u200b",
        "\ufeff",
        "\ufffd",
        "\u200f",
        "é",
        "e\u0301",
        "ß",
        "שלום",
        "مرحبا",
        "漢字",
        "हिन्दी",
    ),
    *("😀", "👩\u200d🚀", "İ", "ﬁ", "\U0010fffd", " ", "  ", "a", "Zoë", "word "),
)
# Control characters and non-characters become other signs when a note is read, and surrogates are no text.
_CHARACTERS = st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]).filter(
    lambda sign: not UNPRINTABLE.search(sign)
)
_PIECES = st.one_of(st.sampled_from(AWKWARD), st.text(_CHARACTERS, min_size=1, max_size=6))
RAW = st.lists(_PIECES, min_size=1, max_size=8).map("".join)
"""Any printable text without line feeds."""

LINES = RAW.map(one_line).filter(bool)
"""Titles and names: one line, without blanks at its ends and without runs of spaces."""

_HOSTS = st.sampled_from(["https://a.example/", "http://b.example:8080/x", "https://xn--bcher-kva.example/é"])
_QUERIES = st.sampled_from(["?", "?a=1&lt;=2", "?q=%20%41", "(x)#é", "a*b_c_", "?<b>&amp;\\*"])
ADDRESSES = st.builds("{}{}".format, _HOSTS, _QUERIES).map(web_address)
"""Addresses in the one form in which notes keep them."""

HREFS = st.one_of(ADDRESSES, st.just("mailto:ann@a.example?subject=a%20b"))
SPANS = st.builds(
    Span, RAW, st.booleans(), st.booleans(), st.booleans(), st.one_of(st.none(), st.none(), HREFS)
)
# A paragraph's spans differ from their neighbours, and its ends are not blank.
PROSE: st.SearchStrategy[Prose] = st.one_of(
    LINES.map(lambda text: (Span(text),)), st.lists(SPANS, min_size=1, max_size=5).map(tidy)
).filter(bool)
PLAIN_PROSE: st.SearchStrategy[Prose] = LINES.map(lambda text: (Span(text),))

# The words of a quote keep their spaces, but begin and end with a sign that is not blank.
_WORDS = RAW.map(lambda text: text.strip(BLANKS)).filter(bool)
QUOTE_TEXTS = st.lists(_WORDS, min_size=1, max_size=3).map("\n\n".join)
# A speaker called "Ann, 12:30" could not be told from Ann at 12:30.
SPEAKERS = LINES.filter(lambda text: said_by(text) == Said(text) and text[-1] not in ",·@")
TIMES = st.integers(0, 100 * 3600)
QUOTES = st.builds(Quote, QUOTE_TEXTS, st.none() | SPEAKERS, st.none() | TIMES)

# A merchant's name begins with a letter and is not the scheme of an address.
_MERCHANTS = st.from_regex(r"[a-z][a-z0-9-]{0,12}", fullmatch=True).filter(lambda name: name not in SCHEMES)
TARGETS = st.one_of(ADDRESSES, st.builds("{}:{}".format, _MERCHANTS, LINES.filter(lambda x: x[:2] != "//")))


def _link(target: str, label: str | None) -> Link:
    """Make a link; the words that every note has for a link without a label are no label."""
    return Link(target, None if label == default_label(target) else label)


LINKS = st.builds(_link, TARGETS, st.none() | LINES)
# A medium is a short word in small letters, and the dot parts it from what stands before.
MEDIA_KINDS = st.one_of(
    st.sampled_from(["book", "product", "media", "own", "recommended", "книга", "電影", "board game"]),
    LINES.map(lambda text: one_line(text.lower().replace("·", ""))[:40].strip(BLANKS)).filter(bool),
)
# Whether the creator is inferred stands in brackets after the name, so a name cannot end with that.
CREATORS = LINES.filter(lambda text: not text.endswith("(inferred)"))


def _recommendation(
    kind: Any,
    medium: str,
    name: str,
    creator: str | None,
    inferred: bool,
    quote: Quote | None,
    link: Link | None,
    others: list[str],
) -> Recommendation:
    """Make a recommendation; no name of it is its own, and none is one of another thing as well."""
    inferred = inferred and creator is not None
    same, not_same = (other for other in others[:2] if other != name), others[2:]
    return Recommendation(kind, medium, name, creator, inferred, quote, link, tuple(same), tuple(not_same))


RECOMMENDATIONS = st.builds(
    _recommendation,
    st.sampled_from(["recommended", "own"]),
    MEDIA_KINDS,
    LINES,
    st.none() | CREATORS,
    st.booleans(),
    st.none() | QUOTES,
    st.none() | LINKS,
    st.just([]) | st.lists(LINES, max_size=4, unique=True),
)
MEDIA = st.builds(
    Media,
    ADDRESSES,
    st.sampled_from(["audio/mpeg", "video/mp4", "application/x-subrip"]),
    st.none() | st.integers(1, 10**14),
)
PEOPLE = st.lists(
    st.builds(Guest, LINES, st.none() | LINES, st.none() | ADDRESSES, st.none() | ADDRESSES), max_size=2
).map(tuple)
CHAPTERS = st.lists(
    st.builds(Chapter, TIMES, LINES, st.none() | ADDRESSES, st.none() | ADDRESSES),
    max_size=3,
    unique_by=lambda chapter: chapter.at,
).map(lambda chapters: tuple(sorted(chapters, key=lambda chapter: chapter.at)))
# Shorter and longer ones bring a warning about.
SOUNDBITES = st.lists(st.builds(Soundbite, TIMES, st.integers(15, 120), LINES), max_size=2).map(tuple)
NUMBERS = st.integers(1, 999_999_999)
DAYS = st.dates(date(1850, 1, 1), date(9998, 12, 31))
_ZONES = st.none() | st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
# Times of publishing have whole seconds.
MOMENTS = DAYS | st.builds(
    lambda moment, zone: moment.replace(microsecond=0, tzinfo=zone),
    st.datetimes(datetime(1850, 1, 1), datetime(9998, 12, 31)),  # noqa: DTZ001 - the zone is drawn apart
    _ZONES,
)
_IDS = st.sampled_from(["tag:a.example,2026:é", "urn:note:1", "https://a.example/1", "x:~"])
_SLUGS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,98}[a-z0-9])?", fullmatch=True)


@st.composite
def episodes(draw: st.DrawFn) -> Episode:
    """Draw an episode with any of its facts, present or absent."""
    reveals = tuple(draw(st.lists(PROSE, max_size=3)))
    positions = st.permutations(range(len(reveals))).flatmap(
        lambda all_: st.integers(0, len(all_)).map(lambda n: tuple(all_[:n]))
    )
    return Episode(
        show=draw(LINES),
        title=draw(LINES),
        aired=draw(DAYS),
        duration=draw(st.none() | st.integers(1, 100 * 3600)),
        dek=draw(st.just(()) | PROSE),
        guests=draw(PEOPLE),
        gist=tuple(draw(st.lists(PROSE, max_size=2))),
        reveals=reveals,
        takeaways=tuple(draw(st.lists(PROSE, max_size=2))),
        recommendations=tuple(draw(st.lists(RECOMMENDATIONS, max_size=3))),
        tags=tuple(draw(st.lists(LINES, max_size=2, unique_by=alike))),
        highlights=draw(positions),
        language=draw(st.none() | st.sampled_from(["no", "en", "pt-BR", "zh-Hant-TW"])),
        url=draw(st.none() | ADDRESSES),
        image=draw(st.none() | ADDRESSES),
        video=draw(st.none() | ADDRESSES),
        audio=draw(st.none() | MEDIA),
        transcripts=tuple(draw(st.lists(MEDIA, max_size=3))),
        season=draw(st.none() | NUMBERS),
        number=draw(st.none() | NUMBERS),
        type=draw(st.sampled_from([None, "full", "trailer", "bonus"])),
        explicit=draw(st.none() | st.booleans()),
        hosts=draw(PEOPLE),
        chapters=draw(CHAPTERS),
        soundbites=draw(SOUNDBITES),
        corrections=tuple(draw(st.lists(LINES, max_size=2, unique_by=alike))),
        id=draw(st.none() | _IDS),
        slug=draw(st.none() | _SLUGS),
        published=draw(st.none() | MOMENTS),
        updated=draw(st.none() | MOMENTS),
        draft=draw(st.booleans()),
    )


_NOTE_LINES = st.sampled_from(
    (
        *(
            "---",
            "...",
            "show: A",
            "title: B",
            "date: 2026-01-02",
            "date: soon",
            "duration: 1h",
            "guests:",
            "- x",
        ),
        *(
            "  - name: y",
            "tags: [a, b]",
            "highlight: [1, 9]",
            "draft: maybe",
            "audio: https://a.example/a.mp3",
        ),
        *("A · 2026-01-02 · 45m", "A · 2026-13-02 · x", "The guests", "The gist", "Big reveals", "• b"),
        *("Things worth remembering", "Recommended in this episode", "RecommendedBook", "Guest’s ownProduct"),
        *("## Big reveals", "## The gist", "## Recommended in this episode", "### Name", "by X · own · book"),
        *(
            "> words",
            "> — X, 12:30",
            "> — X, 12:75",
            "Same as: X",
            "Not the same as: Name",
            "[a](b:c%20d)",
            "[a](javascript:x)",
            "<p>",
            "<!-- x -->",
        ),
        *(
            "“words” — X 00:12:30",
            "“words",
            "words” — X 99:99",
            "Find it on Amazon",
            "",
            "",
            "\t",
            "\r",
            "  x",
        ),
    )
)
_ANY_LINES = st.lists(st.one_of(_NOTE_LINES, st.sampled_from(AWKWARD), RAW), max_size=30)
TEXTS = _ANY_LINES.map("\n".join)
"""Texts that are notes in part."""

MARKDOWN_NOTES = st.one_of(
    _ANY_LINES.map("\n".join), st.lists(st.one_of(_NOTE_LINES, RAW), max_size=20).map("\n\n".join)
).map(lambda body: f"---\nshow: A\ntitle: B\ndate: 2026-01-02\n---\n{body}")
"""Notes with sound front matter and anything below it."""

_BULLETS = st.lists(LINES, max_size=3).map(lambda items: "\n".join(f"  • {item}" for item in items))
_GUEST_LINES = st.lists(st.builds("{} — {}".format, LINES, LINES) | LINES, max_size=3).map("\n".join)
_CARDS = st.builds(
    "{}\n\n{}\n\n{}\n\n“{}” — {}\n{}".format,
    st.sampled_from(["RecommendedBook", "Guest’s ownTV & film", "Host's ownMedia"]),
    LINES,
    LINES | st.just("") | LINES.map("{} (inferred)".format),
    QUOTE_TEXTS,
    st.builds("{} {}".format, LINES, st.sampled_from(["1:02:03", "", "12:30", "(0:07)"])),
    st.sampled_from(["Find it on Amazon", "Find it on 楽天", "Buy it at 7-Eleven", "Get it on Data", ""]),
)
PAGE_EXPORTS = st.builds(
    "{}\n{} · 2026-01-02 · 45m\n\n{}\n\n{}\n\n{}".format,
    LINES,
    LINES,
    LINES,
    LINES,
    st.lists(
        st.one_of(
            st.builds("The guests\n\n{}".format, _GUEST_LINES),
            st.builds("The gist\n\n{}".format, QUOTE_TEXTS),
            st.builds("Big reveals\n\n{}".format, _BULLETS),
            st.builds("Things worth remembering\n\n{}".format, _BULLETS),
            st.lists(_CARDS, max_size=3).map(lambda cards: "\n".join(["Recommendations\n", *cards])),
        ),
        max_size=4,
    ).map("\n\n".join),
)
"""Page exports with any text in each place."""
