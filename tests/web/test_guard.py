"""Whom the preview answers, what it leaves alone, and how its process begins and ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from feedmaker.app.drafting import draft
from feedmaker.app.project import Project
from tests.projects import FIRST, LATER, ROOT, ProjectFolder, run_process
from tests.web.conftest import Served, serving

PLACES = ["", "preview.js", "api/state", "api/issue/next", "api/pages", "api/feed/", "api/notes"]


@pytest.mark.parametrize(
    "host", ["evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:{port}", ""]
)
def test_foreign_host_is_refused(served: Served, host: str) -> None:
    """A name that is not this machine's own, as one that was made to lead here, gets nothing to read."""
    for place in PLACES:
        answer = httpx.get(served.address + place, headers={"Host": host.format(port=served.port)})

        assert answer.status_code in (400, 403)
        assert "Keepers" not in answer.text


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_nothing_but_reading_is_answered(served: Served, method: str) -> None:
    """Every method that is not for reading is refused everywhere."""
    for place in PLACES:
        answer = httpx.request(method, served.address + place)

        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


def test_only_this_machine_can_reach_it(served: Served) -> None:
    """The preview listens on loopback, not on other addresses of the machine."""
    with socket.socket() as other:
        other.settimeout(1)

        assert other.connect_ex(("127.0.0.2", served.port)) != 0


def test_every_answer_has_a_strict_policy(served: Served) -> None:
    """The page runs its own script alone; what a frame shows runs nothing, and nothing is kept or shared."""
    frames = ["issue/light/next", "site/dark/index.html", "item/light/rss/0/"]
    for place in [*PLACES, *frames, "site/light/style.css", "message/next.eml", "nowhere"]:
        headers = httpx.get(served.address + place).headers
        policy = headers["content-security-policy"]

        assert policy.startswith("default-src 'none';")
        assert "unsafe-eval" not in policy
        assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        if place in frames:
            assert "script-src" not in policy
            assert "sandbox" in policy
            assert "allow-scripts" not in policy


@pytest.mark.parametrize(
    "path",
    [
        "../schedule.yaml",
        "..%2fschedule.yaml",
        "%2e%2e/schedule.yaml",
        "/etc/passwd",
        "episodes/bells.md",
        ".feedmaker/index.db",
    ],
)
def test_only_outputs_are_handed_out(served: Served, path: str) -> None:
    """Nothing is read from disk by a path of the browser: there are only outputs that a build would make."""
    answer = httpx.get(f"{served.address}site/light/{path}")

    assert answer.status_code == 404
    assert "Lighthouse" not in answer.text


@pytest.mark.parametrize(
    "place",
    [
        "issue/dim/next",
        "issue/light/2020-01-01",
        "item/light/rss/99/",
        "item/light/opml/0/",
        "item/light/rss/0/none",
        "message/none.eml",
    ],
)
def test_what_is_not_there_is_not_found(served: Served, place: str) -> None:
    """An unknown look, issue, item or feed is not found."""
    assert httpx.get(served.address + place).status_code == 404


def everything(root: Path) -> dict[str, tuple[bytes, int]]:
    """Read all files of a folder but the preview's own index, with their times."""
    return {
        path.relative_to(root).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in root.rglob("*")
        if path.is_file() and not path.name.startswith("preview.db")
    }


def test_nothing_is_published_sent_or_stored(project: ProjectFolder) -> None:
    """Looking at everything changes no file of the project: not public/, not the lock, not the state."""
    project.note("bells")
    project.build()
    project.note("lamps")
    assert draft(project.open(), FIRST).issue
    project.note("fog")
    before = everything(project.root)

    with serving(project) as served:
        for place in [
            *PLACES,
            "issue/light/next",
            "site/light/episodes/fog/",
            "site/light/feed.xml",
            "message/next.eml",
        ]:
            assert httpx.get(served.address + place).status_code == 200, place

    assert everything(project.root) == before


def test_folder_that_was_never_built_gets_no_more_than_an_index(project: ProjectFolder) -> None:
    """Without a build there is no lock, no output and no state database after a preview either."""
    project.note("bells")
    before = everything(project.root)

    with serving(project) as served:
        assert httpx.get(f"{served.address}api/issue/next").json()["fault"] is None

    assert everything(project.root) == before


# The process


@contextmanager
def started(project: ProjectFolder, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start `feedmaker preview`, wait until it says where it is, and hand out both."""
    process = subprocess.Popen(
        [sys.executable, "-m", "feedmaker", "-C", str(project.root), "preview", *options],
        cwd=project.root,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout
    try:
        line = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+/", line)
        assert found, line + process.stdout.read()
        yield process, found[0]
    finally:
        process.kill()
        process.stdout.close()
        process.wait(30)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_it_cleanly(project: ProjectFolder, number: signal.Signals) -> None:
    """SIGTERM and Ctrl-C end the preview with 0 and without complaint, even while a browser listens."""
    project.note("bells")
    with (
        started(project) as (process, address),
        httpx.stream("GET", f"{address}events", timeout=30) as events,
    ):
        lines = events.iter_lines()
        assert next(lines).startswith("data: ")
        process.send_signal(number)
        list(lines)
        said = process.stdout.read() if process.stdout else ""

        assert (process.wait(30), said) == (0, "")


def test_taken_port_is_refused_and_the_usual_one_gives_way(project: ProjectFolder) -> None:
    """A port that was asked for and is taken is an error; without one the next free port is taken."""
    with started(project) as (_, first), started(project) as (_, second):
        port = first.rstrip("/").rpartition(":")[2]
        ran = run_process("-C", project.root, "preview", "--port", port, cwd=project.root)

        assert first != second
        assert httpx.get(second).status_code == 200
        assert ran.code == 2
        assert f"port {port}" in ran.err
        assert "--port" in ran.err


def test_preview_follows_a_note_that_another_build_published(project: ProjectFolder) -> None:
    """A build beside the preview is seen: what it published as news is no longer new in time."""
    project.note("bells")
    project.build()
    with serving(project) as served:
        project.note("lamps")
        Project(project.root, {}).build(LATER)
        with httpx.stream("GET", f"{served.address}events", timeout=30) as events:
            for line in events.iter_lines():
                if line and httpx.get(f"{served.address}api/state").json()["notes"] == 2:
                    break
        issue = httpx.get(f"{served.address}api/issue/next").json()["value"]

    assert issue["kind"] == "next"
