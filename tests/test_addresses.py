"""Addresses: checked without the network, and written one way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmaker.addresses import domain_of, normalise
from feedmaker.errors import UsageError


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("ann@example.org", "ann@example.org"),
        ("  Ann.Lee@Example.ORG\n", "ann.lee@example.org"),
        ("ann+letters@example.org", "ann+letters@example.org"),
        ("ann@bücher.example.org", "ann@xn--bcher-kva.example.org"),
        ("o'neil@example.org", "o'neil@example.org"),
        ("Jörg@Example.org", "jörg@example.org"),
        ("jo\u0308rg@example.org", "jörg@example.org"),
        ("ЖАН@пример.example.org", "жан@xn--e1afmkfd.example.org"),
        ("用户@例え.example.org", "用户@xn--r8jz45g.example.org"),
        ("İpek@example.org", "i\u0307pek@example.org"),
        ("Straße@Straße.example.org", "straße@xn--strae-oqa.example.org"),
        ("ΟΔΟΣ@example.org", "οδος@example.org"),
        ("\u212aay@example.org", "kay@example.org"),
        ("ann@XN--BCHER-KVA.example.org", "ann@xn--bcher-kva.example.org"),
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
        f"{'İ' * 40}@example.org",
        "a\u202eb@example.org",
        "\u0301a@example.org",
        "ann@a..example.org",
        '"ann lee"@example.org',
        "ann@[127.0.0.1]",
        f"{'a' * 65}@example.org",
        "j\ufffdrg@example.org",
        "\ufffdann@example.org",
        "ann@ex\ufffdmple.org",
        "a\ufffcnn@example.org",
        "a\u3164nn@example.org",
        "a\u2800nn@example.org",
        "a\u034fnn@example.org",
    ],
)
def test_what_is_no_address_is_refused_by_name(written: str) -> None:
    """The text names the address and says what is wrong with it."""
    with pytest.raises(UsageError) as raised:
        normalise(written)

    said = str(raised.value)
    assert said.startswith(f"{written!r} is no address that mail can be sent to: ")
    assert said.count("\n") == 0


@pytest.mark.parametrize(
    ("one", "other"),
    [("straße@example.org", "strasse@example.org"), ("jörg@example.org", "joerg@example.org")],
)
def test_other_letters_are_other_people(one: str, other: str) -> None:
    """Letters that are only spelt like others make another mailbox."""
    assert normalise(one) != normalise(other)


def test_long_text_is_not_repeated_whole() -> None:
    """What was taken for an address may be a file."""
    with pytest.raises(UsageError) as raised:
        normalise("x" * 100_000)

    assert len(str(raised.value)) < 300


LETTERS = st.characters(codec="utf-8") | st.sampled_from("İIıißẞſKΣςσΐǅﬁŉ́̈+.'-_")
LOCALS = st.text(LETTERS, min_size=1, max_size=40)
DOMAINS = st.just("example.org") | st.text(LETTERS, min_size=1, max_size=30).map("{}.example.org".format)


@given(st.emails() | st.text() | st.builds("{}@{}".format, LOCALS, DOMAINS))
def test_normal_address_stays_as_it_is(written: str) -> None:
    """Whatever is accepted has one @, an ASCII domain, no space and no capitals, and is normal already."""
    try:
        normal = normalise(written)
    except UsageError:
        return

    local, at, domain = normal.rpartition("@")
    assert (at, "@" in local, domain.isascii()) == ("@", False, True)
    assert domain == domain_of(normal)
    assert normal.split() == [normal]
    assert len(normal) <= 254
    assert normal == normal.lower() == normalise(normal) == normalise(f" {normal}\n")


@given(st.emails())
def test_capitals_make_no_other_person(written: str) -> None:
    """An address in capitals is the one in small letters."""
    try:
        normal = normalise(written)
    except UsageError:
        return

    assert normalise(written.upper()) == normal
