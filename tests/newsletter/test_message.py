"""The message: its bytes, its headers and its two parts, read back by two parsers."""

from __future__ import annotations

import base64
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
from feedmaker.newsletter.leaving import TOKEN_SLOT
from feedmaker.newsletter.message import Letter, encoded_size
from feedmaker.tokens import Tokens
from tests.content.episodes import hostile_text
from tests.newsletter import samples

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=timezone(timedelta(hours=1)))
MESSAGE_ID = "<2026-11-23.abc@notes.example.org>"
TOKEN = Tokens(["5a" * 32]).sign("reader", "oX9-_k3Q0fT1m2n3p4q5r6")
PAGE = "https://notes.example.org/leave"
SHORT = "mailto:leave@notes.example.org"
"""Addresses are never folded, and one with a token is longer than all else."""
tokens = st.from_regex(r"[A-Za-z0-9_-][A-Za-z0-9._~-]{0,69}", fullmatch=True)
texts = hostile_text() | st.text(st.characters(exclude_categories=["Cs"]))


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
    token: str = TOKEN,
    settings: Newsletter | None = None,
) -> bytes:
    """Write a message."""
    letter = Letter(settings or newsletter(unsubscribe=SHORT), subject=subject, html=html, text=text)
    return letter.addressed(recipient, MESSAGE_ID, NOW, token)


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


def by_the_rules(data: bytes) -> tuple[dict[str, str], list[str], list[str]]:
    """Read headers and both parts with nothing but the rules of RFC 5322, 2045, 2046 and 2047."""

    def headers(head: str) -> dict[str, str]:
        lines = head.replace("\r\n ", " ").split("\r\n")
        return {name: words(value) for name, _, value in (line.partition(": ") for line in lines)}

    def words(value: str) -> str:
        value = re.sub(r"(?<=\?=) +(?==\?)", "", value)
        return re.sub(
            r"(?:=\?utf-8\?[bq]\?[^?]*\?=)+", lambda run: decoded(run[0]).decode(), value, flags=re.IGNORECASE
        )

    def decoded(run: str) -> bytes:
        found = re.findall(r"=\?utf-8\?(.)\?([^?]*)\?=", run, re.IGNORECASE)
        return b"".join(
            base64.b64decode(text) if kind in "bB" else printable(text.replace("_", "=20"))
            for kind, text in found
        )

    def printable(text: str) -> bytes:
        lines = text.replace("=\r\n", "").replace("\r\n", "\n")
        return re.sub(rb"=([0-9A-F]{2})", lambda sign: bytes.fromhex(sign[1].decode()), lines.encode("ascii"))

    head, _, rest = data.decode("ascii").partition("\r\n\r\n")
    (boundary,) = re.findall(r'boundary="([^"]+)"', head)
    preamble, *parts, end = f"\r\n{rest}".split(f"\r\n--{boundary}")
    assert (preamble, end) == ("", "--\r\n")
    found = []
    for part in parts:
        inner, _, encoded = part.removeprefix("\r\n").partition("\r\n\r\n")
        assert headers(inner)["Content-Transfer-Encoding"] == "quoted-printable"
        found.append([printable(encoded).decode(), headers(inner)["Content-Type"].partition(";")[0]])
    plain, rich = found
    return headers(head), plain, rich


HEADERS = [
    *("Date", "To", "Message-ID", "From", "Subject", "List-Id", "List-Unsubscribe"),
    *("Precedence", "Auto-Submitted", "MIME-Version", "Content-Type"),
]


def test_headers_are_the_ones_that_mail_programs_expect() -> None:
    """Each header stands once, and says what was configured."""
    data = message(settings=newsletter())
    parsed = read(data)

    assert names(data) == HEADERS
    assert str(parsed["From"]) == "Quay Notes <letter@notes.example.org>"
    assert str(parsed["To"]) == "ann@example.org"
    assert str(parsed["Message-ID"]) == MESSAGE_ID
    assert str(parsed["Date"]) == "Mon, 23 Nov 2026 09:30:00 +0100"
    assert str(parsed["List-Id"]) == "The Quay Letter <letter.notes.example.org>"
    leaving = f"<mailto:letter@notes.example.org?subject=unsubscribe%20{TOKEN}>"
    assert str(parsed["List-Unsubscribe"]) == leaving
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
    assert (body(first), body(second)) == tuple(part.replace(TOKEN_SLOT, TOKEN) for part in (text, html))
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
    assert 70 < max(map(len, data.split(b"\r\n"))) <= 76


def test_same_message_has_the_same_bytes() -> None:
    """Nothing in it is drawn by lot or read from a clock."""
    assert message() == message()


