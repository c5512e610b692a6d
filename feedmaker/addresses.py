"""Addresses of people: checked, and written the one way in which two of them can be compared. Pure."""

from __future__ import annotations

from unicodedata import normalize

from feedmaker.errors import UsageError

_MOST_SHOWN = 100
_NO_ADDRESS = "is no address that mail can be sent to"
# They stand for what could not be read or shown, or cannot be seen: nobody's address has one.
_NEVER_MEANT = frozenset("\ufffc\ufffd\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")


def normalise(address: str) -> str:
    """Return the address in lower case, the domain of other scripts as punycode.

    Letters before the @ may by RFC 5321 differ in case, but no mail service lets them, and two spellings
    would be two mails to one person. Letters of other scripts stay there (RFC 6531), in Unicode's composed
    form; letters that are only spelt like others, such as ß and ss, stay different. Nothing is looked up.
    Raises `UsageError` for what is no address.
    """
    from email_validator import EmailNotValidError, validate_email

    if not _NEVER_MEANT.isdisjoint(address):
        raise UsageError(f"{_shown(address)} {_NO_ADDRESS}: some of its letters were lost; write it anew")
    local, at, domain = address.strip().rpartition("@")
    try:
        # In small letters first: İ becomes two characters, and what is checked must be what is returned.
        small = normalize("NFC", local.lower())
        valid = validate_email(f"{small}{at}{domain}", check_deliverability=False, strict=True)
    except EmailNotValidError as error:
        raise UsageError(f"{_shown(address)} {_NO_ADDRESS}: {error}") from error
    return f"{valid.local_part}@{valid.ascii_domain.lower()}"


def domain_of(address: str) -> str:
    """Return the domain of an address, in small letters."""
    return address.rpartition("@")[2].lower()


def _shown(address: str) -> str:
    return repr(address if len(address) <= _MOST_SHOWN else f"{address[:_MOST_SHOWN]}…")
