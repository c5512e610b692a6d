"""The web server of the daemon, asked over real sockets, also by clients that misbehave."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPResponse
from select import select
from typing import Any

import pytest
from prometheus_client import REGISTRY
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open_metrics
from prometheus_client.parser import text_string_to_metric_families

from feedmaker import __version__
from feedmaker.errors import FeedmakerError, UsageError
from feedmaker.signs.health import MOST_AT_ONCE, Server, serve
from feedmaker.signs.vitals import BEAT_LIMIT, Vitals
from tests.docs.documents import ROOT, tables
from tests.signs.clocks import Clock

OPEN_METRICS = "application/openmetrics-text; version=1.0.0"


class Daemon:
    """Stand for a daemon: a clock, its vitals, and the server that tells of them."""

    def __init__(self, patience: float = 1.0) -> None:
        self.clock = Clock()
        self.vitals = Vitals(self.clock.now, self.clock.monotonic)
        self.server = serve("127.0.0.1:0", self.vitals, patience)

    def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[HTTPResponse, str]:
        """Ask for a path; return the answer and its body."""
        with closing(HTTPConnection(self.server.address, timeout=60)) as connection:
            connection.request(method, path, headers=headers)
            response = connection.getresponse()
            return response, response.read().decode()

    def health(self) -> tuple[int, dict[str, Any]]:
        """Return status and body of /healthz."""
        response, body = self.ask("/healthz")
        return response.status, json.loads(body)

    def figures(self) -> dict[str, float]:
        """Return all figures by name and labels."""
        _, body = self.ask("/metrics")
        return {
            sample.name
            + "".join(f" {name}={value}" for name, value in sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(body)
            for sample in family.samples
        }


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    """Serve the vitals of a daemon that just began."""
    made = Daemon()
    with closing(made.server):
        yield made


def busy(daemon: Daemon) -> None:
    """Let everything happen that there are figures for."""
    vitals = daemon.vitals
    vitals.plan({"publish": datetime(2027, 1, 1, tzinfo=UTC), 'a"b\\c\n': None})
    vitals.ended("publish", "done", 1.5)
    vitals.ended("publish", "failed", 0.5)
    vitals.ended('a"b\\c\n', "done", 1)
    vitals.ended("issue 2026-11-27", "done", 2)
    vitals.began("publish")
    vitals.built(published=12, held=1)
    vitals.watched(events=3, scans=2)
    vitals.count(open_faults=1, issues_waiting=2)


# /healthz


def test_healthy_daemon_answers_200(daemon: Daemon) -> None:
    """A daemon whose loop turns is ok, and says which version it is."""
    status, body = daemon.health()

    assert status == 200
    assert (body["status"], body["troubles"], body["version"]) == ("ok", [], __version__)
    assert body["started_at"] == "2026-11-27T09:00:00.000Z"


def test_stuck_daemon_answers_503_until_it_turns_again(daemon: Daemon) -> None:
    """What only a restart mends is no longer healthy, and the body says why."""
    daemon.clock.seconds = BEAT_LIMIT + 1
    status, body = daemon.health()
    assert (status, body["status"]) == (503, "stuck")
    assert "has not turned" in body["troubles"][0]

    daemon.vitals.beat()
    assert daemon.health()[0] == 200


def test_troubles_that_a_restart_does_not_mend_stay_200(daemon: Daemon) -> None:
    """A broken schedule and failing jobs are told, but a restart would only lose what still works."""
    daemon.vitals.schedule("schedule.yaml:3:1: error: no")
    daemon.vitals.ended("publish", "failed", 1)
    daemon.vitals.count(open_faults=1, issues_waiting=0)
    status, body = daemon.health()

    assert (status, body["status"]) == (200, "degraded")
    assert len(body["troubles"]) == 2
    assert body["schedule_fault"] == "schedule.yaml:3:1: error: no"
    assert body["jobs"]["publish"]["last_state"] == "failed"


def test_health_tells_what_is_known(daemon: Daemon) -> None:
    """The body has what runs, what is due, and what was counted."""
    busy(daemon)
    _, body = daemon.health()

    assert body["jobs"]["publish"]["running_since"] == "2026-11-27T09:00:00.000Z"
    assert body["jobs"]["publish"]["next_due"] == "2027-01-01T00:00:00.000Z"
    assert body["jobs"]["publish"]["runs"] == {"done": 1, "failed": 1}
    assert (body["notes_published"], body["notes_held"], body["issues_waiting"]) == (12, 1, 2)


# /metrics


def test_figures_are_what_happened(daemon: Daemon) -> None:
    """Each figure is there under its name, with its labels and its value."""
    busy(daemon)
    now = Clock.BEGINNING.timestamp()
    found = {name: value for name, value in daemon.figures().items() if name.startswith("feedmaker")}
    odd = 'a"b\\c\n'

    assert found == {
        f"feedmaker_build_info version={__version__}": 1,
        "feedmaker_beat_age_seconds": 0,
        "feedmaker_schedule_ok": 1,
        "feedmaker_open_faults": 1,
        "feedmaker_issues_waiting": 2,
        "feedmaker_last_build_timestamp_seconds": now,
        "feedmaker_notes state=published": 12,
        "feedmaker_notes state=held": 1,
        "feedmaker_watch_events_total": 3,
        "feedmaker_watch_scans_total": 2,
        "feedmaker_runs_total job_name=publish state=done": 1,
        "feedmaker_runs_total job_name=publish state=failed": 1,
        f"feedmaker_runs_total job_name={odd.partition(' ')[0]} state=done": 1,
        "feedmaker_runs_total job_name=issue state=done": 1,
        "feedmaker_run_duration_seconds_count job_name=publish": 2,
        "feedmaker_run_duration_seconds_sum job_name=publish": 2,
        f"feedmaker_run_duration_seconds_count job_name={odd}": 1,
        f"feedmaker_run_duration_seconds_sum job_name={odd}": 1,
        "feedmaker_run_duration_seconds_count job_name=issue": 1,
        "feedmaker_run_duration_seconds_sum job_name=issue": 2,
        "feedmaker_last_success_timestamp_seconds job_name=publish": now,
        f"feedmaker_last_success_timestamp_seconds job_name={odd}": now,
        "feedmaker_last_success_timestamp_seconds job_name=issue": now,
        "feedmaker_next_due_timestamp_seconds job_name=publish": datetime(2027, 1, 1, tzinfo=UTC).timestamp(),
        "feedmaker_run_start_timestamp_seconds job_name=publish": now,
    }


def test_what_is_not_known_has_no_figure(daemon: Daemon) -> None:
    """Before the first build there is no number of notes, rather than none."""
    found = daemon.figures()

    assert not [name for name in found if "notes" in name or "last_build" in name or "runs" in name]
    assert found["feedmaker_schedule_ok"] == 1


def test_broken_schedule_is_a_figure(daemon: Daemon) -> None:
    """An alert can be made of a schedule that does not load."""
    daemon.vitals.schedule("no")

    assert daemon.figures()["feedmaker_schedule_ok"] == 0


@pytest.mark.skipif(sys.platform != "linux", reason="figures of the process come from /proc")
def test_process_has_figures_too(daemon: Daemon) -> None:
    """Memory, time on the processor and open files can be watched."""
    found = daemon.figures()

    assert found["process_resident_memory_bytes"] > 1_000_000
    assert {"process_cpu_seconds_total", "process_open_fds", "process_start_time_seconds"} <= set(found)


def test_figures_come_in_the_form_that_is_asked_for(daemon: Daemon) -> None:
    """Plain text by default, OpenMetrics for who prefers it; both can be parsed."""
    busy(daemon)
    plain, _ = daemon.ask("/metrics")
    response, body = daemon.ask("/metrics", Accept=OPEN_METRICS)
    names = {family.name for family in parse_open_metrics(body)}  # type: ignore[no-untyped-call]

    assert plain.getheader("Content-Type", "").startswith("text/plain; version=0.0.4")
    assert response.getheader("Content-Type", "").startswith("application/openmetrics-text")
    assert {"feedmaker_runs", "feedmaker_run_duration_seconds"} <= names


def test_other_registries_are_left_alone(daemon: Daemon) -> None:
    """Two daemons in a process do not get in each other's way, nor in anybody else's."""
    with closing(Daemon().server):
        assert not [family for family in REGISTRY.collect() if family.name.startswith("feedmaker")]


def test_prometheus_finds_no_fault(daemon: Daemon) -> None:
    """Prometheus's own checker takes the figures, their names and their types."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not installed, so the figures were NOT CHECKED by it")
    busy(daemon)
    _, body = daemon.ask("/metrics")
    ran = subprocess.run(
        [program, "check", "metrics"], input=body, text=True, capture_output=True, check=False
    )

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_every_figure_is_documented(daemon: Daemon) -> None:
    """The table of monitoring.md has each figure of ours, and no other."""
    busy(daemon)
    _, body = daemon.ask("/metrics")
    names = {line.split()[2] for line in body.splitlines() if line.startswith("# HELP feedmaker_")}
    rows = [row[0].strip("`") for row in tables((ROOT / "docs/monitoring.md").read_text("utf-8"))]

    assert {name.partition("{")[0] for name in rows if name.startswith("feedmaker_")} == names


