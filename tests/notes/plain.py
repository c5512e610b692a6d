"""Episodes as plain, readable data."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any

from feedmaker.model import Span


def to_plain(value: Any) -> Any:
    """Turn a value of the model into data for JSON, without what is absent; unmarked prose is a string."""
    if isinstance(value, tuple) and value and all(isinstance(item, Span) for item in value):
        return value[0].text if value == (Span(value[0].text),) else [to_plain(item) for item in value]
    if isinstance(value, tuple):
        return [to_plain(item) for item in value]
    if is_dataclass(value):
        members = ((field.name, getattr(value, field.name)) for field in fields(value))
        return {name: to_plain(item) for name, item in members if item not in (None, (), False)}
    return value.isoformat() if isinstance(value, date) else value
