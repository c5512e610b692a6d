"""The publisher is told what fails, once for each cause, and when it is mended."""

from __future__ import annotations

import email
import email.policy
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from feedmaker.app.drafting import draft
from feedmaker.app.newsletters import stored
from feedmaker.app.outcome import Cause, constant
from feedmaker.app.project import Project
from feedmaker.app.reviewing import approve
from feedmaker.app.sending import Choices, send
from feedmaker.app.status import counts
from feedmaker.fault_notices import SAVED_NOTES
from feedmaker.faults import Look
from feedmaker.idle import is_idle
from feedmaker.scheduler.notices import open_causes, settle
from feedmaker.scheduler.runs import Terms
from feedmaker.scheduler.tick import Outcome, publish, tick
from feedmaker.store import Fault
from feedmaker.store.runs import RUNS_KEPT
from tests.delivery.smtp_servers import ScriptedServer
from tests.projects import MUCH_LATER as NOW
from tests.projects import ProjectFolder
from tests.scheduling.hook import Hook, listening

MINUTE = timedelta(minutes=1)
BROKEN = "date: 2026-13-45\n"


@dataclass
class Publisher:
    """Tick a project, and read what its publisher gets and what is said of that."""

    folder: ProjectFolder
    environ: dict[str, str] = field(default_factory=dict)
    said: list[tuple[str, str]] = field(default_factory=list)

    @property
    def project(self) -> Project:
        """Open the project."""
        return Project(self.folder.root, self.environ)

    def tick(self, minutes: float = 0) -> list[Outcome]:
        """Do what is due at a time."""
        now = NOW + minutes * MINUTE
        terms = Terms(lambda: now, told=lambda event, message, _: self.said.append((event, message)))
        return tick(self.project, now, terms)

    def mails(self) -> list[EmailMessage]:
        """Return the notices among the mails, in the order of their dates."""
        files = (self.folder.root / "outbox").glob("[fm]*-*/*.eml")
        read = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in files]
        return sorted(read, key=lambda mail: mail["Date"].datetime)

    def subjects(self) -> list[str]:
        """Return the subjects of the notices."""
        return [mail["Subject"] for mail in self.mails()]

    def break_note(self, name: str = "bells") -> str:
        """Save a note with a date that is none."""
        return self.folder.note(name, date="2026-13-45")


@pytest.fixture
def site(project: ProjectFolder) -> Publisher:
    """Make a project with a note, and no jobs."""
    project.note("lamps")
    return Publisher(project)


@pytest.fixture
def hook() -> Iterator[Hook]:
    """Run a service that is sent JSON."""
    with listening() as found:
        yield found


def body(mail: EmailMessage) -> str:
    """Return the text of a mail in one line."""
    return " ".join(mail.get_content().split())


def test_broken_note_is_told_once_and_told_when_mended(site: Publisher) -> None:
    """Ticks while a note stays broken say nothing more; everything else goes out, and its mending is told."""
    site.break_note()
    for minutes in (0, 1, 70, 140):
        site.tick(minutes)
    assert site.subjects() == ["feedmaker: 1 note is broken"]
    assert "Lamps" in site.folder.items()

    site.folder.note("bells")
    site.tick(141)
    site.tick(212)

    assert site.subjects() == ["feedmaker: 1 note is broken", "feedmaker: 1 note is mended"]
    assert [event for event, _ in site.said] == ["fault.told", "fault.mended"]


def test_mail_says_what_where_since_when_and_what_to_do(site: Publisher) -> None:
    """The mail names file, line and column, and goes to the reviewer in the form of other notices."""
    site.folder.schedule("  reviewer: desk@lamp.example.org\n")
    site.break_note()
    site.tick()

    (mail,) = site.mails()

    assert (mail["To"], mail["Auto-Submitted"]) == ("desk@lamp.example.org", "auto-generated")
    assert mail["Date"].datetime == NOW
    text = body(mail)
    for said in (
        "Lighthouse Notes, https://lamp.example.org/notes/",
        "episodes/bells.md:4:7: error:",
        "since 2026-11-09 08:15 CET",
        "`feedmaker check` names every fault",
    ):
        assert said in text, text


def test_same_fault_makes_the_same_message_id(site: Publisher, tmp_path: Path) -> None:
    """What was perhaps sent before a crash and is sent again can be recognised."""
    other = Publisher(site.folder.copy(tmp_path / "other"))
    found = []
    for one in (site, other):
        one.break_note()
        one.tick()
        found += [mail["Message-ID"] for mail in one.mails()]

    assert found[0] == found[1]


