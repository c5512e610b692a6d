"""The digest: all news of a while, for those who want that instead of each issue; and issues on topics."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from feedmaker.app.drafting import draft, edit
from feedmaker.app.newsletters import find_issue, issues, stored
from feedmaker.app.people import add_subscribers
from feedmaker.app.previewing.issues import waiting_issue
from feedmaker.app.project import Project, silent
from feedmaker.app.reviewing import approve, skip
from feedmaker.app.sending import send
from feedmaker.errors import UsageError
from feedmaker.scheduler.simulate import simulate
from feedmaker.store import Issue, Wishes
from tests.conftest import Cli
from tests.projects import FIRST, ProjectFolder
from tests.scheduling.test_review import (
    DAY,
    FRIDAY,
    LEASE_OVER,
    REVIEWER,
    SECOND,
    SENDING,
    SOON,
    correct,
    lock_of,
    mailed,
    outbox,
    prepared,
    told,
)
from tests.scheduling.ticking import tick

WEEK = 7 * DAY
DIGEST = '  - {name: digest, run: newsletter digest, cron: "0 10 * * fri"}\n'
BOTH = SENDING + DIGEST
"""Both are due at the same time, at 09:00 in UTC."""

AT_ONCE = "  review: false\n"
ADA, BO = "ada@example.org", "bo@example.org"


def wish(project: Project, wishes: Mapping[str, Wishes]) -> None:
    """Let subscribers, who may be new, want something else than they did."""
    add_subscribers(project, list(wishes), FIRST)
    with stored(project) as store:
        for address, wanted in wishes.items():
            person = store.subscriber(address)
            assert person
            store.set_wishes(person.id, wanted)


def ready(project: ProjectFolder, jobs: str = BOTH) -> Project:
    """Make a project with one reader of each issue, one of the digest, and one piece of news."""
    site = prepared(project, jobs).open()
    wish(site, {BO: Wishes("digest")})
    return site


def titles(issue: Issue | None) -> list[str]:
    """Name the episodes of an issue."""
    assert issue
    return [content["title"] for content in issue.contents]


def digests(project: Project) -> list[Issue]:
    """List the digests that there are."""
    return [issue for issue in issues(project) if issue.cadence == "digest"]


# What it carries, and whom it reaches


def test_each_reader_gets_what_they_have_chosen(project: ProjectFolder) -> None:
    """An issue and a digest that are due at once both go out, each to its own readers, each once."""
    site = ready(project, AT_ONCE + BOTH)

    assert told(tick(site, FRIDAY)) == [
        ("letter", "sent 2026-11-06 to 1", False),
        ("digest", "sent 2026-11-06-2 to 1", False),
    ]
    assert mailed(site) == [f"2026-11-06-2/{BO}", f"2026-11-06/{ADA}"]
    assert [titles(issue) for issue in issues(site)] == [["Bells"], ["Bells"]]
    assert tick(site, FRIDAY + SECOND) == []


def test_digest_has_the_news_of_many_issues(project: ProjectFolder) -> None:
    """What single issues have carried since the last digest is in it, and nothing twice."""
    site = ready(project)
    draft(site, FRIDAY)
    project.note("lamps")
    draft(site, FRIDAY + SECOND)

    first = draft(site, FRIDAY + DAY, cadence="digest").issue
    project.note("oil")
    draft(site, FRIDAY + 2 * DAY)
    second = draft(site, FRIDAY + 30 * DAY, cadence="digest").issue

    assert sorted(titles(first)) == ["Bells", "Lamps"]
    assert titles(second) == ["Oil"]


def test_first_digest_looks_back_a_week(project: ProjectFolder) -> None:
    """Neither older news is in it nor the back catalogue, and no later digest has them."""
    site = ready(project)
    draft(site, FRIDAY)
    project.note("lamps")
    site.build(FRIDAY + 3 * DAY)

    first = draft(site, FRIDAY + WEEK + SECOND, cadence="digest").issue

    assert titles(first) == ["Lamps"]
    assert draft(site, FRIDAY + 2 * WEEK, cadence="digest").reason == (
        "no episode is new: 1 in a digest already, 2 published more than a week before the first digest, or "
        "back catalogue"
    )


def test_digest_carries_what_the_last_one_left_out(project: ProjectFolder) -> None:
    """An episode without which a digest was made anew is in the next, as is a note that says it is older."""
    site = ready(project)
    project.note("lamps")
    draft(site, FRIDAY, cadence="digest")

    edited = edit(site, "latest", SOON, {}, ["bells"])
    project.note("oil", keys="published: 2026-11-05")
    following = draft(site, FRIDAY + WEEK, cadence="digest").issue

    assert (edited.cadence, edited.page, titles(edited)) == ("digest", "", ["Lamps"])
    assert sorted(titles(following)) == ["Bells", "Oil"]


def test_digest_leaves_lock_and_archive_alone(project: ProjectFolder) -> None:
    """It takes no news from the next issue, also when it is made anew, and stands nowhere on the site."""
    site = ready(project, AT_ONCE + "jobs:\n" + DIGEST)
    site.build(FRIDAY)
    before = project.files()
    project.note("lamps")
    draft(site, FRIDAY, cadence="digest")
    edit(site, "latest", FRIDAY, {}, ["lamps"])

    assert told(tick(site, FRIDAY + SECOND)) == [("digest", "sent 2026-11-06 to 1", False)]

    (sent,) = digests(site)
    assert (sent.state, sent.page) == ("sent", "")
    assert "newsletter/2026-11-06/" not in sent.html + sent.text
    assert not (project.root / "issues").exists()
    assert {
        path for path in project.files().keys() - before.keys() if path.startswith("newsletter/")
    } == set()
    assert set(lock_of(site).values()) == {None}
    assert sorted(titles(draft(site, FRIDAY + DAY).issue)) == ["Bells", "Lamps"]


def test_digest_tells_no_corrections(project: ProjectFolder) -> None:
    """A correction is left for the next issue; what only a digest has mailed has none to tell."""
    site = ready(project)
    send(site, draft_slug(site), SOON)
    correct(project, "Nine tons.")
    project.note("lamps")
    send(site, draft_slug(site, digest=True), SOON + DAY)
    project.edit("episodes/lamps.md", "date:", "correction: Two lamps.\ndate:")

    edited = draft(site, SOON + 2 * DAY, cadence="digest")
    following = draft(site, SOON + 2 * DAY).issue

    assert edited.issue is None
    assert "Nine tons." not in digests(site)[0].html
    assert following
    assert "Nine tons." in following.html
    assert "Two lamps." not in following.html


def draft_slug(site: Project, *, digest: bool = False) -> str:
    """Draft an issue, or a digest, and return its slug."""
    made = draft(site, SOON, cadence="digest" if digest else "each").issue
    assert made
    return made.slug


# Review, and what waits


def test_reviewer_is_told_that_it_is_the_digest(project: ProjectFolder) -> None:
    """The notice says so in its subject and in its first line; the draft waits as any other."""
    site = ready(project, "jobs:\n" + DIGEST)

    (outcome,) = tick(site, FRIDAY)

    assert outcome.summary == (
        f"drafted 2026-11-06: Nobody had measured Bells before.; it waits for review, and {REVIEWER} was told"
    )
    notice = outbox(site)[f"2026-11-06-review/{REVIEWER}"]
    assert notice["Subject"] == "Digest 2026-11-06 waits for your review"
    assert notice.get_content().startswith("Digest 2026-11-06 waits for your review; nobody has got it yet.")
    (waits,) = digests(site)
    assert (waits.state, waits.due_at, mailed(site)) == ("draft", FRIDAY, [])


def test_preview_tells_which_issue_is_the_digest(project: ProjectFolder) -> None:
    """It shows both as they wait, and says of one that it is the digest."""
    site = ready(project)
    tick(site, FRIDAY)

    shown = [waiting_issue(issue, site.config(), SOON).why for issue in issues(site)]

    assert [why.partition(" Drafted")[0] for why in shown] == [
        "Waits for review.",
        "The digest. Waits for review.",
    ]


def test_neither_keeps_the_other_waiting(project: ProjectFolder) -> None:
    """A waiting issue stops no digest, a waiting digest no issue; each is joined by no second of its own."""
    site = ready(project)
    tick(site, FRIDAY)
    project.note("lamps")
    approve(site, "2026-11-06", SOON)
    tick(site, SOON)

    outcomes = tick(site, FRIDAY + WEEK)

    assert [outcome.summary.partition(";")[0] for outcome in outcomes if outcome.job != "saved notes"] == [
        "drafted 2026-11-13: Nobody had measured Lamps before.",
        "issue 2026-11-06-2 is not approved yet",
    ]
    approve(site, "2026-11-06-2", FRIDAY + WEEK)
    tick(site, FRIDAY + WEEK + SECOND)
    assert mailed(site) == [f"2026-11-06-2/{BO}", f"2026-11-06/{ADA}"]


def test_digest_goes_out_with_the_next_digest_job(project: ProjectFolder) -> None:
    """One that is drafted by hand and approved has the time of that job, not of the one that sends issues."""
    site = ready(project, SENDING + '  - {name: digest, run: newsletter digest, cron: "0 10 * * sun"}\n')
    draft(site, FRIDAY - DAY, cadence="digest")

    approved = approve(site, "latest", FRIDAY - DAY)

    assert approved.due_at == FRIDAY + 2 * DAY
    letter, *_ = tick(site, FRIDAY)
    assert letter.summary.startswith("drafted 2026-11-06: ")
    assert told(tick(site, FRIDAY + 2 * DAY)) == [("digest", "sent 2026-11-05 to 1", False)]


def test_skipped_digest_is_for_good(project: ProjectFolder) -> None:
    """No other digest carries its episodes, and issues are as they would have been."""
    site = ready(project)
    draft(site, FRIDAY, cadence="digest")

    assert skip(site, "latest", SOON).state == "skipped"

    assert draft(site, SOON, cadence="digest").reason.startswith("no episode is new: 1 in a digest already")
    assert titles(draft(site, SOON).issue) == ["Bells"]


def test_late_digest_asks_again(project: ProjectFolder) -> None:
    """Its time passed three days ago, so somebody looks at it first."""
    site = ready(project, AT_ONCE + "jobs:\n" + DIGEST)

    (outcome,) = tick(site, FRIDAY + 3 * DAY)

    assert outcome.summary.startswith(
        "issue 2026-11-09 was due on 2026-11-06 at 10:00, too long ago; it waits"
    )
    assert digests(site)[0].state == "draft"


# Nobody to get it


@pytest.mark.parametrize(
    ("others", "job", "said"),
    [
        (
            "digest",
            "letter",
            "there are no subscribers who get each issue; `feedmaker subscribers add ADDRESS` adds one",
        ),
        ("each", "digest", "there are no subscribers who get the digest"),
    ],
)
def test_readers_of_the_other_kind_do_not_count(
    project: ProjectFolder, others: Any, job: str, said: str
) -> None:
    """A job whose issues nobody gets drafts none; one that is approved waits until somebody does."""
    site = prepared(project, BOTH).open()
    wish(site, {ADA: Wishes(others)})

    outcomes = {outcome.job: outcome.summary for outcome in tick(site, FRIDAY)}

    assert outcomes[job] == f"nothing to send: {said}"
    cadence: Any = "digest" if job == "digest" else "each"
    made = draft(site, SOON, cadence=cadence).issue
    assert made
    approve(site, made.slug, SOON, SOON)
    assert tick(site, SOON) == []
    assert send(site, made.slug, SOON).issue.state == "approved"
    wish(site, {BO: Wishes(cadence)})
    assert told(tick(site, SOON + SECOND)) == [(f"issue {made.slug}", f"sent {made.slug} to 1", False)]
    assert mailed(site) == [f"{made.slug}/{BO}"]


# Cut off


def test_digest_that_was_cut_off_is_finished_by_the_next_tick(
    project: ProjectFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that died between two messages leaves a run that the next tick does to its end."""
    site = ready(project, "jobs:\n" + DIGEST)
    wish(site, {"cy@example.org": Wishes("digest")})
    tick(site, FRIDAY)
    approve(site, "latest", SOON)
    with monkeypatch.context() as patched:
        patched.setattr("feedmaker.store.Store.settle_deliveries", dies)
        with pytest.raises(KeyboardInterrupt):
            tick(site, SOON)

    assert told(tick(site, LEASE_OVER)) == [("issue 2026-11-06", "sent 2026-11-06 to 2", False)]

    assert mailed(site) == [f"2026-11-06/{BO}", "2026-11-06/cy@example.org"]


