"""The daemon as a service: how it stops, reads its schedule again, and shows from outside."""

from __future__ import annotations

import http.server
import json
import signal
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from feedmaker.app.drafting import draft
from feedmaker.app.newsletters import stored
from feedmaker.app.people import add_subscribers
from feedmaker.app.reviewing import approve
from feedmaker.worklock import exclusive
from tests.conftest import Cli
from tests.projects import SCHEDULE, ProjectFolder
from tests.scheduling.daemons import PATIENCE, Running, running, wait_for
from tests.servers import free_port

READERS = 400
OFTEN = "jobs:\n  - {name: often, run: build, every: 1 minute}\n"


def save_schedule(daemon: Running, more: str) -> None:
    """Save schedule.yaml as an editor does, in one step."""
    path = daemon.project.root / "schedule.yaml"
    beside = path.with_name(".schedule.new")
    beside.write_text(SCHEDULE + more, "utf-8")
    beside.replace(path)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_daemon_that_builds_ends_soon_and_leaves_nothing_half(
    project: ProjectFolder, number: signal.Signals
) -> None:
    """Told to stop while it builds, it exits with 0; the next build has all of it out."""
    project.note("bells")
    with running(project) as daemon:
        for count in range(600):
            project.note(f"burst-{count:03}")
        wait_for((project.public / ".feedmaker-new").exists, "the build")
        assert daemon.stop(number) == 0
        assert daemon.events()[-1]["event"] == "daemon.stopped"

    project.build(datetime.now(UTC))
    assert len(project.entries()) == 601
    assert project.build(datetime.now(UTC)).current


def test_daemon_that_sends_hands_back_between_messages(project: ProjectFolder, cli: Cli) -> None:
    """SIGTERM ends sending after a message; the next tick goes on at once, and nobody gets two."""
    now = datetime.now(UTC)
    project.schedule("jobs:\n  - {name: letter, run: newsletter send, cron: '0 9 1 1 *'}\n")
    project.build(now - timedelta(days=1))
    project.note("bells")
    site = project.open()
    readers = [f"reader-{count}@example.org" for count in range(READERS)]
    add_subscribers(site, readers, now)
    draft(site, now)
    slug = approve(site, "latest", now, at=now).slug
    outbox = project.root / "outbox" / slug

    with running(project) as daemon:
        wait_for(lambda: outbox.exists() and len([*outbox.iterdir()]) > 20, "some messages")
        assert daemon.stop() == 0
    first = {path.name: path.read_bytes() for path in outbox.glob("*.eml")}
    assert 20 < len(first) < READERS
    with stored(site) as store:
        assert store.counts(1).pending == READERS - len(first)
        [run] = [run for run in store.recent_runs(9) if run.job == f"issue {slug}"]
        assert (run.state, run.attempts) == ("running", 0)

    done = cli("-C", project.root, "tick")

    assert (done.code, done.err) == (0, "")
    assert f"issue {slug} done: sent {slug} to {READERS}" in done.out
    assert {path.name: path.read_bytes() for path in outbox.glob("*.eml") if path.name in first} == first
    assert len(list(outbox.iterdir())) == READERS


def test_schedule_is_taken_up_by_its_differences(project: ProjectFolder) -> None:
    """Saved or called for by SIGHUP: what is new, changed and gone is said, and what is new runs at once."""
    project.schedule(OFTEN)
    with running(project) as daemon:
        daemon.wait_for_event("run.done", "often done")
        save_schedule(daemon, OFTEN + "  - {name: second, run: build, every: 2 days}\n")
        daemon.wait_for_event("schedule.reloaded", "new: second")
        daemon.wait_for_event("run.done", "second done")
        save_schedule(daemon, "jobs:\n  - {name: second, run: build, every: 3 days}\n")
        said = daemon.wait_for_event("schedule.reloaded", "gone: often")
        assert "changed: second" in said["message"]

        daemon.process.send_signal(signal.SIGHUP)

        daemon.wait_for_event("schedule.reloaded", "the jobs are the same")
        with stored(project.open()) as store:
            runs = [run for run in store.recent_runs(99) if run.job == "second"]
            assert {run.attempts for run in runs} == {1}
            assert len({run.due_at for run in runs}) == len(runs)


def test_due_run_outlives_a_reload(project: ProjectFolder) -> None:
    """What is due while the folder is taken is not lost when the schedule is read again meanwhile."""
    with running(project) as daemon:
        wait_for((project.root / ".feedmaker" / "work.lock").exists, "the lock")
        with exclusive(project.root / ".feedmaker" / "work.lock"):
            save_schedule(daemon, OFTEN)
            daemon.wait_for_event("schedule.reloaded", "new: often")
            daemon.wait_for_event("work.busy")
            save_schedule(daemon, OFTEN + "  - {name: late, run: build, every: 7 days}\n")
            daemon.wait_for_event("schedule.reloaded", "new: late")
            assert "often" not in str(daemon.events("run.done"))

        daemon.wait_for_event("run.done", "often done")
        daemon.wait_for_event("run.done", "late done")


