"""All rules of the lint, by code. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

from feedmaker.lint import (
    agreement,
    apple,
    atom,
    chapters,
    common,
    dates,
    html,
    json_feed,
    json_text,
    network,
    opml,
    podcasting,
    prose,
    rss,
    served,
    xml_text,
)
from feedmaker.lint.findings import Rule

_MODULES = (
    *(xml_text, common, dates, rss, atom, json_text, json_feed, prose, html, apple, podcasting, chapters),
    *(opml, network, agreement, served),
)
RULES: Mapping[str, Rule] = {
    rule.code: rule for rule in chain.from_iterable(module.RULES for module in _MODULES)
}
"""Each rule by its code, in the order of docs/feed-rules.md."""
