"""Any number of daemons and cron lines side by side run each due time once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from datetime import datetime, timedelta

from feedmaker.app.newsletters import stored
from feedmaker.app.people import add_subscribers
from feedmaker.store import Counts
from feedmaker.timing import Timing
from tests.projects import ROOT, SCHEDULE, ProjectFolder
from tests.scheduling import side_by_side
from tests.scheduling.side_by_side import ALL, START

DAYS = 30
EVERY = os.environ.get("FEEDMAKER_TEST_EVERY", "8 hours")
READERS = 3
JOBS = f"""\
jobs:
  - {{name: publish, run: build, every: {EVERY}}}
  - {{name: nightly, run: build, cron: "30 3 * * *"}}
  - {{name: letter, run: newsletter send, on: friday, at: "09:00"}}
"""


def test_month_of_two_daemons_and_a_cron_line(project: ProjectFolder) -> None:
    """All three begin on each due time at once; one of them does it, nothing fails, and no letter is doubled.

    FEEDMAKER_TEST_EVERY="15 minutes" makes more of it.
    """
    text = SCHEDULE.replace("postal_address", "review: false\n  postal_address")
    project.write("schedule.yaml", text + JOBS)
    os.utime(project.root / "schedule.yaml", (0, (START - timedelta(minutes=1)).timestamp()))
    project.build(START - timedelta(hours=2))
    add_subscribers(project.open(), [f"reader-{number}@example.org" for number in range(READERS)], START)

    command = [sys.executable, "-m", side_by_side.__name__, str(project.root), str(DAYS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

    told = [tuple(json.loads(line)) for line in done.stdout.splitlines()]
    assert [line for line in told if line[3] not in ("done", "skipped")] == []
    # Who sees an issue on its way may wait for it, to find that it was sent.
    waited = [line for line in told if line[1].startswith("issue ")]
    assert all(state == "skipped" and "is sent already" in summary for *_, state, summary in waited)
    by_job = Counter((job, due) for _, job, due, *_ in told if not is_extra(job))
    assert by_job == Counter((job, due.isoformat()) for job, due in dues(project))
    assert len({number for number, *_ in told}) == ALL, "not all of them took part"
    with stored(project.open()) as store:
        runs = store.recent_runs(100_000)
        counts = [store.counts(issue.id) for issue in store.issues()]
    assert Counter((run.job, run.due_at) for run in runs if not is_extra(run.job)) == Counter(dues(project))
    assert {run.attempts for run in runs} == {1}
    assert counts == [Counts(sent=READERS)] * 4
    assert len(list((project.root / "outbox").rglob("*.eml"))) == 4 * READERS
    assert len(project.items()) == DAYS


def is_extra(job: str) -> bool:
    """Tell whether a run was called for by something else than a job."""
    return job == "saved notes" or job.startswith("issue ")


def dues(project: ProjectFolder) -> list[tuple[str, datetime]]:
    """List all due times of the month."""
    config = project.open().config()
    before, end = START - timedelta(seconds=1), START + timedelta(days=DAYS, seconds=-1)
    timings = [Timing(job, config.site.zone) for job in config.jobs]
    return [(timing.job.name, due) for timing in timings for due in timing.between(before, end)]
