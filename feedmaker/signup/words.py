"""What people are shown of an address and of the newsletter, where templates do not say it. Pure."""

from __future__ import annotations

from feedmaker.config import Config
from feedmaker.newsletter.issue import newsletter_of

MASK = "…"


def masked(address: str) -> str:
    """Show as much of an address as its owner needs to know it: a…@e….org for ann@example.org."""
    local, _, domain = address.rpartition("@")
    name, dot, ending = ".".join(map(_spelt, domain.split("."))).rpartition(".")
    return f"{_begun(local)}@{_begun(name)}{dot}{ending}" if dot else f"{_begun(local)}@{MASK}"


def _spelt(label: str) -> str:
    """Return a label of a domain in the letters that its owner knows it by (RFC 3492)."""
    try:
        return label[4:].encode("ascii").decode("punycode") if label.startswith("xn--") else label
    except UnicodeError:
        return label


def _begun(word: str) -> str:
    """Show the first sign, unless that gives the word away."""
    return f"{word[0]}{MASK}" if len(word) > 2 else MASK


def consent_text(config: Config) -> str:
    """Return what people agree to when they press the button: the publisher's words, or plain ones."""
    own = config.signup.consent if config.signup else None
    title = newsletter_of(config).title
    return own or f"Send me {title}. Each mail has a link by which I can leave at any time."
