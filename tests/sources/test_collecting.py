"""Collecting from a real site: what is written, what is left alone, and what it costs."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import yaml

from feedmaker.errors import BusyError, OutputError, UsageError
from feedmaker.model import plain
from feedmaker.notes.note import parse_note
from feedmaker.worklock import exclusive
from tests.projects import FIRST, LATER, MUCH_LATER, ProjectFolder
from tests.scheduling.ticking import tick
from tests.sources.conftest import Collector
from tests.sources.elsewhere import Elsewhere, page

Cli = Callable[..., Any]
BELL = "episodes/pier/bell.md"
ORIGINAL = "originals/pier/bell.html"


def test_page_becomes_a_note_beside_its_original(collector: Collector, site: Elsewhere) -> None:
    """The note leads to where the page lives and is known by that address; the page is kept as it came."""
    address = site.put("/notes/bell.html", page())
    collected = collector.adopt("/notes/bell.html")

    assert (collected.summary, collected.failed, collected.changes) == ("1 new", False, [f"new {BELL}"])
    note = parse_note(BELL, collector.files()[BELL])
    assert note.episode is not None
    assert (note.episode.url, note.episode.id, note.episode.title) == (address, address, "The bell")
    assert collector.files("originals") == {ORIGINAL: page().encode()}


def test_first_collection_is_back_catalogue_and_later_pages_are_news(
    collector: Collector, site: Elsewhere
) -> None:
    """What a source lists at first is nobody's news, dated by its pages; what it lists later is."""
    collector.project.build(FIRST)
    for name in ("a", "b"):
        site.put(f"/{name}", page(f"Old {name}"))
    collector.adopt("/a", "/b")
    site.put("/c", page("New"))
    site.sitemap("/a", "/b", "/c")
    collected = collector.collect(LATER)
    collector.project.build(LATER)

    assert collected.changes == ["new episodes/pier/c.md"]
    entries = collector.entries()
    assert {path: entry.backlog for path, entry in entries.items()} == {
        "episodes/pier/a.md": True,
        "episodes/pier/b.md": True,
        "episodes/pier/c.md": False,
    }
    assert {entry.published.date().isoformat() for entry in entries.values() if entry.backlog} == {
        "2019-05-04"
    }
    assert len({entry.updated for entry in entries.values()}) == 3
    assert entries["episodes/pier/c.md"].published == LATER
    assert entries["episodes/pier/a.md"].id == site.at("/a")


def test_project_that_was_never_built_keeps_its_own_notes_apart(
    collector: Collector, site: Elsewhere
) -> None:
    """Where collecting begins the lock, the project's own notes do not become news by that."""
    own = collector.project.note("own")
    site.put("/a", page())
    collector.adopt("/a")
    collector.project.build(LATER)

    entries = collector.entries()
    assert {path: entry.backlog for path, entry in entries.items()} == {own: True, "episodes/pier/a.md": True}


def test_pages_that_did_not_change_cost_a_question_each(collector: Collector, site: Elsewhere) -> None:
    """Validators go back byte by byte, over few connections; nothing is read, written or asked twice."""
    paths = [f"/{number}" for number in range(20)]
    for path in paths:
        site.put(path, page(f"Bell {path}"))
    collector.adopt(*paths)
    before = {path: (collector.project.root / path).stat().st_mtime_ns for path in collector.files()}
    site.paths()
    site.connections = 0

    collected = collector.collect(LATER)

    assert (collected.summary, collected.outcomes) == ("20 unchanged", [])
    site.asked = [asked for asked in site.asked if asked.path != "/robots.txt"]
    assert sorted(asked.path for asked in site.asked) == sorted([*paths, "/sitemap.xml"])
    for asked in site.asked:
        answer = site.answers[asked.path]
        assert not callable(answer)
        assert asked.headers["if-none-match"] == answer.etag
    assert site.connections <= 4
    assert {path: (collector.project.root / path).stat().st_mtime_ns for path in collector.files()} == before


