"""Issues that wait for review: drafted by a job, judged by a person, sent at their time or not at all."""

from __future__ import annotations

import email
import email.policy
import json
import os
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from typing import Any

import pytest

from feedmaker.app.drafting import draft, edit
from feedmaker.app.newsletters import find_issue, issues, stored
from feedmaker.app.people import add_subscribers, remove_subscribers
from feedmaker.app.project import Project
from feedmaker.app.reviewing import approve, run_newsletter, skip
from feedmaker.app.sending import Choices, send, send_test
from feedmaker.app.status import status
from feedmaker.delivery.transports import Envelope, Receipt
from feedmaker.errors import BusyError, DeliveryError, UsageError
from feedmaker.idle import is_idle
from feedmaker.newsletter.leaving import TOKEN_SLOT
from feedmaker.scheduler.tick import Outcome
from feedmaker.store import Issue
from tests.conftest import Cli
from tests.delivery.sending import Carrier
from tests.delivery.smtp_servers import ScriptedServer
from tests.projects import FIRST, SCHEDULE, ProjectFolder
from tests.scheduling.ticking import tick

FRIDAY = datetime.fromisoformat("2026-11-06T09:00:00+00:00")
SOON = FRIDAY + timedelta(hours=3)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
# When the claim of a process that died at SOON is over.
LEASE_OVER = SOON + timedelta(minutes=2)
REVIEWER = "letter@lamp.example.org"
SENDING = """\
jobs:
  - {name: letter, run: newsletter send, cron: "0 10 * * fri"}
"""
DRAFTING = """\
jobs:
  - {name: digest, run: newsletter draft, cron: "0 10 * * thu"}
  - {name: letter, run: newsletter send, cron: "0 10 * * fri"}
"""
"""At 10:00 in Berlin it is 09:00 in UTC."""


class Refusing(Carrier):
    """Take no message."""

    def send(self, message: bytes, envelope: Envelope) -> Receipt:
        """Refuse a message."""
        return Receipt("failed", "550 no such mailbox")


class Broken(Carrier):
    """Stand for a mail server that is away."""

    def send(self, message: bytes, envelope: Envelope) -> Receipt:
        """Take nothing, whoever it is for."""
        raise DeliveryError("the server is away")


def prepared(project: ProjectFolder, more: str = SENDING) -> ProjectFolder:
    """Make a project with a back catalogue of one note, one piece of news and one subscriber."""
    project.schedule(more)
    os.utime(project.root / "schedule.yaml", (0, FIRST.timestamp()))
    project.note("fog")
    project.build(FIRST)
    project.note("bells")
    add_subscribers(project.open(), ["ada@example.org"], FIRST)
    return project


@pytest.fixture
def site(project: ProjectFolder) -> Project:
    """Make a project with a job that sends, news, and a newsletter that is reviewed."""
    return prepared(project).open()


@pytest.fixture
def drafted(site: Project) -> Project:
    """Make a project whose job has just drafted an issue."""
    (outcome,) = tick(site, FRIDAY)
    assert outcome.summary.startswith("drafted 2026-11-06: ")
    return site


def outbox(project: Project) -> dict[str, Any]:
    """Read all messages, by issue and recipient."""
    folder = project.folder / "outbox"
    return {
        str(path.relative_to(folder)).removesuffix(".eml"): email.message_from_bytes(
            path.read_bytes(), policy=email.policy.default
        )
        for path in folder.rglob("*.eml")
    }


def mailed(project: Project) -> list[str]:
    """Name the messages that went to readers."""
    return sorted(name for name in outbox(project) if "-review/" not in name and "-test/" not in name)


def told(outcomes: list[Outcome]) -> list[tuple[str, str, bool]]:
    """Return what ran, what it said, and whether it failed."""
    return [(outcome.job, outcome.summary, outcome.failed) for outcome in outcomes]


def only(project: Project) -> Issue:
    """Return the one issue there is."""
    (issue,) = issues(project)
    return issue


def lock_of(project: Project) -> dict[str, str | None]:
    """Return by note the issue that the lock says has carried it."""
    entries = json.loads(project.lock_path.read_bytes())["notes"]
    return {entry["source"]: entry.get("issue") for entry in entries}


# Drafting


def test_job_drafts_and_waits(site: Project) -> None:
    """By default a job that sends drafts an issue, sends it to nobody, and says whom it told."""
    (outcome,) = tick(site, FRIDAY)

    assert outcome.summary == (
        f"drafted 2026-11-06: Nobody had measured Bells before.; it waits for review, and {REVIEWER} was told"
    )
    assert (only(site).state, only(site).due_at, mailed(site)) == ("draft", FRIDAY, [])


def test_publisher_is_told_by_mail(drafted: Project) -> None:
    """The notice goes through the transport and has the facts, the commands and the issue as text."""
    notice = outbox(drafted)[f"2026-11-06-review/{REVIEWER}"]
    text = notice.get_content()

    assert (notice["To"], notice["Subject"]) == (REVIEWER, "Issue 2026-11-06 waits for your review")
    for command in ("approve", "test", "edit", "skip"):
        assert f"feedmaker newsletter {command} 2026-11-06" in text
    assert "Subject: Nobody had measured Bells before." in text
    assert "The second lamp was never lit." in text


def test_reviewer_is_told_in_place_of_the_sender(project: ProjectFolder) -> None:
    """Where `reviewer` names somebody, the notice goes there."""
    site = prepared(project, f"  reviewer: eve@lamp.example.org\n{SENDING}").open()

    tick(site, FRIDAY)

    assert list(outbox(site)) == ["2026-11-06-review/eve@lamp.example.org"]


