"""A schedule that is tried out does what the real one would, and leaves the original as it is."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from feedmaker.app.newsletters import stored
from feedmaker.app.people import add_subscribers
from feedmaker.app.project import silent
from feedmaker.app.rehearsal import Rehearsal, rehearsing
from feedmaker.app.reviewing import approve
from feedmaker.errors import ConfigError, LockError, UsageError
from feedmaker.scheduler.simulate import Simulation, simulate
from feedmaker.timing import Timing
from tests.conftest import Cli
from tests.projects import FIRST, ROOT, SCHEDULE, ProjectFolder, run_process
from tests.scheduling.ticking import tick

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2027, 1, 1, tzinfo=BERLIN)
DAY = timedelta(days=1)
JOBS = """\
jobs:
  - {name: publish, run: build, every: 15 minutes}
  - {name: letter, run: newsletter send, when: fridays at 09:00}
"""


@pytest.fixture
def ready(project: ProjectFolder) -> ProjectFolder:
    """Make a folder that has published a note, with a reader and notes that wait for their times."""
    project.schedule(JOBS)
    project.note("old")
    project.build()
    add_subscribers(project.open(), ["reader@example.org"], FIRST)
    for day in (2, 5, 13):
        project.note(f"new{day}", keys=f"published: 2027-01-{day:02}T10:40:00+01:00")
    return project


def tried(project: ProjectFolder, days: int = 21, start: datetime = START) -> Simulation:
    """Try the schedule of a folder out."""
    return simulate(project.open(), start, start + days * DAY, silent)


def carried(simulation: Simulation) -> list[list[str]]:
    """Return what each issue carries, in the order in which they were approved."""
    found = [event for event in simulation.events if any(c.startswith("carries ") for c in event.changes)]
    return [[change.removeprefix("carries ") for change in event.changes] for event in found]


def snapshot(folder: Path) -> dict[str, tuple[Any, ...]]:
    """Return what can be known of all files and folders, but for when the state folder was changed."""
    found: dict[str, tuple[Any, ...]] = {}
    for path in [folder, *sorted(folder.rglob("*"))]:
        status = path.lstat()
        held = path.read_bytes() if path.is_file() else sorted(path.iterdir()) if path.is_dir() else ()
        when = 0 if path.name == ".feedmaker" else status.st_mtime_ns
        found[str(path)] = (status.st_mode, status.st_ino, status.st_nlink, status.st_size, when, held)
    return found


def leftovers(project: ProjectFolder) -> list[Path]:
    """Return the copies that are there."""
    return list((project.root / ".feedmaker").glob("simulation-*"))


def test_notes_come_out_at_their_times_and_are_mailed_once(ready: ProjectFolder) -> None:
    """A note that waits is published when its time comes, and the next letter carries it, no other does."""
    simulation = tried(ready)

    published = [
        (f"{event.time:%m-%d %H:%M}", change)
        for event in simulation.events
        for change in event.changes
        if change.startswith("new ")
    ]
    assert published == [
        ("01-02 10:40", "new episodes/new2.md"),
        ("01-05 10:40", "new episodes/new5.md"),
        ("01-13 10:40", "new episodes/new13.md"),
    ]
    assert carried(simulation) == [["New5", "New2"], ["New13"]]
    assert (simulation.published, simulation.drafted, simulation.sent, simulation.mails) == (3, 2, 2, 2)
    assert simulation.failed == 0


def test_draft_is_approved_at_once_and_goes_out(ready: ProjectFolder) -> None:
    """What waits for review counts as approved, which is told; then it goes out at its time."""
    events = [event for event in tried(ready, 14).events if f"{event.time:%m-%d %H:%M}" == "01-08 09:00"]

    assert [(event.job, event.state) for event in events] == [
        ("publish", "done"),
        ("letter", "done"),
        ("issue 2027-01-08", "approved"),
        ("issue 2027-01-08", "done"),
    ]
    assert events[2].summary == "for the simulation; it goes out Fri 2027-01-08 09:00 CET"
    assert events[3].summary == "sent 2027-01-08 to 1"


def test_without_review_a_letter_goes_out_by_itself(ready: ProjectFolder) -> None:
    """Where no review is wanted nothing is approved, and what an issue carries is told all the same."""
    ready.schedule("  review: false\n" + JOBS)

    simulation = tried(ready)

    assert carried(simulation) == [["New5", "New2"], ["New13"]]
    assert "approved" not in {event.state for event in simulation.events}
    assert simulation.sent == 2


def test_without_subscribers_the_reason_is_that_of_the_real_job(project: ProjectFolder) -> None:
    """A letter that nobody gets is not sent, for the reason that the real job would tell."""
    project.schedule(JOBS)
    project.note("one")

    simulation = tried(project)

    assert simulation.sent == simulation.drafted == 0
    said = {event.summary for event in simulation.events if event.job == "letter"}
    assert len(said) == 1
    assert said.pop().startswith("nothing to send: there are no subscribers")


def ticked(copy: Rehearsal, start: datetime, end: datetime) -> Iterator[tuple[datetime, str, str, str, int]]:
    """Run a tick at each due time there is, one after the other, approving what is drafted."""
    config = copy.config()
    now = start
    approved: set[str] = set()
    while now < end:
        for _ in range(2):
            for outcome in tick(copy, now):
                yield now, outcome.job, outcome.state, outcome.summary, len(outcome.changes)
            with stored(copy) as store:
                drafts = {issue.slug for issue in store.issues("draft")} - approved
            for slug in drafts:
                approve(copy, slug, now)
            approved |= drafts
        _, resolution = copy.survey(now)
        with stored(copy) as store:
            sending = [issue.due_at for issue in store.issues("approved")]
        jobs = [Timing(job, config.site.zone).next(now) for job in config.jobs]
        now = min(at for at in (end, *jobs, *resolution.waiting.values(), *sending) if at and at > now)


@pytest.mark.parametrize("broken", [False, True])
def test_same_comes_of_it_as_of_every_single_tick(ready: ProjectFolder, tmp_path: Path, broken: bool) -> None:
    """Runs that are only counted are those that a tick at each due time has done in vain."""
    more = "  - {name: digest, run: newsletter draft, cron: '30 18 * * mon'}\n"
    ready.schedule(JOBS.replace("15 minutes", "8 hours") + more)
    if broken:
        ready.note("broken", keys="dat: 2019")
    copy = Rehearsal(ready.copy(tmp_path / "copy").root)

    simulation = tried(ready, 12)

    expected = list(ticked(copy, START, START + 12 * DAY))
    events = [event for event in simulation.events if event.state != "approved"]
    counted: Counter[tuple[str, str, str]] = Counter()
    for event in events:
        counted[event.job, event.state, event.summary] += event.runs
    single = Counter((job, state, summary) for _, job, state, summary, _ in expected)
    # Each tick says again what is wrong with a note; a simulation once.
    for about in (counted, single):
        for key in [key for key in about if key[0] == "saved notes" and key[1] == "failed"]:
            about[key] = 1
    assert counted == single
    assert [(e.time, e.job, e.summary) for e in events if e.changes] == [
        (now, job, summary) for now, job, _, summary, changes in expected if changes
    ]


def test_same_simulation_is_the_same_twice(ready: ProjectFolder) -> None:
    """Nothing in the result hangs on chance, or on where the copy was."""
    ready.note("broken", keys="dat: 2019")

    first = tried(ready, 9)

    assert tried(ready, 9) == first
    assert "simulation-" not in repr([asdict(event) for event in first.events])


def test_original_is_left_as_it_is(ready: ProjectFolder) -> None:
    """Not a byte, a time stamp or a name in the folder is another one afterwards."""
    (ready.root / "episodes" / "linked.md").symlink_to("old.md")
    (ready.root / "episodes" / "dangling.md").symlink_to("nowhere.md")
    (ready.public / "own.html").write_text("mine")
    (ready.root / "outbox").mkdir()
    os.mkfifo(ready.root / "episodes" / "pipe.md")
    before = snapshot(ready.root)

    tried(ready)

    assert snapshot(ready.root) == before


def test_folder_that_has_never_been_used_stays_so(project: ProjectFolder) -> None:
    """A folder without a build has none afterwards."""
    project.schedule(JOBS)
    project.note("one")
    before = [(path, path.read_bytes()) for path in project.root.rglob("*") if path.is_file()]

    tried(project)

    assert [(path, path.read_bytes()) for path in project.root.rglob("*") if path.is_file()] == before
    assert not (project.root / ".feedmaker").exists()


def test_copy_knows_what_the_original_knows(ready: ProjectFolder) -> None:
    """The first build in a copy finds that nothing is to be done: no note is read again, no page written."""
    ready.remove("episodes/new2.md")
    ready.remove("episodes/new5.md")
    ready.remove("episodes/new13.md")
    ready.build()

    with rehearsing(ready.open()) as copy:
        report = copy.build(FIRST)

    assert (report.published, list(report.written)) == (1, [])


def test_public_folder_elsewhere_is_not_written_to(ready: ProjectFolder, tmp_path: Path) -> None:
    """Where public/ is a link to what a web server shows, the server goes on showing what it did."""
    shutil.move(ready.public, tmp_path / "www")
    ready.public.symlink_to(tmp_path / "www")
    before = snapshot(tmp_path / "www")

    assert tried(ready).published == 3
    assert snapshot(tmp_path / "www") == before


def test_nothing_gets_out(ready: ProjectFolder, tmp_path: Path) -> None:
    """Neither hubs, nor who is told of failures, nor a transport of the environment hears of a simulation."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/"
        told = f"push: {{hubs: '{address}'}}\nscheduler: {{notify: '{address}', ping: '{address}'}}\n"
        ready.schedule(told + JOBS)
        ready.note("broken", keys="dat: 2019")
        environ = {"FEEDMAKER_TRANSPORT": f"outbox:{tmp_path / 'mail'}", "FEEDMAKER_PING": address}
        span = ("--from", "2027-01-01", "--to", "2027-01-15")

        ran = run_process("simulate", *span, cwd=ready.root, environ=environ)

        server.settimeout(0.0)
        with pytest.raises(BlockingIOError):
            server.accept()
    assert ran.code == 1, ran.err
    assert "sent 2027-01-08 to 1" in ran.out
    assert not (tmp_path / "mail").exists()
    assert not (ready.root / "outbox").exists()
    assert not (ready.root / ".feedmaker" / "pings.json").exists()


