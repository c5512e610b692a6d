"""`feedmaker run`: the daemon, and how it shows from outside: log, HTTP, systemd, dead man's switch."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from feedmaker import __version__
from feedmaker.app.project import Project
from feedmaker.config import Config
from feedmaker.scheduler.daemon import Daemon
from feedmaker.scheduler.runs import Clock
from feedmaker.secrets import Secret, secret
from feedmaker.signs.log import Log, open_log
from feedmaker.signs.systemd import notify, watchdog_seconds
from feedmaker.signs.vitals import Vitals


def serve(project: Project, clock: Clock, *, as_json: bool) -> None:
    """Run the daemon until SIGTERM or SIGINT; SIGHUP makes it read the schedule again.

    Where it listens and pings is read once, at the start. Raises `ConfigError` where there is no sound
    schedule then, and `FeedmakerError` where the address to listen at cannot be had.
    """
    config = project.config()
    log = open_log(sys.stdout, project.environ, clock, as_json=as_json)
    log.say("daemon.started", f"feedmaker {__version__} begins", version=__version__)
    vitals = Vitals(clock)
    daemon = Daemon(project, log, vitals, clock)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: daemon.stop())
    signal.signal(signal.SIGHUP, lambda *_: daemon.reload())
    with _listening(config, log, vitals), _watched_by_systemd(project.environ, vitals):
        daemon.run(partial(notify, project.environ), _ping(project, config, log, vitals))
    log.say("daemon.stopped", "stopped")


@contextmanager
def _listening(config: Config, log: Log, vitals: Vitals) -> Iterator[None]:
    """Answer over HTTP meanwhile, where an address is configured."""
    if config.scheduler.listen is None:
        yield
        return
    from feedmaker.signs.health import serve as answer

    server = answer(config.scheduler.listen, vitals)
    log.say("daemon.answers", f"answering at http://{server.address}/healthz and /metrics")
    try:
        yield
    finally:
        server.close()


@contextmanager
def _watched_by_systemd(environ: Mapping[str, str], vitals: Vitals) -> Iterator[None]:
    """Tell systemd meanwhile that the daemon is alive, as often as it wants to hear it, while that is so."""
    seconds = watchdog_seconds(environ)
    if seconds is None:
        yield
        return
    over = threading.Event()

    def tell() -> None:
        while not over.wait(seconds):
            if not vitals.state().is_stuck:
                notify(environ, WATCHDOG=1)

    thread = threading.Thread(target=tell, name="watchdog", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _ping(project: Project, config: Config, log: Log, vitals: Vitals) -> Callable[[], None]:
    """Return what tells a dead man's switch that all is well, as long as it is."""
    named = secret("FEEDMAKER_PING", project.environ)
    configured = Secret(config.scheduler.ping) if config.scheduler.ping else None
    address = named or configured
    if address is None:
        return lambda: None
    from feedmaker.signs.dead_man import DeadMan

    switch = DeadMan(address, log)

    def ping() -> None:
        if not vitals.state().troubles:
            switch.beat()

    return ping
