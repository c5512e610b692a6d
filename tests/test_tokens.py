"""Tokens: made by a key for one purpose, and recognised as they were made and in no other way."""

from __future__ import annotations

import string

from hypothesis import given
from hypothesis import strategies as st

from feedmaker.tokens import Tokens

KEYS = ["5a" * 32, "c3" * 32]
WORDS = st.text(string.ascii_letters + string.digits + "_-", min_size=1, max_size=26)
SIGNS = string.ascii_letters + string.digits + "_-.="


@given(WORDS)
def test_token_is_recognised_for_its_purpose(word: str) -> None:
    """It brings its word back, by the key that made it, and is good for nothing else."""
    tokens = Tokens(KEYS)
    token = tokens.sign("reader", word)

    assert tokens.word("reader", token) == word
    assert tokens.word("confirm", token) is None
    assert Tokens(KEYS[:1]).word("reader", token) is None
    assert len(token) <= 70


@given(WORDS, st.data())
def test_token_that_was_changed_is_none(word: str, data: st.DataObject) -> None:
    """Another sign anywhere, one more or one less, makes it nobody's."""
    tokens = Tokens(KEYS)
    token = tokens.sign("reader", word)
    place = data.draw(st.integers(0, len(token)))
    end = data.draw(st.sampled_from([place, place + 1]))
    changed = token[:place] + data.draw(st.sampled_from(["", *SIGNS])) + token[end:]

    assert tokens.word("reader", changed) == (word if changed == token else None)


@given(st.text())
def test_no_text_makes_trouble(text: str) -> None:
    """Whatever stands in an address is not ours."""
    assert Tokens(KEYS).word("reader", text) is None


def test_old_keys_still_count() -> None:
    """The newest key signs; what the others have signed stays good as long as they are kept."""
    token = Tokens(KEYS[:1]).sign("reader", "word")

    assert Tokens(KEYS).word("reader", token) == "word"
    assert Tokens(KEYS[1:]).word("reader", token) is None