@pytest.mark.parametrize(
    ("zone", "year", "clock", "moved"),
    [
        ("Europe/Berlin", 2027, "02:30", "2027-03-28 03:00 CEST"),
        ("America/New_York", 2027, "02:30", "2027-03-14 03:00 EDT"),
        ("Australia/Lord_Howe", 2027, "02:15", "2027-10-03 02:30 +11"),
        ("America/Sao_Paulo", 2017, "00:00", "2017-10-15 01:00 -02"),
    ],
)
def test_clocks_that_are_changed(
    project: ProjectFolder, zone: str, year: int, clock: str, moved: str
) -> None:
    """A daily job runs once on each day of a year, on the day of the gap when clocks have jumped over it."""
    jobs = f"jobs:\n  - {{name: daily, run: build, when: daily at {clock}}}\n"
    project.schedule(jobs, SCHEDULE.replace("Europe/Berlin", zone))
    start = datetime(year, 1, 1, tzinfo=ZoneInfo(zone))

    simulation = simulate(project.open(), start, start.replace(year=year + 1), silent)

    daily = [event for event in simulation.events if event.job == "daily" and event.due_at >= start]
    assert sum(event.runs for event in daily) == 365
    assert [f"{event.time:%Y-%m-%d %H:%M %Z}" for event in daily if event.moved] == [moved]
    assert {f"{event.time:%H:%M}" for event in daily if not event.moved and event.due_at == event.time} == {
        clock
    }


