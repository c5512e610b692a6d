"""How readers leave: the address that stands in each message, with the reader's own token in it. Pure.

Whoever asks to leave is known by the token, so that a mail program can do it with one click (RFC 8058).
"""

from __future__ import annotations

from feedmaker.config import Config, Newsletter
from feedmaker.uri import is_web_address

TOKEN_SLOT = "\x7f"  # noqa: S105
"""Where a reader's token goes into an issue that is made for all: the control character DELETE.

No note can bring one along. `feedmaker.notes` shows control characters by signs that stand for them, and
`schedule.yaml` refuses them. So whatever a note says, nobody's token is filled into it.
"""

_WORD = "{token}"
_SUBJECT = "subject=unsubscribe"


def unsubscribe_address(letter: Newsletter, token: str) -> str:
    """Return where one reader leaves: the configured address, or a mail to the sender.

    A web address carries the token, in place of the word {token} or else as a parameter of that name. A mail
    carries it behind the word `unsubscribe`, where that is all its subject, for its sender proves nothing.
    """
    if not letter.unsubscribe or not is_one_click(letter):
        mail = letter.unsubscribe or f"mailto:{letter.sender.email}?{_SUBJECT}"
        return f"{mail}%20{token}" if mail.endswith(f"?{_SUBJECT}") else mail
    if _WORD in letter.unsubscribe:
        return letter.unsubscribe.replace(_WORD, token)
    page, mark, place = letter.unsubscribe.partition("#")
    joint = "" if page.endswith(("?", "&")) else "&" if "?" in page else "?"
    return f"{page}{joint}token={token}{mark}{place}"


def choosing_address(config: Config, token: str) -> str | None:
    """Return where one reader chooses what to get, or None where there is nothing to choose."""
    choosing = config.signup.choosing if config.signup else None
    return choosing.replace(_WORD, token) if choosing else None


def for_nobody(part: str) -> str:
    """Return a part of an issue for somebody who only looks at it, with a word where a token goes."""
    return part.replace(TOKEN_SLOT, "TOKEN")


def is_one_click(letter: Newsletter) -> bool:
    """Tell whether a mail program can unsubscribe a reader by itself; an address for mail does not do.

    The settings let only https pass, but for the pages of this machine itself, which are there to be tried.
    """
    return is_web_address(letter.unsubscribe or "")
