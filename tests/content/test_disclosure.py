"""Paid links and what readers are told before them."""

from __future__ import annotations

import re

import pytest

from feedmaker.content import render
from feedmaker.disclosure import check_disclosure, text_disclosure_faults
from feedmaker.errors import GateError
from feedmaker.merchants import BuyLink
from feedmaker.model import Link, Recommendation, prose
from tests.feeds.samples import PAYING, make_episode

TOLD = "Links marked (paid link) earn us a commission & more."
URL = "https://shop.example/?a=1&tag=me-20"
PAID = BuyLink(URL, "Find it", TOLD)
FREE = BuyLink("https://free.example/", "Find it here")
SENTENCE = "<p>Links marked (paid link) earn us a <em>commission</em> &amp; more.</p>"
ANCHOR = '<a href="https://shop.example/?a=1&amp;tag=me-20" rel="sponsored nofollow">Find it</a>'


def page(body: str) -> str:
    """Make a whole HTML document."""
    return f"<!DOCTYPE html><html><head><title>{TOLD}</title></head><body>{body}</body></html>"


@pytest.mark.parametrize(
    "html",
    [
        f"{SENTENCE}<p>{ANCHOR} (paid link)</p>",
        f"{SENTENCE}<p>{ANCHOR}\n <span>(paid link)</span></p>",
        f"{SENTENCE}<p>{ANCHOR.replace('Find it', 'Find it (paid link)')}</p>",
        f"{SENTENCE}<p>{ANCHOR} (paid link)</p><p>{ANCHOR} (paid link)</p>",
        (f"{SENTENCE}<p>{ANCHOR} (paid link)</p>").replace('"', "'").replace("marked", "\n marked"),
        f"{SENTENCE}<!-- {ANCHOR} --><p>Nothing is sold here.</p>",
        "<p>This was (paid link) sponsored content, said the guest.</p>",
        "",
    ],
    ids=["behind", "in a span", "inside", "twice", "folded", "comment", "only words", "nothing"],
)
def test_honest_output_passes(html: str) -> None:
    """A link that is announced and marked is fine, in a fragment and in a whole page."""
    check_disclosure("a page", html, [PAID, FREE, None])
    check_disclosure("a page", page(html), [PAID, FREE, None])


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        (f"<p>{ANCHOR} (paid link)</p>", "no disclosure before it"),
        (f"<p>{ANCHOR} (paid link)</p>{SENTENCE}", "no disclosure before it"),
        (f"<!-- {SENTENCE} --><p>{ANCHOR} (paid link)</p>", "no disclosure before it"),
        (f"<style>{TOLD}</style><p>{ANCHOR} (paid link)</p>", "no disclosure before it"),
        (f'<p title="{TOLD}">{ANCHOR} (paid link)</p>', "no disclosure before it"),
        (f"{SENTENCE}<p>{ANCHOR}</p>", r"no \(paid link\) beside it"),
        (f"{SENTENCE}<p>{ANCHOR}<!-- (paid link) --></p>", r"no \(paid link\) beside it"),
        (f"{SENTENCE}<p>{ANCHOR.replace('</', '<!-- (paid link) --></')}</p>", r"no \(paid link\) beside it"),
        (f"{SENTENCE}<p>(paid link) {ANCHOR}</p>", r"no \(paid link\) beside it"),
        (f"{SENTENCE}<p>{ANCHOR} at Shop (paid link)</p>", r"no \(paid link\) beside it"),
        (f"{SENTENCE}<p>{re.sub(' rel=.*?>', '>', ANCHOR)} (paid link)</p>", 'no rel="sponsored nofollow"'),
        (
            f"{SENTENCE}<p>{ANCHOR.replace('me-20', 'you-20')} (paid link)</p>",
            "marked as a paid link, and is none",
        ),
    ],
)
def test_paid_link_must_be_announced_and_marked(html: str, fault: str) -> None:
    """Sentence before, rel in, mark beside each paid link; the page's title is no place for it."""
    for output in (html, page(html)):
        with pytest.raises(GateError, match=f"(?s)^the page e3 stays as it was.*{fault}"):
            check_disclosure("the page e3", output, [FREE, None, PAID])


def test_each_shop_has_its_own_sentence() -> None:
    """A second merchant's disclosure is not covered by the first one's."""
    other = BuyLink("https://other.example/", "Find it", "Other words.")
    second = f'<a href="{other.url}" rel="sponsored nofollow">B</a> (paid link)'
    html = f"{SENTENCE}<p>{ANCHOR} (paid link) {second}</p>"

    with pytest.raises(GateError) as caught:
        check_disclosure("a page", html, [PAID, other])

    assert str(caught.value).split("\n")[1:] == [
        "the paid link https://other.example/ has no disclosure before it: Other words."
    ]


def test_without_paid_links_words_mean_nothing() -> None:
    """A note may say "(paid link)" and "sponsored"; only links are paid."""
    content = render(make_episode(dek=prose("sponsored (paid link)"), recommendations=()), PAYING)

    check_disclosure("a page", content.html, content.links)


def test_mark_in_a_note_before_the_disclosure_is_only_text() -> None:
    """What a guest says cannot hold the page back."""
    episode = make_episode(
        dek=prose("This is a (paid link), sponsored, he said."),
        recommendations=(Recommendation("own", "book", "B", link=Link("amazon:B")),),
    )
    content = render(episode, PAYING)

    check_disclosure("a page", content.html, content.links)


def test_unpaid_links_need_nothing() -> None:
    """Without a partner tag there is nothing to tell."""
    check_disclosure("a page", '<a href="https://free.example/">Find it here</a>', [FREE])


@pytest.mark.parametrize(
    "text",
    [
        f"Hello.\n\n{TOLD}\n\nLiftlib (paid link):\n{URL}\n\nBye.",
        f"Links marked (paid link) earn us\na commission & more.\n\n* Liftlib\n  {URL} (paid link)",
        "Hello.",
    ],
)
def test_honest_text_passes(text: str) -> None:
    """In plain text the sentence may be wrapped, and the mark stands in the paragraph of the address."""
    assert list(text_disclosure_faults(text, [PAID, FREE, None])) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (f"Liftlib (paid link)\n{URL}", "no disclosure before it"),
        (f"Liftlib (paid link)\n{URL}\n\n{TOLD}", "no disclosure before it"),
        (f"{TOLD}\n\nLiftlib\n{URL}\n\n(paid link)", r"no \(paid link\) beside it"),
        (f"{TOLD}\n\nLiftlib (paid link)\n{URL}\n\nAgain:\n{URL}", r"no \(paid link\) beside it"),
    ],
)
def test_text_must_announce_and_mark_too(text: str, fault: str) -> None:
    """Both parts of a mail are read alone."""
    assert any(re.search(fault, found) for found in text_disclosure_faults(text, [PAID]))
