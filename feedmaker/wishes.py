"""What somebody may wish for, as people and files write it. Pure."""

from __future__ import annotations

import re

from feedmaker.errors import UsageError
from feedmaker.text import LANGUAGE_TAG

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


def parse_language(text: str) -> str:
    """Return a language tag such as en or pt-BR; raise `UsageError` for what is none."""
    tag = text.strip().replace("_", "-")
    if not _LANGUAGE.fullmatch(tag):
        raise UsageError(f"{_shown(text)} is no language tag such as en, de or pt-BR")
    return tag


def _shown(text: str) -> str:
    return repr(text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…")
