"""Buy links: how a recommendation's link becomes an address, and whether it is paid.

Pure. A link is paid when its merchant has a partner tag; a paid link is marked wherever it stands, and the
disclosure stands before the first of them in everything that is read alone (16 CFR 255.5).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from urllib.parse import parse_qsl, quote, unquote_plus, urlencode, urlsplit, urlunsplit

from feedmaker.config import Merchant
from feedmaker.model import Episode, Prose, Recommendation, Span
from feedmaker.uri import is_web_address

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


def paid_links(addresses: Iterable[str], merchants: Mapping[str, Merchant]) -> list[BuyLink]:
    """Find the paid links among addresses, by the partner tags in them; they have no words."""
    return [
        BuyLink(address, "", merchant.disclosure)
        for address in dict.fromkeys(addresses)
        for merchant in merchants.values()
        if merchant.tag and _carries_tag(address, merchant)
    ]


def disclosures(links: tuple[BuyLink | None, ...]) -> list[str]:
    """List the sentences that must stand before the first paid link, each once."""
    return list(dict.fromkeys(link.disclosure for link in links if link and link.disclosure))


def unknown_merchants(
    episode: Episode, merchants: Mapping[str, Merchant]
) -> Iterator[tuple[Recommendation, str]]:
    """Name each recommendation whose merchant is not configured, and what to do about it."""
    for item in episode.recommendations:
        if item.link is None or is_web_address(item.link.target):
            continue
        name, _, term = item.link.target.partition(":")
        merchant = merchants.get(name)
        if merchant is None:
            near = get_close_matches(name, merchants, n=1)
            hint = f'; did you mean "{near[0]}"?' if near else f"; known: {', '.join(sorted(merchants))}"
            yield item, f'"{name}" is not a merchant of schedule.yaml{hint}'
        elif term.startswith("product/") and merchant.product is None:
            yield item, f'"{name}" has no product address in schedule.yaml'


def shop_links(episode: Episode, merchants: Mapping[str, Merchant]) -> Iterator[tuple[str, str]]:
    """Name each link in running text to a shop that pays, and what to do about it."""
    for span in _spans(episode):
        merchant = _paying(span.href, merchants)
        if merchant and span.href:
            yield span.href, f"a link to {merchant.name} is paid and needs its mark; make it a recommendation"


def without_shop_links(episode: Episode, merchants: Mapping[str, Merchant]) -> Episode:
    """Take the links to shops that pay out of running text, where no disclosure stands; the words stay."""
    if not any(_paying(span.href, merchants) for span in _spans(episode)):
        return episode

    def freed(prose: Prose) -> Prose:
        return tuple(replace(span, href=None) if _paying(span.href, merchants) else span for span in prose)

    return replace(
        episode,
        dek=freed(episode.dek),
        gist=tuple(map(freed, episode.gist)),
        reveals=tuple(map(freed, episode.reveals)),
        takeaways=tuple(map(freed, episode.takeaways)),
    )


def _spans(episode: Episode) -> Iterator[Span]:
    for prose in (episode.dek, *episode.gist, *episode.reveals, *episode.takeaways):
        yield from prose


def _paying(address: str | None, merchants: Mapping[str, Merchant]) -> Merchant | None:
    if address is None:
        return None
    paying = (merchant for merchant in merchants.values() if merchant.tag)
    return next((merchant for merchant in paying if _host(merchant.search) == _host(address)), None)


def _carries_tag(address: str, merchant: Merchant) -> bool:
    shops = {_host(template) for template in (merchant.search, merchant.product) if template}
    try:
        query = urlsplit(address).query
        return _host(address) in shops and (merchant.tag_parameter, merchant.tag) in parse_qsl(query)
    except ValueError:
        return False


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
        if not is_web_address(item.link.target):
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
    if is_web_address(item.link.target):
        host = _host(item.link.target)
        return next((m for m in merchants.values() if _host(m.search) == host), None)
    return merchants.get(item.link.target.partition(":")[0])


def _address(item: Recommendation, target: str, merchant: Merchant) -> str | None:
    if is_web_address(target):
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


def _host(address: str) -> str:
    return (urlsplit(address).hostname or "").removeprefix("www.")


def _with_parameter(address: str, name: str, value: str) -> str:
    """Set one parameter of an address, and leave the others in the form in which they were written."""
    parts = urlsplit(address)
    pairs = parts.query.split("&") if parts.query else []
    others = [pair for pair in pairs if unquote_plus(pair.partition("=")[0]) != name]
    return urlunsplit(parts._replace(query="&".join([*others, urlencode({name: value})])))
