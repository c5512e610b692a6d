"""An issue sent to many people over SMTP, whole processes, beside what others do with the same messages.

The server is Postfix's `smtp-sink`, which takes everything and keeps nothing; beside feedmaker stand
Postfix's own `smtp-source`, written in C, and `smtplib.send_message` for each person, as the documentation
shows it.
Each is measured in turn, on loopback. Memory is the most that the process had.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.notes import write_folder

FEEDMAKER = Path(sys.executable).with_name("feedmaker")
EPISODES = 3
EACH = 500  # one takes as long as many that are filled in, so fewer are timed
_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
_SETTINGS = """\
newsletter:
  title: Measured notes by mail
  from: {{name: Nobody, email: letter@bench.example.org}}
  postal_address: Nobody, 1 Bench, 1000 Nowhere
  unsubscribe: https://bench.example.org/leave
delivery: {{connections: {connections}{dkim}}}
"""


@dataclass(frozen=True, slots=True)
class Pace:
    """Hold how fast messages went out, and the most memory that the process had, in MB."""

    what: str
    messages: int
    kilobytes: float
    seconds: float
    peak_mb: float

    @property
    def rate(self) -> float:
        """Return the messages in a second."""
        return self.messages / self.seconds


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="benchmarks.sending", description=__doc__.partition("\n")[0])
    parser.add_argument("--messages", type=int, nargs="+", default=[1_000, 10_000], metavar="N")
    parser.add_argument("--connections", type=int, default=10)
    arguments = parser.parse_args()
    print(table(measure(arguments.messages, arguments.connections)))


def measure(counts: Sequence[int], connections: int) -> list[Pace]:
    """Send to so many people, and the most of them by the others, too; nothing without Postfix."""
    if not all(shutil.which(name, path=_PATH) for name in ("smtp-sink", "smtp-source")):
        return []
    found = [_feedmaker("feedmaker", count, connections) for count in counts]
    found.append(_feedmaker("feedmaker, signed (RSA and Ed25519)", max(counts), connections, ("a", "b")))
    with tempfile.TemporaryDirectory(prefix="feedmaker-bench-") as name, _sink() as port:
        size = int(found[0].kilobytes * 1000)
        found.append(_smtp_source(max(counts), size, connections, port))
        found.append(_smtplib(Path(name), min(EACH, max(counts)), connections, port))
    return found


def table(paces: Sequence[Pace]) -> str:
    """Write a table; the last column is in relation to smtp-source."""
    if not paces:
        return "Postfix is not installed, so sending over SMTP was not measured."
    peer = next(pace.rate for pace in paces if pace.what == "smtp-source")
    lines = ["| messages | sent by | size | time | messages a second | peak memory | to smtp-source |"]
    lines.append("| --: | --- | --: | --: | --: | --: | --: |")
    lines += [
        f"| {pace.messages:,} | {pace.what} | {pace.kilobytes:.0f} KB | {pace.seconds:.2f} s "
        f"| {pace.rate:,.0f} | {pace.peak_mb:.0f} MB | {pace.rate / peer:.2f} |"
        for pace in paces
    ]
    return "\n".join(lines)


def _feedmaker(what: str, count: int, connections: int, selectors: Sequence[str] = ()) -> Pace:
    """Send an issue as a person does, ledger and all."""
    with tempfile.TemporaryDirectory(prefix="feedmaker-bench-") as name, _sink() as port:
        folder, environ = Path(name) / "site", dict(os.environ)
        dkim = (
            ", dkim: [" + ", ".join(f"{{selector: {each}}}" for each in selectors) + "]" if selectors else ""
        )
        _draft(folder, _SETTINGS.format(connections=connections, dkim=dkim))
        for each in selectors:
            kind = ["--ed25519"] if each == "b" else []
            key = Path(name) / each
            _quietly([FEEDMAKER, "-C", folder, "dkim-key", each, key, *kind], environ)
            environ[f"FEEDMAKER_DKIM_KEY_{each.upper()}_FILE"] = str(key)
        people = Path(name) / "people.csv"
        people.write_text("address\n" + "".join(f"reader-{n}@example.org\n" for n in range(count)), "utf-8")
        _quietly([FEEDMAKER, "-C", folder, "subscribers", "import", people, "--confirmed"], environ)
        kilobytes = _size(folder, environ)
        address = f"smtp://127.0.0.1:{port}"
        command = [FEEDMAKER, "-C", folder, "newsletter", "send", "latest", "--transport", address]
        seconds, peak = _timed(command, environ)
    return Pace(what, count, kilobytes, seconds, peak)


def _draft(folder: Path, settings: str) -> None:
    folder.mkdir()
    write_folder(folder, EPISODES)
    schedule = folder / "schedule.yaml"
    schedule.write_text(schedule.read_text("utf-8") + settings, "utf-8")
    command = [FEEDMAKER, "-C", folder, "newsletter", "draft", "--backlog", str(EPISODES)]
    _quietly(command, dict(os.environ))


def _size(folder: Path, environ: dict[str, str]) -> float:
    """Return how large a message is, in KB: one is written as a test."""
    _quietly([FEEDMAKER, "-C", folder, "newsletter", "test", "latest", "me@example.org"], environ)
    (path,) = (folder / "outbox").rglob("*.eml")
    return path.stat().st_size / 1000


def _smtp_source(count: int, size: int, connections: int, port: int) -> Pace:
    program = shutil.which("smtp-source", path=_PATH)
    command = [program, "-s", connections, "-l", size, "-m", count, "-f", "a@b.example", "-t", "c@d.example"]
    seconds, peak = _timed([*command, f"127.0.0.1:{port}"], dict(os.environ))
    return Pace("smtp-source", count, size / 1000, seconds, peak)


def _smtplib(folder: Path, count: int, connections: int, port: int) -> Pace:
    """Build and send a message for each person, as the documentation of `email` and `smtplib` shows it."""
    _draft(folder / "site", _SETTINGS.format(connections=connections, dkim=""))
    program = [sys.executable, "-m", "benchmarks.sending_each", folder / "site", count, port]
    kilobytes = _size(folder / "site", dict(os.environ))
    seconds, peak = _timed(program, dict(os.environ))
    return Pace("smtplib.send_message for each", count, kilobytes, seconds, peak)


@contextmanager
def _sink() -> Iterator[int]:
    """Run the server that takes everything."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = str(shutil.which("smtp-sink", path=_PATH))
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    with subprocess.Popen(
        [program, *user, "-c", f"127.0.0.1:{port}", "1000"], stdout=subprocess.DEVNULL
    ) as sink:
        try:
            for _ in range(200):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.02)
            yield port
        finally:
            sink.kill()


def _quietly(command: Sequence[object], environ: dict[str, str]) -> None:
    done = subprocess.run(list(map(str, command)), env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} ended with {done.returncode}: {done.stderr}")


def _timed(command: Sequence[object], environ: dict[str, str]) -> tuple[float, float]:
    """Run a command; return its wall time in seconds and the most memory that it had, in MB."""
    words = list(map(str, command))
    quiet = [(os.POSIX_SPAWN_OPEN, descriptor, os.devnull, os.O_WRONLY, 0) for descriptor in (1, 2)]
    begun = time.perf_counter()
    process = os.posix_spawn(words[0], words, environ, file_actions=quiet)
    _, status, usage = os.wait4(process, 0)
    seconds = time.perf_counter() - begun
    if code := os.waitstatus_to_exitcode(status):
        raise SystemExit(f"{' '.join(words)} ended with {code}")
    return seconds, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


if __name__ == "__main__":
    main()