def test_letter_serves_any_number_of_recipients() -> None:
    """Two messages of a letter differ in the three lines of their recipient."""
    letter = Letter(newsletter(), subject="Silt", html="<p>Silt</p>", text="Silt\n")

    ann = letter.addressed("ann@example.org", "<1@example.org>", NOW, TOKEN).split(b"\r\n")
    bob = letter.addressed("bob@example.org", "<2@example.org>", NOW + timedelta(days=1), TOKEN).split(
        b"\r\n"
    )

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
    assert max(map(len, head)) <= 76
    shown = re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", f"S{subject}").strip()
    assert " ".join(str(read(data)["Subject"]).split()) == " ".join(shown.split())
    assert by_the_rules(data)[0]["Subject"].split() == shown.split()


@given(hostile_text().map(lambda text: " ".join(text.split())))
def test_any_name_of_a_sender_comes_back(name: str) -> None:
    """A name with commas, quotes or letters of any script is one name of one mailbox."""
    changes = {"from": {"name": f"N{name}", "email": "letter@notes.example.org"}, "title": f"T{name}"}
    data = message(settings=newsletter(**changes, unsubscribe=SHORT))
    # The older of the two header parsers: the newer one puts spaces between encoded words (RFC 2047, 6.2).
    raw = email.message_from_bytes(data, policy=email.policy.compat32)
    shown, address = parseaddr(raw["From"].replace("\r\n", ""))

    assert names(data) == HEADERS
    assert max(map(len, data.split(b"\r\n"))) <= 76
    assert address == read(data)["From"].addresses[0].addr_spec == "letter@notes.example.org"
    assert str(make_header(decode_header(shown))).split() == f"N{name}".split()
    assert str(read(data)["List-Id"]).endswith("<letter.notes.example.org>")


@given(texts)
def test_any_text_comes_back_from_both_parts(text: str) -> None:
    """The parts hold what was put in, decoded by three decoders; only line breaks become alike."""
    text = text.replace(TOKEN_SLOT, "")
    wanted = f"{text}\n".replace("\r\n", "\n").replace("\r", "\n")
    data = message(text=f"{text}\n", html=f"{text}\n")
    first, second = read(data).iter_parts()

    assert body(first) == body(second) == wanted
    assert by_the_rules(data)[1:] == ([wanted, "text/plain"], [wanted, "text/html"])
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
        "jörg @example.org",
        "jörg@bücher.example.org",
        'a"b@example.org',
    ],
)
def test_header_cannot_be_smuggled_in_by_a_recipient(recipient: str) -> None:
    """Only one plain address goes to one recipient; the text shows what was refused."""
    with pytest.raises(GateError, match="is no address for mail"):
        message(recipient=recipient)


def test_recipient_may_be_written_in_any_script() -> None:
    """Letters of other scripts before the @ stand in To as they are, in UTF-8 (RFC 6532)."""
    assert "To: почта@xn--e1afmkfd.example\r\n".encode() in message(recipient="почта@xn--e1afmkfd.example")


@pytest.mark.parametrize(
    "message_id",
    ["<1@example.org>\r\nBcc: bob@example.org", "<1@example.org>\n", "<é@x.org>", "<a\x7f@x.org>", ""],
)
def test_header_cannot_be_smuggled_in_by_a_message_id(message_id: str) -> None:
    """What is no line of ASCII stands in no header."""
    letter = Letter(newsletter(), subject="Silt", html="<p>Silt</p>", text="Silt\n")

    with pytest.raises(GateError, match=r"Message-ID: .* cannot stand in the header"):
        letter.addressed("ann@example.org", message_id, NOW, TOKEN)


def test_sender_must_be_plain_ascii() -> None:
    """An address that only newer mail servers take is refused before anything is sent."""
    with pytest.raises(GateError, match=r'^"jörg@example\.org" is no address for mail; expected'):
        message(settings=newsletter(**{"from": {"name": "J", "email": "jörg@example.org"}}))


def test_unsubscribe_address_stays_on_one_line() -> None:
    """Folding it would break signatures on the way; a longer one than a line can hold is refused."""
    long = f"{PAGE}?list={'x' * 850}"
    settings = newsletter(unsubscribe=long)

    data = message(settings=settings, token="t" * 70)

    assert f"\r\nList-Unsubscribe: <{long}&token={'t' * 70}>\r\n".encode() in data
    with pytest.raises(GateError, match=r"List-Unsubscribe: .* cannot stand in the header"):
        message(settings=newsletter(unsubscribe=f"{long}{'x' * 20}"))


def test_unsubscribe_address_ends_where_its_bracket_does() -> None:
    """A bracket inside of the address is encoded."""
    data = message(settings=newsletter(unsubscribe="https://notes.example.org/<leave>/{token}"))

    assert f"\r\nList-Unsubscribe: <https://notes.example.org/%3Cleave%3E/{TOKEN}>\r\n".encode() in data


