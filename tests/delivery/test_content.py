"""A finished message is taken apart into the very characters that went into it, or not at all."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedmaker.config import Newsletter
from feedmaker.delivery.transports.content import Content, read
from feedmaker.errors import DeliveryError, GateError
from feedmaker.newsletter.leaving import TOKEN_SLOT
from feedmaker.newsletter.message import Letter, plain_message
from tests.delivery.providers import MESSAGE

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
CHARACTERS = st.characters(exclude_categories=["Cs"])
WORDS = st.text(CHARACTERS, max_size=60) | st.text(
    st.sampled_from('ab é日"\\,<>()=?_.{}\t\r\n\x7f&'), max_size=40
)
PHRASES = WORDS.map(lambda text: " ".join(text.split())).filter(
    lambda text: text.isprintable() and text != ""
)


def newsletter(name: str = "Quay Notes", title: str = "The Quay Letter") -> Newsletter:
    """Make a newsletter."""
    return Newsletter.model_validate(
        {
            "title": title,
            "from": {"name": name, "email": "letter@notes.example.org"},
            "postal_address": "4 Ropewalk",
            "unsubscribe": "https://notes.example.org/leave/{token}",
        }
    )


def taken_apart(letter: Newsletter, *, subject: str, html: str, text: str) -> Content:
    """Write a letter to Ann, and take it apart."""
    written = Letter(letter, subject=subject, html=html, text=text)
    return read(written.addressed("ann@example.org", "<a.b@notes.example.org>", NOW, "t0ken"))


def expected(part: str) -> str:
    """Return a part as it is put into a message: with a token, and with line feeds alone."""
    return part.replace(TOKEN_SLOT, "t0ken").replace("\r\n", "\n").replace("\r", "\n")


@given(WORDS, WORDS)
@settings(max_examples=300)
def test_parts_come_back_character_by_character(html: str, text: str) -> None:
    """Whatever stands in the parts of a letter, a provider is given just that."""
    content = taken_apart(newsletter(), subject="Silt", html=html, text=text)

    assert (content.html, content.text) == (expected(html), expected(text))


@given(PHRASES, PHRASES)
@settings(max_examples=300)
def test_subject_and_name_come_back_character_by_character(subject: str, name: str) -> None:
    """However a subject and a sender's name had to be written, they are read as they were."""
    try:
        content = taken_apart(newsletter(name), subject=subject, html="", text="")
    except GateError:
        return  # a name that no message can hold

    assert (content.subject, content.name) == (subject, name)
    assert content.address == "letter@notes.example.org"


def test_headers_that_can_be_passed_on_are_kept() -> None:
    """All headers stay, unfolded, but for those that a provider writes itself."""
    content = taken_apart(newsletter(title="Brücke " * 12), subject="Silt", html="<p>Silt</p>", text="Silt")

    assert set(content.headers) == {
        "Date",
        "Message-ID",
        "List-Id",
        "List-Unsubscribe",
        "List-Unsubscribe-Post",
        "Precedence",
        "Auto-Submitted",
    }
    assert content.headers["List-Unsubscribe"] == "<https://notes.example.org/leave/t0ken>"
    assert content.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert content.headers["Message-ID"] == "<a.b@notes.example.org>"
    assert content.headers["List-Id"].endswith("<letter.notes.example.org>")
    assert "\n" not in content.headers["List-Id"]


@given(WORDS)
def test_message_of_text_alone_has_no_html(text: str) -> None:
    """A word to the publisher is text, and comes back as it was."""
    message = plain_message(
        newsletter(), "ann@example.org", subject="x", text=text, message_id="<a@b.example>", date=NOW
    )

    content = read(message)

    assert content.html is None
    assert content.text == text.replace("\r\n", "\n").replace("\r", "\n")


MIXED = (
    b"From: a@example.org\r\nSubject: x\r\nContent-Type: multipart/%b; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b\r\nContent-Type: %b\r\n\r\ny\r\n--b--\r\n"
)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (MIXED % (b"mixed", b"text/html"), "it is multipart/mixed of text/plain, text/html"),
        (MIXED % (b"alternative", b"image/png"), "of text/plain, image/png"),
        (b"Cc: bob@example.org\r\n" + MESSAGE, "Cc names more recipients"),
        (b"Bcc: bob@example.org\r\n" + MESSAGE, "Bcc names more recipients"),
        (b"Subject: another\r\n" + MESSAGE, "more than one Subject"),
        (b"X-Odd: \xc3\xa9\r\n" + MESSAGE, "its X-Odd is not one line of plain ASCII"),
        (MESSAGE.replace(b"Subject", b"X-Subject"), "it has no Subject"),
        (MESSAGE.replace(b"From", b"X-From"), "it has no From"),
        (MESSAGE.replace(b'"utf-8"', b'"klingon"'), "written in a way that cannot be read"),
        (MESSAGE.removesuffix(b"Silt\r\n") + b"\xff\r\n", "written in a way that cannot be read"),
    ],
    ids=[
        "attachment",
        "picture",
        "Cc",
        "Bcc",
        "twice",
        "bytes",
        "no-subject",
        "no-sender",
        "charset",
        "damage",
    ],
)
def test_what_would_get_lost_is_refused(message: bytes, reason: str) -> None:
    """A message that a provider would not carry whole is refused, and the text says why."""
    with pytest.raises(DeliveryError, match="cannot be handed to a provider by HTTP") as raised:
        read(message)

    assert reason in str(raised.value)


PIECES = st.sampled_from(
    [
        b"From: a <a@b.example>\r\n",
        b"From: =?x?q?y?= <>\r\n",
        b'From: "\\\r\n',
        b"Subject: =?utf-8?b?AAA?=\r\n",
        b"Subject: =?nope?q?=ff?=\r\n",
        b"Subject: x\r\n",
        b"Content-Type: multipart/alternative; boundary=x\r\n",
        b"Content-Type: text/plain; charset*=utf-8''%ff\r\n",
        b"Content-Type: text/html\r\n",
        b"Content-Transfer-Encoding: base64\r\n",
        b"Content-Transfer-Encoding: uuencode\r\n",
        b" folded\r\n",
        b"--x\r\n",
        b"--x--\r\n",
        b"\r\n",
    ]
)


@given(st.lists(PIECES | st.binary(max_size=12), max_size=12).map(b"".join))
@settings(max_examples=300)
def test_any_bytes_are_read_or_refused(message: bytes) -> None:
    """Nothing that calls itself a message makes reading fail in another way."""
    try:
        content = read(message)
    except DeliveryError:
        return
    assert all(value.isprintable() or "\t" in value for value in content.headers.values())
