"""What to do about a fault of the program itself: keep it for a report, say so in a sentence."""

from __future__ import annotations


def keep(error: BaseException) -> str:
    """Write an error with its traceback into a file of its own, and return a sentence that names the file."""
    import tempfile
    import traceback

    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="feedmaker-", suffix=".log", delete=False, encoding="utf-8", errors="backslashreplace"
        ) as file:
            traceback.print_exception(error, file=file)
    except OSError as failure:
        return f"a fault of the program ({error!r}); and there is no report of it: {told_by_disk(failure)}"
    return f"a fault of the program ({error!r}); please report {file.name}"


def told_by_disk(error: OSError) -> str:
    """Say in a line what the system said of which file."""
    return ": ".join(str(part) for part in (error.filename, error.strerror or error) if part)
