"""Issues on their way: stopped by what comes of them, decided on by hand, skipped half-way."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from feedmaker.app.newsletters import find_issue, stored
from feedmaker.app.people import add_subscribers
from feedmaker.app.project import Project
from feedmaker.app.reviewing import skip
from feedmaker.app.sending import Choices, resolve, send
from feedmaker.delivery.sender import wall_clock
from feedmaker.delivery.transports import Envelope, Receipt
from feedmaker.errors import DeliveryError
from feedmaker.store import Counts
from tests.delivery.sending import Carrier
from tests.projects import ProjectFolder
from tests.scheduling.test_review import DAY, FRIDAY, SENDING, SOON, prepared
from tests.scheduling.ticking import tick

BLOCKED = Receipt("failed", "550 5.7.1 blocked, see our list")
GONE = Receipt("failed", "550 5.1.1 no such user")
DEFERRED = Receipt("deferred", "451 later")
UNKNOWN = Receipt("unknown", "the connection broke")
AT_ONCE = Choices(clock=lambda: SOON)


class Answering(Carrier):
    """Answer by name, and take what is for anybody else."""

    def __init__(self, receipts: Mapping[str, Receipt]) -> None:
        self.receipts = receipts

    def send(self, message: bytes, envelope: Envelope) -> Receipt:
        """Say what becomes of a message."""
        return self.receipts.get(envelope.recipient.partition("@")[0], Receipt("sent", "250 ok"))


class Way:
    """Be a project whose issue goes out by a server with these answers."""

    def __init__(self, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        self.project, self.answers = project, dict[str, Receipt]()
        monkeypatch.setattr("feedmaker.app.newsletters.open_transport", lambda *_: Answering(self.answers))

    def readers(self, **answers: Receipt) -> None:
        """Add subscribers, with the answer to each."""
        add_subscribers(self.project, [f"{name}@example.org" for name in answers], SOON)
        self.answers.update(answers)

    @property
    def counts(self) -> Counts:
        """Count what became of the messages."""
        with stored(self.project) as store:
            return store.counts(find_issue(self.project, "latest").id)


@pytest.fixture
def way(project: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> Way:
    """Make a project with a draft and one subscriber."""
    site = prepared(project).open()
    tick(site, FRIDAY)
    return Way(site, monkeypatch)


def test_issue_that_too_many_refuse_is_an_error_at_once(way: Way) -> None:
    """Where what came of the messages stops an issue, sending says so, and not that it goes on later."""
    way.readers(**{f"gone{number}": GONE for number in range(12)}, late=DEFERRED)

    with pytest.raises(DeliveryError, match="issue 2026-11-06 was stopped: 12 of 13 messages bounced"):
        send(way.project, "latest", SOON, choices=AT_ONCE)

    assert way.counts == Counts(sent=1, failed=12, deferred=1)


def test_what_was_decided_by_hand_is_not_cut_off_long_ago(way: Way) -> None:
    """The command that `resolve` names sends what was queued again, however long ago the issue went out."""
    way.readers(bob=BLOCKED)
    send(way.project, "latest", SOON, choices=AT_ONCE)
    way.answers.clear()

    assert resolve(way.project, "latest", None, None, failed=True).again == 1
    soon = wall_clock() + timedelta(minutes=1)
    send(way.project, "latest", soon, choices=Choices(clock=lambda: soon))

    assert way.counts == Counts(sent=2)


def test_repeat_by_hand_is_not_cut_off_long_ago(way: Way) -> None:
    """So it is with messages of which nobody could say."""
    way.readers(bob=UNKNOWN)
    send(way.project, "latest", SOON, choices=AT_ONCE)
    way.answers.clear()

    assert resolve(way.project, "latest", "again", None).again == 1
    soon = wall_clock() + timedelta(minutes=1)
    send(way.project, "latest", soon, choices=Choices(clock=lambda: soon))

    assert way.counts == Counts(sent=2)


def test_relay_log_is_looked_for_in_the_project(
    way: Way, project: ProjectFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It makes no difference where the command is called; a log that is missing leaves all as it was."""
    way.readers(bob=UNKNOWN, cat=BLOCKED)
    send(way.project, "latest", SOON, choices=AT_ONCE)
    project.schedule(f"delivery: {{relay_log: logs/mail.log}}\n{SENDING}")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(DeliveryError) as raised:
        resolve(project.open(), "latest", None, None, failed=True)

    assert f"cannot read {project.root}/logs/mail.log: No such file" in str(raised.value)
    assert way.counts == Counts(sent=1, failed=1, unknown=1)


def test_skipped_rest_is_not_taken_up_by_who_was_at_it(way: Way) -> None:
    """What was under way when the rest was skipped, and is put off, is over; its sender ends and says so."""
    way.readers(bob=DEFERRED, cat=DEFERRED)

    class Skipping(Answering):
        def send(self, message: bytes, envelope: Envelope) -> Receipt:
            if envelope.recipient.startswith("bob"):
                skip(way.project, "latest", SOON)
            return super().send(message, envelope)

    way.project.transport = Skipping(way.answers)

    with pytest.raises(DeliveryError, match="issue 2026-11-06 goes to nobody any more: the rest was skipped"):
        send(way.project, "latest", SOON, choices=Choices(clock=lambda: SOON, patience=DAY))

    assert way.counts == Counts(sent=1, suppressed=2)
    assert find_issue(way.project, "latest").state == "sent"
    assert tick(way.project, SOON + DAY) == []
