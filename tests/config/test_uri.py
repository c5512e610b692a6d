"""Addresses: which may become links, and in which form."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedmaker.uri import at_moment, is_iri, is_local, safe_link, web_address


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("https://example.org", "https://example.org"),
        (" HTTPS://Example.ORG/Path ", "https://example.org/Path"),
        (
            "https://München.example:8080/ä b?q=ü&x=[1]#z é",
            "https://xn--mnchen-3ya.example:8080/%C3%A4%20b?q=%C3%BC&x=%5B1%5D#z%20%C3%A9",
        ),
        ("https://example.org/%20%zz%", "https://example.org/%20%25zz%25"),
        ("https://[2001:db8::1]:443/", "https://[2001:db8::1]:443/"),
        ('https://example.org/"<script>`{|}\\^', "https://example.org/%22%3Cscript%3E%60%7B%7C%7D%5C%5E"),
        ("https://example.org:", "https://example.org"),
        ("https://ann@example.org/", "https://ann@example.org/"),
        ("mailto:ann@example.org?subject=Hello there", "mailto:ann@example.org?subject=Hello%20there"),
    ],
)
def test_link_is_written_in_ascii(written: str, address: str) -> None:
    """A link is absolute and in ASCII, whatever it was written in."""
    assert safe_link(written) == address


@pytest.mark.parametrize(
    "written",
    [
        "",
        "x",
        "/x",
        "//example.org/x",
        "javascript:alert(1)",
        "JAVASCRIPT:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "ftp://example.org/",
        "https:",
        "https://",
        "https:///x",
        "https://example.org:0/",
        "https://example.org:99999/",
        "https://example.org:x/",
        "https://[::1",
        "https://a b/",
        "https://a..example/",
        "https://-a.example/",
        "https://a'b.example/",
        "https://<b>.example/",
        "mailto:nobody",
        "https://example.org\\@evil.example/",
        "https://℀.example/",
        f"https://{'a' * 64}.example/",
        "amazon:Keras",
    ],
)
def test_what_is_no_link_is_refused(written: str) -> None:
    """What runs, is relative, or names no host is no link."""
    assert safe_link(written) is None


_SCHEMES = st.sampled_from(
    ["http://", "https://", "mailto:", "HTTP://a", "https://ä.x/", "https://u:p@h:80/", "mailto:a@b"]
)
_SIGNS = st.sampled_from("/?#[]@:%&;\"'<>\\ \t\n.٠ａ℀\u200b\u2028")


@settings(max_examples=600)
@given(
    st.text() | st.builds("{}{}".format, _SCHEMES, st.text(st.one_of(_SIGNS, st.characters(codec="utf-8"))))
)
def test_any_link_is_sound_and_stays_as_it_is(written: str) -> None:
    """Whatever was written: what comes out is ASCII without signs of markup, and its own result."""
    address = safe_link(written)

    if address is not None:
        assert safe_link(address) == address
        assert address.isascii()
        assert not set(address) & set(' "<>\\^`{|}\t\r\n\x7f')
        assert urlsplit(address).scheme in ("http", "https", "mailto")


@pytest.mark.parametrize(
    "written", ["mailto:ann@example.org", "x", "https://ann@example.org/", "https://ann:pw@example.org/"]
)
def test_web_address_is_of_the_web_and_holds_no_name(written: str) -> None:
    """A configured address is no mail address and holds neither name nor password, which is not repeated."""
    with pytest.raises(ValueError, match=r"an address|a web address") as caught:
        web_address(written)

    assert "pw" not in str(caught.value).removesuffix("password; see docs/configuration.md#secrets")


@pytest.mark.parametrize(
    ("recording", "moment"),
    [
        ("https://media.example/a.mp3", "https://media.example/a.mp3#t=61"),
        ("https://media.example/a.mp3?x=1&t=5", "https://media.example/a.mp3?x=1&t=5#t=61"),
        ("https://media.example/a.mp3#top", "https://media.example/a.mp3#t=61"),
        ("https://youtu.be/x", "https://youtu.be/x?t=61"),
        ("https://www.youtube.com/watch?v=x", "https://www.youtube.com/watch?v=x&t=61"),
        ("https://m.youtube.com/watch?t=5s&v=x&t=6", "https://m.youtube.com/watch?v=x&t=61"),
        ("https://www.youtube.com/watch?v=x#t=5", "https://www.youtube.com/watch?v=x&t=61"),
        ("https://youtu.be/x?t", "https://youtu.be/x?t=61"),
        ("https://youtu.be/x?%74=5&&a", "https://youtu.be/x?a&t=61"),
        ("https://open.spotify.com/episode/x", "https://open.spotify.com/episode/x?t=61"),
        ("https://vimeo.com/1?share=copy", "https://vimeo.com/1?share=copy#t=61s"),
        ("https://player.vimeo.com/video/1#t=5s", "https://player.vimeo.com/video/1#t=61s"),
        ("https://notyoutube.com/x", "https://notyoutube.com/x#t=61"),
        ("https://youtube.com.example/x", "https://youtube.com.example/x#t=61"),
    ],
)
def test_moment_stands_in_the_form_that_its_host_knows(recording: str, moment: str) -> None:
    """The address of a moment is that of the recording with the seconds, and no others beside them."""
    assert at_moment(recording, 61) == moment


_RECORDINGS = st.builds(
    "https://{}/{}".format,
    st.sampled_from(
        ["youtu.be", "www.youtube.com", "open.spotify.com", "vimeo.com", "a.example", "ü.example:8080"]
    ),
    st.text(st.one_of(_SIGNS, st.characters(codec="utf-8"))),
)


@settings(max_examples=300)
@given(_RECORDINGS, st.integers(0, 10**6), st.integers(0, 10**6))
def test_any_moment_is_a_sound_link(written: str, first: int, second: int) -> None:
    """A moment may stand wherever its recording may, and of two moments the later counts."""
    recording = safe_link(written)

    if recording is not None:
        moment = at_moment(recording, first)
        assert safe_link(moment) == moment
        assert f"t={first}" in moment
        assert at_moment(moment, second) == at_moment(recording, second)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("tag:example.org,2026:a", True),
        ("https://example.org/ü#1", True),
        ("x:1", True),
        ("urn:uuid:917393e3-1b1e-5cef-ace4-edaa54e1f810", True),
        ("4711", False),
        ("two words", False),
        ("x: 1", False),
        ("x:", False),
        ("1x:2", False),
        ("x:<b>", False),
        ('x:"', False),
        ("x:1\n", False),
        ("", False),
    ],
)
def test_iri_has_a_scheme_and_no_spaces(text: str, is_one: bool) -> None:
    """What can be an id in Atom begins with a scheme and has no sign that ends an address in text."""
    assert is_iri(text) is is_one


@pytest.mark.parametrize(
    ("host", "is_here"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("localhost.example.org", False),
        ("127.0.0.1.example.org", False),
        ("127.1", False),
        ("0.0.0.0", False),
        ("192.168.0.1", False),
        ("[::1]", False),
        ("", False),
    ],
)
def test_only_loopback_is_this_machine(host: str, is_here: bool) -> None:
    """A name that anybody may point elsewhere is not, whatever it looks like."""
    assert is_local(host) is is_here
