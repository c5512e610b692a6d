"""A reader of bounces that is killed between two messages leaves nobody off the list for an outage."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from feedmaker.app.drafting import draft
from feedmaker.app.newsletters import stored
from feedmaker.app.people import add_subscribers
from feedmaker.app.sending import send
from feedmaker.bounces.rules import FEW
from tests.conftest import Cli
from tests.projects import FIRST, ROOT, ProjectFolder

READERS = 40
BASE = "back@lamp.example.org"
BOUNCE = f"""From: MAILER-DAEMON@relay.example
To: {BASE.replace("@", "+{key}@")}
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example

Final-Recipient: rfc822; {{address}}
Action: failed
Diagnostic-Code: smtp; 550 5.1.1 no such user here
--b--
"""
# Dies before or after it has marked a message of a certain number as handled.
PROGRAM = """
import os, signal, sys
from feedmaker.bounces.places import maildir
from feedmaker.cli import run

point, number, *arguments = sys.argv[1:]
real, calls = maildir._mark, 0

def mortal(*given):
    global calls
    calls += 1
    if calls == int(number) and point == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    real(*given)
    if calls == int(number):
        os.kill(os.getpid(), signal.SIGKILL)

maildir._mark = mortal
run(arguments)
"""


@pytest.fixture
def inbox(project: ProjectFolder) -> Path:
    """Make a project that has sent an issue to people who all come back, as unknown, in a Maildir."""
    project.schedule(f'delivery: {{return_path: {BASE}, bounces: "maildir:in"}}\n')
    project.note("fog")
    project.build(FIRST)
    site = project.open()
    add_subscribers(site, [f"reader-{number}@example.org" for number in range(READERS)], FIRST)
    assert draft(site, FIRST, backlog=1).issue
    assert send(site, "latest", FIRST).counts["sent"] == READERS
    for name in ("new", "cur", "tmp"):
        (project.root / "in" / name).mkdir(parents=True)
    with stored(site) as store:
        for row in store.deliveries(1):
            text = BOUNCE.format(key=row.key, address=row.address)
            (project.root / f"in/new/{row.id:02}").write_text(text, "utf-8")
    return project.root / "in"


def bounced(project: ProjectFolder) -> int:
    """Count those who are off the list for a bounce."""
    with stored(project.open()) as store:
        return len(list(store.subscribers("bounced")))


@pytest.mark.parametrize(
    ("point", "number", "left"),
    [
        ("after", FEW - 1, FEW - 1),
        ("before", FEW, 0),
        ("after", READERS, 0),
    ],
)
def test_killed_reader_leaves_nobody_off_for_an_outage(
    project: ProjectFolder, inbox: Path, cli: Cli, point: str, number: int, left: int
) -> None:
    """As soon as an outage shows, those whom it took off are back, whatever becomes of the program then."""
    killed = subprocess.run(
        [sys.executable, "-c", PROGRAM, point, str(number), "-C", project.root, "newsletter", "bounces"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert bounced(project) == left

    again = cli("-C", project.root, "newsletter", "bounces")

    assert again.code == 0
    assert bounced(project) == 0
    assert len(list((inbox / "cur").iterdir())) == READERS
