"""The HTML part: structure, language, links and size, read back by another parser."""

from __future__ import annotations

from dataclasses import replace

from lxml import html as lxml_html
from lxml.html import HtmlElement

from feedmaker.model import Episode
from tests.newsletter import samples
from tests.newsletter.samples import BREAD, HARBOUR, issue, parts


def page(*episodes: Episode, **settings: str) -> HtmlElement:
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
