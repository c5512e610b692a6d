"""The HTML part: structure, language, links and size, read back by another parser."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from lxml import html as lxml_html
from lxml.html import HtmlElement

from feedmaker.model import Episode, prose
from feedmaker.newsletter.issue import Correction, Occasion, Reference
from feedmaker.newsletter.mjml import html_from
from tests.newsletter import samples
from tests.newsletter.digest import TEN
from tests.newsletter.samples import BREAD, HARBOUR, issue, parts


def page(*episodes: Episode, **settings: Any) -> HtmlElement:
    """Render the HTML part of an issue and read it."""
    return lxml_html.document_fromstring(parts(issue(*episodes, settings=samples.config(**settings)))[0])


def texts(root: HtmlElement, path: str) -> list[str]:
    """Return the text of all elements at a path, with its white space folded."""
    return [" ".join(element.text_content().split()) for element in root.xpath(path)]


def test_headings_make_an_outline() -> None:
    """The letter, its episodes, their sections and the recommendations are headings of four levels."""
    root = page(HARBOUR)

    outline = [(element.tag, element.text_content().strip()) for element in root.iter("h1", "h2", "h3", "h4")]

    assert outline == [
        ("h1", "The Quay Letter"),
        ("h2", HARBOUR.title),
        ("h3", "Big reveals"),
        ("h3", "Worth remembering"),
        ("h3", "Recommended in this episode"),
        ("h4", "The Patience of Rivers"),
        ("h4", "Sounding Line"),
        ("h4", "Low Water"),
        ("h3", "The gist"),
    ]


def test_reveals_stand_first_and_all_of_them() -> None:
    """The highlighted ones are set apart, the others follow as a list."""
    root = page(HARBOUR)

    assert [text[:20] for text in texts(root, '//td[@class="reveals"]//p')] == [
        "A channel that is du",
        "The port spent more ",
    ]
    assert texts(root, '//td[@class="reveals"]//li') == [
        "Two of the five willow mattresses failed; both had been laid in summer.",
        "The soundings are public, and anyone can read the forty-year series.",
    ]


def test_card_shows_what_was_recommended() -> None:
    """Name, maker, kind, quote by paragraphs, speaker with time, and the link."""
    card = page(HARBOUR, mail="direct").xpath('//td[@class="card"]')[1]

    assert texts(card, "./*[not(self::blockquote)] | ./blockquote/p") == [
        "Sounding Line",
        "by Oyelaran & Daughters · the guest’s own · product",
        "So this is the thing I wish I’d had at twenty. It’s a rope with a computer in it.",
        "And no, you can’t break it… I have tried.",
        "— Marit Oyelaran (01:05:07)",
        "See the Sounding Line",
    ]
    assert card.xpath(".//a/@href") == ["https://soundingline.example/buy"]


def test_inferred_maker_says_so() -> None:
    """What the note marks as inferred is never shown as a fact."""
    assert "by Radio Vell (inferred) · recommended · media" in texts(page(HARBOUR), '//td[@class="card"]/p')


def test_paid_link_is_marked_where_it_stands() -> None:
    """The link has its rel, the mark beside it and the disclosure at the head of its section."""
    root = page(BREAD, mail="direct", tag="quay-20")

    (link,) = root.xpath('//a[@rel="sponsored nofollow"]')

    assert link.get("href") == "https://www.amazon.com/dp/B0EXAMPLE1?tag=quay-20"
    assert link.tail == " (paid link)"
    assert texts(link, 'ancestor::table[1]/preceding-sibling::p[@class="quiet"]') == [samples.DISCLOSURE]


def test_document_names_itself_and_its_language() -> None:
    """Language and title are set; layout tables and the whole mail have their roles."""
    content = issue(replace(BREAD, language="de"), HARBOUR)
    root = lxml_html.document_fromstring(parts(content)[0])

    assert root.get("lang") == "en"
    assert texts(root, "//title") == [content.subject]
    assert root.xpath('//*[@role="article"]/@lang') == ["en"]
    assert {table.get("role") for table in root.iter("table")} == {"presentation"}
    german = root.xpath('//h2[ancestor-or-self::*[@lang="de"]]')
    assert [heading.text_content() for heading in german] == [BREAD.title]
    assert root.xpath('//blockquote[ancestor::*[@lang="de"]]')


def test_preheader_comes_before_everything_that_is_read() -> None:
    """A list of mails shows it beside the subject."""
    content = issue()
    root = lxml_html.document_fromstring(parts(content)[0])

    assert texts(root, "//body")[0].startswith(content.preheader)


def test_sections_without_content_are_left_out() -> None:
    """An episode of a title has no empty headings."""
    bare = Episode("Tide Tables", "Nothing but a title", HARBOUR.aired)

    root = page(bare)

    assert texts(root, "//h2") == ["Nothing but a title"]
    assert texts(root, "//h3") == []
    assert root.xpath('//a[starts-with(@href, "https://notes.example.org/episodes/")]')


def test_each_recommendation_costs_little() -> None:
    """Cards share one section of the layout, so that many of them do not get the mail clipped."""
    more = replace(BREAD, recommendations=BREAD.recommendations * 11)

    sizes = [len(parts(issue(episode))[0]) for episode in (BREAD, more)]

    assert (sizes[1] - sizes[0]) / 10 < 1000


def test_digest_begins_with_its_contents() -> None:
    """Several episodes are listed first, whole ones come before short ones, and then those of a line."""
    root = page(*TEN)

    listed = texts(root, "//ol/li")
    assert listed == [title for title in texts(root, "//h2") if title != "In this issue"]
    assert len(listed) == 10
    assert len(root.xpath('//td[contains(@class, "go")]')) == 3


def test_short_form_has_no_cards() -> None:
    """What is recommended stands in a list, with its maker and link, and the page has the quotes."""
    short = page(HARBOUR, BREAD, mail="direct", tag="quay-20", whole_episodes=1)

    (item,) = short.xpath('//ul[preceding-sibling::h3[text()="Recommended in this episode"]]/li')
    assert " ".join(item.text_content().split()) == (
        "A pressure gauge for bicycle tyres recommended · productFind it on Amazon (paid link)"
    )
    assert len(short.xpath('//td[@class="card"]')) == 3
    assert texts(short, '//a[text()="Read it on the site, with 1 quote"]')
    assert texts(short, "//p[@class='quiet']").count(samples.DISCLOSURE) == 2


@pytest.mark.parametrize(
    "sections",
    [["gist", "dek"], ["recommendations", "reveals", "takeaways"], ["takeaways"]],
)
def test_sections_stand_as_the_publisher_orders_them(sections: list[str]) -> None:
    """What is not listed is not shown, in both parts."""
    headings = {
        "gist": "The gist",
        "reveals": "Big reveals",
        "takeaways": "Worth remembering",
        "recommendations": "Recommended in this episode",
    }
    html, text = parts(issue(HARBOUR, settings=samples.config(sections=sections)))

    wanted = [headings[name] for name in sections if name in headings]
    assert texts(lxml_html.document_fromstring(html), "//h3") == wanted
    assert re.findall(r"^(?:[A-Z]+ ?){2,}$", text, re.MULTILINE) == [name.upper() for name in wanted]
    assert ("A river engineer explains" in text) == ("dek" in sections)


def test_time_of_a_quote_leads_to_the_moment() -> None:
    """Where the note has a recording, the time is a link to what was said then."""
    root = page(replace(HARBOUR, video="https://www.youtube.com/watch?v=abc"))

    links = root.xpath('//td[@class="card"]//a[text()="00:42:11"]/@href')
    assert links == ["https://www.youtube.com/watch?v=abc&t=2531"]


def test_others_that_recommend_the_same_are_named() -> None:
    """Up to two notes are named and linked to the very place, the rest is counted."""
    content = issue(BREAD, settings=samples.config(mail="none"))
    others = tuple(Reference(f"Note {n}", f"https://notes.example.org/{n}/#gauge") for n in (1, 2))
    card = replace(content.episodes[0].cards[0], also=others, also_left=3)
    content = replace(content, episodes=(replace(content.episodes[0], cards=(card,)),))
    html, text = parts(content)

    (line,) = lxml_html.document_fromstring(html).xpath('//p[starts-with(., "Also recommended in")]')
    assert line.text_content() == "Also recommended in Note 1, Note 2 and 3 more"
    assert line.xpath("./a/@href") == [other.url for other in others]
    assert "Also recommended in Note 1 [1], Note 2 [2] and 3 more" in " ".join(text.split())


def test_corrections_close_the_issue() -> None:
    """They name the note and say what was wrong, in both parts, before the small print."""
    fixed = Correction(Reference("Bread", "https://notes.example.org/b/"), prose("The hut stands lower."))
    html, text = parts(issue(occasion=Occasion(samples.DAY, corrections=(fixed,))))
    root = lxml_html.document_fromstring(html)

    assert texts(root, "//h2")[-1] == "Corrections"
    assert texts(root, "//h2[last()]/following-sibling::p")[-1] == "Bread: The hut stands lower."
    assert text.index("Corrections\n---") < text.index("Bread [") < text.index("Unsubscribe:")


def test_publisher_speaks_in_markdown() -> None:
    """Intro and outro have links and emphasis, and stand first and last."""
    html, text = parts(
        issue(
            settings=samples.config(intro=["Hello *you*.", "Again."], outro="See [us](https://a.example/).")
        )
    )
    root = lxml_html.document_fromstring(html)

    assert texts(root, "//h1/following-sibling::p[em]") == ["Hello you."]
    (link,) = root.xpath('//a[text()="us"]')
    assert (link.get("href"), "color:" in link.get("style")) == ("https://a.example/", True)
    assert text.index("Hello you.") < text.index("Again.") < text.index("IN THIS ISSUE")
    assert text.index("See us [") < text.index("Unsubscribe:")


def test_page_of_an_issue_is_nobodys_own() -> None:
    """It names itself as the place of the issue, and has no way out for one reader."""
    content = issue(
        settings=samples.config(unsubscribe="https://notes.example.org/leave"),
        occasion=Occasion(samples.DAY, "https://notes.example.org/newsletter/2026-11-27/"),
    )
    mail, own = (
        lxml_html.document_fromstring(parts(shown)[0])
        for shown in (content, replace(content, unsubscribe=None))
    )

    assert own.xpath('//link[@rel="canonical"]/@href') == [content.address]
    assert mail.xpath("//link") == []
    assert mail.xpath('//a[text()="Unsubscribe"]')
    assert not own.xpath('//a[text()="Unsubscribe"]')
    assert "leave" not in lxml_html.tostring(own, encoding="unicode")


def test_what_is_tidied_is_never_text() -> None:
    """Words that look like what is left out of the compiled HTML stay, when they are text."""
    said = "#outlook a { padding: 0; } outline: none; word-spacing:normal; <![endif]--><!--[if mso | IE]>"
    root = page(replace(BREAD, dek=prose(said)))

    assert said in texts(root, "//p")
    assert len(root.xpath("//main")) == 1
    assert html_from("<mjml><mj-body></mj-body></mjml>").endswith("</main></body></html>")
