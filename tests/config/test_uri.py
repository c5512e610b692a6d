"""Addresses: which may become links, and in which form."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedmaker.uri import safe_link, web_address


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
