"""What an issue says: subject, preheader, what leads and what is shortened."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from feedmaker.errors import UsageError
from feedmaker.model import Episode, Guest, Quote, Recommendation, prose
from feedmaker.newsletter.issue import LINE, compose, newsletter_of, usual_lengths
from feedmaker.newsletter.leaving import TOKEN_SLOT
from feedmaker.newsletter.subject import PREHEADER_LIMIT, SUBJECT_LIMIT
from tests.content.episodes import hostile_text
from tests.newsletter import samples
from tests.newsletter.samples import BREAD, HARBOUR, issue

WORDS = "The mole was built in a single winter by people who had never seen the sea before that year"
BARE = Episode("Tide Tables", "Nothing but a title", HARBOUR.aired)


def revealing(*reveals: str, highlights: tuple[int, ...] = ()) -> Episode:
    """Make an episode of some reveals."""
    return replace(BARE, reveals=tuple(map(prose, reveals)), highlights=highlights)


def test_subject_is_the_first_highlighted_reveal() -> None:
    """What the publisher marked leads, wherever its episode stands."""
    marked = revealing("Not this.", "The ferry ran on peat.", highlights=(1,))

    assert issue(BREAD, marked).subject == "The ferry ran on peat."


@pytest.mark.parametrize(
    ("episode", "subject"),
    [
        (revealing("The ferry ran on peat.", "Not this."), "The ferry ran on peat."),
        (BARE, "Nothing but a title"),
        (revealing("A  line\n of its own"), "A line of its own"),
    ],
)
def test_subject_without_a_highlight(episode: Episode, subject: str) -> None:
    """Without a mark the first reveal leads, and without reveals the title does."""
    assert issue(episode).subject == subject


@pytest.mark.parametrize(
    ("reveal", "subject"),
    [
        (f"The ferry ran on peat for nine years. {WORDS}.", "The ferry ran on peat for nine years."),
        (
            f"The mole was built in one winter, by no more than two hands; {WORDS}.",
            "The mole was built in one winter, by no more than two hands…",
        ),
        (WORDS, "The mole was built in a single winter by people who had never seen the sea…"),
        ("x" * 200, "x" * 77 + "…"),
        (f"In 1911. {WORDS}", "In 1911. The mole was built in a single winter by people who had never seen…"),
    ],
    ids=["sentence", "clause", "words", "no words", "sentence that says nothing"],
)
def test_long_subject_ends_where_sense_does(reveal: str, subject: str) -> None:
    """A long reveal is cut after a sentence, a clause or a word, in this order."""
    assert issue(revealing(reveal)).subject == subject


def test_preheader_goes_on_where_the_subject_ends() -> None:
    """It holds the next reveal and what is recommended, and never the subject again."""
    content = issue(revealing("The ferry ran on peat.", "It sank twice."), BREAD)

    assert content.subject == "The ferry ran on peat."
    assert content.preheader.startswith("She bakes at night because the hut’s generator")
    assert content.preheader.endswith("… · Recommended: A pressure gauge for…")


@pytest.mark.parametrize(
    ("episode", "preheader"),
    [
        (revealing("One.", "Two."), "Two. · Nothing but a title · Tide Tables"),
        (revealing("One."), "Nothing but a title · Tide Tables · The Quay Letter"),
        (replace(BREAD, reveals=()), "Recommended: A pressure gauge for bicycle tyres"),
    ],
)
def test_preheader_of_a_short_issue(episode: Episode, preheader: str) -> None:
    """Where reveals or recommendations are missing, the rest fills in, and it is never empty."""
    assert issue(episode).preheader == preheader


def test_signs_that_turn_writing_stay_out_of_the_inbox_row() -> None:
    """An override in a reveal would turn round what else stands in the row."""
    content = issue(revealing("The \u202eferry\u202c ran on peat.", "It \u2067sank."))

    assert (content.subject, content.preheader[:8]) == ("The ferry ran on peat.", "It sank.")


def test_names_from_the_right_leave_what_stands_beside_them_alone() -> None:
    """Show, guests, creators and speakers are isolated, or dates beside them would be torn apart."""
    name = "صوت"
    episode = replace(
        BREAD,
        show=name,
        guests=(Guest(name),),
        recommendations=(
            Recommendation("recommended", "book", "A book", name, quote=Quote("So.", name, 61)),
        ),
    )

    (view,) = issue(episode).episodes

    isolated = f"\u2068{name}\u2069"
    assert view.facts == f"{isolated} · 15 November 2026"
    assert (view.guests, view.cards[0].speaker) == (isolated, isolated)
    assert view.cards[0].byline == f"by {isolated} · recommended · book"


def test_contents_name_what_is_shown_and_count_the_lines() -> None:
    """One episode and many lines have contents too; a short form lists at most five recommendations."""
    many = replace(HARBOUR, recommendations=HARBOUR.recommendations * 4)
    content = issue(HARBOUR, BREAD, HARBOUR, many)
    lengths = [*usual_lengths(samples.stories(HARBOUR), newsletter_of(samples.config())), LINE, LINE]
    lined = compose(samples.stories(HARBOUR, BREAD, BREAD), samples.config(), samples.OCCASION, lengths)

    assert len(content.episodes[3].cards) == 5
    assert "7 recommendations" in content.episodes[3].rest
    assert [view.title for view in lined.contents] == [HARBOUR.title]
    html, text = samples.parts(lined)
    assert "Also new: 2 more at the end" in text
    assert "Also new: 2 more at the end" in html


@given(hostile_text(), hostile_text())
def test_subject_and_preheader_are_short_lines(first: str, second: str) -> None:
    """Whatever a reveal says, both are one line within their limits and not empty."""
    content = issue(revealing(first, second))

    for line, limit in ((content.subject, SUBJECT_LIMIT), (content.preheader, PREHEADER_LIMIT)):
        assert 0 < len(line) <= limit
        assert line == " ".join(line.split())


def test_highlights_lead_in_their_order_and_no_reveal_is_lost() -> None:
    """The marked reveals come first, as the publisher ordered them, the others after them."""
    (view,) = issue(HARBOUR).episodes

    assert view.lead == (HARBOUR.reveals[1], HARBOUR.reveals[0])
    assert view.reveals == HARBOUR.reveals[2:]


def test_first_reveal_leads_where_none_is_marked() -> None:
    """Every episode with reveals has one that catches the eye."""
    (view,) = issue(revealing("One.", "Two.", "Three.")).episodes

    assert [view.lead, view.reveals] == [(prose("One."),), (prose("Two."), prose("Three."))]


def test_gist_and_takeaways_are_shortened_and_quotes_are_not() -> None:
    """The page has the whole of what is shortened; a quote is shown as it was spoken."""
    quote = "well " * 2000
    long = replace(samples.quoting(quote), gist=HARBOUR.gist, takeaways=HARBOUR.takeaways)

    (view,) = issue(long).episodes

    assert len(view.gist) <= 420
    assert view.gist.endswith("…")
    assert len(view.takeaways) == 3
    assert view.rest == ("2 more things to remember",)
    assert view.cards[0].quote == (quote,)


@pytest.mark.parametrize(
    ("gist", "shown"),
    [
        ("It is short.", "It is short."),
        ("a " * 150 + "end. " + "b " * 100, "a " * 150 + "end.\u00a0…"),
        ("a. " + "b " * 300, "a. " + "b " * 207 + "b…"),
        ("x" * 420, "x" * 420),
    ],
    ids=["short", "sentence", "words", "as long as it may be"],
)
def test_long_gist_ends_with_a_sentence(gist: str, shown: str) -> None:
    """A gist that is too long ends where a sentence does, or else at a word."""
    (view,) = issue(replace(BARE, gist=(prose(gist.strip()),))).episodes

    assert view.gist == shown
    assert len(view.gist) <= 420


@pytest.mark.parametrize(
    ("mail", "address", "paid"),
    [
        ("page", "https://notes.example.org/episodes/episode-0/", False),
        ("direct", "https://www.amazon.com/dp/B0EXAMPLE1?tag=quay-20", True),
        ("none", None, False),
    ],
)
def test_links_follow_the_policy_of_the_merchant(mail: str, address: str | None, paid: bool) -> None:
    """Mail carries the page, the merchant or nothing; only a direct paid link brings a disclosure."""
    (view,) = issue(BREAD, settings=samples.config(mail=mail, tag="quay-20")).episodes

    link = view.cards[0].link
    assert (link.url if link else None) == address
    assert view.disclosures == ((samples.DISCLOSURE,) if paid else ())


def test_link_to_the_page_says_so() -> None:
    """Nobody who follows the name of a shop is surprised to land on our page first."""
    (view,) = issue(HARBOUR).episodes

    assert [card.link.label if card.link else None for card in view.cards] == [
        "Find it on Amazon (on the episode’s page)",
        "See the Sounding Line",
        None,
    ]


@pytest.mark.parametrize(
    ("newsletter", "address"),
    [
        ({}, f"mailto:letter@notes.example.org?subject=unsubscribe%20{TOKEN_SLOT}"),
        (
            {"unsubscribe": "https://notes.example.org/leave"},
            f"https://notes.example.org/leave?token={TOKEN_SLOT}",
        ),
    ],
)
def test_unsubscribe_is_configured_or_a_mail_to_the_sender(newsletter: dict[str, str], address: str) -> None:
    """There is always a way out."""
    assert issue(settings=samples.config(**newsletter)).unsubscribe == address


@pytest.mark.parametrize(("language", "shown"), [("de", "de"), ("en", None), (None, None)])
def test_language_is_named_where_it_is_another_one(language: str | None, shown: str | None) -> None:
    """Only an episode in another language than the site's needs a mark."""
    (view,) = issue(replace(BARE, language=language)).episodes

    assert view.language == shown


def test_newsletter_must_be_configured() -> None:
    """Without the section there is no sender; the text names what is missing."""
    bare = samples.config().model_copy(update={"newsletter": None})

    with pytest.raises(UsageError, match='no "newsletter" section'):
        compose([samples.story(BREAD)], bare, samples.OCCASION)
