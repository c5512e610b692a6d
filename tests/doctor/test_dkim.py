"""Keys in the DNS against the keys that sign."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from feedmaker.delivery.signing import Kind, new_key
from feedmaker.doctor.answers import UnansweredError
from feedmaker.doctor.dkim import PublicKey, dkim_findings
from tests.doctor.zones import FAILING, Zone

NAME = "2026._domainkey.quay.test"


def known(kind: Kind) -> PublicKey:
    """Make a key, and return what is known of it."""
    made = new_key(kind)
    return PublicKey("2026", "quay.test", made.kind, made.bits, made.public)


RSA, ED25519, OTHER = known("rsa"), known("ed25519"), known("rsa")
P = RSA.data
BARE = base64.b64encode(base64.b64decode(P)[24:]).decode()


def codes(key: PublicKey, *texts: str) -> list[str]:
    """Return the codes of what is found where these records are published."""
    return [found.code for found in dkim_findings([key], Zone({NAME: {"TXT": texts}}))]


@pytest.mark.parametrize(
    ("texts", "wanted"),
    [
        ([f"v=DKIM1; k=rsa; p={P}"], ["ok"]),
        ([f"p={P}"], ["ok"]),
        ([f"k = rsa ; p = {P[:70]} {P[70:]} ; n=note ;"], ["ok"]),
        ([f"v=DKIM1; h=sha1:sha256; s=email; t=s; p={P}"], ["ok"]),
        ([f"v=DKIM1; p={BARE}"], ["ok"]),
        ([], ["dkim-missing"]),
        ([f"v=DKIM1; p={P}"] * 2, ["dkim-twice"]),
        (["v=DKIM1"], ["dkim-syntax"]),
        (["v=spf1 -all"], ["dkim-syntax"]),
        ([f"v=DKIM2; p={P}"], ["dkim-syntax"]),
        ([f"p={P}; v=DKIM1"], ["dkim-syntax"]),
        (["v=DKIM1; p="], ["dkim-revoked"]),
        ([f"v=DKIM1; p={OTHER.data}"], ["dkim-other-key"]),
        ([f"v=DKIM1; p={P[:-8]}"], ["dkim-other-key"]),
        (["v=DKIM1; p=IDAQAB"], ["dkim-other-key"]),
        (["v=DKIM1; p=not Base64!"], ["dkim-other-key"]),
        ([f"v=DKIM1; k=ed25519; p={P}"], ["dkim-limited"]),
        ([f"v=DKIM1; h=sha1; p={P}"], ["dkim-limited"]),
        ([f"v=DKIM1; s=tlsrpt; p={P}"], ["dkim-limited"]),
        ([f"v=DKIM1; t=y; p={P}"], ["dkim-testing", "ok"]),
    ],
)
def test_published_key_has_to_be_the_one_that_signs(texts: list[str], wanted: list[str]) -> None:
    """Each fault has its code; the key may be published in any form that receivers read."""
    assert codes(RSA, *texts) == wanted


def test_ed25519_is_not_enough() -> None:
    """Beside it a key of RSA is wanted, and then all is well."""
    second = replace(RSA, selector="b")
    dns = Zone(
        {
            NAME: {"TXT": [f"v=DKIM1; k=ed25519; p={ED25519.data}"]},
            second.name: {"TXT": [second.record.value]},
        }
    )

    assert [found.code for found in dkim_findings([ED25519], dns)] == ["ok", "dkim-no-rsa"]
    assert [found.code for found in dkim_findings([ED25519, second], dns)] == ["ok", "ok"]


def test_record_of_the_other_kind_is_told_as_that() -> None:
    """k=rsa is what a record means that names no kind."""
    assert codes(ED25519, f"p={ED25519.data}")[0] == "dkim-limited"


def test_short_key_is_told() -> None:
    """A key of RSA below 2,048 bits works and should be replaced."""
    assert codes(replace(RSA, bits=1024), RSA.record.value) == ["ok", "dkim-short"]


def test_nothing_signs() -> None:
    """Without a signature the relay has to sign."""
    assert [found.code for found in dkim_findings([], Zone({}))] == ["dkim-none"]


def test_key_that_cannot_be_read_is_told() -> None:
    """Its fault is told, the others are still looked at."""
    broken = PublicKey("old", "quay.test", fault="FEEDMAKER_X is no key")
    dns = Zone({NAME: {"TXT": [RSA.record.value]}})

    found = list(dkim_findings([broken, RSA], dns))

    assert [each.code for each in found] == ["dkim-key", "ok"]
    assert found[0].what == "FEEDMAKER_X is no key"


@pytest.mark.parametrize("texts", [[], ["v=DKIM1; p="], [f"v=DKIM1; p={OTHER.data}"], ["x"], ["a=b", "c=d"]])
def test_advised_record_cures(texts: list[str]) -> None:
    """The record that is told is the one under which the key verifies."""
    (found,) = dkim_findings([RSA], Zone({NAME: {"TXT": texts}}))

    assert found.record
    assert codes(RSA, found.record.value) == ["ok"]
    assert (found.record.name, found.record.type) == (NAME, "TXT")


@pytest.mark.parametrize(("flags", "kept"), [("y", ""), ("y:s", "; t=s"), ("s : y", "; t=s")])
def test_only_the_test_flag_is_taken_out(flags: str, kept: str) -> None:
    """What else a record says stays."""
    found = next(dkim_findings([RSA], Zone({NAME: {"TXT": [f"v=DKIM1; n=a; p={P}; t={flags}"]}})))

    assert found.record
    assert found.record.value == f"v=DKIM1; n=a; p={P}{kept}"


def test_long_text_is_written_in_strings() -> None:
    """Zone files hold at most 255 signs between two quotation marks."""
    written = str(RSA.record)

    strings = written.split('"')[1::2]
    assert "".join(strings) == RSA.record.value
    assert all(len(each) <= 255 for each in strings)
    assert written.startswith(f'{NAME}. TXT "v=DKIM1')


def test_what_nobody_knows_is_not_taken_for_missing() -> None:
    """Where a name server fails, that is no fault of the record."""
    with pytest.raises(UnansweredError):
        list(dkim_findings([replace(RSA, domain=FAILING)], Zone({})))
