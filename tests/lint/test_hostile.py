"""Whatever the bytes are: the lint ends soon, raises nothing, and says a bounded number of things."""

from __future__ import annotations

import json
from datetime import timedelta
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedmaker.lint.check import MAX_FINDINGS, lint_feed, lint_response, lint_set
from feedmaker.lint.common import MAX_BYTES
from feedmaker.lint.findings import words
from feedmaker.lint.rules import RULES
from tests.lint.documents import BASE, GOOD, NOW

_PIECES = st.sampled_from(
    [
        *(
            b"<",
            b">",
            b"&",
            b"&#",
            b"&#x0;",
            b"&nbsp;",
            b"]]>",
            b"<![CDATA[",
            b"<!--",
            b"-->",
            b"<?xml ",
            b"<!DOCTYPE ",
        ),
        *(b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\r\n", b" ", b"'", b'"', b"=", b"/"),
        *(
            b"<item>",
            b"</item>",
            b"<podcast:person>",
            b"<itunes:image href='http://[/'/>",
            b"null",
            b"1e999",
            b"-",
        ),
        *(b"{", b"}", b"[", b"]", b":", b",", b'"\\ud800"', b"1" * 5000, b"NaN", b"2026-99-99T99:99:99Z"),
    ]
)
_LIMIT = timedelta(seconds=20)


def broken(data: bytes, cut: tuple[int, int], pieces: list[bytes]) -> bytes:
    """Replace a part of a document by other bytes."""
    begin, end = sorted(place % (len(data) + 1) for place in cut)
    return data[:begin] + b"".join(pieces) + data[end:]


@given(data=st.binary(max_size=200) | st.lists(_PIECES, max_size=20).map(b"".join))
def test_any_bytes(data: bytes) -> None:
    """Any bytes at all are answered with findings that can be printed and written as UTF-8."""
    for findings in (lint_feed(data, "x", NOW), lint_set({"feed.xml": data}, BASE)["feed.xml"]):
        assert findings
        for finding in findings:
            assert finding.line >= 1
            assert finding.column >= 1
            assert "\n" not in finding.text("x").encode().decode()
            assert RULES[finding.code].severity == finding.severity


@given(
    name=st.sampled_from(sorted(GOOD)),
    cut=st.tuples(st.integers(0, 10**5), st.integers(0, 40)).map(lambda pair: (pair[0], sum(pair))),
    pieces=st.lists(_PIECES, max_size=4),
)
@settings(max_examples=300)
def test_broken_documents(name: str, cut: tuple[int, int], pieces: list[bytes]) -> None:
    """A good document that was damaged anywhere is checked without an exception."""
    data = broken(GOOD[name], cut, pieces)

    for finding in [
        *lint_response(BASE + name, 200, {}, data, NOW),
        *lint_set({name: data, "a.xml": data}, BASE)[name],
    ]:
        assert finding.message.encode()


_RSS = b'<?xml version="1.0"?><rss version="2.0"><channel>'
_LAUGHS = b"".join(
    [
        b'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY l0 "lol">',
        *(b'<!ENTITY l%d "%s">' % (number + 1, b"&l%d;" % number * 10) for number in range(12)),
        b']><rss version="2.0" a="&l12;"><channel><title>&l12;</title></channel></rss>',
    ]
)
_MISSPELT = b"".join(
    b"<a xmlns='http://www.w3.org/2005/atom%s'><b/></a>" % (b"/" * number) for number in range(2_000)
)
_EXTERNAL = b'<?xml version="1.0"?><!DOCTYPE rss SYSTEM "file:///etc/passwd"><rss version="2.0"/>'


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(_LAUGHS, id="entities-that-explode"),
        pytest.param(_EXTERNAL, id="external-document-type"),
        pytest.param(_RSS + b"<a>" * 100_000, id="nested-elements"),
        pytest.param(_RSS + b"<item/>" * 100_000 + b"</channel></rss>", id="many-items"),
        pytest.param(b"<a b='" + b"x" * 5_000_000 + b"'/>", id="huge-attribute"),
        pytest.param(b"<a>" + b"&" * 2_000_000, id="ampersands"),
        pytest.param(b"<![CDATA[" * 500_000, id="unclosed-cdata"),
        pytest.param(b"<!--" * 1_000_000, id="unclosed-comments"),
        pytest.param(b"<?a " * 1_000_000, id="unclosed-instructions"),
        pytest.param(b"<!DOCTYPE " * 500_000, id="document-types"),
        pytest.param(b"<" * 4_000_000, id="less-than"),
        pytest.param(b" " * 4_000_000 + b"<", id="spaces"),
        pytest.param(b"[" * 2_000_000, id="nested-lists"),
        pytest.param(b'{"a":' * 500_000, id="nested-objects"),
        pytest.param(b'{"version":"' + b"\\" * 2_000_000, id="backslashes"),
        pytest.param(b'{"items":[' + b"null," * 500_000 + b"]}", id="nulls"),
        pytest.param(b'{"items":[{"content_html":"' + b"<p>" * 500_000 + b'"}]}', id="nested-html"),
        pytest.param(b'{"items":[{"content_html":"' + b"<!--" * 500_000 + b'"}]}', id="comments-in-html"),
        pytest.param(
            _RSS + b"<title>" + b"&lt;a" * 300_000 + b"</title></channel></rss>", id="tags-in-title"
        ),
        pytest.param(b"\xff" * 2_000_000, id="no-text"),
        pytest.param(
            _RSS + b"<title><![CDATA[" + b"<!--" * 500_000 + b"]]></title></channel></rss>",
            id="comments-in-cdata",
        ),
        pytest.param(
            _RSS + b"<title><![CDATA[" + b"<![CDATA[" * 200_000 + b"<!--]]></title></channel></rss>",
            id="cdata-in-cdata",
        ),
        pytest.param(_RSS + _MISSPELT + b"</channel></rss>", id="misspelt-namespaces"),
        pytest.param(b'{"items":[' + b'{"id":7},' * 300_000 + b"{}]}", id="faulty-items"),
        pytest.param(b"<rss>" + b" " * MAX_BYTES, id="more-than-is-read"),
    ],
)
def test_documents_made_to_harm(data: bytes) -> None:
    """Documents that are made to take time, memory or files are refused soon, in few words."""
    begun = process_time()
    findings = lint_feed(data, BASE)

    assert 0 < len(findings) <= MAX_FINDINGS + 1
    assert timedelta(seconds=process_time() - begun) < _LIMIT
    assert not any("root:" in finding.message or "lollol" in finding.message for finding in findings)