def test_many_broken_notes_are_one_mail(site: Publisher) -> None:
    """A burst is one mail, which lists the first ones and counts the others."""
    for number in range(60):
        site.break_note(f"note-{number:02}")
    site.tick()

    (mail,) = site.mails()

    assert mail["Subject"] == "feedmaker: 60 notes are broken"
    assert body(mail).count("error:") == 20
    assert "… and 40 more" in body(mail)


def test_note_that_breaks_later_is_told_alone(site: Publisher) -> None:
    """A second fault is told by itself; the first one, which lasts, is not told again."""
    site.break_note("bells")
    site.tick()
    site.break_note("boats")
    site.tick(1)

    assert site.subjects() == ["feedmaker: 1 note is broken"] * 2
    assert "episodes/bells.md" not in body(site.mails()[1])


def test_job_and_watch_that_meet_the_same_note_tell_it_once(site: Publisher) -> None:
    """Whoever builds, a broken note is one fault; and whoever builds mends it."""
    site.folder.schedule("jobs: [{name: publish, run: build, every: 15 minutes}]\n")
    site.break_note()
    site.tick()
    publish(site.project, NOW + MINUTE, Terms(lambda: NOW))
    site.tick(20)
    assert site.subjects() == ["feedmaker: 1 note is broken"]

    site.folder.note("bells")
    publish(site.project, NOW + 21 * MINUTE, Terms(lambda: NOW))

    assert site.subjects()[1:] == ["feedmaker: 1 note is mended"]


def test_watch_records_a_lasting_fault_once(site: Publisher) -> None:
    """A build that finds what is known already, and changes nothing, is no run."""
    site.break_note()

    found = [publish(site.project, NOW + n * MINUTE, Terms(lambda: NOW))[0] for n in range(3)]
    site.folder.note("boats")
    found.append(publish(site.project, NOW + 3 * MINUTE, Terms(lambda: NOW))[0])

    assert [len(outcomes) for outcomes in found] == [1, 0, 0, 1]
    with stored(site.project) as store:
        assert len(store.recent_runs(9, SAVED_NOTES)) == 2


def test_broken_template_is_told_and_mended(site: Publisher) -> None:
    """What stops a whole build is told like a note; a build that is stopped mends no note."""
    site.break_note()
    site.tick()
    site.folder.write("templates/site/base.html", "{% if %}")
    site.tick(1)
    site.folder.remove("templates/site/base.html")
    site.tick(2)

    assert site.subjects() == [
        "feedmaker: 1 note is broken",
        "feedmaker: building failed",
        "feedmaker: building works again",
    ]
    assert counts(site.project)[0] == 1


def test_many_who_meet_a_fault_at_once_tell_it_once(site: Publisher, hook: Hook) -> None:
    """Of several processes that meet the same cause at the same time one tells it."""
    site.folder.schedule(f"scheduler: {{notify: '{hook.address}'}}\n")
    site.tick()
    config = site.project.config()
    look = Look(SAVED_NOTES, {"a": "a"})

    def meet(_: int) -> None:
        settle(site.project, config, [look], dict, NOW, lambda *_: None)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(meet, range(8)))

    assert [notice["event"] for notice in hook.came] == ["fault"]


def block_outbox(folder: ProjectFolder) -> Path:
    """Put a file where mails are to be written."""
    return folder.write("outbox", "")


def test_notice_that_cannot_be_delivered_is_tried_again_after_a_while(site: Publisher) -> None:
    """A failure to tell is said, fails nothing, and is tried again after five minutes and not before."""
    blocked = block_outbox(site.folder)
    site.break_note()
    assert [outcome.job for outcome in site.tick()] == [SAVED_NOTES]
    for minutes in (1, 2, 4):
        site.tick(minutes)
    assert [event for event, _ in site.said] == ["notice.failed"]
    assert "not told by mail" in site.said[0][1]

    blocked.unlink()
    site.tick(4.9)
    assert site.mails() == []
    site.tick(5)

    assert site.subjects() == ["feedmaker: 1 note is broken"]
    site.tick(6)
    assert is_idle(str(site.folder.root), (NOW + 11 * MINUTE).timestamp())


def test_mail_server_is_left_in_order(site: Publisher) -> None:
    """Once a notice is handed over, the connection ends with QUIT (RFC 5321, 4.1.1.10)."""
    site.break_note()
    with ScriptedServer() as server:
        site.environ["FEEDMAKER_TRANSPORT"] = f"smtp://127.0.0.1:{server.port}"
        site.tick()

        assert [connection.lines[-1] for connection in server.connections] == [b"QUIT"]
        assert len(server.messages) == 1


def test_what_is_mended_before_it_was_told_is_not_told(site: Publisher) -> None:
    """Where mail comes back after the fault has gone, there is nothing to say."""
    blocked = block_outbox(site.folder)
    site.break_note()
    site.tick()
    site.folder.note("bells")
    site.tick(1)
    blocked.unlink()
    site.tick(80)

    assert site.mails() == []
    assert counts(site.project) == (0, 0)