# HTTP


@pytest.mark.parametrize("path", ["/healthz", "/metrics", "/nothing"])
def test_head_is_get_without_the_body(daemon: Daemon, path: str) -> None:
    """HEAD has status and headers of GET, and says how long the body would be."""
    get, body = daemon.ask(path)
    head, nothing = daemon.ask(path, "HEAD")

    assert nothing == ""
    assert head.status == get.status
    assert head.getheader("Content-Type") == get.getheader("Content-Type")
    assert int(head.getheader("Content-Length", "0")) == pytest.approx(len(body.encode()), abs=20)


@pytest.mark.parametrize("path", ["/", "/healthz/", "/healthz/../metrics", "/metrics.txt", "/%00"])
def test_other_paths_are_not_found(daemon: Daemon, path: str) -> None:
    """There are two paths, and nothing beside them."""
    assert daemon.ask(path)[0].status == 404


def test_query_changes_nothing(daemon: Daemon) -> None:
    """Parameters that a monitor adds are no other path."""
    assert daemon.ask("/healthz?verbose=1")[0].status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_other_methods_are_not_allowed(daemon: Daemon, method: str) -> None:
    """Nothing can be changed here, and the answer says what is possible."""
    response, _ = daemon.ask("/healthz", method)

    assert response.status == 405
    assert response.getheader("Allow") == "GET, HEAD"


