"""An episode as HTML and as one paragraph."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedmaker.config import Merchant
from feedmaker.content import (
    SUMMARY_LIMIT,
    byline,
    facts_line,
    moment_address,
    prose_html,
    render,
    summary,
)
from feedmaker.merchants import PAID_MARK
from feedmaker.model import Episode, Guest, Link, Media, Prose, Quote, Recommendation, Span, prose
from tests.content.episodes import PAID_SHOP, SHOP, full_episode, hostile_text
from tests.content.reader import Element, read_html

KEPT_BY_READERS = {"a", "blockquote", "code", "em", "h2", "h3", "li", "p", "small", "strong", "ul"}
BARE = Episode("Shoreline", "Tides", date(2020, 2, 2))
MERCHANTS = {"shop": PAID_SHOP}


def html_of(episode: Episode, merchants: dict[str, Merchant] | None = None) -> Element:
    """Read the HTML of an episode."""
    return read_html(render(episode, {"shop": SHOP} if merchants is None else merchants).html)


@settings(deadline=None)
@given(hostile_text())
def test_every_text_reads_back_as_it_was_written(text: str) -> None:
    """Titles, names, quotes and lists come back character by character, whatever they contain."""
    page = html_of(full_episode(lambda field: f"{field} {text}"))

    quote = page.one("blockquote")
    assert [p.text for p in quote.find("p")] == [f"quote {text}", f"quote goes on {text}"]
    assert [h.text for h in page.find("h3")] == [f"{name} {text}" for name in ("name", "own name", "no link")]
    assert [li.text for li in page.find("li")] == [
        f"{name} {text}" for name in ("reveal", "second reveal", "takeaway")
    ]
    paragraphs = [p.text for p in page.find("p")]
    assert f"dek {text}dek link {text}" in paragraphs
    assert f"guest {text} — bio {text}" in paragraphs
    assert f"by creator {text} (inferred) · recommended · medium {text}" in paragraphs
    assert f"— speaker {text} (00:01:35)" in paragraphs
    assert [a.text for a in page.find("a")][:3] == [f"dek link {text}", "00:01:35", f"label {text}"]


@settings(deadline=None)
@given(hostile_text())
def test_text_never_becomes_an_element(text: str) -> None:
    """The elements and attributes are those of the same note with harmless words."""
    hostile = html_of(full_episode(lambda field: f"{field} {text}"))
    harmless = html_of(full_episode(lambda field: field))

    assert hostile.skeleton() == harmless.skeleton()
    assert {tag for tag, _ in hostile.skeleton()} <= KEPT_BY_READERS
    assert {name for _, names in hostile.skeleton() for name in names} <= {"href", "rel"}


def test_sections_stand_in_the_order_of_a_note() -> None:
    """The dek comes before the first heading, then guests, gist, reveals, takeaways, recommendations."""
    page = html_of(full_episode(lambda field: field))

    assert page.skeleton()[0][0] == "p"
    assert [h.text for h in page.find("h2")] == [
        "The guests",
        "The gist",
        "Big reveals",
        "Things worth remembering",
        "Recommended in this episode",
    ]


def test_absent_sections_leave_nothing_behind() -> None:
    """A note without any section has no HTML, and one guest is not many."""
    assert render(BARE, {}).html == ""

    alone = Episode("Shoreline", "Tides", date(2020, 2, 2), guests=(Guest("Ada Moss"),))
    assert render(alone, {}).html == "<h2>The guest</h2>\n<p><strong>Ada Moss</strong></p>"


def test_markings_nest_inside_a_link() -> None:
    """Strong, emphasised and code text keep their elements, with the link around them."""
    spans: Prose = (
        Span("a", code=True, emphasis=True, strong=True, href="https://b.example.org/"),
        Span("c"),
    )

    assert prose_html(spans) == (
        '<a href="https://b.example.org/"><strong><em><code>a</code></em></strong></a>c'
    )


def test_facts_leave_out_an_unknown_length() -> None:
    """The line of facts has show, date and, where it is known, the length."""
    assert facts_line(BARE) == "Shoreline · 2 February 2020"
    assert facts_line(full_episode(lambda field: field)) == "show · 1 March 2019 · 1h 2m 3s"


@pytest.mark.parametrize(
    ("episode", "text"),
    [
        (full_episode(lambda field: field), "dekdek link"),
        (Episode("S", "T", date(2020, 2, 2), gist=(prose("gist"),), reveals=(prose("reveal"),)), "gist"),
        (Episode("S", "T", date(2020, 2, 2), reveals=(prose("reveal"),)), "reveal"),
        (Episode("S", "T", date(2020, 2, 2), takeaways=(prose("takeaway"),)), "takeaway"),
        (BARE, ""),
    ],
)
def test_summary_is_the_first_paragraph_there_is(episode: Episode, text: str) -> None:
    """The dek sums up a note, or else the first paragraph of what it has."""
    assert summary(episode) == text


def test_summary_of_content_is_short_and_never_empty() -> None:
    """Readers always get a summary: at worst the facts, at most 500 characters."""
    long = Episode("S", "T", date(2020, 2, 2), dek=prose("water " * 200))

    assert render(BARE, {}).summary == "Shoreline · 2 February 2020"
    assert SUMMARY_LIMIT - 10 < len(render(long, {}).summary) <= SUMMARY_LIMIT


@pytest.mark.parametrize(
    ("item", "line"),
    [
        (Recommendation("own", "product", "Gauge"), "the guest’s own · product"),
        (Recommendation("recommended", "book", "B", "Ada Moss"), "by Ada Moss · recommended · book"),
        (
            Recommendation("recommended", "book", "B", "Ada Moss", creator_inferred=True),
            "by Ada Moss (inferred) · recommended · book",
        ),
    ],
)
def test_byline_says_who_how_and_what(item: Recommendation, line: str) -> None:
    """A guessed creator is called inferred, and an unknown one is left out."""
    assert byline(item) == line


@pytest.mark.parametrize(
    ("quote", "shown"),
    [
        (Quote("Yes."), None),
        (Quote("Yes.", "Ada Moss"), "— Ada Moss"),
        (Quote("Yes.", at=0), "— (00:00:00)"),
        (Quote("Yes.", "Ada Moss", 61), "— Ada Moss (00:01:01)"),
    ],
)
def test_attribution_has_what_is_known(quote: Quote, shown: str | None) -> None:
    """Speaker and time stand below the quote, as far as they are known; zero is a time."""
    item = Recommendation("recommended", "book", "Low Water", quote=quote)
    page = html_of(Episode("S", "T", date(2020, 2, 2), recommendations=(item,)))

    attributions = [p.text for p in page.find("p") if p.text.startswith("— ")]
    assert attributions == ([shown] if shown else [])


def recommending(targets: Iterable[str | None]) -> Episode:
    """Make an episode that recommends one thing per target."""
    items = tuple(
        Recommendation("recommended", "book", f"Book {number}", link=Link(target) if target else None)
        for number, target in enumerate(targets)
    )
    return Episode("Shoreline", "Tides", date(2020, 2, 2), recommendations=items)


PAYERS = {"shop:": "shop", "https://shop.example.com/i": "shop", "pier:x": "pier"}
FREE = (None, "free:", "https://moss.example.net/")


@settings(deadline=None)
@given(st.lists(st.sampled_from([*PAYERS, *FREE]), max_size=6))
def test_no_paid_link_stands_before_its_disclosure(targets: list[str | None]) -> None:
    """Every paid link is marked in words and in rel, and all disclosures stand before the first of them."""
    pier = Merchant(
        name="Pier", search="https://pier.example.com/?q={query}", tag="p-1", disclosure="The pier pays us."
    )
    free = Merchant(name="Free", search="https://free.example.com/?q={query}")
    page = html_of(recommending(targets), {"shop": PAID_SHOP, "pier": pier, "free": free})

    payers = {PAYERS[target] for target in targets if target in PAYERS}
    due = {"shop": PAID_SHOP.disclosure, "pier": pier.disclosure}
    notices = page.find("small")
    paid = page.find("a", rel="sponsored nofollow")
    assert {notice.text for notice in notices} == {due[payer] for payer in payers}
    assert len(notices) == len(payers)
    assert all(notice.position < link.position for notice in notices for link in paid)
    assert len(paid) == sum(target in PAYERS for target in targets)
    assert [p.text.endswith(f" {PAID_MARK}") for p in page.find("p") if p.find("a")] == [
        target in PAYERS for target in targets if target
    ]


def test_without_a_tag_nothing_speaks_of_pay() -> None:
    """Links that earn nothing carry no rel, no mark and no disclosure."""
    html = render(recommending(["shop:", "https://shop.example.com/i"]), {"shop": SHOP}).html

    assert html.count("<a ") == 2
    assert "rel=" not in html
    assert PAID_MARK not in html
    assert SHOP.disclosure not in html


def test_disclosure_needs_a_link_that_is_shown() -> None:
    """A merchant with a tag whose links cannot be made is not disclosed."""
    no_products = PAID_SHOP.model_copy(update={"product": None})

    html = render(recommending(["shop:product/1"]), {"shop": no_products}).html

    assert PAID_SHOP.disclosure not in html
    assert "<a " not in html


def test_links_stand_in_the_order_of_the_recommendations() -> None:
    """Other outputs find the link of a recommendation at its position."""
    links = render(recommending(["shop:", None, "https://moss.example.net/"]), MERCHANTS).links

    assert [link and link.paid for link in links] == [True, None, False]


# --- the parts that feeds and pages are put together from -------------------------------------------------


def test_body_is_the_note_up_to_the_recommendations() -> None:
    """The body has every section but the last, and no buy link."""
    content = render(full_episode(lambda field: field), MERCHANTS)
    body = read_html(content.body)

    assert [h.text for h in body.find("h2")] == [
        "The guests",
        "The gist",
        "Big reveals",
        "Things worth remembering",
    ]
    assert not body.find("h3")
    assert [a.text for a in body.find("a")] == ["dek link"]


def test_each_recommendation_has_a_card() -> None:
    """A card begins with the name as its heading, and says all of one recommendation."""
    content = render(full_episode(lambda field: field), MERCHANTS)

    assert len(content.cards) == len(content.links) == 3
    for card, name in zip(content.cards, ("name", "own name", "no link"), strict=True):
        assert card.startswith(f"<h3>{name}</h3>\n")
        assert [h.text for h in read_html(card).find("h3")] == [name]


def test_whole_note_is_made_of_its_parts() -> None:
    """Body, heading, disclosures and cards stand in this order, a line each."""
    content = render(full_episode(lambda field: field), MERCHANTS)

    parts = (content.body, "<h2>Recommended in this episode</h2>", content.notices, *content.cards)
    assert content.html == "\n".join(parts)


def test_notices_say_each_disclosure_once() -> None:
    """Two paid links of one shop need one sentence, and unpaid links none."""
    content = render(recommending(["shop:", "shop:", None]), MERCHANTS)

    assert content.notices == f"<p><small>{PAID_SHOP.disclosure}</small></p>"
    assert render(recommending(["shop:"]), {"shop": SHOP}).notices == ""


@settings(deadline=None)
@given(hostile_text())
def test_text_leaves_the_parts_whole(text: str) -> None:
    """Each part is HTML by itself, whatever a note says, so that others may put it together anew."""
    content = render(full_episode(lambda field: f"{field} {text}"), MERCHANTS)
    harmless = render(full_episode(lambda field: field), MERCHANTS)

    parts = [content.body, content.notices, *content.cards]
    others = [harmless.body, harmless.notices, *harmless.cards]
    assert [read_html(part).skeleton() for part in parts] == [read_html(part).skeleton() for part in others]
    assert all("\n" not in card.partition("</h3>")[0] for card in content.cards)


# --- when it was said -------------------------------------------------------------------------------------


def said_at(at: int | None, **facts: Any) -> Element:
    """Read the card of a quote that was spoken at some time in an episode."""
    item = Recommendation("recommended", "book", "Low Water", quote=Quote("Yes.", "Ada Moss", at))
    episode = Episode("S", "T", date(2020, 2, 2), recommendations=(item,), **facts)
    return read_html(render(episode, {}).cards[0])


AUDIO = Media("https://a.example.org/a.mp3?x=1&y=2", "audio/mpeg")


@pytest.mark.parametrize(
    ("facts", "address"),
    [
        ({"audio": AUDIO}, "https://a.example.org/a.mp3?x=1&y=2#t=61"),
        ({"video": "https://youtu.be/x"}, "https://youtu.be/x?t=61"),
        ({"audio": AUDIO, "video": "https://vimeo.com/1"}, "https://vimeo.com/1#t=61s"),
    ],
)
def test_time_of_a_quote_leads_to_its_moment(facts: dict[str, Any], address: str) -> None:
    """A time is a link into the video, or else into the recording; the words around it stay."""
    card = said_at(61, **facts)

    assert card.one("a").attributes == {"href": address}
    assert card.one("a").text == "00:01:01"
    assert card.find("p")[-1].text == "— Ada Moss (00:01:01)"


def test_time_without_a_recording_is_no_link() -> None:
    """Where a note has no recording the time is text alone, which podcast programs make a link of."""
    card = said_at(61)

    assert not card.find("a")
    assert card.find("p")[-1].text == "— Ada Moss (00:01:01)"


def test_quote_without_a_time_is_no_link() -> None:
    """A recording alone says nothing about when words were spoken."""
    card = said_at(None, audio=AUDIO)

    assert not card.find("a")
    assert card.find("p")[-1].text == "— Ada Moss"


def test_beginning_is_a_moment_too() -> None:
    """A time of zero leads to the beginning."""
    assert said_at(0, audio=AUDIO).one("a").attributes["href"] == "https://a.example.org/a.mp3?x=1&y=2#t=0"


def test_time_that_the_speaker_seems_to_name_is_text() -> None:
    """Only the last time is ours, whatever the name before it looks like."""
    item = Recommendation("own", "book", "B", quote=Quote("Yes.", "Bo (00:01:01)", 61))
    card = read_html(
        render(Episode("S", "T", date(2020, 2, 2), recommendations=(item,), audio=AUDIO), {}).cards[0]
    )

    assert card.find("p")[-1].text == "— Bo (00:01:01) (00:01:01)"
    assert len(card.find("a")) == 1


def test_episode_without_recording_has_no_moments() -> None:
    """There is nothing to lead to."""
    assert moment_address(BARE, 61) is None
