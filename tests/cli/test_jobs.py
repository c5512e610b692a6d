"""`feedmaker jobs`: what each job runs, when, and its next times."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest

from feedmaker.app.jobs import plans
from feedmaker.config import parse_config
from tests.conftest import Cli
from tests.projects import SCHEDULE, ProjectFolder

JOBS = """
jobs:
  - {name: publish, run: build, when: every 15 minutes}
  - {name: nightly, run: build, at: "02:30"}
  - {name: letters, run: build, on: [tuesday, friday], at: "9:00"}
  - {name: sums, run: build, cron: "0 9 1 * *"}
"""


@pytest.fixture
def site(project: ProjectFolder) -> ProjectFolder:
    """Make a project with four jobs, in the sample's time zone."""
    project.schedule(JOBS)
    return project


def test_every_job_has_its_next_ten_times(site: ProjectFolder, cli: Cli) -> None:
    """Each job has a line that says what and when, and ten with weekday, local time and UTC."""
    done = cli("-C", site.root, "jobs")
    heads = [line for line in done.out.splitlines() if not line.startswith("  ")]
    times = [line for line in done.out.splitlines() if line.startswith("  ")]

    assert (done.code, done.err) == (0, "")
    assert heads == [
        "publish: build, every 15 minutes",
        "nightly: build, daily at 02:30",
        "letters: build, tuesday, friday at 09:00",
        "sums: build, cron 0 9 1 * *",
    ]
    assert len(times) == 40
    form = r"  [A-Z][a-z]{2} \d{4}-\d\d-\d\d \d\d:\d\d \S+ +\d{4}-\d\d-\d\d \d\d:\d\d UTC( .*)?"
    assert all(re.fullmatch(form, line) for line in times)


def test_named_jobs_are_shown_alone_and_for_machines(site: ProjectFolder, cli: Cli) -> None:
    """Names choose jobs, in the order of the schedule, and --json has the same times in two zones."""
    told = json.loads(cli("-C", site.root, "jobs", "sums", "nightly", "--json").out)

    assert [(plan["job"], plan["run"], plan["when"]) for plan in told] == [
        ("nightly", "build", "daily at 02:30"),
        ("sums", "build", "cron 0 9 1 * *"),
    ]
    for due in told[1]["next"]:
        assert datetime.fromisoformat(due["due_at"]) == datetime.fromisoformat(due["local"])
        assert due["due_at"].endswith("+00:00")
        assert "-01T09:00" in due["local"]


def test_unknown_name_is_wrong_usage(site: ProjectFolder, cli: Cli) -> None:
    """A name that no job has is told, with the nearest that one has."""
    done = cli("-C", site.root, "jobs", "nightli")

    assert (done.code, done.out) == (2, "")
    assert 'there is no job "nightli"; did you mean "nightly"?' in done.err


def test_schedule_without_jobs_says_so(project: ProjectFolder, cli: Cli) -> None:
    """Nothing is planned where there are no jobs."""
    project.schedule()

    assert cli("-C", project.root, "jobs").out == "schedule.yaml has no jobs\n"
    assert cli("-C", project.root, "jobs", "--json").out == "[]\n"


def test_times_that_clocks_jump_over_are_marked() -> None:
    """A due time that stands for a missing one is marked; it is local, and in UTC."""
    config = parse_config(SCHEDULE + JOBS)
    (plan,) = plans(config, ["nightly"], datetime(2026, 3, 28, 12, tzinfo=UTC))

    assert [(f"{due.local:%d %H:%M %Z}", f"{due.due_at:%H:%M}", due.moved) for due in plan.next[:2]] == [
        ("29 03:00 CEST", "01:00", True),
        ("30 02:30 CEST", "00:30", False),
    ]


def test_job_that_is_never_due_again_has_no_times() -> None:
    """At the end of the calendar there are fewer than ten times, and then none."""
    config = parse_config(SCHEDULE.replace("Europe/Berlin", "UTC") + JOBS)
    for now, left in [("9999-12-31T23:10", 3), ("9999-12-31T23:50", 0)]:
        (plan,) = plans(config, ["publish"], datetime.fromisoformat(now).replace(tzinfo=UTC))
        assert len(plan.next) == left