@pytest.mark.parametrize("cut", ["letter", "digest"])
def test_sending_of_which_nothing_was_recorded_is_not_repeated(
    project: ProjectFolder, monkeypatch: pytest.MonkeyPatch, cut: str
) -> None:
    """A job that died once its issue was sent knows it again, and does not take the other's for it."""
    site = ready(project, AT_ONCE + BOTH)

    def finish(store: Any, job: str, *arguments: Any) -> bool:
        if job == cut:
            raise KeyboardInterrupt
        return bool(usual(store, job, *arguments))

    from feedmaker.store import Store

    usual = Store.finish_run
    with monkeypatch.context() as patched:
        patched.setattr("feedmaker.store.Store.finish_run", finish)
        with pytest.raises(KeyboardInterrupt):
            tick(site, FRIDAY)
    project.note("lamps")

    outcomes = tick(site, FRIDAY + timedelta(minutes=2))

    summaries = [outcome.summary for outcome in outcomes if outcome.job in ("letter", "digest")]
    if cut == "letter":
        assert summaries == ["sent 2026-11-06", "sent 2026-11-06-2 to 1"]
    else:
        assert summaries == ["sent 2026-11-06-2"]
    assert mailed(site) == [f"2026-11-06-2/{BO}", f"2026-11-06/{ADA}"]


