"""A fault of an issue is told with its place in the template where it is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmaker.errors import TemplateError
from feedmaker.newsletter.mjml import render_html
from feedmaker.templating import Templates
from tests.newsletter.samples import issue

HERE = "¦"
"""Marks in a template where a fault is expected; it is taken out before the file is written."""

ISSUE = """\
<mjml>
  <mj-body>
    <mj-section><mj-column>
{% for episode in issue.episodes %}
      <mj-text>{{ episode.title }}</mj-text>
PART
{% endfor %}
    </mj-column></mj-section>
  </mj-body>
</mjml>
"""


def planted(name: str, text: str) -> list[tuple[str, int, int]]:
    """Return the places in a template where faults are expected."""
    found = []
    for line, words in enumerate(text.split("\n"), 1):
        pieces = words.split(HERE)
        ends = [sum(map(len, pieces[: count + 1])) for count in range(len(pieces) - 1)]
        found += [(f"templates/newsletter/{name}", line, end + 1) for end in ends]
    return found


def faults(folder: Path, **files: str) -> list[tuple[str, str]]:
    """Render an issue with these templates, compare the places, and return code and message of each fault.

    The files stand in newsletter/; in their names __ is a slash and _ a full stop.
    """
    places = []
    for key, text in files.items():
        name = key.replace("__", "/").replace("_", ".")
        path = folder / "newsletter" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.replace(HERE, "").encode())
        places += planted(name, text)
    with pytest.raises(TemplateError) as caught:
        render_html(issue(), Templates(folder))
    told = caught.value.diagnostics
    assert {(said.path, said.line, said.column) for said in told} == set(places)
    return [(said.code, said.message) for said in told]


def test_all_faults_are_told_at_once_each_once(tmp_path: Path) -> None:
    """Two episodes are rendered; what a loop repeats is told once, in the order of the template."""
    told = faults(
        tmp_path,
        issue_mjml=ISSUE.replace(
            "PART", "<mj-text>é, {{ issue.title }} ¦<mj-txet>a</mj-txet>b</mj-text>"
        ).replace("<mj-body>", '<mj-body width="620px"  ¦colr="b">'),
    )

    assert told == [
        ("bad-mjml", "<mj-body> has no attribute colr"),
        ("bad-mjml", "<mj-txet> is no tag that an issue can use; did you mean mj-text?"),
    ]


def test_fault_of_a_partial_is_placed_in_the_partial(tmp_path: Path) -> None:
    """The file that is included is named, not the one that includes it."""
    told = faults(
        tmp_path,
        issue_mjml=ISSUE.replace("PART", '{% include "newsletter/parts/card.mjml" %}'),
        parts__card_mjml='{# a comment\n   of two lines #}\n  <mj-text\n    ¦colour="red">x</mj-text>\n',
    )

    assert told == [("bad-mjml", "<mj-text> has no attribute colour; did you mean color?")]


def test_fault_of_a_partial_with_a_computed_name_is_placed_in_it(tmp_path: Path) -> None:
    """A name that is known only while rendering makes no difference."""
    faults(
        tmp_path,
        issue_mjml=ISSUE.replace("PART", '{% set part = "a" %}{% include "newsletter/" ~ part ~ ".mjml" %}'),
        a_mjml="\n<mj-text>a</mj-text>\n\n¦<mj-txt></mj-txt>",
    )


def test_fault_of_a_macro_is_placed_in_the_macro(tmp_path: Path) -> None:
    """The macro is named, whatever it was handed, and its caller where the fault is the caller's."""
    faults(
        tmp_path,
        issue_mjml='{% from "newsletter/macros.mjml" import box with context %}\n'
        + ISSUE.replace(
            "PART",
            "{{ box('<p>') }}\n{% call box('y') %}\n  <b>1¦</i>2</b>\n{% endcall %}",
        ),
        macros_mjml="{% macro box(words) %}\n<mj-text ¦paddin='0'>{{ words }}"
        "{% if caller is defined %}{{ caller() }}{% endif %}</mj-text>\n{% endmacro %}\n",
    )


def test_fault_of_a_block_is_placed_in_the_template_that_has_the_block(tmp_path: Path) -> None:
    """A template that extends another is at fault for its own blocks alone; `super()` is the other's."""
    faults(
        tmp_path,
        issue_mjml='{% extends "newsletter/base.mjml" %}\n\n{% block part %}\n  {{ super() }}\n'
        "  <mj-text>1 ¦< 2</mj-text>\n{% endblock %}\n",
        base_mjml=ISSUE.replace(
            "PART", '{% block part %}\n<mj-text ¦align="middle">a</mj-text>\n{% endblock %}'
        ),
    )


def test_fault_of_a_block_of_the_packaged_issue_is_placed_in_the_project(tmp_path: Path) -> None:
    """A project replaces one block and one part; each of its files answers for itself."""
    faults(
        tmp_path,
        issue_mjml='{% extends "packaged/newsletter/issue.mjml" %}\n{% block masthead %}\n  {{ super() }}\n'
        '  <mj-section ¦paddin="0"></mj-section>\n{% endblock %}\n',
        parts__card_mjml='{% extends "packaged/newsletter/parts/card.mjml" %}',
        parts__reveals_mjml="<mj-text>\n  ¦<p>{{ html(episode.lead[0]) }}\n</mj-text>",
    )


