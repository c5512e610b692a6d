"""What returned messages report: real forms, each beside what was read from it, and bytes of any kind."""

from __future__ import annotations

import os
import time
from email import message_from_bytes
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedmaker.bounces.parts import SIZE_LIMIT
from feedmaker.bounces.reading import reports_in
from feedmaker.bounces.report import Report

FOLDER = Path(__file__).parent / "returned"
MESSAGES = sorted(FOLDER.glob("*.eml"))
SWITCH = "FEEDMAKER_WRITE_GOLDEN"
BASE = "letter@lamps.example"
KEY = "k5w2q7zd3xm4ahbnv6tcyrpe2i"
MESSAGE_ID = "<2026-11-23.4be1f0a9c27d@lamps.example>"
SILENT = {
    *("challenge", "no-complaint", "postfix-late", "receipt", "reply", "reply-about-a-bounce"),
    *("unsubscribe-answered", "unsubscribe-in-the-text"),
    *("vacation-english", "vacation-french", "vacation-german"),
}


def read(name: str) -> bytes:
    """Return a returned message."""
    return (FOLDER / f"{name}.eml").read_bytes()


def told(reports: list[Report]) -> str:
    """Write reports down, each value on a line of its own."""
    values = (
        f"{report.kind} {report.address}\n  key {report.key}\n  message {report.message_id}\n"
        f"  leaves at {report.unsubscribe}\n  said: {report.diagnosis}\n"
        for report in reports
    )
    return "".join(values) or "nothing\n"


@pytest.mark.parametrize("path", MESSAGES, ids=lambda path: path.stem)
def test_message_reports_what_was_read_from_it(path: Path) -> None:
    """A message reports what stands beside it, written by `FEEDMAKER_WRITE_GOLDEN=1` and looked at."""
    expected, reports = path.with_suffix(".expected"), told(reports_in(path.read_bytes(), BASE))
    if os.environ.get(SWITCH):
        expected.write_text(reports, "utf-8")
        pytest.fail(f"{expected} is written now; look at it, and keep it if it is right")

    assert reports == expected.read_text("utf-8"), f"{SWITCH}=1 writes it anew"


def test_every_expectation_has_its_message() -> None:
    """Nothing is left of a message that is gone."""
    assert {path.stem for path in FOLDER.glob("*.expected")} == {path.stem for path in MESSAGES}
    assert len(MESSAGES) >= 50


def test_those_who_report_nothing_are_known() -> None:
    """Answers of people and programs, receipts and warnings report nothing; every other message does."""
    assert {path.stem for path in MESSAGES if not reports_in(path.read_bytes(), BASE)} == SILENT


@pytest.mark.parametrize("path", MESSAGES, ids=lambda path: path.stem)
def test_line_endings_change_nothing(path: Path) -> None:
    """Servers hand over CRLF, Maildirs keep LF."""
    data = path.read_bytes()

    assert reports_in(data.replace(b"\n", b"\r\n"), BASE) == reports_in(data, BASE)


@pytest.mark.parametrize("path", MESSAGES, ids=lambda path: path.stem)
def test_message_names_our_delivery_in_two_ways(path: Path) -> None:
    """The address to which a message came back and our message inside it are found, and nothing else."""
    for report in reports_in(path.read_bytes(), BASE):
        assert report.key in (KEY, None)
        assert report.message_id in (MESSAGE_ID, None)
        assert report.key or report.message_id or report.unsubscribe


@pytest.mark.parametrize(
    ("subject", "token"),
    [
        ("unsubscribe", None),
        ("UNSUBSCRIBE T0k_en-.x", "T0k_en-.x"),
        ("unsubscribe\n T0ken", "T0ken"),
        ("=?utf-8?q?unsubscribe?= =?utf-8?q?_T0ken?=", "T0ken"),
    ],
)
def test_mail_that_asks_to_leave_shows_a_token(subject: str, token: str | None) -> None:
    """What stands behind the word is the reader's own token, if it is one."""
    (report,) = reports_in(f"From: a@b.example\nSubject: {subject}\n\n".encode(), BASE)

    assert (report.kind, report.address, report.unsubscribe) == ("leave", "a@b.example", token)


def test_talk_of_unsubscribing_asks_for_nothing() -> None:
    """More than a word behind it is a sentence."""
    assert reports_in(b"From: a@b.example\nSubject: unsubscribe from what?\n\n", BASE) == []


def test_other_return_path_has_other_keys() -> None:
    """A key counts under our own return path only."""
    reports = reports_in(read("postfix-unknown-user"), "other@lamps.example")

    assert [report.key for report in reports] == [None]


