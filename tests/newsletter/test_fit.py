"""An issue fits, whatever the notes are: in a declared order, with no more left out than must be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedmaker.config import Config
from feedmaker.errors import GateError
from feedmaker.model import Episode, Guest, Link, Quote, Recommendation, Span, prose
from feedmaker.newsletter import proof
from feedmaker.newsletter.fit import LIMIT, fewest, shortened, steps, told
from feedmaker.newsletter.issue import IssueContent, Story, compose, ordered, usual_lengths
from feedmaker.newsletter.message import encoded_size
from feedmaker.newsletter.mjml import render_html
from feedmaker.newsletter.proof import Proof, make_proof
from feedmaker.templating import Templates
from tests.newsletter import samples
from tests.newsletter.digest import TEN
from tests.newsletter.samples import BREAD, DISCLOSURE, HARBOUR, OCCASION, POSTAL_ADDRESS, stories

CONFIG = samples.config(mail="direct", tag="quay-20", unsubscribe="https://notes.example.org/leave")
LETTER = CONFIG.newsletter
assert LETTER


def proof_of(*episodes: Episode, settings: Config = CONFIG) -> Proof:
    """Make the proof of an issue."""
    return make_proof(stories(*episodes), settings, samples.templates(), OCCASION)


def every_step(told_of: Sequence[Story]) -> list[str]:
    """List all steps in words."""
    assert LETTER
    return [f"{step.what} {step.at}" for step in steps(usual_lengths(told_of, LETTER))]


def many(count: int, like: Episode = BREAD) -> list[Episode]:
    """Make notes that differ in their titles."""
    return [replace(like, title=f"Note {number}") for number in range(count)]


def recommending(count: int, words: str) -> Episode:
    """Make a note of many recommendations with a quote each."""
    items = (
        Recommendation(
            "recommended", "book", f"Book {at}", quote=Quote(words, "Ann", at), link=Link(f"amazon:{at}")
        )
        for at in range(count)
    )
    return replace(BREAD, recommendations=tuple(items))


LONG = {
    "a reveal of a megabyte": [replace(HARBOUR, reveals=(prose("silt " * 200_000),), highlights=())],
    "fifty leading reveals": [
        replace(HARBOUR, reveals=(prose("水" * 5000),) * 50, highlights=tuple(range(50)))
    ],
    "an address without end": [
        replace(BREAD, reveals=((Span("here", href="https://a.example/" + "b" * 200_000),),))
    ],
    "200 recommendations": [recommending(200, "well, um, 🦉 " * 200)],
    "a title of emoji": [replace(BREAD, title="🦉" * 50_000)],
    "a show without end": [replace(BREAD, show="水" * 100_000)],
    "thousands of guests": [
        replace(BREAD, guests=tuple(Guest(f"Guest {n} of the many") for n in range(5000)))
    ],
    "a dek and a gist of CJK": [replace(HARBOUR, dek=prose("水" * 90_000), gist=(prose("水" * 90_000),))],
    "500 notes": many(500, HARBOUR),
    "500 notes of emoji": [replace(note, title=f"{note.title} {'🦉' * 500}") for note in many(500)],
    "10,000 notes": many(10_000),
}


@pytest.mark.parametrize("name", LONG)
def test_whatever_the_notes_are_an_issue_fits(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has its headline, its disclosure where a link is paid, its address and its way out; soon."""
    tries = []

    def counting(content: IssueContent, templates: Templates) -> str:
        tries.append(content)
        return render_html(content, templates)

    monkeypatch.setattr(proof, "render_html", counting)

    made = proof_of(*LONG[name])

    assert made.size == encoded_size(made.html) <= LIMIT
    assert len(tries) <= 15
    assert made.content.episodes[0].lead
    assert POSTAL_ADDRESS in made.html
    assert made.content.unsubscribe
    assert made.content.unsubscribe in made.html
    assert (DISCLOSURE in made.html) == any(link and link.paid for link in made.content.links)
    assert len(made.content.episodes) + made.content.more == len(LONG[name])
    assert all(len(cut) < 200 for cut in made.cuts)


def test_usual_issue_stays_as_it_is() -> None:
    """Ten long notes, the first three of them whole, need no shortening."""
    made = proof_of(*TEN)

    assert made.cuts == ()
    assert [view.form for view in made.content.episodes] == ["whole"] * 3 + ["short"] * 7
    assert made.size < 80_000


def test_order_of_shortening() -> None:
    """Things to remember, then gists, then lines, the oldest first; then the rest of the first episode."""
    assert every_step(stories(HARBOUR, HARBOUR, BREAD, BREAD)) == [
        *("takeaways 1", "takeaways 0"),
        *("gist 1", "gist 0"),
        *("line 3", "line 2", "line 1"),
        *("quotes 0", "quotes 0", "reveals 0", "reveals 0"),
        *("recommendations 0", "recommendations 0", "recommendations 0"),
        "dek 0",
        *("episode 3", "episode 2", "episode 1"),
    ]


