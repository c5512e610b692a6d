"""What the publisher is told of an issue that waits: its facts, what to do, and the issue as text. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from feedmaker.config import Mailbox
from feedmaker.newsletter.fit import LIMIT
from feedmaker.newsletter.plain_text import WIDTH, wrap


def notice_text(slug: str, subject: str, preheader: str, text: str, size: int, cuts: Sequence[str]) -> str:
    """Write the notice: what waits, how it is approved, and the text part below."""
    facts = [
        wrap(f"Subject: {subject}", "  ", ""),
        wrap(f"Preheader: {preheader}", "  ", ""),
        f"Size: {size:,} of {LIMIT:,} bytes",
        *(wrap(f"Left out to fit: {cut}", "  ", "") for cut in cuts),
    ]
    commands = [
        f"  feedmaker newsletter approve {slug}",
        f"  feedmaker newsletter test {slug} YOUR-ADDRESS",
        f"  feedmaker newsletter edit {slug}",
        f"  feedmaker newsletter skip {slug}",
    ]
    return "\n".join(
        [
            wrap(f"Issue {slug} waits for your review; nobody has got it yet."),
            "",
            *facts,
            "",
            "Approve it, see it in your mail program, make it anew, or drop it:",
            "",
            *commands,
            "",
            "-" * WIDTH,
            "",
            text,
        ]
    )


def notice(
    sender: Mailbox, recipient: str, slug: str, text: str, *, message_id: str, date: datetime
) -> bytes:
    """Write the message that carries a notice, with CRLF; `date` has a zone."""
    message = EmailMessage(SMTP.clone(max_line_length=76))
    message["From"] = f"feedmaker <{sender.email}>"
    message["To"] = recipient
    message["Subject"] = f"Issue {slug} waits for your review"
    message["Date"] = format_datetime(date)
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text, cte="quoted-printable")
    return message.as_bytes()
