"""SPF records: their words, what they lead to, and what is told of them."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmaker.doctor.answers import UnansweredError
from feedmaker.doctor.findings import Finding
from feedmaker.doctor.relay import Origin
from feedmaker.doctor.senders import spf_findings
from feedmaker.doctor.spf import SpfError, ended, follow, is_spf, merged, parse_spf
from tests.doctor.zones import FAILING, Names, Zone

HERE = Origin(("203.0.113.7",), is_sure=True)
NAMES: Names = {
    "quay.test": {
        "A": ["203.0.113.7"],
        "AAAA": ["2001:db8::7"],
        "MX": ["10 mx.quay.test", "20 far.test"],
    },
    "mx.quay.test": {"A": ["203.0.113.25"]},
    "far.test": {"AAAA": ["2001:db8:f::25"]},
    "_spf.far.test": {"TXT": ["other=1", "v=spf1 ip4:198.51.100.0/24 -all"]},
    "_soft.far.test": {"TXT": ["v=spf1 ip4:198.51.100.0/24 ~all"]},
    "_broken.far.test": {"TXT": ["v=spf1 ipv4:198.51.100.1 -all"]},
    "_two.far.test": {"TXT": ["v=spf1 -all", "v=spf1 ~all"]},
    "loop.test": {"TXT": ["v=spf1 include:loop.test -all"]},
    "_open.far.test": {"TXT": ["v=spf1 ?all"]},
}


def findings(*texts: str, origin: Origin = HERE) -> list[Finding]:
    """Look at quay.test with these TXT records."""
    zone = Zone({**NAMES, "quay.test": {**NAMES["quay.test"], "TXT": texts}})
    return list(spf_findings("quay.test", origin, zone))


def codes(*texts: str, origin: Origin = HERE) -> list[str]:
    """Return the codes of what is found."""
    return [found.code for found in findings(*texts, origin=origin)]


def verdict(text: str, address: str) -> str:
    """Tell what a record of quay.test says of an address."""
    return follow("quay.test", text, Zone(NAMES)).verdict(ip_address(address))


@pytest.mark.parametrize(
    ("text", "address", "said"),
    [
        ("v=spf1 -all", "203.0.113.7", "fail"),
        ("v=spf1", "203.0.113.7", "neutral"),
        ("v=spf1 ?all", "203.0.113.7", "neutral"),
        ("v=spf1 ip4:203.0.113.7 -all", "203.0.113.7", "pass"),
        ("v=spf1 ip4:203.0.113.0/24 -all", "203.0.113.7", "pass"),
        ("v=spf1 -ip4:203.0.113.7 +all", "203.0.113.7", "fail"),
        ("v=spf1 ip4:203.0.113.7 -all", "2001:db8::7", "fail"),
        ("v=spf1 ip6:2001:DB8::/32 ~all", "2001:db8::7", "pass"),
        ("v=spf1 a ~all", "203.0.113.7", "pass"),
        ("V=SPF1 A ~ALL", "2001:db8::7", "pass"),
        ("v=spf1 a ~all", "203.0.113.8", "softfail"),
        ("v=spf1 a/24//64 ~all", "203.0.113.8", "pass"),
        ("v=spf1 a/24//64 ~all", "2001:db8::ffff", "pass"),
        ("v=spf1 a//64 ~all", "203.0.113.8", "softfail"),
        ("v=spf1 a:mx.quay.test -all", "203.0.113.25", "pass"),
        ("v=spf1 mx -all", "203.0.113.25", "pass"),
        ("v=spf1 mx -all", "2001:db8:f::25", "pass"),
        ("v=spf1 mx:quay.test/16 -all", "203.0.0.1", "pass"),
        ("v=spf1 include:_spf.far.test -all", "198.51.100.9", "pass"),
        # What an included record says of others does not count (RFC 7208, 5.2).
        ("v=spf1 include:_spf.far.test ~all", "203.0.113.7", "softfail"),
        ("v=spf1 include:_open.far.test -all", "203.0.113.7", "fail"),
        ("v=spf1 redirect=_soft.far.test", "203.0.113.7", "softfail"),
        ("v=spf1 redirect=_soft.far.test", "198.51.100.9", "pass"),
        # `all` ends a record, wherever it stands.
        ("v=spf1 redirect=_soft.far.test -all", "198.51.100.9", "fail"),
        ("v=spf1 -all ip4:203.0.113.7", "203.0.113.7", "fail"),
        ("v=spf1 exists:%{i}.far.test -all", "203.0.113.7", "unknown"),
        ("v=spf1 ip4:203.0.113.7 exists:%{i}.far.test -all", "203.0.113.7", "pass"),
        ("v=spf1 exists:%{i}.far.test ip4:203.0.113.7 -all", "203.0.113.7", "unknown"),
        ("v=spf1 include:%{d}.far.test -all", "203.0.113.7", "unknown"),
        ("v=spf1 redirect=%{d}.far.test", "203.0.113.7", "unknown"),
        ("v=spf1 ptr -all", "203.0.113.7", "unknown"),
    ],
)
def test_record_speaks_of_an_address(text: str, address: str, said: str) -> None:
    """The first mechanism that fits decides, as RFC 7208 has it; what depends on the message is not known."""
    assert verdict(text, address) == said


@pytest.mark.parametrize(
    ("text", "lookups"),
    [
        ("v=spf1 ip4:203.0.113.7 -all", 0),
        ("v=spf1 a mx ptr exists:%{i}.far.test exp=why.far.test -all", 4),
        ("v=spf1 include:_spf.far.test include:_soft.far.test -all", 2),
        ("v=spf1 a redirect=_soft.far.test", 2),
        ("v=spf1 -all redirect=_soft.far.test a", 0),
    ],
)
def test_lookups_are_counted(text: str, lookups: int) -> None:
    """Those of included records count too, `exp` and what stands behind `all` do not (RFC 7208, 4.6.4)."""
    assert follow("quay.test", text, Zone(NAMES)).lookups == lookups


@pytest.mark.parametrize(
    "word",
    [
        *("ipv4:203.0.113.7", "ip4", "ip4:", "ip4:203.0.113", "ip4:203.0.113.7/33", "ip4:2001:db8::7"),
        *("ip4:203.0.113.7/255.255.255.0", "ip6:203.0.113.7", "ip6:2001:db8::7%lo", "ip6:2001:db8::/129"),
        *("include", "include:", "include:localhost", "include:203.0.113.7", "exists"),
        *("all:a.test", "all/8", "a:", "a/33", "a//129", "a:a.test/", "mx:%{x}.a.test", "a:100%.a.test"),
        *("redirect=", "redirect:a.test", "-redirect=a.test", "exp=", "+", "~", "a,mx", "all;"),
    ],
)
def test_mistaken_word_is_named(word: str) -> None:
    """A word that receivers do not take is told as it stands there."""
    (found,) = findings(f"v=spf1 a {word} -all")

    assert found.code == "spf-syntax"
    assert f'"{word}"' in found.what


def test_word_that_may_stand_once_is_named() -> None:
    """Only one record can speak for the rest."""
    (found,) = findings("v=spf1 redirect=a.test redirect=b.test")

    assert '"redirect=" stands there twice' in found.what


_LABELS = st.from_regex(r"[a-z0-9_]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
_DOMAINS = st.lists(_LABELS, min_size=1, max_size=3).map(".".join).map("{}.test".format)
_QUALIFIERS = st.sampled_from(["", "+", "-", "~", "?"])
_ADDRESSES = st.ip_addresses(v=4).map("ip4:{}".format) | st.ip_addresses(v=6).map("ip6:{}".format)
_HOSTS = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["a", "mx"]),
    st.just("") | _DOMAINS.map(":{}".format),
    st.just("") | st.integers(0, 32).map("/{}".format),
    st.just("") | st.integers(0, 128).map("//{}".format),
)
_NAMED = st.builds("{}:{}".format, st.sampled_from(["include", "exists", "ptr"]), _DOMAINS)
_MECHANISMS = st.builds("{}{}".format, _QUALIFIERS, _ADDRESSES | _HOSTS | _NAMED | st.just("all"))
_MODIFIERS = st.builds("{}={}".format, st.sampled_from(["redirect", "exp", "x.own"]), _DOMAINS)


@given(st.lists(_MECHANISMS, max_size=6), st.none() | _MODIFIERS)
def test_any_sound_record_is_read(mechanisms: list[str], modifier: str | None) -> None:
    """Every word of a record that keeps to the grammar is read, in its order."""
    words = [*mechanisms, *([modifier] if modifier else [])]

    terms = parse_spf("  ".join(["v=spf1", *words]))

    assert [term.text for term in terms] == words
    assert all(term.name in word.lower() for term, word in zip(terms, words, strict=True))
    assert [bool(term.qualifier) for term in terms] == [True] * len(mechanisms) + [False] * (
        modifier is not None
    )


_NEAR = st.sampled_from("v=spf1 all include:a mx/ip46exists%{}redirct.-~+?0123456789ü\x00")


@given(st.text() | st.text(_NEAR))
def test_any_text_is_a_record_or_a_mistake(text: str) -> None:
    """Whatever stands in the DNS, nothing but `SpfError` is raised, and an address gets a verdict."""
    record = f"v=spf1 {text}"

    with suppress(SpfError):
        parse_spf(record)
    found = follow("quay.test", record, Zone(NAMES))

    assert found.verdict(ip_address("203.0.113.7"))
    assert is_spf(record)


@given(st.lists(st.lists(_MECHANISMS, max_size=4), min_size=1, max_size=3))
def test_mended_record_is_one(records: list[list[str]]) -> None:
    """What is advised can be read, keeps each mechanism once, and ends with -all or ~all."""
    texts = [" ".join(["v=spf1", *words]) for words in records]

    advised = merged(texts)

    terms = parse_spf(advised)
    wanted = {word for words in records for word in words if not word.endswith("all")}
    assert {term.text for term in terms[:-1]} == wanted
    assert terms[-1].text in ("-all", "~all")
    assert ended(advised) == advised


def test_redirect_ends_a_mended_record() -> None:
    """Where another record speaks for the rest, what is added stands before it, and there is no `all`."""
    assert ended("v=spf1 redirect=_spf.far.test", "ip4:203.0.113.7") == (
        "v=spf1 ip4:203.0.113.7 redirect=_spf.far.test"
    )


@pytest.mark.parametrize(
    ("texts", "wanted"),
    [
        ([], ["spf-missing"]),
        (["spf1", "v=spf10 -all", "v=DMARC1; p=none"], ["spf-missing"]),
        (["v=spf1 a -all", "v=spf1 mx -all"], ["spf-twice"]),
        (["v=spf1 a -all"], ["ok"]),
        (["v=spf1 a ~all"], ["ok"]),
        (["v=spf1 a redirect=_soft.far.test"], ["ok"]),
        (["v=spf1 a redirect=%{d}.far.test"], ["ok"]),
        (["v=spf1 a"], ["spf-no-end", "ok"]),
        (["v=spf1 a ?all"], ["spf-no-end", "ok"]),
        (["v=spf1 a +all"], ["spf-open", "ok"]),
        (["v=spf1 a ptr -all"], ["spf-ptr", "ok"]),
        (["v=spf1 mx -all"], ["spf-relay"]),
        (["v=spf1 ptr -all"], ["spf-ptr", "spf-relay-unknown"]),
        (["v=spf1 a include:gone.test -all"], ["spf-include"]),
        (["v=spf1 a include:_two.far.test -all"], ["spf-include"]),
        (["v=spf1 a include:_broken.far.test -all"], ["spf-syntax"]),
        (["v=spf1 a include:loop.test -all"], ["spf-lookups"]),
        ([f"v=spf1 {'a ' * 11}-all"], ["spf-lookups"]),
        ([f"v=spf1 {'a ' * 10}-all"], ["ok"]),
        (["v=spf1 a a:b.test a:c.test a:d.test -all"], ["spf-void"]),
        (["v=spf1 a a:b.test a:c.test -all"], ["ok"]),
    ],
)
def test_findings_about_a_record(texts: list[str], wanted: list[str]) -> None:
    """Each fault has its code, and a record without one is fine."""
    assert codes(*texts) == wanted


def test_too_many_hosts_for_mail_are_too_many_lookups() -> None:
    """`mx` may lead to ten hosts (RFC 7208, 4.6.4)."""
    hosts = [f"{number} mx{number}.far.test" for number in range(11)]
    zone = Zone({"quay.test": {"TXT": ["v=spf1 mx -all"], "MX": hosts}})

    assert "spf-lookups" in [found.code for found in spf_findings("quay.test", HERE, zone)]


def test_endless_records_are_not_followed_for_ever() -> None:
    """Records that include each other are left alone after a while."""
    words = " ".join(f"include:{name}.test" for name in "abcdefgh")
    names = {f"{name}.test": {"TXT": [f"v=spf1 {words} -all"]} for name in "abcdefgh"}
    zone = Zone(names)

    (found,) = spf_findings("a.test", HERE, zone)

    assert found.code == "spf-lookups"
    assert len(zone.asked) < 100


@pytest.mark.parametrize(
    ("texts", "origin", "advised"),
    [
        ([], HERE, "v=spf1 ip4:203.0.113.7 ~all"),
        ([], Origin(("2001:db8::9",)), "v=spf1 ip6:2001:db8::9 ~all"),
        ([], Origin(), "v=spf1 ip4:ADDRESS-OF-YOUR-SERVER ~all"),
        (["v=spf1 a -all", "v=spf1 mx a ~all"], HERE, "v=spf1 a mx ~all"),
        (["v=spf1 a +all"], HERE, "v=spf1 a ~all"),
        (["v=spf1 a"], HERE, "v=spf1 a ~all"),
        (["v=spf1 mx -all"], HERE, "v=spf1 mx ip4:203.0.113.7 -all"),
        (["v=spf1 mx redirect=_soft.far.test"], HERE, "v=spf1 mx ip4:203.0.113.7 redirect=_soft.far.test"),
    ],
)
def test_record_is_advised(texts: list[str], origin: Origin, advised: str) -> None:
    """Where a record is the cure it is told whole, ready to be published."""
    found = findings(*texts, origin=origin)[0]

    assert found.record
    assert (found.record.name, found.record.type, found.record.value) == ("quay.test", "TXT", advised)


@pytest.mark.parametrize(
    ("origin", "wanted"),
    [
        (Origin(), "spf-relay-unknown"),
        (Origin(("198.51.100.1",)), "spf-relay-unsure"),
        (Origin(("198.51.100.1",), is_sure=True), "spf-relay"),
        (Origin(("203.0.113.7",)), "ok"),
        (Origin(("203.0.113.7", "2001:db8::7"), is_sure=True), "ok"),
        (Origin(("203.0.113.7", "2001:db8::8"), is_sure=True), "spf-relay"),
    ],
)
def test_relay_has_to_be_named(origin: Origin, wanted: str) -> None:
    """An address that surely sends and is not named is an error; one that may not send, a warning."""
    assert codes("v=spf1 a -all", origin=origin) == [wanted]


def test_what_nobody_knows_is_not_taken_for_missing() -> None:
    """Where a name server fails, that is no fault of the record."""
    zone = Zone({"quay.test": {"TXT": [f"v=spf1 include:_spf.{FAILING} -all"]}})

    with pytest.raises(UnansweredError):
        list(spf_findings("quay.test", HERE, zone))