@pytest.mark.parametrize(("year", "letters"), [(2027, 53), (2028, 52)])
def test_year_has_as_many_letters_as_fridays(project: ProjectFolder, year: int, letters: int) -> None:
    """A weekly letter comes on each Friday of a year, at nine by the clocks of the site, in summer too."""
    project.schedule(JOBS)
    start = datetime(year, 1, 1, tzinfo=BERLIN)

    simulation = simulate(project.open(), start, start.replace(year=year + 1), silent)

    days = [start + timedelta(days=day) for day in range(366)]
    fridays = [day.replace(hour=9) for day in days if day.year == year and day.weekday() == 4]
    due = [event for event in simulation.events if event.job == "letter" and event.due_at >= start]
    assert sum(event.runs for event in due) == len(fridays) == letters
    assert (due[0].time, due[-1].until) == (fridays[0], fridays[-1])
    assert due[0].until is not None


def test_letters_of_a_year_carry_each_note_once(project: ProjectFolder) -> None:
    """Notes that come out through a year are each in one letter, the next, whatever the clocks do."""
    project.schedule(JOBS.replace("15 minutes", "1 day"))
    project.build()
    add_subscribers(project.open(), ["reader@example.org"], FIRST)
    for month in range(12):
        project.note(f"month{month}", keys=f"published: {START + timedelta(days=28 * month):%Y-%m-%d}")

    simulation = simulate(project.open(), START, START.replace(year=2028), silent)

    sent = [event.time for event in simulation.events if event.summary.startswith("sent ")]
    assert sent == [(START + timedelta(days=28 * month)).replace(hour=9) for month in range(12)]
    assert {f"{time:%Z}" for time in sent} == {"CET", "CEST"}
    assert carried(simulation) == [[f"Month{month}"] for month in range(12)]


