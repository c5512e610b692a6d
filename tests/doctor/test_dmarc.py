"""DMARC: which record counts, who belongs to whom, and what is told of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmaker.doctor.answers import UnansweredError
from feedmaker.doctor.dmarc import dmarc_findings, is_aligned, organisation, parse_dmarc, walk
from feedmaker.doctor.findings import Finding
from feedmaker.doctor.tags import read_tags, write_tags
from tests.doctor.zones import FAILING, Names, Zone

GOOD = "v=DMARC1; p=quarantine; rua=mailto:reports@quay.test"
MAILBOX = "letter@news.quay.test"


def zone(**records: str) -> Zone:
    """Serve DMARC records by domain, whose dots are written as underscores."""
    return Zone({f"_dmarc.{name.replace('_', '.')}": {"TXT": [text]} for name, text in records.items()})


def findings(
    dns: Zone, *signing: str, sender: str = "news.quay.test", return_path: str | None = "news.quay.test"
) -> list[Finding]:
    """Look at a sender."""
    return list(dmarc_findings(sender, f"letter@{sender}", return_path, signing, dns))


def codes(dns: Zone, *signing: str, return_path: str | None = "news.quay.test") -> list[str]:
    """Return the codes of what is found."""
    return [found.code for found in findings(dns, *signing, return_path=return_path)]


# Records


@pytest.mark.parametrize(
    "text",
    [
        *("v=DMARC1", "v=DMARC1;", "v = DMARC1 ; p = none"),
        "v=DMARC1; x=y; p=none",
    ],
)
def test_record_is_read(text: str) -> None:
    """White space does not count, and unknown tags are passed over."""
    assert parse_dmarc("quay.test", text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "v=dmarc1; p=none",
        "p=none; v=DMARC1",
        "v=DMARC10",
        "v=DMARC1 p=none",
        "v=DMARC1; p",
        "v=DMARC1; p=a; p=b",
    ],
)
def test_what_is_no_record_is_passed_over(text: str) -> None:
    """The version comes first and in capitals, and no tag stands there twice."""
    assert parse_dmarc("quay.test", text) is None


_TAGS = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,8}", fullmatch=True)
_VALUES = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=";"))


@given(st.dictionaries(_TAGS, _VALUES, min_size=1))
def test_any_tags_come_back(tags: dict[str, str]) -> None:
    """What is written is read, in the same order."""
    found = read_tags(write_tags(tags))

    assert found is not None
    assert list(found.items()) == list(tags.items())


@given(st.text() | st.text(st.sampled_from("v=DMARC1; pb\t\x00ü")))
def test_any_text_has_tags_or_none(text: str) -> None:
    """Whatever stands in the DNS, nothing is raised."""
    found = read_tags(text)

    assert found is None or found == read_tags(write_tags(found))


# The walk


def test_walk_goes_up_to_the_top() -> None:
    """Each name above is asked, the last label too."""
    dns = zone(quay_test=GOOD)

    assert [policy.domain for policy in walk("a.news.quay.test", dns)] == ["quay.test"]
    assert [name for name, _ in dns.asked] == [
        *("_dmarc.a.news.quay.test", "_dmarc.news.quay.test", "_dmarc.quay.test", "_dmarc.test")
    ]


def test_long_walk_is_cut_short() -> None:
    """However long a name is, eight are asked (RFC 9989, 4.10)."""
    dns = zone()

    list(walk("a.b.c.d.e.f.g.h.i.quay.test", dns))

    assert [name for name, _ in dns.asked][:2] == [
        "_dmarc.a.b.c.d.e.f.g.h.i.quay.test",
        "_dmarc.e.f.g.h.i.quay.test",
    ]
    assert len(dns.asked) == 8


@pytest.mark.parametrize("psd", ["y", "n"])
def test_walk_ends_where_a_record_says_so(psd: str) -> None:
    """A record with psd= is the last."""
    dns = zone(quay_test=f"v=DMARC1; psd={psd}", test=GOOD)

    assert [policy.domain for policy in walk("news.quay.test", dns)] == ["quay.test"]


def test_several_records_are_none() -> None:
    """Where a name has two of them, the walk passes by."""
    dns = Zone({"_dmarc.quay.test": {"TXT": [GOOD, GOOD]}, "_dmarc.test": {"TXT": [GOOD]}})

    assert [policy.domain for policy in walk("quay.test", dns)] == ["test"]


@pytest.mark.parametrize(
    ("domain", "dns", "wanted"),
    [
        ("news.quay.test", zone(), "news.quay.test"),
        ("news.quay.test", zone(news_quay_test=GOOD), "news.quay.test"),
        ("news.quay.test", zone(quay_test=GOOD), "quay.test"),
        ("a.news.quay.test", zone(news_quay_test=GOOD, quay_test=GOOD), "quay.test"),
        ("a.news.quay.test", zone(news_quay_test="v=DMARC1; psd=n", quay_test=GOOD), "news.quay.test"),
        ("a.news.quay.test", zone(quay_test="v=DMARC1; psd=y"), "news.quay.test"),
        ("quay.test", zone(quay_test="v=DMARC1; psd=y"), "quay.test"),
        ("a.news.quay.test", zone(quay_test="v=DMARC1; psd=u", test=GOOD), "test"),
    ],
)
def test_organisation_is_found_by_the_walk(domain: str, dns: Zone, wanted: str) -> None:
    """The record with the fewest labels is the organisation's, unless psd= says otherwise (4.10.2)."""
    assert organisation(domain, list(walk(domain, dns))) == wanted


