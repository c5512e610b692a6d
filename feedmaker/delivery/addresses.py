"""Addresses of subscribers: checked, and written the one way in which two of them can be compared."""

from __future__ import annotations

from unicodedata import normalize

from feedmaker.errors import UsageError


def normalise(address: str) -> str:
    """Return the address in lower case, the domain of other scripts as punycode.

    Letters before the @ may by RFC 5321 differ in case, but no mail service lets them, and two spellings
    would be two mails to one person. Letters of other scripts stay there (RFC 6531), in Unicode's composed
    form. Nothing is looked up. Raises `UsageError` for what is no address.
    """
    from email_validator import EmailNotValidError, validate_email

    try:
        valid = validate_email(address.strip(), check_deliverability=False, strict=True)
    except EmailNotValidError as error:
        raise UsageError(f"{address!r} is no address that mail can be sent to: {error}") from error
    return f"{normalize('NFC', valid.local_part.lower())}@{valid.ascii_domain.lower()}"


def domain_of(address: str) -> str:
    """Return the domain of a normalised address."""
    return address.rpartition("@")[2]