def test_last_modified_is_sent_back_as_it_came(collector: Collector, site: Elsewhere) -> None:
    """A server with dates alone gets its own words back, sound or not."""
    said = "Tue, 03 May 2011 9:39:21 +0000 (odd)"
    site.put("/a", page(), validators=False, headers={"Last-Modified": said})
    collector.adopt("/a")
    site.paths()

    assert collector.collect(LATER).summary == "1 unchanged"
    assert [asked.headers["if-modified-since"] for asked in site.asked if asked.path == "/a"] == [said]


def test_changed_page_changes_its_note(collector: Collector, site: Elsewhere) -> None:
    """A page that says something else does so in its note, under the same id; the new original is kept."""
    site.put("/notes/bell.html", page())
    collector.adopt("/notes/bell.html")
    collector.project.build(FIRST)
    site.put("/notes/bell.html", page(dek="Other words."))

    collected = collector.collect(LATER)
    report = collector.project.build(LATER)

    assert collected.changes == [f"changed {BELL}"]
    assert report.changed == [BELL]
    note = parse_note(BELL, collector.files()[BELL]).episode
    assert note is not None
    assert plain(note.dek) == "Other words."
    assert b"Other words." in collector.files("originals")[ORIGINAL]


def test_page_that_only_looks_different_changes_nothing(collector: Collector, site: Elsewhere) -> None:
    """Other bytes that make the same note leave it alone."""
    site.put("/notes/bell.html", page())
    collector.adopt("/notes/bell.html")
    site.put("/notes/bell.html", page().replace("© everybody", "© nobody"))

    assert collector.collect(LATER).summary == "1 unchanged"
    assert b"nobody" in collector.files("originals")[ORIGINAL]


def test_edited_note_is_never_overwritten(collector: Collector, site: Elsewhere) -> None:
    """What a person changed stays; that the page has changed is told once, and its new form is kept."""
    site.put("/notes/bell.html", page())
    collector.adopt("/notes/bell.html")
    collector.project.edit(BELL, "A word from the pier.", "My own words.")
    mine = collector.files()[BELL]
    assert collector.collect(LATER).summary == "1 unchanged"
    site.put("/notes/bell.html", page(dek="Other words."))

    outcome = collector.outcome(LATER)

    assert (outcome.state, outcome.path) == ("skipped", BELL)
    assert outcome.reason == f"was edited here and stays as it is; the page as it is now is {ORIGINAL}"
    assert collector.files()[BELL] == mine
    assert b"Other words." in collector.files("originals")[ORIGINAL]
    assert collector.collect(MUCH_LATER).summary == "1 unchanged"


def test_edit_that_was_taken_back_is_none(collector: Collector, site: Elsewhere) -> None:
    """A note that is again what the page makes of it follows the page again."""
    site.put("/notes/bell.html", page())
    collector.adopt("/notes/bell.html")
    collector.project.edit(BELL, "from the pier", "of mine")
    collector.project.edit(BELL, "of mine", "from the pier")
    site.put("/notes/bell.html", page(dek="Other words."))

    assert collector.collect(LATER).changes == [f"changed {BELL}"]


def test_removed_note_stays_away_until_its_original_goes_too(collector: Collector, site: Elsewhere) -> None:
    """A note that a person removed is told once and not made again, unless its original goes as well."""
    site.put("/notes/bell.html", page())
    collector.adopt("/notes/bell.html")
    collector.project.build(FIRST)
    (collector.project.root / BELL).unlink()

    outcome = collector.outcome(LATER)
    assert (outcome.state, outcome.path) == ("skipped", BELL)
    assert outcome.reason == f"its note was removed here; remove {ORIGINAL} too to have it again"
    assert collector.collect(LATER).summary == "1 unchanged"
    site.put("/notes/bell.html", page(dek="Other words."))
    assert collector.outcome(LATER).state == "skipped"
    assert collector.files() == {}

    (collector.project.root / ORIGINAL).unlink()
    assert collector.collect(MUCH_LATER).changes == [f"new {BELL}"]
    collector.project.build(MUCH_LATER)
    assert collector.entries()[BELL].backlog