@pytest.mark.parametrize(
    ("other", "strict", "wanted"),
    [
        ("news.quay.test", True, True),
        ("quay.test", False, True),
        ("mail.quay.test", False, True),
        ("quay.test", True, False),
        ("mail.test", False, False),
        ("notquay.test", False, False),
    ],
)
def test_domains_of_one_organisation_are_aligned(other: str, strict: bool, wanted: bool) -> None:
    """Relaxed wants the organisation to be the same, strict the domain."""
    assert is_aligned("news.quay.test", other, zone(quay_test=GOOD), strict=strict) is wanted


# Findings


@pytest.mark.parametrize(
    ("dns", "wanted"),
    [
        (zone(), "dmarc-missing"),
        (zone(news_quay_test=GOOD), "ok"),
        (zone(quay_test=GOOD), "ok"),
        (zone(news_quay_test="v=dmarc1; p=none"), "dmarc-syntax"),
        (zone(news_quay_test="unrelated", quay_test=GOOD), "ok"),
        (Zone({"_dmarc.news.quay.test": {"TXT": [GOOD, GOOD]}}), "dmarc-twice"),
        (Zone({"_dmarc.news.quay.test": {"TXT": [GOOD, "dmarc, no record"]}}), "ok"),
        (zone(quay_test="v=DMARC1; rua=mailto:a@quay.test"), "dmarc-no-policy"),
        (zone(quay_test="v=DMARC1; p=monitor"), "dmarc-no-policy"),
        (zone(quay_test="v=DMARC1; p=none"), "dmarc-no-reports"),
    ],
)
def test_findings_about_a_record(dns: Zone, wanted: str) -> None:
    """Each fault has its code, and a record without one is fine."""
    assert codes(dns)[0] == wanted


@pytest.mark.parametrize(
    ("text", "sender", "asked"),
    [
        ("v=DMARC1; p=reject; sp=none; rua=mailto:a@quay.test", "quay.test", "reject"),
        ("v=DMARC1; p=reject; sp=none; rua=mailto:a@quay.test", "news.quay.test", "none"),
        ("v=DMARC1; p=REJECT; rua=mailto:a@quay.test", "news.quay.test", "reject"),
        ("v=DMARC1; p=reject; sp=often; rua=mailto:a@quay.test", "news.quay.test", "none"),
    ],
)
def test_policy_for_the_sender_is_told(text: str, sender: str, asked: str) -> None:
    """A record of a domain above may ask for something else there."""
    found = findings(zone(quay_test=text), sender=sender)[0]

    assert f"_dmarc.quay.test asks for {asked}" in found.what


@pytest.mark.parametrize(
    ("signing", "return_path", "wanted"),
    [
        ([], "news.quay.test", ["ok", "ok"]),
        ([], "quay.test", ["ok", "ok"]),
        ([], "bounces.example.test", ["ok", "dmarc-unaligned"]),
        (["quay.test"], "bounces.example.test", ["ok", "ok"]),
        (["example.test"], "bounces.example.test", ["ok", "dmarc-dkim-unaligned", "dmarc-unaligned"]),
        (["example.test", "quay.test"], "quay.test", ["ok", "dmarc-dkim-unaligned", "ok"]),
        # A provider's return path is not known here.
        ([], None, ["ok"]),
        (["quay.test"], None, ["ok", "ok"]),
    ],
)
def test_something_has_to_be_aligned(signing: list[str], return_path: str | None, wanted: list[str]) -> None:
    """One signature or the return path has to belong to the sender."""
    assert codes(zone(quay_test=GOOD), *signing, return_path=return_path) == wanted


def test_strict_alignment_is_heeded() -> None:
    """With adkim=s and aspf=s a domain of the same organisation does not do."""
    dns = zone(quay_test=f"{GOOD}; adkim=s; aspf=s")

    assert codes(dns, "quay.test", return_path="quay.test")[1:] == ["dmarc-dkim-unaligned", "dmarc-unaligned"]
    assert codes(dns, "news.quay.test")[1:] == ["ok"]


@pytest.mark.parametrize(
    ("dns", "signing", "name", "value"),
    [
        (zone(), [], "_dmarc.news.quay.test", f"v=DMARC1; p=none; rua=mailto:{MAILBOX}"),
        # One record for all that is in use, or none of it would be aligned with the rest.
        (zone(), ["quay.test"], "_dmarc.quay.test", f"v=DMARC1; p=none; rua=mailto:{MAILBOX}"),
        (zone(), ["mail.quay.test"], "_dmarc.news.quay.test", f"v=DMARC1; p=none; rua=mailto:{MAILBOX}"),
        (
            zone(quay_test="v=DMARC1;p=reject;adkim=s"),
            [],
            "_dmarc.quay.test",
            f"v=DMARC1; p=reject; adkim=s; rua=mailto:{MAILBOX}",
        ),
        (
            zone(quay_test="v=DMARC1; rua=mailto:a@quay.test; p=all"),
            [],
            "_dmarc.quay.test",
            "v=DMARC1; p=none; rua=mailto:a@quay.test",
        ),
    ],
)
def test_record_is_advised(dns: Zone, signing: list[str], name: str, value: str) -> None:
    """Where a record is the cure it is told whole, ready to be published, and keeps what was there."""
    found = findings(dns, *signing)[0]

    assert found.record
    assert (found.record.name, found.record.type, found.record.value) == (name, "TXT", value)


def test_advised_record_cures() -> None:
    """Once the record is published nothing is wrong any more."""
    (missing,) = findings(zone(), "quay.test")
    assert missing.record
    names: Names = {missing.record.name: {"TXT": [missing.record.value]}}

    assert codes(Zone(names), "quay.test") == ["ok", "ok"]


def test_what_nobody_knows_is_not_taken_for_missing() -> None:
    """Where a name server fails, that is no fault of the record."""
    with pytest.raises(UnansweredError):
        findings(zone(), sender=f"news.{FAILING}")