def test_page_made_to_harm() -> None:
    """A page full of links without an end is looked at soon too."""
    begun = process_time()

    assert lint_set({"a.html": b"<link " * 1_000_000}, BASE)["a.html"]
    assert timedelta(seconds=process_time() - begun) < _LIMIT


def test_of_too_many_findings_the_errors_are_kept() -> None:
    """At most 200 findings are listed, errors first of all, and one more counts the rest."""
    good = b"<item><title>A</title></item>" * 300
    findings = lint_feed(_RSS + good + b"<item><pubDate>now</pubDate></item></channel></rss>")

    assert len(findings) == MAX_FINDINGS + 1
    assert findings[-1].code == "more-findings"
    assert findings[-1].message.startswith("there are 1")
    assert "date-not-rfc-822" in {finding.code for finding in findings}


def test_large_feed_is_a_burden() -> None:
    """A feed of more than 1 MB is checked, and said to be too large."""
    data = GOOD["notes.xml"].replace(b"</rss>", b"<!--" + b" " * 1_000_000 + b"--></rss>")

    assert [each.code for each in lint_feed(data, BASE + "notes.xml", NOW)] == ["feed-too-large"]


def test_document_that_is_too_large_to_read() -> None:
    """What is larger than any feed is not read at all."""
    assert [each.code for each in lint_feed(b" " * (MAX_BYTES + 1))] == ["not-checked"]


_NAMES = sorted(
    words(
        """
    version title items id url authors author hubs attachments tags feed_url next_url home_page_url
    language date_published date_modified content_html summary size_in_bytes chapters startTime
    endTime toc _x
        """
    )
)
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["https://[", "#", "<a href=http://[>"])
)
_JSON = st.recursive(
    _SCALARS,
    lambda inside: (
        st.lists(inside, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inside, max_size=6)
    ),
    max_leaves=30,
)


@given(value=st.dictionaries(st.sampled_from(_NAMES), _JSON, max_size=8))
def test_any_json(value: dict[str, object]) -> None:
    """Known members with values of any kind are answered with findings alone."""
    data = json.dumps(value).encode()

    assert lint_set({"feed.json": data, "atom.json": data}, BASE, NOW)["feed.json"]


_TAGS = sorted(
    words(
        """
    title link description guid pubDate enclosure author category image itunes:image itunes:category
    itunes:duration itunes:episode itunes:owner podcast:person podcast:location podcast:chapters
    podcast:medium podcast:soundbite atom:link atom:entry atom:id atom:updated atom:content
    atom:author fh:archive content:encoded item channel skipHours at:deleted-entry outline
        """
    )
)
_ATTRIBUTES = sorted(
    words(
        """
    url length type href rel text isPermaLink startTime geo ref when xmlUrl
        """
    )
)
_VALUES = st.sampled_from(
    [
        "",
        " ",
        "0",
        "-1",
        "9" * 40,
        "http://[",
        "x",
        "true",
        "html",
        "xhtml",
        "self",
        "current",
        "prev-archive",
        "é",
    ]
)
_PREFIXES = (
    'xmlns:atom="http://www.w3.org/2005/Atom" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" '
    'xmlns:podcast="https://podcastindex.org/namespace/1.0" '
    'xmlns:fh="http://purl.org/syndication/history/1.0" '
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" '
    'xmlns:at="http://purl.org/atompub/tombstones/1.0"'
)


def element(tag: str, attributes: dict[str, str], inside: list[str]) -> str:
    """Write an element."""
    written = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f"<{tag}{written}>{''.join(inside)}</{tag}>"


_ELEMENTS = st.recursive(
    _VALUES,
    lambda inside: st.builds(
        element,
        st.sampled_from(_TAGS),
        st.dictionaries(st.sampled_from(_ATTRIBUTES), _VALUES, max_size=3),
        st.lists(inside, max_size=4),
    ),
    max_leaves=30,
)


@given(root=st.sampled_from(["rss", "atom:feed", "opml"]), inside=st.lists(_ELEMENTS, max_size=4))
def test_any_elements(root: str, inside: list[str]) -> None:
    """Known elements in any place and with any values are answered with findings alone."""
    document = element(root, {"version": "2.0"}, inside).replace(">", f" {_PREFIXES}>", 1)
    data = ('<?xml version="1.0"?>' + document).encode()

    assert lint_set({"feed.xml": data, "atom.xml": data}, BASE, NOW)["feed.xml"]
