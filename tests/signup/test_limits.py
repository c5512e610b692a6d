"""How often somebody may ask, and from where."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmaker.config import parse_config
from feedmaker.signup.limits import (
    ADDRESS_A_DAY,
    NETWORK_AN_HOUR,
    TOTAL_AN_HOUR,
    Recent,
    Refusal,
    is_within,
    network_of,
    refusal,
)
from feedmaker.signup.origins import known_origins, may_ask, source_of
from tests.projects import SCHEDULE


@pytest.mark.parametrize(
    ("recent", "found"),
    [
        (Recent(0, 0, 0), None),
        (Recent(ADDRESS_A_DAY - 1, NETWORK_AN_HOUR - 1, TOTAL_AN_HOUR - 1), None),
        (Recent(ADDRESS_A_DAY, 0, 0), "address"),
        (Recent(0, NETWORK_AN_HOUR, 0), "network"),
        (Recent(0, 0, TOTAL_AN_HOUR), "total"),
        (Recent(ADDRESS_A_DAY, NETWORK_AN_HOUR, TOTAL_AN_HOUR), "network"),
        (Recent(ADDRESS_A_DAY, 0, TOTAL_AN_HOUR), "total"),
    ],
)
def test_limit_is_met_at_its_number(recent: Recent, found: Refusal | None) -> None:
    """What is told to people comes first, so that an address that is refused is no reason to tell them."""
    assert refusal(recent) == found


@pytest.mark.parametrize(
    ("client", "network"),
    [
        ("198.51.100.7", "198.51.100.0/24"),
        ("2001:db8:1:2ff:3::4", "2001:db8:1:200::/56"),
        ("::ffff:198.51.100.7", "198.51.100.0/24"),
        ("fe80::1%eth0", "fe80::/56"),
        ("::1", "::/56"),
        ("", "unknown"),
        ("unknown", "unknown"),
        ("198.51.100.7:443", "unknown"),
        ("198.51.100.007", "unknown"),
    ],
)
def test_network_is_what_one_customer_has(client: str, network: str) -> None:
    """A /24 or a /56, whichever way the address is written; all that is no address is one network."""
    assert network_of(client) == network


@given(st.integers(0, 2**32 - 1) | st.integers(0, 2**128 - 1))
def test_address_lies_in_its_network(number: int) -> None:
    """An address and all its neighbours have the same network."""
    address = IPv4Address(number) if number < 2**32 else IPv6Address(number)
    network = network_of(str(address))

    found = ip_network(network)
    assert network == network_of(str(found[0])) == network_of(str(found[-1]))
    assert len(network) <= 64


@given(st.text())
def test_any_client_has_a_network(client: str) -> None:
    """What a proxy may write, however odd, is counted somewhere."""
    assert network_of(client)
    assert is_within(client, ["10.0.0.0/8"]) in (True, False)


def test_proxy_is_known_by_its_network() -> None:
    """An address lies in a network of its own kind alone."""
    networks = ["10.0.0.0/8", "::1/128"]

    assert is_within("10.1.2.3", networks)
    assert is_within("::1", networks)
    assert not is_within("11.1.2.3", networks)
    assert not is_within("::2", networks)


# Origins

KNOWN = ("https://a.example", "https://b.example:8443")


@pytest.mark.parametrize(
    ("origin", "fetch_site", "may"),
    [
        (None, None, True),
        (None, "same-origin", True),
        (None, "none", True),
        (None, "cross-site", False),
        (None, "same-site", False),
        ("null", None, True),
        ("null", "same-origin", True),
        ("null", "same-site", False),
        ("null", "cross-site", False),
        ("https://a.example", None, True),
        ("https://a.example", "cross-site", True),
        ("https://b.example:8443", "cross-site", True),
        ("https://b.example", "cross-site", False),
        ("http://a.example", "cross-site", False),
        ("https://a.example/", "cross-site", False),
        ("https://evil.example", None, False),
        ("", None, True),
    ],
)
def test_browser_says_where_somebody_comes_from(
    origin: str | None, fetch_site: str | None, may: bool
) -> None:
    """A named page is looked up; a hidden one is believed only if the browser cannot say more."""
    assert may_ask(origin, fetch_site, KNOWN) == may


@given(st.text() | st.none(), st.text() | st.none())
def test_foreign_origin_never_passes_as_cross_site(origin: str | None, fetch_site: str | None) -> None:
    """What a browser calls foreign passes for named pages alone, whatever else the headers say."""
    if fetch_site not in ("same-origin", "none", None) and origin not in KNOWN:
        assert not may_ask(origin, fetch_site, KNOWN)


@pytest.mark.parametrize(
    ("origin", "referer", "source"),
    [
        (None, None, "form"),
        ("https://a.example", None, "form at https://a.example"),
        ("null", "https://a.example/page", "form at https://a.example"),
        (None, "https://a.example", "form at https://a.example"),
        ("null", "https://a.example.evil.example/", "form"),
        ("https://evil.example", "https://a.example:1/", "form"),
    ],
)
def test_source_names_known_pages_alone(origin: str | None, referer: str | None, source: str) -> None:
    """The record of consent says on which page the form stood, if that is one of those named."""
    assert source_of("form", origin, referer, KNOWN) == source


def test_own_sites_are_known() -> None:
    """The site and the pages may hold the form without being named; usual ports are left out."""
    config = parse_config(
        f"{SCHEDULE}signup: {{address: 'https://mail.example.org:443/x/', origins: ['https://B.example/']}}\n"
    )

    assert known_origins(config) == (
        "https://lamp.example.org",
        "https://mail.example.org",
        "https://b.example",
    )
