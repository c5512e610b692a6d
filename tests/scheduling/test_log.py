"""`feedmaker log` and `feedmaker status` say what ran, for how long, what it changed, and what comes next."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from feedmaker.app.newsletters import stored
from feedmaker.app.runlog import entries
from feedmaker.store import Ending, Fault, Lease
from tests.conftest import Cli
from tests.projects import ProjectFolder

MINUTE = timedelta(minutes=1)
NOW = datetime.now(UTC).replace(microsecond=0)
DUE = NOW - 30 * MINUTE
JOBS = """\
jobs:
  - {name: publish, run: build, every: 15 minutes}
  - {name: letter, run: newsletter send, on: friday, at: "09:00"}
"""


@pytest.fixture
def site(project: ProjectFolder) -> ProjectFolder:
    """Make a project with two jobs."""
    project.schedule(JOBS)
    return project


def ran(
    site: ProjectFolder, job: str, ending: Ending, *, due: datetime = DUE, late: timedelta = timedelta(0)
) -> None:
    """Take down a run."""
    begun(site, job, due=due, at=due + late)
    with stored(site.open()) as store:
        store.finish_run(job, due, "host:7:aa", due + late, ending)


def begun(site: ProjectFolder, job: str, *, due: datetime, at: datetime) -> None:
    """Take down that a run has begun."""
    with stored(site.open()) as store:
        store.claim_run(job, due, at, Lease("host:7:aa", at, at + MINUTE))


def shown(text: str) -> str:
    """Leave out dates and times."""
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?|\d\d:\d\d:\d\d", "T", text)


def test_log_of_a_new_project_is_empty(cli: Cli, site: ProjectFolder) -> None:
    """Where nothing ran yet, the log says so."""
    assert cli("-C", site.root, "log").out == "nothing ran yet\n"
    assert cli("-C", site.root, "log", "--since", "1 day").out == "nothing ran in that time\n"


def test_log_says_what_ran_the_newest_first(cli: Cli, site: ProjectFolder) -> None:
    """Each run is a line with how it ended and how long it took, and what it changed stands below."""
    ran(site, "letter", Ending("skipped", "nothing to send: no subscribers", 0.25))
    ran(site, "publish", Ending("done", "2 published: 1 new", 1.5, ["new episodes/a.md"]), due=DUE + MINUTE)

    assert shown(cli("-C", site.root, "log").out).splitlines() == [
        "T  publish  done        1.5 s  2 published: 1 new",
        "    new episodes/a.md",
        "T  letter   skipped     0.2 s  nothing to send: no subscribers",
    ]


def test_log_bounds_what_a_run_changed(cli: Cli, site: ProjectFolder) -> None:
    """Of many changes the first are listed and the others counted."""
    ran(site, "publish", Ending("done", "27 new", 1.5, [f"new episodes/{n}.md" for n in range(27)]))

    lines = cli("-C", site.root, "log").out.splitlines()

    assert (len(lines), lines[-1]) == (12, "    … and 17 more")


def test_log_says_what_comes_after_a_failure(cli: Cli, site: ProjectFolder) -> None:
    """A failure is followed by what happens next: when the job is due, or what to do."""
    ran(site, "letter", Ending("failed", "no transport\nat all", 0.1))
    ran(site, "issue 2026-11-20", Ending("failed", "no transport", 0.1), due=DUE + MINUTE)
    ran(site, "old", Ending("failed", "no more", 0.1), due=DUE + 2 * MINUTE)

    lines = shown(cli("-C", site.root, "log").out).splitlines()

    assert lines[1] == "    next: nothing; old is not due any more"
    assert lines[3] == (
        "    next: what is left, if it was not stopped, goes out by itself; `feedmaker newsletter send "
        "2026-11-20` goes on, `feedmaker newsletter deliveries 2026-11-20` says who got it"
    )
    assert lines[5] == "    at all"
    assert re.fullmatch(r"    next: letter tries again on T CE?S?T", lines[6])


def test_log_says_how_late_a_run_was(cli: Cli, site: ProjectFolder) -> None:
    """A run that began long after its due time says when it was due; a few seconds are not worth a word."""
    ran(site, "publish", Ending("done", "late", 0.1), late=5 * MINUTE)
    ran(site, "letter", Ending("done", "on time", 0.1), late=timedelta(seconds=20))

    late, on_time = shown(cli("-C", site.root, "log").out).splitlines()

    assert late.endswith("late; was due T")
    assert on_time.endswith("on time")


def test_log_tells_what_runs_from_what_was_cut_off(cli: Cli, site: ProjectFolder) -> None:
    """A run is in the hands of a program as long as its claim lasts; after that somebody takes it over."""
    begun(site, "publish", due=DUE, at=DUE)
    now = datetime.now(UTC)
    begun(site, "letter", due=now, at=now)

    lines = shown(cli("-C", site.root, "log").out).splitlines()

    assert lines == [
        "T  letter   running            by host:7, whose claim lasts until T",
        "T  publish  cut off            by host:7, whose claim lasted until T",
        "    next: the next tick or daemon takes it over",
    ]
    status = shown(cli("-C", site.root, "status").out)
    assert "now   T  letter, running by host:7\n" in status
    assert "now   T  publish, cut off by host:7\n" in status


def test_run_that_was_taken_over_says_how_often_it_was_begun(cli: Cli, site: ProjectFolder) -> None:
    """After a process has died the log shows that the run took more than one attempt."""
    begun(site, "publish", due=DUE, at=DUE)
    ran(site, "publish", Ending("done", "well", 0.1), due=DUE, late=10 * MINUTE)

    assert "begun 2 times" in cli("-C", site.root, "log").out


def test_log_is_narrowed_by_job_time_and_number(cli: Cli, site: ProjectFolder) -> None:
    """--job, --since and -n choose; what is left out for its number alone is mentioned."""
    for number in range(5):
        ran(site, "publish", Ending("done", f"run {number}", 0.1), due=NOW - number * timedelta(days=1))
    ran(site, "letter", Ending("done", "sent", 0.1))
    log = "-C", site.root, "log"

    def summaries(*options: str) -> list[str]:
        return [run["summary"] for run in json.loads(cli(*log, "--json", *options).out)]

    assert summaries("--job", "letter") == ["sent"]
    assert summaries("--job", "publish", "--since", "50 hours") == ["run 0", "run 1", "run 2"]
    day = (NOW - timedelta(days=1, minutes=1)).isoformat()
    assert summaries("--since", day) == ["run 0", "sent", "run 1"]
    assert summaries("--since", (NOW - timedelta(days=99)).date().isoformat(), "-n", "2") == ["run 0", "sent"]
    few = cli(*log, "-n", "2")
    assert (len(few.out.splitlines()), few.err) == (
        2,
        "older runs are left out; `feedmaker log -n 4` shows more\n",
    )
    assert cli(*log, "-n", "6").err == ""


def test_log_as_json_has_all_there_is(cli: Cli, site: ProjectFolder) -> None:
    """Programs get each run with its times, its changes, its lateness and what comes next."""
    ran(site, "letter", Ending("failed", "no transport", 0.1, ["drafted 1"]), late=2 * MINUTE)

    (run,) = json.loads(cli("-C", site.root, "log", "--json").out)

    assert (run["state"], run["late"], run["changes"]) == ("failed", 120.0, ["drafted 1"])
    assert run["due_at"] == DUE.isoformat()
    assert run["next"].startswith("letter tries again on ")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--job", "lettr"], 'there is no job "lettr"; did you mean "letter"?'),
        (["--since", "lately"], '--since "lately" is no time'),
    ],
)
def test_log_refuses_what_it_cannot_find(
    cli: Cli, site: ProjectFolder, options: list[str], said: str
) -> None:
    """A job that is not there, or a time that is none, is an error that helps."""
    done = cli("-C", site.root, "log", *options)

    assert done.code == 2
    assert said in done.err


def test_log_cannot_steer_a_terminal(cli: Cli, site: ProjectFolder) -> None:
    """Control characters of file names and messages are written as escapes."""
    ran(site, "publish", Ending("done", "a\x1b[2Jb", 0.1, ["new \x1b[31m"]))

    assert "\x1b" not in cli("-C", site.root, "log").out


def test_run_handed_back_has_no_holder(cli: Cli, site: ProjectFolder) -> None:
    """What a program gave back when it was told to stop waits for the next one."""
    begun(site, "publish", due=DUE, at=DUE)
    with stored(site.open()) as store:
        store.give_back_run("publish", DUE, "host:7:aa")

    (entry,) = entries(site.open(), NOW, {}, 9)

    assert (entry.state, entry.next) == ("cut off", "the next tick or daemon takes it over")
    assert " by " not in cli("-C", site.root, "log").out.splitlines()[0]
    assert "publish, handed back" in cli("-C", site.root, "status").out


def test_status_says_what_fails_and_who_knows(cli: Cli, site: ProjectFolder) -> None:
    """The status lists faults that last with since when, and whether the publisher was told."""
    with stored(site.open()) as store:
        store.save_fault(Fault("letter", "a", "no transport\nat all", DUE, told_at=DUE, told=("mail",)))
        store.save_fault(Fault("saved notes", "b", "broken", NOW))
        store.save_fault(Fault("publish", "c", "over", NOW, DUE, mended_at=NOW, told=("mail",)))
    ran(site, "letter", Ending("failed", "no transport", 0.1))

    lines = shown(cli("-C", site.root, "status").out).splitlines()

    assert [line for line in lines if line.startswith("fault")] == [
        "fault T  letter  told T: no transport",
        "fault T  saved notes  not told: broken",
    ]
    assert any(
        re.fullmatch(r"next  T CE?S?T  letter  newsletter send; last T failed", line) for line in lines
    )
    data = json.loads(cli("-C", site.root, "status", "--json").out)
    assert [fault["job"] for fault in data["faults"]] == ["letter", "saved notes"]
    assert data["last"]["letter"]["state"] == "failed"
    assert data["running"] == []
    assert {"published", "held", "runs", "next"} <= data.keys()
