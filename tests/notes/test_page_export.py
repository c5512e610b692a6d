"""Page exports: each fixture beside what it says, and each form in which pages come."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmaker.model import Episode, Quote, plain
from feedmaker.notes.note import Note, parse_note
from tests.notes.plain import to_plain
from tests.notes.strategies import QUOTE_TEXTS, SPEAKERS, fuzz

DATA = Path(__file__).parent / "data"
PAGES = sorted(DATA.glob("*.txt"))
WHOLE = (DATA / "whole_page.txt").read_text("utf-8")
EXPECTED = json.loads((DATA / "whole_page.json").read_text("utf-8"))


def parse(text: str) -> Note:
    """Read a page export."""
    return parse_note("episodes/page.txt", text.encode())


def read(text: str) -> Episode:
    """Read a page export that nothing is wrong with."""
    note = parse(text)
    assert note.diagnostics == ()
    assert note.episode is not None
    return note.episode


def page(*parts: str) -> str:
    """Write a page export with the sections given."""
    return "\n\n".join(["Home A Notes", "A · 2024-05-06 · 45m", "T", *parts])


def test_there_are_fixtures() -> None:
    """Every page export has its expected episode beside it."""
    assert [path.stem for path in PAGES] == [path.stem for path in sorted(DATA.glob("*.json"))]
    assert PAGES


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_fixture_reads_as_written_beside_it(path: Path) -> None:
    """Each page export gives the episode that stands beside it."""
    note = parse_note(f"episodes/{path.name}", path.read_bytes())

    assert to_plain(note.episode) == json.loads(path.with_suffix(".json").read_text("utf-8"))
    assert [diagnostic.code for diagnostic in note.diagnostics] == (
        ["unknown-section"] if path.stem == "furniture" else []
    )


def test_whole_page_is_counted() -> None:
    """The page export that the format is known by gives each part once, and all of it."""
    episode = read(WHOLE)

    assert (episode.show, episode.aired.isoformat(), episode.duration) == (
        "Lighthouse Radio",
        "2019-03-08",
        5100,
    )
    assert episode.title == "How Tide Tables Are Made (Maren Holt, Harbour Institute)"
    assert plain(episode.dek).startswith("Maren Holt explains")
    assert [bool(guest.bio) for guest in episode.guests] == [True]
    assert (len(episode.gist), len(episode.reveals), len(episode.takeaways)) == (1, 7, 8)
    assert [item.kind for item in episode.recommendations] == ["own", "own", "recommended", "recommended"]
    assert [(item.creator, item.creator_inferred) for item in episode.recommendations[2:]] == [
        ("Tidewell", True),
        (None, False),
    ]
    assert [item.quote and item.quote.at for item in episode.recommendations] == [1569, 3054, 3743, 3806]


@pytest.mark.parametrize(
    "furniture",
    ["Home", "Notes\n", "Find it on", "commission", "somebody endorsed", "get them", "inferred)", "•"],
)
@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_furniture_never_leaks(path: Path, furniture: str) -> None:
    """Nothing that belongs to the page is in the episode."""
    note = parse_note(f"episodes/{path.name}", path.read_bytes())

    assert furniture not in json.dumps(to_plain(note.episode), ensure_ascii=False)


@pytest.mark.parametrize(
    "saved",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\r"),
        lambda text: "\ufeff" + text,
        lambda text: text + "\n\n\n",
        lambda text: text.replace("\n", " \t \n"),
        lambda text: text.replace("  •", "\t•\t").replace(" · ", "\t·\t"),
        lambda text: text.replace("\n\n", "\n"),
        lambda text: text.replace("\n\n", "\n\n\n\n"),
        lambda text: text.replace("\n\n", "\n\u200b\n"),
        lambda text: text.replace("’", "'"),
        lambda text: text.replace("The guest\n", "The Guests:\n").replace("Big reveals", "BIG REVEAL"),
        lambda text: text.replace("•", "-"),
        lambda text: text.replace("•", "*"),
        lambda text: text.replace("  • ", "•"),
        lambda text: text.replace("1h 25m", "1:25:00"),
    ],
    ids=[
        *("windows", "old mac", "byte order mark", "empty lines at the end", "blanks at line ends", "tabs"),
        *("no empty lines", "more empty lines", "invisible spaces", "straight apostrophes", "other headings"),
        *("dashes", "stars", "tight bullets", "clock"),
    ],
)
def test_same_page_saved_otherwise_is_the_same_episode(saved: object) -> None:
    """Line ends, blanks and signs of the page change nothing."""
    assert callable(saved)
    text = saved(WHOLE)

    assert text != WHOLE
    assert to_plain(read(text)) == EXPECTED


@pytest.mark.parametrize("space", ["\xa0", "\u202f", "\u2003", "\u3000"])
def test_spaces_of_any_width_part_the_page(space: str) -> None:
    """A page whose spaces are all no-break, narrow or wide is read the same; in the texts they stay."""
    found = json.dumps(to_plain(read(WHOLE.replace(" ", space))), ensure_ascii=False)

    assert json.loads(found.replace(space, " ")) == EXPECTED
    assert f"brass{space}gauge" in found


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("3h 5m", 11100),
        ("45m", 2700),
        ("2h", 7200),
        ("1h25m", 5100),
        ("1 hr 5 min", 3900),
        ("90 min", 5400),
        ("58s", 58),
        ("1:02:03", 3723),
        ("45:30", 2730),
        ("1h\xa025m", 5100),
        ("1 hour, 2 minutes", 3720),
    ],
)
def test_length_is_read(written: str, seconds: int) -> None:
    """A length is read in each form that pages have."""
    assert read(f"A · 2024-05-06 · {written}\n\nT").duration == seconds


@pytest.mark.parametrize("dot", [" · ", " • ", " | ", "\t·\t", "\xa0·\xa0", " ∙ "])
def test_facts_are_parted_by_dots(dot: str) -> None:
    """The facts line is known by its dots, whichever they are; those inside the show's name stay."""
    episode = read(f"A{dot}B{dot}2024-05-06{dot}45m\n\nT")

    assert episode.show.split() == ["A", dot.strip(), "B"]
    assert (episode.aired.isoformat(), episode.duration) == ("2024-05-06", 2700)