def test_answers_are_dated_and_not_kept(daemon: Daemon) -> None:
    """No cache may keep how the daemon was."""
    for path in ("/healthz", "/metrics", "/nothing"):
        response, _ = daemon.ask(path)
        assert response.getheader("Cache-Control") == "no-store"
        assert abs(datetime.now(UTC) - parsedate_to_datetime(response.getheader("Date", ""))) < timedelta(
            minutes=1
        )
        assert response.getheader("Server") == "feedmaker"


def connect(server: Server) -> socket.socket:
    """Open a connection of our own."""
    host, _, port = server.address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=60)


def received(connection: socket.socket) -> bytes:
    """Read until the server hangs up."""
    data = b""
    with suppress(ConnectionError):
        while more := connection.recv(65536):
            data += more
    return data


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /healthz HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n", b"431"),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", b"414"),
        (b"GET /healthz HTTP/1.1\r\nX: " + b"y" * 70_000 + b"\r\n\r\n", b"431"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00\r\n\r\n", b"400"),
        (b"GET /healthz HTTP/9.9\r\n\r\n", b"505"),
    ],
    ids=["many headers", "long path", "long header", "nonsense", "TLS", "version"],
)
def test_unsound_requests_are_refused(
    daemon: Daemon, capfd: pytest.CaptureFixture[str], request_bytes: bytes, status: bytes
) -> None:
    """What is too large or no request is refused, and nothing is printed about it."""
    with connect(daemon.server) as connection:
        with suppress(ConnectionError):
            connection.sendall(request_bytes)
        answer = received(connection)

    assert status in answer.split(b"\r\n", 1)[0] or answer == b""
    assert daemon.health()[0] == 200
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("beginning", [b"", b"GET /healthz HTTP/1.1\r\nX-", b"G"])
def test_slow_clients_are_hung_up_on(daemon: Daemon, beginning: bytes) -> None:
    """Who does not say what they want in time, or says it letter by letter, is not waited for."""
    began = time.monotonic()
    with connect(daemon.server) as connection:
        connection.sendall(beginning)
        connection.settimeout(0.1)
        data = b"x"
        while data and time.monotonic() < began + 10:
            try:
                connection.sendall(b"a")
                data = connection.recv(1)
            except TimeoutError:
                continue
            except ConnectionError:
                data = b""

    assert 0.9 < time.monotonic() - began < 10


