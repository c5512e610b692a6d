"""`feedmaker newsletter`: drafting, reading and sending by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from feedmaker.delivery.transports import Envelope, Receipt
from feedmaker.errors import FeedmakerError
from feedmaker.store import Delivery, Status, Store, open_store
from tests.conftest import Cli
from tests.delivery.sending import NOW, Carrier
from tests.projects import ProjectFolder


class Refusing(Carrier):
    """Take every message but those for one address."""

    def send(self, message: bytes, envelope: Envelope) -> Receipt:
        """Refuse the message for that address."""
        return Receipt("failed" if envelope.recipient == "bo@example.org" else "sent", "550 no such mailbox")


@pytest.fixture
def site(project: ProjectFolder, cli: Cli) -> ProjectFolder:
    """Make a project with a note in its back catalogue and two subscribers."""
    project.note("fog")
    assert cli("-C", project.root, "build").code == 0
    assert cli("-C", project.root, "subscribers", "add", "Ada@example.org", "bo@example.org").code == 0
    return project


def test_back_catalogue_is_drafted_on_purpose_only(site: ProjectFolder, cli: Cli) -> None:
    """A draft without news says so and exits with 0; --backlog takes what the first build found."""
    nothing = cli("-C", site.root, "newsletter", "draft")
    drafted = cli("-C", site.root, "newsletter", "draft", "--backlog", "1", "--json")

    assert nothing.code == 0
    assert nothing.out.startswith("nothing to draft: no episode is new: 1 back catalogue, published before")
    assert json.loads(drafted.out)["issue"]["state"] == "draft"
    again = json.loads(cli("-C", site.root, "newsletter", "draft", "--json").out)
    assert again == {"issue": None, "reason": "no episode is new: 1 in an issue already"}


def test_issue_is_shown_as_it_was_frozen(site: ProjectFolder, cli: Cli) -> None:
    """Both parts are printed, by slug or as the latest, and an unknown slug names those there are."""
    slug = json.loads(cli("-C", site.root, "newsletter", "draft", "--backlog", "1", "--json").out)["issue"][
        "slug"
    ]

    assert cli("-C", site.root, "newsletter", "show", slug).out.startswith(
        f"Issue: {slug} (draft, waits for review)\nSubject: "
    )
    page = cli("-C", site.root, "newsletter", "show", "latest", "--html").out
    assert page.lower().startswith("<!doctype html>")
    unknown = cli("-C", site.root, "newsletter", "show", "1999-01-01")
    assert (unknown.code, slug in unknown.err) == (2, True)


def test_issue_is_sent_once(site: ProjectFolder, cli: Cli) -> None:
    """Sending again sends nothing; each subscriber has one file."""
    cli("-C", site.root, "newsletter", "draft", "--backlog", "1")

    first = cli("-C", site.root, "newsletter", "send", "latest")
    second = cli("-C", site.root, "newsletter", "send", "latest")

    assert (first.code, first.out.endswith(": 2 sent\n")) == (0, True)
    assert (second.code, "is sent already" in second.out) == (0, True)
    assert sorted(path.name for path in (site.root / "outbox").rglob("*.eml")) == [
        "ada@example.org.eml",
        "bo@example.org.eml",
    ]


def test_who_did_not_get_an_issue_is_named(
    site: ProjectFolder, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refused message makes the exit code 1 and names address and reply; later calls do not fail for it."""
    monkeypatch.setattr("feedmaker.app.newsletters.open_transport", lambda *_: Refusing())
    cli("-C", site.root, "newsletter", "draft", "--backlog", "1")

    first = cli("-C", site.root, "newsletter", "send", "latest")
    second = cli("-C", site.root, "newsletter", "send", "latest")

    assert first.code == 1
    assert first.err == "not sent to bo@example.org: 550 no such mailbox\n"
    assert second.code == 0


class Blocked(Carrier):
    """Take no message, for a reason that says nothing of people."""

    def send(self, message: bytes, envelope: Envelope) -> Receipt:
        """Refuse the message."""
        return Receipt("failed", "550 5.7.1 blocked")


def set_status(store: Store, address: str, status: Status) -> None:
    """Make of a subscriber what somebody, or a server, has said of them."""
    person = store.subscriber(address)
    assert person
    store.set_status(person.id, status, "for a test", NOW)


class Doubtful(Carrier):
    """Say of one address that nobody can say."""

    def send(self, message: bytes, envelope: Envelope) -> Receipt:
        """Take every message, and lose one reply."""
        return Receipt("unknown" if envelope.recipient == "bo@example.org" else "sent", "lost")