def test_moved_note_is_followed(collector: Collector, site: Elsewhere) -> None:
    """A note that a person moved to another place is changed there."""
    site.put("/notes/bell.html", page())
    collector.adopt("/notes/bell.html")
    place = collector.project.root / "episodes/best/first.md"
    place.parent.mkdir()
    (collector.project.root / BELL).rename(place)
    assert collector.collect(LATER).summary == "1 unchanged"
    site.put("/notes/bell.html", page(dek="Other words."))

    assert collector.collect(LATER).changes == ["changed episodes/best/first.md"]
    assert list(collector.files()) == ["episodes/best/first.md"]


def test_broken_page_keeps_the_last_good_note(collector: Collector, site: Elsewhere) -> None:
    """A page that stops being notes is told with the line of the original, each time, and read only once."""
    site.put("/notes/bell.html", page())
    collector.adopt("/notes/bell.html")
    good = collector.files()
    site.put("/notes/bell.html", page(date="2019-13-45"))

    first = collector.collect(LATER)
    again = collector.collect(MUCH_LATER)

    for collected in (first, again):
        (outcome,) = collected.outcomes
        (fault,) = outcome.diagnostics
        assert (collected.failed, outcome.state, outcome.path) == (True, "failed", BELL)
        assert str(fault).startswith(f"{ORIGINAL}:6:1: error: date")
        assert fault.code == "bad-date"
    assert [cause.key for cause in first.causes] == [f"page {site.at('/notes/bell.html')}"]
    assert first.causes == again.causes
    assert collector.files() == good
    site.put("/notes/bell.html", page(date="2019-05-05"))
    assert collector.collect(MUCH_LATER).changes == [f"changed {BELL}"]


def test_page_that_was_never_a_note_gets_its_place_when_it_is_one(
    collector: Collector, site: Elsewhere
) -> None:
    """A page that cannot be read at first has an original and no note; mended, it has both of one name."""
    site.put("/notes/bell.html", page(date="soon"))
    assert collector.adopt("/notes/bell.html").failed
    assert (collector.files(), list(collector.files("originals"))) == ({}, [ORIGINAL])
    site.put("/notes/bell.html", page())

    assert collector.collect(LATER).changes == [f"new {BELL}"]
    collector.project.build(LATER)
    assert collector.entries()[BELL].backlog


def test_page_that_vanishes_and_returns(collector: Collector, site: Elsewhere) -> None:
    """A page that is gone leaves its note as it is, which is told; it may come back."""
    site.put("/notes/bell.html", page())
    collector.adopt("/notes/bell.html")
    good = collector.files()
    there = site.answers.pop("/notes/bell.html")

    gone = collector.collect(LATER)
    assert (gone.summary, gone.failed) == ("1 gone", False)
    assert gone.outcomes[0].reason == "the answer was 404; its note stays"
    assert collector.files() == good
    site.answers["/notes/bell.html"] = there
    assert collector.collect(MUCH_LATER).summary == "1 unchanged"


def test_page_that_moved_for_good_is_asked_for_there(collector: Collector, site: Elsewhere) -> None:
    """A permanent redirect is remembered, and the note leads to the new address under its old id."""
    old = site.put("/old", page())
    collector.adopt("/old")
    new = site.put("/new", page())
    site.put("/old", status=301, headers={"Location": "/new"})

    assert collector.collect(LATER).summary == "1 unchanged"
    assert collector.collect(LATER).changes == ["changed episodes/pier/old.md"]
    note = parse_note("a.md", collector.files()["episodes/pier/old.md"]).episode
    assert note is not None
    assert (note.url, note.id) == (new, old)
    site.paths()
    assert collector.collect(LATER).summary == "1 unchanged"
    assert site.paths() == ["/sitemap.xml", "/new"]

    site.sitemap("/new")
    assert collector.collect(MUCH_LATER).summary == "1 unchanged"
    assert list(collector.files()) == ["episodes/pier/old.md"]