def hung_up_on(crowd: list[socket.socket]) -> int:
    """Count the connections that the server has closed."""
    return len(select(crowd, [], [], 0)[0])


def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so, for ten seconds at most."""
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_crowds_take_few_threads_and_then_leave() -> None:
    """Of many who connect few are listened to, and when those had their time others are answered again."""
    daemon = Daemon(patience=3.0)
    with closing(daemon.server), ExitStack() as stack:
        crowd = [stack.enter_context(connect(daemon.server)) for _ in range(3 * MOST_AT_ONCE)]
        until(lambda: hung_up_on(crowd) == 2 * MOST_AT_ONCE)
        until(lambda: hung_up_on(crowd) == 3 * MOST_AT_ONCE)
        assert daemon.health()[0] == 200


def test_nothing_is_left_when_it_is_closed() -> None:
    """Closing hangs up on everybody and frees the port."""
    daemon = Daemon()
    with connect(daemon.server) as connection:
        daemon.health()
        daemon.server.close()
        assert received(connection) == b""

    with closing(serve(daemon.server.address, daemon.vitals)) as again:
        assert again.address == daemon.server.address


# Addresses


def test_address_in_use_is_told(daemon: Daemon) -> None:
    """A second daemon at the same address hears why it cannot be, in words."""
    with pytest.raises(FeedmakerError, match="in use; name another address") as raised:
        serve(daemon.server.address, daemon.vitals)

    assert raised.value.exit_code == 1
    assert daemon.server.address in str(raised.value)


@pytest.mark.parametrize("address", ["no.such.host.invalid:9464", "192.0.2.1:9464"])
def test_address_of_another_machine_is_told(address: str) -> None:
    """What is no address of this machine is told as such."""
    with pytest.raises(FeedmakerError, match="cannot listen at") as raised:
        serve(address, Vitals(Clock().now))

    assert address in str(raised.value)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "9464",
        "localhost",
        "::1:9464",
        "[::1]",
        "a:b",
        "127.0.0.1:70000",
        "http://a:1",
        "a:1/x",
        "u@a:1",
        "a:",
    ],
)
def test_unsound_addresses_are_refused(address: str) -> None:
    """An address without a port, or with anything else in it, is refused with an example of a good one."""
    with pytest.raises(UsageError, match=r"such as 127\.0\.0\.1:9464"):
        serve(address, Vitals(Clock().now))


def test_without_a_host_only_this_machine_is_served() -> None:
    """A port alone is one of loopback."""
    with closing(serve(":0", Vitals(Clock().now))) as server:
        assert server.address.startswith("127.0.0.1:")


def test_ipv6_stands_in_brackets() -> None:
    """An address of IPv6 works, and is named as it is written."""
    try:
        server = serve("[::1]:0", Vitals(Clock().now))
    except FeedmakerError:
        pytest.skip("there is no IPv6 here, so it was NOT TRIED")
    with closing(server), closing(HTTPConnection(server.address, timeout=60)) as connection:
        connection.request("GET", "/healthz")
        assert connection.getresponse().status == 200
        assert server.address.startswith("[::1]:")


def test_prometheus_library_is_not_imported_unasked() -> None:
    """Who does not listen does not pay for the library."""
    script = "import sys, feedmaker.signs.health; sys.exit('prometheus_client' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode == 0
