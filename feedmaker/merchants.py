"""Buy links: how a recommendation's link becomes an address, and whether it is paid.

Pure. A link is paid when its merchant has a partner tag; a paid link is marked wherever it stands, and the
disclosure stands before the first of them in everything that is read alone (16 CFR 255.5).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from urllib.parse import quote, unquote_plus, urlencode, urlsplit, urlunsplit

from feedmaker.config import Merchant
from feedmaker.model import Episode, Recommendation

PAID_MARK = "(paid link)"
PAID_REL = "sponsored nofollow"


@dataclass(frozen=True, slots=True)
class BuyLink:
    """Hold what an output shows: an absolute address, its words, and the disclosure if it is paid."""

    url: str
    label: str
    disclosure: str | None = None

    @property
    def paid(self) -> bool:
        """Tell whether somebody earns when this link is followed."""
        return self.disclosure is not None


def buy_links(episode: Episode, merchants: Mapping[str, Merchant]) -> tuple[BuyLink | None, ...]:
    """Make the buy link of each recommendation, in order; None where there is none or it cannot be made."""
    return tuple(_buy_link(item, merchants) for item in episode.recommendations)


def mail_links(episode: Episode, merchants: Mapping[str, Merchant], page: str) -> tuple[BuyLink | None, ...]:
    """Make the links that the newsletter carries, by each merchant's `mail` policy.

    `page` sends readers to the episode's own page, where the disclosure stands beside the paid link.
    """
    return tuple(_mail_link(item, merchants, page) for item in episode.recommendations)


def disclosures(links: tuple[BuyLink | None, ...]) -> list[str]:
    """List the sentences that must stand before the first paid link, each once."""
    return list(dict.fromkeys(link.disclosure for link in links if link and link.disclosure))


def unknown_merchants(
    episode: Episode, merchants: Mapping[str, Merchant]
) -> Iterator[tuple[Recommendation, str]]:
    """Name each recommendation whose merchant is not configured, and what to do about it."""
    for item in episode.recommendations:
        if item.link is None or _is_address(item.link.target):
            continue
        name, _, term = item.link.target.partition(":")
        merchant = merchants.get(name)
        if merchant is None:
            near = get_close_matches(name, merchants, n=1)
            hint = f'; did you mean "{near[0]}"?' if near else f"; known: {', '.join(sorted(merchants))}"
            yield item, f'"{name}" is not a merchant of schedule.yaml{hint}'
        elif term.startswith("product/") and merchant.product is None:
            yield item, f'"{name}" has no product address in schedule.yaml'


def _mail_link(item: Recommendation, merchants: Mapping[str, Merchant], page: str) -> BuyLink | None:
    link = _buy_link(item, merchants)
    merchant = _merchant(item, merchants)
    if link is None or merchant is None or merchant.mail == "direct":
        return link
    return BuyLink(page, link.label) if merchant.mail == "page" else None


def _buy_link(item: Recommendation, merchants: Mapping[str, Merchant]) -> BuyLink | None:
    merchant = _merchant(item, merchants)
    if item.link is None:
        return None
    if merchant is None:
        if not _is_address(item.link.target):
            return None
        return BuyLink(item.link.target, item.link.label or "Find it here")
    address = _address(item, item.link.target, merchant)
    if address is None:
        return None
    label = item.link.label or f"Find it on {merchant.name}"
    if merchant.tag is None:
        return BuyLink(address, label)
    return BuyLink(_with_parameter(address, merchant.tag_parameter, merchant.tag), label, merchant.disclosure)


def _merchant(item: Recommendation, merchants: Mapping[str, Merchant]) -> Merchant | None:
    """Find the merchant by name, or, for a web address, by host: the same shop has the same policy."""
    if item.link is None:
        return None
    if _is_address(item.link.target):
        host = _host(item.link.target)
        return next((m for m in merchants.values() if _host(m.search) == host), None)
    return merchants.get(item.link.target.partition(":")[0])


def _address(item: Recommendation, target: str, merchant: Merchant) -> str | None:
    if _is_address(target):
        return target
    term = target.partition(":")[2]
    is_product = term.startswith("product/")
    creator = "" if item.creator_inferred else item.creator or ""
    words = {
        "query": (not is_product and term) or f"{item.name} {creator}".strip(),
        "name": item.name,
        "creator": creator,
        "product": term.removeprefix("product/") if is_product else "",
    }
    template = merchant.product if is_product else merchant.search
    if template is None:
        return None
    for name, value in words.items():
        template = template.replace("{" + name + "}", quote(value, safe=""))
    return template


def _is_address(target: str) -> bool:
    return target.startswith(("https://", "http://"))


def _host(address: str) -> str:
    return (urlsplit(address).hostname or "").removeprefix("www.")


def _with_parameter(address: str, name: str, value: str) -> str:
    """Set one parameter of an address, and leave the others in the form in which they were written."""
    parts = urlsplit(address)
    pairs = parts.query.split("&") if parts.query else []
    others = [pair for pair in pairs if unquote_plus(pair.partition("=")[0]) != name]
    return urlunsplit(parts._replace(query="&".join([*others, urlencode({name: value})])))