def test_past_is_simulated_as_if_it_had_not_been(ready: ProjectFolder) -> None:
    """Runs that the log has of later times do not keep a simulation from doing them again."""
    for hour in range(12):
        tick(ready.open(), START + timedelta(hours=hour))
    assert tried(ready, 1).builds == 96


def test_end_is_not_part_of_it(ready: ProjectFolder) -> None:
    """What is due at the very end belongs to the next span, so that spans that meet count nothing twice."""
    noon = START + timedelta(hours=12)

    assert simulate(ready.open(), noon, noon + timedelta(hours=1), silent).builds == 4


@pytest.mark.parametrize("end", [START, START - DAY, START + 3660 * DAY])
def test_span_that_is_none_is_refused(ready: ProjectFolder, end: datetime) -> None:
    """A span that ends before it begins, or would take forever, is an error that says so."""
    with pytest.raises(UsageError, match="a simulation"):
        simulate(ready.open(), START, end, silent)


def test_broken_note_is_told_and_stops_nothing(ready: ProjectFolder, cli: Cli) -> None:
    """What is wrong with a note makes the exit code 1, and letters go out all the same."""
    ready.note("broken", keys="dat: 2019")

    ran = cli("-C", ready.root, "simulate", "--from", "2027-01-01", "--to", "2027-01-15")

    assert ran.code == 1
    assert "publish failed: 1 published: 1 with errors (episodes/broken.md) (" in ran.out
    assert "sent 2027-01-08 to 1" in ran.out


def test_broken_schedule_is_told_as_elsewhere(ready: ProjectFolder, cli: Cli) -> None:
    """A schedule with a fault is not tried out; the fault is told with its place."""
    ready.edit("schedule.yaml", "fridays", "frydays")
    with pytest.raises(ConfigError):
        tried(ready)

    ran = cli("-C", ready.root, "simulate")

    assert ran.code == cli("-C", ready.root, "build").code == 1
    assert "schedule.yaml:" in ran.err
    assert not leftovers(ready)


