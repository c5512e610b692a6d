"""No test is passed over: every file of tests is found by a plain `pytest`."""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).parent


def test_every_file_is_collected(request: pytest.FixtureRequest) -> None:
    """No folder of tests has a name that pytest passes over by itself, as it does with `build`."""
    passed_over = request.config.getini("norecursedirs")
    folders = {folder for file in TESTS.rglob("test_*.py") for folder in file.relative_to(TESTS).parts[:-1]}

    assert folders
    assert not [folder for folder in folders for pattern in passed_over if Path(folder).match(pattern)]