def test_ticks_are_idle_until_there_is_somebody_to_tell(site: Publisher) -> None:
    """What waits to be told keeps a tick idle only until it may be tried again."""
    block_outbox(site.folder)
    site.break_note()
    site.tick()
    site.tick(0.5)
    at = NOW.timestamp()

    assert is_idle(str(site.folder.root), at + 299)
    assert not is_idle(str(site.folder.root), at + 300)


@pytest.mark.parametrize("schedule", ["scheduler: {notify: []}\n", ""])
def test_nobody_is_told_where_nobody_is_to_be(site: Publisher, schedule: str) -> None:
    """With an empty list, or with mail and no newsletter to send it, faults show in the status alone."""
    text = None if schedule else "site: {title: T, address: https://t.example.org/, author: A}\n"
    site.folder.schedule(schedule, **({"text": text} if text else {}))
    site.break_note()
    site.tick()

    assert (site.mails(), site.said, counts(site.project)) == ([], [], (1, 0))


def test_web_address_is_sent_json(site: Publisher, hook: Hook) -> None:
    """An address gets each notice as JSON with documented members, also on a private network."""
    site.folder.schedule(f"scheduler: {{notify: '{hook.address}'}}\n")
    site.break_note()
    site.tick()
    site.folder.note("bells")
    site.tick(1)

    began, ended = hook.came
    assert (began["event"], ended["event"]) == ("fault", "mended")
    assert set(began) == {"event", "id", "site", "address", "text", "count", "faults"}
    assert (began["site"], began["count"]) == ("Lighthouse Notes", 1)
    assert began["text"] == "Lighthouse Notes: 1 note is broken"
    (fault,) = began["faults"]
    assert fault["text"].startswith("episodes/bells.md:4:7: error:")
    assert fault | {"text": ""} == {
        "scope": SAVED_NOTES,
        "cause": "episodes/bells.md",
        "text": "",
        "since": "2026-11-09T07:15:00Z",
        "mended_at": None,
    }
    assert ended["faults"][0]["mended_at"] == "2026-11-09T07:16:00Z"
    assert hook.types[0].startswith("application/json")
    assert site.mails() == []


def test_ways_are_told_each_for_itself(site: Publisher, hook: Hook) -> None:
    """Where one way fails, the others have told already and do not tell again."""
    site.folder.schedule(f"scheduler: {{notify: [mail, '{hook.address}']}}\n")
    hook.status = 500
    site.break_note()
    site.tick()
    hook.status = 204
    site.tick(6)
    site.tick(80)

    assert site.subjects() == ["feedmaker: 1 note is broken"]
    assert [notice["event"] for notice in hook.came] == ["fault", "fault"]
    assert [event for event, _ in site.said] == ["fault.told", "notice.failed", "fault.told"]


@pytest.mark.parametrize("by_file", [False, True])
def test_secret_address_comes_from_the_environment(site: Publisher, hook: Hook, *, by_file: bool) -> None:
    """FEEDMAKER_NOTIFY is told besides what the schedule names, and nothing that is said shows it."""
    secret = site.folder.root.parent / "secret"
    secret.write_text(f"{hook.address}\n")
    site.environ |= {"FEEDMAKER_NOTIFY_FILE": str(secret)} if by_file else {"FEEDMAKER_NOTIFY": hook.address}
    site.break_note()
    hook.status = 404
    site.tick()
    hook.status = 204
    site.tick(6)

    assert (len(hook.came), len(site.mails())) == (2, 1)
    assert "KEY0" not in f"{site.said}{json.dumps(hook.came)}"


def test_environment_that_cannot_be_read_fails_nothing(site: Publisher) -> None:
    """An address that cannot be had is said where notices fail, and the mail goes out."""
    site.environ["FEEDMAKER_NOTIFY_FILE"] = str(site.folder.root / "nowhere")
    site.break_note()
    site.tick()

    assert [event for event, _ in site.said] == ["fault.told", "notice.failed"]
    assert "FEEDMAKER_NOTIFY_FILE" in site.said[1][1]


LETTER = "jobs: [{name: letter, run: newsletter send, on: monday, at: '08:00'}]\n"


@pytest.fixture
def letter(site: Publisher) -> Iterator[Publisher]:
    """Make a project whose newsletter is due, with news, a subscriber, and a transport that takes nothing."""
    with listening() as hook:
        site.environ["FEEDMAKER_NOTIFY"] = hook.address
        site.folder.schedule(f"  review: false\nscheduler: {{notify: []}}\n{LETTER}")
        site.folder.build(NOW - timedelta(days=30))
        site.folder.note("boats", date="2026-11-08")
        with stored(site.project) as store:
            store.add_subscriber("reader@example.org", NOW)
        site.folder.schedule(f"  review: false\nscheduler: {{notify: []}}\n{LETTER}")
        block_outbox(site.folder)
        site.tick()
        yield site


