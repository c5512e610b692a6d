"""Runs that find what a process that was killed had claimed: they say so, and what comes next."""

from __future__ import annotations

import os
from datetime import datetime, timedelta

import pytest

from feedmaker.app.drafting import draft
from feedmaker.app.newsletters import stored
from feedmaker.app.people import add_subscribers
from feedmaker.app.project import Project
from feedmaker.app.reviewing import approve
from feedmaker.delivery.deliver import begin
from feedmaker.store import Lease
from tests.projects import FIRST, ProjectFolder
from tests.scheduling.ticking import tick

FRIDAY = datetime.fromisoformat("2026-11-06T09:00:00+00:00")
SOON = FRIDAY + timedelta(seconds=20)
MINUTE = timedelta(minutes=1)
SENDING = """\
jobs:
  - {name: letter, run: newsletter send, cron: "0 10 * * fri"}
"""
"""At 10:00 in Berlin it is 09:00 in UTC."""
SLUG = "2026-11-06"
NEXT = f"after 10:01:00 the next tick or `feedmaker newsletter send {SLUG}` finds out"


@pytest.fixture
def site(project: ProjectFolder) -> Project:
    """Make a project with an issue that is approved for Friday, and three who get it."""
    project.schedule(SENDING)
    os.utime(project.root / "schedule.yaml", (0, FIRST.timestamp()))
    project.note("fog")
    project.build(FIRST)
    project.note("bells")
    opened = project.open()
    add_subscribers(opened, [f"{name}@example.org" for name in ("ada", "bo", "cy")], FIRST)
    assert draft(opened, FRIDAY - MINUTE).issue
    approve(opened, "latest", FRIDAY - MINUTE, FRIDAY)
    return opened


def claim(site: Project, number: int) -> None:
    """Claim deliveries as a process does that is killed over them at nine."""
    with stored(site) as store:
        (issue,) = store.issues()
        assert begin(store, issue, site.config(), FRIDAY, FRIDAY)
        lease = Lease("dead", FRIDAY, FRIDAY + MINUTE)
        assert len(store.claim_deliveries(issue.id, lease, FRIDAY, number)) == number


def test_run_sends_the_rest_and_says_what_it_left_alone(site: Project) -> None:
    """What nobody has claimed goes out; of the others the summary says why, and when that ends."""
    claim(site, 2)

    (outcome,) = tick(site, SOON)

    assert outcome.summary == (
        f"sent {SLUG} to 1; 2 of 3 are still to go; "
        f"2 attempts of another process may still be on their way; {NEXT}"
    )
    assert not outcome.failed


def test_run_that_finds_nothing_else_says_it_too(site: Project) -> None:
    """Where all that is left is claimed there is nothing to send, and the reason is told."""
    claim(site, 3)

    (outcome,) = tick(site, SOON)

    assert outcome.summary.startswith("nothing to send: no episode is new")
    assert outcome.summary.endswith(
        f"; of {SLUG}, 3 attempts of another process may still be on their way; {NEXT}"
    )


def test_after_the_claim_nothing_is_said_of_it(site: Project) -> None:
    """The next tick finds out, as was said."""
    claim(site, 3)
    tick(site, SOON)

    (outcome,) = tick(site, FRIDAY + 2 * MINUTE)

    assert outcome.summary == f"sent {SLUG} to 3"
