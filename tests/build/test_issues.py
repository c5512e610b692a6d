"""Issues that went out through whole builds: their pages, the list of them, and their feed."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import feedparser
import pytest
from hypothesis import HealthCheck, given, settings

from feedmaker.lint.check import lint_set
from feedmaker.notes.folder import NoteFile, scan
from feedmaker.notes.lines import trimmed
from feedmaker.sent import CarriedEpisode
from feedmaker.sent_files import keep
from feedmaker.serving import is_current_feed
from tests.build.documents import HOME, document, ids, is_there, links, root_of
from tests.conftest import Cli
from tests.content.episodes import hostile_text
from tests.content.reader import read_html
from tests.feeds.samples import HOSTILE
from tests.issues import BELLS, SENT, make_issue, page, save_issue
from tests.projects import FIRST, LATER, MUCH_LATER, SCHEDULE, ProjectFolder

LIST = "newsletter/index.html"
FEED = document("newsletter/feed")
PAGE = "newsletter/2026-10-30/index.html"
FILE = "issues/2026-10-30.json"
WITHOUT_NEWSLETTER = SCHEDULE.partition("newsletter:")[0]


@pytest.fixture
def built(project: ProjectFolder) -> ProjectFolder:
    """Build a note and two issues that went out."""
    project.note("bells")
    save_issue(project)
    save_issue(project, "2026-10-23", subject="Oil floats", sent_at=SENT - timedelta(7))
    assert not project.build(FIRST).diagnostics
    return project


def ours(project: ProjectFolder) -> set[str]:
    """Name the outputs of the newsletter."""
    return {path for path in project.files() if path.startswith("newsletter/")}


def findings(project: ProjectFolder) -> list[str]:
    """Return what our check of feeds has to say of all outputs together."""
    files = {
        path: data for path, data in project.files().items() if not path.endswith((".html", ".css", ".txt"))
    }
    found = lint_set(files, HOME, MUCH_LATER)
    return [f"{path}: {finding}" for path, findings in found.items() for finding in findings]


def test_each_issue_has_its_page(built: ProjectFolder) -> None:
    """A page is the document of the file, byte for byte."""
    issue = make_issue()

    assert built.files()[PAGE] == issue.page.encode()
    assert ours(built) == {LIST, PAGE, "newsletter/2026-10-23/index.html", *FEED}


def test_list_shows_issues_the_newest_first(built: ProjectFolder) -> None:
    """Each issue has its day, its subject as a link to its page, its preheader and its episodes."""
    main = read_html(built.files()[LIST]).one("ol", class_="issues")

    assert [link.text for heading in main.find("h2") for link in heading.find("a")] == [
        "Nobody had measured bells before.",
        "Oil floats",
    ]
    assert [time.text for time in main.find("time")] == ["30 October 2026", "23 October 2026"]
    hrefs = [a.attributes["href"] for a in main.find("a")][:2]
    assert hrefs == ["../newsletter/2026-10-30/", "../episodes/bells/"]
    assert "The second lamp was never lit · Recommended: The Book of Bells" in main.text
    assert "Bells & horns" in main.text


def test_feed_holds_issues_in_three_formats(built: ProjectFolder) -> None:
    """Id, address, title, time, summary and content are the same everywhere, as other programs read them."""
    files = built.files()
    wanted = (f"{HOME}newsletter/2026-10-30/", "Nobody had measured bells before.")
    for path in FEED:
        assert ids(path, files[path])[0] == wanted[0]
    rss, atom = (feedparser.parse(files[path]) for path in FEED[:2])
    for read in (rss, atom):
        first = read.entries[0]
        assert (first.id, first.link, first.title) == (wanted[0], *wanted)
        assert first.published_parsed[:6] == SENT.timetuple()[:6]
        assert '<a href="https://lamp.example.org/notes/episodes/bells/">' in first.content[0].value
        assert "Nobody had measured bells before." in first.content[0].value
        assert read.feed.title == "The Lamp Letter"
        assert read.feed.link == f"{HOME}newsletter/"
        assert not read.bozo
    item = json.loads(files[FEED[2]])["items"][0]
    assert (item["id"], item["title"], item["date_published"]) == (*wanted, "2026-10-30T08:15:00Z")
    assert item["date_modified"] == item["date_published"]
    assert findings(built) == []


def test_feed_holds_as_many_as_the_others(built: ProjectFolder) -> None:
    """The feed is cut like all feeds; the list and the pages stay whole."""
    built.schedule("feeds: {entries: 1}\n")

    built.build(LATER)

    assert len(ids(FEED[0], built.files()[FEED[0]])) == 1
    assert len(read_html(built.files()[LIST]).one("ol", class_="issues").find("h2")) == 2
    assert findings(built) == []


def test_feed_and_pages_are_listed_everywhere(built: ProjectFolder, cli: Cli) -> None:
    """The list of feeds, the head of the page, the sitemap and the rules for servers know them."""
    files = built.files()
    outlines = {
        each.get("xmlUrl"): each.get("htmlUrl") for each in root_of(files["feeds.opml"]).iter("outline")
    }
    assert outlines[HOME + FEED[0]] == f"{HOME}newsletter/"
    announced = [each.attributes["href"] for each in read_html(files[LIST]).find("link", rel="alternate")]
    assert announced[:3] == [HOME + path for path in FEED]
    assert all(is_current_feed(path) for path in FEED)
    places = [element.text for element in root_of(files["sitemap.xml"]).iter("{*}loc")]
    assert {f"{HOME}newsletter/", f"{HOME}newsletter/2026-10-30/"} <= set(places)
    assert f"/{FEED[0]}" in cli("-C", built.root, "rules", "netlify").out
    checked = cli("-C", built.root, "check", "--feeds")
    assert (checked.code, checked.err) == (0, "0 errors, 0 warnings\n"), checked.out


def test_all_links_lead_somewhere(built: ProjectFolder) -> None:
    """List and feed lead to what is there."""
    files = built.files()
    for path in (LIST, *FEED):
        found = {address for address in links(path, files[path]) if "feedmaker" not in address}
        assert found
        assert [address for address in found if not is_there(files, address)] == []


def test_pages_lead_to_the_newsletter_where_there_is_one(project: ProjectFolder) -> None:
    """The way to the list appears on all pages with the first issue and goes with the last."""
    project.note("bells")
    project.build(FIRST)
    assert not [path for path, data in project.files().items() if b">Newsletter<" in data]

    save_issue(project)
    project.build(LATER)
    files = project.files()
    pages = {path for path in files if path.endswith(".html") and path != PAGE}
    assert {path for path, data in files.items() if b">Newsletter<" in data} == pages
    current = [a.text for a in read_html(files[LIST]).find("a") if a.attributes.get("aria-current")]
    assert current == ["Newsletter"]

    project.remove(FILE)
    project.build(MUCH_LATER)
    assert not [path for path, data in project.files().items() if b">Newsletter<" in data]


def test_unchanged_build_writes_nothing(built: ProjectFolder) -> None:
    """Nothing has changed, nothing is read and nothing is written; a new clock changes nothing."""
    before = built.stamps()

    report = built.build(LATER)

    assert report.current
    assert built.stamps() == before


def test_new_issue_writes_its_page_and_what_lists_it(built: ProjectFolder) -> None:
    """No page of an issue, or of an episode, is written again because another went out."""
    before = built.stamps()
    save_issue(built, "2026-11-06", sent_at=SENT + timedelta(7))

    report = built.build(LATER)

    assert report.summary == "1 published, no note changed"
    assert built.written_since(before) == {"newsletter/2026-11-06/index.html", LIST, *FEED, "sitemap.xml"}


def test_other_machine_builds_the_same_bytes(built: ProjectFolder, tmp_path: Path) -> None:
    """Without index and outputs the same files come out again."""
    copy = built.copy(tmp_path / "copy")
    shutil.rmtree(copy.root / ".feedmaker")
    shutil.rmtree(copy.public)

    copy.build(MUCH_LATER)

    assert copy.files() == built.files()


def test_page_stays_whatever_else_changes(built: ProjectFolder) -> None:
    """Neither templates, settings nor notes touch the page of an issue that went out."""
    before = built.stamps()
    built.write(
        "templates/site/base.html", '{% extends "packaged/site/base.html" %}{% block footer %}{% endblock %}'
    )
    built.schedule("feeds: {entries: 7}\n", SCHEDULE.replace("title: Lighthouse Notes", "title: Lamps"))
    built.edit("episodes/bells.md", "title: Bells", "title: Gongs")

    built.build(LATER)

    assert LIST in built.written_since(before)
    assert PAGE not in built.written_since(before)


def test_removed_file_takes_the_issue_back(built: ProjectFolder) -> None:
    """Its page, its line and its entry are gone; the others stay."""
    before = built.stamps()
    built.remove(FILE)

    built.build(LATER)

    assert ours(built) == {LIST, "newsletter/2026-10-23/index.html", *FEED}
    assert b"2026-10-30" not in b"".join(built.files()[path] for path in (LIST, *FEED, "sitemap.xml"))
    assert "newsletter/2026-10-23/index.html" not in built.written_since(before)


def test_archive_can_be_turned_off(built: ProjectFolder) -> None:
    """Without it there are no pages of issues, no feed and no way there; the files stay for another day."""
    built.schedule("  archive: false\n")

    built.build(LATER)

    assert not ours(built)
    assert not [path for path, data in built.files().items() if b"newsletter/" in data]
    assert (built.root / FILE).exists()

    built.schedule()
    built.build(MUCH_LATER)
    assert PAGE in ours(built)


def test_issues_outlive_their_newsletter(built: ProjectFolder) -> None:
    """A publisher who stops mailing keeps what went out, under the name that it had."""
    built.schedule(text=WITHOUT_NEWSLETTER)

    assert not built.build(LATER).failed

    assert PAGE in ours(built)
    assert feedparser.parse(built.files()[FEED[0]]).feed.title == "The Lamp Letter"


def test_id_stays_when_the_site_moves(built: ProjectFolder) -> None:
    """Readers know an issue by the first address of its page; the link leads to the present one."""
    before = {path: ids(path, built.files()[path]) for path in FEED}
    text = SCHEDULE.replace(HOME, "https://new.example.org/")
    built.schedule(text=text.replace("site:\n", f"site:\n  moved_from: {HOME}\n"))

    assert not built.build(LATER).failed

    assert {path: ids(path, built.files()[path]) for path in FEED} == before
    assert (
        feedparser.parse(built.files()[FEED[0]]).entries[0].link
        == "https://new.example.org/newsletter/2026-10-30/"
    )


def test_damaged_file_keeps_its_last_good_version(built: ProjectFolder, cli: Cli) -> None:
    """It is told as an error with its place; page, line and entry stay, and all else goes out."""
    before = built.stamps()
    good = (built.root / FILE).read_bytes()
    built.write(FILE, good.replace(b'"en"', b'"?"'))
    built.note("fog")

    report = built.build(LATER)

    assert [str(each) for each in report.diagnostics] == [
        f'{FILE}:8:3: error: "language" is not a language tag such as en or pt-BR [damaged-issue]'
    ]
    assert report.failed
    assert report.new == ["episodes/fog.md"]
    assert not {PAGE, LIST, *FEED} & built.written_since(before)
    assert f"{FILE}:8:3: error" in cli("-C", built.root, "check").out
    # Even where all outputs were lost.
    shutil.rmtree(built.public)
    assert built.build(LATER).failed
    assert built.files()[PAGE] == make_issue().page.encode()

    built.write(FILE, good)
    report = built.build(MUCH_LATER)
    assert not report.failed
    assert built.build(MUCH_LATER).current


def test_file_that_never_was_good_holds_nothing_up(built: ProjectFolder) -> None:
    """All others have their pages and entries."""
    built.write("issues/2026-11-06.json", b"{")

    report = built.build(LATER)

    assert [(each.path, each.line, each.code) for each in report.diagnostics] == [
        ("issues/2026-11-06.json", 1, "damaged-issue")
    ]
    assert ours(built) == {LIST, PAGE, "newsletter/2026-10-23/index.html", *FEED}


def test_folder_that_cannot_be_listed_loses_nothing(
    built: ProjectFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Issues in a folder that is out of reach for a while stay on the site, and the build says so."""
    before = built.stamps()
    bells = next(file for file in scan(built.root, "episodes"))
    seen = {"episodes": [bells], "issues": [NoteFile("issues", 0, 0, 0, regular=False)]}
    monkeypatch.setattr("feedmaker.app.project.scan", lambda _, name, *__: seen[name])

    report = built.build(LATER)

    assert [(fault.path, fault.code) for fault in report.diagnostics] == [("issues", "unreadable-file")]
    assert built.stamps() == before