@pytest.mark.parametrize(
    ("field", "key"),
    [
        (b"X-Original-To: letter+first@lamps.example\n", "first"),
        (b"Delivered-To: LETTER+FIRST@LAMPS.EXAMPLE\n", "first"),
        (b"Delivered-To: letter@lamps.example\n", KEY),
        (b"To: Everybody <letter+first@lamps.example>, letter+second@lamps.example\n", "first"),
        (b"To: \xff\xfe letter+first@lamps.example\n", "first"),
        (b"To: =?utf-8?q?letter?=\n letter+first@lamps.example\n", "first"),
    ],
)
def test_address_of_arrival_is_read_from_the_envelope_first(field: bytes, key: str) -> None:
    """What servers write down of the envelope comes before To; without a key the next is asked."""
    data = field + read("ses-unknown-user")

    assert [report.key for report in reports_in(data, BASE)] == [key]


def test_key_in_the_message_that_came_back_counts() -> None:
    """Complaints go to an address of their own; our return address stands in what they bring along."""
    data = read("complaint-yahoo").replace(b"Original-Mail-From", b"X-Nothing")

    assert [report.key for report in reports_in(data, BASE)] == [KEY]


@pytest.mark.parametrize(
    ("value", "address"),
    [
        (b"rfc822;bob@quay.example", "bob@quay.example"),
        (b"RFC822; <bob@quay.example>", "bob@quay.example"),
        (b"<bob@quay.example>", "bob@quay.example"),
        (b"x400;/C=GB/S=Reed/", None),
        (b"rfc822;", None),
        (b"rfc822; bob", None),
        (b"utf-8; b\\x{F6}b@quay.example", "b\xf6b@quay.example"),
        (b"utf-8; b\\x{FFFFF}b@quay.example", "b\U000fffffb@quay.example"),
        (b"utf-8; b\\x{110000}@quay.example", "b\\x{110000}@quay.example"),
        (b"utf-8; b\xc3\xb6b@quay.example", "b\xf6b@quay.example"),
        (b"rfc822; b\xffb@quay.example", "b@quay.example"),
    ],
)
def test_recipient_is_read_as_it_is_written(value: bytes, address: str | None) -> None:
    """Addresses come with and without their type, and in every script."""
    block = b"Reporting-MTA: dns; a\n\nFinal-Recipient: " + value + b"\nAction: failed\nStatus: 5.1.1\n"
    data = (
        b"Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n"
        + block
    )

    assert [(report.kind, report.address) for report in reports_in(data, BASE)] == [("hard", address)]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (b"smtp; 550 5.1.1 no; really", "550 5.1.1 no; really"),
        (b"X-Postfix ;unknown user", "unknown user"),
        (b"550 5.1.1 no; really", "550 5.1.1 no; really"),
        (b"smtp;", "5.1.1"),
    ],
)
def test_diagnosis_is_what_the_server_said(value: bytes, said: str) -> None:
    """The type of a diagnosis is left out where it has one; without a diagnosis there is the status."""
    block = (
        b"Final-Recipient: rfc822;a@reef.example\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: " + value
    )
    data = (
        b"Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n"
        + block
    )

    assert [(report.kind, report.diagnosis) for report in reports_in(data, BASE)] == [("hard", said)]


def test_bounce_inside_a_message_is_not_ours() -> None:
    """Who forwards a bounce as an attachment reports nothing."""
    data = b"From: ann@harbour.example\nContent-Type: message/rfc822\n\n" + read("postfix-unknown-user")

    assert reports_in(data, BASE) == []


def test_reports_are_no_more_than_a_hundred() -> None:
    """A report of very many recipients is cut."""
    many = b"Final-Recipient: rfc822; ann@harbour.example\nAction: failed\nStatus: 5.1.1\n\n" * 500
    data = (
        b"Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n" + many
    )

    assert len(reports_in(data, BASE)) == 100


def test_diagnosis_is_one_short_line() -> None:
    """What a server says is shown to people, so it is one line without signs that steer a terminal."""
    said = b"Diagnostic-Code: smtp; 550 \x1b[31mred\x07\xe2\x80\xa8\xff " + b"long " * 200
    block = b"Final-Recipient: rfc822; ann@harbour.example\nAction: failed\n" + said + b"\n"
    data = (
        b"Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n"
        + block
    )
    (report,) = reports_in(data, BASE)

    assert report.diagnosis.startswith("550 [31mred ")
    assert report.diagnosis.isprintable()
    assert len(report.diagnosis) <= 300


def test_what_our_message_says_is_no_reason() -> None:
    """Words of the message that came back, such as its subject, do not decide why it did."""
    data = read("exchange-5").replace(b"Four keepers, one lamp", b"Spam was blocked: a policy of the quota")

    assert [report.kind for report in reports_in(data, BASE)] == ["hard"]


@pytest.mark.parametrize("name", ["postfix-unknown-user", "qmail-unknown-user", "complaint-yahoo"])
def test_message_is_read_though_its_end_is_missing(name: str) -> None:
    """Reports stand before the message that they return, which may be of any length."""
    whole = read(name)

    assert reports_in(whole + b"x" * SIZE_LIMIT, BASE) == reports_in(whole, BASE)


def nested(depth: int, line: bytes) -> bytes:
    """Put parts into parts into parts."""
    opened = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (level, level) for level in range(depth)
    )
    return b"From: mailer-daemon@reef.example\n" + opened + line


