"""The loop of `feedmaker run`: jobs when they are due, and a build when a note is saved, until told to stop.

One thread watches the notes and builds. APScheduler wakes others, each for one job, so that a long
collection or a large issue keeps neither the notes waiting nor the other jobs. What is due, and that nobody
else does it too, is for `tick` to decide; so a wake-up too many does no harm, and one too few is made up for
by the next sweep.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC
from typing import Any

from feedmaker.app.outcome import constant, reasons
from feedmaker.app.project import BuildReport, Project
from feedmaker.app.pushing import lines_of_ping
from feedmaker.app.status import counts, last_successes
from feedmaker.config import Config, Job
from feedmaker.crash import keep, told_by_disk
from feedmaker.errors import BusyError, ConfigError, FeedmakerError, UsageError
from feedmaker.listing import EPISODES, LOCK, State, look
from feedmaker.scheduler.quiet import wait_until_quiet
from feedmaker.scheduler.runs import Clock, Flag, Interrupted, Terms
from feedmaker.scheduler.tick import Outcome, next_runs, publish, run_job, tick
from feedmaker.scheduler.watch import Watch
from feedmaker.settling import is_being_written
from feedmaker.signs.log import Event, Level, Log
from feedmaker.signs.vitals import Vitals
from feedmaker.timing import Timing

SWEEP_SECONDS = 20
_SOON = 2.0
# Whoever else works in the folder may take long; meanwhile other things can be seen to.
_PATIENCE = 5.0
_THREADS = 4
_SWEEP = "(sweep)"
_EVENTS: Mapping[str, tuple[Event, Level]] = {
    "done": ("run.done", "info"),
    "skipped": ("run.skipped", "info"),
    "failed": ("run.failed", "error"),
}


class Daemon:
    """Run jobs when they are due and build when a note is saved, until told to stop.

    `clock` returns the time, zoned.
    """

    def __init__(self, project: Project, log: Log, vitals: Vitals, clock: Clock) -> None:
        self.project = project
        self.log = log
        self.vitals = vitals
        self.terms = Terms(clock, _PATIENCE, begun=vitals.began, alive=vitals.beat, told=log.say)
        self._reloading = Flag()
        self._watch = Watch(project.folder, self._say_limited)
        self._scheduler = background_scheduler()
        self._schedule = project.schedule_state()
        self._config: Config | None = None
        self._build: BuildReport | None = None
        self._next_sweep = time.monotonic()
        self._busy = ""

    def stop(self) -> None:
        """Ask the daemon to end; what it is doing is finished, or handed back where that could take long."""
        self.terms.stopping.set()
        self._watch.wake()

    def reload(self) -> None:
        """Ask the daemon to read the schedule again."""
        self._reloading.set()
        self._watch.wake()

    def run(self, tell: Callable[..., object], turned: Callable[[], None]) -> None:
        """Work until `stop` is called; raise `ConfigError` where the schedule cannot be read at first.

        `tell` takes what systemd wants to know, such as READY=1; `turned` is called as the loop turns.
        """
        config = self.project.config()
        for job, succeeded_at in last_successes(self.project, config, self.terms.clock()).items():
            self.vitals.remember(job, succeeded_at)
        self._take_up(config)
        tell(READY=1)
        # Before there are threads: only then a build uses all cores.
        self._guarded(self._build_now)
        self._scheduler.start()
        try:
            self._loop(tell, turned)
        finally:
            tell(STOPPING=1)
            self.terms.stopping.set()
            self._scheduler.shutdown(wait=True)
            self._watch.close()

    def _loop(self, tell: Callable[..., object], turned: Callable[[], None]) -> None:
        built: list[State] = []
        while not self.terms.stopping.is_set():
            if self._is_to_reload():
                tell(RELOADING=1)
                self._reload()
                tell(READY=1)
            if self._watch.look() != built or self._may_be_whole():
                built = self._publish()
            self._sweep_again()
            self.vitals.watched(self._watch.events, self._watch.looks)
            self.vitals.beat()
            turned()
            left = self._next_sweep - time.monotonic()
            self._watch.wait(min(1.0, left) if self._build and self._build.writing else left)

    def _publish(self) -> list[State]:
        """Build once the notes have come to rest; return what was built, or nothing, to try again."""
        wait_until_quiet(self.project.folder)
        *edited, _ = self._watch.look()
        if not self._guarded(self._build_now):
            return []
        # The lock is a build's own work, and no news.
        return [*edited, look(str(self.project.lock_path), LOCK)]

    def _build_now(self) -> None:
        outcomes, self._build = publish(self.project, self.terms.clock(), self.terms)
        self._tell(outcomes)
        # In a thread of its own, for a hub may let us wait.
        self._scheduler.add_job(self._tell_hubs)

    def _sweep_again(self) -> None:
        """Let another thread sweep every so often, and at once after a change of the schedule.

        APScheduler sleeps by the clock on the wall, which may be put back by years; this also wakes it up.
        """
        if time.monotonic() >= self._next_sweep:
            self._next_sweep = time.monotonic() + SWEEP_SECONDS
            self._scheduler.add_job(self._sweep, id=_SWEEP, replace_existing=True)

    def _may_be_whole(self) -> bool:
        """Tell whether a note that was left out, because it was being written, may be taken now."""
        writing = self._build.writing if self._build else ()
        return any(not is_being_written(self.project.folder / path) for path in writing)

    def _is_to_reload(self) -> bool:
        """Tell whether the schedule was saved or is gone, or somebody asks.

        It is gone if it is missing twice: an editor may be replacing it.
        """
        before, self._schedule = self._schedule, self.project.schedule_state()
        if self._reloading.is_set():
            return True
        *_, was_there = before
        *_, is_there = self._schedule
        if is_there or was_there:
            return before != self._schedule and is_there
        return self.project.in_force is None

    def _reload(self) -> None:
        self._reloading.clear()
        try:
            config = Project(self.project.folder, self.project.environ).config()
        except FeedmakerError as error:
            self.project.in_force, self.project.schedule_fault = self._config, str(error)
            self._next_sweep = time.monotonic()
            self.vitals.schedule(str(error))
            self.log.say("schedule.broken", f"the schedule stays as it was:\n{error}", "error")
        else:
            self._take_up(config)
            self.project.in_force = None

    def _take_up(self, config: Config) -> None:
        """Take up a schedule by its differences: a job that is the same in it goes on as it was.

        What is due by now is due in the record of runs, whatever the scheduler knows of it, and the sweep
        that follows at once does it.
        """
        old = _plan(self._config)
        new = _plan(config)
        for name in old:
            if new.get(name) != old[name]:
                self._scheduler.remove_job(name)
        for job in config.jobs:
            if new[job.name] != old.get(job.name):
                self._scheduler.add_job(self._attend, Timing(job, config.site.zone), [job.name], id=job.name)
        self._next_sweep = time.monotonic()
        self._say_taken_up(list(new), _difference(old, new))
        self._config = config
        self.vitals.schedule()
        self._tell_next()

    def _say_taken_up(self, jobs: Sequence[str], difference: str) -> None:
        if self._config is None:
            names = ", ".join(jobs) or "none"
            self.log.say("schedule.loaded", f"watching {self.project.folder / EPISODES}; jobs: {names}")
        elif self.project.in_force is not None:
            self.log.say("schedule.mended", f"schedule.yaml can be used again: {difference}")
        else:
            self.log.say("schedule.reloaded", f"schedule.yaml read again: {difference}")

    def _attend(self, job: str) -> None:
        """Do one job, if it is due."""
        self._guarded(lambda: self._tell(run_job(self.project, job, self.terms.clock(), self.terms)))

    def _sweep(self) -> None:
        """Do all that is due and was not begun, for whichever reason, and tell hubs what they wait for."""
        self._guarded(lambda: self._tell(tick(self.project, self.terms.clock(), self.terms)))
        self._tell_hubs()

    def _tell_hubs(self) -> None:
        def tell() -> None:
            for line in lines_of_ping(self.project, self.terms.clock()):
                self.log.say("hub.told", line)

        self._guarded(tell)

    def _tell(self, outcomes: Iterable[Outcome]) -> None:
        for one in outcomes:
            self._busy = ""
            self.vitals.ended(one.job, one.state, one.seconds)
            head = f"{one.job} {one.state}: {one.summary} ({one.seconds:.1f} s)"
            said = "\n".join([head, *reasons(one.summary, one.causes)])
            event, level = _EVENTS[one.state]
            self.log.say(
                event, said, level, job=one.job, due_at=one.due_at, seconds=one.seconds, changes=one.changes
            )
        open_faults, issues_waiting = counts(self.project)
        self.vitals.count(open_faults=open_faults, issues_waiting=issues_waiting)
        self._tell_next()

    def _tell_next(self) -> None:
        if self._config is not None:
            self.vitals.plan({job.name: due for job, due in next_runs(self._config, self.terms.clock())})
        if self._build is not None:
            self.vitals.built(self._build.published, len(self._build.held))

    def _say_limited(self, reason: str) -> None:
        said = f"no events of saved notes: {reason}; all notes are looked at every so often instead"
        self.log.say("watch.limited", said, "warning")

    def _guarded(self, work: Callable[[], None]) -> bool:
        """Do a piece of work; what goes wrong is said, and the daemon goes on.

        Returns False where it is to be tried again soon, because somebody else is at it.
        """
        try:
            work()
        except BusyError as error:
            self._next_sweep = min(self._next_sweep, time.monotonic() + _SOON)
            if constant(str(error)) != self._busy:
                self._busy = constant(str(error))
                self.log.say("work.busy", str(error))
            return False
        except (Interrupted, UsageError):
            # The latter says that the schedule is gone, which the loop sees to, unless it is back by then.
            return False
        except ConfigError:
            # Saved just now: the loop takes it up, or says what is wrong and leaves the old one in force.
            self.reload()
            self._next_sweep = time.monotonic()
            return False
        except FeedmakerError as error:
            self.log.say("run.failed", str(error), "error")
        except OSError as error:
            self.log.say("run.failed", told_by_disk(error), "error")
        except Exception as error:  # noqa: BLE001 - the daemon outlives a fault of its own
            self.log.say("program.fault", keep(error), "error")
        return True


def _plan(config: Config | None) -> dict[str, tuple[Job, str]]:
    """Return by name what decides when jobs are due, and what they do."""
    return {job.name: (job, config.site.timezone) for job in config.jobs} if config else {}


def _difference(old: Mapping[str, object], new: Mapping[str, object]) -> str:
    changes = {
        "new": [name for name in new if name not in old],
        "changed": [name for name in new if name in old and old[name] != new[name]],
        "gone": [name for name in old if name not in new],
    }
    said = [f"{word}: {', '.join(names)}" for word, names in changes.items() if names]
    return "; ".join(said) or "the jobs are the same"


def background_scheduler() -> Any:
    """Make a scheduler that drops no late job and ends in order, whatever it is doing."""
    from apscheduler.executors.pool import ThreadPoolExecutor
    from apscheduler.schedulers.background import BackgroundScheduler

    class Lenient(BackgroundScheduler):  # type: ignore[misc] # it has no types
        def remove_job(self, job_id: str, jobstore: str | None = None) -> None:
            """Remove a job; one never due again, or that a shutdown has taken away, is gone already."""
            with suppress(LookupError):
                super().remove_job(job_id, jobstore)

    # What it has to say, such as that a sweep takes longer than the next one could wait, is no news.
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
    # Late runs are never dropped (the default is one second's grace): the record of runs decides.
    return Lenient(
        executors={"default": ThreadPoolExecutor(_THREADS)},
        job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        timezone=UTC,
    )
