"""One look at what is due, at a time that the test names."""

from __future__ import annotations

from datetime import datetime

from feedmaker.app.project import Project
from feedmaker.scheduler.runs import Terms
from feedmaker.scheduler.tick import Outcome
from feedmaker.scheduler.tick import tick as run_due


def tick(project: Project, now: datetime) -> list[Outcome]:
    """Do all that is due at a time, which the clock on the wall shows too."""
    return run_due(project, now, Terms(lambda: now))
