"""What MJML passes over in silence, or refuses without a place, is found, and nothing else."""

from __future__ import annotations

from html import unescape

import pytest
from mjml import mjml2html

from feedmaker.newsletter.lint import mjml_faults


def body(content: str) -> str:
    """Put a text into the body of an MJML document."""
    return f"<mjml><mj-body>{content}</mj-body></mjml>"


def head(content: str) -> str:
    """Put a text into the head of an MJML document."""
    return f"<mjml lang='en'><mj-head>{content}</mj-head><mj-body></mj-body></mjml>"


def column(content: str) -> str:
    """Put a text into a column."""
    return body(f"<mj-section><mj-column>{content}</mj-column></mj-section>")


def said(source: str) -> list[tuple[str, str]]:
    """Return each fault with all that stands from its place on."""
    return [(source[fault.at :], fault.message) for fault in mjml_faults(source)]


@pytest.mark.parametrize(
    ("source", "place", "message"),
    [
        (
            column("<mj-txet>Hello</mj-txet>"),
            "<mj-txet>Hello",
            "<mj-txet> is no tag that an issue can use; did you mean mj-text?",
        ),
        (
            column("<MJ-TEXT>Hello</MJ-TEXT>"),
            "<MJ-TEXT>Hello",
            "<MJ-TEXT> is written in small letters: <mj-text>",
        ),
        (
            body("<mj-text>Hello</mj-text>"),
            "<mj-text>Hello",
            "<mj-text> cannot stand directly in <mj-body>",
        ),
        (
            column("<mj-text><b><mj-button>x</mj-button></b></mj-text>"),
            "<mj-button>x",
            "<mj-button> cannot stand directly in <mj-text>",
        ),
        (
            column(" Hello "),
            "Hello",
            'the text "Hello" stands directly in <mj-column>; put it into <mj-text>',
        ),
        (
            column("<p>Hello</p>"),
            "<p>Hello",
            "<p> stands directly in <mj-column>; put it into <mj-text> or <mj-raw>",
        ),
        (
            f"{column('')} bye",
            "bye",
            'the text "bye" stands outside of <mjml>; put it into <mj-text>',
        ),
        (column("<mjml></mjml>"), "<mjml></mjml>", "<mjml> cannot stand directly in <mj-column>"),
        ("<mjml></mjml>", "<mjml></mjml>", "there is no <mj-body>"),
        (
            column('<mj-text colour="red">x</mj-text>'),
            'colour="red">x',
            "<mj-text> has no attribute colour; did you mean color?",
        ),
        (
            column('<mj-text\n  color="red" color="blue">x</mj-text>'),
            'color="blue">x',
            "<mj-text> has the attribute color twice",
        ),
        (
            column('<mj-text><b id="a" id="b">x</b></mj-text>'),
            'id="b">x',
            "<b> has the attribute id twice",
        ),
        (
            column('<mj-include path="x" />'),
            "<mj-include",
            "<mj-include> is not supported; use an include of Jinja",
        ),
        (
            head("<mj-font name='x' href='https://example.org'/>"),
            "<mj-font",
            "<mj-font> is no tag that an issue can use; did you mean mj-column?",
        ),
        (
            head('<mj-attributes><mj-class name="a" paddin="0"/></mj-attributes>'),
            'paddin="0"/>',
            "<mj-class> has no attribute paddin; did you mean padding?",
        ),
        (
            head('<mj-attributes><mj-text mj-class="a"/><mj-class name="a"/></mj-attributes>'),
            'mj-class="a"/>',
            "<mj-text> has no attribute mj-class; did you mean css-class?",
        ),
        (
            head('<mj-attributes><mj-class name="small"/></mj-attributes>').replace(
                "<mj-body>", '<mj-body><mj-section mj-class="small smal"></mj-section>'
            ),
            'mj-class="small',
            'no <mj-class> has the name "smal"; did you mean small?',
        ),
        (
            head("<mj-title>a <b>c</b></mj-title>"),
            "<b>c",
            "<b> stands directly in <mj-title>, which takes text and no tags",
        ),
        (
            column('<mj-image src="a.png" />'),
            "<mj-image",
            '<mj-image> has no alt; write what it shows, or alt="" where it only adorns',
        ),
        (
            column('<mj-text><img src="a.png"></mj-text>'),
            "<img",
            '<img> has no alt; write what it shows, or alt="" where it only adorns',
        ),
        (column('<mj-image alt="" />'), "<mj-image", "<mj-image> has no src, so it shows nothing"),
    ],
)
def test_fault_is_found_where_it_was_planted(source: str, place: str, message: str) -> None:
    """Each kind of fault has its own text and place, and nothing else is said."""
    assert said(source)[0][0].startswith(place)
    assert [text for _, text in said(source)] == [message]


