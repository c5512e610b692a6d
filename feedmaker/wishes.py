"""What somebody may wish for, as people and files write it. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from feedmaker.errors import UsageError
from feedmaker.text import LANGUAGE_TAG, alike, meant

_KINDS = ("show", "tag")
_LANGUAGE = re.compile(LANGUAGE_TAG)
_MOST_SHOWN = 60


def parse_topic(text: str) -> str:
    """Return a topic as `show:NAME` or `tag:NAME`; raise `UsageError` for what is none."""
    kind, _, name = text.partition(":")
    kind, name = kind.strip().lower(), name.strip()
    if kind not in _KINDS or not name:
        raise UsageError(f"{_shown(text)} is no topic; write show:NAME or tag:NAME")
    return f"{kind}:{name}"


def unknown_topics(topics: Iterable[str], of_notes: Collection[str]) -> dict[str, str]:
    """Say of each topic that no note has, such as a show whose name is spelt otherwise, what may be meant."""
    known = set(map(alike, of_notes))
    return {
        topic: f"no note is of {topic} so far; {meant(topic, of_notes) or 'is it spelt as in the notes?'}"
        for topic in topics
        if alike(topic) not in known
    }


def parse_language(text: str) -> str:
    """Return a language tag such as en or pt-BR; raise `UsageError` for what is none."""
    tag = text.strip().replace("_", "-")
    if not _LANGUAGE.fullmatch(tag):
        raise UsageError(f"{_shown(text)} is no language tag such as en, de or pt-BR")
    return tag


def _shown(text: str) -> str:
    return repr(text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…")
