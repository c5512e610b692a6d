"""A due time has one result: whoever claimed it writes it down, and whoever died over it is followed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from feedmaker.app.newsletters import stored
from feedmaker.app.outcome import Done, Progress
from feedmaker.app.project import Project
from feedmaker.errors import BusyError
from feedmaker.scheduler.runs import MOST_ATTEMPTS, Interrupted, Runner, Terms
from feedmaker.scheduler.tick import Outcome, tick
from feedmaker.store import Ending, Lease, Run
from feedmaker.worklock import exclusive
from tests.conftest import Cli
from tests.projects import ProjectFolder

NINE = datetime(2026, 11, 27, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
JOBS = """\
jobs:
  - {name: publish, run: build, every: 15 minutes}
"""
PATIENCE = 30.0


@dataclass
class Clock:
    """Tell a time that the test sets."""

    now: datetime = NINE

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now


@dataclass
class Desk:
    """Hold a project and the clock that everybody in it goes by."""

    project: Project
    clock: Clock = field(default_factory=Clock)

    def runner(self, lease: timedelta = MINUTE) -> Runner:
        """Return what a process of its own would work with."""
        return Runner(self.project, lease, Terms(self.clock))

    def run(
        self, runner: Runner | None = None, work: Callable[[Progress], Done] | None = None
    ) -> Done | None:
        """Do the run of nine o'clock."""
        return (runner or self.runner()).run("publish", NINE, self.clock.now, work or well)

    def die(self) -> None:
        """Leave a run behind as a process does that is killed over it."""
        with stored(self.project) as store:
            owner = self.runner().owner
            lease = Lease(owner, self.clock.now, self.clock.now + MINUTE)
            assert store.claim_run("publish", NINE, self.clock.now, lease).owner == owner

    def record(self) -> Run:
        """Return what is known of the run."""
        with stored(self.project) as store:
            [found] = store.recent_runs(9)
            return found


def well(_progress: Progress) -> Done:
    """Do a piece of work."""
    return Done("well done")


def never(_progress: Progress) -> Done:
    """Fail the test, for nobody is to begin this."""
    raise AssertionError("the run was begun twice")


@pytest.fixture
def desk(project: ProjectFolder) -> Desk:
    """Make a project with a job."""
    project.schedule(JOBS)
    return Desk(project.open())


def test_run_has_one_result(desk: Desk) -> None:
    """What has run does not run again, whoever asks."""
    assert desk.run() is not None
    assert desk.run(work=never) is None
    assert desk.record().summary == "well done"


def test_run_that_somebody_works_on_is_refused(desk: Desk) -> None:
    """As long as the lease lives, a second one finds the run taken, says until when, and leaves no trace."""

    def work(_progress: Progress) -> Done:
        before = desk.record()
        desk.clock.now += MINUTE - SECOND
        with pytest.raises(BusyError) as found:
            desk.run(work=never)
        assert str(found.value) == (
            "another feedmaker is at work on publish and will say what came of it; "
            "should it have died, the first tick after 10:01:00 takes over"
        )
        assert desk.record() == before
        return Done("well done")

    assert desk.run(work=work) is not None
    assert desk.record().attempts == 1


def test_dead_run_is_taken_over_after_its_lease(desk: Desk) -> None:
    """A moment before, it is refused; then it is begun again, and both beginnings are counted."""
    desk.die()
    desk.clock.now += MINUTE - SECOND
    with pytest.raises(BusyError):
        desk.run(work=never)

    desk.clock.now += SECOND
    assert desk.run() is not None
    assert (desk.record().state, desk.record().attempts) == ("done", 2)