def test_packaged_template_is_named_as_one_that_can_be_extended(tmp_path: Path) -> None:
    """A fault that a project provokes in a packaged template does not name a file that the project lacks."""
    (tmp_path / "newsletter").mkdir()
    (tmp_path / "newsletter/issue.mjml").write_text(
        "{% set issue = 1 %}{% include 'packaged/newsletter/issue.mjml' %}", "utf-8"
    )

    with pytest.raises(TemplateError) as caught:
        render_html(issue(), Templates(tmp_path))

    assert [(said.path, said.code) for said in caught.value.diagnostics] == [
        ("packaged/newsletter/issue.mjml", "bad-template")
    ]


def test_fault_of_jinja_has_the_place_of_the_word(tmp_path: Path) -> None:
    """What Jinja2 names in its message is found in the line that it names."""
    told = faults(tmp_path, issue_mjml=ISSUE.replace("PART", "  titel {{ issue.title }} {{ issue.¦titel }}"))

    assert told == [("bad-template", "'IssueContent object' has no attribute 'titel'")]


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ("<mj-text>1 ¦< 2</mj-text>", "a bare <, where no tag begins; write &lt;"),
        ("<mj-text>¦<p>a</mj-text>", "<p> is not closed"),
        ("<mj-text><!-- a ¦-- b --></mj-text>", "two hyphens in a comment; MJML takes them for its end"),
        ("<mj-text>a\n  ¦\x0cb</mj-text>", "a character that no mail can carry, U+000C; remove it"),
        (
            "¦Just {{ 'words' }}",
            'the text "Just words" stands directly in <mj-column>; put it into <mj-text>',
        ),
        (
            '<mj-text ¦color="{{ issue.title }}">a</mj-text>',
            'color="The Quay Letter" does nothing; expected a colour',
        ),
        (
            '<mj-text ¦padding="{% if issue %}10{% endif %}">a</mj-text>',
            'padding="10" does nothing; expected one',
        ),
        ("{%- set x %}\n  ¦<mj-txt />{% endset -%}   {{- x -}}  ", "<mj-txt> is no tag"),
        ("{% raw %}<mj-text>{{ x }}</mj-text> ¦<mj-txt />{% endraw %}", "<mj-txt> is no tag"),
        ("{%+ if issue %}¦<mj-txt />{% endif +%}", "<mj-txt> is no tag"),
        ('¦{{ "<mj-txt />" | safe }}', "<mj-txt> is no tag"),
    ],
)
def test_place_is_exact_whatever_stands_before_it(tmp_path: Path, part: str, message: str) -> None:
    """Expressions, blocks, comments, stripped white space and raw text do not move it."""
    told = faults(tmp_path, issue_mjml=ISSUE.replace("PART", part))

    assert told[0][1].startswith(message)


def test_lines_may_end_as_on_other_systems(tmp_path: Path) -> None:
    """CRLF counts as one end of a line."""
    text = ISSUE.replace("PART", "{% if true %}\n<mj-text>a</mj-text> ¦<mj-txt />\n{% endif %}")

    faults(tmp_path, issue_mjml=text.replace("\n", "\r\n"))


@given(
    st.lists(
        st.sampled_from(
            [
                *("a", "\n", "  ", "é", "{# c\n #}", "{#- c -#}", "{{ 'v' }}", "{{- 'v\n' -}}", "{% if 1 %}"),
                *("{% endif %}", "{%- if 1 -%}", "{% raw %}{{{% endraw %}", "{% set x = 1 %}\n", "<b>x</b>"),
            ]
        )
    )
)
def test_place_is_exact_in_any_template(tmp_path_factory: pytest.TempPathFactory, pieces: list[str]) -> None:
    """Whatever a template is put together from, the tag at its end is found in its line and column."""
    before = "".join(pieces)
    opened = before.count("{% if") + before.count("{%- if") - before.count("{% endif")
    before = "{% if 1 %}" * max(-opened, 0) + before + "{% endif %}" * max(opened, 0)
    folder = tmp_path_factory.mktemp("templates")
    (folder / "a.mjml").write_text(f"{before}<mj-txt>", "utf-8")
    try:
        traced = Templates(folder).traced("a.mjml")
    except TemplateError:
        return  # an `endif` came before its `if`

    place = traced.place(traced.text.index("<mj-txt>"))

    lines = before.split("\n")
    assert (place.path, place.line, place.column) == ("templates/a.mjml", len(lines), len(lines[-1]) + 1)


def test_trace_says_what_is_sent(tmp_path: Path) -> None:
    """The traced text is the one that was rendered to be sent, character by character."""
    part = (
        "{%- set x %}<b>{% endset -%}\n  {% if x -%} {{- x }}</b> {% endif %}\n"
        "{# #} {% block a %} {% endblock %}"
    )
    (tmp_path / "a.mjml").write_text(ISSUE.replace("PART", part), "utf-8")
    templates = Templates(tmp_path)

    assert templates.traced("a.mjml", issue=issue()).text == templates.render("a.mjml", issue=issue())


def test_text_of_a_note_is_no_mark(tmp_path: Path) -> None:
    """What looks like a mark is text of the note and stays where it is."""
    (tmp_path / "a.mjml").write_text("<i>{{ words }}</i><b>", "utf-8")

    traced = Templates(tmp_path).traced("a.mjml", words="<@0>")

    assert traced.text == "<i>&lt;@0&gt;</i><b>"
    assert traced.place(traced.text.index("<b>")).column == 19
