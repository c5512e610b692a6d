"""What a note says, all the way through templates, MJML and message, stays text."""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html as lxml_html

from feedmaker.model import Episode
from feedmaker.newsletter.gate import check_issue
from feedmaker.newsletter.message import Letter
from tests.content.episodes import SHOP, full_episode, hostile_text
from tests.newsletter import samples
from tests.newsletter.samples import issue, parts, quoting

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
CONFIG = samples.config().model_copy(update={"merchants": {"shop": SHOP}})


def received(*episodes: Episode) -> tuple[str, str]:
    """Send an issue and return its HTML and text as a mail program decodes them."""
    content = issue(*episodes, settings=CONFIG)
    html, text = parts(content)
    check_issue(content, html, text)
    assert CONFIG.newsletter
    letter = Letter(CONFIG.newsletter, subject=content.subject, html=html, text=text)
    data = letter.addressed("ann@example.org", "<1@example.org>", NOW, "T0ken")
    message: Any = email.message_from_bytes(data, policy=email.policy.default)
    plain, rich = message.iter_parts()
    return rich.get_content(), plain.get_content()


def skeleton(html: str) -> list[tuple[str, tuple[str, ...]]]:
    """Return tags and names of attributes without any text: what a note must never change."""
    root = lxml_html.document_fromstring(html)
    return [
        (element.tag, tuple(element.keys())) if isinstance(element.tag, str) else ("comment", ())
        for element in root.iter()
    ]


def folded(text: str) -> list[str]:
    """Split text at the white space that HTML and line breaks fold, and at no other."""
    return re.split(r"[ \t\r\n]+", text.strip(" \t\r\n"))


PLAIN = skeleton(received(full_episode(lambda _: "calm"))[0])


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.integers(0, 60), hostile_text(), min_size=20))
def test_note_changes_nothing_but_its_own_text(said: dict[int, str]) -> None:
    """Hostile text in every field leaves every tag and every attribute where it was."""
    pool = iter(list(said.values()) * 4)

    html, _ = received(full_episode(lambda _: next(pool)))

    assert skeleton(html) == PLAIN


@settings(max_examples=100, deadline=None)
@given(st.lists(hostile_text(), min_size=1, max_size=3).map("\n\n".join))
def test_quote_is_the_same_in_both_parts(quote: str) -> None:
    """Every character of a quote arrives in HTML and in text; only white space may fold."""
    html, text = received(quoting(quote))
    (block,) = lxml_html.document_fromstring(html).xpath("//blockquote")

    shown = [folded(paragraph.text_content()) for paragraph in block.xpath("./p")]
    assert shown == [folded(paragraph) for paragraph in quote.split("\n\n")]
    start = text.index("the guest’s own · book") + len("the guest’s own · book")
    end = text.index("Read it on the site", start)
    assert folded(text[start:end]) == folded(quote)


def links_of(html: str) -> list[str]:
    """List where the links of a part lead to."""
    return [str(href) for href in lxml_html.document_fromstring(html).xpath("//@href | //@src")]


@settings(max_examples=60, deadline=None)
@given(st.lists(hostile_text().map(lambda text: text[:60]).filter(str.strip), min_size=12, max_size=12))
def test_every_field_arrives_in_both_parts(texts: list[str]) -> None:
    """What an issue shows of a note is there word for word, and leads nowhere that the note does not."""
    said: dict[str, str] = {}

    def say(name: str) -> str:
        return said.setdefault(name, texts[len(said) % len(texts)])

    html, text = received(full_episode(say))

    read = (lxml_html.document_fromstring(html).text_content(), text)
    for part in (" ".join(folded(one)) for one in read):
        for name in said.keys() - {"bio", "tag", "second tag"}:
            assert " ".join(folded(said[name])) in part, name
    assert links_of(html) == links_of(received(full_episode(lambda _: "calm"))[0])


def test_template_code_in_a_note_does_not_run() -> None:
    """Braces arrive as braces."""
    html, text = received(quoting("{{ 7 * 7 }} {% raw %} {# hush #}"))

    for part in (html, text):
        assert "{{ 7 * 7 }} {% raw %} {# hush #}" in part


def test_address_in_a_note_cannot_leave_its_attribute() -> None:
    """Quotes and brackets in an address stay inside of it."""
    episode = full_episode(lambda name: name)
    address = next(span.href for span in episode.dek if span.href)

    html, text = received(replace(episode, highlights=()))

    assert address in lxml_html.document_fromstring(html).xpath("//a/@href")
    assert f"[1] {address}" in text
