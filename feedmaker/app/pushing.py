"""Telling hubs and podcast services that feeds have changed: writing it down in a build, sending it after.

Neither can fail a build: what goes wrong becomes a message, and what is not sent waits. An idle tick, which
mostly finds no file, imports nothing for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from feedmaker.app.project import Project
from feedmaker.errors import FeedmakerError

if TYPE_CHECKING:
    from feedmaker.config import Config
    from feedmaker.push import Outcome, State


def note_changes(
    project: Project, feeds: Iterable[str], podcasts: Iterable[str], config: Config, now: datetime
) -> str | None:
    """Write down that feeds have changed; return a warning where that failed or lost what waited.

    `feeds` are the paths below public/ of the feeds whose bytes a build has changed, in every format, without
    archives; `podcasts` are those among them that are podcast feeds. Call it after each build that wrote
    something, with no feeds too, so that services that are configured no longer are forgotten.
    """
    from feedmaker.push import queue

    site, medium = config.site.address, config.podcast.medium if config.podcast else "podcast"
    topics = [site + path for path in feeds]
    try:
        told = [site + path for path in podcasts]
        return queue(_queue_path(project), topics, config.push, told, now, medium)
    except FeedmakerError as error:
        return f"hubs will not hear of this build: {error}"


def is_due(project: Project, now: datetime) -> bool:
    """Tell whether there is somebody to tell now; costs one look at a file that mostly is not there."""
    due = next_due(project)
    return due is not None and due <= now


def next_due(project: Project) -> datetime | None:
    """Return when somebody is to be told next, or None where nothing waits."""
    path = _queue_path(project)
    if not path.exists():
        return None
    from feedmaker import push

    return push.next_due(path)


def ping(project: Project, now: datetime) -> list[Outcome]:
    """Tell whom it is time to tell, for ten seconds at most; what fails waits and is tried again later.

    Raises `OutputError` where the disk fails, and `BusyError` where another ping holds the file for long.
    """
    if not is_due(project, now):
        return []
    from feedmaker.push import deliver

    return deliver(_queue_path(project), now, project.environ)


def summed_up(outcomes: Sequence[Outcome]) -> list[tuple[State, str]]:
    """Say what became of notices, a line for each service and way to end, with that way."""
    from feedmaker import push

    return push.summed_up(outcomes)


def lines_of_ping(project: Project, now: datetime) -> list[str]:
    """Do what `ping` does, where that is to happen without being asked for, and say what came of it.

    No failure of it is raised.
    """
    try:
        if not is_due(project, now) or not project.config().push.automatic:
            return []
        return [line for _, line in summed_up(ping(project, now))]
    except FeedmakerError:
        return []  # what waits is still there, and the next build or tick tries again


def _queue_path(project: Project) -> Path:
    return project.state / "pings.json"
