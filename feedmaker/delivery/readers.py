"""Readers: whose token stands in the links of an issue."""

from __future__ import annotations

from feedmaker.store import Store, Subscriber
from feedmaker.tokens import Tokens


def reader_of(store: Store, tokens: Tokens, token: str) -> Subscriber | None:
    """Find whose token it is, signed with a key of the store's, or from mail of before there were keys."""
    word = tokens.word("reader", token)
    return store.subscriber_of_old(token) if word is None else store.subscriber_of(word)
