"""Return addresses: each delivery has its own, and is known by it whatever servers do to its case."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmaker.bounces.report import LOCAL_LIMIT, key_of, return_address

BASE = "letter@lamps.example"
KEYS = st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyz0123456789-_"), min_size=1, max_size=40)
CASES: list[Callable[[str], str]] = [str, str.upper, str.title, str.swapcase]


def test_key_stands_between_plus_and_at() -> None:
    """The key goes behind what stands before the @."""
    assert return_address(BASE, "k5w2q7") == "letter+k5w2q7@lamps.example"


@given(
    KEYS,
    st.sampled_from([BASE, "news+lamps@lamps.example", "Letter@Lamps.Example"]),
    st.sampled_from(CASES),
)
def test_key_is_found_again(key: str, base: str, change: Callable[[str], str]) -> None:
    """A key survives every change of case on the way."""
    assert key_of(change(return_address(base, key)), base) == key


@pytest.mark.parametrize(
    "address",
    [
        *(
            "letter@lamps.example",
            "letter+@lamps.example",
            "letter+k5w2q7@other.example",
            "k5w2q7@lamps.example",
        ),
        *("letter+k5w2q7", "letter+k5 w2@lamps.example", f"letter+{'a' * 41}@lamps.example", "", "@"),
        *("letter-k5w2q7@lamps.example", "newsletter+k5w2q7@lamps.example", "letter+a+b@lamps.example"),
    ],
)
def test_other_address_has_no_key(address: str) -> None:
    """What is no return address of ours names no delivery."""
    assert key_of(address, BASE) is None


@pytest.mark.parametrize("key", ["", "K5W2", "a" * 41, "a b", "a@b", "a+b", "é", "a\n"])
def test_key_that_would_not_survive_is_refused(key: str) -> None:
    """Capital letters, and whatever else may be changed on the way, cannot stand in a key."""
    with pytest.raises(ValueError, match="is no key"):
        return_address(BASE, key)


def test_address_is_no_longer_than_servers_take() -> None:
    """Before the @ stand at most 64 octets, or it is refused when it is made."""
    local = "l" * (LOCAL_LIMIT - 27)

    assert return_address(f"{local}@lamps.example", "a" * 26).index("@") == LOCAL_LIMIT
    with pytest.raises(ValueError, match="too long before the @"):
        return_address(f"{local}l@lamps.example", "a" * 26)


@given(st.text(), st.text())
def test_any_text_may_be_asked_for_a_key(address: str, base: str) -> None:
    """Whatever stands in a message, asking for a key gives one or none."""
    key = key_of(address, base)

    assert key is None or key in address.lower()
