"""What is known of how the daemon is."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from feedmaker.signs.vitals import BEAT_LIMIT, Vitals
from tests.signs.clocks import Clock


def test_daemon_that_just_began_is_well() -> None:
    """Nothing is wrong before anything has happened."""
    state = Vitals(Clock().now).state()

    assert state.troubles == []
    assert not state.is_stuck
    assert state.started_at == Clock.BEGINNING


def test_loop_that_stands_still_is_stuck_until_it_turns_again() -> None:
    """Without a beat for too long the daemon is stuck, however the time of day jumps."""
    clock = Clock()
    vitals = Vitals(clock.now, clock.monotonic)
    clock.seconds = BEAT_LIMIT
    clock.jump = timedelta(days=300)
    assert not vitals.state().is_stuck

    clock.seconds += 1
    assert vitals.state().is_stuck
    assert "has not turned for 61 seconds" in vitals.state().troubles[0]

    vitals.beat()
    assert vitals.state().troubles == []


def test_broken_schedule_and_open_faults_are_troubles_until_mended() -> None:
    """What people have to see to is named, and goes when it is mended."""
    vitals = Vitals(Clock().now)
    vitals.schedule("schedule.yaml:1:1: error: no")
    vitals.count(open_faults=2, issues_waiting=1)
    assert [trouble.split(";")[0] for trouble in vitals.state().troubles] == [
        "schedule.yaml is broken, and what it said before is in force",
        "open faults: 2",
    ]

    vitals.schedule()
    vitals.count(open_faults=0, issues_waiting=1)
    assert vitals.state().troubles == []


def test_runs_are_counted_by_how_they_ended() -> None:
    """A job knows its runs, how long they took, whether one works now, and when one did well last."""
    clock = Clock()
    vitals = Vitals(clock.now, clock.monotonic)
    vitals.began("publish")
    assert vitals.state().jobs["publish"].running_since == Clock.BEGINNING

    for state, seconds in (("done", 1.5), ("failed", 2.0), ("done", 0.5), ("failed", 1.0)):
        clock.seconds += 60
        vitals.ended("publish", state, seconds)
    job = vitals.state().jobs["publish"]

    assert job.running_since is None
    assert (job.runs, job.seconds) == ({"done": 2, "failed": 2}, 5.0)
    assert (job.last_state, job.ended_at) == ("failed", Clock.BEGINNING + timedelta(minutes=4))
    assert job.last_success == Clock.BEGINNING + timedelta(minutes=3)


def test_success_before_the_start_is_remembered() -> None:
    """What the record of runs knows counts until a run does well again."""
    earlier = datetime(2026, 1, 1, tzinfo=UTC)
    vitals = Vitals(Clock().now)
    vitals.remember("publish", earlier)
    vitals.ended("publish", "failed", 1)

    assert vitals.state().jobs["publish"].last_success == earlier


def test_issues_count_as_one_job() -> None:
    """However many issues go out, they take up the room of one."""
    vitals = Vitals(Clock().now)
    for number in range(1000):
        vitals.began(f"issue 2026-11-{number}")
        vitals.ended(f"issue 2026-11-{number}", "done", 1)

    assert list(vitals.state().jobs) == ["issue"]
    assert vitals.state().jobs["issue"].runs == {"done": 1000}


def test_jobs_that_left_the_schedule_are_forgotten() -> None:
    """A plan names all jobs; what is not in it goes, but for the issues, and what stays keeps its record."""
    vitals = Vitals(Clock().now)
    for job in ("publish", "letter", "issue 1"):
        vitals.ended(job, "done", 1)
    due = datetime(2027, 1, 1, tzinfo=UTC)
    vitals.plan({"publish": due, "new": None})
    jobs = vitals.state().jobs

    assert set(jobs) == {"publish", "issue", "new"}
    assert (jobs["publish"].runs, jobs["publish"].next_due) == ({"done": 1}, due)
    assert jobs["new"].next_due is None


def test_counts_add_up() -> None:
    """Events and scans are those since the beginning; a build says how many notes are out and held back."""
    vitals = Vitals(Clock().now)
    vitals.watched(events=3, scans=0)
    vitals.watched(events=5, scans=1)
    vitals.built(published=12, held=1)
    state = vitals.state()

    assert (state.watch_events, state.watch_scans) == (5, 1)
    assert (state.notes_published, state.notes_held, state.built_at) == (12, 1, Clock.BEGINNING)


def test_state_does_not_change_behind_the_back_of_who_reads_it() -> None:
    """A state that was handed out stays what it was."""
    vitals = Vitals(Clock().now)
    vitals.ended("publish", "done", 1)
    before = vitals.state()
    vitals.ended("publish", "done", 1)

    assert before.jobs["publish"].runs == {"done": 1}


def test_threads_lose_nothing() -> None:
    """What several threads tell at once is all counted."""
    vitals = Vitals(Clock().now)

    def work() -> None:
        for _ in range(500):
            vitals.ended("publish", "done", 1)
            vitals.state()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert vitals.state().jobs["publish"].runs == {"done": 2000}