def open_faults(site: Publisher) -> list[str]:
    """Name the scopes of what fails."""
    with stored(site.project) as store:
        return [fault.job for fault in store.faults() if fault.mended_at is None]


def test_issue_that_fails_is_told_once_whichever_run_tries_to_send_it(letter: Publisher) -> None:
    """The job and the issue's own run meet one cause, and whichever sends the issue in the end mends it."""
    assert open_faults(letter) == ["issue 2026-11-09"]
    assert letter.said == [("fault.told", "told by FEEDMAKER_NOTIFY: feedmaker: issue 2026-11-09 failed")]
    (letter.folder.root / "outbox").unlink()

    letter.tick(10)
    letter.tick(70)

    assert open_faults(letter) == []
    assert letter.said[1:] == [
        ("fault.mended", "told by FEEDMAKER_NOTIFY: feedmaker: issue 2026-11-09 was sent")
    ]


def test_letter_that_is_skipped_mends_nothing_while_an_issue_waits(site: Publisher) -> None:
    """A run that did not try has not shown that its cause is gone; one with no news has."""
    site.folder.schedule(LETTER)
    site.folder.build(NOW - timedelta(days=30))
    fault = Fault("letter", "a template", "a template", NOW)
    with stored(site.project) as store:
        store.save_fault(fault)

    outcome = site.tick()[0]
    assert (outcome.state, open_faults(site)) == ("skipped", ["letter"])
    with stored(site.project) as store:
        store.add_subscriber("reader@example.org", NOW)
    outcome = site.tick(60 * 24 * 7)[0]

    assert (outcome.state, open_faults(site)) == ("skipped", [])


def test_issue_that_was_sent_by_hand_is_mended(site: Publisher) -> None:
    """An issue that failed at its own time is no fault any more once somebody has sent it."""
    site.folder.build(NOW - timedelta(days=30))
    site.folder.note("boats", date="2026-11-08")
    with stored(site.project) as store:
        store.add_subscriber("reader@example.org", NOW)
    issue = draft(site.project, NOW).issue
    assert issue is not None
    approve(site.project, issue.slug, NOW, NOW)
    blocked = block_outbox(site.folder)
    site.tick(1)
    assert open_faults(site) == [f"issue {issue.slug}"]
    assert [event for event, _ in site.said] == ["notice.failed"]

    blocked.unlink()
    send(site.project, issue.slug, NOW, choices=Choices(by_hand=True, clock=lambda: NOW))
    site.tick(70)

    assert open_faults(site) == []
    assert site.subjects() == []


def test_fault_of_a_job_that_is_gone_is_forgotten(letter: Publisher) -> None:
    """A job that was taken out of the schedule fails no more, and nobody is told that it works again."""
    with stored(letter.project) as store:
        store.save_fault(Fault("gone", "a", "a", NOW, told_at=NOW, told=("FEEDMAKER_NOTIFY",)))
    letter.tick(70)

    assert "gone" not in open_faults(letter)
    assert len(letter.said) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("3 of 10 failed", "4 of 12 failed"),
        ("please report /tmp/feedmaker-a1b2_c.log", "please report /tmp/feedmaker-zz9.log"),
        ("no answer within 10 seconds (08:00:01)", "no answer within 12 seconds (09:30:00)"),
    ],
)
def test_what_varies_makes_no_new_cause(one: str, other: str) -> None:
    """Numbers, times and the names of reports do not tell two causes apart; words do."""
    assert constant(one) == constant(other) != constant(f"{other} again")
    assert Cause("a", one).alike == Cause("a", other).alike


def test_open_causes_are_those_that_last(site: Publisher) -> None:
    """What builds know already is what their faults say now."""
    path = site.break_note()
    site.tick()

    assert {cause for cause, _ in open_causes(site.project, SAVED_NOTES)} == {path}


def test_log_keeps_runs_for_the_time_that_is_set(site: Publisher) -> None:
    """What ended longer ago than that is not there any more, but for the last runs of the job."""
    site.folder.schedule("scheduler: {keep: 1 day}\njobs: [{name: publish, run: build, every: 2 hours}]\n")
    for hours in range(0, 73, 2):
        site.tick(60 * hours)

    with stored(site.project) as store:
        kept = store.recent_runs(99, "publish")
    assert [run.due_at for run in kept] == [
        NOW.replace(hour=6, minute=0) + timedelta(hours=72 - 2 * number) for number in range(RUNS_KEPT)
    ]
