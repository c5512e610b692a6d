"""What to do about a fault of the program itself: keep it for a report, say so in a sentence."""

from __future__ import annotations

import tempfile
import traceback


def keep(error: BaseException) -> str:
    """Write an error with its traceback into a file of its own, and return a sentence that names the file."""
    with tempfile.NamedTemporaryFile(
        "w", prefix="feedmaker-", suffix=".log", delete=False, encoding="utf-8"
    ) as file:
        traceback.print_exception(error, file=file)
    return f"a fault of the program ({error!r}); please report it with {file.name}"
