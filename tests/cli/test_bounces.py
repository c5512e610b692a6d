"""`feedmaker newsletter bounces`: from a Maildir, a pipe, or a job, to the list."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote

import pytest

from feedmaker.app.drafting import draft
from feedmaker.app.newsletters import stored
from feedmaker.app.people import add_subscribers
from feedmaker.app.sending import send
from feedmaker.store import Delivery
from tests.conftest import Cli
from tests.projects import FIRST, ProjectFolder
from tests.scheduling.ticking import tick

BASE = "back@lamp.example.org"


@pytest.fixture
def site(project: ProjectFolder) -> ProjectFolder:
    """Make a project that has sent an issue to two people, and reads what comes back in a Maildir."""
    project.schedule(
        f'delivery: {{return_path: {BASE}, bounces: "maildir:in"}}\n'
        "jobs:\n  - {name: returns, run: newsletter bounces, every: 1 hour}\n"
    )
    project.note("fog")
    project.build(FIRST)
    site = project.open()
    add_subscribers(site, ["ann@example.org", "bo@example.org"], FIRST)
    assert draft(site, FIRST, backlog=1).issue
    assert send(site, "latest", FIRST).counts["sent"] == 2
    for name in ("new", "cur", "tmp"):
        (project.root / "in" / name).mkdir(parents=True)
    return project


def deliveries(site: ProjectFolder) -> list[Delivery]:
    """Return the deliveries of the issue."""
    with stored(site.open()) as store:
        return list(store.deliveries(1))


def statuses(site: ProjectFolder) -> dict[str, str]:
    """Return what the subscribers are."""
    with stored(site.open()) as store:
        return {person.address.partition("@")[0]: person.status for person in store.subscribers()}


def bounce(row: Delivery) -> bytes:
    """Write what a mail server writes when there is no such mailbox."""
    return f"""From: MAILER-DAEMON@relay.example
To: {BASE.replace("@", f"+{row.key}@")}
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

It could not be delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example

Final-Recipient: rfc822; {row.address}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user here
--b--
""".encode()


def test_maildir_is_read_once(site: ProjectFolder, cli: Cli) -> None:
    """Who bounced is off the list, and the message is marked; the next call finds nothing."""
    ann, _ = deliveries(site)
    (site.root / "in/new/1").write_bytes(bounce(ann))

    first = cli("-C", site.root, "newsletter", "bounces")
    second = cli("-C", site.root, "newsletter", "bounces", "--json")

    assert (first.code, first.out) == (0, "1 message came back: 1 bounced\n")
    assert statuses(site) == {"ann": "bounced", "bo": "active"}
    assert [path.name for path in (site.root / "in/cur").iterdir()] == ["1:2,S"]
    assert (second.code, json.loads(second.out)["messages"]) == (0, 0)


def opt_out(address: str) -> bytes:
    """Write a report that somebody wants no more mail, with nothing of ours in it (RFC 5965)."""
    return f"""From: feedback@relay.example
To: {BASE}
Subject: FW: something
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: message/feedback-report

Feedback-Type: opt-out
User-Agent: somebody/1
Version: 1
Original-Rcpt-To: {address}
--b--
""".encode()


def leaving(address: str, subject: str = "unsubscribe") -> bytes:
    """Write the mail by which somebody unsubscribes."""
    return f"From: {address}\nTo: {BASE}\nSubject: {subject}\n\n".encode()


ASKED = "asked to leave, in a message that anybody could have sent, so nothing was done; if it is true, run"


def test_forged_mail_unsubscribes_nobody(site: ProjectFolder, cli: Cli) -> None:
    """A report and a mail with nothing but an address are told, with a cure and an exit code."""
    (site.root / "in/new/1").write_bytes(opt_out("ann@example.org"))
    (site.root / "in/new/2").write_bytes(leaving("bo@example.org"))

    done = cli("-C", site.root, "newsletter", "bounces")

    assert (done.code, done.out) == (1, "2 messages came back: nobody changed\n")
    assert done.err == (
        f"feedmaker: ann@example.org, bo@example.org: {ASKED} feedmaker subscribers remove ADDRESS\n"
    )
    assert set(statuses(site).values()) == {"active"}


def test_mail_of_the_button_unsubscribes(site: ProjectFolder, cli: Cli) -> None:
    """What List-Unsubscribe of a message writes is obeyed, from whatever address its reader has now."""
    (sent,) = site.root.glob("outbox/*/ann@example.org.eml")
    button = message_from_bytes(sent.read_bytes(), policy=default)["List-Unsubscribe"].strip("<>")
    _, _, subject = unquote(button).partition("?subject=")
    (site.root / "in/new/1").write_bytes(leaving("ann@elsewhere.example", subject))

    done = cli("-C", site.root, "newsletter", "bounces")

    assert (done.code, done.out, done.err) == (0, "1 message came back: 1 unsubscribed\n", "")
    assert statuses(site) == {"ann": "unsubscribed", "bo": "active"}


def test_pipe_tells_its_log_who_asks_to_leave(
    site: ProjectFolder, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mail server would return the message for any other code than 0."""
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(leaving("bo@example.org"))))

    done = cli("-C", site.root, "newsletter", "bounces", "-")

    assert (done.code, done.out) == (0, "")
    assert done.err.startswith(f"feedmaker: bo@example.org: {ASKED}")


