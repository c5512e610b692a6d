"""Each mistake is found, by its own rule and no other."""

from __future__ import annotations

import pytest

from tests.lint.cases import CASES, Case
from tests.lint.documents import GOOD, lint, told


@pytest.mark.parametrize("name", GOOD)
def test_good_document_has_no_findings(name: str) -> None:
    """A document that keeps all rules is accepted without a word."""
    findings = lint(name, GOOD[name])

    assert not findings, told(findings, name)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("notes.xml", "<ttl>", "<lamp xmlns='https://lamp.example.org/ns'>1 &lt; 2</lamp><ttl>"),
        ("notes.xml", "On water, too. <img", "2 &lt; 3 AT&T <em>and</em> <time>01:02</time> <img"),
        ("notes.xml", "https://lamp.example.org/feed.css", "https://a.xsl.example.org/feed.css"),
        ("notes.xml", "Oil floats", "&#x3C;b&#x3E;Oil&#x3C;/b&#x3E; &#x26;amp; water"),
        ("notes.xml", "Oil floats", "Oil ]]&gt; floats<!-- & <b> &nbsp; -->"),
        ("atom.xml", "<summary>On water, too.", "<summary>On water &amp; oil, 1 &lt; 2."),
        ("atom.xml", "<summary>On water, too.", "<summary>&#x3C;b&#x3E;On&#x3C;/b&#x3E; water"),
        ("feed.json", '"language": "en",', '"language": "en", "expired": true, "_x": {"a": [{"b": 1}]},'),
        ("feed.json", "Oil floats", "<b>Oil</b> &amp; floats \\ud83c\\udfa7"),
        ("podcast.xml", "<podcast:medium>", "<podcast:remoteItem feedGuid='a'/><podcast:medium>"),
        (
            "podcast.xml",
            "<podcast:txt",
            "<podcast:podroll><podcast:remoteItem/></podcast:podroll><podcast:txt",
        ),
        ("podcast.xml", ">podcast</podcast:medium>", ">musicL</podcast:medium>"),
        ("podcast.xml", "xmlns:podcast=", 'xmlns:media="http://search.yahoo.com/mrss/" xmlns:podcast='),
        ("archive.xml", "<fh:archive/>", "<fh:archive></fh:archive>"),
    ],
)
def test_good_variant_has_no_findings(name: str, old: str, new: str) -> None:
    """What looks like a mistake and is none is accepted."""
    text = GOOD[name].decode()
    assert old in text

    findings = lint(name, text.replace(old, new).encode())

    assert not findings, told(findings, name)


def test_utf_16_is_read() -> None:
    """A document in UTF-16 is legal and rare; that is all that is said of it."""
    for name in ("notes.xml", "feed.json"):
        text = GOOD[name].decode().replace('encoding="UTF-8"', 'encoding="UTF-16"')

        assert {finding.code for finding in lint(name, text.encode("utf-16"))} == {"other-encoding"}


def test_old_formats_are_named() -> None:
    """RSS 1.0 is told from RSS 2.0."""
    data = b'<?xml version="1.0"?><r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>'
    (finding,) = lint("index.rdf", data)

    assert finding.code == "old-format"
    assert "RSS 1.0" in finding.message


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=f"{number}-{case.code}") for number, case in enumerate(CASES)]
)
def test_planted_mistake_breaks_its_rule_alone(case: Case) -> None:
    """One change to a good document breaks exactly the rule that it is meant to break."""
    findings = lint(case.file, case.data())

    assert {finding.code for finding in findings} == {case.code}, told(findings, case.file)
