"""The message: its bytes, its headers and its two parts, read back by the parser of the standard library."""

from __future__ import annotations

import email
import email.policy
import quopri
import re
from datetime import UTC, datetime, timedelta, timezone
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmaker.config import Newsletter
from feedmaker.errors import GateError
from feedmaker.newsletter.message import Letter
from tests.content.episodes import hostile_text
from tests.newsletter import samples

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=timezone(timedelta(hours=1)))
MESSAGE_ID = "<2026-11-23.abc@notes.example.org>"


def newsletter(**changes: Any) -> Newsletter:
    """Configure the newsletter."""
    letter = samples.config(**changes).newsletter
    assert letter
    return letter


def message(
    *,
    subject: str = "Silt",
    html: str = "<p>Silt</p>",
    text: str = "Silt\n",
    recipient: str = "ann@example.org",
    settings: Newsletter | None = None,
) -> bytes:
    """Write a message."""
    letter = Letter(settings or newsletter(), subject=subject, html=html, text=text)
    return letter.addressed(recipient, MESSAGE_ID, NOW)


def read(data: bytes) -> EmailMessage:
    """Read a message as a mail program does."""
    return email.message_from_bytes(data, policy=email.policy.default)


def body(part: Any) -> str:
    """Return the text of a part with line feeds."""
    return str(part.get_content()).replace("\r\n", "\n")


def names(data: bytes) -> list[str]:
    """List the names of the headers, as they stand."""
    head = data.partition(b"\r\n\r\n")[0].decode("ascii")
    return [line.partition(":")[0] for line in head.split("\r\n") if not line.startswith(" ")]


HEADERS = [
    *("Date", "To", "Message-ID", "From", "Subject", "List-Id", "List-Unsubscribe"),
    *("Precedence", "Auto-Submitted", "MIME-Version", "Content-Type"),
]


def test_headers_are_the_ones_that_mail_programs_expect() -> None:
    """Each header stands once, and says what was configured."""
    data = message()
    parsed = read(data)

    assert names(data) == HEADERS
    assert str(parsed["From"]) == "Quay Notes <letter@notes.example.org>"
    assert str(parsed["To"]) == "ann@example.org"
    assert str(parsed["Message-ID"]) == MESSAGE_ID
    assert str(parsed["Date"]) == "Mon, 23 Nov 2026 09:30:00 +0100"
    assert str(parsed["List-Id"]) == "The Quay Letter <letter.notes.example.org>"
    assert str(parsed["List-Unsubscribe"]) == "<mailto:letter@notes.example.org?subject=unsubscribe>"
    assert str(parsed["Precedence"]) == "bulk"
    assert str(parsed["Auto-Submitted"]) == "auto-generated"
    assert parsed.defects == []


def test_parts_are_alternatives_with_the_text_first() -> None:
    """Both parts come back unchanged, in UTF-8 and quoted-printable."""
    content = samples.issue()
    html, text = samples.parts(content)

    parsed = read(message(subject=content.subject, html=html, text=text))
    first, second = parsed.iter_parts()

    assert parsed.get_content_type() == "multipart/alternative"
    assert [first.get_content_type(), second.get_content_type()] == ["text/plain", "text/html"]
    assert (body(first), body(second).rstrip("\n")) == (text, html)
    assert {part["Content-Transfer-Encoding"] for part in (first, second)} == {"quoted-printable"}
    assert {part.get_content_charset() for part in (first, second)} == {"utf-8"}
    assert parsed["Subject"] == content.subject


def test_lines_are_short_and_end_with_crlf() -> None:
    """No line of a body has more than 76 characters, however long the line of HTML is."""
    content = samples.issue()
    html, text = samples.parts(content)
    assert max(map(len, html.split("\n"))) > 998

    data = message(html=html, text=text)

    assert data.isascii()
    assert data.count(b"\n") == data.count(b"\r\n") == data.count(b"\r")
    assert max(map(len, data.partition(b"\r\n\r\n")[2].split(b"\r\n"))) == 76
    assert max(map(len, data.split(b"\r\n"))) <= 998


def test_same_message_has_the_same_bytes() -> None:
    """Nothing in it is drawn by lot or read from a clock."""
    assert message() == message()


def test_letter_serves_any_number_of_recipients() -> None:
    """Two messages of a letter differ in the three lines of their recipient."""
    letter = Letter(newsletter(), subject="Silt", html="<p>Silt</p>", text="Silt\n")

    ann = letter.addressed("ann@example.org", "<1@example.org>", NOW).split(b"\r\n")
    bob = letter.addressed("bob@example.org", "<2@example.org>", NOW + timedelta(days=1)).split(b"\r\n")

    assert [line.partition(b":")[0] for line, other in zip(ann, bob, strict=True) if line != other] == [
        b"Date",
        b"To",
        b"Message-ID",
    ]


