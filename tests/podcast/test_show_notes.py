"""The middle tier of an episode's text: four elements, 4,000 bytes, and every word as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmaker.config import AMAZON
from feedmaker.content import render
from feedmaker.disclosure import check_disclosure
from feedmaker.model import Guest, Link, Quote, Span, prose
from feedmaker.show_notes import show_notes
from tests.content.reader import Element, read_html
from tests.podcast.samples import HOSTILE, PAGE, endorsed, full_episode, make_episode, notes_of

LIMIT = 4000


def paragraphs(notes: str) -> list[str]:
    """Return the text of each paragraph."""
    return [element.text for element in read_html(notes).find("p")]


def items(notes: str) -> list[Element]:
    """Return the items of all lists."""
    return read_html(notes).find("li")


def test_notes_say_what_the_note_says_in_its_order() -> None:
    """Facts, dek, guests, gist, reveals, takeaways and recommendations follow each other."""
    episode = make_episode(
        dek=prose("The dek."),
        guests=(Guest("Ada", "engineer"), Guest("Bo")),
        gist=(prose("First."), prose("Second.")),
        reveals=(prose("A reveal."),),
        takeaways=(prose("A takeaway."),),
        recommendations=(endorsed("Keras", 3743),),
    )

    assert notes_of(episode, keys=("keras",)) == (
        "<p>Small Machines · 14 March 2015 · 1h 25m</p>\n"
        "<p>The dek.</p>\n"
        "<p>With Ada — engineer</p>\n"
        "<p>With Bo</p>\n"
        "<p>First.</p>\n"
        "<p>Second.</p>\n"
        "<p>Big reveals</p>\n<ul>\n<li>A reveal.</li>\n</ul>\n"
        "<p>Things worth remembering</p>\n<ul>\n<li>A takeaway.</li>\n</ul>\n"
        "<p>Recommended in this episode</p>\n<ul>\n"
        f'<li><a href="{PAGE}#keras">Keras</a>, recommended · book: “Read it.” — Ada (01:02:23)</li>\n</ul>\n'
        f'<p><a href="{PAGE}">The full notes</a></p>'
    )


def test_bare_note_has_its_facts_and_the_way_to_its_page() -> None:
    """A note that says nothing but its facts makes notes without headings."""
    assert paragraphs(notes_of(make_episode())) == [
        "Small Machines · 14 March 2015 · 1h 25m",
        "The full notes",
    ]


@given(HOSTILE)
def test_any_text_comes_back_as_it_was(text: str) -> None:
    """Whatever a note says is text: the elements stay the same and every word can be read back."""
    notes = notes_of(full_episode(text), keys=("a", "b"))

    found = [element.text for element in items(notes)]
    quote = f"“{text} {text}” — {text} (01:02:23)"
    assert read_html(notes).skeleton() == read_html(notes_of(full_episode(), keys=("a", "b"))).skeleton()
    assert found[:3] == [text, text, text]
    assert found[3:] == [
        f"{text}, by {text} (inferred) · recommended · {text}: {quote}",
        f"{text}, the guest’s own · book",
    ]
    assert paragraphs(notes)[1:4] == [text, f"With {text} — {text}", text]


@given(HOSTILE, st.integers(1, 900), st.integers(1, 1200))
def test_no_note_is_too_long(text: str, times: int, long_address: int) -> None:
    """However long a note and its address are, the notes hold at most 4,000 bytes of sound markup."""
    notes = notes_of(full_episode(text * times), f"{PAGE}{'ä' * long_address}/")

    assert 0 < len(notes.encode()) <= LIMIT
    assert {tag for tag, _ in read_html(notes).skeleton()} <= {"p", "a", "ul", "li"}
    assert {name for _, names in read_html(notes).skeleton() for name in names} <= {"href"}


def test_notes_of_just_the_limit_are_whole() -> None:
    """What fits to the byte is not shortened, and one byte more drops the last takeaway alone."""
    spare = LIMIT - len(notes_of(make_episode(takeaways=(prose("Short."), prose("x")))).encode())
    fitting = make_episode(takeaways=(prose("Short."), prose("x" * (spare + 1))))
    longer = make_episode(takeaways=(prose("Short."), prose("x" * (spare + 2))))

    assert len(notes_of(fitting).encode()) == LIMIT
    assert len(items(notes_of(fitting))) == 2
    assert [element.text for element in items(notes_of(longer))] == ["Short."]


ORDER = ("dek", "lead", "name", "quote", "other", "guest", "gist", "takeaway")


@pytest.mark.parametrize("size", range(100, 1500, 100))
def test_room_is_given_in_the_declared_order(size: int) -> None:
    """Where parts are equally long, what is missing is less important than all that is there."""
    said = {word: (f"{word} " * size)[:size] for word in ORDER}
    episode = make_episode(
        dek=prose(said["dek"]),
        guests=(Guest(said["guest"]),),
        gist=(prose(said["gist"]),),
        reveals=(prose(said["lead"]), prose(said["other"])),
        takeaways=(prose(said["takeaway"]),),
        recommendations=(endorsed(said["name"], text=said["quote"]),),
    )

    notes = notes_of(episode)

    kept = tuple(word for word in ORDER if said[word] in notes)
    assert kept == ORDER[: len(kept)]
    assert len(kept) >= min(len(ORDER), 3300 // size)


def test_leading_reveal_stays_where_others_go() -> None:
    """The reveal that a note highlights is kept before all others."""
    reveals = tuple(prose(f"number{number} " * 150) for number in range(4))

    notes = notes_of(make_episode(reveals=reveals, highlights=(3,)))

    assert "number3" in notes
    assert "number0" in notes
    assert "number2" not in notes


@given(st.lists(st.integers(1, 900), min_size=1, max_size=30))
def test_quotes_are_whole_or_missing(lengths: list[int]) -> None:
    """No quote is cut, and none stands without the name of what it speaks of."""
    recommendations = tuple(
        endorsed(f"Name {number}", number, f"q{number}{'x' * length}q")
        for number, length in enumerate(lengths)
    )

    for element in items(notes_of(make_episode(recommendations=recommendations))):
        name, _, quote = element.text.partition(", recommended · book")
        number = int(name.removeprefix("Name "))
        whole = f": “q{number}{'x' * lengths[number]}q” — Ada (00:00:{number:02})"
        assert quote in ("", whole)


def test_long_dek_is_cut_at_a_word() -> None:
    """A dek that would fill the notes is there with its beginning."""
    dek = paragraphs(notes_of(make_episode(dek=prose("<word> " * 1000))))[1]

    assert dek.startswith("<word> <word>")
    assert dek.endswith("<word>…")
    assert len(dek) <= 500


@pytest.mark.parametrize(("size", "kept"), [(1500, 1500), (1501, 500)])
def test_dek_of_moderate_length_is_whole(size: int, kept: int) -> None:
    """A dek is cut only where it would take the room of much else."""
    assert len(paragraphs(notes_of(make_episode(dek=prose("x" * size))))[1]) == kept


def test_all_names_come_before_any_quote() -> None:
    """What was recommended matters more than why."""
    recommendations = tuple(endorsed(f"Name {number}", text="w " * 400) for number in range(20))

    found = [element.text for element in items(notes_of(make_episode(recommendations=recommendations)))]

    assert [text.partition(",")[0] for text in found] == [f"Name {number}" for number in range(20)]
    assert [number for number, text in enumerate(found) if "“" in text] == [0, 1]


def test_long_facts_are_shortened() -> None:
    """The name of a show cannot take the room of all else."""
    assert len(paragraphs(notes_of(make_episode(show="x" * 5000)))[0]) == 255


def test_time_stands_behind_a_space_and_is_no_link() -> None:
    """Podcast programs make links of plain times behind a space, so ours is plain."""
    (item,) = items(notes_of(make_episode(recommendations=(endorsed("Keras", 3743),))))

    assert item.children[-1] == ", recommended · book: “Read it.” — Ada (01:02:23)"


def test_quote_without_speaker_and_time_stands_alone() -> None:
    """A quote of which nothing else is known has no dash behind it."""
    episode = make_episode(recommendations=(endorsed("Keras", quote=Quote("So it is.")),))

    (item,) = items(notes_of(episode))

    assert item.text.endswith(": “So it is.”")


def test_markings_go_and_links_stay() -> None:
    """Bold, emphasis and code become plain words; addresses of links are kept."""
    reveal = (Span("bold", strong=True), Span("link", emphasis=True, href="https://a.example/?x=1&y=2"))

    (item,) = items(notes_of(make_episode(reveals=(reveal,))))

    assert item.skeleton() == [("a", ("href",))]
    assert item.one("a").attributes == {"href": "https://a.example/?x=1&y=2"}


def test_paid_links_are_left_to_the_page() -> None:
    """Podcast programs drop rel, so nothing is sold here and nothing need be disclosed."""
    episode = make_episode(recommendations=(endorsed("Keras", link=Link("amazon:Keras")),))
    content = render(episode, {"amazon": AMAZON.model_copy(update={"tag": "notes-20"})})

    notes = show_notes(episode, content, PAGE, ("keras",))

    check_disclosure("podcast.xml", notes, content.links)
    assert content.links[0] is not None
    assert content.links[0].url not in notes
    assert [anchor.attributes["href"] for anchor in read_html(notes).find("a")] == [f"{PAGE}#keras", PAGE]


def test_a_hundred_thousand_takeaways_take_no_time_to_speak_of() -> None:
    """The work grows with the size of the note, not with its square."""
    episode = make_episode(takeaways=(prose("x"),) * 100_000)

    assert len(notes_of(episode).encode()) <= LIMIT
