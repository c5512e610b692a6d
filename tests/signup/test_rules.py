"""Who is asked to confirm, which link works, what may be chosen, and what is shown of an address."""

from __future__ import annotations

import string
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmaker.config import Signup
from feedmaker.signup.rules import (
    Asked,
    Standing,
    asked_of,
    chosen,
    confirm_word,
    is_from_robot,
    may_be_asked,
    other_language,
    other_topics,
    standing,
)
from feedmaker.signup.words import MASK, masked
from feedmaker.store import Consent, Status, Subscriber, Wishes
from tests.signup.conftest import DAY, NOW

SECOND = timedelta(seconds=1)
TOKENS = st.text(string.ascii_letters + string.digits + "_-", min_size=1, max_size=30)
MOMENTS = st.integers(0, 250_000_000_000)
SIGNUP = Signup.model_validate(
    {"address": "https://a.example/", "topics": ["show:A", "tag:b"], "languages": {"de": "Deutsch"}}
)


def person(
    status: Status = "pending", since: datetime = NOW, asked_at: datetime | None = NOW, token: str = "T"
) -> Subscriber:
    """Return somebody with a status since a time, who asked at another."""
    return Subscriber(
        "ann@example.org", status, since, "", Consent("form"), since, asked_at, id=1, token=token
    )


@pytest.mark.parametrize(
    ("status", "after_a_day"),
    [
        ("pending", True),
        ("unsubscribed", True),
        ("bounced", True),
        ("active", False),
        ("complained", False),
        ("suppressed", False),
    ],
)
def test_status_decides_who_is_asked(status: Status, after_a_day: bool) -> None:
    """Those who may be asked are left alone for a day; the others for good."""
    assert not may_be_asked(person(status), NOW + DAY - SECOND)
    assert may_be_asked(person(status), NOW + DAY) == after_a_day
    assert may_be_asked(person(status), NOW + 3650 * DAY) == after_a_day


def test_unknown_address_is_asked() -> None:
    """Nobody has it, so nobody can have enough of it."""
    assert may_be_asked(None, NOW)


@pytest.mark.parametrize(("since", "asked_at"), [(0, -9), (-9, 0), (0, None)])
def test_later_of_both_times_counts(since: int, asked_at: int | None) -> None:
    """A day has to pass since the last mail and since the last change."""
    asked = None if asked_at is None else NOW + asked_at * DAY
    somebody = person("unsubscribed", NOW + since * DAY, asked)

    assert not may_be_asked(somebody, NOW + DAY - SECOND)
    assert may_be_asked(somebody, NOW + DAY)


def test_clock_that_was_set_back_asks_nobody_twice() -> None:
    """Who asked in the future is left alone until that has passed."""
    assert not may_be_asked(person(since=NOW, asked_at=NOW + DAY), NOW)


@given(token=TOKENS, seconds=MOMENTS)
def test_word_is_read_back(token: str, seconds: int) -> None:
    """What a link is signed for says whose it is and when they asked, to the second."""
    at = datetime.fromtimestamp(seconds, NOW.tzinfo)

    assert asked_of(confirm_word(person(asked_at=at, token=token))) == Asked(token, at)


@given(st.text())
def test_any_word_is_read_or_refused(word: str) -> None:
    """Whatever a word is, it names somebody and a time, or nothing."""
    found = asked_of(word)

    assert found is None or found.token


@pytest.mark.parametrize(
    "word", ["", ".", ".5", "T", "T.", "T.-5", "T.5.5x", "T.٣", "T.1e9", f"T.{'9' * 9999}"]
)
def test_what_is_no_word_names_nobody(word: str) -> None:
    """A word without a token or a time is none."""
    assert asked_of(word) is None


def test_who_has_not_asked_has_no_word() -> None:
    """Nothing is signed for somebody who never asked."""
    with pytest.raises(ValueError, match="has nothing to confirm"):
        confirm_word(person(asked_at=None))


@pytest.mark.parametrize(
    ("status", "days", "found"),
    [
        ("pending", 0, "waiting"),
        ("pending", 6.99, "waiting"),
        ("pending", 7, "void"),
        ("active", 0, "confirmed"),
        ("active", 99, "confirmed"),
        ("unsubscribed", 0, "void"),
        ("bounced", 0, "void"),
        ("complained", 0, "void"),
        ("suppressed", 0, "void"),
    ],
)
def test_link_works_once_and_for_a_week(status: Status, days: float, found: Standing) -> None:
    """It waits while the person does, says that it was used afterwards, and is void else."""
    assert standing(Asked("T", NOW), person(status), NOW + days * DAY) == found


def test_link_of_an_earlier_asking_is_void() -> None:
    """Only the last link works, and none for who is not there."""
    assert standing(Asked("T", NOW - SECOND), person(), NOW) == "void"
    assert standing(Asked("T", NOW), None, NOW) == "void"