def dies(*_: Any, **__: Any) -> None:
    """End what runs as a signal does, past everything that records failures."""
    raise KeyboardInterrupt


# By hand, and tried out


def test_digest_by_hand(project: ProjectFolder, cli: Cli) -> None:
    """Commands say which issue is a digest, in words and as data."""
    project.note("fog")
    project.build()
    project.note("bells")

    def newsletter(*words: str) -> str:
        done = cli("-C", project.root, "newsletter", *words)
        assert done.code == 0, done.err
        return done.out

    drafted = newsletter("draft", "--digest")
    slug = find_issue(project.open(), "latest").slug

    assert drafted.startswith(f"drafted digest {slug}: Nobody had measured Bells before.\n")
    listed = f"{slug}  draft, waits for review  digest: Nobody had measured Bells before.\n"
    assert newsletter("list") == listed
    assert newsletter("show", "latest").startswith(f"Digest: {slug} (draft, waits for review)\n")
    assert json.loads(newsletter("list", "--json"))[0]["cadence"] == "digest"
    assert newsletter("draft", "--digest").startswith("nothing to draft: no episode is new: 1 in a digest")
    assert newsletter("send", slug) == "nothing is sent: there are no subscribers who get the digest\n"
    status = cli("-C", project.root, "status").out
    assert f"digest {slug} draft, waits for review: Nobody had measured Bells before.\n" in status
    refused = cli("-C", project.root, "newsletter", "draft", "--digest", "--backlog", "1")
    assert (refused.code, "--backlog does not go with --digest" in refused.err) == (2, True)


