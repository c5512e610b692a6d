"""Rates: how far apart messages go out."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmaker.delivery.pace import Pace

PAUSES = st.sampled_from([0.0, 0.001, 0.1, 1 / 3, 1.0, 17.28, 86_400.0])
_ROUNDED = 1e-5


def test_without_rates_nothing_waits() -> None:
    """Any number of messages goes at once."""
    pace = Pace()

    assert [pace.take_turn("a.example", 5.0) for _ in range(1000)] == [0.0] * 1000


def test_all_messages_share_one_rate_and_each_domain_has_another() -> None:
    """The longer of the two waits counts, and a domain that must wait holds up no other."""
    pace = Pace(1.0, 10.0)

    assert pace.take_turn("a.example", 100.0) == 0.0
    assert pace.take_turn("a.example", 100.0) == 10.0
    assert pace.take_turn("b.example", 100.0) == 1.0
    assert pace.take_turn("b.example", 101.0) == 0.0
    assert pace.take_turn("a.example", 104.0) == 6.0
    assert pace.take_turn("c.example", 104.0) == 0.0
    assert pace.take_turn("a.example", 110.0) == 0.0


def test_time_that_passed_unused_is_not_made_up_for() -> None:
    """After an hour without messages there is no burst."""
    pace = Pace(1.0)
    pace.take_turn("a.example", 0.0)

    assert pace.take_turn("a.example", 3600.0) == 0.0
    assert pace.take_turn("a.example", 3600.0) == 1.0


@given(PAUSES, PAUSES, st.lists(st.sampled_from(["a.example", "b.example", "c.example"]), max_size=60))
def test_messages_are_never_nearer_than_the_rates_allow(
    pause: float, domain_pause: float, domains: list[str]
) -> None:
    """Who waits as told goes in the end, and keeps its distance from all others and from its own domain."""
    pace, now = Pace(pause, domain_pause), 1000.0
    went: list[tuple[float, str]] = []

    for domain in domains:
        asked = 0
        while wait := pace.take_turn(domain, now):
            now += wait
            asked += 1
            assert asked < 5
        went.append((now, domain))

    assert all(later - sooner >= pause - _ROUNDED for (sooner, _), (later, _) in pairwise(went))
    for domain in set(domains):
        own = [at for at, each in went if each == domain]
        assert all(later - sooner >= domain_pause - _ROUNDED for sooner, later in pairwise(own))


def test_only_domains_that_wait_are_remembered() -> None:
    """A hundred thousand domains leave no more behind than those of the last moments."""
    pace = Pace(domain_pause=1.0)

    for number in range(100_000):
        assert pace.take_turn(f"d{number}.example", number / 100) == 0.0

    assert len(pace._next_to) <= 1025
    assert pace.take_turn("d99999.example", 999.99) > 0


def test_domains_that_wait_are_not_forgotten() -> None:
    """Making room forgets nobody whose time has not come."""
    pace = Pace(domain_pause=86_400.0)

    for number in range(5_000):
        assert pace.take_turn(f"d{number}.example", float(number)) == 0.0

    assert all(pace.take_turn(f"d{number}.example", 5_000.0) > 0 for number in range(5_000))


@pytest.mark.parametrize("pace", [Pace(60.0), Pace(domain_pause=60.0)], ids=["all", "domain"])
def test_clock_that_is_set_back_holds_nobody_up(pace: Pace) -> None:
    """A wait longer than any can be is none."""
    assert pace.take_turn("a.example", 7200.0) == 0.0
    assert (pace.soonest(3600.0), pace.waiting(3600.0), pace.is_open(3600.0)) == (0.0, [], True)
    assert pace.take_turn("a.example", 3600.0) == 0.0
    assert pace.take_turn("a.example", 3601.0) == 59.0
