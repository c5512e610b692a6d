"""Log lines: what people, programs and systemd's journal read, whatever is told and wherever it goes."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args
from unicodedata import category
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmaker.secrets import Secret
from feedmaker.signs.log import Event, Log, open_log
from tests.docs.documents import ROOT, tables

MOMENT = datetime(2026, 11, 27, 10, 0, 0, 250_000, tzinfo=ZoneInfo("Europe/Berlin"))


def now() -> datetime:
    """Return the same time always."""
    return MOMENT


def lines_of(say: Callable[[Log], None], **form: bool) -> list[str]:
    """Return the lines that a log has after something was said."""
    stream = io.BytesIO()
    say(Log(stream, now, **form))
    text = stream.getvalue().decode()
    assert text.endswith("\n")
    return text[:-1].split("\n")


def human(message: str, **options: Any) -> list[str]:
    """Return the lines for people of one event."""
    return lines_of(lambda log: log.say("run.done", message, **options))


def data(message: str = "done", **facts: Any) -> dict[str, Any]:
    """Return one event as a program reads it; it has to be one line of ASCII."""
    (line,) = lines_of(lambda log: log.say("run.done", message, **facts), as_json=True)
    assert line.isascii()
    found = json.loads(line, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    assert isinstance(found, dict)
    return found


def test_line_for_people_has_the_time_in_utc_and_the_message() -> None:
    """Whatever zone the clock shows, people read UTC to the second."""
    assert human("built: 12 published, 1 new", seconds=0.4) == [
        "2026-11-27 09:00:00Z built: 12 published, 1 new"
    ]


def test_level_is_shown_where_it_matters() -> None:
    """Warnings and errors say that they are, and everything else needs no word."""
    assert human("x", level="warning") == ["2026-11-27 09:00:00Z warning: x"]
    assert human("x", level="error") == ["2026-11-27 09:00:00Z error: x"]


def test_message_of_many_lines_stays_one_event() -> None:
    """Only the first line of an event begins at the margin, whatever breaks the others."""
    first, *others = human("a\nb\r\nc\u2028d\x85e\x0bf")

    assert first.endswith("Z a")
    assert others == ["    b", "    c", "    d", "    e", "    f"]


def test_empty_message_is_a_line() -> None:
    """An event with nothing to say still has its line."""
    assert human("") == ["2026-11-27 09:00:00Z "]


def test_names_cannot_steer_a_terminal() -> None:
    """Escape sequences, carriage returns, text that turns round and broken names show as escapes."""
    (line,) = human("a\x1b[2Jb\x07c\x9bd\u202ee\udcfff\x00\tg\x7f")

    assert line.endswith(r"Z a\x1b[2Jb\x07c\x9bd\u202ee\udcfff\x00\tg\x7f")


def test_words_of_all_languages_stay_readable() -> None:
    """What is harmless is written as it is, also where it is joined by signs without a width."""
    message = "Zürich – שלום 日本 👩‍🚀 می‌خواهم"
    (line,) = human(message)

    assert line.endswith(message)


@given(st.text(st.characters(exclude_categories=())))
def test_each_event_is_told_apart(message: str) -> None:
    """Whatever a message holds, exactly one line of it begins like an event."""
    lines = human(message)

    assert [bool(re.match(r"\d{4}-", line)) for line in lines] == [True] + [False] * (len(lines) - 1)
    assert {category(sign) for line in lines for sign in line}.isdisjoint({"Cc", "Cs", "Zl", "Zp"})


def test_journal_hears_of_levels_and_keeps_the_time_itself() -> None:
    """Each line for the journal begins with its priority, and none with a time."""
    for level, number in (("info", 6), ("warning", 4), ("error", 3)):

        def say(log: Log, level: Any = level) -> None:
            log.say("run.failed", "a\n<0>b", level)

        assert lines_of(say, for_journal=True) == [f"<{number}>a", f"<{number}>    <0>b"]


def test_program_reads_time_level_event_message_and_facts() -> None:
    """A JSON line has the four members that all have, then the facts."""
    due = datetime(2026, 11, 27, 9, tzinfo=UTC)
    found = data("two\nlines", job="publish", due_at=due, seconds=0.4, changes=("a.md", "b.md"), lease=None)

    assert found == {
        "time": "2026-11-27T09:00:00.250Z",
        "level": "info",
        "event": "run.done",
        "message": "two\nlines",
        "job": "publish",
        "due_at": "2026-11-27T09:00:00.000Z",
        "seconds": 0.4,
        "changes": ["a.md", "b.md"],
        "lease": None,
    }
    assert list(found)[:4] == ["time", "level", "event", "message"]


def test_facts_do_not_take_the_place_of_the_time() -> None:
    """A fact that is called like one of the four members is left out."""
    assert data(time="never")["time"] == "2026-11-27T09:00:00.250Z"


class Unspeakable:
    """Refuse to be written."""

    def __str__(self) -> str:
        raise RuntimeError


def test_any_fact_can_be_told() -> None:
    """Paths, lengths of time, sets, errors, odd numbers, broken names and circles become plain values."""
    circle: list[Any] = []
    circle.append(circle)
    found = data(
        path=Path("episodes/a.md"),
        length=timedelta(minutes=2),
        names={"a"},
        inner={1: {"b": Decimal("1.5")}},
        error=ValueError("no"),
        endless=float("inf"),
        no_number=float("nan"),
        large=10**5000,
        name="a\udcff",
        naive=datetime(2026, 1, 1),  # noqa: DTZ001 - this is the point
        unspeakable=Unspeakable(),
        circle=circle,
        data=b"x",
    )

    assert found["path"] == "episodes/a.md"
    assert (found["length"], found["names"], found["inner"]) == (120, ["a"], {"1": {"b": "1.5"}})
    assert (found["error"], found["endless"], found["no_number"]) == ("no", "inf", "nan")
    assert (found["large"], found["name"]) == ("<int>", r"a\udcff")
    assert (found["naive"], found["unspeakable"]) == ("2026-01-01 00:00:00", "<Unspeakable>")
    assert "[...]" in json.dumps(found["circle"])
    assert found["data"] == "b'x'"


@dataclass
class Holder:
    """Hold a secret, as values of other modules may."""

    key: Secret


@pytest.mark.parametrize("form", [{}, {"as_json": True}, {"for_journal": True}], ids=str)
def test_secrets_never_show(form: dict[str, bool]) -> None:
    """A secret shows stars, wherever in a fact or message it stands."""
    key = Secret("hunter2")

    def say(log: Log) -> None:
        log.say(
            "run.done", f"with {key}", "info", key=key, deep=[{"a": key}], held=Holder(key), keys={key: key}
        )

    (line,) = lines_of(say, **form)

    assert "hunter2" not in line
    assert "***" in line


def speak(log: Log) -> None:
    """Say fifty things."""
    for _ in range(50):
        log.say("run.done", "x" * 200)


def test_lines_of_many_threads_are_whole(tmp_path: Path) -> None:
    """Threads that speak at once do not cut into each other's lines."""
    path = tmp_path / "log"
    with path.open("wb", buffering=0) as stream:
        log = Log(stream, now)
        threads = [threading.Thread(target=speak, args=(log,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    lines = path.read_text().splitlines()
    assert len(lines) == 200
    assert len(set(lines)) == 1


def test_reader_who_went_away_does_not_matter() -> None:
    """Where nobody reads the pipe any more, lines are lost and nothing else happens."""
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "wb", buffering=0) as stream:  # noqa: PTH123 - it has no path
        log = Log(stream, now)
        log.say("run.done", "lost")
        log.say("run.done", "lost too")


def test_full_disk_does_not_matter() -> None:
    """Where the disk is full, lines are lost and nothing else happens."""
    with Path("/dev/full").open("wb", buffering=0) as stream:
        Log(stream, now).say("run.done", "lost")


def test_closed_log_does_not_matter(tmp_path: Path) -> None:
    """A log that was closed swallows what is said, and so does one that goes nowhere."""
    stream = (tmp_path / "log").open("wb", buffering=0)
    stream.close()

    Log(stream, now).say("run.done", "lost")
    Log(None, now).say("run.done", "lost")


def test_line_after_half_a_line_begins_anew(tmp_path: Path) -> None:
    """Where a full disk took only half a line, the next one is still recognised."""
    limit = 30
    script = f"""
import resource, signal, sys
from datetime import UTC, datetime
from feedmaker.signs.log import Log
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, resource.RLIM_INFINITY))
with open(sys.argv[1], "wb", buffering=0) as stream:
    log = Log(stream, lambda: datetime(2026, 1, 1, tzinfo=UTC))
    log.say("run.done", "a long line that does not fit")
    log.say("run.done", "lost")
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    log.say("run.done", "again")
"""
    path = tmp_path / "log"
    subprocess.run([sys.executable, "-c", script, str(path)], check=True, cwd=ROOT)

    half, *others = path.read_text().splitlines()
    assert len(half) == limit
    assert others == ["2026-01-01 00:00:00Z again"]


def test_full_pipe_that_does_not_wait_tears_no_lines() -> None:
    """Where a pipe takes only what fits, what is read later are lines, and at most their ends are missing."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    os.set_blocking(reader, False)
    with open(writer, "wb", buffering=0) as stream, open(reader, "rb") as other:  # noqa: PTH123 - no path
        log = Log(stream, now)
        for _ in range(2000):
            log.say("run.done", "x" * 6000)
        begun = other.read()
        log.say("run.done", "again")
        lines = (begun + other.read()).decode().splitlines()

    assert lines[-1] == "2026-11-27 09:00:00Z again"
    assert 2 < len(lines) < 100
    assert all(re.fullmatch(r"2026-11-27 09:00:00Z (x+|again)", line) for line in lines)


class Interrupted(io.BytesIO):
    """Be interrupted by a signal, whose handler speaks too, while the first line is written."""

    log: Log
    is_first = True

    def write(self, data: Any) -> int:
        """Let the handler speak at first, then write."""
        if self.is_first:
            self.is_first = False
            self.log.say("daemon.stopped", "stopping")
        return super().write(data)


def test_handler_of_a_signal_may_speak() -> None:
    """A log that is interrupted by who wants to log does not wait for itself for ever."""
    stream = Interrupted()
    stream.log = Log(stream, now)
    worker = threading.Thread(target=stream.log.say, args=("run.done", "done"), daemon=True)
    worker.start()
    worker.join(10)

    assert not worker.is_alive()
    assert [line[-8:] for line in stream.getvalue().decode().splitlines()] == ["stopping", "00Z done"]


OPEN = """
import os, sys
from datetime import UTC, datetime
from feedmaker.signs.log import open_log
log = open_log(sys.stdout, os.environ, lambda: datetime(2026, 1, 1, tzinfo=UTC))
log.say("run.done", "é", "warning")
"""


def run_in(shell: str, **more: str) -> subprocess.CompletedProcess[bytes]:
    """Run a program that says one thing, by a line of shell that calls it "$@"."""
    return subprocess.run(
        ["sh", "-c", shell, "sh", sys.executable, "-c", OPEN],
        cwd=ROOT,
        capture_output=True,
        env={"PATH": os.environ["PATH"], **more},
        check=False,
    )


def test_log_goes_to_standard_output_in_utf_8() -> None:
    """Whatever encoding the system names, the log is UTF-8."""
    ran = run_in('"$@"', PYTHONIOENCODING="ascii")

    assert (ran.returncode, ran.stderr) == (0, b"")
    assert ran.stdout.decode() == "2026-01-01 00:00:00Z warning: é\n"


@pytest.mark.parametrize("shell", ['"$@" >&-', '"$@" >/dev/full', '{ "$@"; echo $? >&2; } | true'])
def test_program_ends_well_without_its_output(shell: str) -> None:
    """Whether output is closed, full or not read, the program ends with 0 and complains of nothing."""
    ran = run_in(shell)

    assert ran.returncode == 0
    assert ran.stderr in (b"", b"0\n")


def test_journal_is_recognised_by_its_stream(tmp_path: Path) -> None:
    """Priorities are written to the very stream that systemd named, and to no other."""
    path = tmp_path / "journal"
    with path.open("w") as stream:
        status = os.fstat(stream.fileno())
        for inode in (status.st_ino, status.st_ino + 1):
            open_log(stream, {"JOURNAL_STREAM": f"{status.st_dev}:{inode}"}, now).say("run.done", "x")

    assert path.read_text().splitlines() == ["<6>x", "2026-11-27 09:00:00Z x"]


def test_json_stays_json_in_the_journal(tmp_path: Path) -> None:
    """Who asks for JSON gets it under systemd too."""
    path = tmp_path / "journal"
    with path.open("w") as stream:
        status = os.fstat(stream.fileno())
        environ = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        open_log(stream, environ, now, as_json=True).say("run.done", "x")

    assert json.loads(path.read_text())["event"] == "run.done"


def test_every_event_is_documented() -> None:
    """The table of monitoring.md has each event, in its order, and no other."""
    rows = [row[0].strip("`") for row in tables((ROOT / "docs/monitoring.md").read_text("utf-8"))]

    assert [name for name in rows if re.fullmatch(r"[a-z]+\.[a-z_]+", name)] == list(get_args(Event))