def test_redirect_for_now_changes_nothing(collector: Collector, site: Elsewhere) -> None:
    """A temporary redirect is followed each time, and the note leads to the address that was listed."""
    old = site.put("/old", status=302, headers={"Location": "/elsewhere"})
    site.put("/elsewhere", page())
    collector.adopt("/old")
    site.paths()

    note = parse_note("a.md", collector.files()["episodes/pier/old.md"]).episode
    assert note is not None
    assert note.url == old
    assert collector.collect(LATER).summary == "1 unchanged"
    assert site.paths() == ["/sitemap.xml", "/old", "/elsewhere"]


def test_page_of_two_sources_is_one_note(collector: Collector, site: Elsewhere) -> None:
    """A page belongs to the first source that lists it."""
    site.put("/a", page())
    feed = site.put("/feed.json", json.dumps({"items": [{"url": "/a#x"}]}), "application/feed+json")
    sitemap = site.sitemap("/a")
    collector.sources(
        {"name": "one", "feed": feed},
        {"name": "two", "sitemap": sitemap},
        {"name": "three", "pages": site.at("/a")},
    )

    assert collector.collect().changes == ["new episodes/one/a.md"]
    assert site.paths().count("/a") == 1


def test_page_that_is_a_note_already_makes_no_second(collector: Collector, site: Elsewhere) -> None:
    """A note that was written by hand or imported, and leads to a page, is that page's note."""
    address = site.put("/a", page())
    own = collector.project.note("own", keys=f"url: {address}")
    outcome = collector.adopt("/a").outcomes[0]

    assert (outcome.state, outcome.path) == ("skipped", own)
    assert list(collector.files()) == [own]


def test_pages_of_one_name_have_files_of_their_own(collector: Collector, site: Elsewhere) -> None:
    """Hostile and equal names stay inside the folder, and no file of a person is touched."""
    collector.project.write("episodes/pier/bell.md", "mine")
    paths = ["/1/bell.html", "/2/bell.html", "/%2e%2e%2f%2e%2e%2fbell", "/" + "x" * 300, "/%F0%9F%90%9A"]
    for number, path in enumerate(paths):
        site.put(path, page(f"Bell {number}"))
    assert collector.adopt(*paths).summary == "5 new"

    assert collector.files()["episodes/pier/bell.md"] == b"mine"
    names = {path.removeprefix("episodes/pier/") for path in collector.files()}
    assert names == {"bell.md", "bell-2.md", "bell-3.md", "bell-4.md", "x" * 80 + ".md", "127-0-0-1.md"}
    assert len(collector.files("originals")) == 5
    collector.project.remove("episodes/pier/bell.md")
    assert collector.collect(LATER).summary == "5 unchanged"


def test_page_may_be_text_today_and_html_tomorrow(collector: Collector, site: Elsewhere) -> None:
    """One original is kept, with the ending of what it is."""
    site.put("/bell", page())
    collector.adopt("/bell")
    text = "Home\nHarbour Hour · 2019-05-04 · 1h 5m\n\nThe bell\n\nAs text.\n"
    site.put("/bell", text, "text/plain")

    assert collector.collect(LATER).changes == [f"changed {BELL}"]
    assert collector.files("originals") == {"originals/pier/bell.txt": text.encode()}


def test_only_and_folder_choose_pages_and_place(collector: Collector, site: Elsewhere) -> None:
    """A source takes some of the pages that are listed, and puts them where it is told to."""
    for path in ("/notes/a", "/about"):
        site.put(path, page(path))
    collector.sources(
        {"sitemap": site.sitemap("/notes/a", "/about"), "only": "/notes/", "folder": "from/the pier"}
    )

    assert collector.collect().changes == ["new episodes/from/the pier/a.md"]
    assert "/about" not in site.paths()


