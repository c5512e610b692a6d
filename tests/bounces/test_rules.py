"""What becomes of people, and that no outage empties the list."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmaker.bounces.report import Kind
from feedmaker.bounces.rules import (
    DOMAIN_PERCENT,
    FEW,
    ISSUE_PERCENT,
    SOFT_ISSUES,
    SOFT_TIME,
    History,
    Share,
    Verdict,
    is_outage,
    verdict,
)

CALM = History(1, timedelta(0), Share(1000, 1), Share(20_000, 10))
LASTING = replace(CALM, soft_issues=SOFT_ISSUES, soft_for=SOFT_TIME)


@pytest.mark.parametrize(
    ("kind", "becomes"),
    [
        ("hard", "bounced"),
        ("soft", "nothing"),
        ("outage", "nothing"),
        ("delivered", "nothing"),
        ("complaint", "complained"),
        ("leave", "unsubscribed"),
    ],
)
def test_one_report_on_a_calm_day(kind: Kind, becomes: Verdict) -> None:
    """One hard bounce, one complaint and one wish to leave are enough; nothing else is."""
    assert verdict(kind, CALM) == becomes


@pytest.mark.parametrize(
    ("issues", "days", "becomes"),
    [
        (SOFT_ISSUES, 14, "bounced"),
        (SOFT_ISSUES - 1, 14, "nothing"),
        (SOFT_ISSUES, 13.99, "nothing"),
        (14, 13, "nothing"),
        (2, 365, "nothing"),
        (30, 30, "bounced"),
    ],
)
def test_soft_bounces_count_when_they_last(issues: int, days: float, becomes: Verdict) -> None:
    """A full mailbox costs the subscription after five issues in a row over two weeks, whichever is later."""
    history = replace(CALM, soft_issues=issues, soft_for=timedelta(days=days))

    assert verdict("soft", history) == becomes


@pytest.mark.parametrize("kind", ["outage", "delivered"])
def test_nothing_is_made_of_outages_however_many(kind: Kind) -> None:
    """What says nothing of a person does nothing to one, whatever else is on record."""
    assert verdict(kind, replace(LASTING, domain=Share(10, 10))) == "nothing"


@pytest.mark.parametrize(
    ("domain", "issue", "is_one"),
    [
        (Share(100, 10), Share(10_000, 10), False),  # a tenth, and no more
        (Share(99, 10), Share(10_000, 10), True),
        (Share(9, 9), Share(9000, 9), False),  # a firm of nine has closed
        (Share(10, 10), Share(9000, 10), True),
        (Share(1, 1), Share(200, 10), False),  # a twentieth of the list, and no more
        (Share(1, 1), Share(199, 10), True),
        (Share(1, 1), Share(9, 9), False),
        (Share(0, 0), Share(0, 0), False),
    ],
)
def test_many_bounces_are_an_outage(domain: Share, issue: Share, is_one: bool) -> None:
    """Ten people and more than a tenth of a domain, or more than a twentieth of an issue, are an outage."""
    assert is_outage(domain, issue) == is_one
    assert verdict("hard", replace(CALM, domain=domain, issue=issue)) == ("held" if is_one else "bounced")
    assert verdict("soft", replace(LASTING, domain=domain, issue=issue)) == ("held" if is_one else "bounced")


def test_complaints_and_leaving_need_no_brake() -> None:
    """Nobody is kept on the list who wants to leave it."""
    flood = replace(CALM, domain=Share(10, 10), issue=Share(10, 10))

    assert verdict("complaint", flood) == "complained"
    assert verdict("leave", flood) == "unsubscribed"


Tried = tuple[str, bool]


def counted(outcomes: list[Tried], domain: str) -> History:
    """Count as the store does: people who were tried, by domain, and whether it came back from each."""
    own = [came_back for other, came_back in outcomes if other == domain]
    issue = Share(len(outcomes), sum(came_back for _, came_back in outcomes))
    return History(1, timedelta(0), Share(len(own), sum(own)), issue)


@given(
    st.integers(1, 400),
    st.integers(1, 12),
    st.randoms(use_true_random=False),
    st.sampled_from(["first", "last", "anywhere"]),
)
def test_outage_of_any_size_takes_few(size: int, domains: int, chance: Random, place: str) -> None:
    """Whatever number of people bounces at once, few are taken, and asking again puts these back."""
    struck = [(f"struck{number % domains}.example", True) for number in range(size)]
    calm = [("calm.example", False)] * (400 - size)
    outcomes = calm + struck if place == "last" else struck + calm
    if place == "anywhere":
        chance.shuffle(outcomes)
    few = max(FEW - 1, 400 * ISSUE_PERCENT // 100)
    taken = [
        domain
        for number, (domain, came_back) in enumerate(outcomes, start=1)
        if came_back and verdict("hard", counted(outcomes[:number], domain)) == "bounced"
    ]

    assert len(taken) <= few
    if size > few:
        assert {verdict("hard", counted(outcomes, domain)) for domain in taken} <= {"held"}


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_reports_after_all_are_sent_take_few(
    tried: int, returned: int, all_tried: int, all_returned: int
) -> None:
    """Whatever the counts are, a person is taken only where few bounced, of the domain and of the issue."""
    if (
        verdict("hard", replace(CALM, domain=Share(tried, returned), issue=Share(all_tried, all_returned)))
        == "bounced"
    ):
        assert returned <= max(FEW - 1, tried * DOMAIN_PERCENT // 100)
        assert all_returned <= max(FEW - 1, all_tried * ISSUE_PERCENT // 100)


@given(st.lists(st.integers(0, 3000), min_size=2, max_size=30), st.integers(1, 3000))
def test_more_bounces_never_make_it_calmer(counts: list[int], tried: int) -> None:
    """Once the brake holds, more bounces of the same people cannot let it go."""
    outages = [is_outage(Share(tried, count), Share(10**6, count)) for count in sorted(counts)]

    assert all(before <= after for before, after in pairwise(outages))
