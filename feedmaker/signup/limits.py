"""How often somebody may ask to sign up: by address, by network, and all together. Pure.

One person who fills the form for others is stopped by the network, many at once by the total. Refusing an
address is not told, for that would tell who is known.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
ADDRESS_A_DAY = 3
NETWORK_AN_HOUR = 30
TOTAL_AN_HOUR = 500

_UNKNOWN = "unknown"
_IPV4_BITS, _IPV6_BITS = 24, 56

Refusal = Literal["address", "network", "total"]


@dataclass(frozen=True, slots=True)
class Recent:
    """Count who asked of late: for an address in a day, from a network and all together in an hour."""

    address: int
    network: int
    total: int


def refusal(recent: Recent) -> Refusal | None:
    """Say which limit keeps one more from asking, if any does."""
    if recent.network >= NETWORK_AN_HOUR:
        return "network"
    if recent.total >= TOTAL_AN_HOUR:
        return "total"
    return "address" if recent.address >= ADDRESS_A_DAY else None


def is_within(client: str, networks: Iterable[str]) -> bool:
    """Tell whether an IP address lies in one of some networks."""
    try:
        address = ip_address(client)
    except ValueError:
        return False
    return any(address in ip_network(network) for network in networks)


def network_of(client: str) -> str:
    """Return the network of an IP address that one customer of a provider has: a /24, or a /56 of IPv6.

    What is no address, which only a proxy can bring about, is one network.
    """
    try:
        address = ip_address(client)
    except ValueError:
        return _UNKNOWN
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if isinstance(address, IPv6Address):
        # The number leaves out the zone that may stand behind the address.
        return str(IPv6Network((int(address), _IPV6_BITS), strict=False))
    return str(IPv4Network((address, _IPV4_BITS), strict=False))
