"""No text of a note is ever read as a template or as MJML, in whatever place a template puts it."""

from __future__ import annotations

from html import unescape
from itertools import cycle
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html as lxml_html

from feedmaker.model import Episode
from feedmaker.newsletter.issue import IssueContent, Shown, compose
from feedmaker.newsletter.mjml import html_from, render_html
from feedmaker.templating import Templates
from tests.content.episodes import SHOP, full_episode, hostile_text
from tests.newsletter import samples
from tests.newsletter.samples import OCCASION, story

CONFIG = samples.config(title="{{ 7*7 }} <mj-text> & more").model_copy(update={"merchants": {"shop": SHOP}})
MARKUP = st.sampled_from(
    [
        *(
            "<mj-text>",
            "</mj-text></mj-column>",
            "<mj-txet/>",
            "<mj-raw>",
            "<mj-include path='x'/>",
            "</mjml>",
        ),
        *(
            "<@0>",
            "<@1>",
            "&lt;mj-text&gt;",
            "&#60;mj-text&#62;",
            "{{ issue }}",
            "{{ 7*7 }}",
            "{% include 'x' %}",
        ),
        *(
            "{%- endset -%}",
            "{# #}",
            "--",
            "<!-- -- -->",
            "<![CDATA[",
            "1 < 2 & 3",
            "</p>",
            "<p",
            'mj-class="x"',
        ),
    ]
)
TEXT = hostile_text() | st.lists(MARKUP, min_size=1, max_size=4).map(" ".join)
TEMPLATE = """\
<mjml>
  <mj-head><mj-title>{{ issue.subject }}</mj-title><mj-preview>{{ issue.preheader }}</mj-preview></mj-head>
  <mj-body>
{% for episode in issue.episodes %}
    <mj-section><mj-column>
      <mj-image src="a.png" alt="{{ episode.title }}" title="{{ episode.guests }}" />
      <mj-button title="{{ episode.facts }}"><i class="t">{{ issue.title }}</i></mj-button>
      <mj-table><tr><td class="t">{{ episode.title }}</td></tr></mj-table>
      <mj-text css-class="{{ episode.title }}">
        <p class="t" title="{{ episode.title }}">{{ episode.facts }}</p>
      </mj-text>
      <mj-raw><p class="t">{{ episode.gist }}</p></mj-raw>
      <mj-text>
        {% for words in episode.lead + episode.reveals + episode.takeaways + (episode.dek,) %}
        <p class="t">{{ html(words) }}</p>
        {% endfor %}
        {% for card in episode.cards %}
        <h4 class="t">{{ card.name }}</h4><p class="t">{{ card.byline }}</p>
        <b class="t">{{ card.speaker }}</b>
        {% for paragraph in card.quote %}
        <blockquote class="t">{{ paragraph }}</blockquote>
        {% endfor %}
        {% if card.link %}
        <a class="t" href="{{ card.link.url }}">{{ card.link.label }}</a>
        {% endif %}
        {% endfor %}
      </mj-text>
    </mj-column></mj-section>
{% endfor %}
  </mj-body>
</mjml>
"""


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    """Return templates that put the text of a note into every kind of place."""
    folder = tmp_path_factory.mktemp("templates")
    (folder / "newsletter").mkdir()
    (folder / "newsletter/issue.mjml").write_text(TEMPLATE, "utf-8")
    return Templates(folder)


def composed(episode: Episode) -> IssueContent:
    """Make an issue that shows everything of an episode."""
    return compose([story(episode)], CONFIG, OCCASION, [Shown(takeaways=9)])


def words(content: IssueContent) -> list[str]:
    """Return the texts that the template shows, in its order."""
    (episode,) = content.episodes
    prose = [*episode.lead, *episode.reveals, *episode.takeaways, episode.dek]
    found = [content.title, episode.title, episode.facts, episode.gist]
    found += ["".join(span.text for span in paragraph) for paragraph in prose]
    for card in episode.cards:
        found += [
            card.name,
            card.byline,
            card.speaker,
            *card.quote,
            *([card.link.label] if card.link else []),
        ]
    return [folded(text) for text in found]


def folded(text: str) -> str:
    """Fold the white space that HTML folds."""
    return " ".join(text.replace("\n", " ").split(" ")).strip(" ")


@settings(max_examples=150, deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=30))
def test_text_of_a_note_stays_text_in_every_place(templates: Templates, said: list[str]) -> None:
    """Each text is read back as it was; none is a fault, a tag, an attribute or an expression."""
    pool = cycle(said)
    content = composed(full_episode(lambda _: next(pool)))
    (episode,) = content.episodes

    root = lxml_html.document_fromstring(render_html(content, templates))

    assert [folded(element.text_content()) for element in root.find_class("t")] == words(content)
    (image,) = root.iter("img")
    assert (image.get("alt"), image.get("title")) == (episode.title, episode.guests)
    assert root.xpath("//p/@title") == [episode.title]
    assert root.xpath("//*[@aria-label]/@aria-label") == [content.subject]
    assert folded(root.findtext(".//title") or "") == folded(content.subject)
    assert not [element for element in root.iter() if str(element.tag).startswith(("mj", "@"))]


@settings(max_examples=50, deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=30))
def test_text_of_a_note_is_no_fault_of_the_packaged_templates(said: list[str]) -> None:
    """Whatever a note says, the packaged templates make MJML that has no fault, and no tag of it is left."""
    pool = cycle(said)
    content = composed(full_episode(lambda _: next(pool)))

    root = lxml_html.document_fromstring(render_html(content, Templates(Path("no-such-folder"))))

    assert not [element for element in root.iter() if str(element.tag).startswith("mj")]
    shown = folded(root.text_content())
    for card in content.episodes[0].cards:
        assert folded(card.name) in shown


@pytest.mark.parametrize(
    "value", ["a\\b", "a\n  b", "e\u0301", "\u0301", "👩🏽‍🚀", "\u200b\u202e\xa0\ufeff", "ש", "&#8205;"]
)
def test_attribute_keeps_its_signs(value: str) -> None:
    """MJML doubles backslashes and writes many signs as numbers; readers get what was written."""
    source = (
        f"<mjml><mj-head><mj-title>{value}</mj-title>"
        '<mj-style>.a { content: "\\2014" }</mj-style></mj-head>'
        f"<mj-body><mj-section><mj-column><mj-text><p class='a' title='{value}' lang=\"{value}\">{value}</p>"
        "</mj-text></mj-column></mj-section></mj-body></mjml>"
    )

    html = html_from(source)

    root = lxml_html.document_fromstring(html)
    expected = unescape(value)
    (paragraph,) = root.xpath('//p[@class="a"]')
    assert (paragraph.get("title"), paragraph.get("lang"), paragraph.text) == (expected,) * 3
    assert root.xpath("//*[@aria-label]/@aria-label") == [expected]
    assert '{ content: "\\2014" }' in html
