"""Whether readers can leave with one click, as mail programs see it (RFC 8058). Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from feedmaker.config import Newsletter
from feedmaker.doctor.certificates import Certificate
from feedmaker.doctor.findings import Finding, finding, good
from feedmaker.newsletter.leaving import is_one_click, unsubscribe_address

NOBODY = "test"
"""A token that nobody has; it is also that of test messages."""


@dataclass(frozen=True, slots=True)
class Page:
    """Hold what a server answers, and where its redirects lead; `fault` says why it does not answer."""

    status: int = 0
    moved_to: str = ""
    fault: str = ""
    certificate: Certificate = field(default_factory=Certificate)


def asked_address(letter: Newsletter) -> str | None:
    """Return the address at which somebody without a token is shown the way out; None where a mail is."""
    return unsubscribe_address(letter, NOBODY) if is_one_click(letter) else None


def leaving_findings(letter: Newsletter, page: Page | None, now: datetime) -> Iterator[Finding]:
    """Look at the address, and at what a GET of it has found."""
    if page is None:
        yield finding("no-one-click", "readers leave by mail, not with one click")
        return
    shown = letter.unsubscribe
    if page.fault:
        yield finding("unsubscribe-unreachable", f"{shown} cannot be asked: {page.fault}")
    elif page.status >= 500:
        yield finding("unsubscribe-unreachable", f"{shown} answers with {page.status}")
    elif page.status >= 400:
        yield finding("unsubscribe-refuses", f"{shown} answers with {page.status}")
    elif page.moved_to:
        yield finding("unsubscribe-moves", f"{shown} redirects to {page.moved_to}")
    else:
        yield good("unsubscribe", f"{shown} answers; its certificate is {page.certificate.term}")
    if page.certificate.ends_soon(now):
        yield finding(
            "unsubscribe-certificate-ends", f"the certificate of {shown} is {page.certificate.term}"
        )
