"""Paid links say so, in everything that is read alone; without a partner tag nothing is said at all."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from lxml import etree
from lxml import html as lxml_html

from feedmaker.app.drafting import draft
from tests.projects import FIRST, LATER, ProjectFolder

DISCLOSURE = "We get a share when you buy through a marked link."
TAGGED = "tag=lamp-21"
BODY = """\
Two lamps and a book.

## Recommended in this episode

### A lantern

by Brass & Sons · recommended · product

[At the maker’s](https://brass.example.com/lantern)

### The Book of Lamps

by Marta Quill · recommended · book

> It is the one I lend.
>
> — Marta Quill, 00:12:05

[Find it on Amazon](amazon:)

### Wicks

recommended · product

[A shorter way](https://www.amazon.com/dp/B00WICK)
"""
MERCHANT = """\
merchants:
  amazon: {{mail: {mail}, disclosure: {disclosure}{tag}}}
"""


def site(project: ProjectFolder, *, paid: bool, mail: str = "direct") -> ProjectFolder:
    """Build a site with one note that has a plain link and, with a partner tag, two paid ones."""
    tag = ", tag: lamp-21" if paid else ""
    project.schedule(MERCHANT.format(mail=mail, disclosure=DISCLOSURE, tag=tag))
    project.build(FIRST)
    project.note("lamps", body=BODY)
    assert not project.build(LATER).diagnostics
    return project


def alone(project: ProjectFolder) -> Iterator[tuple[str, str]]:
    """Yield the HTML of everything that is read alone: an item in each feed, a page, the HTML of a mail."""
    files = project.files()
    (item,) = etree.fromstring(files["feed.xml"]).findall("channel/item")
    (entry,) = etree.fromstring(files["atom.xml"]).findall("{*}entry")
    yield "RSS", item.findtext("{http://purl.org/rss/1.0/modules/content/}encoded", "")
    yield "Atom", entry.findtext("{*}content", "")
    yield "JSON", project.items()["Lamps"]["content_html"]
    yield "page", files["episodes/lamps/index.html"].decode()
    yield "mail", mail(project)[0]


def mail(project: ProjectFolder) -> tuple[str, str]:
    """Draft an issue and return both parts."""
    issue = draft(project.open(), LATER).issue
    assert issue
    return issue.html, issue.text


def test_paid_links_are_told_before_they_come(project: ProjectFolder) -> None:
    """Each paid link is marked, and the disclosure stands before the first, in all that is read alone."""
    for name, html in alone(site(project, paid=True)):
        links = lxml_html.document_fromstring(html).xpath("//a[contains(@href, 'tag=lamp-21')]")
        assert len(links) == 2, name
        assert [link.get("rel") for link in links] == ["sponsored nofollow"] * 2, name
        assert [link.tail.strip() for link in links] == ["(paid link)"] * 2, name
        assert html.count(DISCLOSURE) == 1, name
        assert 0 < html.index(DISCLOSURE) < html.index(TAGGED), name


def test_paid_links_of_the_text_part_are_told_as_well(project: ProjectFolder) -> None:
    """The plain text of a mail has the disclosure first and the mark at each link."""
    _, text = mail(site(project, paid=True))

    assert " ".join(text.split()).count(DISCLOSURE) == 1
    assert text.index("We get a share") < text.index(TAGGED)
    assert text.count(TAGGED) == 2
    assert len(re.findall(rf"\[\d+\] \(paid link\)\s+https://\S+{re.escape(TAGGED)}", text)) == 2


def test_other_links_are_not_marked(project: ProjectFolder) -> None:
    """A link that nobody pays for has neither mark nor rel."""
    for name, html in alone(site(project, paid=True)):
        (link,) = lxml_html.document_fromstring(html).xpath("//a[contains(@href, 'brass.example.com')]")
        assert "rel" not in link.attrib, name
        assert not (link.tail or "").strip(), name


def test_data_says_which_links_are_paid(project: ProjectFolder) -> None:
    """The data of the JSON feed tells paid from other addresses."""
    cards = site(project, paid=True).items()["Lamps"]["_episode_notes"]["recommendations"]

    assert [(card["paid"], TAGGED in card["url"]) for card in cards] == [
        (False, False),
        (True, True),
        (True, True),
    ]


def test_without_a_tag_nothing_is_paid_and_nothing_said(project: ProjectFolder) -> None:
    """No mark, no rel and no disclosure anywhere, in any file or part."""
    site(project, paid=False)

    everything = [data.decode() for data in project.files().values()] + list(mail(project))

    for text in everything:
        for sign in ("(paid link)", "sponsored", "nofollow", "We get a share", "tag="):
            assert sign not in text
    assert "https://www.amazon.com/s?k=The%20Book%20of%20Lamps" in project.files()["feed.json"].decode()


@pytest.mark.parametrize("policy", ["page", "none"])
def test_mail_that_may_not_carry_paid_links_carries_none(project: ProjectFolder, policy: str) -> None:
    """By default a mail links to the page, where the paid link stands and is told of."""
    html, text = mail(site(project, paid=True, mail=policy))

    for part in (html, text):
        assert TAGGED not in part
        assert "(paid link)" not in part
        assert "We get a share" not in part
    assert ("Find it on Amazon" in text) == (policy == "page")


def test_lists_hold_no_paid_link(project: ProjectFolder) -> None:
    """Front page, archive and summaries lead to pages, not to shops."""
    files = site(project, paid=True).files()

    for path in ("index.html", "episodes/index.html"):
        assert TAGGED not in files[path].decode()
    assert TAGGED not in project.items()["Lamps"]["summary"]


def test_link_to_a_paying_shop_in_running_text_is_left_out(project: ProjectFolder) -> None:
    """A shop that pays is linked from recommendations only; in running text the words stay."""
    project.schedule(MERCHANT.format(mail="page", disclosure=DISCLOSURE, tag=", tag: lamp-21"))
    project.build(FIRST)
    project.note("lamps", body=BODY.replace("a book", "[a book](https://www.amazon.com/dp/B1?tag=lamp-21)"))

    warnings = project.build(LATER).diagnostics

    assert [(fault.line, fault.code) for fault in warnings] == [(7, "shop-link")]
    for name, html in alone(project):
        assert "Two lamps and a book." in "".join(lxml_html.fromstring(html).itertext()), name
        assert "dp/B1" not in html, name