def test_wider_source_is_adopted_anew(collector: Collector, site: Elsewhere) -> None:
    """Pages that a changed schedule brings in are back catalogue, like those of the first collection."""
    for path in ("/a/1", "/b/1"):
        site.put(path, page(path))
    sitemap = site.sitemap("/a/1", "/b/1")
    collector.sources({"sitemap": sitemap, "only": "/a/"})
    collector.collect()
    collector.sources({"sitemap": sitemap})
    assert collector.collect(LATER).summary == "1 new, 1 unchanged"
    collector.project.build(LATER)

    assert all(entry.backlog for entry in collector.entries().values())


def test_half_a_list_does_not_end_the_back_catalogue(collector: Collector, site: Elsewhere) -> None:
    """While a source was never read whole, nothing that it lists is news."""
    site.put("/a", page("A"))
    site.put("/b", page("B"))
    index = (
        f"<sitemapindex><sitemap><loc>{site.sitemap('/a', path='/1.xml')}</loc></sitemap>"
        f"<sitemap><loc>{site.at('/2.xml')}</loc></sitemap><sitemap><loc>{site.at('/index.xml')}</loc></sitemap>"
        "</sitemapindex>"
    )
    collector.sources({"sitemap": site.put("/index.xml", index, "application/xml")})
    first = collector.collect()
    assert (first.failed, first.changes) == (True, ["new episodes/pier/a.md"])
    assert first.faults == [("pier", f"{site.at('/2.xml')}: the answer was 404 Not Found; check the address")]
    assert [cause.key for cause in first.causes] == ["source pier"]

    site.sitemap("/b", path="/2.xml")
    assert collector.collect(LATER).summary == "1 new, 1 unchanged"
    collector.project.build(LATER)
    assert all(entry.backlog for entry in collector.entries().values())


def test_list_that_cannot_be_had_is_what_it_was(collector: Collector, site: Elsewhere) -> None:
    """Pages are looked at although their list is out of order, which is told."""
    site.put("/a", page())
    collector.adopt("/a")
    site.put("/a", page(dek="Other words."))
    site.put("/sitemap.xml", "oops", status=500)

    collected = collector.collect(LATER)

    assert collected.changes == ["changed episodes/pier/a.md"]
    assert collected.failed


def test_lost_memory_costs_fetching_and_nothing_else(collector: Collector, site: Elsewhere) -> None:
    """Without its cache a collection knows the notes: none is doubled, news, or taken from its editor."""
    for name in ("a", "b", "c"):
        site.put(f"/{name}", page(f"Bell {name}"))
    collector.adopt("/a", "/b", "/c")
    collector.project.build(FIRST)
    collector.project.edit("episodes/pier/b.md", "from the pier", "of mine")
    (collector.project.root / "episodes/pier/c.md").unlink()
    site.put("/a", page("Bell a", dek="Other words."))
    site.put("/b", page("Bell b", dek="Other words."))
    before = collector.files()
    for name in ("sources.db", "index.db"):
        (collector.project.root / ".feedmaker" / name).unlink()

    collected = collector.collect(LATER)
    collector.project.build(LATER)

    assert collected.changes == ["changed episodes/pier/a.md"]
    assert sorted(outcome.state for outcome in collected.outcomes) == ["changed", "skipped", "skipped"]
    after = collector.files()
    assert after["episodes/pier/b.md"] == before["episodes/pier/b.md"]
    assert list(after) == ["episodes/pier/a.md", "episodes/pier/b.md"]
    assert all(entry.backlog for entry in collector.entries().values())


@pytest.mark.parametrize("data", [b"", b"this is no database" * 100])
def test_damaged_memory_is_begun_anew(collector: Collector, site: Elsewhere, data: bytes) -> None:
    """A cache that is none is as good as a lost one."""
    site.put("/a", page())
    collector.adopt("/a")
    collector.project.write(".feedmaker/sources.db", data)

    assert collector.collect(LATER).summary == "1 unchanged"