def test_lines_beyond_the_twentieth_go_before_the_rest_of_the_first_episode() -> None:
    """A list of titles without end is worth less than what the first episode reveals."""
    order = every_step(stories(*many(25, HARBOUR)))

    gone = [order.index(f"episode {at}") for at in range(24, 0, -1)]
    assert gone == sorted(gone)
    assert order.index("episode 21") < order.index("reveals 0") < order.index("dek 0")
    assert order.index("dek 0") < order.index("episode 20")


@pytest.mark.parametrize(
    "note",
    [
        Episode("Tide Tables", "Nothing but a title", HARBOUR.aired),
        replace(BREAD, dek=(), recommendations=()),
    ],
)
def test_what_a_note_does_not_have_is_not_left_out(note: Episode) -> None:
    """There is no step for it, so nobody is told of it."""
    assert every_step(stories(note)) == []


def test_sections_that_are_not_shown_are_not_left_out() -> None:
    """What `sections` leaves out is no step either."""
    config = samples.config(sections=["reveals"])
    assert config.newsletter

    lengths = usual_lengths(stories(HARBOUR), config.newsletter)

    assert {step.what for step in steps(lengths)} == {"reveals"}


def test_long_leading_reveals_are_cut_last_and_stay() -> None:
    """They end with an ellipsis, and the page has the whole."""
    made = proof_of(replace(HARBOUR, reveals=(prose("silt " * 30_000), prose("mud")), highlights=(0,)))

    (view,) = made.content.episodes
    assert [len(str(span.text)) <= 400 for span in view.lead[0]] == [True]
    assert view.lead[0][0].text.endswith("…")
    assert made.cuts[-1] == f"the end of the leading reveals of “{HARBOUR.title}”"
    assert "1 further reveal of" in made.cuts[3]


def test_pieces_of_the_first_episode_go_one_by_one() -> None:
    """Of 60 long quotes as many stay as there is room for, and the cut counts the others."""
    made = proof_of(recommending(60, "word " * 1000))

    (view,) = made.content.episodes
    quotes = [bool(card.quote) for card in view.cards]
    shown = sum(quotes)
    assert 0 < shown < 60
    assert quotes == [True] * shown + [False] * (60 - shown)
    assert made.cuts == (f"{60 - shown} quotes of “{BREAD.title}”",)
    assert f"{60 - shown} quotes" in view.rest


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 30), st.integers(0, 40), st.sampled_from(["word ", "水", "🦉 "]), st.integers(0, 900))
def test_no_more_is_left_out_than_must_be(notes: int, items: int, word: str, length: int) -> None:
    """With one step less the issue would be too long, and what is told is what was taken."""
    notice = recommending(items, word * length + "end")
    told_of = stories(*many(notes, replace(notice, takeaways=HARBOUR.takeaways, gist=(prose(word * 100),))))

    made = make_proof(told_of, CONFIG, samples.templates(), OCCASION)

    assert made.size == encoded_size(made.html) <= LIMIT
    assert LETTER
    lengths = usual_lengths(told_of, LETTER)
    every = list(steps(lengths))

    def content(count: int) -> IssueContent:
        return compose(ordered(told_of), CONFIG, OCCASION, shortened(lengths, every[:count]))

    (taken,) = [count for count in range(len(every) + 1) if content(count) == made.content][:1]
    if taken:
        before = render_html(content(taken - 1), samples.templates())
        assert encoded_size(before) > LIMIT
    titles = [story.publication.episode.title for story in told_of]
    assert made.cuts == told(every[:taken], titles)


@given(st.integers(0, 3000), st.integers(0, 3000))
def test_fewest_steps_are_found_in_few_tries(count: int, needed: int) -> None:
    """The answer is exact, or all steps where not even they do."""
    tries = []

    def fits(number: int) -> bool:
        tries.append(number)
        return number >= needed

    assert fewest(count, fits) == min(count, needed)
    assert len(tries) <= 14


def test_cut_that_a_later_one_swallows_is_not_told() -> None:
    """Whoever lost the whole episode need not hear of its gist."""
    told_of = stories(*many(3, HARBOUR))
    assert LETTER
    every = list(steps(usual_lengths(told_of, LETTER)))
    titles = ["A", "B", "C"]

    assert told(every[:1], titles) == ("the things worth remembering of “C”",)
    assert told(every[:4], titles) == ("the things worth remembering of 3 episodes", "the gist of “C”")
    assert told(every[:8], titles) == (
        "the things worth remembering of “A”",
        "the gist of “A”",
        "all but a line of 2 episodes",
    )
    assert told(every, titles)[-1] == "2 episodes"
    assert not any("line" in cut for cut in told(every, titles))


def test_publisher_who_writes_too_much_is_told() -> None:
    """Where the newsletter's own texts are too long, nothing can be left out; the text says what to do."""
    config = samples.config(intro="word " * 30_000)

    with pytest.raises(GateError, match=r"nothing is left to leave out; shorten the newsletter's own"):
        proof_of(BREAD, settings=config)
