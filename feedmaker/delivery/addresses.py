"""Addresses of subscribers: checked, and written the one way in which two of them can be compared."""

from __future__ import annotations

from feedmaker.errors import UsageError


def normalise(address: str) -> str:
    """Return the address in lower case and ASCII, the domain of other scripts as punycode.

    Letters before the @ may by RFC 5321 differ in case, but no mail service lets them, and two spellings
    would be two mails to one person. Nothing is looked up. Raises `UsageError` for what is no address.
    """
    from email_validator import EmailNotValidError, validate_email

    try:
        valid = validate_email(address.strip(), check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError as error:
        raise UsageError(f"{address!r} is no address that mail can be sent to: {error}") from error
    return (valid.ascii_email or valid.normalized).lower()
