"""Notes for the tests: one that uses every field, and text that tries to be more than text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from hypothesis import strategies as st

from feedmaker.config import Merchant
from feedmaker.model import Episode, Guest, Link, Media, Quote, Recommendation, Span

SNIPPETS = (
    "<script>alert(1)</script>",
    "</h1></title></p>",
    '" onmouseover="alert(1)',
    "' onfocus='alert(1)",
    "{{ 7 * 7 }}",
    "{% raw %}",
    "{% endblock %}",
    "{# hush #}",
    "]]>",
    "-->",
    "<!--",
    "<?php",
    "&amp;",
    "&lt;b&gt;",
    "&",
    "<",
    "\u200b",
    "\ufffd",
    "\u202e",
    "مرحبا",
    "🦉",
    " — ",
    "(paid link)",
)
# Reading replaces control characters, so no note holds one; a line feed stands in quotes alone.
_SIGNS = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff")


def hostile_text() -> st.SearchStrategy[str]:
    """Make one line of text, half of it from markup that some output might take for its own."""
    parts = st.lists(st.sampled_from(SNIPPETS) | st.text(_SIGNS, max_size=12), min_size=1, max_size=6)
    return parts.map("".join).filter(lambda text: text.strip() != "")


SHOP = Merchant(
    name="Corner Shop",
    search="https://shop.example.com/find?q={query}",
    product="https://shop.example.com/item/{product}",
)
PAID_SHOP = SHOP.model_copy(update={"tag": "reader-7", "disclosure": "We get a penny for what you buy."})


def full_episode(say: Callable[[str], str]) -> Episode:
    """Make an episode that uses every field; `say` makes each text from the name of its field."""
    return Episode(
        show=say("show"),
        title=say("title"),
        aired=date(2019, 3, 1),
        duration=3723,
        dek=(Span(say("dek")), Span(say("dek link"), href="https://a.example.org/?x=1&y=\"><b'")),
        guests=(Guest(say("guest"), say("bio")), Guest(say("other guest"))),
        gist=((Span(say("gist")),), (Span(say("more gist"), strong=True, emphasis=True, code=True),)),
        reveals=((Span(say("reveal")),), (Span(say("second reveal"), emphasis=True),)),
        takeaways=((Span(say("takeaway")),),),
        recommendations=(
            Recommendation(
                kind="recommended",
                medium=say("medium"),
                name=say("name"),
                creator=say("creator"),
                creator_inferred=True,
                quote=Quote(f"{say('quote')}\n\n{say('quote goes on')}", say("speaker"), 95),
                link=Link("shop:", say("label")),
            ),
            Recommendation(kind="own", medium=say("own medium"), name=say("own name"), link=Link("shop:")),
            Recommendation(kind="own", medium="book", name=say("no link")),
        ),
        tags=(say("tag"), say("second tag")),
        highlights=(1,),
        language="de",
        image="https://a.example.org/i.png?a=1&b=2",
        video="https://a.example.org/v?a=1&b=2",
        audio=Media("https://a.example.org/a.mp3?a=1&b=2", "audio/mpeg", 1),
        transcripts=(Media("https://a.example.org/t.vtt", "text/vtt"),),
    )