@pytest.mark.parametrize("place", ["issues/old/2026-11-06.json", "issues/Other.json"])
def test_file_under_another_name_is_told(built: ProjectFolder, place: str) -> None:
    """What stands elsewhere would have no address of its own."""
    shutil.copy(built.root / FILE, built.write(place, ""))

    assert [each.code for each in built.build(LATER).diagnostics] == ["damaged-issue"]


def test_what_editors_leave_behind_is_passed_over(built: ProjectFolder) -> None:
    """Hidden files and other endings are no issues."""
    built.write("issues/.2026-10-30.json.new", "{")
    built.write("issues/2026-10-30.json~", "{")

    assert not built.build(LATER).diagnostics


@pytest.mark.parametrize("text", [*HOSTILE, "w" * 300])
def test_hostile_texts_are_texts(project: ProjectFolder, text: str) -> None:
    """Whatever subject, preheader, title and reveal are, list and feeds show them and nothing else."""
    check_texts(project, text)


def test_control_characters_become_signs(project: ProjectFolder) -> None:
    """No feed can hold them, and none is held up by them."""
    check_texts(project, "a\u0000b\u0007c\u001b[2Jd\ufffe\U0001ffff e")


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=hostile_text())
def test_random_texts_are_texts(project: ProjectFolder, text: str) -> None:
    """So it is with texts that nobody has thought of."""
    check_texts(project, text)


def check_texts(project: ProjectFolder, text: str) -> None:
    """Build an issue that says one text everywhere, and read it back from list and feeds."""
    shown = trimmed(text) or "empty"
    about: dict[str, Any] = {"subject": text if trimmed(text) else "empty", "preheader": text}
    save_issue(project, **about, episodes=(CarriedEpisode(f"A {text}", BELLS.url, (f"R {text}",)),))

    report = project.build(FIRST)

    assert not report.diagnostics
    files = project.files()
    heading = read_html(files[LIST]).one("ol", class_="issues").one("h2")
    assert heading.text == shown
    for path in FEED[:2]:
        read = feedparser.parse(files[path], sanitize_html=False)
        assert not read.bozo
        assert " ".join(read.entries[0].title.split()) == " ".join(shown.split())
    assert json.loads(files[FEED[2]])["items"][0]["title"] == shown
    assert findings(project) == []


def test_kept_issue_is_built(project: ProjectFolder) -> None:
    """What sending writes down, the next build shows."""
    assert keep(project.root, make_issue())

    project.build(FIRST)

    assert project.files()[PAGE] == page("Nobody had measured bells before.").encode()
