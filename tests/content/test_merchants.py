"""Buy links: which address they lead to, who pays for them, and what mail may carry."""

from __future__ import annotations

from datetime import date
from typing import Literal
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given

from feedmaker.config import Merchant
from feedmaker.merchants import BuyLink, buy_links, disclosures, mail_links, unknown_merchants
from feedmaker.model import Episode, Link, Recommendation
from tests.content.episodes import PAID_SHOP, SHOP, hostile_text

PAGE = "https://notes.example.org/episodes/tides/"


def episode(
    *targets: str | None, label: str | None = None, name: str = "Low Water", inferred: bool = False
) -> Episode:
    """Make an episode that recommends one thing per target."""
    items = tuple(
        Recommendation(
            kind="recommended",
            medium="book",
            name=name,
            creator="Ada Moss",
            creator_inferred=inferred,
            link=None if target is None else Link(target, label),
        )
        for target in targets
    )
    return Episode("Shoreline", "Tides", date(2020, 2, 2), recommendations=items)


def only_link(
    target: str | None, merchant: Merchant = SHOP, *, name: str = "Low Water", inferred: bool = False
) -> BuyLink | None:
    """Return the buy link of an episode with one recommendation."""
    (link,) = buy_links(episode(target, name=name, inferred=inferred), {"shop": merchant})
    return link


def test_search_looks_for_name_and_creator() -> None:
    """A link without words of its own searches for what is recommended and who made it."""
    assert only_link("shop:") == BuyLink(
        "https://shop.example.com/find?q=Low%20Water%20Ada%20Moss", "Find it on Corner Shop"
    )


def test_search_leaves_out_an_inferred_creator() -> None:
    """A creator that was only guessed would spoil the search."""
    link = only_link("shop:", inferred=True)

    assert link is not None
    assert link.url == "https://shop.example.com/find?q=Low%20Water"


def test_search_uses_the_words_of_the_note() -> None:
    """Words after the merchant's name are what is searched for, and a label replaces the merchant's."""
    (link,) = buy_links(episode("shop:low water 2nd ed", label="Get the second edition"), {"shop": SHOP})

    assert link == BuyLink("https://shop.example.com/find?q=low%20water%202nd%20ed", "Get the second edition")


def test_product_leads_to_its_own_page() -> None:
    """A product's id leads past the search."""
    link = only_link("shop:product/ab/12")

    assert link is not None
    assert link.url == "https://shop.example.com/item/ab%2F12"


@pytest.mark.parametrize("target", [None, "elsewhere:", "shop:product/ab12"])
def test_link_that_cannot_be_made_is_none(target: str | None) -> None:
    """Without link, merchant or product address there is no buy link."""
    merchant = SHOP.model_copy(update={"product": None})

    assert only_link(target, merchant) is None


def test_every_word_in_braces_is_filled_in() -> None:
    """Both addresses of a merchant may use all four words, and none stays in braces."""
    words = "{query}|{name}|{creator}|{product}".replace("|", "/")
    merchant = Merchant(
        name="Shop", search=f"https://s.example.com/{words}", product=f"https://p.example.com/{words}"
    )

    urls = [only_link(target, merchant) for target in ("shop:", "shop:product/7")]

    assert [link and link.url for link in urls] == [
        "https://s.example.com/Low%20Water%20Ada%20Moss/Low%20Water/Ada%20Moss/",
        "https://p.example.com/Low%20Water%20Ada%20Moss/Low%20Water/Ada%20Moss/7",
    ]


@given(hostile_text())
def test_any_name_stays_one_parameter(name: str) -> None:
    """Whatever a thing is called, it is searched for as it is called and adds nothing to the address."""
    link = only_link("shop:", PAID_SHOP, name=name, inferred=True)

    assert link is not None
    parts = urlsplit(link.url)
    assert (parts.hostname, parts.path, parts.fragment) == ("shop.example.com", "/find", "")
    assert parse_qs(parts.query) == {"q": [name.strip()], "tag": ["reader-7"]}


def test_web_address_elsewhere_is_free() -> None:
    """An address of no known merchant is linked unchanged and unpaid."""
    link = only_link("https://moss.example.net/?a=b%20c&d", PAID_SHOP)

    assert link == BuyLink("https://moss.example.net/?a=b%20c&d", "Find it here")


