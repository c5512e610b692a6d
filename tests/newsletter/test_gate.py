"""The check before an issue is frozen: each fault is found where it was planted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from feedmaker.errors import GateError
from feedmaker.newsletter.gate import check_issue, check_page
from feedmaker.newsletter.issue import Occasion
from tests.newsletter import samples
from tests.newsletter.samples import DISCLOSURE, POSTAL_ADDRESS, issue, parts

CONTENT = issue(settings=samples.config(mail="direct", tag="quay-20"))
HTML, TEXT = parts(CONTENT)
UNSUBSCRIBE = CONTENT.unsubscribe or ""
PAID = "https://www.amazon.com/dp/B0EXAMPLE1?tag=quay-20"


def without(*words: str) -> Callable[[str], str]:
    """Take words out of a part, however it is wrapped."""

    def change(part: str) -> str:
        for word in words:
            assert word in part
            part = part.replace(word, "")
        return part

    return change


def adding(html: str) -> Callable[[str], str]:
    """Put HTML at the end of the body."""
    return lambda part: part.replace("</body>", f"{html}</body>")


def test_good_issue_passes() -> None:
    """What the packaged templates make has everything that is looked for."""
    check_issue(CONTENT, HTML, TEXT)


@pytest.mark.parametrize("mail", ["page", "none"])
def test_issue_without_paid_links_needs_no_disclosure(mail: str) -> None:
    """What nobody earns from is not disclosed."""
    content = issue(settings=samples.config(mail=mail, tag="quay-20"))
    html, text = parts(content)

    check_issue(content, html, text)

    assert DISCLOSURE not in html
    assert "commission" not in text
    assert "sponsored" not in html
    assert "(paid link)" not in html + text


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda _: "<style>p { color: red }</style>", "it is empty"),
        (without(UNSUBSCRIBE), "the unsubscribe address is missing"),
        (without(POSTAL_ADDRESS), "the postal address is missing"),
        (without(DISCLOSURE), f"the paid link {PAID} has no disclosure before it"),
        (
            lambda part: part.replace(DISCLOSURE, "").replace("</body>", f"{DISCLOSURE}</body>"),
            f"the paid link {PAID} has no disclosure before it",
        ),
        (without("</a> (paid link)"), f"the paid link {PAID} has no (paid link) beside it"),
        (without(' rel="sponsored nofollow"'), f'the paid link {PAID} has no rel="sponsored nofollow"'),
        (
            lambda part: part.replace('"sponsored nofollow"', '"sponsored"'),
            f'the paid link {PAID} has no rel="sponsored nofollow"',
        ),
        (adding('<img src="https://example.org/pixel.gif">'), "<img> loads something from elsewhere"),
        (adding('<img srcset="//example.org/a.png 2x">'), "<img> loads something from elsewhere"),
        (adding('<td background="https://example.org/a.png">'), "<td> loads something from elsewhere"),
        (adding('<p style="background:url(https://example.org/a)">'), "<p> loads something from elsewhere"),
        (adding('<link rel="stylesheet" href="https://example.org/a.css">'), "<link> loads something"),
        (adding("<script>alert(1)</script>"), "<script> loads something from elsewhere"),
        (adding('<a href=" JavaScript:alert(1)">a</a>'), "<a> runs a script"),
        (adding('<p onclick="a()">a</p>'), "<p> runs a script"),
        (adding("<style>@import 'https://example.org/a.css';</style>"), "a style sheet loads something"),
        (
            adding('<!--[if mso]><v:fill src="https://example.org/a"/><![endif]-->'),
            "a part for Outlook loads",
        ),
    ],
    ids=[
        "nothing to read",
        "no way out",
        "no postal address",
        "no disclosure",
        "disclosure after it",
        "no mark",
        "no rel",
        "half a rel",
        "picture",
        "picture by srcset",
        "background",
        "background by style",
        "style sheet",
        "script",
        "script behind a link",
        "script behind a click",
        "import",
        "outlook",
    ],
)
def test_fault_of_the_html_part_is_found(change: Callable[[str], str], fault: str) -> None:
    """The text names the part, and address or tag."""
    with pytest.raises(GateError) as raised:
        check_issue(CONTENT, change(HTML), TEXT)

    said = str(raised.value).split("\n")
    assert said[0] == "the issue cannot go out; mend the templates:"
    assert any(line.startswith(f"HTML part: {fault}") for line in said[1:])
    assert not any(line.startswith("text part") for line in said)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda _: " \n", "it is empty"),
        (without(UNSUBSCRIBE), "the unsubscribe address is missing"),
        (without("4 Ropewalk"), "the postal address is missing"),
        (without("Links marked"), f"the paid link {PAID} has no disclosure before it"),
        (
            lambda part: part.replace("[4] (paid link) ", "[4] "),
            f"the paid link {PAID} has no (paid link) beside it",
        ),
    ],
)
def test_fault_of_the_text_part_is_found(change: Callable[[str], str], fault: str) -> None:
    """The text part is read alone: the HTML part does not make up for it."""
    with pytest.raises(GateError) as raised:
        check_issue(CONTENT, HTML, change(TEXT))

    said = str(raised.value).split("\n")
    assert any(line.startswith(f"text part: {fault}") for line in said[1:])
    assert not any(line.startswith("HTML part") for line in said)


def test_picture_inside_the_mail_loads_nothing() -> None:
    """A data: address is part of the mail."""
    check_issue(CONTENT, adding('<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" alt="">')(HTML), TEXT)


def test_picture_of_the_publisher_may_be_loaded() -> None:
    """The logo is the publisher's own, wherever it is kept; a picture beside it is not."""
    address = "https://pictures.example.net/logo.png"
    content = issue(occasion=Occasion(samples.DAY, logo=address))
    html, text = parts(content)

    check_issue(content, html, text)

    with pytest.raises(GateError, match="<img> loads something from elsewhere"):
        check_issue(content, html.replace(address, "https://pictures.example.net.evil/logo.png"), text)


def test_page_holds_no_address_of_a_reader() -> None:
    """A template that forgets the difference would publish where somebody leaves."""
    with pytest.raises(GateError, match="page: it holds the address where one reader leaves"):
        check_page(CONTENT, HTML)

    check_page(CONTENT, parts(replace(CONTENT, unsubscribe=None))[0])
