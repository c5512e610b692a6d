"""What MJML would pass over in silence is found, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from feedmaker.errors import TemplateError
from feedmaker.newsletter.lint import mjml_faults
from feedmaker.newsletter.mjml import render_html
from feedmaker.templating import Templates
from tests.newsletter.samples import issue


def body(content: str) -> str:
    """Put a text into the body of an MJML document."""
    return f"<mjml><mj-body>{content}</mj-body></mjml>"


def head(content: str) -> str:
    """Put a text into the head of an MJML document."""
    return f"<mjml lang='en'><mj-head>{content}</mj-head></mjml>"


def column(content: str) -> str:
    """Put a text into a column."""
    return body(f"<mj-section><mj-column>{content}</mj-column></mj-section>")


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        (
            column("<mj-txet>Hello</mj-txet>"),
            "<mj-txet> is no tag that an issue can use; did you mean mj-text?",
        ),
        (column("<MJ-TEXT>Hello</MJ-TEXT>"), "<mj-text> is written in small letters"),
        (body("<mj-text>Hello</mj-text>"), "<mj-text> cannot stand directly in <mj-body>"),
        (
            column("<mj-text><mj-button>x</mj-button></mj-text>"),
            "<mj-button> cannot stand directly in <mj-text>",
        ),
        (column("Hello"), 'the text "Hello" stands directly in <mj-column>; put it into <mj-text>'),
        (column("<p></p>"), "<p> stands directly in <mj-column>; put it into <mj-text> or <mj-raw>"),
        ("<p></p>", "<p> stands outside of <mjml>; put it into <mj-text> or <mj-raw>"),
        (
            column('<mj-text colour="red">x</mj-text>'),
            "<mj-text> has no attribute colour; did you mean color?",
        ),
        (column('<mj-text color="red" color="blue">x</mj-text>'), "<mj-text> has the attribute color twice"),
        (column('<mj-include path="x" />'), "<mj-include> is not supported; use an include of Jinja"),
        (
            head("<mj-font name='x' href='https://example.org'/>"),
            "<mj-font> is no tag that an issue can use",
        ),
        (
            head('<mj-attributes><mj-class name="a" paddin="0"/></mj-attributes>'),
            "<mj-class> has no attribute paddin; did you mean padding?",
        ),
        (
            head('<mj-attributes><mj-text mj-class="a"/></mj-attributes>'),
            "<mj-text> has no attribute mj-class; did you mean css-class?",
        ),
    ],
)
def test_fault_is_found_where_it_was_planted(source: str, fault: str) -> None:
    """Each kind of fault has its own text, and nothing else is said."""
    said = mjml_faults(source)

    assert len(said) >= 1
    assert said[0].startswith(fault)


@pytest.mark.parametrize(
    "source",
    [
        column("<mj-text>a <b>b</b><br>c &lt;mj-txet&gt; 1 &amp; 2<p class='x' odd>d</p></mj-text>"),
        column('<mj-text mj-class="a" css-class="b" padding-top="0">x</mj-text><mj-spacer height="4px" />'),
        column("<mj-table><tr><td>1</td></tr></mj-table><mj-raw><!-- mj-bogus --><hr></mj-raw>"),
        body(
            '<mj-wrapper padding="0"><mj-section><mj-group><mj-column /></mj-group></mj-section></mj-wrapper>'
        ),
        head("<mj-title>a</mj-title><mj-style>a > b { color: red }</mj-style><mj-breakpoint width='1px' />"),
        head("<mj-attributes><mj-all color='x' /><mj-class name='a' color='red' /></mj-attributes>"),
        head("<mj-attributes><mj-body width='1px' /></mj-attributes><mj-raw><meta name='a'></mj-raw>"),
    ],
)
def test_what_mjml_knows_passes(source: str) -> None:
    """HTML inside of texts is left alone, and so is everything that MJML has."""
    assert mjml_faults(source) == []


def test_fault_is_said_once() -> None:
    """A template that repeats a fault in a loop is not scolded for each turn."""
    assert len(mjml_faults(column("<mj-txet>a</mj-txet>" * 5))) == 1


def test_all_faults_of_a_template_are_reported_with_its_name(tmp_path: Path) -> None:
    """The publisher sees all that is wrong with a template of their own at once."""
    (tmp_path / "newsletter").mkdir()
    (tmp_path / "newsletter/issue.mjml").write_text(
        column("<mj-txet>a</mj-txet><mj-text colr='b'/>"), "utf-8"
    )

    with pytest.raises(TemplateError) as raised:
        render_html(issue(), Templates(tmp_path))

    assert str(raised.value).split("\n") == [
        "templates/newsletter/issue.mjml: <mj-txet> is no tag that an issue can use; did you mean mj-text?",
        "templates/newsletter/issue.mjml: <mj-text> has no attribute colr; did you mean color?",
    ]


def test_mjml_that_cannot_be_read_is_reported_with_its_name(tmp_path: Path) -> None:
    """What the compiler itself refuses comes with the template's name and what to do."""
    (tmp_path / "newsletter").mkdir()
    (tmp_path / "newsletter/issue.mjml").write_text(column("<mj-text>1 < 2</mj-text>"), "utf-8")

    with pytest.raises(
        TemplateError, match=r"templates/newsletter/issue\.mjml: not valid MJML: .*mend the template"
    ):
        render_html(issue(), Templates(tmp_path))
