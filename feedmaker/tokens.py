"""Tokens in links: what says to a server who comes, and what they may do. Pure.

A token is a word that the store knows a subscriber by, signed for one purpose (HMAC with SHA-256). It cannot
be forged without a key of the store's, and one that was made for a purpose is good for no other. The newest
key signs; every key that is still kept is recognised, so that links in old mail work when keys change.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Literal

Purpose = Literal["reader", "confirm"]
"""A *reader* token stands in each message, to leave and to choose; *confirm* in the mail that asks for it."""

SIZE = 66
"""How many characters a *reader* token has: 22 of a word of the store's, a dot, and 43 of the signature."""


class Tokens:
    """Make and recognise tokens with the keys of a store, the newest last."""

    def __init__(self, keys: Sequence[str]) -> None:
        from itsdangerous import Signer

        def signer(purpose: str) -> Signer:
            return Signer(list(keys), salt=purpose, digest_method=sha256)

        self._signers = {purpose: signer(purpose) for purpose in ("reader", "confirm")}

    def sign(self, purpose: Purpose, word: str) -> str:
        """Return a token of letters, digits and - . _, by 44 of them longer than the word."""
        return self._signers[purpose].sign(word).decode("ascii")

    def word(self, purpose: Purpose, token: str) -> str | None:
        """Return the word of a token, or None for one that is not ours, or is for another purpose."""
        from itsdangerous import BadSignature, base64_decode, base64_encode

        try:
            word = self._signers[purpose].unsign(token).decode("ascii")
        except (BadSignature, UnicodeError):
            return None
        signature = token.rpartition(".")[2]
        # Base64 can be written in several ways; only the one that was signed is ours.
        return word if base64_encode(base64_decode(signature)).decode("ascii") == signature else None