def test_job_fails_where_somebody_asks_to_leave(site: ProjectFolder) -> None:
    """So the publisher is told, as of all that fails; services that tell it learn no address."""
    (site.root / "in/new/1").write_bytes(leaving("bo@example.org"))

    outcomes = tick(site.open(), FIRST + timedelta(days=400))

    (said,) = [outcome.summary for outcome in outcomes if "came back" in outcome.summary]
    assert said.startswith("1 message came back: nobody changed; …@e….org: asked to leave")
    assert statuses(site)["bo"] == "active"


def test_pipe_takes_one_message(site: ProjectFolder, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mail server that pipes a message in hears nothing, and 0."""
    _, bo = deliveries(site)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(bounce(bo))))

    done = cli("-C", site.root, "newsletter", "bounces", "-")

    assert (done.code, done.out, done.err) == (0, "", "")
    assert statuses(site) == {"ann": "active", "bo": "bounced"}


def test_pipe_that_fails_wants_the_message_again(
    site: ProjectFolder, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is wrong, the exit code is 75: no other one makes a mail server try again."""
    site.schedule("delivery: {return_path: nonsense}\n")
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"From: a@b.example\n\n")))

    assert cli("-C", site.root, "newsletter", "bounces", "-").code == 75


def test_place_that_cannot_be_read_stops_no_other(site: ProjectFolder, cli: Cli) -> None:
    """The others are read, the fault is told, and the exit code is 1."""
    ann, _ = deliveries(site)
    (site.root / "in/new/1").write_bytes(bounce(ann))

    done = cli("-C", site.root, "newsletter", "bounces", "maildir:nowhere", "maildir:in")

    assert (done.code, done.out) == (1, "1 message came back: 1 bounced\n")
    assert "nowhere" in done.err


def test_message_that_cannot_be_put_away_stops_no_other(site: ProjectFolder, cli: Cli) -> None:
    """What it says counts, the messages beside it and the other places are read, and it is told; once."""
    ann, bo = deliveries(site)
    for number, row in enumerate((ann, ann, bo)):
        (site.root / f"in/new/{number}").write_bytes(bounce(row))
        (site.root / f"in/cur/{number}:2,S").mkdir()
    (site.root / "in/cur/2:2,S").rmdir()
    (site.root / "other/new").mkdir(parents=True)
    (site.root / "other/cur").mkdir()
    (site.root / "other/new/9").write_bytes(bounce(bo))

    done = cli("-C", site.root, "newsletter", "bounces", "maildir:in", "maildir:other")

    assert (done.code, done.out) == (1, "4 messages came back: 2 bounced\n")
    assert done.err.count("cannot be marked as seen") == 1
    assert "in/new/0: " in done.err
    assert "; 2 of the messages will be read again" in done.err
    assert sorted(path.name for path in (site.root / "in/new").iterdir()) == ["0", "1"]
    assert (site.root / "other/cur/9:2,S").is_file()


def test_place_is_asked_for(project: ProjectFolder, cli: Cli) -> None:
    """Without a place in the settings one has to be named."""
    done = cli("-C", project.root, "newsletter", "bounces")

    assert done.code == 2
    assert "set delivery.bounces" in done.err


def test_job_reads_what_came_back(site: ProjectFolder) -> None:
    """A job does by itself what the command does, and its run says what came of it."""
    ann, _ = deliveries(site)
    later = FIRST + timedelta(days=400)
    (site.root / "in/new/1").write_bytes(bounce(ann))

    outcomes = tick(site.open(), later)

    assert "1 message came back: 1 bounced" in [outcome.summary for outcome in outcomes]
    assert statuses(site)["ann"] == "bounced"


def test_simulation_reads_no_mailbox(site: ProjectFolder, cli: Cli) -> None:
    """A schedule that is tried out leaves what came back where it is."""
    ann, _ = deliveries(site)
    message: Path = site.root / "in/new/1"
    message.write_bytes(bounce(ann))

    assert cli("-C", site.root, "simulate").code == 0

    assert message.exists()
