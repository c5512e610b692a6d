"""What all tests share: how hypothesis searches, a project folder, and the command line."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from feedmaker.cli import run
from tests.projects import ProjectFolder, Ran

# A busy machine is no fault; and what CI finds it must find again.
settings.register_profile("feedmaker", deadline=None)
settings.register_profile("ci", settings.get_profile("feedmaker"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "feedmaker")

Cli = Callable[..., Ran]


@pytest.fixture
def project(tmp_path: Path) -> ProjectFolder:
    """Make a project folder with a schedule and no notes."""
    made = ProjectFolder(tmp_path / "site")
    made.schedule()
    return made


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str]) -> Cli:
    """Run a command in this process."""

    def ran(*arguments: str | Path) -> Ran:
        capfd.readouterr()
        code = run([str(argument) for argument in arguments])
        return Ran(code, *capfd.readouterr())

    return ran