def test_digest_of_an_empty_folder(project: ProjectFolder) -> None:
    """Where there is no episode at all, that is the reason."""
    project.schedule()

    assert draft(project.open(), FRIDAY, cadence="digest").reason == "there is no episode yet"


def test_digest_is_left_empty_by_nobody(project: ProjectFolder) -> None:
    """What cannot be left out of an issue cannot be left out of a digest."""
    site = ready(project)
    slug = draft_slug(site, digest=True)

    with pytest.raises(UsageError, match="would be empty"):
        edit(site, slug, SOON, {}, ["bells"])


def test_simulation_has_digests(project: ProjectFolder) -> None:
    """A schedule that is tried out sends each kind to its readers, and nothing gets out."""
    site = ready(project)
    project.note("lamps", keys="published: 2026-11-10T10:00:00+01:00")

    found = simulate(site, FRIDAY - DAY, FRIDAY + 2 * WEEK, silent)

    assert (found.drafted, found.sent, found.mails, found.failed) == (4, 4, 4, 0)
    assert mailed(site) == []
    assert issues(site) == []


# Topics


def test_issue_names_the_topics_of_its_episodes(project: ProjectFolder) -> None:
    """Show and tags of each, as its note has them when it is drafted or made anew."""
    site = prepared(project).open()
    project.note("lamps", keys="tags: [Night Watch, oil]")
    drafted = draft(site, FRIDAY).issue
    project.edit("episodes/lamps.md", "tags: [Night Watch, oil]", "tags: [oil]")

    edited = edit(site, "latest", SOON, {})

    assert drafted
    assert {content["title"]: content["topics"] for content in drafted.contents} == {
        "Bells": ["show:Keepers"],
        "Lamps": ["show:Keepers", "tag:Night Watch", "tag:oil"],
    }
    assert {content["title"]: content["topics"] for content in edited.contents}["Lamps"] == [
        "show:Keepers",
        "tag:oil",
    ]