def test_damaged_lock_is_told(ready: ProjectFolder) -> None:
    """Without a lock that can be read nothing is tried out."""
    ready.write("feedmaker.lock", "{")

    with pytest.raises(LockError):
        tried(ready)
    assert not leftovers(ready)


def test_output_for_people(ready: ProjectFolder, cli: Cli) -> None:
    """Events stand a line each, with weekday and zone, what changed below them, and a sum at the end."""
    ran = cli("-C", ready.root, "simulate", "--from", "2027-01-01", "--to", "2027-01-09")

    assert ran.code == 0
    lines = ran.out.splitlines()
    assert "Sat 2027-01-02 10:40 CET  saved notes done: 2 published: 1 new" in lines
    assert lines[lines.index("Sat 2027-01-02 10:40 CET  saved notes done: 2 published: 1 new") + 1] == (
        "    new episodes/new2.md"
    )
    assert (
        "Sat 2027-01-02 10:45 CET  publish done: 2 published, nothing changed "
        "(288 times until Tue 2027-01-05 10:30 CET)" in lines
    )
    assert lines[-1] == (
        "In all: 768 builds, 2 notes published, 1 issue drafted, 1 sent in 1 mail, 0 failed. "
        "Nothing has happened: this was a simulation."
    )


def test_output_for_machines(ready: ProjectFolder, cli: Cli) -> None:
    """With --json each event is an object, and times carry the offset of the site."""
    ran = cli("-C", ready.root, "simulate", "--from", "2027-01-05", "--to", "2027-01-06T00:00", "--json")

    events = json.loads(ran.out)
    [new] = [event for event in events if "new episodes/new5.md" in event["changes"]]
    assert (new["time"], new["job"], new["state"]) == ("2027-01-05T10:40:00+01:00", "saved notes", "done")
    assert new["summary"] == "3 published: 1 new"
    assert sum(event["runs"] for event in events if event["job"] == "publish") == 96


def test_usual_span_is_the_next_thirty_days(project: ProjectFolder, cli: Cli) -> None:
    """Without times, a simulation begins now and ends thirty days later."""
    project.schedule("jobs:\n  - {name: nightly, run: build, when: daily at 03:00}\n")
    began = datetime.now(UTC)

    events = json.loads(cli("-C", project.root, "simulate", "--json").out)

    assert 29 <= sum(event["runs"] for event in events if event["due_at"] >= began.isoformat()) <= 31
    assert abs(datetime.fromisoformat(events[0]["time"]) - began) < DAY


@pytest.fixture
def endless(ready: ProjectFolder) -> Iterator[subprocess.Popen[bytes]]:
    """Simulate ten years of minutes in a process of its own, and wait until it is at it."""
    ready.schedule(JOBS.replace("15 minutes", "1 minute"))
    arguments = ("simulate", "--from", "2027-01-01", "--to", "2036-12-31")
    with subprocess.Popen(
        [sys.executable, "-m", "feedmaker", *arguments],
        cwd=ready.root,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        deadline = time.monotonic() + 30
        while not list((ready.root / ".feedmaker").glob("simulation-*/site/public/feed.json")):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        try:
            yield process
        finally:
            process.kill()


def test_killed_simulation_is_cleared_away_by_the_next(
    ready: ProjectFolder, endless: subprocess.Popen[bytes]
) -> None:
    """What a killed simulation has left keeps nothing from working; one that lives is left alone."""
    ready.schedule(JOBS)
    tried(ready, 1)
    assert len(leftovers(ready)) == 1

    endless.kill()
    endless.wait()
    ready.build()
    assert len(leftovers(ready)) == 1
    tried(ready, 1)

    assert not leftovers(ready)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_simulation_clears_up(
    ready: ProjectFolder, endless: subprocess.Popen[bytes], number: int
) -> None:
    """Ctrl-C and SIGTERM end a simulation, and its copy is gone."""
    endless.send_signal(number)

    assert endless.wait(30) == 130
    assert not leftovers(ready)
