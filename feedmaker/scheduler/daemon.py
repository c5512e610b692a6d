"""The loop of `feedmaker run`: jobs when they are due, and a build when a note is saved, until told to stop.

One thread watches the notes and builds. APScheduler wakes others, each for one job, so that a long
collection or a large issue keeps neither the notes waiting nor the other jobs; which of them does what, and
that nobody else does it too, is decided by `tick`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC
from typing import Any

from feedmaker.app.project import Project
from feedmaker.app.pushing import lines_of_ping
from feedmaker.config import Config, Job
from feedmaker.crash import keep, told_by_disk
from feedmaker.errors import BusyError, ConfigError, FeedmakerError
from feedmaker.listing import look
from feedmaker.scheduler.runs import Clock, Interrupted
from feedmaker.scheduler.tick import Outcome, tick
from feedmaker.scheduler.watch import Watch
from feedmaker.timing import Timing
from feedmaker.worklock import PATIENCE

SWEEP_SECONDS = 60.0
_THREADS = 4
_SWEEP = "sweep everything"