@pytest.mark.parametrize(
    ("form", "wishes"),
    [
        ({}, Wishes()),
        ({"topic": ["tag:b", "show:A", "tag:c", ""]}, Wishes(topics=("show:A", "tag:b"))),
        ({"language": ["de", "fr"]}, Wishes(language="de")),
        ({"language": ["fr"]}, Wishes()),
        ({"cadence": ["digest"]}, Wishes()),
        ({"cadence": ["daily"]}, Wishes()),
    ],
)
def test_only_what_is_on_offer_is_chosen(form: dict[str, list[str]], wishes: Wishes) -> None:
    """What a form says counts as far as the settings offer it."""
    assert chosen(Wishes(), form, SIGNUP) == wishes


BARE = Signup.model_validate({"address": "https://a.example/"})
HAD = Wishes("digest", ("tag:x", "Show:Y"), "fr")


@pytest.mark.parametrize("signup", [BARE, SIGNUP], ids=["no offer", "another offer"])
@pytest.mark.parametrize("form", [{}, {"topic": [""], "language": ["es"]}], ids=str)
def test_what_is_not_on_offer_stays(signup: Signup, form: dict[str, list[str]]) -> None:
    """A form cannot take away what it does not show, whatever else is on offer, but for the digest."""
    assert chosen(HAD, form, signup) == Wishes("each", HAD.topics, "fr")


def test_what_is_not_on_offer_stays_beside_what_is() -> None:
    """Topics that are on offer come and go, and the others stay behind them."""
    form = {"cadence": ["digest"], "topic": ["tag:b"], "language": ["DE"]}

    assert chosen(HAD, form, BARE) == HAD
    both = chosen(HAD, form, SIGNUP)
    assert both == Wishes("digest", ("tag:b", "tag:x", "Show:Y"), "de")
    assert chosen(both, {}, SIGNUP).topics == HAD.topics


def test_what_a_form_shows_can_be_taken_back() -> None:
    """Where a form shows what is not on offer, its ticks count, and so does any language."""
    form = {"others": ["shown"], "topic": ["TAG:X"], "language": [""]}

    assert chosen(HAD, form, SIGNUP) == Wishes("each", ("tag:x",))
    assert chosen(HAD, form | {"topic": []}, SIGNUP) == Wishes()


def test_capitals_make_no_difference_to_a_choice() -> None:
    """A topic is the same in other capitals, as it is to issues; the settings say how it is written."""
    had = Wishes(topics=("SHOW:a", "tag:B"), language="DE")
    form = {"topic": ["tag:B"], "language": ["DE"]}

    assert chosen(had, form, SIGNUP) == Wishes(topics=("tag:b",), language="de")
    assert (other_topics(had, SIGNUP), other_language(had, SIGNUP)) == ((), None)


@pytest.mark.parametrize(
    ("form", "found"),
    [({}, False), ({"website": [""]}, False), ({"website": [" "]}, False), ({"website": ["", "x"]}, True)],
)
def test_robot_fills_in_what_nobody_sees(form: dict[str, list[str]], found: bool) -> None:
    """Anything in the hidden field gives it away."""
    assert is_from_robot(form) == found


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("ann@example.org", f"a{MASK}@e{MASK}.org"),
        ("al@b.co", f"{MASK}@{MASK}.co"),
        ("ann@mail.example.co.uk", f"a{MASK}@m{MASK}.uk"),
        ("öster@xn--bcher-kva.example", f"ö{MASK}@b{MASK}.example"),
        ("ann@xn--e1afmkfd.xn--p1ai", f"a{MASK}@п{MASK}.рф"),
        ("ann@mail.xn--strae-oqa.example", f"a{MASK}@m{MASK}.example"),
        ("ann@xn--strae-oqa.example", f"a{MASK}@s{MASK}.example"),
        ("ann@xn--99999999999.example", f"a{MASK}@x{MASK}.example"),
        ("ann@localhost", f"a{MASK}@{MASK}"),
    ],
)
def test_address_is_masked(address: str, shown: str) -> None:
    """The first signs and the end of the domain are left as people know them, if that gives nothing away."""
    assert masked(address) == shown


@given(st.text(string.ascii_lowercase + ".+", min_size=1), st.text(string.ascii_lowercase + "-", min_size=1))
def test_mask_gives_neither_half_away(local: str, name: str) -> None:
    """Neither the name nor the domain can be read, however short they are; the length does not show."""
    shown = masked(f"{local}@{name}.org")

    assert len(shown) <= len(f"a{MASK}@e{MASK}.org")
    assert f"{local}@" not in shown
    assert f"@{name}" not in shown