def test_mail_server_is_left_in_order(site: Project) -> None:
    """Once the reviewer is told, the connection ends with QUIT (RFC 5321, 4.1.1.10)."""
    with ScriptedServer() as server:
        tick(Project(site.folder, {"FEEDMAKER_TRANSPORT": f"smtp://127.0.0.1:{server.port}"}), FRIDAY)

        assert [connection.lines[-1] for connection in server.connections] == [b"QUIT"]
        assert len(server.messages) == 1


@pytest.mark.parametrize(("transport", "reason"), [(Refusing, "550 no such mailbox"), (Broken, "is away")])
def test_draft_waits_though_nobody_could_be_told(
    site: Project, monkeypatch: pytest.MonkeyPatch, transport: type[Refusing | Broken], reason: str
) -> None:
    """The line of the run says that the publisher could not be told, and why; the draft is there."""
    monkeypatch.setattr("feedmaker.app.newsletters.open_transport", lambda *_: transport())

    (outcome,) = tick(site, FRIDAY)

    assert f"{REVIEWER} could not be told: " in outcome.summary
    assert reason in outcome.summary
    assert only(site).state == "draft"


def test_waiting_draft_is_not_joined_by_a_second(drafted: Project, project: ProjectFolder) -> None:
    """A week later the same issue waits, the publisher is told again, and news waits for the next one."""
    project.note("lamps")

    outcome, *_ = tick(drafted, FRIDAY + 7 * DAY)

    assert outcome.summary == (
        f"issue 2026-11-06 is not approved yet; it waits for review, and {REVIEWER} was told"
    )
    assert [issue.slug for issue in issues(drafted)] == ["2026-11-06"]
    assert mailed(drafted) == []


def test_draft_of_a_job_is_due_when_the_next_job_sends(project: ProjectFolder) -> None:
    """A job that drafts on Thursday gives the issue the time of Friday's, and joins no second to it."""
    site = prepared(project, DRAFTING).open()
    thursday = FRIDAY - DAY

    (outcome,) = tick(site, thursday)
    project.note("lamps")

    assert outcome.summary.startswith("drafted 2026-11-05: ")
    assert only(site).due_at == FRIDAY
    approve(site, "latest", thursday + SECOND)
    assert [outcome.job for outcome in tick(site, FRIDAY)] == ["letter"]
    assert mailed(site) == ["2026-11-05/ada@example.org"]
    assert [outcome.job for outcome in tick(site, thursday + 7 * DAY)] == ["digest"]
    assert [issue.slug for issue in issues(site)] == ["2026-11-05", "2026-11-12"]


def test_drafting_job_leaves_a_draft_alone(project: ProjectFolder) -> None:
    """A draft that waits is said to be there, and news stays news."""
    site = prepared(project, DRAFTING).open()
    draft(site, FRIDAY - 2 * DAY)
    project.note("lamps")

    outcome, *_ = tick(site, FRIDAY - DAY)

    assert outcome.summary == "issue 2026-11-04 is drafted already; no second one is drafted"
    assert status(site, FRIDAY).news == 1


# Approving


def test_approved_issue_goes_out_at_its_time(project: ProjectFolder) -> None:
    """A tick before does nothing, one at the time sends once, and one after it does nothing."""
    site = prepared(project, DRAFTING).open()
    tick(site, FRIDAY - DAY)
    approved = approve(site, "latest", FRIDAY - DAY + SECOND)

    assert (approved.state, approved.due_at) == ("approved", FRIDAY)
    assert tick(site, FRIDAY - SECOND) == []
    assert told(tick(site, FRIDAY)) == [("letter", "sent 2026-11-05 to 1", False)]
    assert mailed(site) == ["2026-11-05/ada@example.org"]
    assert tick(site, FRIDAY + SECOND) == []
    assert tick(site, FRIDAY + DAY) == []


def test_issue_approved_after_its_time_goes_with_the_next_tick(drafted: Project) -> None:
    """Nobody has to wait for another Friday; a daemon sends within a minute, cron with its next line."""
    approved = approve(drafted, "2026-11-06", SOON)

    assert approved.due_at == SOON
    assert told(tick(drafted, SOON)) == [("issue 2026-11-06", "sent 2026-11-06 to 1", False)]
    assert tick(drafted, SOON + SECOND) == []
    assert mailed(drafted) == ["2026-11-06/ada@example.org"]


def test_issue_is_approved_for_a_time(drafted: Project) -> None:
    """A time of the publisher's own wins over the schedule's, and can be changed."""
    approve(drafted, "latest", SOON, FRIDAY + 2 * DAY)
    approve(drafted, "latest", SOON, FRIDAY + DAY)

    assert tick(drafted, FRIDAY + DAY - SECOND) == []
    assert told(tick(drafted, FRIDAY + DAY)) == [("issue 2026-11-06", "sent 2026-11-06 to 1", False)]


def test_job_does_not_anticipate_the_time_of_an_issue(drafted: Project, project: ProjectFolder) -> None:
    """A job that is due before says when the issue goes out, and neither sends it nor drafts another."""
    project.note("lamps")
    approve(drafted, "latest", SOON, FRIDAY + 10 * DAY)

    outcome, *_ = tick(drafted, FRIDAY + 7 * DAY)

    assert outcome.summary == "issue 2026-11-06 is approved, and goes out on 2026-11-16 at 10:00"
    assert mailed(drafted) == []
    assert told(tick(drafted, FRIDAY + 10 * DAY)) == [("issue 2026-11-06", "sent 2026-11-06 to 1", False)]