def test_loopback_needs_permission(collector: Collector, site: Elsewhere) -> None:
    """Without `private: true` no address of this machine is asked, however it is written."""
    site.put("/a", page())
    port = site.address.rpartition(":")[2]
    hosts = ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "127.1"]
    pages = [f"http://{host}:{port}/a" for host in hosts]
    collector.sources({"pages": pages, "private": False})

    collected = collector.collect()

    assert (site.asked, collector.files()) == ([], {})
    assert len(collected.outcomes) == len(hosts)
    assert all(outcome.state == "failed" for outcome in collected.outcomes)


def test_collecting_can_be_stopped_and_goes_on(collector: Collector, site: Elsewhere) -> None:
    """Whoever shows progress may stop the work; what was done stays, and the rest comes next time."""
    paths = [f"/{number}" for number in range(12)]
    for path in paths:
        site.put(path, page(f"Bell {path}"))
    collector.sources({"sitemap": site.sitemap(*paths)})

    class StopError(Exception):
        pass

    def stop(what: str, done: int, _total: int) -> None:
        if what == "collecting pages" and done == 5:
            raise StopError

    with pytest.raises(StopError):
        collector.collect(progress=stop)

    assert len(collector.files()) == 5
    site.paths()
    collected = collector.collect(LATER)
    assert collected.summary == "7 new, 5 unchanged"
    collector.project.build(LATER)
    assert all(entry.backlog for entry in collector.entries().values())


def test_collection_has_an_end(collector: Collector, site: Elsewhere) -> None:
    """What there was no time for is counted and comes first the next time."""
    for name in ("a", "b", "c"):
        site.put(f"/{name}", page(f"Bell {name}"))
    collector.sources({"sitemap": site.sitemap("/a", "/b", "/c"), "pause": 20})

    # The robots.txt and the list are one turn, each page would be a further one.
    collected = collector.collect(seconds=5)

    assert (collected.left, collected.failed) == (3, False)
    assert collected.summary == "3 left for next time"
    collector.sources({"sitemap": site.at("/sitemap.xml")})
    assert collector.collect(LATER).summary == "3 new"


def test_two_collections_do_not_run_at_once(collector: Collector, site: Elsewhere) -> None:
    """A second collection ends at once, as busy; a build may go on beside one."""
    site.put("/a", page())
    built: list[str] = []

    def build(what: str, done: int, _total: int) -> None:
        if what == "reading lists":
            built.append(collector.project.build().summary)
            with pytest.raises(BusyError):
                collector.collect()

    collector.sources({"sitemap": site.sitemap("/a")})
    assert collector.collect(progress=build).summary == "1 new"
    assert len(built) == 1


def test_writing_waits_for_the_work_lock(collector: Collector, site: Elsewhere) -> None:
    """Pages are fetched while another feedmaker is at work, and written when it is done."""
    site.put("/a", page())
    collector.sources({"sitemap": site.sitemap("/a")})
    fetched = threading.Event()
    lock = exclusive(collector.project.root / ".feedmaker" / "work.lock", 0)
    lock.__enter__()
    collected: list[str] = []

    def tell(what: str, *_: int) -> None:
        if what == "collecting pages":
            fetched.set()

    def run() -> None:
        collected.append(collector.collect(progress=tell).summary)

    thread = threading.Thread(target=run)
    thread.start()
    assert fetched.wait(60)
    assert collector.files() == {}
    lock.__exit__(None, None, None)
    thread.join(60)
    assert collected == ["1 new"]


