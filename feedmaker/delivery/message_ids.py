"""How messages are named: by what they carry, and a key that no other has, at the sender's domain. Pure."""

from __future__ import annotations

from hashlib import blake2b

from feedmaker.addresses import domain_of


def message_id(sender: str, name: str, key: str) -> str:
    """Return a Message-ID (RFC 5322, 3.6.4), which is as unique as the key."""
    return f"<{name}.{key}@{domain_of(sender)}>"


def made_id(sender: str, name: str, *facts: str) -> str:
    """Return a Message-ID whose key is made of facts, so that a repeat has the same."""
    return message_id(sender, name, blake2b("\n".join((name, *facts)).encode(), digest_size=16).hexdigest())
