"""Secrets come from the environment or a file, and never show themselves."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from feedmaker.errors import UsageError
from feedmaker.secrets import Secret, secret


def test_value_comes_from_the_variable() -> None:
    """The variable itself holds the secret."""
    found = secret("SHIP", {"SHIP": "smtp://me:hunter2@example.org"})

    assert found
    assert found.reveal() == "smtp://me:hunter2@example.org"


def test_value_comes_from_the_named_file_without_its_last_line_feed(tmp_path: Path) -> None:
    """NAME_FILE names a file, as container platforms have it."""
    (tmp_path / "ship").write_text("hunter2\n", "utf-8")

    found = secret("SHIP", {"SHIP_FILE": str(tmp_path / "ship")})

    assert found
    assert found.reveal() == "hunter2"


@pytest.mark.parametrize("environ", [{}, {"SHIP": ""}, {"SHIP": " \n"}, {"SHIP_FILE": ""}])
def test_what_is_not_set_is_none(environ: dict[str, str]) -> None:
    """An empty variable counts as unset, as shells write it."""
    assert secret("SHIP", environ) is None


def test_both_at_once_are_refused(tmp_path: Path) -> None:
    """Nobody should have to guess which of two values holds."""
    with pytest.raises(UsageError, match="both SHIP and SHIP_FILE are set; keep one"):
        secret("SHIP", {"SHIP": "a", "SHIP_FILE": str(tmp_path)})


def test_unreadable_file_is_named(tmp_path: Path) -> None:
    """The text names the variable, the file and the reason."""
    with pytest.raises(UsageError, match=r"SHIP_FILE: cannot read .*nowhere: No such file"):
        secret("SHIP", {"SHIP_FILE": str(tmp_path / "nowhere")})


def test_file_that_is_no_text_is_named_without_its_content(tmp_path: Path) -> None:
    """A file of the wrong kind gives nothing of itself away."""
    (tmp_path / "ship").write_bytes(b"hunter2\xff")

    with pytest.raises(UsageError, match="is not text in UTF-8") as raised:
        secret("SHIP", {"SHIP_FILE": str(tmp_path / "ship")})

    assert "hunter2" not in str(raised.value)


def test_secret_never_shows_itself(caplog: pytest.LogCaptureFixture) -> None:
    """Printing, formatting, logging and a container's repr show stars."""
    value = Secret("hunter2")
    logging.getLogger("test").error("sent by %s", value)

    shown = [str(value), repr(value), f"{value}", f"{[value]}", "%s" % (value,), caplog.text]  # noqa: UP031

    assert all("hunter2" not in text and "***" in text for text in shown)