def test_more_facts_are_reported_and_left_out() -> None:
    """What stands beside date and length in the facts line is a warning, and no reason to hold back."""
    note = parse("A · 2024-05-06 · Episode 12 · 45m\n\nT")

    assert note.episode is not None
    assert note.episode.duration == 2700
    assert [str(diagnostic) for diagnostic in note.diagnostics] == [
        'episodes/page.txt:1:18: warning: "Episode 12" has no place here and is left out [unread-text]'
    ]


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("1:02:03", 3723),
        ("00:26:09", 1569),
        ("26:09", 1569),
        ("(26:09)", 1569),
        ("[0:05]", 5),
        ("75:10", 4510),
    ],
)
@pytest.mark.parametrize("between", [" ", ", ", " · ", "\n", "\n\t", "\xa0"])
def test_time_of_a_quote_is_read(written: str, seconds: int, between: str) -> None:
    """The time of a quote is read in each form, on its line or below."""
    text = page(
        "Recommendations", f"RecommendedBook\n\nN\n\n“w” — Ann Lee{between}{written}\nFind it on Amazon"
    )

    assert read(text).recommendations[0].quote == Quote("w", "Ann Lee", seconds)


@pytest.mark.parametrize(
    ("heading", "section"),
    [
        ("The guest", "guests"),
        ("The guests", "guests"),
        ("GUESTS:", "guests"),
        ("About the guest", "guests"),
        ("The gist", "gist"),
        ("Gist", "gist"),
        ("Big reveal", "reveals"),
        ("The big reveals", "reveals"),
        ("Thing worth remembering", "takeaways"),
        ("Things\xa0worth  remembering", "takeaways"),
        ("Recommended in the episode", "recommendations"),
        ("Recommendation", "recommendations"),
    ],
)
def test_heading_is_known_in_each_form(heading: str, section: str) -> None:
    """Headings are known in singular and plural, in any case and with any spaces."""
    text = "RecommendedBook\n\nN" if section == "recommendations" else "Some words."

    assert len(getattr(read(page(heading, text)), section)) == 1