@pytest.mark.parametrize("fraction", [0.0, 0.001, 0.5, 0.999])
def test_lease_is_never_shorter_than_it_was_meant_to_be(desk: Desk, fraction: float) -> None:
    """Parts of a second do not cut a lease of one second short, nor make it longer than two."""
    desk.clock.now += timedelta(seconds=fraction)
    with stored(desk.project) as store:
        began = desk.clock.now
        store.claim_run("publish", NINE, began, Lease("first", began, began + SECOND))
        for passed in (0.0, 0.3, 0.6, 0.9, 0.99):
            now = began + timedelta(seconds=passed)
            run = store.claim_run("publish", NINE, now, Lease("second", now, now + SECOND))
            assert run.owner == "first", f"taken {passed} s after its beginning at {fraction}"
            assert run.is_held(now, SECOND)
        now = began + 2 * SECOND
        assert store.claim_run("publish", NINE, now, Lease("second", now, now + SECOND)).owner == "second"


def test_slow_run_that_lives_is_not_taken_over(project: ProjectFolder) -> None:
    """With a lease of a second, work of several seconds stays its owner's, whoever tries all the while."""
    project.schedule(JOBS)
    real = Terms(lambda: datetime.now(UTC))
    refused = []

    def work(_progress: Progress) -> Done:
        until = time.monotonic() + 2.5
        while time.monotonic() < until:
            other = Runner(project.open(), SECOND, real)
            with pytest.raises(BusyError):
                other.run("publish", NINE, NINE, never)
            refused.append(other.owner)
            time.sleep(0.05)
        return Done("slow but sure")

    done = Runner(project.open(), SECOND, real).run("publish", NINE, NINE, work)

    assert done is not None
    record = Desk(project.open()).record()
    assert (record.summary, record.attempts) == ("slow but sure", 1)
    assert len(refused) > 5


def test_owner_that_lost_its_lease_writes_nothing(desk: Desk) -> None:
    """Who was away for longer than the lease finds the run done, and leaves the result alone."""

    def work(_progress: Progress) -> Done:
        desk.clock.now += 10 * MINUTE
        assert desk.run(work=lambda _: Done("done by the second")) is not None
        return Done("done by the first")

    assert desk.run(work=work) is None
    assert desk.record().summary == "done by the second"


def test_owner_that_lost_its_lease_is_stopped(project: ProjectFolder) -> None:
    """Work that tells how it goes ends when its run is somebody else's, and hands nothing back."""
    project.schedule(JOBS)
    desk = Desk(project.open())
    taken = threading.Event()

    def work(progress: Progress) -> Done:
        desk.clock.now += MINUTE
        with stored(desk.project) as store:
            lease = Lease("second", desk.clock.now, desk.clock.now + MINUTE)
            assert store.claim_run("publish", NINE, desk.clock.now, lease).owner == "second"
        taken.set()
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            progress("sending", 1, 2)
            time.sleep(0.02)
        raise AssertionError("it was not stopped")

    with pytest.raises(Interrupted):
        desk.run(desk.runner(SECOND), work)
    assert taken.is_set()
    assert (desk.record().owner, desk.record().attempts) == ("second", 2)


@pytest.mark.parametrize("reason", [Interrupted(), BusyError("the folder is taken")])
def test_what_is_given_back_is_begun_at_once(desk: Desk, reason: Exception) -> None:
    """Nobody waits for a lease then, the clock may even have been put back, and no beginning is counted."""

    def work(_progress: Progress) -> Done:
        raise reason

    for _ in range(2 * MOST_ATTEMPTS):
        with pytest.raises(type(reason)):
            desk.run(work=work)
    desk.clock.now -= MINUTE / 2

    assert desk.run() is not None
    assert (desk.record().state, desk.record().attempts) == ("done", 1)


def test_run_is_given_up_after_five_deaths(desk: Desk) -> None:
    """What has ended every process is not begun again; it says so, and the next due time is another run."""
    for _ in range(MOST_ATTEMPTS):
        desk.die()
        desk.clock.now += MINUTE

    done = desk.run(work=never)

    assert done is not None
    assert (done.state, desk.record().state) == ("failed", "failed")
    assert "begun 5 times" in done.summary
    assert "the next due time tries again" in done.summary
    later = NINE + DAY
    assert desk.runner().run("publish", later, later, well) is not None