def test_broken_schedule_keeps_the_old_one_at_work(project: ProjectFolder) -> None:
    """It is said once; notes go out and what is due runs as before; and mended, it says so."""
    project.note("bells")
    with running(project) as daemon:
        daemon.wait_for_titles("Bells")
        with exclusive(project.root / ".feedmaker" / "work.lock"):
            save_schedule(daemon, OFTEN)
            daemon.wait_for_event("work.busy", "")
            save_schedule(daemon, "jobs: 3\n")
            assert "schedule.yaml:" in daemon.wait_for_event("schedule.broken")["message"]
            project.note("gulls")

        daemon.wait_for_titles("Bells", "Gulls")
        daemon.wait_for_event("run.done", "often done")
        assert len(daemon.events("schedule.broken")) == 1
        daemon.wait_for_event("fault.told", "schedule.yaml is broken")

        save_schedule(daemon, OFTEN)
        daemon.wait_for_event("schedule.mended")
        daemon.wait_for_event("fault.mended", "schedule.yaml is mended")
        assert len(daemon.events("fault.told")) == 1


def test_schedule_that_is_gone_is_a_broken_one(project: ProjectFolder) -> None:
    """The old one stays in force, with all that is due by it, and when the file is back that is said."""
    project.note("bells")
    with running(project) as daemon:
        daemon.wait_for_titles("Bells")
        with exclusive(project.root / ".feedmaker" / "work.lock"):
            save_schedule(daemon, OFTEN)
            daemon.wait_for_event("schedule.reloaded")
            aside = (project.root / "schedule.yaml").rename(project.root / "schedule.aside")
            daemon.wait_for_event("schedule.broken")
        daemon.wait_for_event("run.done", "often done")
        assert not daemon.events("run.failed")
        project.note("gulls")
        daemon.wait_for_titles("Bells", "Gulls")
        aside.rename(project.root / "schedule.yaml")
        daemon.wait_for_event("schedule.mended")


def test_signals_by_the_hundred_do_not_lock_the_daemon(project: ProjectFolder) -> None:
    """However fast SIGHUP comes, the daemon answers to it, publishes, and ends when told to."""
    project.note("bells")
    with running(project) as daemon:
        for _ in range(2000):
            daemon.process.send_signal(signal.SIGHUP)
        project.note("gulls")
        daemon.wait_for_titles("Bells", "Gulls")
        daemon.process.send_signal(signal.SIGHUP)
        assert daemon.stop() == 0


def asked(port: int, path: str) -> tuple[int, str]:
    """Ask the daemon over HTTP."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_health_and_figures_are_answered(project: ProjectFolder) -> None:
    """/healthz says that all is well, and /metrics what ran, in a form that Prometheus reads."""
    port = free_port()
    project.note("bells")
    project.schedule(OFTEN + f"scheduler: {{listen: '127.0.0.1:{port}'}}\n")
    with running(project) as daemon:
        daemon.wait_for_event("run.done", "often done")
        wait_for(lambda: "feedmaker_notes" in asked(port, "/metrics")[1], "the figures")

        code, body = asked(port, "/healthz")
        assert (code, json.loads(body)["status"]) == (200, "ok")
        families = {
            family.name: family for family in text_string_to_metric_families(asked(port, "/metrics")[1])
        }
        [sample] = [one for one in families["feedmaker_runs"].samples if one.labels["job_name"] == "often"]
        assert sample.labels["state"] == "done"
        assert sample.value >= 1
        assert asked(port, "/")[0] == 404

        save_schedule(daemon, "jobs: 3\n")
        daemon.wait_for_event("schedule.broken")
        code, body = asked(port, "/healthz")
        assert (code, json.loads(body)["status"]) == (200, "degraded")


@contextmanager
def systemd(path: Path) -> Iterator[list[str]]:
    """Listen as systemd does, and hand out what is heard."""
    heard: list[str] = []
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as listening:
        listening.bind(str(path))
        listening.settimeout(0.1)
        over = threading.Event()

        def listen() -> None:
            while not over.is_set():
                try:
                    heard.append(listening.recv(4096).decode())
                except TimeoutError:
                    continue

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield heard
        finally:
            over.set()
            thread.join()


def test_systemd_hears_how_the_daemon_is(project: ProjectFolder, tmp_path: Path) -> None:
    """Ready, alive, reloading and ready again, stopping: each at its time."""
    place = tmp_path / "notify"
    with systemd(place) as heard:
        environ = {"NOTIFY_SOCKET": str(place), "WATCHDOG_USEC": "400000"}
        with running(project, environ) as daemon:
            wait_for(lambda: heard.count("WATCHDOG=1") >= 3, "signs of life")
            assert [line for line in heard if line != "WATCHDOG=1"] == ["READY=1"]
            daemon.process.send_signal(signal.SIGHUP)
            wait_for(lambda: heard.count("READY=1") == 2, "the end of the reload")
            others = [line for line in heard if line != "WATCHDOG=1"]
            assert others[1].startswith("RELOADING=1\nMONOTONIC_USEC=")
            assert daemon.stop() == 0
        wait_for(lambda: "STOPPING=1" in heard, "the end")


def test_ping_address_is_asked(project: ProjectFolder) -> None:
    """While all is well the address is asked, at once after the start for the first time."""
    asked_for: list[str] = []

    class Switch(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked_for.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    server = http.server.HTTPServer(("127.0.0.1", 0), Switch)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        with running(project, {"FEEDMAKER_PING": f"http://127.0.0.1:{server.server_port}/key"}) as daemon:
            wait_for(lambda: asked_for, "the ping")
            assert asked_for == ["/key"]
            assert "key" not in daemon.log.read_text("utf-8")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
