"""Addresses: checked without the network, and written one way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmaker.delivery.addresses import normalise
from feedmaker.errors import UsageError


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("ann@example.org", "ann@example.org"),
        ("  Ann.Lee@Example.ORG\n", "ann.lee@example.org"),
        ("ann+letters@example.org", "ann+letters@example.org"),
        ("ann@bücher.example.org", "ann@xn--bcher-kva.example.org"),
        ("o'neil@example.org", "o'neil@example.org"),
    ],
)
def test_address_has_one_spelling(written: str, normal: str) -> None:
    """Case, white space and the script of the domain make no second subscriber."""
    assert normalise(written) == normal


@pytest.mark.parametrize(
    "written",
    [
        "",
        "ann",
        "ann@",
        "@example.org",
        "ann@example",
        "ann@@example.org",
        "ann@example.org, bob@example.org",
        "Ann <ann@example.org>",
        "ann@example.org\nBcc: bob@example.org",
        "jörg@example.org",
        '"ann lee"@example.org',
        "ann@[127.0.0.1]",
        f"{'a' * 65}@example.org",
    ],
)
def test_what_is_no_address_is_refused_by_name(written: str) -> None:
    """The text names the address and says what is wrong with it."""
    with pytest.raises(UsageError) as raised:
        normalise(written)

    said = str(raised.value)
    assert said.startswith(f"{written!r} is no address that mail can be sent to: ")
    assert said.count("\n") == 0


@given(st.emails() | st.text())
def test_normal_address_is_ascii_and_stays_as_it_is(written: str) -> None:
    """Whatever is accepted is plain ASCII without white space, and normal already."""
    try:
        normal = normalise(written)
    except UsageError:
        return

    assert normal.isascii()
    assert normal.split() == [normal]
    assert normal == normal.lower() == normalise(normal)