@pytest.mark.parametrize(
    ("badge", "kind", "medium"),
    [
        ("RecommendedBook", "recommended", "book"),
        ("Guest’s ownProduct", "own", "product"),
        ("Guest's ownMedia", "own", "media"),
        ("Host’s ownBook", "own", "book"),
        ("Recommended Film", "recommended", "film"),
        ("Guest’s\xa0own Course", "own", "course"),
        ("RecommendedTV & film", "recommended", "tv & film"),
    ],
)
def test_badge_is_read(badge: str, kind: str, medium: str) -> None:
    """A badge says how a thing was endorsed and what it is, run together or not."""
    item = read(page("Recommendations", badge, "N")).recommendations[0]

    assert (item.kind, item.medium) == (kind, medium)


def test_wrapped_word_is_no_heading() -> None:
    """The last word of a wrapped line is no heading, though it may be the word of one."""
    episode = read(page("Big reveals", "• all of it rests on\nrecommendations\n• the rest"))

    assert [plain(item) for item in episode.reveals] == ["all of it rests on recommendations", "the rest"]


def test_two_quotes_are_not_run_together() -> None:
    """Of two quotes on one card the first is kept and the second reported, so nobody says another's words."""
    note = parse(page("Recommendations", "RecommendedBook\n\nN\n\n“a” — Ann 01:02\n“b” — Bob 03:04"))

    assert note.episode is not None
    assert note.episode.recommendations[0].quote == Quote("a", "Ann", 62)
    assert [(item.line, item.code) for item in note.diagnostics] == [(14, "unread-text")]


def test_text_after_the_last_bullet_is_not_part_of_it() -> None:
    """A page's foot is reported as a whole and does not run into the last bullet."""
    note = parse(page("Big reveals", "• a\n• b", "All rights reserved,\nnow and for ever."))

    assert note.episode is not None
    assert [plain(item) for item in note.episode.reveals] == ["a", "b"]
    assert [(item.line, item.code) for item in note.diagnostics] == [(12, "unread-text")]


def _clock(seconds: int) -> str:
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


# Dashes and quotation marks in a speaker's name would be those that end the quote.
_NAMES = SPEAKERS.filter(lambda name: not set(name) & set('—–―-“”"„«»‟〝〞「」'))
# A paragraph that is a heading, a badge or a buy link is one, even between quotation marks.
_SINGLE = QUOTE_TEXTS.map(lambda text: text.replace("\n\n", " "))
_SEVERAL = st.lists(
    st.sampled_from(["He said “no” — twice.", "«Oui» — 12:30, then", 'so "so" so —', "漢字 & <b>"]),
    min_size=2,
    max_size=3,
)


@fuzz(300)
@given(
    _SINGLE | _SEVERAL.map("\n\n".join),
    _NAMES,
    st.integers(0, 99 * 3600),
    st.sampled_from([" ", "\n", "\n\n"]),
)
def test_any_words_stay_as_they_were_spoken(words: str, speaker: str, at: int, before_dash: str) -> None:
    """A quote keeps every character of any text, whoever said it."""
    card = f"RecommendedBook\n\nName\n\n“{words}”{before_dash}— {speaker} {_clock(at)}\nFind it on Amazon"

    note = parse(page("Recommended in this episode", card))

    assert note.diagnostics == ()
    assert note.episode is not None
    assert note.episode.recommendations[0].quote == Quote(words, speaker, at)