@given(hostile_text() | st.text())
def test_any_subject_is_one_header_and_comes_back(subject: str) -> None:
    """Whatever a subject says, no header is added and no line is too long; white space may fold."""
    data = message(subject=f"S{subject}")
    head = data.partition(b"\r\n\r\n")[0].split(b"\r\n")

    assert names(data) == HEADERS
    assert max(map(len, head)) <= 998
    shown = re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", f"S{subject}").strip()
    assert " ".join(str(read(data)["Subject"]).split()) == " ".join(shown.split())


@given(hostile_text())
def test_any_name_of_a_sender_comes_back(name: str) -> None:
    """A name with commas, quotes or letters of any script is one name of one mailbox."""
    changes = {"from": {"name": f"N{name}", "email": "letter@notes.example.org"}, "title": f"T{name}"}
    data = message(settings=newsletter(**changes))
    # The older of the two header parsers: the newer one puts spaces between encoded words (RFC 2047, 6.2).
    raw = email.message_from_bytes(data, policy=email.policy.compat32)
    shown, address = parseaddr(raw["From"].replace("\r\n", ""))

    assert names(data) == HEADERS
    assert address == read(data)["From"].addresses[0].addr_spec == "letter@notes.example.org"
    assert str(make_header(decode_header(shown))).split() == f"N{name}".split()
    assert str(read(data)["List-Id"]).endswith("<letter.notes.example.org>")


@given(hostile_text() | st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_comes_back_from_both_parts(text: str) -> None:
    """The parts hold what was put in, decoded by two decoders; only line breaks become alike."""
    wanted = f"{text}\n".replace("\r\n", "\n").replace("\r", "\n")
    data = message(text=f"{text}\n", html=f"{text}\n")
    first, second = read(data).iter_parts()

    assert body(first) == body(second) == wanted
    for part in (first, second):
        raw = part.get_payload()
        assert isinstance(raw, str)
        decoded = quopri.decodestring(raw.encode("ascii")).decode("utf-8")
        assert decoded.replace("\r\n", "\n") == wanted
        assert max(map(len, raw.splitlines())) <= 76


@pytest.mark.parametrize(
    "recipient",
    [
        "ann@example.org\r\nBcc: bob@example.org",
        "ann@example.org\n",
        "ann@example.org, bob@example.org",
        "Ann <ann@example.org>",
        "ann",
        "",
        "jörg@example.org",
        'a"b@example.org',
    ],
)
def test_header_cannot_be_smuggled_in_by_a_recipient(recipient: str) -> None:
    """Only one plain address goes to one recipient; the text shows what was refused."""
    with pytest.raises(GateError, match="is no address for mail"):
        message(recipient=recipient)


@pytest.mark.parametrize(
    "message_id", ["<1@example.org>\r\nBcc: bob@example.org", "<1@example.org>\n", "<é@x.org>", ""]
)
def test_header_cannot_be_smuggled_in_by_a_message_id(message_id: str) -> None:
    """What is no line of ASCII stands in no header."""
    letter = Letter(newsletter(), subject="Silt", html="<p>Silt</p>", text="Silt\n")

    with pytest.raises(GateError, match=r"Message-ID: .* cannot stand in the header"):
        letter.addressed("ann@example.org", message_id, NOW)


def test_sender_must_be_plain_ascii() -> None:
    """An address that only newer mail servers take is refused before anything is sent."""
    with pytest.raises(GateError, match=r'^"jörg@example\.org" is no address for mail; expected'):
        message(settings=newsletter(**{"from": {"name": "J", "email": "jörg@example.org"}}))


def test_unsubscribe_address_stays_on_one_line() -> None:
    """Folding it would break signatures on the way; a longer one than a line can hold is refused."""
    long = f"https://notes.example.org/leave?list={'x' * 900}"

    data = message(settings=newsletter(unsubscribe=long))

    assert f"\r\nList-Unsubscribe: <{long}>\r\n".encode() in data
    with pytest.raises(GateError, match=r"List-Unsubscribe: .* cannot stand in the header"):
        message(settings=newsletter(unsubscribe=f"{long}{'x' * 100}"))


def test_unsubscribe_address_ends_where_its_bracket_does() -> None:
    """A bracket inside of the address is encoded."""
    data = message(settings=newsletter(unsubscribe="https://notes.example.org/<leave>"))

    assert b"\r\nList-Unsubscribe: <https://notes.example.org/%3Cleave%3E>\r\n" in data


def test_date_keeps_its_moment() -> None:
    """A mail program shows the moment that was given, whatever the zone."""
    letter = Letter(newsletter(), subject="Silt", html="<p>Silt</p>", text="Silt\n")

    parsed = read(letter.addressed("ann@example.org", MESSAGE_ID, NOW.astimezone(UTC)))

    assert parsed["Date"].datetime == NOW