def test_https_address_is_for_one_click() -> None:
    """The pair of headers of RFC 8058, with the reader's own token; an address for mail stands alone."""
    web = read(message(settings=newsletter(unsubscribe=PAGE)))
    mail = read(message(settings=newsletter(unsubscribe="mailto:leave@notes.example.org")))

    assert web["List-Unsubscribe"] == f"<{PAGE}?token={TOKEN}>"
    assert web["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["List-Unsubscribe"] == "<mailto:leave@notes.example.org>"
    assert "List-Unsubscribe-Post" not in mail


def test_token_stands_in_header_and_both_parts() -> None:
    """A real issue names each reader's own way out three times, and nothing else differs between readers."""
    settings = samples.config(unsubscribe=PAGE)
    content = samples.issue(settings=settings)
    html, text = samples.parts(content)
    assert settings.newsletter
    letter = Letter(settings.newsletter, subject=content.subject, html=html, text=text)

    short, long = (letter.addressed("ann@example.org", MESSAGE_ID, NOW, token) for token in ("S", "L" * 70))

    assert (
        short.replace(b"=\r\nS=\r\n", b"=\r\n%b=\r\n" % (b"L" * 70)).replace(
            b"token=S>", b"token=%b>" % (b"L" * 70)
        )
        == long
    )
    for part in read(short).iter_parts():
        assert body(part).count(f"{PAGE}?token=S") == 1
        assert "\x7f" not in body(part)


@given(st.lists(texts, min_size=1, max_size=4), tokens)
def test_token_fills_every_slot_and_no_other_place(pieces: list[str], token: str) -> None:
    """Wherever slots stand, both parts come back with the token in them, by two decoders."""
    pieces = [piece.replace(TOKEN_SLOT, "") for piece in pieces]
    wanted = token.join(pieces).replace("\r\n", "\n").replace("\r", "\n")

    data = message(html=TOKEN_SLOT.join(pieces), text=TOKEN_SLOT.join(pieces), token=token)

    assert max(map(len, data.split(b"\r\n"))) <= 76
    assert [body(part) for part in read(data).iter_parts()] == [wanted, wanted]
    assert by_the_rules(data)[1:] == ([wanted, "text/plain"], [wanted, "text/html"])


@given(texts)
def test_size_is_counted_as_sent(html: str) -> None:
    """The size that an issue is shortened by is that of the encoded HTML part, with a token in it."""
    html = f"{html}{TOKEN_SLOT}."
    part = message(html=html).split(b"quoted-printable\r\n\r\n")[2]

    assert encoded_size(html) == len(part.rpartition(b"\r\n--=_")[0])


def test_lines_that_fit_stay_whole() -> None:
    """A text part that is wrapped at 72 reads the same in the source of the message."""
    lines = ["-" * 72, "word " * 14 + "ok", "x" * 74]

    data = message(text="\n".join(lines))

    assert "\r\n".join(["", *lines, ""]).encode() in data


def test_lines_that_old_programs_change_are_escaped() -> None:
    """No line begins with a dot or the word From, and none ends in white space."""
    text = "." * 300 + "\n.\nFrom here\n" + "From " * 60 + "\nblank \ntab\t\n" + " " * 200

    data = message(text=text, html=text)

    assert not re.search(rb"^(\.|From )|[ \t]\r?$", data.partition(b"\r\n\r\n")[2], re.MULTILINE)
    assert [body(part) for part in read(data).iter_parts()] == [text, text]


@pytest.mark.parametrize(
    "token", ["", "a b", "a\r\nBcc: bob@example.org", "é", ".a", "a=b", "<a>", "a" * 71, "a\n"]
)
def test_token_is_a_word_that_fits_a_line(token: str) -> None:
    """Nothing can be smuggled in by a token, even where no slot takes one."""
    with pytest.raises(GateError, match="is no token; expected at most 70 letters"):
        message(token=token)


def test_plain_subject_is_folded_between_words() -> None:
    """A subject in ASCII stays readable in the source, on lines of at most 76 signs."""
    subject = "The port spent more on dredging in nine years than the whole harbour had cost to build"

    data = message(subject=subject)

    assert b"Subject: The port spent more on dredging in nine years than the whole\r\n harbour had" in data
    assert read(data)["Subject"] == subject
    assert read(message(subject="x" * 2000))["Subject"] == "x" * 2000


def test_date_keeps_its_moment() -> None:
    """A mail program shows the moment that was given, whatever the zone."""
    letter = Letter(newsletter(), subject="Silt", html="<p>Silt</p>", text="Silt\n")

    parsed = read(letter.addressed("ann@example.org", MESSAGE_ID, NOW.astimezone(UTC), TOKEN))

    assert parsed["Date"].datetime == NOW
