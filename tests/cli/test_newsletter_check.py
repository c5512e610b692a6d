"""`feedmaker newsletter check`, and what drafting, approving and the notice make of its findings."""

from __future__ import annotations

import json
from collections.abc import Callable
from email import message_from_bytes
from email.policy import default

import pytest

from feedmaker.app.people import add_subscribers
from feedmaker.app.reviewing import run_newsletter
from feedmaker.errors import GateError
from feedmaker.store import Issue, open_store
from tests.conftest import Cli
from tests.projects import LATER, SCHEDULE, ProjectFolder


@pytest.fixture
def site(project: ProjectFolder, cli: Cli) -> ProjectFolder:
    """Make a project with a drafted issue."""
    project.note("fog")
    assert cli("-C", project.root, "build").code == 0
    assert cli("-C", project.root, "newsletter", "draft", "--backlog", "1").code == 0
    return project


@pytest.fixture
def newsletter(site: ProjectFolder, cli: Cli) -> Cli:
    """Run a command of the newsletter."""
    return lambda *arguments: cli("-C", site.root, "newsletter", *arguments)


def slug_of(site: ProjectFolder) -> str:
    """Return the slug of the only issue."""
    return stored_issue(site).slug


def stored_issue(site: ProjectFolder) -> Issue:
    """Return the only issue."""
    with open_store(site.root / ".feedmaker" / "state.db") as store:
        (issue,) = store.issues()
    return issue


def break_issue(site: ProjectFolder) -> None:
    """Let settings have changed since the issue was drafted, so that both parts lack what they need."""
    site.schedule(text=SCHEDULE.replace("1 Pier Road", "2 Pier Road"))


def test_good_issue_has_nothing_to_tell(newsletter: Cli) -> None:
    """The exit code is 0, and the summary does not mix with findings."""
    found = newsletter("check", "latest")

    assert (found.code, found.out, found.err) == (0, "", "0 errors, 0 warnings\n")


def test_findings_are_told_with_their_cures(site: ProjectFolder, newsletter: Cli) -> None:
    """Each is a line; errors make the exit code 1, and warnings do not."""
    assert newsletter("edit", "latest", "--preheader", "Short").code == 0
    warned = newsletter("check", slug_of(site))
    break_issue(site)
    failed = newsletter("check", slug_of(site))

    assert (warned.code, warned.err) == (0, "0 errors, 1 warning\n")
    assert warned.out == (
        f"{slug_of(site)}: warning: the preheader has 5 characters, fewer than 40; say more with "
        "`feedmaker newsletter edit --preheader` [short-preheader]\n"
    )
    assert (failed.code, failed.err) == (1, "2 errors, 1 warning\n")
    assert failed.out.count("[no-postal-address]") == 2


def test_findings_are_told_to_machines(site: ProjectFolder, newsletter: Cli) -> None:
    """Each has its code, severity, message and cure; the exit code is the same."""
    break_issue(site)
    found = newsletter("check", "latest", "--json")
    data = json.loads(found.out)

    assert (found.code, data["issue"]) == (1, slug_of(site))
    assert [set(each) for each in data["findings"]] == [{"code", "severity", "message", "cure"}] * 2


def test_unknown_issue_is_wrong_usage(newsletter: Cli) -> None:
    """It names those that there are."""
    assert newsletter("check", "1999-01-01").code == 2


def test_links_are_checked_where_asked(site: ProjectFolder, newsletter: Cli) -> None:
    """A page that a build wrote is fine, and a link that nobody answers is told."""
    assert newsletter("check", "latest", "--links").err == "0 errors, 0 warnings\n"
    assert newsletter("edit", "latest", "--intro", "See [this](http://127.0.0.1:9/).").code == 0

    found = newsletter("check", "latest", "--links")

    assert (found.code, found.err) == (0, "0 errors, 1 warning\n")
    assert "http://127.0.0.1:9/: cannot be reached" in found.out
    assert newsletter("check", "latest").err == "0 errors, 0 warnings\n"
    assert (site.root / ".feedmaker" / "links.json").exists()


def test_drafting_and_editing_tell_what_is_found(newsletter: Cli) -> None:
    """Whoever makes an issue sees at once what to mend."""
    edited = newsletter("edit", "latest", "--subject", "a" * 99)

    assert "  warning: the subject has 99 characters, more than 78; " in edited.out
    assert "warning" not in newsletter("edit", "latest", "--subject", "").out


def test_issue_with_errors_is_not_sent(site: ProjectFolder, newsletter: Cli) -> None:
    """To name an issue approves it, but not what is wrong with it."""
    add_subscribers(site.open(), ["ada@example.org"], LATER)
    break_issue(site)

    refused = newsletter("send", "latest")

    assert refused.code == 1
    assert "cannot go out" in refused.err
    assert "[no-postal-address]" in refused.err
    assert stored_issue(site).state == "draft"
    assert not (site.root / "issues").exists()


def test_job_keeps_an_issue_with_errors_back(site: ProjectFolder) -> None:
    """Without review too it waits, the publisher is told, and the run counts as failed."""
    project = site.open()
    add_subscribers(project, ["ada@example.org"], LATER)
    unreviewed = SCHEDULE.replace("newsletter:\n", "newsletter:\n  review: false\n", 1)
    site.schedule(text=unreviewed.replace("1 Pier Road", "2 Pier Road"))

    with pytest.raises(GateError, match=r"no-postal-address(.|\n)*was told"):
        run_newsletter(project, LATER, LATER, and_send=True)

    assert stored_issue(site).state == "draft"
    assert not list((site.root / "outbox").glob("*/ada@*"))


def test_issue_with_errors_is_not_approved(site: ProjectFolder, newsletter: Cli) -> None:
    """The refusal names what is wrong and the way out, which works."""
    break_issue(site)
    refused = newsletter("approve", "latest")

    assert refused.code == 1
    assert "[no-postal-address]" in refused.err
    assert f"`feedmaker newsletter edit {slug_of(site)}` makes it anew" in refused.err
    assert stored_issue(site).state == "draft"
    assert newsletter("edit", "latest").code == 0
    assert newsletter("approve", "latest").code == 0


@pytest.mark.parametrize(
    ("change", "told"),
    [(lambda _: None, False), (break_issue, True)],
    ids=["good", "broken"],
)
def test_notice_lists_what_is_found(
    site: ProjectFolder, change: Callable[[ProjectFolder], None], told: bool
) -> None:
    """The publisher reads it in the mail that tells of the issue."""
    change(site)
    project = site.open()
    add_subscribers(project, ["ada@example.org"], LATER)
    assert "was told" in run_newsletter(project, LATER, LATER, and_send=True).summary

    (path,) = (site.root / "outbox").glob("*-review/*.eml")
    body = message_from_bytes(path.read_bytes(), policy=default).get_content()
    assert ("Found: error: HTML part: the postal address is missing" in " ".join(body.split())) is told