@pytest.mark.parametrize("back", [SECOND, 30 * SECOND, timedelta(hours=1), 5000 * DAY])
def test_clock_put_back_leaves_no_dead_run_for_ever(desk: Desk, back: timedelta) -> None:
    """Whatever the clock said when a process died, the run is free at most a lease later."""
    desk.die()
    desk.clock.now -= back
    try:
        desk.run()
    except BusyError:
        desk.clock.now += MINUTE + SECOND
        assert desk.run() is not None

    assert desk.record().state == "done"


@pytest.mark.parametrize("jump", [-timedelta(days=400), timedelta(hours=2), 5000 * DAY])
def test_clock_that_jumps_gives_a_living_run_one_result(desk: Desk, jump: timedelta) -> None:
    """Whoever takes a living run for dead then finds the folder taken, and the result is the first one's."""
    outcomes: list[Any] = []

    def work(_progress: Progress) -> Done:
        with desk.project.working(0):
            desk.clock.now += jump
            second = Desk(desk.project, desk.clock)
            with pytest.raises(BusyError):
                second.run(work=_in_the_folder(desk.project, never))
            return Done("done by the first")

    outcomes.append(desk.run(work=work))

    assert [done.summary for done in outcomes] == ["done by the first"]
    assert (desk.record().summary, desk.record().attempts) == ("done by the first", 1)
    assert desk.run(work=never) is None


def test_heart_that_beats_takes_back_what_was_taken_by_mistake(desk: Desk) -> None:
    """After a jump of the clock a sign of life renews the claim, so that no third one gets it."""
    first = desk.runner()
    with stored(desk.project) as store:
        lease = Lease(first.owner, NINE, NINE + MINUTE)
        store.claim_run("publish", NINE, NINE, lease)
        later = NINE + DAY
        store.claim_run("publish", NINE, later, Lease("second", later, later + MINUTE))
        store.give_back_run("publish", NINE, "second")

        assert store.renew_run("publish", NINE, Lease(first.owner, later, later + MINUTE))
        third = store.claim_run("publish", NINE, later, Lease("third", later, later + MINUTE))
        assert third.owner == first.owner
        assert not store.finish_run("publish", NINE, "second", later, Ending("done", "never", 0.1))
        assert store.finish_run("publish", NINE, first.owner, later, Ending("done", "mine", 0.1))


def _in_the_folder(project: Project, work: Callable[[Progress], Done]) -> Callable[[Progress], Done]:
    def locked(progress: Progress) -> Done:
        with project.working(0):
            return work(progress)

    return locked


def test_work_lock_held_by_hand_hands_the_run_back(desk: Desk, cli: Cli) -> None:
    """A tick that finds the folder taken ends with 75 and leaves the run to the next one, uncounted."""
    folder = desk.project.folder
    with exclusive(desk.project.state / "work.lock"):
        for _ in range(2 * MOST_ATTEMPTS):
            busy = cli("-C", folder, "tick", "--now", NINE.isoformat())
            assert (busy.code, busy.err) == (75, "")

    done = cli("-C", folder, "tick", "--now", NINE.isoformat())

    assert (done.code, done.out) == (0, "publish done: 0 published, no note changed\n")
    assert (desk.record().due_at, desk.record().attempts) == (NINE, 1)


def test_two_at_the_same_moment_do_it_once(desk: Desk) -> None:
    """Of many ticks that begin together one does the run, and none says that anything failed."""
    results: list[list[Outcome] | BusyError] = []
    together = threading.Barrier(6)

    def look() -> None:
        terms = Terms(desk.clock)
        together.wait()
        try:
            results.append(tick(desk.project, NINE, terms))
        except BusyError as error:
            results.append(error)

    threads = [threading.Thread(target=look) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    done = [outcome for result in results if isinstance(result, list) for outcome in result]
    assert len(results) == 6
    assert [(outcome.job, outcome.state) for outcome in done] == [("publish", "done")]
    assert (desk.record().due_at, desk.record().attempts) == (NINE, 1)