def test_two_issues_approved_for_one_time_both_go_out(site: Project, project: ProjectFolder) -> None:
    """Each has a run of its own, so that one does not pass for the other."""
    draft(site, FRIDAY - DAY)
    project.note("lamps")
    draft(site, FRIDAY - DAY)
    approve(site, "2026-11-05", FRIDAY - DAY, SOON)
    approve(site, "2026-11-05-2", FRIDAY - DAY, SOON)
    tick(site, SOON - SECOND)

    assert told(tick(site, SOON)) == [
        ("issue 2026-11-05", "sent 2026-11-05 to 1", False),
        ("issue 2026-11-05-2", "sent 2026-11-05-2 to 1", False),
    ]
    assert [issue.state for issue in issues(site)] == ["sent", "sent"]


def test_approving_wakes_an_idle_tick(drafted: Project) -> None:
    """The note that nothing is due until next Friday does not outlast an approval."""
    assert tick(drafted, SOON - SECOND) == []
    assert is_idle(str(drafted.folder), SOON.timestamp())

    approve(drafted, "latest", SOON)

    assert not is_idle(str(drafted.folder), SOON.timestamp())
    assert len(tick(drafted, SOON + SECOND)) == 1


def test_waiting_for_an_approved_issue_is_idle(drafted: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until an approved issue is due, a tick looks at nothing; what nobody would get waits for somebody."""
    approve(drafted, "latest", SOON, SOON + DAY)
    tick(drafted, SOON)
    tick(drafted, SOON)
    remove_subscribers(drafted, ["ada@example.org"], SOON)
    with monkeypatch.context() as patched:
        patched.setattr(Project, "config", lambda _: pytest.fail("the tick is not idle"))
        assert tick(drafted, SOON + timedelta(minutes=59)) == []

    assert tick(drafted, SOON + DAY) == []
    with monkeypatch.context() as patched:
        patched.setattr(Project, "config", lambda _: pytest.fail("the tick is not idle"))
        assert tick(drafted, SOON + DAY + SECOND) == []

    add_subscribers(drafted, ["bo@example.org"], SOON + DAY)
    (outcome,) = tick(drafted, SOON + DAY + SECOND)

    assert outcome.summary == "sent 2026-11-06 to 1"


def test_without_a_job_an_approved_issue_is_sent_by_hand(project: ProjectFolder, cli: Cli) -> None:
    """Approving says which command sends it; with a time of its own a tick does."""
    site = prepared(project, "").open()
    draft(site, FRIDAY)

    said = cli("-C", project.root, "newsletter", "approve", "latest")
    tick(site, FRIDAY + DAY)

    assert (said.code, only(site).state, only(site).due_at) == (0, "approved", None)
    assert said.out == (
        "issue 2026-11-06 is approved; no job sends it, so do it by hand:\n"
        "  feedmaker newsletter send 2026-11-06\n"
    )
    assert mailed(site) == []
    approve(site, "latest", FRIDAY + DAY, FRIDAY + 2 * DAY)
    assert told(tick(site, FRIDAY + 2 * DAY)) == [("issue 2026-11-06", "sent 2026-11-06 to 1", False)]


def test_sending_by_name_is_approval(drafted: Project) -> None:
    """Who names an issue to be sent has judged it; the next job finds nothing to do."""
    assert send(drafted, "2026-11-06", SOON).counts["sent"] == 1

    outcome, *_ = tick(drafted, FRIDAY + 7 * DAY)

    assert outcome.summary.startswith("nothing to send: no episode is new: 1 in an issue already")
    assert mailed(drafted) == ["2026-11-06/ada@example.org"]


# Editing


def test_edit_takes_up_changed_notes_templates_and_settings(drafted: Project, project: ProjectFolder) -> None:
    """An approved issue is made anew from all of them, under its slug, and waits again."""
    approve(drafted, "latest", SOON, SOON + DAY)
    project.edit("episodes/bells.md", "Oil floats.", "Oil sinks.")
    project.write("templates/newsletter/parts/masthead.txt", "So long from the gallery.\n")
    project.schedule(SENDING, SCHEDULE.replace("The Lamp Letter", "The Foghorn"))

    issue = edit(drafted, "latest", SOON, {})

    assert (issue.slug, issue.state, issue.due_at) == ("2026-11-06", "draft", SOON + DAY)
    assert "Oil sinks." in issue.html
    assert "So long from the gallery." in issue.text
    assert "The Foghorn" in issue.page
    assert tick(drafted, SOON + DAY) == []
    approve(drafted, "latest", SOON + DAY)
    tick(drafted, SOON + DAY)
    assert "Oil sinks." in outbox(drafted)["2026-11-06/ada@example.org"].get_body(("plain",)).get_content()


def test_notes_that_change_leave_a_draft_as_it_is(drafted: Project, project: ProjectFolder) -> None:
    """What was approved is what goes out, whatever becomes of the notes meanwhile."""
    before = only(drafted)
    project.edit("episodes/bells.md", "Oil floats.", "Oil sinks.")
    drafted.build(SOON)
    approve(drafted, "latest", SOON)

    tick(drafted, SOON)

    assert (only(drafted).html, only(drafted).text) == (before.html, before.text)


def test_own_wording_lasts_until_it_is_taken_back(drafted: Project) -> None:
    """Words given once stay through further edits; an empty text brings the usual ones back."""
    usual = only(drafted)
    worded = edit(
        drafted, "latest", SOON, {"subject": "A bell", "preheader": "And *more*", "intro": "*Hi* all."}
    )
    again = edit(drafted, "latest", SOON, {"preheader": "Less"})
    back = edit(drafted, "latest", SOON, {"subject": "", "preheader": "", "intro": ""})

    assert (worded.subject, worded.preheader) == ("A bell", "And *more*")
    assert "<em>Hi</em> all." in worded.html
    assert "Hi all." in worded.text
    assert (again.subject, again.preheader, again.wording["intro"]) == ("A bell", "Less", "*Hi* all.")
    assert (back.subject, back.preheader, back.html) == (usual.subject, usual.preheader, usual.html)


def test_episode_that_is_left_out_is_news_again(site: Project, project: ProjectFolder) -> None:
    """The next issue carries it, and the lock has not given it to the first."""
    project.note("lamps")
    tick(site, FRIDAY)
    assert lock_of(site)["episodes/bells.md"] == lock_of(site)["episodes/lamps.md"] == "2026-11-06"

    issue = edit(site, "latest", SOON, {}, ["bells"])

    assert [episode["title"] for episode in issue.contents] == ["Lamps"]
    assert (lock_of(site)["episodes/bells.md"], lock_of(site)["episodes/lamps.md"]) == (None, "2026-11-06")
    send(site, "latest", SOON)
    tick(site, FRIDAY + 7 * DAY)
    second = find_issue(site, "latest")
    assert [episode["title"] for episode in second.contents] == ["Bells"]
    assert lock_of(site)["episodes/bells.md"] == "2026-11-13"


def test_killed_edit_loses_no_episode(
    site: Project, project: ProjectFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is cut off between lock and database, an episode is in one issue or news."""
    project.note("lamps")
    tick(site, FRIDAY)
    with monkeypatch.context() as patched:
        patched.setattr("feedmaker.store.Store.rewrite_issue", lambda *_: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            edit(site, "latest", SOON, {}, ["bells"])

    draft(site, SOON)

    assert [len(issue.contents) for issue in issues(site)] == [2]
    assert lock_of(site)["episodes/bells.md"] == "2026-11-06"


@pytest.mark.parametrize(
    ("without", "said"),
    [
        (["bells"], "issue 2026-11-06 would be empty; `feedmaker newsletter skip 2026-11-06` drops it"),
        (["bell"], "issue 2026-11-06 has no episode bell; it has bells"),
        (["fog"], "issue 2026-11-06 has no episode fog; it has bells"),
    ],
)
def test_edit_that_makes_no_sense_changes_nothing(drafted: Project, without: list[str], said: str) -> None:
    """An issue is never empty, and what it does not have cannot be left out of it."""
    before = only(drafted)

    with pytest.raises(UsageError) as raised:
        edit(drafted, "latest", SOON, {"subject": "New"}, without)

    assert str(raised.value) == said
    assert only(drafted) == before


def test_edit_without_changes_makes_the_same_issue(drafted: Project) -> None:
    """An issue is a function of what it is made of."""
    before = only(drafted)

    assert edit(drafted, "latest", SOON + DAY, {}) == before


# Skipping, refusing


def test_skipped_issue_never_goes_out(drafted: Project) -> None:
    """Its episodes are mailed by no other issue, and neither a job nor a person sends it."""
    approve(drafted, "latest", SOON, SOON + DAY)

    assert skip(drafted, "latest", SOON).state == "skipped"

    assert tick(drafted, SOON + DAY) == []
    outcome, *_ = tick(drafted, FRIDAY + 7 * DAY)
    assert outcome.summary.startswith("nothing to send: no episode is new: 1 in an issue already")
    with pytest.raises(UsageError, match="is skipped; `feedmaker newsletter edit 2026-11-06` takes it up"):
        send(drafted, "latest", SOON)
    with pytest.raises(UsageError, match="is skipped and cannot be approved"):
        approve(drafted, "latest", SOON)
    assert mailed(drafted) == []


def test_edit_takes_up_a_skipped_issue(drafted: Project) -> None:
    """It waits for review as it did before, and can go out."""
    skip(drafted, "latest", SOON)

    assert edit(drafted, "latest", SOON, {}).state == "draft"

    approve(drafted, "latest", SOON)
    tick(drafted, SOON)
    assert mailed(drafted) == ["2026-11-06/ada@example.org"]


def test_sent_issue_stays_what_it_is(drafted: Project) -> None:
    """It can be neither approved, edited nor skipped, and each refusal says why."""
    send(drafted, "latest", SOON)

    with pytest.raises(UsageError, match="issue 2026-11-06 is sent and cannot be approved"):
        approve(drafted, "latest", SOON)
    with pytest.raises(UsageError, match="issue 2026-11-06 is sent; what has gone out cannot be edited"):
        edit(drafted, "latest", SOON, {})
    with pytest.raises(UsageError, match="issue 2026-11-06 is sent; what has gone out cannot be skipped"):
        skip(drafted, "latest", SOON)
    assert only(drafted).state == "sent"


# Test mails


def test_test_mail_goes_to_one_person_and_is_recorded_nowhere(drafted: Project) -> None:
    """The subject is marked, the rest is the issue; the draft waits as before."""
    before = only(drafted)

    reply = send_test(drafted, "latest", "Eve@Example.org", SOON)

    message = outbox(drafted)["2026-11-06-test/eve@example.org"]
    assert reply == "written to 2026-11-06-test/eve@example.org.eml"
    assert (message["To"], message["Subject"]) == ("eve@example.org", f"[Test] {before.subject}")
    assert (
        message.get_body(("plain",)).get_content().split() == before.text.replace(TOKEN_SLOT, "test").split()
    )
    assert only(drafted) == before
    with stored(drafted) as store:
        assert list(store.deliveries(before.id)) == []


def test_test_mail_can_be_sent_of_any_issue(drafted: Project) -> None:
    """What was sent or skipped can be looked at, too; an address that is none is refused."""
    skip(drafted, "latest", SOON)
    send_test(drafted, "2026-11-06", "eve@example.org", SOON)

    with pytest.raises(UsageError, match="no address that mail can be sent to"):
        send_test(drafted, "2026-11-06", "eve", SOON)


def test_test_mail_that_is_refused_is_an_error(drafted: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message has what the transport said."""
    monkeypatch.setattr("feedmaker.app.newsletters.open_transport", lambda *_: Refusing())

    with pytest.raises(DeliveryError, match=r"not sent to eve@example\.org: 550 no such mailbox"):
        send_test(drafted, "latest", "eve@example.org", SOON)


# Too late


def test_late_issue_waits_again(project: ProjectFolder) -> None:
    """An approved issue that is two days past its time is not sent, and the publisher is told."""
    site = prepared(project, DRAFTING).open()
    tick(site, FRIDAY - DAY)
    approve(site, "latest", FRIDAY - DAY)
    (project.root / f"outbox/2026-11-05-review/{REVIEWER}.eml").unlink()

    (job,) = tick(site, FRIDAY + 2 * DAY + SECOND)

    assert job.summary == (
        "issue 2026-11-05 was due on 2026-11-06 at 10:00, too long ago; "
        f"it waits for review, and {REVIEWER} was told"
    )
    assert (only(site).state, mailed(site)) == ("draft", [])
    assert list(outbox(site)) == [f"2026-11-05-review/{REVIEWER}"]
    approve(site, "latest", FRIDAY + 3 * DAY)
    assert told(tick(site, FRIDAY + 3 * DAY)) == [("issue 2026-11-05", "sent 2026-11-05 to 1", False)]


def test_issue_that_is_a_little_late_goes_out(drafted: Project) -> None:
    """Up to the set age an approved issue is sent by whoever comes first, after any downtime."""
    approve(drafted, "latest", SOON)

    assert told(tick(drafted, SOON + 2 * DAY)) == [("issue 2026-11-06", "sent 2026-11-06 to 1", False)]


@pytest.mark.parametrize(("late_after", "state"), [("1 hour", "draft"), ("4 hours", "sent")])
def test_how_late_is_too_late_can_be_set(project: ProjectFolder, late_after: str, state: str) -> None:
    """An issue approved for Friday is not sent three hours later where one hour is the most."""
    site = prepared(project, f"  late_after: {late_after}\n{SENDING}").open()
    draft(site, FRIDAY - DAY)
    approve(site, "latest", FRIDAY - DAY)

    tick(site, SOON)

    assert only(site).state == state


def test_issue_without_a_time_is_never_late(drafted: Project) -> None:
    """What is sent by hand goes out, however long it has waited."""
    assert send(drafted, "latest", FRIDAY + 300 * DAY).counts["sent"] == 1


# Without review


def test_without_review_a_job_sends_at_once(project: ProjectFolder) -> None:
    """Nobody is told, nothing waits."""
    site = prepared(project, f"  review: false\n{SENDING}").open()

    assert told(tick(site, FRIDAY)) == [("letter", "sent 2026-11-06 to 1", False)]
    assert list(outbox(site)) == ["2026-11-06/ada@example.org"]


def test_without_review_a_late_issue_waits_all_the_same(project: ProjectFolder) -> None:
    """After three days of downtime somebody looks at it first; once approved it goes out."""
    site = prepared(project, f"  review: false\n{SENDING}").open()

    (job,) = tick(site, FRIDAY + 3 * DAY)

    assert job.summary.startswith("issue 2026-11-09 was due on 2026-11-06 at 10:00, too long ago; it waits")
    assert (only(site).state, mailed(site)) == ("draft", [])
    approve(site, "latest", FRIDAY + 3 * DAY)
    assert told(tick(site, FRIDAY + 3 * DAY)) == [("issue 2026-11-09", "sent 2026-11-09 to 1", False)]


def test_without_review_what_waits_is_sent_by_the_job(project: ProjectFolder) -> None:
    """A draft made by hand before goes out at the job's time."""
    site = prepared(project, f"  review: false\n{SENDING}").open()
    draft(site, FRIDAY - DAY)

    assert told(tick(site, FRIDAY)) == [("letter", "sent 2026-11-05 to 1", False)]


# Nothing to send


def test_nothing_to_send_is_told_with_every_reason(project: ProjectFolder) -> None:
    """What was mailed, what is back catalogue and what is held back are counted."""
    site = prepared(project, f"  review: false\n{SENDING}").open()
    tick(site, FRIDAY)
    project.note("later", keys="draft: true")
    project.note("broken", date="soon")

    (outcome,) = tick(site, FRIDAY + 7 * DAY)

    assert not outcome.failed
    assert outcome.summary == (
        "nothing to send: no episode is new: 1 in an issue already, 1 back catalogue, published before the "
        "newsletter (--backlog N takes the newest N), 2 held back (`feedmaker status` says why)"
    )


def test_issue_has_the_date_on_which_it_is_due(project: ProjectFolder) -> None:
    """What is drafted on Thursday for Friday is Friday's, also when it is made anew."""
    site = prepared(project, DRAFTING).open()
    tick(site, FRIDAY - DAY)
    assert "6 November 2026" in find_issue(site, "latest").text

    edit(site, "latest", FRIDAY - DAY, {})

    assert "6 November 2026" in find_issue(site, "latest").text


def test_nothing_to_send_from_an_empty_folder(project: ProjectFolder) -> None:
    """Where there is no episode at all, that is the reason."""
    project.schedule(DRAFTING)
    add_subscribers(project.open(), ["ada@example.org"], FRIDAY)

    outcomes = tick(project.open(), FRIDAY)

    assert {outcome.summary for outcome in outcomes} == {
        "nothing to send: there is no episode yet",
        "nothing to draft: there is no episode yet",
    }


# Cut off


def test_sending_that_was_cut_off_is_finished_by_the_next_tick(
    drafted: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that died between two messages leaves a run that the next tick does to its end."""
    add_subscribers(drafted, ["bo@example.org", "cy@example.org"], SOON)
    approve(drafted, "latest", SOON)
    with monkeypatch.context() as patched:
        patched.setattr("feedmaker.store.Store.settle_deliveries", _dies)
        with pytest.raises(KeyboardInterrupt):
            tick(drafted, SOON)
    assert only(drafted).state == "sending"
    first = outbox(drafted)["2026-11-06/ada@example.org"].as_bytes()

    assert told(tick(drafted, LEASE_OVER)) == [("issue 2026-11-06", "sent 2026-11-06 to 3", False)]

    assert mailed(drafted) == [f"2026-11-06/{name}@example.org" for name in ("ada", "bo", "cy")]
    assert outbox(drafted)["2026-11-06/ada@example.org"].as_bytes() == first


def test_what_some_have_got_is_no_draft_any_more(drafted: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sender that cannot stand in a message stops the rest of an issue until that is mended."""
    approve(drafted, "latest", SOON)
    with monkeypatch.context() as patched:
        patched.setattr("feedmaker.store.Store.settle_deliveries", _dies)
        with pytest.raises(KeyboardInterrupt):
            tick(drafted, SOON)
    text = drafted.schedule.read_text("utf-8")
    drafted.schedule.write_text(text.replace(REVIEWER, "lettér@lamp.example.org"), "utf-8")

    (outcome,) = tick(drafted, LEASE_OVER)

    assert outcome.failed
    assert only(drafted).state == "sending"
    drafted.schedule.write_text(text, "utf-8")
    soon = Choices(clock=lambda: LEASE_OVER)
    assert send(drafted, "latest", LEASE_OVER, choices=soon).counts["sent"] == 1


def test_half_sent_issue_ends_when_everybody_has_left(
    drafted: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its audience is fixed, so it does not wait for new subscribers."""
    approve(drafted, "latest", SOON)
    with monkeypatch.context() as patched:
        patched.setattr("feedmaker.store.Store.settle_deliveries", _dies)
        with pytest.raises(KeyboardInterrupt):
            tick(drafted, SOON)
    remove_subscribers(drafted, ["ada@example.org"], SOON)

    tick(drafted, LEASE_OVER)

    assert only(drafted).state == "sent"


def test_what_was_cut_off_long_ago_asks(drafted: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest of an issue does not go out after days unseen; naming it sends it."""
    approve(drafted, "latest", SOON)
    with monkeypatch.context() as patched:
        patched.setattr("feedmaker.store.Store.settle_deliveries", _dies)
        with pytest.raises(KeyboardInterrupt):
            tick(drafted, SOON)

    (outcome,) = tick(drafted, SOON + 3 * DAY)

    assert outcome.failed
    assert "was cut off at 2026-11-06 " in outcome.summary
    assert "with 1 of 1 messages to go; `feedmaker newsletter send 2026-11-06` with --allow-late" in (
        outcome.summary
    )
    late = Choices(late=True, clock=lambda: SOON + 3 * DAY)
    assert send(drafted, "latest", SOON + 3 * DAY, choices=late).counts["sent"] == 1


def test_notes_are_published_while_an_issue_goes_out(drafted: Project, project: ProjectFolder) -> None:
    """A saved note does not wait until the last reader has their message."""
    add_subscribers(drafted, ["bo@example.org", "cy@example.org"], SOON)
    built = []

    def build(what: str, done: int, total: int) -> None:
        if what == "sending" and done == 1:
            project.note("lamps")
            built.append(project.open().build(SOON, patience=0))

    assert send(drafted, "latest", SOON, build).counts["sent"] == 3
    assert [report.new for report in built] == [["episodes/lamps.md"]]


def test_two_senders_share_an_issue(drafted: Project) -> None:
    """Whoever else sends it meanwhile takes what is left, and nobody gets it twice."""
    add_subscribers(drafted, ["bo@example.org", "cy@example.org"], SOON)
    others: list[int] = []

    def send_too(what: str, done: int, total: int) -> None:
        if what == "sending" and done == 1 and not others:
            others.append(send(Project(drafted.folder, {}), "latest", SOON).counts["sent"])

    assert send(drafted, "latest", SOON, send_too).counts["sent"] == 3
    assert others
    assert others[0] >= 2
    assert mailed(drafted) == [f"2026-11-06/{name}@example.org" for name in ("ada", "bo", "cy")]


def test_issue_that_was_changed_meanwhile_is_not_sent(drafted: Project) -> None:
    """What is made anew between a look at what is due and its sending waits for review again."""
    approve(drafted, "latest", SOON)
    seen = only(drafted)
    edit(drafted, "latest", SOON, {"intro": "Not yet."})

    with pytest.raises(BusyError, match="was changed by another feedmaker"):
        send(drafted, "latest", SOON, seen=seen)

    assert only(drafted).state == "draft"


def test_issue_whose_page_is_there_is_sent_later(drafted: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that died between page and ledger is taken up: the file keeps its time, the mail goes out."""
    approve(drafted, "latest", SOON)
    with monkeypatch.context() as patched:
        patched.setattr("feedmaker.app.sending.begin", _dies)
        with pytest.raises(KeyboardInterrupt):
            send(drafted, "latest", SOON)
    file = drafted.folder / "issues/2026-11-06.json"
    kept = file.read_bytes()
    assert only(drafted).state == "approved"
    assert (drafted.public / "newsletter/2026-11-06/index.html").exists()

    assert send(drafted, "latest", SOON + DAY).counts["sent"] == 1

    assert file.read_bytes() == kept
    assert only(drafted).sent_at == SOON + DAY
    assert mailed(drafted) == ["2026-11-06/ada@example.org"]


@pytest.mark.parametrize("way", ["edit", "skip"])
def test_page_that_nobody_was_sent_to_goes_with_the_issue(
    drafted: Project, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """After such a death the issue can still be edited or skipped; the page of what never went out goes."""
    with monkeypatch.context() as patched:
        patched.setattr("feedmaker.app.sending.begin", _dies)
        with pytest.raises(KeyboardInterrupt):
            send(drafted, "latest", SOON)

    if way == "skip":
        skip(drafted, "latest", SOON)
    else:
        edit(drafted, "latest", SOON, {"intro": "Mended."})

    assert not (drafted.folder / "issues/2026-11-06.json").exists()
    drafted.build(SOON)
    assert not (drafted.public / "newsletter/2026-11-06/index.html").exists()
    if way == "edit":
        send(drafted, "latest", SOON + DAY)
        assert "Mended." in (drafted.public / "newsletter/2026-11-06/index.html").read_text("utf-8")


def test_file_of_another_issue_is_not_removed(drafted: Project) -> None:
    """Skipping an issue whose name an older one has in the archive leaves that where it is."""
    file = drafted.folder / "issues/2026-11-06.json"
    send(drafted, "latest", SOON)
    kept = file.read_bytes()
    (drafted.state / "state.db").unlink()
    draft(drafted, FRIDAY, backlog=1)

    skip(drafted, "2026-11-06", SOON)

    assert file.read_bytes() == kept


@pytest.mark.parametrize(
    "point",
    [
        "after feedmaker.app.sending.keep",
        "before feedmaker.app.sending.deliver",
        "after feedmaker.store.Store.open_sending",
        "after feedmaker.store.Store.claim_deliveries",
        "after feedmaker.delivery.transports.outbox.Outbox.send",
        "after feedmaker.store.Store.settle_deliveries",
        "after feedmaker.app.sending.deliver",
        "before feedmaker.store.Store.finish_run",
    ],
)
def test_killed_tick_is_made_up_for_by_the_next(drafted: Project, point: str) -> None:
    """Wherever a tick is killed, the next one leaves everybody mailed once, and there is one page."""
    add_subscribers(drafted, ["bo@example.org"], SOON)
    approve(drafted, "latest", SOON)
    program = [sys.executable, "-c", KILLED, str(drafted.folder), SOON.isoformat(), *point.split()]
    assert subprocess.run(program, capture_output=True, check=False).returncode == -signal.SIGKILL
    before = {path: path.read_bytes() for path in (drafted.folder / "outbox").rglob("*.eml")}

    assert not any(outcome.failed for outcome in tick(drafted, LEASE_OVER))

    assert mailed(drafted) == ["2026-11-06/ada@example.org", "2026-11-06/bo@example.org"]
    assert before == {path: path.read_bytes() for path in before}
    assert only(drafted).state == "sent"
    assert len(list((drafted.folder / "issues").iterdir())) == 1
    assert tick(drafted, LEASE_OVER + SECOND) == []


KILLED = """
import os, pkgutil, signal, sys
from datetime import datetime
from pathlib import Path
from feedmaker.app.project import Project
from tests.scheduling.ticking import tick
folder, now, when, where = sys.argv[1:]
owner, _, name = where.rpartition(".")
owner = pkgutil.resolve_name(owner)
function = getattr(owner, name)
def dies(*args, **options):
    if when == "after":
        function(*args, **options)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(owner, name, dies)
tick(Project(Path(folder), {}), datetime.fromisoformat(now))
"""


def _dies(*_: Any, **__: Any) -> None:
    """End what runs as a signal does, past everything that records failures."""
    raise KeyboardInterrupt


# Corrections


def correct(project: ProjectFolder, words: str) -> None:
    """Put a correction into the note about bells."""
    project.edit("episodes/bells.md", "date:", f"correction: {words}\ndate:")


def issue_with(site: Project, project: ProjectFolder, note: str, now: datetime) -> Issue:
    """Publish a note and draft the issue that carries it."""
    project.note(note)
    made = draft(site, now).issue
    assert made
    return made


def test_correction_is_told_once(drafted: Project, project: ProjectFolder) -> None:
    """The next issue has it, with a link to the page; later ones do not; a new one is told again."""
    send(drafted, "latest", SOON)
    correct(project, "The bell weighs *nine* tons, not six.")

    second = issue_with(drafted, project, "lamps", SOON + DAY)
    third = issue_with(drafted, project, "oil", SOON + 2 * DAY)
    project.edit("episodes/bells.md", "nine* tons, not six.", "ten* tons, not six.")
    fourth = issue_with(drafted, project, "rope", SOON + 3 * DAY)

    assert "The bell weighs <em>nine</em> tons, not six." in second.html
    assert "The bell weighs nine tons, not six." in " ".join(second.text.split())
    assert "https://lamp.example.org/notes/episodes/bells/" in second.text
    assert "tons, not six." not in third.html + third.text
    assert "<em>ten</em> tons, not six." in fourth.html


def test_correction_stays_in_an_issue_that_is_edited(drafted: Project, project: ProjectFolder) -> None:
    """Making an issue anew keeps what it corrects, as the note says it now."""
    send(drafted, "latest", SOON)
    correct(project, "Nine tons.")
    issue_with(drafted, project, "lamps", SOON + DAY)
    project.edit("episodes/bells.md", "Nine tons.", "Ten tons.")

    edited = edit(drafted, "latest", SOON + DAY, {})

    assert "Ten tons." in edited.html
    assert "Nine tons." not in edited.html
    assert "Ten tons." not in issue_with(drafted, project, "oil", SOON + 2 * DAY).html


def test_correction_of_a_skipped_issue_is_told_by_the_next(drafted: Project, project: ProjectFolder) -> None:
    """Whoever got the note with its fault hears of it, though one issue was dropped."""
    send(drafted, "latest", SOON)
    correct(project, "Nine tons.")
    issue_with(drafted, project, "lamps", SOON + DAY)
    skip(drafted, "latest", SOON + DAY)

    assert "Nine tons." in issue_with(drafted, project, "oil", SOON + 2 * DAY).html


def test_correction_of_what_was_never_mailed_is_not_told(drafted: Project, project: ProjectFolder) -> None:
    """Neither of the back catalogue, nor of a note that its readers got corrected."""
    project.edit("episodes/fog.md", "date:", "correction: Fog is wet.\ndate:")
    correct(project, "Nine tons.")
    edit(drafted, "latest", SOON, {})
    assert "Nine tons." not in only(drafted).html
    send(drafted, "latest", SOON)

    following = issue_with(drafted, project, "lamps", SOON + DAY)

    assert "Nine tons." not in following.html
    assert "Fog is wet." not in following.html


def test_correction_alone_makes_no_issue(drafted: Project, project: ProjectFolder) -> None:
    """It waits for the next news."""
    send(drafted, "latest", SOON)
    correct(project, "Nine tons.")

    assert draft(drafted, SOON + DAY).issue is None


# What people are told


def test_status_and_list_name_what_waits(drafted: Project, project: ProjectFolder, cli: Cli) -> None:
    """Both say which issue waits for review, and when an approved one goes out, in the site's zone."""
    waits = cli("-C", project.root, "status").out
    listed = cli("-C", project.root, "newsletter", "list").out
    approve(drafted, "latest", SOON, FRIDAY + DAY)

    goes = cli("-C", project.root, "status").out
    data = json.loads(cli("-C", project.root, "status", "--json").out)["waiting"]

    subject = only(drafted).subject
    assert f"issue 2026-11-06 draft, waits for review: {subject}\n" in waits
    assert listed == f"2026-11-06  draft, waits for review  {subject}\n"
    assert f"issue 2026-11-06 approved for 2026-11-07 10:00 CET: {subject}\n" in goes
    assert data == [
        {
            "issue": "2026-11-06",
            "cadence": "each",
            "state": "approved",
            "subject": subject,
            "due_at": "2026-11-07T09:00:00+00:00",
            "far": "",
        }
    ]
    assert "approved for 2026-11-07 10:00 CET" in cli("-C", project.root, "newsletter", "list").out
    send(drafted, "latest", SOON)
    assert status(drafted, SOON).waiting == []


class Partly(Carrier):
    """Refuse one address, and keep another waiting."""

    def send(self, message: bytes, envelope: Envelope) -> Receipt:
        """Say what becomes of a message."""
        replies = {"bo@example.org": Receipt("failed", "550 5.1.1 no such user")}
        replies["cy@example.org"] = Receipt("deferred", "451 later")
        return replies.get(envelope.recipient, Receipt("sent", "250 ok"))


def test_dead_mailbox_is_no_failure_of_a_run(drafted: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that reached the others is done, and says how many it did not reach, by number alone."""
    add_subscribers(drafted, ["bo@example.org"], SOON)
    approve(drafted, "latest", SOON)
    monkeypatch.setattr("feedmaker.app.newsletters.open_transport", lambda *_: Partly())

    (outcome,) = tick(drafted, SOON)

    assert not outcome.failed
    assert outcome.summary.startswith("sent 2026-11-06 to 1; 1 failed (`feedmaker newsletter deliveries")
    with stored(drafted) as store:
        assert store.count_subscribers() == {"active": 1, "bounced": 1}


def test_rest_of_an_issue_can_be_skipped(drafted: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is on its way ends by that; who has not got it does not get it, also not by a tick."""
    add_subscribers(drafted, ["cy@example.org"], SOON)
    with monkeypatch.context() as patched:
        patched.setattr("feedmaker.app.newsletters.open_transport", lambda *_: Partly())
        assert send(drafted, "latest", SOON, choices=Choices(clock=lambda: SOON)).left == 1

    assert skip(drafted, "latest", SOON).state == "sent"

    assert tick(drafted, SOON + DAY) == []
    with stored(drafted) as store:
        (row,) = store.deliveries(only(drafted).id, "suppressed")
    assert (row.address, row.reply) == ("cy@example.org", "the rest was skipped")
    assert mailed(drafted) == []


def test_job_goes_on_with_what_was_stopped_on_its_way(
    drafted: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job that is due takes up at once what is queued, and does not draft a second issue beside it."""
    add_subscribers(drafted, ["bo@example.org", "cy@example.org"], SOON)

    def stop(what: str, done: int, total: int) -> None:
        if what == "sending" and done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        send(drafted, "latest", SOON, stop, choices=Choices(clock=lambda: SOON))

    now = SOON + SECOND
    done = run_newsletter(drafted, now, now, and_send=True, clock=lambda: now)
    late = run_newsletter(drafted, now, now + 2 * DAY, and_send=True, clock=lambda: now)

    assert done.summary == "sent 2026-11-06 to 3"
    assert late.summary.startswith("nothing to send: no episode is new")
