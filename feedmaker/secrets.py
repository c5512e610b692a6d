"""Secrets, which come from the environment or a file and never show themselves.

Values such as an address with a password stand in a variable NAME, or in a file that NAME_FILE names, which
is how container platforms hand secrets over. They never stand in `schedule.yaml`, in messages or in logs.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from feedmaker.errors import UsageError


class Secret:
    """Hold a value that only `reveal` gives away; printing, formatting and logging show stars."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value itself, to be handed to whoever needs it and to nobody else."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('***')"

    __str__ = __repr__


def secret(name: str, environ: Mapping[str, str]) -> Secret | None:
    """Read the secret called `name` from the variable NAME, or from the file that NAME_FILE names.

    None where neither is set, or what is set is empty. White space around the value is dropped, for editors
    end files with a line feed. Raises `UsageError` where both are set or the file cannot be read.
    """
    value, path = environ.get(name), environ.get(f"{name}_FILE")
    if value and path:
        raise UsageError(f"both {name} and {name}_FILE are set; keep one of them")
    if path:
        value = _read(name, path)
    return Secret(value.strip()) if value and value.strip() else None


def _read(name: str, path: str) -> str:
    try:
        return Path(path).read_text("utf-8")
    except OSError as error:
        raise UsageError(f"{name}_FILE: cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"{name}_FILE: {path} is not text in UTF-8") from error