@pytest.mark.parametrize("host", ["shop.example.com", "www.shop.example.com", "SHOP.example.com"])
def test_web_address_of_a_merchant_is_paid(host: str) -> None:
    """A plain address of a merchant's host earns as much, so it is as paid as any other."""
    link = only_link(f"https://{host}/item/1", PAID_SHOP)

    assert link == BuyLink(
        f"https://{host}/item/1?tag=reader-7", "Find it on Corner Shop", PAID_SHOP.disclosure
    )


@pytest.mark.parametrize(
    ("address", "tagged"),
    [
        ("/i", "/i?tag=reader-7"),
        ("/i?tag=reader-7", "/i?tag=reader-7"),
        ("/i?tag=somebody-else", "/i?tag=reader-7"),
        ("/i?tag=somebody-else&tag=reader-7", "/i?tag=reader-7"),
        ("/i?q=a%20b&flag&e=%E9&c=1;2", "/i?q=a%20b&flag&e=%E9&c=1;2&tag=reader-7"),
        ("/i?q=1#part", "/i?q=1&tag=reader-7#part"),
    ],
)
def test_tag_is_added_once(address: str, tagged: str) -> None:
    """The address carries our tag once and nobody else's, and the rest of it as it was written."""
    link = only_link(f"https://shop.example.com{address}", PAID_SHOP)

    assert link is not None
    assert link.url == f"https://shop.example.com{tagged}"


def test_tag_has_the_merchants_parameter() -> None:
    """A merchant says under which name it wants its tag."""
    link = only_link("shop:product/9", PAID_SHOP.model_copy(update={"tag_parameter": "ref"}))

    assert link is not None
    assert link.url == "https://shop.example.com/item/9?ref=reader-7"


def test_link_without_tag_is_not_paid() -> None:
    """Nobody earns without a partner tag, and nobody says so."""
    links = buy_links(episode("shop:", "shop:product/1"), {"shop": SHOP})

    assert [link and link.paid for link in links] == [False, False]
    assert disclosures(links) == []


def test_each_disclosure_is_listed_once() -> None:
    """Merchants with one sentence share it; another sentence stands after it."""
    other = PAID_SHOP.model_copy(update={"disclosure": "The pier pays us."})
    links = buy_links(
        episode("shop:", None, "pier:", "shop:a", "https://moss.example.net/"),
        {"shop": PAID_SHOP, "pier": other},
    )

    assert disclosures(links) == ["We get a penny for what you buy.", "The pier pays us."]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("page", BuyLink(PAGE, "Find it on Corner Shop")),
        (
            "direct",
            BuyLink(
                "https://shop.example.com/item/1?tag=reader-7",
                "Find it on Corner Shop",
                PAID_SHOP.disclosure,
            ),
        ),
        ("none", None),
    ],
)
@pytest.mark.parametrize("target", ["shop:product/1", "https://shop.example.com/item/1"])
def test_mail_follows_the_merchants_policy(
    policy: Literal["page", "direct", "none"], expected: BuyLink | None, target: str
) -> None:
    """Mail links to the page without a word on pay, to the merchant with it, or not at all."""
    merchant = PAID_SHOP.model_copy(update={"mail": policy})

    assert mail_links(episode(target), {"shop": merchant}, PAGE) == (expected,)


def test_mail_links_elsewhere_directly() -> None:
    """An address of no known merchant has no policy; and no link stays none."""
    links = mail_links(episode("https://moss.example.net/", None, "nowhere:"), {"shop": SHOP}, PAGE)

    assert links == (BuyLink("https://moss.example.net/", "Find it here"), None, None)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("shpo:", '"shpo" is not a merchant of schedule.yaml; did you mean "shop"?'),
        ("quay:x", '"quay" is not a merchant of schedule.yaml; known: pier, shop'),
        ("pier:product/1", '"pier" has no product address in schedule.yaml'),
    ],
)
def test_unknown_merchant_comes_with_advice(target: str, message: str) -> None:
    """A merchant that cannot be linked is named together with what might be meant."""
    merchants = {"shop": SHOP, "pier": SHOP.model_copy(update={"product": None})}
    note = episode("shop:", target, None, "pier:", "https://moss.example.net/")

    assert list(unknown_merchants(note, merchants)) == [(note.recommendations[1], message)]