def test_topics_go_with_their_own_episodes(project: ProjectFolder) -> None:
    """The episode that announces an issue comes first in it, and its topics do, too."""
    site = prepared(project).open()
    project.note("lamps", keys="tags: [lamps]")
    project.edit("episodes/bells.md", "date:", "highlight: 2\ntags: [bells]\ndate:")

    made = draft(site, FRIDAY).issue

    assert made
    assert [(content["title"], content["topics"][1:]) for content in made.contents] == [
        ("Bells", ["tag:bells"]),
        ("Lamps", ["tag:lamps"]),
    ]


def test_issue_goes_to_those_on_whose_topics_it_is(project: ProjectFolder) -> None:
    """Whoever has chosen others gets neither this issue nor this digest."""
    site = ready(project, AT_ONCE + BOTH)
    topics = {"show:KEEPERS": True, "tag:fog": False}
    for number, topic in enumerate(topics):
        wish(site, {f"each-{number}@example.org": Wishes("each", (topic,))})
        wish(site, {f"digest-{number}@example.org": Wishes("digest", (topic,))})

    tick(site, FRIDAY)

    assert mailed(site) == [
        f"2026-11-06-2/{BO}",
        "2026-11-06-2/digest-0@example.org",
        f"2026-11-06/{ADA}",
        "2026-11-06/each-0@example.org",
    ]


def test_issue_on_nobodys_topics_keeps_no_other_waiting(project: ProjectFolder, cli: Cli) -> None:
    """It is over, with its page in the archive, and the next one goes to whom it concerns."""
    site = prepared(project, AT_ONCE + SENDING).open()
    wish(site, {ADA: Wishes(topics=("tag:lamps",))})

    assert told(tick(site, FRIDAY)) == [("letter", "sent 2026-11-06 to 0", False)]

    assert (project.public / "newsletter/2026-11-06/index.html").exists()
    assert "topics" not in (project.root / "issues/2026-11-06.json").read_text("utf-8")
    project.note("lamps", keys="tags: [lamps]")
    letter, *_ = tick(site, FRIDAY + WEEK)
    assert letter.summary == "sent 2026-11-13 to 1"
    assert mailed(site) == [f"2026-11-13/{ADA}"]
    project.note("oil")
    slug = draft_slug(site)
    said = cli("-C", project.root, "newsletter", "send", slug)
    assert (said.code, said.out) == (
        0,
        f"issue {slug} went to nobody: no subscriber has chosen any of its topics\n",
    )
