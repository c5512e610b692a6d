"""Hubs beside a build: told of what has changed after it, and never in its way."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from feedmaker.scheduler.daemon import Daemon
from feedmaker.signs.log import Log
from feedmaker.signs.vitals import Vitals
from tests.conftest import Cli
from tests.projects import LATER, ProjectFolder
from tests.push.hub import Hub, listening

SITE = "https://lamp.example.org/notes/"


def with_hub(project: ProjectFolder, hub: Hub, more: str = "") -> None:
    """Save a schedule that names a hub, and a first note."""
    project.schedule(f"push:\n  hubs: {hub.address}\n{more}")
    project.note("fog")


def test_build_tells_hubs_of_every_feed_at_first(project: ProjectFolder, cli: Cli) -> None:
    """After the first build the hub knows each current feed in each format, and no archive."""
    with listening() as hub:
        with_hub(project, hub)

        done = cli("-C", project.root, "build")

    assert done.code == 0
    feeds = {f"{SITE}{name}" for name in ("feed.xml", "atom.xml", "feed.json")}
    assert feeds <= set(hub.topics)
    assert all("archive" not in topic for topic in hub.topics)
    assert len(hub.topics) == len(set(hub.topics))


def test_unchanged_feeds_are_not_announced(project: ProjectFolder, cli: Cli) -> None:
    """A build that changes no feed tells nobody."""
    with listening() as hub:
        with_hub(project, hub)
        cli("-C", project.root, "build")
        hub.told.clear()
        project.write("templates/site/style.css", "body { color: black }")

        done = cli("-C", project.root, "build")

    assert "style.css" in " ".join(project.files())
    assert (done.code, hub.told) == (0, [])


def test_hub_that_is_down_fails_no_build(project: ProjectFolder, cli: Cli) -> None:
    """The build is done, says who was not told, and the notice waits."""
    with listening() as hub:
        hub.status = 503
        with_hub(project, hub)

        done = cli("-C", project.root, "build")

    assert done.code == 0
    assert "could not tell" in done.err
    assert (project.public / "feed.xml").exists()
    assert f"{SITE}feed.xml" in (project.root / ".feedmaker" / "pings.json").read_text("utf-8")


def test_with_automatic_off_only_the_command_tells(project: ProjectFolder, cli: Cli) -> None:
    """Where the files are uploaded first, a build keeps quiet until `feedmaker ping`."""
    with listening() as hub:
        with_hub(project, hub, "  automatic: false\n")

        cli("-C", project.root, "build")
        before = list(hub.told)
        done = cli("-C", project.root, "ping")

    assert (before, done.code) == ([], 0)
    assert f"{SITE}feed.xml" in hub.topics


def test_idle_tick_tells_what_waits(project: ProjectFolder, cli: Cli) -> None:
    """What a build could not say is said by a later tick, even if no job is due."""
    with listening() as hub:
        with_hub(project, hub, "  automatic: false\n")
        cli("-C", project.root, "build")
        cli("-C", project.root, "tick")
        with_hub(project, hub)
        cli("-C", project.root, "tick")
        before = list(hub.told)

        done = cli("-C", project.root, "tick")

    assert (bool(before), done.code) == (True, 0)
    assert len(hub.told) == len(before)


def clock() -> datetime:
    """Stand still."""
    return LATER


def test_daemon_tells_hubs(project: ProjectFolder) -> None:
    """A daemon that has published a note tells the hub of it."""
    with listening() as hub:
        with_hub(project, hub)
        daemon = Daemon(project.open(), Log(None, clock), Vitals(clock), clock)
        hub.before = daemon.stop

        daemon.run(lambda **_: None, lambda: None)

    assert hub.told


def test_queue_that_cannot_be_written_is_a_warning(project: ProjectFolder, cli: Cli) -> None:
    """What stands in the way of the queue is said as hubs-not-told, and the feeds are published."""
    with listening() as hub:
        with_hub(project, hub)
        (project.root / ".feedmaker" / "pings.json").mkdir(parents=True)

        done = cli("-C", project.root, "build", "--json")

    faults = json.loads(done.out)["diagnostics"]
    assert [(fault["code"], fault["severity"]) for fault in faults] == [("hubs-not-told", "warning")]
    assert done.code == 0
    assert (project.public / "feed.xml").exists()


@pytest.mark.parametrize("format_", ["feed.xml", "atom.xml", "feed.json"])
def test_feeds_name_their_hubs(project: ProjectFolder, format_: str) -> None:
    """Each format says which hub tells of it."""
    with listening() as hub:
        with_hub(project, hub)
        project.build()

        assert hub.address in project.files()[format_].decode()
