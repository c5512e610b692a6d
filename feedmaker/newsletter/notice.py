"""What the publisher is told of an issue that waits: its facts, what to do, and the issue as text. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from feedmaker.newsletter.checks import Finding
from feedmaker.newsletter.fit import LIMIT
from feedmaker.newsletter.plain_text import WIDTH, wrap


def notice_text(
    kind: str,
    slug: str,
    subject: str,
    preheader: str,
    text: str,
    size: int,
    cuts: Sequence[str],
    findings: Sequence[Finding] = (),
) -> str:
    """Write the notice: what waits, what the checks find in it, how it is approved, and the text part.

    `kind` is Issue or Digest.
    """
    facts = [
        wrap(f"Subject: {subject}", "  ", ""),
        wrap(f"Preheader: {preheader}", "  ", ""),
        f"Size: {size:,} of {LIMIT:,} bytes",
        *(wrap(f"Left out to fit: {cut}", "  ", "") for cut in cuts),
        *(wrap(f"Found: {finding}", "  ", "") for finding in findings),
    ]
    commands = [
        f"  feedmaker newsletter approve {slug}",
        f"  feedmaker newsletter test {slug} YOUR-ADDRESS",
        f"  feedmaker newsletter edit {slug}",
        f"  feedmaker newsletter skip {slug}",
    ]
    return "\n".join(
        [
            wrap(f"{kind} {slug} waits for your review; nobody has got it yet."),
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