def test_command_says_what_it_did(collector: Collector, site: Elsewhere, cli: Cli) -> None:
    """`feedmaker collect` tells each change, what is alike once, and faults by file and line."""
    site.put("/a", page("A"))
    site.put("/b", page("B", date="never"))
    site.put("/robots.txt", "User-agent: *\nDisallow: /secret/", "text/plain")
    collector.sources(
        {"sitemap": site.sitemap("/a", "/b", "/gone", "/secret/1", "/secret/2")},
        {"name": "other", "pages": []},
    )
    root = collector.project.root
    ran = cli("-C", root, "collect")

    assert ran.code == 1
    assert ran.out.splitlines()[-2:] == ["new episodes/pier/a.md", "1 new, 1 gone, 2 skipped, 1 failed"]
    assert f"and 1 more: the robots.txt of {site.address} does not allow it" in ran.out
    assert "originals/pier/b.html:6:1: error: " in ran.err
    assert cli("-C", root, "collect", "other").out == "no pages\n"
    unknown = cli("-C", root, "collect", "nowhere")
    assert (unknown.code, unknown.err) == (2, 'feedmaker: there is no source "nowhere"; known: pier, other\n')
    said = json.loads(cli("-C", root, "collect", "--json").out)
    assert (said["unchanged"], said["summary"]) == (1, "1 unchanged, 1 gone, 2 skipped, 1 failed")


def test_without_sources_there_is_nothing_to_collect(project: ProjectFolder) -> None:
    """A schedule without sources says where to read about them."""
    with pytest.raises(UsageError, match=r"docs/sources\.md"):
        Collector(project, Elsewhere("")).collect()


def test_disk_in_the_way_is_told_and_overcome(collector: Collector, site: Elsewhere) -> None:
    """Where a note cannot be written nothing is remembered of its page, and the next collection writes it."""
    site.put("/a", page())
    collector.project.write("originals", "a file")
    with pytest.raises(OutputError, match="originals"):
        collector.adopt("/a")
    (collector.project.root / "originals").unlink()

    assert collector.collect(LATER + timedelta(days=1)).failed is False
    assert list(collector.files()) == ["episodes/pier/a.md"]
    assert list(collector.files("originals")) == ["originals/pier/a.html"]


def test_job_collects_when_it_is_due(collector: Collector, site: Elsewhere) -> None:
    """A line of the schedule collects by itself, and its run says what was done and whether it failed."""
    site.put("/a", page("A"))
    site.put("/b", page("B", date="never"))
    sources = [{"name": "pier", "sitemap": site.sitemap("/a", "/b"), "private": True, "pause": 0}]
    jobs = [{"name": "fetch", "run": "collect", "every": "1 hour"}]
    collector.project.schedule(yaml.safe_dump({"sources": sources, "jobs": jobs}))

    (collected,) = tick(collector.project.open(), LATER)

    assert (collected.job, collected.summary, collected.failed) == ("fetch", "1 new, 1 failed", True)
    assert collected.changes == ["new episodes/pier/a.md"]
    assert [cause.key for cause in collected.causes] == [f"page {site.address}/b"]
    assert list(collector.files()) == ["episodes/pier/a.md"]
    assert len(collector.project.items()) == 1


def test_note_that_cannot_be_read_stops_nobody(collector: Collector, site: Elsewhere) -> None:
    """A folder where a note was is told as that; the other pages are collected, and it is tried again."""
    for name in ("a", "b"):
        site.put(f"/{name}", page(f"Bell {name}"))
    collector.adopt("/a", "/b")
    there = collector.project.root / "episodes/pier/a.md"
    there.unlink()
    there.mkdir()
    for name in ("a", "b"):
        site.put(f"/{name}", page(f"Bell {name}", dek="Other words."))

    collected = collector.collect(LATER)

    assert (collected.changes, collected.failed) == (["changed episodes/pier/b.md"], True)
    assert [outcome.path for outcome in collected.outcomes if outcome.state == "failed"] == [
        "episodes/pier/a.md"
    ]
    assert collector.collect(LATER).failed


def test_page_that_moved_meets_its_new_address(collector: Collector, site: Elsewhere) -> None:
    """A page that redirects to one that is listed too is no second note, in whichever order they come."""
    site.put("/old", page())
    collector.adopt("/old")
    site.put("/new", page(dek="Other words."))
    site.put("/old", status=308, headers={"Location": "/new"})
    site.sitemap("/old", "/new")
    collector.collect(LATER)
    collector.collect(LATER)

    assert list(collector.files()) == ["episodes/pier/old.md"]
    assert collector.project.build(LATER).diagnostics == []