def test_unknown_lasts_until_somebody_decides(
    site: ProjectFolder, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as nobody can say, each call exits with 1 and names the way; a decision ends that."""
    monkeypatch.setattr("feedmaker.app.newsletters.open_transport", lambda *_: Doubtful())
    cli("-C", site.root, "newsletter", "draft", "--backlog", "1")

    calls = [cli("-C", site.root, "newsletter", "send", "latest") for _ in range(2)]
    listed = cli("-C", site.root, "newsletter", "list")
    unknown = cli("-C", site.root, "newsletter", "deliveries", "latest", "--state", "unknown", "--addresses")
    left = cli("-C", site.root, "newsletter", "resolve", "latest")
    decided = cli("-C", site.root, "newsletter", "resolve", "latest", "--as", "sent")

    assert [call.code for call in calls] == [1, 1]
    assert all("see `feedmaker newsletter resolve`" in call.out for call in calls)
    assert "sent, 1 unknown" in listed.out
    assert (unknown.code, unknown.out) == (0, "bo@example.org\n")
    assert left.code == 1
    assert left.out.splitlines()[1] == "unknown     bo@example.org  lost"
    assert (decided.code, decided.out.endswith(": 1 resolved, 0 to be sent again, 0 unknown\n")) == (0, True)
    assert cli("-C", site.root, "newsletter", "send", "latest").code == 0


def test_refused_people_who_are_off_the_list_are_left_alone(
    site: ProjectFolder, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of those who were refused only active ones are queued again, and who leaves until then gets nothing."""
    off: tuple[Status, ...] = ("bounced", "suppressed", "complained", "unsubscribed", "pending")
    names = [*off, "erased", "late", "stays"]
    cli("-C", site.root, "subscribers", "add", *(f"{name}@example.org" for name in names))
    with monkeypatch.context() as patched:
        patched.setattr("feedmaker.app.newsletters.open_transport", lambda *_: Blocked())
        cli("-C", site.root, "newsletter", "draft", "--backlog", "1")
        assert cli("-C", site.root, "newsletter", "send", "latest").code == 1
    with open_store(site.root / ".feedmaker" / "state.db") as store:
        for status in off:
            set_status(store, f"{status}@example.org", status)
        assert store.erase_subscriber("erased@example.org", NOW)

        again = cli("-C", site.root, "newsletter", "resolve", "latest", "--failed")
        set_status(store, "late@example.org", "unsubscribed")
        sent = cli("-C", site.root, "newsletter", "send", "latest")
        rows = {row.address: (row.state, row.reply) for row in store.deliveries(1)}

    assert "4 to be sent again" in again.out
    assert sorted(path.stem for path in (site.root / "outbox").rglob("*.eml")) == [
        *("ada@example.org", "bo@example.org", "stays@example.org")
    ]
    assert {rows[f"{status}@example.org"] for status in off} == {("failed", "550 5.7.1 blocked")}
    assert rows["late@example.org"][0] == "suppressed"
    assert sent.out.splitlines()[0].endswith(": 3 sent, 6 failed, 1 suppressed")


def test_refused_people_can_have_it_again(
    site: ProjectFolder, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the cause of a refusal is gone, those who were refused are queued again, and nobody else."""
    with monkeypatch.context() as patched:
        patched.setattr("feedmaker.app.newsletters.open_transport", lambda *_: Refusing())
        cli("-C", site.root, "newsletter", "draft", "--backlog", "1")
        assert cli("-C", site.root, "newsletter", "send", "latest").code == 1
    with open_store(site.root / ".feedmaker" / "state.db") as store:
        set_status(store, "bo@example.org", "active")

    again = cli("-C", site.root, "newsletter", "resolve", "latest", "--failed")
    sent = cli("-C", site.root, "newsletter", "send", "latest")

    assert "1 to be sent again" in again.out
    assert (sent.code, sent.out.endswith(": 2 sent\n")) == (0, True)
    assert [path.name for path in (site.root / "outbox").rglob("*.eml")] == ["bo@example.org.eml"]


def test_machines_are_told_of_deliveries_without_the_tokens_of_readers(
    site: ProjectFolder, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has a token can act for its reader, so what lists deliveries as JSON leaves it out."""
    monkeypatch.setattr("feedmaker.app.newsletters.open_transport", lambda *_: Doubtful())
    cli("-C", site.root, "newsletter", "draft", "--backlog", "1")
    cli("-C", site.root, "newsletter", "send", "latest")
    with open_store(site.root / ".feedmaker" / "state.db") as store:
        tokens = [row.token for row in store.deliveries(1)]

    listed = cli("-C", site.root, "newsletter", "deliveries", "latest", "--json")
    left = cli("-C", site.root, "newsletter", "resolve", "latest", "--json")

    told = [(row["address"], row["state"]) for row in json.loads(listed.out)]
    assert told == [("ada@example.org", "sent"), ("bo@example.org", "unknown")]
    assert [row["address"] for row in json.loads(left.out)["left"]] == ["bo@example.org"]
    assert not [token for token in tokens if token in listed.out + left.out]


def test_deliveries_are_printed_as_they_are_read(
    site: ProjectFolder, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long list needs no memory: what comes first is printed before the rest is read."""
    cli("-C", site.root, "newsletter", "draft", "--backlog", "1")
    cli("-C", site.root, "newsletter", "send", "latest")
    with open_store(site.root / ".feedmaker" / "state.db") as store:
        first = next(store.deliveries(1))

    def breaking_off(*_: object) -> Iterator[Delivery]:
        yield first
        raise FeedmakerError("the rest is not read")

    monkeypatch.setattr("feedmaker.app.sending.deliveries", breaking_off)
    listed = cli("-C", site.root, "newsletter", "deliveries", "latest", "--json")

    assert (listed.code, first.address in listed.out) == (1, True)
