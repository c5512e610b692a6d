"""`feedmaker ping` and what a build writes down for it, in a real project folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from feedmaker.app.pushing import is_due, next_due, note_changes, ping
from tests.conftest import Cli
from tests.projects import FIRST, ProjectFolder
from tests.push.hub import Hub, listening

ADDRESS = "https://lamp.example.org/notes/"


@pytest.fixture
def hub() -> Iterator[Hub]:
    """Run a hub."""
    with listening() as running:
        yield running


@pytest.fixture
def pushing(project: ProjectFolder, hub: Hub) -> ProjectFolder:
    """Configure a hub for the project."""
    project.schedule(f"push: {{hubs: '{hub.address}'}}\n")
    return project


def note(
    folder: ProjectFolder, *paths: str, podcasts: tuple[str, ...] = (), now: datetime = FIRST
) -> str | None:
    """Write down that feeds have changed, as a build does."""
    project = folder.open()
    return note_changes(project, paths, podcasts, project.config(), now)


def test_changed_feeds_are_told_by_their_addresses(pushing: ProjectFolder, hub: Hub) -> None:
    """Only the feeds that a build names are told of, each by its absolute address."""
    assert note(pushing, "feed.xml", "tags/sound.atom") is None

    outcomes = ping(pushing.open(), FIRST)

    assert hub.topics == [ADDRESS + "feed.xml", ADDRESS + "tags/sound.atom"]
    assert [outcome.state for outcome in outcomes] == ["told", "told"]


def test_nothing_waits_where_nobody_listens(project: ProjectFolder) -> None:
    """A project without push writes nothing down and asks nothing of a tick."""
    assert note(project, "feed.xml") is None

    assert not is_due(project.open(), FIRST)
    assert ping(project.open(), FIRST) == []
    assert not (project.root / ".feedmaker").exists()


def test_podcast_feeds_carry_their_medium(project: ProjectFolder, hub: Hub) -> None:
    """Podping hears what kind of recordings a podcast feed has."""
    project.schedule(
        "podcast: {image: art.jpg, category: Arts, medium: audiobook}\n"
        f"push: {{podping: '{hub.address}'}}\n"
    )
    note(project, "feed.xml", "podcast.xml", podcasts=("podcast.xml",))
    opened = project.open()
    opened.environ = {"FEEDMAKER_PODPING_TOKEN": "hunter2"}

    ping(opened, FIRST)

    assert [told.said for told in hub.told] == [
        {"reason": "update", "medium": "audiobook", "url": ADDRESS + "podcast.xml"}
    ]


def test_queue_that_cannot_be_written_is_a_warning(pushing: ProjectFolder) -> None:
    """A build goes on where the queue cannot be written, and says what that means."""
    pushing.write(".feedmaker/pings.json/in-the-way", b"")

    warning = note(pushing, "feed.xml")

    assert warning is not None
    assert warning.startswith("hubs will not hear of this build: ")
    assert "pings.json" in warning


def test_command_says_what_it_told(pushing: ProjectFolder, hub: Hub, cli: Cli) -> None:
    """The command prints a line for each service and ends with 0; a second call has nothing to do."""
    note(pushing, "feed.xml", "atom.xml")

    first = cli("-C", pushing.root, "ping")
    second = cli("ping", "-C", pushing.root)

    assert (first.code, first.err) == (0, "")
    assert first.out == f"told {hub.address} of 2 feeds\n"
    assert hub.topics == [f"{ADDRESS}atom.xml", f"{ADDRESS}feed.xml"]
    assert (second.code, second.out, second.err) == (0, "nothing to tell\n", "")


def test_command_says_what_failed_and_when_it_tries_again(pushing: ProjectFolder, hub: Hub, cli: Cli) -> None:
    """A failure is told on standard error with the next try, the exit code is 1, and the notice waits."""
    hub.status = 503
    note(pushing, "feed.xml", now=datetime.now(UTC))

    failed = cli("-C", pushing.root, "ping")
    again = cli("-C", pushing.root, "ping")

    assert (failed.code, failed.out) == (1, "")
    assert failed.err.startswith(
        f"could not tell {hub.address} of {ADDRESS}feed.xml: the answer was 503; next try "
    )
    assert (again.code, again.out.partition(";")[0]) == (0, "nothing to tell")
    assert "the next try is due" in again.out
    due = next_due(pushing.open())
    assert due is not None
    assert timedelta() < due - datetime.now(UTC) < timedelta(minutes=1)


def test_command_speaks_json(pushing: ProjectFolder, hub: Hub, cli: Cli) -> None:
    """Machines get every outcome as an object."""
    hub.status = 410
    note(pushing, "feed.xml")

    ran = cli("-C", pushing.root, "ping", "--json")

    assert ran.code == 1
    assert json.loads(ran.out) == [
        {
            "state": "dropped",
            "service": hub.address,
            "topic": ADDRESS + "feed.xml",
            "message": "the answer was 410",
            "due": None,
        }
    ]
    assert json.loads(cli("-C", pushing.root, "ping", "--json").out) == []
