"""What a returned message reports: its bytes in, reports out. Pure.

Read are delivery reports (RFC 3464, RFC 6533), complaints (RFC 5965), the bounces of servers that follow
neither, and the mail by which somebody unsubscribes. Everything else reports nothing: answers of people, of
their holidays and of programs that want to know a sender first, receipts, and warnings that a message is
late, which may still arrive.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from email.errors import MessageError
from email.header import decode_header, make_header

from feedmaker.bounces.kinds import kind_of
from feedmaker.bounces.odd import failed_addresses
from feedmaker.bounces.parts import Fields, Pieces, fields_of, first, take_apart
from feedmaker.bounces.report import Kind, Report, key_of
from feedmaker.text import plain_line

_REPORT_LIMIT = 100
_DIAGNOSIS_LIMIT = 300
_TEXT_LIMIT = 64 * 1024
_IN_ADDRESS = r"[^\s<>()\[\],;:\"@\x00-\x1f\x7f\ufffd]"
_ADDRESS = re.compile(rf"{_IN_ADDRESS}{{1,64}}@{_IN_ADDRESS}{{1,253}}")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,900}>")
_COPIED_ID = re.compile(r"^[> \t]{0,8}message-id:[ \t]*(<[!-;=?-~]{1,900}>)", re.IGNORECASE | re.MULTILINE)
_COPY_BEGINS = re.compile(
    r"^(?:-.*\b(?:copy|original message|below this line|forwarded)\b|(?:received|return-path|message-id):)",
    re.IGNORECASE | re.MULTILINE,
)
_OUR_HEADER = re.compile(r"^[> \t]*subject:", re.IGNORECASE | re.MULTILINE)
_WEB = re.compile(r"<(https?://[!-;=?-~]{1,900})>")
_LEAVE = re.compile(r"unsubscribe(?: ([\w.-]{1,200}))?", re.ASCII | re.IGNORECASE)
_TYPE = re.compile(r"^[\w.-]{1,40} ?; ?")
_UNICODE = re.compile(r"\\x\{([0-9A-Fa-f]{2,5})\}")

# Servers write into these, before To, the address for which they took a message.
_ARRIVED_AT = ("x-original-to", "delivered-to", "envelope-to", "x-envelope-to", "to", "cc")
_STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")
_COPY_TYPES = ("message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers")
_DAEMONS = ("mailer-daemon", "mailerdaemon", "mail-daemon", "postmaster")
_FEEDBACK: dict[str, Kind] = {"abuse": "complaint", "fraud": "complaint", "opt-out": "leave"}


@dataclass(frozen=True, slots=True)
class _About:
    """Hold what is known of the delivery that a message is about."""

    key: str | None
    message_id: str | None
    unsubscribe: str | None

    def report(self, kind: Kind, address: str | None, said: str) -> Report:
        """Report something of one recipient."""
        diagnosis = " ".join(plain_line(said[:_DIAGNOSIS_LIMIT]).split())
        return Report(kind, address, self.key, self.message_id, diagnosis, self.unsubscribe)


def reports_in(data: bytes, base: str) -> list[Report]:
    """Return what a message reports, one report for each recipient that it names; often none.

    `base` is the return path from which deliveries have theirs (`feedmaker.bounces.report.return_address`).
    Any bytes may be given. Whether a report is about a delivery of ours is for the caller to find out; where
    several are about the same one, an address that leads to several people is behind it.
    """
    message = take_apart(data)
    reports: Iterator[Report]
    if status := message.part(*_STATUS_TYPES):
        reports = _statuses(message, status.blocks(), base)
    elif feedback := message.part("message/feedback-report"):
        reports = _feedback(message, feedback.blocks(), base)
    elif _is_from_daemon(message):
        reports = _odd(message, data, base)
    else:
        reports = _leaving(message, base)
    return [report for _, report in zip(range(_REPORT_LIMIT), reports, strict=False)]


def _statuses(message: Pieces, blocks: Sequence[Fields], base: str) -> Iterator[Report]:
    """Read a delivery report (RFC 3464, 2.3); what is *delayed* may still arrive."""
    about = _about(message, base)
    for block in blocks:
        action = first(block, "action").lower()
        address = _recipient(block)
        if not {"final-recipient", "original-recipient"} & block.keys():
            continue
        if action.startswith(("delivered", "relayed", "expanded")):
            yield about.report("delivered", address, first(block, "status"))
        elif action.startswith(("fail", "error")):  # OpenSMTPD says error
            status = first(block, "status")
            said = _TYPE.sub("", first(block, "diagnostic-code")) or _told_of(message, address)
            yield about.report(kind_of(status, said), address, said or status)


def _recipient(block: Fields) -> str | None:
    """Return the address as we wrote it, or else the last one that the message had on its way."""
    for name in ("original-recipient", "final-recipient"):
        kind, _, value = first(block, name).rpartition(";")
        if kind.strip().lower() == "utf-8":  # RFC 6533, 3
            value = _UNICODE.sub(lambda found: chr(int(found[1], 16)), value)
        if address := _address(value):
            return address
    return None


def _feedback(message: Pieces, blocks: Sequence[Fields], base: str) -> Iterator[Report]:
    """Read a complaint (RFC 5965); what says that a message is no spam, or reports a virus, is none."""
    block = next((block for block in blocks if "feedback-type" in block), {})
    kind = _FEEDBACK.get(first(block, "feedback-type").lower())
    if kind is None:
        return
    about = _about(message, base, block.get("original-mail-from", ()))
    said = f"{first(block, 'feedback-type')}, says {first(block, 'user-agent') or 'somebody'}"
    for value in block.get("original-rcpt-to") or [""]:
        yield about.report(kind, _address(value), said)


def _odd(message: Pieces, data: bytes, base: str) -> Iterator[Report]:
    """Read a bounce without a form."""
    about = _about(message, base)
    for address in failed_addresses(data):
        said = _told_of(message, address)
        yield about.report(kind_of(None, said), _address(address), said)


def _is_from_daemon(message: Pieces) -> bool:
    sender = first(message.fields, "from").rpartition("<")[2].partition(">")[0].partition("@")[0]
    return "x-failed-recipients" in message.fields or sender.strip().lower() in _DAEMONS


def _leaving(message: Pieces, base: str) -> Iterator[Report]:
    """Read the mail to which List-Unsubscribe leads where there is no page.

    Its subject is one word, and mostly the reader's own token behind it. That is also what a program answers
    to such a mail, and then nobody wants to leave.
    """
    senders = list(_addresses(message.fields.get("from", ())))
    is_answer = first(message.fields, "auto-submitted").lower().startswith("auto-replied")
    asked = _LEAVE.fullmatch(" ".join(_subject(message).split()))
    if len(senders) == 1 and not is_answer and asked:
        about = _about(message, base)
        yield replace(about, unsubscribe=asked[1] or about.unsubscribe).report("leave", senders[0], "")


def _subject(message: Pieces) -> str:
    subject = first(message.fields, "subject")
    try:
        return str(make_header(decode_header(subject))).strip()
    except (MessageError, LookupError, ValueError):
        return subject


def _about(message: Pieces, base: str, more: Sequence[str] = ()) -> _About:
    """Find out which delivery a message is about; `more` are values that may hold its return address."""
    copied = message.part(*_COPY_TYPES)
    copy = fields_of(copied.content) if copied else {}
    arrived = [value for name in _ARRIVED_AT for value in message.fields.get(name, ())]
    returning = _addresses([*arrived, *copy.get("return-path", ()), *more])
    keys = (key_of(address, base) for address in returning)
    found = _WEB.search(first(copy, "list-unsubscribe"))
    return _About(next(filter(None, keys), None), _message_id(message, copy), found[1] if found else None)


def _message_id(message: Pieces, copy: Fields) -> str | None:
    """Return the id of the message that came back, or was answered."""
    for value in (first(copy, "message-id"), first(message.fields, "in-reply-to")):
        if found := _MESSAGE_ID.search(value):
            return found[0]
    texts = (part.text[:_TEXT_LIMIT] for part in message.parts if part.media_type.startswith("text/"))
    return next((found[1] for text in texts if (found := _COPIED_ID.search(text))), None)


def _told_of(message: Pieces, address: str | None) -> str:
    """Return the paragraphs in which a server tells people of one recipient, on one line."""
    told = message.part("text/plain")
    if told is None or not address:
        return ""
    text = told.text[:_TEXT_LIMIT]
    copy = _COPY_BEGINS.search(text)
    paragraphs = re.split(r"\n[ \t\r]*\n", text[: copy.start()] if copy else text)
    own = [text for text in paragraphs if address.lower() in text.lower() and not _OUR_HEADER.search(text)]
    return " ".join(" ".join(own).split())


def _address(text: str) -> str | None:
    return next(iter(_addresses([text])), None)


def _addresses(values: Iterable[str]) -> Iterator[str]:
    for value in values:
        yield from (found[0] for found in _ADDRESS.finditer(value))