STATUS = b"Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n"
DAEMON = b"From: mailer-daemon@reef.example\n"
HOSTILE = {
    "zeros": b"\0" * (4 << 20),
    "headers": b"a:\n" * (1 << 20),
    "recipients": b"To: " + b"letter+a@lamps.example," * 40_000 + b"\n\n",
    "folded header": b"To: a\n" + b" letter+a@lamps.example\n" * 40_000,
    "parts in parts": nested(29, b"x\n" * 100_000),
    "parts in parts in parts": nested(5000, b"x\n"),
    "parts": DAEMON + b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 50_000,
    "messages in messages": DAEMON + b"Content-Type: message/rfc822\n\n" * 10_000,
    "digest": DAEMON + b"Content-Type: multipart/digest; boundary=b\n\n" + b"--b\n\n\nx\n" * 50_000,
    "long line": DAEMON + b"\n" + b"a" * (1 << 20),
    "long address": DAEMON + b"\n" + b"a@" * (1 << 20),
    "long boundary": b"Content-Type: multipart/mixed; boundary=" + b"a" * 200_000 + b"\n\n--" + b"a" * 50_000,
    "parameters": b"Content-Type: multipart/mixed" + b"; a=b" * 50_000 + b"\n\nx",
    "pieces of parameters": b"Content-Type: multipart/mixed"
    + b"".join(b"; a*%d*=b" % number for number in range(20_000)),
    "quotes": b'Content-Type: multipart/mixed; boundary="' + b'\\"' * 100_000,
    "encoded words": b"From: a@b.example\nSubject: " + b"=?utf-8?b?" * 20_000 + b"\n\n",
    "blank lines": DAEMON + b"\n" + b"\n \n" * 100_000,
    "many failures": DAEMON
    + b"\nHi. This is the\n\n"
    + b"".join(b"<a%d@reef.example>:\nno\n\n" % number for number in range(10_000)),
    "many recipients": STATUS + b"Action: failed\nFinal-Recipient: rfc822;a@reef.example\n\n" * 10_000,
    "broken base64": DAEMON + b"Content-Transfer-Encoding: base64\n\n" + b"Q" * 200_001,
    "broken uuencode": DAEMON
    + b"Content-Transfer-Encoding: x-uuencode\n\nbegin 644 x\n"
    + b"M"
    + b"\xff" * 60,
    "unknown charset": DAEMON
    + b"Subject: =?x-none?q?unsubscribe?=\nContent-Type: text/plain; charset=x-none\n\n",
    "half a subject": b"From: a@b.example\nSubject: =?utf-8?b?dW5?=\n\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_message_is_read_in_a_moment(name: str) -> None:
    """Nothing that anybody can send keeps the reader busy for long, or stops it."""
    begun = time.process_time()
    reports = reports_in(HOSTILE[name], BASE)

    assert time.process_time() - begun < 15  # 1.5 at most where the machine is quick
    assert len(reports) <= 100


@given(st.binary(max_size=2000))
def test_any_bytes_can_be_read(data: bytes) -> None:
    """Bytes that are no message report nothing worse than nothing."""
    for report in reports_in(data, BASE):
        assert report.diagnosis.isprintable()


@settings(max_examples=300)
@given(
    st.sampled_from(MESSAGES),
    st.lists(
        st.tuples(st.integers(0, 3500), st.integers(0, 30), st.binary(max_size=6)), min_size=1, max_size=5
    ),
)
def test_damaged_message_reports_of_nobody_else(path: Path, cuts: list[tuple[int, int, bytes]]) -> None:
    """Bytes lost or changed on the way raise nothing, and never lead to a delivery that is not there."""
    data = path.read_bytes()
    for place, length, other in cuts:
        data = data[:place] + other + data[place + length :]

    for report in reports_in(data, BASE):
        assert report.key is None or f"+{report.key}@" in data.decode("utf-8", "replace").lower()
        assert report.diagnosis.isprintable()


@given(
    st.sampled_from(["from", "to", "subject", "content-type", "in-reply-to", "list-unsubscribe"]), st.binary()
)
def test_any_header_can_be_read(name: str, value: bytes) -> None:
    """A header of any bytes, in the message or in what it returns, raises nothing."""
    field = name.encode() + b": " + value.replace(b"\n", b" ") + b"\n"

    reports_in(field + read("exim-before-reports"), BASE)
    reports_in(read("postfix-unknown-user").replace(b"From: The Lamp", field + b"From: The Lamp"), BASE)


def test_messages_are_what_they_seem() -> None:
    """The messages beside this test are sound, so that no fault of theirs is what is tested."""
    for path in MESSAGES:
        message = message_from_bytes(path.read_bytes())
        defects = [defect for part in message.walk() for defect in part.defects if part.is_multipart()]
        if not path.stem.startswith(("exim-before", "exim-sender", "complaint", "no-complaint")):
            assert message["from"]
        assert not [defect for defect in defects if "Boundary" in type(defect).__name__], path.stem