@pytest.mark.parametrize(
    ("attribute", "tag", "expected"),
    [
        ('padding="10"', "mj-text", "one to four numbers with px or %, such as 0 24px"),
        ('padding="1px 1px 1px 1px 1px"', "mj-text", "one to four numbers with px or %, such as 0 24px"),
        ('font-size="huge"', "mj-text", "a number with px, such as 17px"),
        ('font-size="1.2em"', "mj-text", "a number with px, such as 17px"),
        ('color="#12345"', "mj-text", "a colour, such as #0b5a78, rgb(11, 90, 120) or teal"),
        ('container-background-color="of course"', "mj-text", "a colour, such as"),
        ('line-height="1.5em"', "mj-text", "a number, alone or with px or %, such as 1.5"),
        ('letter-spacing="wide"', "mj-text", "a number with px or em, such as 1px"),
        ('align="centre"', "mj-text", "left, center, right or justify"),
        ('align="justify"', "mj-divider", "left, center or right"),
        ('vertical-align="center"', "mj-button", "top, middle or bottom"),
        ('width="half"', "mj-divider", "a number with px or %, such as 20px"),
        ('width="50%"', "mj-image", "a number with px, such as 17px"),
        ('height="50%"', "mj-image", "auto, or a number with px, such as 17px"),
        ('fluid-on-mobile="yes"', "mj-image", "true or false"),
        ('border-width=""', "mj-divider", "a number with px"),
        ('cellpadding="2px"', "mj-table", "a whole number"),
        ('padding="10"', "mj-all", "one to four numbers"),
        ('color="&quot;red&quot;"', "mj-text", "a colour"),
    ],
)
def test_value_that_does_nothing_is_found(attribute: str, tag: str, expected: str) -> None:
    """MJML takes any text for a length, a colour or a word; mail programs pass over what is none."""
    alt = 'src="a.png" alt="" ' if tag == "mj-image" else ""
    inside = f"<{tag} {alt}{attribute} />"
    source = head(f"<mj-attributes>{inside}</mj-attributes>") if tag == "mj-all" else column(inside)

    ((place, message),) = said(source)

    assert place.startswith(attribute)
    assert message.startswith(f"{unescape(attribute)} does nothing; expected {expected}")


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("1 < 2", "< 2", "a bare <, where no tag begins; write &lt;"),
        ("<3", "<3", "a bare <, where no tag begins; write &lt;"),
        ("a</b >", "</b >", "</b> closes nothing"),
        ("<br></br>", "</br>", "</br> closes nothing"),
        ("<p>a", "<p>a", "<p> is not closed"),
        ("<p>a<b>c</p>", "<b>c", "<b> is not closed"),
        ("<b class=x>a</b>", "=x>a", '<b> cannot be read from here on; write its attributes as name="value"'),
        ("<b class='x'id='y'>a</b>", "id='y'", "<b> cannot be read from here on;"),
        ("<b/ >", "/ >", "<b> cannot be read from here on;"),
        ("<!-- a -- b -->", "-- b", "two hyphens in a comment; MJML takes them for its end"),
        ("<!-- a --->", "--->", "two hyphens in a comment"),
        ("<!-- a", "<!-- a", "a comment that is not closed; end it with -->"),
        ("a\x01b", "\x01b", "a character that no mail can carry, U+0001; remove it"),
        ("<![CDATA[a]]>", "<![CDATA", "a bare <"),
        ("<?php?>", "<?php", "a bare <"),
    ],
)
def test_what_the_compiler_cannot_read_is_found(text: str, place: str, message: str) -> None:
    """The compiler stops at each of these, and seldom says where; here it has its place."""
    source = column(f"<mj-text>{text}</mj-text>")

    found = [fault for fault in mjml_faults(source) if source.startswith(place, fault.at)]

    assert any(fault.message.startswith(message) for fault in found)
    with pytest.raises(ValueError, match="root template"):
        mjml2html(source, fonts={})


@pytest.mark.parametrize(
    "source",
    [
        column("<mj-text>a <b>b</b><br>c &lt;mj-txet&gt; 1 &amp; 2<p class='x' odd>d</p></mj-text>"),
        column('<mj-text css-class="b" padding-top="0">x</mj-text><mj-spacer height="4px" />'),
        column(
            "<mj-image src='a' alt='' height='auto' width='7px' /><mj-text><img src='a' alt='b'></mj-text>"
        ),
        column("<mj-text line-height='1.5' letter-spacing='-.5px' color='RGB( 1, 2,3 )'>a</mj-text>"),
        column("<mj-text color='#FfF' padding='0 1.5px 50%'>a &nbsp; &amp &foo; ></mj-text>"),
        column(
            "<mj-text><!--[if !mso]><!--><i>a</i><!--<![endif]--><B on>b</b><br/><a\nb\n=\n'c' /></mj-text>"
        ),
        body("<mj-section mj-class='a b' full-width=''></mj-section>").replace(
            "<mj-body>",
            "<mj-head><mj-attributes><mj-class name='a' /><mj-class name='b' /></mj-attributes></mj-head>"
            "<mj-body>",
        ),
        column("<mj-table><tr><td>1</td></tr></mj-table><mj-raw><!-- mj-bogus --><hr></mj-raw>"),
        body(
            '<mj-wrapper padding="0"><mj-section><mj-group><mj-column /></mj-group></mj-section></mj-wrapper>'
        ),
        head("<mj-title>a</mj-title><mj-style>a > b { color: red }</mj-style><mj-breakpoint width='1px' />"),
        head("<mj-attributes><mj-all color='red' /><mj-class name='a' color='red' /></mj-attributes>"),
        head("<mj-attributes><mj-body width='1px' /></mj-attributes><mj-raw><meta name='a'></mj-raw>"),
    ],
)
def test_what_mjml_knows_passes(source: str) -> None:
    """HTML inside of texts is left alone, and so is everything that MJML has."""
    assert mjml_faults(source) == []
    assert mjml2html(source, fonts={})
